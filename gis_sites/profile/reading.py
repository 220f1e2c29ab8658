"""From the store to arrays: the sites of a kind, the rows of a layer, and where it speaks."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
import shapely
import sqlalchemy as sa

from gis_sites.ahead import ahead
from gis_sites.catalogue import Attribute, Catalogue, Layer, attributes_of
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import Features, Shapes, cut
from gis_sites.profile.packed import packed_sites
from gis_sites.profile.selection import texts, valid_on
from gis_sites.profile.sites import OFFER, PARCEL, Alone, Kind, Sites
from gis_sites.profile.stamp import BOUNDARY
from gis_sites.store import lineage
from gis_sites.store import revisions as store
from gis_sites.store.lineage import named_in
from gis_sites.store.revisions import ALL, UNREAD, Revision, Which

MUNICIPALITY = "municipality"
NOWHERE = Cover(shapely.MultiPolygon(), stated=False)
PART = 50_000
"""Rows read at a time."""
EDGED = {"nearest_distance", "nearest_value", "frontage", "crosses"}
"""Measures that look at boundaries and lines; to the others polygons are areas and nothing else."""
AREAS = {"m2", "ha"}
"""Units of fields that add up."""


def read_parcels(conn: sa.Connection, catalogue: Catalogue, revision: Revision, *, crs: str) -> Sites:
    """Read the parcels with the fields that measures look at."""
    layer, columns = catalogue.layer(PARCEL), parcel_fields(catalogue)
    read = (store.read(conn, revision, columns=columns, layer=layer, which=which) for which in in_parts(revision))
    parts = ((part.table, drawn(part.geometry)) for part in ahead(read))
    return packed_sites(parts, lambda table: Alone(table["key"].combine_chunks()), crs)


def parcel_fields(catalogue: Catalogue) -> list[str]:
    """Return the fields of a parcel that some measure looks at."""
    layer = catalogue.layer(PARCEL)
    lists = {one.list.of.removeprefix(f"{PARCEL}.") for one in catalogue if one.list}
    areas = {name for name, field in layer.fields.items() if field.unit in AREAS}
    return sorted((set(fields_of(attributes_of(layer))) | lists | areas) & set(layer.fields))


def read_offers(
    conn: sa.Connection, catalogue: Catalogue, revision: Revision, *, parcels: Sites, held: Revision
) -> Sites:
    """Read the offers: their own polygons, by default the union of their parcels; and what these have in common."""
    layer = catalogue.layer(OFFER)
    found = store.read(conn, revision, layer=layer)
    table = naming(conn, layer, found.table, held)
    members = tuple(tuple(named_in(cell)) for cell in texts(table, layer.parcels or ""))
    own = ~(shapely.is_missing(found.geometry) | shapely.is_empty(found.geometry))
    shapes = np.where(own, found.geometry, _unions(members, parcels))
    shared = common(catalogue, parcels, members, own.tolist())
    return Sites(drawn(shapes), shared, members, table, layer.name, parcels.crs)


def naming(conn: sa.Connection, layer: Layer, table: pa.Table, held: Revision) -> pa.Table:
    """Return rows that name parcels, with the successors of those that the parcels' revision holds no more."""
    if layer.parcels is None or layer.parcels not in table.column_names:
        return table
    at = table.column_names.index(layer.parcels)
    cells = lineage.up_to_date(conn, texts(table, layer.parcels).tolist(), held)
    return table.set_column(at, layer.parcels, pa.array(cells, pa.string()))


def drawn(geometry: Shapes) -> Shapes:
    """Return geometries with an empty polygon where there is none."""
    shapes = geometry.copy()
    shapes[shapely.is_missing(shapes)] = shapely.Polygon()
    return shapes


def _unions(members: Sequence[Sequence[str]], parcels: Sites) -> Shapes:
    places = parcels.places({one for named in members for one in named})
    shapes = np.empty(len(members), dtype=object)
    for row, named in enumerate(members):
        known = [places[one] for one in named if one in places]
        shapes[row] = shapely.union_all(parcels.shapes(known)) if known else shapely.Polygon()
    return shapes


def common(catalogue: Catalogue, parcels: Sites, members: Sequence[Sequence[str]], own: Sequence[bool]) -> pa.Table:
    """Return what the parcels of each offer have in common: a value they share, else unknown.

    Areas add up and own lists are strung together, where every parcel has one and the offer has no polygon of its
    own; an offer has no parcel's identifier.
    """
    layer = catalogue.layer(PARCEL)
    places = parcels.places({one for named in members for one in named})
    rows = [[places.get(one) for one in named] for named in members]
    lists = {one.list.of.removeprefix(f"{PARCEL}.") for one in catalogue if one.list}
    columns = {}
    for name in (one for one in parcels.parcel.column_names if one in layer.fields):
        cells = parcels.parcel.column(name)
        adds = layer.fields[name].unit in AREAS or name in lists
        values = []
        for places_of, drawn_itself in zip(rows, own, strict=True):
            every = [None if row is None else cells[row].as_py() for row in places_of]
            whole = bool(every) and None not in every and name not in layer.key_fields
            if adds:
                together = "; ".join(map(str, every)) if name in lists else sum(one or 0 for one in every)
                values.append(together if whole and not drawn_itself else None)
            else:
                values.append(every[0] if whole and len(set(every)) == 1 else None)
        columns[name] = pa.array(values, cells.type)
    return pa.table(columns)


def read_features(
    conn: sa.Connection,
    layer: Layer,
    revision: Revision,
    *,
    as_of: date,
    parcels: Sites,
    held: Revision,
    which: Which = ALL,
) -> Features:
    """Read the rows of a layer that count on a day; rows that only name parcels stand for their union.

    `held` is the revision of the parcels.
    """
    found = store.read(conn, revision, columns=feature_fields(layer), layer=layer, which=which)
    counts = valid_on(layer, found.table, as_of)
    table, geometry = found.table.filter(pa.array(counts)).combine_chunks(), found.geometry[counts]
    table = naming(conn, layer, table, held)
    edged = any(one.spec.measure in EDGED for one in attributes_of(layer))
    return cut(table, standing_for(layer, table, geometry, parcels), edged=edged)


def in_parts(revision: Revision, which: Which = ALL) -> list[Which]:
    """Cut rows of a revision into parts: what comes from the database takes many times the room it ends in."""
    rows = range(revision.rows) if which.rows is None else which.rows
    # What lies in a window is little, and found by place.
    if len(rows) <= PART or which.bounds is not None:
        return [which]
    return [Which(rows=rows[first : first + PART]) for first in range(0, len(rows), PART)]


def read_named(conn: sa.Connection, layer: Layer, revision: Revision, parcels: Revision, which: Which) -> Sites:
    """Read the parcels that rows name."""
    ids: set[str] = set()
    if layer.parcels:
        found = store.read(conn, revision, columns=[layer.parcels], layer=layer, geometry=False, which=which)
        table = naming(conn, layer, found.table, parcels)
        ids |= {one for cell in texts(table, layer.parcels) for one in named_in(cell)}
    found = store.read(conn, parcels, columns=(), which=Which(keys=sorted(ids)))
    return Sites(drawn(found.geometry), found.table, tuple((one,) for one in texts(found.table, "key")))


def standing_for(layer: Layer, table: pa.Table, geometry: Shapes, parcels: Sites) -> Shapes:
    """Return geometries where a row without one stands for the union of the parcels it names."""
    missing = shapely.is_missing(geometry)
    shapes = drawn(geometry)
    if layer.parcels and layer.geometry != "table" and missing.any():
        named = [named_in(cell) for cell in texts(table, layer.parcels)[missing]]
        shapes[missing] = _unions(named, parcels)
    return shapes


def feature_fields(layer: Layer) -> list[str]:
    """Return the stored columns that the measures of a layer look at."""
    names = set(fields_of(attributes_of(layer)))
    names |= {layer.parcels} if layer.parcels else set()
    names |= set(valid_fields(layer))
    tables = {name for name in names if layer.fields[name].table}
    return sorted(names | {f"{name}_{end}" for name in tables for end in ("yes", "text")})


def valid_fields(layer: Layer) -> tuple[str, ...]:
    """Return the fields that say when a row counts."""
    return (layer.rows.valid.start, layer.rows.valid.end) if layer.rows.valid else ()


def fields_of(attributes: Sequence[Attribute]) -> list[str]:
    """Return the fields that attributes look at, in order."""
    names: dict[str, None] = {}
    for one in attributes:
        for where in (one.spec.where, *(grade.where for grade in one.spec.grades)):
            names |= dict.fromkeys(where)
        names |= dict.fromkeys(one.spec.fields)
    return list(names)


def cover_of(revision: Revision, boundary: Cover | None) -> Cover:
    """Unite where the parts of a revision speak; the boundary is that of the state, where it has one."""
    parts = []
    for part in revision.parts:
        assert part.coverage.wkb != UNREAD, f"the coverages of {revision.table} were not read"
        own = Cover(shapely.from_wkb(part.coverage.wkb) if part.coverage.wkb else None, part.coverage.stated)
        parts.append(Cover(boundary.geometry, own.stated) if part.coverage.kind == BOUNDARY and boundary else own)
    return Cover.of(parts) if parts else NOWHERE


def read_boundary(conn: sa.Connection, revisions: Mapping[str, Revision]) -> Cover | None:
    """Return the municipalities' union, None where no boundary is held."""
    if BOUNDARY not in revisions:
        return None
    found = store.read(conn, revisions[BOUNDARY], columns=["kind"])
    mine = texts(found.table, "kind") == MUNICIPALITY
    return Cover(shapely.union_all(found.geometry[mine]), stated=False) if mine.any() else None


KINDS: Mapping[Kind, str] = {"parcels": PARCEL, "offers": OFFER}
"""Kind of site -> the layer whose rows they are."""
