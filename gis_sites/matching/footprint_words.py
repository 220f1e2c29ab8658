"""Say a footprint as a councillor would: what is wanted, whether and where it fits, what plans say there."""

from collections.abc import Iterator

from gis_sites.catalogue import Catalogue
from gis_sites.matching.phrases import Entry, one_value, title_text
from gis_sites.matching.requirement import FOOTPRINT
from gis_sites.words import number, say


def footprint_sentence(must: Entry, catalogue: Catalogue, lang: str, *, verdict: str) -> str:
    """Say what must stand on a site, what was found out, and the verdict."""
    wanted, found = wanted_text(must["required"], lang), found_text(must, catalogue, lang)
    return say("match.footprint", lang, wanted=wanted, found=found, verdict=verdict)


def wanted_text(required: Entry, lang: str) -> str:
    """Say what must stand on a site."""
    sides = {end: number(required[f"{end}_m"], lang, 2) for end in ("length", "width")}
    count, apart = required.get("count", 1), number(required.get("apart_m", 0.0), lang, 2)
    texts = [
        say("match.footprint_one", lang, **sides)
        if count == 1
        else say("match.footprint_several", lang, **sides, count=count, apart=apart)
    ]
    more = {end: required[f"{end}_m"] for end in ("height", "setback") if required.get(f"{end}_m")}
    texts += [say(f"match.footprint_{end}", lang, metres=number(one, lang, 2)) for end, one in more.items()]
    return ", ".join(texts)


def found_text(must: Entry, catalogue: Catalogue, lang: str) -> str:
    """Say whether it fits, and what stands in the way."""
    told = must[FOOTPRINT]
    verdict = "unknown" if must["state"] == "unknown" else must["verdict"]
    texts = [say(f"match.footprint_{verdict}_{told['why']}", lang)]
    if verdict != "met":
        texts += _limits(told["limits"], catalogue, lang)
    return "; ".join(texts)


def _limits(limits: list[Entry], catalogue: Catalogue, lang: str) -> Iterator[str]:
    """Say the limits that are not met."""
    for one in limits:
        attribute = catalogue.attributes.get(one["attribute"])
        if one["verdict"] == "met" or attribute is None or one["has"] is None:
            continue
        title, has = title_text(attribute, lang), one_value(one["has"], attribute, lang)
        if one["limit"] is None:
            yield say("match.footprint_limit_unknown", lang, title=title, has=has)
        else:
            limit = one_value(one["limit"], attribute, lang)
            yield say("match.footprint_limit", lang, title=title, has=has, limit=limit)
