"""Painted cells as the geometries of vector tiles: areas with smooth inner sides, lines along cells, points."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gis_sites.store.cells import TILE_BITS, Ints, Picture, distinct

if TYPE_CHECKING:
    import shapely

EDGE = 2
"""How many cells of its neighbours a tile repeats, so that no seam shows where it ends."""
Tile = tuple[int, int]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Shape:
    """What of a group lies in a tile, in units of the tile: 4096 across, y downwards, shells with positive area."""

    tile: Tile
    group: int
    geometry: "shapely.Geometry"


def shapes(picture: Picture, tiles: set[Tile], *, cells: int) -> Iterator[Shape]:
    """Draw tiles that are so many cells wide, those asked for."""
    yield from _areas(picture.runs, tiles, cells)
    yield from _lines(picture.steps, tiles, cells)
    yield from _points(picture.dots, tiles, cells)


def _areas(runs: Ints, tiles: set[Tile], cells: int) -> Iterator[Shape]:
    """Draw areas: a band of tiles at a time."""
    unit = (1 << TILE_BITS) // cells
    for band in sorted({y for _, y in tiles}):
        top = band * cells - EDGE
        low, high = np.searchsorted(runs[0], [top, top + cells + 2 * EDGE])
        row, group, start, end = runs[:, low:high]
        if not len(row):
            continue
        left, right = start.min() // cells, (end.max() - 1) // cells
        for one in np.unique(group):
            mine = group == one
            mask = _mask(
                row[mine] - top, start[mine], end[mine], (left * cells - EDGE, (right + 1) * cells + EDGE), cells
            )
            for tile in sorted(tile for tile in tiles if tile[1] == band and left <= tile[0] <= right):
                at = (tile[0] - left) * cells
                window = mask[:, at : at + cells + 2 * EDGE]
                if window.any():
                    yield Shape(tile, int(one), outline(window, unit, -EDGE * unit))


def _mask(row: Ints, start: Ints, end: Ints, span: tuple[int, int], cells: int) -> Mask:
    """Return the painted cells of a band of tiles."""
    turns = np.zeros((cells + 2 * EDGE, span[1] - span[0] + 1), dtype=np.int8)
    start, end = (np.clip(ends, *span) - span[0] for ends in (start, end))
    np.add.at(turns, (row, start), 1)
    np.add.at(turns, (row, end), -1)
    return np.cumsum(turns, axis=1, dtype=np.int8)[:, :-1] > 0


def outline(mask: Mask, unit: int, origin: int) -> "shapely.Geometry":
    """Return the painted cells of a grid as valid polygons, the corner of its first cell at (origin, origin)."""
    import shapely

    begin, end = _edges(_without_corners(np.pad(mask, 1)))
    ring, order = _rings(begin, end)
    first = np.flatnonzero(np.diff(ring[order], prepend=-1))
    sizes = np.diff(np.append(first, len(order)))
    # Every ring ends where it begins.
    points = begin[order][np.insert(np.arange(len(order)), first + sizes, first)]
    edge = order[first]
    along = np.sign(end[edge] - begin[edge])
    # The middle of the cell on the left of its first edge.
    inside = begin[edge] + (along + along[:, ::-1] * [-1, 1]) / 2
    return shapely.multipolygons(_polygons(points * unit + origin, sizes + 1, inside * unit + origin))


def _without_corners(grid: Mask) -> Mask:
    """Paint the upper cell beside every two that only touch in a corner: rings must not touch themselves."""
    while True:
        nw, ne, sw, se = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
        touching = (nw == se) & (ne == sw) & (nw != ne)
        if not touching.any():
            return grid
        grid = grid.copy()
        grid[:-1, :-1] |= touching
        grid[:-1, 1:] |= touching


def _edges(grid: Mask) -> tuple[Ints, Ints]:
    """Return where (x, y downwards) the edges around painted cells begin and end, the cells on their left.

    They are as long as can be.
    """
    nw, ne, sw, se = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
    flat = np.argwhere((nw != sw) != (ne != se)).reshape(-1, 2, 2)
    steep = np.argwhere(((nw != ne) != (sw != se)).T).reshape(-1, 2, 2)[:, :, ::-1]
    below = grid[flat[:, 0, 0] + 1, flat[:, 0, 1] + 1]
    before = grid[steep[:, 0, 0] + 1, steep[:, 0, 1]]
    ends = np.concatenate([flat, steep])[:, :, ::-1]
    onward = np.concatenate([below, before])[:, None]
    return np.where(onward, ends[:, 0], ends[:, 1]), np.where(onward, ends[:, 1], ends[:, 0])


def _rings(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return the ring of each edge, and the edges ring by ring in the order one walks them.

    All walk at once, in strides that double: first to find the least edge of a ring, then how far it is.
    """
    wide = begin.max() + 1
    starts, ends = (at[:, 1] * wide + at[:, 0] for at in (begin, end))
    sorted_ = np.argsort(starts)
    follows = sorted_[np.searchsorted(starts[sorted_], ends)]
    ring, stride = np.arange(len(follows)), follows
    while ((least := np.minimum(ring, ring[stride])) != ring).any():
        ring, stride = least, stride[stride]
    last = follows == ring
    stride, to_go = np.where(last, np.arange(len(follows)), follows), (~last).astype(np.int64)
    while (more := to_go[stride]).any():
        to_go, stride = to_go + more, stride[stride]
    return ring, np.lexsort((-to_go, ring))


def _polygons(points: Ints, sizes: Ints, inside: npt.NDArray[np.float64]) -> npt.NDArray[np.object_]:
    """Put closed rings together: shells wind to the left, holes to the right; each hole goes to the shell around it.

    `inside` has a point for each ring that is in its polygon.
    """
    import shapely

    ends = np.cumsum(sizes)
    x, y = points.T.astype(np.int64)
    turns = np.append(x[:-1] * y[1:] - x[1:] * y[:-1], 0)
    turns[ends - 1] = 0
    area = np.add.reduceat(turns, ends - sizes)
    shells, holes = np.flatnonzero(area > 0), np.flatnonzero(area < 0)
    which = np.repeat(np.arange(len(sizes)), sizes)
    rings = shapely.linearrings(points.astype(np.float64), indices=which)
    hole, shell = shapely.STRtree(shapely.polygons(rings[shells])).query(
        shapely.points(inside[holes]), predicate="within"
    )
    smallest = np.lexsort((area[shells[shell]], hole))
    hole, first = np.unique(hole[smallest], return_index=True)
    around = np.arange(len(sizes))
    around[holes[hole]] = shells[shell[smallest[first]]]
    order = np.lexsort((area < 0, around))
    new = shapely.get_coordinates(rings[order])
    bounds = np.flatnonzero(np.append(area[order] > 0, True))
    offsets = np.concatenate([[0], np.cumsum(sizes[order])])
    polygons: npt.NDArray[np.object_] = shapely.from_ragged_array(shapely.GeometryType.POLYGON, new, (offsets, bounds))
    return polygons


def _lines(steps: Ints, tiles: set[Tile], cells: int) -> Iterator[Shape]:
    """Draw lines through the centres of cells, smoothed; each tile has the steps that begin or end in it."""
    import shapely

    unit = (1 << TILE_BITS) // cells
    _, x, y, right, down = steps
    for tile, group, which in _by_tile(steps[0], [(x, y), (x + right, y + down)], tiles, cells):
        _, x, y, right, down = steps[:, which]
        # A line that stays in its cell is as long as half of it: the least one sees.
        half = ((right == 0) & (down == 0)) * (unit // 4)
        begin = _centres(np.stack([x, y]), tile, cells) - np.stack([half, 0 * half])
        end = _centres(np.stack([x + right, y + down]), tile, cells) + np.stack([half, 0 * half])
        edges = shapely.linestrings(np.stack([begin.T, end.T], axis=1).astype(float))
        merged = shapely.line_merge(shapely.multilinestrings(edges))
        yield Shape(tile, group, shapely.simplify(merged, 0.75 * unit, preserve_topology=False))


def _points(dots: Ints, tiles: set[Tile], cells: int) -> Iterator[Shape]:
    """Draw points in the centres of cells."""
    import shapely

    for tile, group, which in _by_tile(dots[0], [(dots[1], dots[2])], tiles, cells):
        yield Shape(tile, group, shapely.multipoints(_centres(dots[1:, which], tile, cells).T.astype(float)))


def _centres(cell: Ints, tile: Tile, cells: int) -> Ints:
    unit = (1 << TILE_BITS) // cells
    centres: Ints = (cell - np.array([tile]).T * cells) * unit + unit // 2
    return centres


def _by_tile(
    group: Ints, ends: list[tuple[Ints, Ints]], tiles: set[Tile], cells: int
) -> Iterator[tuple[Tile, int, Ints]]:
    """Yield, tile by tile and group by group, which items have an end in the tile."""
    which = np.tile(np.arange(len(group)), len(ends))
    x, y = (np.concatenate([end[side] for end in ends]) // cells for side in (0, 1))
    places = distinct(np.stack([y, x, group[which], which]))
    changes = np.flatnonzero(np.diff(places[:3], axis=1).any(axis=0)) + 1
    for piece in np.split(places, changes, axis=1) if places.shape[1] else ():
        tile = (int(piece[1, 0]), int(piece[0, 0]))
        if tile in tiles:
            yield tile, int(piece[2, 0]), piece[3]
