"""Bulk traffic: Arrow tables to and from the database by COPY in CSV.

An unquoted empty cell is null, a quoted one is the empty text; numbers keep every bit, NaN and infinities included.
"""

import io
import struct
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from pyarrow import csv

from gis_sites.ahead import ahead
from gis_sites.columns import Floats
from gis_sites.store.tables import quoted

BATCH = 65_536
"""Rows turned into CSV at a time."""
BLOCK = 1 << 24
MAX_BLOCK = (1 << 31) - 1
"""Bytes of CSV parsed at a time, usually and at most."""
HEADER = 19
"""Bytes before the rows of a binary COPY; each begins with two that count its cells."""
ARRAY_HEADER = 20
"""Bytes before the cells of a binary array of one dimension."""
HEX = np.frombuffer(bytes(range(256)).hex().encode(), np.uint16)
"""The two hex digits of each byte."""
CELL = np.dtype([("length", ">i4"), ("value", ">f8")])


def copy_in(conn: sa.Connection, table: str, data: pa.Table | Iterable[pa.Table]) -> int:
    """Append rows to a table (`schema.name`), column by name; binary columns, geometry as EWKB, go as hex digits.

    Of several tables all have the columns of the first.

    Returns:
        the number of rows.
    """
    tables = iter([data] if isinstance(data, pa.Table) else data)
    first = next(tables, None)
    if first is None:
        return 0
    columns = ", ".join(quoted_column(name) for name in first.column_names)
    statement = f"COPY {quoted(table)} ({columns}) FROM STDIN (FORMAT csv)"
    rows = 0
    with _driver(conn).cursor() as cursor, cursor.copy(statement.encode()) as copy:
        # The server takes one block in while the next is written.
        for count, block in ahead(_blocks(chain([first], tables))):
            copy.write(block)
            rows += count
    return rows


def _blocks(tables: Iterable[pa.Table]) -> Iterator[tuple[int, memoryview]]:
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    for table in tables:
        for batch in table.to_batches(max_chunksize=BATCH):
            sink = io.BytesIO()
            csv.write_csv(_digits(batch), sink, options)
            yield batch.num_rows, sink.getbuffer()


def _digits(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [_hex(column) if pa.types.is_binary(column.type) else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _hex(column: pa.Array) -> pa.Array:
    """Return bytes as texts of hex digits."""
    starts = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    data = np.frombuffer(column.buffers()[2] or b"", np.uint8)[starts[0] : starts[-1]]
    ends = (starts - starts[0]).astype(np.int64) * 2
    texts = pa.LargeStringArray.from_buffers(len(column), pa.py_buffer(ends), pa.py_buffer(HEX[data]))
    return pc.if_else(column.is_valid(), texts, None) if column.null_count else texts


def copy_out(
    conn: sa.Connection, query: str, types: Mapping[str, pa.DataType], params: Mapping[str, Any] | None = None
) -> pa.Table:
    """Read a query whole; its columns are named and typed by `types`, in their order.

    `params` fill `%(name)s` in the query; without them a percent sign is just that.
    """
    text = psycopg.ClientCursor(_driver(conn)).mogrify(query, params) if params else query
    return _parse(_received(conn, f"COPY ({text}) TO STDOUT (FORMAT csv)"), types)


def copy_numbers(conn: sa.Connection, source: str, cells: Mapping[str, str]) -> dict[str, Floats]:
    """Read columns of numbers of a table (or of a query in brackets) whole, in the order of its `row`.

    `cells` are SQL expressions, double precision and never null. Each column travels as one array: a message a
    row, as in `copy_out`, takes five times as long.
    """
    inner = ", ".join(f'{cell} AS "{place}"' for place, cell in enumerate(["row::double precision", *cells.values()]))
    arrays = ", ".join(f'array_agg("{place}")' for place in range(len(cells) + 1))
    query = f"SELECT {arrays} FROM (SELECT {inner} FROM {source} ORDER BY row) AS sorted"  # noqa: S608 - our own names
    rows, *columns = _arrays(_received(conn, f"COPY ({query}) TO STDOUT (FORMAT binary)"), len(cells) + 1)
    if not np.array_equal(rows, np.arange(len(rows))):
        raise RuntimeError(f"the rows of {source} did not come in their order")
    return dict(zip(cells, columns, strict=True))


def copy_shapes(
    conn: sa.Connection, source: str, params: Mapping[str, Any] | None = None
) -> tuple[npt.NDArray[np.int64], pa.Array, pa.Array]:
    """Read `row`, `part` and `geom` of a query whole, in the order of its rows, without those that have no geometry.

    They travel as three long values: a message a row, as in `copy_out`, takes several times as long.

    Returns:
        row numbers, parts, geometries as WKB.
    """
    found = f"SELECT row, part, ST_AsBinary(geom) AS wkb FROM ({source}) AS found WHERE geom IS NOT NULL"  # noqa: S608
    query = (
        "SELECT string_agg(int4send(row), ''), array_agg(part), string_agg(int4send(length(wkb)), ''), "  # noqa: S608
        f"string_agg(wkb, '') FROM ({found} ORDER BY row) AS sorted"
    )
    with psycopg.Cursor(_driver(conn)) as cursor:
        numbers, parts, lengths, wkb = cursor.execute(query.encode(), params, binary=True).fetchone() or (None,) * 4
    ends = np.frombuffer(lengths or b"", ">i4").cumsum(dtype=np.int64)
    held = [None, pa.py_buffer(np.append(0, ends)), pa.py_buffer(wkb or b"")]
    shapes = pa.Array.from_buffers(pa.large_binary(), len(ends), held)
    return np.frombuffer(numbers or b"", ">i4").astype(np.int64), pa.array(parts or [], pa.string()), shapes


def _arrays(content: pa.Buffer, n: int) -> list[Floats]:
    """Read n binary arrays of double precision, one after the other; null is an empty one."""
    place = HEADER + 2
    found: list[Floats] = []
    for _ in range(n):
        (length,) = struct.unpack_from(">i", content, place)
        place += 4
        cells = max(length - ARRAY_HEADER, 0) // CELL.itemsize
        array = np.frombuffer(content, CELL, cells, place + ARRAY_HEADER) if cells else np.empty(0, CELL)
        found.append(array["value"].astype(np.float64))
        place += max(length, 0)
    return found


def _received(conn: sa.Connection, statement: str) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    try:
        with _driver(conn).cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for block in copy:
                sink.write(block)
    except psycopg.Error as error:
        # As what SQLAlchemy asks itself is told; the statement is left out, it may hold values.
        raise sa.exc.DBAPIError.instance("COPY", None, error, psycopg.Error) from error
    return sink.getvalue()


def _parse(received: pa.Buffer, types: Mapping[str, pa.DataType]) -> pa.Table:
    if not received.size:
        return pa.schema(list(types.items())).empty_table()
    try:
        return _read(received, types, BLOCK)
    except pa.ArrowInvalid as error:
        # A row may be longer than a block: one polygon of half a million points is.
        if "straddling" not in str(error) or received.size <= BLOCK:
            raise
        return _read(received, types, min(received.size + 1, MAX_BLOCK))


def _read(received: pa.Buffer, types: Mapping[str, pa.DataType], block: int) -> pa.Table:
    return csv.read_csv(
        pa.BufferReader(received),
        read_options=csv.ReadOptions(column_names=list(types), block_size=block),
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types=dict(types),
            null_values=[""],
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def quoted_column(name: str) -> str:
    """Quote a column name for SQL, dots and all."""
    return '"' + name.replace('"', '""') + '"'


def _driver(conn: sa.Connection) -> "psycopg.Connection[Any]":
    driver: psycopg.Connection[Any] = conn.connection.driver_connection  # type: ignore[assignment]
    return driver
