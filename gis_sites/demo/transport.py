"""Roads, railway, junctions (one beyond the boundary), stations and the airport."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gis_sites.columns import Floats
from gis_sites.demo.city import City
from gis_sites.demo.districts import RAIL_M, Kind
from gis_sites.demo.networks import along, streets_of
from gis_sites.demo.rings import Ints
from gis_sites.demo.streets import LOCAL, MAIN
from gis_sites.demo.writing import Sheet, sheet

CATEGORIES = {
    "S": "krajowa", "GP": "krajowa", "G": "wojewódzka", "Z": "powiatowa",
    "L": "gminna", "D": "gminna", "W": "wewnętrzna",
}  # fmt: skip
LOCAL_CLASSES = {Kind.FOREST: "W", Kind.STRIPS: "W", Kind.FLATS: "L", Kind.INDUSTRY: "L"}
BYPASS_M = 1400.0
"""How far east of the city the expressway passes."""
STATION_M = 5000.0
Place = tuple[str, float, float]


def transport(city: City) -> list[Sheet]:
    """Return every table of the transport delivery."""
    return [_roads(city), _rail(city), _junctions(city), _stations(city), _airport(city)]


def _roads(city: City) -> Sheet:
    """Return the axes of streets with their class, and the expressway."""
    import shapely

    main, local = streets_of(city, MAIN, *Kind), streets_of(city, LOCAL, *Kind)
    points, owner = along(city, main, lane=0.5, reach=RAIL_M / 2)
    more, of = along(city, local, lane=0.5, reach=5)
    east, north = _ends(city)
    bypass = np.column_stack((np.full(40, east + BYPASS_M), np.linspace(-1.3, 1.3, 40) * north))
    lines = [*shapely.linestrings(points, indices=owner), *shapely.linestrings(more, indices=of)]
    lines.append(shapely.linestrings(city.ground(bypass)))
    minor = [LOCAL_CLASSES.get(Kind(kind), "D") for kind in city.streets.serves[local].tolist()]
    classes = [*_classes(city, main), *minor, "S"]
    n = len(classes)
    columns: dict[str, Any] = {
        "LOKALNY_ID": [f"DR-{row:06d}" for row in range(1, n + 1)],
        "NAZWA": [f"ulica {row}" for row in range(1, n)] + ["droga ekspresowa S99"],
        "KLASA": classes,
        "KATEGORIA": [CATEGORIES[one] for one in classes],
    }
    return sheet("drogi", "LineString", columns, np.array(lines))


def _classes(city: City, pieces: Ints) -> list[str]:
    """Return the class of main streets: the two that meet in the middle are G, the outermost of some are GP."""
    box, flat = city.streets.box[pieces], city.streets.flat[pieces]
    middle = np.where(flat, box[:, 2] + box[:, 3], box[:, 0] + box[:, 1]) / 2
    across = {True: np.unique(middle[flat]), False: np.unique(middle[~flat])}
    central = {level: lines[np.argmin(np.abs(lines))] for level, lines in across.items()}
    classes = []
    for value, level in zip(middle.tolist(), flat.tolist(), strict=True):
        # In a large city every eighth street is a main one too.
        order = int(np.searchsorted(across[level], value))
        main = value == central[level] or order % 8 == 5
        classes.append("GP" if value == across[level][-1] and not main else "G" if main else "Z")
    return classes


def _ends(city: City) -> tuple[float, float]:
    """Return the eastern and the northern end of the board."""
    return float(city.districts.columns[-1, 1]), float(city.districts.rows[-1, 1])


def rail_x(city: City) -> float:
    """Return where the railway runs, on the board."""
    columns, rail = city.districts.columns, city.districts.rail
    return float((columns[rail, 1] + columns[rail + 1, 0]) / 2)


def sidings(city: City) -> list[Floats]:
    """Return the sidings on the board: from the railway into industrial districts beside it, one in three."""
    districts = city.districts
    found = []
    heavy = np.flatnonzero(districts.kind[districts.rail + 1] == Kind.INDUSTRY)
    for j in heavy[::3].tolist():
        low, high = districts.rows[j]
        bend = np.linspace(0, 1, 12)
        found.append(np.column_stack((rail_x(city) + 260 * bend**2, low + 0.3 * (high - low) + 330 * bend)))
    return found


def _rail(city: City) -> Sheet:
    import shapely

    _, north = _ends(city)
    y = np.arange(-1.15 * north, 1.15 * north, 60.0)
    lines = [np.column_stack((np.full(len(y), rail_x(city)), y)), *sidings(city)]
    names = ["linia kolejowa 999", *(f"bocznica {row}" for row in range(1, len(lines)))]
    columns = {
        "ID": [f"TOR-{row}" for row in range(1, len(lines) + 1)],
        "NAZWA": names,
        "RODZAJ": ["linia", *["bocznica"] * (len(lines) - 1)],
    }
    return sheet(
        "linie_kolejowe", "LineString", columns, np.array([shapely.linestrings(city.ground(xy)) for xy in lines])
    )


def places(city: City, name: str, rows: Sequence[Place], *, code: str, **more: list[Any]) -> Sheet:
    """Return a table of named points of the board."""
    import shapely

    points = city.ground(np.array([(x, y) for _, x, y in rows]))
    ids = [f"{code}-{row}" for row in range(1, len(rows) + 1)]
    return sheet(name, "Point", {"ID": ids, "NAZWA": [row[0] for row in rows], **more}, shapely.points(points))


def _junctions(city: City) -> Sheet:
    """Return a junction in the north-east of the city, and the expressway's own, beyond the boundary."""
    east, north = _ends(city)
    columns, rows = city.districts.columns, city.districts.rows
    last = int(np.flatnonzero(city.districts.kind[-1] != Kind.OUTSIDE)[-1])
    inner = float((columns[-2, 1] + columns[-1, 0]) / 2), float((rows[last - 1, 1] + rows[last, 0]) / 2)
    found: list[Place] = [("Przykładów Północ", *inner)]
    found += [
        (f"Przykładów Wschód {row}", east + BYPASS_M, float(y))
        for row, y in enumerate(np.arange(0.1 * north, north, 6000.0), start=1)
    ]
    return places(city, "wezly_drogowe", found, code="W", KLASA=["GP", *["S"] * (len(found) - 1)])


def _stations(city: City) -> Sheet:
    _, north = _ends(city)
    stops = np.arange(-0.8 * north, 0.95 * north, min(STATION_M, 0.85 * north))
    found = [(f"Przykładów {row}", rail_x(city), float(y)) for row, y in enumerate(stops, start=1)]
    return places(city, "stacje_kolejowe", found, code="ST")


def _airport(city: City) -> Sheet:
    east, _ = _ends(city)
    return places(city, "lotniska", [("Lotnisko Przykładów", east + 9000.0, -6000.0)], code="LO")
