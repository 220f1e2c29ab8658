"""A file handed over: known by its SHA-256, read only by a child process, never written."""

import hashlib
import json
import shutil
import weakref
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from gis_sites.errors import Refused, WrongUse
from gis_sites.intake import encodings, reader
from gis_sites.intake.children import Child, child
from gis_sites.intake.formats import ARCHIVE, BY_SUFFIX, READ, File, Format, format_of, suffix_of
from gis_sites.scratch import scratch

LARGEST = 32 << 30
"""Bytes of the largest file we try."""
LIST_SECONDS = 120
UNPACK_SECONDS = 900
CPU_OVER = -24
"""How a process ends that used up its processor time (SIGXCPU)."""
DBASE_LETTERS = 10
"""Letters of a column's name that a dBASE table keeps."""


@dataclass(frozen=True)
class SourceTable:
    """A table of a source: what is known without reading its rows."""

    name: str
    geometry: str | None
    columns: Mapping[str, str]
    rows: int
    crs: str | None
    layer: str = ""
    """What its file calls it."""
    own: str = ""
    """Its name without what tells it from others of that name."""
    file: File = field(default=File("", "gpkg", ""), repr=False)
    encoding: str | None = None
    """In which encoding the reader takes its texts, where the format does not say so once for all."""
    withheld: Sequence[str] = ()
    """Columns that are in the file and on no list of what may enter: they are never read."""
    unclear: tuple[str, Mapping[str, Any]] | None = None
    """Why its texts cannot be read yet: the sentence of a refusal."""

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

    @property
    def closed(self) -> bool:
        """Whether none of its columns may enter."""
        return bool(self.withheld) and not self.columns and self.geometry is None

    @property
    def spoken(self) -> str:
        """The name that may tell what it holds: of folders and files beside it nothing."""
        return self.own or self.name

    @property
    def cut(self) -> int | None:
        """After how many letters its columns' names may be cut off."""
        return DBASE_LETTERS if self.file.kind == "shp" else None

    def refuse_unclear(self) -> None:
        """Refuse a table whose texts are in no known encoding.

        Raises:
            Refused: the encoding must be stated, or the stated one is not theirs.
        """
        if self.unclear:
            raise Refused(self.unclear[0], **self.unclear[1])


@dataclass(frozen=True)
class Source:
    """A file as it was when it was opened."""

    path: Path
    name: str
    size: int
    sha256: str
    tables: tuple[SourceTable, ...]
    unread: tuple[str, ...] = ()
    """The files of an archive that are of no format we read."""
    seen: Mapping[Path, tuple[int, int]] = field(repr=False, default_factory=dict)
    """Size and time of change of its files when it was opened, to notice a writer."""

    @cached_property
    def by_name(self) -> Mapping[str, SourceTable]:
        """The tables by their name."""
        return {table.name: table for table in self.tables}


def open_source(path: Path, encoding: str | None = None) -> Source:
    """Open a file: take its hash and list its tables, in a child process; an archive is unpacked for that.

    Args:
        path: the file; of a shapefile, the `.shp` among its parts.
        encoding: what its texts are in, where it does not say so itself.

    Raises:
        WrongUse: there is no such file or encoding.
        Refused: it is too large, of no format we read, not whole, or cannot be read.
    """
    if not path.is_file():
        raise WrongUse("import.no_file", file=path)
    size = path.stat().st_size
    if size > LARGEST:
        raise Refused("import.too_large", file=path.name, size=size >> 30, most=LARGEST >> 30)
    stated = encodings.known(encoding) if encoding else None
    with ExitStack() as until:
        files, unread = _files(path, until)
        tables = _named([table for file in files for table in _listed(file.with_encoding(stated))])
        if not tables:
            raise Refused("import.no_tables", file=path.name)
        mine = [path] if suffix_of(path.name) == f".{ARCHIVE}" else _parts(Path(files[0].path))
        source = Source(mine[0].resolve(), path.name, size, _sha256(mine), tables, unread, _seen(mine))
        weakref.finalize(source, until.pop_all().close)
    return source


def _files(path: Path, until: ExitStack) -> tuple[list[File], tuple[str, ...]]:
    """Return the files that hold the tables, and the names of those in an archive that are not read."""
    one = format_of(path, path.name)
    if one.kind != ARCHIVE:
        return [_alone(path, one, until)], ()
    folder = until.enter_context(scratch())
    said = _ask(("unpack", str(path.resolve()), str(folder), path.name), path.name, seconds=UNPACK_SECONDS)
    files = [File(**file) for file in said["files"]]
    if not files:
        raise Refused("import.no_files", file=path.name, formats=READ, members=", ".join(said["unread"][:8]) or "-")
    for file in files:
        _whole(file, format_of(Path(file.path), file.label))
    return files, tuple(said["unread"])


def _alone(path: Path, one: Format, until: ExitStack) -> File:
    """Return a file as it is read: with what belongs to it in a folder of its own, under a name that says nothing."""
    parts = {one.suffixes[0]: path, **{suffix_of(other.name): other for other in _beside(path, one)}}
    place: Callable[[Path, Path], object] = _link
    if one.kind == "gpkg":
        # Its last changes may lie beside it (write-ahead log): reading it in place would write.
        place, parts = (shutil.copyfile, parts) if _has_log(path) else (_link, {one.suffixes[0]: path})
    folder = until.enter_context(scratch())
    for suffix, part in parts.items():
        place(part.resolve(), folder / f"0{suffix}")
    file = File(str(folder / f"0{one.suffixes[0]}"), one.kind, path.name)
    _whole(file, one)
    return file


def _has_log(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(20)[18:] == b"\x02\x02"


def _link(part: Path, to: Path) -> None:
    to.symlink_to(part)


def _beside(path: Path, one: Format) -> Iterator[Path]:
    """Yield the files that belong to one, whatever the capitals of their names."""
    wanted = {f"{path.stem}{suffix}".casefold() for suffix in (*one.needs, *one.takes)}
    if wanted:
        # The last of a suffix is taken: the one called exactly like the file.
        found = [other for other in path.parent.iterdir() if other.name.casefold() in wanted]
        yield from sorted(found, key=lambda other: other.stem == path.stem)


def _whole(file: File, one: Format) -> None:
    for suffix in one.needs:
        if not Path(file.path).with_suffix(suffix).exists():
            raise Refused("import.part_missing", file=file.label, part=suffix)


def _parts(path: Path) -> list[Path]:
    """Return the files a source is made of, its own first."""
    one = BY_SUFFIX[suffix_of(path.name)]
    return [path, *sorted(_beside(path, one))]


def _sha256(parts: list[Path]) -> str:
    found = hashlib.sha256()
    for part in parts:
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        if len(parts) == 1:
            return digest.hexdigest()
        found.update(suffix_of(part.name).encode() + digest.digest())
    return found.hexdigest()


def _seen(parts: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    stats = {part: part.stat() for part in parts}
    return {part: (stat.st_size, stat.st_mtime_ns) for part, stat in stats.items()}


def _listed(file: File) -> list[SourceTable]:
    found = _ask(("list", file.packed()), file.label, seconds=LIST_SECONDS)
    return [SourceTable(**{"layer": table["name"], **table}, file=file) for table in found]


def _ask(words: tuple[str, ...], name: str, *, seconds: float) -> Any:  # noqa: ANN401 - any JSON
    with child(*words) as process:
        try:
            said = process.read(seconds)
        except TimeoutError as error:
            raise Refused("import.reader_slow", file=name, seconds=seconds) from error
        _judge(process, name)
        return json.loads(said)


def _named(tables: list[SourceTable]) -> tuple[SourceTable, ...]:
    """Call tables by the shortest name that no other has: their own, with the file or folder, with the whole path."""
    names = [_names(table) for table in tables]
    counts = [Counter(one[length].casefold() for one in names) for length in range(2)]
    return tuple(
        replace(table, name=next((one[n] for n in range(2) if counts[n][one[n].casefold()] == 1), one[2]), own=one[0])
        for table, one in zip(tables, names, strict=True)
    )


def _names(table: SourceTable) -> tuple[str, str, str]:
    file = table.file
    if BY_SUFFIX[suffix_of(file.path)].several:
        return table.name, f"{file.stem}/{table.name}", f"{file.label}/{table.name}"
    return file.stem, f"{file.folder}/{file.stem}", file.label


def read_table(source: Source, table: str, columns: Sequence[str]) -> Generator[pa.RecordBatch, None, None]:
    """Yield a table in batches: `__row`, the columns asked for, `__wkb` and `__curved` where it has geometry.

    Raises:
        Refused: the file cannot be read to its end, takes too long, or changed meanwhile.
    """
    one = source.by_name[table]
    name = one.file.label
    with child("read", one.file.with_encoding(one.encoding).packed(), one.layer, *columns) as process:
        try:
            yield from _stream(process.stdout)
        except pa.ArrowInvalid as error:
            process.kill()
            _judge(process, name)
            raise Refused("import.unreadable", file=name, fault=error) from error
        _judge(process, name)
    if not _unchanged(source):
        raise Refused("import.file_changed", file=source.name)


def _unchanged(source: Source) -> bool:
    try:
        return _seen(source.seen) == source.seen
    except FileNotFoundError:
        return False


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
        raise Refused("import.reader_slow", file=name, seconds=process.seconds)
    said = process.complaint()
    if code == reader.REFUSED:
        key, values = json.loads(said)
        raise Refused(key, **values)
    if "bad_alloc" in said:
        raise Refused("import.reader_memory", file=name)
    raise Refused("import.unreadable", file=name, fault=said or f"signal {-code}")
