"""Vector tiles of a state's layers.

What an address answers never changes where it says by `v` what, besides the state, decides it: that may be kept for
good. Without, a client asks each time whether its copy is still the one.
"""

import gzip
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response

from api.description import problems
from api.errors import problem
from api.face import Face
from api.routes import OneFace, spoken
from gis_sites.errors import DatabaseError, NotFound
from gis_sites.store import states
from gis_sites.store.connect import Store
from gis_sites.store.drawing import Drawing, Ground
from gis_sites.store.pictures import HIGHEST
from gis_sites.store.tiles import Place, drawing_of, ground_of, tile
from gis_sites.words import Said

Key = TypeVar("Key")
Value = TypeVar("Value")
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


@dataclass(frozen=True)
class Held:
    """How a layer of a state is drawn (None: there is nothing of it), and what decides what is seen of it."""

    drawing: Drawing | None
    version: str

    @property
    def tag(self) -> str:
        """What tells its tiles from others at the same address."""
        return f'W/"{self.version}-{self.drawing.stamp[:16] if self.drawing else "nothing"}"'


class Drawings:
    """How layers of states are drawn: looked up once for each."""

    def __init__(self) -> None:
        self._grounds: OrderedDict[tuple[int, datetime], Ground] = OrderedDict()
        self._drawings: OrderedDict[tuple[int, datetime, str], Drawing | None] = OrderedDict()
        self._lock = Lock()

    def of(self, face: Face, state: int, layer: str) -> Held:
        """Return how a layer of a state is drawn.

        Raises:
            NotFound: there is no such state any more, or no such layer.
        """
        store = face.inventory.store
        with store.begin() as conn:
            which = (state, states.published_at(conn, state))
        with self._lock:
            ground = _kept(self._grounds, which, lambda: _ground(store, state), most=STATES)
            drawing = _kept(self._drawings, (*which, layer), lambda: drawing_of(store, ground, layer), most=HELD)
        return Held(drawing, face.version(which[1]))


def _ground(store: Store, state: int) -> Ground:
    assert store.catalogue is not None
    with store.begin() as conn:
        return ground_of(store, store.catalogue, states.get(conn, state))


def _kept(kept: OrderedDict[Key, Value], key: Key, look_up: Callable[[], Value], *, most: int) -> Value:
    """Return what is kept in mind, looked up if it is not; what was not asked for longest goes."""
    if key not in kept:
        kept[key] = look_up()
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
    return kept[key]


router = APIRouter(prefix="/tiles", tags=["tiles"], dependencies=[Depends(spoken)])


def add_tiles(app: FastAPI) -> None:
    """Add the tiles to the application."""
    app.state.drawings = Drawings()
    app.include_router(router)


def place(
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
    face: OneFace,
    state: Annotated[int, Path(ge=1, le=2**53, description="A state; the newest is in every answer of the API.")],
    layer: Annotated[str, Path(max_length=40, description="A layer whose geometry is public.")],
    place: Annotated[Place, Depends(place)],
    *,
    v: Annotated[str, Query(max_length=40, description="What the pages ask by; such an answer never changes.")] = "",
) -> Response:
    """A layer of a state in Mapbox's format: complete at every zoom, generalised at the low ones."""
    drawings: Drawings = request.app.state.drawings
    try:
        held = drawings.of(face, state, layer)
        kept = FOREVER if v == held.version else ASK_FIRST
        headers = {"cache-control": kept, "etag": held.tag, "vary": "Accept-Encoding"}
        if held.tag in _listed(request, "if-none-match"):
            return Response(status_code=304, headers=headers)
        return _answer(request, tile(face.inventory.store, held.drawing, place), headers)
    except NotFound as error:
        if error.key != "store.state_dropped":
            raise
        return problem(request, 410, Said(error.key, error.values))
    except DatabaseError as error:
        return problem(request, 503, Said(error.key, error.values), headers={"retry-after": RETRY_S})


def _answer(request: Request, content: bytes, headers: dict[str, str]) -> Response:
    """Answer with a tile, compressed where the client takes that and it pays."""
    if not content:
        return Response(status_code=204, headers=headers)
    if len(content) >= WORTH_PACKING and _takes_gzip(request):
        packed = gzip.compress(content, compresslevel=5, mtime=0)
        if len(packed) < len(content):
            return Response(packed, headers={**headers, "content-encoding": "gzip"}, media_type=KIND)
    return Response(content, headers=headers, media_type=KIND)


def _listed(request: Request, header: str) -> set[str]:
    return {one.strip() for one in request.headers.get(header, "").split(",")}


def _takes_gzip(request: Request) -> bool:
    for one in _listed(request, "accept-encoding"):
        name, _, weight = one.lower().replace(" ", "").partition(";q=")
        if name in {"gzip", "*"} and weight not in {"0", "0.0", "0.00", "0.000"}:
            return True
    return False
