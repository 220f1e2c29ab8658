"""Files and locks of the private cluster: made for its account, never followed through a symbolic link."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis_sites.errors import DatabaseError
from gis_sites.store.embedded.postgres import Account

LOCK_S = 300.0
"""How long a command waits for others that start or stop the cluster."""
PAUSE_S = 0.005

_not_inherited: set[int] = set()


def open_file(path: Path, account: Account, flags: int = os.O_RDWR) -> int:
    """Open a private file of the cluster, made with mode 0600 for its account when it is not there; give its number.

    Raises:
        DatabaseError: the folder cannot be written to.
    """
    try:
        number = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0:
            os.fchown(number, account.uid, account.gid)
    except OSError as fault:
        raise not_writable(path, fault) from fault
    return number


def write(path: Path, text: str, account: Account) -> None:
    """Put a text into a private file in one step: whoever reads sees the old text or the new one.

    The caller holds the turn, so nobody else writes it at the same time.
    """
    beside = path.with_name(f"{path.name}.new")
    with open(open_file(beside, account, os.O_WRONLY | os.O_TRUNC), "w", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        except OSError as fault:
            raise not_writable(path, fault) from fault
    rename(beside, path)


def rename(old: Path, new: Path) -> None:
    """Rename within a folder, for good: also if the power fails right after."""
    old.rename(new)
    folder = os.open(new.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_folder(path: Path, account: Account) -> None:
    """Make a folder for the account alone; one that is there already is left as it is.

    Raises:
        DatabaseError: its parent cannot be written to.
    """
    try:
        path.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(path, account.uid, account.gid)
    except FileExistsError:
        return
    except OSError as fault:
        raise not_writable(path, fault) from fault


def is_private(path: Path, account: Account) -> bool:
    """Tell whether a path is a real folder of the account's own which nobody else may enter."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and not found.st_mode & 0o077


def not_writable(path: Path, fault: OSError) -> DatabaseError:
    """Return the error for a path that cannot be written."""
    return DatabaseError("db.home_not_writable", path=path, fault=fault.strerror or str(fault))


@contextmanager
def locked(path: Path, account: Account) -> Iterator[None]:
    """Hold a file's lock alone, waiting for the others.

    Raises:
        DatabaseError: somebody else has held it for too long.
    """
    number = open_file(path, account)
    try:
        lock(number, path)
        yield
    finally:
        release(number)


def lock(number: int, path: Path) -> None:
    """Take the lock on an open file alone, waiting for the others.

    Raises:
        DatabaseError: somebody else has held it for too long.
    """
    deadline = time.monotonic() + LOCK_S
    while not try_lock(number, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            raise DatabaseError("db.busy", path=path, seconds=round(LOCK_S))
        time.sleep(PAUSE_S)


def try_lock(number: int, how: int) -> bool:
    """Take a lock on an open file (`fcntl.LOCK_EX` or `LOCK_SH`) without waiting; tell whether it was to be had."""
    try:
        fcntl.flock(number, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def release(number: int) -> None:
    """Give up the lock on an open file and close it, also where a forked worker still has the file open."""
    _not_inherited.discard(number)
    fcntl.flock(number, fcntl.LOCK_UN)
    os.close(number)


def keep_from_workers(number: int) -> None:
    """Let no forked worker have an open file: it may outlive a command that is killed, and with it the lock."""
    _not_inherited.add(number)


def _forget() -> None:
    for number in _not_inherited:
        os.close(number)
    _not_inherited.clear()


os.register_at_fork(after_in_child=_forget)


def is_held(path: Path) -> bool:
    """Tell whether anybody holds a file's lock alone; a file that is not there is held by nobody."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # Shared: so that two who ask at once do not take each other for the holder.
        return not try_lock(number, fcntl.LOCK_SH)
    finally:
        os.close(number)
