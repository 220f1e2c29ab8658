"""Sentences people read, in every language we speak: one table a language, looked up by key."""

import math
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import PurePath
from string import Formatter
from typing import Any

LOCALES = files("gis_sites") / "locales"
LANGUAGES = ("pl", "en")
"""What is always written in: answers and files hold both."""
SPOKEN = (*LANGUAGES, *sorted(one.name[:-5] for one in LOCALES.iterdir() if one.name.endswith(".toml")))
"""What pages can be asked for in. A further language is one file, `locales/<code>.toml`: a table a room."""
HUGE = 1e15
"""From here on numbers are written with an exponent: babel cannot round those of more than 28 digits."""
ORDERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal would obey: a value from a foreign file may hold it."""


@dataclass(frozen=True)
class Said:
    """A sentence to be said later, in whichever language: it can stand as a value of another sentence."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)

    def say(self, lang: str) -> str:
        """Return it in one language."""
        return say(self.key, lang, **self.values)

    def __str__(self) -> str:
        return self.say("en")


@cache
def sentences(lang: str) -> dict[str, str]:
    """Return every sentence of a language by its key, `room.name`; what a further language lacks is said in English."""
    if lang in SPOKEN and lang not in LANGUAGES:
        rooms = tomllib.loads((LOCALES / f"{lang}.toml").read_text(encoding="utf-8"))
        own = {f"{room}.{name}": sentence for room, table in rooms.items() for name, sentence in table.items()}
        return sentences("en") | own
    found: dict[str, str] = {}
    for file in sorted((LOCALES / lang).iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            room = file.name.removesuffix(".toml")
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            found |= {f"{room}.{name}": sentence for name, sentence in table.items()}
    return found


def capital(text: str) -> str:
    """Begin with a capital."""
    return text[:1].upper() + text[1:]


def titled(polish: str, english: str, lang: str) -> str:
    """Return a title in a language: a further one may have its own for the English title, in its room `title`."""
    if lang in LANGUAGES or lang not in SPOKEN:
        return polish if lang == "pl" else english
    return sentences(lang).get(f"title.{english}", english)


def say(key: str, lang: str, /, **values: Any) -> str:  # noqa: ANN401 - whatever the sentence shows
    """Fill the sentence `key` with values; a `Said`, or a tuple of them, is said in the same language.

    Raises:
        KeyError: the language has no such sentence, or the sentence names a value that is not given.
    """
    shown = {name: _spoken(value, lang) for name, value in values.items()}
    return Formatter().vformat(sentences(lang)[key], (), shown)


def _spoken(value: Any, lang: str) -> Any:  # noqa: ANN401 - whatever the sentence shows
    if isinstance(value, Said):
        return value.say(lang)
    if isinstance(value, tuple) and any(isinstance(one, Said) for one in value):
        return "; ".join(str(_spoken(one, lang)) for one in value)
    if isinstance(value, float):
        # A decimal comma where people write one; the digits stay as they are.
        return str(value).removesuffix(".0").replace(".", _point(lang))
    return ORDERS.sub("?", str(value)) if isinstance(value, str | PurePath | Exception) else value


@cache
def _point(lang: str) -> str:
    """Return what parts the decimals; babel is asked about further languages only."""
    if lang in LANGUAGES:
        return "," if lang == "pl" else "."
    from babel.numbers import get_decimal_symbol

    return str(get_decimal_symbol(lang))


def number(value: float, lang: str, digits: int = 2) -> str:
    """Write a number as people of that language do, with at most `digits` decimals.

    >>> number(25000.5, "en")
    '25,000.5'
    """
    if HUGE <= abs(value) < math.inf:
        return f"{value:g}".replace(".", _point(lang))
    from babel.numbers import format_decimal

    pattern = "#,##0." + "#" * digits if digits else "#,##0"
    return str(format_decimal(value, format=pattern, locale=lang))
