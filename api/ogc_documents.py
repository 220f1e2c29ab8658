"""What OGC API Features says of itself: where everything is, what is kept of the standard, each layer in short."""

from typing import Any

from tipg.collections import Collection

from gis_sites.words import say

Json = dict[str, Any]
JSON, GEOJSON, SCHEMA = "application/json", "application/geo+json", "application/schema+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
QGIS = "application/x-qgis-project"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
MOST, USUAL = 10_000, 10
"""Rows of one answer, and where the question does not say."""
CONFORMS = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)


def link(href: str, rel: str, kind: str, title: str, lang: str) -> Json:
    """Return a link; `title` is the key of its sentence."""
    return {"href": href, "rel": rel, "type": kind, "title": say(f"ogc.{title}", lang)}


def landing(base: str, lang: str) -> Json:
    """Say what is where; `base` is our address without a slash."""
    site = base.removesuffix("/ogc")
    return {
        "title": say("ogc.title", lang),
        "description": say("ogc.about", lang),
        "links": [
            link(f"{base}/", "self", JSON, "this", lang),
            link(f"{base}/api", "service-desc", OPENAPI, "definition", lang),
            link(f"{site}/docs", "service-doc", "text/html", "docs", lang),
            link(f"{base}/conformance", "conformance", JSON, "conformance", lang),
            link(f"{base}/collections", "data", JSON, "layers", lang),
            link(f"{base}/project.qgs", "related", QGIS, "project", lang),
            link(f"{site}/", "alternate", "text/html", "site", lang),
        ],
    }


def collection_entry(base: str, one: Collection, lang: str) -> Json:
    """Describe a layer: its title, where its rows lie, and where they are to be had."""
    own = f"{base}/collections/{one.id}"
    entry: Json = {
        "id": one.id,
        "title": one.title,
        "itemType": "feature",
        "crs": [CRS84],
        "links": [
            link(own, "self", JSON, "layer", lang),
            link(f"{own}/items", "items", GEOJSON, "rows", lang),
            link(f"{own}/queryables", "http://www.opengis.net/def/rel/ogc/1.0/queryables", SCHEMA, "columns", lang),
        ],
    }
    around = getattr(one, "around", None)
    return {**entry, "extent": {"spatial": {"bbox": [list(around)], "crs": CRS84}}} if around else entry


def description(base: str) -> Json:
    """Describe the API as OpenAPI 3.0: what clients read is how many rows they may ask for at once."""
    name = {"name": "collectionId", "in": "path", "required": True, "schema": {"type": "string"}}
    row = {"name": "itemId", "in": "path", "required": True, "schema": {"type": "integer"}}
    paths = {
        "/": ("landing", "Say what is where", []),
        "/conformance": ("conformance", "Say which parts of the standard are kept", []),
        "/collections": ("collections", "List the layers", []),
        "/collections/{collectionId}": ("collection", "Describe a layer", [name]),
        "/collections/{collectionId}/queryables": ("queryables", "List the columns of a layer", [name]),
        "/collections/{collectionId}/items": ("items", "List rows of a layer", [name, *map(_shared, PARAMETERS)]),
        "/collections/{collectionId}/items/{itemId}": ("item", "Show a row of a layer", [name, row]),
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": say("ogc.title", "en"), "version": "1", "description": say("ogc.about", "en")},
        "servers": [{"url": base}],
        "paths": {path: {"get": _operation(*told)} for path, told in paths.items()},
        "components": {"parameters": PARAMETERS},
    }


def _operation(identity: str, summary: str, parameters: list[Json]) -> Json:
    answers = {"200": {"description": "The answer."}, "default": {"description": "A problem document (RFC 9457)."}}
    return {"operationId": identity, "summary": summary, "parameters": parameters, "responses": answers}


def _shared(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _parameter(name: str, **schema: object) -> Json:
    return {"name": name, "in": "query", "required": False, "style": "form", "explode": False, "schema": schema}


PARAMETERS: Json = {
    "limit": _parameter("limit", type="integer", minimum=1, maximum=MOST, default=USUAL),
    "offset": _parameter("offset", type="integer", minimum=0, default=0),
    "bbox": _parameter("bbox", type="array", minItems=4, maxItems=6, items={"type": "number"}),
    "datetime": _parameter("datetime", type="string"),
}
