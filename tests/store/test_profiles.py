from datetime import date

import numpy as np
import pytest
import sqlalchemy as sa

from gis_sites.columns import Flags, Labels, Range
from gis_sites.store import profiles, retention, states
from gis_sites.store.connect import Store
from gis_sites.store.copy import BATCH

INF, NAN = np.inf, np.nan


def test_every_kind_of_value_comes_back(store: Store) -> None:
    low = np.array([0.1, NAN, INF, -INF, 5.0])
    high = np.array([0.1, NAN, INF, -INF, INF])
    columns = {
        "exact": Range.exact(low),
        "same": Range(low, low.copy()),
        "range": Range(low, high),
        "flag": Flags(np.array([1, 0, -1, 1, 0], dtype=np.int8)),
        "label": Labels(np.array([1, -1, 0, 2, 1], dtype=np.int32), ("ż", "a,b", "", "never")),
    }
    with store.begin() as conn:
        made = profiles.write(
            conn, layer="pipe", kind="parcels", stamp="s", columns=columns, next_change=date(2027, 1, 1)
        )
        back = profiles.read(conn, made)
        assert profiles.find(conn, "s") == made
        assert profiles.find(conn, "t") is None
        some = profiles.read(conn, made, ["label"])
    assert made.columns == ("exact", "same", "range", "flag", "label")
    assert made.ranges == {"range"}
    assert (made.rows, made.next_change, made.layer, made.kind) == (5, date(2027, 1, 1), "pipe", "parcels")
    for name in ("exact", "same", "range"):
        column, wanted = back[name], columns[name]
        assert isinstance(column, Range)
        assert isinstance(wanted, Range)
        np.testing.assert_array_equal(column.low, wanted.low)
        np.testing.assert_array_equal(column.high, wanted.high)
        assert (column.high is column.low) == (name != "range")
    flag, label = back["flag"], back["label"]
    assert isinstance(flag, Flags)
    assert flag.values.dtype == np.int8
    assert flag.values.tolist() == [1, 0, -1, 1, 0]
    assert isinstance(label, Labels)
    assert label.words == ("", "a,b", "ż")
    assert [label.text(row) for row in range(5)] == ["a,b", None, "ż", "", "a,b"]
    assert list(some) == ["label"]


def test_unknown_is_null_and_none_is_infinite_in_the_table(store: Store) -> None:
    columns = {"d": Range(np.array([NAN, INF, 1.0]), np.array([NAN, INF, 2.0]))}
    with store.begin() as conn:
        made = profiles.write(conn, layer="pipe", kind="offers", stamp="s", columns=columns, next_change=None)
        rows = conn.execute(sa.text(f'SELECT "row", "d", "d#high" FROM {made.table} ORDER BY 1')).all()
    assert rows == [(0, None, None), (1, INF, INF), (2, 1.0, 2.0)]


def test_an_attribute_called_like_a_high_end_is_no_clash(store: Store) -> None:
    columns = {
        "d": Range(np.array([1.0]), np.array([2.0])),
        "d_high": Range.exact(np.array([3.0])),
        "row": Flags.unknown(1),
    }
    columns.pop("row")
    with store.begin() as conn:
        made = profiles.write(conn, layer="pipe", kind="parcels", stamp="s", columns=columns, next_change=None)
        back = profiles.read(conn, made)
    assert {name: (one.low[0], one.high[0]) for name, one in back.items() if isinstance(one, Range)} == {
        "d": (1.0, 2.0),
        "d_high": (3.0, 3.0),
    }


def test_blocks_without_rows_or_without_attributes(store: Store) -> None:
    with store.begin() as conn:
        none = profiles.write(
            conn, layer="pipe", kind="parcels", stamp="a", columns={"x": Range.unknown(0)}, next_change=None
        )
        bare = profiles.write(conn, layer="pipe", kind="parcels", stamp="b", columns={}, next_change=None)
        assert len(profiles.read(conn, none)["x"]) == 0
        assert profiles.read(conn, bare) == {}


def test_many_rows_keep_their_order(store: Store) -> None:
    n = 2 * BATCH + 7
    values = np.random.default_rng(7).random(n)
    values[::1000] = NAN
    columns = {"x": Range.exact(values), "f": Flags((np.arange(n) % 3 - 1).astype(np.int8))}
    with store.begin() as conn:
        made = profiles.write(conn, layer="pipe", kind="parcels", stamp="s", columns=columns, next_change=None)
        back = profiles.read(conn, made)
    number, flag = back["x"], back["f"]
    assert isinstance(number, Range)
    assert isinstance(flag, Flags)
    np.testing.assert_array_equal(number.low, values)
    np.testing.assert_array_equal(flag.values, np.arange(n) % 3 - 1)


def test_columns_of_different_lengths_are_a_mistake(store: Store) -> None:
    columns = {"a": Range.unknown(1), "b": Flags.unknown(2)}
    with store.begin() as conn, pytest.raises(ValueError, match="different lengths"):
        profiles.write(conn, layer="pipe", kind="parcels", stamp="s", columns=columns, next_change=None)


# ---- what a block takes from the one before ------------------------------------------------------------


def first(store: Store, **columns: Range | Flags | Labels) -> profiles.Profile:
    with store.begin() as conn:
        return profiles.write(conn, layer="pipe", kind="parcels", stamp="a", columns=columns, next_change=None)


def after(store: Store, block: profiles.Profile, row: list[int], **columns: Range | Flags | Labels) -> profiles.Profile:
    former = profiles.Former(block, np.array(row))
    with store.begin() as conn:
        return profiles.write(
            conn, layer="pipe", kind="parcels", stamp="b", columns=columns, next_change=None, former=former
        )


def test_rows_that_stay_are_copied_wherever_they_went(store: Store) -> None:
    x = Range.exact([0.1, NAN, INF, 3.0, -0.0, 5.0])
    flag = Flags(np.array([1, 0, -1, 1, 0, 1], dtype=np.int8))
    label = Labels.of(["a", None, "ż", "", "none", "a"])
    block = first(store, x=x, flag=flag, label=label)
    # The second row is gone, one came at the front and one between; the former block had no high ends.
    fresh = {
        "x": Range(np.array([7.0, 8.0]), np.array([7.0, 9.0])),
        "flag": Flags(np.array([-1, 0], dtype=np.int8)),
        "label": Labels.of([None, "new"]),
    }
    row = [-1, 0, 2, 3, -1, 4, 5]
    made = after(store, block, row, **fresh)
    with store.begin() as conn:
        back = profiles.read(conn, made)
    assert (made.rows, made.ranges, made.table != block.table) == (7, {"x"}, True)
    low, high = back["x"].low, back["x"].high
    np.testing.assert_array_equal(low, [7.0, 0.1, INF, 3.0, 8.0, -0.0, 5.0])
    np.testing.assert_array_equal(high, [7.0, 0.1, INF, 3.0, 9.0, -0.0, 5.0])
    assert np.signbit(low[5])
    assert back["flag"].values.tolist() == [-1, 1, -1, 1, 0, 0, 1]
    assert [back["label"].text(one) for one in range(7)] == [None, "a", "ż", "", "new", "none", "a"]


def test_blocks_that_say_the_same_share_a_table(store: Store) -> None:
    x, label = Range.exact([0.1, 0.0, NAN]), Labels.of(["a", None, "b"])
    block = first(store, x=x, label=label)
    same = after(store, block, [0, -1, -1], x=Range.exact([0.0, NAN]), label=Labels.of([None, "b"]))
    assert (same.table, same.id != block.id) == (block.table, True)
    with store.begin() as conn:
        assert profiles.find(conn, "b") == same
        conn.execute(sa.text("DELETE FROM registry.profiles WHERE stamp = 'b'"))
    # Minus zero is not zero, a row in another place is another row, a row more is more.
    for row, values in (([0, -1, 2], [-0.0]), ([0, 2, -1], [0.0]), ([0, 1, 2, -1], [1.0])):
        texts = Labels.of([None] * len(values))
        other = after(store, block, row, x=Range.exact(values), label=texts)
        assert other.table != block.table
        with store.begin() as conn:
            conn.execute(sa.text("DELETE FROM registry.profiles WHERE stamp = 'b'"))


def test_a_shared_table_stays_as_long_as_one_of_its_blocks_is_held(store: Store) -> None:
    block = first(store, x=Range.exact([1.0]))
    same = after(store, block, [0], x=Range.exact([]))
    assert same.table == block.table
    with store.begin() as conn:
        for one in (block, same):
            held = {"revisions": {}, "profiles": {"pipe": {"parcels": one}}, "as_of": date(2026, 1, 1)}
            states.publish(conn, **held, stale_after=None, reason="test")
        conn.execute(
            sa.text("UPDATE registry.states SET dropped_at = now() WHERE id = (SELECT min(id) FROM registry.states)")
        )
    assert retention.sweep(store) == ()
    with store.begin() as conn:
        assert len(profiles.read(conn, same)["x"]) == 1
