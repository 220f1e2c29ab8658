"""Reading a revision: its rows in the order of keys, its geometries as shapely objects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sqlalchemy as sa

from gis_sites.catalogue import Layer
from gis_sites.store.copy import copy_numbers, copy_out, quoted_column
from gis_sites.store.tables import BY_NAME, FIXED, field_columns, quoted

if TYPE_CHECKING:
    from gis_sites.store.revisions import Revision

Geometries = npt.NDArray[np.object_]
Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Features:
    """Rows of a revision: `row, key, part, load, source_row` and fields, and the geometry of each (or None)."""

    table: pa.Table
    geometry: Geometries

    def __len__(self) -> int:
        return int(self.table.num_rows)


@dataclass(frozen=True)
class Which:
    """Which rows to read; what is None does not narrow them."""

    rows: Sequence[int] | None = None
    keys: Sequence[str] | None = None
    parts: Sequence[str] | None = None
    bounds: Bounds | None = None
    limit: int | None = None


ALL = Which()


def read(
    conn: sa.Connection,
    revision: "Revision",
    *,
    columns: Sequence[str] | None = None,
    geometry: bool = True,
    layer: Layer | None = None,
    which: Which = ALL,
) -> Features:
    """Read rows of a revision in the order of keys.

    A column the revision lacks, or holds as another type than `layer` says, reads as unknown: null.
    """
    wanted = _wanted(revision, columns, layer)
    with_geometry = geometry and has_geometry(conn, revision)
    chosen = [*FIXED, *(quoted_column(name) if name in revision.types else "NULL" for name in wanted)]
    for index, (name, kind) in enumerate(wanted.items(), start=len(FIXED)):
        if layer is not None and name in revision.types and BY_NAME[revision.types[name]].arrow != kind:
            chosen[index] = "NULL"
    types = {**FIXED, **wanted}
    if with_geometry:
        chosen.append("geom")
        types["geom"] = pa.string()
    where, params = _where(which)
    query = f"SELECT {', '.join(chosen)} FROM {relation(revision)}{where}"  # noqa: S608 - our own names
    table = copy_out(conn, query, types, params)
    if not with_geometry:
        return Features(table, np.full(table.num_rows, None, dtype=object))
    return Features(table.drop_columns("geom"), from_hex(table["geom"]))


def _wanted(revision: "Revision", columns: Sequence[str] | None, layer: Layer | None) -> dict[str, pa.DataType]:
    stored = {name: BY_NAME[kind].arrow for name, kind in revision.types.items()}
    known = {name: kind.arrow for name, kind in field_columns(layer).items()} if layer else stored
    if columns is None:
        return known
    return {name: known.get(name) or stored.get(name, pa.string()) for name in columns if name not in FIXED}


def _where(which: Which) -> tuple[str, Mapping[str, Any]]:
    params: dict[str, Any] = {}
    terms = []
    for column, values in (("row", which.rows), ("key", which.keys), ("part", which.parts)):
        if isinstance(values, range) and values.step == 1:
            # Two numbers instead of tens of thousands.
            terms.append("row >= %(first)s AND row < %(last)s")
            params |= {"first": values.start, "last": values.stop}
        elif values is not None and column == "row":
            # As one text: the driver takes ten times as long over as many numbers.
            terms.append("row = ANY(CAST(%(row)s AS integer[]))")
            params["row"] = f"{{{','.join(map(str, values))}}}"
        elif values is not None:
            terms.append(f"{column} = ANY(%({column})s)")
            params[column] = list(values)
    if which.bounds is not None:
        # A box has no CRS of its own; one taken from the row would keep the index from being used.
        terms.append("geom && ST_MakeBox2D(ST_MakePoint(%(x0)s, %(y0)s), ST_MakePoint(%(x1)s, %(y1)s))")
        params |= dict(zip(("x0", "y0", "x1", "y1"), which.bounds, strict=True))
    limit = "" if which.limit is None else f" LIMIT {int(which.limit)}"
    return (f" WHERE {' AND '.join(terms)}" if terms else "") + " ORDER BY row" + limit, params


def read_boxes(conn: sa.Connection, revision: "Revision") -> npt.NDArray[np.float64]:
    """Read the boxes of all rows of a revision in their order: float64[rows, 4], NaN where there is no geometry."""
    if not has_geometry(conn, revision):
        return np.full((revision.rows, 4), np.nan)
    ends = ("XMin", "YMin", "XMax", "YMax")
    cells = {one: f"coalesce(ST_{one}(box2d(geom)), 'NaN')" for one in ends}
    return np.stack(list(copy_numbers(conn, quoted(revision.table), cells).values()), axis=1)


def relation(revision: "Revision") -> str:
    """Return what to read the rows of a revision from, as it stands after FROM: no others may be read."""
    table = quoted(revision.table)
    return table if revision.only is None else f"(SELECT * FROM {table} WHERE {revision.only}) AS shown"  # noqa: S608


def fills(conn: sa.Connection, revision: "Revision", column: str) -> bool:
    """Tell whether some row of a revision says something in a column."""
    if column not in revision.types:
        return False
    filled = f"SELECT FROM {relation(revision)} WHERE {quoted_column(column)} IS NOT NULL"
    return bool(conn.execute(sa.text(f"SELECT EXISTS ({filled})")).scalar_one())


def has_geometry(conn: sa.Connection, revision: "Revision") -> bool:
    """Tell whether the rows of a revision have geometries."""
    found = sa.text("SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(:name) AND attname = 'geom')")
    return bool(conn.execute(found, {"name": quoted(revision.table)}).scalar_one())


def from_hex(column: pa.ChunkedArray) -> Geometries:
    """Turn hex WKB texts into geometries; null is None."""
    import shapely

    # Reading the digits ourselves and leaving bytes to GEOS takes a fifth of the time that GEOS needs for digits.
    found = np.empty(len(column), dtype=object)
    found[:] = [None if digits is None else bytes.fromhex(digits) for digits in column.to_numpy()]
    geometries: Geometries = shapely.from_wkb(found)
    return geometries
