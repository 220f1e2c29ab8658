"""The schemas of the inventory as a stream, written by `pg_dump` and read by `pg_restore`."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from gis_sites.errors import DatabaseError
from gis_sites.settings import Settings
from gis_sites.store.embedded.postgres import folders
from gis_sites.store.registry import SCHEMA as REGISTRY
from gis_sites.store.tables import SCHEMA

CACHES = f"{SCHEMA}.(tiles|sites)_*_[0-9a-f]{{8}}"
"""Tables that are made again when they are missing."""
COMMON = ("--no-owner", "--no-privileges", "--no-tablespaces", "--no-password")
LOCK_WAIT_MS = 60_000


@dataclass(frozen=True)
class Tool:
    """A program of one PostgreSQL."""

    path: Path
    major: int


def server_major(conn: sa.Connection) -> int:
    """Return the major version of the database server."""
    return int(conn.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000


def tool(settings: Settings, name: str, *, least: int) -> Tool:
    """Return the oldest installed `pg_dump` or `pg_restore` that is no older than `least`.

    Raises:
        DatabaseError: there is none.
    """
    programs = [folder / name for folder in folders(settings.postgres_bin)]
    found = [Tool(program, _major(program)) for program in programs if program.is_file()]
    fitting = [one for one in found if one.major >= least]
    if not fitting:
        raise DatabaseError("store.no_tool", program=name, major=least)
    return min(fitting, key=lambda one: one.major)


def _major(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"\d+", said)
    return int(found[0]) if found else 0


def dump(program: Tool, engine: sa.Engine, sink: IO[bytes]) -> None:
    """Write registry and tables, as of one moment, to a file; caches are left out.

    Raises:
        DatabaseError: `pg_dump` fails; the sentence says why.
    """
    what = ["--format=custom", f"--schema={REGISTRY}", f"--schema={SCHEMA}", f"--exclude-table={CACHES}"]
    what.append(f"--lock-wait-timeout={LOCK_WAIT_MS}")
    _run(program, engine, what, key="store.backup_failed", sink=sink)


def load(program: Tool, engine: sa.Engine, source: IO[bytes]) -> None:
    """Make what a dump holds, all of it or nothing, and have the server look at it.

    Raises:
        DatabaseError: `pg_restore` fails; the sentence says why.
    """
    _run(program, engine, ["--single-transaction", "--exit-on-error"], key="store.restore_failed", source=source)
    tables = sa.text("SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname = ANY(:ours)")
    with engine.begin() as conn:
        for name in conn.execute(tables, {"ours": [REGISTRY, SCHEMA]}).scalars().all():
            conn.exec_driver_sql(f"ANALYZE {name}")


def _run(
    program: Tool,
    engine: sa.Engine,
    options: list[str],
    *,
    key: str,
    source: IO[bytes] | None = None,
    sink: IO[bytes] | None = None,
) -> None:
    """Run a program on the database, feeding it a file or keeping what it writes; killed with us, it ends too."""
    where, environment = _address(engine)
    with (
        tempfile.TemporaryFile() as faults,
        subprocess.Popen(  # noqa: S603 - a full path, and no shell reads the words
            [program.path, *COMMON, *options, "--dbname", where],
            stdin=subprocess.PIPE if source else subprocess.DEVNULL,
            stdout=subprocess.PIPE if sink else subprocess.DEVNULL,
            stderr=faults,
            env=environment,
        ) as process,
    ):
        try:
            if source and process.stdin:
                _feed(source, process.stdin)
            if sink and process.stdout:
                shutil.copyfileobj(process.stdout, sink, 1 << 20)
        except BaseException:
            process.kill()
            raise
        if process.wait():
            faults.seek(0)
            raise DatabaseError(key, fault=_said(faults.read(4000).decode("utf-8", "replace")))


def _feed(source: IO[bytes], pipe: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(source, pipe, 1 << 20)
        pipe.close()
    except BrokenPipeError:
        return  # it has ended, and says why


def _said(text: str) -> str:
    """Return the first fault a program tells, without its name."""
    lines = [line for line in text.splitlines() if "error:" in line] or text.splitlines() or ["?"]
    return lines[0].partition("error:")[2].strip() or lines[0].strip()


def _address(engine: sa.Engine) -> tuple[str, dict[str, str]]:
    """Return the address of the database, and the environment that holds its password: words can be read by others."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    known = conninfo_to_dict(url)
    password = known.pop("password", None)
    # What the user set for other programs must not change what these do.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PGOPTIONS": ""}
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    return make_conninfo("", **known), environment
