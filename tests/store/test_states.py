import threading
from datetime import date

import pytest

from gis_sites.errors import NotFound, Refused
from gis_sites.store import profiles, revisions, states
from gis_sites.store.connect import Store, importing
from gis_sites.store.revisions import UNREAD, Part
from tests.store.support import DAY, EVERYTHING, OFFER, PARCEL, layer, load, revision, square, state

PLAIN = layer(PARCEL)


def test_before_the_first_publication_there_is_no_state(store: Store) -> None:
    with store.begin() as conn:
        assert states.current(conn) is None
        assert states.current_id(conn) is None
        assert states.history(conn) == []


def test_a_state_names_revisions_and_profiles(store: Store) -> None:
    parcels = revision(store, PLAIN, [{"key": "a", "geom": square(0)}])
    with store.begin() as conn:
        block = profiles.write(conn, layer="parcel", kind="parcels", stamp="s", columns={}, next_change=None)
        made = states.publish(
            conn,
            revisions={"parcel": parcels.id},
            profiles={"parcel": {"parcels": block}},
            as_of=DAY,
            stale_after=date(2027, 1, 1),
            reason="import",
        )
    with store.begin() as conn:
        assert states.current(conn) == states.get(conn, made.id) == made
        assert states.current_id(conn) == made.id
        whole = states.get(conn, made.id, coverages=True)
    assert whole.revisions == {"parcel": parcels}
    assert [part.coverage.wkb for part in made.revisions["parcel"].parts] == [UNREAD]
    assert made.profiles == {"parcel": {"parcels": block}}
    assert (made.as_of, made.stale_after, made.crs, made.reason) == (DAY, date(2027, 1, 1), "EPSG:2177", "import")
    assert made.at.utcoffset() is not None


def test_a_failed_publication_leaves_everything_as_before(store: Store) -> None:
    parcels = revision(store, PLAIN, [])
    before = state(store, parcels)
    with store.engine.connect() as conn:
        conn.begin()
        states.publish(conn, revisions={}, profiles={}, as_of=DAY, stale_after=None, reason="x")
        conn.invalidate()
        conn.rollback()
    with store.begin() as conn:
        assert states.current(conn) == before


def test_a_state_made_from_an_older_one_is_refused(store: Store) -> None:
    parcels = revision(store, PLAIN, [])
    first = state(store, parcels, base=0)
    second = state(store, parcels, base=first.id)
    for base in (0, first.id):
        with pytest.raises(Refused, match=f"now {second.id}"):
            state(store, parcels, base=base)
    with store.begin() as conn:
        assert states.current_id(conn) == second.id


def test_rolling_back_is_a_new_state_with_the_old_content(store: Store) -> None:
    old, new = revision(store, PLAIN, [{"key": "a"}]), revision(store, PLAIN, [{"key": "b"}])
    first, second = state(store, old), state(store, new)
    third = states.rollback(store, first.id)
    assert third.id > second.id
    assert (third.revisions, third.profiles, third.as_of) == (first.revisions, first.profiles, first.as_of)
    with pytest.raises(Refused, match="current one"):
        states.rollback(store, third.id)
    with pytest.raises(NotFound, match="no state 99"):
        states.rollback(store, 99)
    with store.begin() as conn:
        listed = states.history(conn)
    assert [(one.id, one.revisions, one.held) for one in listed] == [
        (third.id, {"parcel": 1}, True), (second.id, {"parcel": 2}, True), (first.id, {"parcel": 1}, True),
    ]  # fmt: skip
    assert listed[0].reason == f"rollback {first.id}"


def test_sources_of_layers_with_one_and_with_several_parts(store: Store) -> None:
    offers = revision(store, layer(OFFER), [{"key": "1"}])
    with store.begin() as conn:
        by = load(conn)
        parts = [
            Part("1", by, 0, EVERYTHING, date(2026, 6, 30), "Miasto"),
            Part("2", by, 0, EVERYTHING, date(2025, 1, 1), None),
            Part("3", by, 0, EVERYTHING, None, "Powiat"),
        ]
        parcels = revisions.finish(conn, revisions.create(conn, PLAIN, srid=2177), parts)
    assert states.layer_sources(state(store, parcels, offers)) == {
        "offer": {"kind": "layer", "layer": "offer", "revision": 1, "part": "all", "parts": 1,
                  "dated": "2026-11-21", "publisher": "Miasto"},
        "parcel": {"kind": "layer", "layer": "parcel", "revision": 1, "part": None, "parts": 3,
                   "dated": "2025-01-01", "publisher": None},
    }  # fmt: skip


def test_one_writer_at_a_time(store: Store) -> None:
    with importing(store):
        with pytest.raises(Refused, match=r"since 20\d\d-\d\d-\d\d \d\d:\d\d UTC"), importing(store, wait=0.2):
            pytest.fail("two writers at once")
        entered = threading.Event()

        def second() -> None:
            with importing(store, wait=20):
                entered.set()

        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.3)
    assert entered.wait(20)
    thread.join()


def test_the_lock_is_given_back_by_an_error(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), importing(store):
        print(1 / 0)
    with importing(store, wait=0):
        pass
