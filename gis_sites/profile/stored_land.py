"""What matching asks of the inventory for a footprint: the ground of sites, and what was found out about it before."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import shapely

from gis_sites.kept import Kept
from gis_sites.profile.features import Shapes
from gis_sites.profile.land import About, Ground, Place, limiting, places, read_place
from gis_sites.profile.net_reading import NET
from gis_sites.profile.reading import drawn, naming, parcel_fields, read_offers
from gis_sites.profile.selection import texts
from gis_sites.profile.shelf import ID, Shelf
from gis_sites.profile.sites import OFFER, PARCEL, Sites
from gis_sites.profile.workers import WORTH_STARTING, workers
from gis_sites.store import revisions as store_revisions
from gis_sites.store import states
from gis_sites.store.connect import Store
from gis_sites.store.features import LAYERS
from gis_sites.store.lineage import named_in
from gis_sites.store.reading import Which
from gis_sites.store.states import State

MANY = 2_000
"""Sites whose ground is worth starting processes for."""
REMEMBERED = 8
"""Questions whose answers are remembered, the last ones."""
Answers = dict[str, Any]


class Land(Protocol):
    """What matching asks: a view has one as `land`, or none."""

    crs: str
    most: int | None
    """Of how many sites one question may have the ground told anew; None: of all of them."""

    def places(self, kind: str, ids: Sequence[str]) -> Iterator[Place]:
        """Yield the places that sites are in."""

    def keep(self, kind: str, grounds: Sequence[Ground]) -> None:
        """Keep grounds that were told anew."""

    def answers(self, kind: str, question: str, ids: Sequence[str]) -> Answers:
        """Return what was answered before about some of the sites."""

    def answered(self, kind: str, question: str, answers: Answers) -> None:
        """Remember answers: what can be written as JSON."""

    def workers(self, sites: int) -> AbstractContextManager[Executor | None]:
        """Give processes to tell the ground of so many sites, where that pays."""


class StoredLand:
    """The land of a published state."""

    def __init__(self, store: Store, state: State, *, most: int | None = None) -> None:
        self.crs, self.most = state.crs, most
        self._store, self._state = store, state
        self._memory: Kept[tuple[str, str], Answers] = Kept(REMEMBERED)
        self._lock = Lock()

    def places(self, kind: str, ids: Sequence[str]) -> Iterator[Place]:
        """Yield the places that sites are in; each is read when it is its turn."""
        assert self._store.catalogue is not None
        with self._store.begin() as conn:
            state = states.get(conn, self._state.id, coverages=True)
            about = About.of(conn, self._store.catalogue, state)
            for some in _chunks(ids):
                found, sites = _sites(about, kind, some)
                most, sure = self._nets(kind, found)
                for rows in places(sites):
                    given = most[rows], sure[rows]
                    yield read_place(about, sites.take(rows), [found[row] for row in rows], given)

    def keep(self, kind: str, grounds: Sequence[Ground]) -> None:
        """Keep net polygons beside the snapshot; the public face writes nothing."""
        if self.most is not None or not grounds:
            return
        ids = [one for ground in grounds for one in ground.ids]
        most, sure = (np.concatenate([getattr(one, end) for one in grounds]) for end in ("most", "sure"))
        binary = {"most": shapely.to_wkb(most), "sure": shapely.to_wkb(sure)}
        table = {ID: pa.array(ids, pa.string()), **{name: pa.array(one, pa.binary()) for name, one in binary.items()}}
        self._shelf(kind).add(pa.table(table))

    def answers(self, kind: str, question: str, ids: Sequence[str]) -> Answers:
        """Return what was answered before about some of the sites."""
        with self._lock:
            known = self._memory.get((kind, question)) or {}
            found = {one: known[one] for one in ids if one in known}
        missing = [one for one in ids if one not in found]
        if missing:
            _, table = self._shelf(kind, question).find(missing)
            if table is not None:
                found |= zip(table[ID].to_pylist(), map(json.loads, table["answer"].to_pylist()), strict=True)
        return found

    def answered(self, kind: str, question: str, answers: Answers) -> None:
        """Remember answers; beside the snapshot, but for the public face, which writes nothing."""
        with self._lock:
            known = self._memory.of((kind, question), dict)
            known |= answers
        if self.most is None and answers:
            texts = [json.dumps(one) for one in answers.values()]
            table = pa.table({ID: pa.array(list(answers), pa.string()), "answer": pa.array(texts, pa.string())})
            self._shelf(kind, question).add(table)

    def workers(self, sites: int) -> AbstractContextManager[Executor | None]:
        """Give processes to tell the ground of so many sites, where that pays; never to the public face."""
        alone = self.most is not None or sites < MANY
        return workers(1 if alone else self._store.settings.workers, WORTH_STARTING)

    def _nets(self, kind: str, ids: Sequence[str]) -> tuple[Shapes, Shapes]:
        """Return the net polygons that are kept, None where there are none yet."""
        there, table = self._shelf(kind).find(ids)
        ends = []
        for name in ("most", "sure"):
            shapes: Shapes = np.full(len(ids), None, dtype=object)
            if table is not None:
                shapes[there] = shapely.from_wkb(table[name].to_pylist())
            ends.append(shapes)
        return ends[0], ends[1]

    def _shelf(self, kind: str, question: str = "") -> Shelf:
        """Return the shelf of net polygons or, for a question, of its answers."""
        state, store = self._state, self._store
        assert store.catalogue is not None
        net = state.profiles.get(NET, {}).get(kind)
        made = f"{net.stamp} {net.at}" if net else f"{state.id} {state.at}"
        about = [store.uuid, kind, state.as_of, state.revisions[LAYERS[kind]].mark, made]
        if question:
            plans = [layer.name for layer in limiting(store.catalogue)]
            about += [question, *(state.revisions[one].mark for one in plans if one in state.revisions)]
        return Shelf(store.snapshots, state.id, f"fits-{kind}" if question else f"net-{kind}", repr(about))


def _chunks(ids: Sequence[str], size: int = 20_000) -> Iterator[Sequence[str]]:
    """Cut identifiers into groups whose polygons are held together; they rise, so each group lies together."""
    ordered = sorted(ids)
    yield from (ordered[first : first + size] for first in range(0, len(ordered), size))


def _sites(about: About, kind: str, ids: Sequence[str]) -> tuple[list[str], Sites]:
    """Read the sites of some identifiers."""
    if kind == "parcels":
        sites = _parcels(about, ids)
        return [one for (one,) in sites.members], sites
    revision, held = about.state.revisions[OFFER], about.state.revisions[PARCEL]
    layer = about.catalogue.layer(OFFER)
    named = store_revisions.read(about.conn, revision, columns=[layer.parcels or ""], layer=layer, geometry=False)
    table = naming(about.conn, layer, named.table, held)
    members = {one for cell in texts(table, layer.parcels or "") for one in named_in(cell)}
    parcels = _parcels(about, sorted(members))
    offers = read_offers(about.conn, about.catalogue, revision, parcels=parcels, held=held)
    assert offers.own is not None
    keys = offers.own.column("key").to_pylist()
    wanted = set(ids)
    rows = np.array([row for row, one in enumerate(keys) if one in wanted], dtype=np.intp)
    return [keys[row] for row in rows], offers.take(rows)


def _parcels(about: About, ids: Sequence[str]) -> Sites:
    columns, layer = parcel_fields(about.catalogue), about.catalogue.layer(PARCEL)
    which = Which(keys=list(ids))
    found = store_revisions.read(about.conn, about.state.revisions[PARCEL], columns=columns, layer=layer, which=which)
    members = tuple((one,) for one in found.table["key"].to_pylist())
    return Sites(drawn(found.geometry), found.table, members, crs=about.state.crs)
