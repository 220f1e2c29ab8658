"""Where a footprint stands on the ground of some sites, and what the plans say of it there."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from gis_sites.columns import Floats
from gis_sites.matching.bigger import Footprint
from gis_sites.matching.fit import TOLERANCE_M, Sides
from gis_sites.matching.placing import Placed, Wanted, place, too_narrow
from gis_sites.matching.plan_limits import Building, held_against, parted
from gis_sites.profile.features import Mask, Shapes
from gis_sites.profile.land import Ground, Zone
from gis_sites.profile.pieces import areal

Answer = dict[str, Any]


def stand(footprint: Footprint, ground: Ground, known: Sequence[tuple[float, bool]]) -> list[Answer]:
    """Find out whether a footprint fits on each site of a ground.

    `known` are of each site the area that shares of a plan are of, and whether anything is known of its net area.
    """
    wanted = wanted_of(footprint)
    buildings = [Building(footprint.height_m, _share(wanted.area, area)) for area, _ in known]
    forbidden, doubtful = zip(*map(parted, ground.zones, buildings), strict=True)
    most, sure = (set_back(shapes, footprint.setback_m) for shapes in (ground.most, ground.sure))
    nobody = np.array([not told for _, told in known], dtype=bool)
    sure[nobody] = shapely.Polygon()
    allowed = without(most, forbidden)
    certain = without(without(sure, forbidden), doubtful)
    best = _best(allowed, certain, wanted)
    asked = [(most, forbidden), (without(sure, forbidden), doubtful)]
    why = _reasons(best, asked, wanted)
    return [_answer(one, *pair) for one, pair in zip(why, zip(ground.zones, buildings, strict=True), strict=True)]


def wanted_of(footprint: Footprint) -> Wanted:
    """Return the rectangles a footprint asks for."""
    ends = footprint.length_m, footprint.width_m
    return Wanted(Sides(max(ends), min(ends)), footprint.count, footprint.apart_m)


def at_best(footprint: Footprint, most: Shapes, sure: Shapes) -> tuple[Mask, Mask]:
    """Tell which sites surely have no room on ground that may be free, and which have none on what surely is free."""
    wanted = wanted_of(footprint)
    none = too_narrow(set_back(most, footprint.setback_m), wanted)
    doubtful = none.copy()
    doubtful[~none] = too_narrow(set_back(sure[~none], footprint.setback_m), wanted)
    return none, doubtful


def _share(part: float, area: float) -> float:
    return part / area if area > 0 else math.nan


def set_back(shapes: Shapes, by: float) -> Shapes:
    """Return polygons less a strip along all their edges; too large by half of `TOLERANCE_M` at most, in their arcs."""
    if by == 0:
        return shapes.copy()
    quarter = math.ceil(math.pi / 4 / math.acos(1 - min(TOLERANCE_M / 2 / by, 1.0)))
    result: Shapes = shapely.buffer(shapes, -by, quad_segs=quarter)
    return result


def without(shapes: Shapes, taken: Sequence[Sequence[shapely.Geometry]]) -> Shapes:
    """Return polygons less others."""
    result = shapes.copy()
    some = [row for row, one in enumerate(taken) if one]
    if some:
        unions = np.array([shapely.union_all(taken[row]) for row in some], dtype=object)
        result[some] = areal(_difference(shapes[some], unions))
    return result


def _difference(shapes: Shapes, taken: Shapes) -> Shapes:
    """Return shapes less others, made valid first where one of them is not: buffers and united parcels may be."""
    left: Shapes
    try:
        left = shapely.difference(shapes, taken)
    except shapely.errors.GEOSException:
        left = shapely.difference(areal(shapely.make_valid(shapes)), areal(shapely.make_valid(taken)))
    return left


Found = tuple[str, str, Placed]
"""A verdict, why, and where the footprint stands or would."""
Best = list[tuple[str, Placed]]
"""A verdict for each site, and where the footprint would stand."""


def _best(allowed: Shapes, certain: Shapes, wanted: Wanted) -> Best:
    """Look on all that may be free first: where nothing fits there, nothing fits on what surely is."""
    hopeful = place(allowed, wanted)
    again = [row for row, one in enumerate(hopeful) if one.fits is not False and not _same(allowed[row], certain[row])]
    surely = dict(zip(again, place(certain[again], wanted), strict=True))
    found: Best = []
    for row, one in enumerate(hopeful):
        best = surely.get(row, one)
        if one.fits is False:
            found.append(("failed", one))
        elif best.fits:
            found.append(("met", best))
        else:
            found.append(("unknown", one))
    return found


def _same(one: shapely.Geometry, other: shapely.Geometry) -> bool:
    return bool(one == other)


def _reasons(best: Best, asked: Sequence[tuple[Shapes, Sequence[Any]]], wanted: Wanted) -> list[Found]:
    """Say of every failed or unknown site what stands in the way: plans, where it fits once they are left aside."""
    found = [(verdict, _plain_reason(verdict, placed), placed) for verdict, placed in best]
    for (verdict, why), (grounds, zones) in zip((("failed", "ground"), ("unknown", "net")), asked, strict=True):
        rows = [row for row, one in enumerate(found) if one[:2] == (verdict, why) and zones[row]]
        for row, placed in zip(rows, place(grounds[rows], wanted), strict=True):
            if placed.fits:
                found[row] = (verdict, "limits", placed if verdict == "failed" else found[row][2])
    return found


def _plain_reason(verdict: str, placed: Placed) -> str:
    if verdict == "met":
        return "fits"
    if verdict == "failed":
        return "ground"
    return "net" if placed.fits else "search"


def _answer(found: Found, zones: list[Zone], building: Building) -> Answer:
    verdict, why, placed = found
    shapes = shapely.multipolygons(list(placed.rectangles)) if placed.rectangles else None
    limits = held_against(zones, building, shapes) if shapes is not None else []
    shown = shapes if verdict != "failed" else None
    binary = None if shown is None else shapely.to_wkb(shown, hex=True)
    return {"verdict": verdict, "how": placed.how, "why": why, "shapes": binary, "limits": limits}


def angle_of(rectangle: shapely.Polygon) -> Floats:
    """Return the direction of the long side, degrees from east against the clock, 0 to 180; and both sides, metres."""
    corners = shapely.get_coordinates(rectangle)[:3]
    edges = np.diff(corners, axis=0)
    lengths = np.hypot(*edges.T)
    way = edges[int(lengths.argmax())]
    return np.array([math.degrees(math.atan2(way[1], way[0])) % 180, lengths.max(), lengths.min()])
