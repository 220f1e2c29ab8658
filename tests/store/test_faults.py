"""Accidents of the database are told apart by what they are, in whatever tongue the server speaks."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from gis_sites.errors import DatabaseError
from gis_sites.store.connect import Store, alone
from gis_sites.store.faults import is_locked, told

POLISH = "DO $$ BEGIN RAISE EXCEPTION 'anulowano: %' USING ERRCODE = '{state}'; END $$"


@pytest.mark.parametrize(("state", "locked"), [("55P03", True), ("57014", False), ("40001", False)])
def test_a_lock_waited_for_too_long_is_known_in_any_tongue(store: Store, state: str, locked: bool) -> None:
    with pytest.raises(sa.exc.DBAPIError) as fault, store.begin() as conn:
        conn.exec_driver_sql(POLISH.replace("%", "krotka").format(state=state))
    assert is_locked(fault.value) is locked


def test_a_lock_that_somebody_holds_is_one(store: Store) -> None:
    with store.begin() as holds, store.engine.connect() as waits:
        holds.exec_driver_sql("LOCK TABLE registry.states")
        waits.exec_driver_sql("SET LOCAL lock_timeout = '10ms'")
        with pytest.raises(sa.exc.OperationalError) as fault:
            waits.exec_driver_sql("SELECT FROM registry.states")
    assert is_locked(fault.value)


def test_whoever_asks_a_connection_that_broke_again_is_told_that_the_server_is_gone(
    store: Store, tmp_path: Path
) -> None:
    with store.engine.connect() as conn:
        conn.exec_driver_sql("SELECT 1")
        conn.invalidate()  # what SQLAlchemy does with one that broke
        with pytest.raises(DatabaseError) as fault, told(tmp_path):
            conn.exec_driver_sql("SELECT 1")
    assert fault.value.key == "store.server_gone"


def test_a_lock_that_went_with_its_connection_does_not_hide_what_broke_it(store: Store) -> None:
    mine = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    mine += " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"

    def broken() -> None:
        with store.begin() as conn:
            assert conn.exec_driver_sql(mine).scalars().all() == [True]
        raise ValueError("the first")

    with pytest.raises(ValueError, match="the first"), alone(store.engine):
        broken()
