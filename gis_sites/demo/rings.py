"""Rings of shared corners: a ring is a run of ranges over one array of points, so that neighbours hold the same corner.

A range is (start, step, count); a ring is one range after another. Everything that tiles the city is written in rings.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats, ragged

Ints = npt.NDArray[np.int64]
Range = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Rings:
    """Rings as indices of points: ring k is `points[offsets[k]:offsets[k + 1]]`, open (the first is not repeated)."""

    points: Ints
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def owner(self) -> Ints:
        """For each point the ring it belongs to."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def take(self, rows: Ints) -> "Rings":
        """Return some rings in the given order."""
        counts = np.diff(self.offsets)[rows]
        return Rings(self.points[spread(self.offsets[:-1][rows], np.ones_like(counts), counts)], _offsets(counts))

    def polygons(self, xy: Floats) -> npt.NDArray[np.object_]:
        """Return the rings as polygons over the points `xy`."""
        import shapely

        shells = shapely.linearrings(xy[self.points], indices=self.owner)
        polygons: npt.NDArray[np.object_] = shapely.polygons(shells)
        return polygons

    def areas(self, xy: Floats) -> Floats:
        """Return the planar area of each ring (the shoelace formula)."""
        x, y = (xy - xy[0]).T
        here, there = self.points, self._next()
        cross = x[here] * y[there] - x[there] * y[here]
        return np.abs(np.add.reduceat(cross, self.offsets[:-1])) / 2

    def edges(self) -> Ints:
        """Return every edge as a pair of points (lower first)."""
        return np.sort(np.column_stack((self.points, self._next())), axis=1)

    def _next(self) -> Ints:
        following = np.roll(self.points, -1)
        following[self.offsets[1:] - 1] = self.points[self.offsets[:-1]]
        return following


def _offsets(counts: Ints) -> Ints:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(counts)))


def spread(start: Ints, step: Ints, count: Ints) -> Ints:
    """Write out ranges one after another.

    >>> spread(np.array([5, 9]), np.array([1, -3]), np.array([2, 3]))
    array([5, 6, 9, 6, 3])
    """
    which, within = ragged(count)
    return start[which] + within * step[which]


def from_ranges(rings: Iterable[Iterable[Range]]) -> Rings:
    """Make rings from ranges."""
    counts: list[int] = []
    flat: list[Range] = []
    for ring in rings:
        before = len(flat)
        flat.extend(ring)
        counts.append(sum(count for _, _, count in flat[before:]))
    table = np.array(flat, dtype=np.int64).reshape(-1, 3)
    return Rings(spread(table[:, 0], table[:, 1], table[:, 2]), _offsets(np.array(counts, dtype=np.int64)))


def join(first: Rings, second: Rings) -> Rings:
    """Return the rings of both, one after another."""
    offsets = np.concatenate((first.offsets, second.offsets[1:] + first.offsets[-1]))
    return Rings(np.concatenate((first.points, second.points)), offsets)


def rectangles(base: Ints, stride: Ints, spans: tuple[Ints, Ints, Ints, Ints]) -> Rings:
    """Return the rims of rectangles of lattices: columns c0..c1 and rows r0..r1, `stride` points to a row."""
    c0, c1, r0, r1 = spans
    wide, tall = c1 - c0, r1 - r0
    starts = np.column_stack((
        base + r0 * stride + c0, base + r0 * stride + c1, base + r1 * stride + c1, base + r1 * stride + c0,
    ))  # fmt: skip
    steps = np.column_stack((np.ones_like(base), stride, -np.ones_like(base), -stride))
    counts = np.column_stack((wide, tall, wide, tall))
    return Rings(spread(starts.ravel(), steps.ravel(), counts.ravel()), _offsets(2 * (wide + tall)))


def reverse(one: Range) -> Range:
    """Return a range walked from its end."""
    start, step, count = one
    return start + step * (count - 1), -step, count


def rim(rings: Rings, xy: Floats) -> npt.NDArray[np.object_]:
    """Return the polygons around all rings together: the edges that only one ring has."""
    import shapely

    edges = rings.edges()
    keys = edges[:, 0] * np.int64(len(xy)) + edges[:, 1]
    _, first, times = np.unique(keys, return_index=True, return_counts=True)
    once = edges[first[times == 1]]
    lines = shapely.linestrings(xy[once])
    made: npt.NDArray[np.object_] = shapely.get_parts(shapely.polygonize(lines))
    return made
