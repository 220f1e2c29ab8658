"""Say a shortlist, an explanation and their entries as a councillor would."""

from itertools import chain

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.matching.assembly_words import assembly_sentences, summary_sentences
from gis_sites.matching.explained import (
    by_verdict,
    failed_by,
    gone_sentences,
    head_sentence,
    state_sentences,
    who_knows,
)
from gis_sites.matching.footprint_words import footprint_sentence
from gis_sites.matching.phrases import (
    Entry,
    addressee,
    mark,
    remarks,
    required_text,
    score_text,
    source_text,
    tier_word,
    title_text,
    value_text,
    words_in,
)
from gis_sites.matching.quantity import quantity, unit_text
from gis_sites.matching.requirement import ASSEMBLIES, FOOTPRINT
from gis_sites.words import number, say

__all__ = [
    "addressee", "ask_sentence", "candidate_sentences", "cautions", "criterion_sentence", "entry_title",
    "must_sentence", "notice_sentence", "required_text", "score_text", "sentences", "source_text", "tier_word",
    "title_text", "value_text", "want_sentence", "words_in",
]  # fmt: skip

EITHER = "either["


def sentences(document: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    """Say a shortlist (counts and what nobody knows) or an explanation of one parcel, sentence by sentence."""
    if "counts" in document:
        return _summary(document, catalogue, lang)
    return _explanation(document, catalogue, lang)


def candidate_sentences(candidate: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    """Say a candidate: its tier and score, every must and want, and who can say what is not known."""
    return [
        head_sentence(candidate, lang),
        *(must_sentence(must, catalogue, lang) for must in by_verdict(candidate["musts"])),
        *(want_sentence(want, catalogue, lang) for want in candidate["wants"]),
        *assembly_sentences(candidate, catalogue, lang),
        *(ask_sentence(ask, lang) for ask in candidate.get("asks", ())),
        *who_knows(candidate, catalogue, lang),
    ]


def _explanation(document: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    """Say an explanation: of which state it speaks, what became of the parcel, and then what there is to judge."""
    gone, judged = document.get("gone"), [document["candidate"]] if document["candidate"] else document["successors"]
    told = gone_sentences(gone, [one["id"] for one in judged], lang) if gone else []
    told += [say("why.outside", lang)] if document.get("outside_scope") else []
    each = chain.from_iterable(candidate_sentences(one, catalogue, lang) for one in judged)
    return [*state_sentences(document["inventory"], lang), *told, *each]


def criterion_sentence(entry: Entry, catalogue: Catalogue, lang: str) -> str:
    """Say a must or a want."""
    return (must_sentence if "verdict" in entry else want_sentence)(entry, catalogue, lang)


def must_sentence(must: Entry, catalogue: Catalogue, lang: str) -> str:
    """Say what an attribute is, what is required, the verdict and the source; of alternatives, all of it."""
    if "any" in must:
        sentence = say("match.either", lang, verdict=_verdict(must, lang), options=_options(must, catalogue, lang))
        within = [one for option in must["any"] for one in option["musts"]]
    else:
        sentence, within = _must(must, catalogue, lang), [must]
    sources = dict.fromkeys(source_text(one["source"], lang, catalogue) for one in within)
    return _remarked(say("match.sourced", lang, sentence=sentence, source="; ".join(sources)), must, lang)


def want_sentence(want: Entry, catalogue: Catalogue, lang: str) -> str:
    """Say what an attribute is, how many points it brings of how many, and the source."""
    attribute = catalogue.attributes[want["attribute"]]
    key = "match.want_range" if want["gap"] else "match.want"
    points = {"points": want["points"], "best": want["points"] + want["gap"], "of": want["of"]}
    if not want["gap"]:
        del points["best"]
    texts = {name: number(value, lang, 1) for name, value in points.items()}
    sentence = say(key, lang, title=title_text(attribute, lang), value=value_text(want, attribute, lang), **texts)
    return _remarked(
        say("match.sourced", lang, sentence=sentence, source=source_text(want["source"], lang, catalogue)), want, lang
    )


def ask_sentence(ask: Entry, lang: str) -> str:
    """Say a question and who is to answer it."""
    return say("match.ask", lang, text=words_in(ask["text"], lang) + mark(ask), who=addressee(ask["of"], lang))


def cautions(lang: str) -> tuple[str, str, str, str]:
    """Return the four cautions that stand on every page, export and hand-out."""
    plan, absence, offer, tender = (
        say(f"match.caution_{name}", lang) for name in ("plan", "absence", "not_offer", "tender")
    )
    return plan, absence, offer, tender


def entry_title(name: str, catalogue: Catalogue, lang: str) -> str:
    """Say the name of an attribute, or of a must with alternatives."""
    if name == FOOTPRINT:
        return say("match.footprint_title", lang)
    if name.startswith(EITHER):
        return say("match.either_title", lang, number=name.removeprefix(EITHER).removesuffix("]"))
    return title_text(catalogue.attributes[name], lang)


def _summary(shortlist: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    counts = shortlist["counts"]
    numbers = {name: number(counts[name], lang, 0) for name in ("considered", "eligible", "to_verify", "failed")}
    failed = [
        say(
            "match.failed_by",
            lang,
            title=entry_title(name, catalogue, lang),
            at_all=number(by["at_all"], lang, 0),
            alone=number(by["alone"], lang, 0),
        )
        for name, by in counts["failed_by"].items()
        if by["at_all"]
    ]
    told = [notice_sentence(one, catalogue, lang) for one in shortlist["notices"]]
    asked = [ask_sentence(ask, lang) for ask in shortlist["asks"]]
    nothing = [] if shortlist["candidates"] else [say("match.nothing_found", lang)]
    singly = [say("match.counts", lang, **numbers), *failed] if counts["considered"] or ASSEMBLIES not in counts else []
    counted = [*singly, *summary_sentences(counts, lang)]
    return [*_understood(shortlist, lang), *told, *counted, *asked, *nothing]


def notice_sentence(notice: Entry, catalogue: Catalogue, lang: str) -> str:
    """Say what is worth knowing of the requirement before its ranking is read."""
    shown = {"title": entry_title(notice["attribute"], catalogue, lang)} if "attribute" in notice else {}
    if "other" in notice:
        unit = catalogue.attributes[notice["other"]].unit
        ends = {end: quantity(notice[end], unit, lang) for end in ("least", "max")}
        shown |= {"other": entry_title(notice["other"], catalogue, lang), **ends}
    counts = {name: number(notice[name], lang, 0) for name in ("left", "of", "count") if name in notice}
    if "worth" in notice:
        shown["worth"] = number(notice["worth"], lang)
    key = notice["kind"] if notice["kind"] == "unknown_everywhere" else f"notice_{notice['kind']}"
    return say(f"match.{key}", lang, **shown, **counts)


def _understood(shortlist: Entry, lang: str) -> list[str]:
    """Say what was made of the numbers given in other units than their attributes'; a percentage speaks for itself."""
    pairs = dict.fromkeys(
        f"{one['said']} = {number(one['value'], lang, 4)} {unit_text(one['unit'])}"
        for one in shortlist.get("understood", ())
        if one["unit"] not in {None, "1", "share"} and not one["said"].endswith(f" {one['unit']}")
    )
    return [say("match.understood", lang, pairs="; ".join(pairs))] if pairs else []


def _must(must: Entry, catalogue: Catalogue, lang: str) -> str:
    if must["attribute"] == FOOTPRINT:
        return footprint_sentence(must, catalogue, lang, verdict=_verdict(must, lang))
    attribute = catalogue.attributes[must["attribute"]]
    return say(
        "match.must",
        lang,
        title=title_text(attribute, lang),
        value=value_text(must, attribute, lang),
        required=required_text(must["required"], attribute, lang),
        verdict=_verdict(must, lang, attribute),
    )


def _options(must: Entry, catalogue: Catalogue, lang: str) -> str:
    options = []
    for at, option in enumerate(must["any"], 1):
        musts = "; ".join(_must(one, catalogue, lang) for one in option["musts"])
        options.append(say("match.option", lang, number=at, musts=musts))
    return say("match.either_or", lang).join(options)


def _verdict(must: Entry, lang: str, attribute: Attribute | None = None) -> str:
    if must["verdict"] == "failed" and must.get("unknown") == "failed" and must["state"] in {"unknown", "range"}:
        doubt = must["state"] == "unknown"
        return say("match.verdict_failed_unknown" if doubt else "match.verdict_failed", lang)
    by = failed_by(must, attribute, lang) if attribute and must["verdict"] == "failed" else None
    return by or say(f"match.verdict_{must['verdict']}", lang)


def _remarked(sentence: str, entry: Entry, lang: str) -> str:
    """Add what the requirement remarks on the entry."""
    said = remarks(entry, lang)
    return say("match.remarked", lang, sentence=sentence, remark="; ".join(said)) if said else sentence
