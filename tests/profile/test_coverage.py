"""Where a layer speaks: the union of its parts, measured at each site."""

import numpy as np
import pytest
import shapely

from gis_sites.profile.coverage import Cover, known
from gis_sites.profile.features import FACE
from tests.profile.scenes import array, at, measured, random_sites, sites_of, wkt


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_known_is_that_of_a_naive_loop(seed: int, stated: bool) -> None:
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 900))
    radii = 120 + 20 * np.sin(7 * angles)
    ring = np.stack([150 + radii * np.cos(angles), 150 + radii * np.sin(angles)], axis=1)
    region = at(shapely.Polygon(ring).difference(shapely.Point(140, 160).buffer(30)))
    assert shapely.get_num_coordinates(region) > FACE
    sites = random_sites(rng)
    found = known(sites_of(sites), Cover(region, stated=stated))
    kinds = set()
    for i, site in enumerate(sites):
        outside = site.area - site.intersection(region).area
        outside = 0.0 if outside < 1 else outside
        assert found.outside[i] == pytest.approx(outside, abs=1e-6)
        horizon = site.distance(region.boundary) if region.covers(site) else 0.0
        if not stated:
            horizon = 0.0 if outside else np.inf
        assert found.horizon[i] == pytest.approx(horizon, abs=1e-6)
        kinds.add((outside > 0, horizon > 0))
    assert len(kinds) >= 2


def test_parts_cover_together_and_one_stated_part_makes_the_whole_stated() -> None:
    left, right = at(shapely.box(0, 0, 50, 100)), at(shapely.box(50, 0, 100, 100))
    both = Cover.of([Cover(left, stated=False), Cover(right, stated=True)])
    assert both.stated
    assert both.geometry is not None
    assert both.geometry.area == 10_000
    every = Cover.of([Cover(left, stated=False), Cover(None, stated=False)])
    assert (every.geometry, every.stated) == (None, False)


def test_nothing_known_is_unknown_and_a_found_row_is_still_found() -> None:
    square = wkt("POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))")
    cover = Cover(shapely.MultiPolygon(), stated=True)
    zone = wkt("POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))")
    share = measured({"measure": "share_covered"}, sites_of(square), zone, cover=cover)
    assert (share.low[0], share.high[0]) == (0.4, 1.0)
    assert np.isnan(measured({"measure": "share_covered"}, sites_of(square), zone[:0], cover=cover).low[0])
    distance = measured({"measure": "nearest_distance"}, sites_of(square), wkt("POINT (130 50)"), cover=cover)
    assert (distance.low[0], distance.high[0]) == (0.0, 30.0)
    limit = {"measure": "extreme_covering", "field": "size", "pick": "min", "min_share": 0.01}
    assert np.isnan(measured(limit, sites_of(square), zone[:0], cover=cover).low[0])
    largest = measured({"measure": "largest_class", "field": "kind"}, sites_of(square), zone[:0], cover=cover)
    assert largest.text(0) is None


def test_a_site_of_less_than_a_square_metre_outside_is_unknown_and_not_touching() -> None:
    """Half a square metre beyond the end of what is known, across it, and within."""
    sites = wkt(*(f"POLYGON (({x} 0, {x + 1} 0, {x + 1} 0.5, {x} 0.5, {x} 0))" for x in (200, 99.5, 50)))
    cover = Cover(at(shapely.box(-100, -100, 100, 100)), stated=False)
    found = known(sites_of(sites), cover)
    assert found.outside.tolist() == [pytest.approx(0.5), 0.0, 0.0]
    share = measured({"measure": "share_covered"}, sites_of(sites), sites[:0], cover=cover)
    assert np.isnan(share.low).tolist() == [True, False, False]


def test_a_site_nobody_drew_is_unknown_to_every_measure_of_place() -> None:
    sites = sites_of(np.concatenate([array([shapely.Polygon()]), wkt("POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))")]))
    shapes = wkt("LINESTRING (-5 -5, 200 -5)", "POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))", "POINT (5 5)")
    for spec in (
        {"measure": "share_covered"},
        {"measure": "nearest_distance"},
        {"measure": "frontage", "reach_m": 10.0},
        {"measure": "extreme_covering", "field": "limit", "pick": "max"},
    ):
        found = measured(spec, sites, shapes, cover=Cover(at(shapely.box(-500, -500, 500, 500)), stated=True))
        assert np.isnan(found.low).tolist() == [True, False], spec
    assert measured({"measure": "crosses"}, sites, shapes).values.tolist() == [-1, 1]
    name = measured({"measure": "nearest_value", "field": "id"}, sites, shapes)
    assert [name.text(0), name.text(1)] == [None, "k0001"]
