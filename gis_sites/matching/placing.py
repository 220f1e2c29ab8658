"""Rectangles in many grounds: area, enclosing rectangle, circle and longest edge decide most, a search the rest."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely

from gis_sites.columns import Floats
from gis_sites.matching.fit import TOLERANCE_M, GivenUp, Ground, Sides, find, goes_in
from gis_sites.matching.packing import find_several, large_enough, too_many, ways
from gis_sites.profile.features import Mask, Shapes
from gis_sites.profile.rectangle import sides

How = Literal["columns", "area", "circle", "rectangle", "search", "packing", "nothing_known"]
"""What decided: attributes of the site alone; of its ground the area, the circle or rectangle in or around it; a search
for one, or for several; nothing, as nobody knows the ground."""
CIRCLE_M = 0.05
"""How much smaller than the largest the circle that is found may be."""
SLACK_M = 1e-3
"""By how much an enclosing rectangle is taken for larger than it is found to be."""


@dataclass(frozen=True)
class Wanted:
    """Rectangles that are wanted: their sides, how many, how far apart (m)."""

    sides: Sides
    count: int = 1
    apart: float = 0.0

    @property
    def area(self) -> float:
        """What they cover together: m2."""
        return self.count * self.sides.long * self.sides.short


@dataclass(frozen=True)
class Placed:
    """Whether the rectangles have a place (None: neither was found out), what decided, and where they stand."""

    fits: bool | None
    how: How
    rectangles: tuple[shapely.Polygon, ...] = ()


def place(grounds: Shapes, wanted: Wanted) -> list[Placed]:
    """Find places for rectangles in each of some (multi)polygons, which may be empty."""
    found: list[Placed | None] = [None] * len(grounds)
    for decide in (_by_area, _by_envelope, _by_circle, _by_rectangle):
        open_ = np.array([row for row, one in enumerate(found) if one is None], dtype=np.intp)
        for row, one in zip(open_.tolist(), decide(grounds[open_], wanted), strict=True):
            found[row] = one
    return [one or _searched(ground, wanted) for one, ground in zip(found, grounds, strict=True)]


def too_narrow(grounds: Shapes, wanted: Wanted) -> Mask:
    """Tell of which (multi)polygons a quick look says no, also for sides a little shorter than wanted."""
    small, narrow = Wanted(wanted.sides.less(2 * TOLERANCE_M), wanted.count, wanted.apart), np.zeros(len(grounds), bool)
    for decide in (_by_area, _by_envelope, _by_circle):
        open_ = np.flatnonzero(~narrow)
        narrow[open_] = [one is not None and one.fits is False for one in decide(grounds[open_], small)]
    return narrow


def _by_area(grounds: Shapes, wanted: Wanted) -> list[Placed | None]:
    small = np.asarray(shapely.area(grounds)) < wanted.count * wanted.sides.least_area
    return [Placed(False, "area") if one else None for one in small.tolist()]


def _by_envelope(grounds: Shapes, wanted: Wanted) -> list[Placed | None]:
    """Say no where no part's least enclosing circle or rectangle (by Carver's condition) holds one."""
    parts, of = shapely.get_parts(grounds, return_index=True)
    goes = np.zeros(len(grounds), dtype=bool)
    wide = 2 * np.asarray(shapely.minimum_bounding_radius(parts)) + SLACK_M >= wanted.sides.diagonal
    for row, *outer, held in zip(of.tolist(), *sides(_envelopes(parts)), wide.tolist(), strict=True):
        # Rounding must not make a no of a rectangle that just goes in.
        goes[row] |= held and goes_in(wanted.sides, Sides(*(float(one) + SLACK_M for one in outer)))
    return [None if one else Placed(False, "rectangle") for one in goes.tolist()]


def _envelopes(parts: Shapes) -> Shapes:
    # Far from the origin of the coordinates GEOS is off by millimetres.
    points, of = shapely.get_coordinates(parts, return_index=True)
    corner = np.asarray(shapely.bounds(parts)).reshape(-1, 4)[:, :2]
    near: Shapes = shapely.set_coordinates(parts.copy(), points - corner[of])
    found: Shapes = shapely.oriented_envelope(near)
    found[shapely.get_type_id(found) != shapely.GeometryType.POLYGON] = shapely.Polygon()
    return found


def _by_rectangle(grounds: Shapes, wanted: Wanted) -> list[Placed | None]:
    """Say yes where one stands along the longest edge of a part, or across it: as most do."""
    if wanted.count > 1:
        return [None] * len(grounds)
    return [_along_an_edge(ground, wanted) for ground in grounds]


def _along_an_edge(ground: shapely.Geometry, wanted: Wanted) -> Placed | None:
    for part in large_enough(ground, wanted.sides):
        within = Ground(part)
        for angle in ways(part, 1):
            if (found := within.place(wanted.sides, angle)) is not None:
                return Placed(True, "rectangle", (found,))
    return None


def _by_circle(grounds: Shapes, wanted: Wanted) -> list[Placed | None]:
    """Say no where the largest circle is narrower than the rectangle, yes where one holds it."""
    placed: list[Placed | None] = []
    for ground, line in zip(grounds, shapely.maximum_inscribed_circle(grounds, CIRCLE_M), strict=True):
        if 2 * (line.length + CIRCLE_M) < wanted.sides.short:
            placed.append(Placed(False, "circle"))
        elif wanted.count == 1 and 2 * line.length > wanted.sides.diagonal:
            placed.append(_around(ground, shapely.get_coordinates(line)[0], wanted))
        else:
            placed.append(None)
    return placed


def _around(ground: shapely.Geometry, middle: Floats, wanted: Wanted) -> Placed | None:
    for part in shapely.get_parts(ground):
        if part.intersects(shapely.Point(middle)):
            found = Ground(part).around(wanted.sides, 0.0, middle)
            return None if found is None else Placed(True, "circle", (found,))
    return None


def _searched(ground: shapely.Geometry, wanted: Wanted) -> Placed:
    if wanted.count > 1:
        return _several(ground, wanted)
    given_up = False
    for part in large_enough(ground, wanted.sides):
        try:
            if (found := find(part, wanted.sides)) is not None:
                return Placed(True, "search", (found,))
        except GivenUp:
            given_up = True
    return Placed(None if given_up else False, "search")


def _several(ground: shapely.Geometry, wanted: Wanted) -> Placed:
    if too_many(ground, wanted.sides, count=wanted.count, apart=wanted.apart):
        return Placed(False, "area")
    try:
        found = find_several(ground, wanted.sides, count=wanted.count, apart=wanted.apart)
    except GivenUp:
        return Placed(None, "packing")
    if not found:
        return Placed(False, "search")
    return Placed(True if len(found) == wanted.count else None, "packing", tuple(found))
