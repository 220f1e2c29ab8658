"""The OpenAPI document: what FastAPI knows of the routes, and beside it what a requirement and a problem are."""

import json
from typing import Any

from gis_sites.matching.requirement import requirement_schema
from gis_sites.matching.shapes import answers_schema

Json = dict[str, Any]
EXAMPLE: Json = {
    "format": 1,
    "title": {"pl": "Zakład, 1 ha", "en": "A plant, 1 ha"},
    "must": {"parcel.area_m2": {"min": 10000}, "flood.share": {"max": 0}},
    "want": {"water.distance_m": {"at": [0, 800], "worth": [1, 0], "weight": 2}},
}
EXAMPLE_TOML = """format = 1
title = "A plant, 1 ha"

[must]
"parcel.area_m2" = { min = 10000 }
"flood.share" = { max = 0 }

[want]
"water.distance_m" = { at = [0, 800], worth = [1, 0], weight = 2 }
"""
PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong, in Polish or English (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "Names the error: gis-sites: and the key of its sentence."},
        "title": {"type": "string", "description": "What the status means."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "The sentence: the offending value and what to do."},
        "successors": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What a parcel that is no more has become.",
        },
    },
}
BODY: Json = {
    "required": True,
    "description": "What an investor needs.",
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Requirement"}, "example": EXAMPLE},
        "application/toml": {"schema": {"type": "string"}, "example": EXAMPLE_TOML},
    },
}


def problems(**statuses: str) -> dict[int | str, Json]:
    """Describe the errors a route can answer with: `problems(_404="There is no such parcel.")`."""
    every = {
        "_422": "A parameter is off.",
        **statuses,
        "_429": "Too many requests from one address; the header Retry-After says when to come back.",
        "_500": "A fault of ours.",
        "_503": "No database, or too much to do.",
    }
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {int(status[1:]): {"description": text, "content": content} for status, text in every.items()}


def complete(document: Json) -> Json:
    """Add the schemas the routes refer to."""
    schema, parts = _parts(requirement_schema())
    answer, answers = _parts(answers_schema())
    # It names another host, and an OpenAPI document of version 3.1 means that dialect anyway.
    schema.pop("$schema")
    components = document.setdefault("components", {}).setdefault("schemas", {})
    components |= {"Problem": PROBLEM, "Requirement": schema, "Shortlist": answer, **parts, **answers}
    answered = document["paths"]["/api/v1/shortlists"]["post"]["responses"]["200"]["content"]["application/json"]
    answered["schema"] = {"$ref": "#/components/schemas/Shortlist"}
    return document


def _parts(schema: Json) -> tuple[Json, Json]:
    """Return a schema that refers to the components of the document, and the parts it brings along."""
    whole: Json = json.loads(json.dumps(schema).replace("#/$defs/", "#/components/schemas/"))
    return whole, whole.pop("$defs")
