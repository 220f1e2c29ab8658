"""Backup and restore: all that decides an answer in one file, so that another machine gives it to the last bit.

The file is a zip: `backup.json` says what it is, `database.dump` is what `pg_dump` wrote (its custom format), and the
layer files in use lie in `layers/` for who needs them again; a city's own symbols are `symbols.csv`.
"""

import fcntl
import hashlib
import os
import struct
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict

from gis_sites.catalogue import own_layers
from gis_sites.errors import DatabaseError, Refused, WrongUse
from gis_sites.settings import Settings
from gis_sites.store import dump, states
from gis_sites.store.connect import Store, alone, asked_crs, database, need_postgis, open_store
from gis_sites.store.faults import told
from gis_sites.store.migrations import HEAD
from gis_sites.store.registry import SCHEMA as REGISTRY
from gis_sites.store.tables import SCHEMA

ABOUT, DUMP, LAYERS, SYMBOLS = "backup.json", "database.dump", "layers/", "symbols.csv"
LONGEST_ABOUT = 1 << 20


class About(BaseModel):
    """What a backup says of itself."""

    model_config = ConfigDict(frozen=True)

    format: Literal["gis-sites/backup/1"] = "gis-sites/backup/1"
    at: datetime
    software: str
    registry: str
    """The version of the fixed tables."""
    crs: str
    state: int | None
    postgresql: int
    """The major version of the server."""
    pg_dump: int
    """The major version of the program that wrote the dump."""
    files: dict[str, str]
    """The layer files in use, by their SHA-256."""


@dataclass(frozen=True)
class Backup:
    """A backup that was written or brought back."""

    about: About
    size: int
    differing: tuple[str, ...] = ()
    """The layer files that were others when it was written."""


def backup(settings: Settings, path: Path) -> Backup:
    """Write the inventory into one private file, beside its place first: it is there whole or not at all.

    Raises:
        Refused: the inventory is empty, or the file is being written by another command.
        WrongUse: the file cannot be written there.
        DatabaseError: the database cannot be read.
    """
    files = _layer_files(settings)
    with open_store(settings) as store, _beside(path) as sink, zipfile.ZipFile(sink, "w") as archive:
        about, program = _described(store, files)
        archive.writestr(ABOUT, about.model_dump_json(indent=2))
        for name, content in files.items():
            archive.writestr(name, content)
        with archive.open(DUMP, "w", force_zip64=True) as member:
            dump.dump(program, store.engine, member)
    return Backup(about, path.stat().st_size)


def _described(store: Store, files: Mapping[str, bytes]) -> tuple[About, dump.Tool]:
    """Say what a backup made now is, and which program can make it.

    Raises:
        Refused: the inventory is empty.
    """
    with store.begin() as conn:
        if _is_empty(conn):
            raise Refused("store.nothing_to_back_up", home=store.home)
        state, major = states.current_id(conn), dump.server_major(conn)
    program = dump.tool(store.settings, "pg_dump", least=major)
    about = About(
        at=datetime.now(UTC),
        software=version("gis-sites"),
        registry=HEAD,
        crs=store.crs,
        state=state,
        postgresql=major,
        pg_dump=program.major,
        files={name: _sha256(content) for name, content in files.items()},
    )
    return about, program


def restore(settings: Settings, path: Path) -> Backup:
    """Bring a backup back into an inventory that is empty, all of it or nothing.

    Raises:
        Refused: the file is no whole backup, or the inventory is not empty.
        WrongUse: there is no such file, or the setting for the working CRS differs from the backup's.
        DatabaseError: the backup is of a newer version, or the database cannot be had or written.
    """
    with _opened(path) as (archive, about):
        asked = asked_crs(settings)
        if asked and asked != about.crs:
            raise WrongUse("store.crs_differs", asked=asked, crs=about.crs)
        with database(settings) as engine, told(settings.home), alone(engine):
            program = _fit(settings, engine, about)
            _clear(engine)
            with archive.open(DUMP) as member:
                dump.load(program, engine, member)
    with open_store(settings):
        now = {name: _sha256(content) for name, content in _layer_files(settings).items()}
    differing = sorted(name for name in now.keys() | about.files.keys() if now.get(name) != about.files.get(name))
    return Backup(about, path.stat().st_size, tuple(differing))


def _layer_files(settings: Settings) -> dict[str, bytes]:
    """Return the files of the catalogue in use, by their name in a backup."""
    folder = settings.layers or own_layers()
    paths = {LAYERS + str(path.relative_to(folder)): path for path in [*folder.glob("*.toml"), *folder.glob("*/*.csv")]}
    if settings.symbols:
        paths[SYMBOLS] = settings.symbols
    return {name: path.read_bytes() for name, path in sorted(paths.items())}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_empty(conn: sa.Connection) -> bool:
    """Tell whether nothing was ever kept: no table of ours, no load, no state, no note of a publisher."""
    if conn.exec_driver_sql(f"SELECT to_regclass('{REGISTRY}.states')").scalar_one() is None:
        return True
    kept = ("states", "loads", "mappings", "shortlists")
    counts = ", ".join(f"EXISTS (SELECT FROM {REGISTRY}.{name})" for name in kept)
    return not any(conn.exec_driver_sql(f"SELECT {counts}").one())


def _fit(settings: Settings, engine: sa.Engine, about: About) -> dump.Tool:
    """Return the program that can bring the backup back into this database.

    Raises:
        Refused: the inventory is not empty.
        DatabaseError: the server is older than the backup's, has no PostGIS, or there is no fit program.
    """
    with engine.begin() as conn:
        if not _is_empty(conn):
            raise Refused("store.not_empty")
        major = dump.server_major(conn)
        if about.postgresql > major:
            raise DatabaseError("store.backup_newer_server", found=about.postgresql, known=major)
        need_postgis(conn)
    return dump.tool(settings, "pg_restore", least=max(major, about.pg_dump))


def _clear(engine: sa.Engine) -> None:
    """Take away the tables of an empty inventory: the backup brings its own."""
    with engine.begin() as conn:
        for schema in (REGISTRY, SCHEMA):
            conn.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@contextmanager
def _beside(path: Path) -> Iterator[IO[bytes]]:
    """Give a private file that takes its place, for good, only when all went well."""
    beside = path.with_name(f".{path.name}.new")
    try:
        number = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise WrongUse("store.backup_not_writable", file=path, fault=fault.strerror) from fault
    with os.fdopen(number, "wb") as file:
        _hold(number, beside, path)
        try:
            file.truncate(0)
            yield file
            file.flush()
            os.fsync(number)
            beside.replace(path)
        except BaseException as fault:
            beside.unlink(missing_ok=True)
            if isinstance(fault, OSError):
                raise WrongUse("store.backup_not_writable", file=path, fault=fault.strerror) from fault
            raise


def _hold(number: int, beside: Path, path: Path) -> None:
    """Lock the file that is being written; what a killed command left of it is written anew."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine = os.fstat(number).st_ino == beside.stat().st_ino  # else it has just taken its place
    except (BlockingIOError, FileNotFoundError):
        mine = False
    if not mine:
        raise Refused("store.backup_busy", file=path)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, About]]:
    """Open a backup that is whole.

    Raises:
        WrongUse: there is no such file.
        Refused: it is no backup, or it is damaged.
        DatabaseError: it was written by a newer version.
    """
    if not path.is_file():
        raise WrongUse("store.no_backup", file=path)
    with path.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
            about = _about(archive)
            whole = archive.testzip() is None
        # A damaged directory sends its reader astray in many ways, of which BadZipFile is one.
        except (
            zipfile.BadZipFile,
            OSError,
            EOFError,
            ValueError,
            KeyError,
            NotImplementedError,
            struct.error,
        ) as fault:
            raise Refused("store.not_backup", file=path) from fault
        if not whole:
            raise Refused("store.backup_damaged", file=path)
        if about.registry > HEAD:
            raise DatabaseError("store.backup_newer", file=path, software=about.software)
        yield archive, about


def _about(archive: zipfile.ZipFile) -> About:
    """Return what a backup says of itself.

    Raises:
        ValueError: it is none of ours.
    """
    for one in archive.infolist():
        if one.compress_type != zipfile.ZIP_STORED or one.flag_bits & 1:
            raise ValueError(one.filename)
    archive.getinfo(DUMP)
    with archive.open(ABOUT) as member:
        return About.model_validate_json(member.read(LONGEST_ABOUT))
