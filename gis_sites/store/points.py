"""Where the rows of a revision lie: a point of each, in degrees, for maps that cannot show outlines."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sqlalchemy as sa

from gis_sites.store.reading import has_geometry
from gis_sites.store.tables import quoted

if TYPE_CHECKING:
    from gis_sites.store.revisions import Revision

Points = npt.NDArray[np.float64]


def points(conn: sa.Connection, revision: "Revision") -> tuple[pa.Array, Points]:
    """Return the keys of the rows that have a geometry, and a point on each: float64[n, 2] of longitude, latitude."""
    if not has_geometry(conn, revision):
        return pa.array([], pa.string()), np.empty((0, 2))
    turned = f"SELECT key, ST_Transform(ST_PointOnSurface(geom), 4326) AS p FROM {quoted(revision.table)}"  # noqa: S608
    turned += " WHERE NOT ST_IsEmpty(geom)"
    query = f"SELECT array_agg(key), array_agg(ST_X(p)), array_agg(ST_Y(p)) FROM ({turned}) AS turned"  # noqa: S608
    keys, x, y = conn.execute(sa.text(query)).one()
    return pa.array(keys or [], pa.string()), np.array([x or [], y or []], dtype=np.float64).T
