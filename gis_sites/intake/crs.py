"""Coordinate systems: declared or stated, never guessed; a file in no known one is refused."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyproj

from gis_sites.errors import Refused, WrongUse
from gis_sites.findings import Finding, FindingType
from gis_sites.intake.source import SourceTable

Floats = npt.NDArray[np.float64]
Move = Callable[[Floats, Floats], tuple[Floats, Floats]]
MARGIN = 0.5
"""Degrees beyond the area of use that are still believed."""
ZONES = {"5": "EPSG:2176", "6": "EPSG:2177", "7": "EPSG:2178", "8": "EPSG:2179"}
"""PL-2000: the first digit of a seven-digit easting is the zone."""


def decide(table: SourceTable, stated: str | None) -> tuple[pyproj.CRS | None, Finding | None]:
    """Return the coordinate system of a table, and what is to be said about it.

    Raises:
        WrongUse: the stated system is none.
        Refused: the file declares none and none is stated.
    """
    if table.geometry is None:
        return None, None
    declared = _usable(table.crs)
    if stated is None:
        if declared is None:
            raise Refused("import.crs_missing", table=table.name)
        return declared, None
    try:
        crs = pyproj.CRS.from_user_input(f"EPSG:{stated}" if stated.isdigit() else stated)
    except pyproj.exceptions.CRSError as error:
        raise WrongUse("import.crs_unreadable", crs=stated) from error
    if declared is not None and declared.equals(crs, ignore_axis_order=True):
        return crs, None
    values = {"crs": short(crs), "declared": "-" if declared is None else short(declared)}
    return crs, Finding(FindingType.CRS_GIVEN, values=values)


def _usable(declared: str | None) -> pyproj.CRS | None:
    """Return a declared system, its horizontal part only; None if it is none on earth."""
    if declared is None:
        return None
    try:
        crs = pyproj.CRS.from_user_input(declared)
    except pyproj.exceptions.CRSError:
        return None
    flat = crs.sub_crs_list[0] if crs.is_compound else crs
    known = (flat.is_geographic or flat.is_projected) and not flat.name.casefold().startswith("undefined")
    return flat.to_2d() if known else None


def short(crs: pyproj.CRS) -> str:
    """Name a coordinate system: its code, else its name."""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else crs.name


def move(crs: pyproj.CRS, working: pyproj.CRS) -> Move | None:
    """Return the function that takes easting and northing to the working system; None where they are the same.

    Raises:
        Refused: no exact way is known between the two.
    """
    if crs.equals(working, ignore_axis_order=True):
        return None
    try:
        way = pyproj.Transformer.from_crs(crs, working, always_xy=True, allow_ballpark=False)
        found = way.transform(*_middle(crs))
    except pyproj.exceptions.ProjError:
        found = (np.inf, np.inf)
    if not np.isfinite(found).all():
        raise Refused("import.crs_no_way", crs=short(crs), working=short(working))
    return way.transform


def _middle(crs: pyproj.CRS) -> tuple[float, float]:
    area = crs.area_of_use
    if area is None:
        return 0.0, 0.0
    back = pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    x, y = back.transform((area.west + area.east) / 2, (area.south + area.north) / 2)
    return float(x), float(y)


def inside(crs: pyproj.CRS, bounds: Floats) -> npt.NDArray[np.bool_]:
    """Say which boxes (xmin, ymin, xmax, ymax) lie in the area where a system is meant to be used."""
    area = crs.area_of_use
    if area is None:
        finite: npt.NDArray[np.bool_] = np.all(np.isfinite(bounds), axis=1)
        return finite
    degrees = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    good = np.ones(len(bounds), dtype=bool)
    for corner in ((0, 1), (2, 3)):
        x, y = degrees.transform(bounds[:, corner[0]], bounds[:, corner[1]])
        across = (area.west - MARGIN <= x) & (x <= area.east + MARGIN)
        if area.west > area.east:  # an area over the antimeridian
            across = (x >= area.west - MARGIN) | (x <= area.east + MARGIN)
        good &= np.isfinite(x) & np.isfinite(y) & across & (area.south - MARGIN <= y) & (y <= area.north + MARGIN)
    return good


def looks_like(x: float, y: float) -> str | None:
    """Name the system that numbers from Poland are usually in; a hint for a person, never acted upon.

    >>> looks_like(6505889, 5736324), looks_like(18.08, 51.76), looks_like(436891, 433142)
    ('EPSG:2177', 'EPSG:4326', 'EPSG:2180')
    """
    if abs(x) <= 180 and abs(y) <= 90:
        return "EPSG:4326"
    if 1e6 <= x < 1e7 and str(int(x))[0] in ZONES and 5e6 <= y <= 6.3e6:
        return ZONES[str(int(x))[0]]
    if 1.4e5 <= x <= 8.8e5 and 1.2e5 <= y <= 9.1e5:
        return "EPSG:2180"
    return None
