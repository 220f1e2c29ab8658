"""Views for QGIS (`inventory`) and for OGC API (`published`): re-made with each state, never read by our own code."""

from collections.abc import Mapping

import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.store.connect import Store
from gis_sites.store.copy import quoted_column
from gis_sites.store.revisions import Revision
from gis_sites.store.states import State
from gis_sites.store.tables import GEOMETRIES, field_columns, quoted

INVENTORY = "inventory"
PUBLISHED = "published"
LOCK_TIMEOUT = "3s"
PUBLIC_OWNERS = (
    "state", "state_usufruct", "municipal", "municipal_usufruct", "county", "voivodeship",
)  # fmt: skip


def remake(store: Store, state: State, catalogue: Catalogue) -> bool:
    """Make both schemas anew from a state, all views or none.

    Returns:
        False if somebody held the old views longer than the lock timeout; then they stay as they were.
    """
    try:
        with store.begin() as conn:
            conn.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
            conn.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended('gis-sites views', 0))"))
            _schema(conn, INVENTORY, _inventory(state, catalogue))
            _schema(conn, PUBLISHED, _published(store, state, catalogue))
            conn.execute(sa.text(f"COMMENT ON SCHEMA {PUBLISHED} IS '{_stamp(store, state)}'"))
    except sa.exc.OperationalError as error:
        if "lock timeout" not in str(error):
            raise
        return False
    return True


def are_of(store: Store, state: State) -> bool:
    """Tell whether the public views are those of the state and of today's setting for parcels."""
    comment = sa.text("SELECT obj_description(to_regnamespace(:schema), 'pg_namespace')")
    with store.begin() as conn:
        return bool(conn.execute(comment, {"schema": PUBLISHED}).scalar_one() == _stamp(store, state))


def _stamp(store: Store, state: State) -> str:
    return f"state {state.id}, parcels {store.settings.public_parcels or 'all'}"


def _schema(conn: sa.Connection, schema: str, views: Mapping[str, str]) -> None:
    conn.execute(sa.text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
    conn.execute(sa.text(f"CREATE SCHEMA {schema}"))
    for name, query in views.items():
        conn.exec_driver_sql(f"CREATE VIEW {schema}.{quoted(name)} AS {query}")


def _inventory(state: State, catalogue: Catalogue) -> dict[str, str]:
    return {
        layer.name: _select(layer, state.revisions[layer.name], state.crs)
        for layer in catalogue
        if layer.name in state.revisions
    }


def _published(store: Store, state: State, catalogue: Catalogue) -> dict[str, str]:
    views = {
        layer.name: _select(layer, state.revisions[layer.name], state.crs, keys=False)
        for layer in catalogue.public()
        if layer.public == "geometry" and layer.name in state.revisions
    }
    parcel = catalogue.public().layers.get("parcel")
    if parcel and "parcel" in state.revisions:
        shown = _parcels(store, state, catalogue.layers.get("offer"))
        views["parcel"] = _select(parcel, state.revisions["parcel"], state.crs, keys=False) + shown
    return views


def _select(layer: Layer, revision: Revision, crs: str, *, keys: bool = True) -> str:
    """Write the query of one view: `id`, the fields by name (unknown where the revision lacks one), the geometry."""
    columns = ["row AS id", *(("key", "part") if keys else ())]
    for name, kind in field_columns(layer).items():
        # The number of a row is called `id`, for QGIS; a field of that name goes by its layer's.
        shown = _other_name(layer) if name == "id" else name
        columns.append(f"{_cell(name, kind.name, revision)} AS {quoted_column(shown)}")
    if layer.geometry != "table":
        kind_of = f"geometry({GEOMETRIES[layer.geometry]}, {crs.removeprefix('EPSG:')})"
        columns.append(f"geom::{kind_of} AS geom")
    return f"SELECT {', '.join(columns)} FROM {quoted(revision.table)}"  # noqa: S608 - our own names


def _other_name(layer: Layer) -> str:
    name = f"{layer.name}_id"
    while name in field_columns(layer):
        name += "_"
    return name


def _cell(name: str, kind: str, revision: Revision) -> str:
    if revision.types.get(name) == kind:
        return quoted_column(name)
    return f"NULL::{'double precision' if kind == 'double' else kind}"


def _parcels(store: Store, state: State, offer: Layer | None) -> str:
    """Narrow the public parcels to those the setting allows; what cannot be told is not shown."""
    match store.settings.public_parcels:
        case "public_owners" if "owner_class" in state.revisions["parcel"].types:
            return f" WHERE owner_class IN ({', '.join(repr(one) for one in PUBLIC_OWNERS)})"
        case "offers" if offer and offer.parcels and "offer" in state.revisions:
            named = f"regexp_split_to_table({quoted_column(offer.parcels)}, '[[:space:],;]+')"
            return f" WHERE key IN (SELECT {named} FROM {quoted(state.revisions['offer'].table)})"  # noqa: S608
        case "public_owners" | "offers":
            return " WHERE false"
        case _:
            return ""
