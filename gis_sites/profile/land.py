"""The ground of some sites: what of it may be built on, and the plans' limits over it.

The net polygons of the sites asked about are made from the rows near them, a place at a time, and kept beside the
snapshot (`shelf`): only what nobody asked about before is made, and none is made for a profile.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.columns import Rows
from gis_sites.profile.coverage import Cover, known
from gis_sites.profile.features import Shapes
from gis_sites.profile.nearby import hilbert
from gis_sites.profile.net_area import waterfall
from gis_sites.profile.net_explain import net_scene
from gis_sites.profile.net_reading import net_layer, reach_of
from gis_sites.profile.net_zones import rule_layers
from gis_sites.profile.overlay import extreme_covering
from gis_sites.profile.pieces import areal
from gis_sites.profile.reading import cover_of, read_boundary, read_features
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import numbers
from gis_sites.profile.sites import PARCEL, Sites
from gis_sites.store.reading import Which
from gis_sites.store.revisions import Coverage, Revision
from gis_sites.store.states import State

LIMITS = ("max_height_m", "max_coverage_share", "max_intensity", "min_green_share")
"""Attributes that are limits of a plan: `extreme_covering` of a field of the zones."""
FEW = 200
"""Sites read together at most."""
WIDE_M = 1_500.0
"""How wide a place is that is read together, unless it holds one site alone."""


class Zone(NamedTuple):
    """Where on a site a plan says some limits (infinite: none); not a number: nobody knows."""

    layer: str
    shape: shapely.Geometry
    limits: dict[str, float]


@dataclass(frozen=True, eq=False)
class Ground:
    """The ground of some sites: what is not surely lost, what is left whatever is unknown, and zones of plans."""

    ids: tuple[str, ...]
    most: Shapes
    sure: Shapes
    zones: list[list[Zone]]


@dataclass(frozen=True, eq=False)
class Place:
    """Sites that lie together, with all there is to know to tell their ground; it travels to other processes.

    `net` is of the sites whose net polygons nobody made before (`fresh`); those of the others are given.
    """

    ids: tuple[str, ...]
    given: tuple[Shapes, Shapes]
    fresh: Rows
    net: Scene | None
    plans: tuple[tuple[Scene, Cover], ...]

    def ground(self) -> Ground:
        """Tell the ground."""
        most, sure = (shapes.copy() for shapes in self.given)
        if self.net is not None:
            left = waterfall(self.net)
            most[self.fresh], sure[self.fresh] = areal(left.shape), areal(left.sure_shape)
        zones: list[list[Zone]] = [[] for _ in self.ids]
        for scene, cover in self.plans:
            for site, zone in _zones(scene, cover):
                zones[site].append(zone)
        return Ground(self.ids, most, sure, zones)


def places(sites: Sites) -> list[Rows]:
    """Cut sites into places that are read together: few and near each other, along a Hilbert curve."""
    bounds = np.nan_to_num(np.asarray(shapely.bounds(sites.geometry), dtype=np.float64).reshape(-1, 4))
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2
    found: list[list[int]] = []
    low = high = np.zeros(2)
    for row in np.argsort(hilbert(middle), kind="stable").tolist():
        lower, upper = np.minimum(low, middle[row]), np.maximum(high, middle[row])
        if not found or len(found[-1]) >= FEW or (upper - lower).max() > WIDE_M:
            found.append([])
            lower = upper = middle[row]
        found[-1].append(row)
        low, high = lower, upper
    return [np.array(one, dtype=np.intp) for one in found]


def read_place(about: "About", sites: Sites, ids: Sequence[str], given: tuple[Shapes, Shapes]) -> Place:
    """Read what there is to know about sites that lie together; net polygons that are None are to be made."""
    fresh, about = np.flatnonzero(shapely.is_missing(given[0])), about.near(sites.geometry)
    net = None
    if len(fresh):
        net = net_scene(about.conn, about.catalogue, about.state, sites.take(fresh), boundary=about.boundary)
    drawn = Sites(sites.geometry, pa.table({"row": np.arange(len(sites))}), sites.members, crs=sites.crs)
    held = (layer for layer in limiting(about.catalogue) if layer.name in about.state.revisions)
    return Place(tuple(ids), given, fresh, net, tuple(_plan(about, layer, drawn) for layer in held))


@dataclass(frozen=True, eq=False)
class About:
    """What is read, place by place: one state, and where each layer that is asked speaks."""

    conn: sa.Connection
    catalogue: Catalogue
    state: State
    boundary: Cover | None
    covers: Mapping[str, Cover]
    reach: float
    """How far from a row of any layer land may be lost: m."""

    @classmethod
    def of(cls, conn: sa.Connection, catalogue: Catalogue, state: State) -> "About":
        """Read a state, which knows its coverages."""
        boundary, steps = read_boundary(conn, state.revisions), net_layer(catalogue, state.as_of).net
        asked = {*rule_layers(steps), *(layer.name for layer in limiting(catalogue))} & set(state.revisions)
        covers = {name: cover_of(state.revisions[name], boundary) for name in sorted(asked)}
        shapely.prepare([one.geometry for one in covers.values() if one.geometry is not None])
        reach = max((reach_of(steps, name) for name in rule_layers(steps)), default=0.0)
        return cls(conn, catalogue, state, boundary, covers, reach)

    def near(self, sites: Shapes) -> "About":
        """Return the same with coverages as far as some sites can tell: a city's boundary has many corners."""
        by = 2 * self.reach + 10
        x0, y0, x1, y1 = np.nan_to_num(shapely.total_bounds(sites)).tolist()
        window = shapely.box(x0 - by, y0 - by, x1 + by, y1 + by)
        covers = {name: _within(cover, window) for name, cover in self.covers.items()}
        held = {name: _covering(self.state.revisions[name], cover) for name, cover in covers.items()}
        return replace(self, covers=covers, state=replace(self.state, revisions={**self.state.revisions, **held}))


def _within(cover: Cover, window: shapely.Polygon) -> Cover:
    if cover.geometry is None or shapely.contains_properly(cover.geometry, window):
        return Cover(None, cover.stated)
    return Cover(areal(np.array([shapely.intersection(cover.geometry, window)]))[0], cover.stated)


def _covering(revision: Revision, cover: Cover) -> Revision:
    """Return a revision with one part that covers what all of them do."""
    whole = Coverage("own", cover.stated, None if cover.geometry is None else cover.geometry.wkb)
    return replace(revision, parts=tuple(replace(one, coverage=whole) for one in revision.parts[:1]))


def limiting(catalogue: Catalogue) -> list[Layer]:
    """Return the layers that say limits, with these attributes only."""
    found = []
    for layer in catalogue:
        limits = {name: spec for name, spec in layer.attributes.items() if name in LIMITS and spec.measure == COVERING}
        if limits:
            found.append(layer.model_copy(update={"attributes": limits}))
    return found


COVERING = extreme_covering.__name__


def _plan(about: About, layer: Layer, sites: Sites) -> tuple[Scene, Cover]:
    revision = about.state.revisions[layer.name]
    x0, y0, x1, y1 = np.nan_to_num(shapely.total_bounds(sites.geometry)).tolist()
    which = Which(bounds=(x0, y0, x1, y1))
    day, held = about.state.as_of, about.state.revisions[PARCEL]
    features = read_features(about.conn, layer, revision, as_of=day, parcels=sites, held=held, which=which)
    cover = about.covers[layer.name]
    return Scene(layer, sites, features, known(sites, Cover(cover.geometry, stated=False))), cover


def _zones(scene: Scene, cover: Cover) -> Iterator[tuple[int, Zone]]:
    """Yield the zones of a plan at each site: rows in force, rows that may be, and where nobody knows of any."""
    layer, limits = scene.layer, {name: _limits(scene, name) for name in scene.layer.attributes}
    for names in _alike(layer):
        sure, maybe = scene.chosen(layer.attributes[names[0]].where)
        pieces, nobody = scene.arranged(sure), dict.fromkeys(names, math.nan)
        for site, row, shape in zip(pieces.site.tolist(), pieces.row.tolist(), areal(pieces.shape), strict=True):
            yield site, Zone(layer.name, shape, {name: limits[name][row] for name in names})
        doubtful = scene.pieces.some((maybe & ~sure)[scene.pieces.row])
        for site, shape in zip(doubtful.site.tolist(), areal(doubtful.shape), strict=True):
            yield site, Zone(layer.name, shape, nobody)
        for site in np.flatnonzero(scene.known.outside > 0).tolist():
            yield site, Zone(layer.name, shapely.difference(scene.sites.geometry[site], cover.geometry), nobody)


def _alike(layer: Layer) -> list[list[str]]:
    """Return the limits of a layer, those together that the same rows say."""
    found: dict[str, list[str]] = {}
    for name, spec in layer.attributes.items():
        found.setdefault(repr(sorted(spec.where.items())), []).append(name)
    return list(found.values())


def _limits(scene: Scene, name: str) -> list[float]:
    """Return a limit of each row: infinite where an empty cell means that there is none."""
    spec = scene.layer.attributes[name]
    values = numbers(scene.features.table, str(spec.field))
    if scene.layer.fields[str(spec.field)].empty == "none":
        values = np.where(np.isnan(values), np.inf if name.startswith("max") else -np.inf, values)
    return [float(one) for one in values]
