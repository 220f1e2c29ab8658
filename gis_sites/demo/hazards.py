"""What stands in the way: flood scenarios, protected nature, mining, landslides, monuments; and revitalisation."""

import datetime as dt
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats
from gis_sites.demo.city import City
from gis_sites.demo.districts import Kind
from gis_sites.demo.general import cells
from gis_sites.demo.writing import Sheet, sheet

PIECE_M = 4000.0
STEP_M = 30.0
SCENARIOS = (("raz na 10 lat", -62.0, 60.0), ("raz na 100 lat", -140.0, 118.0), ("raz na 500 lat", -260.0, 190.0))
"""Of each scenario: how the maps call it, and how far south and north of the river's middle it reaches (m)."""


def river_band(city: City, low: float, high: float, *, ends: tuple[float, float] | None = None) -> list[Any]:
    """Return the band along the river between two distances from its middle, as pieces of a few kilometres."""
    import shapely

    x0, x1 = ends or (float(city.districts.columns[0, 0]) - 300, float(city.districts.columns[-1, 1]) + 300)
    middle = float(city.districts.rows[city.districts.river].mean())
    cuts = np.linspace(x0, x1, max(1, round((x1 - x0) / PIECE_M)) + 1)
    pieces = []
    for a, b in pairwise(cuts):
        x = np.linspace(a, b, max(2, round((b - a) / STEP_M)) + 1)
        south = np.column_stack((x, middle + low * _wave(x, low)))
        north = np.column_stack((x, middle + high * _wave(x, high)))[::-1]
        pieces.append(shapely.polygons(city.ground(np.concatenate((south, north)))))
    return pieces


def _wave(x: Floats, phase: float) -> Floats:
    return np.asarray(1 + 0.22 * np.sin(x / 640 + phase) + 0.08 * np.sin(x / 210 + 2 * phase))


def flood(city: City) -> Sheet:
    """Return the flood areas by scenario; one row does not say which it is."""
    rows: list[tuple[str | None, Any]] = []
    for name, low, high in SCENARIOS:
        rows += [(name, shape) for shape in river_band(city, low, high)]
    rows += [("zniszczenie wału", shape) for shape in river_band(city, -430.0, -150.0)]
    x = float(city.districts.columns[0, 0])
    rows += [(None, shape) for shape in river_band(city, -150.0, -60.0, ends=(x, x + 220))]
    return sheet("zagrozenie_powodziowe", "Polygon", {"SCENARIUSZ": [name for name, _ in rows]}, _shapes(rows))


def _shapes(rows: list[tuple[Any, Any]]) -> npt.NDArray[np.object_]:
    return np.array([shape for _, shape in rows], dtype=object)


def _areas(city: City, *kinds: Kind) -> list[Any]:
    """Return the ground of the districts of some kinds, neighbours as one."""
    import shapely

    inside, shapes = cells(city)
    chosen = np.isin(city.districts.kind.ravel()[inside], kinds)
    return list(shapely.get_parts(shapely.union_all(shapes[chosen])))


def disc(city: City, at: tuple[float, float], radius: float) -> Any:  # noqa: ANN401 - shapely is not typed
    """Return a round area about a point of the board, rounder the larger."""
    import shapely

    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    turn = at[0] + at[1]
    wide = radius * (1 + 0.16 * np.sin(2 * angle + turn) + 0.1 * np.cos(3 * angle - turn) + 0.05 * np.sin(5 * angle))
    return shapely.polygons(city.ground(np.column_stack((at[0] + wide * np.cos(angle), at[1] + wide * np.sin(angle)))))


def centre_of(city: City, kind: Kind, place: int = 0) -> tuple[float, float]:
    """Return the middle, on the board, of the n-th district of a kind (counted round if there are fewer)."""
    found = np.flatnonzero(city.districts.kind.ravel() == kind)
    i, j = divmod(int(found[place % len(found)]), len(city.districts.rows))
    return float(city.districts.columns[i].mean()), float(city.districts.rows[j].mean())


def _spots(city: City, kind: Kind, *, each: int, radius: float, least: int = 1, first: int = 0) -> list[Any]:
    """Return a round area in one of `each` districts of a kind, a little unlike each other."""
    count = max(least, int((city.districts.kind == kind).sum()) // each)
    return [
        disc(
            city, centre_of(city, kind, first + k * each if count > least else first + k), radius * (1 + 0.3 * (k % 3))
        )
        for k in range(count)
    ]


def nature(city: City) -> list[Sheet]:
    """Return protected nature, each form a table of its own, named as the national service names them."""
    import shapely

    x0, middle = float(city.districts.columns[0, 0]), float(city.districts.columns[:, 0].mean())
    trees = [centre_of(city, kind, k) for kind in (Kind.PARK, Kind.OLD, Kind.STRIPS) for k in range(3)]
    points = shapely.points(city.ground(np.unique(np.array(trees), axis=0)))
    return [
        _named("ObszaryChronionegoKrajobrazu", "OCHK", _areas(city, Kind.FOREST)),
        _named("SpecjalneObszaryOchrony", "H", river_band(city, -95.0, 95.0, ends=(x0 - 300, middle))),
        _named("Rezerwaty", "RP", _spots(city, Kind.FOREST, each=12, radius=160.0)),
        _named("UzytkiEkologiczne", "UE", _spots(city, Kind.STRIPS, each=20, radius=70.0)),
        _named("PomnikiPrzyrodyPunktowe", "PP", list(points), kind="Point"),
    ]


def _named(name: str, code: str, shapes: list[Any], *, kind: str = "Polygon") -> Sheet:
    rows = range(1, len(shapes) + 1)
    columns = {
        "KODINSPIRE": [f"PL.ZIPOP.1393.{code}.{row}" for row in rows],
        "NAZWA": [f"{name} {row}" for row in rows],
    }
    return sheet(name, kind, columns, np.array(shapes))


def other_hazards(city: City) -> list[Sheet]:
    """Return mining, landslides, monuments and revitalisation areas."""
    return [_mining(city), _landslides(city), _monuments(city), _renewal(city)]


def _mining(city: City) -> Sheet:
    shapes = _spots(city, Kind.STRIPS, each=25, radius=150.0, least=2, first=1)
    n = len(shapes)
    columns: dict[str, Any]
    # Every second one has lapsed: it does not count any more.
    columns = {
        "ID_KONTURU": [f"10-15/{row}/1" for row in range(1, n + 1)],
        "NAZWA_OG": [f"Przykładów {row}" for row in range(1, n + 1)],
        "RODZAJ": ["obszar górniczy"] * n,
        "STATUS": ["aktualny"] * n,
        "DATA_USTANOWIENIA": [dt.date(2009, 3, 2) if row % 2 == 0 else dt.date(1998, 5, 4) for row in range(n)],
        "DATA_WAZNOSCI": [dt.date(2039, 3, 2) if row % 2 == 0 else dt.date(2018, 5, 4) for row in range(n)],
    }
    return sheet("obszary_gornicze", "Polygon", columns, np.array(shapes))


def _landslides(city: City) -> Sheet:
    bank = float(city.districts.rows[city.districts.river, 1])
    xs = np.arange(float(city.districts.columns[0, 0]) + 350, float(city.districts.columns[-1, 1]), 2600.0)
    shapes = [disc(city, (float(x), bank + 12), 38.0) for x in (*xs, xs[0] + 800)]
    n = len(shapes)
    columns = {
        "ID": [f"SOPO-{row}" for row in range(1, n + 1)],
        "RODZAJ": ["osuwisko" if row % 2 == 0 else "teren zagrożony" for row in range(n)],
    }
    return sheet("osuwiska", "Polygon", columns, np.array(shapes))


def _monuments(city: City) -> Sheet:
    towns = _areas(city, Kind.OLD)
    villas = _spots(city, Kind.HOUSES, each=9, radius=26.0, least=2)
    finds = _spots(city, Kind.INDUSTRY, each=6, radius=50.0)
    kinds = [("rejestr zabytków", towns), ("gminna ewidencja zabytków", villas), ("stanowisko archeologiczne", finds)]
    shapes = [shape for _, found in kinds for shape in found]
    columns = {
        "INSPIREID": [f"PL.1.9.ZIPOZ.NID_N_99_{row}" for row in range(1, len(shapes) + 1)],
        "RODZAJ": [kind for kind, found in kinds for _ in found],
    }
    return sheet("zabytki", "Polygon", columns, np.array(shapes))


def _renewal(city: City) -> Sheet:
    shapes = _areas(city, Kind.OLD)
    n = len(shapes)
    columns = {"ID": [f"OR-{row}" for row in range(1, n + 1)], "RODZAJ": ["obszar rewitalizacji"] * n}
    return sheet("obszar_rewitalizacji", "Polygon", columns, np.array(shapes))
