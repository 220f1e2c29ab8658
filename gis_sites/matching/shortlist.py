"""Requirement x views -> shortlist: verdicts, scores, the order, and reasons for the first few."""

import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_sites.catalogue import Catalogue
from gis_sites.columns import Floats, Rows
from gis_sites.matching import score
from gis_sites.matching.check import check, criteria
from gis_sites.matching.reading import SHORTLIST
from gis_sites.matching.reasons import asks, candidates
from gis_sites.matching.requirement import Requirement
from gis_sites.matching.verdicts import PARCEL_ID, Window, is_unknown, musts, shares, worths
from gis_sites.matching.view import View, in_id_order

Shortlist = dict[str, Any]
"""The JSON document of design section 8."""
Key = tuple[int, float, float, str]
"""Where a candidate stands: unknown musts (0 is the first tier), floor, ceiling (both negated), identifier."""


@dataclass(frozen=True)
class Scored:
    """The rows of a view that failed no must, with what orders them; and how the others failed."""

    window: Window
    rows: Rows
    unknown: npt.NDArray[np.int8]
    floor: Floats
    ceiling: Floats
    failed_by: Mapping[str, tuple[int, int]]

    def key(self, position: int) -> Key:
        """Return where a row stands."""
        identifier = self.window.view.id(int(self.rows[position]))
        return int(self.unknown[position]), -float(self.floor[position]), -float(self.ceiling[position]), identifier


def match(requirement: Requirement, views: Sequence[View], catalogue: Catalogue, *, top: int = 50) -> Shortlist:
    """Find the `top` candidates for a requirement.

    Raises:
        RequirementError: the requirement does not suit the catalogue.
    """
    requirement = check(requirement, catalogue)
    windows = [Window(view, catalogue) for view in in_scope(requirement, views)]
    scored = [score_rows(requirement, window) for window in windows]
    best = sorted((one.key(at), which, at) for which, one in enumerate(scored) for at in first(one, top))[: max(top, 0)]
    places = [[at for _, which, at in best if which == number] for number in range(len(scored))]
    told = [iter(candidates(requirement, one.window.at(one.rows[at]))) for one, at in zip(scored, places, strict=True)]
    return {
        **heading(requirement, views, catalogue, SHORTLIST),
        "counts": _counts(requirement, scored),
        "unknown_everywhere": unknown_everywhere(requirement, windows),
        "candidates": [{"rank": rank, **next(told[which])} for rank, (_, which, _) in enumerate(best, 1)],
    }


def heading(requirement: Requirement, views: Sequence[View], catalogue: Catalogue, form: str) -> dict[str, Any]:
    """Say what was asked of which state, when and by what software."""
    state = dict(views[0].inventory) if views else {"state": None, "as_of": None, "revisions": {}}
    state["revisions"] = {name: n for name, n in state["revisions"].items() if name in catalogue.layers}
    return {
        "format": form,
        "id": identity(requirement, state),
        "made": {"at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "software": software()},
        "requirement": requirement.echo(),
        "asks": asks(requirement),
        "inventory": state,
    }


def identity(requirement: Requirement, inventory: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a requirement (in its own order: points add up in it) and a state."""
    about = {name: inventory[name] for name in ("state", "as_of")}
    text = json.dumps([requirement.echo(), about], ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def software() -> str:
    """Return our name and version."""
    try:
        return f"gis-sites {version('gis-sites')}"
    except PackageNotFoundError:
        return "gis-sites"


def in_scope(requirement: Requirement, views: Iterable[View]) -> list[View]:
    """Return the views the requirement looks at."""
    return [view for view in views if view.kind in requirement.scope]


def score_rows(requirement: Requirement, window: Window) -> Scored:
    """Judge every row of a window; score those that failed nothing."""
    n = len(window)
    failures, unknowns = np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int8)
    failed = {}
    for name, verdicts in musts(requirement, window).items():
        failed[name] = verdicts == score.FAILED
        failures += failed[name].view(np.int8)
        unknowns += (verdicts == score.UNKNOWN).view(np.int8)
    lone = failures == 1
    failed_by = {name: (int(np.count_nonzero(by)), int(np.count_nonzero(by & lone))) for name, by in failed.items()}
    rows = np.flatnonzero(failures == 0)
    window = window.at(rows) if len(rows) < n else window
    floor, ceiling = points(requirement, window)
    return Scored(window, rows, unknowns[rows], floor, ceiling, failed_by)


def points(requirement: Requirement, window: Window) -> tuple[Floats, Floats]:
    """Return the floor and the ceiling of every row: zeros where nothing is wanted."""
    pairs = [worths(name, want, window) for name, want in requirement.want.items()]
    each = shares(requirement)
    floor = score.total(each, (worst for worst, _ in pairs), len(window))
    if all(worst is best for worst, best in pairs):
        return floor, floor
    return floor, score.total(each, (best for _, best in pairs), len(window))


def first(scored: Scored, top: int) -> list[int]:
    """Pick the positions of the `top` rows, in no order, without sorting the others."""
    pool, need = np.arange(len(scored.rows)), top
    chosen: list[int] = []
    keys: list[Callable[[], npt.NDArray[Any]]] = [
        lambda: scored.unknown[pool],
        lambda: -scored.floor[pool],
        lambda: -scored.ceiling[pool],
    ]
    for key in keys:
        if need <= 0 or len(pool) <= need:
            break
        values = key()
        edge = np.partition(values, need - 1)[need - 1]
        better = pool[values < edge]
        chosen += better.tolist()
        need -= len(better)
        pool = pool[values == edge]
    return chosen + _by_id(scored, pool, need)


def _by_id(scored: Scored, pool: Rows, need: int) -> list[int]:
    """Pick the rows with the first identifiers among equals."""
    if need <= 0:
        return []
    view = scored.window.view
    if len(pool) <= need or in_id_order(view):
        return [int(at) for at in pool[:need]]
    return heapq.nsmallest(need, pool.tolist(), key=lambda at: view.id(int(scored.rows[at])))


def unknown_everywhere(requirement: Requirement, windows: Sequence[Window]) -> list[str]:
    """Name the attributes asked for of which nothing is known about anything."""
    names = dict.fromkeys([*(name for _, name, _ in criteria(requirement)), *requirement.want])
    if not any(len(window.view) for window in windows):
        return []
    return [name for name in names if name != PARCEL_ID and all(_all_unknown(window, name) for window in windows)]


def _all_unknown(window: Window, name: str) -> bool:
    column = window.whole(name)
    return len(column) == 0 or (bool(is_unknown(column.take(np.arange(1)))[0]) and bool(is_unknown(column).all()))


def _counts(requirement: Requirement, scored: Sequence[Scored]) -> dict[str, Any]:
    considered = sum(len(one.window.view) for one in scored)
    kept = sum(len(one.rows) for one in scored)
    eligible = sum(int(np.count_nonzero(one.unknown == 0)) for one in scored)
    names = [*requirement.must, *(f"either[{number}]" for number in range(1, len(requirement.either) + 1))]
    failed_by = {}
    for name in names:
        pairs = [one.failed_by[name] for one in scored]
        failed_by[name] = {"at_all": sum(pair[0] for pair in pairs), "alone": sum(pair[1] for pair in pairs)}
    counts = {"eligible": eligible, "to_verify": kept - eligible, "failed": considered - kept}
    return {"considered": considered, **counts, "failed_by": failed_by}
