"""Assemblies: every connected set of neighbours that meets the musts as one site, ranked, and none twice over.

Sets grow parcel by parcel; what no growth can mend is cut off, so nothing that fits is missed. Merged values bound
what measuring the union can say; unions are measured best first, until no other set can stand higher. Two rules speak
of the list: a set is left out where a part of it (a parcel, or a listed set) does as well, and where it shares more
than half of its area (intersection by union) with a listed one.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from gis_sites.columns import Floats, Range, Rows
from gis_sites.matching import connected
from gis_sites.matching.assembly_list import Bar, Chosen, Place, Pool, Queue, Tally, padded, surpassed
from gis_sites.matching.assembly_room import Rooms
from gis_sites.matching.assembly_site import (
    Assemblies,
    Keys,
    Reach,
    Reachable,
    SetWindow,
    Together,
    asked_names,
    hopeful,
    keys_of,
    surely_failed,
)
from gis_sites.matching.bigger import Assembly
from gis_sites.matching.connected import Graph
from gis_sites.matching.footprint import too_small
from gis_sites.matching.requirement import Requirement
from gis_sites.matching.verdicts import PARCEL_ID, Window
from gis_sites.profile.adjacency import Pairs
from gis_sites.profile.features import Mask
from gis_sites.profile.merge import MEASURED_AREA
from gis_sites.profile.stored_land import Land

SEEDS = 2_048
"""Parcels from which sets are grown together: what bounds memory."""
BATCH = 32
"""Unions measured together."""
MOST_POINTS = 100.0 + 1e-6
"""What a set can reach at most, and what adding up may make of it."""
CHEAP = frozenset({"compactness"})
"""What is measured on the union's outline alone."""
DEAR = frozenset({"net_area", "inscribed_circle", "rectangle_long", "rectangle_short"})
"""What is measured last: it takes a hundred times as long."""


@dataclass(frozen=True)
class Effort:
    """What is done for one shortlist at most; an answer says where that was not enough."""

    grown: int = 400_000
    """Sets that are grown further, of all sizes together."""
    sets: int = 1_000_000
    """Sets that are kept for measuring."""
    measured: tuple[int, int, int] = (100_000, 10_000, 1_000)
    """Unions that are measured, stage by stage."""


FOR_THE_PUBLIC = Effort(40_000, 100_000, (2_000, 500, 100))
"""Some seconds of work."""


@dataclass(frozen=True, eq=False)
class Search:
    """One requirement, the parcels, and how they may be joined."""

    requirement: Requirement
    window: Window
    together: Together
    most: Effort = Effort()
    tally: Tally = field(default_factory=Tally)
    bar: Bar = field(default_factory=Bar)

    @cached_property
    def how(self) -> Assembly:
        """How parcels may be joined."""
        return self.requirement.assembly or Assembly()

    @cached_property
    def _lenient(self) -> Requirement:
        return hopeful(self.requirement)

    @cached_property
    def _land(self) -> Land | None:
        """Where a footprint is looked for, if one is asked for."""
        return self.together.land(self.how.max_gap_m) if self.requirement.footprint is not None else None

    @cached_property
    def _rooms(self) -> Rooms | None:
        footprint = self.requirement.footprint
        return Rooms(footprint, self.together, self.how.max_gap_m) if footprint and self._land is not None else None

    def penalty(self, extra: Rows | int) -> Any:  # noqa: ANN401 - a number, or one a set
        """Return the points that so many parcels more than one cost."""
        return self.how.points_per_extra_parcel * extra

    def listed(self, top: int, others: Sequence[Place] = ()) -> list[Place]:
        """Return the best sets in order; `others` compete for the places of the list."""
        self.tally.top, places = top, sorted(others)
        self.bar.last = places[top - 1] if 0 < top <= len(places) else None
        return list(self._chosen(self.possible().ranked(), top, places))

    def graph(self) -> Graph:
        """Return which parcels lie beside each other, as far as the requirement lets them be joined."""
        pairs = joined(self.together, self.how)
        return Graph.of(len(self.window), pairs.first, pairs.second, pairs.shared)

    # ---- growing ---------------------------------------------------------------------------------------

    def possible(self) -> Pool:
        """Return every connected set that may meet the musts and be listed, and that no parcel of its own surpasses."""
        graph = self._hopeful(self.graph())
        alone = self._alone(graph.rows)
        pools = [Pool.empty(self.how.max_parcels)]
        for first, last in connected.stretches(len(graph), SEEDS):
            pools += self._grown(graph, alone, first, last)
            if sum(map(len, pools)) > 2 * self.most.sets:
                pools = [self._cut(Pool.united(pools))]
        pool = self._cut(Pool.united(pools))
        self.tally.possible = len(pool)
        return pool

    def _hopeful(self, graph: Graph) -> Graph:
        """Leave out the parcels that no set within reach can mend, until none is left out."""
        while len(graph):
            nodes = np.arange(len(graph), dtype=np.intp)[:, None]
            stays = self._can_grow(graph, Reach(graph, self.window), nodes, self.how.max_parcels - 1)
            smaller = graph.only(stays)
            if len(smaller) == len(graph):
                break
            graph = smaller
        return graph

    def _can_grow(self, graph: Graph, reach: Reach, nodes: Rows, more: int) -> Mask:
        """Tell which sets may meet the musts with so many more parcels."""
        members = _rows(graph, nodes)
        view = Reachable(self.window, members, reach=reach, nodes=nodes, more=more)
        window = SetWindow(view, self.window.catalogue)
        return ~surely_failed(self._lenient, window) & ~self._no_room(window)

    def _no_room(self, window: Window) -> Mask:
        """Tell which sets surely have no room for the footprint, if one is asked for."""
        if self.requirement.footprint is None:
            return np.zeros(len(window), dtype=bool)
        return too_small(self.requirement.footprint, window)

    def _alone(self, rows: Rows) -> Keys:
        """Judge parcels by themselves; room for the footprint is looked for where nothing else fails."""
        keys = keys_of(self.requirement.model_copy(update={"footprint": None}), self.window.at(rows))
        good = np.flatnonzero(~keys.failed)
        if self.requirement.footprint is not None and len(good):
            found = keys_of(self.requirement, self.window.at(rows[good]))
            keys.failed[good], keys.unknown[good] = found.failed, found.unknown
        return keys

    def _grown(self, graph: Graph, alone: Keys, first: int, last: int) -> Iterator[Pool]:
        """Grow the sets of some first parcels, size by size."""
        growing, reach = connected.seeds(graph, first, last), Reach(graph, self.window)
        most = max(self.most.grown * (last - first) // len(graph) // max(self.how.max_parcels - 2, 1), 1_000)
        for size in range(2, self.how.max_parcels + 1):
            nodes = growing.grown()
            if not len(nodes) or not self.bar.in_reach(MOST_POINTS + self.penalty(size - 1)):
                return
            self.tally.considered += len(nodes)
            which = np.arange(len(nodes), dtype=np.intp)
            if more := self.how.max_parcels - size:
                which = np.flatnonzero(self._can_grow(graph, reach, nodes, more))
            keys = self._at_best(graph, nodes[which])
            good = ~keys.failed & self.bar.reached(keys) & ~surpassed(keys, alone, nodes[which])
            members = np.full((int(good.sum()), self.how.max_parcels), -1, dtype=np.int32)
            members[:, :size] = _rows(graph, nodes[which[good]])
            yield Pool(members, keys.take(good))
            if more:
                if len(which) > most:
                    self.tally.capped = True
                    which = np.sort(which[np.lexsort([-keys.ceiling, -keys.floor, keys.unknown])[:most]])
                growing = connected.going_on(graph, growing, which)

    def _at_best(self, graph: Graph, nodes: Rows) -> Keys:
        """Judge and score sets by what their parcels tell."""
        view = Assemblies(self.window, _rows(graph, nodes), inner=graph.inner(nodes))
        window = SetWindow(view, self.window.catalogue)
        keys = keys_of(self._lenient, window, self.penalty(nodes.shape[1] - 1))
        return replace(keys, failed=keys.failed | self._no_room(window))

    def _cut(self, pool: Pool) -> Pool:
        """Keep the sets that can stand highest."""
        if len(pool) <= self.most.sets:
            return pool
        self.tally.cut = True
        return pool.ranked().take(np.arange(self.most.sets))

    # ---- choosing --------------------------------------------------------------------------------------

    def _chosen(self, pool: Pool, top: int, others: list[Place]) -> Iterator[Place]:
        """Measure best first, what is cheap before what is not, and yield the sets that are listed, in order."""
        queue, chosen = Queue(pool), Chosen(self._areas(), self._good_alone(pool))
        done = [0] * len(self._stages)
        while (best := queue.best()) is not None and len(chosen.sets) + bisect_left(others, best[0]) < top:
            if best[1] == len(self._stages):
                queue.take()
                if chosen.takes(best[0], self.tally):
                    yield best[0]
                continue
            batch = self._batch(queue, chosen, best[1])
            done[best[1]] += len(batch)
            if done[best[1]] > self._most[best[1]]:
                self.tally.capped = True
                continue
            for place in self._measured(batch, self._stages[best[1]]):
                queue.put(place, best[1] + 1)
        self.tally.capped |= self.tally.cut and queue.best() is None

    @cached_property
    def _most(self) -> tuple[int, ...]:
        """How many sets each stage takes at most: where a footprint is asked for, none is cheap."""
        each = self.most.measured
        return each if self._land is None else (each[1], *each[1:])

    @cached_property
    def _stages(self) -> list[list[str]]:
        """What is measured first, and what is measured of those that may still stand high."""
        names, attributes = asked_names(self.requirement), self.window.catalogue.attributes
        measures = {name: attributes[name].spec.measure for name in names if name != PARCEL_ID}
        cheap = [name for name, measure in measures.items() if measure in CHEAP]
        return [cheap, [name for name, measure in measures.items() if measure not in DEAR], names]

    def _batch(self, queue: "Queue", chosen: "Chosen", stage: int) -> list[Place]:
        """Take the next sets of a stage that are not surely left out, or may be by one another."""
        batch: list[Place] = []
        later: list[Place] = []
        while (best := queue.best()) is not None and best[1] == stage and len(batch) + len(later) < BATCH:
            place, _ = queue.take()
            if chosen.may_take(place, self.tally):
                like = stage and any(chosen.alike(place, other) for other in batch)
                (later if like else batch).append(place)
        for place in later:
            queue.put(place, stage)
        return batch

    def _measured(self, places: Sequence[Place], names: Sequence[str]) -> Iterator[Place]:
        """Judge sets again with some attributes measured; yield where each stands that failed nothing."""
        if not places:
            return
        members = padded([place[4] for place in places])
        view = self.site(members, names)
        whole = names is self._stages[-1]
        self.tally.measured += len(places) if whole else 0
        keys = keys_of(
            self.requirement if whole else self._lenient,
            SetWindow(view, self.window.catalogue),
            self.penalty((members >= 0).sum(axis=1) - 1),
        )
        if not whole and self._rooms is not None:
            keys = self._rooms.judged(keys, view)
        found = Pool(members.astype(np.int32), keys)
        yield from (found.place(row) for row in np.flatnonzero(~keys.failed).tolist())

    def site(self, members: Rows, names: Sequence[str]) -> Assemblies:
        """Return sets as sites; of some attributes, what the parcels do not decide is measured on their unions."""
        bare = Assemblies(self.window, members, land=self._land)
        open_ = [name for name in names if not bare.exact(name).all()]
        if not open_:
            return bare
        parcels = [tuple(bare.parcels(row)) for row in range(len(bare))]
        measured = self.together.measured(parcels, open_, self.how.max_gap_m)
        return replace(bare, measured=measured)

    def _good_alone(self, pool: Pool) -> dict[int, tuple[int, float, float]]:
        """Return where each parcel of a pool stands that fails nothing by itself."""
        rows = np.unique(pool.members[pool.members >= 0]).astype(np.intp)
        keys = self._alone(rows)
        good = np.flatnonzero(~keys.failed)
        told = [(int(keys.unknown[at]), -float(keys.floor[at]), -float(keys.ceiling[at])) for at in good]
        return dict(zip(rows[good].tolist(), told, strict=True))

    def _areas(self) -> Floats:
        column = self.window.whole(MEASURED_AREA)
        assert isinstance(column, Range)
        return column.low


def joined(together: Together, how: Assembly) -> Pairs:
    """Return the pairs of parcels that a requirement lets be joined."""
    pairs = together.pairs(how.max_gap_m, across=how.across_roads)
    return pairs.take(pairs.across | (pairs.gap <= how.max_gap_m))


def _rows(graph: Graph, nodes: Rows) -> Rows:
    return graph.rows[np.sort(nodes, axis=1)]
