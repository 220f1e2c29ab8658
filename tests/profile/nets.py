"""What is left of parcels, each read and measured by itself: what kept net polygons are compared with."""

from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.profile.features import Shapes
from gis_sites.profile.net_area import waterfall
from gis_sites.profile.net_explain import net_scene
from gis_sites.profile.reading import drawn, parcel_fields, read_boundary
from gis_sites.profile.sites import PARCEL, Sites
from gis_sites.store import revisions as store
from gis_sites.store.reading import Which
from gis_sites.store.states import State


def net_polygons(conn: sa.Connection, catalogue: Catalogue, state: State, parcels: Sequence[str]) -> dict[str, Shapes]:
    """Return by identifier what is left of parcels: the polygon not surely lost, and the one surely left.

    `state` is read with its coverages. Each parcel is read by itself, so that they may lie far apart.
    """
    boundary = read_boundary(conn, state.revisions)
    columns, which = parcel_fields(catalogue), Which(keys=list(parcels))
    found = store.read(conn, state.revisions[PARCEL], columns=columns, layer=catalogue.layer(PARCEL), which=which)
    shapes, keys = drawn(found.geometry), found.table["key"].to_pylist()
    result = {}
    for row, key in enumerate(keys):
        sites = Sites(shapes[row : row + 1], found.table.slice(row, 1), ((key,),), crs=state.crs)
        left = waterfall(net_scene(conn, catalogue, state, sites, boundary=boundary))
        result[key] = np.array([left.shape[0], left.sure_shape[0]], dtype=object)
    return result
