"""What a whole profile takes and holds, and what it takes when one parcel, or one water main, in a hundred moved.

The published inventory is copied; nothing becomes of it. From nothing is once, the changes are the median of the runs.
"""

import os
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.database import copied, drop
from benchmarks.goals import NOTHING
from benchmarks.ground import Ground
from benchmarks.measure import family
from benchmarks.table import Row

NAME = "gis_sites_scale"
EVERY = 100
"""One row in so many is moved."""
CHANGED = {"parcel": "one parcel in a hundred moved", "water": "one water main in a hundred moved"}
EACH = "core time of one parcel, all attributes"


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Measure a whole profile, then changes of it."""
    from gis_sites.inventory import open_inventory
    from gis_sites.profile import stamp
    from gis_sites.settings import Settings

    home = here.work / "scale"
    shutil.rmtree(home, ignore_errors=True)  # of a run that was broken off nothing may be used
    try:
        settings = Settings(home=home, database_url=copied(here.url, NAME))
        # Of another version of the arithmetic, no block there is may be used.
        with open_inventory(settings) as inventory, mock.patch.object(stamp, "VERSION", 0):
            whole = yield from _whole(here, inventory)
            for layer, what in CHANGED.items():
                again = statistics.median(_again(inventory, layer) for _ in range(runs))
                yield Row(what, again, beside="from nothing", theirs=whole, runs=runs, their_runs=1)
    finally:
        drop(here.url, NAME)


def _whole(here: Ground, inventory: Any) -> Iterator[Row]:  # noqa: ANN401 - an Inventory, imported by its maker
    """Profile from nothing; return how long it took."""
    parcels, title = inventory.need_state().revisions["parcel"].rows, inventory.catalogue.layer("parcel").title
    told: list[tuple[float, bool]] = []

    def progress(step: str, done: int, total: int, **more: Any) -> None:  # noqa: ANN401 - as callers tell it
        told.append((time.perf_counter(), more.get("layer") == title))

    core, began = core_seconds(), time.perf_counter()
    with watched(here.home) as peak:
        inventory.profile(progress=progress)
    whole, core = time.perf_counter() - began, core_seconds() - core
    _say("from nothing", whole)
    yield Row(NOTHING, whole, peak(), note="memory of all processes and the database server together")
    yield Row(EACH, core / parcels, note="the database server's is not in it")
    shapes = sum(now - then for (then, _), (now, mine) in zip([(began, False), *told], told, strict=False) if mine)
    yield Row("of it shapes, rectangles and net areas", shapes, note=f"{parcels / shapes:,.0f} parcels a second")
    return whole


def _again(inventory: Any, layer: str) -> float:  # noqa: ANN401 - an Inventory, imported by its maker
    move(inventory, layer, every=EVERY)
    began = time.perf_counter()
    inventory.profile()
    took = time.perf_counter() - began
    _say(layer, took)
    return took


def _say(what: str, seconds: float) -> None:
    print(f"    {what}: {seconds:.3f} s, load average {os.getloadavg()[0]:.1f}", flush=True)


def core_seconds() -> float:
    """Return what this process and its children that ended have used of all cores; the server's share is not in it."""
    return sum(os.times()[:4])


def move(inventory: Any, layer: str, *, every: int) -> None:  # noqa: ANN401 - an Inventory, imported by its maker
    """Make a revision of a layer in which one row in so many lies 13 mm aside; it waits for its publication."""
    import shapely

    from gis_sites.intake.shapes import to_ewkb
    from gis_sites.store import revisions, states

    with inventory.store.begin() as conn:
        held = states.basis(conn)[layer]
        found = revisions.read(conn, held)
        shapes = found.geometry.copy()
        shapes[::every] = shapely.transform(shapes[::every], lambda points: points + 0.013)
        draft = revisions.create(conn, inventory.catalogue.layer(layer), srid=inventory.store.srid)
        geometry = to_ewkb(shapes, inventory.store.srid)
        revisions.append(conn, draft, found.table.append_column("geom", geometry))
        revisions.finish(conn, draft, held.parts)


@contextmanager
def watched(home: Path) -> Iterator[Callable[[], int]]:
    """Watch the memory of this process, of its children and of the database server, shared pages counted once."""
    most, over = [0], threading.Event()

    def watch() -> None:
        server = int((home / "postgres" / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])
        while not over.wait(0.5):
            most[0] = max(most[0], sum(map(pages, family({os.getpid(), server}))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: most[0]
    finally:
        over.set()
        watcher.join()


def pages(pid: int, what: str = "Pss") -> int:
    """Return the bytes a process holds (`Pss`: of shared pages its part), as a line of the kernel's account says."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return int(rollup.partition(f"\n{what}:")[2].split()[0]) * 1024
