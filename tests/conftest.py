"""A real PostGIS for the tests: one private cluster a run, which the workers of xdist share; an inventory a test."""

import fcntl
import gc
import multiprocessing.forkserver
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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

GIVEN = "GIS_SITES_TEST_DATABASE_URL"
"""Names a server to test on, instead of a cluster of our own."""
FAST = "fsync = off\nfull_page_writes = off\nsynchronous_commit = off\nautovacuum = off\nmax_connections = 400\n"
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


def pytest_collection() -> None:
    """Let the garbage collector rest while thousands of tests are made: a quarter of that time is its own."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what is there for the whole session: thousands of tests and their modules."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The layers that come with the tool."""
    return load_catalogue()


@pytest.fixture(scope="session")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of a run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def turn(together: Path) -> Iterator[None]:
    """Let one worker at a time make, join or take away what all share."""
    with (together / "turn.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def cluster(together: Path, testrun_uid: str) -> Iterator[sa.URL]:
    """The address of a migrated template database: on a cluster of the run's own, or on the server that is given."""
    if given := os.environ.get(GIVEN):
        server = sa.make_url(given)
        template = server.set(database=f"gis_sites_template_{uuid.uuid4().hex[:8]}")
        _run(server, f"CREATE DATABASE {template.database}")
        _migrate(template)
        yield template
        _run(server, f"DROP DATABASE {template.database} WITH (FORCE)")
        return
    from gis_sites.store.cluster import running, status

    # Not pytest's own folder: root's cluster runs as another account, which cannot enter it.
    home = Path(tempfile.gettempdir()) / f"gis-sites-{testrun_uid[:12]}"
    settings = Settings(home=home / "home", database_url=None)
    with ExitStack() as stack:
        with turn(together):
            if not (home / "ready").exists():
                _make_cluster(home, settings)
            template = sa.make_url(stack.enter_context(running(settings)))
        yield template
        with turn(together):
            stack.close()
            if status(settings).state == "stopped":  # we were its last user
                shutil.rmtree(home, ignore_errors=True)


def _make_cluster(home: Path, settings: Settings) -> None:
    from gis_sites.store.cluster import running, status

    home.mkdir(exist_ok=True)
    home.chmod(0o711)
    with running(settings):
        data = status(settings).data
        assert data is not None
        (data / "local.conf").write_text(FAST, encoding="utf-8")
    with running(settings) as url:
        _migrate(sa.make_url(url))
    (home / "ready").touch()


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

    def has(self, name: str) -> bool:
        """Tell whether the server has a database of the name."""
        with sa.create_engine(self.server, poolclass=sa.NullPool).connect() as conn:
            query = sa.text("SELECT 1 FROM pg_database WHERE datname = :name")
            return conn.execute(query, {"name": name}).scalar() is not None

    def rename(self, copy: sa.URL, name: str) -> None:
        """Give a copy that nobody is connected to a name of its own."""
        _run(self.server, f"ALTER DATABASE {copy.database} RENAME TO {name}")
        self.made[self.made.index(copy)] = copy.set(database=name)

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
    if GIVEN in os.environ:  # a cluster of our own goes away whole
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
def demo_city(databases: Databases, together: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an inventory that holds the smallest demo city, copied from one made once a run: for reading only."""
    name = f"{databases.template.database}_demo"
    with turn(together):
        if not databases.has(name):
            _make_demo_city(databases, together / name, name)
    folder = shutil.copytree(together / name, tmp_path_factory.mktemp("demo_city"), dirs_exist_ok=True)
    address = databases.fresh(name).render_as_string(hide_password=False)
    return Settings(home=folder / "home", database_url=address, workers=1)


def _make_demo_city(databases: Databases, folder: Path, name: str) -> None:
    copy = databases.fresh()
    address = copy.render_as_string(hide_password=False)
    shutil.rmtree(folder, ignore_errors=True)
    with open_inventory(Settings(home=folder / "home", database_url=address, workers=1)) as inventory:
        for one in write_city(folder / "city", parcels=500):
            inventory.import_file(one.path, read_note(one.note) if one.note else None, profile=False)
        inventory.profile(DEMO_DAY)
    databases.rename(copy, name)


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
