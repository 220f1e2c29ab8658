"""Opening the inventory: the private cluster or a server of one's own, the schemas, the working CRS."""

import re
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.errors import DatabaseError, Refused, WrongUse
from gis_sites.settings import Settings
from gis_sites.store import registry
from gis_sites.store.faults import told
from gis_sites.store.migrations import HEAD, upgrade
from gis_sites.store.tables import SCHEMA

DEFAULT_CRS = "EPSG:2177"
"""PL-2000 zone 6: Kalisz."""
POSTGIS = (3, 3)
"""The oldest PostGIS we work with."""
EXTENSION = "CREATE EXTENSION postgis"
IMPORTING = "gis-sites importing"
"""The advisory lock a command holds from its first write to its publication."""


@dataclass(frozen=True)
class Store:
    """An open inventory."""

    engine: sa.Engine
    settings: Settings
    home: Path
    crs: str
    """The working CRS, `EPSG:n`."""
    uuid: str
    """Tells this inventory's caches from another's."""
    catalogue: Catalogue | None = None

    @property
    def srid(self) -> int:
        """The number of the working CRS."""
        return int(self.crs.removeprefix("EPSG:"))

    @property
    def snapshots(self) -> Path:
        """Where the columnar snapshots are kept."""
        return self.home / "snapshots"

    def begin(self) -> AbstractContextManager[sa.Connection]:
        """Open a transaction: committed at the end, rolled back on an error."""
        return self.engine.begin()


@contextmanager
def open_store(settings: Settings, *, catalogue: Catalogue | None = None) -> Iterator[Store]:
    """Open the inventory: join or start the private cluster, or use the server of `database_url`.

    Raises:
        DatabaseError: the server cannot be reached or is not fit.
        WrongUse: the setting for the working CRS differs from the inventory's.
    """
    with database(settings) as engine, told(settings.home):
        crs, identity = _ready(engine, settings)
        yield Store(engine, settings, settings.home, crs, identity, catalogue)


@contextmanager
def database(settings: Settings) -> Iterator[sa.Engine]:
    """Connect to the database as it is, without making anything in it.

    Raises:
        DatabaseError: the private cluster cannot be had, or the setting is no address.
    """
    from gis_sites.store.cluster import running

    with nullcontext(settings.database_url) if settings.database_url else running(settings) as url:
        engine = _engine(str(url))
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def hasty(store: Store, *, seconds: int) -> Iterator[Store]:
    """Give the same inventory, whose questions to the database are broken off after a time.

    What was asked is left out of its errors: they go to logs.
    """
    engine = _engine(store.engine.url.render_as_string(hide_password=False), timeout_s=seconds)
    try:
        yield replace(store, engine=engine)
    finally:
        engine.dispose()


def _engine(url: str, *, timeout_s: int | None = None) -> sa.Engine:
    try:
        parsed = sa.make_url(re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+psycopg://", url))
    except (sa.exc.ArgumentError, ValueError):
        raise DatabaseError("store.bad_url", url=re.sub(r"//.*@", "//***@", url)) from None
    if parsed.drivername != "postgresql+psycopg":
        raise DatabaseError("store.bad_url", url=parsed.render_as_string())
    # PostGIS may have been put into a schema of its own; schemas that do not exist are passed over.
    options = "-c search_path=public,postgis,extensions -c timezone=UTC -c jit=off"
    # What an administrator sets for people who ask would break off imports, which ask and think for long.
    options += f" -c statement_timeout={timeout_s or 0}s -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
    return sa.create_engine(
        parsed,
        connect_args={"options": options, "application_name": "gis-sites", "connect_timeout": 10},
        pool_pre_ping=True,
        hide_parameters=timeout_s is not None,
    )


def _ready(engine: sa.Engine, settings: Settings) -> tuple[str, str]:
    """Make sure that everything we need is there; return the working CRS and the inventory's identity."""
    asked = asked_crs(settings)
    try:
        conn = engine.connect()
    except sa.exc.OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise DatabaseError("store.unreachable", url=engine.url.render_as_string(), reason=reason) from None
    with conn, conn.begin():
        crs, identity = _if_current(conn) or _prepare(conn, asked or DEFAULT_CRS)
    if asked and asked != crs:
        raise WrongUse("store.crs_differs", asked=asked, crs=crs)
    return crs, identity


def _if_current(conn: sa.Connection) -> tuple[str, str] | None:
    """Return the working CRS and the identity if the registry is at the newest version."""
    there = (
        "SELECT to_regclass('registry.alembic_version') IS NOT NULL AND to_regclass('registry.inventory') IS NOT NULL"
    )
    if not conn.execute(sa.text(there)).scalar_one():
        return None
    both = sa.text("SELECT version_num, crs, uuid FROM registry.alembic_version LEFT JOIN registry.inventory ON true")
    version, crs, identity = conn.execute(both).one()
    if version > HEAD:
        raise DatabaseError("store.newer", found=version, known=HEAD)
    return (crs, identity) if version == HEAD and crs else None


def _prepare(conn: sa.Connection, crs: str) -> tuple[str, str]:
    """Make schemas and tables, or bring them up to date; one process at a time."""
    conn.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('gis-sites migration', 0))"))
    if done := _if_current(conn):
        return done  # by the process we waited for
    need_postgis(conn)
    for schema in (registry.SCHEMA, SCHEMA):
        conn.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    upgrade(conn)
    if held := _if_current(conn):
        return held
    _check_crs(conn, crs)
    identity = str(uuid.uuid4())
    conn.execute(registry.inventory.insert().values(id=1, uuid=identity, crs=crs))
    return crs, identity


def need_postgis(conn: sa.Connection) -> None:
    """Add PostGIS to the database where it lacks it.

    Raises:
        DatabaseError: it cannot be added, or is too old.
    """
    there = conn.execute(sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'postgis'")).scalar_one()
    if not there:
        try:
            with conn.begin_nested():
                conn.execute(sa.text(EXTENSION))
        except sa.exc.DBAPIError as error:
            reason = str(error.orig).strip().splitlines()[0]
            raise DatabaseError("store.no_postgis", database=conn.engine.url.database, reason=reason) from None
    version = str(conn.execute(sa.text("SELECT postgis_lib_version()")).scalar_one())
    if tuple(int(piece) for piece in version.split(".")[:2]) < POSTGIS:
        raise DatabaseError("store.old_postgis", version=version, needed=".".join(map(str, POSTGIS)))


def asked_crs(settings: Settings) -> str | None:
    """Return the working CRS that is set, `EPSG:n`; None where nothing is.

    Raises:
        WrongUse: the setting cannot be read.
    """
    if settings.crs is None:
        return None
    if not (match := re.fullmatch(r"\s*(?:epsg:)?(\d{4,6})\s*", settings.crs, re.IGNORECASE)):
        raise WrongUse("store.crs_unreadable", crs=settings.crs)
    return f"EPSG:{match[1]}"


def _check_crs(conn: sa.Connection, crs: str) -> None:
    """Refuse a working CRS that is not measured in metres or that the database does not know."""
    import pyproj

    try:
        found = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        raise WrongUse("store.crs_unreadable", crs=crs) from None
    if not found.is_projected or found.axis_info[0].unit_name not in {"metre", "meter"}:
        raise WrongUse("store.crs_not_metric", crs=crs, name=found.name)
    known = sa.text("SELECT count(*) FROM spatial_ref_sys WHERE srid = :srid")
    if not conn.execute(known, {"srid": int(crs.removeprefix("EPSG:"))}).scalar_one():
        raise WrongUse("store.crs_unreadable", crs=crs)


@contextmanager
def importing(store: Store, *, wait: float = 10.0) -> Iterator[None]:
    """Hold the inventory for one writer, from its first write to its publication.

    A second writer waits up to `wait` seconds. What crashed writers left is swept away on entering.

    Raises:
        Refused: another command still holds the inventory.
    """
    from gis_sites.store.retention import tidy

    with alone(store.engine, wait=wait):
        tidy(store)
        yield


@contextmanager
def alone(engine: sa.Engine, *, wait: float = 10.0) -> Iterator[None]:
    """Hold the database for one writer; a second one waits up to `wait` seconds.

    Raises:
        Refused: another command still holds it.
    """
    lock = {"key": IMPORTING}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        # A server that ends who is silent for long would give the lock away. Before version 14 none did.
        talks = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'"
        conn.execute(sa.text(talks))
        until = time.monotonic() + wait
        while not conn.execute(sa.text("SELECT pg_try_advisory_lock(hashtextextended(:key, 0))"), lock).scalar_one():
            if time.monotonic() >= until:
                raise Refused("store.importing", since=_held_since(conn))
            time.sleep(0.1)
        try:
            yield
        finally:
            # A connection that broke has lost its lock with it, and must not hide what broke it.
            with suppress(sa.exc.SQLAlchemyError):
                conn.execute(sa.text("SELECT pg_advisory_unlock(hashtextextended(:key, 0))"), lock)


def _held_since(conn: sa.Connection) -> str:
    """Return since when the other writer has been connected: hours and minutes, UTC."""
    holder = sa.text(
        "SELECT to_char(min(backend_start), 'YYYY-MM-DD HH24:MI') FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = "
        "current_database()) AND ((classid::bigint << 32) | objid::bigint) = hashtextextended(:key, 0)"
    )
    return str(conn.execute(holder, {"key": IMPORTING}).scalar_one())
