"""What became of parcels: split, merged, renumbered; a dead identifier answers with its successors."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from gis_sites.store.registry import lineage
from gis_sites.store.revisions import Revision
from gis_sites.store.tables import quoted

BETWEEN = re.compile(r"[\s,;]+")
"""What parts the parcels that one cell names."""


@dataclass(frozen=True)
class Step:
    """One change of identifier, and the load that told it."""

    old: str
    new: str
    how: str
    load: int


def record_descent(conn: sa.Connection, load: int) -> int:
    """Keep what the comparison just made found out, from the table it left on the connection."""
    found = sa.table("descent", *map(sa.column, ("old_key", "new_key", "how")), schema="pg_temp")
    rows = sa.select(sa.literal(load), found).distinct()
    statement = insert(lineage).from_select(["load_id", "old_id", "new_id", "how"], rows).on_conflict_do_nothing()
    return conn.execute(statement).rowcount


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


@dataclass(frozen=True)
class Heir:
    """A parcel that a revision holds, and one it holds no more that became it."""

    old: str
    new: str
    load: int
    """The last load on the way."""


def heirs(conn: sa.Connection, named: Collection[str], parcels: Revision) -> list[Heir]:
    """Return what those of some parcels that a revision does not hold have become in it, in alphabetical order."""
    walk = walked("SELECT unnest(CAST(:ids AS text[])) AS first", parcels.table)
    query = sa.text(f"SELECT first, heir, max(load) AS load FROM ({walk}) AS walk GROUP BY 1, 2 ORDER BY 1, 2")  # noqa: S608 - our own
    rows = conn.execute(query, {"ids": sorted(named)}) if named else ()
    return [Heir(row.first, row.heir, row.load) for row in rows if row.first != row.heir]


def walked(named: str, parcels: str) -> str:
    """Write the query of (`first`, `heir`, `load`): what named parcels are in a table of parcels, a held one itself.

    `named` is a query of one column, `first`. The trail is followed as far as a parcel that is held: what later loads
    made of that one is not asked.
    """
    held = f"SELECT FROM {quoted(parcels)} AS own WHERE own.key = walk.heir"
    return (
        f"WITH RECURSIVE walk (first, heir, load) AS (SELECT first, first, CAST(0 AS bigint) FROM ({named}) AS named"  # noqa: S608 - our own names
        " UNION SELECT walk.first, step.new_id, step.load_id FROM walk JOIN registry.lineage AS step"
        f" ON step.old_id = walk.heir AND step.load_id > walk.load WHERE NOT EXISTS ({held}))"
        f" SELECT first, heir, load FROM walk WHERE EXISTS ({held})"
    )


def up_to_date(conn: sa.Connection, cells: Sequence[str | None], parcels: Revision) -> list[str | None]:
    """Return cells that name parcels, with the successors in the place of those that a revision holds no more.

    Every reader of rows that name parcels reads them so; a parcel of which nothing was told stays as it is.
    """
    became: dict[str, list[str]] = {}
    for heir in heirs(conn, {one for cell in cells for one in named_in(cell)}, parcels):
        became.setdefault(heir.old, []).append(heir.new)
    if not became:
        return list(cells)
    return [_renamed(cell, became) for cell in cells]


def named_in(cell: str | None) -> list[str]:
    """Return the parcels a cell names, parted by blanks, commas or semicolons; each once.

    >>> named_in("306101_1.0012.45/3; 306101_1.0012.46")
    ['306101_1.0012.45/3', '306101_1.0012.46']
    """
    return list(dict.fromkeys(word for word in BETWEEN.split(cell or "") if word))


def _renamed(cell: str | None, became: dict[str, list[str]]) -> str | None:
    named = named_in(cell)
    if became.keys().isdisjoint(named):
        return cell
    return "; ".join(dict.fromkeys(new for one in named for new in became.get(one, [one])))
