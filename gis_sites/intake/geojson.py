"""GeoJSON in the child process: WGS 84 by its standard, another system only by the old `crs` member."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gis_sites.intake import ogr
from gis_sites.intake.formats import File

EDGE = 1 << 16
"""Bytes at either end of a file in which a `crs` member is looked for."""
WGS84 = "EPSG:4326"
_MEMBER = re.compile(r'"crs"\s*:')
_SIGNS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')


def tables(file: File) -> list[dict[str, Any]]:
    """Return the table of a file; a `crs` member that names no system known is not read as WGS 84."""
    found = ogr.tables(file)
    for table in found:
        table["name"] = file.stem
        if table["crs"] == WGS84 and not _is_wgs84(declared(file.path)):
            table["crs"] = None
    return found


def batches(file: File, table: str, columns: list[str]) -> Iterator[Any]:
    """Yield the rows of a file."""
    return ogr.batches(file, table, columns)


def _is_wgs84(said: Any) -> bool:  # noqa: ANN401 - any JSON
    if said is ...:
        return True
    name = said.get("properties", {}).get("name") if isinstance(said, dict) and said.get("type") == "name" else None
    return isinstance(name, str) and re.search(r"(?:CRS:?84|EPSG:.*:?4326)$", name, re.IGNORECASE) is not None


def declared(path: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the `crs` member of a file as it stands; `...` where there is none before and behind the features."""
    with Path(path).open("rb") as file:
        head = file.read(EDGE).decode("utf-8", "replace")
        file.seek(max(Path(path).stat().st_size - EDGE, 0))
        tail = file.read().decode("utf-8", "replace")
    for match in _MEMBER.finditer(head):
        if _depth(head[: match.start()]) == 1:
            return _value(head, match.end())
    for match in _MEMBER.finditer(tail):
        if _depth(tail[match.end() :]) == -1:
            return _value(tail, match.end())
    return ...


def _depth(text: str) -> int:
    """Count the brackets that a text leaves open, below zero those it closes."""
    signs = _SIGNS.findall(text)
    return sum(sign in "[{" for sign in signs) - sum(sign in "]}" for sign in signs)


def _value(text: str, start: int) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.JSONDecoder().raw_decode(text[start:].lstrip())[0]
    except ValueError:
        return None
