"""What no requirement is: too long, too deep, too much, or text that no screen should be given."""

import re
from collections.abc import Mapping
from typing import Any

from gis_sites.errors import RequirementError

SHORTLIST = "gis-sites/shortlist/1"
LARGEST = 256 * 1024
"""Bytes of a requirement."""
LARGEST_SHORTLIST = 12 * LARGEST
"""Bytes of a shortlist that stands for its requirement."""
DEEPEST = 16
"""Tables and lists inside one another; a requirement has half as many."""
MOST_VALUES = 50_000
LONGEST_KEY = 200
LONGEST_TEXT = 10_000
_PIECE = r"""(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_LONG_KEY = re.compile(rf"(?<![\w-])(?:{_PIECE}){{{DEEPEST}}}", re.ASCII)
"""A dotted key of so many pieces: tomllib's time grows with the square of their number."""
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal would obey, what turns the order of letters round, and halves of letters."""


def hold_text(text: str, *, name: str) -> None:
    """Refuse a text that would take long to parse.

    Raises:
        RequirementError: it is longer than a requirement, or has a dotted TOML key deeper than one.
    """
    most = LARGEST_SHORTLIST if SHORTLIST in text[:200] else LARGEST
    if len(text) > most:
        raise too_long(name, most)
    if not text.lstrip().startswith("{") and _LONG_KEY.search(text):
        raise too_deep()


def too_long(name: str, most: int) -> RequirementError:
    """Return the error of a file of more than `most` bytes."""
    return RequirementError("match.too_long", file=name, most=most // 1024)


def too_deep() -> RequirementError:
    """Return the error of tables and lists nested beyond use."""
    return RequirementError("match.too_deep", most=DEEPEST)


def hold_table(table: Mapping[str, Any]) -> None:
    """Refuse a table that holds more, deeper or odder things than a requirement.

    Raises:
        RequirementError: the sentence names the first of them.
    """
    level: list[tuple[str, Any]] = [("", table)]
    count = 0
    for _ in range(DEEPEST):
        inner: list[tuple[str, Any]] = []
        for place, value in level:
            if isinstance(value, str):
                _hold(place, value, LONGEST_TEXT)
            elif isinstance(value, Mapping):
                inner += ((_hold(place, str(key), LONGEST_KEY), one) for key, one in value.items())
            elif isinstance(value, list | tuple):
                inner += ((place, one) for one in value)
            if count + len(inner) > MOST_VALUES:
                raise RequirementError("match.too_much", most=MOST_VALUES)
        count += len(inner)
        level = inner
        if not level:
            return
    raise too_deep()


def _hold(place: str, text: str, most: int) -> str:
    """Return a text that is fit to be shown."""
    if len(text) > most:
        raise RequirementError("match.long_text", place=place or "requirement", value=text[:40] + "...", most=most)
    if _ODD.search(text):
        raise RequirementError("match.odd_text", place=place or "requirement", value=_ODD.sub("?", text)[:60])
    return text
