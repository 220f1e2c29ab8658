"""What is inside the private cluster: the role, the database and PostGIS; and who is connected."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from gis_sites.errors import DatabaseError
from gis_sites.store.embedded.data import ADMIN, ROLE, password
from gis_sites.store.embedded.place import Place, Server
from gis_sites.store.embedded.postgres import Postgres
from gis_sites.store.embedded.private import write

if TYPE_CHECKING:
    import psycopg

DATABASE = "gis_sites"
TEMPLATE = "template1"
"""What later databases of the cluster are made from."""
CONNECT_S = 10


def address(place: Place, server: Server) -> str:
    """Return the SQLAlchemy URL of the database."""
    where = urlencode({"host": server.host, "port": server.port}, quote_via=quote, safe="/")
    return f"postgresql+psycopg://{ROLE}:{quote(password(place, ROLE), safe='')}@/{DATABASE}?{where}"


@contextmanager
def _connected(
    place: Place, server: Server, *, role: str = ROLE, database: str = DATABASE
) -> Iterator["psycopg.Connection"]:
    import psycopg

    with psycopg.connect(
        host=server.host,
        port=server.port,
        user=role,
        password=password(place, role),
        dbname=database,
        connect_timeout=CONNECT_S,
        autocommit=True,
    ) as connection:
        yield connection


def is_prepared(place: Place, server: Server) -> bool:
    """Tell whether this very server was found to hold all it should."""
    try:
        return _prepared(place).read_text(encoding="utf-8") == _name(server)
    except OSError:
        return False


def prepare(place: Place, server: Server, postgres: Postgres) -> None:
    """See to it that role, database and PostGIS are there, PostGIS as new as the system's. The caller holds the turn.

    Raises:
        DatabaseError: PostgreSQL refuses.
    """
    import psycopg

    try:
        if not _prepared(place).exists() or _postgis(place, server) != postgres.postgis():
            _create(place, server)
    except psycopg.Error as fault:
        raise DatabaseError("db.not_prepared", fault=str(fault).strip(), path=place.log) from fault
    write(_prepared(place), _name(server), place.account)


def sessions(place: Place, server: Server) -> int | None:
    """Return how many clients are connected besides us, None when the server does not say."""
    import psycopg

    query = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    try:
        with _connected(place, server) as connection:
            found = connection.execute(query).fetchone()
    except psycopg.Error:
        return None
    return int(found[0]) if found else None


def _prepared(place: Place) -> Path:
    return place.folder / "prepared"


def _name(server: Server) -> str:
    return f"{server.pid} {server.started}"


def _postgis(place: Place, server: Server) -> str | None:
    """Return the version of PostGIS in the database, None while role, database or extension is lacking."""
    import psycopg

    try:
        with _connected(place, server) as connection:
            found = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'postgis'").fetchone()
    except psycopg.OperationalError:
        return None
    return str(found[0]) if found else None


def _create(place: Place, server: Server) -> None:
    """Make what is lacking; PostGIS also in the template, for databases yet to come."""
    from psycopg import sql

    role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
    secret = sql.Literal(password(place, ROLE))
    with _connected(place, server, role=ADMIN, database="postgres") as admin:
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            admin.execute(sql.SQL("CREATE ROLE {}").format(role))
        admin.execute(sql.SQL("ALTER ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, secret))
        _extend(place, server, TEMPLATE)
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
    _extend(place, server, DATABASE)


def _extend(place: Place, server: Server, database: str) -> None:
    with _connected(place, server, role=ADMIN, database=database) as admin:
        admin.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        admin.execute("ALTER EXTENSION postgis UPDATE")
