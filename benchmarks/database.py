"""Databases on the private cluster's server, and how drivers are told of them."""

NOTICE = "SET client_connection_check_interval = 1000"
"""So that a query ends soon after who asked it was ended."""
TRIES = 12
"""The server itself waits five seconds each time for those who use a database."""


def fresh(url: str, database: str) -> str:
    """Make an empty database anew, with PostGIS; return its address."""
    drop(url, database)
    _on_server(url, f"CREATE DATABASE {database}")
    return named(url, database)


def copied(url: str, database: str) -> str:
    """Make a database anew as a copy of the one that an address names; return its address."""
    drop(url, database)
    _on_server(url, f"CREATE DATABASE {database} TEMPLATE {parts(url)['dbname']}")
    return named(url, database)


def drop(url: str, database: str) -> None:
    """Drop a database that nobody uses any more."""
    _on_server(url, f"DROP DATABASE IF EXISTS {database}")


def named(url: str, database: str) -> str:
    """Return the address of another database of the server."""
    import sqlalchemy as sa

    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)


def parts(url: str) -> dict[str, str]:
    """Return what a driver is told to connect."""
    import sqlalchemy as sa

    made = sa.make_url(url)
    return {
        "host": str(made.query["host"]),
        "port": str(made.query["port"]),
        "user": str(made.username),
        "password": str(made.password),
        "dbname": str(made.database),
    }


def _on_server(url: str, statement: str) -> None:
    """Say something to the server; on a busy machine it notices only after a while who has hung up."""
    import psycopg

    with psycopg.connect(**parts(named(url, "postgres")), autocommit=True) as conn:
        for left in reversed(range(TRIES)):
            try:
                conn.execute(statement)
                return
            except psycopg.errors.ObjectInUse:
                if not left:
                    raise
