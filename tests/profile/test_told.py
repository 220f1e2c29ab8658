"""What a page tells of a parcel beside its attributes is what the profile holds."""

import numpy as np
import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.inventory import Inventory
from gis_sites.layer import Layer
from gis_sites.profile import told
from gis_sites.profile.adjacent import pairs_of
from gis_sites.store.snapshot import Snapshot
from gis_sites.store.states import State

SOME = range(0, 500, 13)


@pytest.fixture(scope="module")
def parcels(city: Inventory) -> Snapshot:
    return city.views()[0]


@pytest.fixture(scope="module")
def state(city: Inventory) -> State:
    return city.need_state()


def test_the_last_step_leaves_the_net_area(city: Inventory, state: State, parcels: Snapshot) -> None:
    net = parcels.column("parcel.net_area_m2").take(np.array(list(SOME)))
    taken = 0
    with city.store.begin() as conn:
        for place, row in enumerate(SOME):
            found = told.net_steps(conn, city.catalogue, state, parcels.id(row))
            last = found["steps"][-1]["leaves_m2"]
            assert (last["low"], last["high"]) == (net.low[place], net.high[place])  # type: ignore[union-attr]
            left = [one["leaves_m2"]["high"] for one in found["steps"]]
            assert left == sorted(left, reverse=True)
            assert left[0] <= found["area_m2"]
            taken += sum(one["takes_m2"]["high"] > 0 for one in found["steps"])
    assert taken > len(SOME)


def test_the_largest_share_is_that_of_the_main_symbol(city: Inventory, state: State, parcels: Snapshot) -> None:
    attribute = city.catalogue.attributes["zoning.main_symbol"]
    several = 0
    with city.store.begin() as conn:
        for row in SOME:
            identifier = parcels.id(row)
            shares = told.shares_by_value(conn, city.catalogue, state, attribute, parcel=identifier)
            explained = {one["attribute"]: one for one in city.explain(identifier)} if row < 60 else {}
            if explained and explained["zoning.main_symbol"]["state"] == "exact":
                assert shares[0][0] == explained["zoning.main_symbol"]["value"]
            covered = sum(share for _, share in shares)
            if explained and explained["zoning.plan_share"]["state"] == "exact":
                # Polygons of one plan may overlap one another, where the newest does not say which holds.
                assert covered == pytest.approx(explained["zoning.plan_share"]["value"], abs=1e-6)
            several += len(shares) > 1
    assert several


def test_neighbours_are_the_pairs_of_the_whole_state(city: Inventory, state: State, parcels: Snapshot) -> None:
    pairs = pairs_of(city.store, state)
    direct = pairs.take(~pairs.across)
    beside: dict[str, dict[str, float]] = {}
    for first, second, length in zip(direct.first, direct.second, direct.shared, strict=True):
        one, other = parcels.id(int(first)), parcels.id(int(second))
        beside.setdefault(one, {})[other] = float(length)
        beside.setdefault(other, {})[one] = float(length)
    with city.store.begin() as conn:
        for row in SOME:
            identifier = parcels.id(row)
            assert dict(told.neighbours(conn, state, identifier)) == beside.get(identifier, {})
    assert sum(map(len, beside.values())) > 500


def test_steps_are_told_only_to_who_may_know_every_layer_they_rest_on(city: Inventory, state: State) -> None:
    public = city.catalogue.public()
    assert told.all_told(city.catalogue, public, state)
    hidden = {name: one for name, one in public.layers.items() if name != "power"}
    assert not told.all_told(city.catalogue, Catalogue(hidden, public.tables), state)
    power: Layer = public.layers["power"]
    fields = {name: one for name, one in power.fields.items() if name != "voltage"}
    narrow = {**public.layers, "power": power.model_copy(update={"fields": fields})}
    assert not told.all_told(city.catalogue, Catalogue(narrow, public.tables), state)
