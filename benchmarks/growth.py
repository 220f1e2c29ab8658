"""Nearest distances and shares of a city, ours alone: how time and memory grow with the parcels.

What `profiles` sets beside other tools, at sizes where those take hours.
"""

from collections.abc import Iterator

from benchmarks.goals import MEASURED
from benchmarks.ground import Ground
from benchmarks.measure import contest
from benchmarks.profiles import DISTANCES, SHARES, gis_sites
from benchmarks.scale import watched
from benchmarks.table import Row


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Measure distances and shares together, and watch what all processes hold."""
    with watched(here.home) as peak:
        found = contest({"gis-sites": gis_sites}, runs=runs, settings=here.settings, names=(*DISTANCES, *SHARES))
    ours = found["gis-sites"]
    note = "memory of all processes and the database server together"
    yield Row(MEASURED, ours.median, peak(), runs=len(ours.seconds), note=note)
