"""Which parcels lie beside each other, along what length, and how far apart: for sites made of several parcels.

Two sides face each other where a point of the one has its foot on the other within the gap that is tolerated, and
where they run nearly alike; so parcels that touch at a corner share nothing. Shared lengths are measured from both
parcels, and the shorter one counts: a gap of digitising neither adds to it nor tears it.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely

from gis_sites.columns import Floats, Rows
from gis_sites.profile.features import Mask, Shapes, chop
from gis_sites.profile.intervals import Points, beside, measure_union
from gis_sites.profile.proximity import MICROMETRES

GAP_M = 0.5
"""How far apart parcels may be drawn and still be neighbours: slips of digitising."""
ALIKE = 0.9
"""The least cosine between two sides that face each other: 26 degrees."""
TOGETHER = 4_096
"""Parcels looked at together: what bounds memory."""
ROADS_AND_DITCHES = frozenset({"dr", "Tp", "W", "Wp"})
"""Uses of land that an assembly may reach across where that is asked for: roads, land for roads, ditches, streams."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Parcels beside each other, as rows: first < second, in that order.

    `shared` is the length along which they face each other, `gap` their distance (0 where they touch or overlap),
    float64 metres; `across` tells which lie on two sides of a road or a ditch.
    """

    first: Rows
    second: Rows
    shared: Floats
    gap: Floats
    across: Mask

    def __len__(self) -> int:
        return len(self.first)

    def take(self, some: Rows | Mask) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(*(one[some] for one in vars(self).values()))


class _Facing(NamedTuple):
    """Sides that face another parcel's: which of its parcel's, how long (m), and from what to what share of it."""

    parcel: Rows
    other: Rows
    side: Rows
    length: Floats
    low: Floats
    high: Floats


def adjacency(shapes: Shapes, *, gap_m: float = GAP_M, across: Mask | None = None, across_m: float = 0.0) -> Pairs:
    """Find the pairs of parcels that share some length of boundary, no more than `gap_m` metres apart.

    Nothing may lie in a gap of more than `GAP_M`.

    With `across` (the parcels that are roads or ditches) also those that face each other no more than `across_m`
    apart, where the shortest way between them crosses nothing but such parcels; `gap_m` has no say in these.
    """
    near = _facing(shapes, gap_m)
    wide = near.gap > GAP_M
    if wide.any():
        # What is wider than a slip of digitising may hold a parcel that belongs to somebody.
        wide[wide] = ~_free(shapes, near.take(wide), np.zeros(len(shapes), dtype=bool))
        near = near.take(~wide)
    if across is None or across_m <= GAP_M:
        return near
    far = _facing(shapes, across_m, among=~across)
    far = far.take(far.gap > GAP_M)
    far = far.take(_free(shapes, far, across))
    far.across[:] = True
    return merged(near, far)


def merged(near: Pairs, far: Pairs) -> Pairs:
    """Return pairs and, in order among them, those of others that they do not hold."""
    rows = 1 + max(int(one.second.max(initial=0)) for one in (near, far))
    held = np.isin(far.first * rows + far.second, near.first * rows + near.second)
    both = zip(vars(near).values(), vars(far.take(~held)).values(), strict=True)
    every = Pairs(*(np.concatenate(one) for one in both))
    return every.take(np.lexsort((every.second, every.first)))


def _facing(shapes: Shapes, reach: float, among: Mask | None = None) -> Pairs:
    """Find the pairs that face each other no more than a reach apart, among some parcels."""
    drawn = ~shapely.is_empty(shapes)
    rows = np.flatnonzero(drawn if among is None else drawn & among)
    tree = shapely.STRtree(shapes[rows])
    found = []
    for some in np.array_split(rows, max(-(-len(rows) // TOGETHER), 1)):
        near = rows[np.unique(tree.query(_widened(shapes[some], reach))[1])]
        pairs = _together(shapes, _seen(shapes, some, near, reach))
        found.append(vars(pairs.take(np.isin(pairs.first, some))))
    return Pairs(**{name: np.concatenate([one[name] for one in found]) for name in found[0]})


def _seen(shapes: Shapes, some: Rows, near: Rows, reach: float) -> _Facing:
    """Return what some parcels face of those near them, and what these face of them."""
    sides, parcel = _sides(shapes, near)
    mine = np.isin(parcel, some)
    found = []
    for who, whom in ((mine, np.ones(len(sides), dtype=bool)), (~mine, mine)):
        of, at = np.flatnonzero(who), np.flatnonzero(whom)
        side, other = shapely.STRtree(sides[at]).query(_widened(sides[of], reach))
        side, other = of[side], at[other]
        pair = parcel[side] != parcel[other]
        side, other, low, high = _shared(sides, side[pair], other[pair], reach)
        found.append(_Facing(parcel[side], parcel[other], side, shapely.length(sides[side]), low, high))
    return _Facing(*(np.concatenate(one) for one in zip(*found, strict=True)))


def _sides(shapes: Shapes, rows: Rows) -> tuple[Shapes, Rows]:
    """Return all sides of some parcels, and the parcel of each."""
    parts, of = shapely.get_parts(shapes[rows], return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    sides, ring = chop(rings, 1)
    return sides, rows[of[part[ring]]]


def _widened(sides: Shapes, by: float) -> Shapes:
    x0, y0, x1, y1 = np.asarray(shapely.bounds(sides)).reshape(-1, 4).T
    boxes: Shapes = shapely.box(x0 - by, y0 - by, x1 + by, y1 + by)
    return boxes


def _shared(sides: Shapes, side: Rows, other: Rows, reach: float) -> tuple[Rows, Rows, Floats, Floats]:
    """Return the pairs of sides that face each other, and from where to where along the first."""
    ends = shapely.get_coordinates(sides).reshape(-1, 2, 2)
    a, b, c, d = ends[side, 0], ends[side, 1], ends[other, 0], ends[other, 1]
    low, high = beside(a, b, (c, d), reach)
    facing = (low < high) & (_cosine(b - a, d - c) >= ALIKE)
    return side[facing], other[facing], low[facing], high[facing]


def _cosine(one: Points, other: Points) -> Floats:
    product = np.abs(one[:, 0] * other[:, 0] + one[:, 1] * other[:, 1])
    length = np.hypot(one[:, 0], one[:, 1]) * np.hypot(other[:, 0], other[:, 1])
    return np.asarray(product / np.where(length > 0, length, np.inf))


def _together(shapes: Shapes, found: _Facing) -> Pairs:
    """Add up what every parcel shares with every other, and take the shorter of both ways of seeing it."""
    n, most = len(shapes), int(found.side.max(initial=0)) + 1
    seen, of = np.unique(found.parcel * n + found.other, return_inverse=True)
    # A side may face several sides of one neighbour: what they cover together counts.
    each, first, group = np.unique(of * most + found.side, return_index=True, return_inverse=True)
    covered = measure_union(group, found.low, found.high, len(each)) * found.length[first]
    length: Floats = np.bincount(each // most, weights=covered, minlength=len(seen)).astype(np.float64)
    mine, theirs = np.divmod(seen, n)
    back = np.searchsorted(seen, theirs * n + mine)
    known = (back < len(seen)) & (seen[np.minimum(back, len(seen) - 1)] == theirs * n + mine) if len(seen) else back > 0
    once = np.flatnonzero((mine < theirs) & known)
    first, second = mine[once], theirs[once]
    shared = np.asarray(np.round(np.minimum(length[once], length[back[once]]), MICROMETRES), dtype=np.float64)
    gap = np.asarray(np.round(shapely.distance(shapes[first], shapes[second]), MICROMETRES), dtype=np.float64)
    some = shared > 0
    return Pairs(first, second, shared, gap, np.zeros(len(first), dtype=bool)).take(some)


def _free(shapes: Shapes, pairs: Pairs, across: Mask) -> Mask:
    """Tell of which pairs the shortest way between them crosses roads and ditches only."""
    ways = shapely.shortest_line(shapes[pairs.first], shapes[pairs.second])
    way, parcel = shapely.STRtree(shapes).query(ways, predicate="intersects")
    other = ~across[parcel] & (parcel != pairs.first[way]) & (parcel != pairs.second[way])
    way, parcel = way[other], parcel[other]
    blocked = shapely.length(shapely.intersection(ways[way], shapes[parcel])) > 0
    free = np.ones(len(pairs), dtype=bool)
    free[way[blocked]] = False
    return free
