"""Put numbers said with their units into the units of their attributes, and say how they were understood."""

from collections.abc import Iterator
from typing import Any

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.matching.amount import Amount
from gis_sites.matching.reading import MOST_FAULTS, refusal, understand
from gis_sites.matching.requirement import FOOTPRINT, Requirement
from gis_sites.words import Said

Json = dict[str, Any]
KEYS = ("min", "max", "at")
"""Where a number with a unit may stand in an entry about an attribute."""


def settle(requirement: Requirement, catalogue: Catalogue) -> Requirement:
    """Return the requirement with every amount in the unit of its attribute.

    Raises:
        RequirementError: an amount measures something else, or bounds exclude each other once their units are known.
    """
    table = requirement.table()
    entries = [one for one in _entries(table) if one[1] in catalogue.attributes]
    if not any(isinstance(value, Amount) for _, _, entry in entries for _, value in _numbers(entry)):
        return requirement
    faults = [said for place, name, entry in entries for said in _settled(place, catalogue.attributes[name], entry)]
    if faults:
        raise refusal(faults[: MOST_FAULTS + 1])
    return understand(table)


def understood(requirement: Requirement, catalogue: Catalogue) -> list[Json]:
    """Say what was made of each number given with a unit."""
    table = requirement.table()
    units = [(place, catalogue.attributes[name].unit, entry) for place, name, entry in _entries(table)]
    if requirement.footprint is not None:
        units.append((f"must.{FOOTPRINT}", "m", table["must"][FOOTPRINT]))
    if requirement.assembly is not None:
        units.append(("assembly", "m", table["assembly"]))
    return [
        {"place": f"{place}.{key}", "said": value.said, "value": float(value), "unit": unit}
        for place, unit, entry in units
        for key, value in _numbers(entry)
        if isinstance(value, Amount)
    ]


def _entries(table: Json) -> Iterator[tuple[str, str, Json]]:
    """Yield every entry about an attribute as (place, attribute, entry)."""
    for part in ("must", "want"):
        for name, entry in table.get(part, {}).items():
            if name != FOOTPRINT:
                yield f'{part}."{name}"', name, entry
    for number, either in enumerate(table.get("either", ()), 1):
        for option, group in enumerate(either["any"], 1):
            for name, entry in group.items():
                yield f'either[{number}].any[{option}]."{name}"', name, entry


def _numbers(entry: Json) -> Iterator[tuple[str, Any]]:
    for key, value in entry.items():
        if isinstance(value, tuple | list):
            yield from ((f"{key}[{at}]", one) for at, one in enumerate(value, 1))
        else:
            yield key, value


def _settled(place: str, attribute: Attribute, entry: Json) -> Iterator[Said]:
    """Put the amounts of an entry into the attribute's unit; yield what is wrong with them."""
    if attribute.kind != "number":
        return
    for key in KEYS:
        value = entry.get(key)
        several = value if isinstance(value, tuple | list) else (value,)
        known = [one.within(attribute.unit) if isinstance(one, Amount) else one for one in several]
        wrong = [one for one, found in zip(several, known, strict=True) if found is None and one is not None]
        yield from (_other_unit(f"{place}.{key}", attribute, one) for one in wrong)
        if value is not None and not wrong:
            entry[key] = tuple(known) if value is several else known[0]


def _other_unit(place: str, attribute: Attribute, value: Amount) -> Said:
    shown = {"place": place, "value": str(value)}
    if attribute.unit in {None, "1"}:
        return Said("match.no_unit", {**shown, "attribute": attribute.name})
    return Said("match.wrong_unit", {**shown, "unit": "%" if attribute.unit == "share" else attribute.unit})
