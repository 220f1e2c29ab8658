import json
import random
from typing import Any

import matching_naive as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, FakeOffers, FakeView, column_of, view_of
from matching_strategies import profiles, requirements

from gis_sites.columns import Range
from gis_sites.errors import NotFound
from gis_sites.matching.reading import read_requirement, understand
from gis_sites.matching.shortlist import match
from gis_sites.matching.why import differences, why

DYADIC = st.integers(0, 8).map(lambda eighths: eighths / 8)
"""Numbers on which no rounding happens, so that the plain way gives the same bits."""


def answer(requirement: Any, *views: Any, top: int = 50) -> dict[str, Any]:
    return match(understand({"format": 1, **requirement}), views, CATALOGUE, top=top)


def scores(shortlist: Any) -> dict[str, Any]:
    return {
        one["id"]: (one["tier"], one["unknown_musts"], one["floor"], one["ceiling"]) for one in shortlist["candidates"]
    }


def bits(shortlist: Any) -> dict[str, str]:
    return {name: json.dumps(score) for name, score in scores(shortlist).items()}


@given(requirement=requirements(), profile=profiles(), data=st.data())
def test_law_3_no_score_depends_on_other_parcels(requirement: Any, profile: Any, data: Any) -> None:
    view = view_of(profile)
    whole = bits(answer(requirement, view))
    rows = data.draw(st.lists(st.integers(0, len(view) - 1), min_size=1, unique=True), label="rows left, in any order")
    left = {profile["id"][row] for row in rows}
    some = bits(answer(requirement, view.only(rows)))
    assert some == {name: score for name, score in whole.items() if name in left}


@given(requirement=requirements(), profile=profiles())
def test_the_order_of_rows_is_irrelevant(requirement: Any, profile: Any) -> None:
    view = view_of(profile)
    rows = list(range(len(view)))
    random.Random(1).shuffle(rows)
    assert differences(answer(requirement, view), answer(requirement, view.only(rows))) == []


@given(requirement=requirements(), profile=profiles(), top=st.integers(0, 5))
def test_the_first_few_are_the_first_of_all(requirement: Any, profile: Any, top: Any) -> None:
    view = view_of(profile)
    assert answer(requirement, view, top=top)["candidates"] == answer(requirement, view)["candidates"][:top]


@given(requirement=requirements(), profile=profiles())
def test_parts_sum_to_the_score(requirement: Any, profile: Any) -> None:
    for one in answer(requirement, view_of(profile))["candidates"]:
        if not requirement["want"]:
            assert (one["floor"], one["ceiling"], one["wants"]) == (None, None, [])
            continue
        floor = 0.0
        for want in one["wants"]:
            floor += want["points"]
            assert 0 <= want["worth"][0] <= want["worth"][1] <= 1
            assert want["gap"] >= 0
        assert one["floor"] == floor <= one["ceiling"] <= 100.0000001
        assert one["ceiling"] == pytest.approx(floor + sum(want["gap"] for want in one["wants"]))
        assert sum(want["of"] for want in one["wants"]) == pytest.approx(100)


@given(requirement=requirements(DYADIC, st.just(1.0)), profile=profiles(DYADIC))
def test_the_same_as_the_plain_way(requirement: Any, profile: Any) -> None:
    if len(requirement["want"]) == 3:  # thirds are rounded
        requirement["want"].popitem()
    found = [(one["id"], one["floor"], one["ceiling"]) for one in answer(requirement, view_of(profile))["candidates"]]
    plain = naive.rank(requirement, profile)
    assert [one[0] for one in found] == [one[0] for one in plain]
    assert [one[1:] for one in found] == [pytest.approx(one[1:], abs=1e-9) for one in plain]


@given(requirement=requirements(), profile=profiles())
def test_counts_add_up_and_why_tells_the_same(requirement: Any, profile: Any) -> None:
    shortlist = answer(requirement, view_of(profile))
    counts = shortlist["counts"]
    assert counts["considered"] == len(profile["id"]) == counts["eligible"] + counts["to_verify"] + counts["failed"]
    assert len(shortlist["candidates"]) == counts["eligible"] + counts["to_verify"]
    listed = {one["id"]: one for one in shortlist["candidates"]}
    model = understand(requirement)
    alone = dict.fromkeys(counts["failed_by"], 0)
    for identifier in profile["id"]:
        told = why(model, [view_of(profile)], CATALOGUE, identifier)["candidate"]
        failed = [must["attribute"] for must in told["musts"] if must["verdict"] == "failed"]
        if failed:
            assert identifier not in listed
            assert told["tier"] == "failed"
            if len(failed) == 1:
                alone[failed[0]] += 1
        else:
            assert {"rank": listed[identifier]["rank"], **told} == listed[identifier]
    assert alone == {name: by["alone"] for name, by in counts["failed_by"].items()}


PROFILE = {
    "id": ["b", "a", "c", "ż", "d"],
    "flood.share": [0.0, 0.0, [0.0, 0.2], 0.5, "unknown"],
    "power.mv_distance_m": [400, [0, 400], 200, 0, "none"],
}
REQUIREMENT: dict[str, Any] = {
    "must": {"flood.share": {"max": 0.0}},
    "want": {"power.mv_distance_m": {"at": [0, 800], "worth": [1, 0], "weight": 2}},
}


def test_the_shortlist_says_what_the_design_says() -> None:
    shortlist = answer(REQUIREMENT, view_of(PROFILE), top=1)
    assert list(shortlist) == [
        "format", "id", "made", "requirement", "asks", "inventory", "counts", "unknown_everywhere",
        "notices", "candidates",
    ]  # fmt: skip
    assert shortlist["format"] == "gis-sites/shortlist/1"
    assert shortlist["made"]["at"].endswith("Z")
    assert shortlist["inventory"] == {"state": 7, "as_of": "2026-11-21", "revisions": {"parcel": 3}}
    assert shortlist["counts"] == {
        "considered": 5, "eligible": 2, "to_verify": 2, "failed": 1,
        "failed_by": {"flood.share": {"at_all": 1, "alone": 1}},
    }  # fmt: skip
    source = {
        "kind": "layer",
        "layer": "flood",
        "revision": 2,
        "part": "all",
        "dated": "2026-06-30",
        "publisher": "Urząd",
    }
    assert shortlist["candidates"] == [
        {
            "rank": 1, "kind": "parcel", "id": "a", "parcels": ["a"], "tier": "eligible", "unknown_musts": 0,
            "floor": 50.0, "ceiling": 100.0,
            "musts": [{"attribute": "flood.share", "verdict": "met", "state": "exact", "value": 0.0,
                       "required": {"max": 0.0}, "source": source}],
            "wants": [{"attribute": "power.mv_distance_m", "state": "range", "value": None, "low": 0.0, "high": 400.0,
                       "worth": [0.5, 1.0], "points": 50.0, "gap": 50.0, "of": 100.0,
                       "source": {**source, "layer": "power"}}],
        }
    ]  # fmt: skip
    assert json.loads(json.dumps(shortlist)) == shortlist


def test_tier_then_unknown_musts_then_floor_then_ceiling_then_id() -> None:
    shortlist = answer(REQUIREMENT, view_of(PROFILE))
    assert scores(shortlist) == {
        "a": ("eligible", 0, 50.0, 100.0),
        "b": ("eligible", 0, 50.0, 50.0),
        "c": ("to_verify", 1, 75.0, 75.0),
        "d": ("to_verify", 1, 0.0, 0.0),
    }
    assert [one["rank"] for one in shortlist["candidates"]] == [1, 2, 3, 4]


def test_identifiers_are_ordered_by_code_point() -> None:
    ids = ["ź", "Z", "a", "ą", "10", "9", "𐀀", "\uffff"]
    view = view_of({"id": ids, "flood.share": [0.0] * len(ids)})
    for top in range(1, len(ids) + 1):
        listed = [one["id"] for one in answer({}, view, top=top)["candidates"]]
        assert listed == sorted(ids)[:top]


def test_a_view_in_the_order_of_identifiers_may_say_so() -> None:
    view = view_of({"id": ["a", "b", "c"], "flood.share": [0.1, 0.0, 0.0]})
    view.in_id_order = True
    assert [one["id"] for one in answer(REQUIREMENT | {"want": {}}, view, top=1)["candidates"]] == ["b"]


class Counting(FakeView):
    """A view that counts how often it is asked for an identifier."""

    asked = 0

    def id(self, row: int) -> str:
        self.asked += 1
        return super().id(row)


@pytest.mark.parametrize(("wants", "sorted_ids"), [(REQUIREMENT["want"], False), ({}, True)])
def test_only_the_first_few_rows_become_objects(wants: Any, sorted_ids: bool) -> None:
    n, top = 20_000, 10
    values = np.random.default_rng(1).random(n)
    columns = {"flood.share": Range.exact(np.zeros(n)), "power.mv_distance_m": Range.exact(values * 800)}
    view = Counting(columns, [f"{row:06d}" for row in range(n)])
    view.in_id_order = sorted_ids
    shortlist = answer({**REQUIREMENT, "want": wants}, view, top=top)
    wanted = np.argsort(values, kind="stable")[:top] if wants else np.arange(top)
    assert [one["id"] for one in shortlist["candidates"]] == [f"{row:06d}" for row in wanted]
    assert view.asked <= 4 * top


def test_unknown_may_be_called_failed() -> None:
    requirement = {"must": {"flood.share": {"max": 0.0, "unknown": "failed"}}}
    shortlist = answer(requirement, view_of(PROFILE))
    assert [one["id"] for one in shortlist["candidates"]] == ["a", "b"]
    assert shortlist["counts"]["failed"] == 3
    told = why(understand({"format": 1, **requirement}), [view_of(PROFILE)], CATALOGUE, "d")["candidate"]
    assert told["musts"][0] | {"source": None} == {
        "attribute": "flood.share", "verdict": "failed", "state": "unknown", "value": None,
        "required": {"max": 0.0}, "unknown": "failed", "source": None,
    }  # fmt: skip


def test_either_is_one_must_with_alternatives() -> None:
    local = {"zoning.production_share": {"min": 0.9}}
    general = {"zoning.plan_share": {"max": 0}, "general_plan.production_share": {"min": 0.9}}
    profile = {
        "id": ["local", "general", "neither", "doubtful"],
        "zoning.production_share": [1.0, 0.0, 0.5, 0.0],
        "zoning.plan_share": [1.0, 0.0, 1.0, 0.0],
        "general_plan.production_share": [0.0, 1.0, 1.0, "unknown"],
    }
    requirement = {"either": [{"any": [local, general], "note": "plans"}]}
    shortlist = answer(requirement, view_of(profile))
    assert {name: score[0] for name, score in scores(shortlist).items()} == {
        "general": "eligible", "local": "eligible", "doubtful": "to_verify",
    }  # fmt: skip
    assert shortlist["counts"]["failed_by"] == {"either[1]": {"at_all": 1, "alone": 1}}
    must = shortlist["candidates"][2]["musts"][0]
    assert (must["attribute"], must["verdict"], must["remarks"]) == ("either[1]", "unknown", {"note": "plans"})
    assert [option["verdict"] for option in must["any"]] == ["failed", "unknown"]
    assert [one["verdict"] for one in must["any"][1]["musts"]] == ["met", "unknown"]


def test_asks_stand_on_every_candidate_and_change_nothing() -> None:
    ask = {"text": {"pl": "moc", "en": "power"}, "of": "operator", "attribute": "power.capacity_kw"}
    asked = answer(REQUIREMENT | {"ask": [ask]}, view_of(PROFILE))
    assert asked["asks"] == [ask]
    assert all(one["asks"] == [{**ask, "verdict": "unknown"}] for one in asked["candidates"])
    assert scores(asked) == scores(answer(REQUIREMENT, view_of(PROFILE)))


def test_an_attribute_unknown_everywhere_is_said_not_refused() -> None:
    requirement = {"must": {"power.capacity_kw": {"min": 500}}, "want": {"road.class": {"any_of": ["main"]}}}
    shortlist = answer(requirement, view_of(PROFILE))
    assert shortlist["unknown_everywhere"] == ["power.capacity_kw", "road.class"]
    assert shortlist["counts"]["to_verify"] == 5
    assert answer(REQUIREMENT, view_of(PROFILE))["unknown_everywhere"] == []


def test_what_is_not_there_is_no_low_price() -> None:
    profile = {"id": ["none", "dear", "cheap", "maybe"], "offer.price_pln_m2": ["none", 90, 40, [float("-inf"), 40]]}
    requirement = {
        "must": {"offer.price_pln_m2": {"max": 50}},
        "want": {"offer.price_pln_m2": {"at": [0, 100], "worth": [1, 0]}},
    }
    shortlist = answer(requirement, view_of(profile))
    assert scores(shortlist) == {"cheap": ("eligible", 0, 60.0, 60.0), "maybe": ("to_verify", 1, 0.0, 100.0)}
    entry = shortlist["candidates"][1]["musts"][0]
    assert (entry["state"], entry["low"], entry["high"]) == ("range", None, 40.0)


def test_dates_are_days_as_iso_text() -> None:
    profile = {"id": ["a", "b"], "offer.available_from": [np.nan, np.nan]}
    view = view_of(profile)
    days = Range.exact(np.array([np.datetime64("2027-03-01", "D").astype(int), np.inf * -1]))
    view.columns["offer.available_from"] = days
    requirement = {
        "must": {"offer.available_from": {"max": "2027-03-01"}},
        "want": {"offer.available_from": {"at": ["2027-01-01", "2027-05-01"], "worth": [1, 0]}},
    }
    (one,) = answer(requirement, view)["candidates"]
    assert (one["musts"][0]["value"], one["musts"][0]["required"]) == ("2027-03-01", {"max": "2027-03-01"})
    assert one["floor"] == pytest.approx(100 * 61 / 120)


def test_parcels_and_offers_in_one_list() -> None:
    parcels = view_of({"id": ["p1", "p2", "p3"], "flood.share": [0.0, 0.3, 0.2]})
    shares = column_of(CATALOGUE.attributes["flood.share"], [0.1, 0.4])
    offers = FakeOffers({"flood.share": shares}, {"o1": ["p1", "p2"], "o2": ["p3"]})
    want = {"want": {"flood.share": {"at": [0, 1], "worth": [1, 0]}}}
    both = answer({**want, "scope": ["parcels", "offers"]}, parcels, offers)
    listed = [(one["kind"], one["id"], one["parcels"]) for one in both["candidates"]]
    assert listed == [
        ("parcel", "p1", ["p1"]), ("offer", "o1", ["p1", "p2"]), ("parcel", "p3", ["p3"]),
        ("parcel", "p2", ["p2"]), ("offer", "o2", ["p3"]),
    ]  # fmt: skip
    assert both["counts"]["considered"] == 5
    assert [one["id"] for one in answer({**want, "scope": "offers"}, parcels, offers)["candidates"]] == ["o1", "o2"]
    assert [one["id"] for one in answer(want, parcels, offers)["candidates"]] == ["p1", "p3", "p2"]
    reserved = {"must": {"parcel.id": {"none_of": ["p2"]}}, "scope": ["offers", "parcels"]}
    assert set(scores(answer(reserved, parcels, offers))) == {"o2", "p1", "p3"}


@pytest.mark.parametrize("n", [3, 200])
def test_parcel_identifiers_can_be_asked_for_and_kept_out(n: Any) -> None:
    view = view_of({"id": [f"p{row}" for row in range(n)], "flood.share": [0.0] * n})
    picked = answer({"must": {"parcel.id": {"any_of": ["p1", "p2", "gone"], "none_of": ["p2"]}}}, view)
    assert [one["id"] for one in picked["candidates"]] == ["p1"]
    assert picked["candidates"][0]["musts"][0]["value"] == "p1"
    preferred = answer({"want": {"parcel.id": {"any_of": ["p2"]}}}, view, top=2)
    assert [(one["id"], one["floor"]) for one in preferred["candidates"]] == [("p2", 100.0), ("p0", 0.0)]


def test_an_offer_that_names_no_parcel_is_unknown_to_a_list_of_parcels() -> None:
    offers = FakeOffers({}, {"o1": []})
    shortlist = answer({"must": {"parcel.id": {"none_of": ["p2"]}}, "scope": "offers"}, offers)
    assert scores(shortlist) == {"o1": ("to_verify", 1, None, None)}


def test_an_empty_inventory_gives_an_empty_shortlist() -> None:
    shortlist = answer(REQUIREMENT, view_of({"id": [], "flood.share": []}))
    assert shortlist["candidates"] == []
    assert shortlist["counts"]["failed_by"] == {"flood.share": {"at_all": 0, "alone": 0}}
    assert answer(REQUIREMENT)["counts"]["considered"] == 0


def test_the_same_question_of_the_same_state_has_the_same_name() -> None:
    one, again = (answer(REQUIREMENT, view_of(PROFILE)) for _ in range(2))
    assert one["id"] == again["id"]
    assert len(one["id"]) == 64
    other = answer(REQUIREMENT | {"must": {"flood.share": {"max": 0.1}}}, view_of(PROFILE))
    later = view_of(PROFILE)
    later.inventory = {**FakeView.inventory, "state": 8}
    assert len({one["id"], other["id"], answer(REQUIREMENT, later)["id"]}) == 3


@given(requirement=requirements(), profile=profiles())
@settings(max_examples=40)
def test_a_saved_shortlist_repeats_to_the_last_bit(requirement: Any, profile: Any) -> None:
    saved = json.loads(json.dumps(answer(requirement, view_of(profile))))
    again = match(read_requirement(saved), [view_of(profile)], CATALOGUE, top=len(saved["candidates"]))
    assert differences(saved, again) == []


def test_differences_name_their_place() -> None:
    one = answer(REQUIREMENT, view_of(PROFILE))
    other = json.loads(json.dumps(one))
    other["made"]["at"] = "2030-01-01T00:00:00Z"
    assert differences(one, other) == []
    other["candidates"][0]["floor"] = np.nextafter(50.0, 60.0).item()
    other["candidates"][1]["musts"].clear()
    found = differences(one, other)
    assert [place.partition(":")[0] for place in found] == ["candidates[1].floor", "candidates[2].musts"]


def test_only_another_version_may_say_more() -> None:
    one = answer(REQUIREMENT, view_of(PROFILE))
    other = json.loads(json.dumps(one))
    other["counts"]["new"] = other["candidates"][0]["new"] = 0
    assert differences(one, other) == ["counts.new: None != 0", "candidates[1].new: None != 0"]
    other["made"]["software"] = "gis-sites 99"
    assert differences(one, other) == []
    assert differences(other, one) == ["counts.new: 0 != None", "candidates[1].new: 0 != None"]


def test_why_not_a_parcel_that_is_not_there() -> None:
    with pytest.raises(NotFound, match="306101_1"):
        why(understand({"format": 1}), [view_of(PROFILE)], CATALOGUE, "x")
