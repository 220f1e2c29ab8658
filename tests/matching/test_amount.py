"""Numbers said with their units: understood exactly, echoed as said, refused where they measure something else."""

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, view_of

from gis_sites.errors import RequirementError
from gis_sites.matching.amount import UNITS, Ambiguous, Amount
from gis_sites.matching.check import check
from gis_sites.matching.reading import parse, read_requirement, understand
from gis_sites.matching.sentences import sentences
from gis_sites.matching.settle import understood
from gis_sites.matching.shortlist import match

KNOWN = [
    ("3 ha", "m2", 30_000), ("3ha", "m2", 30_000), ("2,5 ha", "m2", 25_000), ("25 000 m2", "m2", 25_000),
    ("25\u00a0000 m²", "m2", 25_000), ("20 acres", "m2", 80937.128448), ("10 km", "m", 10_000), ("500 m", "m", 500),
    ("0,125 km", "m", 125), ("500 mm", "mm", 500), ("0.5 m", "mm", 500), ("5 mi", "m", 8046.72),
    ("1.5 MW", "kW", 1_500), ("1,5 MW", "kW", 1_500), ("110 kV", "kV", 110), ("30 %", "share", 0.3),
    ("30%", "1", 0.3), ("30 %", None, 0.3), ("-5 %", "share", -0.05), ("40 zł/m2", "PLN/m2", 40),
    ("40 zł / m²", "PLN/m2", 40), ("100 000 PLN/ha", "PLN/m2", 10), ("2 m3/h", "m3/d", 48), ("90 Nm3/h", "Nm3/h", 90),
    ("5 t/m2", "t/m2", 5), ("2 ary", "m2", 200), ("10 arów", "m2", 1_000), ("3 hektary", "m2", 30_000),
]  # fmt: skip


@pytest.mark.parametrize(("said", "unit", "value"), KNOWN)
def test_what_people_write_is_understood_to_the_last_bit(said: str, unit: str | None, value: float) -> None:
    found = Amount(said).within(unit)
    assert found is not None
    assert float(found) == value
    assert str(found) == said
    assert json.dumps(found) == json.dumps(float(value))


@pytest.mark.parametrize(
    "said", ["3", "ha", "", "3 ha ha 4", "3..5 ha", "1 2 ha", "٣ ha", "nan ha", "inf m", "9" * 70 + " m"]
)
def test_what_is_no_number_with_a_unit(said: str) -> None:
    try:
        found = Amount(said).within("m2")
    except ValueError:
        found = None
    assert found is None


@pytest.mark.parametrize("said", ["1,500 kW", "25.000 m2", "2,500 ha"])
def test_two_ways_to_read_are_one_too_many(said: str) -> None:
    with pytest.raises(Ambiguous) as two:
        Amount(said)
    for way in two.value.args:
        Amount(way)


@given(st.integers(0, 10**6))
def test_a_percentage_is_the_share_it_says(percent: int) -> None:
    assert Amount(f"{percent} %").within("share") == percent / 100


@given(
    st.integers(0, 10**6),
    st.sampled_from([(kind, unit) for kind, units in UNITS.items() if kind != "share" for unit in units]),
)
def test_units_of_one_kind_fit_and_no_others(count: int, one: tuple[str, str]) -> None:
    kind, unit = one
    amount = Amount(f"{count} {unit}")
    assert amount.within(kind) is not None
    assert all(amount.within(other) is None for other in UNITS if other != kind)
    assert amount.within(unit) == count


def test_an_amount_survives_the_way_to_a_worker() -> None:
    for amount in (Amount("3 ha"), Amount("3 ha").within("m2")):
        again = pickle.loads(pickle.dumps(amount))
        assert (str(again), again) == ("3 ha", amount)


SAID = {
    "format": 1,
    "must": {
        "parcel.area_m2": {"min": "3 ha", "max": "50 000 m2"},
        "flood.share": {"max": "5 %"},
    },
    "either": [{"any": [{"power.mv_distance_m": {"max": "0,5 km"}}]}],
    "want": {"parcel.area_m2": {"at": ["3 ha", 40_000, "5 ha"], "worth": [0.0, 1.0, 0.5]}},
}
PLAIN = {
    "format": 1,
    "must": {"parcel.area_m2": {"min": 30_000, "max": 50_000}, "flood.share": {"max": 0.05}},
    "either": [{"any": [{"power.mv_distance_m": {"max": 500}}]}],
    "want": {"parcel.area_m2": {"at": [30_000, 40_000, 50_000], "worth": [0.0, 1.0, 0.5]}},
}
PROFILE = {
    "id": ["a", "b", "c"],
    "parcel.area_m2": [30_000.0, 50_000.0, 29_999.0],
    "flood.share": [0.05, 0.0, 0.0],
    "power.mv_distance_m": [500.0, 10.0, 10.0],
}


def test_units_change_nothing_but_the_echo() -> None:
    with_units, plain = (match(understand(one), [view_of(PROFILE)], CATALOGUE) for one in (SAID, PLAIN))
    assert json.dumps(with_units["candidates"]) == json.dumps(plain["candidates"])
    assert with_units["counts"]["eligible"] == 2
    assert with_units["requirement"] == json.loads(json.dumps(SAID))
    assert "understood" not in plain
    assert with_units["understood"][0] == {
        "place": 'must."parcel.area_m2".min', "said": "3 ha", "value": 30_000.0, "unit": "m2",
    }  # fmt: skip
    assert [one["said"] for one in with_units["understood"]] == [
        "3 ha", "50 000 m2", "5 %", "3 ha", "5 ha", "0,5 km",
    ]  # fmt: skip
    again = match(read_requirement(json.loads(json.dumps(with_units))), [view_of(PROFILE)], CATALOGUE)
    assert again["candidates"] == with_units["candidates"]
    assert again["id"] == with_units["id"]
    for lang in ("pl", "en"):
        assert any("3 ha = 30" in one for one in sentences(with_units, CATALOGUE, lang))


def test_settling_twice_is_settling_once() -> None:
    once = check(understand(SAID), CATALOGUE)
    twice = check(once, CATALOGUE)
    assert twice == once
    assert understood(twice, CATALOGUE) == understood(once, CATALOGUE)


def test_a_footprint_in_units() -> None:
    text = 'format = 1\n[must]\nfootprint = { length_m = "0,12 km", width_m = "60 m", setback_m = "600 cm" }'
    footprint = understand(parse(text)).footprint
    assert footprint is not None
    assert (footprint.length_m, footprint.width_m, footprint.setback_m) == (120.0, 60.0, 6.0)
    assert understand(parse(text)).echo()["must"]["footprint"]["length_m"] == "0,12 km"


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"parcel.area_m2": {"min": "3 km"}}, "wrong_unit", "m2"),
    ({"flood.share": {"max": "3 ha"}}, "wrong_unit", "%"),
    ({"flood.share": {"max": "130 %"}}, "share_out", "130 %"),
    ({"power.mv_distance_m": {"max": "1.5 MW"}}, "wrong_unit", "1.5 MW"),
    ({"parcel.compactness": {"min": "3 ha"}}, "no_unit", "parcel.compactness"),
    ({"parcel.area_m2": {"min": "3 ha", "max": "2 ha"}}, "bounds_exclude", "3 ha"),
    ({"parcel.area_m2": {"min": "3 ha", "max": 20_000}}, "bounds_exclude", "20000"),
    ({"parcel.area_m2": {"min": "1,500 m2"}}, "ambiguous", "1500 m2"),
    ({"offer.available_from": {"max": "3 ha"}}, "bound_date", "3 ha"),
    ({"road.class": {"max": "3 ha"}}, "misfit_code", "any_of"),
    ({"parcel.area_m2": {"min": "3 ha", "max": "2028-01-01"}}, "mixed_bounds", "3 ha"),
    ({"footprint": {"length_m": "3 ha", "width_m": 60}}, "wrong_unit", "must.footprint.length_m"),
    ({"footprint": {"length_m": "60 km", "width_m": 60}}, "out_of_range", "60 km"),
]


@pytest.mark.parametrize(("must", "key", "shown"), REFUSED)
def test_refused_with_the_sentence_that_helps(must: dict[str, Any], key: str, shown: str) -> None:
    with pytest.raises(RequirementError) as refusal:
        check(understand({"format": 1, "must": must}), CATALOGUE)
    assert refusal.value.key == f"match.{key}"
    for lang in ("pl", "en"):
        assert shown in refusal.value.sentence(lang)


def test_knots_that_fall_once_their_units_are_known() -> None:
    want = {"power.mv_distance_m": {"at": ["1 km", "500 m"], "worth": [1, 0]}}
    with pytest.raises(RequirementError) as refusal:
        check(understand({"format": 1, "want": want}), CATALOGUE)
    assert refusal.value.key == "match.scale_falls"
    assert "1 km" in refusal.value.sentence("en")
