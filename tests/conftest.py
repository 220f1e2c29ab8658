"""A real PostGIS for the tests: one private cluster a session (a worker of xdist has its own), an inventory a test."""

import gc
import multiprocessing.forkserver
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.demo import write_city
from gis_sites.intake.note import read_note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from gis_sites.store.connect import DEFAULT_CRS, Store, open_store
from gis_sites.store.registry import metadata
from tests.browser import browser  # noqa: F401 - a fixture

FAST = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nautovacuum = off\n"
EMPTY = f"""
SET LOCAL lock_timeout = '2s';
DROP SCHEMA IF EXISTS store, inventory, published CASCADE;
CREATE SCHEMA store;
TRUNCATE {", ".join(str(table) for table in metadata.sorted_tables)} RESTART IDENTITY;
INSERT INTO registry.inventory (id, uuid, crs) VALUES (1, gen_random_uuid()::text, '{DEFAULT_CRS}');
"""
SHAPE = """
SELECT (SELECT version_num FROM registry.alembic_version),
       (SELECT array_agg(nspname ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_'),
       (SELECT count(*) FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
         WHERE relnamespace IN ('registry'::regnamespace, 'public'::regnamespace) AND NOT attisdropped)
"""
"""What emptying cannot mend: a test that changes it costs a new copy of the template."""
LONG = (
    "tests/test_readme.py",
    "tests/api/test_pages_browser.py",
    "tests/profile/test_naive.py",
    "tests/api/test_keyboard.py",
    "tests/api/test_secrets.py",
    "tests/api/test_map_browser.py",
    "tests/api/test_filters.py",
    "tests/api/test_legend_browser.py",
    "tests/intake/test_hostile.py",
    "tests/test_accidents.py",
    "tests/test_survival.py",
    "tests/api/test_schema.py",
    "tests/test_notebooks.py",
    "tests/test_deploy.py",
    "tests/profile/test_increment.py",
    "tests/test_assemblies.py",
    "tests/api/test_filters_browser.py",
    "tests/api/test_parcel_page.py",
    "tests/api/test_sheets.py",
    "tests/matching/test_footprint.py",
    "tests/intake/test_crs.py",
    "tests/test_backup.py",
    "tests/test_rollback.py",
    "tests/profile/test_dask.py",
    "tests/profile/test_partition.py",
)
"""What takes longest begins first: at the end the workers have short files left and finish together."""
DEMO_DAY = date(2026, 11, 21)
"""The day the demo city is published as of: answers must not change with the day the tests are run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    places = {file: place for place, file in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.nodeid.split("::")[0], len(LONG)))


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what is there for the whole session: thousands of tests and their modules."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The layers that come with the tool."""
    return load_catalogue()


@pytest.fixture(scope="session")
def cluster() -> Iterator[sa.URL]:
    """The address of a migrated template database: on a cluster of our own, or on GIS_SITES_TEST_DATABASE_URL's."""
    if given := os.environ.get("GIS_SITES_TEST_DATABASE_URL"):
        server = sa.make_url(given)
        template = server.set(database=f"gis_sites_template_{uuid.uuid4().hex[:8]}")
        _run(server, f"CREATE DATABASE {template.database}")
        _migrate(template)
        yield template
        _run(server, f"DROP DATABASE {template.database} WITH (FORCE)")
        return
    from gis_sites.store.cluster import running, status

    # Not pytest's own folder: root's cluster runs as another account, which cannot enter it.
    home = Path(tempfile.mkdtemp(prefix="gis-sites-"))
    home.chmod(0o711)
    settings = Settings(home=home / "home", database_url=None)
    try:
        with running(settings):
            data = status(settings).data
            assert data is not None
            (data / "local.conf").write_text(FAST, encoding="utf-8")
        with running(settings) as url:
            template = sa.make_url(url)
            _migrate(template)
            yield template
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _migrate(database: sa.URL) -> None:
    with open_store(Settings(database_url=database.render_as_string(hide_password=False))):
        pass


def _run(url: sa.URL, *statements: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)


class Databases:
    """Copies of the template, each a migrated inventory that holds nothing."""

    def __init__(self, template: sa.URL) -> None:
        self.template = template
        self.made: list[sa.URL] = []
        self._current: sa.URL | None = None
        self._shape = self._look(template)

    @property
    def server(self) -> sa.URL:
        """The database that commands for the whole server are sent to."""
        return self.template.set(database="postgres")

    def fresh(self, template: str | None = None) -> sa.URL:
        """Copy the template, or another database that nobody is connected to."""
        copy = self.template.set(database=f"test_{uuid.uuid4().hex[:12]}")
        _run(self.server, f"CREATE DATABASE {copy.database} TEMPLATE {template or self.template.database}")
        self.made.append(copy)
        return copy

    def empty(self) -> sa.URL:
        """Empty the copy in use; a new one is made if that does not bring it back to what it was."""
        if self._current is None or not self._emptied(self._current):
            self._current = self.fresh()
        return self._current

    def _emptied(self, database: sa.URL) -> bool:
        try:
            with sa.create_engine(database, poolclass=sa.NullPool).begin() as conn:
                conn.exec_driver_sql(EMPTY)
            return self._look(database) == self._shape
        except sa.exc.DBAPIError:
            return False  # its tables are changed, or a test that failed still holds them

    def drop(self) -> None:
        """Drop every copy."""
        for copy in self.made:
            _run(self.server, f"DROP DATABASE {copy.database} WITH (FORCE)")

    @staticmethod
    def _look(database: sa.URL) -> tuple[object, ...]:
        with sa.create_engine(database, poolclass=sa.NullPool).connect() as conn:
            return tuple(conn.exec_driver_sql(SHAPE).one())


@pytest.fixture(scope="session")
def databases(cluster: sa.URL) -> Iterator[Databases]:
    """The databases of this session's tests."""
    made = Databases(cluster)
    yield made
    made.drop()


@pytest.fixture
def settings(databases: Databases, tmp_path: Path) -> Settings:
    """Settings of an inventory of its own: an empty home and a database that holds nothing."""
    address = databases.empty().render_as_string(hide_password=False)
    return Settings(home=tmp_path / "home", database_url=address, workers=1)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """An open, empty inventory."""
    with open_store(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
def demo_city(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an inventory that holds the smallest demo city, published once a session: for reading only."""
    folder = tmp_path_factory.mktemp("demo_city")
    address = databases.fresh().render_as_string(hide_password=False)
    settings = Settings(home=folder / "home", database_url=address, workers=1)
    with open_inventory(settings) as inventory:
        for one in write_city(folder / "city", parcels=500):
            inventory.import_file(one.path, read_note(one.note) if one.note else None, profile=False)
        inventory.profile(DEMO_DAY)
    return settings


@pytest.fixture(scope="session")
def city(demo_city: Settings) -> Iterator[Inventory]:
    """The demo city, as its planners see it."""
    with open_inventory(demo_city) as inventory:
        yield inventory


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this process and of those that are killed."""
    multiprocessing.forkserver.ensure_running()  # its socket has no room for a longer path
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder
