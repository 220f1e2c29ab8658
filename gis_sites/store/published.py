"""The public layers of a state, as other programs read them: what each holds, and the rows that are asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gis_sites.store.connect import Store
from gis_sites.store.extent import Degrees
from gis_sites.store.states import State
from gis_sites.store.views import public_views

ANY = "GEOMETRY"
Row = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """A public layer of a state: what the view of its name in schema `published` shows."""

    name: str
    source: str
    """Its rows, as they stand after FROM."""
    columns: dict[str, str]
    """The type of each column, the geometry not among them."""
    shape: str | None
    """The kind of geometry, in PostGIS's capitals: of a column of any kind the one that occurs, if only one does."""
    extent: Degrees | None
    """Where its rows lie."""


@contextmanager
def only_reading(store: Store) -> Iterator[sa.Connection]:
    """Open a transaction that only reads."""
    # A query may hold a per cent sign: nothing is filled in.
    with store.engine.connect().execution_options(no_parameters=True, postgresql_readonly=True) as conn, conn.begin():
        yield conn


def published(store: Store, state: State) -> list[Published]:
    """Return the public layers of a state, by name: the very queries the views are made of, by tables never changed.

    So who asks sees one state, and as much of it as this store's settings allow, whoever made the views last.
    """
    assert store.catalogue is not None
    found = []
    with only_reading(store) as conn:
        for name, view in sorted(public_views(store, state, store.catalogue).items()):
            source = f"({view.query}) AS source"
            shape, extent = _drawn(conn, source, view.shape.upper(), store.srid) if view.shape else (None, None)
            found.append(Published(name, source, dict(view.columns), shape, extent))
    return found


def _drawn(conn: sa.Connection, source: str, shape: str, srid: int) -> tuple[str, Degrees | None]:
    kinds = "array_agg(DISTINCT GeometryType(geom)) FILTER (WHERE geom IS NOT NULL)" if shape == ANY else "NULL"
    around = f"ST_Transform(ST_SetSRID(ST_Extent(geom)::geometry, {srid}), 4326)"
    ends = "ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)"
    query = f"SELECT {ends}, kinds FROM (SELECT {around} AS box, {kinds} AS kinds FROM {source}) AS whole"  # noqa: S608
    west, south, east, north, held = conn.exec_driver_sql(query).one()
    return held[0] if held and len(held) == 1 else shape, None if west is None else (west, south, east, north)


def rows(conn: sa.Connection, query: str) -> list[Row]:
    """Return what a query of tipg's answers."""
    return [dict(row) for row in conn.exec_driver_sql(query).mappings()]
