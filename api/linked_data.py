"""A site as schema.org says it, for programs that read pages: a place with its properties, and no offer of it."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import shapely

from api.texts import SAFE, Speech
from gis_sites.catalogue import Catalogue
from gis_sites.findings import mask
from gis_sites.matching.sentences import cautions, value_text

Json = dict[str, Any]
UNITS = {"m": "MTR", "m2": "MTK", "ha": "HAR", "mm": "MMT"}
"""Units as UN/CEFACT codes them."""
NO_OFFER = 2
"""The caution that this is information and no offer."""


def place(kind: str, document: Mapping[str, Any], outline: str | None, catalogue: Catalogue, speech: Speech) -> Json:
    """Return a site as a schema.org Place (JSON-LD); what is unknown or not there is left out.

    Nothing of schema.org's Offer is used: an offer binds in civil law.
    """
    found: Json = {
        "@context": "https://schema.org",
        "@type": "Place",
        "@id": quote(f"/{kind}/{document['id']}", safe=SAFE),
        "identifier": document["id"],
        "name": speech.say(f"title_{kind}", id=document["id"]),
        "description": cautions(speech.lang)[NO_OFFER],
        "additionalProperty": list(_properties(document, catalogue, speech)),
    }
    if outline:
        point = shapely.from_geojson(outline).point_on_surface()
        found["geo"] = {"@type": "GeoCoordinates", "latitude": round(point.y, 7), "longitude": round(point.x, 7)}
    return found


def _properties(document: Mapping[str, Any], catalogue: Catalogue, speech: Speech) -> Iterator[Json]:
    for entry in document["attributes"]:
        if entry["state"] not in {"exact", "range"}:
            continue
        attribute = catalogue.attributes[entry["attribute"]]
        ends = (entry.get("low"), entry.get("high"))
        numbers = all(isinstance(one, int | float) for one in ends)
        value = {"minValue": ends[0], "maxValue": ends[1]} if numbers else {"value": _value(entry, attribute, speech)}
        unit = {"unitCode": UNITS[entry["unit"]]} if entry["unit"] in UNITS else {}
        yield {"@type": "PropertyValue", "propertyID": entry["attribute"], "name": attribute.title(speech.lang),
               **value, **unit}  # fmt: skip


def _value(entry: Json, attribute: Any, speech: Speech) -> Any:  # noqa: ANN401 - a number, a flag or words
    number = isinstance(entry["value"], int | float) and not isinstance(entry["value"], bool)
    return entry["value"] if number else mask(value_text(entry, attribute, speech.lang))
