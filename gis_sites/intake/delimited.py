"""CSV in the child process: lists without geometry; every cell stays the text it is."""

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from gis_sites.errors import Refused
from gis_sites.intake import encodings
from gis_sites.intake.formats import File
from gis_sites.intake.ogr import BATCH, refuse_twins

DELIMITERS = ";,\t"
LOOKED_AT = 1 << 18
"""Bytes at the beginning of a file that tell its delimiter."""
RECORDS = 1000
BLOCK = 4 << 20
PIECE = 1 << 20
BOMS = {codecs.BOM_UTF8: encodings.UTF8, codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_EXCEL = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n", re.IGNORECASE)
"""The line by which a spreadsheet is told the delimiter."""
_WIDTH = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+)")


@dataclass(frozen=True)
class Layout:
    """How a file is written."""

    delimiter: str
    skip: int
    """Lines before the header."""
    columns: tuple[str, ...]


def tables(file: File) -> list[dict[str, Any]]:
    """Return the table of a file with the encoding of its texts.

    Raises:
        Refused: the delimiter is not clear, a row has another number of cells, columns share a name.
    """
    found = _encoding(file)
    read = file.with_encoding(found.name)
    layout = _layout(read)
    refuse_twins(layout.columns, file, file.stem)
    # While the encoding is unclear, the rows are counted byte by byte.
    counted = file.with_encoding("iso8859-1") if found.unclear else read
    return [
        {
            "name": file.stem,
            "layer": file.stem,
            "geometry": None,
            "columns": dict.fromkeys(layout.columns, "str"),
            "rows": sum(batch.num_rows for batch in _rows(counted, layout)),
            "crs": None,
            "encoding": found.name,
            "unclear": found.unclear,
        }
    ]


def batches(file: File, table: str, columns: list[str]) -> Iterator[Any]:
    """Yield the rows of a file, in batches: the number of the record (the header is 1) and the columns as texts."""
    import pyarrow as pa

    assert table == file.stem
    layout = _layout(file)
    places = [layout.columns.index(column) + 1 for column in columns]
    for batch in _rows(file, layout):
        arrays = [batch.columns[0], *(batch.columns[place] for place in places)]
        for start in range(0, batch.num_rows, BATCH):
            cut = [array.slice(start, BATCH) for array in arrays]
            yield pa.RecordBatch.from_arrays(cut, names=["__row", *columns])


def _encoding(file: File) -> encodings.Encoding:
    """Decide the encoding: a byte order mark's, else UTF-8 as the standard of CSV has it, else one that is stated."""
    with Path(file.path).open("rb") as raw:
        head = raw.read(4)
        for mark, encoding in BOMS.items():
            if head.startswith(mark):
                return encodings.Encoding(encoding)
        raw.seek(0)
        texts = encodings.survey(_pieces(raw, file))
    return encodings.decide(texts, encodings.UTF8, file.encoding, file=file.label)


def _pieces(raw: BinaryIO, file: File) -> Iterator[bytes]:
    """Yield a file piece by piece; one with zero bytes is no text."""
    while piece := raw.read(PIECE):
        if b"\0" in piece:
            raise Refused("import.not_as_named", file=file.label, suffix=".csv")
        yield piece


def _layout(file: File) -> Layout:
    """Tell the delimiter and the columns from the beginning of a file."""
    with Path(file.path).open(encoding=file.encoding, errors="replace", newline="") as opened:
        text = opened.read(LOOKED_AT)
        whole = not opened.read(1)
    told = _EXCEL.match(text)
    text = text[told.end() :] if told else text.removeprefix("\ufeff")
    if not whole:
        text = text[: text.rfind("\n") + 1] or text
    delimiter = told[1] if told else _delimiter(text, file)
    header = next((record for record in _records(text, delimiter) if record), None)
    if header is None or not any(name.strip() for name in header):
        raise Refused("import.empty_file", file=file.label)
    names = tuple(name.strip() or f"column_{place}" for place, name in enumerate(header, 1))
    return Layout(delimiter, 1 if told else 0, names)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    try:
        # Only line feeds and carriage returns end a line: spreadsheets put other signs of that kind into cells.
        yield from islice(csv.reader(StringIO(text, newline=""), delimiter=delimiter), RECORDS)
    except csv.Error:
        return


def _delimiter(text: str, file: File) -> str:
    """Return the only sign that parts the header, else the only one that parts every row alike.

    Raises:
        Refused: there is none, or there are two.
    """
    widths = {one: [len(record) for record in _records(text, one) if record] for one in DELIMITERS}
    heads = [one for one in DELIMITERS if widths[one] and widths[one][0] > 1]
    if not heads and all(set(found) <= {1} for found in widths.values()):
        return DELIMITERS[0]  # a single column
    if len(heads) > 1:
        heads = [one for one in heads if len(set(widths[one])) == 1]
    if len(heads) != 1:
        raise Refused("import.csv_delimiter", file=file.label)
    return heads[0]


def _rows(file: File, layout: Layout) -> Iterator[Any]:
    """Yield the rows in batches; one without a single filled cell is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    number = 1
    with _reader(file, layout) as stream:
        for batch in stream:
            empty = pa.array([True] * batch.num_rows)
            for column in batch.columns:
                empty = pc.and_(empty, pc.equal(column, ""))
            keep = pc.invert(empty)
            if number == 1:
                keep = pa.concat_arrays([pa.array([False]), keep.slice(1)])  # the header
            rows = pa.array(np.arange(number, number + batch.num_rows))
            number += batch.num_rows
            yield pa.RecordBatch.from_arrays(
                [rows, *batch.columns], names=["__row", *(str(place) for place in range(batch.num_columns))]
            ).filter(keep)


@contextmanager
def _reader(file: File, layout: Layout) -> Iterator[Any]:
    """Open the records as texts, the header among them.

    Raises:
        Refused: a record has another number of cells than the header.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    names = [str(place) for place in range(len(layout.columns))]
    try:
        yield arrow.open_csv(
            file.path,
            read_options=arrow.ReadOptions(
                use_threads=False,
                block_size=BLOCK,
                column_names=names,
                skip_rows=layout.skip,
                encoding=file.encoding or encodings.UTF8,
            ),
            parse_options=arrow.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True),
            convert_options=arrow.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
        )
    except pa.ArrowInvalid as error:
        if found := _WIDTH.search(str(error)):
            row, expected, got = found.groups()
            raise Refused("import.csv_row", file=file.label, row=row, expected=expected, got=got) from error
        raise
