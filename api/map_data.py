"""What the live map is told: the state's layers with their legends, where to begin, and the sites of the page."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from api.face import Face
from api.filters import SEEN, Filters
from api.texts import Speech
from gis_sites.layer import Layer
from gis_sites.maps.overlays import color_of, pattern_id
from gis_sites.store.extent import extent
from gis_sites.store.states import State

Json = dict[str, Any]
SHOWN = ("parcel", "zoning", "road", "boundary")
"""The layers that are on when a map opens."""
BELOW = (
    "soil",
    "general_plan",
    "zoning",
    "revitalisation",
    "sez",
    "nature",
    "mining",
    "landslide",
    "monument",
    "flood",
)
"""Layers of large areas, from below to above; the others follow."""


UNSEEN = dict.fromkeys(SEEN, "")
"""Says nothing of the map."""
WORDS = ("map_label", "map_failed", "zoom_in", "zoom_out", "open_page", "in_list", "on_map", "gesture_ctrl",
         "gesture_cmd", "gesture_touch", "in_view", "in_view_cells", "left_by_legend", "map_tools", "fit", "locate_me",
         "located_not", "measure_line", "measure_area", "measure_help", "measure_of_line", "measure_of_area", "basemap",
         "basemap_failed")  # fmt: skip
"""What the map says, and what its tools are called."""


class Extents:
    """Where states lie; a revision never changes, so each is measured once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[float, float, float, float] | None] = {}

    def of(self, face: Face, state: State) -> tuple[float, float, float, float] | None:
        """Return the box around the parcels of a state, in degrees."""
        revision = state.revisions.get("parcel")
        if revision is None:
            return None
        if revision.id not in self._known:
            with face.inventory.store.begin() as conn:
                self._known = {revision.id: extent(conn, revision)}
        return self._known[revision.id]


def layers_of(face: Face, state: State, speech: Speech) -> list[Json]:
    """Return the layers that can be drawn, from below to above, each with its legend."""
    drawn = [one for one in face.catalogue if one.public == "geometry" and one.name in state.revisions]
    drawn = [one for one in drawn if one.geometry != "table"]
    order = {name: place for place, name in enumerate(BELOW)}
    drawn.sort(key=lambda one: (order.get(one.name, len(BELOW)), one.name == "parcel", one.name == "offer"))
    return [_layer(one, speech) for one in drawn]


def _layer(layer: Layer, speech: Speech) -> Json:
    legend = [
        {"color": one.color, "width": one.width, "pattern": one.pattern, "title": one.title.say(speech.lang)}
        for one in layer.legend
    ]
    plain = {"color": color_of(layer), "width": 1.0, "pattern": "solid", "title": layer.title.say(speech.lang)}
    return {
        "name": layer.name,
        "title": layer.title.say(speech.lang),
        "shown": layer.name in SHOWN,
        "geometry": layer.geometry,
        "legend": legend or [plain],
    }


def map_data(
    face: Face,
    state: State,
    speech: Speech,
    extents: Extents,
    features: Sequence[Mapping[str, Any]],
    *,
    zoomed: bool,
) -> Json:
    """Return the map's beginnings; `zoomed`: it opens on the sites of the page, not on the whole city."""
    layers = layers_of(face, state, speech)
    settings = face.inventory.store.settings
    return {
        "state": state.id,
        "version": face.version(state.at),
        "lang": speech.lang,
        "linked": speech.lang if speech.chosen else "",
        "extent": extents.of(face, state),
        "zoomed": zoomed,
        "layers": layers,
        "patterns": [
            (pattern_id(layer["name"], step), entry["pattern"], entry["color"])
            for layer in layers
            for step, entry in enumerate(layer["legend"])
            if entry["pattern"] != "solid"
        ],
        "sites": {"type": "FeatureCollection", "features": list(features)},
        "words": {
            name: speech.say(name, count="{count}", found="{found}", value="{value}", edge="{edge}") for name in WORDS
        },
        "basemap": {"url": settings.basemap_url, "attribution": settings.basemap_attribution}
        if settings.basemap_url
        else None,
    }


def list_data(filters: Filters, speech: Speech) -> Json:
    """Return what the map beside the list is told of it: where it finds all that was found, and where it stands."""
    return {
        "chosen": filters.at,
        "kind": filters.kind,
        "narrow": filters.narrow,
        "found": speech.link("/", **filters.query(format="points", **UNSEEN)) if filters.narrow else "",
    }


def feature(identifier: str, outline: str | None, **properties: object) -> Json | None:
    """Return a site as a GeoJSON feature; None where nothing was drawn."""
    if outline is None:
        return None
    return {"type": "Feature", "properties": {"site": identifier, **properties}, "geometry": json.loads(outline)}
