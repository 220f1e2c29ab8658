"""The edges of many polygons as arrays: each polygon around a middle of its own, all of as many edges."""

from dataclasses import dataclass

import numpy as np
import shapely

from gis_sites.columns import Floats, Rows, ragged
from gis_sites.profile.features import Mask, Shapes

STRAIGHT = 1e-9
"""A corner that turns in by less than this, as a sine, is straight."""


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of polygons around a middle of their own, the first one again where a polygon has fewer.

    `outer`: the polygon lies on one side of the edge's line.
    """

    start: Floats
    end: Floats
    outer: Mask
    middle: Floats

    def take(self, rows: Rows) -> "Edges":
        """Return the edges of some polygons."""
        return Edges(*(one[rows] for one in vars(self).values()))


def edges_of(parts: Shapes, width: int) -> Edges:
    """Return the edges of polygons, rings of holes included, of which none has more than a width."""
    rings, part = shapely.get_rings(parts, return_index=True)
    counts = np.asarray(shapely.get_num_coordinates(rings), dtype=np.intp) - 1
    points = shapely.get_coordinates(rings)
    ring, place = ragged(counts)
    at = (np.cumsum(counts + 1) - counts - 1)[ring] + place
    totals = np.bincount(part[ring], minlength=len(parts))
    row, column = ragged(totals)
    start, end = np.empty((len(parts), width, 2)), np.empty((len(parts), width, 2))
    start[row, column], end[row, column] = points[at], points[at + 1]
    spare = np.arange(width)[None, :] >= totals[:, None]
    for one in (start, end):
        one[spare] = np.broadcast_to(one[:, :1], one.shape)[spare]
    boxes = np.asarray(shapely.bounds(parts)).reshape(-1, 4)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    start, end = start - middle[:, None, :], end - middle[:, None, :]
    return Edges(start, end, _outer(start, end), middle)


def _outer(start: Floats, end: Floats) -> Mask:
    """Tell of each edge whether every corner lies on the inner side of its line."""
    along = end - start
    length = length_of(along)
    size = np.abs(start).max(axis=(1, 2))
    outer = np.ones(start.shape[:2], dtype=bool)
    for corner in range(start.shape[1]):
        to = start[:, corner : corner + 1] - start
        outer &= along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0] >= -STRAIGHT * length * size[:, None]
    return outer


def length_of(along: Floats) -> Floats:
    """Return the lengths of vectors: float64[..., 2] to float64[...]."""
    return np.asarray(np.sqrt(along[..., 0] * along[..., 0] + along[..., 1] * along[..., 1]))
