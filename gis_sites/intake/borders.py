"""Where polygons that should adjoin overlap or leave a gap: pure functions over the polygons of one neighbourhood.

In a tidy layer each side between two polygons stands in both, the other way round. Sorting the sides finds those in a
fraction of the time that comparing polygons takes; only polygons with a side that is alone, or doubled, are compared.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gis_sites.intake.batch import Bools, Objects
from gis_sites.intake.mending import chains

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]
Owned = Callable[[Floats, Floats], Bools]

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
"""Polygons with as many others near on average lie in a heap, and are not all compared."""
SLICE = 100
"""Shapes whose neighbours are looked up at a time: in a heap each has thousands."""


@dataclass(frozen=True)
class Overlaps:
    """Pairs of polygons that overlap, by place, and what they share."""

    left: Places
    right: Places
    shared: Objects
    area: Floats


@dataclass(frozen=True)
class Gap:
    """A strip between polygons: its shape, its neighbours by place, its area and mean width in metres."""

    shape: shapely.Geometry
    beside: tuple[int, ...]
    area: float
    width: float


class Heap(Exception):
    """So many polygons lie upon each other that they are not all compared."""


@dataclass(frozen=True)
class Borders:
    """The sides that polygons do not share as they should; the polygon lies to the left of its side."""

    ends: Floats
    """x0, y0, x1, y1."""
    owner: Places
    twins: Places
    """Pairs of polygons on the same hand of one side: [2, n]."""
    most: int
    """Pairs that are compared, at most."""


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
    most = HEAP * max(len(polygons), 1_000)
    return Borders(ends[alone], owner[alone], _twins(order, group, doubled, owner), most)


def _sides(polygons: Objects) -> tuple[Floats, Places]:
    """Return the sides of all rings, turned so that the polygon lies to the left, and whose they are."""
    rings, rows, hole = chains(polygons)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    inner = (ring[1:] == ring[:-1]) & (points[1:] != points[:-1]).any(axis=1)
    ends, ring = np.hstack([points[:-1], points[1:]])[inner], ring[1:][inner]
    near = ends - np.tile(points.min(axis=0, initial=np.inf), 2)  # large numbers would drown the area
    area = np.bincount(ring, weights=near[:, 0] * near[:, 3] - near[:, 2] * near[:, 1], minlength=len(rings))
    turned = ((area < 0) != hole)[ring]
    ends[turned] = ends[turned][:, [2, 3, 0, 1]]
    return ends, rows[ring]


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
    """Return the pairs of polygons that overlap by more than rounding, those with the very same geometry too.

    Raises:
        Heap: too many lie upon each other.
    """
    shapely.prepare(polygons)
    tree, n = shapely.STRtree(polygons), len(polygons)
    codes = _codes(np.hstack([_crossed(polygons, found), found.twins]), n)
    done, told = codes[:0], []
    while len(codes):
        left, right = np.divmod(codes, n)
        # Most only touch, which is known long before what they share.
        meet = _meet(polygons, left, right)
        left, right = left[meet], right[meet]
        shared = shapely.intersection(polygons[left], polygons[right])
        area = shapely.area(shared)
        over = area > LEAST_M2
        told.append((left[over], right[over], shared[over], area[over]))
        done = np.union1d(done, codes)
        # What lies wholly inside another, or under one of two tidy layers, need not meet an odd side: look around.
        around = np.unique(np.concatenate([left[over], right[over]]))
        place, other = _near(tree, polygons[around], found.most)
        codes = np.setdiff1d(_codes(np.stack([around[place], other]), n), done)
        if len(done) + len(codes) > found.most:
            raise Heap
    columns = zip(*told, strict=True) if told else [(polygons[:0],)] * 4
    left, right, shared, area = (np.concatenate(column) for column in columns)
    return Overlaps(left.astype(np.intp), right.astype(np.intp), shared, area.astype(np.float64))


def _meet(polygons: Objects, left: Places, right: Places) -> Bools:
    """Say which pairs do more than touch; the larger one of a pair is asked, for it is prepared."""
    size = shapely.get_num_coordinates(polygons)
    large, small = np.where(size[left] < size[right], (right, left), (left, right))
    meet: Bools = shapely.intersects(polygons[large], polygons[small])
    meet[meet] = ~shapely.touches(polygons[large[meet]], polygons[small[meet]])
    return meet


def _codes(pairs: Places, n: int) -> Places:
    """Return each pair of two different places once, as one number."""
    low, high = np.sort(pairs.astype(np.intp), axis=0)
    return np.unique((low * n + high)[low != high])


def _near(tree: shapely.STRtree, shapes: Objects, most: int) -> Places:
    """Return which shapes have their boxes in common with which of a tree: [2, n].

    Raises:
        Heap: there are too many.
    """
    found, count = [np.empty((2, 0), dtype=np.intp)], 0
    for start in range(0, len(shapes), SLICE):
        some = tree.query(shapes[start : start + SLICE])
        some[0] += start
        found.append(some)
        count += some.shape[1]
        if count > most:
            raise Heap
    return np.hstack(found)


def _crossed(polygons: Objects, found: Borders) -> Places:
    """Return pairs of polygons of which one has a side in the other: [2, n]."""
    length = np.hypot(found.ends[:, 2] - found.ends[:, 0], found.ends[:, 3] - found.ends[:, 1])
    inward = np.minimum(INWARD_M / length, 0.25)[:, None] * (found.ends[:, 2:] - found.ends[:, :2])
    lines = shapely.linestrings(np.stack([found.ends[:, :2] + inward, found.ends[:, 2:] - inward], axis=1))
    side, place = _near(shapely.STRtree(polygons), lines, found.most * 4)
    other = found.owner[side] != place
    place, side = place[other], side[other]
    through = shapely.intersects(polygons[place], lines[side])
    return np.stack([found.owner[side[through]], place[through]])


def gaps(polygons: Objects, found: Borders, owned: Owned | None = None) -> list[Gap]:
    """Return the strips between polygons that are narrower than `GAP_M`; strips that meet are one gap.

    Only strips that begin where it is `owned` count: of a gap that others see the end of, they tell that end.

    Raises:
        Heap: too many polygons lie upon each other.
    """
    strips, sides = _facing(found)
    clear = ~_filled(polygons, strips, found.owner[sides], found.most)
    if owned is not None:
        clear &= owned(*shapely.bounds(strips)[:, :2].T)
    strips, sides = strips[clear], sides[:, clear]
    group = _groups(shapely.STRtree(strips).query(strips, predicate="dwithin", distance=ROUNDING_M), len(strips))
    order = np.argsort(group, kind="stable")
    strips, sides, group = strips[order], sides[:, order], group[order]
    together = shapely.geometrycollections(strips, indices=group)
    shapes = shapely.union_all(together[:, None], axis=1)
    area, around = shapely.area(shapes), shapely.length(shapes)
    owners: list[set[int]] = [set() for _ in shapes]
    for at, pair in zip(group.tolist(), found.owner[sides].T.tolist(), strict=True):
        owners[at].update(pair)
    return [
        Gap(shapes[at], tuple(sorted(owners[at])), float(area[at]), 2 * float(area[at] / around[at]))
        for at in np.flatnonzero(area > LEAST_M2).tolist()
    ]


def _facing(found: Borders) -> tuple[Objects, Places]:
    """Return the strips between two sides of different polygons that face each other across less than `GAP_M`.

    Returns:
        the strips, and the two sides of each: [2, n].
    """
    x0, y0, x1, y1 = found.ends.T
    length = np.hypot(x1 - x0, y1 - y0)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    i, j = _against(found, ux, uy)
    # Where the ends of the other side lie: along mine, and to the right of it, where my polygon is not.
    along = [(x[j] - x0[i]) * ux[i] + (y[j] - y0[i]) * uy[i] for x, y in ((x1, y1), (x0, y0))]
    right = [(x[j] - x0[i]) * uy[i] - (y[j] - y0[i]) * ux[i] for x, y in ((x1, y1), (x0, y0))]
    slope = (right[1] - right[0]) / (along[1] - along[0])
    ends = [np.maximum(along[0], 0), np.minimum(along[1], length[i])]
    # The other side may cross mine, or draw away from it: the strip is where it lies to the right and near.
    far = [right[0] + slope * (end - along[0]) for end in ends]
    with np.errstate(divide="ignore", invalid="ignore"):
        zero, full = (along[0] + (bound - right[0]) / slope for bound in (0, GAP_M))
        ends = [np.where(off < 0, zero, np.where(off > GAP_M, full, end)) for end, off in zip(ends, far, strict=True)]
        far = [np.clip(off, 0, GAP_M) for off in far]
        strip = (ends[1] - ends[0] > LEAST_SIDE_M) & (np.maximum(*far) > ROUNDING_M)
    i, j, (low, high), (begin, end) = i[strip], j[strip], (e[strip] for e in ends), (f[strip] for f in far)
    corners = [(low, 0 * low), (high, 0 * high), (high, end), (low, begin)]
    ring = [(x0[i] + s * ux[i] + r * uy[i], y0[i] + s * uy[i] - r * ux[i]) for s, r in corners]
    strips: Objects = shapely.polygons(np.stack([np.stack(one, axis=1) for one in ring], axis=1))
    return strips, np.stack([i, j])


def _against(found: Borders, ux: Floats, uy: Floats) -> Places:
    """Return pairs of sides of different polygons that are near and run against each other: [2, n]."""
    lows, highs = np.minimum(found.ends[:, :2], found.ends[:, 2:]), np.maximum(found.ends[:, :2], found.ends[:, 2:])
    around = shapely.box(*(lows - GAP_M).T, *(highs + GAP_M).T)
    i, j = _near(shapely.STRtree(shapely.box(*lows.T, *highs.T)), around, found.most * 4)
    apart = (i < j) & (found.owner[i] != found.owner[j])
    i, j = i[apart], j[apart]
    against = ux[i] * ux[j] + uy[i] * uy[j] < -NEARLY
    return np.stack([i[against], j[against]])


def _filled(polygons: Objects, strips: Objects, owners: Places, most: int) -> Bools:
    """Say which strips another polygon than their own two lies in."""
    strip, place = _near(shapely.STRtree(polygons), strips, most)
    third = (owners[:, strip] != place).all(axis=0)
    strip, place = strip[third], place[third]
    area = shapely.area(shapely.intersection(strips[strip], polygons[place]))
    found = np.zeros(len(strips), dtype=bool)
    found[strip[area > LEAST_M2]] = True
    return found


def _groups(pairs: Places, n: int) -> Places:
    """Number the groups of what belongs together: each place takes the least number it can reach."""
    group = np.arange(n)
    while True:
        least = group.copy()
        np.minimum.at(least, pairs[0], group[pairs[1]])
        least = least[least]
        if (least == group).all():
            return np.unique(group, return_inverse=True)[1]
        group = least
