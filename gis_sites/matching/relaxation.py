"""What each must costs: how many more sites open if it alone is dropped, and the smallest changes that open some."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gis_sites.matching.concessions import Change, Json, Judged, changes, is_dated, judged_in_full
from gis_sites.matching.ranking import NOTHING, Matched
from gis_sites.matching.requirement import Requirement

MOST_CODES = 20
"""How many codes are told of one criterion: those that open most."""
STEPS = {"first": 1, "tenth": 10, "all": None}


def relaxations(matched: Matched) -> list[Json]:
    """Say for every must what opens if it alone is dropped, or if one bound, code or doubt of it alone changes.

    A site opens when it fails no must any more: `eligible`, or `to_verify` where others are unknown. `all` is all that
    the change of that bound alone can open; `out_of_reach` are those that no single change opens.
    """
    judged = judged_in_full(matched)
    names = dict.fromkeys(name for one in judged for name in one.lone)
    return [_relaxation(matched.requirement, name, judged) for name in names]


def _relaxation(requirement: Requirement, name: str, judged: Sequence[Judged]) -> Json:
    found: defaultdict[tuple[Any, ...], list[Change]] = defaultdict(list)
    eligible = to_verify = reached = 0
    dated = {}
    for one in judged:
        rows = one.lone.get(name, NOTHING)
        doubtful = int(np.count_nonzero(one.unknown[rows]))
        eligible, to_verify = eligible + len(rows) - doubtful, to_verify + doubtful
        opened = np.zeros(len(rows), dtype=bool)
        for change in changes(requirement, name, one.window.at(rows)) if len(rows) else ():
            opened[change.at] = True
            found[change.option, change.attribute, change.key].append(change)
            dated[change.attribute] = is_dated(one.window, change.attribute)
        reached += int(np.count_nonzero(opened))
    told = [entry for some in found.values() for entry in _entries(some, dated=dated[some[0].attribute])]
    out = eligible + to_verify - reached
    return {"must": name, "eligible": eligible, "to_verify": to_verify, "changes": told, "out_of_reach": out}


def _entries(some: list[Change], *, dated: bool) -> list[Json]:
    """Say what one kind of change of one criterion opens, over all views."""
    opens = sum(len(one.at) for one in some)
    if not opens:
        return []
    about = some[0].about()
    match some[0].key:
        case "unknown":
            return [{**about, "unknown": "to_verify", "opens": opens}]
        case "code":
            counted = Counter(str(code) for one in some if one.needed is not None for code in one.needed)
            ranked = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST_CODES]
            return [{**about, "code": code, "opens": n} for code, n in ranked]
        case key:
            return [{**about, "bound": key, **_steps(some, dated=dated)}]


def _steps(some: list[Change], *, dated: bool) -> Json:
    """Say how far the bound must move to open the first, the tenth and all; None where there are fewer."""
    needed = np.sort(np.concatenate([one.needed for one in some if one.needed is not None]))
    upwards = some[0].key == "max"
    ordered = needed if upwards else needed[::-1]
    whole = replace(some[0], at=np.arange(len(ordered)), needed=ordered)
    told: Json = {}
    for name, place in STEPS.items():
        at = (place or len(ordered)) - 1
        if at >= len(ordered):
            told[name] = None
            continue
        opens = int(np.count_nonzero(ordered <= ordered[at] if upwards else ordered >= ordered[at]))
        told[name] = {**whole.step(at, dated=dated), "opens": opens}
    return {"from": whole.one(0, dated=dated)["from"], **told}
