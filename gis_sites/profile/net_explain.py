"""The waterfall of one parcel: measured anew from the rows near it when asked for."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.layer import NetRule
from gis_sites.profile.coverage import Cover, known
from gis_sites.profile.features import Features
from gis_sites.profile.net_area import Waterfall, waterfall
from gis_sites.profile.net_reading import net_layer, read_rows, unheld, zones_around
from gis_sites.profile.net_zones import all_drawn
from gis_sites.profile.packed import packed
from gis_sites.profile.scene import Scene
from gis_sites.profile.sites import Sites
from gis_sites.store.states import State


def net_scene(
    conn: sa.Connection, catalogue: Catalogue, state: State, sites: Sites, *, boundary: Cover | None
) -> Scene:
    """Read what the rules of the net area need to know about some sites that lie together."""
    nobody = unheld(net_layer(catalogue, state.as_of).net, state.revisions, boundary)
    return net_scene_with(conn, catalogue, state, sites, nobody=nobody)


def net_scene_with(
    conn: sa.Connection, catalogue: Catalogue, state: State, sites: Sites, *, nobody: Sequence[Features]
) -> Scene:
    """Read the same where the zones that are around no row are known: for all sites of a state they are the same."""
    layer = net_layer(catalogue, state.as_of)
    x0, y0, x1, y1 = np.nan_to_num(shapely.total_bounds(sites.geometry)).tolist()
    around = read_rows(
        conn, catalogue, layer.net, state.revisions,
        which=lambda name, _: zones_around((x0, y0, x1, y1), layer.net, name),
    )  # fmt: skip
    zones = packed(chain(around, nobody)).unpacked()
    return Scene(layer, sites, all_drawn(zones), known(sites, Cover(None, stated=False)))


def steps(scene: Scene) -> list[dict[str, Any]]:
    """Return the waterfall of the first site of a scene, as answers show it.

    Returns:
        one entry a step: `step, title, takes_m2` (its own land, whatever was taken before), `leaves_m2` (what is
        left when it and all before it are gone), each with a low and a high end, `unplaced_m2` (how much of it only
        the parcel's own list tells of, nobody knows where), `unknown`, the layers of which nobody knows enough, and
        `rules`: how far around which layer's rows, since when, who says so and how sure that is.
    """
    left = waterfall(scene)
    unknown = _unknown(scene, left)
    return [
        {
            "step": step.name,
            "title": step.title.model_dump(),
            "takes_m2": {"low": float(left.takes[0][0, place]), "high": float(left.takes[1][0, place])},
            "leaves_m2": {"low": float(left.leaves[0][0, place]), "high": float(left.leaves[1][0, place])},
            "unplaced_m2": float(left.unplaced[0, place]),
            "unknown": unknown.get(place, []),
            "rules": [_rule(rule) for rule in step.rules],
        }
        for place, step in enumerate(left.steps)
    ]


def _rule(rule: NetRule) -> dict[str, Any]:
    return rule.model_dump(mode="json", by_alias=True, exclude={"listed"})


def _unknown(scene: Scene, left: Waterfall) -> dict[int, list[str]]:
    table = scene.features.table
    found: dict[int, set[str]] = {}
    for site, row in zip(*left.unknown, strict=True):
        if site == 0:
            layers = found.setdefault(table.column("step")[int(row)].as_py(), set())
            layers.add(table.column("layer")[int(row)].as_py())
    return {step: sorted(layers) for step, layers in found.items()}
