"""Which rows count on a day, and for an attribute."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from gis_sites.profile.selection import choose, interval, valid_on
from tests.profile.scenes import layer

VALID = layer({}, rows={"valid": {"from": "start", "to": "end"}})
DAYS = pa.table(
    {
        "start": pa.array([date(2020, 1, 1), None, date(2027, 1, 1), None], pa.date32()),
        "end": pa.array([date(2026, 6, 30), date(2026, 12, 31), None, None], pa.date32()),
    }
)


@pytest.mark.parametrize(
    ("day", "counts", "since", "until"),
    [
        (date(2019, 12, 31), [False, True, False, True], None, date(2020, 1, 1)),
        (date(2020, 1, 1), [True, True, False, True], date(2020, 1, 1), date(2026, 7, 1)),
        (date(2026, 6, 30), [True, True, False, True], date(2020, 1, 1), date(2026, 7, 1)),
        (date(2026, 7, 1), [False, True, False, True], date(2026, 7, 1), date(2027, 1, 1)),
        (date(2027, 1, 1), [False, False, True, True], date(2027, 1, 1), None),
    ],
)
def test_rows_count_from_the_first_to_the_last_day(
    day: date, counts: list[bool], since: date | None, until: date | None
) -> None:
    assert valid_on(VALID, DAYS, day).tolist() == counts
    assert interval(VALID, DAYS, day) == (since, until)
    assert valid_on(layer({}), DAYS, day).all()
    assert interval(layer({}), DAYS, day) == (None, None)


def test_an_empty_cell_may_match_unless_empty_means_none() -> None:
    table = pa.table({"kind": pa.array(["a", "b", None]), "sure": pa.array(["yes", None, "yes"])})
    one = layer({})
    for where, sure, maybe in (
        ({}, [1, 1, 1], [1, 1, 1]),
        ({"kind": ("a",)}, [1, 0, 0], [1, 0, 1]),
        ({"kind": ("a", "unknown")}, [1, 0, 1], [1, 0, 1]),
        ({"kind": ("unknown",)}, [0, 0, 1], [0, 0, 1]),
        ({"kind": ("a",), "sure": ("no",)}, [0, 0, 0], [0, 0, 0]),
        ({"kind": ("a", "b"), "sure": ("yes",)}, [1, 0, 0], [1, 1, 1]),
        ({"flag": (True,)}, [0, 0, 0], [1, 1, 1]),  # a field the revision lacks
    ):
        found = choose(one, table, where)
        assert [mask.astype(int).tolist() for mask in found] == [sure, maybe], where
    fields = {**{name: field.model_dump() for name, field in one.fields.items()}}
    fields["kind"]["empty"] = "none"
    found = choose(layer({}, fields=fields), table, {"kind": ("a",)})
    assert [mask.astype(int).tolist() for mask in found] == [[1, 0, 0], [1, 0, 0]]


def test_flags_are_chosen_too() -> None:
    table = pa.table({"flag": pa.array([True, False, None])})
    sure, maybe = choose(layer({}), table, {"flag": (True,)})
    assert np.array_equal(sure, [True, False, False])
    assert np.array_equal(maybe, [True, False, True])
