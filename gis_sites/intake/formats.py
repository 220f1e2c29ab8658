"""The formats we read: known by a file's name, and its first bytes must say the same."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from gis_sites.errors import Refused

HEAD = 1024
"""Bytes from the beginning of a file that tell its format."""
ARCHIVE = "zip"
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Format:
    """A format: how its files are called, how they begin, which files belong to one."""

    kind: str
    suffixes: tuple[str, ...]
    begins: Callable[[bytes], bool]
    needs: tuple[str, ...] = ()
    """Suffixes of the files without which it is not whole."""
    takes: tuple[str, ...] = ()
    """Suffixes of the files that tell more about it."""
    several: bool = False
    """Whether a file holds tables with names of their own."""


def _starts(*signs: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signs)


def _is_json(head: bytes) -> bool:
    return head.removeprefix(_BOMS[0]).lstrip().startswith(b"{")


def _is_xml(head: bytes) -> bool:
    # Other encodings than UTF-8 put a zero beside each letter.
    return head.removeprefix(_BOMS[0]).lstrip(b"\xff\xfe\0 \t\r\n").startswith(b"<")


def _is_text(head: bytes) -> bool:
    return head.startswith(_BOMS) or not (b"\0" in head or head.startswith((b"PK", b"%PDF", b"<", b"SQLite")))


FORMATS = (
    Format("gpkg", (".gpkg",), _starts(b"SQLite format 3\0"), takes=(".gpkg-wal",), several=True),
    Format("shp", (".shp",), _starts(b"\x00\x00\x27\x0a"), needs=(".shx", ".dbf"), takes=(".prj", ".cpg")),
    Format("geojson", (".geojson", ".json"), _is_json),
    Format("fgb", (".fgb",), _starts(b"fgb\x03fgb")),
    Format("gml", (".gml", ".xml"), _is_xml, several=True),
    Format("csv", (".csv", ".tsv", ".txt"), _is_text),
    Format("xlsx", (".xlsx", ".xlsm"), _starts(b"PK\x03\x04"), several=True),
    Format(ARCHIVE, (".zip",), _starts(b"PK\x03\x04", b"PK\x05\x06")),
)
BY_SUFFIX = {suffix: one for one in FORMATS for suffix in one.suffixes}
AMBIGUOUS = frozenset({".json", ".txt", ".xml"})
"""Names that explanations go by too: in an archive, such files are left out."""
BESIDE = {suffix: one for one in FORMATS for suffix in (*one.needs, *one.takes)}
READ = ", ".join(suffix for suffix in BY_SUFFIX if suffix not in AMBIGUOUS | {".tsv", ".xlsm"})
"""The formats we read, as a sentence names them."""


@dataclass(frozen=True)
class File:
    """A file as a child process opens it."""

    path: str
    kind: str
    label: str
    """What people call it: its name, in an archive with its folders."""
    encoding: str | None = None
    """Stated for the source when its tables are listed, decided for a table when it is read."""

    @property
    def stem(self) -> str:
        """Its name without folders and suffix."""
        return PurePosixPath(self.label).stem

    @property
    def folder(self) -> str:
        """The folder it lies in, in an archive."""
        return PurePosixPath(self.label).parent.name

    def with_encoding(self, encoding: str | None) -> "File":
        """Return the same file with an encoding of its texts."""
        return replace(self, encoding=encoding)

    def packed(self) -> str:
        """Return it as a word for a child process."""
        return json.dumps(asdict(self))


def unpacked(word: str) -> File:
    """Return the file that a word stands for."""
    return File(**json.loads(word))


def suffix_of(name: str) -> str:
    """Return the end of a file's name that tells its format."""
    return PurePosixPath(name).suffix.casefold()


def format_of(path: Path, label: str) -> Format:
    """Return the format of a file.

    Raises:
        Refused: it is none we read, part of a set of files, empty, or not what its name says.
    """
    suffix = suffix_of(label)
    if suffix not in BY_SUFFIX and suffix in BESIDE:
        raise Refused("import.part_of_set", file=label, whole=BESIDE[suffix].suffixes[0])
    if suffix not in BY_SUFFIX:
        raise Refused("import.format_unknown", file=label, formats=READ)
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise Refused("import.empty_file", file=label)
    if not BY_SUFFIX[suffix].begins(head):
        raise Refused("import.not_as_named", file=label, suffix=suffix)
    return BY_SUFFIX[suffix]
