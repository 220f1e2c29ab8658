"""Finding rows by what people type: against a plain look at every identifier."""

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_sites.columns import Labels, Range
from gis_sites.store.search import beginning, labels, named

IDS = ["309901_1.0001.1", "309901_1.0001.1/2", "309901_1.0001.12", "309901_1.0002.1", "309901_1.0002.AR_1.2", "PT-1"]


def view(ids: list[str]) -> Any:
    """The little of a snapshot that searching looks at."""
    precincts = Labels.of([one.split(".")[1] if "." in one else None for one in ids])
    columns = {"parcel.precinct": precincts, "parcel.area_m2": Range.unknown(len(ids))}

    class View(SimpleNamespace):
        def __len__(self) -> int:
            return len(ids)

    return View(ids=pa.array(ids, pa.string()), id=ids.__getitem__, column=columns.__getitem__)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("309901_1.0001.1", [0, 1, 2]),
        ("309901_1.0001.1/2", [1]),
        (" 309901_1.0002 ", [3, 4]),
        ("1", [0, 3]),
        (".1/2", [1]),
        ("0002.1", [3]),
        ("ar_1", [4]),
        ("99", [0, 1, 2, 3, 4]),
        ("", []),
        ("nothing", []),
        ("3" * 81, []),
    ],
)
def test_finds_the_beginning_then_the_number_then_any_part(text: str, found: list[int]) -> None:
    assert named(view(IDS), text).tolist() == found


def test_an_empty_inventory_has_nothing() -> None:
    assert named(view([]), "1").tolist() == []
    assert beginning(view([]), "1").tolist() == []


@given(st.lists(st.text("0a./ł\U0010ffff", max_size=4), unique=True), st.text("0a./ł\U0010ffff", max_size=3))
def test_a_beginning_is_found_as_a_plain_look_finds_it(ids: list[str], text: str) -> None:
    ids = sorted(ids)
    expected = [place for place, one in enumerate(ids) if one.startswith(text)]
    found = beginning(view(ids), text).tolist()
    # Identifiers of the last sign there is lie beyond any beginning.
    assert found == [place for place in expected if not ids[place].startswith(text + "\U0010ffff")]


def test_labels_are_counted() -> None:
    assert labels(view(IDS), "parcel.precinct") == {"0001": 3, "0002": 2}
    assert labels(view(IDS), "parcel.area_m2") == {}
