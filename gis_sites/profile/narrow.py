"""Which rows of a layer some sites can need, so that a few that changed do not read it whole: more, never less."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Layer, Where, attributes_of
from gis_sites.columns import Column, Floats, Range, Rows
from gis_sites.profile.features import Box, Mask
from gis_sites.profile.measures import NEAREST
from gis_sites.profile.selection import choose
from gis_sites.profile.sites import Sites
from gis_sites.store import revisions as store
from gis_sites.store.reading import read_boxes
from gis_sites.store.revisions import ALL, Revision, Which

MARGIN_M = 1.0
"""How much farther than needed rows are looked for."""
WORTH_ROWS = 2_000
"""Rows of a layer from which looking for those that are needed pays."""
CELLS = 1024
"""Into how many cells each side of the map is cut at most on which places are marked; for few boxes it is coarser."""
Bounds = Sequence[tuple[Where, Floats]]
"""For sets of rows, how far from each of some sites the nearest can be at most: m."""


@dataclass(frozen=True, eq=False)
class Needs:
    """Some sites to measure, and how far from them the nearest rows can be."""

    sites: Sites
    bounds: Bounds

    def near(self, conn: sa.Connection, layer: Layer, revision: Revision) -> Which:
        """Return the rows of a layer that its measures can need at the sites."""
        if not can_narrow(layer, revision):
            return ALL
        fields = sorted({name for where, _ in self.bounds for name in where})
        boxes = read_boxes(conn, revision)
        table = store.read(conn, revision, columns=fields, layer=layer, geometry=False).table if fields else None
        touching = (one.spec for one in attributes_of(layer) if one.spec.measure not in NEAREST)
        touch = max((spec.reach_m or 0.0 for spec in touching), default=0.0)
        hit = meeting(boxes, wider(self.sites.bounds, touch))
        for where, bound in self.bounds:
            maybe = True if table is None else choose(layer, table, where)[1]
            hit |= maybe & meeting(boxes, wider(self.sites.bounds, bound))
        return Which(rows=np.flatnonzero(hit).tolist())

    def within(self, conn: sa.Connection, revision: Revision, reach: float) -> Which:
        """Return the rows of a layer no farther than a distance from some site: m."""
        if revision.rows < WORTH_ROWS:
            return ALL
        return Which(rows=np.flatnonzero(meeting(read_boxes(conn, revision), wider(self.sites.bounds, reach))).tolist())


def can_narrow(layer: Layer, revision: Revision | None) -> bool:
    """Tell whether it pays to look for the rows of a layer that sites need, and those are near them.

    Rows speak of the parcels they name, wherever they lie.
    """
    return bool(revision and revision.rows >= WORTH_ROWS and not layer.parcels and layer.geometry != "table")


def bounds_of(layer: Layer, values: Mapping[str, Column], sites: int) -> Bounds:
    """Return for every set of rows of which the nearest is asked how far from each site it can be: m."""
    near = [one for one in attributes_of(layer) if one.spec.measure in NEAREST]
    told = {one.short: one.spec for one in near if one.spec.measure == "nearest_distance" and one.spec.reach_m is None}
    done: list[tuple[Where, float | None]] = []
    found: list[tuple[Where, Floats]] = []
    for one in near:
        if (one.spec.where, one.spec.reach_m) in done:
            continue
        done.append((one.spec.where, one.spec.reach_m))
        high = (_far(values[name]) for name, spec in told.items() if spec.where == one.spec.where and name in values)
        bound = next(high, np.full(sites, np.inf))
        found.append((one.spec.where, np.minimum(bound, np.inf if one.spec.reach_m is None else one.spec.reach_m)))
    return found


def _far(column: Column) -> Floats:
    assert isinstance(column, Range)
    return np.where(np.isnan(column.high), np.inf, column.high)


class Neighbours:
    """The parcels, ready to be asked which of those that stay lies beside a site."""

    def __init__(self, parcels: Sites) -> None:
        self.middle, self.half = circles(parcels.bounds)
        self._stay: Mask = np.empty(0, dtype=bool)

    def bounds(self, stay: Mask, bounds: Bounds, sites: Sites) -> Bounds:
        """Bound what is nearest to sites by what is nearest to the parcels beside them that stay what they were.

        From any point of the site it is no farther than to the middle of its box, thence to that of the parcel's,
        and from there across the parcel and on to the row.
        """
        stay = stay & ~np.isnan(self.half)
        if not bounds or not stay.any():
            return [(where, np.full(len(sites), np.inf)) for where, _ in bounds]
        if not np.array_equal(stay, self._stay):
            self._stay, self._rows = stay, np.flatnonzero(stay)
            self._tree = shapely.STRtree(shapely.points(self.middle[self._rows]))
        middle, half = circles(sites.bounds)
        drawn = np.flatnonzero(~np.isnan(half))
        (_, place), apart = self._tree.query_nearest(
            shapely.points(middle[drawn]), return_distance=True, all_matches=False
        )
        beside, way = self._rows[place], np.full(len(sites), np.nan)
        way[drawn] = half[drawn] + apart + self.half[beside]
        return [(where, _placed(way, drawn, bound[beside])) for where, bound in bounds]


def _placed(way: Floats, drawn: Rows, more: Floats) -> Floats:
    bound = way.copy()
    bound[drawn] += more
    return bound


def circles(boxes: Box) -> tuple[Box, Floats]:
    """Return the middle of each box, and how far from there its corners are: m."""
    low, high = boxes[:, :2], boxes[:, 2:]
    return (low + high) / 2, np.asarray(np.hypot(*(high - low).T) / 2)


def wider(boxes: Box, by: Floats | float) -> Box:
    """Return boxes that reach farther on every side, each by its own or all by one distance, and by a margin: m."""
    more = np.broadcast_to(np.asarray(by, dtype=np.float64) + MARGIN_M, len(boxes))[:, None]
    return np.asarray(np.concatenate([boxes[:, :2] - more, boxes[:, 2:] + more], axis=1))


def meeting(boxes: Box, places: Box) -> Mask:
    """Return the boxes that may meet some place: those on a marked cell of a map that holds all boxes.

    A box that is not a number meets nothing. Time grows with boxes + places, however many meet.

    >>> meeting(np.array([[0.0, 0, 1, 1], [50, 50, 51, 51], [0, 0, 99, 99]]), np.array([[50.5, 50.5, 70, 70]])).tolist()
    [False, True, True]
    """
    drawn = ~np.isnan(boxes[:, 0])
    hit = np.zeros(len(boxes), dtype=bool)
    if not drawn.any():
        return hit
    low, high = boxes[drawn, :2].min(axis=0), boxes[drawn, 2:].max(axis=0)
    places = places[(places[:, :2] <= high).all(axis=1) & (places[:, 2:] >= low).all(axis=1)]
    side = min(4 * int(np.ceil(np.sqrt(len(boxes)))), CELLS)
    step = np.maximum(high - low, 1e-9) / side
    x0, y0, x1, y1 = _cells(places, low, step, side)
    marked = np.zeros((side + 1, side + 1), dtype=np.int32)
    for x, y, sign in ((x0, y0, 1), (x1 + 1, y0, -1), (x0, y1 + 1, -1), (x1 + 1, y1 + 1, 1)):
        np.add.at(marked, (x, y), sign)
    # Sums of sums: first how many places lie on a cell, then how many marked cells lie left of and below a corner.
    on = marked.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, dtype=np.int32)[:side, :side] > 0
    below = np.zeros((side + 1, side + 1), dtype=np.int32)
    below[1:, 1:] = on.cumsum(axis=0, dtype=np.int32).cumsum(axis=1, dtype=np.int32)
    x0, y0, x1, y1 = _cells(boxes[drawn], low, step, side)
    hit[drawn] = below[x1 + 1, y1 + 1] - below[x0, y1 + 1] - below[x1 + 1, y0] + below[x0, y0] > 0
    return hit


def _cells(boxes: Box, low: Floats, step: Floats, side: int) -> tuple[Rows, Rows, Rows, Rows]:
    """Return the first and the last cell that boxes lie on, along x and y."""
    corners = np.clip((boxes - np.tile(low, 2)) / np.tile(step, 2), 0, side - 1).astype(np.intp)
    x0, y0, x1, y1 = corners.T
    return x0, y0, x1, y1
