"""Say a shortlist, an explanation and their entries as a councillor would."""

from itertools import chain

from gis_sites.catalogue import Catalogue
from gis_sites.matching.phrases import (
    Entry,
    addressee,
    required_text,
    source_text,
    title_text,
    value_text,
    words_in,
)
from gis_sites.words import number, say
from gis_sites.words import sentences as known

__all__ = [
    "addressee", "ask_sentence", "candidate_sentences", "cautions", "criterion_sentence", "entry_title",
    "must_sentence", "required_text", "score_text", "sentences", "source_text", "tier_word", "title_text",
    "value_text", "want_sentence", "words_in",
]  # fmt: skip

EITHER = "either["


def sentences(document: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    """Say a shortlist (counts and what nobody knows) or an explanation of one parcel, sentence by sentence."""
    if "counts" in document:
        return _summary(document, catalogue, lang)
    return candidate_sentences(document["candidate"], catalogue, lang)


def candidate_sentences(candidate: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    """Say a candidate: its tier and score, every must and want, and who can say what is not known."""
    tier, points = tier_word(candidate["tier"], lang), score_text(candidate, lang)
    return [
        say("match.head", lang, id=candidate["id"], tier=tier, score=points),
        *(must_sentence(must, catalogue, lang) for must in candidate["musts"]),
        *(want_sentence(want, catalogue, lang) for want in candidate["wants"]),
        *(ask_sentence(ask, lang) for ask in candidate.get("asks", ())),
        *_who_knows(candidate, catalogue, lang),
    ]


def criterion_sentence(entry: Entry, catalogue: Catalogue, lang: str) -> str:
    """Say a must or a want."""
    return (must_sentence if "verdict" in entry else want_sentence)(entry, catalogue, lang)


def must_sentence(must: Entry, catalogue: Catalogue, lang: str) -> str:
    """Say what an attribute is, what is required, the verdict and the source."""
    verdict = _verdict(must, lang)
    if "any" in must:
        return _remarked(
            say("match.either", lang, verdict=verdict, options=_options(must, catalogue, lang)), must, lang
        )
    return _remarked(
        say(
            "match.sourced",
            lang,
            sentence=_must(must, catalogue, lang),
            source=source_text(must["source"], lang, catalogue),
        ),
        must,
        lang,
    )


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
    return say("match.ask", lang, text=words_in(ask["text"], lang), who=addressee(ask["of"], lang))


def tier_word(tier: str, lang: str) -> str:
    """Say a tier."""
    return say(f"match.tier_{tier}", lang)


def score_text(candidate: Entry, lang: str) -> str:
    """Say the floor and the ceiling, or that nothing was wanted."""
    if candidate["floor"] is None:
        return say("match.scoreless", lang)
    floor, ceiling = (number(candidate[end], lang, 1) for end in ("floor", "ceiling"))
    if floor == ceiling:
        return say("match.score_exact", lang, floor=floor)
    return say("match.score", lang, floor=floor, ceiling=ceiling)


def cautions(lang: str) -> tuple[str, str, str, str]:
    """Return the four cautions that stand on every page, export and hand-out."""
    plan, absence, offer, tender = (
        say(f"match.caution_{name}", lang) for name in ("plan", "absence", "not_offer", "tender")
    )
    return plan, absence, offer, tender


def entry_title(name: str, catalogue: Catalogue, lang: str) -> str:
    """Say the name of an attribute, or of a must with alternatives."""
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
    unknown = [
        say("match.unknown_everywhere", lang, title=entry_title(name, catalogue, lang))
        for name in shortlist["unknown_everywhere"]
    ]
    asked = [ask_sentence(ask, lang) for ask in shortlist["asks"]]
    nothing = [] if shortlist["candidates"] else [say("match.nothing_found", lang)]
    return [*unknown, say("match.counts", lang, **numbers), *failed, *asked, *nothing]


def _must(must: Entry, catalogue: Catalogue, lang: str) -> str:
    attribute = catalogue.attributes[must["attribute"]]
    return say(
        "match.must",
        lang,
        title=title_text(attribute, lang),
        value=value_text(must, attribute, lang),
        required=required_text(must["required"], attribute, lang),
        verdict=_verdict(must, lang),
    )


def _options(must: Entry, catalogue: Catalogue, lang: str) -> str:
    options = []
    for at, option in enumerate(must["any"], 1):
        musts = "; ".join(_must(one, catalogue, lang) for one in option["musts"])
        options.append(say("match.option", lang, number=at, musts=musts))
    return " ".join(options)


def _verdict(must: Entry, lang: str) -> str:
    if must["verdict"] == "failed" and must.get("unknown") == "failed" and must["state"] in {"unknown", "range"}:
        doubt = must["state"] == "unknown"
        return say("match.verdict_failed_unknown" if doubt else "match.verdict_failed", lang)
    return say(f"match.verdict_{must['verdict']}", lang)


def _remarked(sentence: str, entry: Entry, lang: str) -> str:
    """Add what the requirement remarks on the entry."""
    said = entry.get("remarks", {})
    remarks = [words_in(said[name], lang) for name in ("note", "source") if name in said]
    if "confidence" in said:
        key = f"match.confidence_{said['confidence']}"
        remarks.append(say(key, lang) if key in known(lang) else str(said["confidence"]))
    return say("match.remarked", lang, sentence=sentence, remark="; ".join(remarks)) if remarks else sentence


def _who_knows(candidate: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    """Say who can tell each unknown: the addressee of an ask about it, its publisher, or the keeper of the layer."""
    asked = {ask.get("attribute"): ask["of"] for ask in candidate.get("asks", ())}
    musts = chain.from_iterable(
        chain.from_iterable(option["musts"] for option in must["any"]) if "any" in must else (must,)
        for must in candidate["musts"]
        if must["verdict"] == "unknown" or must.get("state") == "unknown"
    )
    unknown = {
        entry["attribute"]: entry
        for entry in chain(musts, candidate["wants"])
        if entry["state"] == "unknown" or entry.get("verdict") == "unknown"
    }
    return [
        say(
            "match.who_knows",
            lang,
            title=title_text(catalogue.attributes[name], lang),
            who=_keeper(entry, asked.get(name), catalogue, lang),
        )
        for name, entry in unknown.items()
    ]


def _keeper(entry: Entry, asked: str | None, catalogue: Catalogue, lang: str) -> str:
    if asked:
        return addressee(asked, lang)
    layer = catalogue.attributes[entry["attribute"]].layer
    return str(entry["source"].get("publisher") or say("match.who_keeps", lang, layer=layer.title.say(lang)))
