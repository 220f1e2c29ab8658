"""Errors as problem documents (RFC 9457), with the sentence in the language the client asked for."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from gis_sites import errors
from gis_sites.words import LANGUAGES, say

logger = logging.getLogger("gis_sites.api")

STATUS: dict[type[errors.GisSitesError], int] = {
    errors.Gone: 410,
    errors.NotFound: 404,
    errors.RequirementError: 422,
    errors.WrongUse: 400,
    errors.DatabaseError: 503,
}
"""Every error a request can meet, and its status; anything else is a fault of ours."""


def language(request: Request) -> str:
    """Return the first language we speak of `?lang=` and `Accept-Language`; Polish when none is named."""
    wanted = [request.query_params.get("lang", ""), *request.headers.get("accept-language", "").split(",")]
    tags = (tag.split(";")[0].strip().lower()[:2] for tag in wanted)
    return next((tag for tag in tags if tag in LANGUAGES), LANGUAGES[0])


def problem(status: int, detail: str, *, kind: str = "about:blank", **more: object) -> JSONResponse:
    """Return a problem document; `kind` names the error, `detail` is its sentence."""
    document = {"type": kind, "status": status, "detail": detail, **more}
    return JSONResponse(document, status_code=status, media_type="application/problem+json")


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error with a problem document."""

    @app.exception_handler(errors.GisSitesError)
    def ours(request: Request, error: errors.GisSitesError) -> JSONResponse:
        status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 400)
        return problem(status, error.sentence(language(request)), kind=f"gis-sites:{error.key}", **error.more)

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        known = {404: "http.no_page", 405: "http.no_method", 413: "http.too_large", 415: "http.no_type"}
        key = known.get(error.status_code)
        detail = say(key, language(request)) if key else str(error.detail)
        answer = problem(error.status_code, detail)
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        places = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors())
        return problem(422, say("http.invalid", language(request), places=places), kind="gis-sites:http.invalid")

    @app.exception_handler(Exception)
    def fault(request: Request, error: Exception) -> JSONResponse:
        logger.error("fault at %s %s", request.method, request.url.path, exc_info=error)
        return problem(500, say("http.fault", language(request)))
