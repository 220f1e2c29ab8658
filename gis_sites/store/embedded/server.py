"""The server process of the private cluster: whether it lives, starting it, stopping it.

The server inherits an open file with a lock on it, which the kernel gives back when its last process is gone.
So what a killed server left behind is never mistaken for a live one, nor another's process for the server.
"""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gis_sites.errors import DatabaseError
from gis_sites.store.embedded.data import settle
from gis_sites.store.embedded.place import LOOPBACK, Place, Server, fail, living, words
from gis_sites.store.embedded.postgres import Postgres, run
from gis_sites.store.embedded.private import PAUSE_S, is_held, is_private, lock, make_folder, open_file

START_S = 120.0
"""How long a server may take to come up: recovery after a crash reads the whole log."""
STOP_S = 120.0
ORPHANS_S = 5.0
"""How long the children of a killed server may take to notice before they are asked to go."""
TRIES = 3
LOG_BYTES = 5_000_000
PORT = 5432
"""With a socket of its own the number is part of the socket's name only."""
SOCKET_BYTES = 107
SHORT = (Path("/run"), Path("/tmp"))  # noqa: S108 - a folder in it is used only when it is our own, mode 0700


def up(place: Place, postgres: Postgres) -> Server:
    """Return the live server, starting it unless it runs. The caller holds the turn.

    Raises:
        DatabaseError: it does not come up; the sentence holds the last lines of its log.
    """
    server = _settled(place)
    if server is None:
        _clear(place)
        settle(place, postgres)
        server = _started(place, postgres)
    return server


def _settled(place: Place) -> Server | None:
    """Return the server once it is up, None once it is gone: it may start, stop, or have been killed just now."""
    for server in _watched(place, START_S):
        if server and server.ready:
            return server
    if _is_there(place):
        fail(place, "db.not_starting", seconds=round(START_S))
    return None


def _is_there(place: Place) -> bool:
    return living(place) is not None or is_held(place.life)


def _watched(place: Place, seconds: float) -> Iterator[Server | None]:
    """Look at the server again and again until it is gone to its last process, or time is up."""
    begun = time.monotonic()
    orphaned = begun + ORPHANS_S
    while _is_there(place) and (now := time.monotonic()) < begun + seconds:
        server = living(place)
        yield server
        if server is None and now > orphaned:
            orphaned = now + ORPHANS_S
            _ask_orphans_to_go(place)
        time.sleep(PAUSE_S)


def _ask_orphans_to_go(place: Place) -> None:
    title = f"postgres: {place.mark}: ".encode()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            ours = entry.name.isdigit() and entry.stat().st_uid == place.account.uid
            if ours and words(int(entry.name))[0].startswith(title):
                os.kill(int(entry.name), signal.SIGQUIT)


def _clear(place: Place) -> None:
    """Take away what a killed server left, now that none of its processes lives: its number may be another's."""
    place.pid_file.unlink(missing_ok=True)
    for folder in _socket_folders(place):
        if is_private(folder, place.account):
            for left in folder.glob(".s.PGSQL.*"):
                left.unlink(missing_ok=True)


def _started(place: Place, postgres: Postgres) -> Server:
    _rotate(place.log)
    for _ in range(TRIES):
        where = _where(place)
        _launch(place, postgres, where)
        if server := _settled(place):
            return server
        if where.socket or _is_free(where.port):
            fail(place, "db.start_failed")
    raise DatabaseError("db.port_occupied", host=LOOPBACK, port=where.port)


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))


@dataclass(frozen=True)
class _Where:
    """Where a server is to listen."""

    socket: Path | None
    port: int

    def options(self) -> list[str]:
        """Return the server's options."""
        listen = f"listen_addresses={'' if self.socket else LOOPBACK}"
        return ["-p", str(self.port), "-c", listen, "-c", f"unix_socket_directories={self.socket or ''}"]


def _socket_folders(place: Place) -> list[Path]:
    # Not XDG_RUNTIME_DIR: it goes away with the session, the server may stay.
    return [place.folder / "run", *(base / place.mark for base in SHORT)]


def _where(place: Place) -> _Where:
    """Choose a socket in a folder of our own with a short enough path, else a free port of the loopback."""
    for folder in _socket_folders(place):
        # In PostgreSQL's list of folders a comma parts them and a quote quotes.
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > SOCKET_BYTES or set(',"') & set(str(folder)):
            continue
        try:
            make_folder(folder, place.account)
        except DatabaseError:
            continue
        if is_private(folder, place.account):
            return _Where(folder, PORT)
    return _Where(None, _free_port())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _launch(place: Place, postgres: Postgres, where: _Where) -> None:
    """Start the server as nobody's child, so that it outlives us and somebody waits for it."""
    server = [postgres.program("postgres"), "-D", str(place.data), "-c", f"cluster_name={place.mark}"]
    log = open_file(place.log, place.account, os.O_WRONLY | os.O_APPEND)
    life = open_file(place.life, place.account)
    try:
        lock(life, place.life)
        command = ["/bin/sh", "-c", '"$@" &', "sh", *server, *where.options()]
        run(place.account, command, stdout=log, legacy=life)
    finally:
        os.close(log)
        os.close(life)


def down(place: Place) -> None:
    """Stop the server, if any, and wait until its last process is gone. The caller holds the turn.

    Raises:
        DatabaseError: it does not stop.
    """
    server = living(place)
    if server:
        with suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGINT)
    for _ in _watched(place, STOP_S):
        pass
    if _is_there(place):
        fail(place, "db.not_stopping", seconds=round(STOP_S))
    if server and server.socket and server.socket.parent in SHORT:
        with suppress(OSError):
            server.socket.rmdir()
