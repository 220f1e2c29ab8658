"""Profile blocks: the attributes one layer gives to parcels (or offers), each block a table of its own.

A block is known by its stamp: what it was made from. Numbers are stored with their low end and, only where some
ends differ, their high end (`name#high`); unknown is null, none is an infinity.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from gis_sites.columns import Column, Flags, Floats, Labels, Range
from gis_sites.store.copy import copy_in, copy_numbers, copy_out, quoted_column
from gis_sites.store.registry import profiles as profiles_table
from gis_sites.store.tables import SCHEMA, quoted

HIGH = "#high"
"""What the column of high ends adds to the name; no attribute can be called so."""


@dataclass(frozen=True)
class Profile:
    """A stored block: the attributes of one layer for one kind of site."""

    id: int
    layer: str
    kind: str
    stamp: str
    table: str
    types: Mapping[str, str]
    """Short attribute name -> `number`, `flag` or `label`."""
    ranges: frozenset[str]
    """The numbers with a high end of their own."""
    rows: int
    next_change: date | None
    at: datetime
    """When it was written."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The attributes, by their short names."""
        return tuple(self.types)


def find(conn: sa.Connection, stamp: str) -> Profile | None:
    """Return the block made from what the stamp says, None if there is none."""
    row = conn.execute(profiles_table.select().where(profiles_table.c.stamp == stamp)).one_or_none()
    return _profile(row) if row else None


def several(conn: sa.Connection, ids: Iterable[int]) -> list[Profile]:
    """Return the blocks of these ids."""
    rows = conn.execute(profiles_table.select().where(profiles_table.c.id.in_(list(ids))))
    return [_profile(row) for row in rows]


def _profile(row: Any) -> Profile:  # noqa: ANN401 - a row of the registry
    types = {one["name"]: one["type"] for one in row.columns}
    ranges = frozenset(one["name"] for one in row.columns if one["high"])
    what = (row.id, row.layer, row.kind, row.stamp, row.table_name)
    return Profile(*what, types, ranges, row.rows, row.next_change, row.at)


def write(
    conn: sa.Connection,
    *,
    layer: str,
    kind: str,
    stamp: str,
    columns: Mapping[str, Column],
    next_change: date | None,
) -> Profile:
    """Store a block: for each attribute a column with one value a row of the parcels' (offers') revision.

    Raises:
        ValueError: the columns are of different lengths.
    """
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"columns of {layer} for {kind} have different lengths: {sorted(lengths)}")
    n = lengths.pop() if lengths else 0
    listed = [{"name": name, "type": _type(column), "high": _two_ends(column)} for name, column in columns.items()]
    row = profiles_table.insert().values(
        layer=layer, kind=kind, stamp=stamp, table_name="", columns=listed, rows=n, next_change=next_change
    )
    made = conn.execute(row.returning(profiles_table.c.id)).scalar_one()
    table = f"{SCHEMA}.profile_{layer}_{kind}_p{made}"
    conn.execute(profiles_table.update().where(profiles_table.c.id == made).values(table_name=table))
    _store(conn, table, {"row": pa.array(np.arange(n, dtype=np.int32)), **_arrays(columns)})
    return several(conn, [made])[0]


def _store(conn: sa.Connection, table: str, arrays: Mapping[str, pa.Array]) -> None:
    sql = {pa.int32(): "integer PRIMARY KEY", pa.float64(): "double precision", pa.bool_(): "boolean"}
    columns = (f"{quoted_column(name)} {sql.get(array.type, 'text')}" for name, array in arrays.items())
    conn.execute(sa.text(f"CREATE TABLE {quoted(table)} ({', '.join(columns)})"))
    copy_in(conn, table, pa.table(dict(arrays)))
    conn.execute(sa.text(f"ANALYZE {quoted(table)}"))


def _type(column: Column) -> str:
    return {Range: "number", Flags: "flag", Labels: "label"}[type(column)]


def _two_ends(column: Column) -> bool:
    if not isinstance(column, Range) or column.low is column.high:
        return False
    return not np.array_equal(column.low, column.high, equal_nan=True)


def _arrays(columns: Mapping[str, Column]) -> dict[str, pa.Array]:
    found: dict[str, pa.Array] = {}
    for name, column in columns.items():
        if isinstance(column, Range):
            found[name] = pa.array(column.low, from_pandas=True)
            if _two_ends(column):
                found[name + HIGH] = pa.array(column.high, from_pandas=True)
        elif isinstance(column, Flags):
            found[name] = pa.array(column.values == 1, mask=column.values < 0)
        else:
            found[name] = _texts(column)
    return found


def _texts(column: Labels) -> pa.Array:
    import pyarrow.compute as pc

    codes = pa.array(column.codes, mask=column.codes < 0)
    return pc.take(pa.array(column.words, pa.string()), codes)


def read(conn: sa.Connection, profile: Profile, columns: Sequence[str] | None = None) -> dict[str, Column]:
    """Read attributes of a block as they were written, labels with their words in alphabetical order."""
    names = list(profile.types if columns is None else columns)
    numbers = _numbers(conn, profile, [name for name in names if profile.types[name] != "label"])
    found: dict[str, Column] = {}
    for name in names:
        match profile.types[name]:
            case "number":
                found[name] = Range(numbers[name], numbers.get(name + HIGH, numbers[name]))
            case "flag":
                found[name] = Flags(numbers[name].astype(np.int8))
            case _:
                found[name] = _labels(conn, profile, name)
    return found


def _numbers(conn: sa.Connection, profile: Profile, names: Sequence[str]) -> dict[str, Floats]:
    """Read numbers and flags: unknown is NaN, or -1 of a flag."""
    cells: dict[str, str] = {}
    for name in names:
        column = quoted_column(name)
        flag = profile.types[name] == "flag"
        cells[name] = f"coalesce({column}::integer, -1)::double precision" if flag else f"coalesce({column}, 'NaN')"
        if name in profile.ranges:
            cells[name + HIGH] = f"coalesce({quoted_column(name + HIGH)}, 'NaN')"
    return copy_numbers(conn, quoted(profile.table), cells) if cells else {}


def _labels(conn: sa.Connection, profile: Profile, name: str) -> Labels:
    """Read words once and a number for each row: the database counts them, in the order of code points."""
    word = f'{quoted_column(name)} COLLATE "C"'
    table = quoted(profile.table)
    listed = f"SELECT DISTINCT {word} AS word FROM {table} WHERE {word} IS NOT NULL ORDER BY word"  # noqa: S608
    numbered = f"(SELECT word, row_number() OVER (ORDER BY word) - 1 AS code FROM ({listed}) AS listed) AS numbered"  # noqa: S608
    coded = f"{table} LEFT JOIN {numbered} ON word = {word}"
    codes = copy_numbers(conn, coded, {"code": "coalesce(code, -1)::double precision"})["code"].astype(np.int32)
    words = copy_out(conn, listed, {"word": pa.string()})["word"].to_pylist()
    return Labels(codes, tuple(words))
