import pytest
import shapely

from gis_sites.store import comparison, lineage
from gis_sites.store.connect import Store
from gis_sites.store.lineage import Step
from gis_sites.store.revisions import Revision
from tests.store.support import PARCEL, heirs, layer, load, revision

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
            heirs(conn, load(conn), changes)
        assert lineage.successors(conn, asked) == wanted


def test_the_trail_says_how_and_by_which_load(store: Store) -> None:
    with store.begin() as conn:
        one, two = load(conn), load(conn)
        heirs(conn, one, [("a", "b", SPLIT), ("a", "c", SPLIT), ("x", "y", NEW)])
        heirs(conn, two, [("b", "d", MERGED), ("c", "d", MERGED)])
        assert lineage.trail(conn, "a") == [
            Step("a", "b", SPLIT, one), Step("a", "c", SPLIT, one),
            Step("b", "d", MERGED, two), Step("c", "d", MERGED, two),
        ]  # fmt: skip
        assert lineage.successors(conn, "a") == ["d"]


def test_chains_over_several_deliveries(store: Store) -> None:
    kind = layer(PARCEL)
    deliveries = [
        {"a": (0, 0, 40, 10), "d": (40, 0, 50, 10)},
        {"b": (0, 0, 20, 10), "c": (20, 0, 40, 10), "d": (40, 0, 50, 10)},  # a was divided
        {"b": (0, 0, 20, 10), "e": (20, 0, 50, 10)},  # c and d were merged
        {"b": (0, 0, 20, 10), "f": (20, 0, 50, 10)},  # e was renumbered
        {"b": (0, 0, 50, 10)},  # b takes f up, and keeps its number
    ]
    before: Revision | None = None
    for delivery in deliveries:
        shapes = {key: shapely.MultiPolygon([shapely.box(*bounds)]) for key, bounds in delivery.items()}
        with store.begin() as conn:
            told = load(conn)
        after = revision(store, kind, [{"key": key, "geom": shape} for key, shape in shapes.items()], load_id=told)
        with store.begin() as conn:
            comparison.compare(conn, kind, base=before, revision=after, parts=["all"])
            if before:
                lineage.record_descent(conn, told)
        before = after
        with store.begin() as conn:
            # Whoever asks at any time is led to what stands then, and to all of it.
            for key in {key for one in deliveries[: deliveries.index(delivery)] for key in one} - delivery.keys():
                heirs = lineage.successors(conn, key)
                assert heirs
                assert set(heirs) <= delivery.keys(), key
    with store.begin() as conn:
        assert lineage.successors(conn, "a") == lineage.successors(conn, "d") == ["b"]
        assert [(step.old, step.new, step.how) for step in lineage.trail(conn, "d")] == [
            ("d", "e", MERGED), ("e", "f", NEW), ("f", "b", MERGED),
        ]  # fmt: skip
