"""Footprints over the whole inventory: how many parcels a second, the first time and once more."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from benchmarks.ground import Ground
from benchmarks.table import Row

if TYPE_CHECKING:
    from gis_sites.inventory import Inventory

HALLS = {
    "a hall of 120 m x 60 m": {"length_m": 120, "width_m": 60, "height_m": 12, "setback_m": 6},
    "a workshop of 30 m x 20 m": {"length_m": 30, "width_m": 20, "height_m": 8, "setback_m": 2},
}


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Ask for footprints without any other must: every parcel is judged, most by their attributes alone."""
    from gis_sites.inventory import open_inventory

    with open_inventory(here.settings) as inventory:
        for what, footprint in HALLS.items():
            for file in inventory.store.snapshots.glob("state-*-fits-parcels-*.arrow"):
                file.unlink()
            asked = {"format": 1, "must": {"footprint": footprint}}
            (first, found), (again, _) = _timed(inventory, asked), _timed(inventory, asked)
            counts, told = found["counts"], found["footprint"]
            line = f"{told['judged']:,} looked at, {counts['eligible']:,} fit, {counts['to_verify']:,} may"
            print(f"    {what}: {line}; {told['decided_by']}", flush=True)
            yield Row(what, first, note=f"{counts['considered'] / first:,.0f} parcels a second; {line}")
            yield Row(f"{what}, asked again", again)


def _timed(inventory: "Inventory", asked: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    found = inventory.match(asked, also=())
    return time.perf_counter() - began, found
