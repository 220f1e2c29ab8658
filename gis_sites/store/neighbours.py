"""What stands beside what in a revision: tiles of a bounded number of rows, and rows with the very same geometry."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
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

CELL_M = 250.0
"""Tiles are made of squares of this side; rows are counted by square."""

MULTI = (4, 5, 6)
"""Types of MULTI geometries, as WKB numbers them."""
HEAD = 9
"""Bytes before the first part of a MULTI: byte order, type, number of parts."""
LONGEST = 1 << 31
"""More than the bytes of any geometry: a slice to no stated end fails in Arrow."""

COUNT = """
SELECT floor(ST_XMin(geom) / :cell)::int, floor(ST_YMin(geom) / :cell)::int, count(*)::int,
       min(ST_XMin(geom)) FILTER (WHERE mine), min(ST_YMin(geom)) FILTER (WHERE mine),
       max(ST_XMax(geom)) FILTER (WHERE mine), max(ST_YMax(geom)) FILTER (WHERE mine)
FROM (SELECT geom, part = ANY(:parts) AS mine FROM {table} WHERE NOT ST_IsEmpty(geom)) AS rows GROUP BY 1, 2
"""
ALIKE = """
WITH boxed AS (
    SELECT row, part, geom, count(*) OVER box AS alike FROM {table} WHERE geom IS NOT NULL {mine}
    WINDOW box AS (PARTITION BY {apart} ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom))
), named AS (
    SELECT row, part, first_value(row) OVER like_it AS first, first_value(part) OVER like_it AS first_part
    FROM boxed WHERE alike > 1 WINDOW like_it AS (PARTITION BY {apart} ST_AsBinary(ST_Normalize(geom)) ORDER BY row)
)
SELECT row, first, (count(*) OVER ())::int AS many FROM named
WHERE row > first AND (part = ANY(:parts) OR first_part = ANY(:parts)) ORDER BY row LIMIT :most
"""


class Tile(NamedTuple):
    """A rectangle that owns the points in it (west and south sides too), without end at the edges of the plane."""

    west: float
    south: float
    east: float
    north: float

    def owns(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Say which points are this tile's: every point is one tile's."""
        found: npt.NDArray[np.bool_] = (self.west <= x) & (x < self.east) & (self.south <= y) & (y < self.north)
        return found


@dataclass(frozen=True, eq=False)
class Beside:
    """The rows around a tile: their numbers in the revision, their parts and geometries."""

    row: npt.NDArray[np.int64]
    part: npt.NDArray[np.object_]
    geometry: Geometries


def tiles(conn: sa.Connection, revision: "Revision", parts: Collection[str], *, most: int) -> list[tuple[Tile, Bounds]]:
    """Divide the plane into tiles with no more rows than `most`, if a square has no more; say where to look in each.

    Returns:
        the tiles in which rows of some parts may be, each with the box that holds what these rows can meet there.
    """
    query = sa.text(COUNT.format(table=quoted(revision.table)))
    rows = conn.execute(query, {"cell": CELL_M, "parts": list(parts)}).all()
    cells = np.array([row[:3] for row in rows], dtype=np.int64).reshape(-1, 3)
    boxes = np.array([row[3:] for row in rows if row[3] is not None], dtype=np.float64).reshape(-1, 4)
    if not len(boxes):
        return []
    (x0, y0), (x1, y1) = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
    found = []
    for tile in _divided(cells, Tile(-np.inf, -np.inf, np.inf, np.inf), most):
        box = max(tile.west, x0), max(tile.south, y0), min(tile.east, x1), min(tile.north, y1)
        if box[0] <= box[2] and box[1] <= box[3]:
            found.append((tile, box))
    return found


def _divided(cells: npt.NDArray[np.int64], tile: Tile, most: int) -> Iterator[Tile]:
    """Halve a tile across its longer side until it has few enough rows."""
    low, high = cells[:, :2].min(axis=0, initial=np.iinfo(np.int64).max), cells[:, :2].max(axis=0, initial=-1 << 62)
    if cells[:, 2].sum() <= most or (low == high).all():
        yield tile
        return
    axis = int(np.argmax(high - low))
    order = np.argsort(cells[:, axis], kind="stable")
    middle = np.searchsorted(np.cumsum(cells[order, 2]), cells[:, 2].sum() / 2)
    cut = max(int(cells[order[middle], axis]), int(low[axis]) + 1)
    mine = cells[:, axis] < cut
    ends = ("east", "north")[axis], ("west", "south")[axis]
    yield from _divided(cells[mine], tile._replace(**{ends[0]: cut * CELL_M}), most)
    yield from _divided(cells[~mine], tile._replace(**{ends[1]: cut * CELL_M}), most)


def beside(
    conn: sa.Connection, revision: "Revision", bounds: Bounds, parts: Sequence[str] | None = None, *, most: int
) -> Beside:
    """Read number, part and geometry of at most so many rows in a box, of some parts only where they are named."""
    query = (
        f"SELECT row, part, geom FROM {quoted(revision.table)} "  # noqa: S608 - our own name
        "WHERE geom && ST_MakeBox2D(ST_MakePoint(%(x0)s, %(y0)s), ST_MakePoint(%(x1)s, %(y1)s)) "
        + ("" if parts is None else "AND part = ANY(%(parts)s) ")
        + f"ORDER BY row LIMIT {most:d}"
    )
    params: dict[str, Any] = dict(zip(("x0", "y0", "x1", "y1"), bounds, strict=True))
    row, part, wkb = copy_shapes(conn, query, params if parts is None else {**params, "parts": list(parts)})
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


def alike(
    conn: sa.Connection, revision: "Revision", parts: Collection[str], *, across: bool, most: int
) -> tuple[list[tuple[int, int]], int]:
    """Return rows that repeat the geometry of a former row, that row, and how many there are in all.

    Only pairs with a row of some parts count; both are of one part, unless `across`.
    """
    apart, mine = ("", "") if across else ("part,", "AND part = ANY(:parts)")
    query = sa.text(ALIKE.format(table=quoted(revision.table), apart=apart, mine=mine))
    rows = conn.execute(query, {"parts": list(parts), "most": most}).all()
    return [(row.row, row.first) for row in rows], int(rows[0].many) if rows else 0
