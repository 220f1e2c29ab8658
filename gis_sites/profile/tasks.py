"""The work as a list of pure tasks over places, mapped over any executor; workers never open the database."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import numpy as np
import shapely

from gis_sites.catalogue import Layer, attributes_of
from gis_sites.columns import Column, Rows
from gis_sites.profile.coverage import Cover, known
from gis_sites.profile.features import Box, Features, Mask, Shapes, near
from gis_sites.profile.measures import NEAREST, measure
from gis_sites.profile.packed import Packed
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import blank, choose, stitched
from gis_sites.profile.sites import Sites

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


def run(task: Task) -> dict[str, Columns]:
    """Measure every attribute of a task's layers at its sites: layer -> attribute -> column."""
    whats = [known(task.sites, cover) for cover in task.covers]
    done: dict[str, Columns] = {}
    for work in task.works:
        features = work.features.unpacked() if isinstance(work.features, Packed) else work.features
        scene = Scene(work.layer, task.sites, features, whats[work.cover])
        done[work.layer.name] = {one.short: measure(scene, one) for one in attributes_of(work.layer)}
    return done


def measure_all(
    sites: Sites,
    works: Sequence[Work],
    covers: Sequence[Cover],
    *,
    executor: Executor | None = None,
    done: Callable[[int, int], None] = lambda sites, total: None,
) -> dict[str, Columns]:
    """Measure layers at all sites, place by place; the columns are in the order of the sites."""
    places = partitions(sites.geometry)
    subsets = [nearest_subsets(work) for work in works]
    parts: dict[str, dict[str, list[tuple[Rows, Column]]]] = {
        work.layer.name: {one.short: [] for one in attributes_of(work.layer)} for work in works
    }
    tasks = (_task(sites.take(rows), works, subsets, tuple(covers)) for rows in places)
    ready = 0
    for rows, result in zip(places, mapped(tasks, executor), strict=True):
        for layer, columns in result.items():
            for short, column in columns.items():
                parts[layer][short].append((rows, column))
        ready += len(rows)
        done(ready, len(sites))
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


def _task(sites: Sites, works: Sequence[Work], subsets: Sequence[list[Mask]], covers: tuple[Cover, ...]) -> Task:
    box = np.asarray(shapely.total_bounds(sites.geometry), dtype=np.float64)
    return Task(sites, tuple(_needed(*pair, box) for pair in zip(works, subsets, strict=True)), covers)


def _needed(work: Work, subsets: list[Mask], box: Box) -> Work:
    reach = max((one.spec.reach_m or 0.0 for one in attributes_of(work.layer)), default=0.0)
    wider = box + np.array([-reach, -reach, reach, reach])
    return Work(work.layer, near(work.features, wider, subsets), work.cover)


def partitions(sites: Shapes) -> list[Rows]:
    """Cut sites into groups that lie together, along a Hilbert curve; rows rise within a group."""
    n = len(sites)
    size = int(np.clip(-(-n // AT_LEAST), SMALLEST, LARGEST))
    bounds = np.nan_to_num(np.asarray(shapely.bounds(sites), dtype=np.float64).reshape(-1, 4))
    order = np.argsort(hilbert((bounds[:, :2] + bounds[:, 2:]) / 2), kind="stable")
    return [np.sort(order[first : first + size]) for first in range(0, n, size)]


def hilbert(points: Box, bits: int = 16) -> Rows:
    """Return the places of points along a Hilbert curve over the box that holds them.

    >>> hilbert(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]), bits=1).tolist()
    [0, 1, 2, 3]
    """
    if not len(points):
        return np.empty(0, dtype=np.intp)
    low, high = points.min(axis=0), points.max(axis=0)
    cells = (points - low) / np.maximum(high - low, 1e-9) * (2**bits - 1)
    x, y = cells.astype(np.int64).T
    place = np.zeros(len(points), dtype=np.int64)
    side = 1 << (bits - 1)
    while side:
        right, upper = (x & side) > 0, (y & side) > 0
        place += side * side * ((3 * right) ^ upper)
        flip = right & ~upper
        x, y = (
            np.where(flip, side - 1 - (x & (side - 1)), x & (side - 1)),
            np.where(flip, side - 1 - (y & (side - 1)), y & (side - 1)),
        )
        x, y = np.where(upper, x, y), np.where(upper, y, x)
        side >>= 1
    return place.astype(np.intp)
