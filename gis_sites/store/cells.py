"""Generalised pictures of a layer: cells a screen's pixel wide, painted wherever the layer has something.

Coordinates are whole numbers: the world of EPSG:3857 is 2^32 units wide, x to the east and y to the south from its
north-west corner, so a tile of zoom z is `x >> (32 - z)`. Nothing is left out: an area paints every cell it touches,
a line every cell it goes through, a point its own. Coarser pictures are made of finer ones, two by two cells.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_sites.columns import ragged

BITS = 32
HALF_M = 20037508.342789244
"""Half the width of the world in EPSG:3857."""
POINT, LINE, RING = range(3)
FEATURE_BYTES = 15
"""What a feature takes in a vector tile besides its vertices and all but two of its properties, at most."""
NEAR = 64
"""A step of fewer units of the tile takes one byte; two bytes otherwise."""
TILE_BITS = 12
"""A tile is 4096 units wide."""

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Paths:
    """Rings, lines and points, one after another: path `i` has the vertices from `first[i]` to `first[i + 1]`."""

    x: npt.NDArray[np.uint32]
    y: npt.NDArray[np.uint32]
    first: Ints
    kind: npt.NDArray[np.int8]
    row: Ints
    """The row of each path: paths of a row follow one another."""
    group: Ints
    """What a picture tells apart, such as the classes of a legend."""

    def of(self, kind: int) -> "Paths":
        """Return the paths of one kind."""
        return self.chosen(np.flatnonzero(self.kind == kind))

    def pieces(self, vertices: int) -> Iterator["Paths"]:
        """Yield the paths in pieces of about so many vertices."""
        for piece in np.array_split(np.arange(len(self.kind)), 1 + len(self.x) // vertices):
            yield self.chosen(piece)

    def chosen(self, which: Ints) -> "Paths":
        """Return some paths."""
        sizes = np.diff(self.first)[which]
        first = np.concatenate([[0], np.cumsum(sizes)])
        at = np.repeat(self.first[which] - first[:-1], sizes) + np.arange(first[-1])
        return Paths(self.x[at], self.y[at], first, self.kind[which], self.row[which], self.group[which])


def paths(geometries: npt.NDArray[np.object_], rows: Ints, groups: Ints) -> Paths:
    """Take geometries (EPSG:3857, valid) apart; shells and holes run in opposite directions."""
    import shapely

    parts, of = shapely.get_parts(shapely.orient_polygons(geometries), return_index=True)
    parts, inner = shapely.get_parts(parts, return_index=True)
    of = of[inner]
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    kinds = shapely.get_dimensions(parts)
    simple = np.concatenate([rings, parts[kinds == LINE], parts[kinds == POINT]])
    owner = np.concatenate([of[ring_of], of[kinds == LINE], of[kinds == POINT]])
    kind = np.repeat([RING, LINE, POINT], [len(rings), (kinds == LINE).sum(), (kinds == POINT).sum()])
    order = np.argsort(owner, kind="stable")
    points, at = shapely.get_coordinates(simple[order], return_index=True)
    first = np.concatenate([[0], np.cumsum(np.bincount(at, minlength=len(order)))])
    return Paths(
        _units(points[:, 0] + HALF_M),
        _units(HALF_M - points[:, 1]),
        first.astype(np.int64),
        kind[order].astype(np.int8),
        rows[owner[order]],
        groups[owner[order]],
    )


def _units(metres: Reals) -> npt.NDArray[np.uint32]:
    scaled: Reals = np.floor(metres * (2**BITS / (2 * HALF_M)))
    return np.clip(scaled, 0, 2**BITS - 1).astype(np.uint32, copy=False)


def joined(several: list[Paths]) -> Paths:
    """Put paths together."""
    ends = np.cumsum([0, *(len(one.x) for one in several)])
    firsts = [one.first[:-1] + start for one, start in zip(several, ends, strict=False)]
    return Paths(
        np.concatenate([one.x for one in several]),
        np.concatenate([one.y for one in several]),
        np.concatenate([*firsts, ends[-1:]]),
        np.concatenate([one.kind for one in several]),
        np.concatenate([one.row for one in several]),
        np.concatenate([one.group for one in several]),
    )


def span(some: Paths, zoom: int) -> tuple[int, int]:
    """Return how many tiles of a zoom lie across the paths, and how many down."""
    ends = [(int(one.min()) >> BITS - zoom, int(one.max()) >> BITS - zoom) for one in (some.x, some.y)]
    return ends[0][1] - ends[0][0] + 1, ends[1][1] - ends[1][0] + 1


def tile_box(tile: tuple[int, int, int], margin: float = 0.0) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a tile (zoom, x, y) in EPSG:3857, with a share of its width around."""
    zoom, x, y = tile
    wide = 2 * HALF_M / 2**zoom
    west, north = x * wide - HALF_M, HALF_M - y * wide
    return west - margin * wide, north - (1 + margin) * wide, west + (1 + margin) * wide, north + margin * wide


def sizes(some: Paths, zoom: int, *, properties: int) -> dict[tuple[int, int], int]:
    """Return about how many bytes the tiles of a zoom take when every row is sent as it is: (x, y) -> bytes.

    A little more than they will take: a tile's own format removes vertices that fall on one another.
    """
    shift = BITS - zoom
    tile = (some.y >> np.uint32(shift) if zoom else some.y * 0).astype(np.int64) << zoom
    tile |= (some.x >> np.uint32(shift) if zoom else some.x * 0).astype(np.int64)
    lengths = np.diff(some.first)
    row = np.repeat(some.row, lengths)
    cost = np.full(len(tile), 2)
    for ends in (some.x, some.y):
        steps = np.abs(np.diff(ends.astype(np.int64), prepend=0))
        cost += steps >= NEAR << (shift - TILE_BITS)
    cost[some.first[:-1]] += 3
    cost[np.flatnonzero(np.diff(tile, prepend=-1) | np.diff(row, prepend=-1))] += FEATURE_BYTES + 2 * properties
    found, at = np.unique(tile, return_inverse=True)
    sums = np.bincount(at, weights=cost, minlength=len(found))
    return {(int(one) & ((1 << zoom) - 1), int(one) >> zoom): int(n) for one, n in zip(found, sums, strict=True)}


@dataclass(frozen=True, eq=False)
class Picture:
    """Painted cells. Columns of `runs`: row, group, first and one past the last cell, sorted and apart.

    Of `steps`: group, x and y of a cell, and where the next cell of a line lies from it (0, 0 where there is none).
    Of `dots`: group, x, y.
    """

    runs: Ints
    steps: Ints
    dots: Ints

    def halved(self) -> "Picture":
        """Return the picture in cells twice as wide."""
        row, group, start, end = self.runs
        lines, x, y, right, down = self.steps
        steps = np.stack([lines, x >> 1, y >> 1, (x + right >> 1) - (x >> 1), (y + down >> 1) - (y >> 1)])
        return Picture(
            _merged(row >> 1, group, start >> 1, (end - 1 >> 1) + 1),
            _distinct_steps(steps),
            distinct(np.concatenate([self.dots[:1], self.dots[1:] >> 1])),
        )

    def tiles(self, cells: int) -> set[tuple[int, int]]:
        """Return the tiles (so many cells wide) that have a painted cell."""
        row, _, start, end = self.runs
        run, place = ragged((end - 1) // cells - start // cells + 1)
        _, x, y, right, down = self.steps
        pairs = [
            np.stack([(start // cells)[run] + place, (row // cells)[run]]),
            np.stack([x // cells, y // cells]),
            np.stack([(x + right) // cells, (y + down) // cells]),
            self.dots[1:] // cells,
        ]
        return {(int(x), int(y)) for x, y in distinct(np.concatenate(pairs, axis=1)).T}


def painted(some: Paths, bits: int) -> Picture:
    """Paint paths on a grid of 2^bits cells across the world."""
    shift = BITS - bits
    return Picture(_runs(some.of(RING), shift), _steps(some.of(LINE), shift), _dots(some.of(POINT), shift))


def over(pictures: list[Picture]) -> Picture:
    """Lay pictures of one grid over one another."""
    return Picture(
        _merged(*np.concatenate([one.runs for one in pictures], axis=1)),
        _distinct_steps(np.concatenate([one.steps for one in pictures], axis=1)),
        distinct(np.concatenate([one.dots for one in pictures], axis=1)),
    )


def _edges(some: Paths, shift: int) -> tuple[Ints, tuple[Reals, Reals, Reals, Reals]]:
    """Return the group and the two ends of every edge, in cells; a path of one vertex is an edge of no length."""
    lengths = np.diff(some.first)
    begins = np.ones(len(some.x), dtype=bool)
    begins[some.first[1:][lengths > 1] - 1] = False
    at = np.flatnonzero(begins)
    to = at + np.repeat(lengths > 1, lengths)[at]
    x, y = some.x / 2.0**shift, some.y / 2.0**shift
    return np.repeat(some.group, lengths)[at], (x[at], y[at], x[to], y[to])


def _runs(rings: Paths, shift: int) -> Ints:
    """Return the cells that areas touch: those their edges go through, and those whose centres lie inside."""
    group, (x0, y0, x1, y1) = _edges(rings, shift)
    low, high = np.minimum(y0, y1), np.maximum(y0, y1)
    bottom = np.floor(low)
    edge, place = ragged((np.floor(high) - bottom).astype(np.int64) + 1)
    row = bottom[edge] + place
    rise = y1 - y0
    slope = np.divide(x1 - x0, rise, out=np.zeros_like(rise), where=rise != 0)
    ends = [x0[edge] + (np.clip(row + side, low[edge], high[edge]) - y0[edge]) * slope[edge] for side in (0, 1)]
    ends[1] = np.where((rise == 0)[edge], x1[edge], ends[1])
    touched = (row, group[edge], np.floor(np.minimum(*ends)), np.floor(np.maximum(*ends)) + 1)
    hit = (y0[edge] <= row + 0.5) != (y1[edge] <= row + 0.5)
    edge, row = edge[hit], row[hit]
    column = np.ceil(x0[edge] + (row + 0.5 - y0[edge]) * slope[edge] - 0.5)
    inside = _inside(row, group[edge], column, np.where(rise[edge] > 0, 1, -1))
    return _merged(*(np.concatenate(both).astype(np.int64) for both in zip(touched, inside, strict=True)))


def _inside(row: Reals, group: Ints, column: Reals, turn: Ints) -> tuple[Any, Any, Any, Any]:
    """Return the runs of cells that edges wind around, from what they cross in each row."""
    order = np.lexsort((column, group, row))
    row, group, column = row[order], group[order], column[order]
    # Every ring is closed, so its turns sum to zero in every row: the count starts anew by itself.
    wound = (np.cumsum(turn[order]) != 0)[:-1] & (column[1:] > column[:-1])
    return row[:-1][wound], group[:-1][wound], column[:-1][wound], column[1:][wound]


def _merged(row: Ints, group: Ints, start: Ints, end: Ints) -> Ints:
    """Return runs sorted by row and group, those that overlap or adjoin made one."""
    if not len(row):
        return np.empty((4, 0), dtype=np.int64)
    top, left, groups = row.min(), start.min(), group.max() + 1
    wide = end.max() - left + 1
    line = ((row - top) * groups + group) * wide - left
    order = np.argsort(line + start, kind="stable")
    starts, ends = (line + start)[order], np.maximum.accumulate((line + end)[order])
    first = np.flatnonzero(np.concatenate([[True], starts[1:] > ends[:-1]]))
    starts, ends = starts[first], ends[np.append(first[1:], len(ends)) - 1]
    line, start = np.divmod(starts, wide)
    return np.stack([line // groups + top, line % groups, start + left, start + left + ends - starts])


def _steps(lines: Paths, shift: int) -> Ints:
    """Return the steps from cell to cell that lines make."""
    group, (x0, y0, x1, y1) = _edges(lines, shift)
    n = np.maximum(np.ceil(np.maximum(np.abs(x1 - x0), np.abs(y1 - y0))).astype(np.int64), 1)
    edge, place = ragged(n)
    share, then = place / n[edge], (place + 1) / n[edge]
    x, to_x = (np.floor(x0[edge] + (x1 - x0)[edge] * at).astype(np.int64) for at in (share, then))
    y, to_y = (np.floor(y0[edge] + (y1 - y0)[edge] * at).astype(np.int64) for at in (share, then))
    return _distinct_steps(np.stack([group[edge], x, y, to_x - x, to_y - y]))


def _distinct_steps(steps: Ints) -> Ints:
    """Return each step once, whichever way it is made; one that stays only where no other touches its cell."""
    group, x, y, right, down = steps
    back = (down < 0) | ((down == 0) & (right < 0))
    right, down = (np.where(back, -way, way) for way in (right, down))
    steps = distinct(np.stack([group, x - right * back, y - down * back, right, down]))
    group, x, y, right, down = steps
    still = (right == 0) & (down == 0)
    cells = np.concatenate([steps[:3], np.stack([group, x + right, y + down])], axis=1)
    _, which = _numbered(cells)
    touched = np.zeros(which.max(initial=0) + 1, dtype=bool)
    touched[which[np.tile(~still, 2)]] = True
    return steps[:, ~still | ~touched[which[: len(still)]]]


def _dots(points: Paths, shift: int) -> Ints:
    """Return the cells of points."""
    place = np.stack([points.x, points.y]).astype(np.int64) >> shift
    return distinct(np.concatenate([points.group[None, :], place]))


def distinct(columns: Ints) -> Ints:
    """Return each column once, sorted by the first row, then the second ..."""
    if not columns.shape[1]:
        return columns
    return columns[:, _numbered(columns)[0]]


def _numbered(columns: Ints) -> tuple[Ints, Ints]:
    """Return where each different column first stands, and the number of each column among these."""
    key = np.zeros(columns.shape[1], dtype=np.int64)
    for one in columns if len(key) else ():
        low = one.min()
        key = key * (one.max() - low + 1) + one - low
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    return first, which
