"""Cells: what a text in a file says, as a value of a field, and what was noticed on the way.

Every reader takes a cleaned text and returns a `Cell`; it never raises for dirty data.
"""

import datetime as dt
import difflib
import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gis_sites.catalogue import FieldSpec
from gis_sites.findings import FindingType, mask
from gis_sites.intake.days import day_said
from gis_sites.intake.names import plain

BLANKS = " \t\r\n\v\f\u00a0\u1680\u202f\u205f\u2060\u3000\ufeff\u2028\u2029" + "".join(map(chr, range(0x2000, 0x200E)))
_EDGES = re.compile(f"^[{BLANKS}]+|[{BLANKS}]+$")
_INSIDE = re.compile(f"[{BLANKS}]+")
_NULLS = "None NONE none NULL Null null <Null> <NULL> <null> (null) [NULL] [null] nan NaN NAN NaT #N/A #N/D #N/D!"
EMPTY = frozenset(["", *_NULLS.split()])
"""Texts that programs write for an empty cell."""
_PLACEHOLDER = re.compile(r"[-–—_.?*/\\]*|0+|brak( danych)?|b/?d|n/?a|nd|none|null")
_NUMBER = re.compile(
    r"(?P<before>[^\d\s.,+-][^\d+-]*?)?\s*(?P<sign>[-+]?)\s*"
    r"(?P<digits>\d{1,3}(?:(?P<gap>[ '])\d{3})(?:(?P=gap)\d{3})*(?:[.,]\d*)?"  # 1 234,56
    r"|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:,\d{3})+\.\d+"  # 1.234,56 and 1,234.56
    r"|\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:,\d{3}){2,}"  # 1.234.567 and 1,234,567
    r"|\d+(?:[.,]\d*)?(?:[eE][-+]?\d+)?|[.,]\d+(?:[eE][-+]?\d+)?)"
    r"\s*(?P<unit>[^\d\s].*)?"
)
_RAISED = re.compile("\\d[\u00b2\u00b3\u00b9\u2070-\u2089]")
"""A power: 10² is no 102."""
_USUAL_NUMBER = re.compile(r"[-+]?\d*\.?\d+(e[-+]?\d+)?", re.IGNORECASE | re.ASCII)
_SIGNS = str.maketrans({"\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2013": "-", "\u2019": "'", "\u00b4": "'"})
"""Minus signs and apostrophes as typesetters have them."""
DIAMETER = frozenset({"dn", "d", "ø", "⌀", "φ", "ϕ", "fi", "śr", "średnica"})
"""What is written before a diameter."""
YES = frozenset({"t", "tak", "true", "1", "y", "yes", "prawda"})
NO = frozenset({"f", "n", "nie", "false", "0", "no", "falsz"})
_AREA = {"m2": 1.0, "mkw": 1.0, "a": 1e2, "ar": 1e2, "ha": 1e4, "km2": 1e6}
UNITS: Mapping[str, Mapping[str, float]] = {
    "m": {"m": 1.0, "mm": 1e-3, "cm": 1e-2, "km": 1e3},
    "mm": {"mm": 1.0, "cm": 10.0, "m": 1e3},
    "m2": _AREA,
    "ha": {unit: factor / 1e4 for unit, factor in _AREA.items()},
    "kW": {"kw": 1.0, "mw": 1e3},
    "PLN/m2": {"pln/m2": 1.0, "zł/m2": 1.0},
    "m3/d": {"m3/d": 1.0, "m3/doba": 1.0, "m3/dobę": 1.0},
    "Nm3/h": {"nm3/h": 1.0},
    "share": {"fraction": 1.0, "percent": 1e-2, "%": 1e-2, "proc": 1e-2},
}
"""For each unit of a field: units a file may use, and what one of them is."""
NEVER_ZERO = frozenset({"m2", "ha", "mm"})
"""Units of areas and diameters: where a register has 0 of them, nothing was entered."""
HINTS = 200
"""Texts of one column to which the nearest code is sought."""
LONG = 40


@dataclass(frozen=True, slots=True)
class Cell:
    """A value read from a text; what was noticed, and the value as its sentence shows it."""

    value: Any
    issue: FindingType | None = None
    shown: str | float = ""


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


def tight(text: str) -> str:
    """Return a text in usual letters without any blanks: what an identifier is, however it was typed.

    >>> tight("306101_1.0012. 45 /3")
    '306101_1.0012.45/3'
    """
    return _INSIDE.sub("", unicodedata.normalize("NFKC", text))


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
    if _RAISED.search(text):
        return _unreadable(unit)
    match = _NUMBER.fullmatch(_INSIDE.sub(" ", unicodedata.normalize("NFKC", text).translate(_SIGNS)))
    known = _factor(match, unit, factor) if match else None
    if match is None or known is None:
        return _unreadable(unit)
    value = float(match["sign"] + _with_point(match["digits"]))
    result = scaled(value, known)
    if not math.isfinite(result) or not possible(result, unit):
        return _unreadable(unit)
    return Cell(result) if _USUAL_NUMBER.fullmatch(text) else Cell(result, FindingType.VALUE_REPAIRED, result)


def _factor(match: re.Match[str], unit: str | None, factor: float) -> float | None:
    """Return what one of the cell's units is in the field's; None where what stands around the number is none."""
    before = (match["before"] or "").casefold().strip(" .:=")
    if before and not (unit == "mm" and before in DIAMETER):
        return None
    own = unit_word(match["unit"] or "")
    if not own:
        return factor
    return UNITS.get(unit or "", {}).get(own, 1.0 if unit and own == unit_word(unit) else None)


def unit_word(text: str) -> str:
    """Return a unit as `UNITS` has it: small letters, without dots and blanks.

    >>> unit_word("m kw."), unit_word("Km^2"), unit_word("M²")
    ('mkw', 'km2', 'm2')
    """
    return re.sub(r"[\s.^]", "", unicodedata.normalize("NFKC", text).casefold())


def scaled(value: float, factor: float) -> float:
    """Return a value in the field's unit, without the noise that a factor adds behind the tenth decimal."""
    return value if factor == 1.0 else round(value * factor, 10)


def possible(value: Any, unit: str | None) -> Any:  # noqa: ANN401 - a number, or an array of them
    """Say where a number can be one of its unit: nothing we measure is below 0, no share is above 1.

    >>> possible(0.0, "m"), possible(0.0, "ha"), possible(-0.1, "ha"), possible(1.5, "share"), possible(-1.0, None)
    (True, False, False, False, True)
    """
    if unit is None:
        return value == value  # noqa: PLR0124 - only what is no number differs from itself
    least = value > 0 if unit in NEVER_ZERO else value >= 0
    return least & (value <= 1) if unit == "share" else least


def _unreadable(unit: str | None) -> Cell:
    return Cell(None, FindingType.VALUE_UNREADABLE, "share" if unit == "share" else "number")


def _with_point(digits: str) -> str:
    """Return digits parted in any of the known ways as Python has them."""
    bare = re.sub(r"[ ']", "", digits)
    mark = bare[max(bare.rfind(","), bare.rfind("."))]
    if mark not in ".," or bare.count(mark) > 1:  # the same sign twice parts thousands: 1,234,567
        return re.sub("[.,]", "", bare)
    whole, _, rest = bare.rpartition(mark)
    return re.sub("[.,]", "", whole or "0") + "." + rest


def read_date(text: str) -> Cell:
    """Read a day: ISO, or day, month and year in the Polish order; of a moment the day as written.

    >>> [read_date(text).value.isoformat() for text in ("2024-12-31", "31.12.2024", "31 grudnia 2024 r.")]
    ['2024-12-31', '2024-12-31', '2024-12-31']
    >>> read_date("9999-12-31").value, read_date("31.12.24").value
    (None, None)
    """
    said = day_said(_INSIDE.sub(" ", unicodedata.normalize("NFKC", text)))
    if said is None:
        return Cell(None, FindingType.VALUE_UNREADABLE, "date")
    cell = sensible_day(said)
    usual = cell.value is None or text.startswith(cell.value.isoformat())
    return cell if usual else Cell(cell.value, FindingType.VALUE_REPAIRED, cell.value.isoformat())


def sensible_day(day: dt.date) -> Cell:
    """Take a day between 1800 and 2200; farther ones are how programs write "no end"."""
    if dt.date(1800, 1, 1) <= day <= dt.date(2200, 12, 31):
        return Cell(day)
    return Cell(None, FindingType.VALUE_REPAIRED, "")


def code_reader(spec: FieldSpec) -> Callable[[str], Cell]:
    """Return a reader of a field's codes: as written, then whatever the capitals, blanks and diacritics."""
    exact = {word: code for code, aliases in spec.codes.items() for word in (code, *aliases)}
    exact |= {code: code for code in spec.allowed}
    near = _nearest_first(exact, public=spec.public)
    loose: dict[str, set[str]] = {}
    for word, code in exact.items():
        loose.setdefault(plain(word) or word, set()).add(code)

    def read(text: str) -> Cell:
        found = {exact[text]} if text in exact else loose.get(plain(text) or text, set())
        if len(found) == 1:
            return Cell(next(iter(found)))
        return Cell(None, FindingType.CODE_UNKNOWN, near(text))

    return read


def _nearest_first(words: Mapping[str, str], *, public: bool) -> Callable[[str], str]:
    """Return what lists the codes of some words, the nearest to a text first: a hint for a person, never taken.

    Of a field that is not public the order tells nothing, for it would tell what stands in the cell.
    """
    every = tuple(dict.fromkeys(words.values()))
    left = HINTS if public else 0

    def hint(text: str) -> str:
        nonlocal left
        left -= 1
        if left < 0:  # a column of other things altogether: likeness is dear, and tells nothing then
            return ", ".join(every)
        wanted = plain(text)[:LONG]
        alike = dict.fromkeys(every, 0.0)
        for word, code in words.items():
            alike[code] = max(alike[code], difflib.SequenceMatcher(None, wanted, plain(word)[:LONG]).ratio())
        return ", ".join(sorted(every, key=lambda code: -alike[code]))

    return hint


def flag_reader(spec: FieldSpec) -> Callable[[str], Cell]:
    """Return a reader of yes and no: the field's own words, then the usual ones."""
    words = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}
    own = {plain(word) or word: code == "true" for code, aliases in spec.codes.items() for word in (code, *aliases)}
    if own:
        words = {**({"true": True, "false": False, "1": True, "0": False}), **own}

    near = _nearest_first({word: word for word in sorted(words)}, public=spec.public)

    def read(text: str) -> Cell:
        key = plain(text) or text
        return Cell(words[key]) if key in words else Cell(None, FindingType.CODE_UNKNOWN, near(text))

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
    """Return a field's pattern, compiled once; a digit is one of ten, as Arrow reads patterns."""
    return re.compile(pattern, re.ASCII)


def spell(value: object) -> str:
    """Write a number as a file's text would have it: 12.0 is `12`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
