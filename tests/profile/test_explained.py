"""How each value came about: the rows that are read to explain a parcel are enough to measure it again."""

from dataclasses import replace

import numpy as np

from gis_sites.catalogue import attributes_of
from gis_sites.inventory import open_inventory
from gis_sites.profile.explain import _Asked, explain
from gis_sites.profile.measures import measure
from gis_sites.profile.sites import PARCEL
from gis_sites.profile.values import shown
from gis_sites.settings import Settings
from gis_sites.store import profiles, states


def test_what_explains_a_value_makes_it_again(demo_city: Settings) -> None:
    """Every attribute of some parcels, from nothing but the rows `--explain` reads around each: the same to the bit."""
    seen = set()
    with open_inventory(demo_city) as inventory, inventory.store.begin() as conn:
        state = states.get(conn, inventory.need_state().id, coverages=True)
        chosen = np.random.default_rng(4).choice(inventory.frame()["id"], 12, replace=False).tolist()
        every = [_Asked(conn, inventory.catalogue, state, parcel) for parcel in chosen]
        for layer in (one for one in inventory.catalogue if one.name != PARCEL):
            blocks = every[0]._blocks(layer.name)
            stored = {short: column for one in blocks for short, column in profiles.read(conn, one).items()}
            attributes = [one for one in attributes_of(layer) if one.short in stored]
            for asked, parcel in zip(every, chosen, strict=True) if attributes else ():
                columns = {short: column.take(np.array([asked.row])) for short, column in stored.items()}
                scene = asked._scene(layer, columns)
                for one in attributes:
                    again = shown(one, measure(scene, one))
                    assert again == shown(one, columns[one.short]), (parcel, one.name)
                    seen.add((one.spec.measure, again["state"]))
    assert {(name, "exact") for name in ("nearest_distance", "nearest_value", "frontage", "share_by_class")} <= seen
    assert {state for _, state in seen} == {"exact", "range", "none", "unknown"}


def test_an_attribute_that_the_layer_file_got_later_was_not_measured_yet(demo_city: Settings) -> None:
    """As after a rollback: that no row tells would be a wrong reason, for no row was asked."""
    with open_inventory(demo_city) as inventory:
        water, state = inventory.catalogue.layer("water"), inventory.need_state()
        more = water.model_copy(
            update={"attributes": {**water.attributes, "later_m": water.attributes["any_distance_m"]}}
        )
        catalogue = replace(inventory.catalogue, layers={**inventory.catalogue.layers, "water": more})
        parcel = str(inventory.frame()["id"][0])
        told = {one["attribute"]: one for one in explain(inventory.store, catalogue, state, parcel)}
    later = told["water.later_m"]
    assert (later["state"], later["reason"], later["rows"]) == ("unknown", "not_measured_yet", [])
    assert later["source"]["reason"] == "not_measured_yet"
    assert told["water.any_distance_m"]["rows"]
