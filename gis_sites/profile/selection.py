"""Which rows of a layer count: on a day, for an attribute; and what their cells say."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gis_sites.catalogue import UNKNOWN, Attribute, Layer, Where
from gis_sites.columns import NONE, Column, Flags, Floats, Labels, Range, Rows
from gis_sites.profile.features import Mask

NOBODY_KNOWS = -1
NOT_THERE = -2
"""Instead of a row's number: nobody knows which, or it is known that there is none."""

FACTORS: dict[tuple[str | None, str | None], float] = {("ha", "m2"): 10_000.0, ("m2", "ha"): 0.0001}
"""How many of the second unit one of the first is."""
EPOCH = date(1970, 1, 1)


def choose(layer: Layer, table: pa.Table, where: Where) -> tuple[Mask, Mask]:
    """Return the rows that surely match a `where`, and those that may match because a cell is empty.

    An empty cell matches where `unknown` is allowed; it may match where the field's empty cells mean unknown; it
    does not match where they mean none. A field the table lacks is empty in every row.

    Returns:
        sure, maybe: bool[rows]; maybe holds sure.
    """
    sure = np.ones(table.num_rows, dtype=bool)
    maybe = sure.copy()
    for name, codes in where.items():
        column = column_of(table, name)
        if column is None:
            empty, hit = np.ones(table.num_rows, dtype=bool), np.zeros(table.num_rows, dtype=bool)
        else:
            empty = np.asarray(column.is_null().combine_chunks().to_numpy(zero_copy_only=False), dtype=bool)
            wanted = pa.array([code for code in codes if code != UNKNOWN], type=column.type)
            hit = pc.is_in(column, value_set=wanted).combine_chunks().to_numpy(zero_copy_only=False) & ~empty
        if UNKNOWN in codes:
            hit = hit | empty
        sure &= hit
        maybe &= hit | empty if layer.fields[name].empty == "unknown" else hit
    return sure, maybe


def column_of(table: pa.Table, name: str) -> pa.ChunkedArray | None:
    """Return a column, None when the revision has no such field."""
    return table.column(name) if name in table.column_names else None


def numbers(table: pa.Table, name: str) -> Floats:
    """Return a number or date column as float64, dates as days since 1970-01-01, empty cells NaN."""
    column = column_of(table, name)
    if column is None:
        return np.full(table.num_rows, np.nan)
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)


def quantity(attribute: Attribute, table: pa.Table) -> Floats:
    """Return a number or date from the first of an attribute's fields that is filled, in the attribute's unit."""
    values = np.full(table.num_rows, np.nan)
    for name in attribute.spec.fields:
        factor = FACTORS.get((attribute.layer.fields[name].unit, attribute.unit), 1.0)
        cells = numbers(table, name)
        # The register counts hectares to four places: what times 10,000 adds beyond is noise.
        cells = cells if factor == 1.0 else np.round(cells * factor, 6)
        values = np.where(np.isnan(values), cells, values)
    return values


def texts(table: pa.Table, name: str) -> npt.NDArray[np.object_]:
    """Return a text column as objects, empty cells None."""
    column = column_of(table, name)
    if column is None:
        return np.full(table.num_rows, None, dtype=object)
    return np.asarray(column.to_numpy(), dtype=object)


def encoded(table: pa.Table, name: str) -> tuple[Rows, tuple[str, ...]]:
    """Return a text column as indexes into its sorted words, empty cells -1."""
    column = column_of(table, name)
    if column is None:
        return np.full(table.num_rows, -1, dtype=np.intp), ()
    words = tuple(sorted(word for word in pc.unique(column).to_pylist() if word is not None))
    codes = pc.index_in(column, value_set=pa.array(words, type=column.type)).fill_null(-1)
    return codes.combine_chunks().to_numpy(zero_copy_only=False).astype(np.intp), words


def picked(attribute: Attribute, table: pa.Table, rows: Rows) -> Column:
    """Return the cells of an attribute's field at some rows; `NOBODY_KNOWS` and `NOT_THERE` stand for themselves."""
    field = attribute.field
    if field is None:
        return blank(attribute, len(rows))
    name = attribute.spec.fields[0]
    empty_is_none = field.empty == "none"
    if attribute.kind in {"number", "date"}:
        values = _at(quantity(attribute, table), rows, np.nan)
        gone = (rows == NOT_THERE) | ((rows >= 0) & np.isnan(values) & empty_is_none)
        return Range.exact(np.where(gone, attribute.none, values))
    if attribute.kind == "flag":
        column = column_of(table, name)
        cells = np.full(table.num_rows, -1) if column is None else column.cast(pa.int8()).fill_null(-1).to_numpy()
        return Flags(np.where(rows == NOT_THERE, 0, _at(cells, rows, -1)).astype(np.int8))
    codes, words = encoded(table, name)
    at = _at(codes, rows, -1)
    gone = (rows == NOT_THERE) | ((rows >= 0) & (at < 0) & empty_is_none)
    words = words if NONE in words else (*words, NONE)
    return Labels(np.where(gone, words.index(NONE), at).astype(np.int32), words)


def _at(values: npt.NDArray[Any], rows: Rows, otherwise: float) -> npt.NDArray[Any]:
    result = np.full(len(rows), otherwise, dtype=values.dtype)
    result[rows >= 0] = values[rows[rows >= 0]]
    return result


def blank(attribute: Attribute, n: int) -> Column:
    """Return a column of the attribute's kind that nobody knows."""
    if attribute.kind == "flag":
        return Flags.unknown(n)
    return Range.unknown(n) if attribute.kind in {"number", "date"} else Labels.unknown(n)


def hidden(column: Column, rows: Mask) -> Column:
    """Return a column with some rows made unknown."""
    if not rows.any():
        return column
    if isinstance(column, Range):
        low = np.where(rows, np.nan, column.low)
        return Range(low, low if column.high is column.low else np.where(rows, np.nan, column.high))
    if isinstance(column, Flags):
        return Flags(np.where(rows, -1, column.values).astype(np.int8))
    return Labels(np.where(rows, -1, column.codes).astype(np.int32), column.words)


def stitched(parts: list[tuple[Rows, Column]], n: int) -> Column:
    """Put columns of parts together: each with the rows it speaks of."""
    columns = [column for _, column in parts]
    if all(isinstance(one, Range) for one in columns):
        low, high = np.full(n, np.nan), np.full(n, np.nan)
        for rows, column in parts:
            assert isinstance(column, Range)
            low[rows], high[rows] = column.low, column.high
        return Range(low, high)
    if all(isinstance(one, Flags) for one in columns):
        values = np.full(n, -1, dtype=np.int8)
        for rows, column in parts:
            assert isinstance(column, Flags)
            values[rows] = column.values
        return Flags(values)
    return _labels_stitched(parts, n)


def _labels_stitched(parts: list[tuple[Rows, Column]], n: int) -> Labels:
    labels = [(rows, column) for rows, column in parts if isinstance(column, Labels)]
    used = {column.words[code] for _, column in labels for code in np.unique(column.codes) if code >= 0}
    words = tuple(sorted(used))
    index = {word: code for code, word in enumerate(words)}
    codes = np.full(n, -1, dtype=np.int32)
    for rows, column in labels:
        new = np.array([*(index.get(word, -1) for word in column.words), -1], dtype=np.int32)
        codes[rows] = new[column.codes]
    return Labels(codes, words)


def valid_on(layer: Layer, table: pa.Table, day: date) -> Mask:
    """Return the rows that count on a day: from the first to the last, both included; an empty end is open."""
    mask = np.ones(table.num_rows, dtype=bool)
    if layer.rows.valid is None:
        return mask
    today = (day - EPOCH).days
    start, end = numbers(table, layer.rows.valid.start), numbers(table, layer.rows.valid.end)
    mask = ~(start > today) & ~(end < today)
    return np.asarray(mask, dtype=bool)


def interval(layer: Layer, table: pa.Table, day: date) -> tuple[date | None, date | None]:
    """Return since when, and until before which day, the same rows count as on a day.

    Returns:
        the last change on or before the day, and the next one after it; None where there is none.
    """
    if layer.rows.valid is None:
        return None, None
    starts, ends = numbers(table, layer.rows.valid.start), numbers(table, layer.rows.valid.end) + 1
    changes = np.concatenate([starts, ends])
    changes = changes[np.isfinite(changes)]
    today = (day - EPOCH).days
    before, after = changes[changes <= today], changes[changes > today]
    return (_day(before.max()) if len(before) else None), (_day(after.min()) if len(after) else None)


def _day(days: float) -> date:
    return EPOCH + timedelta(days=int(days))
