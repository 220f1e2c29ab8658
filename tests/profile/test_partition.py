"""The same values to the last bit, however the work is cut and whoever does it."""

import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
import shapely

from gis_sites.catalogue import Catalogue, attributes_of
from gis_sites.columns import Column, Flags, Labels, Range
from gis_sites.profile import build, tasks
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import cut
from gis_sites.profile.nearby import along, hilbert
from gis_sites.profile.packed import Packed, packed
from gis_sites.profile.tasks import Work, measure_all, partitions
from tests.profile.scenes import (
    X0,
    Y0,
    layer,
    random_lines,
    random_points,
    random_polygons,
    random_rows,
    random_sites,
    sites_of,
)

EVERY: dict[str, Any] = {
    "share": {"measure": "share_covered", "where": {"kind": ["a", "b"]}},
    "production": {"measure": "share_by_class", "field": "symbol", "class": "production"},
    "undecided": {"measure": "share_by_class", "field": "symbol", "class": "undecided"},
    "grade": {"measure": "share_grade", "grades": [{"code": "much", "where": {"sure": ["yes"]}, "min_share": 0.5}]},
    "main": {"measure": "largest_class", "field": "kind", "min_share": 0.05},
    "highest": {"measure": "largest_class", "field": "kind", "pick": "highest"},
    "limit": {"measure": "extreme_covering", "field": "limit", "pick": "min", "min_share": 0.01},
    "crosses": {"measure": "crosses", "where": {"kind": ["a"]}},
    "distance": {"measure": "nearest_distance", "where": {"kind": ["c"]}},
    "any_distance": {"measure": "nearest_distance"},
    "nearest": {"measure": "nearest_value", "field": "kind", "ties": "highest"},
    "size": {"measure": "nearest_value", "field": "size"},
    "frontage": {"measure": "frontage", "reach_m": 15.0},
    "compactness": {"measure": "compactness"},
    "circle": {"measure": "inscribed_circle"},
    "long": {"measure": "rectangle_long"},
    "short": {"measure": "rectangle_short"},
    "measured": {"measure": "measured_area"},
}


def bits(column: Column) -> Any:
    if isinstance(column, Range):
        return column.low.tobytes(), column.high.tobytes()
    if isinstance(column, Flags):
        return column.values.tobytes()
    return [column.text(row) for row in range(len(column))]


def works(seed: int) -> tuple[Any, list[Work], list[Cover]]:
    rng = np.random.default_rng(seed)
    sites = sites_of(random_sites(rng, 12))
    shapes = np.concatenate([random_polygons(rng, 40, 600), random_lines(rng, 30, 600), random_points(rng, 10, 600)])
    table = random_rows(rng, len(shapes))
    newest = layer(EVERY, name="newest", overlap="newest", rows={"valid": {"from": "start", "to": "end"}})
    cover = Cover(shapely.box(X0 + 40, Y0 + 40, X0 + 500, Y0 + 510), stated=True)
    features = cut(table, shapes)
    return sites, [Work(layer(EVERY), features, 0), Work(newest, features, 1)], [Cover(None, stated=False), cover]


@pytest.mark.parametrize("seed", range(2))
def test_partitions_do_not_change_a_bit(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sites, every, covers = works(seed)
    whole = measure_all(sites, every, covers)
    assert len(partitions(sites.along)) == 1
    for size in (7, 40):
        monkeypatch.setattr(tasks, "LARGEST", size)
        monkeypatch.setattr(tasks, "SMALLEST", size)
        assert len(partitions(sites.along)) > 3
        parts = measure_all(sites, every, covers)
        for name, columns in whole.items():
            for short, column in columns.items():
                assert bits(column) == bits(parts[name][short]), (name, short)
    assert {type(column) for columns in whole.values() for column in columns.values()} == {Range, Flags, Labels}


def test_processes_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    sites, every, covers = works(3)
    here = measure_all(sites, every, covers)
    monkeypatch.setattr(tasks, "LARGEST", 100)
    monkeypatch.setattr(tasks, "SMALLEST", 100)
    seen = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        there = measure_all(sites, every, covers, executor=executor, done=lambda *at: seen.append(at))
    for name, columns in here.items():
        for short, column in columns.items():
            assert bits(column) == bits(there[name][short])
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_work_is_handed_out_only_where_that_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    sites, every, covers = works(5)
    with ThreadPoolExecutor(1) as executor:
        here = build.measured(sites, every, covers, executor=executor)
        assert not executor._threads
    # Two layers with the same attributes; the largest rectangle and circle count for many.
    cost = len(sites) * 2 * (len(EVERY) - 2 + build.SLOW["rectangle_long"] + build.SLOW["inscribed_circle"])
    for worth in (cost + 1, cost):
        monkeypatch.setattr(build, "WORTH_WORKERS", worth)
        with ThreadPoolExecutor(1) as executor:
            there = build.measured(sites, every, covers, executor=executor)
            assert bool(executor._threads) == (worth == cost)
    assert here.keys() == there.keys()


def test_rows_that_come_in_parts_and_packed_do_not_change_a_bit() -> None:
    rng = np.random.default_rng(8)
    sites = sites_of(random_sites(rng, 12))
    shapes = np.concatenate([random_polygons(rng, 30, 600), random_lines(rng, 20, 600)])
    table = random_rows(rng, len(shapes))
    cover = [Cover(None, stated=False)]
    whole = measure_all(sites, [Work(layer(EVERY), cut(table, shapes), 0)], cover)["thing"]
    cuts = [0, 7, 7, 31, len(shapes)]
    parts = [cut(table.slice(a, b - a), shapes[a:b]) for a, b in pairwise(cuts)]
    again = measure_all(sites, [Work(layer(EVERY), packed(parts), 0)], cover)["thing"]
    assert {short: bits(column) for short, column in whole.items()} == {
        short: bits(column) for short, column in again.items()
    }
    sent: Packed = pickle.loads(pickle.dumps(packed(parts)))
    assert sent.unpacked().table.equals(table)
    assert shapely.equals_exact(sent.unpacked().edges, cut(table, shapes).edges).all()


def test_a_site_is_measured_the_same_whatever_other_sites_there_are() -> None:
    sites, every, covers = works(4)
    whole = measure_all(sites, every, covers)
    some = np.array([3, 50, 77, 140])
    alone = measure_all(sites.take(some), every, covers)
    for name, columns in whole.items():
        for short, column in columns.items():
            assert bits(column.take(some)) == bits(alone[name][short])


def test_partitions_hold_every_site_once_and_lie_together() -> None:
    rng = np.random.default_rng(1)
    points = shapely.points(rng.uniform(0, 1000, (20_000, 2)))
    groups = partitions(along(shapely.bounds(points)))
    assert np.array_equal(np.sort(np.concatenate(groups)), np.arange(20_000))
    boxes = shapely.bounds([shapely.multipoints(points[rows]) for rows in groups])
    assert shapely.area(shapely.box(*boxes.T)).sum() < 4 * 1000**2
    steps = hilbert(np.array([(x, y) for x in range(8) for y in range(8)], dtype=float), bits=3)
    assert sorted(steps.tolist()) == list(range(64))


def test_every_measure_of_the_catalogue_is_known(catalogue: Catalogue) -> None:
    from gis_sites.profile.measures import MEASURES

    used = {one.spec.measure for one_layer in catalogue for one in attributes_of(one_layer)}
    assert used <= set(MEASURES)
