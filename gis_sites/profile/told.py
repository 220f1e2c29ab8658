"""What a page tells of one parcel beside its attributes: the steps of its net area, plan shares, neighbours."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.profile.adjacency import GAP_M, adjacency
from gis_sites.profile.coverage import known
from gis_sites.profile.features import Features, cut
from gis_sites.profile.net_explain import net_scene_with, steps
from gis_sites.profile.net_reading import net_layer, unheld
from gis_sites.profile.net_zones import rule_layers
from gis_sites.profile.overlay import share
from gis_sites.profile.pieces import united
from gis_sites.profile.proximity import MICROMETRES
from gis_sites.profile.reading import NOWHERE, drawn, feature_fields, parcel_fields, read_boundary
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import encoded, valid_on
from gis_sites.profile.sites import PARCEL, Sites
from gis_sites.store import revisions as store
from gis_sites.store.reading import Which
from gis_sites.store.states import State


def net_steps(
    conn: sa.Connection, catalogue: Catalogue, state: State, parcel: str, *, nobody: Sequence[Features] | None = None
) -> dict[str, Any]:
    """Return the drawn area of a parcel (m2, planar) and the steps of its net area, as `net_explain.steps` gives them.

    `catalogue` knows every layer that the rules name; see `all_told` for who may be shown the answer. `nobody` is what
    `net_nobody` gave for the state.
    """
    sites = _site(conn, catalogue, state, parcel)
    if nobody is None:
        nobody = net_nobody(conn, catalogue, state)
    return {
        "area_m2": round(float(sites.area[0]), MICROMETRES),
        "steps": steps(net_scene_with(conn, catalogue, state, sites, nobody=nobody)),
    }


def net_nobody(conn: sa.Connection, catalogue: Catalogue, state: State) -> list[Features]:
    """Make the zones of the net area that are around no row: for every parcel of a state they are the same."""
    rules = net_layer(catalogue, state.as_of).net
    held = [state.revisions[name].id for name in rule_layers(rules) if name in state.revisions]
    revisions = {one.layer: one for one in store.several(conn, held, coverages=True)}
    return unheld(rules, revisions, read_boundary(conn, state.revisions))


def all_told(catalogue: Catalogue, shown: Catalogue, state: State) -> bool:
    """Tell whether who knows no more than `shown` may be told the steps: each rule rests on layers and fields of it."""
    if PARCEL not in catalogue.layers:
        return False
    rules = [rule for step in net_layer(catalogue, state.as_of).net for rule in step.rules]
    return bool(rules) and all(
        rule.layer in shown.layers and set(rule.where) <= set(shown.layers[rule.layer].fields) for rule in rules
    )


def shares_by_value(
    conn: sa.Connection, catalogue: Catalogue, state: State, attribute: Attribute, *, parcel: str
) -> list[tuple[str, float]]:
    """Return how much of a parcel each value of an attribute's field covers: (value, share), the largest first.

    The rows are those the attribute looks at, the newest on top, those of one value united; shares are of the drawn
    area, as everywhere.
    """
    layer, revision = attribute.layer, state.revisions.get(attribute.layer.name)
    sites = _site(conn, catalogue, state, parcel)
    if revision is None or not sites.area[0]:
        return []
    x0, y0, x1, y1 = shapely.bounds(sites.geometry[0]).tolist()
    which = Which(bounds=(x0, y0, x1, y1))
    found = store.read(conn, revision, columns=feature_fields(layer), layer=layer, which=which)
    counts = valid_on(layer, found.table, state.as_of)
    features = cut(found.table.filter(pa.array(counts)).combine_chunks(), drawn(found.geometry[counts]))
    scene = Scene(layer, sites, features, known(sites, NOWHERE))
    code, names = encoded(features.table, attribute.spec.fields[0])
    pieces = scene.arranged(scene.chosen(attribute.spec.where)[0])
    told = code[pieces.row] >= 0
    _, value, area = united(pieces.some(told), code[pieces.row[told]])
    shares = share(area, np.broadcast_to(sites.area, area.shape))
    every = [(names[at], float(one)) for at, one in zip(value, shares, strict=True) if one > 0]
    return sorted(every, key=lambda one: (-one[1], one[0]))


def neighbours(conn: sa.Connection, state: State, parcel: str) -> list[tuple[str, float]]:
    """Return the parcels of a state that lie beside one: (identifier, metres of boundary shared), longest first.

    The same as `adjacent.pairs_of` says, asked of what lies around the parcel instead of the whole state.
    """
    revision = state.revisions[PARCEL]
    own = store.read(conn, revision, columns=(), which=Which(keys=[parcel]))
    if not len(own) or shapely.is_missing(own.geometry[0]):
        return []
    x0, y0, x1, y1 = shapely.bounds(own.geometry[0]).tolist()
    around = Which(bounds=(x0 - GAP_M, y0 - GAP_M, x1 + GAP_M, y1 + GAP_M))
    found = store.read(conn, revision, columns=(), which=around)
    ids = found.table["key"].to_pylist()
    pairs = adjacency(drawn(found.geometry))
    here = ids.index(parcel)
    sides = zip(pairs.first.tolist(), pairs.second.tolist(), pairs.shared.tolist(), strict=True)
    beside = [(ids[second if first == here else first], length) for first, second, length in sides
              if here in {first, second}]  # fmt: skip
    return sorted(beside, key=lambda one: (-one[1], one[0]))


def _site(conn: sa.Connection, catalogue: Catalogue, state: State, parcel: str) -> Sites:
    columns, layer = parcel_fields(catalogue), catalogue.layer(PARCEL)
    found = store.read(conn, state.revisions[PARCEL], columns=columns, layer=layer, which=Which(keys=[parcel]))
    return Sites(drawn(found.geometry), found.table, ((parcel,),), crs=state.crs)
