"""Errors as problem documents (RFC 9457), with the sentence in the language the client asked for."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from psycopg.errors import UndefinedTable
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.methods import allowed, weighed
from gis_sites import errors
from gis_sites.words import LANGUAGES, SPOKEN, Said

logger = logging.getLogger("gis_sites.api")

SHOWN = 60
"""How much of a wrong value a sentence shows."""


class TooLarge(errors.GisSitesError):
    """The body is longer than a requirement can be."""


class UnknownType(errors.GisSitesError):
    """The body is said to be something that is no requirement."""


class TooSlow(errors.GisSitesError):
    """The body does not come."""


class BadParameter(errors.GisSitesError):
    """A parameter of OGC API Features is not known, or cannot be what it is."""


class Busy(errors.GisSitesError):
    """Others are served first, and for too long."""


STATUS: dict[type[errors.GisSitesError], int] = {
    errors.Gone: 410,
    errors.NotFound: 404,
    BadParameter: 400,
    TooSlow: 408,
    TooLarge: 413,
    UnknownType: 415,
    errors.RequirementError: 422,
    Busy: 503,
}
"""Every error a request can meet, and its status; anything else is a fault of ours."""
KINDS = {
    "int_parsing": "http.not_whole",
    "greater_than_equal": "http.too_small",
    "less_than_equal": "http.too_great",
    "string_too_long": "http.too_long",
    "string_pattern_mismatch": "http.odd_text",
    "literal_error": "http.no_such",
}
"""The sentence of what can be wrong with a parameter, by pydantic's name of it."""


def language(request: Request) -> str:
    """Return the language asked for: `?lang=`, else the best of `Accept-Language` we speak, else Polish."""
    wanted = [request.query_params.get("lang", "").lower(), *_accepted(request.headers.get("accept-language", ""))]
    return next((tag for tag in wanted if tag in SPOKEN), LANGUAGES[0])


def _accepted(header: str) -> Iterator[str]:
    """Yield the languages of a header, the most wanted first."""
    tags = sorted(weighed(header), key=lambda one: -one[1])
    yield from (tag.partition("-")[0] for tag, weight in tags if weight > 0)


def problem(
    request: Request, status: int, said: Said, *, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """Return a problem document: `type` names the error, `detail` is its sentence."""
    lang = language(request)
    document = {
        "type": f"gis-sites:{said.key}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": said.say(lang),
        **more,
    }
    every = {"content-language": lang, "vary": "Accept-Language", "cache-control": "no-store", **(headers or {})}
    as_page = getattr(request.app.state, "error_page", None)
    if as_page is not None and (answer := as_page(request, document, every)) is not None:
        return answer  # type: ignore[no-any-return]
    # A value may hold what no UTF-8 can say: half of a surrogate pair.
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, status, every, "application/problem+json")


def fault(request: Request, error: Exception) -> Response:
    """Tell the log of a fault of ours, and the client that there is one."""
    logger.error("fault at %s %s", request.method, request.url.path, exc_info=error)
    return problem(request, 500, Said("http.fault"))


def add_error_handlers(app: FastAPI) -> None:
    """Answer every error a request can meet with a problem document."""
    for kind, answer in HANDLERS.items():
        app.add_exception_handler(kind, answer)


def _ours(request: Request, error: errors.GisSitesError) -> Response:
    if error.key == "store.state_dropped":
        return superseded(request)
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), None)
    if status is None:
        return fault(request, error)
    headers = {"retry-after": "5"} if status == 503 else None
    return problem(request, status, Said(error.key, error.values), headers=headers, **error.more)


def _http(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["allow"] = allowed(headers.pop("Allow", "GET").split(", "))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=headers)
    keys = {404: "http.no_page", 405: "http.no_method"}
    shown = {"method": request.method, "path": request.url.path[:200], "fault": error.detail}
    said = Said(keys.get(error.status_code, "http.refused"), shown)
    return problem(request, error.status_code, said, headers=headers)


def _invalid(request: Request, error: RequestValidationError) -> Response:
    said = Said("http.invalid", {"faults": tuple(map(_wrong, error.errors()))})
    return problem(request, 422, said)


def _unavailable(request: Request, error: Exception) -> Response:
    logger.error("no database at %s %s: %s", request.method, request.url.path, error)
    return problem(request, 503, Said("http.unavailable"), headers={"retry-after": "30"})


def _gone(request: Request, error: Exception) -> Response:
    if not isinstance(getattr(error, "orig", error), UndefinedTable):
        return fault(request, error)
    logger.warning("a table was gone at %s %s", request.method, request.url.path)
    return superseded(request)


def superseded(request: Request) -> Response:
    """Answer who took a state that was dropped meanwhile: a newer one is there."""
    return problem(request, 503, Said("http.superseded"), headers={"retry-after": "1"})


def _wrong(one: Mapping[str, Any]) -> Said:
    """Say what is wrong with a parameter."""
    bound = str(next(iter(one.get("ctx", {}).values()), "")).replace(" or ", ", ").replace("'", "")
    shown = {"place": ".".join(map(str, one["loc"][1:])), "value": str(one["input"])[:SHOWN]}
    return Said(KINDS.get(one["type"], "http.odd"), {**shown, "bound": bound, "fault": one["msg"]})


class Faults:
    """Middleware that turns faults of ours into problem documents; nothing of them is told but that they are."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and answer for what was raised."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            return
        except Exception as error:
            if begun:
                raise
            await fault(Request(scope), error)(scope, receive, send)


HANDLERS: Mapping[type[Exception], Callable[[Request, Any], Response]] = {
    errors.GisSitesError: _ours,
    HTTPException: _http,
    RequestValidationError: _invalid,
    **dict.fromkeys((OperationalError, InterfaceError, NoConnection), _unavailable),
    **dict.fromkeys((ProgrammingError, UndefinedTable), _gone),
}
