"""The profile: every attribute of every parcel and offer, a block a layer; only what changed is measured anew."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from gis_sites.ahead import ahead
from gis_sites.catalogue import Catalogue, Layer, attributes_of
from gis_sites.profile.changed import Moment
from gis_sites.profile.coverage import Cover
from gis_sites.profile.jobs import Job, jobs
from gis_sites.profile.net_reading import of_layer
from gis_sites.profile.planned import Plan, planned
from gis_sites.profile.reading import KINDS
from gis_sites.profile.selection import blank
from gis_sites.profile.sites import Kind, Sites
from gis_sites.profile.tasks import Columns, Work, measure_all
from gis_sites.progress import Progress, silent
from gis_sites.store import profiles
from gis_sites.store.connect import Store
from gis_sites.store.profiles import Profile
from gis_sites.store.revisions import Revision
from gis_sites.store.unfinished import Unfinished

WORTH_WORKERS = 50_000
"""Sites times attributes (slow ones counted as often as `SLOW` says) from which handing work to other processes pays.

That many take a process some 0.7 s; to one that runs, a thousand sites cost 12 ms.
"""
STARTING = 5
"""How many times as much the first work that is handed out has to be: the processes start then, which takes a second
of each.
"""
SLOW = {"rectangle_long": 100, "net_area": 60, "inscribed_circle": 30}
"""How many times as long as most others some measures take, roughly: the time left is reckoned by it, nothing else."""
WAITING = 1_000_000
"""Values that may wait to be written; of more, only the one block that is being written."""
Blocks = dict[str, dict[str, Profile]]
"""Layer -> kind -> block."""


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


def _made(
    store: Store, catalogue: Catalogue, now: Moment, todo: list[Plan], *, executor: Executor | None, progress: Progress
) -> dict[tuple[str, Kind], Profile]:
    """Make the blocks that are missing, one after the other: one is read and one written while one is measured."""
    if not todo:
        return {}
    pace = Pace(todo, {kind: now.revisions[layer].rows for kind, layer in KINDS.items() if layer in now.revisions})
    # Closed at once where something goes wrong: else it would still be reading while the connections are let go.
    with closing(ahead(jobs(store, catalogue, now, todo))) as read:
        fresh = _measured(read, pace, executor=executor, progress=progress)
        return {(job.plan.layer.name, job.plan.kind): block for job, block in _stored(store, fresh)}


def _measured(
    todo: Iterable[Job], pace: "Pace", *, executor: Executor | None, progress: Progress
) -> Iterator[tuple[Job, Columns]]:
    """Measure what has to be."""
    started = False
    for nth, job in enumerate(todo):
        told = pace.telling(progress, nth, len(job.sites))
        started = started or _amount(job.sites, job.works) >= STARTING * WORTH_WORKERS
        helpers = executor if started else None
        fresh = measured(job.sites, job.works, job.covers, executor=helpers, kept=job.unfinished, done=told)
        none = {one.short: blank(one, 0) for one in attributes_of(job.plan.layer)}
        yield job, fresh.get(job.plan.layer.name, none)


@dataclass(frozen=True)
class Pace:
    """How far the making of some blocks is: reckoned by sites, attributes and how long their measures take."""

    plans: list[Plan]
    sites: Mapping[Kind, int]

    def telling(self, progress: Progress, nth: int, fresh: int) -> Callable[[int, int], None]:
        """Return what tells of the partitions of a block, of whose sites only the `fresh` ones are measured."""
        costs = [self._cost(plan) for plan in self.plans]
        columns = [len(plan.layer.attributes) for plan in self.plans]
        plan, before = self.plans[nth], sum(costs[:nth])
        stay = self.sites[plan.kind] - fresh

        def told(place: int, places: int) -> None:
            done = (stay + fresh * place // max(places, 1)) / max(stay + fresh, 1)
            ready = sum(columns[: nth + (place == places)])
            where = {"columns": ready, "all_columns": sum(columns), "part": place, "parts": places}
            progress("profile", before + int(done * costs[nth]), sum(costs), layer=plan.layer.title, **where)

        return told

    def _cost(self, plan: Plan) -> int:
        return self.sites[plan.kind] * _weight(plan.layer)


def _weight(layer: Layer) -> int:
    return sum(SLOW.get(one.measure, 1) for one in layer.attributes.values())


def _stored(store: Store, fresh: Iterable[tuple[Job, Columns]]) -> Iterator[tuple[Job, Profile]]:
    """Write each block while the next ones are measured, as far as there is room for those that wait."""
    with ThreadPoolExecutor(1) as writer:
        waiting: deque[tuple[int, Future[tuple[Job, Profile]]]] = deque()
        for job, columns in fresh:
            values = sum(map(len, columns.values()))
            while waiting and values + sum(one for one, _ in waiting) > WAITING:
                yield waiting.popleft()[1].result()
            waiting.append((values, writer.submit(_store, store, job, columns)))
        while waiting:
            yield waiting.popleft()[1].result()


def _store(store: Store, job: Job, columns: Columns) -> tuple[Job, Profile]:
    plan = job.plan
    with store.begin() as conn:
        block = profiles.write(
            conn,
            layer=of_layer(plan.layer),
            kind=plan.kind,
            stamp=plan.stamp,
            columns=columns,
            next_change=plan.next_change,
            former=job.former,
        )
    job.unfinished.done()
    return job, block


def measured(
    sites: Sites,
    works: list[Work],
    covers: list[Cover],
    *,
    executor: Executor | None,
    kept: Unfinished | None = None,
    done: Callable[[int, int], None] = lambda place, places: None,
) -> dict[str, Columns]:
    """Measure layers at sites: by the executor where handing the work out pays, else in this process."""
    worth = _amount(sites, works) >= WORTH_WORKERS
    return measure_all(sites, works, covers, executor=executor if worth else None, kept=kept, done=done)


def _amount(sites: Sites, works: list[Work]) -> int:
    return len(sites) * sum(_weight(work.layer) for work in works)
