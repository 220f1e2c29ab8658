"""Whole columns of cells: each different text is read once, however many rows hold it."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gis_sites.errors import Refused
from gis_sites.findings import FindingType
from gis_sites.intake import texts
from gis_sites.intake.batch import Bools, Numbers
from gis_sites.intake.values import Cell, possible, scaled, sensible_day, spell, unit_word

Floats = npt.NDArray[np.float64]
FIRST, LAST = dt.date(1, 1, 2), dt.date(9999, 12, 30)
"""Days that Python knows in any zone of time; files may name years that it does not."""


@dataclass(frozen=True)
class Words:
    """A column as its different texts: `index` into `different` for each row, -1 where the cell is empty."""

    index: Numbers
    different: pa.Array

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The different texts as Python has them."""
        return tuple(self.different.to_pylist())

    @property
    def empty(self) -> Bools:
        """Where the cell says nothing."""
        return self.index < 0


@dataclass(frozen=True)
class Issue:
    """Something noticed in some rows of a column: the rows by position, the text, and what was made of it."""

    type: FindingType
    rows: Numbers
    text: str
    shown: str | float


@dataclass(frozen=True)
class Read:
    """A column read: the values, and what was noticed."""

    values: pa.Array
    issues: tuple[Issue, ...] = ()


def words(column: pa.Array, encoding: str | None = None) -> Words:
    """Return the different texts of a column, cleaned; numbers are spelt as people write them.

    Raises:
        Refused: the texts are not in the encoding they should be in.
    """
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return Words(np.full(len(column), -1), pa.array([], pa.string()))
    encoded = texts.cleaned(_spelt(decoded(column, encoding))).dictionary_encode()
    index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Words(index, encoded.dictionary)


def _spelt(column: pa.Array) -> pa.Array:
    """Return a column as texts; numbers are spelt as people write them, and NaN is spelt nan: empty."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_large_string(column.type) or pa.types.is_integer(column.type):
        return column.cast(pa.string())
    encoded = _known_days(column).dictionary_encode()
    spelt = [None if value is None else spell(value) for value in encoded.dictionary.to_pylist()]
    return pa.array(spelt, pa.string()).take(encoded.indices)


def _known_days(column: pa.Array) -> pa.Array:
    """Return days and moments no farther than Python's calendar goes: what is farther says "no end" either way."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    elif not pa.types.is_date(column.type):
        return column
    low, high = (pa.scalar(day, pa.date32()).cast(column.type) for day in (FIRST, LAST))
    column = pc.if_else(pc.greater(column, high), high, column)
    return pc.if_else(pc.less(column, low), low, column)


def decoded(column: pa.Array, encoding: str | None) -> pa.Array:
    """Return texts as UTF-8, from the encoding stated."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return _recoded(column, encoding or "utf-8")
    return column  # UTF-8 proves itself, whatever is stated for other files of the publisher


def _recoded(column: pa.Array, encoding: str) -> pa.Array:
    raw = column.view(pa.binary() if pa.types.is_string(column.type) else pa.large_binary()).to_pylist()
    try:
        return pa.array([None if cell is None else cell.decode(encoding) for cell in raw], pa.string())
    except (UnicodeDecodeError, LookupError) as error:
        bad = next((cell for cell in raw if cell is not None and not _utf8(cell)), b"")
        raise Refused("import.encoding_bad", encoding=encoding.upper(), text=repr(bad[:40])[2:-1]) from error


def _utf8(cell: bytes) -> bool:
    try:
        cell.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def read_words(
    found: Words, reading: Callable[[str], Cell], kind: pa.DataType, plain: texts.Plain | None = None
) -> Read:
    """Read the different texts of a column, plain ones at once, and give each row its value."""
    values, noticed = texts.read(found.different, reading, plain, kind)
    return Read(values.take(pa.array(found.index, mask=found.empty)), issues_of(found, noticed))


def issues_of(found: Words, noticed: Mapping[int, Cell]) -> tuple[Issue, ...]:
    """Return what was noticed, text by text."""
    if not noticed:
        return ()
    odd = sorted(noticed)
    order = np.argsort(found.index, kind="stable")
    starts = np.searchsorted(found.index[order], odd, side="left")
    ends = np.searchsorted(found.index[order], odd, side="right")
    said = found.different.take(pa.array(odd)).to_pylist()
    return tuple(
        Issue(issue, order[start:end], text, noticed[place].shown)
        for place, text, start, end in zip(odd, said, starts, ends, strict=True)
        if (issue := noticed[place].issue) is not None
    )


def read_numbers(column: pa.Array, factor: float, *, unit: str | None) -> Read:
    """Read a column that holds numbers already; NaN is empty, an infinity or what its unit cannot be unreadable."""
    values = _floats(column)
    empty = np.isnan(values)
    result = values if factor == 1.0 else np.round(values * factor, 10)
    odd = ~empty & ~(np.isfinite(values) & possible(result, unit))
    return Read(pa.array(result, mask=empty | odd), _unreadable(values, odd))


def read_in_units(column: pa.Array, units: Words, factors: Mapping[str, float], *, unit: str | None) -> Read:
    """Read numbers whose unit stands in another column; a number in a unit nobody knows is unreadable."""
    values = _floats(column)
    by_unit = np.array([*(factors.get(unit_word(text), np.nan) for text in units.texts), 1.0])
    factor = by_unit[units.index]
    empty = np.isnan(values)
    result = np.array([scaled(value, by) for value, by in zip(values, factor, strict=True)])
    odd = ~empty & ~(np.isfinite(values * factor) & possible(result, unit))
    return Read(pa.array(result, mask=empty | odd), _unreadable(values, odd))


def _floats(column: pa.Array) -> Floats:
    """Return numbers as floats; of whole ones beyond 2^53 the nearest."""
    values: Floats = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values


def _unreadable(values: Floats, odd: Bools) -> tuple[Issue, ...]:
    kind = FindingType.VALUE_UNREADABLE
    return tuple(Issue(kind, np.array([row]), spell(float(values[row])), "number") for row in np.flatnonzero(odd))


def read_days(column: pa.Array) -> Read:
    """Read a column that holds days or moments already: the day as written; one no calendar has is unreadable."""
    days = _known_days(column)
    if pa.types.is_timestamp(days.type):
        days = days.cast(pa.timestamp("us"))
    encoded = days.cast(pa.date32()).dictionary_encode()
    index = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    raw = encoded.dictionary.to_pylist()
    unread = Cell(None, FindingType.VALUE_UNREADABLE, "date")
    found = Words(index, pa.array(["?" if day in {FIRST, LAST} else day.isoformat() for day in raw], pa.string()))
    cells = [unread if day in {FIRST, LAST} else sensible_day(day) for day in raw]
    values = pa.array([cell.value for cell in cells], pa.date32()).take(pa.array(index, mask=index < 0))
    return Read(values, issues_of(found, {place: cell for place, cell in enumerate(cells) if cell.issue is not None}))
