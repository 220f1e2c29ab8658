"""Say what is said of assemblies only: their penalties, what was measured, what lies between, and whose they are."""

from collections.abc import Iterator, Mapping
from typing import Any

from gis_sites.catalogue import Catalogue
from gis_sites.matching.phrases import title_text
from gis_sites.words import capital, number, say

Entry = Mapping[str, Any]
OWNERS = "parcel.owner_class"


def assembly_sentences(candidate: Entry, catalogue: Catalogue, lang: str) -> list[str]:
    """Say what is known of an assembly besides its musts and wants; nothing of any other candidate."""
    if candidate.get("kind") != "assembly":
        return []
    return [*together_sentences(candidate, catalogue, lang), owners_sentence(candidate["owners"], catalogue, lang)]


def together_sentences(candidate: Entry, catalogue: Catalogue, lang: str) -> Iterator[str]:
    """Yield what several parcels cost in points, what lies between them, and how their values were found."""
    for one in candidate["penalties"]:
        yield say("match.penalty", lang, count=one["count"], points=number(one["points"], lang, 1))
    gap = candidate["joined"]["gap_m"]
    if gap > 0:
        yield say("match.joined_gap", lang, gap=number(gap, lang, 2))
    if candidate["joined"]["across"]:
        yield say("match.joined_across", lang)
    known = [name for name in candidate["measured"] if name in catalogue.attributes]
    titles = "; ".join(title_text(catalogue.attributes[name], lang) for name in known)
    yield say("match.measured", lang, titles=titles) if known else say("match.merged", lang)


def owners_sentence(owners: Entry, catalogue: Catalogue, lang: str) -> str:
    """Say whose the parcels are, by class, and how many owners there are if that is known."""
    units = owners["count"]
    many = (
        say("match.owners_unknown", lang)
        if units["value"] is None
        else say("match.owners_known", lang, count=units["value"])
    )
    if OWNERS not in catalogue.attributes or "classes" not in owners:
        return capital(many)
    label = catalogue.attributes[OWNERS].label
    classes = [f"{label(code, lang)} ({count})" for code, count in owners["classes"].items()]
    if owners["unknown"]:
        classes.append(f"{say('match.value_unknown', lang)} ({owners['unknown']})")
    return say("match.owner_classes", lang, classes=", ".join(classes), many=many)


def summary_sentences(counts: Entry, lang: str) -> list[str]:
    """Say by which rules assemblies stand in the list, how many were looked at, and whether some may be missing."""
    told = counts.get("assemblies")
    if told is None:
        return []
    shown = {name: number(told[name], lang, 0) for name in ("considered", "near_duplicates", "larger_than_needed")}
    rule = say("match.assemblies", lang, **shown, share=number(100 * told["thinned_above"], lang, 0))
    return [rule, say("match.assemblies_capped", lang)] if told["capped"] else [rule]
