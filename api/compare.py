"""Sites side by side: two to four of the basket, row by row, what they differ in marked."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.face import Face
from api.parcel_page import in_order
from api.routes import OneFace, OneState
from api.texts import Speech, page
from gis_sites.catalogue import Layer
from gis_sites.errors import Gone, NotFound
from gis_sites.matching.sentences import value_text
from gis_sites.store.states import State
from gis_sites.words import capital

Json = dict[str, Any]
router = APIRouter(include_in_schema=False)
NAMES = frozenset({"parcel.id", "parcel.number"})
"""What tells sites apart by name: every site has its own, so it says nothing of a difference."""


@router.get("/compare")
def compare(request: Request, face: OneFace, state: OneState) -> HTMLResponse:
    """Show the sites of the address's basket side by side."""
    speech = Speech.of(request)
    if state is None:
        return page(request, "empty.html", {"title": speech.say("compare_title")})
    asked = [("basket", ",".join(speech.basket)), ("lang", speech.lang if speech.chosen else "")]
    return page(request, "compare.html", {**comparison(face, state, speech), "asked": asked}, state=state)


def comparison(face: Face, state: State, speech: Speech) -> Json:
    """Return the sites of the basket, the rows they are compared by, and what is not there."""
    found: list[tuple[str, Json]] = []
    missing: list[str] = []
    heirs: list[str] = []
    for one in speech.basket:
        try:
            found.append(_site(face, state, one))
        except Gone as gone:
            missing.append(one)
            heirs += gone.more["successors"]
        except NotFound:
            missing.append(one)
    values = [{entry["attribute"]: entry for entry in document["attributes"]} for _, document in found]
    themes = [theme for layer in in_order(face.catalogue) if (theme := _theme(face, layer, values, speech))["rows"]]
    rows = [row for theme in themes for row in theme["rows"]]
    return {
        "sites": [{"id": document["id"], "kind": kind, "href": speech.link(f"/{kind}/{document['id']}")}
                  for kind, document in found],
        "missing": missing,
        "heirs": [(one, speech.link(f"/parcels/{one}")) for one in dict.fromkeys(heirs)],
        "themes": themes,
        "total": len(rows),
        "differing": sum(row["differs"] for row in rows),
    }  # fmt: skip


def _site(face: Face, state: State, identifier: str) -> tuple[str, Json]:
    """Return a site that may be known, a parcel before land on offer of the same name.

    Raises:
        NotFound: there is neither; `Gone` where the parcel has successors.
    """
    try:
        return "parcels", face.site(state, "parcels", identifier)
    except NotFound:
        try:
            return "offers", face.site(state, "offers", identifier)
        except NotFound:
            pass
        raise


def _theme(face: Face, layer: Layer, values: Sequence[Mapping[str, Json]], speech: Speech) -> Json:
    return {
        "layer": layer.name,
        "title": layer.title.say(speech.lang),
        "rows": list(_rows(face, layer, values, speech)) if values else [],
    }


def _rows(face: Face, layer: Layer, values: Sequence[Mapping[str, Json]], speech: Speech) -> Iterator[Json]:
    """Yield the attributes that are known of any of the sites."""
    for name, attribute in face.catalogue.attributes.items():
        entries = [one[name] for one in values] if attribute.layer.name == layer.name and name not in NAMES else []
        if all(one["state"] == "unknown" for one in entries):
            continue
        texts = [value_text(one, attribute, speech.lang) for one in entries]
        yield {
            "name": name,
            "title": capital(attribute.own_title(speech.lang)),
            "cells": list(zip(texts, (one["state"] for one in entries), strict=True)),
            "differs": len(set(texts)) > 1,  # as they are written: nobody sees a difference beyond that
        }
