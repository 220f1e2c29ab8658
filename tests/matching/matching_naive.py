"""The same answer computed the slow and plain way, row by row, to compare with."""

import math
from typing import Any

from matching_fakes import CATALOGUE

from gis_sites.catalogue import Attribute

NO, MAYBE, YES = 0, 1, 2


def rank(requirement: dict[str, Any], profile: dict[str, list[Any]]) -> list[tuple[str, float | None, float | None]]:
    """Return (id, floor, ceiling) of every candidate, best first."""
    found = []
    for row, identifier in enumerate(profile["id"]):
        cells = {name: column[row] for name, column in profile.items()}
        verdicts = [judge(name, criterion, cells) for name, criterion in requirement["must"].items()]
        for either in requirement["either"]:
            options = [min(judge(name, one, cells) for name, one in group.items()) for group in either["any"]]
            verdicts.append(max(options))
        if NO in verdicts:
            continue
        floor, ceiling = points(requirement["want"], cells)
        found.append(((verdicts.count(MAYBE), -floor, -ceiling, identifier), identifier, floor, ceiling))
    scored = bool(requirement["want"])
    return [(one, floor if scored else None, top if scored else None) for _, one, floor, top in sorted(found)]


def judge(name: str, criterion: dict[str, Any], cells: dict[str, Any]) -> int:
    verdict = _judge(CATALOGUE.attributes[name], criterion, cells.get(name, "unknown"))
    return NO if verdict == MAYBE and criterion.get("unknown") == "failed" else verdict


def _judge(attribute: Attribute, criterion: dict[str, Any], cell: Any) -> int:
    if cell == "unknown":
        return MAYBE
    if "is" in criterion:
        return YES if cell == criterion["is"] else NO
    if attribute.kind == "code":
        fits = cell in criterion.get("any_of", [cell]) and cell not in criterion.get("none_of", [])
        return YES if fits else NO
    low, high = ends(attribute, cell)
    verdicts = [YES]
    if "min" in criterion:
        verdicts.append(YES if low >= criterion["min"] else NO if high < criterion["min"] else MAYBE)
    if "max" in criterion:
        if low == -math.inf:
            verdicts.append(NO if high == -math.inf else MAYBE)
        else:
            verdicts.append(YES if high <= criterion["max"] else NO if low > criterion["max"] else MAYBE)
    return min(verdicts)


def ends(attribute: Attribute, cell: Any) -> tuple[float, float]:
    if cell == "none":
        return attribute.none, attribute.none
    return (cell[0], cell[1]) if isinstance(cell, list) else (cell, cell)


def points(wants: dict[str, Any], cells: dict[str, Any]) -> tuple[float, float]:
    total = math.fsum(want["weight"] for want in wants.values())
    floor = ceiling = 0.0
    for name, want in wants.items():
        worst, best = worth(CATALOGUE.attributes[name], want, cells.get(name, "unknown"))
        floor += want["weight"] / total * 100 * worst
        ceiling += want["weight"] / total * 100 * best
    return floor, ceiling


def worth(attribute: Attribute, want: dict[str, Any], cell: Any) -> tuple[float, float]:
    if "is" in want:
        return (0.0, 1.0) if cell == "unknown" else (float(cell == want["is"]),) * 2
    if attribute.kind == "code":
        every = [want["worth"].get(code, 0.0) for code in attribute.codes]
        return (min(every), max(every)) if cell == "unknown" else (want["worth"].get(cell, 0.0),) * 2
    if cell == "unknown":
        return min(want["worth"]), max(want["worth"])
    low, high = ends(attribute, cell)
    if high == -math.inf:
        return (min(want["worth"]),) * 2
    knots = [knot for knot in want["at"] if low < knot < high]
    tried = [interpolate(value, want["at"], want["worth"]) for value in (low, high, *knots)]
    return min(tried), max(tried)


def interpolate(value: float, at: list[float], worths: list[float]) -> float:
    if value <= at[0]:
        return worths[0]
    for start, end, before, after in zip(at, at[1:], worths, worths[1:], strict=False):
        if value <= end:
            return before + (after - before) * (value - start) / (end - start)
    return worths[-1]
