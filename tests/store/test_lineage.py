import pytest

from gis_sites.store import lineage
from gis_sites.store.connect import Store
from gis_sites.store.lineage import Step
from tests.store.support import load

SPLIT, MERGED, NEW = "split", "merged", "renumbered"


@pytest.mark.parametrize(
    ("told", "asked", "wanted"),
    [
        ([[("a", "b", NEW)]], "a", ["b"]),
        ([[("a", "b", NEW)]], "b", []),
        ([[("a", "b", SPLIT), ("a", "c", SPLIT)]], "a", ["b", "c"]),
        ([[("a", "c", MERGED), ("b", "c", MERGED)]], "b", ["c"]),
        ([[("a", "b", SPLIT), ("a", "c", SPLIT)], [("c", "d", NEW)], [("d", "e", SPLIT), ("d", "f", SPLIT)]], "a",
         ["b", "e", "f"]),
        ([[("a", "b", NEW)], [("b", "a", NEW)]], "a", ["a"]),
        ([[("a", "b", NEW)], [("b", "a", NEW)]], "b", ["a"]),
        ([[("a", "b", NEW)], [("b", "a", NEW)], [("a", "c", NEW)]], "b", ["c"]),
        ([[("b", "c", NEW)], [("a", "b", NEW)]], "a", ["b"]),
        ([[("a", "a", SPLIT), ("a", "b", SPLIT)]], "a", ["a", "b"]),
        ([[("a", "a", SPLIT), ("a", "b", SPLIT)], [("a", "c", NEW)]], "a", ["b", "c"]),
        ([[("a", "b", NEW), ("b", "c", NEW)]], "a", ["b"]),
        ([[("b", "c", NEW), ("a", "b", NEW)], [("b", "d", NEW)]], "a", ["d"]),
        ([], "a", []),
    ],
)  # fmt: skip
def test_a_dead_identifier_answers_with_its_successors(
    store: Store, told: list[list[tuple[str, str, str]]], asked: str, wanted: list[str]
) -> None:
    with store.begin() as conn:
        for changes in told:
            assert lineage.record(conn, load(conn), changes) == len(changes)
        assert lineage.successors(conn, asked) == wanted


def test_the_trail_says_how_and_by_which_load(store: Store) -> None:
    with store.begin() as conn:
        one, two = load(conn), load(conn)
        lineage.record(conn, one, [("a", "b", SPLIT), ("a", "c", SPLIT), ("x", "y", NEW)])
        lineage.record(conn, one, [("a", "b", SPLIT)])
        lineage.record(conn, two, [("b", "d", MERGED), ("c", "d", MERGED)])
        assert lineage.record(conn, two, []) == 0
        assert lineage.trail(conn, "a") == [
            Step("a", "b", SPLIT, one), Step("a", "c", SPLIT, one),
            Step("b", "d", MERGED, two), Step("c", "d", MERGED, two),
        ]  # fmt: skip
        assert lineage.successors(conn, "a") == ["d"]
