"""What OGC API Features is asked: every parameter is known and checked before it comes near a query."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from inspect import Parameter, signature
from typing import Any, get_args

from fastapi import Depends, Request, params
from tipg import dependencies as asked
from tipg.resources.enums import MediaType

from api.errors import BadParameter
from api.ogc_documents import MOST, USUAL

COMMON = {"f", "lang"}
PAGING = {"limit", "offset", "bbox", "datetime", "ids", "properties", "sortby"}
LONGEST = 1000
"""Characters of a parameter."""
PLAIN = re.compile(r"[\w .,:/()+-]*")
"""What a value to look for may hold: nothing that could end a literal of a query."""
MOST_IDS = 1000
ONE_ID = re.compile(r"[0-9]{1,9}")
WHOLE = re.compile(r"[0-9]{1,18}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?", re.ASCII | re.IGNORECASE)
"""A moment as RFC 3339 writes it, or a day."""
OPEN = ("", "..")
"""An end of a time that is left open."""
VALUES: Mapping[str, Callable[[str], object]] = {
    "text": str,
    "integer": int,
    "double precision": float,
    "date": date.fromisoformat,
    "boolean": {"true": True, "false": False}.__getitem__,
}
"""How a value to look for is read, by the type of the column."""


def known(request: Request, allowed: set[str]) -> None:
    """Check that a question names nothing but what is answered.

    Raises:
        BadParameter: it does, or a value is no text.
    """
    for name, value in request.query_params.multi_items():
        if name not in allowed:
            raise BadParameter("ogc.no_parameter", name=name[:60], allowed=", ".join(sorted(allowed)))
        if len(value) > LONGEST or not value.isprintable():
            raise BadParameter("ogc.bad_parameter", name=name, value=value[:60])


def geojson(request: Request) -> MediaType:
    """Answer in JSON, whatever is accepted.

    Raises:
        BadParameter: something else is asked for by name.
    """
    if request.query_params.get("f", "json") not in {"json", "geojson"}:
        raise BadParameter("ogc.bad_parameter", name="f", value=request.query_params["f"][:60])
    return MediaType.geojson


def box(request: Request) -> list[list[float]] | None:
    """Read `bbox`: west, south, east, north in degrees, or the same with heights.

    Returns:
        the box; two where it goes over the 180th meridian, its west being greater than its east.

    Raises:
        BadParameter: it is no such box.
    """
    text = request.query_params.get("bbox")
    if text is None:
        return None
    try:
        numbers = [float(one) for one in text.split(",")]
    except ValueError:
        numbers = []
    flat = [*numbers[:2], *numbers[3:5]] if len(numbers) == 6 else numbers
    if len(flat) != 4 or not all(map(math.isfinite, flat)) or flat[1] > flat[3]:
        raise BadParameter("ogc.bad_parameter", name="bbox", value=text[:60])
    west, south, east, north = flat
    return [flat] if west <= east else [[west, south, 180.0, north], [-180.0, south, east, north]]


def ids(request: Request) -> list[str] | None:
    """Read `ids`, numbers of rows.

    Raises:
        BadParameter: they are not.
    """
    text = request.query_params.get("ids")
    found = text.split(",") if text else []
    if len(found) > MOST_IDS or not all(map(ONE_ID.fullmatch, found)):
        raise BadParameter("ogc.bad_parameter", name="ids", value=str(text)[:60])
    return found or None


def limit(request: Request) -> int:
    """Read `limit`; more than one answer holds is as much as it holds.

    Raises:
        BadParameter: it is no number of rows.
    """
    return min(_whole(request, "limit", least=1, usual=USUAL), MOST)


def offset(request: Request) -> int:
    """Read `offset`, how many rows are passed over.

    Raises:
        BadParameter: it is no number of rows.
    """
    return _whole(request, "offset", least=0, usual=0)


def _whole(request: Request, name: str, *, least: int, usual: int) -> int:
    text = request.query_params.get(name, str(usual))
    if not WHOLE.fullmatch(text) or int(text) < least:
        raise BadParameter("ogc.bad_parameter", name=name, value=text[:60])
    return int(text)


def when(request: Request) -> None:
    """Check `datetime`, and pass over it: no row of ours has a time of its own.

    Raises:
        BadParameter: it is neither a moment nor a time between two.
    """
    text = request.query_params.get("datetime", "..")
    first, *last = text.split("/")
    try:
        for one in (first, *last):
            if one not in OPEN and not (MOMENT.fullmatch(one) and datetime.fromisoformat(one)):
                raise ValueError
        sound = len(last) <= 1
    except ValueError:
        sound = False
    if not sound:
        raise BadParameter("ogc.bad_parameter", name="datetime", value=text[:60])


def nothing() -> None:
    """Read nothing: no condition is said in a language of its own."""


def readable(column: str, kind: str, value: str) -> None:
    """Check that a column can hold a value that is looked for.

    Raises:
        BadParameter: it cannot.
    """
    try:
        VALUES[kind](value)
        sound = PLAIN.fullmatch(value) is not None and (kind == "text" or value.isascii())
    except (KeyError, ValueError):
        sound = False
    if not sound:
        raise BadParameter("ogc.bad_parameter", name=column, value=value[:60])


BESIDE = 0.001
"""Degrees a layer may reach beyond its extent, which is straight in metres and bent in degrees."""


def cut(boxes: Sequence[Sequence[float]], around: Sequence[float] | None) -> list[list[float]]:
    """Cut boxes to where a layer has rows, as the whole earth has no place in the working CRS; some may vanish.

    >>> cut([[-180, -90, 18.5, 90], [170, -90, 180, 90]], (18, 51, 19, 52))
    [[17.999, 50.999, 18.5, 52.001]]
    """
    if around is None:
        return []
    west, south, east, north = around
    largest = (west - BESIDE, south - BESIDE), (east + BESIDE, north + BESIDE)
    left = [[*map(max, box[:2], largest[0]), *map(min, box[2:], largest[1])] for box in boxes]
    return [box for box in left if box[0] <= box[2] and box[1] <= box[3]]


INSTEAD: Mapping[Callable[..., Any], Callable[..., Any]] = {
    asked.ItemsOutputType: geojson,
    asked.ItemOutputType: geojson,
    asked.QueryablesOutputType: geojson,
    asked.bbox_query: box,
    asked.ids_query: ids,
    asked.datetime_query: when,
    asked.filter_query: nothing,
}
"""What is asked in our way instead of tipg's: no other format, no language of conditions."""
NAMED: Mapping[str, Callable[..., Any]] = {"limit": limit, "offset": offset}
"""The same by the parameter's name: what the standard asks is not what tipg refuses."""


def in_our_way(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Let a route read its parameters by `INSTEAD`: overrides of an application cost every request of any route."""
    told = signature(endpoint)
    endpoint.__signature__ = told.replace(parameters=list(map(_ours, told.parameters.values())))  # type: ignore[attr-defined]
    return endpoint


def _ours(parameter: Parameter) -> Parameter:
    asked = [one for one in (parameter.default, *get_args(parameter.annotation)) if isinstance(one, params.Depends)]
    named = parameter.replace(kind=Parameter.KEYWORD_ONLY)
    ours = INSTEAD.get(asked[0].dependency) if asked and asked[0].dependency else NAMED.get(parameter.name)
    return named.replace(annotation=Any, default=Depends(ours)) if ours else named
