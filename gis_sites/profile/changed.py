"""Which sites keep the values they have: those that nothing which changed since can reach.

A changed row reaches a site where it covers or touches it, names it, or lies no farther than what is nearest now: the
value the site has is the bound. What follows from this is a superset of the sites whose values differ, never less.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer, Where, attributes_of
from gis_sites.columns import Column, Floats, Range, Rows
from gis_sites.profile.coverage import known
from gis_sites.profile.features import Features, Mask, Shapes
from gis_sites.profile.joined import parcels_in
from gis_sites.profile.measures import NEAREST
from gis_sites.profile.net_reading import NET, read_zones
from gis_sites.profile.net_zones import SAYS, rule_layers
from gis_sites.profile.reading import (
    cover_of,
    feature_fields,
    parcel_fields,
    read_boundary,
    read_features,
    read_named,
    valid_fields,
)
from gis_sites.profile.selection import choose, texts, valid_on
from gis_sites.profile.sites import PARCEL, Sites
from gis_sites.profile.stamp import BOUNDARY
from gis_sites.profile.tasks import Columns
from gis_sites.store import profiles
from gis_sites.store import revisions as store
from gis_sites.store.pairs import pairs
from gis_sites.store.profiles import Profile
from gis_sites.store.revisions import Revision, Which

MARGIN_M = 1e-3
"""How much farther than a bound a row is still taken to reach; stored distances are rounded to a micrometre."""


@dataclass(frozen=True, eq=False)
class Moment:
    """What a profile is made from: revisions, and a day."""

    revisions: Mapping[str, Revision]
    as_of: date


@dataclass(frozen=True, eq=False)
class Kept:
    """The values that stay: for each site the row of the block before, -1 where it has to be measured anew."""

    row: Rows
    columns: Columns

    @property
    def anew(self) -> Rows:
        """The sites that have to be measured."""
        return np.flatnonzero(self.row < 0)

    def parts(self) -> dict[str, tuple[Rows, Column]]:
        """Return for each attribute the sites that keep their values, and these."""
        stay = np.flatnonzero(self.row >= 0)
        return {name: (stay, column.take(self.row[stay])) for name, column in self.columns.items()}


class Changes:
    """What changed between the moment a block was made and another, read once for all layers."""

    def __init__(self, conn: sa.Connection, catalogue: Catalogue, before: Moment, now: Moment) -> None:
        self.catalogue, self.before, self.now = catalogue, before, now
        self.boundaries = read_boundary(conn, before.revisions), read_boundary(conn, now.revisions)
        parcels = before.revisions[PARCEL], now.revisions[PARCEL]
        self.drawn_alike = pairs(conn, *parcels, ())
        self.all_alike = pairs(conn, *parcels, parcel_fields(catalogue))
        self.moved = self._moved(conn, *parcels)

    def _moved(self, conn: sa.Connection, old: Revision, new: Revision) -> frozenset[str]:
        """Return the parcels, of before and now, that are not drawn as they were."""
        fresh = np.flatnonzero(self.drawn_alike < 0)
        lost = np.setdiff1d(np.arange(old.rows), self.drawn_alike)
        return frozenset(_keys(conn, old, lost)) | frozenset(_keys(conn, new, fresh))

    def kept(self, conn: sa.Connection, layer: Layer, block: Profile, sites: Sites) -> Kept:
        """Return which parcels keep the values that a block of `before` gives them."""
        row = (self.all_alike if layer.name == PARCEL or layer.list else self.drawn_alike).copy()
        columns = profiles.read(conn, block)
        if layer.name == NET:
            row[_within(sites, self._other_zones(conn, layer), 0.0)] = -1
            return Kept(row, columns)
        was, now = self.before.revisions.get(layer.name), self.now.revisions.get(layer.name)
        if layer.name == PARCEL or (was is None and now is None):
            return Kept(row, columns)
        if was is None or now is None:
            return Kept(np.full(len(sites), -1, dtype=np.intp), columns)
        values = {name: column.take(row) for name, column in columns.items()}
        went, came = self._rows(conn, layer, was, now)
        for revision, rows, moment in ((was, went, self.before), (now, came, self.now)):
            if len(rows):
                row[reached(layer, sites, _features(conn, layer, revision, rows, moment), values)] = -1
        row[self._said_otherwise(was, now, sites)] = -1
        return Kept(row, columns)

    def _rows(self, conn: sa.Connection, layer: Layer, old: Revision, new: Revision) -> tuple[Rows, Rows]:
        """Return the rows of a layer that went, and those that came: other cells, another shape, another day."""
        same = pairs(conn, old, new, feature_fields(layer))
        other = same < 0
        if layer.rows.valid and self.before.as_of != self.now.as_of:
            days = store.read(conn, new, columns=valid_fields(layer), layer=layer, geometry=False).table
            other |= valid_on(layer, days, self.before.as_of) != valid_on(layer, days, self.now.as_of)
        if layer.parcels and layer.geometry != "table" and self.moved:
            # A row without a shape of its own stands for the parcels it names.
            found = store.read(conn, new, columns=[layer.parcels], layer=layer)
            for row in np.flatnonzero(shapely.is_missing(found.geometry)):
                other[row] |= not self.moved.isdisjoint(parcels_in(found.table[layer.parcels][int(row)].as_py()))
        return np.setdiff1d(np.arange(old.rows), same[~other]), np.flatnonzero(other)

    def _other_zones(self, conn: sa.Connection, layer: Layer) -> Shapes:
        """Return the polygons that take land from the net area either only before or only now."""
        names = {*rule_layers(layer.net), BOUNDARY}
        moments = (self.before, self.now)
        held = [{name: one.revisions[name].id for name in names & set(one.revisions)} for one in moments]
        if held[0] == held[1]:
            return np.empty(0, dtype=object)
        before, now = (
            _zones(read_zones(conn, self.catalogue, layer.net, moment.revisions, boundary=boundary))
            for moment, boundary in zip(moments, self.boundaries, strict=True)
        )
        other: Shapes = shapely.from_wkb([wkb for wkb, _ in ((before - now) + (now - before)).elements()])
        return other

    def _said_otherwise(self, old: Revision, new: Revision, sites: Sites) -> Mask:
        """Return the sites for which the end of the coverage is another."""
        before, now = cover_of(old, self.boundaries[0]), cover_of(new, self.boundaries[1])
        if before.stated == now.stated and _wkb(before.geometry) == _wkb(now.geometry):
            return np.zeros(len(sites), dtype=bool)
        one, other = known(sites, before), known(sites, now)
        return np.asarray((one.outside != other.outside) | (one.horizon != other.horizon), dtype=bool)


def _zones(features: Features) -> Counter[tuple[bytes, tuple[object, ...]]]:
    """Count the polygons of zones with what they take."""
    says = features.table.select([name for name in features.table.column_names if name not in SAYS])
    rows = list(zip(*says.to_pydict().values(), strict=True))
    keys = features.table.column("key").to_pylist()
    faces = zip(shapely.to_wkb(features.faces).tolist(), features.face_row.tolist(), strict=True)
    return Counter((wkb, (keys[row], *rows[row])) for wkb, row in faces)


def _keys(conn: sa.Connection, revision: Revision, rows: Rows) -> list[str]:
    if not len(rows):
        return []
    found = store.read(conn, revision, columns=(), geometry=False, which=Which(rows=rows.tolist()))
    return [str(key) for key in found.table["key"].to_pylist()]


def _wkb(geometry: object) -> bytes | None:
    return None if geometry is None else shapely.to_wkb(geometry)


def _features(conn: sa.Connection, layer: Layer, revision: Revision, rows: Rows, moment: Moment) -> Features:
    """Read some rows of a layer as they were or are; parcels they stand for are those of the same moment."""
    which = Which(rows=rows.tolist())
    named = read_named(conn, layer, revision, moment.revisions[PARCEL], which)
    return read_features(conn, layer, revision, as_of=moment.as_of, parcels=named, which=which)


def reached(layer: Layer, sites: Sites, features: Features, values: Mapping[str, Column]) -> Mask:
    """Return the sites that some rows of a layer can reach, whether they came or went; `values` are those so far."""
    hit = _named(layer, sites, features)
    every = np.ones(len(features), dtype=bool)
    touch = max((one.spec.reach_m or 0.0 for one in attributes_of(layer) if one.spec.measure not in NEAREST), default=0)
    hit |= _within(sites, _pieces(features, every), touch)
    for where, bound in _bounds(layer, values):
        _, maybe = choose(layer, features.table, where)
        hit |= _within(sites, _pieces(features, maybe), bound)
    return hit


def _named(layer: Layer, sites: Sites, features: Features) -> Mask:
    if not layer.parcels:
        return np.zeros(len(sites), dtype=bool)
    named = {one for cell in texts(features.table, layer.parcels) for one in parcels_in(cell)}
    return np.array([not named.isdisjoint(members) for members in sites.members], dtype=bool)


def _pieces(features: Features, rows: Mask) -> Shapes:
    pieces: Shapes = np.concatenate([features.faces[rows[features.face_row]], features.edges[rows[features.edge_row]]])
    return pieces


def _bounds(layer: Layer, values: Mapping[str, Column]) -> Iterator[tuple[Where, Floats | float]]:
    """Yield for every set of rows of which the nearest is asked how far from each site it can be, in metres."""
    near = [one for one in attributes_of(layer) if one.spec.measure in NEAREST]
    told = {one.short: one.spec for one in near if one.spec.measure == "nearest_distance" and one.spec.reach_m is None}
    done: list[tuple[Where, float | None]] = []
    for one in near:
        if (one.spec.where, one.spec.reach_m) in done:
            continue
        done.append((one.spec.where, one.spec.reach_m))
        high = (values[name] for name, spec in told.items() if spec.where == one.spec.where and name in values)
        bound = next((_far(column) for column in high), np.inf)
        yield one.spec.where, np.minimum(bound, np.inf if one.spec.reach_m is None else one.spec.reach_m)


def _far(column: Column) -> Floats:
    assert isinstance(column, Range)
    return np.where(np.isnan(column.high), np.inf, column.high)


def _within(sites: Sites, pieces: Shapes, bound: Floats | float) -> Mask:
    """Return the sites whose circle about their box lies no farther from some piece than a bound, in metres."""
    if not len(pieces):
        return np.zeros(len(sites), dtype=bool)
    boxes: npt.NDArray[np.float64] = np.asarray(shapely.bounds(sites.geometry), dtype=np.float64).reshape(-1, 4)
    drawn = np.flatnonzero(~np.isnan(boxes[:, 0]))
    low, high = boxes[:, :2], boxes[:, 2:]
    middles = shapely.points(((low + high) / 2)[drawn])
    index, distance = shapely.STRtree(pieces).query_nearest(middles, return_distance=True, all_matches=False)
    gap = np.full(len(sites), np.inf)
    gap[drawn[index[0]]] = distance - (np.hypot(*(high - low).T) / 2)[drawn[index[0]]]
    return np.asarray((gap <= bound + MARGIN_M) & np.isfinite(gap), dtype=bool)
