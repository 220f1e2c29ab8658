"""Few sites read few rows, never too few; and a run tells how far it is."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gis_sites.catalogue import Catalogue
from gis_sites.profile import build as building
from gis_sites.profile import narrow
from gis_sites.profile.build import build
from gis_sites.profile.narrow import Neighbours, meeting
from gis_sites.profile.tasks import Columns
from gis_sites.store.connect import Store
from tests.profile.scenes import random_lines, random_sites, sites_of
from tests.profile.test_build import DAY, Held, publish_it, put
from tests.profile.test_increment import agrees, grid, mains

CORNERS = arrays(np.float64, st.tuples(st.integers(1, 40), st.just(4)), elements=st.floats(-1000, 1000, width=32))


def boxes(corners: Any) -> Any:
    return np.concatenate(
        [np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])], axis=1
    )


@settings(max_examples=200)
@given(CORNERS, CORNERS)
def test_no_box_that_meets_a_place_is_missed(one: Any, other: Any) -> None:
    rows, places = boxes(one), boxes(other)
    apart = (rows[:, None, :2] > places[None, :, 2:]).any(axis=2) | (rows[:, None, 2:] < places[None, :, :2]).any(
        axis=2
    )
    assert (meeting(rows, places) | apart.all(axis=1)).all()


def test_far_boxes_and_those_that_are_not_drawn_do_not_meet() -> None:
    grid_of = np.array([[x, y, x + 1, y + 1] for x in range(50) for y in range(50)], dtype=np.float64)
    rows = np.concatenate([grid_of, np.full((1, 4), np.nan)])
    hit = meeting(rows, np.array([[10.2, 10.2, 10.4, 10.4], [900.0, 900.0, 901.0, 901.0]]))
    assert hit[510]
    assert not hit[-1]
    assert hit.sum() <= 9
    assert not meeting(rows[-1:], grid_of).any()


@pytest.mark.parametrize("seed", range(5))
def test_what_is_nearest_is_never_farther_than_its_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sites = sites_of(random_sites(rng, 8))
    lines = shapely.geometrycollections(list(random_lines(rng, 6, 400.0)))
    distance = np.asarray(shapely.distance(sites.geometry, lines))
    stay = rng.random(len(sites)) < 0.6
    anew = np.flatnonzero(~stay)
    ((_, bound),) = Neighbours(sites).bounds(stay, [({}, distance)], sites.take(anew))
    drawn = ~np.isnan(distance[anew])
    assert drawn.any()
    assert (distance[anew][drawn] <= bound[drawn]).all()
    # None that stays: nobody knows, so everything is read.
    ((_, open_),) = Neighbours(sites).bounds(np.zeros(len(sites), dtype=bool), [({}, distance)], sites)
    assert np.isinf(open_).all()


def test_a_few_parcels_read_the_rows_near_them_only(
    store: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narrow, "WORTH_ROWS", 1)
    rows: dict[str, list[int]] = {}
    real = building.measured

    def counting(sites: Any, works: Any, *rest: Any, **more: Any) -> dict[str, Columns]:
        for work in works:
            rows.setdefault(work.layer.name, []).append(len(work.features))
        return real(sites, works, *rest, **more)

    monkeypatch.setattr(building, "measured", counting)
    held: Held = {"parcel": put(store, catalogue, "parcel", grid(20))}
    held["water"] = put(store, catalogue, "water", mains([25.0 + 50.0 * n for n in range(20)], 20))
    publish_it(store, held, build(store, catalogue, held, as_of=DAY))
    held["parcel"] = put(store, catalogue, "parcel", grid(20, {205: 3.0}))
    made = build(store, catalogue, held, as_of=DAY)
    assert rows["water"][0] == 20
    # Mains are 50 m apart; the bound of a square of 50 m beside one that stays is 121 m.
    assert 1 <= rows["water"][1] <= 9
    agrees(store, catalogue, held, made)


def test_what_a_few_parcels_take_starts_no_processes(
    store: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "WORTH_WORKERS", 5_000)
    held: Held = {"parcel": put(store, catalogue, "parcel", grid(20))}
    handed: list[int] = []

    class Counting(ThreadPoolExecutor):
        def submit(self, work: Any, /, *words: Any, **named: Any) -> Any:
            handed.append(len(words[0].sites))
            return super().submit(work, *words, **named)

    with Counting(1) as helper:
        publish_it(store, held, build(store, catalogue, held, as_of=DAY, executor=helper))
        assert handed
        handed.clear()
        # A tenth: the shapes of as many would be worth handing over to processes that run, not to start them.
        held["parcel"] = put(store, catalogue, "parcel", grid(20, dict.fromkeys(range(0, 400, 10), 3.0)))
        made = build(store, catalogue, held, as_of=DAY, executor=helper)
    assert not handed
    agrees(store, catalogue, held, made)


@pytest.mark.parametrize(("room", "most"), [(1_000_000, 6), (0, 2)])
def test_small_blocks_wait_to_be_written_and_large_ones_are_waited_for(
    store: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, room: int, most: int
) -> None:
    monkeypatch.setattr(building, "WAITING", room)
    written: list[Any] = []
    ahead: list[int] = []
    go, real, measure = Event(), building._store, building.measured

    def late(*words: Any) -> Any:
        go.wait(30)
        written.append(made := real(*words))
        return made

    def counting(*words: Any, **named: Any) -> dict[str, Columns]:
        ahead.append(len(ahead) + 1 - len(written))
        if ahead[-1] == most:
            go.set()
        return measure(*words, **named)

    monkeypatch.setattr(building, "_store", late)
    monkeypatch.setattr(building, "measured", counting)
    held: Held = {"parcel": put(store, catalogue, "parcel", grid(2))}
    for name in ("water", "gas", "power", "heat"):
        held[name] = put(store, catalogue, name, mains([25.0], 2))
    build(store, catalogue, held, as_of=DAY)
    # Six blocks: of small ones all are measured before the first is written.
    assert max(ahead) == most


def test_a_run_tells_columns_partitions_and_how_much_is_done(store: Store, catalogue: Catalogue) -> None:
    held: Held = {"parcel": put(store, catalogue, "parcel", grid(5))}
    held["water"] = put(store, catalogue, "water", mains([25.0], 5))
    told: list[tuple[int, int | None, dict[str, Any]]] = []

    def note(step: str, done: int, total: int | None = None, **where: Any) -> None:
        assert step == "profile"
        told.append((done, total, where))

    build(store, catalogue, held, as_of=DAY, progress=note)
    dones, totals = [one[0] for one in told], {one[1] for one in told}
    assert dones == sorted(dones)
    assert (dones[0], {dones[-1]}) == (0, totals)
    every = sum(len(catalogue.layer(name).attributes) for name in held)
    assert told[-1][2] | {"layer": None} == {
        "layer": None, "columns": every, "all_columns": every, "part": 1, "parts": 1
    }  # fmt: skip
    assert [str(one[2]["layer"].en) for one in told][-1] == catalogue.layer("water").title.en
