"""Geometries for maps and exports: chosen sites, and the public rows of a layer in a window."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from gis_sites.catalogue import Layer
from gis_sites.errors import NotFound
from gis_sites.store.reading import Bounds, Which, has_geometry, read, relation
from gis_sites.store.states import State

if TYPE_CHECKING:
    import geopandas as gpd

LAYERS = {"parcels": "parcel", "offers": "offer"}
"""The layer whose rows are the sites of a kind."""


def sites(conn: sa.Connection, state: State, kind: str, ids: Sequence[str]) -> "gpd.GeoDataFrame":
    """Return `id` and geometry of the sites asked for, in the order asked, in the working CRS.

    Raises:
        NotFound: the state holds no site of one of these ids.
    """
    import geopandas as gpd

    revision = state.revisions.get(LAYERS[kind])
    if revision is None:
        raise NotFound("store.no_layer_in_state", layer=LAYERS[kind], state=state.id)
    features = read(conn, revision, columns=(), which=Which(keys=ids))
    found = dict(zip(features.table["key"].to_pylist(), features.geometry, strict=True))
    if missing := [one for one in ids if one not in found]:
        raise NotFound("store.no_site", id=missing[0], state=state.id)
    frame = {"id": list(ids)}
    return gpd.GeoDataFrame(frame, geometry=[found[one] for one in ids], crs=state.crs)


def features_in(
    conn: sa.Connection, state: State, layer: Layer, bounds: Bounds, *, limit: int = 10_000
) -> "gpd.GeoDataFrame":
    """Return the public fields and the geometry of a layer's rows in a window (working CRS), in the order of keys.

    A layer the state does not hold, whose geometry is not public or that has none, has no rows to show.
    """
    import geopandas as gpd

    names = [name for name, field in layer.fields.items() if field.public]
    revision = state.revisions.get(layer.name)
    if revision is None or layer.public != "geometry" or not has_geometry(conn, revision):
        return gpd.GeoDataFrame({name: [] for name in names}, geometry=[], crs=state.crs)
    features = read(conn, revision, columns=names, layer=layer, which=Which(bounds=bounds, limit=limit))
    return gpd.GeoDataFrame(features.table.select(names).to_pandas(), geometry=features.geometry, crs=state.crs)


def layers_near(conn: sa.Connection, state: State, layers: Sequence[Layer], bounds: Bounds) -> list[Layer]:
    """Return the layers that may be drawn and have a row in a window (working CRS): one question for all of them."""
    drawn = [one for one in layers if one.public == "geometry" and one.geometry != "table"]
    drawn = [one for one in drawn if one.name in state.revisions]
    if not drawn:
        return []
    box = "ST_MakeEnvelope(:x0, :y0, :x1, :y1, :srid)"
    # A layer of any geometry may have come without one; its table then has no such column.
    tables = [(one.name, relation(state.revisions[one.name])) for one in drawn]
    held = [(name, table) for name, table in tables if has_geometry(conn, state.revisions[name])]
    asked = [f"EXISTS (SELECT FROM {table} WHERE geom && {box})" for _, table in held]
    srid = int(state.crs.partition(":")[2])
    params = {**dict(zip(("x0", "y0", "x1", "y1"), map(float, bounds), strict=True)), "srid": srid}
    found = conn.execute(sa.text(f"SELECT ARRAY[{', '.join(asked)}]::boolean[]"), params).scalar_one()
    near = {name for (name, _), there in zip(held, found, strict=True) if there}
    return [one for one in drawn if one.name in near]
