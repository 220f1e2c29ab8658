"""The reasons of one row: what each attribute is, what was required, what it is worth, and how it is known."""

import math
from datetime import date, timedelta
from typing import Any

from gis_sites.columns import NONE, Column, Flags, Labels, Range
from gis_sites.matching import score
from gis_sites.matching.requirement import Criterion, Either, Requirement, Want
from gis_sites.matching.verdicts import EPOCH, PARCEL_ID, Window, conjunction, musts, shares, verdict, worths
from gis_sites.matching.view import KINDS, parcels_of

WORDS = {score.FAILED: "failed", score.UNKNOWN: "unknown", score.MET: "met"}
Json = dict[str, Any]


def candidate(requirement: Requirement, window: Window) -> Json:
    """Give every reason for the one row of a window; computed anew from it alone, equal to the last bit (law 3)."""
    assert window.rows is not None
    row = int(window.rows[0])
    judged = {name: int(verdicts[0]) for name, verdicts in musts(requirement, window).items()}
    wants = _wants(requirement, window)
    unknown = sum(one == score.UNKNOWN for one in judged.values())
    failed = score.FAILED in judged.values()
    found = {
        "kind": KINDS[window.view.kind],
        "id": window.view.id(row),
        "parcels": parcels_of(window.view, row),
        "tier": "failed" if failed else "to_verify" if unknown else "eligible",
        "unknown_musts": unknown,
        "floor": _sum(wants, 0) if wants else None,
        "ceiling": _sum(wants, 1) if wants else None,
        "musts": [
            *(_must(name, criterion, window) for name, criterion in requirement.must.items()),
            *(_either(number, either, window) for number, either in enumerate(requirement.either, 1)),
        ],
        "wants": wants,
    }
    if requirement.ask:
        found["asks"] = [{**ask, "verdict": "unknown"} for ask in asks(requirement)]
    return found


def asks(requirement: Requirement) -> list[Json]:
    """Return the questions nobody has answered yet."""
    return [ask.model_dump(mode="json", exclude_defaults=True) for ask in requirement.ask]


def value_entry(name: str, window: Window) -> Json:
    """Say what an attribute of the one row is: state, value, and the ends of a range."""
    if name == PARCEL_ID:
        assert window.rows is not None
        parcels = parcels_of(window.view, int(window.rows[0]))
        return {"state": "exact" if parcels else "unknown", "value": ", ".join(parcels) or None}
    dated = window.catalogue.attributes[name].kind == "date"
    return value_of(window.column(name), 0, dated=dated)


def value_of(column: Column, row: int, *, dated: bool = False) -> Json:
    """Say what a column holds in one row."""
    match column:
        case Labels():
            text = column.text(row)
            state = "unknown" if text is None else "none" if text == NONE else "exact"
            return {"state": state, "value": text if state == "exact" else None}
        case Flags():
            flag = int(column.values[row])
            return {"state": "unknown" if flag < 0 else "exact", "value": None if flag < 0 else flag == 1}
        case Range():
            low, high = float(column.low[row]), float(column.high[row])
    if math.isnan(low):
        return {"state": "unknown", "value": None}
    if low != high:
        return {"state": "range", "value": None, "low": _plain(low, dated=dated), "high": _plain(high, dated=dated)}
    return {"state": "none" if math.isinf(low) else "exact", "value": _plain(low, dated=dated)}


def required(criterion: Criterion) -> Json:
    """Return what a criterion asks for, as JSON."""
    return {key: _said(value) for key, value in criterion.said.items()}


def _said(value: Any) -> Any:  # noqa: ANN401 - a bound, codes or a flag
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def _must(name: str, criterion: Criterion, window: Window) -> Json:
    entry = {
        "attribute": name,
        "verdict": WORDS[int(verdict(name, criterion, window)[0])],
        **value_entry(name, window),
        "required": required(criterion),
    }
    if criterion.unknown == "failed":
        entry["unknown"] = "failed"
    return {**entry, "source": dict(window.view.source(name)), **_remarks(criterion)}


def _either(number: int, either: Either, window: Window) -> Json:
    """Give the verdict of a must with alternatives, and those of each alternative."""
    options = [
        {
            "verdict": WORDS[int(conjunction(group, window)[0])],
            "musts": [_must(name, criterion, window) for name, criterion in group.items()],
        }
        for group in either.any
    ]
    ranks = {word: rank for rank, word in WORDS.items()}
    best = max((option["verdict"] for option in options), key=lambda word: ranks[str(word)])
    return {"attribute": f"either[{number}]", "verdict": best, "any": options, **_remarks(either)}


def _wants(requirement: Requirement, window: Window) -> list[Json]:
    each = zip(requirement.want.items(), shares(requirement), strict=True)
    return [_want(name, want, share, window) for (name, want), share in each]


def _want(name: str, want: Want, share: float, window: Window) -> Json:
    worst, best = (float(ends[0]) for ends in worths(name, want, window))
    return {
        "attribute": name,
        **value_entry(name, window),
        "worth": [worst, best],
        "points": share * worst,
        "gap": share * best - share * worst,
        "of": share,
        "source": dict(window.view.source(name)),
        **_remarks(want),
    }


def _sum(wants: list[Json], end: int) -> float:
    total = 0.0
    for want in wants:
        total += want["of"] * want["worth"][end]
    return total


def _remarks(entry: Criterion | Either | Want) -> Json:
    remarks = entry.remarks()
    return {"remarks": remarks} if remarks else {}


def _plain(value: float, *, dated: bool) -> float | str | None:
    if math.isinf(value):
        return None
    return (EPOCH + timedelta(days=int(value))).isoformat() if dated else value
