"""The page about the API, made from its OpenAPI document: every method, and a command that asks for it."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.description import EXAMPLE_TOML, PROBLEM
from api.face import Face
from api.map_data import Extents
from api.routes import OneFace, OneState
from api.texts import SAFE, Speech, outside, page
from gis_sites.matching.also import ANSWERS
from gis_sites.store.states import State
from gis_sites.store.tiles import Place
from gis_sites.words import say, sentences

Json = dict[str, Any]
router = APIRouter(include_in_schema=False)
ZOOM = 15
SOME_PARCEL, SOME_OFFER = "306101_1.0001.12/3", "T/1"
"""What an example names before anything is published."""
TOML = f"-H 'content-type: application/toml' --data-binary {shlex.quote(EXAMPLE_TOML)}"


@dataclass(frozen=True)
class Example:
    """What the commands of the page ask for: a parcel, land on offer and a tile that are there."""

    parcel: str = SOME_PARCEL
    offer: str = SOME_OFFER
    tile: str = f"1/parcel/{ZOOM}/17995/10866"

    @classmethod
    def of(cls, face: Face, state: State | None, extents: Extents) -> "Example":
        """Choose from a state; what it does not hold stays as it is."""
        if state is None:
            return cls()
        first = {view.kind: quote(view.id(0), safe=SAFE) for view in face.views(state) if len(view)}
        found = cls(first.get("parcels", SOME_PARCEL), first.get("offers", SOME_OFFER))
        west, south, east, north = extents.of(face, state) or (17.7, 51.7, 17.7, 51.7)
        middle = Place.at((west + east) / 2, (south + north) / 2, ZOOM)
        return cls(found.parcel, found.offer, f"{state.id}/parcel/{ZOOM}/{middle.x}/{middle.y}")


COMMANDS: Mapping[str, Callable[[Example], tuple[str, str]]] = {
    "/api/v1/layers": lambda one: ("/api/v1/layers", ""),
    "/api/v1/parcels/{id}": lambda one: (f"/api/v1/parcels/{one.parcel}", ""),
    "/api/v1/offers": lambda one: ("/api/v1/offers?count=5", ""),
    "/api/v1/offers/{id}": lambda one: (f"/api/v1/offers/{one.offer}", ""),
    "/api/v1/why": lambda one: (f"/api/v1/why?parcel={one.parcel}", TOML),
    "/api/v1/shortlists": lambda one: (f"/api/v1/shortlists?top=3&with={','.join(ANSWERS)}", TOML),
    "/tiles/{state}/{layer}/{z}/{x}/{y}": lambda one: (f"/tiles/{one.tile}", "-o parcel.mvt"),
    "/ogc/": lambda one: ("/ogc/collections/parcel/items?limit=5", ""),
    "/": lambda one: ("/?area_from=1&format=csv", "-o list.csv"),
}
"""The address and the rest of the command that asks for each path."""


def command(base: str, path: str, example: Example) -> str:
    """Return a command of a shell that asks for a path at our address."""
    address, rest = COMMANDS[path](example)
    asked = f"curl {shlex.quote(base + address)}"
    return f"{asked} \\\n  {rest}" if rest else asked


@cache
def _keys() -> dict[str, str]:
    return {sentence: key for key, sentence in sentences("en").items() if key.startswith("api.")}


def told(text: str, lang: str) -> str:
    """Return a sentence of the OpenAPI document, which is English, in a language."""
    return sentences(lang)[_keys()[text]]


def methods(document: Json, base: str, example: Example, lang: str) -> Iterator[Json]:
    """Say of each method of the OpenAPI document what it takes and answers, and how to ask."""
    everywhere = shared(document)
    for path, verb, one in _operations(document):
        yield {
            "id": one["operationId"],
            "verb": verb.upper(),
            "path": path,
            "title": told(one["summary"], lang),
            "about": told(one["description"], lang),
            "parameters": [_parameter(each, lang) for each in one["parameters"]],
            "body": told(one["requestBody"]["description"], lang) if "requestBody" in one else None,
            "kinds": list(one["requestBody"]["content"]) if "requestBody" in one else [],
            "answers": [each for each in _answers(one["responses"], lang) if each[0] not in everywhere],
            "command": command(base, path, example),
        }


def shared(document: Json) -> Json:
    """Return the answers, by status, that every method can give."""
    first, *others = [one["responses"] for _, _, one in _operations(document)]
    return {status: said for status, said in first.items() if all(each.get(status) == said for each in others)}


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, verbs in document["paths"].items():
        yield from ((path, verb, one) for verb, one in verbs.items())


def _answers(responses: Json, lang: str) -> list[tuple[str, str]]:
    return [(status, told(said["description"], lang)) for status, said in sorted(responses.items())]


def _parameter(one: Json, lang: str) -> Json:
    """Say what a parameter is called, where it stands and what it can be."""
    schema = next((each for each in one["schema"].get("anyOf", ()) if each["type"] != "null"), one["schema"])
    most = schema["exclusiveMaximum"] - 1 if "exclusiveMaximum" in schema else schema.get("maximum")
    ends = f"{schema['minimum']}–{most}" if most is not None else ""
    return {
        "name": one["name"],
        "place": say(f"api.in_{one['in']}", lang),
        "about": told(one["description"], lang),
        "values": ", ".join(schema.get("enum") or schema.get("examples") or ()) or ends or say("api.any_text", lang),
        "usual": str(schema.get("default", "")) or "–",
        "required": one["required"],
    }


@router.get("/docs")
def docs(request: Request, face: OneFace, state: OneState) -> HTMLResponse:
    """Show what programs can ask for."""
    lang, base = Speech.of(request).lang, outside(request)
    document = request.app.openapi()
    example = Example.of(face, state, request.app.state.extents)
    context = {
        "a": lambda name, **values: say(f"api.{name}", lang, **values),
        "methods": list(methods(document, base, example, lang)),
        "shared": _answers(shared(document), lang),
        "problem": [(name, told(one["description"], lang)) for name, one in PROBLEM["properties"].items()],
        "also": [(name, command(base, path, example)) for name, path in (("ogc", "/ogc/"), ("list", "/"))],
        "version": document["openapi"],
    }
    return page(request, "docs.html", context, state=state)
