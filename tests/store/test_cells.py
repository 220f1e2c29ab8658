"""Pictures: what is painted is what is touched, coarser pictures are the finer ones', outlines are the cells'."""

import numpy as np
import pytest
import shapely

from gis_sites.store import cells
from gis_sites.store.cells import BITS, HALF_M, LINE, POINT, RING, Paths, Picture, painted, paths
from gis_sites.store.outlines import EDGE, outline, shapes

BITS_OF = 16
SHIFT = BITS - BITS_OF
"""Cells of 2^16 units: 611 metres."""
CELL = 2 * HALF_M / 2**BITS_OF
MIDDLE = 2**15
"""The cell right and below of the middle of the world, where x and y of EPSG:3857 are 0."""


def taken(geometries: list[shapely.Geometry], groups: list[int] | None = None) -> Paths:
    """Geometries in cells, x to the east and y to the south of the middle of the world, as paths."""
    flipped = shapely.transform(np.array(geometries, dtype=object), lambda xy: xy * [CELL, -CELL])
    rows = np.arange(len(geometries))
    return paths(flipped, rows, np.array(groups if groups else rows * 0))


def area(picture: Picture) -> set[tuple[int, int]]:
    return {
        (int(x) - MIDDLE, int(row) - MIDDLE)
        for row, _, start, end in picture.runs.T
        for x in range(int(start), int(end))
    }


def touched(geometry: shapely.Geometry) -> set[tuple[int, int]]:
    west, north, east, south = (int(np.floor(end)) for end in geometry.bounds)
    return {
        (x, y)
        for x in range(west, east + 1)
        for y in range(north, south + 1)
        if geometry.intersects(shapely.box(x, y, x + 1, y + 1))
    }


def star(rng: np.random.Generator, size: float) -> shapely.Polygon:
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 12)))
    radii = rng.uniform(0.05, 1, len(angles)) * size
    centre = rng.uniform(-20, 20, 2)
    return shapely.Polygon(centre + np.stack([np.cos(angles) * radii, np.sin(angles) * radii], axis=1))


@pytest.mark.parametrize("seed", range(30))
def test_an_area_paints_every_cell_it_touches_and_no_other(seed: int) -> None:
    rng = np.random.default_rng(seed)
    several = [star(rng, size) for size in (0.3, 2, 9, 25)]
    several = [one for one in several if one.is_valid]
    assert several
    for one in several:
        assert area(painted(taken([one]), BITS_OF)) == touched(one)
    together = area(painted(taken(several), BITS_OF))
    assert together == set().union(*map(touched, several))


def test_a_hole_is_not_painted_and_neither_is_the_way_its_ring_runs_of_any_weight() -> None:
    ring = [(1.5, 1.5), (8.5, 1.5), (8.5, 8.5), (1.5, 8.5)]
    for hole in (ring, ring[::-1]):
        picture = painted(taken([shapely.Polygon([(0.5, 0.5), (9.5, 0.5), (9.5, 9.5), (0.5, 9.5)], [hole])]), BITS_OF)
        assert (5, 5) not in area(picture)
        assert (1, 5) in area(picture)
        assert len(area(picture)) == 100 - 36


def test_groups_are_painted_apart() -> None:
    one, other = shapely.box(0.2, 0.2, 2.8, 0.8), shapely.box(1.2, 0.2, 4.8, 0.8)
    picture = painted(taken([one, other], [0, 3]), BITS_OF)
    assert (picture.runs - [[MIDDLE], [0], [MIDDLE], [MIDDLE]]).T.tolist() == [[0, 0, 0, 3], [0, 3, 1, 5]]


@pytest.mark.parametrize("seed", range(10))
def test_a_line_steps_from_cell_to_cell_and_never_leaves_its_way(seed: int) -> None:
    rng = np.random.default_rng(seed)
    line = shapely.LineString(rng.uniform(-15, 15, (6, 2)))
    picture = painted(taken([line]), BITS_OF)
    _, x, y, right, down = picture.steps
    assert set(np.unique(right)) <= {-1, 0, 1}
    assert set(np.unique(down)) <= {0, 1}
    cells_of = shapely.points(np.stack([x, y], axis=1) - MIDDLE + 0.5)
    assert shapely.distance(cells_of, line).max() < 1
    along = shapely.line_interpolate_point(line, np.linspace(0, 1, 200), normalized=True)
    steps = shapely.linestrings(
        np.stack([np.stack([x, y]), np.stack([x + right, y + down])]).transpose(2, 0, 1) - MIDDLE + 0.5
    )
    assert shapely.distance(along, shapely.union_all(steps)).max() < 1


def test_a_line_within_a_cell_is_kept_unless_another_goes_through() -> None:
    short, long = shapely.LineString([(0.2, 0.2), (0.4, 0.4)]), shapely.LineString([(0.5, 0.5), (3.5, 0.5)])
    assert painted(taken([short, short]), BITS_OF).steps.shape[1] == 1
    assert painted(taken([long, short]), BITS_OF).steps.shape[1] == 3
    assert painted(taken([long, short], [0, 1]), BITS_OF).steps.shape[1] == 4


def test_a_picture_of_half_the_cells_is_what_painting_anew_would_give() -> None:
    rng = np.random.default_rng(3)
    several = [one for one in (star(rng, 12) for _ in range(20)) if one.is_valid]
    several += [shapely.MultiPoint(rng.uniform(-20, 20, (50, 2)))]
    groups = [place % 3 for place in range(len(several))]
    finer, coarser = (painted(taken(several, groups), bits) for bits in (BITS_OF, BITS_OF - 1))
    assert np.array_equal(finer.halved().runs, coarser.runs)
    assert np.array_equal(finer.halved().dots, coarser.dots)


def test_kinds_of_one_geometry_are_taken_apart() -> None:
    mixed = shapely.GeometryCollection(
        [shapely.box(0, 0, 2, 2), shapely.MultiLineString([[(0, 0), (1, 1)], [(3, 3), (4, 4)]]), shapely.Point(5, 5)]
    )
    some = taken([shapely.Point(9, 9), mixed, shapely.MultiPolygon()])
    assert sorted(some.kind.tolist()) == [POINT, POINT, LINE, LINE, RING]
    assert some.row.tolist() == [0, 1, 1, 1, 1]
    assert [len(some.of(kind).x) for kind in (POINT, LINE, RING)] == [2, 4, 5]


def test_nothing_paints_nothing() -> None:
    nothing = painted(taken([shapely.Point(1, 1)]).of(RING), BITS_OF)
    assert nothing.tiles(512) == set()
    assert list(shapes(nothing.halved(), {(0, 0)}, cells=512)) == []


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.97])
def test_outlines_are_valid_and_cover_the_cells(share: float) -> None:
    rng = np.random.default_rng(int(share * 100))
    for _ in range(40):
        mask = rng.random(rng.integers(2, 25, 2)) < share
        if not mask.any():
            continue
        found = outline(mask, 8, -16)
        row, column = np.nonzero(mask)
        cells_of = shapely.union_all(shapely.box(column * 8 - 16, row * 8 - 16, column * 8 - 8, row * 8 - 8))
        assert found.is_valid
        assert all(one.exterior.is_ccw for one in found.geoms)
        assert found.covers(cells_of)
        # More is painted only where two cells would touch in a corner.
        assert found.difference(cells_of).area <= 64 * _corners(mask)


def _corners(mask: np.ndarray) -> int:
    grid = np.pad(mask, 1)
    filled = 0
    while True:
        nw, ne, sw, se = grid[:-1, :-1], grid[:-1, 1:], grid[1:, :-1], grid[1:, 1:]
        touching = (nw == se) & (ne == sw) & (nw != ne)
        if not touching.any():
            return filled
        filled += int(touching.sum())
        grid[:-1, :-1] |= touching
        grid[:-1, 1:] |= touching


def test_islands_lie_in_holes_and_holes_in_islands() -> None:
    mask = np.ones((11, 11), dtype=bool)
    mask[1:10, 1:10] = False
    mask[2:9, 2:9] = True
    mask[4:7, 4:7] = False
    mask[5, 5] = True
    found = outline(mask, 1, 0)
    assert sorted((one.area, len(one.interiors)) for one in found.geoms) == [(1, 0), (40, 1), (40, 1)]


def test_tiles_repeat_two_cells_of_their_neighbours() -> None:
    whole = painted(taken([shapely.box(-600.5, -600.5, 600.5, 600.5)]), BITS_OF)
    tiles = whole.tiles(512)
    assert len(tiles) == 16
    by_tile = {one.tile: one.geometry for one in shapes(whole, tiles, cells=512)}
    middle = MIDDLE // 512
    assert by_tile[middle, middle].bounds == (-EDGE * 8, -EDGE * 8, 4096 + EDGE * 8, 4096 + EDGE * 8)
    assert by_tile[middle + 1, middle + 1].bounds == (-EDGE * 8, -EDGE * 8, 89 * 8, 89 * 8)


def test_sizes_are_those_of_what_lies_in_each_tile() -> None:
    boxes = [shapely.box(x + 0.1, 0.1, x + 0.6, 0.6) for x in range(1000)]
    some = taken(boxes)
    found = cells.sizes(some, 7, properties=1)
    assert set(found) == {(64, 64), (65, 64)}
    assert found[64, 64] > found[65, 64] > 400 * 20
    assert sum(cells.sizes(some, 0, properties=1).values()) < 1000 * 40
