"""What is told of a brief before its ranking: musts that exclude each other or bite, wants that say nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, view_of

from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.matching.check import check
from gis_sites.matching.clash import clashes
from gis_sites.matching.reading import understand
from gis_sites.matching.sentences import notice_sentence, sentences
from gis_sites.matching.shortlist import match


@pytest.fixture(scope="module")
def layers() -> Catalogue:
    """The layers that come with the tool."""
    return load_catalogue()


def clash(layers: Catalogue, must: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    requirement = check(understand({"format": 1, "must": must, **more}), layers)
    return list(clashes(requirement, layers))


IMPOSSIBLE: list[tuple[dict[str, Any], str, str]] = [
    ({"parcel.net_area_m2": {"min": "3 ha"}, "parcel.measured_area_m2": {"max": "2 ha"}}, "parcel.net_area_m2",
     "parcel.measured_area_m2"),
    ({"parcel.net_area_m2": {"min": 30_000}, "parcel.area_m2": {"max": 27_000}}, "parcel.net_area_m2",
     "parcel.area_m2"),
    ({"parcel.inscribed_circle_m": {"min": 200}, "parcel.measured_area_m2": {"max": 30_000}},
     "parcel.inscribed_circle_m", "parcel.measured_area_m2"),
    ({"parcel.rectangle_short_m": {"min": 90}, "parcel.rectangle_long_m": {"max": 80}}, "parcel.rectangle_short_m",
     "parcel.rectangle_long_m"),
    ({"power.distance_m": {"min": 900}, "power.lv_distance_m": {"max": 9_999}, "power.any_distance_m": {"min": 1_000},
      "power.mv_distance_m": {"max": 500}}, "power.any_distance_m", "power.mv_distance_m"),
    ({"zoning.production_share": {"min": 0.9}, "zoning.plan_share": {"max": 0.5}}, "zoning.production_share",
     "zoning.plan_share"),
    ({"footprint": {"length_m": 200, "width_m": 100}, "parcel.area_m2": {"max": "1 ha"}}, "footprint",
     "parcel.area_m2"),
    ({"footprint": {"length_m": 100, "width_m": 50, "count": 3}, "parcel.net_area_m2": {"max": 14_000}}, "footprint",
     "parcel.net_area_m2"),
    ({"footprint": {"length_m": 100, "width_m": 50, "setback_m": 6}, "parcel.inscribed_circle_m": {"max": 60}},
     "footprint", "parcel.inscribed_circle_m"),
]  # fmt: skip


@pytest.mark.parametrize(("must", "one", "other"), IMPOSSIBLE)
def test_musts_that_exclude_each_other_across_attributes(
    layers: Catalogue, must: dict[str, Any], one: str, other: str
) -> None:
    told = clash(layers, must)
    assert [(each["kind"], each["attribute"], each["other"]) for each in told] == [("excludes", one, other)]
    assert told[0]["least"] > told[0]["max"]
    for lang in ("pl", "en"):
        assert notice_sentence(told[0], layers, lang)


POSSIBLE: list[dict[str, Any]] = [
    {"parcel.net_area_m2": {"min": 30_000}, "parcel.area_m2": {"max": 28_000}},  # a registered area may be too small
    {"parcel.net_area_m2": {"max": 20_000}, "parcel.area_m2": {"min": 30_000}},
    {"parcel.inscribed_circle_m": {"min": 190}, "parcel.measured_area_m2": {"max": 30_000}},
    {"power.mv_distance_m": {"min": 900}, "power.distance_m": {"max": 100}},
    {"power.distance_m": {"min": 900}, "power.mv_distance_m": {"max": 100}},  # a line that is no main
    {"flood.share": {"min": 0.9}, "flood.rare_share": {"max": 0.1}},  # two floods, two surveys
    {"zoning.plan_share": {"min": 0.9}, "zoning.production_share": {"max": 0.1}},
    {"zoning.production_share": {"min": 0.9}, "zoning.logistics_share": {"max": 0.1}},
    {"footprint": {"length_m": 100, "width_m": 50}, "parcel.area_m2": {"max": 5_000}},
    # At the edge of a zone 10,000 m2 of the plane are 9,998.5 on the ellipsoid; a small circle is found too small.
    {"parcel.net_area_m2": {"min": 10_000}, "parcel.measured_area_m2": {"max": 9_999}},
    {"parcel.rectangle_short_m": {"min": 5}, "parcel.inscribed_circle_m": {"max": 4.92}},
]


@pytest.mark.parametrize("must", POSSIBLE)
def test_musts_that_may_go_together_are_left_alone(layers: Catalogue, must: dict[str, Any]) -> None:
    assert clash(layers, must) == []


EITHERS: list[tuple[dict[str, Any], list[dict[str, Any]], bool]] = [
    ({"flood.share": {"max": 0}}, [{"flood.share": {"min": 0.5}}], True),
    ({"flood.share": {"max": 0}}, [{"flood.share": {"min": 0.5}}, {"zoning.plan_share": {"min": 0.5}}], False),
    ({"road.class": {"any_of": ["main"]}}, [{"road.class": {"none_of": ["main", "local"]}}], True),
    ({"road.class": {"any_of": ["main", "local"]}}, [{"road.class": {"none_of": ["main"]}}], False),
    ({"power.crosses": {"is": True}}, [{"power.crosses": {"is": False}}], True),
    ({"offer.available_from": {"max": "2027-01-01"}}, [{"offer.available_from": {"min": "2028-01-01"}}], True),
    ({}, [{"zoning.production_share": {"min": 0.9}, "zoning.plan_share": {"max": 0}}], True),
    ({"zoning.plan_share": {"max": 0}}, [{"zoning.production_share": {"min": 0.9}}], True),
    ({"zoning.production_share": {"min": 0.9}}, [{"zoning.plan_share": {"max": 0}}], True),
]  # fmt: skip


@pytest.mark.parametrize(("must", "options", "excluded"), EITHERS)
def test_alternatives_none_of_which_goes_with_the_musts(
    layers: Catalogue, must: dict[str, Any], options: list[dict[str, Any]], excluded: bool
) -> None:
    told = clash(layers, must, either=[{"any": options}])
    assert [(one["kind"], one["attribute"]) for one in told] == [("excludes_every", "either[1]")] * excluded


@given(
    area=st.floats(100, 1e6),
    share=st.floats(0.01, 1),
    round_=st.floats(0.01, 1),
    slack=st.tuples(st.floats(0, 1e4), st.floats(0, 1e4), st.floats(0, 1e4)),
)
def test_what_one_site_meets_is_never_called_impossible(
    layers: Catalogue, area: float, share: float, round_: float, slack: tuple[float, float, float]
) -> None:
    """A site of that area, with that share of it net and a circle inside, meets bounds drawn around its own values."""
    circle = (round_ * area * 4 / 3.1416) ** 0.5
    must = {
        "parcel.net_area_m2": {"min": max(area * share - slack[0], 0)},
        "parcel.measured_area_m2": {"max": area + slack[1]},
        "parcel.area_m2": {"max": area / 1.09 + slack[1]},
        "parcel.inscribed_circle_m": {"min": max(circle - slack[2], 0)},
        "footprint": {"length_m": max(circle * 0.7, 1), "width_m": max(circle * 0.7, 1)},
    }
    assert clash(layers, must) == []


PROFILE: dict[str, Any] = {
    "id": [f"p{at:04}" for at in range(2_000)],
    "parcel.area_m2": [float(at) for at in range(2_000)],
    "flood.share": [0.0] * 1_990 + [1.0] * 10,
    "power.mv_distance_m": [100.0 + at for at in range(2_000)],
    "zoning.plan_share": [float(at % 2) for at in range(2_000)],
}


def told(requirement: dict[str, Any], profile: dict[str, Any] = PROFILE, *, top: int = 10) -> list[dict[str, Any]]:
    shortlist = match(understand({"format": 1, **requirement}), [view_of(profile)], CATALOGUE, top=top)
    for lang in ("pl", "en"):
        said = sentences(shortlist, CATALOGUE, lang)
        places = [said.index(notice_sentence(one, CATALOGUE, lang)) for one in shortlist["notices"]]
        assert places == sorted(places)
    found: list[dict[str, Any]] = shortlist["notices"]
    return found


def test_the_must_that_bites_first() -> None:
    musts = {"parcel.area_m2": {"min": 1_500}, "zoning.plan_share": {"min": 1}}
    bites = {"kind": "bites_first", "attribute": "parcel.area_m2", "left": 500, "of": 2_000}
    assert told({"must": musts}) == [bites]
    assert told({"must": dict(reversed(musts.items()))}) == [bites]
    assert told({"must": {"parcel.area_m2": {"min": 1_500}}}) == []


@pytest.mark.parametrize(
    ("least", "kinds"),
    [(0, ["lets_nearly_all"]), (20, ["lets_nearly_all"]), (21, []), (1_997, []), (1_998, ["lets_nearly_none"]),
     (5_000, ["lets_nearly_none"])],
)  # fmt: skip
def test_a_must_that_nearly_all_or_nearly_none_pass(least: int, kinds: list[str]) -> None:
    assert [one["kind"] for one in told({"must": {"parcel.area_m2": {"min": least}}})] == kinds


def test_an_alternative_can_bite_too() -> None:
    either = [{"any": [{"parcel.area_m2": {"min": 1_999}}, {"parcel.area_m2": {"max": 0}}]}]
    assert told({"either": either}) == [{"kind": "lets_nearly_none", "attribute": "either[1]", "left": 2, "of": 2_000}]


def test_what_nobody_knows_is_not_called_easy() -> None:
    assert told({"must": {"power.capacity_kw": {"min": 1_500}}}) == [
        {"kind": "unknown_everywhere", "attribute": "power.capacity_kw"}
    ]
    assert told({"want": {"power.capacity_kw": {"at": [0, 9], "worth": [0, 1]}}}) == [
        {"kind": "unknown_everywhere", "attribute": "power.capacity_kw"}
    ]


def test_a_want_that_is_worth_the_same_for_everyone() -> None:
    flat = {"power.mv_distance_m": {"at": [0, 50], "worth": [1, 0]}}
    assert told({"want": flat}) == [{"kind": "same_worth", "attribute": "power.mv_distance_m", "worth": 0.0}]
    assert told({"want": {"power.mv_distance_m": {"at": [0, 5_000], "worth": [1, 0]}}}) == []
    only_first = {"power.mv_distance_m": {"at": [109, 110], "worth": [1, 0]}}
    assert told({"want": only_first}, top=5) == []  # the five listed are alike, the others are not
    last = {"must": {"parcel.area_m2": {"min": 1_000}}, "want": only_first}
    assert [one["kind"] for one in told(last, top=5)] == ["same_worth"]  # alike among those left


def test_numbers_nobody_confirmed_are_told() -> None:
    must = {"parcel.area_m2": {"min": 500, "confidence": "unverified"}, "zoning.plan_share": {"min": 1}}
    assert told({"must": must})[-1] == {"kind": "unverified", "count": 1, "of": 2}


def test_a_requirement_that_asks_for_nothing_is_told_so() -> None:
    assert told({}) == [{"kind": "asks_nothing"}]
    assert told({"title": "x", "ask": [{"text": "?", "of": "city"}]}) == [{"kind": "asks_nothing"}]


def test_an_empty_city_says_nothing() -> None:
    assert told({"must": {"parcel.area_m2": {"min": 1}}}, {"id": []}) == []
