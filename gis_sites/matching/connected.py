"""Parcels beside each other as a graph, and its connected sets: each grown once, whatever the order of the parcels.

Wernicke, Efficient Detection of Network Motifs, IEEE/ACM Transactions on Computational Biology and Bioinformatics 3
(2006), 347-359: a set is grown from its first parcel; every step adds one of the parcels that wait, and those beside
the new one wait too if they lie beside none that was there before. Here all sets of one size are grown at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gis_sites.columns import Floats, Rows, ragged
from gis_sites.profile.features import Mask


@dataclass(frozen=True, eq=False)
class Graph:
    """Parcels by number 0..n-1; `rows` are their rows in a view, rising; `start` and `other` their neighbours.

    `shared` is the length of the border with each neighbour: m.
    """

    rows: Rows
    start: Rows
    other: Rows
    shared: Floats

    @classmethod
    def of(cls, n: int, first: Rows, second: Rows, shared: Floats) -> "Graph":
        """Make the graph of n parcels from the pairs that lie beside each other, each given once.

        >>> Graph.of(3, np.array([0, 1]), np.array([1, 2]), np.array([20.0, 5.0])).other.tolist()
        [1, 0, 2, 1]
        """
        one, other = np.concatenate([first, second]), np.concatenate([second, first])
        order = np.lexsort((other, one))
        start = np.searchsorted(one[order], np.arange(n + 1)).astype(np.intp)
        return cls(np.arange(n, dtype=np.intp), start, other[order], np.concatenate([shared, shared])[order])

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def degree(self) -> Rows:
        """How many neighbours each has."""
        return np.diff(self.start)

    @cached_property
    def _edges(self) -> Rows:
        return np.repeat(np.arange(len(self), dtype=np.intp), self.degree) * len(self) + self.other

    def adjacent(self, one: Rows, other: Rows) -> Mask:
        """Tell which pairs lie beside each other."""
        return self.border(one, other) > 0

    def border(self, one: Rows, other: Rows) -> Floats:
        """Return the length of the border of each pair, 0 where they do not lie beside each other: m."""
        if not len(self._edges):
            return np.zeros(len(one))
        wanted = one * len(self) + other
        at = np.minimum(np.searchsorted(self._edges, wanted), len(self._edges) - 1)
        return np.where(self._edges[at] == wanted, self.shared[at], 0.0)

    def inner(self, nodes: Rows) -> Floats:
        """Return the length of all borders inside each set: m."""
        total = np.zeros(len(nodes))
        for one in range(nodes.shape[1]):
            for other in range(one):
                total += self.border(nodes[:, one], nodes[:, other])
        return total

    def only(self, keep: Mask) -> "Graph":
        """Return the graph of some of the parcels, those without a neighbour left out, numbered anew."""
        one = np.repeat(np.arange(len(self), dtype=np.intp), self.degree)
        stays = keep[one] & keep[self.other]
        some, number = np.unique(one[stays], return_inverse=True)
        start = np.searchsorted(number, np.arange(len(some) + 1)).astype(np.intp)
        return Graph(
            self.rows[some], start, np.searchsorted(some, self.other[stays]).astype(np.intp), self.shared[stays]
        )

    def spread(self, values: Floats, how: np.ufunc) -> Floats:
        """Return for each parcel the extreme (`np.minimum` or `np.maximum`) of its own value and its neighbours'."""
        result = values.copy()
        some = self.degree > 0
        if some.any():
            result[some] = how(values[some], how.reduceat(values[self.other], self.start[:-1][some]))
        return result


@dataclass(frozen=True, eq=False)
class Growing:
    """Sets of one size: `members` in the order in which they were added, and the parcels that wait to be added."""

    members: Rows
    start: Rows
    waiting: Rows

    @cached_property
    def owner(self) -> Rows:
        """The set of each waiting parcel."""
        return np.repeat(np.arange(len(self.members), dtype=np.intp), np.diff(self.start))

    def grown(self) -> Rows:
        """Return every set with one more parcel: a row for each waiting one."""
        return np.column_stack([self.members[self.owner], self.waiting])


def seeds(graph: Graph, first: int, last: int) -> Growing:
    """Return the sets of one parcel, for some stretch of them; later neighbours wait."""
    nodes = np.arange(first, last, dtype=np.intp)
    group, place = ragged(graph.degree[nodes])
    other = graph.other[graph.start[nodes[group]] + place]
    later = other > nodes[group]
    return Growing(nodes[:, None], _starts(group[later], len(nodes)), other[later])


def going_on(graph: Graph, before: Growing, which: Rows) -> Growing:
    """Return some of the sets that `grown` made, ready to be grown again."""
    owner, added = before.owner[which], before.waiting[which]
    group, place = ragged(before.start[owner + 1] - which - 1)
    left = before.waiting[which[group] + 1 + place]
    beside, place = ragged(graph.degree[added])
    fresh = graph.other[graph.start[added[beside]] + place]
    beside, fresh = _exclusive(graph, before.members[owner], beside, fresh)
    every = np.concatenate([group, beside])
    order = np.argsort(every, kind="stable")
    members = np.column_stack([before.members[owner], added])
    return Growing(members, _starts(every, len(which)), np.concatenate([left, fresh])[order])


def _exclusive(graph: Graph, members: Rows, group: Rows, fresh: Rows) -> tuple[Rows, Rows]:
    """Keep the parcels after a set's first that are not in it, nor beside any that is."""
    stays = fresh > members[group, 0]
    group, fresh = group[stays], fresh[stays]
    for place in range(members.shape[1]):
        one = members[group, place]
        stays = (fresh != one) & ~graph.adjacent(one, fresh)
        group, fresh = group[stays], fresh[stays]
    return group, fresh


def _starts(group: Rows, n: int) -> Rows:
    return np.concatenate([[0], np.cumsum(np.bincount(group, minlength=n))]).astype(np.intp)


def is_connected(graph: Graph, nodes: list[int]) -> bool:
    """Tell whether some parcels hang together."""
    seen, todo = {nodes[0]}, [nodes[0]]
    while todo:
        one = todo.pop()
        beside = set(graph.other[graph.start[one] : graph.start[one + 1]].tolist())
        more = (beside & set(nodes)) - seen
        seen |= more
        todo += more
    return len(seen) == len(set(nodes))


def stretches(n: int, size: int) -> Iterator[tuple[int, int]]:
    """Cut 0..n into stretches.

    >>> list(stretches(5, 2))
    [(0, 2), (2, 4), (4, 5)]
    """
    for first in range(0, n, size):
        yield first, min(first + size, n)
