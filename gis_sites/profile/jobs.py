"""What has to be measured for each block that is missing, read from the store; and what stays of the block before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.memory import let_go
from gis_sites.profile.changed import Changes, Moment
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import nothing
from gis_sites.profile.narrow import Needs
from gis_sites.profile.net_reading import NET, reach_of, read_zones
from gis_sites.profile.packed import Packed, packed
from gis_sites.profile.planned import Plan, blocks_before
from gis_sites.profile.reading import (
    KINDS,
    NOWHERE,
    cover_of,
    in_parts,
    read_boundary,
    read_features,
    read_offers,
    read_parcels,
)
from gis_sites.profile.sites import PARCEL, Kind, Sites
from gis_sites.profile.tasks import Work
from gis_sites.store import states
from gis_sites.store.connect import Store
from gis_sites.store.profiles import Former, Profile
from gis_sites.store.revisions import ALL, Revision, Which
from gis_sites.store.unfinished import Unfinished, named, sweep


@dataclass(frozen=True, eq=False)
class Job:
    """A block to make: the sites to measure, what there is about them, and what stays or was measured before."""

    plan: Plan
    sites: Sites
    unfinished: Unfinished
    works: list[Work]
    covers: list[Cover]
    former: Former | None


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads the layers of a moment for the measures."""

    conn: sa.Connection
    catalogue: Catalogue
    now: Moment
    parcels: Sites
    boundary: Cover | None
    """The municipalities' union."""

    def layer(self, layer: Layer, needs: Needs | None) -> tuple[Packed, Cover]:
        """Read the rows of a layer, of all or those only that some sites need, and where it speaks."""
        revision = self.now.revisions.get(layer.name)
        if layer.name == NET:
            return self._zones(layer, needs), Cover(None, stated=False)
        # The parcels' own layer is measured on the parcels themselves: no rows to look for.
        if revision is None or layer.name == PARCEL:
            return packed([nothing()]), NOWHERE if revision is None else Cover(None, stated=False)
        which = ALL if needs is None else needs.near(self.conn, layer, revision)
        held = self.now.revisions[PARCEL]
        rows = (
            read_features(self.conn, layer, revision, as_of=self.now.as_of, parcels=self.parcels, held=held, which=part)
            for part in in_parts(revision, which)
        )
        return packed(rows), cover_of(revision, self.boundary)

    def _zones(self, layer: Layer, needs: Needs | None) -> Packed:
        def which(name: str, revision: Revision) -> Which:
            return ALL if needs is None else needs.within(self.conn, revision, reach_of(layer.net, name))

        return read_zones(self.conn, self.catalogue, layer.net, self.now.revisions, boundary=self.boundary, which=which)


def works_of(
    conn: sa.Connection, catalogue: Catalogue, layers: Mapping[str, Layer], now: Moment, *, parcels: Sites
) -> tuple[list[Work], list[Cover]]:
    """Read layers to measure them at all sites, and their coverages."""
    reader = Reader(conn, catalogue, now, parcels, read_boundary(conn, now.revisions))
    return _works({name: reader.layer(layer, None) for name, layer in layers.items()}, layers)


def _works(read: Mapping[str, tuple[Packed, Cover]], layers: Mapping[str, Layer]) -> tuple[list[Work], list[Cover]]:
    """Put layers and coverages beside one another; layers that speak of the same place share one."""
    covers: dict[tuple[bytes | None, bool], Cover] = {}
    works = []
    for name, (features, cover) in read.items():
        key = (cover.geometry.wkb if cover.geometry is not None else None, cover.stated)
        covers.setdefault(key, cover)
        works.append(Work(layers[name], features, list(covers).index(key)))
    return works, list(covers.values())


def jobs(store: Store, catalogue: Catalogue, now: Moment, todo: list[Plan]) -> Iterator[Job]:
    """Read, for one block after the other, what has to be measured and what stays."""
    with store.begin() as conn:
        parcels = read_parcels(conn, catalogue, now.revisions[PARCEL], crs=store.crs)
        kinds: dict[Kind, Sites] = {"parcels": parcels}
        if any(plan.kind == "offers" for plan in todo):
            offers, held = now.revisions[KINDS["offers"]], now.revisions[PARCEL]
            kinds["offers"] = read_offers(conn, catalogue, offers, parcels=parcels, held=held)
        boundary = read_boundary(conn, now.revisions)
        names = {plan.stamp: named(plan.stamp, now.revisions.values()) for plan in todo}
        sweep(store, names.values())
        base = states.current(conn, coverages=True)
        before = Moment(base.revisions, base.as_of) if base and PARCEL in base.revisions else None
        changes = Changes(conn, catalogue, before, now, sites=kinds) if before else None
        layers = {plan.layer.name: plan.layer for plan in todo} if base else {}
        blocks = {name: blocks_before(conn, catalogue, layer, base=base) for name, layer in layers.items() if base}
    for plan in todo:
        with store.begin() as conn:
            reader = Reader(conn, catalogue, now, parcels, boundary)
            sites, needs, former = _asked(reader, plan, kinds[plan.kind], changes, blocks.get(plan.layer.name, {}))
            read = {plan.layer.name: reader.layer(plan.layer, needs)} if len(sites) else {}
        let_go()
        rows = np.arange(len(sites)) if former is None else former.anew
        unfinished = Unfinished(store, names[plan.stamp], rows)
        works = _works(read, {plan.layer.name: plan.layer})
        yield Job(plan, sites, unfinished, *works, former)


def _asked(
    reader: Reader, plan: Plan, sites: Sites, changes: Changes | None, blocks: Mapping[Kind, Profile]
) -> tuple[Sites, Needs | None, Former | None]:
    """Return which sites have to be measured, what they need to know, and what stays of the `blocks` before."""
    block = blocks.get(plan.kind)
    former = changes.former(reader.conn, plan.layer, plan.kind, block) if changes and block else None
    if former is None or changes is None:
        return sites, None, None
    anew = sites.take(former.anew)
    needs = changes.needs(reader.conn, plan.layer, blocks.get("parcels"), anew) if len(anew) else None
    return anew, needs, former
