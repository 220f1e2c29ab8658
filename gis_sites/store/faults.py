"""Accidents told in a sentence: the disk is full or locked, the database server is gone, or does not let us."""

import errno
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis_sites.errors import DatabaseError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
LOCKED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
SENTENCES = {
    **dict.fromkeys(("57P01", "57P02", "57P03", "08000", "08003", "08006"), "store.server_gone"),
    **dict.fromkeys(("42501", "25006"), "store.forbidden"),
    "53100": "store.database_full",
    "57014": "store.broken_off",
}
"""What is said for an SQLSTATE: of a server that was stopped, crashed or starts, of a connection that broke; of a role
without a right, of a server that only reads; of a full disk; of a question that an administrator broke off.
"""


@contextmanager
def told(home: Path) -> Iterator[None]:
    """Raise an accident of the disk or of the server as a sentence; what had been begun is taken back by the server.

    Raises:
        DatabaseError: the disk is full, the home cannot be written, or the server is gone or does not let us.
    """
    import psycopg
    import sqlalchemy as sa

    try:
        yield
    except OSError as error:
        path = Path(error.filename or _fullest(home, Path(tempfile.gettempdir())))
        if error.errno in LOCKED and path.is_relative_to(home):
            raise DatabaseError("db.home_not_writable", path=path, fault=error.strerror) from error
        if error.errno not in FULL:
            raise
        raise DatabaseError("store.disk_full", path=path) from error
    except (psycopg.Error, sa.exc.DBAPIError, sa.exc.PendingRollbackError) as error:
        if key := _key(error):
            fault = str(getattr(error, "orig", error)).splitlines()
            raise DatabaseError(key, home=home, fault=fault[0] if fault else "") from error
        raise


def _fullest(*folders: Path) -> Path:
    """Return the folder with the least room: a file that is open does not tell its name."""
    return min(filter(Path.exists, folders), key=lambda one: shutil.disk_usage(one).free)


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
    # A connection that breaks off says nothing more.
    broken = isinstance(cause, psycopg.OperationalError) and state is None
    return "store.server_gone" if broken else SENTENCES.get(str(state))
