"""OGC API Features over the public views, for QGIS and other programs: tipg's factory, narrowed to GeoJSON.

Who asks sees what the views of schema `published` show of the state taken when the request came, and nothing else:
names of layers and columns are ours, values are checked before they come near a query, and each query runs in a
transaction that only reads. The views themselves are not read: an import under other settings may have made them.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Annotated, Any

from anyio.to_thread import run_sync
from cql2 import ParseError, ValidationError
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from sqlalchemy import Connection
from sqlalchemy.exc import DataError
from tipg import errors as tipg_errors
from tipg.collections import Collection
from tipg.factory import OGCFeaturesFactory

from api.errors import BadParameter, language
from api.face import Face
from api.ogc_documents import CONFORMS, QGIS, collection_entry, description, landing
from api.ogc_layered import layered
from api.ogc_question import COMMON, ONE_ID, PAGING, geojson, in_our_way, known, readable
from api.qgis_project import in_order, project
from api.routes import OneFace, OneState
from api.texts import outside
from gis_sites.errors import NotFound
from gis_sites.store.published import Published, only_reading, published, rows
from gis_sites.store.states import State

Json = dict[str, Any]
PREFIX = "/ogc"


# ---- what is there -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reading:
    """A connection as tipg wants one, over a transaction that only reads."""

    conn: Connection

    async def fetch(self, query: str) -> list[Json]:
        """Return rows."""
        return await run_sync(rows, self.conn, query)

    async def fetchval(self, query: str) -> Any:  # noqa: ANN401 - whatever is asked for
        """Return the one value of the one row."""
        (row,) = await self.fetch(query)
        (value,) = row.values()
        return value


class Shelf:
    """The public layers of the newest state, looked up once; and the connections tipg reads them by."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._lock = Lock()
        self._tag = ""
        self._layers: dict[str, Published] = {}

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Reading]:
        """Open a transaction."""
        reading = only_reading(self._app.state.face.inventory.store)
        conn = await run_sync(reading.__enter__)
        try:
            yield Reading(conn)
        finally:
            await run_sync(reading.__exit__, None, None, None)

    def of(self, face: Face, state: State | None) -> dict[str, Published]:
        """Return the public layers of a state; none before the first."""
        if state is None:
            return {}
        with self._lock:
            if self._tag != (tag := face.tag(state)):
                found = published(face.inventory.store, state)
                self._layers, self._tag = {one.name: one for one in found if one.name in face.catalogue.layers}, tag
            return self._layers


def _shelf(request: Request) -> Shelf:
    found: Shelf = request.app.state.pool
    return found


def held(request: Request, face: OneFace, state: OneState) -> dict[str, Published]:
    """Take the public layers of the current state, once for the whole request."""
    return _shelf(request).of(face, state)


Held = Annotated[dict[str, Published], Depends(held)]


def collection(request: Request, face: OneFace, held: Held) -> Collection:
    """Return the collection an address names, the question to it checked.

    Raises:
        NotFound: there is none, or it has no such row.
        BadParameter: the question cannot be answered.
    """
    name = request.path_params["collectionId"]
    if name not in held:
        raise NotFound("ogc.no_collection", name=name[:60], allowed=", ".join(held))
    columns = held[name].columns
    if (row := request.path_params.get("itemId")) is not None and not ONE_ID.fullmatch(row):
        raise NotFound("ogc.no_item", name=name, id=row[:60])
    known(request, COMMON | (PAGING | set(columns) if request.url.path.endswith("/items") else {"properties"}))
    for column, value in request.query_params.items():
        if column in columns:
            readable(column, columns[column], value)
    found = layered(held[name], face.catalogue.layers[name], face.inventory.store.srid, language(request))
    return found if row is None else found.model_copy(update={"one": True})


# ---- what is answered -----------------------------------------------------------------------------------------


class Route(APIRoute):
    """A route whose faults are told in our words."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                response = await handle(request)
            except tipg_errors.NotFound:
                shown = request.path_params
                raise NotFound("ogc.no_item", name=shown["collectionId"], id=shown.get("itemId", "")[:60]) from None
            except (tipg_errors.TiPgError, ParseError, ValidationError, OverflowError, DataError) as error:
                raise BadParameter("ogc.bad_question", fault=type(error).__name__) from error
            for name, value in (("cache-control", "no-cache"), ("vary", "Accept-Language")):
                response.headers.setdefault(name, value)
            return response

        return told


class Router(APIRouter):
    """tipg's routes, asked in our way."""

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:  # noqa: ANN401 - as theirs
        """Add a route."""
        super().add_api_route(path, in_our_way(endpoint), **more)


@dataclass
class Features(OGCFeaturesFactory):
    """tipg's routes to rows and columns; what is said of the whole and of each collection is ours."""

    def url_for(self, request: Request, name: str, **path_params: Any) -> str:  # noqa: ANN401 - as tipg has it
        """Return the address of a route, as it is seen from outside."""
        path = PATHS[name].format(**path_params)
        return f"{outside(request)}{PREFIX}{path}"

    def register_routes(self) -> None:
        """Add the routes."""
        for add in (self._queryables_route, self._items_route, self._item_route):
            add()  # type: ignore[no-untyped-call]


PATHS = {
    "collection": "/collections/{collectionId}",
    "queryables": "/collections/{collectionId}/queryables",
    "items": "/collections/{collectionId}/items",
    "item": "/collections/{collectionId}/items/{itemId}",
}


router = APIRouter(prefix=PREFIX, route_class=Route)


def plain(request: Request) -> str:
    """Take a question that says nothing but its language; return where we are seen from outside."""
    known(request, COMMON)
    geojson(request)
    return outside(request) + PREFIX


Base = Annotated[str, Depends(plain)]


@router.get("/")
def start(request: Request, base: Base) -> JSONResponse:
    """Say what is where."""
    return JSONResponse(landing(base, language(request)))


@router.get("/conformance")
def conformance(base: Base) -> Json:
    """Say which parts of the standard are kept."""
    return {"conformsTo": list(CONFORMS)}


@router.get("/api")
def api(base: Base) -> Response:
    """Describe the API as OpenAPI 3.0."""
    return JSONResponse(description(base), media_type="application/vnd.oai.openapi+json;version=3.0")


@router.get("/collections")
def list_collections(request: Request, base: Base, face: OneFace, held: Held) -> JSONResponse:
    """List the layers."""
    lang, srid = language(request), face.inventory.store.srid
    found = [layered(one, face.catalogue.layers[name], srid, lang) for name, one in held.items()]
    entries = [collection_entry(base, one, lang) for one in found]
    return JSONResponse({"links": [_self(f"{base}/collections")], "collections": entries})


@router.get("/collections/{collectionId}")
def show_collection(request: Request, base: Base, found: Annotated[Collection, Depends(collection)]) -> JSONResponse:
    """Describe a layer."""
    return JSONResponse(collection_entry(base, found, language(request)))


@router.get("/project.qgs")
def qgis(request: Request, base: Base, face: OneFace, held: Held) -> Response:
    """Hand out a QGIS project that opens the layers."""
    content = project(in_order(face.catalogue, held), url=base, crs=face.inventory.store.crs, lang=language(request))
    headers = {"content-disposition": 'attachment; filename="gis-sites.qgs"'}
    return Response(content, headers=headers, media_type=QGIS)


def _self(address: str) -> Json:
    return {"href": address, "rel": "self", "type": "application/json"}


def add_ogc(app: FastAPI) -> None:
    """Add OGC API Features to the application."""
    app.state.pool = Shelf(app)
    own = Features(router=Router(prefix=PREFIX, route_class=Route), collection_dependency=collection, with_common=False)
    for each in (router, own.router):
        app.include_router(each, include_in_schema=False)
