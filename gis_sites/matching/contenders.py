"""The sites that could be among the first whatever the weights within a spread, and their scores as they are drawn."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats, Range, Rows
from gis_sites.matching import score
from gis_sites.matching.concessions import Judged
from gis_sites.matching.draws import Draws
from gis_sites.matching.ranking import NOTHING, Key, Matched, Pool, pool_of
from gis_sites.matching.ranking import first as best_of
from gis_sites.matching.requirement import ASSEMBLIES, Criterion, Requirement
from gis_sites.matching.verdicts import Window, musts, verdict, worths
from gis_sites.matching.view import KINDS, in_id_order

Mask = npt.NDArray[np.bool_]
MOST = 5000
"""So many contenders are looked at; of more, the first of the shortlist."""
REFERENCES = 32
CHUNK = 65_536
SLACK = 1e-9
"""Far above what rounding does to a score whose weights sum to 1, far below what anybody sees."""


@dataclass(frozen=True)
class Contender:
    """A site that could be among the first: its row alone, and where it stands in the shortlist."""

    key: Key
    window: Window
    best: Floats
    """The best worth of each want."""
    extra: int = 0
    """How many parcels more than one it joins."""
    off: float = 0.0
    """What that takes off its points, whatever is wanted: of 100, not above 0."""

    @property
    def place(self) -> tuple[int, float, float, int, str]:
        """Where it stands in the one list."""
        return *self.key[:3], self.extra, self.key[3]

    @property
    def kind(self) -> str:
        """`parcel`, `offer` ..."""
        return KINDS[self.window.view.kind]

    @property
    def id(self) -> str:
        """Its identifier."""
        return self.key[3]

    def drawn(self, requirement: Requirement, draws: Draws) -> tuple[Mask, list[Floats]]:
        """Say in which draws it meets every must, and the worth of each want in each draw.

        What is asked of one attribute by a must and by a want is drawn once.
        """
        found = {name: self._worth(name, requirement, draws) for name in requirement.want}
        meets = np.ones(len(draws), dtype=bool)
        if self.key[0]:
            for name, judged in musts(requirement, self.window).items():
                if judged[0] == score.UNKNOWN:
                    meets &= self._met(name, requirement, draws)
        return meets, list(found.values())

    def _worth(self, name: str, requirement: Requirement, draws: Draws) -> Floats:
        want = requirement.want[name]
        worst, best = (float(end[0]) for end in worths(name, want, self.window))
        if worst == best:
            return np.full(len(draws), worst)
        luck = draws.of(self.kind, self.id, name)
        window = self._drawn(name, luck)
        drawn = worst + luck * (best - worst) if window is None else worths(name, want, window)[0]
        return np.clip(drawn, worst, best)

    def _met(self, name: str, requirement: Requirement, draws: Draws) -> Mask:
        """Say in which draws an unknown must is met."""
        if name in requirement.must:
            return self._fits({name: requirement.must[name]}, draws)
        for number, either in enumerate(requirement.either, 1):
            if name == f"either[{number}]":
                return np.asarray(np.logical_or.reduce([self._fits(group, draws) for group in either.any]))
        return draws.of(self.kind, self.id, name) >= 0.5

    def _fits(self, group: Mapping[str, Criterion], draws: Draws) -> Mask:
        meets = np.ones(len(draws), dtype=bool)
        for name, criterion in group.items():
            judged = int(verdict(name, criterion, self.window)[0])
            if judged != score.UNKNOWN:
                meets &= judged == score.MET
                continue
            luck = draws.of(self.kind, self.id, name)
            window = self._drawn(name, luck)
            meets &= luck >= 0.5 if window is None else verdict(name, criterion, window) == score.MET
        return meets

    def _drawn(self, name: str, luck: Floats) -> Window | None:
        """Return the attribute as it is drawn between the ends of its range; None where it has none."""
        column = self.window.column(name)
        if not isinstance(column, Range) or not np.isfinite([column.low[0], column.high[0]]).all():
            return None
        low, high = float(column.low[0]), float(column.high[0])
        values = np.clip(low + luck * (high - low), low, high)
        return Window(self.window.view, self.window.catalogue, None, {name: Range.exact(values)})


@dataclass(frozen=True)
class Standing:
    """The rows of a view that fail no must, with what orders them."""

    window: Window
    pool: Pool

    @classmethod
    def of(cls, requirement: Requirement, judged: Judged) -> Self:
        """Score the rows."""
        kept = judged.window.at(judged.kept)
        return cls(judged.window, pool_of(requirement, kept, judged.unknown[judged.kept]))

    def key(self, at: int) -> Key:
        """Return where a row stands in the shortlist."""
        name = self.window.view.id(int(self.pool.rows[at]))
        return int(self.pool.unknown[at]), -float(self.pool.floor[at]), -float(self.pool.ceiling[at]), name

    def at(self, places: Rows) -> Window:
        """Return a window on some of the rows."""
        return self.window.at(self.pool.rows[places])


def contenders(
    requirement: Requirement, judged: Sequence[Judged], sets: Sequence[Contender], *, factor: float, first: int
) -> tuple[list[Contender], int]:
    """Return, in the shortlist's order, `sets` and the rows that could be among the first few, and how many more.

    Exact: a row is left out only where so many others are before it whatever the weights between the stated ones over
    `factor` and times it, and whatever its doubts and theirs turn out to be.
    """
    standing = [Standing.of(requirement, one) for one in judged]
    weights = np.array([want.weight for want in requirement.want.values()])
    spread = (weights / factor, weights * factor)
    references = _references(requirement, standing)
    found, left_out = [*sets], 0
    for one in standing:
        kept, best = _undominated(requirement, one, references, spread, first)
        among = best_of(one.pool.only(kept), one.window.view, MOST)
        left_out += len(kept) - len(among)
        found += [Contender(one.key(int(kept[n])), one.at(kept[n : n + 1]), best[:, n]) for n in among]
    found.sort(key=attrgetter("place"))
    return found[:MOST], left_out + max(len(found) - MOST, 0)


def listed_sets(matched: Matched) -> list[Contender]:
    """Return the assemblies of a shortlist; those that are not listed were not measured to the end."""
    if matched.sets is None:
        return []
    listed = {one["id"]: one for one in matched.candidates if KINDS[ASSEMBLIES] == one["kind"]}
    rows = {matched.sets.view.id(row): row for row in range(len(matched.sets))}
    windows = {id: matched.sets.at(np.array([rows[id]])) for id in listed}
    return [_listed_set(matched.requirement, one, windows[id]) for id, one in listed.items()]


def _listed_set(requirement: Requirement, told: Mapping[str, Any], window: Window) -> Contender:
    key = told["unknown_musts"], -(told["floor"] or 0.0), -(told["ceiling"] or 0.0), told["id"]
    off = math.fsum(one["points"] for one in told["penalties"])
    return Contender(key, window, _ends(requirement, window, 1)[:, 0], len(told["parcels"]) - 1, off)


@dataclass(frozen=True)
class Reference:
    """A row that is certain to be a candidate, and the worst worth of each want: others are held against it."""

    owner: Standing
    place: int
    worst: Floats

    def always_before(self, one: Standing, places: Rows, best: Floats, spread: tuple[Floats, Floats]) -> Mask:
        """Tell which rows this one is before in every draw; `best` is their best worth, wants x rows.

        The least of a sum of weight x difference over a box of weights takes each weight at the end that hurts.
        """
        ahead = self.worst[:, None] - best
        least = np.zeros(len(places))
        for light, heavy, by in zip(*spread, ahead, strict=True):
            least += np.where(by > 0, light, heavy) * by
        level = (ahead >= 0).all(axis=0) & self._precedes(one, places)
        return np.asarray((least > SLACK * float(spread[1].sum())) | level)

    def _precedes(self, one: Standing, places: Rows) -> Mask:
        """Tell which rows stand after this in the shortlist; of equals, where rows are in the order of identifiers."""
        floor, ceiling = self.owner.pool.floor[self.place], self.owner.pool.ceiling[self.place]
        pool = one.pool.only(places)
        level = pool.floor == floor
        later = level & (pool.ceiling < ceiling) | (pool.floor < floor) | (pool.unknown > 0)
        if self.owner is one and in_id_order(one.window.view):
            later |= level & (pool.ceiling == ceiling) & (places > self.place)
        return np.asarray(later)


def _references(requirement: Requirement, standing: Sequence[Standing]) -> list[Reference]:
    """Return the best rows that are certain to be candidates."""
    found = []
    for which, one in enumerate(standing):
        sure = np.flatnonzero(one.pool.unknown == 0)
        best = sure[best_of(one.pool.only(sure), one.window.view, REFERENCES)]
        found += [(one.key(int(at)), which, int(at)) for at in best]
    first = [(standing[which], at) for _, which, at in sorted(found)[:REFERENCES]]
    return [Reference(one, at, _ends(requirement, one.at(np.array([at])), 0)[:, 0]) for one, at in first]


def _undominated(
    requirement: Requirement,
    one: Standing,
    references: Sequence[Reference],
    spread: tuple[Floats, Floats],
    first: int,
) -> tuple[Rows, Floats]:
    """Return the places of rows that fewer than `first` references are always before, and their best worths."""
    found: list[tuple[Rows, Floats]] = []
    for start in range(0, len(one.pool), CHUNK):
        alive = np.arange(start, min(start + CHUNK, len(one.pool)))
        best = _ends(requirement, one.at(alive), 1)
        beaten = np.zeros(len(alive), dtype=np.int64)
        for reference in references:
            beaten += reference.always_before(one, alive, best, spread)
            left = beaten < first
            alive, best, beaten = alive[left], best[:, left], beaten[left]
        found.append((alive, best))
    if not found:
        return NOTHING, np.empty((len(requirement.want), 0))
    return np.concatenate([rows for rows, _ in found]), np.concatenate([best for _, best in found], axis=1)


def _ends(requirement: Requirement, window: Window, end: int) -> Floats:
    """Return the worst (0) or the best (1) worth of each row: wants x rows."""
    every = [worths(name, want, window)[end] for name, want in requirement.want.items()]
    return np.array(every).reshape(len(every), len(window))
