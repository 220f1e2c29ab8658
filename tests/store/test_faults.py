"""Accidents of the database are told apart by what they are, in whatever tongue the server speaks."""

import errno
import os
import shutil
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from gis_sites.errors import DatabaseError, Refused
from gis_sites.settings import Settings
from gis_sites.store.connect import Store, alone, hasty, open_store
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


def test_what_an_administrator_sets_for_those_who_ask_breaks_off_no_import(settings: Settings) -> None:
    database = f"ALTER DATABASE {sa.make_url(str(settings.database_url)).database}"
    with open_store(settings) as store, store.begin() as conn:
        for name in ("statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"):
            conn.exec_driver_sql(f"{database} SET {name} = '250ms'")
    try:
        with open_store(settings) as store, store.begin() as conn:
            conn.exec_driver_sql("SELECT pg_sleep(0.4)")
            time.sleep(0.4)
            assert conn.exec_driver_sql("SELECT 1").scalar_one() == 1
            with alone(store.engine):
                time.sleep(0.4)
                with open_store(settings) as other, pytest.raises(Refused), alone(other.engine, wait=0):
                    pass
            with hasty(store, seconds=1) as other, other.begin() as quick:
                assert quick.exec_driver_sql("SHOW statement_timeout").scalar_one() == "1s"
    finally:
        with open_store(settings) as store, store.begin() as conn:
            conn.exec_driver_sql(f"{database} RESET ALL")


@pytest.mark.parametrize(
    ("state", "key"), [("42501", "store.forbidden"), ("25006", "store.forbidden"), ("57014", "store.broken_off")]
)
def test_what_the_database_does_not_let_us_do_is_said_with_its_own_words(
    store: Store, tmp_path: Path, state: str, key: str
) -> None:
    with pytest.raises(DatabaseError) as fault, told(tmp_path), store.begin() as conn:
        conn.exec_driver_sql(POLISH.replace("%", "krotka").format(state=state))
    assert fault.value.key == key
    assert "anulowano: krotka" in fault.value.sentence("pl")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, number: int) -> None:
    file = tmp_path / "snapshots" / "state-1-parcels.arrow"
    with pytest.raises(DatabaseError) as fault, told(tmp_path):
        raise OSError(number, os.strerror(number), str(file))
    assert fault.value.key == "db.home_not_writable"
    assert str(file) in fault.value.sentence("pl")
    with pytest.raises(OSError, match="elsewhere"), told(tmp_path):
        raise OSError(number, "elsewhere", "/a/file/of/the/user's")


def test_the_disk_that_is_full_is_named_where_the_file_is_not(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda one: real(one)._replace(free=int(one != temporary)))
    for home in (tmp_path, tmp_path / "not made yet"):
        with pytest.raises(DatabaseError, match="the disk is full") as fault, told(home):
            raise OSError(errno.ENOSPC, "full")
        assert str(temporary) in fault.value.sentence("en")
