"""Where on earth a revision's rows lie."""

from typing import TYPE_CHECKING

import sqlalchemy as sa

from gis_sites.store.reading import relation

if TYPE_CHECKING:
    from gis_sites.store.revisions import Revision

Degrees = tuple[float, float, float, float]
"""West, south, east, north."""


def extent(conn: sa.Connection, revision: "Revision") -> Degrees | None:
    """Return the box around the rows of a revision, in degrees; None where there is nothing to draw."""
    around = f"SELECT ST_SetSRID(ST_Extent(geom)::geometry, max(ST_SRID(geom))) AS box FROM {relation(revision)}"  # noqa: S608
    ends = "ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)"
    query = f"SELECT {ends} FROM (SELECT ST_Transform(box, 4326) AS box FROM ({around}) AS whole) AS turned"  # noqa: S608
    west, south, east, north = conn.execute(sa.text(query)).one()
    return None if west is None else (west, south, east, north)
