"""Vector tiles: a layer of a state, complete at every zoom, with nothing in it that layer files do not let be drawn."""

import math
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from psycopg.errors import QueryCanceled

from gis_sites.catalogue import Catalogue
from gis_sites.errors import DatabaseError, NotFound
from gis_sites.store.connect import Store
from gis_sites.store.copy import quoted_column
from gis_sites.store.drawing import Box, Drawing, Ground, literal
from gis_sites.store.pictures import HIGHEST, LIMIT, Head, head, picture
from gis_sites.store.states import State

PATIENCE_MS = 3_000
"""How long a tile may take the database."""
EXTENT = 4096
"""Units a tile is wide."""
BUFFER = 64
"""Units of its neighbours that a tile repeats."""
LEAST = 8
"""Units what is too small to be drawn is wide instead: a pixel of the screen."""
LARGE = 500
"""Vertices from which on a geometry is cut before it is transformed."""

HEAD = "head"
"""What a drawing keeps in mind: its pictures, once they are made."""
MOST_LIVE = 20_000
"""So many rows a tile may show while the pictures are missing."""
PIECE_M, AROUND_M = 10_000, 500
"""The box around all rows is transformed in pieces, and widened by more than what a piece may bend."""


@dataclass(frozen=True)
class Place:
    """A tile of the web's usual grid: zoom, column from the west, row from the north."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        most = 2**self.z if 0 <= self.z <= HIGHEST else 0
        if not (0 <= self.x < most and 0 <= self.y < most):
            raise NotFound("tiles.no_tile", z=self.z, x=self.x, y=self.y)

    @classmethod
    def at(cls, lon: float, lat: float, zoom: int) -> "Place":
        """Return the tile of a zoom that a place, in degrees, lies in.

        >>> Place.at(18.09, 51.76, 14)
        Place(z=14, x=9015, y=5429)
        """
        north = math.asinh(math.tan(math.radians(lat))) / math.pi
        return cls(zoom, int((lon + 180) / 360 * 2**zoom), int((1 - north) / 2 * 2**zoom))

    def within(self, box: Box) -> Box | None:
        """Return the part of a box (EPSG:3857) that the tile shows, with its buffer; None where it shows nothing."""
        from gis_sites.store.cells import tile_box

        mine = tile_box((self.z, self.x, self.y), BUFFER / EXTENT)
        west, south, east, north = (
            *(max(own, other) for own, other in zip(mine[:2], box[:2], strict=True)),
            *(min(own, other) for own, other in zip(mine[2:], box[2:], strict=True)),
        )
        return (west, south, east, north) if west <= east and south <= north else None


def ground_of(store: Store, catalogue: Catalogue, state: State) -> Ground:
    """Return what the drawings of a state are made from; `catalogue` is the whole one."""
    return Ground(state.revisions, catalogue, state.as_of, store.srid, store.settings.public_parcels)


def drawing_of(store: Store, ground: Ground, layer: str) -> Drawing | None:
    """Return how a layer is drawn for the public; None where there is nothing of it.

    Raises:
        NotFound: the public knows no such layer, or no geometry of it.
    """
    with store.begin() as conn:
        return ground.drawing(conn, layer)


def tile(store: Store, drawing: Drawing | None, place: Place) -> bytes:
    """Return a tile in Mapbox's format, its one layer named as ours; empty where there is nothing.

    Nothing is written: while the pictures are missing, rows are sent as they are wherever that is not too much.

    Raises:
        DatabaseError: it takes too long, or is too much without pictures.
    """
    if drawing is None:
        return b""
    try:
        # A transaction would take three trips to the database more: a third of the time of a tile.
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            known = drawing.kept.get(HEAD) or head(conn, drawing)
            if known:
                drawing.kept[HEAD] = known
            return _tile(conn, drawing, known, place) if known else _live(conn, drawing, place)
    except sa.exc.OperationalError as error:
        if not isinstance(error.orig, QueryCanceled):
            raise
        raise DatabaseError("tiles.slow", layer=drawing.layer.name, z=place.z, x=place.x, y=place.y) from None


def _tile(conn: sa.Connection, drawing: Drawing, known: Head, place: Place) -> bytes:
    shown = place.within(known.box) if known.box else None
    if shown is None:
        return b""
    pictured = picture(drawing, (place.z, place.x, place.y))
    rows = "''::bytea" if place.z < known.rows_from else f"({_rows(drawing, place, (drawing.source, shown))})"
    return bytes(_row(conn, f"SELECT coalesce(({pictured}), {rows})")[0])


def _live(conn: sa.Connection, drawing: Drawing, place: Place) -> bytes:
    """Encode rows as they are, none left out, while it is not known where they are too many for that."""
    around = f"ST_Segmentize(ST_SetSRID(ST_Extent(geom)::geometry, {drawing.srid}), {PIECE_M})"
    around = f"SELECT ST_Expand(ST_Transform({around}, 3857), {AROUND_M}) AS box FROM {drawing.live}"  # noqa: S608
    ends = ", ".join(f"ST_{end}(box)" for end in ("XMin", "YMin", "XMax", "YMax"))
    box = _row(conn, f"SELECT {ends} FROM ({around}) AS whole")  # noqa: S608
    shown = place.within((box[0], box[1], box[2], box[3])) if box[0] is not None else None
    if shown is None:
        return b""
    near = f"SELECT FROM {drawing.live} WHERE {drawing.near(shown)} LIMIT {MOST_LIVE + 1}"
    count = _row(conn, f"SELECT count(*) FROM ({near}) AS near")[0]  # noqa: S608
    content = bytes(_row(conn, _rows(drawing, place, (drawing.live, shown)))[0]) if count <= MOST_LIVE else None
    if content is None or len(content) > LIMIT:
        raise DatabaseError("tiles.being_made", layer=drawing.layer.name)
    return content


def _rows(drawing: Drawing, place: Place, where: tuple[str, Box]) -> str:
    """Return the query that encodes the rows of a source in a box, with their names; too large: without."""
    source, shown = where
    classes, names = drawing.classes(), drawing.names()
    told = {**classes, **{name: cell for name, cell in names.items() if name not in classes}}
    columns = "".join(f", {cell} AS {quoted_column(name)}" for name, cell in told.items())
    plain = ", ".join(["row", "geom", *map(quoted_column, classes)])
    encoded = f"ST_AsMVT(rows, {literal(drawing.layer.name)}, {EXTENT}, 'geom', 'row')"
    return (
        # Materialised, or the planner walks every row in order of `row` rather than ask the spatial index.
        f"WITH close AS MATERIALIZED (SELECT * FROM {source} WHERE {drawing.near(shown)}), "  # noqa: S608
        f"shaped AS (SELECT *, {_shape(drawing, shown)} AS shape FROM close), "
        f"named AS (SELECT row{columns}, {_drawn(place)} AS geom FROM shaped ORDER BY row), "
        f"whole AS (SELECT {encoded} AS tile FROM named AS rows WHERE geom IS NOT NULL) "
        f"SELECT CASE WHEN octet_length(tile) <= {LIMIT} THEN tile ELSE "
        f"(SELECT {encoded} FROM (SELECT {plain} FROM named) AS rows) END FROM whole"
    )


def _row(conn: sa.Connection, query: str) -> tuple[Any, ...]:
    """Ask for a row in one trip, for so long at most, and with no right to write."""
    bounds = f"set_config('statement_timeout', '{PATIENCE_MS}', true), set_config('transaction_read_only', 'on', true)"
    both = conn.exec_driver_sql(f"SELECT {bounds}; {query}", execution_options={"no_parameters": True}).cursor
    both.nextset()
    (row,) = both.fetchall()
    return tuple(row)


def _shape(drawing: Drawing, shown: Box) -> str:
    """Return a row's geometry in EPSG:3857; a large one is cut before, to what may be seen of it."""
    window = drawing.window(shown)
    cut = f"ST_ClipByBox2D(geom, {window}::box2d)"
    return f"ST_Transform(CASE WHEN ST_NPoints(geom) > {LARGE} THEN {cut} ELSE geom END, 3857)"


def _drawn(place: Place) -> str:
    """Return a geometry in units of the tile; what is too small for it as wide as a pixel."""
    envelope = f"ST_TileEnvelope({place.z}, {place.x}, {place.y})"
    half = f"(ST_XMax({envelope}) - ST_XMin({envelope})) / {EXTENT} * {LEAST / 2}"
    middle = "ST_PointOnSurface(shape)"
    least = (
        f"CASE ST_Dimension(shape) WHEN 2 THEN ST_Expand({middle}, {half}) "
        f"WHEN 1 THEN ST_MakeLine(ST_Translate({middle}, -{half}, 0), ST_Translate({middle}, {half}, 0)) END"
    )
    drawn = f"ST_AsMVTGeom({{shape}}, {envelope}, {EXTENT}, {BUFFER}, true)"
    return f"coalesce({drawn.format(shape='shape')}, {drawn.format(shape=least)})"
