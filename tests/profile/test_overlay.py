"""Shares, classes and limits against a naive loop, and the rules one by one."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

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

SEEDS = range(3)
PRODUCTION = {"symbol": "P", "symbol_yes": "production", "symbol_text": ""}
SQUARE = wkt("POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))")


def naive_share(site: Any, shapes: list[Any]) -> float:
    part = shapely.union_all([shape.intersection(site) for shape in shapes]).area
    value: float = part / site.area
    if value >= 1 - 1e-6:
        return 1.0
    return 0.0 if part < 1 or value <= 1e-6 else value


def column(table: pa.Table, name: str) -> list[Any]:
    return list(table.column(name).to_pylist())


@pytest.mark.parametrize("seed", SEEDS)
def test_share_covered_is_that_of_a_naive_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sites, zones = random_sites(rng), random_polygons(rng)
    table = random_rows(rng, len(zones))
    found = measured({"measure": "share_covered", "where": {"kind": ["a", "c"]}}, sites_of(sites), zones, table)
    kinds = column(table, "kind")
    for i, site in enumerate(sites):
        low = naive_share(site, [zone for zone, kind in zip(zones, kinds, strict=True) if kind in {"a", "c"}])
        high = naive_share(site, [zone for zone, kind in zip(zones, kinds, strict=True) if kind in {"a", "c", None}])
        if (low, high) == (0.0, 1.0):
            assert np.isnan(found.low[i])
        else:
            assert found.low[i] == pytest.approx(low, abs=1e-9)
            assert found.high[i] == pytest.approx(high, abs=1e-9)
    assert len({*np.round(found.low[~np.isnan(found.low)], 3)}) > 10


@pytest.mark.parametrize("seed", SEEDS)
def test_share_by_class_is_that_of_a_naive_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sites, zones = random_sites(rng), random_polygons(rng)
    table = random_rows(rng, len(zones))
    spec = {"measure": "share_by_class", "field": "symbol", "class": "production", "where": {"sure": ["yes"]}}
    found = measured(spec, sites_of(sites), zones, table)
    undecided = measured({**spec, "class": "undecided"}, sites_of(sites), zones, table)
    rows = list(zip(zones, column(table, "symbol"), column(table, "sure"), strict=True))
    for i, site in enumerate(sites):
        low = naive_share(site, [zone for zone, symbol, sure in rows if sure == "yes" and symbol == "P"])
        high = naive_share(site, [zone for zone, symbol, sure in rows if sure == "yes" and symbol in "PUX"])
        unsure = naive_share(site, [zone for zone, symbol, sure in rows if sure == "yes" and symbol in "UX"])
        if (low, high) == (0.0, 1.0):
            assert np.isnan(found.low[i])
        else:
            assert (found.low[i], found.high[i]) == pytest.approx((low, high), abs=1e-9)
        assert undecided.low[i] == undecided.high[i] == pytest.approx(unsure, abs=1e-9)


def newest_parts(site: Any, rows: list[tuple[Any, Any, Any]]) -> list[tuple[Any, Any]]:
    """Cut a site by rows (shape, start, value), the newest on top; the first of a day wins."""
    left, parts = site, []
    for shape, _, value in sorted(rows, key=lambda row: -1e9 if row[1] is None else row[1].toordinal(), reverse=True):
        parts.append((left.intersection(shape), value))
        left = left.difference(shape)
    return parts


@pytest.mark.parametrize("seed", SEEDS)
def test_the_newest_row_wins_where_rows_overlap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sites, zones = random_sites(rng), random_polygons(rng, 15)
    table = random_rows(rng, len(zones))
    spec = {"measure": "share_by_class", "field": "symbol", "class": "production", "where": {"sure": ["yes"]}}
    more = {"overlap": "newest", "rows": {"valid": {"from": "start", "to": "end"}}}
    found = measured(spec, sites_of(sites), zones, table, **more)
    every = list(zip(zones, column(table, "start"), column(table, "symbol"), column(table, "sure"), strict=True))
    for i, site in enumerate(sites):
        parts = newest_parts(site, [row[:3] for row in every if row[3] == "yes"])
        low = naive_share(site, [part for part, symbol in parts if symbol == "P"])
        high = naive_share(site, [part for part, symbol in parts if symbol in "PUX"])
        if (low, high) != (0.0, 1.0):
            assert (found.low[i], found.high[i]) == pytest.approx((low, high), abs=1e-9)
        else:
            assert np.isnan(found.low[i])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("pick", [None, "highest"])
def test_largest_class_is_that_of_a_naive_loop(seed: int, pick: str | None) -> None:
    rng = np.random.default_rng(seed)
    sites, zones = random_sites(rng), random_polygons(rng, 20)
    table = random_rows(rng, len(zones))
    found = measured(
        {"measure": "largest_class", "field": "kind", "pick": pick, "min_share": 0.1}, sites_of(sites), zones, table
    )
    assert isinstance(found, Labels)
    kinds, seen = column(table, "kind"), set()
    for i, site in enumerate(sites):
        areas = {
            kind: shapely.union_all(
                [z.intersection(site) for z, one in zip(zones, kinds, strict=True) if one == kind]
            ).area
            / site.area
            for kind in ("a", "b", "c", None)
        }
        dark = areas.pop(None)
        dark = dark if dark * site.area >= 1 else 0.0
        bar = max(0.1, 1 / site.area)
        # Every way the doubtful area may fall, all of it to one value: the answers must agree.
        answers = set()
        for lucky in ("nobody", "a", "b", "c"):
            shares = {kind: share + (dark if kind == lucky else 0.0) for kind, share in areas.items()}
            counted = {kind: share for kind, share in shares.items() if share >= bar}
            rank = (lambda kind: kind) if pick else counted.get
            answers.add(max(sorted(counted), key=rank) if counted else "none")  # type: ignore[arg-type]
        expected = answers.pop() if len(answers) == 1 else None
        assert found.text(i) == expected
        seen.add(expected)
    assert len(seen) >= 3


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("pick", ["min", "max"])
def test_extreme_covering_is_that_of_a_naive_loop(seed: int, pick: str) -> None:
    rng = np.random.default_rng(seed)
    sites, zones = random_sites(rng), random_polygons(rng, 12)
    table = random_rows(rng, len(zones))
    free = np.inf if pick == "min" else 0.0
    for field, empty in (("size", np.nan), ("limit", free)):
        found = measured(
            {"measure": "extreme_covering", "field": field, "pick": pick, "min_share": 0.05},
            sites_of(sites),
            zones,
            table,
        )
        limits = column(table, field)
        for i, site in enumerate(sites):
            counted = []
            for limit in sorted(set(limits), key=str):
                mine = [zone for zone, one in zip(zones, limits, strict=True) if one == limit]
                part = shapely.union_all([zone.intersection(site) for zone in mine]).area
                if part / site.area >= 0.05 and part >= 1:
                    counted.append(empty if limit is None else limit)
            if any(np.isnan(counted)):
                assert np.isnan(found.low[i])
            else:
                assert found.low[i] == min(counted, default=free)
                assert found.high[i] == max(counted, default=free)


@pytest.mark.parametrize("seed", SEEDS)
def test_crosses_is_that_of_a_naive_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sites = random_sites(rng)
    shapes = np.concatenate([random_lines(rng, 12), random_points(rng), random_polygons(rng, 5)])
    found = measured({"measure": "crosses"}, sites_of(sites), shapes)
    for i, site in enumerate(sites):
        inner = site.buffer(-0.01)
        lines = any(shape.intersects(inner) for shape in shapes if shapely.get_dimensions(shape) < 2)
        areas = naive_share(site, [shape for shape in shapes if shapely.get_dimensions(shape) == 2]) > 0
        assert found.values[i] == int(lines or areas)
    assert {0, 1} == set(found.values.tolist())


def test_a_line_along_the_boundary_does_not_cross() -> None:
    lines = wkt("LINESTRING (0 -50, 0 150)", "LINESTRING (-50 50, 0 50)", "LINESTRING (-50 50, 5 50)")
    for line, expected in zip(lines, [0, 0, 1], strict=True):
        assert measured({"measure": "crosses"}, sites_of(SQUARE), array([line])).values.tolist() == [expected]


@pytest.mark.parametrize(("inside_m", "expected"), [(0.005, 0), (0.02, 1)])
def test_a_line_crosses_from_a_centimetre_inside_on(inside_m: float, expected: int) -> None:
    line = wkt(f"LINESTRING (-50 {inside_m}, 150 {inside_m})")
    assert measured({"measure": "crosses"}, sites_of(SQUARE), line).values.tolist() == [expected]


@pytest.mark.parametrize(
    ("widths", "end", "low", "high"),
    [
        ({5.0: 60}, 100, 5.0, 5.0),
        ({5.0: 60, 12.5: 40}, 100, 5.0, 12.5),  # limits that differ: from the most to the least restrictive
        ({5.0: 60, 12.5: 9}, 100, 5.0, 5.0),  # on less than a tenth: does not count
        ({5.0: 60, 12.5: 6}, 95, np.nan, np.nan),  # it could, with the 5 % of which nobody knows
        ({5.0: 60, 12.5: 4}, 95, 5.0, 5.0),  # it could not
        ({5.0: 60}, 90, np.nan, np.nan),  # a limit nobody knows of could lie there
        ({12.5: 9}, 100, np.inf, np.inf),
        ({}, 100, np.inf, np.inf),
    ],
)
def test_limits_by_hand(widths: dict[float, float], end: float, low: float, high: float) -> None:
    starts = np.cumsum([0, *widths.values()])[:-1]
    zones = [at(shapely.box(x, 0, x + width, 100)) for x, width in zip(starts, widths.values(), strict=True)]
    spec = {"measure": "extreme_covering", "field": "limit", "pick": "min", "min_share": 0.1}
    table = pa.table({"limit": pa.array(list(widths), pa.float64())})
    cover = Cover(at(shapely.box(0, 0, end, 100)), stated=False)
    found = measured(spec, sites_of(SQUARE), array(zones), table, cover=cover)
    assert (found.low[0], found.high[0]) == pytest.approx((low, high), nan_ok=True)


def test_a_limit_on_less_than_a_square_metre_does_not_count() -> None:
    zones = wkt("POLYGON ((0 0, 0.9 0, 0.9 1, 0 1, 0 0))", "POLYGON ((0 0, 1.1 0, 1.1 1, 0 1, 0 0))")
    spec = {"measure": "extreme_covering", "field": "limit", "pick": "min", "min_share": 0.0}
    table = pa.table({"limit": [5.0]})
    for zone, expected in zip(zones, (np.inf, 5.0), strict=True):
        assert measured(spec, sites_of(SQUARE), array([zone]), table).low[0] == expected


@given(st.lists(st.tuples(*[st.integers(-30, 130)] * 4), max_size=8), st.integers(10, 120))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_overlapping_zones_never_make_a_share_above_one(corners: list[tuple[int, ...]], end: int) -> None:
    """Whatever lies on whatever: a share is one of the whole, and what is covered twice counts once."""
    zones = array([at(shapely.box(*one).buffer(0.1)) for one in corners])
    cover = Cover(at(shapely.box(-50, -50, end, 150)), stated=False)
    same = {name: pa.array([value] * len(zones), pa.string()) for name, value in PRODUCTION.items()}
    spec = {"measure": "share_by_class", "field": "symbol", "class": "production"}
    found = measured(spec, sites_of(SQUARE), zones, pa.table(same), cover=cover)
    assert found.low[0] == pytest.approx(naive_share(SQUARE[0], list(zones)), abs=1e-9)
    assert 0.0 <= found.low[0] <= found.high[0] <= 1.0


def test_an_overlap_under_one_square_metre_is_touching_and_all_but_all_is_all() -> None:
    spec = {"measure": "share_covered"}
    shapes = {
        "100 0, 101 0, 101 100, 100 100, 100 0": 0.0,
        "99.991 0, 150 0, 150 100, 99.991 100, 99.991 0": 0.0,
        "0.00005 0, 101 0, 101 100, 0.00005 100, 0.00005 0": 1.0,
        "50 0, 101 0, 101 100, 50 100, 50 0": 0.5,
    }
    for ring, expected in shapes.items():
        found = measured(spec, sites_of(SQUARE), wkt(f"POLYGON (({ring}))"))
        assert found.low.tolist() == found.high.tolist() == [expected]


def test_features_of_one_class_are_united_first() -> None:
    zones = wkt("POLYGON ((0 0, 60 0, 60 100, 0 100, 0 0))", "POLYGON ((40 0, 80 0, 80 100, 40 100, 40 0))")
    found = measured({"measure": "share_covered"}, sites_of(SQUARE), zones)
    assert found.low[0] == pytest.approx(0.8, abs=1e-12)
    # Three slivers of 0.5 m2 are one class of 1.5 m2: no touch.
    slivers = wkt(*(f"POLYGON (({x} 0, {x + 1} 0, {x + 1} 0.5, {x} 0.5, {x} 0))" for x in (10, 30, 50)))
    assert measured({"measure": "share_covered"}, sites_of(SQUARE), slivers).low[0] == pytest.approx(1.5e-4, abs=1e-12)


def test_a_share_is_a_range_where_the_coverage_ends_and_unknown_where_nothing_is_known() -> None:
    half, zone = at(shapely.box(0, 0, 50, 200)), wkt("POLYGON ((0 0, 25 0, 25 100, 0 100, 0 0))")
    sites = np.concatenate(
        [SQUARE, wkt("POLYGON ((10 0, 20 0, 20 10, 10 10, 10 0))", "POLYGON ((200 0, 300 0, 300 100, 200 100, 200 0))")]
    )
    for stated in (False, True):
        found = measured({"measure": "share_covered"}, sites_of(sites), zone, cover=Cover(half, stated=stated))
        assert found.low[:2].tolist() == pytest.approx([0.25, 1.0], abs=1e-12)
        assert found.high[:2].tolist() == pytest.approx([0.75, 1.0], abs=1e-12)
        assert np.isnan(found.low[2])
    nothing = measured({"measure": "share_covered"}, sites_of(sites), zone[:0], cover=Cover(half, stated=False))
    assert isinstance(nothing, Range)
    assert nothing.low[1] == nothing.high[1] == 0.0
    assert (nothing.low[0], nothing.high[0]) == (0.0, pytest.approx(0.5))


def test_two_lists_of_uses_say_yes_if_either_does() -> None:
    zones = wkt(*["POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"] * 1)
    spec = {"measure": "share_by_class", "field": ["symbol", "extra"], "class": "production"}
    cases = [
        (("P", "production", ""), ("U", "services", ""), (1.0, 1.0)),
        (("U", "services", ""), ("P", "production", ""), (1.0, 1.0)),
        (("U", "services", ""), (None, None, None), (0.0, 0.0)),  # an empty additional profile adds nothing
        (("U", "services", ""), ("?", None, None), None),  # an unknown symbol could allow anything
        (("U", "services", "production"), ("P", "production", ""), (1.0, 1.0)),
        ((None, None, None), ("U", "services", ""), None),
    ]
    for basic, extra, expected in cases:
        names = ("symbol", "symbol_yes", "symbol_text", "extra", "extra_yes", "extra_text")
        table = pa.table(
            {name: pa.array([value], pa.string()) for name, value in zip(names, basic + extra, strict=True)}
        )
        found = measured(spec, sites_of(SQUARE), zones, table)
        if expected is None:
            assert np.isnan(found.low[0])
        else:
            assert (found.low[0], found.high[0]) == expected


@pytest.mark.parametrize(
    ("widths", "cover", "expected"),
    [
        ({"yes": 100}, None, "in_force"),
        ({"yes": 60}, None, "partly"),
        ({"no": 10}, None, "draft"),
        ({}, None, "none"),
        ({}, 50.0, None),
        ({"yes": 75}, 70.0, None),  # the rest may lie under the plan, too
        ({"yes": 60}, 100.0, "partly"),
    ],
)
def test_share_grade_gives_the_first_grade_reached(
    widths: dict[str, int], cover: float | None, expected: str | None
) -> None:
    grades = [
        {"code": "in_force", "where": {"sure": ["yes"]}, "min_share": 0.99},
        {"code": "partly", "where": {"sure": ["yes"]}, "above_share": 0.0},
        {"code": "draft", "where": {"sure": ["no"]}, "above_share": 0.0},
    ]
    zones = array([at(shapely.box(0, 0, width, 100)) for width in widths.values()])
    table = pa.table({"sure": pa.array(list(widths), pa.string())})
    where = None if cover is None else Cover(at(shapely.box(0, 0, cover, 100)), stated=False)
    found = measured({"measure": "share_grade", "grades": grades}, sites_of(SQUARE), zones, table, cover=where)
    assert found.text(0) == expected
