"""The drawing of a site: what is around it, in its own units, clipped to the window."""

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_sites.catalogue import Catalogue
from gis_sites.maps.around import SIDES, around, side_of
from gis_sites.maps.overlays import Overlay
from gis_sites.maps.sketch import HEIGHT, WIDTH, Sketch, Window, draw_sketch, window

CRS = "EPSG:2177"
SITE = shapely.box(1000, 1000, 1100, 1050)


def rows(catalogue: Catalogue, layer: str, shapes: list[object], **fields: list[object]) -> Overlay:
    names = [name for name, spec in catalogue.layers[layer].fields.items() if spec.public]
    columns = {name: fields.get(name, [None] * len(shapes)) for name in names}
    return Overlay(catalogue.layers[layer], gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=CRS)))


def numbers(sketch: Sketch) -> np.ndarray:
    paths = [shape.path for shape in sketch.sites] + [shape.path for one in sketch.themes for shape in one.shapes]
    return np.array([[float(x), float(y)] for x, y in re.findall(r"(-?[\d.e-]+) (-?[\d.e-]+)", " L".join(paths))])


def test_the_window_holds_the_site_and_ground_around_it() -> None:
    ground = window([SITE])
    west, south, east, north = ground.bounds
    assert west < 1000
    assert east > 1100
    assert south < 1000
    assert north > 1050
    assert (east - west) / (north - south) == pytest.approx(WIDTH / HEIGHT)
    assert window([shapely.Point(0, 0).buffer(1)]).bounds[2] == pytest.approx(60, abs=1)


def test_draws_the_site_with_south_below_north() -> None:
    sketch = draw_sketch([SITE], [], Catalogue({}, {}), Window(900, 1200, 2.0))
    assert sketch.sites[0].kind == "area"
    assert sketch.sites[0].path.count("Z") == 1
    points = numbers(sketch)
    assert (points.min(axis=0).tolist(), points.max(axis=0).tolist()) == ([200, 300], [400, 400])
    assert sketch.centres == [(300.0, 350.0)]
    assert sketch.bar == (50, 100.0)


def test_areas_lie_below_lines_and_lines_below_points(catalogue: Catalogue) -> None:
    around = SITE.buffer(30)
    overlays = [
        rows(catalogue, "junction", [shapely.Point(1010, 1060)]),
        rows(catalogue, "road", [shapely.LineString([(0, 1070), (9000, 1070)])] * 2, **{"class": ["main", "local"]}),
        rows(catalogue, "zoning", [around, None, shapely.box(0, 0, 1, 1)], symbol=["P", "P", "P"], regime=["2003"] * 3),
    ]
    sketch = draw_sketch([SITE], overlays, catalogue, window([SITE]))
    assert [(one.layer.name, one.shapes[0].kind) for one in sketch.themes] == [
        ("zoning", "area"), ("road", "line"), ("road", "line"), ("junction", "point"),
    ]  # fmt: skip
    plan = sketch.themes[0]
    assert plan.pattern is None
    assert plan.entry is not None
    assert (plan.entry.title.pl, len(plan.shapes)) == ("produkcja", 1)
    # A road that leaves the window ends there.
    assert np.all(np.abs(numbers(sketch)[:, 0] - WIDTH / 2) <= WIDTH / 2 + 9)


def test_a_hole_is_drawn_and_a_layer_without_colours_has_one(catalogue: Catalogue) -> None:
    ring = SITE.difference(shapely.box(1010, 1010, 1020, 1020))
    sketch = draw_sketch([ring], [rows(catalogue, "boundary", [SITE])], catalogue, window([SITE]))
    assert sketch.sites[0].path.count("Z") == 2
    assert re.fullmatch(r"#[0-9a-f]{6}", sketch.themes[0].color)


def test_what_lies_around_is_the_nearest_of_each_class(catalogue: Catalogue) -> None:
    plan = [
        shapely.box(1000, 1000, 1040, 1050),
        shapely.box(1100, 900, 1200, 1200),
        shapely.box(1060, 1050, 1100, 1060),
    ]
    overlays = [
        rows(catalogue, "zoning", plan, symbol=["P", "MN", "U"], regime=["2003"] * 3),
        rows(catalogue, "road", [shapely.LineString([(900, y), (1300, y)]) for y in (1065, 1070, 5000)],
             **{"class": ["main", "main", "motorway"]}),
        rows(catalogue, "junction", [shapely.Point(990, 990)]),
    ]  # fmt: skip
    found = around(SITE, overlays, catalogue, window([SITE]))
    told = [(one.layer.name, round(one.metres, 1), one.side, one.on) for one in found]
    assert told[0] == ("zoning", 0, "w", True)
    assert sorted(told[1:3]) == [("zoning", 0, "e", False), ("zoning", 0, "n", False)]
    assert told[3:] == [("junction", 14.1, "sw", False), ("road", 15, "n", False)]


@given(st.floats(0, 360, exclude_max=True), st.floats(60, 1e5))
def test_a_side_is_the_eighth_of_the_compass_it_lies_in(bearing: float, metres: float) -> None:
    away = np.radians(bearing)
    other = shapely.Point(1050 + metres * np.sin(away), 1025 + metres * np.cos(away))
    place = (bearing + 22.5) % 45
    if 0.1 < place < 44.9:
        assert side_of(SITE, other) == SIDES[int((bearing + 22.5) // 45) % 8]
