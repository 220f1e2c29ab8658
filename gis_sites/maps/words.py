"""Texts of a page that speaks Polish and English: both are in it, a style rule shows one."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from gis_sites.catalogue import Title
from gis_sites.findings import mask
from gis_sites.words import LANGUAGES, number, say


def both(make: Callable[[str], str]) -> Markup:
    """Return a text in every language, escaped and with secrets masked.

    >>> both(lambda lang: "tak" if lang == "pl" else "<yes>")
    Markup('<span lang="pl">tak</span><span lang="en">&lt;yes&gt;</span>')
    """
    texts = {lang: mask(make(lang)) for lang in LANGUAGES}
    if len(set(texts.values())) == 1:
        return escape(next(iter(texts.values())))
    return Markup().join(Markup('<span lang="{}">{}</span>').format(*pair) for pair in texts.items())


def plain(make: Callable[[str], str]) -> dict[str, str]:
    """Return a text in every language for attributes and scripts, which cannot hold two spans."""
    return {lang: mask(make(lang)) for lang in LANGUAGES}


def spoken(key: str, **values: object) -> Markup:
    """Return the sentence `map.<key>` in every language."""
    return both(lambda lang: say(f"map.{key}", lang, **values))


def numeral(count: int) -> Markup:
    """Return a whole number as people write it."""
    return both(lambda lang: number(count, lang, 0))


def counted(key: str, **values: int | Title) -> Markup:
    """Return the sentence `map.<key>` with whole numbers and titles in it."""

    def make(lang: str) -> str:
        texts = {k: number(v, lang, 0) if isinstance(v, int) else v.say(lang) for k, v in values.items()}
        return say(f"map.{key}", lang, **texts)

    return both(make)


def given(text: object) -> Markup:
    """Return a person's own text: one for all languages, or one a language."""
    return both(lambda lang: in_language(text, lang))


def in_language(text: object, lang: str) -> str:
    """Return a person's own text in one language, in another where it has only that."""
    if isinstance(text, Mapping):
        return str(text.get(lang) or next(iter(text.values()), ""))
    return str(text)


def long_date(day: str | date | None) -> Markup:
    """Return a day as people write it, the text itself where it is no day."""
    from babel.dates import format_date

    if not day:
        return Markup("–")
    try:
        known = day if isinstance(day, date) else date.fromisoformat(day)
    except ValueError:
        return given(day)
    return both(lambda lang: str(format_date(known, "d MMMM y", locale=lang)))


def moment(at: str | None) -> Markup:
    """Return a UTC moment as a clock in Poland shows it."""
    from babel.dates import format_datetime

    try:
        known = datetime.fromisoformat(at or "")
    except ValueError:
        return given(at or "–")
    local = known.replace(tzinfo=known.tzinfo or ZoneInfo("UTC")).astimezone(ZoneInfo("Europe/Warsaw"))
    return both(lambda lang: str(format_datetime(local, "d MMMM y, HH:mm", locale=lang)))
