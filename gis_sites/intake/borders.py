"""Where polygons that should adjoin overlap or leave a gap: pure functions over the polygons of one neighbourhood.

In a tidy layer each side between two polygons stands in both, the other way round. Sorting the sides finds those in a
fraction of the time that comparing polygons takes; only polygons with a side that is alone, or doubled, are compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gis_sites.intake.batch import Bools, Objects

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

LEAST_M2 = 1e-3
"""The area of an overlap or a gap worth telling: a millimetre along a metre; less is rounding."""
GAP_M = 0.5
"""A strip between two polygons is a gap up to this width; a wider one may be a lane."""
NEARLY = np.cos(np.radians(10))
"""Two sides face each other if they run against each other within ten degrees."""
LEAST_SIDE_M = 1e-3
ROUNDING_M = 1e-4
"""Sides nearer to each other than this touch."""
INWARD_M = 1e-6
"""How far a side is shortened at both ends before it is asked which polygons it runs through."""
HEAP = 50
"""Polygons that overlap as many others on average are a heap, and are not all compared."""


@dataclass(frozen=True)
class Overlaps:
    """Pairs of polygons that overlap, by place, the parts they share, and whether every pair was looked at."""

    left: Places
    right: Places
    shared: Objects
    area: Floats
    whole: bool = True


@dataclass(frozen=True)
class Gap:
    """A strip between polygons: its shape, its neighbours by place, its area and mean width in metres."""

    shape: shapely.Geometry
    beside: tuple[int, ...]
    area: float
    width: float


@dataclass(frozen=True)
class Borders:
    """The sides that polygons do not share as they should; the polygon lies to the left of its side."""

    ends: Floats
    """x0, y0, x1, y1."""
    owner: Places
    twins: Places
    """Pairs of polygons that lie on the same hand of one side: [2, n]."""


def borders(polygons: Objects) -> Borders:
    """Find the sides of polygons that are in no other polygon the other way round."""
    ends, owner = _sides(polygons)
    start, end = _mixed(ends[:, :2]), _mixed(ends[:, 2:])
    key, forward = start + end, start < end
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.append(True, np.diff(key[order]) != 0)) if len(key) else np.empty(0, dtype=np.intp)
    group = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(key))))
    ahead = np.bincount(group, weights=forward[order]).astype(int)
    back = np.bincount(group, weights=~forward[order]).astype(int)
    shared = (ahead == 1) & (back == 1)
    doubled = (ahead > 1) | (back > 1)
    alone = order[~shared[group]]
    return Borders(ends[alone], owner[alone], _twins(order, group, doubled, owner))


def _sides(polygons: Objects) -> tuple[Floats, Places]:
    """Return the sides of all rings, turned so that the polygon lies to the left, and whose they are."""
    parts, rows = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    inner = (ring[1:] == ring[:-1]) & (points[1:] != points[:-1]).any(axis=1)
    ends, ring = np.hstack([points[:-1], points[1:]])[inner], ring[1:][inner]
    near = ends - np.tile(points.min(axis=0, initial=np.inf), 2)  # large numbers would drown the area
    area = np.bincount(ring, weights=near[:, 0] * near[:, 3] - near[:, 2] * near[:, 1], minlength=len(rings))
    hole = np.append(False, part[1:] == part[:-1])[: len(rings)]
    turned = ((area < 0) != hole)[ring]
    ends[turned] = ends[turned][:, [2, 3, 0, 1]]
    return ends, rows[part[ring]]


def _mixed(points: Floats) -> npt.NDArray[np.uint64]:
    """Return a number that stands for each point; by chance two of a million agree once in 10^7."""
    bits = np.ascontiguousarray(points + 0.0).view(np.uint64)
    mixed = bits[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ (bits[:, 1] * np.uint64(0xC2B2AE3D27D4EB4F) >> np.uint64(7))
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (29, 0xC4CEB9FE1A85EC53)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    found: npt.NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(32))
    return found


def _twins(order: Places, group: Places, doubled: Bools, owner: Places) -> Places:
    """Return the polygons of doubled sides, each with the next of the same side: enough to compare them all."""
    mine = doubled[group]
    whose, which = owner[order[mine]], group[mine]
    pair = (which[1:] == which[:-1]) & (whose[1:] != whose[:-1])
    return np.unique(np.sort([whose[:-1][pair], whose[1:][pair]], axis=0), axis=1)


def overlaps(polygons: Objects, found: Borders) -> Overlaps:
    """Return the pairs of polygons that overlap by more than rounding, those with the very same geometry too."""
    shapely.prepare(polygons)
    met = np.hstack([_crossed(polygons, found), found.twins]).astype(np.intp)
    left, right = np.unique(np.sort(met, axis=0), axis=1)
    area = shapely.area(shapely.intersection(polygons[left], polygons[right]))
    over = np.unique(np.concatenate([left[area > 0], right[area > 0]]))
    if not len(over):
        return Overlaps(left[:0], right[:0], polygons[:0], area[:0])
    # What lies wholly inside another need not meet its sides: those that overlap are compared with all around them.
    tree = shapely.STRtree(polygons)
    pairs, whole = [], True
    for some in np.array_split(over, len(over) // 500 + 1):
        first, second = tree.query(polygons[some])
        pairs.append(np.sort([some[first], second], axis=0))
        if sum(map(np.size, pairs)) > 2 * HEAP * max(len(polygons), 1_000):
            whole = False
            break
    left, right = np.unique(np.hstack(pairs), axis=1)
    left, right = left[left != right], right[left != right]
    shared = shapely.intersection(polygons[left], polygons[right])
    area = shapely.area(shared)
    told = area > LEAST_M2
    return Overlaps(left[told], right[told], shared[told], area[told], whole)


def _crossed(polygons: Objects, found: Borders) -> Places:
    """Return pairs of polygons of which one has a side in the other: [2, n]."""
    length = np.hypot(found.ends[:, 2] - found.ends[:, 0], found.ends[:, 3] - found.ends[:, 1])
    inward = np.minimum(INWARD_M / length, 0.25)[:, None] * (found.ends[:, 2:] - found.ends[:, :2])
    inner = np.stack([found.ends[:, :2] + inward, found.ends[:, 2:] - inward], axis=1)
    lines = shapely.linestrings(inner)
    place, side = shapely.STRtree(lines).query(polygons)
    other = found.owner[side] != place
    place, side = place[other], side[other]
    through = shapely.intersects(polygons[place], lines[side])
    return np.stack([found.owner[side[through]], place[through]])


def gaps(polygons: Objects, found: Borders) -> Iterator[Gap]:
    """Yield the strips between polygons that are narrower than `GAP_M`."""
    strips = _facing(found)
    if not len(strips):
        return
    margins = shapely.box(*(shapely.bounds(strips) + np.array([-1, -1, 1, 1]) * 2 * GAP_M).T)
    regions = shapely.get_parts(shapely.union_all(margins))
    region, place = shapely.STRtree(polygons).query(regions, predicate="intersects")
    pieces = shapely.intersection(polygons[place], regions[region])
    together = shapely.geometrycollections(pieces, indices=region, out=np.full(len(regions), None, dtype=object))
    land = shapely.union_all(together[:, None], axis=1)
    wide = shapely.buffer(land, GAP_M / 2, join_style="mitre", mitre_limit=100)
    shut = shapely.buffer(wide, -GAP_M / 2, join_style="mitre", mitre_limit=100)
    open_, row = shapely.get_parts(shapely.difference(shut, land), return_index=True)
    mine = np.unique(shapely.STRtree(strips).query(open_, predicate="intersects")[0])
    for at in mine[shapely.area(open_[mine]) > LEAST_M2].tolist():
        near = place[region == row[at]]
        beside = near[shapely.dwithin(polygons[near], open_[at], ROUNDING_M)]
        if len(beside) > 1:
            area = float(shapely.area(open_[at]))
            yield Gap(open_[at], tuple(beside.tolist()), area, 2 * area / float(shapely.length(open_[at])))


def _facing(found: Borders) -> Objects:
    """Return the strips between two sides of different polygons that face each other across less than `GAP_M`."""
    x0, y0, x1, y1 = found.ends.T
    lows, highs = np.minimum(found.ends[:, :2], found.ends[:, 2:]), np.maximum(found.ends[:, :2], found.ends[:, 2:])
    around = shapely.box(*(lows - GAP_M).T, *(highs + GAP_M).T)
    i, j = shapely.STRtree(shapely.box(*lows.T, *highs.T)).query(around)
    apart = (i < j) & (found.owner[i] != found.owner[j])
    i, j = i[apart], j[apart]
    length = np.hypot(x1 - x0, y1 - y0)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    against = ux[i] * ux[j] + uy[i] * uy[j] < -NEARLY
    i, j = i[against], j[against]
    # Where the ends of the other side lie, along mine and to the right of it, where my polygon is not.
    along = [(x[j] - x0[i]) * ux[i] + (y[j] - y0[i]) * uy[i] for x, y in ((x1, y1), (x0, y0))]
    right = [(x[j] - x0[i]) * uy[i] - (y[j] - y0[i]) * ux[i] for x, y in ((x1, y1), (x0, y0))]
    low, high = np.maximum(along[0], 0), np.minimum(along[1], length[i])
    slope = (right[1] - right[0]) / (along[1] - along[0])
    far = [right[0] + slope * (at - along[0]) for at in (low, high)]
    gap = (high - low > LEAST_SIDE_M) & (np.minimum(*far) < GAP_M) & (np.maximum(*far) > ROUNDING_M)
    i, low, high, far = i[gap], low[gap], high[gap], [np.clip(one[gap], 0, GAP_M) for one in far]
    corners = [(low, np.zeros(len(i))), (high, np.zeros(len(i))), (high, far[1]), (low, far[0])]
    ring = [(x0[i] + s * ux[i] + r * uy[i], y0[i] + s * uy[i] - r * ux[i]) for s, r in corners]
    strips: Objects = shapely.convex_hull(shapely.polygons(np.stack([np.stack(one, axis=1) for one in ring], axis=1)))
    return strips
