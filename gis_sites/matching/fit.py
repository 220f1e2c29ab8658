"""Whether a rectangle fits into a polygon, turned at any angle: yes with the rectangle, or surely no.

Where a rectangle is not turned, the places of its middle are the polygon less every edge widened by the rectangle
(Minkowski 1903; Lozano-Perez, Spatial Planning: A Configuration Space Approach, IEEE C-32 (1983), 108-120). Between
two angles every turned rectangle holds a smaller core; where the core has no place, no angle between them has one.
Angles are halved until the rectangle is found or every one is ruled out: branch and bound, not sampling.
A rectangle counts as found when one fits whose sides are at most `TOLERANCE_M` shorter; a no is always certain.
"""

import heapq
import math
from collections.abc import Iterator
from itertools import count as counting
from typing import NamedTuple

import numpy as np
import shapely

from gis_sites.columns import Floats
from gis_sites.profile.features import Shapes

TOLERANCE_M = 0.01
"""How much shorter than asked for a side may be: the register's coordinates are of a centimetre."""
SNUG_M = 0.9 * TOLERANCE_M
"""How much shorter the sides are for which room is looked for: what is left lets the exact predicate agree."""
MOST_LOOKS = 3_000
"""After how many looks a search is given up: neither yes nor no."""
EMPTY = shapely.Polygon()


class Sides(NamedTuple):
    """The sides of a rectangle, the long one first: m."""

    long: float
    short: float

    @property
    def diagonal(self) -> float:
        """From corner to corner: m."""
        return math.hypot(self.long, self.short)

    @property
    def least_area(self) -> float:
        """Ground it surely takes: m2; a little less than its area, which rounding of the ground's may lose."""
        return (self.long - SNUG_M / 2) * (self.short - SNUG_M / 2)

    def less(self, by: float) -> "Sides":
        """Return the sides, each shorter by so much."""
        return Sides(self.long - by, self.short - by)


def goes_in(inner: Sides, outer: Sides) -> bool:
    """Tell whether a rectangle goes into another, turned at any angle.

    Carver, Solution to problem E 1225, Amer. Math. Monthly 64 (1957), 114-116; Wetzel, Rectangles in rectangles,
    Math. Magazine 73 (2000), 204-211.

    >>> goes_in(Sides(2, 1), Sides(2, 1)), goes_in(Sides(12, 1), Sides(10, 9)), goes_in(Sides(12, 2), Sides(10, 5))
    (True, True, False)
    """
    p, q = inner
    a, b = outer
    if p <= a:
        return q <= b
    square = p * p + q * q
    return q <= b and b * square >= 2 * p * q * a + (p * p - q * q) * math.sqrt(max(square - a * a, 0.0))


class GivenUp(Exception):
    """A search took too many looks."""


def find(part: shapely.Polygon, sides: Sides) -> shapely.Polygon | None:
    """Return a rectangle within a polygon, truly inside by the exact predicate; None: surely none fits.

    Raises:
        GivenUp: neither was found out.
    """
    ground = Ground(part)
    # A little less than asked for: where it just goes in its place is a point, which rounding may lose.
    for angle in _promising(sides.less(SNUG_M / 2), ground):
        if (found := ground.place(sides, angle)) is not None:
            return found
    return None


def _promising(sides: Sides, ground: "Ground") -> Iterator[float]:
    """Yield angles at which the core has a place, the roomiest first, closer and closer.

    Raises:
        GivenUp: there are too many.
    """
    period = math.pi / 2 if sides.long == sides.short else math.pi
    # Up to here the core is a rectangle: farther on its corners would leave the turned ones.
    widest = min(math.asin(min(sides.short / sides.long, 1.0)) / 2, math.pi / 6)
    first = math.ceil(period / 2 / widest)
    finest, order = TOLERANCE_M / 4 / sides.long, counting()
    reach = period / 2 / first
    heap = [(0.0, next(order), (2 * step + 1) * reach, reach) for step in range(first)]
    for _ in range(MOST_LOOKS):
        if not heap:
            return
        _, _, angle, reach = heapq.heappop(heap)
        room = ground.room(core(sides, reach), angle)
        if room.is_empty:
            continue
        yield angle
        if reach > finest:
            half = reach / 2
            for at in (angle - half, angle + half):
                heapq.heappush(heap, (-room.area, next(order), at, half))
    if heap:
        raise GivenUp


def core(sides: Sides, reach: float) -> Sides:
    """Return a rectangle that lies within another however it is turned by up to `reach`, about their middle."""
    cos, sin, twice = math.cos(reach), math.sin(reach), math.cos(2 * reach)
    return Sides((sides.long * cos - sides.short * sin) / twice, (sides.short * cos - sides.long * sin) / twice)


class Ground:
    """A polygon one looks for places in; coordinates are from its middle, so that turning loses nothing."""

    def __init__(self, part: shapely.Polygon) -> None:
        self.part = part
        x0, y0, x1, y1 = part.bounds
        self._middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        shapely.prepare(part)
        self._local = shapely.transform(part, lambda points: points - self._middle)
        rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(self._local)]
        self._edges = np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in rings])

    def room(self, sides: Sides, angle: float) -> shapely.Geometry:
        """Return where the middle of a rectangle may be, its long side at an angle; turned back by it."""
        edges, ground = _turned(self._edges, -angle), shapely.transform(self._local, lambda one: _turned(one, -angle))
        x0, y0, x1, y1 = ground.bounds
        if x1 - x0 < sides.long or y1 - y0 < sides.short:
            return EMPTY
        return shapely.difference(ground, shapely.union_all(_widened(edges, sides)))

    def place(self, sides: Sides, angle: float) -> shapely.Polygon | None:
        """Return a rectangle at an angle, of the sides or a little less, truly inside; None where none was found."""
        room = self.room(sides.less(SNUG_M), angle)
        if room.is_empty:
            return None
        whole = self.room(sides, angle)
        middle = shapely.get_coordinates(shapely.point_on_surface(room if whole.is_empty else whole))[0]
        return self.certain(sides, angle, middle)

    def around(self, sides: Sides, angle: float, middle: Floats) -> shapely.Polygon | None:
        """Return the rectangle around a point, truly inside; None where it is not."""
        return self.certain(sides, angle, _turned(middle - self._middle, -angle))

    def certain(self, sides: Sides, angle: float, middle: Floats) -> shapely.Polygon | None:
        """Return the rectangle around a middle (turned back), as large as the exact predicate lets it be."""
        for less in (0.0, 1e-6, TOLERANCE_M):
            half = np.array(sides.less(less)) / 2
            corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + middle
            found = shapely.Polygon(_turned(corners, angle) + self._middle)
            if shapely.within(found, self.part):
                return found
        return None


def _widened(edges: Floats, sides: Sides) -> Shapes:
    """Return every edge widened by a level rectangle: hexagons."""
    a, b = sides.long / 2, sides.short / 2
    left_first = (edges[:, 0, 0] <= edges[:, 1, 0])[:, None]
    left, right = np.where(left_first, edges[:, 0], edges[:, 1]), np.where(left_first, edges[:, 1], edges[:, 0])
    up = np.where(right[:, 1] >= left[:, 1], b, -b)
    points = [
        (left, -a, -up), (left, a, -up), (right, a, -up), (right, a, up), (right, -a, up), (left, -a, up),
    ]  # fmt: skip
    rings = np.stack([at + np.stack([np.full(len(up), x), y], axis=1) for at, x, y in points], axis=1)
    hexagons: Shapes = shapely.polygons(rings)
    return hexagons


def _turned(points: Floats, by: float) -> Floats:
    cos, sin = math.cos(by), math.sin(by)
    x, y = points[..., 0], points[..., 1]
    return np.stack([x * cos - y * sin, x * sin + y * cos], axis=-1)
