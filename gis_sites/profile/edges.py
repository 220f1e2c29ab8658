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
    return Edges(start, end, _outer(parts, (start, end), middle), middle)


def _outer(parts: Shapes, edges: tuple[Floats, Floats], middle: Floats) -> Mask:
    """Tell of each edge whether every corner lies on the inner side of its line.

    The farthest out is where the polygon's hull turns past the direction of the edge: no other corner is looked at.
    """
    start, along = edges[0], edges[1] - edges[0]
    points, of = shapely.get_coordinates(shapely.orient_polygons(shapely.convex_hull(parts)), return_index=True)
    next_ = np.flatnonzero(of[1:] == of[:-1]) + 1
    corner, row = points[next_] - middle[of[next_]], of[next_]
    turned = _turned(points[next_] - points[next_ - 1])
    rows = np.repeat(np.arange(len(parts)), along.shape[1])
    by_angle = np.lexsort((turned, row))
    # Sorted among the angles of the hull, after those that are the same, each edge stands behind the one wanted.
    mine = np.concatenate([np.zeros(len(row), dtype=bool), np.ones(len(rows), dtype=bool)])
    order = np.lexsort((mine, np.concatenate([turned, _turned(along.reshape(-1, 2))]), np.concatenate([row, rows])))
    before = np.empty(len(order), dtype=np.intp)
    before[order] = np.cumsum(~mine[order]) - 1
    last = np.cumsum(np.bincount(row, minlength=len(parts))) - 1
    at = before[len(row) :]
    first = np.concatenate([[0], last[:-1] + 1])
    to = corner[by_angle[np.where(at < first[rows], last[rows], at)]].reshape(start.shape) - start
    size = np.abs(start).max(axis=(1, 2))
    aside = along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]
    return np.asarray(aside >= -STRAIGHT * length_of(along) * size[:, None])


def _turned(along: Floats) -> Floats:
    return np.asarray(np.arctan2(along[:, 1], along[:, 0]))


def length_of(along: Floats) -> Floats:
    """Return the lengths of vectors: float64[..., 2] to float64[...]."""
    return np.asarray(np.sqrt(along[..., 0] * along[..., 0] + along[..., 1] * along[..., 1]))
