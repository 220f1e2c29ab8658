"""The largest rectangle inside a polygon, at any angle: always truly inside, nearly always all but the largest.

A convex polygon is one region between lines, a concave one many: from each of some points inside, every edge is parted
from the point by its own line or by an upright one, whichever leaves more room. For every region the largest upright
rectangle is found (`upright`), turned to the directions of the edges and some more; the best are grown, the edges
parted from what was found instead of a point, then turned to directions closer and closer to the best. What is found
is drawn in until the exact predicate says that it lies within the polygon.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gis_sites.columns import Floats, Rows
from gis_sites.profile.edges import Edges, edges_of, length_of
from gis_sites.profile.features import Mask, Shapes
from gis_sites.profile.upright import largest, regions

EDGES = 24
"""Of how many edges, the longest ones, the directions are tried."""
TURNS = 8
"""Into how many parts a right angle is cut, from the longest edge on; and how finely they are turned in the end."""
FINER = 6
STARTS = 8
"""From how many points inside a concave polygon regions are drawn."""
LEAN = 1e-6
"""A part of a region's size that is no room at all, but decides where two ways leave as much: both are tried."""
FAR = 1.0
"""A part of a region's size that settles it: an edge is parted by an upright (or level) line wherever one parts it."""
GROWN = 48
"""How many of the best (direction, start) of a concave polygon are grown."""
KEPT = 4
"""How many of the best (direction, start) are turned more finely, and stand in for each other."""
ENOUGH = 0.999
"""A rectangle of this part of the polygon is not looked at any further."""
LAST = 12
"""How often the search closes in on the last."""
DRAWN_IN = 16
"""How often a rectangle that is not within its polygon is drawn in, four times as far each time."""
CACHE = 1 << 16
"""Numbers looked at together: what fits into the cache."""
EACH = 4
"""About how many numbers an edge takes of it in a region."""
LEAST = 32
"""A region takes no less than so many edges: places in it are paired."""
MEMORY = 1 << 20
"""Directions times starts times edges held together."""


def largest_rectangles(shapes: Shapes) -> Shapes:
    """Return the largest rectangle found in each (multi)polygon, empty where there is none: polygons of five points.

    Each polygon's own alone counts: the answer is the same to the last bit whatever other polygons are asked about.
    """
    parts, of = shapely.get_parts(shapes, return_index=True)
    solid = shapely.area(parts) > 0
    parts, of = shapely.orient_polygons(parts[solid]), of[solid]
    found = _of_parts(parts)
    best: Shapes = np.full(len(shapes), shapely.Polygon(), dtype=object)
    order = np.lexsort((np.arange(len(parts)), -shapely.area(found), of))
    first = order[np.flatnonzero(np.diff(of[order], prepend=-1))]
    best[of[first]] = found[first]
    return best


def sides(rectangles: Shapes) -> tuple[Floats, Floats]:
    """Return the long and the short sides of rectangles, in metres; not a number where one is empty."""
    corners = np.full((len(rectangles), 3, 2), np.nan)
    some = np.flatnonzero(~shapely.is_empty(rectangles))
    corners[some] = shapely.get_coordinates(rectangles[some]).reshape(-1, 5, 2)[:, :3]
    one, two = (np.hypot(*(corners[:, k + 1] - corners[:, k]).T) for k in (0, 1))
    return np.maximum(one, two), np.minimum(one, two)


def _of_parts(parts: Shapes) -> Shapes:
    """Look at polygons of about as many edges together, convex ones apart from concave ones."""
    found: Shapes = np.full(len(parts), shapely.Polygon(), dtype=object)
    size = np.asarray(shapely.get_num_coordinates(parts) - 1 - shapely.get_num_interior_rings(parts), dtype=np.intp)
    bits = np.maximum(np.ceil(np.log2(np.maximum(size, 4))).astype(np.intp), 2)
    for bit in np.unique(bits):
        rows = np.flatnonzero(bits == bit)
        edges = edges_of(parts[rows], 1 << int(bit))
        convex = edges.outer.all(axis=1) & (shapely.get_num_interior_rings(parts[rows]) == 0)
        for some, is_convex in ((convex, True), (~convex, False)):
            # The first choice holds every direction and start of one polygon at once.
            each = (EDGES + TURNS) * (1 if is_convex else STARTS) << int(bit)
            mine = np.flatnonzero(some)
            for chunk in np.array_split(mine, min(-(-len(mine) * each // MEMORY), len(mine))) if len(mine) else []:
                found[rows[chunk]] = _best(parts[rows[chunk]], edges.take(chunk), convex=is_convex)
    return found


@dataclass(frozen=True, eq=False)
class _Tries:
    """Rectangles looked for: in which polygon, in what direction, around which point; and what was found.

    `way` is the direction of the rectangle's first side, `box` what it is where that direction is level.
    """

    row: Rows
    way: Floats
    area: Floats
    box: Floats

    def take(self, some: Rows | Mask) -> "_Tries":
        return _Tries(*(one[some] for one in vars(self).values()))

    @property
    def centre(self) -> Floats:
        x, y = (self.box[:, :2] + self.box[:, 2:]).T / 2
        return _back(np.stack([x, y], axis=1), self.way)


def _best(parts: Shapes, edges: Edges, *, convex: bool) -> Shapes:
    """Return the largest rectangle found in each of some polygons: coarsely, then turned, then to the last."""
    n = len(parts)
    ways, starts = _directions(edges), np.zeros((n, 1, 2)) if convex else _starts(parts, edges.middle)
    row = np.repeat(np.arange(n), ways.shape[1] * starts.shape[1])
    way = np.tile(ways, (1, starts.shape[1], 1)).reshape(-1, 2)
    start = np.repeat(starts, ways.shape[1], axis=1).reshape(-1, 2)
    both = np.repeat(np.tile(np.resize([LEAN, FAR, -LEAN, -FAR], starts.shape[1]), n), ways.shape[1])
    found = _search(edges, row, way, start, lean=None if convex else both)
    if not convex:
        found = _grown(edges, found.take(_firsts(found.area.reshape(n, -1), GROWN)), (0.0, FAR, -FAR, 0.0))
    found = found.take(_firsts(found.area.reshape(n, -1), KEPT))
    enough = ENOUGH * np.asarray(shapely.area(parts))[found.row]
    for step in range(1, FINER + 1):
        for by in (np.pi / 2 / TURNS / 2**step, -np.pi / 2 / TURNS / 2**step):
            if not len(some := np.flatnonzero(found.area < enough)):
                break
            one = found.take(some)
            lean = None if convex else np.full(len(some), float(np.sign(by)) * LEAN)
            found = _better(found, some, _search(edges, one.row, _turn(one.way, by), one.centre, lean=lean))
    return _chosen(parts, edges, found, leans=[None] if convex else (0.0, LEAN, -LEAN, 0.0))


def _chosen(parts: Shapes, edges: Edges, found: _Tries, *, leans: Sequence[float | None]) -> Shapes:
    """Close in on the best of each polygon; on the next best where, by rounding, that one lies outside."""
    result: Shapes = np.full(len(parts), shapely.Polygon(), dtype=object)
    for choice in _firsts(found.area.reshape(len(parts), -1), KEPT).reshape(len(parts), -1).T:
        left = np.flatnonzero(shapely.is_empty(result))
        if len(left):
            last = _grown(edges, found.take(choice[left]), leans, rounds=LAST)
            result[left] = _certain(parts[left], edges.middle[left], last)
    return result


def _grown(edges: Edges, found: _Tries, leans: Sequence[float | None], rounds: int = 1) -> _Tries:
    """Look around rectangles found for larger ones in the same direction, with one lean after the other."""
    every = np.arange(len(found.row))
    for lean in leans:
        leaning = None if lean is None else np.full(len(every), lean)
        found = _better(found, every, _within(edges, found, lean=leaning, rounds=rounds))
    return found


def _firsts(area: Floats, some: int) -> Rows:
    """Return the places of the largest of each row, counted through."""
    order = np.argsort(-area, axis=1, kind="stable")[:, :some]
    return np.asarray(np.arange(len(area))[:, None] * area.shape[1] + order).ravel()


def _better(found: _Tries, some: Rows, other: _Tries) -> _Tries:
    """Put other tries in the place of some where they are larger."""
    more = other.area > found.area[some]
    way, area, box = found.way.copy(), found.area.copy(), found.box.copy()
    for one, new in ((way, other.way), (area, other.area), (box, other.box)):
        one[some[more]] = new[more]
    return _Tries(found.row, way, area, box)


def _search(edges: Edges, row: Rows, way: Floats, start: Floats, *, lean: Floats | None) -> _Tries:
    point = _forth(start, way)
    box = np.concatenate([point, point], axis=1)
    return _within(edges, _Tries(row, way, np.zeros(len(row)), box), lean=lean, rounds=1)


def _within(edges: Edges, tries: _Tries, *, lean: Floats | None, rounds: int) -> _Tries:
    """Find the largest rectangles in the regions around boxes, a cache's worth at a time; no lean: it is convex."""
    row, way, found = tries.row, tries.way, []
    each = EACH * max(edges.start.shape[1], LEAST)
    for some in np.array_split(np.arange(len(row)), max(-(-len(row) * each // CACHE), 1)):
        a, b = (_forth(one[row[some]], way[some, None, :]) for one in (edges.start, edges.end))
        lines, limits = edges.outer[row[some]], np.concatenate([a.min(axis=1), a.max(axis=1)], axis=1)
        if lean is not None:
            lines, limits = _parted(a, b, (tries.box[some], lean[some]), (lines, limits))
        found.append(largest(regions(a, b, lines, limits), rounds=rounds, narrow=lean is not None))
    area, boxes = (np.concatenate(one) for one in zip(*found, strict=True))
    return _Tries(row, way, area, boxes)


def _parted(a: Floats, b: Floats, around: tuple[Floats, Floats], known: tuple[Mask, Floats]) -> tuple[Mask, Floats]:
    """Part every inner edge from its box: by its own line, or by an upright or level one, whichever is farther.

    Whichever is taken, the edge stays outside. With a lean above 0 upright lines are rather taken, below 0 level ones.

    Returns:
        the edges whose lines bound the region, and the limits the others set: x0, y0, x1, y1.
    """
    (box, lean), (outer, limits) = around, known
    size = np.maximum(limits[:, 2] - limits[:, 0], limits[:, 3] - limits[:, 1])[:, None]
    more = lean[:, None] * size
    along, half = b - a, (box[:, None, 2:] - box[:, None, :2]) / 2
    to = (box[:, None, 2:] + box[:, None, :2]) / 2 - a
    aside = along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]
    reach = np.abs(along[..., 0]) * half[..., 1] + np.abs(along[..., 1]) * half[..., 0]
    length = length_of(along)
    low, high = np.minimum(a, b), np.maximum(a, b)
    gaps = np.stack(
        [
            (aside - reach) / np.where(length > 0, length, 1.0),
            box[:, None, 0] - high[..., 0],
            box[:, None, 1] - high[..., 1],
            low[..., 0] - box[:, None, 2],
            low[..., 1] - box[:, None, 3],
        ]
    )
    gaps[1:] += np.where(gaps[1:] >= -LEAN * size, np.stack([more, -more, more, -more]), 0.0)
    choice = np.where(outer, 0, gaps.argmax(axis=0))
    limits = limits.copy()
    for side in (0, 1):
        least = np.where(choice == 1 + side, high[..., side], -np.inf).max(axis=1)
        most = np.where(choice == 3 + side, low[..., side], np.inf).min(axis=1)
        limits[:, side] = np.maximum(limits[:, side], least)
        limits[:, 2 + side] = np.minimum(limits[:, 2 + side], most)
    return choice == 0, limits


def _starts(parts: Shapes, middle: Floats) -> Floats:
    """Return points inside polygons: the middles of the largest triangles they are made of; float64[n, starts, 2]."""
    triangles, of = shapely.get_parts(shapely.constrained_delaunay_triangles(parts), return_index=True)
    order = np.lexsort((np.arange(len(of)), -shapely.area(triangles), of))
    sizes = np.bincount(of, minlength=len(parts))
    first = np.cumsum(sizes) - sizes
    at = order[first[:, None] + np.arange(STARTS)[None, :] % sizes[:, None]]
    points = shapely.get_coordinates(shapely.centroid(triangles[at.ravel()])).reshape(len(parts), STARTS, 2)
    return np.asarray(points - middle[:, None, :])


def _directions(edges: Edges) -> Floats:
    """Return the directions tried: of the longest edges, and of the longest one turned step by step."""
    along = edges.end - edges.start
    length = length_of(along)
    order = np.argsort(-length, axis=1, kind="stable")[:, :EDGES]
    row = np.arange(len(along))[:, None]
    size = length[row, order][..., None]
    own = np.where(size > 0, along[row, order], [1.0, 0.0]) / np.where(size > 0, size, 1.0)
    turned = [_turn(own[:, 0], np.pi / 2 * step / TURNS) for step in range(1, TURNS)]
    return np.concatenate([own, np.stack(turned, axis=1)], axis=1)


def _turn(way: Floats, by: float) -> Floats:
    cos, sin = float(np.cos(by)), float(np.sin(by))
    return np.stack([way[..., 0] * cos - way[..., 1] * sin, way[..., 0] * sin + way[..., 1] * cos], axis=-1)


def _forth(points: Floats, way: Floats) -> Floats:
    """Turn points so that a direction becomes level."""
    x, y, cos, sin = points[..., 0], points[..., 1], way[..., 0], way[..., 1]
    return np.stack([x * cos + y * sin, y * cos - x * sin], axis=-1)


def _back(points: Floats, way: Floats) -> Floats:
    return _forth(points, way * [1.0, -1.0])


def _certain(parts: Shapes, middle: Floats, found: _Tries) -> Shapes:
    """Draw rectangles in until each lies within its polygon, by the exact predicate; empty where none does."""
    result: Shapes = np.full(len(parts), shapely.Polygon(), dtype=object)
    by = 16 * np.finfo(np.float64).eps * np.abs(np.asarray(shapely.bounds(parts))).max(axis=1)
    left = np.flatnonzero(found.area > 0)
    shapely.prepare(parts)
    for step in range(DRAWN_IN):
        d = by[left] * 4.0**step
        x0, y0, x1, y1 = (found.box[left] + np.stack([d, d, -d, -d], axis=1)).T
        corners = np.stack([x0, y0, x1, y0, x1, y1, x0, y1], axis=1).reshape(-1, 4, 2)
        corners = _back(corners, found.way[left, None, :]) + middle[left, None, :]
        shapes = shapely.polygons(corners)
        inside = (x0 < x1) & (y0 < y1) & shapely.within(shapes, parts[left])
        result[left[inside]] = shapes[inside]
        left = left[~inside]
    return result
