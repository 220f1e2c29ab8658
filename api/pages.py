"""The pages people see: list and map, parcels and offers, shortlists, what is held. All work without JavaScript."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from api.compare import router as compare_router
from api.counted import Judges
from api.docs import router as docs_router
from api.face import Face
from api.filters import Filters
from api.found import Whereabouts, box_of, found_document
from api.linked_data import place
from api.list_files import MOST, file_of, sheet_of
from api.listing import find as find_rows
from api.listing import listing
from api.map_data import Extents, feature, list_data, map_data
from api.need_pages import router as need_router
from api.parcel_page import drawing, in_order, outlines, part_row, site_page, summed
from api.routes import Identifier, OneFace, OneState
from api.sheets import pdf
from api.shortlist_page import FORMATS
from api.texts import WEB, Speech, error_page, page, prefers_page
from gis_sites.assets import asset
from gis_sites.errors import NotFound
from gis_sites.settings import Settings
from gis_sites.store.states import State

Json = dict[str, Any]
router = APIRouter(include_in_schema=False)
OneSpeech = Annotated[Speech, Depends(Speech.of)]
MOST_PARTS = 200
"""How many parts of one layer are listed; the API lists all of them."""
ASSETS = ("maplibre-gl", "inter")


@router.get("/")
def home(request: Request, face: OneFace, state: OneState, speech: OneSpeech) -> Response:
    """Show the list, and beside it the map; or the same list in the form that `format` names."""
    if state is None:
        return page(request, "empty.html", {"title": speech.say("site")})
    filters = Filters.of(request.query_params, face.catalogue)
    judges: Judges = request.app.state.judges
    if form_name := request.query_params.get("format", ""):
        return _listed(request, face, state, filters, form_name)
    listed = listing(face, state, filters, speech, judges)
    ids = [one["id"] for one in listed["rows"]]
    _, texts = outlines(face, state, filters.kind, ids)
    features = [feature(one, outline) for one, outline in zip(ids, texts, strict=True)]
    zoomed = filters.narrow or filters.page > 1 or bool(filters.at) or filters.kind != "parcels"
    data = map_data(face, state, speech, _extents(request), [one for one in features if one], zoomed=zoomed)
    context = {
        **listed,
        "asked": list(filters.query(page=filters.page if filters.page > 1 else "", at=filters.at).items()),
        "data": {**data, **list_data(filters, speech)},
        "map_layers": data["layers"],
        "files": [(name, speech.link("/", **filters.query(format=name))) for name in MOST],
        "files_most": MOST,
    }
    return page(request, "list.html", context, state=state)


def _listed(request: Request, face: Face, state: State, filters: Filters, form_name: str) -> Response:
    """Answer with the list in another form: a file, or what of it a map shows."""
    judges: Judges = request.app.state.judges
    speech = Speech.of(request)
    found = find_rows(face, state, filters, judges)
    if form_name == "points":
        whereabouts: Whereabouts = request.app.state.whereabouts
        places = whereabouts.of(face, state, found.view) if found.view is not None else None
        document = found_document(found.view, places, found.rows, box_of(request.query_params.get("box", "")))
        return JSONResponse(document, media_type="application/geo+json", headers={"cache-control": "no-cache"})
    if form_name not in MOST:
        raise NotFound("page.no_export", name=form_name[:40], allowed=", ".join(MOST))
    if form_name == "pdf":
        content = sheet_of(request, face, state, filters, judges)
    else:
        content = file_of(face, found, filters, form_name, speech=speech)
    name = f"list{FORMATS[form_name][0]}"
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(content, media_type=FORMATS[form_name][1], headers=headers)


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
    match request.query_params.get("format") or "html":
        case "html":
            return _site_page(request, face, state, kind, document)
        case "json":
            return JSONResponse(document, headers={"cache-control": "no-cache"})
        case "geojson":
            made = _geojson(face, state, kind, document)
            return JSONResponse(made, media_type="application/geo+json", headers={"cache-control": "no-cache"})
        case "pdf":
            name = re.sub(r"[^A-Za-z0-9]+", "-", identifier).strip("-")
            headers = {"content-disposition": f'inline; filename="{name}.pdf"', "cache-control": "no-cache"}
            sheet = pdf(bytes(_site_page(request, face, state, kind, document).body), request)
            return Response(sheet, media_type="application/pdf", headers=headers)
        case other:
            raise NotFound("page.no_export", name=other[:40], allowed="html, json, geojson, pdf")


def _site_page(request: Request, face: Face, state: State, kind: str, document: Json) -> HTMLResponse:
    speech = Speech.of(request)
    drawn = drawing(face, state, kind, document, speech)
    made = feature(document["id"], drawn.outline)
    data = map_data(face, state, speech, _extents(request), [made] if made else [], zoomed=True)
    context = {
        **site_page(face, state, kind, document, speech),
        "linked": place(kind, document, drawn.outline, face.catalogue, speech),
        "sketch": drawn.sketch,
        "summary": drawn.words,
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


# ---- what pages are made of ------------------------------------------------------------------------------


class Fresh(StaticFiles):
    """Files of ours; a browser asks whether its copy is still the one."""

    def file_response(self, *args: Any, **more: Any) -> Response:  # noqa: ANN401 - as Starlette has it
        """Return a file, not to be used again unasked."""
        response = super().file_response(*args, **more)
        response.headers["cache-control"] = "no-cache"
        response.headers["accept-ranges"] = "none"
        return response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file, always whole: a piece of it that cannot be had would be refused without a sentence."""
        headers = [one for one in scope["headers"] if one[0] != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)


def add_pages(app: FastAPI, settings: Settings) -> None:
    """Add the pages, the files they are made of, and errors as pages."""
    app.state.settings = settings
    app.state.extents = Extents()
    app.state.judges = Judges()
    app.state.whereabouts = Whereabouts()
    app.state.error_page = lambda request, problem, headers: (
        error_page(request, problem, headers) if prefers_page(request) else None
    )
    for name in ASSETS:
        app.mount(f"/static/{name}", Fresh(directory=asset(f"{name}/{_known(name)}").parent), name=name)
    app.mount("/static", Fresh(directory=WEB / "static"), name="static")
    for each in (router, need_router, compare_router, docs_router):
        app.include_router(each)


def _known(name: str) -> str:
    return {"maplibre-gl": "maplibre-gl.css", "inter": "LICENSE"}[name]
