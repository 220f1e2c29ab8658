"""Rectangles in polygons: every yes is truly inside, every no is sure; against the theorem of Carver."""

import math

import numpy as np
import pytest
import shapely
import shapely.affinity
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gis_sites.matching import fit
from gis_sites.matching.fit import TOLERANCE_M, GivenUp, Sides, find, goes_in
from gis_sites.matching.packing import far_enough, find_several, too_many
from gis_sites.matching.placing import Wanted, place, too_narrow

WHERE = (6_505_000.0, 5_736_000.0)
"""Coordinates as large as those of a working CRS."""
lengths = st.floats(3, 120)
angles = st.floats(0, math.pi)


def rectangle(sides: Sides, angle: float) -> shapely.Polygon:
    upright = shapely.box(0, 0, sides.long, sides.short)
    return shapely.affinity.translate(shapely.affinity.rotate(upright, angle, use_radians=True), *WHERE)


@st.composite
def grounds(draw: st.DrawFn) -> shapely.Geometry:
    """Concave polygons with holes, of one part or two."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = [_star(rng, draw(st.integers(3, 14)))]
    if draw(st.booleans()):
        hole = shapely.Point(WHERE).buffer(draw(st.floats(1, 30)), quad_segs=draw(st.integers(1, 4)))
        parts[0] = parts[0].difference(hole)
    if draw(st.booleans()):
        parts.append(shapely.affinity.translate(_star(rng, draw(st.integers(3, 8))), 250, 40))
    ground = shapely.union_all(parts)
    assume(ground.is_valid and not ground.is_empty)
    return ground


def _star(rng: np.random.Generator, corners: int) -> shapely.Polygon:
    turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
    far = rng.uniform(20, 100, corners)
    return shapely.make_valid(shapely.Polygon(np.stack([np.cos(turn), np.sin(turn)], axis=1) * far[:, None] + WHERE))


@pytest.mark.parametrize("apart", [0.0, 5e-324, 1e-300, 1e-12, 1e-3])
def test_next_to_no_distance_is_none(apart: float) -> None:
    east, north = WHERE
    grounds = [shapely.box(east + at, north, east + at + 100, north + 100) for at in (0, 200)]
    sides = Sides(49.9, 49.9)
    assert not too_many(grounds[0], sides, count=4, apart=apart)
    found = find_several(shapely.union_all(grounds), sides, count=8, apart=apart)
    assert len(found) == 8
    assert far_enough(found, apart)


@given(grounds(), lengths, lengths, st.integers(1, 4), st.floats(0, 15))
@settings(max_examples=60, deadline=None)
def test_every_yes_is_truly_inside(ground: shapely.Geometry, one: float, other: float, count: int, gap: float) -> None:
    sides = Sides(max(one, other), min(one, other))
    (placed,) = place(np.array([ground], dtype=object), Wanted(sides, count, gap))
    if placed.fits:
        assert len(placed.rectangles) == count
        assert far_enough(placed.rectangles, gap)
    for found in placed.rectangles:
        assert found.within(ground)
        edges = sorted(np.hypot(*np.diff(shapely.get_coordinates(found)[:3], axis=0).T))
        assert edges == pytest.approx([sides.short, sides.long], abs=TOLERANCE_M + 1e-6)
        assert found.area == pytest.approx(math.prod(edges), rel=1e-6)


@given(grounds(), st.floats(0, 1), lengths, lengths, angles)
@settings(max_examples=60, deadline=None)
def test_a_rectangle_put_there_is_never_missed(
    ground: shapely.Geometry, at: float, one: float, other: float, angle: float
) -> None:
    """A ground that was made to hold a rectangle holds it, whatever else it is."""
    sides = Sides(max(one, other), min(one, other))
    there = shapely.affinity.translate(rectangle(sides, angle), 90 * at, 0)
    wider = shapely.union(ground, shapely.buffer(there, 1e-6, join_style="mitre"))
    (placed,) = place(np.array([wider], dtype=object), Wanted(sides))
    assert placed.fits


@given(st.floats(1, 120), st.floats(1, 120), st.integers(1, 4), angles)
@settings(max_examples=200, deadline=None)
def test_as_many_as_fill_the_ground_to_the_last_bit_are_no_no(one: float, other: float, n: int, angle: float) -> None:
    """Rounding of large coordinates makes such a ground smaller than what stands on it."""
    sides = Sides(max(one, other), min(one, other))
    ground = rectangle(Sides(sides.long, n * sides.short), angle)
    (placed,) = place(np.array([ground], dtype=object), Wanted(sides, n))
    assert placed.fits is not False
    assert not too_many(ground, sides, count=n, apart=0)


@given(lengths, lengths, lengths, lengths, angles)
@example(12.0, 1.0, 10.0, 9.0, 0.3)
@example(50.0, 20.0, 50.0, 20.0, 1.1)
@example(50.0, 50.0, 50.0, 50.0, 0.7)
@settings(max_examples=150, deadline=None)
def test_rectangles_in_rectangles_as_carver_has_it(p: float, q: float, a: float, b: float, angle: float) -> None:
    """Carver (1957), Wetzel (2000): a rectangle goes into another iff it does so level, or turned far enough."""
    inner, outer = Sides(max(p, q), min(p, q)), Sides(max(a, b), min(a, b))
    (placed,) = place(np.array([rectangle(outer, angle)], dtype=object), Wanted(inner))
    searched = find(rectangle(outer, angle), inner)
    for fits in (placed.fits, searched is not None):
        if goes_in(inner, outer):
            assert fits
        if fits:
            assert goes_in(inner.less(TOLERANCE_M + 1e-6), outer)


def test_the_longest_pole_goes_in_askew() -> None:
    """A pole of 14 m goes into a room of 10 m by 10 m from corner to corner, and only there."""
    assert goes_in(Sides(14, 0.1), Sides(10, 10))
    found = find(rectangle(Sides(10, 10), 0.4), Sides(14, 0.1))
    assert found is not None
    assert find(rectangle(Sides(10, 10), 0.4), Sides(14.1, 0.1)) is None


@pytest.mark.parametrize(("reach", "turns"), [(0.02, 21), (0.2, 41)])
def test_a_core_lies_within_all_turned_ones(reach: float, turns: int) -> None:
    sides = Sides(100, 60)
    core = fit.core(sides, reach)
    inner = shapely.affinity.translate(shapely.box(0, 0, *core), -core.long / 2, -core.short / 2)
    outer = shapely.box(-50, -30, 50, 30)
    for by in np.linspace(-reach, reach, turns):
        assert shapely.affinity.rotate(outer, by, origin=(0, 0), use_radians=True).buffer(1e-9).contains(inner)


def test_what_nobody_decides_is_given_up_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a circle that a rectangle just does not fit, every angle is as good as any other."""
    circle = shapely.union(shapely.Point(WHERE).buffer(50, quad_segs=128), rectangle(Sides(90, 1), 0.0))
    sides = Sides(80.05, 60.0)
    monkeypatch.setattr(fit, "MOST_LOOKS", 40)
    with pytest.raises(GivenUp):
        find(circle, sides)
    (placed,) = place(np.array([circle], dtype=object), Wanted(sides))
    assert (placed.fits, placed.how, placed.rectangles) == (None, "search", ())


def test_what_decides_without_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gis_sites.matching.placing.find", None)
    strip, narrow = rectangle(Sides(200, 9), 0.4), rectangle(Sides(60, 25), 0.2)
    cross = shapely.union(rectangle(Sides(200, 9), 0.0), rectangle(Sides(200, 9), 1.2))
    disc = shapely.Point(WHERE).buffer(50, quad_segs=16)
    grounds = np.array([shapely.Polygon(), strip, narrow, cross, disc], dtype=object)
    told = [(one.fits, one.how) for one in place(grounds, Wanted(Sides(50, 20)))]
    assert told == [(False, "area"), (False, "rectangle"), (True, "rectangle"), (False, "circle"), (True, "circle")]
    assert place(grounds[4:], Wanted(Sides(79.9, 59.9)))[0].fits


@given(grounds(), lengths, lengths, st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_a_quick_no_is_never_wrong(ground: shapely.Geometry, one: float, other: float, count: int) -> None:
    alone, sides = np.array([ground], dtype=object), Sides(max(one, other), min(one, other))
    (placed,) = place(alone, Wanted(sides, count))
    (quick,) = too_narrow(alone, Wanted(sides, count)).tolist()
    assert not (quick and placed.fits)
    # What area or circle decided is decided as quickly for sides that are clearly longer.
    longer = too_narrow(alone, Wanted(Sides(sides.long + 0.2, sides.short + 0.2), count))
    assert longer.all() or placed.how not in {"area", "circle"} or placed.fits


def test_several_that_just_go_in() -> None:
    ground = rectangle(Sides(100, 50), 0.3)
    for sides, count, gap in (
        (Sides(50, 50), 2, 0),
        (Sides(25, 25), 8, 0),
        (Sides(50, 45), 2, 10),
        (Sides(20, 10), 20, 0),
    ):
        found = find_several(ground, sides, count=count, apart=gap)
        assert len(found) == count
        assert far_enough(found, gap)
    assert too_many(ground, Sides(50, 50), count=3, apart=0)
    assert too_many(ground, Sides(45, 45), count=2, apart=200)
    assert not too_many(ground, Sides(45, 45), count=2, apart=5)
    assert not far_enough([ground, ground], 0)
