"""The largest rectangle inside: published cases, hand-made ones, and whatever hypothesis thinks of."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from shapely import affinity

from gis_sites.profile import rectangle
from gis_sites.profile.edges import edges_of
from gis_sites.profile.rectangle import largest_rectangles, sides
from gis_sites.profile.upright import largest, regions
from tests.profile.scenes import X0, Y0, Shapes, array, at, random_sites

CASES = Path(__file__).parents[3] / "shared" / "data" / "cases" / "rectangles.json"
LEAST = 0.97
"""The part of the expected area that has to be reached."""


PLUS = "POLYGON ((4 0, 6 0, 6 4, 10 4, 10 6, 6 6, 6 10, 4 10, 4 6, 0 6, 0 4, 4 4, 4 0))"
PIERCED = (
    shapely.box(0, 0, 100, 100)
    .difference(
        shapely.union_all([shapely.box(x, y, x + 2, y + 2) for x in range(4, 100, 10) for y in range(4, 100, 10)])
    )
    .wkt
)
"""A hundred pillars: the largest rectangle lies between two rows of them."""


def one(shape: Any) -> Any:
    return largest_rectangles(array([shape]))[0]


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))", 1.0),
        ("POLYGON ((0 0, 500 0, 500 5, 0 5, 0 0))", 2500.0),
        ("POLYGON ((0 0, 30 0, 0 40, 0 0))", 300.0),  # half of any triangle
        ("POLYGON ((-10 0, 10 0, 1 10, -1 10, -10 0))", 500 / 9),
        ("POLYGON ((0 0, 10 0, 10 5, 5 5, 5 10, 0 10, 0 0))", 50.0),
        ("POLYGON ((3 0, 5 0, 5 5, 0 5, 0 1, 3 1, 3 0))", 20.0),
        ("POLYGON ((0 0, 60 0, 60 60, 0 60, 0 0), (20 20, 40 20, 40 40, 20 40, 20 20))", 1200.0),
        ("POLYGON ((0 0, 60 0, 60 60, 0 60, 0 0), (5 5, 9 5, 9 9, 5 9, 5 5))", 51 * 60.0),
        ("MULTIPOLYGON (((0 0, 10 0, 10 10, 0 10, 0 0)), ((50 0, 80 0, 80 25, 50 25, 50 0)))", 750.0),
        (PLUS, 20.0),
        (PIERCED, 8 * 100.0),
    ],
)
@pytest.mark.parametrize("angle", [0.0, 17.0, 71.3])
def test_hand_made_shapes_at_any_angle(text: str, area: float, angle: float) -> None:
    shape = at(affinity.rotate(shapely.from_wkt(text), angle))
    found = one(shape)
    assert found.within(shape)
    assert found.area == pytest.approx(area, rel=1e-4)
    long, short = sides(array([found]))
    assert long[0] * short[0] == pytest.approx(found.area, rel=1e-9)


def test_a_circle_holds_a_square_of_twice_its_radius_squared() -> None:
    shape = at(shapely.Point(0, 0).buffer(50, quad_segs=90))
    assert one(shape).area == pytest.approx(2 * 50**2, rel=1e-4)
    assert np.array(sides(array([one(shape)]))).ravel() == pytest.approx([math.sqrt(2) * 50] * 2, rel=1e-2)


@pytest.mark.parametrize("file", [CASES] if CASES.is_file() else [])
def test_published_cases(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bound published for a box that is not inside the polygon bounds nothing."""
    cases = json.loads(file.read_text(encoding="utf-8"))["largest_inscribed"]
    shapes = array([shapely.from_wkt(case["wkt"]) for case in cases])
    found = largest_rectangles(shapes)
    assert shapely.within(found, shapes).all()
    parts: dict[str, float] = {}
    for case, shape, mine in zip(cases, shapes, found, strict=True):
        expected = case["expected_area"] or case.get("brute_force_here") or case["lower_bound"]
        if case["id"] == "lir_polygon2":
            assert not shapely.box(-5, -3, 8, 8).within(shape)
            expected = brute(shape)
        parts[case["id"]] = mine.area / expected
        assert case["upper_bound"] is None or mine.area <= case["upper_bound"] * (1 + 1e-9)
    worst = min(parts, key=lambda name: parts[name])
    with capsys.disabled():
        print(f"\nlargest rectangles: the worst of {len(parts)} cases is {worst} with {parts[worst]:.4%} of its area")
    assert parts[worst] >= LEAST


def brute(shape: Any) -> float:
    """Look, at every other degree, for the largest rectangle of cells of a fine grid."""
    best = 0.0
    for angle in range(0, 90, 2):
        turned = affinity.rotate(shape, angle, origin=(0, 0))
        shapely.prepare(turned)
        x0, y0, x1, y1 = turned.bounds
        n = 40
        xs, ys = np.linspace(x0, x1, n + 1), np.linspace(y0, y1, n + 1)
        cells = shapely.box(xs[:-1][:, None], ys[:-1][None, :], xs[1:][:, None], ys[1:][None, :])
        free = shapely.covers(turned, cells)
        heights = np.zeros(n, dtype=int)
        for row in free:
            heights = np.where(row, heights + 1, 0)
            for left in range(n):
                low = np.minimum.accumulate(heights[left:])
                best = max(best, float((low * np.arange(1, n - left + 1)).max()) * (x1 - x0) * (y1 - y0) / n**2)
    return best


def dense(shape: Any, steps: int = 180) -> float:
    """Look in a convex polygon at every half degree, and along every edge."""
    edges = edges_of(array([shapely.orient_polygons(shape)]), len(shape.exterior.coords) - 1)
    along = (edges.end - edges.start)[0]
    angles = [*np.linspace(0, np.pi / 2, steps, endpoint=False), *np.arctan2(along[:, 1], along[:, 0])]
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    a, b = (rectangle._forth(np.repeat(one, len(ways), axis=0), ways[:, None, :]) for one in (edges.start, edges.end))
    box = np.concatenate([a.min(axis=1), a.max(axis=1)], axis=1)
    area, _ = largest(regions(a, b, np.ones(a.shape[:2], dtype=bool), box), rounds=10, narrow=False)
    return float(area.max())


def wavy(corners: int) -> Any:
    """Draw a shore of so many corners: large bays, and a small step at every corner."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radii = 200 + 60 * np.sin(5 * angles) + 20 * np.sin(17 * angles) + np.random.default_rng(3).uniform(0, 0.5, corners)
    return at(shapely.Polygon(np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)))


def test_the_work_grows_with_the_corners_and_no_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many regions are looked at however many corners there are, and none has more lines than the polygon edges."""
    looked: list[tuple[int, int]] = []

    def counted(found: Any, **how: Any) -> Any:
        looked.append((len(found.over) + len(found.under), found.box.shape[1]))
        return largest(found, **how)

    monkeypatch.setattr(rectangle, "largest", counted)
    work = {}
    for corners in (60, 300, 1500):
        looked.clear()
        assert one(wavy(corners)).within(wavy(corners))
        work[corners] = sum(n for _, n in looked), max(lines for lines, _ in looked)
    tries = (rectangle.EDGES + rectangle.TURNS) * rectangle.STARTS + 4 * rectangle.GROWN
    tries += rectangle.KEPT * (2 * rectangle.FINER + 4)
    assert all(0 < regions <= tries for regions, _ in work.values())
    assert all(lines <= corners for corners, (_, lines) in work.items())


def test_which_edges_are_outer_is_what_looking_at_every_corner_says() -> None:
    rng = np.random.default_rng(6)
    plain = [shapely.box(0, 0, 9, 4), shapely.Point(0, 0).buffer(50, quad_segs=20), shapely.from_wkt(PLUS)]
    rough = [stars(rng.uniform(30, 100, (12, 2)).tolist(), False, 0.3) for _ in range(20)]
    parts = shapely.orient_polygons(array([*map(at, plain), *(one for one in rough if one.is_valid)]))
    edges = edges_of(parts, 80)
    along = edges.end - edges.start
    to = edges.start[:, None] - edges.start[:, :, None]
    aside = along[:, :, None, 0] * to[..., 1] - along[:, :, None, 1] * to[..., 0]
    assert edges.outer.tolist() == (aside.min(axis=2) >= -1e-6).tolist()
    assert edges.outer[:2].all()
    assert 0 < edges.outer[2:].mean() < 1


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.floats(0, 6.3), st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)))
def test_turned_and_moved_it_is_as_large(seed: int, turn: float, move: tuple[float, float]) -> None:
    rng = np.random.default_rng(seed)
    corners = np.array([[0, 0], [60, 0], [60, 30], [35, 30], [35, 90], [0, 90]]) + rng.normal(0, 2, (6, 2))
    shape = at(shapely.Polygon(corners))
    other = affinity.translate(affinity.rotate(shape, turn, origin=(X0, Y0), use_radians=True), *move)
    assert one(other).area == pytest.approx(one(shape).area, rel=1e-3)


def test_what_lies_outside_gives_way_to_the_next_best() -> None:
    """The largest that was found is drawn in to nothing: the smaller one inside stands in for it."""
    parts = array([at(shapely.box(-20, -10, 20, 10))])
    box = np.array([[100.0, 100.0, 900.0, 900.0], [-9.0, -4.0, 9.0, 4.0], [-2.0, -2.0, 2.0, 2.0]])
    found = rectangle._Tries(
        np.zeros(3, dtype=np.intp), np.tile([1.0, 0.0], (3, 1)), np.array([640e3, 144.0, 16.0]), box
    )
    result = rectangle._chosen(parts, edges_of(parts, 4), found, leans=())[0]
    assert result.within(parts[0])
    assert result.area == pytest.approx(144.0, rel=1e-6)


def quadrilaterals(rng: np.random.Generator, n: int) -> Shapes:
    """Plots as they are: nearly right angles, some askew."""
    shapes = []
    while len(shapes) < n:
        w, h = rng.uniform(8, 60), rng.uniform(20, 200)
        corners = np.array([[0, 0], [w, 0], [w, h], [0, h]]) + rng.normal(0, rng.choice([0.02, 0.5, 3.0]), (4, 2))
        shape = at(affinity.rotate(shapely.Polygon(corners), float(rng.uniform(0, 360))))
        if shape.is_valid and shape.convex_hull.area - shape.area < 1e-6:
            shapes.append(shape)
    return array(shapes)


def test_nearly_the_best_of_every_angle_in_convex_plots() -> None:
    shapes = quadrilaterals(np.random.default_rng(1), 150)
    found = largest_rectangles(shapes)
    assert shapely.within(found, shapes).all()
    parts = shapely.area(found) / [dense(shape) for shape in shapes]
    assert parts.min() >= LEAST
    assert parts.mean() >= 0.998


def test_nearly_the_best_of_every_row_of_squares_in_concave_plots() -> None:
    """Plots of squares, turned: the largest rectangle along their sides is counted square by square."""
    rng = np.random.default_rng(8)
    shapes, least = [], []
    while len(shapes) < 60:
        cells = rng.random((5, 5)) < 0.65
        squares = [shapely.box(10 * x, 10 * y, 10 * x + 10, 10 * y + 10) for x, y in np.argwhere(cells).tolist()]
        part = max(shapely.get_parts(shapely.union_all(squares)), key=lambda one: one.area)
        spans = list(itertools.combinations(range(0, 60, 10), 2))
        boxes = shapely.box(*np.array([(x0, y0, x1, y1) for x0, x1 in spans for y0, y1 in spans]).T)
        least.append(shapely.area(boxes[shapely.covers(part, boxes)]).max())
        shapes.append(at(affinity.rotate(part, float(rng.uniform(0, 90)))))
    parts = shapely.area(largest_rectangles(array(shapes))) / least
    assert parts.mean() >= 0.99
    assert (parts < LEAST).sum() <= 1


def stars(points: list[tuple[float, float]], hole: bool, turn: float) -> Any:
    angles = np.linspace(0, 2 * np.pi, len(points), endpoint=False)
    radii = np.array([radius for radius, _ in points])
    shift = np.array([shift for _, shift in points]) * np.pi / len(points)
    ring = np.stack([radii * np.cos(angles + shift + turn), radii * np.sin(angles + shift + turn)], axis=1)
    shape = shapely.Polygon(ring + np.array([X0, Y0]))
    inner = shapely.Point(X0, Y0).buffer(radii.min() / 3, quad_segs=3)
    return shape.difference(inner) if hole else shape


RADII = st.tuples(st.floats(0.5, 200), st.floats(-0.9, 0.9))


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RADII, min_size=3, max_size=20), st.booleans(), st.floats(0, 7))
@example([(100.0, 0.0), (0.5, 0.0), (100.0, 0.0), (0.5, 0.0), (100.0, 0.0), (0.5, 0.0)], False, 0.1)
@example([(200.0, 0.0), (0.5, 0.0), (200.0, 0.0), (0.5, 0.0)], True, 0.0)
def test_whatever_the_polygon_the_rectangle_is_truly_inside(
    points: list[tuple[float, float]], hole: bool, turn: float
) -> None:
    shape = stars(points, hole, turn)
    if not shape.is_valid or shape.area == 0:
        shape = shapely.make_valid(shape).buffer(0)
    found = one(shape)
    assert found.is_empty or found.within(shape)
    assert len(shapely.get_coordinates(found)) in {0, 5}
    biggest = max(shapely.get_parts(shape), key=lambda part: part.area, default=shapely.Polygon())
    square = shapely.maximum_inscribed_circle(biggest, 0.01).length * math.sqrt(2) if biggest.area > 1 else 0.0
    assert found.area >= 0.8 * square**2


@pytest.mark.parametrize("over", [1e-9, 1e-6, 1e-2])
def test_what_sticks_out_is_drawn_in_until_it_is_inside(over: float) -> None:
    """The predicate decides, not the search: here what was found is too large."""
    shape = at(affinity.rotate(shapely.box(-20, -10, 20, 10), 30, origin=(0, 0)))
    parts, way = array([shape]), np.array([[math.cos(math.pi / 6), math.sin(math.pi / 6)]])
    box = np.array([[-20.0, -10.0, 20.0, 10.0]]) + np.array([-over, -over, over, over])
    found = rectangle._Tries(np.array([0]), way, np.array([800.0]), box)
    inside = rectangle._certain(parts, edges_of(parts, 4).middle, found)[0]
    assert inside.within(shape)
    assert inside.area == pytest.approx(800.0, rel=2 * over + 1e-6)


def test_the_same_to_the_last_bit_whatever_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    shapes = np.concatenate([random_sites(rng, 5), quadrilaterals(rng, 20), array([shapely.Polygon()])])
    whole = shapely.to_wkb(largest_rectangles(shapes))
    assert [shapely.to_wkb(one(shape)) for shape in shapes] == whole.tolist()
    order = rng.permutation(len(shapes))
    monkeypatch.setattr(rectangle, "CACHE", 1 << 9)
    monkeypatch.setattr(rectangle, "MEMORY", 1 << 9)
    assert shapely.to_wkb(largest_rectangles(shapes[order])).tolist() == whole[order].tolist()
    assert shapely.is_empty(shapely.from_wkb(whole[-1]))
    assert np.isnan(sides(array([shapely.Polygon()]))).all()
