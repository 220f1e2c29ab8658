"""Sets of neighbours that fulfil a requirement together: grown, judged, measured and ranked with every parcel."""

from collections.abc import Iterator
from typing import Any

from benchmarks.ground import Ground
from benchmarks.measure import contest
from benchmarks.table import Row, alone

TOP = 50
WANT = {
    "power.mv_distance_m": {"at": [0, 800], "worth": [1, 0], "weight": 3},
    "road.frontage_m": {"at": [0, 60], "worth": [0, 1], "weight": 2},
    "parcel.compactness": {"at": [0.3, 0.8], "worth": [0, 1]},
}
SIZES = (4, 8)
"""Of how many parcels at most."""
MUSTS = {
    "an investor's": {
        "parcel.net_area_m2": {"min": 25_000},
        "flood.share": {"max": 0.0},
        "zoning.production_share": {"min": 0.6},
    },
    "loose": {"parcel.area_m2": {"min": 12_000}},
}


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Ask an investor's question and one that hardly leaves a parcel out; neighbours are known beforehand."""
    found = contest({"neighbours": neighbours}, runs=1, settings=here.settings)["neighbours"]
    yield alone("pairs of neighbours, once a state", found, note=f"{found.answer:,} pairs")
    for name, most in ((name, most) for name in MUSTS for most in SIZES):
        how = {"must": MUSTS[name], "most": most}
        held = contest({"assemblies": assemblies}, runs=max(runs, 1), settings=here.settings, **how)["assemblies"]
        counts = held.answer
        note = f"{counts['considered']:,} sets, {counts['measured']} measured{', capped' if counts['capped'] else ''}"
        yield alone(f"assemblies of up to {most}, {name} musts", held, note=note)


def neighbours(settings: Any) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Find out who lies beside whom, anew."""
    from gis_sites.inventory import open_inventory

    with open_inventory(settings) as inventory:
        for file in inventory.store.snapshots.glob("state-*-pairs*.arrow"):
            file.unlink()
        yield None
        yield len(inventory.together().pairs())


def assemblies(settings: Any, must: Any, most: int) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Rank assemblies by themselves: no parcel in the list cuts the search short."""
    from gis_sites.inventory import open_inventory

    how = {"max_parcels": most, "points_per_extra_parcel": -2}
    asked = {"format": 1, "scope": "assemblies", "must": must, "want": WANT, "assembly": how}
    with open_inventory(settings) as inventory:
        inventory.views()
        while True:
            yield None
            found = inventory.match(asked, top=TOP, also=())
            if len(found["candidates"]) != TOP:
                raise RuntimeError("the list is not full")
            yield found["counts"]["assemblies"]
