"""The embedded cluster: a private PostgreSQL with PostGIS that commands share and the last one out stops.

Three locks in `<home>/postgres` rule it: `turn.lock` is held by who starts or stops the server, `users.lock` is shared
by every command that uses it, `server.lock` is held by the server itself. All are the kernel's: a command that is
killed gives them back. The file `keep` says that `db start` asked the server to stay.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from gis_sites.errors import DatabaseError, WrongUse
from gis_sites.settings import Settings
from gis_sites.store.embedded.contents import address, is_prepared, prepare, sessions
from gis_sites.store.embedded.data import make_data
from gis_sites.store.embedded.place import Place, Server, can_enter, living
from gis_sites.store.embedded.postgres import account_for, account_of, find, made_by
from gis_sites.store.embedded.private import (
    keep_from_workers,
    locked,
    make_folder,
    not_writable,
    open_file,
    release,
    try_lock,
    write,
)
from gis_sites.store.embedded.server import down, up

CONNECT_S = 10


@dataclass(frozen=True)
class Status:
    """What can be said of the database; `private` is the embedded cluster, else it is a server of your own."""

    state: Literal["running", "stopped", "absent", "unreachable"]
    private: bool = True
    kept: bool = False
    """Asked to stay by `db start`, until `db stop`."""
    since: datetime | None = None
    host: str | None = None
    """The folder of its socket, or an address."""
    port: int | None = None
    data: Path | None = None
    version: str | None = None
    """PostgreSQL's, such as `15.8`."""
    sessions: int | None = None
    """Clients connected now, besides our own question."""


@contextmanager
def running(settings: Settings) -> Iterator[str]:
    """Give the SQLAlchemy URL of the private cluster's database, started if need be; the last one out stops it.

    Raises:
        DatabaseError: it cannot be had; the sentence says what to do.
    """
    place = _made(settings)
    users, server = _join(settings, place)
    try:
        yield address(place, server)
    finally:
        _leave(place, users)


def start(settings: Settings) -> Status:
    """Start the private cluster and let it stay until `stop`.

    Raises:
        DatabaseError: it cannot be had.
        WrongUse: the database is a server of your own.
    """
    _refuse_own_server(settings)
    place = _made(settings)
    users, _ = _join(settings, place, keep=True)
    _leave(place, users)
    return status(settings)


def stop(settings: Settings, *, force: bool = False) -> Status:
    """Let the private cluster go: at once when no command uses it, or by force; else when the last one leaves.

    Raises:
        DatabaseError: it does not stop.
        WrongUse: the database is a server of your own.
    """
    _refuse_own_server(settings)
    if place := _existing(settings):
        with locked(place.turn, place.account):
            _keep(place).unlink(missing_ok=True)
            _stop_if_unused(place, force=force)
    return status(settings)


def status(settings: Settings) -> Status:
    """Tell how the database is, without starting or making anything."""
    if settings.database_url is not None:
        return _own_server(settings.database_url)
    place = _existing(settings)
    major = made_by(place.data) if place else None
    if place is None or major is None:
        return Status("absent", data=_folder(settings) / "data")
    try:
        version = find(settings, major).version()
    except DatabaseError:
        version = str(major)
    kept, server = _keep(place).exists(), living(place)
    if server is None:
        return Status("stopped", kept=kept, data=place.data, version=version)
    return Status(
        "running",
        kept=kept,
        since=server.since,
        host=server.host,
        port=server.port,
        data=place.data,
        version=version,
        sessions=sessions(place, server),
    )


def url(settings: Settings) -> str:
    """Return the SQLAlchemy URL of the database as it runs now, password included.

    Raises:
        DatabaseError: the private cluster does not run.
    """
    if settings.database_url is not None:
        return with_driver(settings.database_url)
    place = _existing(settings)
    server = living(place) if place else None
    if place is None or server is None:
        raise DatabaseError("db.not_running", data=_folder(settings) / "data")
    return address(place, server)


def with_driver(given: str) -> str:
    """Name the driver in a database URL.

    >>> with_driver("postgres://me@host/db")
    'postgresql+psycopg://me@host/db'

    Raises:
        WrongUse: it is no URL of a PostgreSQL database.
    """
    scheme, found, rest = given.partition("://")
    if not found or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise WrongUse("db.bad_url", scheme=scheme if found else "?")
    return f"postgresql+psycopg://{rest}"


def _folder(settings: Settings) -> Path:
    return settings.home.expanduser().resolve() / "postgres"


def _keep(place: Place) -> Path:
    return place.folder / "keep"


def _refuse_own_server(settings: Settings) -> None:
    if settings.database_url is not None:
        raise WrongUse("db.own_server")


def _existing(settings: Settings) -> Place | None:
    """Return the place of the cluster, None when nothing was ever made there."""
    folder = _folder(settings)
    try:
        present = folder.is_dir()
    except PermissionError as fault:
        can_enter(Place(folder.parent, account_of(os.geteuid())))
        raise not_writable(folder, fault) from fault
    return Place(folder.parent, account_for(folder)) if present else None


def _made(settings: Settings) -> Place:
    """Return the place of the cluster, its folder made if need be."""
    if place := _existing(settings):
        return place
    folder = _folder(settings)
    place = Place(folder.parent, account_for(folder))
    can_enter(place)
    try:
        # The account must get through to its own folder, yet need not read what else is at home.
        place.home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise not_writable(place.home, fault) from fault
    make_folder(place.folder, place.account)
    return place


def _join(settings: Settings, place: Place, *, keep: bool = False) -> tuple[int, Server]:
    """Become a user of the cluster, which runs and is prepared from then on."""
    with locked(place.turn, place.account):
        users = open_file(place.users, place.account)
        try:
            # Only who has the turn takes this lock alone, and gives it back before the turn: sharing never fails.
            try_lock(users, fcntl.LOCK_SH)
            keep_from_workers(users)
            server = _up_and_prepared(settings, place)
            if keep:
                write(_keep(place), "", place.account)
        except BaseException:
            release(users)
            with suppress(DatabaseError):
                _stop_if_unused(place)
            raise
    return users, server


def _up_and_prepared(settings: Settings, place: Place) -> Server:
    server = living(place)
    if server is None or not server.ready or not is_prepared(place, server):
        major = made_by(place.data)
        postgres = find(settings, major)
        if major is None:
            make_data(place, postgres)
        server = up(place, postgres)
        prepare(place, server, postgres)
    return server


def _leave(place: Place, users: int) -> None:
    with locked(place.turn, place.account):
        release(users)
        _stop_if_unused(place)


def _stop_if_unused(place: Place, *, force: bool = False) -> None:
    """Stop the server unless a command uses it or it was asked to stay. The caller holds the turn."""
    users = open_file(place.users, place.account)
    try:
        if force or (try_lock(users, fcntl.LOCK_EX) and not _keep(place).exists()):
            down(place)
    finally:
        os.close(users)


def _own_server(given: str) -> Status:
    """Tell how a server of the user's own is."""
    import psycopg

    try:
        with psycopg.connect(with_driver(given).replace("+psycopg", "", 1), connect_timeout=CONNECT_S) as connection:
            info = connection.info
            version = info.parameter_status("server_version")
            return Status("running", private=False, host=info.host, port=info.port, version=version)
    except psycopg.Error:
        return Status("unreachable", private=False)
