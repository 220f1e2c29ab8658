"""The profile: every attribute of every parcel and offer, a block a layer; only what changed is measured anew."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import nothing
from gis_sites.profile.reading import (
    KINDS,
    NOWHERE,
    cover_of,
    read_boundary,
    read_features,
    read_offers,
    read_parcels,
    valid_fields,
)
from gis_sites.profile.selection import interval
from gis_sites.profile.sites import PARCEL, Kind, Sites
from gis_sites.profile.stamp import stamp
from gis_sites.profile.tasks import Columns, Work, measure_all
from gis_sites.progress import Progress, silent
from gis_sites.store import profiles
from gis_sites.store import revisions as store_revisions
from gis_sites.store.connect import Store
from gis_sites.store.profiles import Profile
from gis_sites.store.revisions import Revision

WORTH_WORKERS = 500_000
"""Sites times blocks from which handing work to other processes pays for sending it."""
Blocks = dict[str, dict[str, Profile]]
"""Layer -> kind -> block."""


@dataclass(frozen=True)
class Plan:
    """A block there should be."""

    layer: Layer
    kind: Kind
    stamp: str
    next_change: date | None


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

    Returns:
        all blocks, those found and those made now, and the next day on which some value changes.
    """
    with store.begin() as conn:
        plans = planned(conn, catalogue, revisions, as_of=as_of, crs=store.crs)
        found = {(one.layer.name, one.kind): profiles.find(conn, one.stamp) for one in plans}
    todo = [one for one in plans if found[one.layer.name, one.kind] is None]
    made = _made(store, catalogue, revisions, todo, as_of=as_of, executor=executor, progress=progress)
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
    for layer in catalogue:
        if not layer.attributes or not (layer.name in revisions or _is_listed(conn, layer, revisions[PARCEL])):
            continue
        since, until = _interval(conn, layer, revisions.get(layer.name), as_of)
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
    conn: sa.Connection, layer: Layer, revision: Revision | None, as_of: date
) -> tuple[date | None, date | None]:
    if revision is None or layer.rows.valid is None:
        return None, None
    rows = store_revisions.read(conn, revision, columns=valid_fields(layer), layer=layer, geometry=False)
    return interval(layer, rows.table, as_of)


def _made(
    store: Store,
    catalogue: Catalogue,
    revisions: Mapping[str, Revision],
    todo: list[Plan],
    *,
    as_of: date,
    executor: Executor | None,
    progress: Progress,
) -> dict[tuple[str, Kind], Profile]:
    """Measure the blocks that are missing and store them."""
    if not todo:
        return {}
    with store.begin() as conn:
        parcels = read_parcels(conn, catalogue, revisions[PARCEL], crs=store.crs)
        layers = {one.layer.name: one.layer for one in todo}
        works, covers = works_of(conn, layers, revisions, as_of=as_of, parcels=parcels)
        sites = {"parcels": parcels}
        if any(one.kind == "offers" for one in todo):
            sites["offers"] = read_offers(conn, catalogue, revisions[KINDS["offers"]], parcels)
    made = {}
    for kind, some in sites.items():
        mine = [one for one in todo if one.kind == kind]
        wanted = [works[one.layer.name] for one in mine]
        columns = measured(some, wanted, covers, executor=executor, progress=progress)
        with store.begin() as conn:
            for one in mine:
                made[one.layer.name, one.kind] = profiles.write(
                    conn,
                    layer=one.layer.name,
                    kind=one.kind,
                    stamp=one.stamp,
                    columns=columns[one.layer.name],
                    next_change=one.next_change,
                )
    return made


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
    conn: sa.Connection,
    layers: Mapping[str, Layer],
    revisions: Mapping[str, Revision],
    *,
    as_of: date,
    parcels: Sites,
) -> tuple[dict[str, Work], list[Cover]]:
    """Read the layers to measure, and their coverages; layers that speak of the same place share one."""
    boundary = read_boundary(conn, revisions)
    works: dict[str, Work] = {}
    covers: dict[tuple[bytes | None, bool], Cover] = {}
    for name, layer in layers.items():
        revision = revisions.get(name)
        # The parcels' own layer is measured on the parcels themselves: no rows to look for.
        if revision is None or name == PARCEL:
            features, cover = nothing(), NOWHERE if revision is None else Cover(None, stated=False)
        else:
            features = read_features(conn, layer, revision, as_of=as_of, parcels=parcels)
            cover = cover_of(revision, boundary)
        key = (cover.geometry.wkb if cover.geometry is not None else None, cover.stated)
        covers.setdefault(key, cover)
        works[name] = Work(layer, features, list(covers).index(key))
    return works, list(covers.values())
