"""The profile: every attribute of every parcel and offer, a block a layer; only what changed is measured anew."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from gis_sites.ahead import ahead
from gis_sites.catalogue import Catalogue, Layer, attributes_of
from gis_sites.profile.changed import Changes, Kept, Moment
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import nothing
from gis_sites.profile.net_reading import NET, blocks_of, of_layer, read_zones, rules_change
from gis_sites.profile.packed import let_go, packed
from gis_sites.profile.reading import (
    KINDS,
    NOWHERE,
    cover_of,
    read_boundary,
    read_in_parts,
    read_offers,
    read_parcels,
    valid_fields,
)
from gis_sites.profile.selection import interval, stitched
from gis_sites.profile.sites import PARCEL, Kind, Sites
from gis_sites.profile.stamp import stamp
from gis_sites.profile.tasks import Columns, Work, measure_all
from gis_sites.progress import Progress, silent
from gis_sites.store import profiles, states
from gis_sites.store import revisions as store_revisions
from gis_sites.store.connect import Store
from gis_sites.store.profiles import Profile
from gis_sites.store.revisions import Revision
from gis_sites.store.states import State

WORTH_WORKERS = 20_000
"""Sites times layers from which handing work to other processes pays for sending it."""
Blocks = dict[str, dict[str, Profile]]
"""Layer -> kind -> block."""


@dataclass(frozen=True)
class Plan:
    """A block there should be."""

    layer: Layer
    kind: Kind
    stamp: str
    next_change: date | None


@dataclass(frozen=True, eq=False)
class Job:
    """A block to make: the sites to measure, what there is about them, and the values that stay."""

    plan: Plan
    sites: Sites
    works: list[Work]
    covers: list[Cover]
    kept: Kept | None
    total: int

    def whole(self, fresh: Columns) -> Columns:
        """Put what was measured beside what stays."""
        if self.kept is None:
            return fresh
        anew = [(name, (self.kept.anew, column)) for name, column in fresh.items()]
        stay = self.kept.parts()
        return {
            one.short: stitched([part for name, part in [*stay.items(), *anew] if name == one.short], self.total)
            for one in attributes_of(self.plan.layer)
        }


def build(
    store: Store,
    catalogue: Catalogue,
    revisions: Mapping[str, Revision],
    *,
    as_of: date,
    executor: Executor | None = None,
    progress: Progress = silent,
) -> tuple[Blocks, date | None]:
    """Bring the profile of some revisions up to date as of a day.

    A block is stored as soon as it is made, so that a run that was broken off goes on where it was; parcels that
    nothing reaches which changed since the published state keep the values they have there.

    Returns:
        all blocks, those found and those made now, and the next day on which some value changes.
    """
    with store.begin() as conn:
        plans = planned(conn, catalogue, revisions, as_of=as_of, crs=store.crs)
        found = {(one.layer.name, one.kind): profiles.find(conn, one.stamp) for one in plans}
    todo = [one for one in plans if found[one.layer.name, one.kind] is None]
    made = _made(store, catalogue, Moment(revisions, as_of), todo, executor=executor, progress=progress)
    blocks: Blocks = {}
    for plan in plans:
        block = found[plan.layer.name, plan.kind] or made[plan.layer.name, plan.kind]
        blocks.setdefault(plan.layer.name, {})[plan.kind] = block
    return blocks, min((one.next_change for one in plans if one.next_change), default=None)


def planned(
    conn: sa.Connection, catalogue: Catalogue, revisions: Mapping[str, Revision], *, as_of: date, crs: str
) -> list[Plan]:
    """List the blocks there should be: of every layer that is held, or that parcels' own lists speak of."""
    if PARCEL not in revisions:
        return []
    kinds: list[Kind] = [kind for kind, layer in KINDS.items() if layer in revisions]
    plans = []
    for layer in blocks_of(catalogue, as_of):
        held = of_layer(layer) in revisions or _is_listed(conn, layer, revisions[PARCEL])
        if not layer.attributes or not held:
            continue
        since, until = _interval(conn, catalogue, layer, revisions, as_of)
        for kind in kinds:
            key = stamp(layer, kind, revisions, crs=crs, since=since, until=until)
            plans.append(Plan(layer, kind, key, until))
    return plans


def _is_listed(conn: sa.Connection, layer: Layer, parcels: Revision) -> bool:
    """Tell whether some parcel carries its own list of a layer."""
    name = layer.list.of.removeprefix(f"{PARCEL}.") if layer.list else ""
    if name not in parcels.fields:
        return False
    cells = store_revisions.read(conn, parcels, columns=[name], geometry=False).table.column(name)
    return bool(cells.null_count < len(cells))


def _interval(
    conn: sa.Connection, catalogue: Catalogue, layer: Layer, revisions: Mapping[str, Revision], as_of: date
) -> tuple[date | None, date | None]:
    """Return since when, and until before which day, a block says the same as on a day."""
    if layer.name == NET:
        return None, rules_change(catalogue.layer(PARCEL).net, as_of)[1]
    revision = revisions.get(layer.name)
    if revision is None or layer.rows.valid is None:
        return None, None
    rows = store_revisions.read(conn, revision, columns=valid_fields(layer), layer=layer, geometry=False)
    return interval(layer, rows.table, as_of)


def _made(
    store: Store, catalogue: Catalogue, now: Moment, todo: list[Plan], *, executor: Executor | None, progress: Progress
) -> dict[tuple[str, Kind], Profile]:
    """Make the blocks that are missing, one after the other: one is read and one written while one is measured."""
    if not todo:
        return {}
    jobs = ahead(_jobs(store, catalogue, now, todo))
    columns = _measured(jobs, len(todo), executor=executor, progress=progress)
    return {(plan.layer.name, plan.kind): block for plan, block in _stored(store, columns)}


def _jobs(store: Store, catalogue: Catalogue, now: Moment, todo: list[Plan]) -> Iterator[Job]:
    """Read, for one block after the other, what has to be measured and what stays."""
    with store.begin() as conn:
        parcels = read_parcels(conn, catalogue, now.revisions[PARCEL], crs=store.crs)
        base = states.current(conn, coverages=True)
        changes = _changes(conn, catalogue, base, now) if base else None
        kinds: dict[Kind, Sites] = {"parcels": parcels}
        if any(plan.kind == "offers" for plan in todo):
            kinds["offers"] = read_offers(conn, catalogue, now.revisions[KINDS["offers"]], parcels)
    for plan in todo:
        sites = kinds[plan.kind]
        with store.begin() as conn:
            block = _before(conn, catalogue, plan, base) if base and changes and plan.kind == "parcels" else None
            kept = changes.kept(conn, plan.layer, block, sites) if changes and block else None
            anew = sites if kept is None else sites.take(kept.anew)
            layers = {plan.layer.name: plan.layer} if len(anew) else {}
            works, covers = works_of(conn, catalogue, layers, now, parcels=parcels)
        let_go()
        yield Job(plan, anew, list(works.values()), covers, kept, len(sites))


def _changes(conn: sa.Connection, catalogue: Catalogue, base: State, now: Moment) -> Changes | None:
    if PARCEL not in base.revisions:
        return None
    return Changes(conn, catalogue, Moment(base.revisions, base.as_of), now)


def _before(conn: sa.Connection, catalogue: Catalogue, plan: Plan, base: State) -> Profile | None:
    """Return the block of the published state, if it was made by the same arithmetic from the same kind of input."""
    block = base.profiles.get(plan.layer.name, {}).get(plan.kind)
    if block is None:
        return None
    since, until = _interval(conn, catalogue, plan.layer, base.revisions, base.as_of)
    again = stamp(plan.layer, plan.kind, base.revisions, crs=base.crs, since=since, until=until)
    return block if block.stamp == again and block.rows else None


def _measured(
    jobs: Iterable[Job], total: int, *, executor: Executor | None, progress: Progress
) -> Iterator[tuple[Plan, Columns]]:
    """Measure what has to be; the progress is in sites, each counted once for every block."""
    for place, job in enumerate(jobs):
        told = _counting_on(progress, job, place, total)
        fresh = measured(job.sites, job.works, job.covers, executor=executor, progress=told)
        yield job.plan, job.whole(fresh.get(job.plan.layer.name, {}))


def _counting_on(progress: Progress, job: Job, place: int, blocks: int) -> Progress:
    """Return what tells of one block as of a part of all; the sites that keep their values count as done."""
    before = job.total - len(job.sites)

    def told(step: str, done: int, total: int | None = None) -> None:
        progress(step, place * job.total + before + done, blocks * job.total)

    return told


def _stored(store: Store, blocks: Iterable[tuple[Plan, Columns]]) -> Iterator[tuple[Plan, Profile]]:
    """Write each block while the next is measured."""
    with ThreadPoolExecutor(1) as writer:
        waiting: Future[tuple[Plan, Profile]] | None = None
        for plan, columns in blocks:
            if waiting:
                yield waiting.result()
            waiting = writer.submit(_store, store, plan, columns)
        if waiting:
            yield waiting.result()


def _store(store: Store, plan: Plan, columns: Columns) -> tuple[Plan, Profile]:
    with store.begin() as conn:
        return plan, profiles.write(
            conn,
            layer=of_layer(plan.layer),
            kind=plan.kind,
            stamp=plan.stamp,
            columns=columns,
            next_change=plan.next_change,
        )


def measured(
    sites: Sites, works: list[Work], covers: list[Cover], *, executor: Executor | None, progress: Progress = silent
) -> dict[str, Columns]:
    """Measure layers at sites: by the executor where handing the work out pays, else in this process."""
    worth = len(sites) * len(works) >= WORTH_WORKERS
    return measure_all(
        sites,
        works,
        covers,
        executor=executor if worth else None,
        done=lambda ready, total: progress("profile", ready, total),
    )


def works_of(
    conn: sa.Connection, catalogue: Catalogue, layers: Mapping[str, Layer], now: Moment, *, parcels: Sites
) -> tuple[dict[str, Work], list[Cover]]:
    """Read the layers to measure, and their coverages; layers that speak of the same place share one."""
    revisions, as_of = now.revisions, now.as_of
    boundary = read_boundary(conn, revisions)
    works: dict[str, Work] = {}
    covers: dict[tuple[bytes | None, bool], Cover] = {}
    for name, layer in layers.items():
        revision = revisions.get(name)
        # The parcels' own layer is measured on the parcels themselves: no rows to look for.
        if name == NET:
            features = packed([read_zones(conn, catalogue, layer.net, revisions, boundary=boundary)])
            cover = Cover(None, stated=False)
        elif revision is None or name == PARCEL:
            features, cover = packed([nothing()]), NOWHERE if revision is None else Cover(None, stated=False)
        else:
            features = packed(read_in_parts(conn, layer, revision, as_of=as_of, parcels=parcels))
            cover = cover_of(revision, boundary)
        key = (cover.geometry.wkb if cover.geometry is not None else None, cover.stated)
        covers.setdefault(key, cover)
        works[name] = Work(layer, features, list(covers).index(key))
    return works, list(covers.values())
