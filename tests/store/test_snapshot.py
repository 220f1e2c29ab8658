import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from gis_sites.columns import Column, Flags, Labels, Range
from gis_sites.settings import Settings
from gis_sites.store import profiles, snapshot, states
from gis_sites.store.connect import Store, open_store
from gis_sites.store.profiles import Profile
from gis_sites.store.snapshot import Snapshot, open_snapshot
from gis_sites.store.states import State
from tests.store.support import DAY, OFFER, PARCEL, PIPE, layer, revision, small_catalogue, state

KEYS = ["B", "a/10", "a/2", "ż"]
COLUMNS: Mapping[str, Mapping[str, Column]] = {
    "parcel": {
        "id": Labels.of(KEYS),
        "area_m2": Range.exact(np.array([1.0, 2.0, np.nan, 4.0])),
        "built": Flags(np.array([1, 0, -1, 1], dtype=np.int8)),
    },
    "pipe": {
        "distance_m": Range(np.array([0.0, 5.0, np.inf, np.nan]), np.array([0.0, np.inf, np.inf, np.nan])),
        "note": Labels.of(["b", None, "none", "b"]),
    },
}


@pytest.fixture
def published(store: Store) -> State:
    parcels = revision(store, layer(PARCEL), [{"key": key} for key in reversed(KEYS)])
    pipes = revision(store, layer(PIPE), [])
    offers = revision(store, layer(OFFER), [{"key": "7", "parcels": "a/2, ż;B"}, {"key": "8"}])
    blocks: dict[str, dict[str, profiles.Profile]] = {}
    with store.begin() as conn:
        for name, columns in COLUMNS.items():
            made = profiles.write(conn, layer=name, kind="parcels", stamp=name, columns=columns, next_change=None)
            blocks[name] = {"parcels": made}
        price = {"price": Range.exact(np.array([3.0, np.nan]))}
        made = profiles.write(conn, layer="offer", kind="offers", stamp="o", columns=price, next_change=None)
        blocks["offer"] = {"offers": made}
    return state(store, parcels, pipes, offers, profiles=blocks)


def base_of(array: np.ndarray) -> object:
    base: object = array
    while getattr(base, "base", None) is not None:
        base = base.base  # type: ignore[attr-defined]
    return base


def test_columns_are_views_into_the_mapped_file(store: Store, published: State) -> None:
    view = open_snapshot(store, published, "parcels")
    area, distance, built = (view.column(name) for name in ("parcel.area_m2", "pipe.distance_m", "parcel.built"))
    assert isinstance(area, Range)
    assert isinstance(distance, Range)
    assert isinstance(built, Flags)
    assert area.high is area.low
    np.testing.assert_array_equal(area.low, [1.0, 2.0, np.nan, 4.0])
    np.testing.assert_array_equal(distance.low, [0.0, 5.0, np.inf, np.nan])
    np.testing.assert_array_equal(distance.high, [0.0, np.inf, np.inf, np.nan])
    assert built.values.tolist() == [1, 0, -1, 1]
    for values in (area.low, distance.high, built.values):
        assert not values.flags.owndata
        assert not values.flags.writeable
    again = view.column("parcel.area_m2")
    assert isinstance(again, Range)
    assert again.low.__array_interface__["data"] == area.low.__array_interface__["data"]


def test_labels_and_identifiers(store: Store, published: State) -> None:
    view = open_snapshot(store, published, "parcels")
    note, identifier = view.column("pipe.note"), view.column("parcel.id")
    assert isinstance(note, Labels)
    assert isinstance(identifier, Labels)
    assert note.codes.dtype == np.int32
    assert [note.text(row) for row in range(4)] == ["b", None, "none", "b"]
    assert [identifier.text(row) for row in range(4)] == KEYS
    assert [view.id(row) for row in range(4)] == KEYS
    assert [view.row(key) for key in KEYS] == [0, 1, 2, 3]
    assert [view.row(key) for key in ("", "A", "a/1", "zz", "żż")] == [None] * 5
    assert len(view) == 4
    assert view.in_id_order
    assert view.parcels(1) == ["a/10"]
    assert view.names == ("parcel.area_m2", "parcel.built", "pipe.distance_m", "pipe.note")


def test_offers_name_their_parcels(store: Store, published: State) -> None:
    view = open_snapshot(store, published, "offers")
    price = view.column("offer.price")
    assert isinstance(price, Range)
    np.testing.assert_array_equal(price.low, [3.0, np.nan])
    assert [view.id(row) for row in range(2)] == ["7", "8"]
    assert [view.parcels(row) for row in range(2)] == [["a/2", "ż", "B"], []]
    assert len(view.column("pipe.distance_m")) == 2


def test_what_the_state_does_not_have_is_unknown(store: Store, published: State) -> None:
    knowing = Store(store.engine, store.settings, store.home, store.crs, store.uuid, small_catalogue())
    view = open_snapshot(knowing, published, "parcels")
    crosses, absent, ids = view.column("pipe.crosses"), view.column("water.distance_m"), view.column("offer.price")
    assert isinstance(crosses, Flags)
    assert crosses.values.tolist() == [-1] * 4
    assert isinstance(absent, Range)
    assert np.isnan(absent.low).all()
    assert isinstance(ids, Range)
    assert view.source("water.distance_m") == {
        "kind": "layer", "layer": "water", "revision": None, "part": None, "parts": 0, "dated": None,
        "publisher": None, "reason": "not_loaded",
    }  # fmt: skip
    assert view.source("parcel.net_area_m2")["reason"] == "not_measured_yet"
    assert view.source("parcel.area_m2") == {
        "kind": "layer", "layer": "parcel", "revision": 1, "part": "all", "parts": 1, "dated": "2026-11-21",
        "publisher": "Miasto",
    }  # fmt: skip
    assert view.inventory == {
        "state": published.id,
        "as_of": DAY.isoformat(),
        "revisions": {"offer": 1, "parcel": 1, "pipe": 1},
    }


def test_a_state_without_parcels_has_an_empty_snapshot(store: Store) -> None:
    view = open_snapshot(store, state(store), "parcels")
    assert len(view) == 0
    assert len(view.column("water.distance_m")) == 0
    assert view.row("x") is None


def test_the_file_is_made_once(store: Store, published: State, monkeypatch: pytest.MonkeyPatch) -> None:
    open_snapshot(store, published, "parcels")
    file = store.snapshots / f"state-{published.id}-parcels.arrow"
    before = file.stat()
    monkeypatch.setattr(snapshot, "build", None)
    assert len(open_snapshot(store, published, "parcels")) == 4
    assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert [one.name for one in store.snapshots.iterdir()] == [file.name]


def test_blocks_that_stay_are_taken_from_the_last_file(
    store: Store, published: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_snapshot(store, published, "parcels")
    with store.begin() as conn:
        fresh = {"distance_m": Range.exact(np.array([9.0, 8.0, 7.0, 6.0]))}
        made = profiles.write(conn, layer="pipe", kind="parcels", stamp="new", columns=fresh, next_change=None)
    later = state(store, *published.revisions.values(), profiles={**published.profiles, "pipe": {"parcels": made}})
    read: list[str] = []
    plain = profiles.read

    def listening(conn: sa.Connection, profile: Profile, columns: Sequence[str] | None = None) -> dict[str, Column]:
        read.append(profile.stamp)
        return plain(conn, profile, columns)

    monkeypatch.setattr(profiles, "read", listening)
    second = open_snapshot(store, later, "parcels")
    assert read == ["new"]
    assert second.names == ("parcel.area_m2", "parcel.built", "pipe.distance_m")
    distance, built = second.column("pipe.distance_m"), second.column("parcel.built")
    before, after = first.column("parcel.area_m2"), second.column("parcel.area_m2")
    assert isinstance(distance, Range)
    assert isinstance(built, Flags)
    assert isinstance(before, Range)
    assert isinstance(after, Range)
    assert distance.low.tolist() == [9.0, 8.0, 7.0, 6.0]
    assert built.values.tolist() == [1, 0, -1, 1]
    np.testing.assert_array_equal(before.low, after.low)
    read.clear()
    open_snapshot(Store(store.engine, store.settings, store.home, store.crs, "another"), later, "parcels")
    assert sorted(read) == ["new", "parcel"]


@pytest.mark.parametrize("fault", ["cut", "empty", "other"])
def test_a_broken_file_or_one_of_another_inventory_is_made_anew(store: Store, published: State, fault: str) -> None:
    wanted = open_snapshot(store, published, "parcels").column("parcel.area_m2")
    file = store.snapshots / f"state-{published.id}-parcels.arrow"
    content = {"cut": file.read_bytes()[:-100], "empty": b"", "other": file.read_bytes()}[fault]
    file.unlink()
    file.write_bytes(content)
    theirs = Store(store.engine, store.settings, store.home, store.crs, "another" if fault == "other" else store.uuid)
    got = open_snapshot(theirs, published, "parcels").column("parcel.area_m2")
    assert isinstance(wanted, Range)
    assert isinstance(got, Range)
    np.testing.assert_array_equal(got.low, wanted.low)


def test_many_words_need_wider_codes(store: Store) -> None:
    n = 40_000
    keys = [f"{place:06}" for place in range(n)]
    parcels = revision(store, layer(PARCEL), [{"key": key} for key in keys])
    with store.begin() as conn:
        made = profiles.write(
            conn, layer="pipe", kind="parcels", stamp="w", columns={"note": Labels.of(keys)}, next_change=None
        )
    column = open_snapshot(store, state(store, parcels, profiles={"pipe": {"parcels": made}}), "parcels").column(
        "pipe.note"
    )
    assert isinstance(column, Labels)
    assert column.text(n - 1) == keys[-1]
    assert column.codes.tolist() == list(range(n))


def test_a_block_of_another_length_is_a_mistake(store: Store) -> None:
    parcels = revision(store, layer(PARCEL), [{"key": "a"}])
    with store.begin() as conn:
        made = profiles.write(
            conn, layer="pipe", kind="parcels", stamp="w", columns={"x": Range.unknown(2)}, next_change=None
        )
    with pytest.raises(ValueError, match="2 values for 1 parcels"):
        open_snapshot(store, state(store, parcels, profiles={"pipe": {"parcels": made}}), "parcels")
    assert list(store.snapshots.iterdir()) == []


def test_several_builders_at_once_are_harmless(store: Store, published: State) -> None:
    made: list[Snapshot] = []
    gate = threading.Barrier(4)

    def build() -> None:
        with open_store(store.settings) as mine:
            gate.wait()
            made.append(open_snapshot(mine, published, "parcels"))

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [view.ids.to_pylist() for view in made] == [KEYS] * 4
    assert [file.suffix for file in store.snapshots.iterdir()] == [".arrow"]


def test_who_comes_while_it_is_made_waits_and_finds_it(
    store: Store, published: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, made, going = snapshot.build, 0, threading.Event()

    def slow(*words: Any) -> None:
        nonlocal made
        made += 1
        going.wait(0.2)
        real(*words)

    monkeypatch.setattr(snapshot, "build", slow)
    with ThreadPoolExecutor(4) as several:
        found = list(several.map(lambda _: open_snapshot(store, published, "parcels"), range(4)))
    assert made == 1
    assert [view.ids.to_pylist() for view in found] == [KEYS] * 4


def test_what_opening_took_is_told(store: Store, published: State, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gis_sites.store.snapshot")
    first, again = (open_snapshot(store, published, "parcels").loading for _ in range(2))
    assert first.made_s > 0 == again.made_s
    assert first.bytes == again.bytes >= 4 * (3 * 8 + 1 + 2)
    assert 0 < again.mapped_s < 1
    assert f"state {published.id}, parcels: 4 rows" in caplog.messages[-1]
    assert "stale after None" in caplog.messages[-1]


# ---- several processes ---------------------------------------------------------------------------------

WIDE, LONG = 12, 150_000
LINES = ("Rss", "Private_Clean", "Private_Dirty", "Shared_Clean")


def test_processes_share_the_file_without_copying_it(store: Store) -> None:
    """Two servers that looked at every value hold the same pages of the file, and next to none of their own."""
    parcels = revision(store, layer(PARCEL), [{"key": f"{place:06}"} for place in range(LONG)])
    columns = {f"x{place}": Range.exact(np.arange(LONG) + 0.5 * place) for place in range(WIDE)}
    with store.begin() as conn:
        made = profiles.write(conn, layer="pipe", kind="parcels", stamp="w", columns=columns, next_change=None)
    open_snapshot(store, state(store, parcels, profiles={"pipe": {"parcels": made}}), "parcels")
    context = get_context("spawn")
    looked, told = context.Barrier(2), context.Queue()
    servers = [context.Process(target=serve, args=(store.settings, looked, told)) for _ in range(2)]
    for server in servers:
        server.start()
    found = [told.get(timeout=60) for _ in servers]
    for server in servers:
        server.join(60)
    size = WIDE * LONG * 8 / 1024
    for sums, pages, grown in found:
        assert sums == [float(np.sum(column.low)) for column in columns.values()]
        assert pages["Rss"] >= size
        assert pages["Private_Dirty"] == 0
        assert pages["Shared_Clean"] >= 0.99 * size  # by both, and by nobody twice
        assert grown < size / 4


def serve(settings: Settings, looked: Any, told: Any) -> None:
    """Look at every value of the current state, and tell what memory that took: kB."""
    with open_store(settings) as mine:
        with mine.begin() as conn:
            now = states.current(conn)
        assert now is not None
        assert len(open_snapshot(mine, now, "parcels").column("pipe.x0")) == LONG  # libraries are loaded by now
        before = _status("RssAnon")
        view = open_snapshot(mine, now, "parcels")
        sums = [float(np.sum(column.low)) for name in view.names if isinstance(column := view.column(name), Range)]
        grown = _status("RssAnon") - before
        looked.wait(60)
        pages = _mapping(f"state-{now.id}-parcels.arrow")
        looked.wait(60)
        told.put((sums, pages, grown))


def _status(what: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{what}:")).split()[1])


def _mapping(name: str) -> dict[str, int]:
    """The pages that this process holds of a file: kB."""
    found, mine = dict.fromkeys(LINES, 0), False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first, *rest = line.split()
        if not first.endswith(":"):
            mine = bool(rest) and rest[-1].endswith(name)
        elif mine and first[:-1] in found:
            found[first[:-1]] += int(rest[0])
    return found
