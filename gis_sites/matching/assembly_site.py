"""Several parcels as one site, as matching reads it: their merged attributes, and what was measured on their union."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from gis_sites.catalogue import Attribute
from gis_sites.columns import Column, Flags, Floats, Labels, Range, Rows
from gis_sites.matching import score
from gis_sites.matching.check import criteria
from gis_sites.matching.connected import Graph
from gis_sites.matching.requirement import Criterion, Requirement
from gis_sites.matching.verdicts import PARCEL_ID, Window, musts, number, shares, worths
from gis_sites.profile.adjacency import Pairs
from gis_sites.profile.features import Mask, Shapes
from gis_sites.profile.merge import JOIN, MEASURED_AREA, Merged, Sets, merge
from gis_sites.profile.overlay import SNAP
from gis_sites.profile.reading import AREAS
from gis_sites.profile.stored_land import Land

ADDING = frozenset({"area", "measured_area", "frontage", "net_area"})
"""Measures of which a set has no more than its parcels together."""


class Together(Protocol):
    """What matching asks about parcels together; `profile.union.Unions` is one."""

    def pairs(self, gap_m: float, *, across: bool = False) -> Pairs:
        """Return which rows lie beside each other; with `across` also over a road or a ditch."""

    def measured(
        self, members: Sequence[tuple[str, ...]], names: Collection[str], gap_m: float
    ) -> Mapping[str, Column]:
        """Measure attributes on the unions of some parcels, gaps between them closed."""

    def at_most(self, members: Sequence[tuple[str, ...]], gap_m: float) -> tuple[Shapes, Shapes]:
        """Return what of the unions of some parcels may be free, and what surely is: each that much at most."""

    def land(self, gap_m: float) -> Land | None:
        """Return where a footprint is looked for."""


@dataclass(frozen=True, eq=False)
class Assemblies:
    """Sets of parcels as a view of their own: `members` are rows of the view of parcels, rising, -1 fills up."""

    parcels_window: Window
    members: Rows
    measured: Mapping[str, Column] = field(default_factory=dict)
    land: Land | None = None
    inner: Floats | None = None
    """The length of the borders inside each set, where that is known: m."""
    _merged: dict[str, Merged] = field(default_factory=dict)

    kind = "assemblies"

    def __len__(self) -> int:
        return len(self.members)

    @property
    def inventory(self) -> Mapping[str, Any]:
        """What answers say of the inventory."""
        return self.parcels_window.view.inventory

    def parcels(self, row: int) -> list[str]:
        """Return the parcels of a set, in their order."""
        return [self.parcels_window.view.id(one) for one in self.members[row].tolist() if one >= 0]

    def id(self, row: int) -> str:
        """Return the identifiers of its parcels, joined."""
        return JOIN.join(self.parcels(row))

    def row(self, id: str) -> int | None:
        """Return the row of an identifier."""
        return next((row for row in range(len(self)) if self.id(row) == id), None)

    def source(self, name: str) -> Mapping[str, Any]:
        """Return what an attribute is known from."""
        return self.parcels_window.view.source(name)

    @cached_property
    def sets(self) -> Sets:
        """The sets as merges see them."""
        return Sets(self.members, self.parcels_window.whole, self.inner)

    def merged(self, name: str) -> Merged:
        """Return what an attribute is as far as the parcels tell."""
        if name not in self._merged:
            self._merged[name] = merge(self.sets, self.parcels_window.catalogue.attributes[name])
        return self._merged[name]

    def exact(self, name: str) -> Mask:
        """Tell of which sets the value of an attribute is known without measuring more."""
        if name == PARCEL_ID or name in self.measured:
            return np.ones(len(self), dtype=bool)
        return self.merged(name).exact

    def short(self, name: str, least: float) -> Mask:
        """Tell of which sets the low end of a number surely stays below a bound, whatever is measured."""
        low_most = None if name == PARCEL_ID or name in self.measured else self.merged(name).low_most
        return np.zeros(len(self), dtype=bool) if low_most is None else low_most < least

    def column(self, name: str) -> Column:
        """Return an attribute of every set: merged, measured where that was done, else bounds."""
        found = self.merged(name)
        measured = self.measured.get(name)
        return found.column if measured is None else either(found, measured)


def either(merged: Merged, measured: Column) -> Column:
    """Take what the parcels decide, elsewhere what was measured."""
    exact, column = merged.exact, merged.column
    if isinstance(column, Range) and isinstance(measured, Range):
        return Range(np.where(exact, column.low, measured.low), np.where(exact, column.high, measured.high))
    if isinstance(column, Flags) and isinstance(measured, Flags):
        return Flags(np.where(exact, column.values, measured.values).astype(np.int8))
    assert isinstance(column, Labels)
    assert isinstance(measured, Labels)
    shifted = np.where(measured.codes < 0, -1, measured.codes + len(column.words))
    return Labels(np.where(exact, column.codes, shifted).astype(np.int32), (*column.words, *measured.words))


class SetWindow(Window):
    """A window on sets; an identifier is that of any of their parcels."""

    def labels(self, name: str, wanted: Sequence[str]) -> Column:
        """Return the column; for parcel identifiers, which of the wanted ones is among a set's parcels."""
        if name != PARCEL_ID:
            return self.column(name)
        assert isinstance(self.view, Assemblies)
        of = self.view.parcels_window.labels(name, wanted)
        assert isinstance(of, Labels)
        codes = np.where(self.view.sets.held, of.codes[self.view.members], 0).max(axis=1)
        return Labels(codes.astype(np.int32), of.words)


def hopeful(requirement: Requirement) -> Requirement:
    """Return the requirement without strictness about unknowns (bounds are none) and without the footprint."""

    def lenient(group: Mapping[str, Criterion]) -> dict[str, Criterion]:
        return {name: one.model_copy(update={"unknown": "to_verify"}) for name, one in group.items()}

    other = tuple(one.model_copy(update={"any": tuple(map(lenient, one.any))}) for one in requirement.either)
    return requirement.model_copy(update={"must": lenient(requirement.must), "either": other, "footprint": None})


def asked_names(requirement: Requirement) -> list[str]:
    """Return every attribute asked for, each once."""
    return list(dict.fromkeys([*(name for _, name, _ in criteria(requirement)), *requirement.want]))


@dataclass(frozen=True, eq=False)
class Keys:
    """Where sets (or parcels) stand: unknown musts, floor and ceiling less penalties; and which failed a must."""

    failed: Mask
    unknown: Rows
    floor: Floats
    ceiling: Floats

    def take(self, rows: Rows | Mask) -> "Keys":
        """Return some of them."""
        return Keys(*(one[rows] for one in vars(self).values()))


def keys_of(requirement: Requirement, window: Window, penalty: float | Floats = 0.0) -> Keys:
    """Judge and score sets; where values are but bounds, as well as they can turn out (bounds never make it worse)."""
    view, n = window.view, len(window)
    exact = view.exact if isinstance(view, Assemblies) else lambda name: np.ones(n, dtype=bool)
    failed, unknown = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.intp)
    looked: list[tuple[str, ...]] = [(name,) for name in requirement.must]
    looked += [tuple(name for group in one.any for name in group) for one in requirement.either]
    looked += [()] * (requirement.footprint is not None)
    for names, (what, verdicts) in zip(looked, musts(requirement, window).items(), strict=True):
        failed |= verdicts == score.FAILED
        doubt = verdicts == score.UNKNOWN
        least = requirement.must[what].min if what in requirement.must else None
        for name in names:
            sure = exact(name)
            if isinstance(view, Assemblies) and least is not None:
                sure = sure | view.short(name, number(least))
            doubt &= sure
        unknown += doubt
    pairs = [worths(name, want, window) for name, want in requirement.want.items()]
    at_best = [np.where(exact(name), *pair) for name, pair in zip(requirement.want, pairs, strict=True)]
    floor = score.total(shares(requirement), at_best, n)
    ceiling = score.total(shares(requirement), (best for _, best in pairs), n)
    return Keys(failed, unknown, np.maximum(floor + penalty, 0.0), np.maximum(ceiling + penalty, 0.0))


def surely_failed(requirement: Requirement, window: Window) -> Mask:
    """Tell which rows fail a must, whatever else is found out."""
    failed = np.zeros(len(window), dtype=bool)
    for verdicts in musts(requirement, window).values():
        failed |= verdicts == score.FAILED
    return failed


class Reach:
    """How far the attributes of sets may still change when more parcels are added: what no growth can mend."""

    def __init__(self, graph: Graph, window: Window) -> None:
        self._graph = graph
        self._window = window
        self._balls: dict[tuple[str, int], tuple[Floats, Floats]] = {}

    def column(self, sets: Sets, nodes: Rows, attribute: Attribute, more: int) -> Column:
        """Return bounds of an attribute over every connected set that holds one of `sets` and `more` parcels at most.

        `nodes` are the same sets as numbers of the graph, -1 fills up.
        """
        found, name, measure = merge(sets, attribute).column, attribute.name, attribute.spec.measure
        if not isinstance(found, Range):
            every = isinstance(found, Labels) and measure in {"own_field", "joined_field"}
            return found if every or measure == "crosses" else _anything(found)
        if measure in ADDING or (measure == "own_field" and attribute.unit in AREAS):
            return Range(found.low, found.high + self._more(name, nodes, more))
        if measure in {"inscribed_circle", "rectangle_short"}:
            return self._larger(sets, nodes, attribute, more)
        if measure == "nearest_distance":
            low = np.where(np.isnan(found.low), 0.0, np.fmin(found.low, self._ends(name, nodes, more)[0]))
            return Range(low, np.where(np.isnan(found.high), np.inf, found.high))
        if measure in {"share_covered", "share_by_class", "list_share"}:
            return self._share(sets, nodes, name, more)
        return _anything(found)

    def _share(self, sets: Sets, nodes: Rows, name: str, more: int) -> Range:
        """Bound a mean by the least and the greatest within reach; what a set has stays, of an area that grows."""
        low, high = sets.ends(name, 0.0)
        area = sets.whole(sets.area) + self._more(MEASURED_AREA, nodes, more)
        covered, bare = (_sure(sets.whole(np.nan_to_num(one) * sets.area) / area) for one in (low, 1.0 - high))
        least, most = self._ends(name, nodes, more)
        return Range(np.maximum(least, covered), np.minimum(most, 1.0 - bare))

    def _larger(self, sets: Sets, nodes: Rows, attribute: Attribute, more: int) -> Column:
        """Bound a shape by the area there can be."""
        grown = Sets(np.column_stack([sets.members, sets.members[:, 0]]), sets.column)
        vars(grown)["area"] = np.column_stack([sets.area, self._more(MEASURED_AREA, nodes, more)])
        return merge(grown, attribute).column

    def _more(self, name: str, nodes: Rows, more: int) -> Floats:
        """Return how much so many more parcels can add: the i-th added is at most i steps away.

        What a parcel adds is what its merge says of it alone.
        """
        total = np.zeros(len(nodes))
        for steps in range(1, more + 1):
            total += self._ends(name, nodes, steps)[1]
        return total

    def _ends(self, name: str, nodes: Rows, steps: int) -> tuple[Floats, Floats]:
        """Return the least and the greatest value of the parcels within so many steps of each set."""
        low, high = self._ball(name, steps)
        held = nodes >= 0
        return np.where(held, low[nodes], np.inf).min(axis=1), np.where(held, high[nodes], -np.inf).max(axis=1)

    def _ball(self, name: str, steps: int) -> tuple[Floats, Floats]:
        if (name, steps) not in self._balls:
            if steps == 0:
                alone = Sets(self._graph.rows[:, None], self._window.whole)
                column = merge(alone, self._window.catalogue.attributes[name]).column
                assert isinstance(column, Range)
                low, high = column.low, column.high
                self._balls[name, 0] = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
            else:
                low, high = self._ball(name, steps - 1)
                ends = self._graph.spread(low, np.minimum), self._graph.spread(high, np.maximum)
                self._balls[name, steps] = ends
        return self._balls[name, steps]


def _sure(shares: Floats) -> Floats:
    """Return what of some shares is left however they are rounded; nothing where they may be snapped to nothing."""
    return np.where(shares > 2 * SNAP, shares - SNAP / 2, 0.0)


def _anything(column: Column) -> Column:
    """Return a column of the same kind that may be anything."""
    if isinstance(column, Range):
        return Range.unknown(len(column))
    return Flags.unknown(len(column)) if isinstance(column, Flags) else Labels.unknown(len(column))


@dataclass(frozen=True, eq=False)
class Reachable(Assemblies):
    """Sets with the bounds of all they can grow into."""

    reach: Reach | None = None
    nodes: Rows | None = None
    more: int = 0

    def column(self, name: str) -> Column:
        """Return the bounds of an attribute."""
        assert self.reach is not None
        assert self.nodes is not None
        return self.reach.column(self.sets, self.nodes, self.parcels_window.catalogue.attributes[name], self.more)
