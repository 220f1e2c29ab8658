"""Where the private cluster is, what its server says of itself, and what to say when it fails."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from gis_sites.errors import DatabaseError
from gis_sites.store.embedded.postgres import Account, run

LOG_LINES = 5
FREE_BYTES = 100_000_000
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Place:
    """Where a private cluster keeps what it has, and whose that is."""

    home: Path
    account: Account

    @property
    def folder(self) -> Path:
        """Everything of the cluster."""
        return self.home / "postgres"

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"

    @property
    def pid_file(self) -> Path:
        """What the server writes about itself."""
        return self.data / "postmaster.pid"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "postgres.log"

    @property
    def passwords(self) -> Path:
        """The passwords of the roles, as libpq's password file."""
        return self.folder / "pgpass"

    @property
    def turn(self) -> Path:
        """Locked alone by who starts or stops the server."""
        return self.folder / "turn.lock"

    @property
    def users(self) -> Path:
        """Locked together by every command that uses the server."""
        return self.folder / "users.lock"

    @property
    def life(self) -> Path:
        """Locked while any process of the server lives."""
        return self.folder / "server.lock"

    @property
    def mark(self) -> str:
        """The name its processes bear."""
        return "gis-sites-" + sha256(os.fsencode(self.data)).hexdigest()[:12]


@dataclass(frozen=True)
class Server:
    """A live server, as its pid file tells."""

    pid: int
    started: int
    port: int
    socket: Path | None
    state: str

    @property
    def host(self) -> str:
        """What a client connects to: the socket's folder or the loopback address."""
        return str(self.socket) if self.socket else LOOPBACK

    @property
    def since(self) -> datetime:
        """When it was started, UTC."""
        return datetime.fromtimestamp(self.started, UTC)

    @property
    def ready(self) -> bool:
        """Whether it takes connections: neither starting nor stopping."""
        return self.state == "ready"


def living(place: Place) -> Server | None:
    """Return the server that runs on the data, None when there is none (or only what a killed one left)."""
    try:
        lines = place.pid_file.read_text(encoding="utf-8", errors="replace").split("\n")
        pid, _, started, port, folder, _, _, state = (line.strip() for line in lines[:8])
        server = Server(int(pid), int(started), int(port), Path(folder) if folder else None, state)
    except (OSError, ValueError):
        # Not there, or still being written: its first lines come before its last.
        return None
    return server if _is_server(server.pid, place) else None


def _is_server(pid: int, place: Place) -> bool:
    """Tell whether a process is this cluster's server; a dead one that nobody has waited for has no words left."""
    program, *options = words(pid)
    if Path(os.fsdecode(program)).name != "postgres":
        return False
    return os.fsencode(place.data) in options or _works_in(pid) == place.data


def _works_in(pid: int) -> Path | None:
    """Return the folder a process works in, None where we may not know it (in a container not even as root)."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def words(pid: int) -> list[bytes]:
    """Return the words a process was called with, an empty one when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return [b""]


def fail(place: Place, key: str, **values: object) -> NoReturn:
    """Raise why the server or a program failed: the disk is full, the account cannot get there, or what the log says.

    Raises:
        DatabaseError: always.
    """
    free = shutil.disk_usage(place.folder).free
    if free < FREE_BYTES:
        raise DatabaseError("db.disk_full", folder=place.folder, free_mb=free // 1_000_000)
    can_enter(place)
    raise DatabaseError(key, data=place.data, path=place.log, log=_last_lines(place.log), **values)


def _last_lines(log: Path) -> str:
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-LOG_LINES:])


def can_enter(place: Place) -> None:
    """Refuse a folder the account cannot enter, naming the first one on the way.

    The account itself is asked: only so do access lists and what a container forbids count.
    """
    for folder in (*reversed(place.folder.parents), place.folder):
        test = ["/usr/bin/test", "-x", str(folder)]
        if folder.is_dir() and run(place.account, test, stdout=subprocess.DEVNULL).returncode:
            raise DatabaseError("db.cannot_enter", folder=folder, account=place.account.name, home=place.home)
