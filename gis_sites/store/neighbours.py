"""What stands where in a revision: rows counted by square, and the rows of some parts in a box."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely
import sqlalchemy as sa

from gis_sites.store.copy import copy_shapes
from gis_sites.store.reading import Bounds, Geometries
from gis_sites.store.tables import quoted

if TYPE_CHECKING:
    from gis_sites.store.revisions import Revision

MULTI = (4, 5, 6)
"""Types of MULTI geometries, as WKB numbers them."""
HEAD = 9
"""Bytes before the first part of a MULTI: byte order, type, number of parts."""
LONGEST = 1 << 31
"""More than the bytes of any geometry: a slice to no stated end fails in Arrow."""

COUNT = """
SELECT floor(ST_XMin(geom) / :cell)::int, floor(ST_YMin(geom) / :cell)::int, count(*)::int
FROM {table} WHERE part = ANY(:parts) AND NOT ST_IsEmpty(geom) GROUP BY 1, 2
"""


class Beside(NamedTuple):
    """The rows in a box: their numbers in the revision, their parts and geometries."""

    row: npt.NDArray[np.int64]
    part: npt.NDArray[np.object_]
    geometry: Geometries


def cells(conn: sa.Connection, revision: "Revision", parts: Sequence[str], cell_m: float) -> npt.NDArray[np.int64]:
    """Count the rows of some parts by square of a side: column, row, count: [n, 3]."""
    query = sa.text(COUNT.format(table=quoted(revision.table)))
    rows = conn.execute(query, {"cell": cell_m, "parts": list(parts)}).all()
    return np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 3)


def beside(conn: sa.Connection, revision: "Revision", bounds: Bounds, parts: Sequence[str], *, most: int) -> Beside:
    """Read number, part and geometry of at most so many rows of some parts in a box."""
    query = (
        f"SELECT row, part, geom FROM {quoted(revision.table)} "  # noqa: S608 - our own name
        "WHERE geom && ST_MakeBox2D(ST_MakePoint(%(x0)s, %(y0)s), ST_MakePoint(%(x1)s, %(y1)s)) "
        f"AND part = ANY(%(parts)s) ORDER BY row LIMIT {most:d}"
    )
    params: dict[str, Any] = dict(zip(("x0", "y0", "x1", "y1"), bounds, strict=True))
    row, part, wkb = copy_shapes(conn, query, {**params, "parts": list(parts)})
    return Beside(
        row, part.to_numpy(zero_copy_only=False), shapely.from_wkb(_single(wkb).to_numpy(zero_copy_only=False))
    )


def _single(wkb: pa.LargeBinaryArray) -> pa.LargeBinaryArray:
    """Take the MULTI off geometries of one part: GEOS is asked for no parts, which takes longer than reading them."""
    starts = np.frombuffer(wkb.buffers()[1], np.int64)[: len(wkb)]
    data = np.frombuffer(wkb.buffers()[2] or b"", np.uint8)
    head = data[starts[:, None] + np.arange(HEAD)] if len(starts) else np.empty((0, HEAD), np.uint8)
    alone = np.isin(head[:, 1], MULTI) & (head[:, 5] == 1) & (head[:, 6:] == 0).all(axis=1)
    return pc.if_else(pa.array(alone), pc.binary_slice(wkb, HEAD, LONGEST), wkb)
