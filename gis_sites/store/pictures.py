"""Generalised pictures: tiles of low zooms, made once for a revision, when it is published.

A tile is sent with its rows as they are wherever that takes no more than `BUDGET`. At zooms where it would take more,
all tiles are pictures instead (`cells`), made beforehand: of every row, none left out, whatever the number of rows.
They are a cache: a table a drawing, dropped with its revision, made again by the next command that needs them.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.progress import Progress, silent
from gis_sites.store.connect import Store
from gis_sites.store.copy import copy_in, copy_out
from gis_sites.store.drawing import Box, Drawing, Ground, literal
from gis_sites.store.revisions import Revision
from gis_sites.store.tables import quoted

if TYPE_CHECKING:
    from gis_sites.store.cells import Paths, Picture
    from gis_sites.store.outlines import Tile

LIMIT = 500_000
"""Bytes a tile may take."""
BUDGET = 450_000
"""Bytes a tile of rows as they are may take by our reckoning."""
CELLS = 512
"""How many cells a picture has across: a cell is as wide as a pixel of the screen."""
LEAST_CELLS = 32
RARE = 200
"""At a zoom of rows as they are, at most one tile in so many is a picture: only there is too much."""
HIGHEST = 20
"""The highest zoom."""
CHUNK = 100_000
"""Rows read at a time."""
PIECE = 1_000_000
"""Vertices painted at a time."""


@dataclass(frozen=True)
class Head:
    """What is known of a drawing's pictures: from which zoom on rows are sent as they are, and where they lie."""

    rows_from: int
    box: tuple[float, float, float, float] | None
    """In EPSG:3857; None: there are no rows."""


def prepare(
    store: Store,
    catalogue: Catalogue,
    revisions: Mapping[str, Revision],
    *,
    as_of: date,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Make the pictures of revisions that are about to be published; return the layers that had none."""
    ground = Ground(revisions, catalogue, as_of, store.srid, store.settings.public_parcels)
    made = []
    for done, name in enumerate(ground.layers):
        progress("tiles", done, len(ground.layers))
        with store.begin() as conn:
            drawing = ground.drawing(conn, name)
            if drawing is None or head(conn, drawing) is not None:
                continue
            _alone(conn, drawing)
            if head(conn, drawing) is None:
                make(conn, drawing)
                made.append(name)
    progress("tiles", len(ground.layers), len(ground.layers))
    return tuple(made)


def head(conn: sa.Connection, drawing: Drawing) -> Head | None:
    """Return what is known of a drawing's pictures; None where they are not made."""
    said = sa.text("SELECT obj_description(to_regclass(:table), 'pg_class')")
    found = conn.execute(said, {"table": quoted(drawing.pictures)}).scalar_one()
    if found is None:
        return None
    told = json.loads(found)
    return Head(told["rows_from"], told["box"] and tuple(told["box"])) if told["stamp"] == drawing.stamp else None


def _alone(conn: sa.Connection, drawing: Drawing) -> None:
    """Wait until nobody else makes the same pictures, and keep others from it to the end of the transaction."""
    conn.execute(sa.text("SET LOCAL statement_timeout = 0"))
    conn.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": drawing.pictures})


def picture(drawing: Drawing, tile: "tuple[int, int, int]") -> str:
    """Return the query for a tile that is a picture."""
    z, x, y = tile
    return f"SELECT tile FROM {quoted(drawing.pictures)} WHERE z = {z} AND x = {x} AND y = {y}"  # noqa: S608


def make(conn: sa.Connection, drawing: Drawing) -> Head:
    """Make the pictures of a drawing, in the transaction of the caller."""
    table = quoted(drawing.pictures)
    conn.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
    conn.exec_driver_sql(f"CREATE TABLE {table} (z int, x int, y int, tile bytea, PRIMARY KEY (z, x, y))")
    _unite(conn, drawing)
    groups: dict[str, int] = {}
    some = _read(conn, drawing, groups)
    if some is None:
        found = Head(0, None)
    else:
        rows_from, crowded = _plan(some, properties=len(drawing.classes()))
        with _stage(conn, groups):
            _make_low(conn, drawing, some, rows_from)
            _make_crowded(conn, drawing, groups, crowded)
        found = Head(rows_from, _box(some))
    told = {"stamp": drawing.stamp, "rows_from": found.rows_from, "box": found.box}
    conn.exec_driver_sql(f"COMMENT ON TABLE {table} IS {literal(json.dumps(told))}")
    return found


def _unite(conn: sa.Connection, drawing: Drawing) -> None:
    """Unite the parcels that rows without a geometry of their own name."""
    if drawing.parcels is None:
        return
    table = quoted(drawing.sites)
    conn.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
    conn.exec_driver_sql(f"CREATE TABLE {table} AS {drawing.union()}")
    conn.exec_driver_sql(f"ALTER TABLE {table} ADD PRIMARY KEY (row)")
    conn.exec_driver_sql(f"CREATE INDEX ON {table} USING gist (geom)")


def _read(conn: sa.Connection, drawing: Drawing, groups: dict[str, int], *, box: Box | None = None) -> "Paths | None":
    """Read the rows that are drawn, taken apart; of a box (EPSG:3857) what lies in it.

    `groups` numbers what pictures tell apart; what is new is added to it.
    """
    import numpy as np

    from gis_sites.store.cells import joined, paths
    from gis_sites.store.reading import from_hex

    shape, where = "ST_Transform(geom, 3857)", "true"
    if box:
        shape = f"ST_ClipByBox2D({shape}, ST_MakeEnvelope({', '.join(map(repr, box))}, 3857)::box2d)"
        where = drawing.near(box)
    query = f"SELECT row, {drawing.groups()}, encode(ST_AsBinary({shape}), 'hex') FROM {drawing.source} WHERE {where}"  # noqa: S608
    several = []
    for first in range(0, drawing.revision.rows, CHUNK):
        rows = f"{query} AND row >= {first} AND row < {first + CHUNK} ORDER BY row"
        table = copy_out(conn, rows, {"row": pa.int64(), "told": pa.string(), "geom": pa.string()})
        group = [groups.setdefault(told, len(groups)) for told in table["told"].to_pylist()]
        if table.num_rows:
            several.append(paths(from_hex(table["geom"]), table["row"].to_numpy(), np.array(group, dtype=np.int64)))
    return joined(several) if any(len(one.x) for one in several) else None


def _plan(some: "Paths", *, properties: int) -> "tuple[int, dict[int, set[Tile]]]":
    """Return from which zoom on rows are sent as they are, and which tiles of these zooms are pictures all the same."""
    from gis_sites.store.cells import sizes, span

    rows_from, crowded = HIGHEST + 1, {}
    for zoom in range(HIGHEST + 1):
        across, down = span(some, zoom)
        if across * down * BUDGET < len(some.x):
            continue  # even a byte a vertex would be too much for so few tiles
        found: Counter[Tile] = Counter()
        for piece in some.pieces(PIECE):
            found.update(sizes(piece, zoom, properties=properties))
        too_much = {tile for tile, size in found.items() if size > BUDGET}
        if rows_from > HIGHEST and len(too_much) * RARE <= len(found):
            rows_from = zoom
        if rows_from <= zoom:
            crowded[zoom] = too_much
        if not too_much:
            break
    return rows_from, crowded


def _make_low(conn: sa.Connection, drawing: Drawing, some: "Paths", rows_from: int) -> None:
    """Make all tiles below a zoom, the highest first: each zoom from the one above it."""
    from gis_sites.store.cells import over, painted

    if not rows_from:
        return
    bits = rows_from - 1 + CELLS.bit_length() - 1
    whole = over([painted(piece, bits) for piece in some.pieces(PIECE)])
    for zoom in reversed(range(rows_from)):
        _write(conn, drawing, whole, zoom, whole.tiles(CELLS))
        whole = whole.halved()


def _make_crowded(
    conn: sa.Connection, drawing: Drawing, groups: dict[str, int], crowded: "dict[int, set[Tile]]"
) -> None:
    """Make the few tiles that are pictures at zooms at which the others are sent as they are."""
    from gis_sites.store.cells import painted, tile_box

    for zoom, tiles in crowded.items():
        for tile in sorted(tiles):
            some = _read(conn, drawing, groups, box=tile_box((zoom, *tile), margin=0.1))
            if some:
                _write(conn, drawing, painted(some, zoom + CELLS.bit_length() - 1), zoom, {tile})


@contextmanager
def _stage(conn: sa.Connection, groups: Mapping[str, int]) -> Iterator[None]:
    """Hold the shapes of tiles until these are encoded."""
    conn.exec_driver_sql("CREATE TEMPORARY TABLE drawn (x int, y int, kind int, geom geometry) ON COMMIT DROP")
    conn.exec_driver_sql("CREATE TEMPORARY TABLE kinds (kind int, told jsonb) ON COMMIT DROP")
    conn.execute(
        sa.text("INSERT INTO kinds VALUES (:kind, cast(:told AS jsonb))"),
        [{"kind": kind, "told": told} for told, kind in groups.items()],
    )
    yield
    conn.exec_driver_sql("DROP TABLE drawn, kinds")


def _write(conn: sa.Connection, drawing: Drawing, whole: "Picture", zoom: int, tiles: "set[Tile]") -> None:
    """Encode tiles of a zoom; one that takes too many bytes is drawn again, in cells twice as wide."""
    cells, left = CELLS, tiles
    while True:
        _fill(conn, whole, left, cells)
        left = _encode(conn, drawing, zoom, LIMIT if cells > LEAST_CELLS else 1 << 30)
        if not left:
            return
        whole, cells = whole.halved(), cells // 2


def _fill(conn: sa.Connection, whole: "Picture", tiles: "set[Tile]", cells: int) -> None:
    import shapely

    from gis_sites.store.outlines import shapes

    conn.exec_driver_sql("TRUNCATE drawn")
    drawn = list(shapes(whole, tiles, cells=cells))
    columns = {
        "x": pa.array([one.tile[0] for one in drawn], pa.int32()),
        "y": pa.array([one.tile[1] for one in drawn], pa.int32()),
        "kind": pa.array([one.group for one in drawn], pa.int32()),
        "geom": pa.array([shapely.to_wkb(one.geometry, hex=True) for one in drawn], pa.string()),
    }
    copy_in(conn, "pg_temp.drawn", pa.table(columns))


def _encode(conn: sa.Connection, drawing: Drawing, zoom: int, most: int) -> "set[Tile]":
    """Write the tiles on the stage that take no more than `most` bytes; return the others."""
    rows = (
        "SELECT told, geom FROM drawn JOIN kinds USING (kind) WHERE drawn.x = one.x AND drawn.y = one.y ORDER BY kind"
    )
    encoded = f"SELECT ST_AsMVT(rows, {literal(drawing.layer.name)}, 4096, 'geom') FROM ({rows}) AS rows"  # noqa: S608
    tiles = f"SELECT x, y, ({encoded}) AS tile FROM (SELECT DISTINCT x, y FROM drawn) AS one"  # noqa: S608
    conn.exec_driver_sql("CREATE INDEX IF NOT EXISTS drawn_place ON drawn (x, y)")
    conn.exec_driver_sql(f"CREATE TEMPORARY TABLE encoded ON COMMIT DROP AS {tiles}")
    conn.exec_driver_sql(
        f"INSERT INTO {quoted(drawing.pictures)} SELECT {zoom}, x, y, tile FROM encoded "  # noqa: S608
        f"WHERE octet_length(tile) <= {most}"
    )
    left = conn.exec_driver_sql(f"SELECT x, y FROM encoded WHERE octet_length(tile) > {most}").all()  # noqa: S608
    conn.exec_driver_sql("DROP TABLE encoded")
    return {(row.x, row.y) for row in left}


def _box(some: "Paths") -> tuple[float, float, float, float]:
    from gis_sites.store.cells import BITS, HALF_M

    unit = 2 * HALF_M / 2**BITS
    west, east = int(some.x.min()), int(some.x.max()) + 1
    north, south = int(some.y.min()), int(some.y.max()) + 1
    return west * unit - HALF_M, HALF_M - south * unit, east * unit - HALF_M, HALF_M - north * unit
