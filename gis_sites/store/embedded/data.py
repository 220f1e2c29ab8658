"""The data directory of the private cluster: made whole or not at all, its settings and its passwords."""

import secrets
import shutil
import subprocess
from pathlib import Path

from gis_sites.errors import DatabaseError
from gis_sites.store.embedded.place import Place, can_enter, fail
from gis_sites.store.embedded.postgres import Postgres, run
from gis_sites.store.embedded.private import rename, write

ADMIN = "admin"
"""The superuser, which only this room uses."""
ROLE = "gis_sites"
"""The owner of the database, as whom everything else is done."""

CONF = """\
# Written by gis-sites at each start; put settings of your own into local.conf beside this file.
shared_buffers = 256MB
work_mem = 64MB
maintenance_work_mem = 256MB
effective_cache_size = 1GB
random_page_cost = 1.1
jit = off
# A table filled in the transaction that made it needs no log of its own; nobody replicates a private cluster.
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 15min
# What a killed command asked for is broken off, and its locks with it, not finished.
client_connection_check_interval = 2s
password_encryption = 'scram-sha-256'
unix_socket_permissions = 0700
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
# The log must not repeat what the rows say.
log_error_verbosity = terse
log_min_error_statement = panic
log_checkpoints = off
"""

LOCAL = "# Settings of your own go here and before those of gis-sites.\n"
INCLUDES = "include_if_exists = 'gis_sites.conf'\ninclude_if_exists = 'local.conf'\n"


def make_data(place: Place, postgres: Postgres) -> None:
    """Make the data directory, beside its place first: killed at any moment, it is there whole or not at all.

    Raises:
        DatabaseError: the account cannot enter the folder, or `initdb` fails; the sentence holds its last lines.
    """
    can_enter(place)
    for left in place.folder.glob("data.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    _write_passwords(place)
    new = place.folder / f"data.new-{secrets.token_hex(4)}"
    first = place.folder / "admin.password"
    try:
        write(first, password(place, ADMIN) + "\n", place.account)
        _initdb(place, postgres, new, first)
        write(new / "local.conf", LOCAL, place.account)
        write(new / "postgresql.conf", (new / "postgresql.conf").read_text(encoding="utf-8") + INCLUDES, place.account)
        rename(new, place.data)
    finally:
        first.unlink(missing_ok=True)
        shutil.rmtree(new, ignore_errors=True)


def _initdb(place: Place, postgres: Postgres, new: Path, first: Path) -> None:
    options = ["--username", ADMIN, "--pwfile", str(first), "--auth", "scram-sha-256", "--encoding", "UTF8"]
    options += ["--locale", "C.UTF-8", "--data-checksums", "--no-instructions", "--pgdata", str(new)]
    done = run(place.account, [postgres.program("initdb"), *options], stdout=subprocess.PIPE)
    write(place.log, done.stdout.decode("utf-8", "replace"), place.account)
    if done.returncode:
        fail(place, "db.initdb_failed")


def settle(place: Place, postgres: Postgres) -> None:
    """See to it that a data directory at rest has today's settings, and passwords we know."""
    write(place.data / "gis_sites.conf", CONF, place.account)
    if not place.passwords.exists():
        _write_passwords(place)
        _reset_admin(place, postgres)


def _reset_admin(place: Place, postgres: Postgres) -> None:
    """Give the superuser its new password, without a server: with its passwords lost nobody could connect."""
    order = place.folder / "admin.password"
    write(order, f"ALTER ROLE {ADMIN} PASSWORD '{password(place, ADMIN)}'\n", place.account)
    try:
        with order.open("rb") as lines:
            command = [postgres.program("postgres"), "--single", "-D", str(place.data), "postgres"]
            done = run(place.account, command, stdin=lines.fileno(), stdout=subprocess.PIPE)
    finally:
        order.unlink()
    if done.returncode:
        place.passwords.unlink()
        fail(place, "db.start_failed")


def _write_passwords(place: Place) -> None:
    lines = (f"*:*:*:{role}:{secrets.token_urlsafe(24)}\n" for role in (ADMIN, ROLE))
    write(place.passwords, "".join(lines), place.account)


def password(place: Place, role: str) -> str:
    """Return the password of a role.

    Raises:
        DatabaseError: it is lost while the server runs.
    """
    try:
        lines = place.passwords.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as fault:
        raise DatabaseError("db.no_password", path=place.passwords) from fault
    return {fields[3]: fields[4] for line in lines if len(fields := line.split(":")) == 5}[role]
