import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from gis_sites.errors import DatabaseError, WrongUse
from gis_sites.settings import Settings
from gis_sites.store import connect
from gis_sites.store.connect import Store, open_store
from tests.conftest import Databases


@pytest.fixture
def bare(databases: Databases, tmp_path: Path) -> Settings:
    """A database with PostGIS and nothing of ours."""
    url = databases.fresh()
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as conn:
        conn.exec_driver_sql("DROP SCHEMA registry, store CASCADE")
    return Settings(home=tmp_path, database_url=url.render_as_string(hide_password=False))


@pytest.fixture
def without_postgis(databases: Databases, tmp_path: Path) -> Iterator[Settings]:
    url = databases.server.set(database=f"bare_{uuid.uuid4().hex[:12]}")
    engine = sa.create_engine(databases.server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as conn:
        conn.exec_driver_sql(f"CREATE DATABASE {url.database} TEMPLATE template0")
        yield Settings(home=tmp_path, database_url=url.render_as_string(hide_password=False))
        conn.exec_driver_sql(f"DROP DATABASE {url.database} WITH (FORCE)")


def changed(settings: Settings, **values: object) -> Settings:
    return settings.model_copy(update=values)


def test_an_empty_database_is_made_ready(bare: Settings) -> None:
    with open_store(changed(bare, crs="2180")) as store:
        assert (store.crs, store.srid, store.snapshots) == ("EPSG:2180", 2180, bare.home / "snapshots")
        with store.begin() as conn:
            schemas = sa.text("SELECT count(*) FROM pg_namespace WHERE nspname IN ('registry', 'store')")
            assert conn.execute(schemas).scalar_one() == 2
            assert conn.execute(sa.text("SELECT crs FROM registry.inventory")).scalar_one() == "EPSG:2180"


def test_several_commands_may_make_it_ready_at_once(bare: Settings) -> None:
    seen: list[str] = []
    gate = threading.Barrier(3)

    def opening() -> None:
        gate.wait()
        with open_store(bare) as store:
            seen.append(store.uuid)

    threads = [threading.Thread(target=opening) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_the_working_crs_stays(store: Store) -> None:
    assert (store.crs, store.srid) == ("EPSG:2177", 2177)
    for same in (None, "EPSG:2177", " epsg:2177 ", "2177"):
        with open_store(changed(store.settings, crs=same)) as again:
            assert again.crs == "EPSG:2177"
    with pytest.raises(WrongUse, match="EPSG:2180, but the inventory is kept in EPSG:2177"):
        open_store(changed(store.settings, crs="EPSG:2180")).__enter__()


def test_a_crs_that_cannot_be_worked_in_is_refused(bare: Settings) -> None:
    for crs in ("PUWG 1992", "EPSG:99999", "EPSG:", "", "EPSG:4326", "EPSG:3857x", "EPSG:2277", "EPSG:5773"):
        with pytest.raises(WrongUse, match="EPSG:2177 in GIS_SITES_CRS"):
            open_store(changed(bare, crs=crs)).__enter__()
    with open_store(bare) as store:
        assert store.crs == "EPSG:2177"


@pytest.mark.parametrize("prefix", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_way_to_write_the_address(store: Store, prefix: str) -> None:
    url = str(store.settings.database_url).replace("postgresql+psycopg", prefix)
    with open_store(changed(store.settings, database_url=url)) as again:
        assert again.uuid == store.uuid


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_a_server_that_is_not_there(tmp_path: Path, lang: str) -> None:
    url = "postgresql://jan:hunter2@127.0.0.1:1/x"
    with pytest.raises(DatabaseError) as caught:
        open_store(Settings(home=tmp_path, database_url=url)).__enter__()
    sentence = caught.value.sentence(lang)
    assert "jan:***@127.0.0.1:1/x" in sentence
    assert "GIS_SITES_DATABASE_URL" in sentence
    assert "hunter2" not in sentence


@pytest.mark.parametrize("url", ["mysql://a:hunter2@b/c", "postgresql://a:hunter2@b:port/c", "hunter2"])
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    with pytest.raises(DatabaseError, match="GIS_SITES_DATABASE_URL") as caught:
        open_store(Settings(home=tmp_path, database_url=url)).__enter__()
    assert "a:hunter2" not in caught.value.sentence("en")


def test_a_newer_inventory_is_left_alone(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(sa.text("UPDATE registry.alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseError, match="newer version of this program"):
        open_store(store.settings).__enter__()


def test_a_server_without_postgis(without_postgis: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "EXTENSION", "CREATE EXTENSION postgis_that_nobody_installed")
    with pytest.raises(DatabaseError, match=r"has no PostGIS .*postgis_that_nobody_.*CREATE EXTENSION postgis"):
        open_store(without_postgis).__enter__()


def test_a_postgis_that_is_too_old(bare: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "POSTGIS", (99, 0))
    with pytest.raises(DatabaseError, match=r"99\.0 or newer"):
        open_store(bare).__enter__()


def test_an_error_rolls_the_transaction_back(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as conn:
        conn.execute(sa.text("CREATE TABLE store.t (x int)")).close() or 1 / 0
    with store.begin() as conn:
        assert conn.execute(sa.text("SELECT to_regclass('store.t')")).scalar_one() is None
