import math
from datetime import date

import pyarrow as pa
import pytest
import sqlalchemy as sa
from psycopg.errors import UndefinedTable

from gis_sites.store.connect import Store
from gis_sites.store.copy import copy_in, copy_out

TEXTS = [
    "", None, "NULL", '"', 'a"b', "a,b", "a\nb", "a\r\nb", "\\", "\\.", "a\n\\.\nb", "\\N", " ", "  x ",
    "Łąka żółć ŹDŹBŁO",
    "ä½", "'", "%", "%s", "nan", "NaN", "\t", "0012", "true", "🏭", "a\n", "\n",
]  # fmt: skip
NUMBERS = [
    0.0,
    -0.0,
    None,
    math.nan,
    math.inf,
    -math.inf,
    0.1,
    1 / 3,
    5e-324,
    1.7976931348623157e308,
    2**53 + 2.0,
    -1e-7,
]


def test_every_kind_of_text_comes_back_as_it_went(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(sa.text("CREATE TABLE store.t (n int, txt text)"))
        data = pa.table({"n": pa.array(range(len(TEXTS)), pa.int32()), "txt": pa.array(TEXTS, pa.string())})
        assert copy_in(conn, "store.t", data) == len(TEXTS)
        back = copy_out(conn, "SELECT n, txt FROM store.t ORDER BY n", {"n": pa.int32(), "txt": pa.string()})
        assert back.column("txt").to_pylist() == TEXTS
        assert conn.execute(sa.text("SELECT n FROM store.t WHERE txt IS NULL")).scalars().all() == [1]
        assert conn.execute(sa.text("SELECT n FROM store.t WHERE txt = ''")).scalars().all() == [0]


def test_numbers_keep_every_bit(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(sa.text("CREATE TABLE store.t (n int, v double precision)"))
        places = pa.array(range(len(NUMBERS)), pa.int32())
        copy_in(conn, "store.t", pa.table({"n": places, "v": pa.array(NUMBERS, pa.float64())}))
        back = copy_out(conn, "SELECT v FROM store.t ORDER BY n", {"v": pa.float64()})["v"].to_pylist()
        stored = conn.execute(sa.text("SELECT v FROM store.t ORDER BY n")).scalars().all()
    assert [repr(value) for value in back] == [repr(value) for value in NUMBERS]
    assert [repr(value) for value in stored] == [repr(value) for value in NUMBERS]


def test_dates_and_flags(store: Store) -> None:
    days = [date(1, 1, 1), date(1970, 1, 1), None, date(2026, 11, 21), date(9999, 12, 31)]
    flags = [True, False, None, True, False]
    types = {"day": pa.date32(), "flag": pa.bool_()}
    with store.begin() as conn:
        conn.execute(sa.text("CREATE TABLE store.t (day date, flag boolean)"))
        copy_in(conn, "store.t", pa.table({"day": pa.array(days, pa.date32()), "flag": pa.array(flags)}))
        back = copy_out(conn, "SELECT day, flag FROM store.t ORDER BY ctid", types)
    assert back["day"].to_pylist() == days
    assert back["flag"].to_pylist() == flags


def test_one_column_of_nulls_is_not_an_empty_file(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(sa.text("CREATE TABLE store.t (txt text)"))
        assert copy_in(conn, "store.t", pa.table({"txt": pa.array([None, None, "x"], pa.string())})) == 3
        assert copy_out(conn, "SELECT txt FROM store.t", {"txt": pa.string()})["txt"].to_pylist() == [None, None, "x"]


def test_no_rows_have_their_types_all_the_same(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(sa.text("CREATE TABLE store.t (txt text)"))
        assert copy_in(conn, "store.t", pa.table({"txt": pa.array([], pa.string())})) == 0
        back = copy_out(conn, "SELECT txt FROM store.t", {"txt": pa.string()})
    assert back.num_rows == 0
    assert back.schema == pa.schema({"txt": pa.string()})


def test_a_cell_larger_than_a_block_is_read(store: Store) -> None:
    with store.begin() as conn:
        query = "SELECT repeat('ż', 12000000) AS long UNION ALL SELECT 'short'"
        back = copy_out(conn, query, {"long": pa.string()})["long"].to_pylist()
    assert [len(text) for text in back] == [12_000_000, 5]


def test_parameters_are_quoted_and_percent_signs_are_left(store: Store) -> None:
    with store.begin() as conn:
        text = "it's; DROP TABLE x; --%s"
        got = copy_out(conn, "SELECT %(a)s::text, '100%%'", {"a": pa.string(), "b": pa.string()}, {"a": text})
        assert got.to_pylist() == [{"a": text, "b": "100%"}]
        assert copy_out(conn, "SELECT '100%'", {"b": pa.string()})["b"].to_pylist() == ["100%"]


def test_columns_are_quoted(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(sa.text('CREATE TABLE store."odd name" ("a#high" int, "b""c" int)'))
        copy_in(conn, "store.odd name", pa.table({'b"c': [2], "a#high": [1]}))
        assert conn.execute(sa.text('SELECT "a#high", "b""c" FROM store."odd name"')).one() == (1, 2)


def test_a_row_that_does_not_fit_leaves_nothing(store: Store) -> None:
    with store.begin() as conn:
        conn.execute(sa.text("CREATE TABLE store.t (n int CHECK (n < 2))"))
    with pytest.raises(Exception, match="violates check"), store.begin() as conn:
        copy_in(conn, "store.t", pa.table({"n": [1, 2]}))
    with store.begin() as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM store.t")).scalar_one() == 0


def test_what_the_database_refuses_is_told_as_of_any_other_question(store: Store) -> None:
    with store.begin() as conn, pytest.raises(sa.exc.ProgrammingError) as told:
        copy_out(conn, "SELECT 1 FROM store.gone WHERE key = %(key)s", {"one": pa.int32()}, {"key": "a secret"})
    assert isinstance(told.value.orig, UndefinedTable)
    assert told.value.statement == "COPY"
