"""Pages that rank land for a requirement: the form, the answer with an address of its own, files. Nothing is kept."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.face import Face
from api.filters import Filters
from api.forms import form
from api.map_data import map_data
from api.need_edits import edited
from api.need_form import Form
from api.need_link import packed, unpacked
from api.need_shown import faults_of, shown
from api.routes import OneFace, OneState
from api.sheets import pdf
from api.shortlist_page import (
    FORMATS,
    TOPS,
    USUAL,
    WITH_ANSWERS,
    answer,
    attribute_list,
    beginnings,
    chart,
    exported,
    file_name,
    named_after,
    refusal,
    sector_templates,
    text_of,
    top_of,
    understood,
)
from api.texts import Speech, page
from gis_sites.errors import NotFound, RequirementError
from gis_sites.maps.footprints import standing
from gis_sites.matching.also import ANSWERS
from gis_sites.matching.check import check
from gis_sites.matching.reading import understand
from gis_sites.matching.requirement import FOOTPRINT, Requirement
from gis_sites.matching.written import toml_text
from gis_sites.store.states import State

Json = dict[str, Any]
router = APIRouter(include_in_schema=False)
OneSpeech = Annotated[Speech, Depends(Speech.of)]
Fields = Annotated[dict[str, bytes], Depends(form)]
ANSWER = "/shortlists/answer"
UNSEEN = {"cache-control": "no-store"}


@router.get("/shortlists")
def ask(request: Request, face: OneFace, state: OneState, speech: OneSpeech) -> HTMLResponse:
    """Let a sector be chosen; then show the form, of a template, of the list's conditions or of a link."""
    query = request.query_params
    filters = Filters.of(query, face.catalogue)
    texts = {name: text for name, _, text in sector_templates(speech)}
    chosen = query.get("template", "")
    text = texts.get(chosen) or beginnings(filters, face, speech)
    try:
        if query.get("need"):
            return _form_of(request, face, state, unpacked(query["need"]))
        if chosen in texts or chosen == "own" or filters.narrow:
            return _form_of(request, face, state, understood(text.encode()), text=text, chosen=chosen)
    except RequirementError as error:
        return _asking(request, face, state, {"text": text, "refused": refusal(error, speech)}, status=422)
    return _asking(request, face, state, {"text": text})


@router.get(ANSWER)
def answered(request: Request, face: OneFace, state: OneState, speech: OneSpeech) -> HTMLResponse:
    """Answer the requirement that the address holds."""
    top = top_of({"top": request.query_params.get("top", "").encode()})
    try:
        requirement = unpacked(request.query_params.get("need", ""))
    except RequirementError as error:
        given = {"text": "", "refused": refusal(error, speech)}
        return _asking(request, face, state, given, status=422)
    return _answer(request, face, state, requirement, top=top)


@router.post("/shortlists")
def find(request: Request, face: OneFace, state: OneState, fields: Fields) -> Response:
    """Answer a requirement, at an address of its own where it fits into one; what is refused stays in the form."""
    speech = Speech.of(request)
    if state is None:
        raise NotFound("http.no_state")
    top = top_of(fields)
    deed = fields.get("do", b"answer").decode("utf-8", "replace")
    if _is_text(fields):
        return _find_text(request, face, state, fields, top=top, deed=deed)
    sent = Form.sent(_decoded(fields), face.catalogue)
    if deed != "answer":
        changed, here = edited(sent, deed, _decoded(fields), face.catalogue, speech.lang)
        return _formed(request, face, state, changed, {"top": top, "at_row": here})
    try:
        requirement = understand(sent.table(face.catalogue, speech.lang))
        check(requirement, face.catalogue)
    except RequirementError as error:
        return _formed(request, face, state, sent, {"top": top, "faults": faults_of(error)}, status=422)
    return _sent_on(request, face, state, requirement, top=top)


@router.post("/shortlists/{form_name}")
def export(form_name: str, request: Request, face: OneFace, state: OneState, fields: Fields) -> Response:
    """Answer a requirement with a file; nothing is kept of it."""
    if form_name not in {*FORMATS, "toml"}:
        raise NotFound("page.no_export", name=form_name[:40], allowed=", ".join(FORMATS))
    speech = Speech.of(request)
    if form_name == "toml":
        return _requirement_file(request, face, state, fields)
    also = ANSWERS if form_name in WITH_ANSWERS else ()
    shortlist = face.shortlist(state, understood(text_of(fields)), top=top_of(fields), also=also)
    if form_name == "pdf" and state is not None:
        html = _answer_page(request, face, state, understood(text_of(fields)), shortlist, top=top_of(fields))
        content = pdf(bytes(html.body), request)
    else:
        content = exported(face, shortlist, form_name, speech.lang)
    return _file(content, FORMATS[form_name][1], file_name(shortlist, form_name, speech.lang))


def _requirement_file(request: Request, face: Face, state: State | None, fields: Mapping[str, bytes]) -> Response:
    """Return the requirement itself, as the form says it or as it was sent."""
    speech = Speech.of(request)
    if _is_text(fields):
        requirement = understood(text_of(fields))
    else:
        sent = Form.sent(_decoded(fields), face.catalogue)
        try:
            requirement = understand(sent.table(face.catalogue, speech.lang))
        except RequirementError as error:
            return _formed(request, face, state, sent, {"faults": faults_of(error)}, status=422)
    name = f"{named_after(requirement.echo(), speech.lang) or 'requirement'}.toml"
    return _file(toml_text(requirement).encode("utf-8", "replace"), "application/toml; charset=utf-8", name)


def _file(content: bytes, kind: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', **UNSEEN}
    return Response(content, media_type=kind, headers=headers)


def _is_text(fields: Mapping[str, bytes]) -> bool:
    """Tell whether a requirement was pasted or opened, not filled in."""
    return "requirement" in fields or "file" in fields


def _decoded(fields: Mapping[str, bytes]) -> dict[str, str]:
    return {name: value.decode("utf-8", "replace") for name, value in fields.items()}


def _find_text(
    request: Request, face: Face, state: State, fields: Mapping[str, bytes], *, top: int, deed: str
) -> Response:
    content = text_of(fields)
    try:
        requirement = understood(content)
        check(requirement, face.catalogue)
    except RequirementError as error:
        given = {"text": content.decode("utf-8", "replace"), "top": top}
        return _asking(request, face, state, {**given, "refused": refusal(error, Speech.of(request))}, status=422)
    if deed == "open":
        return _form_of(request, face, state, requirement, top=top)
    return _sent_on(request, face, state, requirement, top=top)


def _sent_on(request: Request, face: Face, state: State, requirement: Requirement, *, top: int) -> Response:
    """Send the browser to the answer's own address; answer here where the requirement is too long for one."""
    letters = packed(requirement)
    if letters is None:
        return _answer(request, face, state, requirement, top=top)
    address = Speech.of(request).link(ANSWER, need=letters, top="" if top == USUAL else top)
    return RedirectResponse(address, 303, headers=UNSEEN)


# ---- pages ---------------------------------------------------------------------------------------------


def _answer(request: Request, face: Face, state: State | None, requirement: Requirement, *, top: int) -> HTMLResponse:
    if state is None:
        raise NotFound("http.no_state")
    try:
        shortlist = face.shortlist(state, requirement, top=top, also=ANSWERS)
    except RequirementError as error:
        return _form_of(request, face, state, requirement, top=top, error=error)
    return _answer_page(request, face, state, requirement, shortlist, top=top)


def _answer_page(
    request: Request, face: Face, state: State, requirement: Requirement, shortlist: Json, *, top: int
) -> HTMLResponse:
    speech = Speech.of(request)
    drawn, features = chart(face, state, shortlist)
    data = map_data(face, state, speech, request.app.state.extents, features, zoomed=bool(features))
    letters = packed(requirement)
    context = {
        "answer": answer(face, shortlist, speech),
        "formats": list(FORMATS),
        "top": top,
        "text": toml_text(requirement),
        "need": letters,
        "change": speech.link("/shortlists", need=letters or ""),
        **drawn,
        "data": {**data, "places": _places(shortlist)},
        "map_layers": data["layers"],
    }
    return page(request, "answer.html", context, state=state, headers=UNSEEN)


def _places(shortlist: Json) -> list[Json]:
    """Return the rectangles in which a hall stands, each with whose it is and whether that is in doubt."""
    stand = [(one["id"], must) for one in shortlist["candidates"] if (must := standing(one))]
    return [
        {"type": "Feature", "geometry": must[FOOTPRINT]["geometry"],
         "properties": {"site": site, "doubt": must["verdict"] != "met"}}
        for site, must in stand
    ]  # fmt: skip


def _form_of(
    request: Request,
    face: Face,
    state: State | None,
    requirement: Requirement,
    *,
    error: RequirementError | None = None,
    **given: Any,  # noqa: ANN401 - what else the page is told
) -> HTMLResponse:
    """Show a requirement in the form; one that speaks of what the catalogue does not know is shown as text."""
    faults = faults_of(error) if error else []
    text = given.pop("text", None) or toml_text(requirement)
    try:
        check(requirement, face.catalogue)
    except RequirementError as stranger:
        refused = refusal(stranger, Speech.of(request))
        return _asking(request, face, state, {**given, "text": text, "refused": refused}, status=422)
    made = Form.of(requirement, face.catalogue, Speech.of(request).lang)
    given = {**given, "faults": faults, "text": text}
    return _formed(request, face, state, made, given, status=422 if faults else 200)


def _formed(
    request: Request, face: Face, state: State | None, made: Form, given: Json, *, status: int = 200
) -> HTMLResponse:
    speech = Speech.of(request)
    context = {**given, "need_form": shown(made, face.catalogue, speech, given.get("faults", ()))}
    return _asking(request, face, state, context, status=status)


def _asking(request: Request, face: Face, state: State | None, given: Json, *, status: int = 200) -> HTMLResponse:
    speech = Speech.of(request)
    context = {
        "top": USUAL,
        "refused": [],
        "tops": TOPS,
        "templates": [(name, title) for name, title, _ in sector_templates(speech)],
        "attributes": attribute_list(face, speech.lang),
        "need_form": None,
        "at_row": "",
        "chosen": "",
        "text": "",
        **given,
    }
    headers = UNSEEN if request.method == "POST" else None
    return page(request, "shortlists.html", context, state=state, status=status, headers=headers)
