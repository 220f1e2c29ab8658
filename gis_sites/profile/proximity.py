"""Measures of what is near a site: straight lines from its boundary, 0 where they touch."""

import numpy as np
import shapely

from gis_sites.catalogue import Attribute
from gis_sites.columns import Column, Floats, Range, Rows
from gis_sites.profile.features import Mask, Shapes, chop
from gis_sites.profile.intervals import Points, measure_union, within_capsule
from gis_sites.profile.nearest import Near
from gis_sites.profile.overlay import labels
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import NOBODY_KNOWS, NOT_THERE, hidden, picked

MICROMETRES = 6
"""Decimals of a length in metres: farther digits are noise of the arithmetic, and would tell 500 m from 500 m."""


def nearest_distance(scene: Scene, attribute: Attribute) -> Range:
    """Measure the distance from a site to the nearest row, in metres; none (inf) where there is no such row.

    The high end is the nearest row that surely matches; the low end the nearest that may, or the distance beyond
    which nobody knows. With `reach_m` nobody looks farther: what is farther lies between the reach and infinity.
    """
    sure, maybe = scene.chosen(attribute.spec.where)
    high = np.round(scene.nearest(sure).distance, MICROMETRES)
    low = np.minimum(np.round(scene.nearest(maybe).distance, MICROMETRES), high)
    low = np.minimum(low, np.round(scene.known.horizon, MICROMETRES))
    reach = attribute.spec.reach_m
    if reach is not None:
        low, high = np.where(np.isfinite(low), np.minimum(low, reach), low), np.where(high > reach, np.inf, high)
    nothing = (low == 0) & np.isinf(high)
    return Range(np.where(nothing, np.nan, low), np.where(nothing, np.nan, high))


def nearest_value(scene: Scene, attribute: Attribute) -> Column:
    """Give the field of the nearest row; of several just as near the first in key order, or by `ties`.

    Unknown where another row may be nearer, or where an empty cell leaves the highest or lowest open; none where
    there is no row (within `reach_m`).
    """
    sure, maybe = scene.chosen(attribute.spec.where)
    near = scene.nearest(sure)
    reach = attribute.spec.reach_m or np.inf
    rows, open_ = tied(scene, attribute, near)
    rows[(near.distance > reach) | np.isinf(near.distance)] = NOT_THERE
    another = np.minimum(scene.nearest(maybe).distance, scene.known.horizon) < np.minimum(near.distance, reach)
    column = picked(attribute, scene.features.table, np.where(another, NOBODY_KNOWS, rows))
    open_ &= rows >= 0
    if attribute.spec.ties == "highest" and isinstance(column, Range):
        return Range(column.low, np.where(open_ & ~np.isnan(column.low), np.inf, column.high))
    return hidden(column, open_)


def tied(scene: Scene, attribute: Attribute, near: Near) -> tuple[Rows, Mask]:
    """Choose among the rows just as near to a site.

    Returns:
        the row chosen (or that there is none), and whether an empty cell among them leaves the choice open.
    """
    rows, open_ = np.full(len(scene), NOT_THERE, dtype=np.intp), np.zeros(len(scene), dtype=bool)
    site, row = near.site, near.row
    if attribute.spec.ties != "first" and attribute.field is not None:
        label, rank, ceiling = labels(scene, attribute)
        empty = label[row] < 0
        value = np.where(empty, -np.inf, rank[label[row]] if len(rank) else -np.inf)
        value = -value if attribute.spec.ties == "lowest" else value
        order = np.lexsort((row, -np.where(empty, -np.inf, value), site))
        site, row, value, empty = site[order], row[order], value[order], empty[order]
        open_[site[empty]] = attribute.field.empty == "unknown"
    first = np.flatnonzero(np.diff(site, prepend=-1))
    rows[site[first]] = row[first]
    if attribute.spec.ties != "first" and attribute.field is not None:
        last = 0.0 if attribute.spec.ties == "lowest" and np.isfinite(ceiling) else ceiling
        # Nothing can beat the last code there is, whatever an empty cell means.
        open_[site[first]] &= value[first] != last
    return rows, open_


def frontage(scene: Scene, attribute: Attribute) -> Range:
    """Measure how much of a site's boundary lies within `reach_m` of a row's line, in metres.

    `length(boundary ∩ {points within reach_m of the lines})`, rings of holes included, solved for each pair of
    segments (`intervals.within_capsule`), not with buffers, so round ends are round. Where the coverage ends
    within reach, any of the boundary could front on something: the high end is the perimeter, and a low end of 0
    says nothing.
    """
    reach = attribute.spec.reach_m or 0.0
    sure, maybe = scene.chosen(attribute.spec.where)
    low = front(scene, sure, reach)
    high = low if np.array_equal(sure, maybe) else np.maximum(low, front(scene, maybe, reach))
    hidden_rows = scene.known.horizon < reach
    high = np.where(hidden_rows, np.asarray(shapely.length(scene.sites.geometry)), high)
    nothing = hidden_rows & (low == 0)
    return Range(np.where(nothing, np.nan, low), np.where(nothing, np.nan, high))


def front(scene: Scene, rows: Mask, reach: float) -> Floats:
    """Return the length of each site's boundary within reach of some rows: float64[n], metres."""
    features = scene.features
    mine = rows[features.edge_row] & (features.dimension[features.edge_row] > 0)
    lines, _ = chop(features.edges[mine], 1)
    tree = shapely.STRtree(lines)
    near = np.unique(tree.query(_widened(scene.sites.geometry, reach))[0])
    parts, site = shapely.get_parts(scene.sites.geometry[near], return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    sides, ring = chop(rings, 1)
    side, line = tree.query(_widened(sides, reach))
    start, end = _ends(sides)
    line_start, line_end = _ends(lines)
    low, high = within_capsule(start[side], end[side], (line_start[line], line_end[line]), reach)
    some = low < high
    fronting = measure_union(side[some], low[some], high[some], len(sides))
    length = np.hypot(*(end - start).T)
    total = np.bincount(near[site[part[ring]]], weights=fronting * length, minlength=len(scene))
    return np.asarray(np.round(total, MICROMETRES), dtype=np.float64)


def _widened(shapes: Shapes, by: float) -> Shapes:
    x0, y0, x1, y1 = np.asarray(shapely.bounds(shapes), dtype=np.float64).reshape(-1, 4).T
    boxes: Shapes = shapely.box(x0 - by, y0 - by, x1 + by, y1 + by)
    return boxes


def _ends(segments: Shapes) -> tuple[Points, Points]:
    coordinates = shapely.get_coordinates(segments).reshape(-1, 2, 2)
    return coordinates[:, 0], coordinates[:, 1]
