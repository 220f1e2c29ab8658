"""Cells: what a text in a file says, as a value of a field, and what was noticed on the way.

Every reader takes a cleaned text and returns a `Cell`; it never raises for dirty data.
"""

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gis_sites.catalogue import FieldSpec
from gis_sites.findings import FindingType, mask
from gis_sites.intake.names import plain

BLANKS = " \t\r\n\v\f\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
_EDGES = re.compile(f"^[{BLANKS}]+|[{BLANKS}]+$")
_INSIDE = re.compile(f"[{BLANKS}]+")
EMPTY = frozenset({"", "None", "NONE", "NULL", "Null", "null", "<Null>", "<NULL>", "<null>", "nan", "NaN", "NaT"})
"""Texts that programs write for an empty cell."""
_PLACEHOLDER = re.compile(r"[-–—_.?*/\\]*|0+|brak( danych)?|b/?d|n/?a|nd|none|null")
_NUMBER = re.compile(r"(?P<number>[-+]?(?:\d[\d .,']*|[.,]\d+)(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\d\s].*)?")
YES = frozenset({"t", "tak", "true", "1", "y", "yes", "prawda"})
NO = frozenset({"f", "n", "nie", "false", "0", "no", "falsz"})
_AREA = {"m2": 1.0, "a": 1e2, "ar": 1e2, "ha": 1e4, "km2": 1e6}
UNITS: Mapping[str, Mapping[str, float]] = {
    "m": {"m": 1.0, "mm": 1e-3, "cm": 1e-2, "km": 1e3},
    "mm": {"mm": 1.0, "cm": 10.0, "m": 1e3},
    "m2": _AREA,
    "ha": {unit: factor / 1e4 for unit, factor in _AREA.items()},
    "share": {"fraction": 1.0, "percent": 1e-2, "%": 1e-2, "proc": 1e-2},
}
"""For each unit of a field: units a file may use, and what one of them is."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A value read from a text; what was noticed, and the value as its sentence shows it."""

    value: Any
    issue: FindingType | None = None
    shown: str = ""


def clean(text: str) -> str | None:
    """Return a text without blanks of any kind around it; None where nothing is left.

    >>> clean(" 12 "), clean(" <Null> "), clean("  ")
    ('12', None, None)
    """
    trimmed = _EDGES.sub("", text)
    return None if trimmed in EMPTY else trimmed


def is_placeholder(key: str) -> bool:
    """Say whether an identifier is none: `---`, `-`, `0`, `brak`.

    >>> [is_placeholder(key) for key in ("---", "0", "Brak", "12/0")]
    [True, True, True, False]
    """
    return _PLACEHOLDER.fullmatch(key.casefold()) is not None


def read_text(text: str) -> Cell:
    """Take a text as it stands, save that land-register and PESEL numbers never enter."""
    masked = mask(text)
    return Cell(text) if masked == text else Cell(masked, FindingType.VALUE_MASKED)


def read_name(text: str) -> Cell:
    """Read a part of a key: full-width digits and odd blanks are written as usual ones.

    >>> read_name("12 /\u00a03").value, read_name("１２/3").value
    ('12 / 3', '12/3')
    """
    usual = _INSIDE.sub(" ", unicodedata.normalize("NFKC", text))
    return Cell(usual) if usual == text else Cell(usual, FindingType.VALUE_REPAIRED, usual)


def read_number(text: str, unit: str | None = None, factor: float = 1.0) -> Cell:
    """Read a number with a decimal comma or point, blanks between thousands, and maybe a unit behind it.

    `factor` is what one of the file's units is in the field's; a unit in the cell itself goes before it.

    >>> read_number("1 234,56").value, read_number("0,2420 ha", "m2").value, read_number("12").issue
    (1234.56, 2420.0, None)
    """
    match = _NUMBER.fullmatch(unicodedata.normalize("NFKC", text))
    if not match:
        return _unreadable(unit)
    own = match["unit"]
    if own is not None:
        known = UNITS.get(unit or "", {}).get(own.casefold().rstrip("."), 1.0 if own == unit else None)
        if known is None:
            return _unreadable(unit)
        factor = known
    value = _plain_number(match["number"])
    if value is None or not math.isfinite(value):
        return _unreadable(unit)
    result = scaled(value, factor)
    if unit == "share" and not 0 <= result <= 1:
        return _unreadable(unit)
    usual = own is None and re.fullmatch(r"[-+]?\d*\.?\d+(e[-+]?\d+)?", text, re.IGNORECASE | re.ASCII)
    return Cell(result) if usual else Cell(result, FindingType.VALUE_REPAIRED, repr(result))


def scaled(value: float, factor: float) -> float:
    """Return a value in the field's unit, without the noise that a factor adds behind the tenth decimal."""
    return value if factor == 1.0 else round(value * factor, 10)


def _unreadable(unit: str | None) -> Cell:
    return Cell(None, FindingType.VALUE_UNREADABLE, "share" if unit == "share" else "number")


def _plain_number(text: str) -> float | None:
    digits = re.sub(r"[ ']", "", text).rstrip(".,")
    decimal = max(digits.rfind(","), digits.rfind("."))
    if decimal >= 0:
        whole, rest = digits[:decimal], digits[decimal + 1 :]
        mark = digits[decimal]
        if mark in whole:  # the same sign twice parts thousands: 1,234,567
            whole, rest = whole + rest, ""
        digits = re.sub("[.,]", "", whole) + "." + rest
    try:
        return float(digits)
    except ValueError:
        return None


_DATES = (
    (re.compile(r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?:[T ]\d\d:\d\d.*)?"), True),
    (re.compile(r"(?P<y>\d{4})[/.](?P<m>\d\d?)[/.](?P<d>\d\d?)"), False),
    (re.compile(r"(?P<d>\d\d?)[./-](?P<m>\d\d?)[./-](?P<y>\d{4})(?: \d\d?:\d\d.*)?(?: ?r\.?)?"), False),
    (re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"), False),
)


def read_date(text: str) -> Cell:
    """Read a day: ISO, or day, month and year in the Polish order.

    >>> read_date("2024-12-31").value, read_date("31.12.2024").value, read_date("9999-12-31").value
    (datetime.date(2024, 12, 31), datetime.date(2024, 12, 31), None)
    """
    for form, usual in _DATES:
        if match := form.fullmatch(text):
            try:
                day = dt.date(int(match["y"]), int(match["m"]), int(match["d"]))
            except ValueError:
                break
            return sensible_day(day) if usual else Cell(day, FindingType.VALUE_REPAIRED, day.isoformat())
    return Cell(None, FindingType.VALUE_UNREADABLE, "date")


def sensible_day(day: dt.date) -> Cell:
    """Take a day between 1800 and 2200; farther ones are how programs write "no end"."""
    if dt.date(1800, 1, 1) <= day <= dt.date(2200, 12, 31):
        return Cell(day)
    return Cell(None, FindingType.VALUE_REPAIRED, "")


def code_reader(spec: FieldSpec) -> Callable[[str], Cell]:
    """Return a reader of a field's codes: as written, then whatever the capitals, blanks and diacritics."""
    exact = {word: code for code, aliases in spec.codes.items() for word in (code, *aliases)}
    exact |= {code: code for code in spec.allowed}
    loose: dict[str, set[str]] = {}
    for word, code in exact.items():
        loose.setdefault(plain(word) or word, set()).add(code)

    def read(text: str) -> Cell:
        found = {exact[text]} if text in exact else loose.get(plain(text) or text, set())
        if len(found) == 1:
            return Cell(next(iter(found)))
        return Cell(None, FindingType.CODE_UNKNOWN, ", ".join(spec.allowed))

    return read


def flag_reader(spec: FieldSpec) -> Callable[[str], Cell]:
    """Return a reader of yes and no: the field's own words, then the usual ones."""
    words = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}
    own = {plain(word) or word: code == "true" for code, aliases in spec.codes.items() for word in (code, *aliases)}
    if own:
        words = {**({"true": True, "false": False, "1": True, "0": False}), **own}

    def read(text: str) -> Cell:
        key = plain(text) or text
        return Cell(words[key]) if key in words else Cell(None, FindingType.CODE_UNKNOWN, ", ".join(sorted(words)))

    return read


def reader(spec: FieldSpec, *, key: bool, factor: float) -> Callable[[str], Cell]:
    """Return the reader of a field's cells."""
    match spec.type:
        case "number":
            return lambda text: read_number(text, spec.unit, factor)
        case "date":
            return read_date
        case "flag":
            return flag_reader(spec)
        case "code":
            return code_reader(spec)
        case _:
            return read_name if key else read_text


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a field's pattern, compiled once."""
    return re.compile(pattern)


def spell(value: object) -> str:
    """Write a number as a file's text would have it: 12.0 is `12`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
