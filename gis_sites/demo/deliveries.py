"""The city as its offices hand it over: one GeoPackage a delivery, in the order in which they arrive, with its note."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gis_sites.demo import egib, networks
from gis_sites.demo.buildings import buildings_sheet
from gis_sites.demo.city import City, draw_city
from gis_sites.demo.general import general_sheets
from gis_sites.demo.hazards import flood, nature, other_hazards
from gis_sites.demo.offers import offers_sheet, zones_sheet
from gis_sites.demo.plans import Plan, Zones, draw_zones, join_zones, plans, spoil
from gis_sites.demo.plans import zones_sheet as plan_sheet
from gis_sites.demo.transport import transport
from gis_sites.demo.writing import Sheet, sheet, write_note, write_sheets
from gis_sites.progress import Progress, silent
from gis_sites.words import say

GEODESY, PLANNING = "Wydział Geodezji, Przykładów", "Biuro Planowania Przestrzennego, Przykładów"
GAS_WORKS, OPERATORS = "Przykładowska Spółka Gazownictwa", "Operatorzy telekomunikacyjni"
ROADS, ENVIRONMENT = "Zarząd Dróg, Przykładów", "Wydział Ochrony Środowiska, Przykładów"
INVESTORS = "Biuro Obsługi Inwestora, Przykładów"
SHARES = ("max_coverage_share", "min_green_share")
LATER_CRS = "EPSG:2180"


@dataclass(frozen=True)
class Delivery:
    """A file handed over: where it is, its note (beside it), who sent it, the day it speaks of, and its name."""

    path: Path
    note: Path | None
    publisher: str
    dated: dt.date
    title: str


@dataclass(frozen=True)
class _Draft:
    """What a delivery is made of, before it is written; `key` names its file and its title."""

    key: str
    publisher: str
    dated: dt.date
    sheets: Callable[[], list[Sheet]]
    note: dict[str, Any] | None = None
    crs: str = "EPSG:2177"


def write_city(
    folder: Path, *, parcels: int = 2000, seed: int = 1, lang: str = "pl", progress: Progress | None = None
) -> list[Delivery]:
    """Write a made-up city of that many parcels as the deliveries of its offices, in the order of import.

    The same number and seed write the same bytes; a city has 500 parcels at least. `lang` is the language of the
    titles; the data speak Polish.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tell = progress or silent
    city = draw_city(parcels, seed)
    drafts = list(_all(city))
    made = []
    for number, one in enumerate(drafts, start=1):
        title = say(f"demo.{one.key}", lang)
        tell(say("demo.writing", lang), number - 1, len(drafts))
        path = folder / f"{number:02d}_{one.key}.gpkg"
        write_sheets(path, one.sheets(), crs=one.crs)
        note = path.with_suffix(".toml")
        write_note(note, {"publisher": one.publisher, "dated": one.dated, **(one.note or {})})
        made.append(Delivery(path, note, one.publisher, one.dated, title))
    write_sheets(folder / GAS_COVERAGE, [_gas_coverage(city)])
    tell(say("demo.writing", lang), len(drafts), len(drafts))
    return made


def requirements() -> list[Path]:
    """Return the requirements of three made-up investors."""
    return sorted((Path(__file__).parent / "requirements").glob("*.toml"))


GAS_COVERAGE = "zasieg_gaz.gpkg"


def _all(city: City) -> Iterator[_Draft]:
    change = egib.changes(city)
    wrong = egib.faults(city, change)
    books = plans(city)
    yield _Draft("boundary", GEODESY, egib.FIRST, lambda: egib.boundary_sheets(city))
    yield _Draft("register", GEODESY, egib.FIRST, lambda: [
        egib.parcels_sheet(city.parcels, city.register, city.xy, dated=egib.FIRST, wrong=wrong),
        buildings_sheet(city), egib.soils_sheet(city),
    ])  # fmt: skip
    yield from _networks(city)
    said = _plan_note("2003", "percent")
    yield _Draft("local_plans", PLANNING, dt.date(2026, 6, 30), lambda: [_main_plans(city, books)], said)
    yield _Draft("general_plan", PLANNING, dt.date(2026, 7, 15), lambda: general_sheets(city), {
        "set": {f"general_plan.{name}": "percent" for name in SHARES},
    })  # fmt: skip
    if books["later"]:
        yield _later_plan(city, books["later"])
    yield _Draft("transport", ROADS, dt.date(2026, 5, 31), lambda: transport(city))
    yield _Draft("environment", ENVIRONMENT, dt.date(2026, 4, 30), lambda: [
        flood(city), *nature(city), *other_hazards(city),
    ])  # fmt: skip
    yield _Draft("economic_zone", INVESTORS, dt.date(2026, 1, 31), lambda: [zones_sheet(city, change)])
    yield _Draft("register_changes", GEODESY, egib.SECOND, lambda: [
        egib.parcels_sheet(*egib.later_parcels(city, change), city.xy, dated=egib.SECOND, wrong=None),
    ])  # fmt: skip
    yield _Draft("offers", INVESTORS, dt.date(2026, 10, 15), lambda: [offers_sheet(city, change)])


def _networks(city: City) -> Iterator[_Draft]:
    """Yield the networks: gas for half of the city only, telecom from whoever answered, heat from nobody."""
    dated = dt.date(2026, 3, 31)
    yield _Draft("utilities", GEODESY, dated, lambda: [
        networks.water(city), networks.sewer(city), networks.power(city), networks.substations(city),
    ], {"layer": {"GES_PrzewodKanalizacyjny": ["sewer", "stormwater"]}})  # fmt: skip
    yield _Draft("gas", GAS_WORKS, dated, lambda: [networks.gas(city)], {"coverage": {"gas": GAS_COVERAGE}})
    yield _Draft("telecom", OPERATORS, dated, lambda: [networks.telecom(city)], {"coverage": "none"})


def _gas_coverage(city: City) -> Sheet:
    """Return where the gas works speak of: the eastern part of the city."""
    import shapely

    (x0, x1), (y0, y1) = (ends[[0, -1], [0, 1]] for ends in (city.districts.columns, city.districts.rows))
    box = shapely.segmentize(shapely.box(x0 + 0.42 * (x1 - x0), y0 - 200, x1 + 200, y1 + 200), 50.0)
    shape = shapely.polygons(city.ground(shapely.get_coordinates(box)))
    return sheet("zasieg", "Polygon", {"ID": ["1"]}, np.array([shape]))


def _plan_note(regime: str, scale: str) -> dict[str, Any]:
    return {
        "coverage": "boundary",
        "set": {"zoning.regime": regime, **{f"zoning.{name}": scale for name in SHARES}},
    }


def _main_plans(city: City, books: dict[str, list[Plan]]) -> Sheet:
    zones = draw_zones(city, books["main"], regime="2003", number=21)
    spoil(zones)
    rest = draw_zones(city, [*books["draft"], *books["repealed"]], regime="2003", number=22) if _rest(books) else None
    return plan_sheet(join_zones(zones, rest) if rest else zones, "mpzp_przeznaczenie")


def _rest(books: dict[str, list[Plan]]) -> bool:
    return bool(books["draft"] or books["repealed"])


def _later_plan(city: City, book: list[Plan]) -> _Draft:
    """Make the plan that comes on its own: in another CRS, its facts in the note, its shares as fractions."""
    plan = book[0]

    def sheets() -> list[Sheet]:
        return [plan_sheet(_as_others_write(draw_zones(city, [plan], regime="2021", number=23)), "mpzp_wschod")]

    note = _plan_note("2021", "fraction")
    note["set"] |= {"zoning.plan": plan.number, "zoning.status": "in_force", "zoning.in_force_from": plan.since}
    return _Draft("later_plan", PLANNING, dt.date(2026, 9, 1), sheets, {"set": note["set"]}, LATER_CRS)


def _as_others_write(zones: Zones) -> Zones:
    import pyproj
    import shapely

    to_other = pyproj.Transformer.from_crs("EPSG:2177", LATER_CRS, always_xy=True)
    shapes = [
        shapely.transform(shape, lambda xy: np.column_stack(to_other.transform(*xy.T)).round(2))
        for shape in zones.shapes
    ]
    drop = {"NR_UCHWALY", "STATUS", "OBOWIAZUJE_OD"}
    columns = {name: values for name, values in zones.columns.items() if name not in drop}
    for name in ("POW_ZAB", "PBC"):
        columns[name] = [None if value is None else value / 100 for value in columns[name]]
    return Zones(columns, shapes)
