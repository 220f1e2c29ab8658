import subprocess
import sys

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from gis_sites.store import migrations
from gis_sites.store.connect import Store, open_store
from gis_sites.store.migrations import HEAD
from gis_sites.store.migrations.ours import OPTIONS
from gis_sites.store.registry import metadata
from tests.store.support import PARCEL, layer, revision, state


def test_the_constant_is_the_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(next(iter(migrations.__path__))))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_the_tables_are_those_of_the_registry_and_no_other_schema_is_touched(store: Store) -> None:
    state(store, revision(store, layer(PARCEL), []))
    with store.begin() as conn:
        conn.execute(sa.text("CREATE TABLE public.somebody_elses (x int)"))
        assert conn.execute(sa.text("SELECT count(*) FROM pg_tables WHERE schemaname = 'store'")).scalar_one() == 1
        assert compare_metadata(MigrationContext.configure(conn, opts=OPTIONS), metadata) == []


def test_a_missing_column_would_be_seen(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(sa.text("ALTER TABLE registry.states DROP COLUMN reason"))
        (found,) = compare_metadata(MigrationContext.configure(conn, opts=OPTIONS), metadata)
    assert isinstance(found, tuple)
    assert found[:3] == ("add_column", "registry", "states")


def test_an_open_inventory_opens_without_alembic(store: Store) -> None:
    code = (
        "import sys; from gis_sites.settings import Settings; from gis_sites.store.connect import open_store\n"
        "with open_store(Settings()) as store: print(store.crs)\n"
        "print(sorted({'alembic', 'geopandas', 'pandas', 'pyproj', 'shapely', 'geoalchemy2'} & set(sys.modules)))"
    )
    environment = {"GIS_SITES_DATABASE_URL": str(store.settings.database_url), "GIS_SITES_HOME": str(store.home)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["EPSG:2177", "[]"]


def test_migrating_again_changes_nothing(store: Store) -> None:
    with store.begin() as conn:
        migrations.upgrade(conn)
        assert conn.execute(sa.text("SELECT version_num FROM registry.alembic_version")).scalars().all() == [HEAD]
    with open_store(store.settings) as again:
        assert again.uuid == store.uuid
