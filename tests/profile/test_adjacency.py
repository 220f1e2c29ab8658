"""Neighbours: hand-made parcels, a naive loop over all pairs, and what is kept of a state."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import affinity

from gis_sites.apart import apart
from gis_sites.catalogue import Catalogue
from gis_sites.inventory import open_inventory
from gis_sites.profile import adjacency as module
from gis_sites.profile import adjacent
from gis_sites.profile.adjacency import Pairs, adjacency
from gis_sites.profile.reading import drawn
from gis_sites.settings import Settings
from gis_sites.store import revisions
from gis_sites.store.connect import Store
from tests.profile.scenes import Shapes, array, at, random_sites
from tests.profile.test_build import publish_it, put


def boxes(*corners: tuple[float, float, float, float]) -> Shapes:
    return array([at(shapely.box(*one)) for one in corners])


def told(pairs: Pairs) -> dict[tuple[int, int], tuple[float, float, bool]]:
    rows = zip(pairs.first, pairs.second, pairs.shared, pairs.gap, pairs.across, strict=True)
    return {
        (int(a), int(b)): (round(float(shared), 6), round(float(gap), 6), bool(across))
        for a, b, shared, gap, across in rows
    }


def test_parcels_that_touch_share_the_length_of_their_border() -> None:
    """Two beside each other, one half as tall; the fourth touches at a corner, the fifth lies apart."""
    found = adjacency(boxes((0, 0, 20, 20), (20, 0, 40, 20), (40, 5, 60, 15), (20, 20, 40, 40), (62, 0, 80, 20)))
    assert told(found) == {(0, 1): (20, 0, False), (1, 2): (10, 0, False), (1, 3): (20, 0, False)}


def test_slips_of_digitising_neither_tear_nor_lengthen_a_border() -> None:
    apart = boxes((0, 0, 20, 20), (20.3, 0, 40, 20), (0, 20.5, 20, 30), (0, -10.6, 20, -0.6))
    assert told(adjacency(apart)) == {(0, 1): (20, 0.3, False), (0, 2): (20, 0.5, False)}
    assert told(adjacency(apart, gap_m=0.2)) == {}
    over = boxes((0, 0, 20, 20), (19.8, 5, 40, 25))
    assert told(adjacency(over)) == {(0, 1): (15, 0, False)}
    # Vertices that one side has and the other has not do not matter.
    split = shapely.segmentize(boxes((20.1, 0, 40, 20)), 1.7)
    assert told(adjacency(np.concatenate([apart[:1], split]))) == {(0, 1): (20, 0.1, False)}


def test_a_border_on_several_sides_is_added_up_once() -> None:
    """A parcel in the corner of an L, and one in the hole of another."""
    ell = at(shapely.box(0, 0, 30, 30).difference(shapely.box(10, 10, 30, 30)))
    ring = at(shapely.box(50, 0, 80, 30).difference(shapely.box(60, 10, 70, 20)))
    found = adjacency(array([ell, at(shapely.box(10, 10, 30, 30)), ring, at(shapely.box(60, 10, 70, 20))]))
    assert told(found) == {(0, 1): (40, 0, False), (2, 3): (40, 0, False)}


def test_across_a_road_but_not_across_a_parcel() -> None:
    """Left of the road, the road, right of it; below, a strip that is no road lies between."""
    shapes = boxes(
        (0, 0, 40, 50), (40, 0, 52, 100), (52, 10, 90, 60), (0, 50, 30, 100), (30, 50, 40, 100), (90, 0, 99, 99)
    )
    road = np.array([False, True, False, False, False, False])
    found = told(adjacency(shapes, across=road, across_m=25.0))
    assert found[0, 2] == (40, 12, True)
    assert found[2, 4] == (10, 12, True)
    assert (2, 3) not in found  # the strip (4) lies between
    assert (0, 5) not in found
    assert found[0, 3] == (30, 0, False)
    assert {pair for pair, (_, _, across) in found.items() if across} == {(0, 2), (2, 4)}
    assert told(adjacency(shapes, across=road, across_m=10.0)) == told(adjacency(shapes))


@pytest.mark.parametrize(("gap_m", "across"), [(0.5, True), (1.0, True), (2.0, False), (10.0, False)])
def test_a_wider_gap_takes_no_road_away(gap_m: float, across: bool) -> None:
    """A road of 6 m, narrower than the gap that is tolerated, and a strip of 1.5 m that is nobody's."""
    shapes = boxes((0, 0, 40, 50), (40, 0, 46, 50), (46, 0, 90, 50), (91.5, 0, 120, 50))
    found = told(adjacency(shapes, gap_m=gap_m, across=np.array([False, True, False, False]), across_m=30.0))
    assert found[0, 2] == (50, 6, True)
    assert found[2, 3] == (50, 1.5, across)
    assert (0, 2) not in told(adjacency(shapes, gap_m=gap_m))
    assert ((2, 3) in told(adjacency(shapes, gap_m=gap_m))) is not across


def test_what_is_kept_of_a_state_is_what_is_asked(store: Store, catalogue: Catalogue) -> None:
    """A gap between those kept, and roads besides: as measured of the parcels at once."""
    rng = np.random.default_rng(2)
    shapes = array([affinity.translate(one, *rng.normal(0, 0.6, 2)) for one in random_sites(rng, 6)])
    road = rng.random(len(shapes)) < 0.2
    rows = [
        {"key": f"p{place:02d}", "land_use": "dr" if road[place] else "R", "geom": shapely.MultiPolygon(list(parts))}
        for place, parts in enumerate(map(shapely.get_parts, shapes))
    ]
    state = publish_it(store, {"parcel": put(store, catalogue, "parcel", rows)}, ({}, None))
    for gap_m, across in itertools.product((0.5, 1.0, 2.0, 10.0), (False, True)):
        found = told(adjacent.pairs_of(store, state, gap_m=gap_m, across=across))
        at_once = told(adjacency(shapes, gap_m=gap_m, across=road if across else None, across_m=adjacent.ACROSS_M))
        if gap_m in adjacent.GAPS_M:
            assert found == at_once
        # A gap between two that are kept is answered from the wider one, and no farther than asked.
        assert at_once.keys() <= found.keys()
        assert all(gap <= gap_m for _, gap, beyond in found.values() if not beyond)
        assert any(beyond for *_, beyond in found.values()) is across


def naive(one: Any, other: Any, reach: float) -> float:
    """Add up, side by side, how much of the one's boundary has its foot on a side of the other."""
    total = 0.0
    for a, b in sides(one):
        length = math.dist(a, b)
        hits = []
        for c, d in sides(other):
            across = math.dist(c, d)
            ux, uy = (d[0] - c[0]) / across, (d[1] - c[1]) / across
            dot = abs((b[0] - a[0]) * ux + (b[1] - a[1]) * uy) / length
            if dot < module.ALIKE:
                continue
            low, high = 0.0, 1.0
            for at_a, slope, (least, most) in (
                ((a[0] - c[0]) * ux + (a[1] - c[1]) * uy, (b[0] - a[0]) * ux + (b[1] - a[1]) * uy, (0.0, across)),
                ((a[1] - c[1]) * ux - (a[0] - c[0]) * uy, (b[1] - a[1]) * ux - (b[0] - a[0]) * uy, (-reach, reach)),
            ):
                if slope == 0:
                    low = low if least <= at_a <= most else 2.0
                    continue
                ends = sorted([(least - at_a) / slope, (most - at_a) / slope])
                low, high = max(low, ends[0]), min(high, ends[1])
            if low < high:
                hits.append((low, high))
        until = 0.0
        for low, high in sorted(hits):
            total += max(high - max(low, until), 0.0) * length
            until = max(until, high)
    return total


def sides(shape: Any) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    found: list[Any] = []
    for part in shapely.get_parts(shape):
        for ring in (part.exterior, *part.interiors):
            found += itertools.pairwise(ring.coords)
    return found


def agrees(shapes: Shapes, found: Pairs, reach: float, some: list[int]) -> int:
    table, seen = told(found), 0
    for a in some:
        for b in shapely.STRtree(shapes).query(shapes[a].buffer(reach + 1)):
            pair = (min(a, int(b)), max(a, int(b)))
            if a == b:
                continue
            shared = min(naive(shapes[a], shapes[int(b)], reach), naive(shapes[int(b)], shapes[a], reach))
            assert table.get(pair, (0.0,))[0] == pytest.approx(shared, abs=2e-6), pair
            if pair in table:
                assert table[pair][1] == pytest.approx(shapes[a].distance(shapes[int(b)]), abs=1e-6)
                seen += 1
    return seen


@pytest.mark.parametrize("seed", range(3))
def test_every_pair_is_as_a_naive_loop_has_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    slips = rng.normal(0, 0.15, (25, 3))
    shapes = array(
        [
            affinity.rotate(affinity.translate(shape, x, y), angle)
            for shape, (x, y, angle) in zip(random_sites(rng, 5), slips, strict=True)
        ]
    )
    assert agrees(shapes, adjacency(shapes), 0.5, list(range(len(shapes)))) > 10


@pytest.mark.parametrize("seed", range(3))
def test_every_pair_across_a_road_is_as_a_naive_loop_has_it(seed: int) -> None:
    """Streets between rows of plots, some of them gardens: the shortest way may cross nothing but streets."""
    rng = np.random.default_rng(seed)
    shapes, street = [], []
    for line in range(5):
        for plot in range(6):
            wide, low = float(rng.uniform(6, 24)), 60.0 * line
            shapes.append(
                affinity.rotate(at(shapely.box(30 * plot, low, 30 * plot + 30, low + 40)), rng.normal(0, 0.2))
            )
            shapes.append(at(shapely.box(30 * plot, low + 40, 30 * plot + 30, low + 40 + wide)))
            street += [False, bool(rng.random() < 0.7)]
    every, road, reach = array(shapes), np.array(street), 21.0
    table = {pair: one for pair, one in told(adjacency(every, across=road, across_m=reach)).items() if one[2]}
    expected = {}
    for a, b in itertools.combinations(np.flatnonzero(~road).tolist(), 2):
        way = shapely.shortest_line(every[a], every[b])
        between = [c for c in np.flatnonzero(~road).tolist() if c not in {a, b}]
        free = all(way.intersection(every[c]).length == 0 for c in between)
        shared = min(naive(every[a], every[b], reach), naive(every[b], every[a], reach))
        if module.GAP_M < way.length <= reach and free and shared > 1e-6:
            expected[a, b] = pytest.approx((shared, way.length, True), abs=2e-6)
    assert table == expected
    assert len(table) > 5


def test_the_same_however_many_are_looked_at_together(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = random_sites(np.random.default_rng(5), 8)
    whole = adjacency(shapes)
    monkeypatch.setattr(module, "TOGETHER", 7)
    parts = adjacency(shapes)
    for one, other in zip(vars(whole).values(), vars(parts).values(), strict=True):
        assert one.tobytes() == other.tobytes()
    assert len(adjacency(shapes[:0])) == len(adjacency(array([shapely.Polygon()]))) == 0


def test_the_pairs_of_a_state_are_made_once_and_kept(demo_city: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_inventory(demo_city) as inventory:
        state = inventory.need_state()
        found = adjacent.pairs_of(inventory.store, state)
        monkeypatch.setattr(adjacent, "_made", None)
        again = adjacent.pairs_of(inventory.store, state)
        with inventory.store.begin() as conn:
            shapes = drawn(revisions.read(conn, state.revisions["parcel"], columns=()).geometry)
    assert [one.tolist() for one in vars(found).values()] == [one.tolist() for one in vars(again).values()]
    assert agrees(shapes, found, 0.5, np.random.default_rng(1).choice(len(shapes), 60, replace=False).tolist()) > 100
    assert not found.across.any()


def test_of_many_parcels_they_are_made_by_another_process(
    demo_city: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []

    def noted(work: Callable[..., None], *how: Any) -> None:
        done.append(work)
        apart(work, *how)

    monkeypatch.setattr(adjacent, "apart", noted)
    with open_inventory(demo_city) as inventory:
        state = inventory.need_state()
        here = adjacent.pairs_of(inventory.store, state)
        assert not done
        monkeypatch.setattr(adjacent, "WORTH_STARTING", 0)
        other = replace(inventory.store, home=tmp_path)
        there = adjacent.pairs_of(other, state)
    assert done == [adjacent._made]
    for one, two in zip(vars(here).values(), vars(there).values(), strict=True):
        assert one.tobytes() == two.tobytes()
