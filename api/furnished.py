"""What furnishes a parcel's page: the net area as a waterfall, plan shares, neighbours, and who could say the rest."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from api.face import Face
from api.listing import own_title
from api.texts import Speech
from gis_sites.maps.around import Near
from gis_sites.matching.explained import keepers
from gis_sites.matching.quantity import quantity
from gis_sites.matching.reasons import value_of
from gis_sites.matching.sentences import value_text
from gis_sites.profile import told
from gis_sites.show_explain import ends_text, step_notes
from gis_sites.store.states import State
from gis_sites.words import capital

Json = dict[str, Any]
SHARES = ("zoning.main_symbol", "general_plan.zone")
"""The attributes whose every value is told, with its share of the parcel."""
BESIDE = ("parcel.area_m2", "zoning.main_symbol", "parcel.land_use")
"""What is told of each neighbour, as far as the catalogue knows it."""
MOST_NEIGHBOURS = 30
MOST_AROUND = 8
"""So many classes of what lies around a site are said of its map, the nearest."""


def furniture(face: Face, state: State, document: Mapping[str, Any], speech: Speech) -> Json:
    """Return what stands on a parcel's page besides its attributes, as far as the public may know it."""
    identifier, whole = document["id"], face.inventory.store.catalogue or face.catalogue
    nobody = face.net_nobody(state) if told.all_told(whole, face.catalogue, state) else None
    with face.inventory.store.begin() as conn:
        net = told.net_steps(conn, whole, state, identifier, nobody=nobody) if nobody is not None else None
        known = [face.catalogue.attributes[name] for name in SHARES if name in face.catalogue.attributes]
        shares = [(one, told.shares_by_value(conn, face.catalogue, state, one, parcel=identifier)) for one in known]
        beside = told.neighbours(conn, state, identifier)
    return {
        "net": waterfall(net, face, speech) if net and net["area_m2"] else None,
        "shares": [
            {
                "title": own_title(one, speech.lang),
                "layer": one.layer.title.say(speech.lang),
                "rows": [(one.label(value, speech.lang), part * 100, _share(part, speech)) for value, part in rows],
            }
            for one, rows in shares
            if rows
        ],
        **neighbours(face, state, beside, speech),
    }


def waterfall(net: Mapping[str, Any], face: Face, speech: Speech) -> Json:
    """Return the steps as bars, each in percent of the drawn area: surely left, maybe left, gone with this step."""
    whole, last = net["area_m2"], net["steps"][-1]["leaves_m2"]
    rows, before = [], {"low": whole, "high": whole}
    for step in net["steps"]:
        left = step["leaves_m2"]
        if step["takes_m2"]["high"] or step["unknown"]:
            rows.append({**_bar(left, before, whole), "title": capital(step["title"][speech.lang]),
                         "takes": ends_text(step["takes_m2"], speech.lang), "leaves": ends_text(left, speech.lang),
                         "notes": list(step_notes(step, face.catalogue, speech.lang))})  # fmt: skip
        before = left
    nothing = [one["title"][speech.lang] for one in net["steps"] if not (one["takes_m2"]["high"] or one["unknown"])]
    ends = {"whole": _area(whole, speech), "net": ends_text(last, speech.lang)}
    return {"rows": rows, "nothing": ", ".join(nothing), "final": _bar(last, last, whole), **ends}


def _bar(left: Mapping[str, float], before: Mapping[str, float], whole: float) -> Json:
    """Return a bar's pieces as (start, width), in percent of the whole."""
    low, high, top = (round(100 * one / whole, 2) for one in (left["low"], left["high"], before["high"]))
    return {"sure": low, "maybe": round(high - low, 2), "from": high, "gone": round(top - high, 2)}


def neighbours(face: Face, state: State, beside: Sequence[tuple[str, float]], speech: Speech) -> Json:
    """Return the neighbours with what is told of each; hidden parcels are not among them."""
    view = next(one for one in face.views(state) if one.kind == "parcels")
    columns = [one for name in BESIDE if (one := face.catalogue.attributes.get(name)) and name in view.names]
    shown = [(one, length, view.row(one)) for one, length in beside[:MOST_NEIGHBOURS]]
    return {
        "beside_columns": [own_title(one, speech.lang) for one in columns],
        "beside": [
            {
                "id": one,
                "href": speech.link(f"/parcels/{one}"),
                "shared": quantity(length, "m", speech.lang),
                "cells": [value_text(value_of(view.column(each.name), row), each, speech.lang) for each in columns],
            }
            for one, length, row in shown
            if row is not None
        ],
        "beside_more": max(len(beside) - MOST_NEIGHBOURS, 0),
    }


def who_could_say(face: Face, document: Mapping[str, Any], speech: Speech) -> list[tuple[str, list[str]]]:
    """Return who could say what is not known: (who, what of which layer)."""
    entries = [one for one in document["attributes"] if one["state"] == "unknown"]
    found = keepers({"musts": [], "wants": entries}, face.catalogue, speech.lang)
    return [(who, list(_by_layer(some, speech))) for who, some in found.items()]


def _by_layer(attributes: Sequence[Any], speech: Speech) -> Iterator[str]:
    for _, group in groupby(attributes, key=lambda one: one.layer.name):
        some = list(group)
        yield f"{some[0].layer.title.say(speech.lang)}: {', '.join(one.own_title(speech.lang) for one in some)}"


def _area(value: float, speech: Speech) -> str:
    return ends_text({"low": value, "high": value}, speech.lang)


def _share(part: float, speech: Speech) -> str:
    return quantity(part, "share", speech.lang)


def map_words(
    face: Face, document: Mapping[str, Any], box: Sequence[float], near: Sequence[Near], speech: Speech
) -> str:
    """Say what the map of a site shows: how large the site is (its `box` in metres), what lies on it and around it."""
    west, south, east, north = box
    area = [one for one in document["attributes"] if one["attribute"] == "parcel.area_m2" and one["state"] != "unknown"]
    large = [value_text(one, face.catalogue.attributes["parcel.area_m2"], speech.lang) for one in area]
    told = {
        "site": ", ".join([document["id"], *large]),
        "across": quantity(round(east - west), "m", speech.lang),
        "along": quantity(round(north - south), "m", speech.lang),
    }
    said = [speech.say("map_site", **told)]
    if on := list(_by_title([one for one in near if one.on], speech)):
        said.append(speech.say("map_on", things="; ".join(on)))
    if beside := [_whither(one, speech) for one in near if not one.on][:MOST_AROUND]:
        said.append(speech.say("map_near", things="; ".join(beside)))
    return " ".join(said)


def _by_title(near: Sequence[Near], speech: Speech) -> Iterator[str]:
    """Name what lies near, the classes of a layer after its title."""
    for title, some in groupby(near, key=lambda one: one.layer.title.say(speech.lang)):
        steps = [one.layer.legend[one.step].title.say(speech.lang) for one in some if one.step < len(one.layer.legend)]
        own = ", ".join(step for step in steps if step != title)
        yield f"{title}: {own}" if own else title


def _whither(near: Near, speech: Speech) -> str:
    (name,), side = _by_title([near], speech), speech.say(f"side_{near.side}")
    if near.metres < 1:
        return speech.say("map_beside", name=name, side=side)
    return speech.say("map_away", name=name, metres=quantity(round(near.metres), "m", speech.lang), side=side)
