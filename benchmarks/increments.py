"""What a change costs beside a profile from nothing: one parcel in a hundred moved, one water main in a hundred.

The published inventory is copied; nothing becomes of it. From nothing is once, the changes are the median of the runs;
in wall-clock time, so it wants a machine that does nothing else.
"""

import os
import statistics
from collections.abc import Iterator
from typing import Any
from unittest import mock

from benchmarks.database import copied, drop
from benchmarks.ground import Ground
from benchmarks.scale import move, timed
from benchmarks.table import Row

NAME = "gis_sites_increments"
GOAL = 0.1
EVERY = 100
"""One row in so many is moved."""
CHANGED = {"parcel": "one parcel in a hundred moved", "water": "one water main in a hundred moved"}


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Measure a whole profile, then changes of it."""
    from gis_sites.inventory import open_inventory
    from gis_sites.profile import stamp
    from gis_sites.settings import Settings

    try:
        settings = Settings(home=here.work / "increments", database_url=copied(here.url, NAME))
        # Of another version of the arithmetic, no block there is may be used.
        with open_inventory(settings) as inventory, mock.patch.object(stamp, "VERSION", 0):
            whole = _told("from nothing", timed(inventory.profile))
            parcels = inventory.need_state().revisions["parcel"].rows
            for layer, what in CHANGED.items():
                seconds = statistics.median(_again(inventory, layer) for _ in range(runs))
                title = f"profile of {parcels:,} parcels: {what}"
                yield Row(title, seconds, beside="from nothing", theirs=whole, most_times=GOAL)
    finally:
        drop(here.url, NAME)


def _again(inventory: Any, layer: str) -> float:  # noqa: ANN401 - an Inventory, imported by its maker
    move(inventory, layer, every=EVERY)
    return _told(layer, timed(inventory.profile))


def _told(what: str, seconds: float) -> float:
    print(f"    {what}: {seconds:.3f} s, load average {os.getloadavg()[0]:.1f}", flush=True)
    return seconds
