"""The general plan (POG): zones over the whole city, as the planners' plugin writes them, and the infill areas."""

import datetime as dt
from typing import Any

import numpy as np

from gis_sites.columns import Floats
from gis_sites.demo.city import City
from gis_sites.demo.districts import Kind
from gis_sites.demo.rings import Ints
from gis_sites.demo.writing import Sheet, sheet

SPACE = "PL.ZIPPZP.99999/309901-POG"
SINCE = dt.date(2026, 7, 15)
STEPS = 24
ZONES = {
    Kind.OLD: "SW", Kind.HOUSES: "SJ", Kind.FLATS: "SW", Kind.SERVICES: "SU", Kind.INDUSTRY: "SP", Kind.STRIPS: "SO",
    Kind.FOREST: "SO", Kind.RIVER: "SN", Kind.PARK: "SN",
}  # fmt: skip
BASIC = {
    "SW": "MW,U,K,ZP,ZD,I", "SJ": "MN,U,K,ZP,ZD,I", "SU": "U,K,ZP,ZD,I", "SP": "P,K,ZP,ZD,I", "SO": "RN,L,ZN,W,K,ZD,I",
    "SN": "ZP,ZB,W,K,ZD,I", "SZ": "RZM,RZP,RA,K,ZP,ZD,I",
}  # fmt: skip
MORE = {"SP": "U", "SO": "PEF", "SN": "US", "SJ": None, "SW": "UHD", "SU": "PS", "SZ": None}
LIMITS = {
    "SW": (22.0, 45.0, 2.2, 30.0), "SJ": (12.0, 35.0, 0.8, 40.0), "SU": (18.0, 50.0, 1.6, 30.0),
    "SP": (25.0, 65.0, 2.0, 20.0),
    "SZ": (12.0, 30.0, 0.6, 30.0), "SN": (None, None, None, 50.0), "SO": (None, None, None, None),
}  # fmt: skip
"""For each zone: height (m), coverage (%), floor area ratio, green share (%); empty where the law asks for none."""
PARAMETERS = (
    "maksWysokoscZabudowy", "maksUdzialPowierzchniZabudowy",
    "maksNadziemnaIntensywnoscZabudowy", "minUdzialPowierzchniBiologicznieCzynnej",
)  # fmt: skip


def cells(city: City) -> tuple[Ints, Any]:
    """Return the districts of the city and each one's ground, out to the middle of the streets around."""
    import shapely

    districts = city.districts
    inside = np.flatnonzero(districts.kind.ravel() != Kind.OUTSIDE)
    xs, ys = _edges(districts.columns), _edges(districts.rows)
    i, j = np.divmod(inside, len(districts.rows))
    step = np.arange(STEPS) / STEPS
    x0, x1, y0, y1 = (side[:, None] for side in (xs[i], xs[i + 1], ys[j], ys[j + 1]))
    flat, x_up, y_up = np.zeros(STEPS), x0 + (x1 - x0) * step, y0 + (y1 - y0) * step
    # Each side is walked from its own low end, so that neighbours have the same points.
    x_down, y_down = (x0 + (x1 - x0) * (1 - step)), (y0 + (y1 - y0) * (1 - step))
    rim = np.stack(
        (
            np.concatenate((x_up, x1 + flat, x_down, x0 + flat), axis=1),
            np.concatenate((y0 + flat, y_up, y1 + flat, y_down), axis=1),
        ),
        axis=2,
    )
    ground = city.ground(rim.reshape(-1, 2)).reshape(rim.shape)
    return inside, shapely.polygons(ground)


def _edges(ends: Floats) -> Floats:
    middles = (ends[:-1, 1] + ends[1:, 0]) / 2
    return np.concatenate((ends[:1, 0], middles, ends[-1:, 1]))


def general_sheets(city: City) -> list[Sheet]:
    """Return `StrefaPlanistyczna` and `ObszarUzupelnieniaZabudowy`."""
    inside, shapes = cells(city)
    kinds = [Kind(code) for code in city.districts.kind.ravel()[inside].tolist()]
    chance = city.dice(30).uniform(size=len(kinds)).tolist()
    infill = [row for row, kind in enumerate(kinds) if kind in {Kind.HOUSES, Kind.OLD, Kind.FLATS}]
    names = [f"{row}OUZ" for row in range(1, len(infill) + 1)]
    columns = {**_identity([f"1POG-{name}" for name in names]), "oznaczenie": names}
    return [
        sheet("StrefaPlanistyczna", "Polygon", _zone_columns(kinds, chance), shapes),
        sheet("ObszarUzupelnieniaZabudowy", "Polygon", columns, shapes[infill]),
    ]


def _zone_columns(kinds: list[Kind], chance: list[float]) -> dict[str, list[Any]]:
    """Return the columns of zones: some fields are farmsteads, some zones have no additional profile."""
    zone = ["SZ" if kind == Kind.STRIPS and die < 0.3 else ZONES[kind] for kind, die in zip(kinds, chance, strict=True)]
    labels = [f"{row}{one}" for row, one in enumerate(zone, start=1)]
    return {
        **_identity([f"1POG-{label}" for label in labels]),
        "oznaczenie": labels,
        "symbol": zone,
        "profilPodstawowy": [BASIC[one] for one in zone],
        "profilDodatkowy": [MORE[one] if die > 0.25 else None for one, die in zip(zone, chance, strict=True)],
        **{name: [LIMITS[one][place] for one in zone] for place, name in enumerate(PARAMETERS)},
    }


def _identity(local: list[str]) -> dict[str, list[Any]]:
    n = len(local)
    return {
        "przestrzenNazw": [SPACE] * n,
        "lokalnyId": local,
        "status": ["prawnie wiążący lub realizowany"] * n,
        "obowiazujeOd": [SINCE] * n,
    }
