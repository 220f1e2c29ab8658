from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from gis_sites.columns import Range
from gis_sites.errors import NotFound
from gis_sites.scratch import PREFIX, scratch
from gis_sites.store import profiles, retention, revisions, saved, states
from gis_sites.store.connect import Store, importing, open_store
from gis_sites.store.profiles import Profile
from gis_sites.store.snapshot import open_snapshot
from tests.store.support import PARCEL, layer, load, revision, state, table

PLAIN = layer(PARCEL)


def tables(store: Store) -> set[str]:
    with store.begin() as conn:
        names = sa.text("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname = 'store'")
        return set(conn.execute(names).scalars())


def block(store: Store, stamp: str, n: int = 1) -> Profile:
    with store.begin() as conn:
        columns = {"area_m2": Range.exact(np.ones(n))}
        return profiles.write(conn, layer="parcel", kind="parcels", stamp=stamp, columns=columns, next_change=None)


def keep(store: Store, states_kept: int) -> Store:
    settings = store.settings.model_copy(update={"keep_states": states_kept})
    return Store(store.engine, settings, store.home, store.crs, store.uuid)


def test_the_last_states_and_those_under_saved_shortlists_are_kept(store: Store) -> None:
    made = []
    for place in range(5):
        held = revision(store, PLAIN, [{"key": "a"}])
        made.append(state(store, held, profiles={"parcel": {"parcels": block(store, f"s{place}")}}))
        open_snapshot(store, made[-1], "parcels")
    with store.begin() as conn:
        saved.save_shortlist(conn, "0" * 64, state=made[1].id, requirement={}, result={})
    with importing(store):
        gone = retention.prune(keep(store, 2))
    kept = [made[place] for place in (1, 3, 4)]
    assert gone.states == (made[0].id, made[2].id)
    assert set(gone.snapshots) == {f"state-{made[place].id}-parcels.arrow" for place in (0, 2)}
    assert tables(store) == {one.revisions["parcel"].table for one in kept} | {
        one.profiles["parcel"]["parcels"].table for one in kept
    }
    with store.begin() as conn:
        assert [states.get(conn, one.id) for one in kept] == kept
        assert profiles.find(conn, "s0") is None
        with pytest.raises(NotFound, match="was dropped on 20"):
            states.get(conn, made[0].id)
        assert [entry.held for entry in states.history(conn)] == [True, True, False, True, False]
        assert [one.number for one in revisions.listed(conn)] == [5, 4, 2]
    assert len(open_snapshot(store, made[1], "parcels")) == 1
    with importing(store):
        assert retention.prune(keep(store, 2)) == retention.Pruned((), (), ())


def test_a_number_is_never_given_again(store: Store) -> None:
    first, second = (revision(store, PLAIN, [{"key": key}]) for key in ("a", "b"))
    assert retention.sweep(store) == (first.table,)
    assert revision(store, PLAIN, [{"key": "c"}]).number == second.number + 1


def test_the_next_writer_sweeps_up_what_a_crash_left(store: Store, settings: object) -> None:
    block(store, "never published")
    held = revision(store, PLAIN, [{"key": "a"}])
    state(store, held)
    revision(store, PLAIN, [{"key": "ready, but outdated"}])
    waiting = revision(store, PLAIN, [{"key": "waits for its publication"}])
    begun = block(store, "of a profile that was broken off and may be gone on with")
    with store.begin() as conn:
        conn.execute(sa.text("CREATE TABLE store.from_nowhere (x int)"))
    with importing(store):
        assert tables(store) == {held.table, waiting.table, begun.table}
    with store.begin() as conn:
        assert [one.id for one in revisions.listed(conn)] == [waiting.id, held.id]
        assert states.basis(conn) == {"parcel": waiting}
    state(store, waiting)
    with importing(store):
        assert tables(store) == {held.table, waiting.table}


def test_a_rollback_leaves_nothing_waiting(store: Store) -> None:
    first = revision(store, PLAIN, [{"key": "a"}])
    before = state(store, first)
    state(store, revision(store, PLAIN, [{"key": "b"}]))
    states.rollback(store, before.id)
    with store.begin() as conn:
        assert states.basis(conn) == {"parcel": first}


def test_killed_while_loading_leaves_no_trace(store: Store) -> None:
    # A connection that dies within the transaction is what the server sees of a killed command.
    with store.engine.connect() as conn:
        conn.begin()
        draft = revisions.create(conn, PLAIN, srid=2177)
        revisions.append(conn, draft, table(PLAIN, [{"key": "a"}], load=load(conn)))
        conn.invalidate()
        conn.rollback()
    assert tables(store) == set()
    with store.begin() as conn:
        assert revisions.listed(conn) == []
        assert conn.execute(sa.text("SELECT count(*) FROM registry.revisions")).scalar_one() == 0


def test_a_table_somebody_reads_is_left_to_the_next_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PATIENCE", "100ms")
    orphan, waiting = (revision(store, PLAIN, [{"key": key}]) for key in ("a", "b"))
    with store.engine.connect() as reader, reader.begin():
        reader.execute(sa.text(f"SELECT * FROM {orphan.table}")).all()
        assert retention.sweep(store) == ()
    assert tables(store) == {orphan.table, waiting.table}
    assert retention.sweep(store) == (orphan.table,)


def test_what_a_killed_builder_left_is_thrown_away_by_the_next_writer(store: Store) -> None:
    left = store.snapshots / f"{PREFIX}killed"
    left.mkdir(parents=True)
    (left / "water.distance_m").write_bytes(b"x")
    gone = store.snapshots / "state-99-parcels.arrow"
    gone.write_bytes(b"of a state that is no more")
    with scratch(store.snapshots) as held, importing(store):
        assert list(store.snapshots.iterdir()) == [held]
    assert list(store.snapshots.iterdir()) == []


def test_a_home_without_snapshots_is_no_fault(store: Store, tmp_path: Path) -> None:
    with open_store(store.settings.model_copy(update={"home": tmp_path / "never made"})) as other, importing(other):
        assert retention.prune(other) == retention.Pruned((), (), ())
