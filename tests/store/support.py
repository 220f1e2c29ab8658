"""Small layers, and revisions of them, for the tests of the store and of the rooms below it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.intake.shapes import to_ewkb
from gis_sites.store import loads, revisions, states
from gis_sites.store.connect import Store
from gis_sites.store.profiles import Profile
from gis_sites.store.registry import lineage
from gis_sites.store.revisions import Coverage, Part, Revision
from gis_sites.store.states import State
from gis_sites.store.tables import field_columns

EVERYTHING = Coverage("parcels", False, None)
DAY = date(2026, 11, 21)

PARCEL: dict[str, Any] = {
    "name": "parcel",
    "title": {"pl": "Działki", "en": "Parcels"},
    "geometry": "polygon",
    "public": "geometry",
    "key": ["id"],
    "fields": {
        "id": {"type": "text"},
        "area": {"type": "number"},
        "built": {"type": "flag"},
        "measured": {"type": "date"},
        "use": {"type": "codes", "table": "symbol_uses"},
        "owner_class": {"type": "code", "public": False, "codes": {"state": [], "natural": []}},
        "land_register": {"type": "text", "public": False},
    },
    "attributes": {
        "id": {"measure": "own_field", "field": "id"},
        "area_m2": {"measure": "area"},
        "built": {"measure": "own_field", "field": "built"},
        "net_area_m2": {"measure": "net_area"},
    },
}
PIPE: dict[str, Any] = {
    "name": "pipe",
    "title": {"pl": "Rury", "en": "Pipes"},
    "geometry": "line",
    "public": "values",
    "key": ["id"],
    "fields": {"id": {"type": "text", "public": False}, "note": {"type": "text"}},
    "attributes": {
        "distance_m": {"measure": "nearest_distance"},
        "crosses": {"measure": "crosses"},
        "note": {"measure": "nearest_value", "field": "note"},
    },
}
OFFER: dict[str, Any] = {
    "name": "offer",
    "title": {"pl": "Oferty", "en": "Offers"},
    "geometry": "table",
    "public": "geometry",
    "key": ["id"],
    "parcels": "parcels",
    "fields": {"id": {"type": "text"}, "parcels": {"type": "text"}, "price": {"type": "number"}},
    "attributes": {"price": {"measure": "own_field", "field": "price"}},
}


def layer(table: Mapping[str, Any], **changes: Any) -> Layer:
    made = Layer.model_validate({**table, **changes})
    made._hash = f"hash of {made.name}"
    return made


def small_catalogue() -> Catalogue:
    return Catalogue({one["name"]: layer(one) for one in (PARCEL, PIPE, OFFER)}, {})


def load(conn: sa.Connection, fingerprint: str = "f", *, status: str = "ready") -> int:
    source = loads.source(conn, sha256="5" * 64, name="miasto.gpkg", size=7)
    made = loads.new_load(conn, source=source, fingerprint=fingerprint, publisher="Miasto", dated=DAY)
    loads.close_load(conn, made, status=status)
    return made


def table(layer: Layer, rows: Sequence[Mapping[str, Any]], *, load: int, part: str = "all") -> pa.Table:
    """Rows as `append` takes them; `geom` is a shapely geometry in EPSG:2177."""
    n = len(rows)
    columns = {
        "key": pa.array([row["key"] for row in rows], pa.string()),
        "part": pa.array([part] * n, pa.string()),
        "load": pa.array([load] * n, pa.int64()),
        "source_row": pa.array([row.get("source_row", place) for place, row in enumerate(rows)], pa.int64()),
    }
    for name, kind in field_columns(layer).items():
        columns[name] = pa.array([row.get(name) for row in rows], kind.arrow)
    if layer.geometry != "table":
        columns["geom"] = to_ewkb(np.array([row.get("geom") for row in rows], dtype=object), 2177)
    return pa.table(columns)


def heirs(conn: sa.Connection, load: int, changes: Sequence[tuple[str, str, str]]) -> None:
    """Keep (old, new, how) as a load told them."""
    conn.execute(lineage.insert(), [{"load_id": load, "old_id": a, "new_id": b, "how": how} for a, b, how in changes])


def square(x: float, y: float = 0.0, side: float = 10.0) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([shapely.box(x, y, x + side, y + side)])


def revision(
    store: Store, layer: Layer, rows: Sequence[Mapping[str, Any]], *, load_id: int | None = None, part: str = "all"
) -> Revision:
    with store.begin() as conn:
        by = load(conn) if load_id is None else load_id
        draft = revisions.create(conn, layer, srid=store.srid)
        revisions.append(conn, draft, table(layer, rows, load=by, part=part))
        return revisions.finish(conn, draft, [Part(part, by, len(rows), EVERYTHING, DAY, "Miasto")])


def state(
    store: Store, *held: Revision, profiles: Mapping[str, Mapping[str, Profile]] | None = None, base: int | None = None
) -> State:
    with store.begin() as conn:
        return states.publish(
            conn,
            revisions={one.layer: one.id for one in held},
            profiles=profiles or {},
            as_of=DAY,
            stale_after=None,
            reason="test",
            base=base,
        )
