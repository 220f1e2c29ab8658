"""Revisions: the immutable contents of layers, each a table of its own in schema `store`.

A revision is made in one transaction: `create`, `append` and `carry_over`, `finish`. It is then ready but
invisible until a state names it. Its rows are numbered from 0 in the order of keys, so a row is a position.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from gis_sites.catalogue import Layer
from gis_sites.errors import NotFound
from gis_sites.store.copy import copy_in, quoted_column
from gis_sites.store.reading import ALL, Features, Which, fills, read
from gis_sites.store.registry import parts as parts_table
from gis_sites.store.registry import revisions as revisions_table
from gis_sites.store.tables import FIXED, SCHEMA, field_columns, quoted, revision_table

__all__ = [
    "ALL", "Coverage", "Draft", "Features", "Part", "Revision", "Which",
    "append", "carry_over", "create", "fills", "finish", "get", "listed", "read", "several",
]  # fmt: skip

ORDER = 'key COLLATE "C", part COLLATE "C", load, source_row'


UNREAD = b""
"""In place of a coverage's geometry that was not fetched: a city's boundary stands in hundreds of parts."""


@dataclass(frozen=True)
class Coverage:
    """Where a part speaks at all."""

    kind: str
    stated: bool
    wkb: bytes | None
    """In the working CRS; None: everything; `UNREAD` where nobody asked for it."""


@dataclass(frozen=True)
class Part:
    """The piece of a revision that one load brought."""

    name: str
    load: int
    rows: int
    coverage: Coverage
    dated: date | None
    publisher: str | None


@dataclass(frozen=True)
class Revision:
    """An immutable content of one layer."""

    id: int
    layer: str
    number: int
    table: str
    layer_hash: str
    types: Mapping[str, str]
    """The stored columns and their SQL types."""
    rows: int
    at: datetime
    """When it was made."""
    parts: tuple[Part, ...]
    only: str | None = None
    """Which of its rows may be read, as SQL; None: all of them."""

    @property
    def mark(self) -> str:
        """What tells its content from any other's in the files that are kept.

        A restored inventory may give a number again, but not at the same moment.
        """
        return f"{self.id} {self.at.isoformat()}"

    @property
    def fields(self) -> tuple[str, ...]:
        """The stored columns, in their order."""
        return tuple(self.types)


@dataclass
class Draft:
    """A revision being made."""

    id: int
    layer: Layer
    number: int
    table: str
    srid: int
    rows: int = 0


def create(conn: sa.Connection, layer: Layer, *, srid: int) -> Draft:
    """Make the empty table of a layer's next revision."""
    conn.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"revision {layer.name}"})
    last = sa.select(sa.func.coalesce(sa.func.max(revisions_table.c.number), 0))
    number = conn.execute(last.where(revisions_table.c.layer == layer.name)).scalar_one() + 1
    name = f"{layer.name}_r{number}"
    revision_table(name, layer, srid).create(conn)
    row = revisions_table.insert().values(
        layer=layer.name,
        number=number,
        table_name=f"{SCHEMA}.{name}",
        layer_hash=layer.hash,
        fields=[[column, kind.name] for column, kind in field_columns(layer).items()],
        rows=0,
        status="draft",
    )
    made = conn.execute(row.returning(revisions_table.c.id)).scalar_one()
    return Draft(made, layer, number, f"{SCHEMA}.{name}", srid)


def append(conn: sa.Connection, draft: Draft, data: pa.Table | Iterable[pa.Table]) -> int:
    """Add rows; columns left out are unknown, row numbers left out are given in order of arrival.

    Raises:
        ValueError: a column is none of the table's.
    """
    return copy_in(conn, draft.table, _numbered(draft, [data] if isinstance(data, pa.Table) else data))


def _numbered(draft: Draft, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    known = {*FIXED, *field_columns(draft.layer), "geom"}
    for table in tables:
        if unknown := set(table.column_names) - known:
            raise ValueError(f"{draft.table} has no columns {sorted(unknown)}")
        first, draft.rows = draft.rows, draft.rows + table.num_rows
        if "row" in table.column_names:
            yield table
        else:
            yield table.append_column("row", pa.array(range(first, draft.rows), pa.int32()))


def carry_over(conn: sa.Connection, draft: Draft, base: Revision, *, without: Collection[str]) -> int:
    """Take the other parts over as they were.

    A field the base lacks, or holds as another type, is unknown in the rows carried over.
    """
    now = {column: kind.name for column, kind in field_columns(draft.layer).items()}
    same = [column for column in now if base.types.get(column) == now[column]]
    plain = ["key", "part", "load", "source_row", *same, *([] if draft.layer.geometry == "table" else ["geom"])]
    names = ", ".join(map(quoted_column, plain))
    statement = sa.text(
        f"INSERT INTO {quoted(draft.table)} (row, {names}) SELECT row + :first, {names} "  # noqa: S608 - our own names
        f"FROM {quoted(base.table)} WHERE part <> ALL(:without)"
    )
    done = conn.execute(statement, {"first": draft.rows, "without": list(without)})
    draft.rows += base.rows  # numbers are taken, even where rows are not: `finish` closes the gaps
    return done.rowcount


def finish(conn: sa.Connection, draft: Draft, parts: Sequence[Part], *, numbered: bool = False) -> Revision:
    """Number the rows, make the indexes and register the revision as ready.

    `parts` are all the parts of the revision, those carried over too; `numbered`: the rows came with the numbers that
    the order of keys gives them.

    Raises:
        ValueError: the parts do not sum to the rows.
    """
    count = sa.text(f"SELECT part, count(*) AS n FROM {quoted(draft.table)} GROUP BY part")  # noqa: S608 - our own names
    counted: dict[str, int] = {one.part: one.n for one in conn.execute(count)}
    if counted != {part.name: part.rows for part in parts if part.rows}:
        raise ValueError(f"{draft.table} holds {counted}, its parts say {[(one.name, one.rows) for one in parts]}")
    if not numbered and not _in_order(conn, draft):
        _sort(conn, draft)
    _index(conn, draft)
    row = {"rows": sum(counted.values()), "status": "ready"}
    conn.execute(revisions_table.update().where(revisions_table.c.id == draft.id).values(row))
    if parts:
        conn.execute(parts_table.insert(), [_part_row(draft.id, part) for part in parts])
    return get(conn, draft.id)


def _in_order(conn: sa.Connection, draft: Draft) -> bool:
    wrong = sa.text(
        f"SELECT EXISTS (SELECT FROM (SELECT row, row_number() OVER (ORDER BY {ORDER}, row) - 1 AS wanted "  # noqa: S608
        f"FROM {quoted(draft.table)}) AS numbered WHERE row IS DISTINCT FROM wanted)"
    )
    return not conn.execute(wrong).scalar_one()


def _sort(conn: sa.Connection, draft: Draft) -> None:
    """Write the table anew in the order of keys: no dead rows are left behind, and neighbours lie together."""
    schema, name = draft.table.split(".")
    conn.execute(sa.text(f"ALTER TABLE {quoted(draft.table)} RENAME TO {quoted(name + '_draft')}"))
    table = revision_table(name, draft.layer, draft.srid)
    table.create(conn)
    rest = ", ".join(quoted_column(column.name) for column in table.columns if column.name != "row")
    before = quoted(f"{schema}.{name}_draft")
    conn.execute(
        sa.text(
            f"INSERT INTO {quoted(draft.table)} (row, {rest}) SELECT row_number() OVER (ORDER BY {ORDER}, row) - 1, "  # noqa: S608
            f"{rest} FROM {before} ORDER BY {ORDER}, row"
        )
    )
    conn.execute(sa.text(f"DROP TABLE {before}"))


def _index(conn: sa.Connection, draft: Draft) -> None:
    table = quoted(draft.table)
    conn.execute(sa.text(f"ALTER TABLE {table} ADD PRIMARY KEY (row)"))
    conn.execute(sa.text(f"CREATE INDEX ON {table} (key)"))
    if draft.layer.geometry != "table":
        conn.execute(sa.text(f"CREATE INDEX ON {table} USING gist (geom)"))
    # A sample of 300 times this many rows says enough; the usual one takes longer than an index.
    conn.execute(sa.text("SET LOCAL default_statistics_target = 30"))
    conn.execute(sa.text(f"ANALYZE {table}"))
    conn.execute(sa.text("SET LOCAL default_statistics_target TO DEFAULT"))


def _part_row(revision: int, part: Part) -> dict[str, Any]:
    return {
        "revision_id": revision,
        "name": part.name,
        "load_id": part.load,
        "rows": part.rows,
        "coverage": part.coverage.kind,
        "stated": part.coverage.stated,
        "wkb": part.coverage.wkb,
        "dated": part.dated,
        "publisher": part.publisher,
    }


def get(conn: sa.Connection, revision: int) -> Revision:
    """Return a revision.

    Raises:
        NotFound: there is none of that id.
    """
    found = several(conn, [revision], coverages=True)
    if not found:
        raise NotFound("store.no_revision", id=revision)
    return found[0]


def several(conn: sa.Connection, ids: Iterable[int], *, coverages: bool = False) -> list[Revision]:
    """Return the revisions of these ids, newest first; the geometries of coverages only where asked for."""
    return _revisions(conn, revisions_table.c.id.in_(list(ids)), coverages=coverages)


def listed(conn: sa.Connection, layer: str | None = None, *, coverages: bool = False) -> list[Revision]:
    """Return every revision that is ready, newest first, of one layer or of all."""
    ready = revisions_table.c.status == "ready"
    which = ready if layer is None else ready & (revisions_table.c.layer == layer)
    return _revisions(conn, which, coverages=coverages)


def _revisions(conn: sa.Connection, which: sa.ColumnElement[bool], *, coverages: bool) -> list[Revision]:
    rows = conn.execute(revisions_table.select().where(which).order_by(revisions_table.c.id.desc())).all()
    wanted = parts_table.c.revision_id.in_([row.id for row in rows])
    parts: dict[int, list[Part]] = {row.id: [] for row in rows}
    columns = [column for column in parts_table.columns if coverages or column.name != "wkb"]
    for one in conn.execute(sa.select(*columns).where(wanted).order_by(parts_table.c.id)):
        coverage = Coverage(one.coverage, one.stated, one.wkb if coverages else UNREAD)
        parts[one.revision_id].append(Part(one.name, one.load_id, one.rows, coverage, one.dated, one.publisher))
    return [
        Revision(
            row.id,
            row.layer,
            row.number,
            row.table_name,
            row.layer_hash,
            dict(row.fields),
            row.rows,
            row.at,
            tuple(parts[row.id]),
        )
        for row in rows
    ]
