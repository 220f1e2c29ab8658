"""The best few rows of a view: judged and scored piece by piece, dropped when they can no longer be among the best.

A row's points are added want by want, in the order of the file, whether or not the rows beside it were dropped on
the way: what is reported of it is the same to the last bit (law 3).
"""

import heapq
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_sites.catalogue import Catalogue
from gis_sites.columns import Floats, Rows, Some
from gis_sites.matching import score
from gis_sites.matching.requirement import FOOTPRINT, Requirement
from gis_sites.matching.score import Verdicts
from gis_sites.matching.verdicts import Window, must, must_names, musts, shares, worths
from gis_sites.matching.view import View, in_id_order
from gis_sites.matching.zones import most_points, spread

PIECE = 1 << 17
"""Rows judged and scored at a time: few enough for the caches of the processor."""
SLACK = 1e-6
"""Points by which a bound of a score is too generous, so that no rounding can drop a row wrongly."""
MANY = 0.5
"""Rows are dropped on the way when fewer than this share of them have a hope."""
WORTH_ZONES = 4_096
"""Zones are looked at where more rows than this are left."""
FIRST_ZONES = 8
"""So many are scored before the others: their best rows rule most of the others out."""
Counts = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]
Worst = tuple[int, float]
"""The last that counts: its unknown musts, its floor."""
Key = tuple[int, float, float, str]
"""Where a candidate stands: unknown musts (0 is the first tier), floor, ceiling (both negated), identifier."""
NOTHING, NO_COUNTS = np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int8)


@dataclass(frozen=True)
class Pool:
    """Rows (rising) with what orders them: unknown musts, floor, ceiling."""

    rows: Rows
    unknown: Counts
    floor: Floats
    ceiling: Floats

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, some: Any) -> "Pool":  # noqa: ANN401 - whatever indexes an array
        """Return some of the rows."""
        floor = self.floor[some]
        ceiling = floor if self.ceiling is self.floor else self.ceiling[some]
        return Pool(self.rows[some], self.unknown[some], floor, ceiling)

    def and_also(self, other: "Pool") -> "Pool":
        """Return the rows of both."""
        ends = ("rows", "unknown", "floor", "ceiling")
        return Pool(*(np.concatenate([getattr(self, end), getattr(other, end)]) for end in ends))


@dataclass(frozen=True)
class Scored:
    """The best rows of a view; the verdict of every must on every row, and how many rows fared how."""

    window: Window
    best: Pool
    verdicts: Mapping[str, Verdicts]
    left: Sequence[Rows]
    """The rows that failed nothing, stretch by stretch."""
    met: Collection[str]
    """The musts that some row meets."""
    eligible: int
    to_verify: int
    failed_by: Mapping[str, tuple[int, int]]
    """Must -> how many rows fail it, and how many of them fail no other."""

    def key(self, position: int) -> Key:
        """Return where one of the best stands."""
        best = self.best
        identifier = self.window.view.id(int(best.rows[position]))
        return int(best.unknown[position]), -float(best.floor[position]), -float(best.ceiling[position]), identifier


@dataclass(frozen=True)
class Matched:
    """What a shortlist is written from: whatever stands in it beside the candidates reads this."""

    requirement: Requirement
    """As `check` gave it back."""
    catalogue: Catalogue
    scored: Sequence[Scored]
    """One for each view in scope: its window, the verdicts of every must on every row, the best rows."""
    candidates: Sequence[Mapping[str, Any]]
    """Ranked, with every reason."""
    top: int
    id: str
    """The shortlist's: what is drawn by chance begins from it."""
    sets: Window | None = None
    """The assemblies among the candidates, as sites; None where there are none."""


def score_rows(requirement: Requirement, window: Window, *, top: int) -> Scored:
    """Judge every row of a view, score those that failed nothing, and keep the `top` best."""
    tally = Tally()
    for start in range(0, len(window), PIECE):
        piece = window.at(slice(start, min(start + PIECE, len(window))))
        tally.judge(start, musts(requirement, piece), len(piece))
    best = _best(requirement, window, tally, top)
    known = {FOOTPRINT: np.concatenate(tally.footprint)} if tally.footprint else {}
    verdicts = Judged(requirement, window, known)
    counts = tally.eligible, tally.to_verify, tally.failed_by()
    return Scored(window, best, verdicts, tally.left, tally.met, *counts)


def _best(requirement: Requirement, window: Window, tally: "Tally", top: int) -> Pool:
    """Score the rows that failed nothing: those of the most hopeful zones first, so that most others need not be."""
    best, worst = pool_of(requirement, window.at(NOTHING), NO_COUNTS), None
    most = most_points(requirement, window) if tally.eligible + tally.to_verify > WORTH_ZONES else None
    pieces = list(zip(tally.left, tally.unknown, strict=True))
    if most is not None:
        hopeful = spread(most >= np.sort(most)[-min(FIRST_ZONES, len(most))], len(window))
        pieces = [*_split(pieces, hopeful), *_split(pieces, ~hopeful)]
    for rows, unknown in pieces:
        if most is not None and worst is not None:
            may = spread(most >= worst[1] - SLACK, len(window))[_stretch(rows)]
            if worst[0]:
                may |= unknown < worst[0]
            some = np.flatnonzero(may)
            rows, unknown = rows[some], unknown[some]  # noqa: PLW2901 - fewer of the same
        best = best.and_also(pool_of(requirement, window.at(rows), unknown, worst=worst))
        best = best.only(first(best, window.view, top))
        worst = _worst(best) if len(best) == top > 0 else None
    return best


def _split(pieces: Sequence[tuple[Rows, Counts]], among: Mask) -> Iterator[tuple[Rows, Counts]]:
    for rows, unknown in pieces:
        some = np.flatnonzero(among[_stretch(rows)])
        yield rows[some], unknown[some]


def points(requirement: Requirement, window: Window) -> tuple[Floats, Floats]:
    """Return the floor and the ceiling of every row: zeros where nothing is wanted."""
    pool = pool_of(requirement, window, np.zeros(len(window), dtype=np.int8))
    return pool.floor, pool.ceiling


def pool_of(requirement: Requirement, window: Window, unknown: Counts, *, worst: Worst | None = None) -> Pool:
    """Score the rows of a window, except those that are sure to come behind the `worst` that counts."""
    pool = Pool(window.numbers(), unknown, floor := np.zeros(len(window)), floor)
    if worst is not None and unknown.any():
        pool = pool.only(np.flatnonzero(unknown <= worst[0]))
    each = shares(requirement)
    for at, (name, want) in enumerate(requirement.want.items()):
        pool = _added(pool, *worths(name, want, window.at(_stretch(pool.rows))), share=each[at])
        needed = worst[1] - math.fsum(each[at + 1 :]) - SLACK if worst else 0.0
        if worst and needed > 0:
            hopeful = pool.floor >= needed
            hopeful |= pool.unknown < worst[0]
            if np.count_nonzero(hopeful) < MANY * len(pool):
                pool = pool.only(np.flatnonzero(hopeful))
    return pool


def _added(pool: Pool, worst: Floats, best: Floats, *, share: float) -> Pool:
    """Add the points of one want; the floor and the ceiling stay one array as long as they are equal."""
    floor, ceiling = pool.floor, pool.ceiling
    if best is not worst:
        ceiling = ceiling.copy() if ceiling is floor else ceiling
        best *= share
        ceiling += best
    worst *= share
    if best is worst and ceiling is not floor:
        ceiling += worst
    floor += worst
    return Pool(pool.rows, pool.unknown, floor, ceiling)


def _stretch(rows: Rows) -> Some:
    """Return rows that lie side by side as a stretch, which is read without a copy."""
    whole = len(rows) and rows[-1] - rows[0] + 1 == len(rows)
    return slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows


def _worst(best: Pool) -> Worst:
    last = int(best.unknown.max())
    return last, float(best.floor[best.unknown == last].min())


class Judged(Mapping[str, Verdicts]):
    """The verdict of every must on every row, judged for those who ask: kept for all, it would cost more than it."""

    def __init__(self, requirement: Requirement, window: Window, known: dict[str, Verdicts]) -> None:
        self._requirement, self._window, self._known = requirement, window, known
        self._names = must_names(requirement) if len(window) else []

    def __getitem__(self, name: str) -> Verdicts:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._known:
            self._known[name] = must(name, self._requirement, self._window)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Tally:
    """The verdicts of musts, and how many rows fared how."""

    def __init__(self) -> None:
        self.footprint: list[Verdicts] = []
        """Of the must that takes long to judge; others are judged again where they are asked for."""
        self.left: list[Rows] = []
        self.unknown: list[Counts] = []
        self.met: set[str] = set()
        self.eligible = self.to_verify = 0
        self._at_all: Counter[str] = Counter()
        self._alone: Counter[str] = Counter()

    def judge(self, start: int, judged: Mapping[str, Verdicts], n: int) -> None:
        """Count the verdicts of `n` rows, and keep those that failed nothing."""
        if FOOTPRINT in judged:
            self.footprint.append(judged[FOOTPRINT])
        failures, together = np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.uint8)
        failed = {}
        for name, verdicts in judged.items():
            failed[name] = verdicts == score.FAILED
            failures += failed[name].view(np.int8)
            together += verdicts.view(np.uint8)
            if name not in self.met and (verdicts == score.MET).any():
                self.met.add(name)
        lone = failures == 1
        for name, by in failed.items():
            self._at_all[name] += int(np.count_nonzero(by))
            self._alone[name] += int(np.count_nonzero(by & lone))
        kept = np.flatnonzero(failures == 0)
        self.left.append(kept + start)
        # Where nothing failed, every verdict that is not met is unknown, and one short of it.
        unknown = (score.MET * len(failed) - together[kept]).astype(np.int8)
        self.unknown.append(unknown)
        eligible = int(np.count_nonzero(unknown == 0))
        self.eligible += eligible
        self.to_verify += len(kept) - eligible

    def failed_by(self) -> dict[str, tuple[int, int]]:
        """Return of each must how many rows fail it, and how many fail it alone."""
        return {name: (at_all, self._alone[name]) for name, at_all in self._at_all.items()}


def first(pool: Pool, view: View, top: int) -> Rows:
    """Pick the positions of the `top` best rows, rising, without sorting the others."""
    among, need = np.arange(len(pool)), max(top, 0)
    chosen: list[Rows] = []
    keys: list[Callable[[], npt.NDArray[Any]]] = [
        lambda: pool.unknown[among],
        lambda: -pool.floor[among],
        lambda: -pool.ceiling[among],
    ]
    for key in keys:
        if not 0 < need < len(among):
            break
        values = key()
        edge = np.partition(values, need - 1)[need - 1]
        better = among[values < edge]
        chosen.append(better)
        need -= len(better)
        among = among[values == edge]
    return np.sort(np.concatenate([*chosen, _by_id(pool, among, view, need)]))


def _by_id(pool: Pool, among: Rows, view: View, need: int) -> Rows:
    """Pick the rows with the first identifiers among equals."""
    if len(among) <= need or in_id_order(view):
        return among[:need]
    return np.array(heapq.nsmallest(need, among.tolist(), key=lambda at: view.id(int(pool.rows[at]))), dtype=np.intp)
