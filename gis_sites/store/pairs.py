"""Rows that two revisions of a layer share to the last bit: what was measured of them need not be measured again."""

from collections.abc import Collection

import numpy as np
import sqlalchemy as sa

from gis_sites.columns import Rows
from gis_sites.store.copy import copy_numbers, quoted_column
from gis_sites.store.reading import has_geometry
from gis_sites.store.revisions import Revision
from gis_sites.store.tables import quoted

PAIRED = """(
SELECT n.row AS row, coalesce(o.row, -1) AS old
FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY row) AS place FROM {new}) AS n
LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY key ORDER BY row) AS place FROM {old}) AS o
ON n.key = o.key AND n.place = o.place AND {same}
) AS paired"""


def pairs(conn: sa.Connection, old: Revision, new: Revision, columns: Collection[str]) -> Rows:
    """Return for each row of a revision the row of an older one that says the same in some columns and its geometry.

    Rows are paired by their keys; of several of one key the first with the first, so that pairs rise together.

    Returns:
        intp[rows of `new`], -1 where the older revision has no such row.
    """
    if old.id == new.id:
        return np.arange(new.rows, dtype=np.intp)
    terms = [_same(old, new, name) for name in sorted(columns)]
    drawn = has_geometry(conn, old), has_geometry(conn, new)
    if all(drawn):
        terms.append("o.geom IS NOT DISTINCT FROM n.geom")
    elif any(drawn):
        terms.append("o.geom IS NULL" if drawn[0] else "n.geom IS NULL")
    source = PAIRED.format(new=quoted(new.table), old=quoted(old.table), same=" AND ".join(terms) or "true")
    return copy_numbers(conn, source, {"old": "old::double precision"})["old"].astype(np.intp)


def _same(old: Revision, new: Revision, name: str) -> str:
    """Return when a column says the same; one that a revision lacks is empty in all its rows."""
    o, n = f"o.{quoted_column(name)}", f"n.{quoted_column(name)}"
    match old.types.get(name), new.types.get(name):
        case None, None:
            return "true"
        case _, None:
            return f"{o} IS NULL"
        case None, _:
            return f"{n} IS NULL"
        case before, after:
            return f"{o} IS NOT DISTINCT FROM {n}" if before == after else f"{o} IS NULL AND {n} IS NULL"
