"""What is worth knowing of a brief before its ranking is read: what cannot be, what bites, what says nothing.

Nothing here is measured anew: verdicts were counted when rows were judged; only a want that is worth the same for
all candidates listed is looked at once more, for every row left. What is counted are sites taken singly: where
assemblies are asked for that is said, and what hardly any parcel meets is held against the assemblies listed.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from gis_sites.matching.check import criteria
from gis_sites.matching.clash import clashes
from gis_sites.matching.phrases import UNVERIFIED
from gis_sites.matching.ranking import Matched
from gis_sites.matching.requirement import ASSEMBLIES, FOOTPRINT, Requirement, Want
from gis_sites.matching.verdicts import PARCEL_ID, Window, is_unknown, must_names, worths
from gis_sites.matching.view import KINDS

Json = dict[str, Any]
NEARLY_ALL = 0.99
"""A must that at least so many pass hardly chooses."""
FEW = 97
"""One row in so many is looked at before all are."""
NEARLY_NONE = 0.001
"""A must that at most so many pass leaves hardly anything."""


def notices(matched: Matched) -> list[Json]:
    """Return what is to be told of a requirement before the ranking, the gravest first."""
    return [
        *clashes(matched.requirement, matched.catalogue),
        *([{"kind": "asks_nothing"}] if _asks_nothing(matched.requirement) else []),
        *({"kind": "unknown_everywhere", "attribute": name} for name in _unknown(matched)),
        *([{"kind": "singly"}] if ASSEMBLIES in matched.requirement.scope else []),
        *_bites(matched),
        *_hardly_chooses(matched),
        *_same_worth(matched),
        *_unverified(matched.requirement),
    ]


def _asks_nothing(requirement: Requirement) -> bool:
    return not (must_names(requirement) or requirement.want)


def unknown_everywhere(requirement: Requirement, windows: Sequence[Window]) -> list[str]:
    """Name the attributes asked for of which nothing is known about anything."""
    names = dict.fromkeys([*(name for _, name, _ in criteria(requirement)), *requirement.want])
    if not any(len(window.view) for window in windows):
        return []
    return [name for name in names if name != PARCEL_ID and all(_all_unknown(window, name) for window in windows)]


def _all_unknown(window: Window, name: str) -> bool:
    column = window.whole(name)
    return len(column) == 0 or (bool(is_unknown(column.take(slice(1)))[0]) and bool(is_unknown(column).all()))


def _unknown(matched: Matched) -> list[str]:
    return unknown_everywhere(matched.requirement, [one.window for one in matched.scored])


def _unverified(requirement: Requirement) -> Iterator[Json]:
    """Say how many entries hold numbers that nobody has confirmed, as templates do."""
    entries = [*requirement.must.values(), *requirement.either, *requirement.want.values()]
    entries += [requirement.footprint] if requirement.footprint is not None else []
    names = [one.confidence for one in entries]
    if UNVERIFIED in names:
        yield {"kind": "unverified", "count": names.count(UNVERIFIED), "of": len(names)}


def _failed(matched: Matched) -> tuple[int, dict[str, int]]:
    """Return how many rows there are, and how many of them each must rules out."""
    # A footprint is looked for only where no other must fails: how many it would rule out by itself nobody knows.
    every = must_names(matched.requirement)
    names = [name for name in every if name != FOOTPRINT or len(every) == 1]
    failed = {name: sum(one.failed_by.get(name, (0, 0))[0] for one in matched.scored) for name in names}
    return sum(len(one.window) for one in matched.scored), failed


def _bites(matched: Matched) -> Iterator[Json]:
    """Name the must that alone leaves the fewest, and those that leave nearly none."""
    count, failed = _failed(matched)
    if not count or not failed:
        return
    first = max(failed, key=lambda name: failed[name])
    for name, out in failed.items():
        shown = {"attribute": name, "left": count - out, "of": count}
        if count - out <= NEARLY_NONE * count:
            joined = _assemblies_meeting(matched, name)
            yield {"kind": "met_together" if joined else "lets_nearly_none", **shown, **joined}
        elif name == first and out and len(failed) > 1:
            yield {"kind": "bites_first", **shown}


def _assemblies_meeting(matched: Matched, name: str) -> Json:
    """Count the assemblies listed that meet a must, if any does."""
    listed = [one["musts"] for one in matched.candidates if one["kind"] == KINDS[ASSEMBLIES]]
    count = sum(must["attribute"] == name and must["verdict"] == "met" for musts in listed for must in musts)
    return {"count": count} if count else {}


def _hardly_chooses(matched: Matched) -> Iterator[Json]:
    """Name the musts that nearly all pass; a must of which nothing is known is told elsewhere."""
    count, failed = _failed(matched)
    for name, out in failed.items():
        if count and count - out >= NEARLY_ALL * count and not _nowhere_met(matched, name):
            yield {"kind": "lets_nearly_all", "attribute": name, "left": count - out, "of": count}


def _nowhere_met(matched: Matched, name: str) -> bool:
    return all(name not in one.met for one in matched.scored)


def _same_worth(matched: Matched) -> Iterator[Json]:
    """Name the wants that are worth the same for every row left, so that they cannot order anything."""
    suspects = dict(_alike(matched))
    left = [(one.window, rows) for one in matched.scored for rows in one.left] if suspects else []
    for name, worth in suspects.items():
        # Most wants are told apart by a few rows; all are looked at only where those are alike.
        samples = (window.at(rows[::step]) for step in (FEW, 1) for window, rows in left)
        if all(_worth_is(matched.requirement.want[name], name, window, worth=worth) for window in samples):
            yield {"kind": "same_worth", "attribute": name, "worth": worth}


def _alike(matched: Matched) -> Iterator[tuple[str, float]]:
    """Yield the wants that are worth the same for every candidate listed, and what."""
    if len(matched.candidates) < 2:
        return
    for at, name in enumerate(matched.requirement.want):
        (low, high), *others = {tuple(one["wants"][at]["worth"]) for one in matched.candidates}
        if not others and low == high:
            yield name, low


def _worth_is(want: Want, name: str, window: Window, *, worth: float) -> bool:
    """Tell whether a want is worth so much for every row of a window, at worst and at best."""
    return all(bool((end == worth).all()) for end in worths(name, want, window))
