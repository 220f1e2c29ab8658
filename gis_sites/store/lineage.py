"""What became of parcels: split, merged, renumbered; a dead identifier answers with its successors."""

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from gis_sites.store.registry import lineage


@dataclass(frozen=True)
class Step:
    """One change of identifier, and the load that told it."""

    old: str
    new: str
    how: str
    load: int


def record(conn: sa.Connection, load: int, changes: Iterable[tuple[str, str, str]]) -> int:
    """Keep (old, new, how) as told by a load; what was told before by the same load is passed over."""
    rows = [{"load_id": load, "old_id": old, "new_id": new, "how": how} for old, new, how in changes]
    if not rows:
        return 0
    statement = insert(lineage).on_conflict_do_nothing()
    conn.execute(statement, rows)
    return len(rows)


def record_descent(conn: sa.Connection, load: int) -> int:
    """Keep what the comparison just made found out, from the table it left on the connection."""
    found = sa.table("descent", *map(sa.column, ("old_key", "new_key", "how")), schema="pg_temp")
    rows = sa.select(sa.literal(load), found).distinct()
    statement = insert(lineage).from_select(["load_id", "old_id", "new_id", "how"], rows).on_conflict_do_nothing()
    return conn.execute(statement).rowcount


def of_load(conn: sa.Connection, load: int) -> list[Step]:
    """Return every change of identifier that a load told, in the order of the old ones."""
    rows = conn.execute(lineage.select().where(lineage.c.load_id == load).order_by(lineage.c.old_id, lineage.c.new_id))
    return [Step(row.old_id, row.new_id, row.how, row.load_id) for row in rows]


def trail(conn: sa.Connection, parcel: str) -> list[Step]:
    """Return every later change that starts from an identifier, in the order they were told."""
    first = sa.select(lineage).where(lineage.c.old_id == parcel).cte("trail", recursive=True)
    # Only later loads are followed: an identifier that came back leads nobody round in a circle, and in a load
    # where `a` becomes `b` and `b` becomes `c`, `a` has not become `c`.
    later = sa.select(lineage).where(lineage.c.old_id == first.c.new_id, lineage.c.load_id > first.c.load_id)
    steps = first.union(later)
    rows = conn.execute(sa.select(steps).order_by(steps.c.id))
    return [Step(row.old_id, row.new_id, row.how, row.load_id) for row in rows]


def successors(conn: sa.Connection, parcel: str) -> list[str]:
    """Return what a parcel has become by now: the ends of its trail, in alphabetical order.

    A parcel of which nothing was told has none.
    """
    came: dict[str, int] = {}
    left: dict[str, int] = {}
    for step in trail(conn, parcel):
        left[step.old] = max(step.load, left.get(step.old, step.load))
        came[step.new] = max(step.load, came.get(step.new, step.load))
    return sorted(name for name, load in came.items() if load >= left.get(name, load))
