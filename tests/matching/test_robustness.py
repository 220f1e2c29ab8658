"""Chances under drawn weights, ranges and unknowns: known answers, exact pruning, the weight that swaps two."""

import json
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, view_of
from matching_strategies import profiles, requirements

from gis_sites.matching import contenders
from gis_sites.matching.reading import understand
from gis_sites.matching.robustness import FACTOR, FIRST, swap
from gis_sites.matching.shortlist import match

DISTANCE, AREA = "road.distance_m", "parcel.area_m2"
FALLING, RISING = {"at": [0, 1000], "worth": [1, 0]}, {"at": [0, 1000], "worth": [0, 1]}


def robust(table: Any, profile: Any, top: int = 50) -> Any:
    answer = match(understand({"format": 1, **table}), [view_of(profile)], CATALOGUE, top=top, also=["robustness"])
    return answer["robustness"]


def within(share: float, told: Any) -> bool:
    """Whether a known chance lies in the interval told, or a hair outside: one in twenty would."""
    return bool(told["low"] - 0.02 <= share <= told["high"] + 0.02)


def first(told: Any, identifier: str) -> Any:
    return next(one["first"] for one in told["candidates"] if one["id"] == identifier)


def test_chances_of_two_that_differ_in_weights_alone() -> None:
    # A weight of 2 against one of 1, each between half and double: on a logarithmic scale two sides of a square,
    # of which an eighth is lost.
    wants = {DISTANCE: {**FALLING, "weight": 2}, AREA: RISING}
    told = robust({"want": wants}, {"id": ["a", "b"], DISTANCE: [0, 1000], AREA: [0, 1000]})
    assert FACTOR == 2
    assert within(7 / 8, first(told, "a"))
    assert within(1 / 8, first(told, "b"))
    assert first(told, "a")["chance"] + first(told, "b")["chance"] == pytest.approx(1)
    assert (told["speaks_of"], told["nobody"]["chance"], told["others"]["chance"]) == ("set", 0, 0)
    assert [one["among_first"]["chance"] for one in told["candidates"]] == [1, 1]


def test_a_range_is_drawn_once_for_the_must_and_the_want() -> None:
    # b is at 0 to 1000 m, must be within 500 and beats the quarter of a when within 250.
    table = {"must": {DISTANCE: {"max": 500}}, "want": {DISTANCE: FALLING}}
    told = robust(table, {"id": ["a", "b"], DISTANCE: [250, [0, 1000]]})
    assert within(0.25, first(told, "b"))
    assert within(0.75, first(told, "a"))
    b = next(one for one in told["candidates"] if one["id"] == "b")
    assert within(0.5, b["among_first"])


def test_what_nobody_knows() -> None:
    told = robust({"must": {"flood.share": {"max": 0}}}, {"id": ["a"], "flood.share": ["unknown"]})
    assert within(0.5, first(told, "a"))
    assert within(0.5, told["nobody"])
    told = robust({"want": {DISTANCE: FALLING}}, {"id": ["a", "b"], DISTANCE: [250, "unknown"]})
    assert within(0.25, first(told, "b"))
    either = [{"any": [{"flood.share": {"max": 0}}, {"zoning.plan_share": {"min": 1}}]}]
    told = robust({"either": either}, {"id": ["a"], "flood.share": ["unknown"], "zoning.plan_share": [[0, 1]]})
    assert within(0.5, first(told, "a"))


def test_who_is_not_listed_is_counted_with_the_others() -> None:
    profile = {"id": list("abcd"), DISTANCE: [[0, 1000]] * 4}
    told = robust({"want": {DISTANCE: FALLING}}, profile, top=2)
    assert [one["id"] for one in told["candidates"]] == ["a", "b"]
    assert within(0.5, told["others"])
    assert all(within(FIRST / 4, one["among_first"]) for one in told["candidates"])


def test_the_same_question_is_answered_the_same() -> None:
    profile = {"id": list("abcd"), DISTANCE: [[0, 900], "unknown", 3, [2, 700]]}
    one, other = (json.dumps(robust({"want": {DISTANCE: FALLING}}, profile)) for _ in range(2))
    assert one == other
    title = json.dumps(robust({"want": {DISTANCE: FALLING}, "title": "another"}, profile))
    assert json.loads(title)["seed"] != json.loads(one)["seed"]


@settings(max_examples=40)
@given(requirement=requirements(), profile=profiles(most=10))
def test_only_those_are_left_out_that_change_nothing(requirement: Any, profile: Any) -> None:
    few = robust(requirement, profile)
    with patch.object(contenders, "REFERENCES", 0):
        every = robust(requirement, profile)
    assert few["contenders"] <= every["contenders"]
    assert {**few, "contenders": 0} == {**every, "contenders": 0}


@settings(max_examples=40)
@given(requirement=requirements(), profile=profiles(most=10), data=st.data())
def test_a_hopeless_site_changes_no_draw(requirement: Any, profile: Any, data: Any) -> None:
    view = view_of(profile)
    asked = understand({"format": 1, **requirement})
    whole = match(asked, [view], CATALOGUE, also=["robustness"])
    hopeless = [one["id"] for one in whole["robustness"]["candidates"] if one["among_first"]["chance"] == 0]
    gone = data.draw(st.sets(st.sampled_from(hopeless)) if hopeless else st.just(set()), label="gone")
    rows = [row for row, identifier in enumerate(view.ids) if identifier not in gone]
    left = match(asked, [view.only(rows)], CATALOGUE, also=["robustness"]) if rows else whole
    chances = {one["id"]: (one["first"], one["among_first"]) for one in whole["robustness"]["candidates"]}
    for one in left["robustness"]["candidates"]:
        assert (one["first"], one["among_first"]) == chances[one["id"]]


@settings(max_examples=60)
@given(requirement=requirements(), profile=profiles(most=10))
def test_the_weight_that_swaps_the_first_two(requirement: Any, profile: Any) -> None:
    asked = understand({"format": 1, **requirement})
    answer = match(asked, [view_of(profile)], CATALOGUE, also=["robustness"])
    swap = answer["robustness"]["swap"]
    if len(answer["candidates"]) < 2 or not requirement["want"]:
        assert swap is None
        return
    one, other = swap["of"]
    for want in swap["wants"]:
        if want["level_at"] is None:
            # No weight does it: neither next to nothing nor a million times as much.
            for weight in (want["weight"] * 1e-9, want["weight"] * 1e6):
                ahead = lead(requirement, profile, want["attribute"], weight, (one, other))
                assert ahead >= -1e-4
            continue
        below = want["swaps"] == "below"
        for factor, swapped in ((1 - 1e-3, below), (1 + 1e-3, not below)):
            ahead = lead(requirement, profile, want["attribute"], want["level_at"] * factor, (one, other))
            assert ahead <= 1e-9 if swapped else ahead >= -1e-9
        assert want["change"] == want["level_at"] - want["weight"]


def lead(requirement: Any, profile: Any, want: str, weight: float, two: Any) -> float:
    """By how many points the first is ahead when a want weighs something else."""
    wants = {**requirement["want"], want: {**requirement["want"][want], "weight": weight}}
    answer = match(understand({"format": 1, **requirement, "want": wants}), [view_of(profile)], CATALOGUE)
    floors = {one["id"]: one["floor"] for one in answer["candidates"]}
    return float(floors[two[0]] - floors[two[1]])


def test_the_swap_in_numbers() -> None:
    wants = {DISTANCE: {**FALLING, "weight": 3}, AREA: RISING}
    told = robust({"want": wants}, {"id": ["a", "b"], DISTANCE: [0, 500], AREA: [0, 1000]})
    # 3 x 1 + 1 x 0 against 3 x 0.5 + 1 x 1: level where 0.5 w = 1, or 3 x 0.5 = w.
    assert told["swap"] == {
        "of": ["a", "b"],
        "possible": True,
        "wants": [
            {"attribute": DISTANCE, "weight": 3, "level_at": 2, "change": -1, "swaps": "below"},
            {"attribute": AREA, "weight": 1, "level_at": 1.5, "change": 0.5, "swaps": "above"},
        ],
    }
    table = {"must": {"flood.share": {"max": 0}}, "want": wants}
    told = robust(table, {"id": ["a", "b"], DISTANCE: [0, 0], AREA: [0, 0], "flood.share": [0, "unknown"]})
    assert told["swap"] == {"of": ["a", "b"], "possible": False, "wants": []}


@pytest.mark.parametrize(("more", "weight"), [(5, 1), (1e14, 1e12)])
def test_a_weight_nobody_may_give_swaps_nothing(more: float, weight: float) -> None:
    # The distance speaks for the first by 0.5, the area for the second by more / 1e14: level at 1e-13 and at 2e12.
    wants = {DISTANCE: FALLING, AREA: {"at": [0, 1e14], "worth": [0, 1], "weight": weight}}
    told = robust({"want": wants}, {"id": ["a", "b"], DISTANCE: [0, 500], AREA: [0, more]})
    assert told["swap"]["wants"][0] == {"attribute": DISTANCE, "weight": 1, "level_at": None}


def test_nothing_to_draw_for() -> None:
    told = robust({"must": {"flood.share": {"max": 0}}}, {"id": ["a"], "flood.share": [1]})
    assert (told["candidates"], told["contenders"], told["nobody"]["chance"], told["swap"]) == ([], 0, 1, None)


WORTHS = st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.75, 1.0]), min_size=3, max_size=3)
OFF = st.sampled_from([0.0, -2.0, -15.0, -40.0, -90.0])


@settings(max_examples=300)
@given(st.lists(st.tuples(WORTHS, OFF), min_size=2, max_size=2), st.lists(st.integers(1, 9), min_size=3, max_size=3))
def test_points_taken_off_count_in_the_swap_also_where_floors_end_at_nought(sites: Any, weights: list[float]) -> None:
    one, other = sorted(sites, key=lambda site: -points(site, weights))
    names = (DISTANCE, AREA, "flood.share")
    wants = {name: {**FALLING, "weight": weight} for name, weight in zip(names, weights, strict=True)}
    told = swap([as_candidate(one), as_candidate(other)], understand({"format": 1, "want": wants}))
    assert told is not None
    for at, want in enumerate(told["wants"]):

        def ahead(weight: float, at: int = at) -> float:
            changed = [*weights[:at], weight, *weights[at + 1 :]]
            return points(one, changed) - points(other, changed)

        if want["level_at"] is None:
            assert all(ahead(10.0**power) > -1e-6 for power in range(-12, 13))
            continue
        beyond = -1 if want["swaps"] == "below" else 1
        assert ahead(want["level_at"] * (1 + beyond * 1e-3)) < 0
        assert ahead(want["level_at"] * (1 - beyond * 1e-3)) >= 0
        assert abs(ahead(want["level_at"])) < 1e-6


def points(site: Any, weights: Any) -> float:
    worths, off = site
    found = sum(weight * worth for weight, worth in zip(weights, worths, strict=True)) / sum(weights) * 100
    return max(float(found) + off, 0.0)


def as_candidate(site: Any) -> dict[str, Any]:
    worths, off = site
    return {
        "id": "-", "unknown_musts": 0, "wants": [{"worth": [worth, worth]} for worth in worths],
        "penalties": [{"points": off}] if off else [],
    }  # fmt: skip
