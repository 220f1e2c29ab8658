"""Which sites keep the values they have: those that nothing which changed since can reach.

A changed row reaches a site where it covers or touches it, names it, or lies no farther than what is nearest now: the
value the site has is the bound. What follows from this is a superset of the sites whose values differ, never less.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer, attributes_of
from gis_sites.columns import Rows
from gis_sites.profile.coverage import Cover, known
from gis_sites.profile.features import Features, Mask, Shapes
from gis_sites.profile.narrow import Bounds, Needs, Neighbours, bounds_of, can_narrow
from gis_sites.profile.net_reading import NET, read_zones
from gis_sites.profile.net_zones import SAYS, all_drawn, rule_fields, rule_layers
from gis_sites.profile.reach import reached, within
from gis_sites.profile.reading import (
    cover_of,
    feature_fields,
    naming,
    parcel_fields,
    read_boundary,
    read_features,
    read_named,
    valid_fields,
)
from gis_sites.profile.selection import valid_on
from gis_sites.profile.sites import OFFER, PARCEL, Kind, Sites
from gis_sites.profile.stamp import BOUNDARY
from gis_sites.store import profiles
from gis_sites.store import revisions as store
from gis_sites.store.lineage import named_in
from gis_sites.store.pairs import pairs, several_pairs
from gis_sites.store.profiles import Former, Profile
from gis_sites.store.revisions import ALL, Revision, Which

Both = tuple[Rows, Rows]
"""Rows of a revision before, and of the one now."""


@dataclass(frozen=True, eq=False)
class Moment:
    """What a profile is made from: revisions, and a day."""

    revisions: Mapping[str, Revision]
    as_of: date


class Changes:
    """What changed between the moment that blocks were made and another; what layers share is read once."""

    def __init__(
        self, conn: sa.Connection, catalogue: Catalogue, before: Moment, now: Moment, *, sites: Mapping[Kind, Sites]
    ) -> None:
        self.catalogue, self.before, self.now, self.sites = catalogue, before, now, sites
        self.boundaries = read_boundary(conn, before.revisions), read_boundary(conn, now.revisions)
        self.same_boundary = len({one and _wkb(one.geometry) for one in self.boundaries}) == 1
        parcels = before.revisions[PARCEL], now.revisions[PARCEL]
        self.drawn_alike, self.all_alike = several_pairs(conn, *parcels, [(), parcel_fields(catalogue)])
        self.moved = _others(conn, *parcels, self.drawn_alike)
        self.offers_alike = self._offers(conn, _others(conn, *parcels, self.all_alike))
        self.neighbours = Neighbours(sites["parcels"])
        self._standings: dict[Kind, tuple[str, Rows]] = {}

    def former(self, conn: sa.Connection, layer: Layer, kind: Kind, block: Profile) -> Former | None:
        """Return which sites keep the values that a block of `before` gives them; None: the layer is a new one."""
        if (layer.name in self.before.revisions) != (layer.name in self.now.revisions):
            return None
        return Former(block, self._standing(conn, layer, kind, block))

    def needs(self, conn: sa.Connection, layer: Layer, parcels: Profile | None, anew: Sites) -> Needs | None:
        """Return what sites to measure need to know of a layer; None: all of it.

        The nearest row to a parcel (of the block `parcels` of `before`) that keeps its value is no farther from a
        site beside it than both are large and apart.
        """
        if layer.name == NET:
            return Needs(anew, ())
        if parcels is None or not can_narrow(layer, self.now.revisions.get(layer.name)):
            return None
        row = self._standing(conn, layer, "parcels", parcels)
        return Needs(anew, self.neighbours.bounds(row >= 0, _bounds(conn, layer, parcels, row), anew))

    def _standing(self, conn: sa.Connection, layer: Layer, kind: Kind, block: Profile) -> Rows:
        """Return for each site its row in a block, -1 where it has to be measured."""
        name, row = self._standings.get(kind, ("", None))
        if name != layer.name or row is None:
            row = self._stood(conn, layer, kind, block)
            self._standings[kind] = layer.name, row
        return row

    def _stood(self, conn: sa.Connection, layer: Layer, kind: Kind, block: Profile) -> Rows:
        sites, row = self.sites[kind], self._alike(layer, kind).copy()
        if layer.name == NET:
            row[within(sites, self._other_zones(conn, layer), 0.0)] = -1
            return row
        was, now = self.before.revisions.get(layer.name), self.now.revisions.get(layer.name)
        if layer.name == PARCEL or was is None or now is None:
            return row
        other, partly = self._rows(conn, layer, was, now)
        changed = [
            (revision, rows, moment, only)
            for (went, came), only in ((other, None), (partly, self.moved))
            for revision, rows, moment in ((was, went, self.before), (now, came, self.now))
            if len(rows)
        ]
        bounds = _bounds(conn, layer, block, row) if changed else ()
        for revision, rows, moment, only in changed:
            features = _features(conn, layer, revision, rows, moment, only=only)
            row[reached(layer, sites, features, bounds)] = -1
        row[self._said_otherwise(was, now, sites)] = -1
        return row

    def _alike(self, layer: Layer, kind: Kind) -> Rows:
        """Return for each site the row of the same site before, -1 where it is not the same to a layer."""
        if kind == "offers":
            return self.offers_alike
        return self.all_alike if layer.name == PARCEL or layer.list else self.drawn_alike

    def _offers(self, conn: sa.Connection, others: frozenset[str]) -> Rows:
        """Return for each offer the row of the one before that says the same of the same parcels."""
        if "offers" not in self.sites:
            return np.empty(0, dtype=np.intp)
        sites, old, new = self.sites["offers"], self.before.revisions.get(OFFER), self.now.revisions[OFFER]
        if old is None:
            return np.full(len(sites), -1, dtype=np.intp)
        row = pairs(conn, old, new, {*old.types, *new.types})
        row[[not others.isdisjoint(members) for members in sites.members]] = -1
        return row

    def _rows(self, conn: sa.Connection, layer: Layer, old: Revision, new: Revision) -> tuple[Both, Both]:
        """Return the rows of a layer that went and those that came: other cells, another shape, another day.

        Then those, before and now, that say the same of the parcels they stand for, some of which moved.
        """
        same = pairs(conn, old, new, feature_fields(layer))
        other, partly = same < 0, np.zeros(len(same), dtype=bool)
        if layer.rows.valid and self.before.as_of != self.now.as_of:
            days = store.read(conn, new, columns=valid_fields(layer), layer=layer, geometry=False).table
            other |= valid_on(layer, days, self.before.as_of) != valid_on(layer, days, self.now.as_of)
        if layer.parcels and layer.geometry != "table" and self.moved:
            # A row without a shape of its own stands for the parcels it names.
            found = store.read(conn, new, columns=[layer.parcels], layer=layer)
            named = naming(conn, layer, found.table, self.now.revisions[PARCEL])[layer.parcels]
            for row in np.flatnonzero(shapely.is_missing(found.geometry)):
                partly[row] = not other[row] and not self.moved.isdisjoint(named_in(named[int(row)].as_py()))
        went = _without(old.rows, same[~other])
        return (went, np.flatnonzero(other)), (same[partly], np.flatnonzero(partly))

    def _other_zones(self, conn: sa.Connection, layer: Layer) -> Shapes:
        """Return the polygons that take land from the net area either only before or only now."""
        names, moments = {*rule_layers(layer.net), BOUNDARY}, (self.before, self.now)
        held = [{name: one.revisions[name].id for name in names & set(one.revisions)} for one in moments]
        if held[0] == held[1]:
            return np.empty(0, dtype=object)
        rows: dict[str, tuple[Rows, Rows]] = {}
        for name in rule_layers(layer.net):
            was, now = self.before.revisions.get(name), self.now.revisions.get(name)
            if was is not None and now is not None:
                same = pairs(conn, was, now, rule_fields(layer.net, name))
                rows[name] = _without(was.rows, same), np.flatnonzero(same < 0)
        # What rows that stay take is the same before and now.
        sides = [{name: both[side] for name, both in rows.items()} for side in (0, 1)]
        then, today = (
            self._zones_of(conn, layer, moment, boundary, only)
            for moment, boundary, only in zip(moments, self.boundaries, sides, strict=True)
        )
        other: Shapes = shapely.from_wkb([wkb for wkb, _ in ((then - today) + (today - then)).elements()])
        return other

    def _zones_of(
        self, conn: sa.Connection, layer: Layer, moment: Moment, boundary: Cover | None, only: Mapping[str, Rows]
    ) -> "Counter[Zone]":
        def which(name: str, _: Revision) -> Which:
            return Which(rows=only[name].tolist()) if name in only else ALL

        steps, revisions = layer.net, moment.revisions
        found = read_zones(conn, self.catalogue, steps, revisions, boundary=boundary, which=which)
        return _zones(all_drawn(found.unpacked()))

    def _said_otherwise(self, old: Revision, new: Revision, sites: Sites) -> Mask:
        """Return the sites for which the end of the coverage is another."""
        if old.id == new.id and self.same_boundary:
            return np.zeros(len(sites), dtype=bool)
        before, now = cover_of(old, self.boundaries[0]), cover_of(new, self.boundaries[1])
        if before.stated == now.stated and _wkb(before.geometry) == _wkb(now.geometry):
            return np.zeros(len(sites), dtype=bool)
        sites = sites.unpacked()
        one, other = known(sites, before), known(sites, now)
        return np.asarray((one.outside != other.outside) | (one.horizon != other.horizon), dtype=bool)


Zone = tuple[bytes, tuple[object, ...]]
"""A polygon, and what it takes."""


def _zones(features: Features) -> Counter[Zone]:
    """Count the polygons of zones with what they take."""
    says = features.table.select([name for name in features.table.column_names if name not in SAYS])
    rows = list(zip(*says.to_pydict().values(), strict=True))
    keys = features.table.column("key").to_pylist()
    faces = zip(shapely.to_wkb(features.faces).tolist(), features.face_row.tolist(), strict=True)
    return Counter((wkb, (keys[row], *rows[row])) for wkb, row in faces)


def _others(conn: sa.Connection, old: Revision, new: Revision, same: Rows) -> frozenset[str]:
    """Return the parcels, of before and now, that have no row of the other that says the same."""
    lost, fresh = _without(old.rows, same), np.flatnonzero(same < 0)
    return frozenset(_keys(conn, old, lost)) | frozenset(_keys(conn, new, fresh))


def _without(rows: int, some: Rows) -> Rows:
    """Return the numbers of rows without some of them; -1 is none.

    >>> _without(4, np.array([2, -1, 0])).tolist()
    [1, 3]
    """
    left = np.ones(rows, dtype=bool)
    left[some[some >= 0]] = False
    return np.flatnonzero(left)


def _bounds(conn: sa.Connection, layer: Layer, block: Profile, row: Rows) -> Bounds:
    """Return how far the nearest rows of a layer are from sites, of each of which a block says it in a row."""
    told = [one.short for one in attributes_of(layer) if one.spec.measure == "nearest_distance"]
    columns = profiles.read(conn, block, [name for name in told if name in block.types])
    return bounds_of(layer, {name: column.take(row) for name, column in columns.items()}, len(row))


def _keys(conn: sa.Connection, revision: Revision, rows: Rows) -> list[str]:
    if not len(rows):
        return []
    found = store.read(conn, revision, columns=(), geometry=False, which=Which(rows=rows.tolist()))
    return [str(key) for key in found.table["key"].to_pylist()]


def _wkb(geometry: object) -> bytes | None:
    return None if geometry is None else shapely.to_wkb(geometry)


def _features(
    conn: sa.Connection,
    layer: Layer,
    revision: Revision,
    rows: Rows,
    moment: Moment,
    *,
    only: frozenset[str] | None,
) -> Features:
    """Read some rows of a layer as they were or are; parcels they stand for are those of the same moment.

    With `only` they are drawn as far as they stand for these parcels: where the others lie nothing changed.
    """
    which = Which(rows=rows.tolist())
    held = moment.revisions[PARCEL]
    named = read_named(conn, layer, revision, held, which)
    if only is not None:
        named = named.take(np.flatnonzero([not only.isdisjoint(parcel) for parcel in named.members]))
    return read_features(conn, layer, revision, as_of=moment.as_of, parcels=named, held=held, which=which)
