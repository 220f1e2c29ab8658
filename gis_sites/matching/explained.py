"""The sentences of an explanation that are about the whole of it: what it is of, what became of it, who knows more."""

from collections import Counter
from collections.abc import Iterable
from itertools import chain

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.matching.phrases import Entry, addressee, day, difference_text, score_text, tier_word, title_text
from gis_sites.matching.requirement import FOOTPRINT
from gis_sites.words import say
from gis_sites.words import sentences as known

ORDER = ("failed", "unknown", "met")
"""Musts are told in this order: what decides comes first."""


def head_sentence(candidate: Entry, lang: str) -> str:
    """Say of what the explanation is, its tier, how its musts fared, and its score."""
    counted = Counter(must["verdict"] for must in candidate["musts"])
    parts = [
        say(f"why.tally_{verdict}", lang, count=counted[verdict]) for verdict in reversed(ORDER) if counted[verdict]
    ]
    shown = {
        "site": _site(candidate, lang),
        "tier": tier_word(candidate["tier"], lang),
        "score": score_text(candidate, lang),
    }
    if not parts:
        return say("why.head_plain", lang, **shown)
    return say("why.head", lang, tally=say("why.tally", lang, parts=", ".join(parts)), **shown)


def _site(candidate: Entry, lang: str) -> str:
    """Say what a candidate is; of land on offer, of which parcels."""
    if candidate["kind"] == "offer" and candidate["parcels"]:
        return say("why.site_offer_of", lang, id=candidate["id"], parcels=", ".join(candidate["parcels"]))
    return say(f"why.site_{candidate['kind']}", lang, id=candidate["id"])


def by_verdict(musts: Iterable[Entry]) -> list[Entry]:
    """Put what failed first, then what nobody knows; within each, the order of the requirement."""
    return sorted(musts, key=lambda must: ORDER.index(must["verdict"]))


def state_sentences(inventory: Entry, lang: str) -> list[str]:
    """Say of which state and day the explanation speaks."""
    if not inventory.get("as_of"):
        return []
    return [say("why.as_of", lang, state=inventory["state"], day=day(inventory["as_of"], lang))]


def gone_sentences(gone: Entry, heirs: Iterable[str], lang: str) -> list[str]:
    """Say what became of a parcel that is no more, and which of its successors cannot be judged."""
    told = say(f"why.gone_{gone['how']}", lang, id=gone["id"], heirs=_joined(gone["successors"], lang))
    judged = set(heirs)
    absent = [say("why.heir_not_here", lang, id=one) for one in gone["successors"] if one not in judged]
    return [told, *([say("why.instead", lang)] if judged else []), *absent]


def failed_by(must: Entry, attribute: Attribute, lang: str) -> str | None:
    """Say that a must failed and by how much, where a number tells it."""
    low, high = (must.get(end, must.get("value")) for end in ("low", "high"))
    least, most = (must["required"].get(end) for end in ("min", "max"))
    if _number(least) and _number(high) and high < least:
        return say("why.short_by", lang, by=difference_text(least - high, attribute, lang))
    if _number(most) and _number(low) and low > most:
        return say("why.over_by", lang, by=difference_text(low - most, attribute, lang))
    return None


def who_knows(candidate: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    """Say who can tell what is not known, once for each."""
    return [
        say("why.who_knows", lang, who=who, titles=", ".join(title_text(one, lang) for one in some))
        for who, some in keepers(candidate, catalogue, lang).items()
    ]


def keepers(candidate: Entry, catalogue: Catalogue, lang: str) -> dict[str, list[Attribute]]:
    """Return what is not known by who can tell it: whom an ask names, the publisher, or who keeps such data."""
    asked = {ask.get("attribute"): ask["of"] for ask in candidate.get("asks", ())}
    found: dict[str, list[Attribute]] = {}
    for name, entry in _unknown(candidate).items():
        who = _keeper(entry, asked.get(name), catalogue, lang)
        found.setdefault(who, []).append(catalogue.attributes[name])
    return found


def _unknown(candidate: Entry) -> dict[str, Entry]:
    """Return what is not known, by attribute; what stands in a must that is decided anyway does not matter."""
    musts = chain.from_iterable(
        chain.from_iterable(option["musts"] for option in must["any"]) if "any" in must else (must,)
        for must in candidate["musts"]
        if must["verdict"] == "unknown" or must.get("state") == "unknown"
    )
    return {
        entry["attribute"]: entry
        for entry in chain(musts, candidate["wants"])
        if (entry["state"] == "unknown" or entry.get("verdict") == "unknown") and entry["attribute"] != FOOTPRINT
    }


def _keeper(entry: Entry, asked: str | None, catalogue: Catalogue, lang: str) -> str:
    if asked:
        return addressee(asked, lang)
    if entry["source"].get("publisher"):
        return str(entry["source"]["publisher"])
    layer = catalogue.attributes[entry["attribute"]].layer
    key = f"why.of_{layer.name}"
    return say(key, lang) if key in known(lang) else say("why.who_keeps", lang, layer=layer.title.say(lang))


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _joined(names: list[str], lang: str) -> str:
    """Write names one after another, the last after an "and"."""
    *before, last = names
    return say("why.and", lang, one=", ".join(before), other=last) if before else last
