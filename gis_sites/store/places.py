"""Whether points, keys and identifiers stand where a revision has them: for the few an import samples or doubts."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from gis_sites.store.tables import quoted

if TYPE_CHECKING:
    from gis_sites.store.revisions import Revision

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
NEAR = """
SELECT p.n
FROM unnest(CAST(:x AS float8[]), CAST(:y AS float8[]), CAST(:keys AS text[])) WITH ORDINALITY AS p(x, y, key, n)
WHERE EXISTS (SELECT FROM {table} AS t
              WHERE ST_DWithin(t.geom, ST_SetSRID(ST_MakePoint(p.x, p.y), :srid), :within) {same})
"""


def near(
    conn: sa.Connection,
    revision: "Revision",
    points: Floats,
    *,
    srid: int,
    within: float,
    keys: Sequence[str] | None = None,
) -> Bools:
    """Say which points (n x 2, working system) lie within some metres of a row, of the row of their key where given."""
    found = np.zeros(len(points), dtype=bool)
    mine = np.flatnonzero(np.isfinite(points).all(axis=1))
    if not len(mine):
        return found
    same = "" if keys is None else "AND t.key = p.key"
    named = [None if keys is None else keys[place] for place in mine.tolist()]
    values = {"x": points[mine, 0].tolist(), "y": points[mine, 1].tolist(), "keys": named}
    query = sa.text(NEAR.format(table=quoted(revision.table), same=same))
    rows = conn.execute(query, {**values, "srid": srid, "within": within}).scalars().all()
    found[mine[np.array(rows, dtype=np.int64) - 1]] = True
    return found


def held(conn: sa.Connection, revision: "Revision", keys: Collection[str]) -> frozenset[str]:
    """Return those of some keys that a revision has."""
    query = sa.text(f"SELECT DISTINCT key FROM {quoted(revision.table)} WHERE key = ANY(:keys)")  # noqa: S608 - our own name
    return frozenset(conn.execute(query, {"keys": list(keys)}).scalars())


def held_like(conn: sa.Connection, revision: "Revision", beginning: str) -> list[str]:
    """Return the keys of a revision that begin with a text; meant for few."""
    query = sa.text(f"SELECT key FROM {quoted(revision.table)} WHERE starts_with(key, :beginning)")  # noqa: S608 - our own name
    return list(conn.execute(query, {"beginning": beginning}).scalars())


def endings(conn: sa.Connection, revision: "Revision", texts: Collection[str], *, after: int) -> dict[str, list[str]]:
    """Return the keys of a revision that read like some texts from a place on; texts no key ends with are left out."""
    query = sa.text(
        "SELECT substring(key FROM :start) AS ending, array_agg(key ORDER BY key) AS whole "  # noqa: S608
        f"FROM {quoted(revision.table)} WHERE substring(key FROM :start) = ANY(:texts) GROUP BY 1"
    )
    rows = conn.execute(query, {"start": after + 1, "texts": list(texts)})
    return {row.ending: list(row.whole) for row in rows}


def beginnings(conn: sa.Connection, revision: "Revision", length: int) -> dict[str, int]:
    """Return the different first characters of the keys of a revision, and how many keys have each."""
    query = sa.text(f"SELECT left(key, :n) AS head, count(*) AS n FROM {quoted(revision.table)} GROUP BY 1")  # noqa: S608
    return {row.head: row.n for row in conn.execute(query, {"n": length}) if row.head is not None}
