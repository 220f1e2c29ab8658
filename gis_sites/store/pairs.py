"""Rows that two revisions of a layer share to the last bit: what was measured of them need not be measured again."""

from collections.abc import Collection, Sequence

import numpy as np
import sqlalchemy as sa

from gis_sites.columns import Rows
from gis_sites.store.copy import copy_numbers, quoted_column
from gis_sites.store.reading import has_geometry
from gis_sites.store.revisions import Revision
from gis_sites.store.tables import quoted

PAIRED = """(
SELECT n.row AS row, {cells}
FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY row) AS place FROM {new}) AS n
LEFT JOIN (SELECT *, row_number() OVER (PARTITION BY key ORDER BY row) AS place FROM {old}) AS o
ON n.key = o.key AND n.place = o.place AND {alike}
) AS paired"""


def pairs(conn: sa.Connection, old: Revision, new: Revision, columns: Collection[str]) -> Rows:
    """Return for each row of a revision the row of an older one that says the same in some columns and its geometry.

    Rows are paired by their keys; of several of one key the first with the first, so that pairs rise together.

    Returns:
        intp[rows of `new`], -1 where the older revision has no such row.
    """
    return several_pairs(conn, old, new, [columns])[0]


def several_pairs(conn: sa.Connection, old: Revision, new: Revision, several: Sequence[Collection[str]]) -> list[Rows]:
    """Return the `pairs` of several sets of columns; the tables are gone through once."""
    if old.id == new.id:
        return [np.arange(new.rows, dtype=np.intp) for _ in several]
    terms = ([_same(old, new, name) for name in sorted(columns)] for columns in several)
    cells = {f"old{place}": " AND ".join(same) or "true" for place, same in enumerate(terms)}
    told = (f"CASE WHEN {same} THEN coalesce(o.row, -1) ELSE -1 END AS {name}" for name, same in cells.items())
    alike = _drawn_alike(has_geometry(conn, old), has_geometry(conn, new))
    source = PAIRED.format(cells=", ".join(told), new=quoted(new.table), old=quoted(old.table), alike=alike)
    found = copy_numbers(conn, source, {name: f"{name}::double precision" for name in cells})
    return [rows.astype(np.intp) for rows in found.values()]


def _drawn_alike(old: bool, new: bool) -> str:
    """Return when rows have the same geometry, of revisions of which either may have none at all."""
    if old and new:
        return "o.geom IS NOT DISTINCT FROM n.geom"
    return "true" if old == new else "o.geom IS NULL" if old else "n.geom IS NULL"


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
