"""Kinds of geometry: what a layer wants, and how a geometry of several kinds is narrowed to one."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import shapely

from gis_sites.intake.batch import Bools, Objects

KINDS = {"point": 0, "line": 1, "polygon": 2}
SINGLE = {0: 4, 1: 5, 3: 6}
"""Types of single geometries, as GEOS numbers them, and of the MULTI of each."""


def of_kind(shapes: Objects, wanted: str) -> tuple[Objects, Bools]:
    """Return MULTI geometries of the wanted kind, None where there is none, and where other parts were dropped.

    Of a geometry of several kinds a layer of kind `any` keeps the highest.
    """
    parts, rows = parts_of(shapes)
    kinds = shapely.get_dimensions(parts)
    keep = np.full(len(shapes), KINDS.get(wanted, -1))
    if wanted == "any":
        np.maximum.at(keep, rows, kinds)
    chosen = kinds == keep[rows]
    result: Objects = np.full(len(shapes), None, dtype=object)
    for kind, build in enumerate((shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)):
        mine = chosen & (kinds == kind)
        if mine.any():
            build(parts[mine], indices=rows[mine], out=result)
    dropped = np.zeros(len(shapes), dtype=bool)
    dropped[rows[~chosen]] = True
    return result, dropped


def plain(shapes: Objects, wanted: str) -> Bools:
    """Return where a geometry is of the wanted kind as it is, single or a MULTI of one part."""
    types = [both for both in SINGLE.items() if wanted == "any" or both[1] == 4 + KINDS[wanted]]
    alone = ~shapely.is_empty(shapes) & (shapely.get_num_geometries(shapes) == 1)
    found: Bools = alone & np.isin(shapely.get_type_id(shapes), types)
    return found


def other(whole: shapely.Geometry, kept: shapely.Geometry) -> str:
    """Say what a geometry holds besides what was kept: `1 LineString, 2 Point`."""
    parts, _ = parts_of(np.array([whole], dtype=object))
    kind = shapely.get_dimensions(kept)
    kinds = Counter(part.geom_type for part in parts if shapely.get_dimensions(part) != kind)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def parts_of(shapes: Objects) -> tuple[Objects, npt.NDArray[np.intp]]:
    """Take geometries apart, collections within collections too; empty parts fall away."""
    parts, rows = shapely.get_parts(shapes, return_index=True)
    while (shapely.get_type_id(parts) >= 4).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        rows = rows[inner]
    full = ~shapely.is_empty(parts)
    return parts[full], rows[full]
