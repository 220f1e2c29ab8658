"""What the map is told of the found rows: all of them, one by one or gathered, whatever the box."""

import numpy as np
import pytest

from api import found
from api.found import WORLD, box_of, found_document


class Rows500k:
    """A view of many rows."""

    kind = "parcels"

    def id(self, row: int) -> str:
        return f"p{row}"


def test_many_are_gathered_and_none_is_lost() -> None:
    n = 450_000
    dice = np.random.default_rng(7)
    places = np.column_stack([dice.uniform(18.0, 18.2, n), dice.uniform(51.7, 51.9, n)])
    places[:50] = np.nan
    document = found_document(Rows500k(), places, np.arange(n), WORLD)  # type: ignore[arg-type]
    assert (document["found"], document["placed"], document["inside"]) == (n, n - 50, n - 50)
    assert document["exact"] is False
    assert len(document["features"]) <= found.CELLS**2
    assert sum(one["properties"]["count"] for one in document["features"]) == n - 50
    box = (18.05, 51.75, 18.06, 51.76)
    inside = [row for row, (x, y) in enumerate(places.tolist()) if 18.05 <= x <= 18.06 and 51.75 <= y <= 51.76]
    near = found_document(Rows500k(), places, np.arange(n), box)  # type: ignore[arg-type]
    assert near["exact"] is True
    assert [one["properties"]["site"] for one in near["features"]] == [f"p{row}" for row in inside]


def test_all_in_one_place_are_one_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found, "MOST_POINTS", 3)
    document = found_document(Rows500k(), np.full((9, 2), 18.0), np.arange(9), WORLD)  # type: ignore[arg-type]
    assert [one["properties"] for one in document["features"]] == [{"count": 9}]


@pytest.mark.parametrize("odd", ["", "1,2,3", "a,b,c,d", "1,2,3,4,5", "1e9,2,3,4", "nan,1,2,3"])
def test_a_box_that_makes_no_sense_is_the_world(odd: str) -> None:
    assert box_of(odd) == WORLD
    assert box_of("18.1,51.7,18.2,51.8") == (18.1, 51.7, 18.2, 51.8)
