"""Views for QGIS (`inventory`) and for OGC API (`published`): re-made with each state, never read by our own code."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.store.connect import Store
from gis_sites.store.copy import quoted_column
from gis_sites.store.faults import is_locked
from gis_sites.store.revisions import Revision
from gis_sites.store.shown import PUBLIC_OWNERS, conditions
from gis_sites.store.states import State
from gis_sites.store.tables import GEOMETRIES, field_columns, quoted

__all__ = ["INVENTORY", "PUBLIC_OWNERS", "PUBLISHED", "View", "are_of", "public_views", "remake"]

INVENTORY = "inventory"
PUBLISHED = "published"
LOCK_TIMEOUT = "3s"
RULES = 2
"""Raised with every change of what a setting shows: views of other rules are made anew."""


@dataclass(frozen=True)
class View:
    """What a view shows of a layer: its query, its columns with their types, its kind of geometry (None: none)."""

    query: str
    columns: Mapping[str, str]
    shape: str | None


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
            _schema(conn, PUBLISHED, public_views(store, state, catalogue))
            conn.execute(sa.text(f"COMMENT ON SCHEMA {PUBLISHED} IS '{_stamp(store, state)}'"))
    except sa.exc.OperationalError as error:
        if not is_locked(error):
            raise
        return False
    return True


def are_of(store: Store, state: State) -> bool:
    """Tell whether the public views are those of the state, of today's setting for parcels and of the layer files."""
    comment = sa.text("SELECT obj_description(to_regnamespace(:schema), 'pg_namespace')")
    with store.begin() as conn:
        return bool(conn.execute(comment, {"schema": PUBLISHED}).scalar_one() == _stamp(store, state))


def _stamp(store: Store, state: State) -> str:
    layers = " ".join(f"{layer.name} {layer.hash}" for layer in store.catalogue or ())
    digest = hashlib.sha256(layers.encode()).hexdigest()[:16]
    return f"state {state.id}, parcels {store.settings.public_parcels or 'all'}, layers {digest}, rules {RULES}"


def _schema(conn: sa.Connection, schema: str, views: Mapping[str, View]) -> None:
    # The schema itself stays, and with it the right to read it that an administrator gave.
    conn.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    old = sa.text("SELECT quote_ident(viewname) FROM pg_views WHERE schemaname = :schema")
    for name in conn.execute(old, {"schema": schema}).scalars().all():
        conn.exec_driver_sql(f"DROP VIEW IF EXISTS {schema}.{name} CASCADE")
    for name, view in views.items():
        conn.exec_driver_sql(f"CREATE VIEW {schema}.{quoted(name)} AS {view.query}")


def _inventory(state: State, catalogue: Catalogue) -> dict[str, View]:
    return {
        layer.name: _view(layer, state.revisions[layer.name], state.crs)
        for layer in catalogue
        if layer.name in state.revisions
    }


def public_views(store: Store, state: State, catalogue: Catalogue) -> dict[str, View]:
    """Return what the public may see of a state under the store's setting: `catalogue` is the whole one."""
    only = conditions(store.settings.public_parcels, state.revisions, catalogue)
    return {
        layer.name: _view(layer, state.revisions[layer.name], state.crs, keys=False, where=only.get(layer.name))
        for layer in catalogue.public(naming=not only)
        if layer.name in state.revisions and layer.public == "geometry"
    }


def _view(layer: Layer, revision: Revision, crs: str, *, keys: bool = True, where: str | None = None) -> View:
    """Describe one view: `id`, the fields by name (unknown where the revision lacks one), the geometry."""
    columns, types = ["row AS id", *(("key", "part") if keys else ())], {"id": "integer"}
    for name, kind in field_columns(layer).items():
        # The number of a row is called `id`, for QGIS; a field of that name goes by its layer's.
        shown = _other_name(layer) if name == "id" else name
        types[shown] = kind.name
        columns.append(f"{_cell(name, kind.name, revision)} AS {quoted_column(shown)}")
    shape = None
    if layer.geometry != "table":
        shape = GEOMETRIES[layer.geometry]
        columns.append(f"geom::geometry({shape}, {crs.removeprefix('EPSG:')}) AS geom")
    query = f"SELECT {', '.join(columns)} FROM {quoted(revision.table)}"  # noqa: S608 - our own names
    return View(query + (f" WHERE {where}" if where else ""), types, shape)


def _other_name(layer: Layer) -> str:
    name = f"{layer.name}_id"
    while name in field_columns(layer):
        name += "_"
    return name


def _cell(name: str, kind: str, revision: Revision) -> str:
    if revision.types.get(name) == kind:
        return quoted_column(name)
    return f"NULL::{'double precision' if kind == 'double' else kind}"
