"""A parcel's (or an offer's) own page: every attribute by layer, with source, day and coverage, and a drawing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import shapely
from geopandas import GeoSeries
from sqlalchemy import Connection

from api.face import Face
from api.furnished import furniture, map_words, who_could_say
from api.listing import own_title
from api.texts import Speech
from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.layer import Layer
from gis_sites.maps.around import around
from gis_sites.maps.overlays import Overlay, geojson
from gis_sites.maps.sketch import Sketch, draw_sketch, window
from gis_sites.matching.sentences import value_text
from gis_sites.store.features import features_in, layers_near, sites
from gis_sites.store.revisions import Part, Revision
from gis_sites.store.states import State
from gis_sites.words import capital, say

Json = dict[str, Any]
FIRST = ("parcel", "offer", "zoning", "general_plan", "sez", "revitalisation")
"""The themes asked for most stand first; the others follow in the order of the catalogue."""
FACTS = (
    "parcel.area_m2", "zoning.plan_status", "zoning.main_symbol", "general_plan.zone", "parcel.land_use",
    "road.frontage_m", "flood.share", "offer.status", "offer.price_pln_m2",
)  # fmt: skip
"""What stands at the head of the page, as far as it is known."""
NOT_DRAWN = frozenset({"offer", "boundary", "general_plan", "soil", "revitalisation", "sez", "airport"})
"""Layers that would cover the others in a drawing of a single site."""
SAID_ELSEWHERE = frozenset({"parcel", "building"})
"""Layers drawn all over: the neighbours stand in a table, and every house would be one too many to say."""
PARTS_SHOWN = 12
NO_FURNITURE: Json = {"net": None, "shares": [], "beside": []}


def site_page(face: Face, state: State, kind: str, document: Mapping[str, Any], speech: Speech) -> Json:
    """Return all that the page of a parcel or an offer says of the document the API answers with."""
    values = {one["attribute"]: one for one in document["attributes"]}
    themes = [theme(face, state, layer, values, speech) for layer in in_order(face.catalogue)]
    themes = [one for one in themes if one["rows"]]
    more = furniture(face, state, document, speech) if kind == "parcels" else NO_FURNITURE
    return {
        **more,
        "who": who_could_say(face, document, speech),
        "kind": kind,
        "id": document["id"],
        "parcels": [one for one in document["parcels"] if one != document["id"]],
        "facts": list(_facts(face, values, speech)),
        "known": [one for one in themes if one["held"]],
        "unknown": [one for one in themes if not one["held"]],
        "count": len(document["attributes"]),
    }


def in_order(catalogue: Catalogue) -> list[Layer]:
    """Return the layers as people ask for them."""
    return sorted(catalogue, key=lambda layer: FIRST.index(layer.name) if layer.name in FIRST else len(FIRST))


def _facts(face: Face, values: Mapping[str, Json], speech: Speech) -> Iterator[tuple[str, str, str]]:
    for name in FACTS:
        entry = values.get(name)
        if entry and entry["state"] != "unknown" and not (entry["state"] == "none" and name.startswith("offer.")):
            attribute = face.catalogue.attributes[name]
            yield own_title(attribute, speech.lang), value_text(entry, attribute, speech.lang), entry["state"]


def theme(face: Face, state: State, layer: Layer, values: Mapping[str, Json], speech: Speech) -> Json:
    """Return what one layer says of a site, and how that is known."""
    revision = state.revisions.get(layer.name)
    known = [face.catalogue.attributes[name] for name in values if name.startswith(f"{layer.name}.")]
    own = {str(values[one.name].get("value")) for one in known}
    return {
        "layer": layer.name,
        "title": layer.title.say(speech.lang),
        "held": revision is not None,
        "rows": [_row(one, values[one.name], speech) for one in known],
        "source": _source(revision, own, speech) if revision else None,
    }


def _row(attribute: Attribute, entry: Json, speech: Speech) -> Json:
    reason = entry["source"].get("reason")
    how = f"reason_{reason}" if entry["state"] == "unknown" and reason else f"state_{entry['state']}"
    return {
        "name": attribute.name,
        "title": capital(attribute.own_title(speech.lang)),
        "value": value_text(entry, attribute, speech.lang),
        "state": entry["state"],
        "how": speech.say(how),
    }


def _source(revision: Revision, own: set[str], speech: Speech) -> Json:
    """Say how a layer is known: of several parts, those that bear a name the site's values name."""
    named = [part for part in revision.parts if part.name in own]
    parts = named or list(revision.parts)
    return {
        "revision": revision.number,
        "rows": speech.count(sum(part.rows for part in parts)),
        "parts": [part_row(part, speech) for part in parts[:PARTS_SHOWN]],
        "more": len(parts) - PARTS_SHOWN,
        "whole": len(revision.parts),
        **summed(parts, speech),
    }


def summed(parts: Sequence[Part], speech: Speech) -> Json:
    """Say in a line of which day parts are, where they speak and whose they are."""
    days = sorted({part.dated for part in parts if part.dated})
    return {
        "dated": _days(days, speech),
        "coverage": ", ".join(dict.fromkeys(coverage_text(part, speech.lang) for part in parts)),
        "publisher": ", ".join(dict.fromkeys(part.publisher for part in parts if part.publisher)),
    }


def _days(days: Sequence[date], speech: Speech) -> str:
    if len(days) < 2:
        return speech.day(days[0]) if days else ""
    return speech.say("days", first=speech.day(days[0]), last=speech.day(days[-1]))


def part_row(part: Part, speech: Speech) -> Json:
    """Say what a part is: its name, rows, day, coverage and publisher."""
    return {
        "name": speech.say("part_all") if part.name == "all" else part.name,
        "rows": speech.count(part.rows),
        "dated": speech.day(part.dated),
        "coverage": coverage_text(part, speech.lang),
        "publisher": part.publisher or "–",
    }


def coverage_text(part: Part, lang: str) -> str:
    """Say where a part speaks."""
    word = say(f"show.coverage_{part.coverage.kind}", lang)
    return word if part.coverage.stated else f"{word} ({say('show.assumed', lang)})"


# ---- the drawing ---------------------------------------------------------------------------------------


class Drawing(NamedTuple):
    """A site as it is drawn: with what lies around it, its outline in degrees as GeoJSON, and the same in words."""

    sketch: Sketch | None
    outline: str | None
    words: str


def drawing(face: Face, state: State, kind: str, document: Mapping[str, Any], speech: Speech) -> Drawing:
    """Draw the site that a document of the API speaks of, as far as it has an outline."""
    (shape,), (outline,) = outlines(face, state, kind, [document["id"]])
    if shape is None:
        return Drawing(None, None, speech.say("map_none"))
    ground = window([shape])
    layers = [one for one in face.catalogue if one.name not in NOT_DRAWN]
    with face.inventory.store.begin() as conn:
        there = layers_near(conn, state, layers, ground.bounds)
        overlays = [Overlay(one, features_in(conn, state, one, ground.bounds)) for one in there]
    drawn = [one for one in overlays if len(one.rows)]
    told = [one for one in drawn if one.layer.name not in SAID_ELSEWHERE]
    near = around(shape, told, face.catalogue, ground)
    sketch = draw_sketch([shape], drawn, face.catalogue, ground)
    return Drawing(sketch, outline, map_words(face, document, shape.bounds, near, speech))


def outlines(face: Face, state: State, kind: str, ids: Sequence[str]) -> tuple[list[Any], list[str | None]]:
    """Return the geometries of some sites, in the working CRS and as GeoJSON in degrees; None for one without.

    Land on offer that has no polygon of its own is the union of the parcels it names.
    """
    if not ids:
        return [], []
    with face.inventory.store.begin() as conn:
        found = sites(conn, state, kind, ids)
        shapes = [None if shapely.is_missing(one) or shapely.is_empty(one) else one for one in found.geometry]
        if None in shapes and kind == "offers":
            shapes = _united(conn, face, state, ids, shapes)
    return shapes, geojson(GeoSeries(shapes, crs=state.crs))


def _united(conn: Connection, face: Face, state: State, ids: Sequence[str], shapes: Sequence[Any]) -> list[Any]:
    views = {view.kind: view for view in face.views(state)}
    parts: dict[str, list[str]] = {}
    for one, shape in zip(ids, shapes, strict=True):
        row = views["offers"].row(one) if shape is None else None
        named = views["offers"].parcels(row) if row is not None else []
        if named and all(views["parcels"].row(parcel) is not None for parcel in named):
            parts[one] = named
    wanted = sorted({parcel for named in parts.values() for parcel in named})
    found = sites(conn, state, "parcels", wanted)
    known = dict(zip(wanted, found.geometry, strict=True))
    united = {one: shapely.union_all([known[parcel] for parcel in named]) for one, named in parts.items()}
    return [united.get(one, shape) for one, shape in zip(ids, shapes, strict=True)]
