"""Tiles of the plane with a bounded number of rows each."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CELL_M = 250.0
"""Tiles are made of squares of this side; rows are counted by square."""
Bounds = tuple[float, float, float, float]


class Tile(NamedTuple):
    """A rectangle that owns the points in it (west and south sides too), without end at the edges of the plane."""

    west: float
    south: float
    east: float
    north: float

    def owns(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Say which points are this tile's: every point is one tile's."""
        found: npt.NDArray[np.bool_] = (self.west <= x) & (x < self.east) & (self.south <= y) & (y < self.north)
        return found


def tiles(counted: npt.NDArray[np.int64], boxes: npt.NDArray[np.float64], *, most: int) -> list[tuple[Tile, Bounds]]:
    """Divide the plane into tiles with no more rows than `most`, if a square has no more; say where to look in each.

    All rows are `counted` by square, as `cells` does; `boxes` [n, 4] are those of the rows that are looked at.

    Returns:
        the tiles in which such rows may be, each with the box that holds what these rows can meet there.
    """
    if not len(boxes):
        return []
    (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
    found = []
    for tile in _divided(counted, Tile(-np.inf, -np.inf, np.inf, np.inf), most):
        box = max(tile.west, x0), max(tile.south, y0), min(tile.east, x1), min(tile.north, y1)
        if box[0] <= box[2] and box[1] <= box[3]:
            found.append((tile, box))
    return found


def _divided(cells: npt.NDArray[np.int64], tile: Tile, most: int) -> Iterator[Tile]:
    """Halve a tile across its longer side until it has few enough rows."""
    low, high = cells[:, :2].min(axis=0, initial=np.iinfo(np.int64).max), cells[:, :2].max(axis=0, initial=-1 << 62)
    if cells[:, 2].sum() <= most or (low == high).all():
        yield tile
        return
    axis = int(np.argmax(high - low))
    order = np.argsort(cells[:, axis], kind="stable")
    middle = np.searchsorted(np.cumsum(cells[order, 2]), cells[:, 2].sum() / 2)
    cut = max(int(cells[order[middle], axis]), int(low[axis]) + 1)
    mine = cells[:, axis] < cut
    ends = ("east", "north")[axis], ("west", "south")[axis]
    yield from _divided(cells[mine], tile._replace(**{ends[0]: cut * CELL_M}), most)
    yield from _divided(cells[~mine], tile._replace(**{ends[1]: cut * CELL_M}), most)


def outward(bounds: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Round boxes to half the bytes so that each holds what it held.

    >>> outward(np.array([[16777217.0, 0.5, 16777217.0, 2.0]])).tolist()
    [[16777216.0, 0.5, 16777218.0, 2.0]]
    """
    found: npt.NDArray[np.float32] = bounds.astype(np.float32)
    found[:, :2] = np.where(found[:, :2] > bounds[:, :2], np.nextafter(found[:, :2], -np.inf), found[:, :2])
    found[:, 2:] = np.where(found[:, 2:] < bounds[:, 2:], np.nextafter(found[:, 2:], np.inf), found[:, 2:])
    return found
