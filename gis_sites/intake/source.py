"""A file handed over: known by its SHA-256, read only by a child process, never written."""

import hashlib
import json
import shutil
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO

import pyarrow as pa

from gis_sites.errors import Refused, WrongUse
from gis_sites.intake import reader
from gis_sites.intake.children import Child, child
from gis_sites.scratch import scratch

LARGEST = 32 << 30
"""Bytes of the largest file we try."""
LIST_SECONDS = 120
CPU_OVER = -24
"""How a process ends that used up its processor time (SIGXCPU)."""


@dataclass(frozen=True)
class SourceTable:
    """A table of a source: what is known without reading its rows."""

    name: str
    geometry: str | None
    columns: Mapping[str, str]
    rows: int
    crs: str | None

    @property
    def kind(self) -> str | None:
        """The kind of its geometry: `polygon`, `line`, `point`, `any`; None for a table without."""
        if self.geometry is None:
            return None
        word = self.geometry.casefold().removeprefix("3d ")
        for kind, signs in (("polygon", ("polygon", "surface")), ("line", ("line", "curve")), ("point", ("point",))):
            if any(sign in word for sign in signs):
                return kind
        return "any"


@dataclass(frozen=True)
class Source:
    """A file as it was when it was opened."""

    path: Path
    name: str
    size: int
    sha256: str
    tables: tuple[SourceTable, ...]
    seen: tuple[int, int] = field(repr=False, default=(0, 0))
    """Size and time of change when it was opened, to notice a writer."""

    @cached_property
    def by_name(self) -> Mapping[str, SourceTable]:
        """The tables by their name."""
        return {table.name: table for table in self.tables}


def open_source(path: Path) -> Source:
    """Open a GeoPackage: take its hash and list its tables, in a child process.

    Raises:
        WrongUse: there is no such file.
        Refused: it is too large, no GeoPackage, or cannot be read.
    """
    if not path.is_file():
        raise WrongUse("import.no_file", file=path)
    size = path.stat().st_size
    if size > LARGEST:
        raise Refused("import.too_large", file=path.name, size=size >> 30, most=LARGEST >> 30)
    with path.open("rb") as file:
        head = file.read(100)
    if not head.startswith(b"SQLite format 3\0"):
        raise Refused("import.not_geopackage", file=path.name)
    with ExitStack() as until:
        copy = _without_journal(path, head, until)
        tables = _listed(copy, path.name)
        if not tables:
            raise Refused("import.no_tables", file=path.name)
        source = Source(copy.resolve(), path.name, size, _sha256(copy), tables, seen=_seen(copy))
        weakref.finalize(source, until.pop_all().close)
    return source


def _without_journal(path: Path, head: bytes, until: ExitStack) -> Path:
    """Copy a file whose last changes may lie beside it (write-ahead log): reading it in place would write."""
    if head[18:20] != b"\x02\x02":
        return path
    folder = until.enter_context(scratch())
    for suffix in ("", "-wal"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            shutil.copyfile(beside, folder / beside.name)
    return folder / path.name


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256")
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        found.update(wal.read_bytes())
    return found.hexdigest()


def _seen(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _listed(path: Path, name: str) -> tuple[SourceTable, ...]:
    with child("list", str(path.resolve())) as process:
        try:
            said = process.read(LIST_SECONDS)
        except TimeoutError as error:
            raise Refused("import.reader_slow", file=name, seconds=LIST_SECONDS) from error
        _judge(process, name)
        return tuple(SourceTable(**table) for table in json.loads(said))


def read_table(source: Source, table: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield a table in batches: `__row`, the columns asked for, `__wkb` and `__curved` where it has geometry.

    Raises:
        Refused: the file cannot be read to its end, takes too long, or changed meanwhile.
    """
    with child("read", str(source.path.resolve()), table, *columns) as process:
        try:
            yield from _stream(process.stdout)
        except pa.ArrowInvalid as error:
            process.kill()
            _judge(process, source.name)
            raise Refused("import.unreadable", file=source.name, fault=error) from error
        _judge(process, source.name)
    if _seen(source.path) != source.seen:
        raise Refused("import.file_changed", file=source.name)


def _stream(pipe: IO[bytes]) -> Iterator[pa.RecordBatch]:
    # An empty table writes nothing at all, which is no Arrow stream.
    peeked = pipe.peek(1) if hasattr(pipe, "peek") else b"?"
    if peeked:
        with pa.ipc.open_stream(pipe) as stream:
            yield from stream


def _judge(process: Child, name: str) -> None:
    """Raise the sentence for a child that did not end well."""
    code = process.wait()
    if code == 0:
        return
    if code == CPU_OVER:
        raise Refused("import.reader_slow", file=name, seconds=reader.SECONDS)
    raise Refused("import.unreadable", file=name, fault=process.complaint() or f"signal {-code}")
