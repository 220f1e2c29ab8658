"""Distances, values of the nearest and frontage against a naive loop, and the rules one by one."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

from gis_sites.columns import Labels, Range
from gis_sites.profile.coverage import Cover
from tests.profile.scenes import (
    array,
    at,
    measured,
    random_lines,
    random_points,
    random_polygons,
    random_rows,
    random_sites,
    sites_of,
    wkt,
)

SEEDS = range(4)
SQUARE = wkt("POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))")
INF = float("inf")


def mixed(rng: np.random.Generator) -> Any:
    return np.concatenate([random_lines(rng), random_points(rng), random_polygons(rng, 6)])


@pytest.mark.parametrize("seed", SEEDS)
def test_nearest_distance_is_that_of_a_naive_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sites, shapes = random_sites(rng), mixed(rng)
    table = random_rows(rng, len(shapes))
    kinds = table.column("kind").to_pylist()
    for codes in (["a"], ["a", "unknown"]):
        found = measured({"measure": "nearest_distance", "where": {"kind": codes}}, sites_of(sites), shapes, table)
        surely = {"a", None} if "unknown" in codes else {"a"}
        for i, site in enumerate(sites):
            high = min(site.distance(shape) for shape, kind in zip(shapes, kinds, strict=True) if kind in surely)
            low = min(site.distance(shape) for shape, kind in zip(shapes, kinds, strict=True) if kind in {"a", None})
            assert found.low[i] == pytest.approx(low, abs=1e-6)
            assert found.high[i] == pytest.approx(high, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("ties", ["first", "highest", "lowest"])
def test_nearest_value_is_that_of_a_naive_loop(seed: int, ties: str) -> None:
    rng = np.random.default_rng(seed)
    sites, shapes = random_sites(rng), mixed(rng)
    table = random_rows(rng, len(shapes))
    kinds, sizes = table.column("kind").to_pylist(), table.column("size").to_pylist()
    codes = measured({"measure": "nearest_value", "field": "kind", "ties": ties}, sites_of(sites), shapes, table)
    values = measured({"measure": "nearest_value", "field": "size", "ties": ties}, sites_of(sites), shapes, table)
    assert isinstance(codes, Labels)
    several = 0
    for i, site in enumerate(sites):
        distances = [site.distance(shape) for shape in shapes]
        tied = [row for row, distance in enumerate(distances) if distance == min(distances)]
        several += len(tied) > 1
        assert codes.text(i) == expected_code([kinds[row] for row in tied], ties)
        low, high = expected_number([sizes[row] for row in tied], ties)
        assert (values.low[i], values.high[i]) == pytest.approx((low, high), nan_ok=True)
    assert several > 5


def expected_code(cells: list[str | None], ties: str) -> str | None:
    if ties == "first":
        return cells[0]
    best = "c" if ties == "highest" else "a"
    if None in cells:  # open, unless nothing can beat what is known
        return best if best in cells else None
    known = [cell for cell in cells if cell is not None]
    return max(known) if ties == "highest" else min(known)


def expected_number(cells: list[float | None], ties: str) -> tuple[float, float]:
    known = [cell for cell in cells if cell is not None]
    if ties == "first":
        return (np.nan, np.nan) if cells[0] is None else (cells[0], cells[0])
    if not known or (None in cells and ties == "lowest"):
        return np.nan, np.nan
    if None in cells:
        return max(known), INF
    return (max(known), max(known)) if ties == "highest" else (min(known), min(known))


@pytest.mark.parametrize("seed", SEEDS)
def test_frontage_is_the_boundary_in_a_buffer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sites, lines = random_sites(rng), random_lines(rng, 8)
    found = measured({"measure": "frontage", "reach_m": 12.0}, sites_of(sites), lines)
    near = shapely.union_all(shapely.buffer(lines, 12.0, quad_segs=256))
    for i, site in enumerate(sites):
        assert found.low[i] == found.high[i] == pytest.approx(site.boundary.intersection(near).length, abs=2e-3)
    assert (found.low > 0).sum() > 5
    assert (found.low == 0).sum() > 5


@pytest.mark.parametrize(
    ("line", "length"),
    [
        ("LINESTRING (-10 -10, 200 -10)", 100 + 2 * 5),  # 15 m: along one side, and 5 m up the two beside it
        ("LINESTRING (-100 50, -12 50)", 2 * 9),  # an end 12 m off: a chord of the disc, sqrt(15^2 - 12^2)
        ("LINESTRING (-100 50, -15 50)", 0),
        ("LINESTRING (50 30, 50 70)", 0),  # inside, but far from every side
        ("LINESTRING (300 0, 300 100)", 0),
    ],
)
def test_frontage_by_hand(line: str, length: float) -> None:
    assert measured({"measure": "frontage", "reach_m": 15.0}, sites_of(SQUARE), wkt(line)).low[0] == pytest.approx(
        length, abs=1e-9
    )


def test_two_lines_do_not_count_the_same_boundary_twice() -> None:
    lines = wkt("LINESTRING (-20 -10, 60 -10)", "LINESTRING (40 -10, 120 -10)", "LINESTRING (-20 -5, 120 -5)")
    assert measured({"measure": "frontage", "reach_m": 15.0}, sites_of(SQUARE), lines).low[0] == pytest.approx(
        120, abs=1e-9
    )


def test_where_the_coverage_ends_within_reach_any_of_the_boundary_may_front() -> None:
    """A street along the lower side; the coverage ends 10 m above the upper one, or 20 m: out of reach."""
    street = wkt("LINESTRING (-50 -10, 150 -10)")
    for above, high in ((10, 400.0), (20, 110.0)):
        cover = Cover(at(shapely.box(-90, -90, 190, 100 + above)), stated=True)
        found = measured({"measure": "frontage", "reach_m": 15.0}, sites_of(SQUARE), street, cover=cover)
        assert (found.low[0], found.high[0]) == pytest.approx((110.0, high))
    beyond = measured({"measure": "frontage", "reach_m": 15.0}, sites_of(SQUARE), street[:0], cover=cover)
    assert (beyond.low[0], beyond.high[0]) == (0.0, 0.0)


def test_distances_are_from_the_boundary_and_0_where_it_touches_or_overlaps() -> None:
    holed = wkt("POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 60 40, 60 60, 40 60, 40 40))")
    cases = {
        "POINT (150 100)": 50.0,
        "POINT (100 50)": 0.0,
        "POINT (10 10)": 0.0,
        "POINT (50 50)": 10.0,
        "POLYGON ((100 100, 110 100, 110 110, 100 110, 100 100))": 0.0,
        "POLYGON ((-10 -10, 110 -10, 110 110, -10 110, -10 -10))": 0.0,
        "LINESTRING (103 104, 200 200)": 5.0,
    }
    for text, expected in cases.items():
        found = measured({"measure": "nearest_distance"}, sites_of(holed), wkt(text))
        assert found.low.tolist() == found.high.tolist() == [pytest.approx(expected, abs=1e-9)]


def test_no_row_is_none_inside_the_coverage_and_unknown_outside() -> None:
    sites = np.concatenate([SQUARE, wkt("POLYGON ((900 0, 910 0, 910 10, 900 10, 900 0))")])
    inside = Cover(at(shapely.box(-200, -200, 300, 300)), stated=False)
    nothing = wkt("POINT (0 0)")[:0]
    far = measured({"measure": "nearest_distance"}, sites_of(sites), nothing, cover=inside)
    assert far.low[0] == far.high[0] == INF
    assert np.isnan(far.low[1])
    names = measured({"measure": "nearest_value", "field": "kind"}, sites_of(sites), nothing, cover=inside)
    assert [names.text(0), names.text(1)] == ["none", None]
    assert measured({"measure": "crosses"}, sites_of(sites), nothing, cover=inside).values.tolist() == [0, -1]
    front = measured({"measure": "frontage", "reach_m": 15.0}, sites_of(sites), nothing, cover=inside)
    assert front.low[0] == front.high[0] == 0
    assert np.isnan(front.low[1])


@pytest.mark.parametrize(
    ("stated", "point", "low", "high"),
    [
        (True, "POINT (150 50)", 50, 50),  # nearer than the edge of what is known: exact
        (True, "POINT (350 50)", 200, 250),  # the edge is 200 m off: something may be nearer beyond it
        (True, None, 200, INF),
        (False, "POINT (350 50)", 250, 250),  # the published boundary: taken at its word
        (False, None, INF, INF),
    ],
)
def test_a_stated_coverage_makes_distances_exact_only_up_to_its_edge(
    stated: bool, point: str | None, low: float, high: float
) -> None:
    cover = Cover(at(shapely.box(-200, -200, 300, 300)), stated=stated)
    shapes = wkt(point) if point else wkt("POINT (0 0)")[:0]
    found = measured({"measure": "nearest_distance"}, sites_of(SQUARE), shapes, cover=cover)
    assert (found.low[0], found.high[0]) == pytest.approx((low, high))


@pytest.mark.parametrize("stated", [True, False])
def test_a_site_that_sticks_out_of_the_coverage_has_nothing_certain_but_touching(stated: bool) -> None:
    cover = Cover(at(shapely.box(0, 0, 50, 100)), stated=stated)
    near = measured({"measure": "nearest_distance"}, sites_of(SQUARE), wkt("POINT (110 50)"), cover=cover)
    assert (near.low[0], near.high[0]) == (0.0, 10.0)
    on = measured({"measure": "nearest_distance"}, sites_of(SQUARE), wkt("POINT (10 50)"), cover=cover)
    assert (on.low[0], on.high[0]) == (0.0, 0.0)
    value = {"measure": "nearest_value", "field": "id"}
    assert measured(value, sites_of(SQUARE), wkt("POINT (110 50)"), cover=cover).text(0) is None
    assert measured(value, sites_of(SQUARE), wkt("POINT (10 50)"), cover=cover).text(0) == "k0000"


def test_a_network_that_never_tells_its_pressure_is_unknown_not_absent() -> None:
    found = measured(
        {"measure": "nearest_distance", "where": {"kind": ["a"]}},
        sites_of(SQUARE),
        wkt("POINT (130 50)"),
        pa.table({"id": ["1"]}),
    )
    assert (found.low[0], found.high[0]) == (30.0, INF)


def test_beyond_its_reach_nobody_looks() -> None:
    spec = {"measure": "nearest_distance", "reach_m": 40.0}
    for text, low, high in (("POINT (130 50)", 30.0, 30.0), ("POINT (150 50)", 40.0, INF)):
        found = measured(spec, sites_of(SQUARE), wkt(text))
        assert (found.low[0], found.high[0]) == (low, high)
    value = {"measure": "nearest_value", "field": "id", "reach_m": 40.0}
    assert measured(value, sites_of(SQUARE), wkt("POINT (130 50)")).text(0) == "k0000"
    assert measured(value, sites_of(SQUARE), wkt("POINT (150 50)")).text(0) == "none"


def test_far_and_crowded_pieces_are_found_alike() -> None:
    """A dense cluster far away is searched another way than a few pieces near by; the answer is the same."""
    rng = np.random.default_rng(5)
    cluster = array([at(shapely.Point(x, y)) for x, y in rng.uniform(3000, 3400, (3000, 2))])
    sites = random_sites(rng)
    found = measured({"measure": "nearest_distance"}, sites_of(sites), cluster)
    assert isinstance(found, Range)
    for i, site in enumerate(sites):
        assert found.low[i] == round(min(shapely.distance(site, cluster)), 6)
