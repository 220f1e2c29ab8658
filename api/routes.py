"""Routes of `/api/v1`: read, match, never write."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request

from api.face import Face
from gis_sites.matching.reading import parse
from gis_sites.matching.requirement import requirement_schema

router = APIRouter(prefix="/api/v1")

LARGEST_BODY = 256 * 1024
LARGEST_TOP = 500
TYPES = {"application/json": "JSON", "application/toml": "TOML", "text/toml": "TOML"}


def face(request: Request) -> Face:
    """Return the public face."""
    found: Face = request.app.state.face
    return found


async def body(request: Request) -> dict[str, Any]:
    """Read a requirement from the body, no more of it than a requirement can be long."""
    kind = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if kind not in TYPES:
        raise HTTPException(415)
    text = b""
    async for chunk in request.stream():
        text += chunk
        if len(text) > LARGEST_BODY:
            raise HTTPException(413)
    return parse(text.decode("utf-8", "replace"), name=TYPES[kind])


OneFace = Annotated[Face, Depends(face)]
Identifier = Annotated[str, Path(max_length=200, description="An identifier; it may hold a slash.")]
PROBLEM: dict[str, Any] = {
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "status", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "successors": {"type": "array", "items": {"type": "string"}},
                },
            }
        }
    }
}


def problems(**statuses: str) -> dict[int | str, dict[str, Any]]:
    """Describe the errors a route can answer with."""
    return {int(status[1:]): {"description": text, **PROBLEM} for status, text in statuses.items()}


@router.get("/layers", responses=problems(_503="The database cannot be had."))
def layers(face: OneFace) -> dict[str, Any]:
    """List the layers: parts, rows, day, coverage, publisher, and the attributes each gives."""
    return face.layers()


@router.get(
    "/parcels/{id:path}",
    responses=problems(_404="There is no such parcel.", _410="It was divided, merged or renumbered.", _422="Too long."),
)
def parcel(id: Identifier, face: OneFace) -> dict[str, Any]:
    """Say every public attribute of a parcel, with its source."""
    return face.site("parcels", id)


@router.get("/offers", responses=problems(_404="Nothing is published yet.", _422="Out of bounds."))
def offers(
    face: OneFace,
    first: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    count: Annotated[int, Query(ge=1, le=LARGEST_TOP)] = 100,
) -> dict[str, Any]:
    """List the land on offer."""
    return face.offers(first=first, count=count)


@router.get("/offers/{id:path}", responses=problems(_404="There is no such offer.", _422="Too long."))
def offer(id: Identifier, face: OneFace) -> dict[str, Any]:
    """Say every public attribute of an offer, with its source."""
    return face.site("offers", id)


@router.post(
    "/shortlists",
    responses=problems(
        _404="Nothing is published yet.",
        _413="The body is too large.",
        _415="Neither JSON nor TOML.",
        _422="The requirement cannot be understood.",
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": requirement_schema()},
                "application/toml": {"schema": {"type": "string"}},
            },
        }
    },
)
def shortlists(
    requirement: Annotated[dict[str, Any], Depends(body)],
    face: OneFace,
    top: Annotated[int, Query(ge=1, le=LARGEST_TOP)] = 50,
) -> dict[str, Any]:
    """Match a requirement: the ranked list with every reason and source."""
    return face.shortlist(requirement, top=top)
