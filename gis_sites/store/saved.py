"""What people keep: the notes of publishers (how their tables are read) and shortlists with their state."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from gis_sites.errors import NotFound
from gis_sites.store.registry import columns, loads, mappings
from gis_sites.store.registry import shortlists as shortlists_table

Json = dict[str, Any]


@dataclass(frozen=True)
class Saved:
    """A shortlist as it was saved."""

    id: str
    state: int
    requirement: Json
    result: Json
    at: datetime


def note(conn: sa.Connection, publisher: str) -> Json | None:
    """Return the note saved for a publisher, None if there is none."""
    found = sa.select(mappings.c.note).where(mappings.c.publisher == publisher)
    return conn.execute(found).scalar_one_or_none()


def save_note(conn: sa.Connection, publisher: str, note: Mapping[str, Any]) -> None:
    """Save how a publisher's tables are read, in place of what was saved before."""
    row = insert(mappings).values(publisher=publisher, note=dict(note))
    again = {"note": row.excluded.note, "at": sa.func.now()}
    conn.execute(row.on_conflict_do_update(index_elements=[mappings.c.publisher], set_=again))


def last_note(conn: sa.Connection, publisher: str, tables: Collection[str]) -> Json | None:
    """Return what was said when one of these tables of a publisher was loaded the last time."""
    brought = sa.select(columns.c.load_id).where(columns.c.table_name.in_(tables))
    found = sa.select(loads.c.note).where(
        loads.c.publisher == publisher, loads.c.status == "ready", loads.c.id.in_(brought)
    )
    return conn.execute(found.order_by(loads.c.id.desc()).limit(1)).scalar_one_or_none()


def last_columns(
    conn: sa.Connection, layer: str, publisher: str | None, *, table: str, others: Collection[str]
) -> tuple[int, str, frozenset[str]] | None:
    """Return the load, the table and the columns a layer was loaded from the last time for a publisher.

    It is the table of that name; else, where it seems to have been renamed, the last one that is not among `others`.
    """
    mine = sa.and_(
        columns.c.layer == layer,
        loads.c.publisher.is_not_distinct_from(publisher),
        loads.c.status == "ready",
        columns.c.fate != "set",
        sa.or_(columns.c.table_name == table, columns.c.table_name.not_in(others)),
    )
    same = columns.c.table_name == table
    found = sa.select(loads.c.id, columns.c.table_name).join(columns).where(mine)
    last = conn.execute(found.order_by(same.desc(), loads.c.id.desc(), columns.c.id.desc()).limit(1)).one_or_none()
    if last is None:
        return None
    held = sa.and_(columns.c.load_id == last.id, columns.c.table_name == last.table_name, mine)
    names = conn.execute(sa.select(columns.c.column_name).select_from(loads.join(columns)).where(held)).scalars()
    return last.id, last.table_name, frozenset(names)


def save_shortlist(
    conn: sa.Connection, shortlist: str, *, state: int, requirement: Mapping[str, Any], result: Mapping[str, Any]
) -> None:
    """Save a shortlist by its id; the same one again changes nothing."""
    row = insert(shortlists_table).values(
        id=shortlist, state_id=state, requirement=dict(requirement), result=dict(result)
    )
    conn.execute(row.on_conflict_do_nothing())


def shortlist(conn: sa.Connection, shortlist: str) -> Saved:
    """Return a saved shortlist; the first twelve or more characters of its id are enough.

    Raises:
        NotFound: none of that id is saved, or several begin so.
    """
    begins = shortlists_table.c.id.startswith(shortlist, autoescape=True)
    exact = shortlists_table.c.id == shortlist
    rows = conn.execute(shortlists_table.select().where(begins if len(shortlist) >= 12 else exact)).all()
    if len(rows) != 1:
        raise NotFound("store.no_shortlist", id=shortlist)
    return _saved(rows[0])


def _saved(row: Any) -> Saved:  # noqa: ANN401 - a row of the registry
    return Saved(row.id, row.state_id, row.requirement, row.result, row.at)
