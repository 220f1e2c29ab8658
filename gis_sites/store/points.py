"""Where the rows of a revision lie: a point of each, in degrees, for maps that cannot show outlines."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from gis_sites.store.beside import beside, write
from gis_sites.store.copy import copy_numbers
from gis_sites.store.reading import has_geometry
from gis_sites.store.tables import quoted

if TYPE_CHECKING:
    from gis_sites.store.connect import Store
    from gis_sites.store.revisions import Revision
    from gis_sites.store.states import State

PARCEL = "parcel"
Points = npt.NDArray[np.float64]


def parcel_points(store: "Store", state: "State") -> Points:
    """Return a point on every parcel of a state, whoever may know it; kept beside the snapshot.

    Returns:
        longitude and latitude, NaN where a parcel has no geometry: float64[rows, 2].
    """
    revision = state.revisions[PARCEL]
    stamp = f"{store.uuid} {revision.mark}"

    def make(file: Path, stamp: str) -> None:
        with store.begin() as conn:
            write(file, stamp, {"point": points(conn, revision).ravel()})

    return beside(store, state, "points", stamp, make)["point"].reshape(-1, 2)


def points(conn: sa.Connection, revision: "Revision") -> Points:
    """Return a point on every row of a revision (`parcel_points`), found now."""
    point = "ST_Transform(ST_PointOnSurface(geom), 4326)" if has_geometry(conn, revision) else "NULL::geometry"
    # Fenced off, so that a point is not found anew for each of its coordinates.
    turned = f"SELECT row, {point} AS p FROM {quoted(revision.table)} OFFSET 0"  # noqa: S608 - our own names
    cells = {name: f"coalesce(ST_{name}(p), 'NaN')" for name in "XY"}
    return np.stack(list(copy_numbers(conn, f"({turned}) AS turned", cells).values()), axis=1)
