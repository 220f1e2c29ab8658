"""Which pieces of a layer some sites can need: found without looking at all of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gis_sites.columns import Rows
from gis_sites.profile.features import Box, Features, Mask, gap

BLOCK = 256
"""Pieces that are looked at together."""
CELLS = 8
"""Into how many cells the box of some sites is cut each way, to reckon how far the farthest nearest row can be."""
SAMPLE = 1_000
"""With how many pieces that is reckoned: any of them give a bound."""
TOUCH_M = 1e-3


def hilbert(points: Box, bits: int = 16) -> Rows:
    """Return the places of points along a Hilbert curve over the box that holds them.

    >>> hilbert(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]), bits=1).tolist()
    [0, 1, 2, 3]
    """
    if not len(points):
        return np.empty(0, dtype=np.intp)
    low, high = points.min(axis=0), points.max(axis=0)
    cells = (points - low) / np.maximum(high - low, 1e-9) * (2**bits - 1)
    x, y = cells.astype(np.int64).T
    place = np.zeros(len(points), dtype=np.int64)
    side = 1 << (bits - 1)
    while side:
        right, upper = (x & side) > 0, (y & side) > 0
        place += side * side * ((3 * right) ^ upper)
        flip = right & ~upper
        x, y = (
            np.where(flip, side - 1 - (x & (side - 1)), x & (side - 1)),
            np.where(flip, side - 1 - (y & (side - 1)), y & (side - 1)),
        )
        x, y = np.where(upper, x, y), np.where(upper, y, x)
        side >>= 1
    return place.astype(np.intp)


def along(boxes: Box) -> Rows:
    """Return the order of boxes along a Hilbert curve, by their middles; empty ones lie at 0."""
    known = np.nan_to_num(boxes)
    return np.argsort(hilbert((known[:, :2] + known[:, 2:]) / 2), kind="stable")


@dataclass(frozen=True, eq=False)
class Blocks:
    """Boxes of pieces, and the boxes of blocks of pieces that lie together."""

    boxes: Box
    order: Rows
    outer: Box

    @classmethod
    def of(cls, boxes: Box) -> "Blocks":
        """Put pieces into blocks along a Hilbert curve."""
        order = along(boxes)
        return cls(boxes, order, joined(boxes[order], np.arange(0, len(order), BLOCK)))

    def within(self, box: Box, by: float) -> Rows:
        """Return the pieces whose boxes lie no farther from a box than so many metres, rising."""
        blocks = np.flatnonzero(gap(self.outer, box) <= by)
        places = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        pieces = np.sort(self.order[places[places < len(self.order)]])
        return pieces[gap(self.boxes[pieces], box) <= by]


@dataclass(frozen=True, eq=False)
class Surroundings:
    """The rows of a layer, and the sets of them of which somebody asks the nearest."""

    features: Features
    subsets: Sequence[Mask]

    def near(self, sites: Box, reach: float) -> Features:
        """Return all that sites can need, by their boxes: what comes within reach, and the nearest of every subset."""
        cells = cut_up(sites)
        if not len(cells):
            none = np.empty(0, dtype=np.intp)
            return self.features.keep(none, none)
        box = joined(cells, np.zeros(1, dtype=np.intp))[0]
        face_blocks, edge_blocks = self.features.blocks
        edges = [edge_blocks.within(box, reach)]
        edges += [self._nearest(mine, cells, box, edges[0]) for mine in self.subsets]
        return self.features.keep(face_blocks.within(box, reach + TOUCH_M), np.unique(np.concatenate(edges)))

    def _nearest(self, subset: Mask, cells: Box, box: Box, inside: Rows) -> Rows:
        """Return the pieces of a subset that can be the nearest of a site in one of the cells of a box.

        Any point of a cell is at most (distance from the cell to a piece + the piece's diagonal + the cell's
        diagonal) away from that piece, so nothing farther than the least such sum can be anybody's nearest.
        """
        row, blocks = self.features.edge_row, self.features.blocks[1]
        some = inside[subset[row[inside]]]
        if not len(some):
            some = np.flatnonzero(subset[row])
            far = gap(blocks.boxes[some], box) + diagonal(blocks.boxes[some])
            some = some[[int(far.argmin())]] if len(some) else some
        if not len(some):
            return some
        boxes = blocks.boxes[some[:: -(-len(some) // SAMPLE)]]
        far = gap(boxes[None, :, :], cells[:, None, :]) + diagonal(boxes)
        reach = float((far.min(axis=1) + diagonal(cells)).max()) + TOUCH_M
        found = blocks.within(box, reach)
        return found[subset[row[found]]]


def cut_up(sites: Box) -> Box:
    """Return boxes that hold the boxes of sites, by cells; of none that is empty.

    >>> cut_up(np.array([[0.0, 0.0, 1.0, 1.0], [0.5, 0.0, 1.5, 1.0], [90.0, 0.0, 91.0, 1.0]])).tolist()
    [[0.0, 0.0, 1.5, 1.0], [90.0, 0.0, 91.0, 1.0]]
    """
    drawn = sites[~np.isnan(sites[:, 0])]
    if not len(drawn):
        return drawn
    middles = (drawn[:, :2] + drawn[:, 2:]) / 2
    low = middles.min(axis=0)
    size = np.maximum((middles.max(axis=0) - low) / CELLS, 1e-9)
    column, line = np.minimum((middles - low) / size, CELLS - 1).astype(np.intp).T
    order = np.argsort(column * CELLS + line, kind="stable")
    return joined(drawn[order], np.flatnonzero(np.diff((column * CELLS + line)[order], prepend=-1)))


def joined(boxes: Box, first: Rows) -> Box:
    """Return the box of each group of boxes, by the place of its first."""
    if not len(first):
        return np.empty((0, 4))
    return np.hstack([np.fmin.reduceat(boxes[:, :2], first), np.fmax.reduceat(boxes[:, 2:], first)])


def diagonal(boxes: Box) -> Box:
    """Return how long the diagonals of boxes are."""
    return np.asarray(np.hypot(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]), dtype=np.float64)
