"""Vector tiles of a state's layers.

What an address answers never changes where it says by `v` what, besides the state, decides it: that may be kept for
good, here too. Without, a client asks each time whether its copy is still the one.
"""

import gzip
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.description import problems
from api.errors import problem
from api.face import Face
from api.methods import listed, weighed
from api.routes import spoken
from gis_sites.errors import DatabaseError, GisSitesError, NotFound
from gis_sites.kept import Kept
from gis_sites.store import states
from gis_sites.store.connect import Store
from gis_sites.store.drawing import Drawing, Ground
from gis_sites.store.pictures import HIGHEST
from gis_sites.store.tiles import Place, drawing_of, ground_of, tile
from gis_sites.words import Said

KIND = "application/vnd.mapbox-vector-tile"
FOREVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"
WORTH_PACKING = 1000
"""Bytes from which on a tile is compressed."""
RETRY_S = "5"
HELD = 256
"""Of so many layers of states is kept in mind how they are drawn."""
STATES = 8
"""So many states are kept in mind."""
KEPT = 64 << 20
"""Bytes of tiles that are kept to be sent again."""
ABOUT = 500
"""Bytes that keeping a tile takes beside its own."""
Which = tuple[int, str, Place, str]
"""State, layer, place and version."""
ADDRESS = re.compile(r"/tiles/([1-9]\d{0,14})/([a-z_]{1,40})/(\d\d?)/(\d{1,7})/(\d{1,7})", re.ASCII)
VERSION = re.compile(rb"v=([0-9a-f]{1,40})")


@dataclass(frozen=True)
class Held:
    """How a layer of a state is drawn (None: there is nothing of it), and what decides what is seen of it."""

    drawing: Drawing | None
    version: str

    @property
    def tag(self) -> str:
        """What tells its tiles from others at the same address."""
        return f'W/"{self.version}-{self.drawing.stamp[:16] if self.drawing else "nothing"}"'


@dataclass(frozen=True)
class Sent:
    """A tile as it is sent: compressed where that pays."""

    content: bytes
    packed: bool
    tag: str


Tiles = Kept[tuple[str, bytes], Sent]
"""Tiles by path and query of addresses whose answer never changes."""


def tiles_kept(most: int = KEPT) -> Tiles:
    """Return a place for tiles of so many bytes."""
    return Kept(most, size=lambda sent: len(sent.content) + ABOUT)


class Straight:
    """Middleware that sends tiles to the pages without the way through the framework: it takes longer than a tile.

    Whatever is asked otherwise, or cannot be had, is left to the route.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the tile, or pass the request on."""
        answer = self.app
        if scope["type"] == "http" and scope["method"] == "GET":
            address, tiles = (scope["path"], scope["query_string"]), scope["app"].state.tiles
            if (kept := tiles.get(address)) is not None:
                answer = _answer(Headers(scope=scope), kept, FOREVER)
            elif (which := _read(*address)) is not None:
                with suppress(GisSitesError, SQLAlchemyError):
                    answer = await run_in_threadpool(_made, Request(scope), which)
        await answer(scope, receive, send)


def _read(path: str, query: bytes) -> "Which | None":
    """Understand an address as the pages write it."""
    found, v = ADDRESS.fullmatch(path), VERSION.fullmatch(query)
    if found is None or v is None:
        return None
    state, layer, z, x, y = found.groups()
    try:
        return int(state), layer, Place(int(z), int(x), int(y)), v[1].decode()
    except NotFound:
        return None


class Drawings:
    """How layers of states are drawn: looked up once for each."""

    def __init__(self) -> None:
        self._published: Kept[tuple[int, str], datetime] = Kept(STATES)
        self._grounds: Kept[tuple[int, datetime], Ground] = Kept(STATES)
        self._held: Kept[tuple[int, datetime, str], Held] = Kept(HELD)
        self._one_at_a_time = Lock()

    def of(self, face: Face, state: int, layer: str, v: str) -> Held:
        """Return how a layer of a state is drawn; what was asked for by a version before is not looked up again.

        Raises:
            NotFound: there is no such state any more, or no such layer.
        """
        store = face.inventory.store
        at = self._published.get((state, v))
        if at is None:
            at = published_at(store, state)
        which, version = (state, at), face.version(at)
        self._published.put((state, version), at)
        with self._one_at_a_time:
            ground = self._grounds.of(which, lambda: _ground(store, state))
            return self._held.of((*which, layer), lambda: Held(drawing_of(store, ground, layer), version))


def published_at(store: Store, state: int) -> datetime:
    """Return when a state was published.

    Raises:
        NotFound: there is none of that number any more.
    """
    with store.begin() as conn:
        return states.published_at(conn, state)


def _ground(store: Store, state: int) -> Ground:
    assert store.catalogue is not None
    with store.begin() as conn:
        return ground_of(store, store.catalogue, states.get(conn, state))


router = APIRouter(prefix="/tiles", tags=["tiles"], dependencies=[Depends(spoken)])


def add_tiles(app: FastAPI) -> None:
    """Add the tiles to the application."""
    app.state.drawings = Drawings()
    app.state.tiles = tiles_kept()
    app.include_router(router)


async def place(
    z: Annotated[int, Path(ge=0, le=HIGHEST, description="The zoom.")],
    x: Annotated[int, Path(ge=0, lt=2**HIGHEST, description="The column, from the west.")],
    y: Annotated[int, Path(ge=0, lt=2**HIGHEST, description="The row, from the north.")],
) -> Place:
    """Take the tile's place.

    Raises:
        NotFound: there is no such tile.
    """
    return Place(z, x, y)


@router.get(
    "/{state}/{layer}/{z}/{x}/{y}",
    summary="Fetch a vector tile",
    response_class=Response,
    response_description="The tile.",
    responses={
        200: {"content": {KIND: {"schema": {"type": "string", "format": "binary"}}}},
        204: {"description": "There is nothing to draw."},
        304: {"description": "It is what you have."},
        **problems(_404="There is no such state, layer or tile.", _410="The state is no longer held."),
    },
)
def vector_tile(
    request: Request,
    state: Annotated[int, Path(ge=1, le=2**53, description="A state; the newest is in every answer of the API.")],
    layer: Annotated[str, Path(max_length=40, description="A layer whose geometry is public.")],
    place: Annotated[Place, Depends(place)],
    *,
    v: Annotated[str, Query(max_length=40, description="What the pages ask by; such an answer never changes.")] = "",
) -> Response:
    """A layer of a state in Mapbox's format: complete at every zoom, generalised at the low ones."""
    return _made(request, (state, layer, place, v))


def _made(request: Request, which: Which) -> Response:
    """Make a tile; keep it where its address never changes its answer.

    Raises:
        NotFound: there is no such state or layer.
    """
    state, layer, place, v = which
    face: Face = request.app.state.face
    drawings: Drawings = request.app.state.drawings
    try:
        held = drawings.of(face, state, layer, v)
        cache = FOREVER if v == held.version else ASK_FIRST
        if held.tag in listed(request.headers.get("if-none-match")):
            return _answer(request.headers, Sent(b"", packed=False, tag=held.tag), cache)
        sent, query = _sent(face, held, state, place), request.scope["query_string"]
        if query == f"v={held.version}".encode():
            request.app.state.tiles.put((request.scope["path"], query), sent)
        return _answer(request.headers, sent, cache)
    except NotFound as error:
        if error.key != "store.state_dropped":
            raise
        return problem(request, 410, Said(error.key, error.values))
    except DatabaseError as error:
        return problem(request, 503, Said(error.key, error.values), headers={"retry-after": RETRY_S})


def _sent(face: Face, held: Held, state: int, place: Place) -> Sent:
    """Make a tile.

    Raises:
        NotFound: its state was dropped meanwhile.
        DatabaseError: it cannot be made now.
    """
    store = face.inventory.store
    try:
        content = tile(store, held.drawing, place)
    except ProgrammingError:
        published_at(store, state)
        raise
    packed = gzip.compress(content, compresslevel=5, mtime=0) if len(content) >= WORTH_PACKING else content
    pays = len(packed) < len(content)
    return Sent(packed if pays else content, packed=pays, tag=held.tag)


def _answer(asked: Headers, sent: Sent, cache: str) -> Response:
    """Answer with a tile, unpacked where the client does not take it packed."""
    headers = {"cache-control": cache, "etag": sent.tag, "vary": "Accept-Encoding"}
    if sent.tag in listed(asked.get("if-none-match")):
        return Response(status_code=304, headers=headers)
    if not sent.content:
        return Response(status_code=204, headers=headers)
    if sent.packed and _takes_gzip(asked):
        return Response(sent.content, headers={**headers, "content-encoding": "gzip"}, media_type=KIND)
    return Response(gzip.decompress(sent.content) if sent.packed else sent.content, headers=headers, media_type=KIND)


def _takes_gzip(asked: Headers) -> bool:
    return any(name in {"gzip", "*"} and weight > 0 for name, weight in weighed(asked.get("accept-encoding", "")))
