"""The reasons of a row: what each attribute is, what was required, what it is worth, and how it is known."""

import math
from datetime import date, timedelta
from typing import Any

from gis_sites.columns import NONE, Column, Flags, Labels, Range, Several
from gis_sites.matching import score
from gis_sites.matching.requirement import Criterion, Either, Requirement, Want
from gis_sites.matching.verdicts import EPOCH, PARCEL_ID, Window, conjunction, shares, verdict, worths
from gis_sites.matching.view import KINDS, View, parcels_of

WORDS = {score.FAILED: "failed", score.UNKNOWN: "unknown", score.MET: "met"}
Json = dict[str, Any]


def candidates(requirement: Requirement, window: Window) -> list[Json]:
    """Give every reason for each row of a window; told from the row alone, equal to the last bit (law 3)."""
    musts = [
        *(_must(name, criterion, window) for name, criterion in requirement.must.items()),
        *(_either(number, either, window) for number, either in enumerate(requirement.either, 1)),
    ]
    if requirement.footprint is not None:
        from gis_sites.matching.footprint_told import entries

        musts.append(entries(requirement.footprint, window))
    each = zip(requirement.want.items(), shares(requirement), strict=True)
    wants = [_want(name, want, share, window) for (name, want), share in each]
    asked = [{**ask, "verdict": "unknown"} for ask in asks(requirement)]
    found = []
    for place, row in enumerate(window.numbers().tolist()):
        told = _candidate(window.view, row, [one[place] for one in musts], [one[place] for one in wants])
        found.append({**told, "asks": asked} if asked else told)
    return found


def candidate(requirement: Requirement, window: Window) -> Json:
    """Give every reason for the one row of a window."""
    return candidates(requirement, window)[0]


def _candidate(view: View, row: int, musts: list[Json], wants: list[Json]) -> Json:
    verdicts = [must["verdict"] for must in musts]
    unknown = verdicts.count(WORDS[score.UNKNOWN])
    failed = WORDS[score.FAILED] in verdicts
    return {
        "kind": KINDS[view.kind],
        "id": view.id(row),
        "parcels": parcels_of(view, row),
        "tier": "failed" if failed else "to_verify" if unknown else "eligible",
        "unknown_musts": unknown,
        "floor": _sum(wants, 0) if wants else None,
        "ceiling": _sum(wants, 1) if wants else None,
        "musts": musts,
        "wants": wants,
    }


def asks(requirement: Requirement) -> list[Json]:
    """Return the questions nobody has answered yet."""
    return [ask.model_dump(mode="json", exclude_defaults=True) for ask in requirement.ask]


def value_entry(name: str, window: Window) -> Json:
    """Say what an attribute of the one row is: state, value, and the ends of a range."""
    return _values(name, window)[0]


def _values(name: str, window: Window) -> list[Json]:
    if name == PARCEL_ID:
        named = [", ".join(parcels_of(window.view, row)) for row in window.numbers().tolist()]
        return [{"state": "exact" if one else "unknown", "value": one or None} for one in named]
    dated = window.catalogue.attributes[name].kind == "date"
    return values_of(window.column(name), dated=dated)


def value_of(column: Column, row: int, *, dated: bool = False) -> Json:
    """Say what a column holds in one row."""
    return values_of(column.take(slice(row, row + 1)), dated=dated)[0]


def values_of(column: Column, *, dated: bool = False) -> list[Json]:
    """Say what a column holds in each row."""
    match column:
        case Labels():
            return [_word(None if code < 0 else column.words[code]) for code in column.codes.tolist()]
        case Flags():
            return [_flag(flag) for flag in column.values.tolist()]
        case Range():
            ends = zip(column.low.tolist(), column.high.tolist(), strict=True)
            return [_number(low, high, dated=dated) for low, high in ends]


def _word(text: str | None) -> Json:
    if isinstance(text, Several):  # the parcels of one site differ
        return {"state": "range", "value": None, "values": list(text.words)}
    state = "unknown" if text is None else "none" if text == NONE else "exact"
    return {"state": state, "value": text if state == "exact" else None}


def _flag(flag: int) -> Json:
    return {"state": "unknown" if flag < 0 else "exact", "value": None if flag < 0 else flag == 1}


def _number(low: float, high: float, *, dated: bool) -> Json:
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
    if isinstance(value, float):
        return float(value)  # said with its unit, it is still a number here
    return list(value) if isinstance(value, tuple) else value


def _must(name: str, criterion: Criterion, window: Window) -> list[Json]:
    more: Json = {"required": required(criterion)}
    if criterion.unknown == "failed":
        more["unknown"] = "failed"
    more |= {"source": dict(window.view.source(name)), **_remarks(criterion)}
    verdicts = verdict(name, criterion, window).tolist()
    return [
        {"attribute": name, "verdict": WORDS[judged], **value, **more}
        for judged, value in zip(verdicts, _values(name, window), strict=True)
    ]


def _either(number: int, either: Either, window: Window) -> list[Json]:
    """Give the verdict of a must with alternatives, and those of each alternative."""
    groups = [(conjunction(one, window), [_must(*pair, window) for pair in one.items()]) for one in either.any]
    best = score.any_of([verdicts for verdicts, _ in groups]).tolist()
    remarks = _remarks(either)
    found = []
    for place, judged in enumerate(best):
        options = [
            {"verdict": WORDS[int(verdicts[place])], "musts": [one[place] for one in musts]}
            for verdicts, musts in groups
        ]
        found.append({"attribute": f"either[{number}]", "verdict": WORDS[judged], "any": options, **remarks})
    return found


def _want(name: str, want: Want, share: float, window: Window) -> list[Json]:
    more = {"of": share, "source": dict(window.view.source(name)), **_remarks(want)}
    ends = zip(*(end.tolist() for end in worths(name, want, window)), strict=True)
    return [
        {
            "attribute": name,
            **value,
            "worth": [worst, best],
            "points": share * worst,
            "gap": share * best - share * worst,
            **more,
        }
        for (worst, best), value in zip(ends, _values(name, window), strict=True)
    ]


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
