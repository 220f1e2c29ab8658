"""What OGC API Features is asked: every parameter is known and checked before it comes near a query."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from inspect import Parameter, signature
from typing import Any, get_args

from fastapi import Depends, Request, params
from tipg import dependencies as asked
from tipg.resources.enums import MediaType

from api.errors import BadParameter

COMMON = {"f", "lang"}
PAGING = {"limit", "offset", "bbox", "datetime", "ids", "properties", "sortby"}
LONGEST = 1000
"""Characters of a parameter."""
PLAIN = re.compile(r"[\w .,:/()+-]*")
"""What a value to look for may hold: nothing that could end a literal of a query."""
MOST_IDS = 1000
ONE_ID = re.compile(r"[0-9]{1,9}")
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


def box(request: Request) -> list[float] | None:
    """Read `bbox`: west, south, east, north in degrees, or the same with heights.

    Raises:
        BadParameter: it is no such box.
    """
    text = request.query_params.get("bbox")
    if not text:
        return None
    try:
        numbers = [float(one) for one in text.split(",")]
    except ValueError:
        numbers = []
    flat = [*numbers[:2], *numbers[3:5]] if len(numbers) == 6 else numbers
    if len(flat) != 4 or not all(map(math.isfinite, flat)) or flat[0] > flat[2] or flat[1] > flat[3]:
        raise BadParameter("ogc.bad_parameter", name="bbox", value=text[:60])
    return flat


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


def nothing() -> None:
    """Pass over a parameter that says nothing here: no row of ours has a time of its own."""


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


def cut(box: Sequence[float], around: Sequence[float] | None) -> list[float] | None:
    """Cut a box to where a layer has rows, as the whole earth has no place in the working CRS; None: nothing is left.

    >>> cut([-180, -90, 18.5, 90], (18, 51, 19, 52))
    [18, 51, 18.5, 52]
    """
    if around is None:
        return None
    low, high = map(max, box[:2], around[:2]), map(min, box[2:], around[2:])
    left = [*low, *high]
    return left if left[0] <= left[2] and left[1] <= left[3] else None


INSTEAD: Mapping[Callable[..., Any], Callable[..., Any]] = {
    asked.ItemsOutputType: geojson,
    asked.ItemOutputType: geojson,
    asked.QueryablesOutputType: geojson,
    asked.bbox_query: box,
    asked.ids_query: ids,
    asked.datetime_query: nothing,
    asked.filter_query: nothing,
}
"""What is asked in our way instead of tipg's: no other format, no language of conditions."""


def in_our_way(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Let a route read its parameters by `INSTEAD`: overrides of an application cost every request of any route."""
    told = signature(endpoint)
    endpoint.__signature__ = told.replace(parameters=list(map(_ours, told.parameters.values())))  # type: ignore[attr-defined]
    return endpoint


def _ours(parameter: Parameter) -> Parameter:
    asked = [one for one in (parameter.default, *get_args(parameter.annotation)) if isinstance(one, params.Depends)]
    named = parameter.replace(kind=Parameter.KEYWORD_ONLY)
    ours = INSTEAD.get(asked[0].dependency) if asked and asked[0].dependency else None
    return named.replace(annotation=Any, default=Depends(ours)) if ours else named
