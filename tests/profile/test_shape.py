"""Measures of the site itself, against published and hand-made values."""

import math

import numpy as np
import pyarrow as pa
import pytest
import shapely

from tests.profile.scenes import array, at, layer, measured, random_sites, sites_of, wkt

NONE = wkt("POINT (0 0)")[:0]


def test_compactness_of_known_shapes() -> None:
    """A circle is 1, a square pi / 4, a rectangle of 4 by 1 4 pi 4 / 100 (Polsby and Popper 1991)."""
    circle = at(shapely.Point(0, 0).buffer(50, quad_segs=512))
    sites = np.concatenate(
        [array([circle]), wkt("POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0))", "POLYGON ((0 0, 4 0, 4 1, 0 1, 0 0))")]
    )
    found = measured({"measure": "compactness"}, sites_of(sites), NONE)
    assert found.low.tolist() == pytest.approx([1.0, math.pi / 4, 4 * math.pi * 4 / 100], abs=1e-5)
    hole = wkt("POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (3 3, 6 3, 6 6, 3 6, 3 3))")
    assert measured({"measure": "compactness"}, sites_of(hole), NONE).low[0] == pytest.approx(4 * math.pi * 72 / 48**2)


@pytest.mark.parametrize(
    ("text", "diameter"),
    [
        ("POLYGON ((0 0, 100 0, 100 40, 0 40, 0 0))", 40.0),
        ("POLYGON ((0 0, 500 0, 500 5, 0 5, 0 0))", 5.0),
        ("POLYGON ((0 0, 30 0, 0 40, 0 0))", 20.0),  # 3-4-5: r = (a + b - c) / 2
        ("POLYGON ((0 0, 60 0, 60 60, 0 60, 0 0), (20 20, 40 20, 40 40, 20 40, 20 20))", 23.431457505),
        ("MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0)), ((50 0, 80 0, 80 25, 50 25, 50 0)))", 25.0),
    ],
)
def test_inscribed_circle_is_within_a_percent_or_ten_centimetres(text: str, diameter: float) -> None:
    found = measured({"measure": "inscribed_circle"}, sites_of(wkt(text)), NONE).low[0]
    assert diameter - max(0.1, 0.01 * diameter) <= found <= diameter + 1e-6


def test_area_is_the_registered_where_there_is_one_else_the_measured() -> None:
    fields = {
        "id": {"type": "text"},
        "m2": {"type": "number", "unit": "m2"},
        "ha": {"type": "number", "unit": "ha"},
    }
    sites = wkt(*["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"] * 3)
    columns = {"m2": pa.array([9990.0, None, None]), "ha": pa.array([7.0, 0.7777, None])}
    more = {"name": "parcel", "fields": fields}
    spec = {"measure": "area", "field": ["m2", "ha"]}
    found = measured(spec, sites_of(sites, **columns), NONE, **more).low
    exact = measured({"measure": "measured_area"}, sites_of(sites), NONE).low
    assert found.tolist() == [9990.0, 7777.0, exact[2]]
    # 2177 shrinks by 7.7e-5 at its meridian, so the ellipsoidal area is a little larger than the planar.
    assert 10_000 < exact[2] < 10_002
    registered = measured(
        {"measure": "own_field", "field": ["m2", "ha"], "unit": "m2"}, sites_of(sites, **columns), NONE, **more
    )
    assert registered.low.tolist()[:2] == [9990.0, 7777.0]
    assert np.isnan(registered.low[2])


def test_the_sides_of_the_largest_rectangle() -> None:
    sites = sites_of(wkt("POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))", "POLYGON ((0 0, 30 0, 0 40, 0 0))"))
    long, short = (measured({"measure": f"rectangle_{side}"}, sites, NONE) for side in ("long", "short"))
    assert (long.low[0], short.low[0]) == (100, 40)
    assert long.low[1] * short.low[1] == pytest.approx(300, rel=1e-6)
    assert long.low.tolist() == long.high.tolist()


def test_what_nobody_drew_or_ruled_is_unknown() -> None:
    sites = np.concatenate([random_sites(np.random.default_rng(1))[:3], array([shapely.Polygon()])])
    assert np.isnan(measured({"measure": "net_area"}, sites_of(sites), NONE).low).all()
    drawn = ("measured_area", "compactness", "inscribed_circle", "rectangle_long", "rectangle_short")
    for name in (*drawn, "nearest_distance", "share_covered", "frontage"):
        found = measured({"measure": name, **({"reach_m": 15.0} if name == "frontage" else {})}, sites_of(sites), NONE)
        assert np.isnan(found.low).tolist() == [False, False, False, True]
    assert layer({}).attributes == {}
