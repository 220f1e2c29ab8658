"""The work as a list of pure tasks over places, mapped over any executor; workers never open the database."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import numpy as np

from gis_sites.catalogue import Layer, attributes_of
from gis_sites.columns import Column, Rows
from gis_sites.memory import uncollected
from gis_sites.profile.coverage import Cover, known
from gis_sites.profile.features import Box, Features, Mask
from gis_sites.profile.measures import NEAREST, measure
from gis_sites.profile.nearby import Surroundings
from gis_sites.profile.packed import Packed
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import blank, choose, stitched
from gis_sites.profile.sites import Sites
from gis_sites.store.unfinished import Unfinished

LARGEST, SMALLEST, AT_LEAST = 10_000, 1_000, 16
"""Sites of a task: at most and at least; and into how many tasks the work is cut where that leaves enough."""
AHEAD = 2
"""Tasks handed to an executor for each of its workers before the first is taken back: what bounds memory."""
MANY = 8
"""Workers of an executor that does not tell how many it has: of a cluster, where they come and go."""

Columns = dict[str, Column]
"""Attributes by their short names."""


@dataclass(frozen=True, eq=False)
class Work:
    """A layer to measure: its rows that count, and where it speaks (an index into the task's covers)."""

    layer: Layer
    features: Features
    cover: int


@dataclass(frozen=True, eq=False)
class Task:
    """Some sites that lie together, and all that is needed to measure them."""

    sites: Sites
    works: tuple[Work, ...]
    covers: tuple[Cover, ...]


@uncollected()
def run(task: Task) -> dict[str, Columns]:
    """Measure every attribute of a task's layers at its sites: layer -> attribute -> column."""
    sites = task.sites.unpacked()
    whats = [known(sites, cover) for cover in task.covers]
    done: dict[str, Columns] = {}
    for work in task.works:
        features = work.features.unpacked() if isinstance(work.features, Packed) else work.features
        scene = Scene(work.layer, sites, features, whats[work.cover])
        done[work.layer.name] = {one.short: measure(scene, one) for one in attributes_of(work.layer)}
    return done


def measure_all(
    sites: Sites,
    works: Sequence[Work],
    covers: Sequence[Cover],
    *,
    executor: Executor | None = None,
    kept: Unfinished | None = None,
    done: Callable[[int, int], None] = lambda place, places: None,
) -> dict[str, Columns]:
    """Measure layers at all sites, place by place; the columns are in the order of the sites.

    What is `kept` of places that were measured before is not measured again; what is measured now is kept.
    """
    places = partitions(sites.along)
    around = [Surroundings(work.features, nearest_subsets(work)) for work in works]
    parts: dict[str, dict[str, list[tuple[Rows, Column]]]] = {
        work.layer.name: {one.short: [] for one in attributes_of(work.layer)} for work in works
    }
    # One place alone is not worth keeping: it is done when all is.
    kept = kept if len(places) > 1 else None
    held = [kept.find(rows) if kept else None for rows in places]
    missing = (rows for rows, one in zip(places, held, strict=True) if one is None)
    fresh = mapped((_task(sites.take(rows), works, around, tuple(covers)) for rows in missing), executor)
    done(0, len(places))
    for place, (rows, one) in enumerate(zip(places, held, strict=True), start=1):
        result = next(fresh) if one is None else one
        if kept and one is None:
            kept.keep(rows, result)
        for layer, columns in result.items():
            for short, column in columns.items():
                parts[layer][short].append((rows, column))
        done(place, len(places))
    return {work.layer.name: _whole(work.layer, parts[work.layer.name], len(sites)) for work in works}


def _whole(layer: Layer, parts: dict[str, list[tuple[Rows, Column]]], n: int) -> Columns:
    return {one.short: stitched(parts[one.short], n) if n else blank(one, 0) for one in attributes_of(layer)}


def mapped(tasks: Iterator[Task], executor: Executor | None) -> Iterator[dict[str, Columns]]:
    """Run tasks in order, in the executor or here, with no more than some on their way."""
    if executor is None:
        yield from map(run, tasks)
        return
    most = AHEAD * getattr(executor, "_max_workers", MANY)
    waiting: deque[Future[dict[str, Columns]]] = deque()
    for task in tasks:
        waiting.append(executor.submit(run, task))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def nearest_subsets(work: Work) -> list[Mask]:
    """Return every set of rows of which an attribute asks the nearest."""
    wheres = [one.spec.where for one in attributes_of(work.layer) if one.spec.measure in NEAREST]
    masks = [mask for where in wheres for mask in choose(work.layer, work.features.table, where)]
    return list({mask.tobytes(): mask for mask in masks}.values())


def _task(sites: Sites, works: Sequence[Work], around: Sequence[Surroundings], covers: tuple[Cover, ...]) -> Task:
    return Task(sites, tuple(_needed(*pair, sites.bounds) for pair in zip(works, around, strict=True)), covers)


def _needed(work: Work, around: Surroundings, boxes: Box) -> Work:
    reach = max((one.spec.reach_m or 0.0 for one in attributes_of(work.layer)), default=0.0)
    return Work(work.layer, around.near(boxes, reach), work.cover)


def partitions(along: Rows) -> list[Rows]:
    """Cut sites, given in the order of a Hilbert curve, into groups that lie together; rows rise within a group."""
    n = len(along)
    size = int(np.clip(-(-n // AT_LEAST), SMALLEST, LARGEST))
    return [np.sort(along[first : first + size]) for first in range(0, n, size)]
