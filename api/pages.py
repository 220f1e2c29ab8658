"""The pages people see: list and map, parcels and offers, shortlists, what is held. All work without JavaScript."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from api.face import Face
from api.filters import Filters
from api.forms import form
from api.listing import listing
from api.map_data import Extents, feature, map_data
from api.parcel_page import drawing, in_order, outlines, part_row, site_page, summed
from api.routes import Identifier, OneFace, OneState
from api.shortlist_page import (
    FORMATS,
    TOPS,
    WITH_ANSWERS,
    answer,
    attribute_list,
    beginnings,
    chart,
    exported,
    file_name,
    refusal,
    sector_templates,
    text_of,
    top_of,
    understood,
)
from api.texts import WEB, Speech, error_page, page, prefers_page
from gis_sites.assets import asset
from gis_sites.errors import NotFound, RequirementError
from gis_sites.matching.also import ANSWERS
from gis_sites.settings import Settings
from gis_sites.store.states import State

Json = dict[str, Any]
router = APIRouter(include_in_schema=False)
OneSpeech = Annotated[Speech, Depends(Speech.of)]
Fields = Annotated[dict[str, bytes], Depends(form)]
MOST_PARTS = 200
"""How many parts of one layer are listed; the API lists all of them."""
ASSETS = ("maplibre-gl", "inter", "swagger-ui")


@router.get("/")
def home(request: Request, face: OneFace, state: OneState, speech: OneSpeech) -> HTMLResponse:
    """Show the list, and beside it the map."""
    if state is None:
        return page(request, "empty.html", {"title": speech.say("site")})
    filters = Filters.of(request.query_params, face.catalogue)
    listed = listing(face, state, filters, speech)
    ids = [one["id"] for one in listed["rows"]]
    _, texts = outlines(face, state, filters.kind, ids)
    features = [feature(one, outline) for one, outline in zip(ids, texts, strict=True)]
    zoomed = filters.narrow or filters.page > 1 or bool(filters.at) or filters.kind != "parcels"
    data = map_data(face, state, speech, _extents(request), [one for one in features if one], zoomed=zoomed)
    return page(request, "list.html", {**listed, "data": {**data, "chosen": filters.at, "kind": filters.kind},
                                       "map_layers": data["layers"]}, state=state)  # fmt: skip


def _extents(request: Request) -> Extents:
    found: Extents = request.app.state.extents
    return found


@router.get("/parcels/{id:path}")
def parcel(id: Identifier, request: Request, face: OneFace, state: OneState) -> Response:
    """Show a parcel."""
    return _site(request, face, state, "parcels", id)


@router.get("/offers/{id:path}")
def offer(id: Identifier, request: Request, face: OneFace, state: OneState) -> Response:
    """Show land on offer."""
    return _site(request, face, state, "offers", id)


def _site(request: Request, face: Face, state: State | None, kind: str, identifier: str) -> Response:
    document = face.site(state, kind, identifier)
    assert state is not None
    match request.query_params.get("format", "html"):
        case "json":
            return JSONResponse(document, headers={"cache-control": "no-cache"})
        case "geojson":
            return JSONResponse(_geojson(face, state, kind, document), media_type="application/geo+json")
    speech = Speech.of(request)
    sketch, outline = drawing(face, state, kind, identifier)
    made = feature(identifier, outline)
    data = map_data(face, state, speech, _extents(request), [made] if made else [], zoomed=True)
    context = {
        **site_page(face, state, kind, document, speech),
        "sketch": sketch,
        "data": data,
        "map_layers": data["layers"],
    }
    return page(request, "parcel.html", context, state=state)


def _geojson(face: Face, state: State, kind: str, document: Json) -> Json:
    """Return a site as GeoJSON: its outline in degrees, and what the API says of it."""
    _, texts = outlines(face, state, kind, [document["id"]])
    made = feature(document["id"], texts[0]) or {"type": "Feature", "geometry": None}
    return {**made, "id": document["id"], "properties": {k: v for k, v in document.items() if k != "id"}}


@router.get("/layers")
def layers(request: Request, face: OneFace, state: OneState, speech: OneSpeech) -> HTMLResponse:
    """Show what is held: every public layer with its parts, days, coverage and publishers."""
    listed = []
    for layer in in_order(face.catalogue):
        revision = state.revisions.get(layer.name) if state else None
        parts = list(revision.parts) if revision else []
        listed.append(
            {
                "name": layer.name,
                "title": layer.title.say(speech.lang),
                "held": revision is not None,
                "revision": revision.number if revision else None,
                "rows": speech.count(revision.rows) if revision else "",
                "parts": [part_row(part, speech) for part in parts[:MOST_PARTS]],
                "more": len(parts) - MOST_PARTS,
                "whole": len(parts),
                "public": layer.public,
                **summed(parts, speech),
            }
        )
    return page(request, "layers.html", {"layers": listed}, state=state)


# ---- shortlists ----------------------------------------------------------------------------------------


@router.get("/shortlists")
def ask(request: Request, face: OneFace, state: OneState, speech: OneSpeech) -> HTMLResponse:
    """Show the form: an own requirement, or a sector template to edit."""
    chosen = request.query_params.get("template", "")
    texts = {name: text for name, _, text in sector_templates(speech)}
    if chosen in texts:
        text = texts[chosen]
    else:
        text = beginnings(Filters.of(request.query_params, face.catalogue), face, speech)
    return _shortlists(request, face, state, {"text": text, "chosen": chosen})


@router.post("/shortlists")
def find(request: Request, face: OneFace, state: OneState, fields: Fields) -> HTMLResponse:
    """Answer a requirement; what is refused stays in the form, the sentence beside it."""
    content = text_of(fields)
    given = {"text": content.decode("utf-8", "replace"), "chosen": "", "top": top_of(fields)}
    speech = Speech.of(request)
    if state is None:
        raise NotFound("http.no_state")
    try:
        shortlist = face.shortlist(state, understood(content), top=top_of(fields))
    except RequirementError as error:
        return _shortlists(request, face, state, {**given, "refused": refusal(error, speech)}, status=422)
    sketch, placed, features = chart(face, state, shortlist)
    data = map_data(face, state, speech, _extents(request), features, zoomed=bool(features))
    drawn = {"sketch": sketch, "placed": placed, "data": data, "map_layers": data["layers"]}
    return _shortlists(request, face, state, {**given, **drawn, "answer": answer(face, shortlist, speech)})


def _shortlists(request: Request, face: Face, state: State | None, given: Json, *, status: int = 200) -> HTMLResponse:
    speech = Speech.of(request)
    context = {
        "top": 25,
        "refused": [],
        "answer": None,
        "tops": TOPS,
        "templates": [(name, title) for name, title, _ in sector_templates(speech)],
        "formats": list(FORMATS),
        "attributes": attribute_list(face, speech.lang),
        **given,
    }
    headers = {"cache-control": "no-store"} if request.method == "POST" else None
    return page(request, "shortlists.html", context, state=state, status=status, headers=headers)


@router.post("/shortlists/{form_name}")
def export(form_name: str, request: Request, face: OneFace, state: OneState, fields: Fields) -> Response:
    """Answer a requirement with a file; nothing is kept of it."""
    if form_name not in FORMATS:
        raise NotFound("page.no_export", name=form_name[:40], allowed=", ".join(FORMATS))
    speech = Speech.of(request)
    also = ANSWERS if form_name in WITH_ANSWERS else ()
    shortlist = face.shortlist(state, understood(text_of(fields)), top=top_of(fields), also=also)
    name = file_name(shortlist, form_name, speech.lang)
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    content = exported(face, shortlist, form_name, speech.lang)
    return Response(content, media_type=FORMATS[form_name][1], headers=headers)


# ---- what pages are made of ------------------------------------------------------------------------------


class Fresh(StaticFiles):
    """Files of ours; a browser asks whether its copy is still the one."""

    def file_response(self, *args: Any, **more: Any) -> Response:  # noqa: ANN401 - as Starlette has it
        """Return a file, not to be used again unasked."""
        response = super().file_response(*args, **more)
        response.headers["cache-control"] = "no-cache"
        return response


def add_pages(app: FastAPI, settings: Settings) -> None:
    """Add the pages, the files they are made of, and errors as pages."""
    app.state.settings = settings
    app.state.extents = Extents()
    app.state.error_page = lambda request, problem, headers: (
        error_page(request, problem, headers) if prefers_page(request) else None
    )
    for name in ASSETS:
        app.mount(f"/static/{name}", Fresh(directory=asset(f"{name}/{_known(name)}").parent), name=name)
    app.mount("/static", Fresh(directory=WEB / "static"), name="static")
    app.include_router(router)

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        """Show the API, from our own assets and without inline script."""
        return HTMLResponse((WEB / "templates" / "docs.html").read_text(encoding="utf-8"))


def _known(name: str) -> str:
    return {"maplibre-gl": "maplibre-gl.css", "inter": "LICENSE", "swagger-ui": "swagger-ui.css"}[name]
