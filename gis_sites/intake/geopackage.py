"""A GeoPackage looked at with suspicion before GDAL opens it: a database can hold more than tables."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from urllib.parse import quote

from gis_sites.errors import Refused
from gis_sites.intake.formats import File
from gis_sites.intake.limits import TABLES, refuse_name, shown

GUARDS = ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "mmap_size = 0")
SCHEMA = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'view')"
MOST = 6 * TABLES
"""Tables of a database: each of ours has an index of five more."""
_INDEX = re.compile(rb"CREATE\s+VIRTUAL\s+TABLE\s+.{1,300}?\s+USING\s+rtree\s*\(", re.IGNORECASE | re.DOTALL)
_VIRTUAL = re.compile(rb"CREATE\s+VIRTUAL", re.IGNORECASE)


def inspect(file: File) -> None:
    """Refuse a database that is no GeoPackage, or some of whose rows are not stored but made when they are read.

    A query behind a view may never end; GDAL would run it only to count its rows.

    Raises:
        Refused: it is such a database, or it cannot be read.
    """
    try:
        with _opened(file) as db:
            found = [(kind, _name(name, file), bytes(sql or b"")) for kind, name, sql in db.execute(SCHEMA)]
    except sqlite3.Error as error:
        raise Refused("import.unreadable", file=file.label, fault=error) from error
    if "gpkg_contents" not in {name.casefold() for _, name, _ in found}:
        raise Refused("import.no_geopackage_tables", file=file.label)
    if len(found) > MOST:
        raise Refused("import.too_many_tables", file=file.label, count=len(found), most=MOST)
    for kind, name, sql in found:
        if kind == b"view" or (_VIRTUAL.match(sql) and not _INDEX.match(sql)):
            raise Refused("import.view", file=file.label, table=shown(name))


def worded(file: File, table: str, columns: Sequence[str]) -> list[str]:
    """Return the columns that hold texts, whatever type they say they have: SQLite lets them, "12,5" as well as ""."""
    if not columns:
        return []
    asked = ", ".join(f"max(typeof({_quoted(one)}) = 'text')" for one in columns)
    with _opened(file) as db:
        found = db.execute(f"SELECT {asked} FROM {_quoted(table)}").fetchone()  # noqa: S608 - quoted names
    return [one for one, there in zip(columns, found, strict=True) if there]


def texts(file: File, table: str, column: str, rows: Iterable[int]) -> Iterator[str]:
    """Yield what stands in some cells, by the numbers of their rows, whatever type the column says it has."""
    query = f"SELECT CAST({_quoted(column)} AS TEXT) FROM {_quoted(table)} WHERE rowid = ?"  # noqa: S608 - quoted names
    with _opened(file) as db:
        for row in rows:
            found = db.execute(query, (row,)).fetchone()
            yield ((found and found[0]) or b"").decode("utf-8", "replace")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def _opened(file: File) -> Iterator[sqlite3.Connection]:
    """Open a database so that nothing in it is run and nothing is written."""
    with closing(sqlite3.connect(f"file:{quote(file.path)}?mode=ro", uri=True)) as db:
        db.text_factory = bytes
        for guard in GUARDS:
            db.execute(f"PRAGMA {guard}")
        yield db


def _name(raw: object, file: File) -> str:
    """Return a name, which must be a text in UTF-8."""
    if isinstance(raw, bytes):
        try:
            return raw.decode()
        except UnicodeDecodeError:
            refuse_name(raw.decode("cp1250", "replace"), file)
    return str(raw)
