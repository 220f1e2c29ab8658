"""Coordinate systems: declared or stated, never guessed; a file in no known one is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyproj

from gis_sites.errors import Refused, WrongUse
from gis_sites.findings import Finding, FindingType
from gis_sites.intake.names import plain
from gis_sites.intake.source import SourceTable

Floats = npt.NDArray[np.float64]
Move = Callable[[Floats, Floats], tuple[Floats, Floats]]
Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees."""
MARGIN = 0.5
"""Degrees beyond the area of use that are still believed."""
ZONES = {"5": "EPSG:2176", "6": "EPSG:2177", "7": "EPSG:2178", "8": "EPSG:2179"}
"""PL-2000: the first digit of a seven-digit easting is the zone."""
WIDE = frozenset({2177, 2178, 2179})
"""Zones whose eastings and northings cannot be taken for anything else: used all over Poland, they are believed."""
POLISH = frozenset({2176, 2177, 2178, 2179, 2180})
POLAND: Box = (14.0, 49.0, 24.2, 55.9)
"""With the sea."""
OLD = frozenset({3120, 2172, 2173, 2174, 2175, 3328})
"""The systems of 1965 and GUGiK-80: no way to today's is exact without the grids of the geodetic office."""
SWAPPED, SURE = "swapped", "sure"
_GML_2 = re.compile(r"https?://(?:www\.)?opengis\.net/gml/srs/epsg\.xml#(\d+)", re.IGNORECASE)
_BY_AUTHORITY = re.compile(r"urn:|https?://(?:www\.)?opengis\.net/def/crs", re.IGNORECASE)
_FORM = re.compile(r"urn:|https?:|[a-z]+:|\+|[a-z]+(?:crs|cs)\[|\{", re.IGNORECASE)
"""How names begin that PROJ reads at once; for any other it would search all it knows, a fifth of a second each."""
_PL = r"(?:etrs1989|etrs89|etrf2000)?(?:pl|puwg|uklad|cs|poland)*"
_PL_2000 = re.compile(_PL + r"2000(?:strefa|zone|s|z)?(?P<zone>[5-8]|15|18|21|24)")
_PL_1992 = re.compile(_PL + r"(?:19)?92")


@dataclass(frozen=True)
class System:
    """How the numbers of a table are meant: the system, and whether each pair stands the other way round."""

    crs: pyproj.CRS
    swapped: bool = False
    sure: bool = False
    """Stated by a person who has seen that the comparison with the inventory says otherwise."""


@dataclass(frozen=True)
class Name:
    """What the name of a system in a file (`srsName`) says: the system, and whether northing goes first."""

    crs: pyproj.CRS
    northing_first: bool


@lru_cache(256)
def srs_name(text: str) -> Name | None:
    """Read the name of a system as files write it; None where there is no such system.

    The long forms (`urn:`, `.../def/crs/...`) put the axes in the order of the authority, which for the Polish
    systems is northing, easting; `EPSG:n` and `epsg.xml#n` mean easting, northing, whatever the authority says.

    >>> [srs_name(form + "2177").northing_first for form in ("urn:ogc:def:crs:EPSG::", "EPSG:")]
    [True, False]
    >>> srs_name("http://www.opengis.net/gml/srs/epsg.xml#2180").northing_first
    False
    """
    usual = _usual(text.strip())
    try:
        crs = pyproj.CRS.from_user_input(usual) if _FORM.match(usual) else None
    except pyproj.exceptions.CRSError:
        crs = None
    if crs is None:
        return None
    flat = _flat(crs)
    first = flat.axis_info[0].direction if flat.axis_info else "east"
    return Name(flat, _BY_AUTHORITY.match(text.strip()) is not None and first == "north")


def _usual(text: str) -> str:
    """Return a name that PROJ knows for one that people write."""
    if gml := _GML_2.fullmatch(text):
        return f"EPSG:{gml[1]}"
    if text.isdecimal():
        return f"EPSG:{text}"
    word = plain(text)
    if word in {"crs84", "ogccrs84"}:
        return "OGC:CRS84"
    if zone := _PL_2000.fullmatch(word):
        number = zone["zone"]
        return ZONES[number if len(number) == 1 else str(int(number) // 3)]
    return "EPSG:2180" if _PL_1992.fullmatch(word) else text


def _flat(crs: pyproj.CRS) -> pyproj.CRS:
    """Return the horizontal part of a system, by its code where it is the one of a code in all but name."""
    flat = (crs.sub_crs_list[0] if crs.is_compound else crs).to_2d()
    code = None if flat.to_epsg() else flat.to_epsg(min_confidence=20)
    if code is None:
        return flat
    known = pyproj.CRS.from_epsg(code)
    return known if _numbers(known) == _numbers(flat) else flat


def _numbers(crs: pyproj.CRS) -> tuple[object, ...]:
    """Return what places depend on: the ellipsoid, the projection and its numbers."""
    ellipsoid, way = crs.ellipsoid, crs.coordinate_operation
    shape = (ellipsoid.semi_major_metre, round(ellipsoid.inverse_flattening, 6)) if ellipsoid else ()
    values = tuple((one.code, one.value) for one in way.params) if way else ()
    return (*shape, crs.is_geographic, way.method_name if way else "", values)


def stated(text: str) -> System:
    """Read a stated system: its name, then `swapped` and `sure` where they are needed.

    Raises:
        WrongUse: there is no such system.
    """
    *name, last = [word for word in text.split() if word] or [""]
    said = {last} & {SWAPPED, SURE}
    if said and name and name[-1] in {SWAPPED, SURE}:
        said.add(name.pop())
    whole = " ".join(name) if said else text
    found = srs_name(whole)
    if found is None:
        raise WrongUse("import.crs_unreadable", crs=text)
    return System(found.crs, SWAPPED in said, SURE in said)


def decide(table: SourceTable, said: str | None) -> tuple[System | None, Finding | None]:
    """Return how a table's numbers are meant, and what is to be said about it.

    Raises:
        WrongUse: the stated system is none.
        Refused: the file declares none and none is stated, or it is one no exact way leads from.
    """
    if table.geometry is None:
        return None, None
    declared = _usable(table.crs)
    if said is None and declared is None:
        raise Refused("import.crs_missing", table=table.name)
    system = System(declared) if said is None and declared is not None else stated(said or "")
    if system.crs.to_epsg() in OLD:
        raise Refused("import.crs_old", table=table.name, crs=short(system))
    same = declared is not None and declared.equals(system.crs, ignore_axis_order=True)
    if said is None or (same and not system.swapped):
        return system, None
    values = {"crs": short(system), "declared": "–" if declared is None else short(declared)}
    return system, Finding(FindingType.CRS_GIVEN, values=values)


def _usable(declared: str | None) -> pyproj.CRS | None:
    """Return a declared system, its horizontal part only; None if it is none on earth."""
    found = srs_name(declared) if declared else None
    if found is None:
        return None
    known = found.crs.is_geographic or found.crs.is_projected
    return found.crs if known and not found.crs.name.casefold().startswith("undefined") else None


def short(system: System | pyproj.CRS) -> str:
    """Name a coordinate system as `--crs` takes it: its code, else its name."""
    crs = system.crs if isinstance(system, System) else system
    code = crs.to_epsg()
    word = f" {SWAPPED}" if isinstance(system, System) and system.swapped else ""
    return (f"EPSG:{code}" if code else crs.name) + word


def move(system: System, working: pyproj.CRS) -> Move | None:
    """Return the function that takes a table's pairs of numbers to the working system; None where nothing moves.

    Raises:
        Refused: no exact way is known between the two.
    """
    crs = system.crs
    if crs.equals(working, ignore_axis_order=True):
        return _turned if system.swapped else None
    try:
        way = pyproj.Transformer.from_crs(crs, working, always_xy=True, allow_ballpark=False)
        found = way.transform(*_middle(crs))
    except pyproj.exceptions.ProjError:
        found = (np.inf, np.inf)
    if not np.isfinite(found).all():
        raise Refused("import.crs_no_way", crs=short(crs), working=short(working))
    return (lambda x, y: way.transform(y, x)) if system.swapped else way.transform


def _turned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    return y, x


def _middle(crs: pyproj.CRS) -> tuple[float, float]:
    area = crs.area_of_use
    if area is None:
        return 0.0, 0.0
    back = pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    x, y = back.transform((area.west + area.east) / 2, (area.south + area.north) / 2)
    return float(x), float(y)


def area(crs: pyproj.CRS) -> Box | None:
    """Return where a system's numbers are believed; None where nothing is known."""
    used = crs.area_of_use
    if used is None:
        return None
    return POLAND if crs.to_epsg() in WIDE else (used.west, used.south, used.east, used.north)


def inside(system: System, bounds: Floats) -> npt.NDArray[np.bool_]:
    """Say which boxes (lesser, then greater pair of numbers) lie in the area where a system is meant to be used."""
    crs, box = system.crs, area(system.crs)
    if box is None:
        finite: npt.NDArray[np.bool_] = np.all(np.isfinite(bounds), axis=1)
        return finite
    degrees = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    good = np.ones(len(bounds), dtype=bool)
    for east, north in ((1, 0), (3, 2)) if system.swapped else ((0, 1), (2, 3)):
        good &= within(box, *degrees.transform(bounds[:, east], bounds[:, north]))
    return good


def within(box: Box, x: Floats, y: Floats, margin: float = MARGIN) -> npt.NDArray[np.bool_]:
    """Say which longitudes and latitudes lie in a box, or some degrees beside it."""
    west, south, east, north = box
    across = (west - margin <= x) & (x <= east + margin)
    if west > east:  # an area over the antimeridian
        across = (x >= west - margin) | (x <= east + margin)
    good: npt.NDArray[np.bool_] = np.isfinite(x) & np.isfinite(y) & across
    return good & (south - margin <= y) & (y <= north + margin)


def could_be(x: float, y: float) -> list[str]:
    """Name every system that two numbers from Poland may be in, as `--crs` takes it, the likeliest first.

    >>> could_be(6505889, 5736324), could_be(51.76, 18.08), could_be(436891, 433142)
    (['EPSG:2177'], ['EPSG:4326 swapped'], ['EPSG:2180', 'EPSG:2180 swapped'])
    """
    found = []
    for east, north, word in ((x, y, ""), (y, x, f" {SWAPPED}")):
        if 5e6 <= east < 9e6 and 5e6 <= north <= 6.3e6:
            found.append(ZONES[str(int(east))[0]] + word)
        elif POLAND[0] <= east <= POLAND[2] and POLAND[1] <= north <= POLAND[3]:
            found.append(f"EPSG:4326{word}")
        elif 1.4e5 <= east <= 8.8e5 and 1.2e5 <= north <= 9.1e5:
            found.append(f"EPSG:2180{word}")
    return found


def looks_like(x: float, y: float) -> str | None:
    """Name the system that numbers are usually in; a hint for a person, never acted upon.

    >>> looks_like(6505889, 5736324), looks_like(2.35, 48.85), looks_like(436891, 433142)
    ('EPSG:2177', 'EPSG:4326', 'EPSG:2180')
    """
    world = ["EPSG:4326"] if abs(x) <= 180 and abs(y) <= 90 else []
    return next(iter(could_be(x, y) + world), None)
