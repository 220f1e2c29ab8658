"""Routes of `/api/v1`: read, match, never write."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic_core import to_json

from api.bodies import Sent, requirement, sent
from api.description import BODY, problems
from api.face import Face
from api.methods import listed
from gis_sites.matching.also import ANSWERS
from gis_sites.store.states import State
from gis_sites.words import SPOKEN

if TYPE_CHECKING:
    Spoken = str
else:
    Spoken = Literal[SPOKEN]
LARGEST_TOP = 500
MOST_OFFERS = 100
ONE_ANSWER = f"({'|'.join(ANSWERS)})"
SOME_ANSWERS = f"^({ONE_ANSWER}(,{ONE_ANSWER})*)?$"
NOTHING_NEW = "It is what you have: nothing was published since."


async def face(request: Request) -> Face:
    """Return the public face."""
    found: Face = request.app.state.face
    return found


OneFace = Annotated[Face, Depends(face)]


def state(face: OneFace) -> State | None:
    """Take the current state, once for the whole request."""
    return face.now()


OneState = Annotated[State | None, Depends(state)]


async def unseen(request: Request, response: Response, face: OneFace, state: OneState) -> State | None:
    """Take the current state; a client that has its answers is told so, without a body."""
    headers = {"etag": face.tag(state), "cache-control": "no-cache"}
    if headers["etag"] in listed(request.headers.get("if-none-match")):
        raise HTTPException(304, headers=headers)
    response.headers.update(headers)
    return state


async def spoken(
    lang: Annotated[Spoken | None, Query(description="The language of problems.")] = None,
) -> None:
    """Describe the parameter every route takes; `errors.language` reads it."""


Unseen = Annotated[State | None, Depends(unseen)]
Identifier = Annotated[
    str,
    Path(max_length=200, pattern=r"^[^\x00-\x1f]*$", description="An identifier; it may hold a slash."),
]
router = APIRouter(prefix="/api/v1", tags=["v1"], dependencies=[Depends(spoken)])


@router.get(
    "/layers",
    summary="List the layers",
    response_description="The layers.",
    responses={304: {"description": NOTHING_NEW}, **problems()},
)
def layers(face: OneFace, state: Unseen) -> dict[str, Any]:
    """Parts, rows, day, coverage and publisher of every public layer, and the attributes it gives."""
    return face.layers(state)


@router.get(
    "/parcels/{id:path}",
    summary="Show a parcel",
    response_description="The parcel.",
    responses={
        304: {"description": NOTHING_NEW},
        **problems(_404="There is no such parcel.", _410="It was divided, merged or renumbered."),
    },
)
def parcel(id: Identifier, face: OneFace, state: Unseen) -> dict[str, Any]:
    """Every public attribute of a parcel: value or range, unit and source."""
    return face.site(state, "parcels", id)


@router.get(
    "/offers",
    summary="List the land on offer",
    response_description="The land on offer, by identifier.",
    responses={304: {"description": NOTHING_NEW}, **problems(_404="Nothing is published yet.")},
)
def offers(
    face: OneFace,
    state: Unseen,
    first: Annotated[int, Query(ge=0, le=10_000_000, description="How many to pass over.")] = 0,
    count: Annotated[int, Query(ge=1, le=MOST_OFFERS, description="How many to list.")] = 20,
) -> dict[str, Any]:
    """Every public attribute of each, and how many there are in all."""
    return face.offers(state, first=first, count=count)


@router.get(
    "/offers/{id:path}",
    summary="Show land on offer",
    response_description="The land on offer.",
    responses={304: {"description": NOTHING_NEW}, **problems(_404="There is no such offer.")},
)
def offer(id: Identifier, face: OneFace, state: Unseen) -> dict[str, Any]:
    """Every public attribute of what is offered: value or range, unit and source."""
    return face.site(state, "offers", id)


def posted(absent: str) -> dict[str, Any]:
    """Describe a route that a requirement is posted to; `absent` says what else there may not be."""
    told = problems(
        _404=absent,
        _408="The body did not come.",
        _413="The body is too large.",
        _415="Neither JSON nor TOML.",
        _422="The requirement cannot be understood.",
    )
    return {"response_model": dict[str, Any], "responses": told, "openapi_extra": {"requestBody": BODY}}


@router.post(
    "/why",
    summary="Explain a parcel",
    response_description="The explanation.",
    **posted("There never was such a parcel, or nothing is published yet."),
)
def why(
    body: Annotated[Sent, Depends(sent)],
    face: OneFace,
    state: OneState,
    parcel: Annotated[
        str,
        Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$", description="A parcel, or land on offer."),
    ],
) -> Response:
    """Every verdict and worth of one parcel, also of one that fails or is no more, and the sentences that say them."""
    return JSONResponse(face.why(state, requirement(body), parcel), headers={"cache-control": "no-store"})


@router.post(
    "/shortlists",
    summary="Match a requirement",
    response_description="The shortlist.",
    **posted("Nothing is published yet."),
)
def shortlists(
    body: Annotated[Sent, Depends(sent)],
    face: OneFace,
    state: OneState,
    top: Annotated[int, Query(ge=1, le=LARGEST_TOP, description="How many candidates.")] = 50,
    also: Annotated[
        str,
        Query(
            alias="with",
            pattern=SOME_ANSWERS,
            description="What else to say, with commas between.",
            examples=[",".join(ANSWERS)],
        ),
    ] = "",
) -> Response:
    """The ranked list with every reason and source; nothing is kept of it."""
    found = face.shortlist(state, requirement(body), top=top, also=also.split(","))
    # Written at once: a look at each of its ten thousand values, as of a model's, takes longer than to find them.
    return Response(to_json(found), media_type="application/json", headers={"cache-control": "no-store"})
