"""Assemblies in what a shortlist says besides: chances over the one list, and notices that do not overlook them."""

import json
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, view_of
from test_assembly import Town, requirements, towns

from gis_sites.catalogue import load_catalogue
from gis_sites.maps.answers import in_words
from gis_sites.matching import contenders
from gis_sites.matching.also import ANSWERS
from gis_sites.matching.assembly_reasons import Joining
from gis_sites.matching.check import check
from gis_sites.matching.clash import clashes
from gis_sites.matching.reading import understand
from gis_sites.matching.sentences import sentences
from gis_sites.matching.shapes import Answers
from gis_sites.matching.shortlist import match

BOTH, ALONE = ["parcels", "assemblies"], ["assemblies"]
DISTANCE, AREA = "power.mv_distance_m", "parcel.area_m2"
FALLING = {"at": [0, 1000], "worth": [1, 0]}
PROFILE: dict[str, list[Any]] = {
    "id": ["a", "b", "c"], AREA: [200, 200, 900], "parcel.measured_area_m2": [200, 200, 900],
    DISTANCE: [[0, 1000], 1000, 250],
}  # fmt: skip


def answer(table: dict[str, Any], profile: Any = PROFILE, also: Any = ("robustness",), top: int = 50) -> dict[str, Any]:
    town = Town({"profile": profile, "edges": [(0, 1)], "seed": 1})
    asked = understand({"format": 1, **table})
    return match(asked, [view_of(profile)], CATALOGUE, also=also, top=top, joining=Joining(town))


@pytest.mark.parametrize(("points", "share"), [(0, 0.25), (-12.5, 0.125), (-30, 0.0)])
def test_chances_are_over_parcels_and_assemblies_in_one_list(points: float, share: float) -> None:
    # Neither a nor b is large enough; together they lie at 0 to 1000 m, and c, which is, at 250 m.
    how = {"max_parcels": 2, "points_per_extra_parcel": points}
    table = {"scope": BOTH, "must": {AREA: {"min": 300}}, "want": {DISTANCE: FALLING}, "assembly": how}
    found = answer(table)
    told = found["robustness"]
    assert [(one["rank"], one["id"]) for one in told["candidates"]] == [(1, "c"), (2, "a+b")]
    assert told["assemblies"] == 1
    chances = {one["id"]: one["first"] for one in told["candidates"]}
    assert chances["a+b"]["low"] - 0.02 <= share <= chances["a+b"]["high"] + 0.02
    assert chances["a+b"]["chance"] + chances["c"]["chance"] == pytest.approx(1)
    assert (told["others"]["chance"], told["nobody"]["chance"]) == (0, 0)
    assert told["swap"]["of"] == ["c", "a+b"]
    lines = " ".join(map(str, in_words(found, CATALOGUE)["robustness"]["lines"]))
    assert "tylko te z listy (1)" in lines
    assert "only those of the list were drawn for (1)" in lines


@settings(max_examples=40, deadline=None)
@given(towns(), requirements(), st.integers(1, 6))
def test_every_candidate_of_the_one_list_has_its_chance(table: Any, requirement: Any, top: int) -> None:
    def ask() -> dict[str, Any]:
        asked, views = understand(requirement), [view_of(table["profile"])]
        return match(asked, views, CATALOGUE, also=tuple(ANSWERS), top=top, joining=Joining(Town(table)))

    found = ask()
    Answers.model_validate_json(json.dumps(found, allow_nan=False), strict=True)
    told = found["robustness"]
    for name in ("robustness", "agreement"):
        listed = [(one["rank"], one["id"]) for one in found[name]["candidates"]]
        assert listed in ([(one["rank"], one["id"]) for one in found["candidates"]], [])
    assert len(told["candidates"]) == len(found["candidates"])
    assert told["assemblies"] == sum(one["kind"] == "assembly" for one in found["candidates"])
    share = sum(one["first"]["chance"] for one in told["candidates"]) + told["nobody"]["chance"]
    assert share + told["others"]["chance"] == pytest.approx(1, abs=1e-4)
    with patch.object(contenders, "REFERENCES", 0):  # nobody is left out
        assert {**ask()["robustness"], "contenders": 0} == {**told, "contenders": 0}


def kinds(found: dict[str, Any]) -> list[str]:
    return [one["kind"] for one in found["notices"]]


@pytest.mark.parametrize("scope", [BOTH, ALONE])
def test_what_an_assembly_meets_is_not_called_impossible(scope: list[str]) -> None:
    small = {**PROFILE, AREA: [200, 200, 100], "parcel.measured_area_m2": [200, 200, 100]}
    found = answer({"scope": scope, "must": {AREA: {"min": 300}}}, small)
    assert [one["id"] for one in found["candidates"]] == ["a+b"]
    assert kinds(found) == ["singly", "met_together"]
    assert found["notices"][1] == {"kind": "met_together", "attribute": AREA, "left": 0, "of": 3, "count": 1}
    for lang, word in (("pl", "pojedynczo spełnia to 0 z 3; po połączeniu działek"), ("en", "with parcels joined")):
        said = sentences(found, CATALOGUE, lang)
        assert word in said[1]
        assert word not in said[0]
    # Where none is found, what bites is told, and that it was counted singly.
    found = answer({"scope": scope, "must": {AREA: {"min": 5_000}}}, small)
    assert found["candidates"] == []
    assert kinds(found) == ["singly", "lets_nearly_none"]
    # Without assemblies nothing is said of them.
    assert kinds(answer({"must": {AREA: {"min": 300}}}, small)) == ["lets_nearly_none"]


def test_what_nobody_knows_is_told_for_assemblies_alone() -> None:
    found = answer({"scope": ALONE, "want": {"zoning.plan_share": {"at": [0, 1], "worth": [0, 1]}}})
    assert found["unknown_everywhere"] == ["zoning.plan_share"]
    assert found["counts"]["considered"] == 0


def test_bounds_exclude_each_other_only_where_no_assembly_meets_both() -> None:
    layers = load_catalogue()

    def told(scope: Any, must: dict[str, Any], either: Any = ()) -> list[str]:
        asked = understand({"format": 1, "scope": scope, "must": must, "either": list(either)})
        return [one["kind"] for one in clashes(check(asked, layers), layers)]

    # Gaps between parcels are the assembly's own: it may be larger than its parcels together.
    areas = {"parcel.net_area_m2": {"min": 10_400}, "parcel.measured_area_m2": {"max": 10_000}}
    assert told("parcels", areas) == ["excludes"]
    assert told(BOTH, areas) == []
    assert told(BOTH, {**areas, "parcel.net_area_m2": {"min": 10_600}}) == ["excludes"]
    # A site of several parcels is each of them.
    one, other = {"parcel.id": {"any_of": ["a"]}}, [{"any": [{"parcel.id": {"any_of": ["b"]}}]}]
    assert told("parcels", one, other) == ["excludes_every"]
    assert told(BOTH, one, other) == told("offers", one, other) == []
    barred = [{"any": [{"parcel.id": {"none_of": ["a"]}}]}]
    assert told(BOTH, one, barred) == ["excludes_every"]
