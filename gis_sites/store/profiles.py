"""Profile blocks: the attributes one layer gives to parcels (or offers), each block a table of its own.

A block is known by its stamp: what it was made from. Numbers are stored with their low end and, only where some
ends differ, their high end (`name#high`); unknown is null, none is an infinity.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from gis_sites.columns import Column, Flags, Floats, Labels, Range, Rows
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


@dataclass(frozen=True, eq=False)
class Former:
    """A block whose values stay for some rows of the next: `row` names its row for each of these, -1 for the others."""

    block: Profile
    row: Rows

    @property
    def anew(self) -> Rows:
        """The rows that take no value from the block."""
        return np.flatnonzero(self.row < 0)

    def runs(self) -> tuple[Rows, Rows, Rows]:
        """Return the rows that stay as runs: the first and the last row of each in the block, and how far it moves.

        >>> some = Former(Profile(1, "", "", "", "", {}, frozenset(), 6, None, datetime.max), np.array([0, 1, -1, 5]))
        >>> [one.tolist() for one in some.runs()]
        [[0, 5], [1, 5], [0, -2]]
        """
        stay = np.flatnonzero(self.row >= 0)
        old = self.row[stay]
        first = np.flatnonzero((np.diff(old, prepend=-2) != 1) | (np.diff(stay, prepend=-2) != 1))
        last = np.append(first[1:], len(stay)) - 1 if len(stay) else first
        return old[first], old[last], stay[first] - old[first]


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
    former: Former | None = None,
) -> Profile:
    """Store a block: for each attribute a column with one value a row of the parcels' (offers') revision.

    With a `former` block the columns speak of the rows only that take nothing from it; the others are copied inside
    the database, and where nothing at all is another the two blocks share a table.

    Raises:
        ValueError: the columns are of different lengths.
    """
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"columns of {layer} for {kind} have different lengths: {sorted(lengths)}")
    n = lengths.pop() if lengths else 0
    rows = np.arange(n, dtype=np.int32) if former is None else former.anew.astype(np.int32)
    high = {name for name, column in columns.items() if _two_ends(column)} | (former.block.ranges if former else set())
    listed = [{"name": name, "type": _type(column), "high": name in high} for name, column in columns.items()]
    row = profiles_table.insert().values(
        layer=layer, kind=kind, stamp=stamp, table_name="", columns=listed, next_change=next_change,
        rows=n if former is None else len(former.row),
    )  # fmt: skip
    made = conn.execute(row.returning(profiles_table.c.id)).scalar_one()
    arrays = {"row": pa.array(rows), **_arrays(columns, high)}
    if former is not None and _same(conn, former, arrays):
        table = former.block.table
    else:
        table = f"{SCHEMA}.profile_{layer}_{kind}_p{made}"
        _store(conn, table, arrays, former)
    conn.execute(profiles_table.update().where(profiles_table.c.id == made).values(table_name=table))
    return several(conn, [made])[0]


def _store(conn: sa.Connection, table: str, arrays: Mapping[str, pa.Array], former: Former | None) -> None:
    sql = {pa.int32(): "integer", pa.float64(): "double precision", pa.bool_(): "boolean"}
    columns = (f"{quoted_column(name)} {sql.get(array.type, 'text')}" for name, array in arrays.items())
    conn.execute(sa.text(f"CREATE TABLE {quoted(table)} ({', '.join(columns)})"))
    if former is not None:
        _copy_rows(conn, table, [name for name in arrays if name != "row"], former)
    copy_in(conn, table, pa.table(dict(arrays)))
    # Made at the end, the index takes a third of the time that it takes row by row.
    conn.execute(sa.text(f"ALTER TABLE {quoted(table)} ADD PRIMARY KEY (row)"))
    # Rows are only ever asked for by their numbers: a glance says enough, what stands in the columns nobody plans with.
    conn.execute(sa.text("SET LOCAL default_statistics_target = 1"))
    conn.execute(sa.text(f"ANALYZE {quoted(table)} (row)"))
    conn.execute(sa.text("SET LOCAL default_statistics_target TO DEFAULT"))


def _copy_rows(conn: sa.Connection, table: str, names: Sequence[str], former: Former) -> None:
    """Copy the rows that stay, run by run."""
    columns = [quoted_column(name) for name in names]
    # Where the former block had no high end of its own, it was the low one.
    ends = {quoted_column(name + HIGH): quoted_column(name) for name in former.block.types}
    held = {quoted_column(name + HIGH) for name in former.block.ranges}
    cells = [ends[name] if name in ends and name not in held else name for name in columns]
    runs = dict(zip(("first", "last", "by"), (one.tolist() for one in former.runs()), strict=True))
    conn.execute(
        sa.text(
            f"INSERT INTO {quoted(table)} ({', '.join(['row', *columns])}) "  # noqa: S608 - our own names
            f"SELECT {', '.join(['row + by', *cells])} FROM {quoted(former.block.table)} JOIN unnest("
            "CAST(:first AS integer[]), CAST(:last AS integer[]), CAST(:by AS integer[])) AS runs(first, last, by) "
            "ON row BETWEEN first AND last"
        ),
        runs,
    )


def _same(conn: sa.Connection, former: Former, arrays: Mapping[str, pa.Array]) -> bool:
    """Tell whether every row is what it is in a block, in its place."""
    anew = former.anew
    stays = former.row >= 0
    if len(former.row) != former.block.rows or not np.array_equal(former.row[stays], np.flatnonzero(stays)):
        return False
    held = {"row", *former.block.types, *(name + HIGH for name in former.block.ranges)}
    if not len(anew) or held != set(arrays):
        return held == set(arrays)
    query = f"SELECT {', '.join(map(quoted_column, arrays))} FROM {quoted(former.block.table)} "  # noqa: S608
    query += "WHERE row = ANY(%(rows)s) ORDER BY row"
    found = copy_out(conn, query, {name: array.type for name, array in arrays.items()}, {"rows": anew.tolist()})
    return all(_bits(found[name].combine_chunks()) == _bits(array) for name, array in arrays.items())


def _bits(array: pa.Array) -> list[object]:
    """Return cells so that only what is the same to the last bit is equal."""
    cells: list[object] = (array.view(pa.int64()) if pa.types.is_floating(array.type) else array).to_pylist()
    return cells


def _type(column: Column) -> str:
    return {Range: "number", Flags: "flag", Labels: "label"}[type(column)]


def _two_ends(column: Column) -> bool:
    if not isinstance(column, Range) or column.low is column.high:
        return False
    return not np.array_equal(column.low, column.high, equal_nan=True)


def _arrays(columns: Mapping[str, Column], high: Collection[str]) -> dict[str, pa.Array]:
    found: dict[str, pa.Array] = {}
    for name, column in columns.items():
        if isinstance(column, Range):
            found[name] = pa.array(column.low, from_pandas=True)
            if name in high:
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
