"""Two thousand parcels of the demo city and of a real one: each measure is what a naive computation says.

Shares to 1e-9, distances and lengths to 1e-6 m; codes and flags alike.
"""

import math
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Layer, attributes_of
from gis_sites.columns import Column, Flags, Labels, Range
from gis_sites.demo import write_city
from gis_sites.intake.note import read_note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.profile.adjacency import GAP_M, Pairs, adjacency
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import cut, nothing
from gis_sites.profile.net_zones import Held, rule_layers
from gis_sites.profile.pieces import areal
from gis_sites.profile.reading import cover_of, drawn, read_boundary
from gis_sites.profile.tasks import Work, measure_all
from gis_sites.settings import Settings
from gis_sites.store import lineage, profiles, revisions, states
from gis_sites.store.revisions import Revision
from tests.conftest import DEMO_DAY, Databases
from tests.profile.naive import Naive, Value
from tests.profile.naive_themes import Theme
from tests.profile.scenes import Shapes, layer, random_rows, sites_of
from tests.profile.test_net_area import naive as naive_net

PARCELS = 2000
SHARES, METRES = 1e-9, 1e-6
PLACES = {
    "nearest_distance", "nearest_value", "crosses", "share_covered", "share_by_class", "share_grade", "largest_class",
    "extreme_covering", "frontage", "joined_field", "list_share",
}  # fmt: skip


def tells(column: Column, row: int) -> Value:
    if isinstance(column, Range):
        return float(column.low[row]), float(column.high[row])
    return column.text(row) if isinstance(column, Labels) else int(column.values[row])


def alike(one: Value, other: Value, within: float) -> bool:
    if not (isinstance(one, tuple) and isinstance(other, tuple)):
        return one == other
    return all(
        a == b or (math.isnan(a) and math.isnan(b)) or abs(a - b) <= within for a, b in zip(one, other, strict=True)
    )


FLAGS: dict[Any, int] = {None: -1, "none": 0, "False": 0, "True": 1}


def differ(themes: list[tuple[Theme, dict[str, Column]]], sites: Shapes, ids: list[str]) -> Iterator[Any]:
    """Yield where a column says something else than the naive computation."""
    for theme, columns in themes:
        attributes = [one for one in attributes_of(theme.layer) if one.spec.measure in PLACES and one.short in columns]
        for row, site in enumerate(sites):
            shapely.prepare(site)
            naive = Naive(theme, site, (ids[row],), {})
            for one in attributes:
                mine, expected = tells(columns[one.short], row), naive.value(one)
                every = expected if isinstance(expected, set) else {expected}
                if one.kind == "flag":
                    every = {FLAGS.get(value, value) for value in every}
                if not any(alike(mine, value, METRES if one.unit == "m" else SHARES) for value in every):
                    yield one.name, ids[row], mine, expected


# ---- the demo city --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def city(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inventory]:
    """A demo city of two thousand parcels, through the front door."""
    folder = tmp_path_factory.mktemp("naive")
    address = databases.fresh().render_as_string(hide_password=False)
    with open_inventory(Settings(home=folder / "home", database_url=address, workers=1)) as inventory:
        for one in write_city(folder / "city", parcels=PARCELS):
            inventory.import_file(one.path, read_note(one.note) if one.note else None, profile=False)
        inventory.profile(DEMO_DAY)
        yield inventory


def themes_of(inventory: Inventory) -> tuple[list[tuple[Theme, dict[str, Column]]], Shapes, list[str]]:
    """Read every layer held with its columns, and the parcels."""
    catalogue, found = inventory.catalogue, []
    with inventory.store.begin() as conn:
        state = states.get(conn, inventory.need_state().id, coverages=True)
        boundary = read_boundary(conn, state.revisions)
        parcels = revisions.read(conn, state.revisions["parcel"], columns=["id"])
        sites, ids = drawn(parcels.geometry), parcels.table["id"].to_pylist()
        for name, revision in state.revisions.items():
            if name == "parcel" or name not in state.profiles:
                continue
            rows = revisions.read(conn, revision, layer=catalogue.layer(name))
            table = of_today(conn, catalogue.layer(name), rows.table, state.revisions["parcel"])
            shapes, cells = standing(catalogue.layer(name), table, rows.geometry, dict(zip(ids, sites, strict=True)))
            theme = Theme(catalogue.layer(name), cells, shapes, cover_of(revision, boundary))
            found.append((theme, profiles.read(conn, state.profiles[name]["parcels"])))
    return found, sites, ids


def of_today(conn: sa.Connection, one: Layer, table: pa.Table, parcels: Revision) -> pa.Table:
    """Return rows that name the parcels there are now: a divided one is named no more, its parts are."""
    if one.parcels not in table.column_names:
        return table
    named = lineage.up_to_date(conn, table[one.parcels].to_pylist(), parcels)
    return table.set_column(table.column_names.index(one.parcels), one.parcels, pa.array(named, pa.string()))


def standing(
    one: Layer, table: pa.Table, geometry: Shapes, parcels: dict[str, Any]
) -> tuple[Shapes, dict[str, list[Any]]]:
    """Keep the rows that count on the day; a row that only names parcels stands for them."""
    cells, days = table.to_pydict(), one.rows.valid
    kept = [row for row in range(len(geometry)) if not days or counts(cells[days.start][row], cells[days.end][row])]
    shapes = drawn(geometry)
    if one.parcels and one.geometry != "table":
        for row in np.flatnonzero(shapely.is_empty(shapes)).tolist():
            named = (cells[one.parcels][row] or "").replace(",", " ").replace(";", " ").split()
            shapes[row] = shapely.union_all([parcels[name] for name in named if name in parcels])
    return shapes[kept], {name: [column[row] for row in kept] for name, column in cells.items()}


def counts(start: date | None, end: date | None) -> bool:
    return (start is None or start <= DEMO_DAY) and (end is None or end >= DEMO_DAY)


def test_the_demo_city_is_as_a_naive_computation_has_it(city: Inventory) -> None:
    themes, sites, ids = themes_of(city)
    assert len(sites) == PARCELS
    wrong = list(differ(themes, sites, ids))
    assert not wrong, (Counter(one for one, *_ in wrong), wrong[:5])
    measured = {
        one.spec.measure for theme, columns in themes for one in attributes_of(theme.layer) if one.short in columns
    }
    assert PLACES - measured == {"list_share"}
    # All three states are there to be confused.
    lows = np.concatenate([one.low for _, columns in themes for one in columns.values() if isinstance(one, Range)])
    highs = np.concatenate([one.high for _, columns in themes for one in columns.values() if isinstance(one, Range)])
    assert min(np.isnan(lows).sum(), np.isinf(lows).sum(), (lows < highs).sum(), (lows == highs).sum()) > PARCELS


def test_net_areas_of_the_demo_city_are_as_a_naive_computation_has_them(city: Inventory) -> None:
    catalogue = city.catalogue
    with city.store.begin() as conn:
        state = states.get(conn, city.need_state().id, coverages=True)
        boundary, every = read_boundary(conn, state.revisions), {}
        for name in rule_layers(catalogue.layer("parcel").net):
            rows = revisions.read(conn, state.revisions[name], layer=catalogue.layer(name))
            cover = cover_of(state.revisions[name], boundary)
            every[name] = Held(catalogue.layer(name), rows.table, drawn(rows.geometry), cover)
    frame = city.frame()
    low, high = (frame[name].to_numpy() for name in ("parcel.net_area_m2", "parcel.net_area_m2_high"))
    assert len(frame) == PARCELS
    for row, (parcel, site) in enumerate(zip(frame["id"], frame.geometry, strict=True)):
        expected = naive_net(catalogue, site, parcel[7], every)["building"]
        assert (low[row], high[row]) == pytest.approx((expected[3], expected[1]), abs=1e-6 + SHARES * site.area), parcel
    assert min((low < high).sum(), (low == high).sum()) > 100


def test_shapes_of_the_demo_city_are_as_a_naive_computation_has_them(city: Inventory) -> None:
    frame = city.frame()
    shapes_agree(drawn(frame.geometry.to_numpy()), {name: frame[f"parcel.{name}"].to_numpy() for name in SHAPES})
    geod = pyproj.Geod(ellps="GRS80")
    measured = [abs(geod.geometry_area_perimeter(one)[0]) for one in frame.geometry.to_crs("EPSG:4258")]
    assert frame["parcel.measured_area_m2"].to_numpy() == pytest.approx(np.array(measured), rel=1e-6, abs=0.01)
    registered = frame["parcel.registered_area_m2"].to_numpy()
    either = np.where(np.isnan(registered), frame["parcel.measured_area_m2"], registered)
    assert frame["parcel.area_m2"].tolist() == either.tolist()
    words = frame["id"].str.split(".").tolist()
    assert frame["parcel.precinct"].tolist() == [one[1] for one in words]
    assert frame["parcel.number"].tolist() == [one[-1] for one in words]


SHAPES = ("compactness", "inscribed_circle_m", "rectangle_long_m", "rectangle_short_m")


def shapes_agree(sites: Shapes, found: dict[str, Any]) -> None:
    """Compare compactness; circles and rectangles lie inside, and a finer search finds no much larger circle."""
    parts, of = shapely.get_parts(sites, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    area, perimeter = shapely.area(sites), np.bincount(of[part], shapely.length(rings), len(sites))
    assert found["compactness"] == pytest.approx(4 * math.pi * area / perimeter**2, abs=SHARES)
    circle = 2 * shapely.length(shapely.maximum_inscribed_circle(sites, 0.01))
    assert (found["inscribed_circle_m"] >= circle - np.maximum(0.1, 0.01 * circle)).all()
    assert (found["inscribed_circle_m"] <= circle + 0.02 + METRES).all()
    rectangle = found["rectangle_long_m"] * found["rectangle_short_m"]
    assert (rectangle >= circle**2 / 2 * 0.97).all()
    assert (rectangle <= area * (1 + SHARES)).all()
    assert (found["rectangle_short_m"] <= found["inscribed_circle_m"] * 1.02 + 0.1).all()


def test_neighbours_in_the_demo_city_share_what_their_boundaries_do(city: Inventory) -> None:
    shapes = drawn(city.frame().geometry.to_numpy())
    neighbours_agree(shapes, adjacency(shapes))


def neighbours_agree(shapes: Shapes, found: Pairs) -> None:
    """Hold shared lengths between what two boundaries have in common and what lies within the gap of the other."""
    first, second = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=GAP_M)
    first, second = first[first < second], second[first < second]
    lines = shapely.boundary(shapes)
    common = shapely.length(shapely.intersection(lines[first], lines[second]))
    near = shapely.buffer(shapes, GAP_M * 1.001, quad_segs=32)
    most = np.minimum(
        *(shapely.length(shapely.intersection(lines[a], near[b])) for a, b in ((first, second), (second, first)))
    )
    told = dict(zip(zip(found.first.tolist(), found.second.tolist(), strict=True), found.shared.tolist(), strict=True))
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    shared = np.array([told.get(pair, 0.0) for pair in pairs])
    assert told.keys() <= set(pairs)
    assert found.gap == pytest.approx(shapely.distance(shapes[found.first], shapes[found.second]), abs=METRES)
    assert (shared >= common - 1e-5).all()
    assert (shared <= most + METRES).all()
    assert (common > 1).sum() > len(shapes)


# ---- a real one -----------------------------------------------------------------------------------------

CAMBRIDGE = Path(__file__).parents[3] / "shared" / "data" / "cambridge" / "cambridge.gpkg"
POLYGONS = {
    "share": {"measure": "share_covered", "where": {"kind": ["a", "b"]}},
    "listed": {"measure": "list_share", "where": {"sure": ["yes"]}},
    "production": {"measure": "share_by_class", "field": "symbol", "class": "production"},
    "undecided": {"measure": "share_by_class", "field": "symbol", "class": "undecided"},
    "grade": {"measure": "share_grade", "grades": [{"code": "much", "where": {"sure": ["yes"]}, "min_share": 0.5}]},
    "main": {"measure": "largest_class", "field": "kind", "min_share": 0.05},
    "highest": {"measure": "largest_class", "field": "kind", "pick": "highest"},
    "limit": {"measure": "extreme_covering", "field": "limit", "pick": "min", "min_share": 0.01},
    "size": {"measure": "extreme_covering", "field": "size", "pick": "max", "min_share": 0.05},
    "crosses": {"measure": "crosses", "where": {"kind": ["a"]}},
    "distance": {"measure": "nearest_distance", "where": {"kind": ["c"]}},
}
LINES = {
    "distance": {"measure": "nearest_distance", "where": {"kind": ["a"]}},
    "near": {"measure": "nearest_distance", "where": {"sure": ["yes"]}, "reach_m": 30.0},
    "crosses": {"measure": "crosses", "where": {"kind": ["a"]}},
    "class": {"measure": "nearest_value", "field": "kind", "ties": "highest"},
    "size": {"measure": "nearest_value", "field": "size", "ties": "lowest"},
    "frontage": {"measure": "frontage", "reach_m": 12.0, "where": {"kind": ["a", "b"]}},
}
NEWEST = {"overlap": "newest", "rows": {"valid": {"from": "start", "to": "end"}}}


def read(name: str) -> Shapes:
    import pyogrio

    return np.asarray(shapely.make_valid(pyogrio.read_dataframe(CAMBRIDGE, layer=name).geometry.values), dtype=object)


@pytest.mark.parametrize(
    ("names", "spec", "more", "cover"),
    [
        (("zoning_districts", "zoning_overlays"), POLYGONS, NEWEST, False),
        (("flood_100y", "flood_500y", "open_space"), POLYGONS, {}, True),
        (("street_centerlines",), LINES, {}, False),
        (("hydrants", "rail"), LINES, {}, True),
    ],
)
@pytest.mark.parametrize("file", [CAMBRIDGE] if CAMBRIDGE.is_file() else [])
def test_a_real_city_is_as_a_naive_computation_has_it(
    file: Path, names: tuple[str, ...], spec: dict[str, Any], more: dict[str, Any], cover: bool
) -> None:
    """Shapes of the city, some not valid as they come; cells drawn by lot, empty ones among them."""
    rng = np.random.default_rng(len(names))
    shapes = np.concatenate([read(name) for name in names])
    parcels = read("parcels_fy2014")
    sites = areal(parcels[np.sort(rng.choice(len(parcels), PARCELS, replace=False))])
    one, table = layer(spec, **more), random_rows(rng, len(shapes))
    x0, y0, x1, y1 = shapely.total_bounds(sites)
    half = Cover(shapely.box(x0, y0, (x0 + x1) / 2, y1), stated=True) if cover else Cover(None, stated=False)
    found = measure_all(sites_of(sites), [Work(one, cut(table, shapes), 0)], [half])["thing"]
    theme = Theme(one, table.to_pydict(), shapes, half)
    ids = [f"p{row}" for row in range(PARCELS)]
    wrong = list(differ([(theme, found)], sites, ids))
    assert not wrong, (Counter(one for one, *_ in wrong), wrong[:5])
    for column in found.values():
        states_seen = {str(tells(column, row)) for row in range(PARCELS)}
        assert len(states_seen) > 1
    assert {type(column) for column in found.values()} <= {Range, Flags, Labels}


@pytest.mark.parametrize("file", [CAMBRIDGE] if CAMBRIDGE.is_file() else [])
def test_shapes_and_neighbours_of_a_real_city_are_as_a_naive_computation_has_them(file: Path) -> None:
    """Two thousand parcels drawn by lot; and two thousand around the middle of the city: they are neighbours."""
    parcels = areal(read("parcels_fy2014"))
    sites = parcels[np.random.default_rng(5).choice(len(parcels), PARCELS, replace=False)]
    measures = {name: {"measure": name.removesuffix("_m")} for name in SHAPES}
    found = measure_all(sites_of(sites), [Work(layer(measures), nothing(), 0)], [Cover(None, stated=False)])["thing"]
    shapes_agree(sites, {name: column.low for name, column in found.items() if isinstance(column, Range)})
    middle = shapely.box(*shapely.total_bounds(parcels)).centroid
    around = parcels[np.argsort(shapely.distance(parcels, middle), kind="stable")[:PARCELS]]
    neighbours_agree(around, adjacency(around))
