"""Accidents told in a sentence: the disk is full, the database server is gone."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis_sites.errors import DatabaseError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
DISK_FULL = "53100"
GONE = frozenset({"57P01", "57P02", "57P03", "08000", "08003", "08006"})
"""SQLSTATE of a server that was stopped, crashed or starts; of a connection that broke."""


@contextmanager
def told(home: Path) -> Iterator[None]:
    """Raise an accident of the disk or of the server as a sentence; what had been begun is taken back by the server.

    Raises:
        DatabaseError: the disk is full, or the server is gone.
    """
    import psycopg
    import sqlalchemy as sa

    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise DatabaseError("store.disk_full", path=error.filename or home) from error
    except (psycopg.Error, sa.exc.DBAPIError, sa.exc.PendingRollbackError) as error:
        if key := _key(error):
            raise DatabaseError(key, home=home) from error
        raise


def is_locked(error: Exception) -> bool:
    """Tell whether what was asked of the database waited too long for somebody else, in whatever tongue it says so."""
    from psycopg.errors import LockNotAvailable

    return isinstance(getattr(error, "orig", error), LockNotAvailable)


def _key(error: Exception) -> str | None:
    """Return the sentence for an error of the database, None for one that is our own mistake."""
    import psycopg
    import sqlalchemy as sa

    # What is asked of a connection after it broke is only told that its transaction is to be taken back.
    if isinstance(error, sa.exc.PendingRollbackError):
        return "store.server_gone"
    cause = getattr(error, "orig", error)
    state = getattr(cause, "sqlstate", None)
    if state == DISK_FULL:
        return "store.database_full"
    # A connection that breaks off says nothing more.
    broken = isinstance(cause, psycopg.OperationalError) and state is None
    return "store.server_gone" if broken or state in GONE else None
