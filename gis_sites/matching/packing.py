"""Several rectangles within a polygon, apart from each other.

A yes comes with the rectangles. Nobody decides for sure how many go in (Fowler, Paterson and Tanimoto, Optimal
packing and covering in the plane are NP-complete, Information Processing Letters 12 (1981), 133-137): a no is said
only where one does not fit or where all of them, each with half its distance around, are larger than the ground.
"""

import math
from collections.abc import Sequence

import numpy as np
import shapely

from gis_sites.columns import Floats
from gis_sites.matching.fit import SNUG_M, TOLERANCE_M, Ground, Sides, find

WAYS = 6
"""Of how many edges, the longest ones of a ground, the directions are tried."""
ALIKE = 1e-3
"""Directions nearer than this are one: rad."""
CORNERS = ((1, 1), (-1, 1), (1, -1), (-1, -1))
"""From which corner rectangles are set one after the other."""


def too_many(ground: shapely.Geometry, sides: Sides, *, count: int, apart: float) -> bool:
    """Tell whether so many rectangles surely need more ground than there is."""
    if apart < TOLERANCE_M:
        return bool(count * sides.least_area > ground.area)
    each = sides.least_area + apart * (sides.long + sides.short) + math.pi * apart * apart / 4
    # The arcs around corners are cut a little short.
    return bool(count * each > 1.01 * shapely.buffer(ground, apart / 2).area)


def find_several(ground: shapely.Geometry, sides: Sides, *, count: int, apart: float) -> list[shapely.Polygon]:
    """Return `count` rectangles within a ground, at least `apart` from each other; fewer: no more were found.

    Raises:
        GivenUp: not even the first was found, and nobody knows whether it fits.
    """
    found: list[shapely.Polygon] = []
    left = large_enough(ground, sides)
    while left and len(found) < count:
        part = left.pop(0)
        more = _set(part, sides, most=count - len(found), apart=apart)
        if not more:
            continue
        found += more
        taken = shapely.union_all(more)
        if apart >= TOLERANCE_M:  # GEOS makes nothing at all of what it widens by next to nothing
            taken = shapely.buffer(taken, apart)
        rest = [part, *left]
        left = [one for piece in rest for one in large_enough(shapely.difference(piece, taken), sides)]
        left.sort(key=lambda one: -one.area)
    return found


def large_enough(ground: shapely.Geometry, sides: Sides) -> list[shapely.Polygon]:
    """Return the parts of a ground that are no smaller than a rectangle, the largest first."""
    parts = [one for one in shapely.get_parts(ground) if one.geom_type == "Polygon" and one.area >= sides.least_area]
    return sorted(parts, key=lambda one: -one.area)


def _set(part: shapely.Polygon, sides: Sides, *, most: int, apart: float) -> list[shapely.Polygon]:
    """Set rectangles side by side at one angle: at that of an edge or, if need be, where the first is found."""
    ground = Ground(part)
    best: list[shapely.Polygon] = []
    for angle in ways(part, WAYS):
        for corner in CORNERS:
            found = _from_corner(ground, sides, (angle, corner), most=most, apart=apart)
            best = max(best, found, key=len)
            if len(best) >= most:
                return best
    if best:
        return best
    first = find(part, sides)
    return [] if first is None else [first]


def ways(part: shapely.Polygon, most: int) -> list[float]:
    """Return the directions of the longest edges, `most` of them, and those across."""
    points = shapely.get_coordinates(part.exterior)
    along = np.diff(points, axis=0)
    found: list[float] = []
    for edge in np.argsort(-np.hypot(*along.T), kind="stable").tolist():
        angle = math.atan2(along[edge, 1], along[edge, 0]) % (math.pi / 2)
        if all(ALIKE < abs(angle - one) < math.pi / 2 - ALIKE for one in found):
            found.append(angle)
        if len(found) == most:
            break
    return [angle + across for angle in found for across in (0.0, math.pi / 2)]


def _from_corner(
    ground: Ground, sides: Sides, start: tuple[float, tuple[int, int]], *, most: int, apart: float
) -> list[shapely.Polygon]:
    """Set one rectangle after the other, each in the corner of what room is left."""
    angle, corner = start
    room = ground.room(sides.less(SNUG_M), angle)
    found: list[shapely.Polygon] = []
    half = np.array(sides) + apart
    while not room.is_empty and len(found) < most:
        points = shapely.get_coordinates(room)
        middle = points[_least(points * corner)]
        room = shapely.difference(room, shapely.box(*(middle - half), *(middle + half)))
        if (one := ground.certain(sides, angle, middle)) is not None:
            found.append(one)
    return found


def _least(points: Floats) -> int:
    return int(np.lexsort((points[:, 0], points[:, 1]))[0])


def far_enough(rectangles: Sequence[shapely.Polygon], apart: float) -> bool:
    """Tell whether rectangles lie as far from each other as they must, and do not overlap."""
    pairs = [(one, other) for place, one in enumerate(rectangles) for other in rectangles[:place]]
    apart_enough = all(shapely.distance(*pair) >= apart - TOLERANCE_M for pair in pairs)
    return apart_enough and all(shapely.intersection(*pair).area <= TOLERANCE_M**2 for pair in pairs)
