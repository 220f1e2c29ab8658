"""What was handed over and read: sources by their hash, loads, the fate of every column, findings."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from gis_sites.catalogue import Layer
from gis_sites.errors import NotFound
from gis_sites.findings import Finding, FindingType, mask
from gis_sites.store import registry
from gis_sites.store.copy import copy_in
from gis_sites.store.revisions import Revision

MASKED = "***"
TYPES = {kind.word: kind for kind in FindingType}


@dataclass(frozen=True)
class Load:
    """One run that read tables of a source into parts of layers."""

    id: int
    source: str
    sha256: str
    size: int
    status: str
    publisher: str | None
    dated: date | None
    note: dict[str, Any]
    report: dict[str, Any] | None
    at: datetime


@dataclass(frozen=True)
class Fate:
    """What became of a column of a table: `loaded` into a field, its `unit`, `conflict`, `ignored` or `private`.

    A field `set` for the whole load has its own name for a column.
    """

    table: str
    column: str
    fate: str
    layer: str | None = None
    field: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Noticed:
    """A stored finding: which layer and table it is about, and where it is in the working CRS."""

    layer: str | None
    table: str | None
    finding: Finding
    wkb: bytes | None


def source(conn: sa.Connection, *, sha256: str, name: str, size: int) -> int:
    """Return the id of a source known by its bytes; the name is that of the first time."""
    statement = insert(registry.sources).values(sha256=sha256, name=name, size=size)
    conn.execute(statement.on_conflict_do_nothing(index_elements=[registry.sources.c.sha256]))
    found = sa.select(registry.sources.c.id).where(registry.sources.c.sha256 == sha256)
    return int(conn.execute(found).scalar_one())


def new_load(
    conn: sa.Connection,
    *,
    source: int,
    fingerprint: str,
    publisher: str | None = None,
    dated: date | None = None,
    note: Mapping[str, Any] | None = None,
) -> int:
    """Open a load; `fingerprint` stands for bytes, mapping, layer files, CRS and options together."""
    row = registry.loads.insert().values(
        source_id=source,
        fingerprint=fingerprint,
        status="running",
        publisher=publisher,
        dated=dated,
        note=dict(note or {}),
    )
    return int(conn.execute(row.returning(registry.loads.c.id)).scalar_one())


def close_load(conn: sa.Connection, load: int, *, status: str, report: Mapping[str, Any] | None = None) -> None:
    """Say how a load ended: `ready`, `unchanged` or `refused`."""
    values = {"status": status, "report": None if report is None else dict(report), "closed_at": sa.func.now()}
    conn.execute(registry.loads.update().where(registry.loads.c.id == load).values(values))


def get(conn: sa.Connection, load: int) -> Load:
    """Return a load.

    Raises:
        NotFound: there is none of that id.
    """
    loads, sources = registry.loads, registry.sources
    joined = sa.select(loads, sources.c.name, sources.c.sha256, sources.c.size).join(sources)
    row = conn.execute(joined.where(loads.c.id == load)).one_or_none()
    if row is None:
        raise NotFound("store.no_load", id=load)
    return Load(
        row.id,
        row.name,
        row.sha256,
        row.size,
        row.status,
        row.publisher,
        row.dated,
        row.note,
        row.report,
        row.at,
    )


def same(conn: sa.Connection, fingerprint: str, held: Mapping[str, Revision]) -> int | None:
    """Return the load that did the very same already and whose parts all still stand in what is held, if any.

    One that brought no part stands while there is what it reports of: it would do nothing again.
    """
    loads, parts = registry.loads, registry.parts
    like = sa.select(loads.c.id, loads.c.report).where(loads.c.fingerprint == fingerprint, loads.c.status == "ready")
    standing = {(layer, one.name, one.load) for layer, revision in held.items() for one in revision.parts}
    for load, report in conn.execute(like.order_by(loads.c.id.desc())):
        told = {entry["layer"] for entry in (report or {}).get("loads", ())}
        brought = (
            sa.select(registry.revisions.c.layer, parts.c.name, parts.c.load_id)
            .join(registry.revisions)
            .where(parts.c.load_id == load)
            .distinct()
        )
        rows = {tuple(row) for row in conn.execute(brought)}
        if rows <= standing and (rows or told) and told <= held.keys():
            return int(load)
    return None


def add_columns(conn: sa.Connection, load: int, fates: Iterable[Fate]) -> None:
    """Keep what became of every column."""
    rows = [
        {
            "load_id": load,
            "table_name": one.table,
            "column_name": one.column,
            "fate": one.fate,
            "layer": one.layer,
            "field": one.field,
            "reason": one.reason,
        }
        for one in fates
    ]
    if rows:
        conn.execute(registry.columns.insert(), rows)


def fates(conn: sa.Connection, load: int) -> list[Fate]:
    """Return what became of every column a load saw."""
    columns = registry.columns
    rows = conn.execute(columns.select().where(columns.c.load_id == load).order_by(columns.c.id))
    return [Fate(row.table_name, row.column_name, row.fate, row.layer, row.field, row.reason) for row in rows]


def masked(findings: Iterable[Finding], layer: Layer | None, private: Collection[str] = ()) -> Iterator[Finding]:
    """Blot out the values of fields that are not public, and KW and PESEL numbers everywhere.

    `private` names the columns of the table that were read into such fields; the fields themselves are known.
    """
    fields = set(private) | ({name for name, field in layer.fields.items() if not field.public} if layer else set())
    hide_key = bool(layer and set(layer.key_fields) & fields)
    for one in findings:
        key = None if one.key is None else MASKED if hide_key else mask(one.key)
        secret = one.column in fields
        hide = (RAW if secret else NOTHING) | (NAMED if hide_key else NOTHING)
        values = {name: _hidden(value, name in hide) for name, value in one.values.items()}
        yield replace(one, key=key, values=values)


NOTHING: frozenset[str] = frozenset()
RAW = frozenset({"value", "result", "found", "before", "after", "registered", "measured"})
"""The values of a sentence that repeat what stands in the cell."""
NAMED = frozenset({"other"})
"""The values of a sentence that name other rows by their keys."""


def _hidden(value: Any, secret: bool) -> Any:  # noqa: ANN401 - whatever the sentence shows
    if secret:
        return MASKED
    if value is None or isinstance(value, bool | float):
        return value
    blotted = mask(str(value))
    return value if isinstance(value, int) and blotted == str(value) else blotted


def add_findings(
    conn: sa.Connection,
    load: int,
    findings: Iterable[Finding],
    *,
    layer: Layer | None = None,
    table: str | None = None,
    private: Collection[str] = (),
    places: Mapping[int, bytes] | None = None,
) -> int:
    """Keep findings about a table, masked; `places` says where rows are (WKB), if a finding has no own."""
    every = list(masked(findings, layer, private))
    where = [one.place or (places or {}).get(-1 if one.row is None else one.row) for one in every]
    columns = {
        "load_id": pa.array([load] * len(every), pa.int64()),
        "layer": pa.array([layer.name if layer else None] * len(every), pa.string()),
        "table_name": pa.array([table] * len(every), pa.string()),
        "type": pa.array([one.type.word for one in every], pa.string()),
        "severity": pa.array([str(one.type.severity) for one in every], pa.string()),
        "source_row": pa.array([one.row for one in every], pa.int64()),
        "key": pa.array([one.key for one in every], pa.string()),
        "column_name": pa.array([one.column for one in every], pa.string()),
        "details": pa.array([json.dumps(one.values, ensure_ascii=False) for one in every], pa.string()),
        "wkb": pa.array([None if wkb is None else "\\x" + wkb.hex() for wkb in where], pa.string()),
    }
    return copy_in(conn, "registry.findings", pa.table(columns)) if every else 0


def findings(conn: sa.Connection, load: int) -> list[Noticed]:
    """Return what a load noticed, in the order it was noticed."""
    table = registry.findings
    rows = conn.execute(table.select().where(table.c.load_id == load).order_by(table.c.id))
    return [
        Noticed(
            row.layer,
            row.table_name,
            Finding(TYPES[row.type], row.source_row, row.key, row.column_name, row.details),
            row.wkb,
        )
        for row in rows
    ]
