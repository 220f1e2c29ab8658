"""What names parcels instead of drawing them: the special economic zone and the land on offer."""

import datetime as dt
from typing import Any

import numpy as np

from gis_sites.demo.city import City
from gis_sites.demo.districts import Kind
from gis_sites.demo.egib import Changes
from gis_sites.demo.parcels import UNIT
from gis_sites.demo.writing import Sheet, sheet

NO_SHAPES = np.array([], dtype=object)
ZONE = "Przykładowska SSE"


def zones_sheet(city: City, change: Changes) -> Sheet:
    """Return the economic zone as the regulation prints it: lists of parcels; one of its parts has lapsed."""
    ids = city.parcels.ids
    heavy = [row for row in np.flatnonzero(city.parcels.kind == Kind.INDUSTRY).tolist() if row != change.divided]
    some = min(400, max(3, len(heavy) // 4))
    first, second = heavy[:some], heavy[2 * some : 2 * some + 3]
    lists = [[ids[row] for row in [change.divided, *first]], [ids[row] for row in second]]
    columns: dict[str, Any] = {
        "PODSTREFA": ["Przykładów I", "Przykładów II"],
        "STREFA": [ZONE, ZONE],
        "DZIALKI": [", ".join(one) for one in lists],
        "OD": [dt.date(2008, 1, 1), dt.date(2002, 1, 1)],
        "DO": [dt.date(2026, 12, 31), dt.date(2017, 12, 31)],
    }
    return sheet("sse_podstrefy", "", columns, NO_SHAPES)


def offers_sheet(city: City, change: Changes) -> Sheet:
    """Return the land on offer: some of the city's own, one of two parcels, one of a parcel that is not there."""
    parcels, ids = city.parcels, city.parcels.ids
    changed = {change.divided, change.renumbered, *change.merged}
    heavy = np.flatnonzero((parcels.kind == Kind.INDUSTRY) & ~city.register.built)
    sites = [row for row in heavy.tolist() if row not in changed]
    sites = sites[: max(8, len(parcels) // 5000)]
    pair = [row for row in sites[:-1] if row + 1 in sites and parcels.block[row] == parcels.block[row + 1]]
    lists = [[ids[row]] for row in sites]
    if pair:
        lists[sites.index(pair[0])].append(ids[pair[0] + 1])
    lists += [[ids[change.divided]], [f"{UNIT}.0001.99999"]]
    n = len(lists)
    states = ["dostępna", "dostępna", "rezerwacja", "dostępna", "sprzedana"]
    kinds = ["sprzedaż", "dzierżawa", "sprzedaż", "użytkowanie wieczyste"]
    columns: dict[str, Any] = {
        "NR_OFERTY": [f"PT-{row:03d}" for row in range(1, n + 1)],
        "DZIALKI": [", ".join(one) for one in lists],
        "STATUS": [states[row % len(states)] for row in range(n)],
        "RODZAJ": [kinds[row % len(kinds)] for row in range(n)],
        "CENA_M2": [None if row % 4 == 3 else 85.0 + 15 * (row % 12) for row in range(n)],
        "DOSTEPNA_OD": [
            None if row % 5 == 4 else dt.date(2026, 12, 1) + dt.timedelta(days=60 * (row % 9)) for row in range(n)
        ],
    }
    return sheet("oferty", "", columns, NO_SHAPES)
