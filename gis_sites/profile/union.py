"""Parcels measured as one site: the union of some, place by place, from the rows of the layers near them."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Attribute, Catalogue, Layer, attributes_of
from gis_sites.columns import Column, Rows
from gis_sites.profile.adjacency import GAP_M, Pairs
from gis_sites.profile.adjacent import pairs_of
from gis_sites.profile.communes import NO_COMMUNE, communes
from gis_sites.profile.coverage import Cover, known
from gis_sites.profile.features import Features, Shapes, nothing
from gis_sites.profile.land import Ground, Place, limiting
from gis_sites.profile.measures import NEAREST, measure
from gis_sites.profile.merge import JOIN
from gis_sites.profile.net_area import lost_at_least
from gis_sites.profile.net_explain import net_scene
from gis_sites.profile.net_reading import MEASURE, net_layer
from gis_sites.profile.net_zones import ROUND, own_strip
from gis_sites.profile.pieces import areal
from gis_sites.profile.reading import NOWHERE, common, cover_of, drawn, parcel_fields, read_boundary, read_features
from gis_sites.profile.reading import read_named as named_by
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import blank, stitched, texts
from gis_sites.profile.sites import PARCEL, Sites
from gis_sites.profile.stored_land import Answers
from gis_sites.store import revisions as store_revisions
from gis_sites.store import states
from gis_sites.store.connect import Store
from gis_sites.store.reading import ALL, Bounds, Which
from gis_sites.store.states import State

PLACE_M = 500.0
"""Sites whose middles lie in one square of so many metres are measured together."""
AROUND_M = 250.0
"""How far around its square the rows of a place are read: other sites of it will need them too."""
PLACES = 200
"""Rows of so many places and layers are held."""
FILL_M2 = 0.01
"""Gaps between parcels of less are none."""
BESIDE_M = 0.01
"""A gap lies beside a parcel no farther away: buffers are not exact to the last bit."""
MITRE = 2
EVERYWHERE = Cover(None, stated=False)


@dataclass(frozen=True)
class Unions:
    """The parcels of a state, as sites of several; `rows` are those of its parcels that may be known, if not all."""

    store: Store
    catalogue: Catalogue
    state: State
    rows: Rows | None = None
    _rows: dict[tuple[Any, ...], tuple[Bounds, Features]] = field(default_factory=dict)
    _lands: dict[float, "UnionLand"] = field(default_factory=dict)
    _lost: dict[str, tuple[shapely.Geometry, shapely.Geometry]] = field(default_factory=dict)

    def pairs(self, gap_m: float = GAP_M, *, across: bool = False) -> Pairs:
        """Return which parcels lie beside each other (`adjacent.pairs_of`); rows count those that may be known."""
        pairs = pairs_of(self.store, self.state, gap_m=gap_m, across=across)
        if self.rows is None:
            return pairs
        number = np.full(self.state.revisions[PARCEL].rows, -1, dtype=np.intp)
        number[self.rows] = np.arange(len(self.rows))
        shown = pairs.take((number[pairs.first] >= 0) & (number[pairs.second] >= 0))
        return Pairs(number[shown.first], number[shown.second], shown.shared, shown.gap, shown.across)

    def measured(
        self, members: Sequence[tuple[str, ...]], names: Collection[str], gap_m: float = GAP_M
    ) -> dict[str, Column]:
        """Measure attributes on the unions of some parcels: columns in the order asked."""
        attributes = [self.catalogue.attributes[name] for name in names]
        found: dict[str, list[tuple[Rows, Column]]] = {name: [] for name in names}
        with self.store.begin() as conn:
            for rows, some in self.near(conn, members, gap_m):
                for attribute, column in self._measured(conn, some, attributes):
                    found[attribute.name].append((rows, column))
        empty = {one.name: blank(one, 0) for one in attributes}
        return {name: stitched(parts, len(members)) if parts else empty[name] for name, parts in found.items()}

    def sites(self, conn: sa.Connection, members: Sequence[tuple[str, ...]], gap_m: float) -> Sites:
        """Return some parcels as sites: their unions, gaps up to `gap_m` closed."""
        revision, layer = self.whole.revisions[PARCEL], self.catalogue.layer(PARCEL)
        ids = sorted({one for some in members for one in some})
        read = store_revisions.read(
            conn, revision, columns=parcel_fields(self.catalogue), layer=layer, which=Which(keys=ids)
        )
        keys = texts(read.table, "key").tolist()
        parcels = Sites(drawn(read.geometry), read.table, tuple((one,) for one in keys), crs=self.state.crs)
        place = {one: row for row, one in enumerate(keys)}
        shapes = np.empty(len(members), dtype=object)
        shapes[:] = [closed(parcels.geometry[[place[one] for one in some]], gap_m) for some in members]
        table = common(self.catalogue, parcels, members, [False] * len(members))
        return Sites(shapes, table, tuple(tuple(some) for some in members), crs=self.state.crs)

    def at_most(self, members: Sequence[tuple[str, ...]], gap_m: float = GAP_M) -> tuple[Shapes, Shapes]:
        """Return what of the unions of some parcels is not surely lost, and what surely is not: no less than that.

        It is told from what every parcel loses by itself, which is found out once.
        """
        with self.store.begin() as conn:
            self._lose(conn, sorted({(one,) for some in members for one in some if one not in self._lost}))
            whole = self.sites(conn, members, gap_m).geometry
        # Rules may hold in one commune and not in the other: there parcels do not tell.
        same = np.array([kind != NO_COMMUNE for kind in communes(members)], dtype=bool)
        left = []
        for end, strip in enumerate(own_strip(rule for step in self._net.net for rule in step.rules)):
            shapes: Shapes = shapely.buffer(whole, -strip, quad_segs=ROUND)
            lost = [
                shapely.union_all([self._lost[one][end] for one in members[row]])
                for row in np.flatnonzero(same).tolist()
            ]
            shapes[same] = areal(shapely.difference(shapes[same], np.array(lost, dtype=object)))
            left.append(shapes)
        return left[0], left[1]

    def _lose(self, conn: sa.Connection, parcels: Sequence[tuple[str]]) -> None:
        """Find out what parcels lose by themselves."""
        for rows, sites in self.near(conn, parcels, 0.0):
            lost = zip(*lost_at_least(self._net_scene(conn, sites)), strict=True)
            self._lost.update(zip([parcels[row][0] for row in rows], lost, strict=True))

    @cached_property
    def _net(self) -> Layer:
        return net_layer(self.catalogue, self.state.as_of)

    def _net_scene(self, conn: sa.Connection, sites: Sites) -> Scene:
        """Return sites that lie near each other, and what takes land of them."""
        return Scene(self._net, sites, self._zones(conn, sites, self._net), known(sites, EVERYWHERE))

    def near(
        self, conn: sa.Connection, members: Sequence[tuple[str, ...]], gap_m: float
    ) -> Iterator[tuple[Rows, Sites]]:
        """Yield some parcels as sites, those together that lie near each other, and which they are."""
        sites = self.sites(conn, members, gap_m)
        yield from ((rows, sites.take(rows)) for rows in places(sites.geometry))

    def place(self, conn: sa.Connection, sites: Sites, ids: Sequence[str]) -> Place:
        """Gather what there is to know to tell the ground of sites that lie near each other."""
        nothing_yet, net = np.full(len(sites), None, dtype=object), self._net_scene(conn, sites)
        bare = Sites(sites.geometry, pa.table({"row": np.arange(len(sites))}), sites.members, crs=sites.crs)
        plans = []
        for plan in limiting(self.catalogue):
            if plan.name in self.whole.revisions:
                cover = Cover(self._covers[plan.name].geometry, stated=False)
                features = self._features(conn, sites, plan, near=True)
                plans.append((Scene(plan, bare, features, known(bare, cover)), cover))
        return Place(tuple(ids), (nothing_yet, nothing_yet), np.arange(len(sites)), net, tuple(plans))

    def land(self, gap_m: float) -> "UnionLand":
        """Return where a footprint is looked for."""
        if gap_m not in self._lands:
            self._lands[gap_m] = UnionLand(self, gap_m)
        return self._lands[gap_m]

    @cached_property
    def whole(self) -> State:
        """The state with all rows and its coverages: what lies around a site does not hang on who may know it."""
        with self.store.begin() as conn:
            return states.get(conn, self.state.id, coverages=True)

    @cached_property
    def _boundary(self) -> Cover | None:
        with self.store.begin() as conn:
            return read_boundary(conn, self.whole.revisions)

    def _measured(
        self, conn: sa.Connection, sites: Sites, attributes: Sequence[Attribute]
    ) -> Iterator[tuple[Attribute, Column]]:
        net = [one for one in attributes if one.spec.measure == MEASURE]
        if net:
            scene = self._net_scene(conn, sites)
            yield from ((one, measure(scene, one)) for one in net)
        for layer in {one.layer.name: one.layer for one in attributes if one not in net}.values():
            mine = [one for one in attributes if one.layer.name == layer.name and one not in net]
            scene = self._scene(conn, sites, layer, near=all(one.spec.measure not in NEAREST for one in mine))
            yield from ((one, measure(scene, one)) for one in mine)

    def _scene(self, conn: sa.Connection, sites: Sites, layer: Layer, *, near: bool) -> Scene:
        revision = self.whole.revisions.get(layer.name)
        if revision is None or layer.name == PARCEL:
            cover = NOWHERE if revision is None else EVERYWHERE
            return Scene(layer, sites, nothing(), known(sites, cover))
        features = self._features(conn, sites, layer, near=near)
        return Scene(layer, sites, features, known(sites, self._covers[layer.name]))

    @cached_property
    def _covers(self) -> Mapping[str, Cover]:
        return {name: cover_of(one, self._boundary) for name, one in self.whole.revisions.items()}

    def _features(self, conn: sa.Connection, sites: Sites, layer: Layer, *, near: bool) -> Features:
        """Read the rows near some sites; all of them where the nearest is asked for, or rows name parcels."""
        revision, parcels = self.whole.revisions[layer.name], self.whole.revisions[PARCEL]
        far = max((one.spec.reach_m or 0.0 for one in attributes_of(layer)), default=0.0) + 1.0

        def read(box: Bounds) -> Features:
            which = ALL if everywhere else Which(bounds=(box[0] - far, box[1] - far, box[2] + far, box[3] + far))
            named = named_by(conn, layer, revision, parcels, which)
            return read_features(
                conn, layer, revision, as_of=self.state.as_of, parcels=named, held=parcels, which=which
            )

        everywhere = bool(layer.parcels) or not near
        return self._held(layer.name, None if everywhere else sites, read)

    def _zones(self, conn: sa.Connection, sites: Sites, layer: Layer) -> Features:
        """Read what takes land of some sites."""

        def read(box: Bounds) -> Features:
            square = replace(sites.take(np.zeros(1, dtype=np.intp)), geometry=np.array([shapely.box(*box)]))
            return net_scene(conn, self.catalogue, self.whole, square, boundary=self._boundary).features

        return self._held(layer.name, sites, read)

    def _held(self, name: str, sites: Sites | None, read: Callable[[Bounds], Features]) -> Features:
        """Return the rows of a layer around the place of some sites, read once for all sites of the place."""
        x0, y0, x1, y1 = (0.0,) * 4 if sites is None else (float(end) for end in shapely.total_bounds(sites.geometry))
        place = (name, *(() if sites is None else (int((x0 + x1) / 2 // PLACE_M), int((y0 + y1) / 2 // PLACE_M))))
        box, rows = self._rows.get(place, (None, None))
        if box is None or rows is None or x0 < box[0] or y0 < box[1] or x1 > box[2] or y1 > box[3]:
            box = (x0 - AROUND_M, y0 - AROUND_M, x1 + AROUND_M, y1 + AROUND_M)
            rows = read(box)
            self._rows.pop(place, None)
            while len(self._rows) >= PLACES:
                del self._rows[next(iter(self._rows))]
            self._rows[place] = (box, rows)
        return rows


class UnionLand:
    """The land of assemblies, as a footprint is looked for on it: nothing of it is kept beside the snapshot."""

    def __init__(self, unions: Unions, gap_m: float) -> None:
        self.crs = unions.state.crs
        self.most: int | None = None
        self._unions, self._gap_m = unions, gap_m
        self._memory: dict[str, Answers] = {}

    def places(self, kind: str, ids: Sequence[str]) -> Iterator[Place]:
        """Yield the places that assemblies are in."""
        members = [tuple(one.split(JOIN)) for one in ids]
        with self._unions.store.begin() as conn:
            for rows, sites in self._unions.near(conn, members, self._gap_m):
                yield self._unions.place(conn, sites, [ids[row] for row in rows])

    def keep(self, kind: str, grounds: Sequence[Ground]) -> None:
        """Keep nothing: there are too many sets of parcels."""

    def answers(self, kind: str, question: str, ids: Sequence[str]) -> Answers:
        """Return what this search answered before."""
        known = self._memory.get(question, {})
        return {one: known[one] for one in ids if one in known}

    def answered(self, kind: str, question: str, answers: Answers) -> None:
        """Remember answers as long as the search lasts."""
        self._memory.setdefault(question, {}).update(answers)

    def workers(self, sites: int) -> AbstractContextManager[Executor | None]:
        """Give no processes: few assemblies are looked at together."""
        return nullcontext()


def closed(shapes: Shapes, gap_m: float) -> shapely.Geometry:
    """Unite parcels and close the gaps between them: what lies within half a gap of them on both sides."""
    whole = shapely.union_all(shapes)
    if gap_m <= 0:
        return whole
    by = gap_m / 2 + BESIDE_M
    swollen = shapely.buffer(whole, by, join_style="mitre", mitre_limit=MITRE)
    fill = shapely.difference(shapely.buffer(swollen, -by, join_style="mitre", mitre_limit=MITRE), whole)
    slivers = shapely.get_parts(areal(np.array([fill], dtype=object)))
    # A gap lies between two parcels; a notch in one of them is nobody else's.
    beside = np.array([np.count_nonzero(shapely.dwithin(shapes, one, BESIDE_M)) for one in slivers], dtype=int)
    gaps = slivers[(shapely.area(slivers) > FILL_M2) & (beside > 1)]
    return shapely.union_all(np.concatenate([shapes, gaps])) if len(gaps) else whole


def places(shapes: Shapes) -> list[Rows]:
    """Group sites by the square their middle lies in; rows rise within a group."""
    bounds = np.nan_to_num(np.asarray(shapely.bounds(shapes), dtype=np.float64).reshape(-1, 4))
    cells = np.floor((bounds[:, :2] + bounds[:, 2:]) / 2 / PLACE_M).astype(np.int64)
    _, group = np.unique(cells, axis=0, return_inverse=True)
    return [np.flatnonzero(group.ravel() == one) for one in range(int(group.max(initial=-1)) + 1)]
