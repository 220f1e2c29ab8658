"""dBASE tables, as they lie beside shapefiles: their head, their bytes piece by piece, cells as they are written."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

LEAST = 33
"""Bytes of a head without any field."""
END_OF_FIELDS = 0x0D
PIECE = 8 << 20
LONGEST = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
"""Days of a month that each year has; what GDAL makes of a day that is none is some other day."""
BLANK, DIGIT, SIGN, DOT, EXPONENT, OTHER = range(6)

Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]


def _kinds() -> Bytes:
    kinds = np.full(256, OTHER, dtype=np.uint8)
    for signs, kind in ((b" \0", BLANK), (b"0123456789", DIGIT), (b"+-", SIGN), (b".", DOT), (b"eE", EXPONENT)):
        kinds[list(signs)] = kind
    return kinds


KINDS = _kinds()
"""What each byte is in a number."""


@dataclass(frozen=True)
class Field:
    """A column: its name as it is written, its type (C, N, F, D, L), decimal places, place in a row."""

    name: bytes
    kind: bytes
    decimals: int
    place: slice


@dataclass(frozen=True)
class Dbase:
    """What stands at the beginning of a dBASE table."""

    path: Path
    rows: int
    head: int
    """Bytes before the first row."""
    width: int
    """Bytes of a row."""
    language: int
    fields: tuple[Field, ...]

    def read(self, first: int, count: int) -> Bytes:
        """Return the bytes of some rows: one line a row."""
        with self.path.open("rb") as table:
            table.seek(self.head + first * self.width)
            return np.frombuffer(bytearray(table.read(count * self.width)), dtype=np.uint8).reshape(-1, self.width)

    def pieces(self) -> Iterator[Bytes]:
        """Yield the bytes of all rows, so many at once as are read quickly."""
        at_once = max(PIECE // max(self.width, 1), 1)
        for first in range(0, self.rows, at_once):
            yield self.read(first, min(at_once, self.rows - first))


def opened(path: Path) -> Dbase | None:
    """Read the beginning of a dBASE table; None: it is none."""
    with path.open("rb") as table:
        raw = table.read(1 << 16)
    rows, head, width = struct.unpack("<4xIHH", raw[:12].ljust(12, b"\0"))
    if len(raw) < LEAST or not width:
        return None
    fields, at = [], 1
    for start in range(32, min(head, len(raw)) - 31, 32):
        if raw[start] == END_OF_FIELDS:
            break
        kind, length, decimals = raw[start + 11 : start + 12], raw[start + 16], raw[start + 17]
        if kind == b"C":
            length += decimals << 8
        fields.append(Field(raw[start : start + 11].partition(b"\0")[0], kind, decimals, slice(at, at + length)))
        at += length
    return Dbase(path, rows, head, width, raw[29], tuple(fields))


def texts(table: Dbase) -> Iterator[bytes]:
    """Yield the rows piece by piece, with blanks for all that is no text."""
    other = np.ones(table.width, dtype=bool)
    for field in table.fields:
        if field.kind == b"C":
            other[field.place] = False
    for rows in table.pieces():
        rows[:, other] = ord(" ")
        yield rows.tobytes()


def misread(table: Dbase, wanted: Sequence[bytes]) -> list[Field]:
    """Return the fields with a cell that GDAL takes for another: of "12,5" it makes 12, of "brak" 0."""
    doubtful = [field for field in table.fields if field.name in wanted and field.kind in b"NFD"]
    found: list[Field] = []
    for rows in table.pieces() if doubtful else ():
        found += [one for one in doubtful if one not in found and not _plain(rows[:, one.place], one).all()]
    return found


def cells(table: Dbase, field: Field, rows: npt.NDArray[np.int64]) -> list[str]:
    """Return what stands in the cells of some rows, which ascend; stars and the day of noughts stand for nothing."""
    raw = table.read(int(rows[0]), int(rows[-1] - rows[0]) + 1)[rows - rows[0], field.place]
    said = [bytes(one).strip(b" \0").decode("cp1250", "replace") for one in raw]
    return ["" if not one.strip("*") or (field.kind == b"D" and not one.strip("0")) else one for one in said]


def _plain(raw: Bytes, field: Field) -> Bools:
    empty: Bools = (KINDS[raw] == BLANK).all(axis=1) | (raw == ord("*")).all(axis=1)
    return empty | (_day(raw) if field.kind == b"D" else _number(raw, whole=field.decimals == 0))


def _day(raw: Bytes) -> Bools:
    """Tell eight digits that are a day of every year, or noughts, from all else."""
    digits = raw.astype(np.int64) - ord("0")
    if raw.shape[1] != len("20241231"):
        return np.zeros(len(raw), dtype=bool)
    month, day = digits[:, 4] * 10 + digits[:, 5], digits[:, 6] * 10 + digits[:, 7]
    last = LONGEST[np.where((month >= 1) & (month <= 12), month, 0)]
    a_day = (day >= 1) & (day <= last) & (digits[:, :4].any(axis=1))
    plain: Bools = ((digits >= 0) & (digits <= 9)).all(axis=1) & (a_day | ~digits.any(axis=1))
    return plain


def _number(raw: Bytes, *, whole: bool) -> Bools:
    """Tell one number in digits, whole or with a point and an exponent, from all else."""
    kinds = KINDS[raw]
    aside = np.pad(kinds, ((0, 0), (1, 1)), constant_values=BLANK)
    before, after = aside[:, :-2], aside[:, 2:]
    digit_before, digit_after = before == DIGIT, after == DIGIT
    dot, exponent = kinds == DOT, kinds == EXPONENT
    wrong = kinds == OTHER
    wrong |= (kinds == SIGN) & ~(((before == BLANK) | (before == EXPONENT)) & (digit_after | (after == DOT)))
    wrong |= exponent & ~((digit_before | (before == DOT)) & (digit_after | (after == SIGN)))
    wrong |= dot & ~(digit_before | digit_after)
    if whole:
        wrong |= dot | exponent
    else:
        wrong |= (dot | exponent) & (np.cumsum(exponent, axis=1) - exponent > 0)
    begins = ((before == BLANK) & (kinds != BLANK)).sum(axis=1)
    plain: Bools = ~wrong.any(axis=1) & (begins == 1) & (dot.sum(axis=1) <= 1)
    return plain
