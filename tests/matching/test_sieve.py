"""Conditions without a ranking: the same verdicts that a shortlist counts."""

import numpy as np
import pytest

from gis_sites.errors import RequirementError
from gis_sites.inventory import open_inventory
from gis_sites.matching.reading import understand
from gis_sites.matching.shortlist import match
from gis_sites.matching.sieve import Sieved, sieve
from gis_sites.settings import Settings

ASKED = {
    "format": 1,
    "must": {"parcel.area_m2": {"min": 2000}, "gas.distance_m": {"max": 300}, "zoning.production_share": {"max": 0.5}},
}


def test_rows_that_fulfil_and_rows_nobody_knows_are_those_a_shortlist_counts(demo_city: Settings) -> None:
    with open_inventory(demo_city) as inventory:
        parcels = next(view for view in inventory.views() if view.kind == "parcels")
        requirement = understand(ASKED)
        found = sieve(requirement, parcels, inventory.catalogue)
        shortlist = match(requirement, [parcels], inventory.catalogue, top=1000)
        tiers = {"eligible": found.met, "to_verify": found.unknown}
        for tier, rows in tiers.items():
            ids = {one["id"] for one in shortlist["candidates"] if one["tier"] == tier}
            assert {parcels.id(int(row)) for row in rows} == ids
            assert np.all(np.diff(rows) > 0)
        assert shortlist["counts"]["eligible"] > 0
        whole = sieve(understand({"format": 1}), parcels, inventory.catalogue)
        assert whole.met.tolist() == list(range(len(parcels)))
        with pytest.raises(RequirementError):
            sieve(understand({"format": 1, "must": {"flod.share": {"max": 0}}}), parcels, inventory.catalogue)


def test_rows_are_narrowed_and_joined_in_order() -> None:
    sieved = Sieved(np.array([1, 4, 6]), np.array([0, 5]))
    within = sieved.within(np.array([0, 4, 5, 6]))
    assert within.met.tolist() == [4, 6]
    assert within.unknown.tolist() == [0, 5]
    assert sieved.both().tolist() == [0, 1, 4, 5, 6]
