"""Write a requirement as the TOML that people edit: read again, it is the same requirement."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from gis_sites.matching.requirement import Requirement

BARE = re.compile(r"[A-Za-z0-9_-]+")
DAY = "needed_from"
TABLES = ("must", "want", "compare")


def toml_text(requirement: Requirement) -> str:
    """Return a requirement as TOML: single values first, then a line an entry.

    >>> from gis_sites.matching.reading import understand
    >>> print(toml_text(understand({"format": 1, "must": {"flood.share": {"max": "0 %"}}})), end="")
    format = 1
    <BLANKLINE>
    [must]
    "flood.share" = { max = "0 %" }
    """
    return written(requirement.echo())


def written(table: Mapping[str, Any]) -> str:
    """Return the table of a requirement as TOML, also of one that may yet be refused."""
    return "\n".join(_lines(table)) + "\n"


def _lines(said: Mapping[str, Any]) -> Iterator[str]:
    later = (*TABLES, "either", "ask", "assembly")
    for key, value in said.items():
        if key not in later:
            yield f"{key} = {date.fromisoformat(value) if key == DAY else _value(value)}"
    for name in TABLES:
        if name in said:
            yield from ("", f"[{name}]", *_entries(said[name]))
    for one in said.get("either", ()):
        yield from ("", "[[either]]", *_entries({key: value for key, value in one.items() if key != "any"}))
        yield from ("any = [", *(f"    {_value(option)}," for option in one["any"]), "]")
    for one in said.get("ask", ()):
        yield from ("", "[[ask]]", *_entries(one))
    if "assembly" in said:
        yield from ("", "[assembly]", *_entries(said["assembly"]))


def _entries(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(key)} = {_value(value)}" for key, value in table.items())


def _key(key: str) -> str:
    return key if BARE.fullmatch(key) else _text(key)


def _value(value: Any) -> str:  # noqa: ANN401 - whatever a requirement says
    match value:
        case Mapping():
            return f"{{ {', '.join(_entries(value))} }}" if value else "{}"
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case str():
            return _text(value)
        case float() if value.is_integer() and abs(value) < 2**53:
            return "-0.0" if value == 0 and str(value)[0] == "-" else str(int(value))
        case _:
            return str(value).lower()


def _text(text: str) -> str:
    """Write a text as a basic string: what JSON escapes, TOML reads."""
    return json.dumps(text, ensure_ascii=False)
