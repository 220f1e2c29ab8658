"""Sentences people read, in every language we speak: one table a language, looked up by key."""

import tomllib
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any

LANGUAGES = ("pl", "en")


@cache
def sentences(lang: str) -> dict[str, str]:
    """Return every sentence of a language by its key, `room.name`."""
    folder = files("gis_sites") / "locales" / lang
    found: dict[str, str] = {}
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            room = file.name.removesuffix(".toml")
            table = tomllib.loads(file.read_text(encoding="utf-8"))
            found |= {f"{room}.{name}": sentence for name, sentence in table.items()}
    return found


def say(key: str, lang: str, **values: Any) -> str:  # noqa: ANN401 - whatever the sentence shows
    """Fill the sentence `key` with values.

    Raises:
        KeyError: the language has no such sentence, or the sentence names a value that is not given.
    """
    return Formatter().vformat(sentences(lang)[key], (), values)


def number(value: float, lang: str, digits: int = 2) -> str:
    """Write a number as people of that language do, with at most `digits` decimals.

    >>> number(25000.5, "en")
    '25,000.5'
    """
    from babel.numbers import format_decimal

    pattern = "#,##0." + "#" * digits if digits else "#,##0"
    return str(format_decimal(value, format=pattern, locale=lang))
