"""What parcels' own lists take from the net area: hand-made hectares, and land laid out at random as a list says."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.profile.build import build
from gis_sites.profile.coverage import Cover
from gis_sites.profile.explain import explain
from gis_sites.profile.net_area import Waterfall
from gis_sites.profile.sites import Sites
from gis_sites.show_explain import explanation
from gis_sites.store import states
from gis_sites.store.connect import Store
from gis_sites.store.revisions import Revision
from tests.profile.nets import net_polygons
from tests.profile.scenes import array
from tests.profile.test_build import DAY, Held, numbers, publish_it, put
from tests.profile.test_net_area import CLEAR, HECTARE, TOWN, VILLAGE, box, by_step, fall, held, nothing_elsewhere

ITEMS = "Ls 0.3000; R/V 0.7000"
IDS = [f"{TOWN}1", f"{TOWN}2"]
CATALOGUE = load_catalogue()


def hectares(*items: str | None, registered_ha: float = 1.0, prefix: str = TOWN) -> Sites:
    """Hectares as drawn, each with a list."""
    ids = [f"{prefix}{place + 1}" for place in range(len(items))]
    table = pa.table(
        {"id": ids, "soil_items": pa.array(items, pa.string()), "registered_area_ha": [registered_ha] * len(ids)}
    )
    return Sites(array([HECTARE] * len(ids)), table, tuple((one,) for one in ids))


def known(catalogue: Catalogue, *, soil: Any = None, **rows: Any) -> dict[str, Any]:
    """Hold every layer the rules look at but soil, or this of it."""
    every = nothing_elsewhere(catalogue, **rows)
    del every["soil"]
    return every if soil is None else {**every, "soil": held(catalogue, "soil", soil)}


def ends(found: Waterfall, site: int = 0) -> tuple[float, float]:
    return float(found.net.low[site]), float(found.net.high[site])


def test_land_that_only_a_list_knows_makes_a_range(catalogue: Catalogue) -> None:
    """At best the forest lies in the rim that is lost anyway, at worst all of it elsewhere."""
    found = fall(catalogue, hectares(ITEMS), known(catalogue))
    steps = by_step(found)
    assert steps["water"] == (0, 0, 10_000, 10_000)
    assert steps["forest"] == (3000, 3000, 7000, 7000)
    assert steps["boundary"] == (10_000 - CLEAR, 10_000 - CLEAR, CLEAR - 3000, 7000)
    assert ends(found) == (CLEAR - 3000, 7000)
    assert found.unplaced[0].max() == 3000
    assert not len(found.unknown[0])
    # What is not surely lost can be drawn, what is surely left cannot: nobody knows where the forest is.
    assert found.shape[0].area == pytest.approx(CLEAR)
    assert found.sure_shape[0].is_empty


def test_what_polygons_show_is_not_taken_twice(catalogue: Catalogue) -> None:
    forest = [(box(0, 0, 20, 100), {"use": "Ls"})]
    found = fall(catalogue, hectares(ITEMS), known(catalogue, soil=forest))
    assert by_step(found)["forest"] == (3000, 3000, 7000, 7000)
    assert ends(found) == (76 * 92 - 1000, 76 * 92)
    assert found.unplaced[0].max() == 1000
    # All of it drawn: the list adds nothing, but for what rounding to square metres an item makes up.
    for width in (29.99, 30.0, 30.01):
        drawn = known(catalogue, soil=[(box(0, 0, width, 100), {"use": "Ls"})])
        found = fall(catalogue, hectares(ITEMS), drawn)
        assert ends(found) == pytest.approx(((96 - width) * 92, (96 - width) * 92))
        assert found.sure_shape[0].area == pytest.approx((96 - width) * 92)
    # More drawn than listed: the drawing shows where, and counts.
    found = fall(catalogue, hectares(ITEMS), known(catalogue, soil=[(box(0, 0, 50, 100), {"use": "Ls"})]))
    assert ends(found) == (46 * 92, 46 * 92)


def test_a_parcel_of_one_use_is_known_exactly(catalogue: Catalogue) -> None:
    where = hectares("Ls 1.0000", "R/V 1.0000", "Ls 0.4000; Wp 0.6000")
    found = fall(catalogue, where, known(catalogue))
    assert [ends(found, site) for site in range(3)] == [(0, 0), (CLEAR, CLEAR), (0, 0)]
    assert found.shape[0].is_empty
    assert found.shape[1].area == found.sure_shape[1].area == pytest.approx(CLEAR)


def test_items_of_several_steps_add_up_and_lie_apart(catalogue: Catalogue) -> None:
    found = fall(catalogue, hectares("Ls 0.3000; Wp 0.2000; R/V 0.5000"), known(catalogue))
    assert by_step(found)["water"] == (2000, 2000, 8000, 8000)
    assert by_step(found)["forest"] == (3000, 3000, 5000, 5000)
    assert ends(found) == (CLEAR - 5000, 5000)


def test_what_is_drawn_and_what_is_only_listed_lie_apart(catalogue: Catalogue) -> None:
    """The forest is drawn, the water is not: at best it lies in the rim, but never in the forest."""
    forest = [(box(0, 0, 30, 100), {"use": "Ls"})]
    found = fall(catalogue, hectares("Ls 0.3000; Wp 0.3000; R/V 0.4000"), known(catalogue, soil=forest))
    assert by_step(found)["forest"] == (3000, 3000, 4000, 4000)
    assert ends(found) == (66 * 92 - 3000, 4000)


def test_a_list_is_of_the_drawn_area_as_of_the_registered(catalogue: Catalogue) -> None:
    found = fall(catalogue, hectares("Ls 1.0000; R/V 1.0000", registered_ha=2.0), known(catalogue))
    assert by_step(found)["forest"] == (5000, 5000, 5000, 5000)


def test_what_a_list_leaves_open_is_unknown_where_polygons_are(catalogue: Catalogue) -> None:
    where = hectares("Ls 0.3000", None)
    found = fall(catalogue, where, known(catalogue))
    assert by_step(found)["water"] == (0, 7000, 3000, 10_000)
    assert by_step(found)["forest"] == (3000, 10_000, 0, 7000)
    assert [ends(found, site) for site in range(2)] == [(0, 7000), (0, CLEAR)]
    assert set(found.unknown[0].tolist()) == {0, 1}
    # Where polygons are known everywhere they answer the rest: there is no other forest than the listed.
    found = fall(catalogue, where, known(catalogue, soil=[]))
    assert [ends(found, site) for site in range(2)] == [(CLEAR - 3000, 7000), (CLEAR, CLEAR)]


def test_what_a_list_leaves_open_is_lost_once_whatever_it_is(catalogue: Catalogue) -> None:
    """A fifth of the hectare may be water, and may be forest, but not both."""
    found = fall(catalogue, hectares("Ls 0.3000; R/V 0.5000"), known(catalogue))
    assert by_step(found)["water"] == (0, 2000, 8000, 10_000)
    assert by_step(found)["forest"] == (3000, 5000, 5000, 7000)
    assert ends(found) == (CLEAR - 5000, 7000)


def test_a_list_answers_where_the_coverage_of_polygons_ends(catalogue: Catalogue) -> None:
    every = known(catalogue, soil=[])
    half = Cover(shapely.box(*box(0, -500, 50, 500).bounds), stated=False)
    every["soil"] = replace(every["soil"], cover=half)
    assert ends(fall(catalogue, hectares("R/V 1.0000"), every)) == (CLEAR, CLEAR)
    assert ends(fall(catalogue, hectares(None), every))[0] < CLEAR


def test_good_soil_of_a_list_may_bar_in_the_country(catalogue: Catalogue) -> None:
    items, every = "R/IIIa 0.5000; R/V 0.5000", known(catalogue)
    assert ends(fall(catalogue, hectares(items), every)) == (CLEAR, CLEAR)
    for prefix in (VILLAGE, "no identifier "):
        found = fall(catalogue, hectares(items, prefix=prefix), every)
        assert by_step(found)["soil"] == (0, 5000, 5000, 10_000)
        assert ends(found) == (CLEAR - 5000, CLEAR)


def test_partitions_do_not_change_a_bit(catalogue: Catalogue) -> None:
    lists = [ITEMS, None, "Ls 0.1234; Wp 0.3333; R/II 0.5433", "R/V 0.9000", "nonsense"]
    every = known(catalogue, soil=[(box(0, 0, 13, 100), {"use": "Ls"}), (box(50, 0, 99, 99), {"use": None})])
    where = hectares(*lists, prefix=VILLAGE)
    whole = fall(catalogue, where, every)
    for some in (np.array([2]), np.array([0, 3]), np.array([1, 2, 4])):
        part = fall(catalogue, where.take(some), every)
        for mine, theirs in zip((*part.takes, *part.leaves), (*whole.takes, *whole.leaves), strict=True):
            assert mine.tobytes() == theirs[some].tobytes()


SHARES = st.lists(st.integers(0, 40), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(SHARES, st.integers(0, 99), st.integers(0, 40), st.randoms(use_true_random=False))
def test_wherever_the_listed_land_lies_the_net_area_is_within(
    shares: list[int], flood: int, drawn: int, order: Any
) -> None:
    """Lay the items of a list out as strips in any order, some of them drawn: the truth is never outside."""
    catalogue = CATALOGUE
    uses = ["Ls", "Wp", "R/II", "R/V"][: len(shares)]
    shares = [min(one, 100 - sum(shares[:place])) for place, one in enumerate(shares)]
    shares = [max(one, 0) for one in shares]
    items = [(use, one) for use, one in zip(uses, shares, strict=True) if one]
    items.append(("B", 100 - sum(one for _, one in items)))
    order.shuffle(items)
    listed = "; ".join(f"{use} {one / 100:.4f}" for use, one in items)
    edges = np.cumsum([0, *(one for _, one in items)]).tolist()
    strips = [(use, box(a, 0, b, 100)) for (use, _), a, b in zip(items, edges[:-1], edges[1:], strict=True) if b > a]
    water = [(box(0, 0, flood, 30), {"scenario": "1"})]
    shown = [
        (strip.intersection(box(0, 0, drawn, 100)), {"use": use.split("/")[0], "class": "II" if "II" in use else None})
        for use, strip in strips
    ]
    shown = [row for row in shown if row[0].area > 0]
    truth = [(strip, {"use": use.split("/")[0], "class": "II" if "II" in use else None}) for use, strip in strips]
    every = known(catalogue, flood=water, soil=shown)
    exact = ends(fall(catalogue, hectares(None, prefix=VILLAGE), known(catalogue, flood=water, soil=truth)))
    low, high = ends(fall(catalogue, hectares(listed, prefix=VILLAGE), every))
    assert low <= exact[0] + 1e-6
    assert exact[1] <= high + 1e-6
    assert 0 <= low <= high <= CLEAR + 1e-6


def test_lists_count_from_the_store_to_the_explanation(store: Store, catalogue: Catalogue) -> None:
    """Two hectares side by side, the forest of one known by its list only; later that of the other is, too."""

    def revision(*items: str | None) -> Revision:
        rows = [
            {"key": one, "id": one, "precinct": "0001", "number": one[-1], "soil_items": cell,
             "registered_area_ha": 1.0, "geom": shapely.MultiPolygon([box(200 * place, 0, 200 * place + 100, 100)])}
            for place, (one, cell) in enumerate(zip(IDS, items, strict=True))
        ]  # fmt: skip
        return put(store, catalogue, "parcel", rows)

    rules = [rule for step in catalogue.layer("parcel").net for rule in step.rules]
    held: Held = {name: put(store, catalogue, name, []) for name in sorted({one.layer for one in rules} - {"parcel"})}
    expected = [(CLEAR - 3000, 7000), (CLEAR, CLEAR)]
    for items in ((ITEMS, "R/V 1.0000"), (ITEMS, ITEMS)):
        held["parcel"] = revision(*items)
        blocks, after = build(store, catalogue, held, as_of=DAY)
        expected[1] = expected[0] if items[1] == ITEMS else expected[1]
        assert numbers(store, blocks, "parcel_net.net_area_m2") == expected
        state = publish_it(store, held, (blocks, after))
    (found,) = [one for one in explain(store, catalogue, state, IDS[0]) if one["attribute"] == "parcel.net_area_m2"]
    assert (found["state"], found["low"], found["high"]) == ("range", CLEAR - 3000, 7000)
    assert found["reason"] == "place_unknown"
    steps = {one["step"]: one for one in found["steps"]}
    assert steps["forest"]["takes_m2"] == {"low": 3000, "high": 3000}
    assert steps["forest"]["leaves_m2"] == {"low": 7000, "high": 7000}
    assert {name for name, one in steps.items() if one["unplaced_m2"]} == {"forest"}
    (rule,) = steps["forest"]["rules"]
    assert (rule["layer"], rule["confidence"], rule["from"]) == ("soil", "from-memory", "1995-03-25")
    shown = [str(cell) for one in explanation([found], catalogue, "pl") for cell in one.columns[-1].cells]
    assert "z tego 3 000 m² zna tylko wykaz użytków działki" in "\n".join(shown).replace("\u00a0", " ")
    assert "art. 7 (z pamięci, niesprawdzone w akcie)" in "\n".join(shown)
    with store.begin() as conn:
        most, least = net_polygons(conn, catalogue, states.get(conn, state.id, coverages=True), IDS[:1])[IDS[0]]
    assert most.area == pytest.approx(CLEAR)
    assert least.is_empty
