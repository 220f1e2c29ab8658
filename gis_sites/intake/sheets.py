"""Workbooks (XLSX) in the child process: every sheet is a table without geometry, its first row the header.

Cells travel as texts: a number is spelt so that it is read back the same, a day as 2024-12-31, and what was typed as
text (leading zeros, long identifiers) stays as it was typed.
"""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gis_sites.errors import Refused
from gis_sites.intake.archive import harmless
from gis_sites.intake.formats import File
from gis_sites.intake.ogr import BATCH, refuse_twins

_UNNAMED = re.compile(r"(?:arkusz|sheet) ?\d*", re.IGNORECASE)
"""What programs call a sheet that nobody named."""
_ZEROS = re.compile(r"0{2,}")
"""The number format that shows leading zeros."""
Row = tuple[int, dict[int, str]]
"""Its number in the sheet, and its filled cells by column."""


def tables(file: File) -> list[dict[str, Any]]:
    """Return the tables of a workbook; sheets without a cell are none.

    Raises:
        Refused: the workbook is not to be trusted, a sheet has no header, or columns share a name.
    """
    harmless(file)
    found = []
    with _workbook(file) as book:
        for sheet in book.worksheets:
            rows = _rows(sheet)
            header = next(rows, None)
            if header is not None:
                found.append(_table(file, sheet.title, header[1], rows))
    for table in found:
        if _UNNAMED.fullmatch(table["layer"]):
            table["name"] = file.stem if len(found) == 1 else f"{file.stem}/{table['layer']}"
    return found


def _table(file: File, title: str, header: dict[int, str], rows: Iterator[Row]) -> dict[str, Any]:
    used, count = set(header), 0
    for _, cells in rows:
        used |= cells.keys()
        count += 1
    if 2 * len(header) < len(used):
        shown = ", ".join(header.values())
        raise Refused("import.header_missing", file=file.label, table=title, header=shown, columns=len(used))
    names = _names(header, used)
    refuse_twins(names.values(), file, title)
    columns = dict.fromkeys(names.values(), "str")
    return {"name": title, "layer": title, "geometry": None, "columns": columns, "rows": count, "crs": None}


def _names(header: dict[int, str], used: set[int]) -> dict[int, str]:
    """Return the name of each column, by its place."""
    return {place: header.get(place, f"column_{place}").strip() for place in sorted(used)}


def batches(file: File, table: str, columns: list[str]) -> Iterator[Any]:
    """Yield the rows of a sheet in batches: the row's number in the sheet, and the columns as texts."""
    import pyarrow as pa

    harmless(file)
    with _workbook(file) as book:
        rows = _rows(book[table])
        header = next(rows)[1]
        places = {name: place for place, name in _names(header, {*header, *_unnamed(columns)}).items()}
        wanted = [places[column] for column in columns]
        for part in _batched(rows):
            numbers = pa.array([number for number, _ in part], pa.int64())
            texts = [pa.array([cells.get(place) for _, cells in part], pa.string()) for place in wanted]
            yield pa.RecordBatch.from_arrays([numbers, *texts], names=["__row", *columns])


def _unnamed(columns: list[str]) -> set[int]:
    return {int(column[7:]) for column in columns if re.fullmatch(r"column_\d+", column)}


def _batched(rows: Iterator[Row]) -> Iterator[list[Row]]:
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == BATCH:
            yield part
            part = []
    if part:
        yield part


@contextmanager
def _workbook(file: File) -> Iterator[Any]:
    import openpyxl

    book = openpyxl.load_workbook(file.path, read_only=True, data_only=True, keep_links=False)
    try:
        yield book
    finally:
        book.close()


def _rows(sheet: Any) -> Iterator[Row]:  # noqa: ANN401 - openpyxl comes without types
    """Yield the rows that hold anything."""
    sheet.reset_dimensions()  # what a sheet says of its size is often wrong
    for number, row in enumerate(sheet.iter_rows(), 1):
        cells = {place: text for place, cell in enumerate(row, 1) if (text := _text(cell))}
        if cells:
            yield number, cells


def _text(cell: Any) -> str | None:  # noqa: ANN401 - openpyxl comes without types
    """Spell the value of a cell; None where it holds nothing but blanks."""
    value = cell.value
    match value:
        case None:
            return None
        case str():
            return value if value.strip() else None
        case bool():
            return "true" if value else "false"
        case int() | float():
            whole = str(int(value)) if isinstance(value, int) or value.is_integer() else repr(value)
            shown = cell.number_format
            return whole.zfill(len(shown)) if shown and _ZEROS.fullmatch(shown) else whole
        case dt.datetime():
            midnight = value.time() == dt.time()
            return value.date().isoformat() if midnight else value.isoformat(sep=" ", timespec="seconds")
        case _:
            return str(value)
