"""Sets of parcels in the order of what they can be at best, and those of them that a list shows."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gis_sites.columns import Floats, Ints, Rows
from gis_sites.matching.assembly_site import Keys
from gis_sites.profile.features import Mask

ALIKE = 0.5
"""Two sets are near-duplicates when their common area is more than this part of their area together."""
Place = tuple[int, float, float, int, tuple[int, ...]]
"""Where a set stands: unknown musts, floor and ceiling (negated), how many parcels more than one, its rows."""


@dataclass
class Tally:
    """How many sets were looked at, and what became of them."""

    top: int = 0
    """How many candidates were asked for: no more is looked at than that takes."""
    considered: int = 0
    possible: int = 0
    measured: int = 0
    near_duplicates: int = 0
    larger_than_needed: int = 0
    capped: bool = False
    """Whether a bound on the work was hit, so that some set may have been missed."""
    cut: bool = False
    """Whether sets that can stand low were let go."""

    def document(self) -> dict[str, Any]:
        """Return it as answers show it."""
        told = {name: value for name, value in vars(self).items() if name != "cut"}
        return {**told, "thinned_above": ALIKE}


@dataclass(frozen=True, eq=False)
class Pool:
    """Sets that may fit: rows of the view of parcels (-1 fills up), and how well they can stand at best."""

    members: Ints
    keys: Keys

    @classmethod
    def empty(cls, width: int) -> "Pool":
        """Return a pool without a set, of sets of so many parcels at most."""
        none = np.empty(0)
        return cls(np.empty((0, width), np.int32), Keys(np.empty(0, bool), np.empty(0, np.intp), none, none))

    @classmethod
    def united(cls, pools: "Sequence[Pool]") -> "Pool":
        """Put pools together."""
        keys = [np.concatenate(one) for one in zip(*(vars(pool.keys).values() for pool in pools), strict=True)]
        return cls(np.concatenate([pool.members for pool in pools]), Keys(*keys))

    def __len__(self) -> int:
        return len(self.members)

    def take(self, rows: Rows | Mask) -> "Pool":
        """Return some of the sets."""
        return Pool(self.members[rows], self.keys.take(rows))

    def ranked(self) -> "Pool":
        """Return the sets, those that can stand highest first."""
        columns = [self.members[:, place] for place in reversed(range(self.members.shape[1]))]
        size = (self.members >= 0).sum(axis=1)
        return self.take(np.lexsort([*columns, size, -self.keys.ceiling, -self.keys.floor, self.keys.unknown]))

    def place(self, row: int) -> Place:
        """Return where a set stands."""
        members = tuple(one for one in self.members[row].tolist() if one >= 0)
        keys = self.keys
        unknown, floor, ceiling = int(keys.unknown[row]), float(keys.floor[row]), float(keys.ceiling[row])
        return unknown, -floor, -ceiling, len(members) - 1, members


@dataclass
class Bar:
    """What a set must reach to be listed: the last place of the list that something else holds, if all are held."""

    last: Place | None = None

    def reached(self, keys: Keys) -> Mask:
        """Tell which sets, as well as they can turn out, stand no lower."""
        if self.last is None:
            return np.ones(len(keys.failed), dtype=bool)
        unknown, floor, ceiling = self.last[0], -self.last[1], -self.last[2]
        level = (keys.floor > floor) | ((keys.floor == floor) & (keys.ceiling >= ceiling))
        return np.asarray((keys.unknown < unknown) | ((keys.unknown == unknown) & level))

    def in_reach(self, points: float) -> bool:
        """Tell whether a set of so many points at most, of which nothing is unknown, may stand no lower."""
        best = max(points, 0.0)
        return self.last is None or (0, -best, -best) <= self.last[:3]


@dataclass(eq=False)
class Chosen:
    """The sets listed so far."""

    area: Floats
    alone: dict[int, tuple[int, float, float]]
    sets: list[Place] = field(default_factory=list)
    of: dict[int, list[int]] = field(default_factory=dict)

    def takes(self, place: Place, tally: Tally) -> bool:
        """List a set, unless one of the two rules leaves it out."""
        if not self.may_take(place, tally):
            return False
        for row in place[4]:
            self.of.setdefault(row, []).append(len(self.sets))
        self.sets.append(place)
        return True

    def may_take(self, place: Place, tally: Tally) -> bool:
        """Tell whether a set that stands there, or lower, is not surely left out."""
        members = set(place[4])
        if any(self.alone[row] <= place[:3] for row in members if row in self.alone):
            tally.larger_than_needed += 1
            return False
        for number in sorted({number for row in members for number in self.of.get(row, ())}):
            other = self.sets[number]
            if members > set(other[4]) and other[:3] <= place[:3]:
                tally.larger_than_needed += 1
                return False
            if self.alike(place, other):
                tally.near_duplicates += 1
                return False
        return True

    def alike(self, one: Place, other: Place) -> bool:
        """Tell whether the common area of two sets is more than half of their area together."""
        mine, theirs = set(one[4]), set(other[4])
        both, all_ = (sum(float(self.area[row]) for row in sorted(rows)) for rows in (mine & theirs, mine | theirs))
        return both > ALIKE * all_


class Queue:
    """Sets by where they can stand at best: those of a ranked pool, and those that were measured since."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._at = 0
        self._heap: list[tuple[Place, int]] = []

    def best(self) -> tuple[Place, int] | None:
        """Return the set that can stand highest, and how many stages of measuring it has behind it."""
        first = [(self._pool.place(self._at), 0)] if self._at < len(self._pool) else []
        return min([*first, *self._heap[:1]], default=None)

    def take(self) -> tuple[Place, int]:
        """Take it out."""
        if self._heap and (self._at >= len(self._pool) or self._heap[0] < (self._pool.place(self._at), 0)):
            return heapq.heappop(self._heap)
        self._at += 1
        return self._pool.place(self._at - 1), 0

    def put(self, place: Place, stage: int) -> None:
        """Put a set in."""
        heapq.heappush(self._heap, (place, stage))


def padded(sets: Sequence[tuple[int, ...]]) -> Rows:
    """Return sets as rows of an array, -1 at the end of the shorter ones.

    >>> padded([(1, 2), (1, 2, 5)]).tolist()
    [[1, 2, -1], [1, 2, 5]]
    """
    members = np.full((len(sets), max(map(len, sets))), -1, dtype=np.intp)
    for row, some in enumerate(sets):
        members[row, : len(some)] = some
    return members


def surpassed(keys: Keys, alone: Keys, nodes: Rows) -> Mask:
    """Tell of which sets a parcel does by itself at least as well as the set can at best."""
    surpassed = np.zeros(len(nodes), dtype=bool)
    for place in range(nodes.shape[1]):
        one = alone.take(nodes[:, place])
        level = (one.floor > keys.floor) | ((one.floor == keys.floor) & (one.ceiling >= keys.ceiling))
        surpassed |= ~one.failed & ((one.unknown < keys.unknown) | ((one.unknown == keys.unknown) & level))
    return surpassed
