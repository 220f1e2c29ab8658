"""The net area: hand-made sites step by step, and a naive loop over shapely geometries."""

import math
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

from gis_sites.catalogue import Catalogue, load_catalogue, own_layers
from gis_sites.errors import CatalogueError
from gis_sites.inventory import open_inventory
from gis_sites.layer import NetRule, NetStep
from gis_sites.profile.coverage import Cover, known
from gis_sites.profile.features import Features
from gis_sites.profile.net_area import Waterfall, waterfall
from gis_sites.profile.net_reading import net_layer, rules_change
from gis_sites.profile.net_zones import EVERYWHERE, Held, groups, holding, rule_layers, widths, zones
from gis_sites.profile.pieces import areal
from gis_sites.profile.reading import cover_of, drawn, read_boundary
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import texts
from gis_sites.profile.sites import Sites
from gis_sites.settings import Settings
from gis_sites.store import revisions, states
from tests.profile.nets import net_polygons
from tests.profile.scenes import Shapes, array, at, random_lines, random_polygons, random_sites

DAY = date(2026, 11, 21)
TOWN, VILLAGE = "306101_1.0001.", "306102_2.0001."
ALL = Cover(None, stated=False)
Rows = list[tuple[Any, dict[str, Any]]]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def box(x0: float, y0: float, x1: float, y1: float) -> Any:
    return at(shapely.box(x0, y0, x1, y1))


def line(*points: tuple[float, float]) -> Any:
    return at(shapely.LineString(points))


def held(catalogue: Catalogue, name: str, rows: Rows, cover: Cover = ALL) -> Held:
    layer = catalogue.layer(name)
    names = sorted({field for _, cells in rows for field in cells} | {"key"})
    columns = {field: [cells.get(field) for _, cells in rows] for field in names}
    columns["key"] = [f"{name} {place}" for place in range(len(rows))]
    return Held(layer, pa.table(columns), array([shape for shape, _ in rows]), cover)


def nothing_elsewhere(catalogue: Catalogue, **rows: Rows) -> dict[str, Held]:
    """Hold every layer the rules look at: with these rows, else empty."""
    steps = catalogue.layer("parcel").net
    return {name: held(catalogue, name, rows.get(name, [])) for name in rule_layers(steps)}


def sites(shapes: Shapes, prefix: str = TOWN) -> Sites:
    ids = [f"{prefix}{place + 1}" for place in range(len(shapes))]
    return Sites(shapes, pa.table({"id": ids}), tuple((one,) for one in ids))


def scene(catalogue: Catalogue, where: Sites, every: dict[str, Held], day: date = DAY) -> Scene:
    layer = net_layer(catalogue, day)
    found: Features = zones(layer.net, every)
    return Scene(layer, where, found, known(where, ALL))


def fall(catalogue: Catalogue, where: Sites, every: dict[str, Held]) -> Waterfall:
    return waterfall(scene(catalogue, where, every))


def net(catalogue: Catalogue, shape: Any, every: dict[str, Held], prefix: str = TOWN) -> tuple[float, float]:
    found = fall(catalogue, sites(array([shape]), prefix), every).net
    return float(found.low[0]), float(found.high[0])


def by_step(found: Waterfall, site: int = 0) -> dict[str, tuple[float, float, float, float]]:
    return {
        step.name: tuple(round(float(end[site, place]), 6) for end in (*found.takes, *found.leaves))
        for place, step in enumerate(found.steps)
    }  # type: ignore[return-value]


HECTARE = box(0, 0, 100, 100)
CLEAR = 92.0 * 92.0
"""What 4 m from the boundary leave of a hectare."""


def test_a_free_hectare_loses_its_rim(catalogue: Catalogue) -> None:
    assert net(catalogue, HECTARE, nothing_elsewhere(catalogue)) == (CLEAR, CLEAR)


def test_each_square_metre_is_lost_once(catalogue: Catalogue) -> None:
    """Flood on the left 30 m, a reserve over the left 50 m, forest over the lower half, a hall in the middle."""
    every = nothing_elsewhere(
        catalogue,
        flood=[(box(-10, -10, 30, 110), {"scenario": "1"}), (box(0, 0, 20, 50), {"scenario": "10"})],
        nature=[(box(0, 0, 50, 100), {"form": "reserve"})],
        soil=[(box(0, 0, 100, 50), {"use": "Ls"})],
        building=[(box(40, 40, 80, 60), {})],
    )
    found = by_step(fall(catalogue, sites(array([HECTARE])), every))
    assert found["flood"] == (3000, 3000, 7000, 7000)
    assert found["nature"] == (5000, 5000, 5000, 5000)
    assert found["forest"] == (5000, 5000, 2500, 2500)
    assert found["boundary"] == (10_000 - CLEAR, 10_000 - CLEAR, 46 * 46, 46 * 46)
    assert found["building"] == (800, 800, 46 * 46 - 300, 46 * 46 - 300)


@pytest.mark.parametrize(
    ("layer", "cells", "width"),
    [
        ("power", {"role": "main", "voltage": "lv", "course": "overhead"}, 3.5),
        ("power", {"role": "main", "voltage": "hv", "course": "overhead"}, 20.0),
        ("power", {"role": "main", "voltage": "mv", "course": "underground"}, 0.5),
        ("gas", {"role": "main", "pressure": "medium"}, 0.5),
        ("power", {"role": "main", "voltage": "ehv", "course": "overhead"}, 35.0),
        ("road", {"class": "motorway"}, 44.0),
        ("road", {"class": "expressway"}, 32.0),
        ("road", {"class": "main_fast"}, 13.5),
        ("road", {"class": "collector"}, 11.5),
        ("road", {"class": "local"}, 9.0),
        ("rail", {"kind": "line"}, 20.0),
    ],
)
def test_strips_by_voltage_pressure_and_course(
    catalogue: Catalogue, layer: str, cells: dict[str, Any], width: float
) -> None:
    row = (line((50, -50), (50, 150)), cells)
    left = 92 * (92 - 2 * width)
    assert net(catalogue, HECTARE, nothing_elsewhere(catalogue, **{layer: [row]})) == pytest.approx((left, left))


@pytest.mark.parametrize(
    ("layer", "cells", "least", "most"),
    [
        ("power", {"role": "main", "voltage": "mv"}, 0.5, 7.5),  # the course is not told
        ("power", {"role": "main", "course": "overhead"}, 3.5, 35.0),  # nor the voltage
        ("power", {"voltage": "mv", "course": "overhead"}, 0.0, 7.5),  # perhaps but a connection
        ("gas", {"role": "main", "pressure": "raised_medium"}, 1.0, 6.0),  # by the diameter
        ("gas", {"role": "main", "pressure": "high"}, 2.0, 35.0),  # by the diameter and the year
        ("road", {"class": None}, 0.0, 44.0),
        ("water", {"role": "main"}, 1.0, 5.0),
        ("sewer", {"role": "main"}, 1.5, 4.0),
        ("rail", {"kind": "siding"}, 0.0, 20.0),
    ],
)
def test_an_empty_cell_makes_a_range(
    catalogue: Catalogue, layer: str, cells: dict[str, Any], least: float, most: float
) -> None:
    row = (line((50, -50), (50, 150)), cells)
    low, high = net(catalogue, HECTARE, nothing_elsewhere(catalogue, **{layer: [row]}))
    assert (low, high) == pytest.approx((92 * max(92 - 2 * most, 0.0), 92 * (92 - 2 * least)))


@pytest.mark.parametrize(
    ("kind", "sure", "may"),
    [
        ("motorway", 44.0, 64.0),
        ("expressway", 32.0, 52.0),
        ("main_fast", 13.5, 28.5),
        ("main", 11.5, 23.5),
        ("access", 9.0, 18.0),
    ],
)
def test_roads_keep_more_clear_where_land_is_not_built_up(
    catalogue: Catalogue, kind: str, sure: float, may: float
) -> None:
    every = nothing_elsewhere(catalogue, road=[(line((0, -50), (0, 150)), {"class": kind})])
    low, high = net(catalogue, HECTARE, every, VILLAGE)
    assert (low, high) == pytest.approx((92 * (96 - may), 92 * (96 - sure)))
    assert net(catalogue, HECTARE, every, TOWN) == pytest.approx((high, high))


def test_beside_a_levee_building_may_be_barred(catalogue: Catalogue) -> None:
    """The river side ends at the levee: of the 50 m beyond it nobody is sure."""
    every = nothing_elsewhere(catalogue, flood=[(box(-200, -300, 10, 400), {"scenario": "river_side"})])
    assert net(catalogue, HECTARE, every) == pytest.approx((92 * 36, 92 * 86))
    hundred_years = nothing_elsewhere(catalogue, flood=[(box(-200, -300, 10, 400), {"scenario": "1"})])
    assert net(catalogue, HECTARE, hundred_years) == pytest.approx((92 * 86, 92 * 86))


def test_rows_that_take_nothing(catalogue: Catalogue) -> None:
    every = nothing_elsewhere(
        catalogue,
        flood=[(HECTARE, {"scenario": "0.2"})],
        nature=[(HECTARE, {"form": "landscape_park"})],
        soil=[(HECTARE, {"use": "R", "class": "II"})],
        power=[(line((50, -50), (50, 150)), {"role": "connection", "voltage": "lv", "course": "overhead"})],
        road=[(line((50, -50), (50, 150)), {"class": "internal"})],
        water=[(line((50, -50), (50, 150)), {"role": "connection"})],
        rail=[(line((50, -50), (50, 150)), {"kind": "tram"})],
    )
    assert net(catalogue, HECTARE, every) == (CLEAR, CLEAR)
    unnamed = nothing_elsewhere(catalogue, flood=[(box(0, 0, 50, 100), {"scenario": None})])
    assert net(catalogue, HECTARE, unnamed) == (46 * 92, 46 * 92)


def test_good_soil_may_bar_in_the_country_and_does_not_in_a_city(catalogue: Catalogue) -> None:
    every = nothing_elsewhere(catalogue, soil=[(box(0, 0, 50, 100), {"use": "R", "class": "IIIa"})])
    assert net(catalogue, HECTARE, every) == (CLEAR, CLEAR)
    assert net(catalogue, HECTARE, every, VILLAGE) == (46 * 92, CLEAR)
    assert net(catalogue, HECTARE, every, "no identifier ") == (46 * 92, CLEAR)
    bird = nothing_elsewhere(catalogue, nature=[(box(0, 0, 50, 100), {"form": "natura_birds"})])
    assert net(catalogue, HECTARE, bird) == (46 * 92, CLEAR)


def test_a_layer_nobody_imported_may_take_everything(catalogue: Catalogue) -> None:
    """What is known still bounds it from above; the layers and the step are named."""
    every = nothing_elsewhere(catalogue, building=[(box(20, 20, 40, 40), {})])
    del every["gas"], every["soil"]
    found = fall(catalogue, sites(array([HECTARE])), every)
    assert (float(found.net.low[0]), float(found.net.high[0])) == (0.0, CLEAR - 400)
    steps = by_step(found)
    assert steps["gas"] == (0, 10_000, 0, 10_000)
    assert steps["flood"] == (0, 0, 10_000, 10_000)
    assert found.shape[0].area == pytest.approx(CLEAR - 400)
    assert found.sure_shape[0].is_empty
    assert net(catalogue, HECTARE, {}) == (0.0, CLEAR)


def test_where_the_coverage_ends_the_net_area_is_a_range(catalogue: Catalogue) -> None:
    left = shapely.box(*box(-500, -500, 60, 500).bounds)
    every = nothing_elsewhere(catalogue)
    every["flood"] = held(catalogue, "flood", [], Cover(left, stated=False))
    assert net(catalogue, HECTARE, every) == pytest.approx((56 * 92, CLEAR))
    # Where somebody said how far a network is known, a line just beyond could still take its strip on this side.
    every = nothing_elsewhere(catalogue)
    every["gas"] = held(catalogue, "gas", [], Cover(left, stated=True))
    assert net(catalogue, HECTARE, every) == pytest.approx((21 * 92, CLEAR))
    every["gas"] = held(catalogue, "gas", [], Cover(shapely.box(*box(-500, -500, 500, 500).bounds), stated=True))
    assert net(catalogue, HECTARE, every) == (CLEAR, CLEAR)


def test_several_parts_holes_and_nothing_left(catalogue: Catalogue) -> None:
    ring = at(shapely.box(0, 0, 100, 100).difference(shapely.box(40, 40, 60, 60)))
    # Four metres inside a hole's corner the strip is round, in 16 steps a quarter.
    corner = 4 * 16 * 0.5 * 4**2 * math.sin(math.pi / 32)
    assert net(catalogue, ring, nothing_elsewhere(catalogue))[0] == pytest.approx(CLEAR - (400 + 4 * 80 + corner))
    parts = at(shapely.MultiPolygon([shapely.box(0, 0, 20, 20), shapely.box(50, 0, 57, 50)]))
    assert net(catalogue, parts, nothing_elsewhere(catalogue)) == (144, 144)
    gone = nothing_elsewhere(catalogue, flood=[(box(-9, -9, 109, 109), {"scenario": "1"})])
    assert net(catalogue, HECTARE, gone) == (0, 0)


def test_rules_are_dated_and_referenced(catalogue: Catalogue) -> None:
    steps = catalogue.layer("parcel").net
    assert [step.name for step in steps] == [
        "flood", "water", "nature", "forest", "soil", "power", "gas", "pipes", "road", "rail", "boundary", "building",
    ]  # fmt: skip
    rules = [rule for step in steps for rule in step.rules]
    assert all(rule.reference for rule in rules)
    # What an act says is dated, what is customary is not; each says how it is known.
    assert {rule.since is None for rule in rules if rule.confidence == "verified"} == {False}
    assert all(rule.since for rule in rules if "Dz.U." in rule.reference)
    assert {rule.confidence for rule in rules} == {"verified", "secondary", "from-memory", "usual"}
    assert {rule.layer for rule in rules if rule.listed} == {"soil"}
    old = holding(steps, date(2010, 1, 1))
    assert [step.name for step in old] == [
        "water", "nature", "forest", "power", "pipes", "road", "rail", "boundary", "building",
    ]  # fmt: skip
    assert rules_change(steps, date(2014, 9, 4)) == (date(2013, 9, 5), date(2014, 9, 5))
    assert rules_change(steps, DAY)[1] is None
    ends = NetRule.model_validate({"layer": "gas", "to": DAY, "sure_m": 1.0, "reference": "x", "confidence": "usual"})
    step = NetStep.model_validate({"name": "x", "title": {"pl": "x", "en": "x"}, "rules": [ends]})
    assert rules_change([step], DAY)[1] == date(2026, 11, 22)
    assert holding([step], date(2026, 11, 22)) == ()


def test_rules_that_speak_of_what_is_not_there_are_refused(tmp_path: Any) -> None:
    for path in own_layers().glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        if path.stem == "parcel":
            text = text.replace('layer = "flood"', 'layer = "flod"').replace('"motorway"', '"motorwy"')
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    (tmp_path / "tables").mkdir()
    for path in (own_layers() / "tables").glob("*.csv"):
        (tmp_path / "tables" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(CatalogueError) as refused:
        load_catalogue(tmp_path)
    assert "net.road.1" in str(refused.value)
    for word in ("flod", "flood", "motorwy", "motorway"):
        assert word in str(refused.value)


def test_a_list_answers_only_rules_of_a_layer_that_has_one(tmp_path: Any) -> None:
    shutil.copytree(own_layers(), tmp_path / "layers")
    path = tmp_path / "layers" / "parcel.toml"
    text = path.read_text(encoding="utf-8")
    for old, new, place in (
        ('layer = "building"\n', 'layer = "building"\nlisted = true\n', "net.building.1"),
        ("listed = true\nsure_m = 0.0", "listed = true\nsure_m = 5.0", "net.water.1"),
    ):
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(CatalogueError, match=place):
            load_catalogue(tmp_path / "layers")


# ---- a naive loop ---------------------------------------------------------------------------------------


def naive(catalogue: Catalogue, site: Any, commune: str, every: dict[str, Held]) -> dict[str, list[float]]:
    """Take every row's land from a site, one shapely operation after the other, no index and no cutting."""
    ends: dict[str, list[float]] = {}
    distances = {name: shapely.distance(site, one.geometry) for name, one in every.items()}
    for end in ("sure", "may"):
        left = site
        for place, step in enumerate(catalogue.layer("parcel").net):
            lost = [shapely.Polygon()]
            for group in groups(catalogue.layer("parcel").net):
                if group.step != place or (group.communes and commune not in group.communes):
                    continue
                if group.layer == "parcel":
                    lost.append(site.difference(site.buffer(-4.0)))
                elif group.layer not in every:
                    lost += [site] if end == "may" else []
                else:
                    lost += land(every[group.layer], group, end, distances[group.layer])
            if not any(one.intersects(site) for one in lost):
                ends.setdefault(step.name, []).extend([0.0, left.area])
                continue
            taken = areal(array([shapely.union_all([one for one in lost if one.intersects(site)]).intersection(site)]))[
                0
            ]
            left = left.difference(taken)
            ends.setdefault(step.name, []).extend([taken.area, left.area])
    return ends


def land(one: Held, group: Any, end: str, distance: Any) -> list[Any]:
    key = one, group.step, group.layer, group.communes
    if key not in WIDTHS:
        WIDTHS[key] = widths(one.layer, one.table, group.rules)
    width = WIDTHS[key][0 if end == "sure" else 1]
    rows = np.flatnonzero(distance <= width)
    found = [one.geometry[row].buffer(width[row]) if width[row] else one.geometry[row] for row in rows]
    if end == "may" and one.cover.geometry is not None:
        inside = one.cover.geometry.buffer(-group.reach) if one.cover.stated else one.cover.geometry
        found.append(EVERYWHERE.difference(inside))
    return [shape for shape in found if shape.area > 0]


WIDTHS: dict[Any, Any] = {}
"""How far around rows land is lost, by the rules of a group: the same for every site."""


def agrees(catalogue: Catalogue, where: Sites, every: dict[str, Held], commune: str, some: list[int]) -> None:
    found = fall(catalogue, where, every)
    for site in some:
        expected = naive(catalogue, where.geometry[site], commune, every)
        for name, (low_takes, high_takes, low, high) in by_step(found, site).items():
            sure_takes, sure_left, may_takes, may_left = expected[name]
            mine = (low_takes, high_takes, low, high)
            noise = 1e-6 + 1e-9 * where.geometry[site].area
            assert mine == pytest.approx((sure_takes, may_takes, may_left, sure_left), abs=noise), (site, name)
        assert found.net.low[site] <= found.net.high[site] <= where.geometry[site].area + 1e-6


@pytest.mark.parametrize(("seed", "prefix"), [(0, TOWN), (1, VILLAGE)])
def test_as_a_naive_loop_has_it(catalogue: Catalogue, seed: int, prefix: str) -> None:
    rng = np.random.default_rng(seed)
    where = sites(random_sites(rng, 6), prefix)

    def rows(shapes: Shapes, **cells: list[Any]) -> Rows:
        return [
            (shape, {name: values[int(rng.integers(len(values)))] for name, values in cells.items()})
            for shape in shapes
        ]

    every = nothing_elsewhere(
        catalogue,
        flood=rows(random_polygons(rng, 6), scenario=["1", "0.2", None]),
        nature=rows(random_polygons(rng, 6), form=["reserve", "natura_birds", None]),
        soil=rows(random_polygons(rng, 8), use=["R", "Ls", "Wp", None], **{"class": ["II", "V", None]}),
        building=rows(random_polygons(rng, 6)),
        power=rows(random_lines(rng, 8), role=["main", None], voltage=["lv", "hv", None], course=["overhead", None]),
        gas=rows(random_lines(rng, 8), role=["main"], pressure=["high", "low", None]),
        road=rows(random_lines(rng, 4), **{"class": ["local", "main", None]}),
    )
    every["gas"] = replace(every["gas"], cover=Cover(box(30, 30, 260, 280), stated=True))
    every["nature"] = replace(every["nature"], cover=Cover(box(-50, -50, 200, 400), stated=False))
    agrees(catalogue, where, every, prefix[7], list(range(36)))


def test_partitions_do_not_change_a_bit(catalogue: Catalogue) -> None:
    rng = np.random.default_rng(7)
    where = sites(random_sites(rng, 6), VILLAGE)
    every = nothing_elsewhere(
        catalogue,
        flood=[(shape, {"scenario": "1"}) for shape in random_polygons(rng, 9)],
        power=[(shape, {"role": "main", "voltage": "mv"}) for shape in random_lines(rng, 9)],
    )
    whole = fall(catalogue, where, every).net
    for some in (np.array([3]), np.array([5, 20, 31]), np.arange(10, 30)):
        part = fall(catalogue, where.take(some), every).net
        assert part.low.tobytes() == whole.low[some].tobytes()
        assert part.high.tobytes() == whole.high[some].tobytes()


def test_the_demo_city_as_a_naive_loop_has_it(demo_city: Settings) -> None:
    """What was stored, what is explained, and the polygons asked for all say the same as the loop."""
    with open_inventory(demo_city) as inventory, inventory.store.begin() as conn:
        catalogue, state = inventory.catalogue, states.get(conn, inventory.need_state().id, coverages=True)
        found = revisions.read(conn, state.revisions["parcel"], columns=["id"])
        boundary, ids = read_boundary(conn, state.revisions), [str(one) for one in texts(found.table, "key")]
        every = {}
        for name in rule_layers(catalogue.layer("parcel").net):
            if revision := state.revisions.get(name):
                rows = revisions.read(conn, revision, layer=catalogue.layer(name))
                shapes, cover = drawn(rows.geometry), cover_of(revision, boundary)
                every[name] = Held(catalogue.layer(name), rows.table, shapes, cover)
        chosen = np.random.default_rng(2).choice(len(ids), 25, replace=False).tolist()
        polygons = net_polygons(conn, catalogue, state, [ids[site] for site in chosen])
        low, high = (inventory.frame()[name] for name in ("parcel.net_area_m2", "parcel.net_area_m2_high"))
        assert set(every) == set(rule_layers(catalogue.layer("parcel").net))
        for site in chosen:
            expected = naive(catalogue, found.geometry[site], ids[site][7], every)["building"]
            noise = 1e-6 + 1e-9 * found.geometry[site].area
            assert (low[site], high[site]) == pytest.approx((expected[3], expected[1]), abs=noise)
            most, least = polygons[ids[site]]
            assert (least.area, most.area) == pytest.approx((low[site], high[site]), abs=noise)
        explained = {one["attribute"]: one for one in inventory.explain(ids[chosen[0]])}["parcel.net_area_m2"]
        assert explained["steps"][-1]["leaves_m2"] == {"low": low[chosen[0]], "high": high[chosen[0]]}
        assert explained["steps"][0]["step"] == "flood"
    assert (low < high).any()
    assert (low == high).any()
    assert ((low > 0) & (low < drawn(found.geometry)[0].area)).any()


CAMBRIDGE = Path(__file__).parents[3] / "shared" / "data" / "cambridge" / "cambridge.gpkg"


@pytest.mark.parametrize("file", [CAMBRIDGE] if CAMBRIDGE.is_file() else [])
def test_a_real_city_as_a_naive_loop_has_it(catalogue: Catalogue, file: Path) -> None:
    """Two thousand parcels of Cambridge with its roads, flood zones and water, some of them not valid as they come."""

    def read(name: str) -> Shapes:
        import pyogrio

        return np.asarray(shapely.make_valid(pyogrio.read_dataframe(file, layer=name).geometry.values), dtype=object)

    every = nothing_elsewhere(
        catalogue,
        flood=[(shape, {"scenario": "1"}) for shape in read("flood_100y")],
        soil=[(shape, {"use": "Ws"}) for shape in read("water_bodies")],
        road=[(shape, {"class": "local"}) for shape in read("street_centerlines")],
    )
    parcels = shapely.make_valid(read("parcels_fy2014"))
    rng = np.random.default_rng(1)
    wet = np.unique(shapely.STRtree(parcels).query(every["flood"].geometry, predicate="intersects")[1])
    dry = np.setdiff1d(np.arange(len(parcels)), wet)
    chosen = np.sort(np.concatenate([wet[:500], rng.choice(dry, 2000 - len(wet[:500]), replace=False)]))
    where = sites(areal(parcels[chosen]))
    agrees(catalogue, where, every, "1", list(range(len(where))))
    found = fall(catalogue, where, every)
    assert (found.takes[0] > 0).any(axis=0).tolist()[:2] == [True, True]
