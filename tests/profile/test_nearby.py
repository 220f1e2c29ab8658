"""What is near some sites is found without looking at all, and nothing that anybody needs is missed."""

import pickle

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_sites.catalogue import load_catalogue
from gis_sites.profile import nearby, tasks
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import cut, gap
from gis_sites.profile.nearby import Blocks, Surroundings, cut_up
from gis_sites.profile.nearest import nearest
from gis_sites.profile.net_reading import net_layer
from gis_sites.profile.net_zones import Held, all_drawn, around_rows, rule_layers, where_nobody_knows, zones
from gis_sites.profile.packed import packed, packed_sites
from gis_sites.profile.sites import Alone
from gis_sites.profile.tasks import Work, measure_all
from tests.profile.scenes import (
    array,
    at,
    random_lines,
    random_points,
    random_polygons,
    random_rows,
    random_sites,
    sites_of,
)
from tests.profile.test_net_area import DAY
from tests.profile.test_partition import EVERY, bits, layer

EVERYWHERE = Cover(None, stated=False)


def anywhere(rng: np.random.Generator, size: float) -> object:
    """Pieces of all kinds: a crowd, and some far from everything."""
    shapes = np.concatenate([random_polygons(rng, 20, size), random_lines(rng, 25, size), random_points(rng, 9, size)])
    far = shapely.transform(random_lines(rng, 3, size), lambda points: points + rng.uniform(-9, 9, 2) * size)
    return np.concatenate([shapes, far, array([at(shapely.LineString([(-900, -900), (4000, -900)]))])])


@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_is_that_of_a_loop_over_all_segments_to_the_last_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pieces = cut(random_rows(rng, 58), anywhere(rng, 300)).edges  # type: ignore[arg-type]
    sites = np.concatenate([random_sites(rng), shapely.transform(random_sites(rng, 3), lambda points: points + 3000)])
    sites[5] = shapely.Polygon()
    found = nearest(sites, pieces)
    every = shapely.distance(sites[:, None], pieces[None, :])
    least = np.fmin.reduce(every, axis=1)
    assert np.array_equal(found.distance, np.where(np.isnan(least), np.inf, least))
    pairs = set(zip(found.site.tolist(), found.row.tolist(), strict=True))
    assert pairs == set(zip(*(one.tolist() for one in np.nonzero(every == least[:, None])), strict=True))


def test_nobody_looks_beyond_what_is_within() -> None:
    rng = np.random.default_rng(9)
    pieces = cut(random_rows(rng, 25), random_lines(rng, 25)).edges
    sites = random_sites(rng)
    whole = nearest(sites, pieces)
    found = nearest(sites, pieces, np.where(np.arange(len(sites)) % 2, 0.0, np.inf))
    assert np.array_equal(found.distance[::2], whole.distance[::2])
    assert (found.distance >= whole.distance).all()
    assert np.array_equal(found.distance == 0, whole.distance == 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 7, 256]), st.floats(0, 500))
def test_blocks_find_what_looking_at_all_finds(seed: int, size: int, by: float) -> None:
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 1000, (rng.integers(0, 60), 2))
    boxes = np.hstack([low, low + rng.exponential(40, low.shape)])
    box = np.array([300.0, 300.0, 420.0, 380.0])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearby, "BLOCK", size)
        assert np.array_equal(Blocks.of(boxes).within(box, by), np.flatnonzero(gap(boxes, box) <= by))


@pytest.mark.parametrize("sample", [1, 5, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_no_subset_misses_its_nearest(seed: int, sample: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(nearby, "SAMPLE", sample)
    numbered = pa.table({"number": np.arange(58)})
    features = cut(numbered, anywhere(rng, 600))  # type: ignore[arg-type]
    subsets = [rng.uniform(size=58) < part for part in (0.0, 0.05, 0.5, 1.0)]
    around = Surroundings(features, subsets)
    for places in np.split(random_sites(rng, 12), 9):
        near = around.near(shapely.bounds(places), 0.0)
        for subset in subsets:
            all_of_them = features.edges[subset[features.edge_row]]
            kept = near.edges[subset[np.asarray(near.table["number"])][near.edge_row]]
            assert np.array_equal(nearest(places, kept).distance, nearest(places, all_of_them).distance)
        assert len(near.edges) <= len(features.edges)


def test_cells_hold_all_that_is_drawn() -> None:
    rng = np.random.default_rng(2)
    sites = random_sites(rng)
    sites[3] = shapely.Polygon()
    boxes = shapely.bounds(sites)
    cells = shapely.union_all(shapely.box(*cut_up(boxes).T))
    assert shapely.covers(cells, shapely.box(*boxes[~np.isnan(boxes[:, 0])].T)).all()
    assert len(cut_up(shapely.bounds(sites[3:4]))) == 0


def test_packed_sites_are_the_same_sites() -> None:
    rng = np.random.default_rng(4)
    shapes = random_sites(rng)
    shapes[7] = shapely.Polygon()
    table = pa.table({"key": [f"306101_1.0001.{place}" for place in range(len(shapes))]})
    parts = [(table.slice(0, 10), shapes[:10]), (table.slice(10), shapes[10:])]
    sites = packed_sites(parts, lambda whole: Alone(whole["key"].combine_chunks()), "EPSG:2177")
    rows = np.array([2, 7, 30])
    for some in (sites.take(rows), pickle.loads(pickle.dumps(sites.take(rows))), sites.unpacked().take(rows)):
        assert shapely.equals_exact(some.unpacked().geometry, shapes[rows]).all()
        assert list(some.members) == [("306101_1.0001.2",), ("306101_1.0001.7",), ("306101_1.0001.30",)]
        assert np.array_equal(some.bounds, shapely.bounds(shapes[rows]), equal_nan=True)
    assert sites.places({"306101_1.0001.30", "nobody"}) == {"306101_1.0001.30": 30}
    assert shapely.equals_exact(sites.shapes([30]), shapes[30]).all()


def test_packed_sites_do_not_change_a_bit() -> None:
    rng = np.random.default_rng(8)
    plain = sites_of(random_sites(rng, 12))
    shapes = np.concatenate([random_polygons(rng, 30, 600), random_lines(rng, 20, 600)])
    every = [Work(layer(EVERY), cut(random_rows(rng, len(shapes)), shapes), 0)]
    sites = packed_sites([(plain.parcel, plain.geometry)], lambda _: plain.members, plain.crs)
    one, other = (measure_all(them, every, [EVERYWHERE])["thing"] for them in (plain, sites))
    assert {short: bits(column) for short, column in one.items()} == {
        short: bits(column) for short, column in other.items()
    }


def test_strips_drawn_where_they_are_needed_take_what_those_drawn_at_once_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of each layer come in parts, packed and undrawn; places are small; the net areas are the same bits."""
    catalogue, rng = load_catalogue(), np.random.default_rng(6)
    net = net_layer(catalogue, DAY)
    held = {}
    for name in rule_layers(net.net):
        shapes = (
            random_polygons(rng, 6, 600) if catalogue.layer(name).geometry == "polygon" else random_lines(rng, 8, 600)
        )
        held[name] = Held(
            catalogue.layer(name), pa.table({"key": list(map(str, range(len(shapes))))}), shapes, EVERYWHERE
        )
    whole = zones(net.net, held)
    parts = [
        around_rows(net.net, Held(one.layer, one.table.slice(first, 3), one.geometry[first : first + 3], one.cover))
        for _, one in sorted(held.items())
        for first in range(0, len(one.geometry), 3)
    ]
    undrawn = packed([*parts, *where_nobody_knows(net.net, {name: one.cover for name, one in held.items()})])
    assert len(undrawn.edges) > 50
    assert all_drawn(undrawn.unpacked()).table.equals(whole.table)
    sites = sites_of(random_sites(rng, 12))
    one = measure_all(sites, [Work(net, whole, 0)], [EVERYWHERE])[net.name]
    monkeypatch.setattr(tasks, "LARGEST", 20)
    monkeypatch.setattr(tasks, "SMALLEST", 20)
    other = measure_all(sites, [Work(net, undrawn, 0)], [EVERYWHERE])[net.name]
    assert {short: bits(column) for short, column in one.items()} == {
        short: bits(column) for short, column in other.items()
    }
    assert np.unique(one["net_area_m2"].low).size > 20  # type: ignore[union-attr]
