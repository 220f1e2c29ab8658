import numpy as np

from gis_sites.demo.rings import from_ranges, join, rectangles, reverse, rim, spread

SQUARES = np.array([(x, y) for y in range(3) for x in range(4)], dtype=float)
"""A lattice of three by two squares: four points a row."""


def spans(*rows: tuple[int, int, int, int]) -> tuple[np.ndarray, ...]:
    return tuple(np.array(rows).T)


def test_ranges_are_written_out_one_after_another() -> None:
    assert spread(np.array([5, 9]), np.array([1, -3]), np.array([2, 3])).tolist() == [5, 6, 9, 6, 3]
    assert reverse((5, 2, 3)) == (9, -2, 3)


def test_a_rectangle_of_a_lattice_holds_every_corner_on_its_rim() -> None:
    rings = rectangles(np.array([0]), np.array([4]), spans((0, 3, 0, 2)))
    assert rings.points.tolist() == [0, 1, 2, 3, 7, 11, 10, 9, 8, 4]
    assert rings.areas(SQUARES).tolist() == [6.0]


def test_areas_are_those_of_the_polygons() -> None:
    rings = rectangles(np.zeros(2, dtype=int), np.array([4, 4]), spans((0, 1, 0, 2), (1, 3, 0, 1)))
    assert [shape.area for shape in rings.polygons(SQUARES)] == rings.areas(SQUARES).tolist() == [2.0, 2.0]


def test_rings_are_taken_in_the_order_asked() -> None:
    rings = rectangles(np.zeros(3, dtype=int), np.full(3, 4), spans((0, 1, 0, 1), (1, 3, 0, 1), (0, 3, 1, 2)))
    assert rings.take(np.array([2, 0])).areas(SQUARES).tolist() == [3.0, 1.0]


def test_the_rim_of_a_tiling_is_one_polygon_without_inner_edges() -> None:
    left = rectangles(np.zeros(2, dtype=int), np.full(2, 4), spans((0, 1, 0, 1), (0, 1, 1, 2)))
    right = from_ranges([[(1, 1, 3), (7, 4, 2), (10, -1, 2), (5, 1, 1)]])
    (whole,) = rim(join(left, right), SQUARES)
    assert whole.area == 6.0
    assert whole.length == 10.0


def test_the_rim_keeps_holes_out_of_the_whole() -> None:
    around = rectangles(np.zeros(1, dtype=int), np.array([4]), spans((0, 1, 0, 1)))
    far = rectangles(np.zeros(1, dtype=int), np.array([4]), spans((2, 3, 1, 2)))
    assert sorted(shape.area for shape in rim(join(around, far), SQUARES)) == [1.0, 1.0]
