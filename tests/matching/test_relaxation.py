"""What one concession opens: equal to dropping, moving or adding it and matching again."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, FakeOffers, column_of, view_of
from matching_strategies import profiles, requirements

from gis_sites.matching.reading import understand
from gis_sites.matching.shortlist import match
from gis_sites.matching.why import why

NUMBERS = st.integers(0, 8).map(lambda eighths: eighths / 8)


def candidates(table: Any, views: Any) -> dict[str, str]:
    found = match(understand(table), views, CATALOGUE, top=10_000)["candidates"]
    return {one["id"]: one["tier"] for one in found}


def relaxed(table: Any, views: Any) -> Any:
    return match(understand(table), views, CATALOGUE, also=["relaxations"])["relaxations"]


def missed(table: Any, views: Any, most: int = 10) -> Any:
    return match(understand(table), views, CATALOGUE, also=["near_misses"])["near_misses"][:most]


def dropped(table: Any, must: str) -> Any:
    if must.startswith("either["):
        at = int(must[7:-1]) - 1
        return {**table, "either": [one for place, one in enumerate(table["either"]) if place != at]}
    return {**table, "must": {name: one for name, one in table["must"].items() if name != must}}


def changed(table: Any, must: str, change: Any, to: Any) -> Any:
    """The requirement after one concession."""

    def conceded(criterion: Any) -> Any:
        if "bound" in change:
            return {**criterion, change["bound"]: to}
        if "code" in change:
            kept = [code for code in criterion.get("none_of", []) if code != to]
            more = {"any_of": [*criterion["any_of"], to]} if "any_of" in criterion else {}
            rest = {key: one for key, one in criterion.items() if key not in {"any_of", "none_of"}}
            left = {**rest, **more, **({"none_of": kept} if kept else {})}
            return left if set(left) & {"any_of", "none_of"} else {**left, "any_of": [*codes_of(change["attribute"])]}
        return {**criterion, "unknown": "to_verify"}

    if not must.startswith("either["):
        return {**table, "must": {**table["must"], must: conceded(table["must"][must])}}
    at, option = int(must[7:-1]) - 1, change["option"] - 1
    either = [[dict(group) for group in one["any"]] for one in table["either"]]
    either[at][option][change["attribute"]] = conceded(either[at][option][change["attribute"]])
    return {**table, "either": [{"any": groups} for groups in either]}


def codes_of(attribute: str) -> tuple[str, ...]:
    return CATALOGUE.attributes[attribute].codes


def opened(table: Any, other: Any, views: Any) -> dict[str, str]:
    before = candidates(table, views)
    return {name: tier for name, tier in candidates(other, views).items() if name not in before}


@given(requirement=requirements(NUMBERS), profile=profiles(NUMBERS, most=14))
def test_dropping_a_must_opens_what_is_said(requirement: Any, profile: Any) -> None:
    table, views = {"format": 1, **requirement}, [view_of(profile)]
    told = relaxed(table, views)
    assert [one["must"] for one in told] == [
        *table["must"], *(f"either[{n}]" for n in range(1, len(table["either"]) + 1)),
    ]  # fmt: skip
    counts = match(understand(table), views, CATALOGUE)["counts"]["failed_by"]
    for one in told:
        tiers = list(opened(table, dropped(table, one["must"]), views).values())
        assert (one["eligible"], one["to_verify"]) == (tiers.count("eligible"), tiers.count("to_verify"))
        assert one["eligible"] + one["to_verify"] == counts[one["must"]]["alone"]


@given(requirement=requirements(NUMBERS), profile=profiles(NUMBERS, most=14))
def test_no_smaller_change_opens_as_many(requirement: Any, profile: Any) -> None:
    table, views = {"format": 1, **requirement}, [view_of(profile)]
    for one in relaxed(table, views):
        reached: set[str] = set()
        for change in one["changes"]:
            if "bound" not in change:
                to = change.get("code")
                found = opened(table, changed(table, one["must"], change, to), views)
                assert len(found) == change["opens"] > 0
                reached |= set(found)
                continue
            for name, least in (("first", 1), ("tenth", 10), ("all", None)):
                step = change[name]
                if step is None:
                    assert name == "tenth"
                    continue
                found = opened(table, changed(table, one["must"], change, step["to"]), views)
                assert len(found) == step["opens"] >= (least or 1)
                back = float(np.nextafter(step["to"], change["from"]))
                assert step["by"] == abs(step["to"] - change["from"])
                if back != change["from"]:
                    fewer = opened(table, changed(table, one["must"], change, back), views)
                    assert len(fewer) < (least or step["opens"])
            farthest = opened(table, changed(table, one["must"], change, bounded(change)), views)
            assert len(farthest) == change["all"]["opens"]
            reached |= set(farthest)
        assert one["eligible"] + one["to_verify"] - one["out_of_reach"] == len(reached)


def bounded(change: Any) -> float:
    """As far as a bound can go: a share stays within 0 and 1."""
    share = CATALOGUE.attributes[change["attribute"]].unit == "share"
    return (0.0 if share else -1e300) if change["bound"] == "min" else (1.0 if share else 1e300)


@given(requirement=requirements(NUMBERS), profile=profiles(NUMBERS, most=14), most=st.integers(1, 6))
def test_near_misses_are_the_best_that_fail_one_must(requirement: Any, profile: Any, most: int) -> None:
    table, views = {"format": 1, **requirement}, [view_of(profile)]
    asked = understand(table)
    failing = []
    for identifier in profile["id"]:
        told = why(asked, views, CATALOGUE, identifier)["candidate"]
        failed = [must["attribute"] for must in told["musts"] if must["verdict"] == "failed"]
        if len(failed) == 1:
            floor, ceiling = told["floor"] or 0.0, told["ceiling"] or 0.0
            failing.append(((told["unknown_musts"], -floor, -ceiling, identifier), failed[0], told))
    failing.sort(key=lambda one: one[0])
    found = missed(table, views, most=most)
    assert [(one["id"], one["fails"], one["musts"]) for one in found] == [
        (told["id"], failed, told["musts"]) for _, failed, told in failing[:most]
    ]
    assert [one["rank"] for one in found] == list(range(1, len(found) + 1))
    for one in found:
        for change in one["changes"]:
            to = change.get("to", change.get("code"))
            assert one["id"] in opened(table, changed(table, one["fails"], change, to), views)
            if "bound" in change:
                back = float(np.nextafter(to, change["from"]))
                assert one["id"] not in opened(table, changed(table, one["fails"], change, back), views)


def test_what_is_said_of_bounds_codes_doubts_and_days() -> None:
    profile = {
        "id": [f"a{n:02}" for n in range(14)],
        "road.distance_m": [*(100.0 + n for n in range(11)), 50.0, 50.0, "none"],
        "road.class": [*["main"] * 11, "local", "local", "main"],
    }
    table = {"format": 1, "must": {"road.distance_m": {"max": 99}, "road.class": {"any_of": ["main"]}}}
    distance, kind = relaxed(table, [view_of(profile)])
    assert distance == {
        "must": "road.distance_m",
        "eligible": 12,
        "to_verify": 0,
        "changes": [{
            "attribute": "road.distance_m", "bound": "max", "from": 99.0,
            "first": {"to": 100.0, "by": 1.0, "opens": 1},
            "tenth": {"to": 109.0, "by": 10.0, "opens": 10},
            "all": {"to": 110.0, "by": 11.0, "opens": 11},
        }],
        "out_of_reach": 1,
    }  # fmt: skip
    assert kind["changes"] == [{"attribute": "road.class", "code": "local", "opens": 2}]
    offers = FakeOffers(
        {"offer.available_from": column_of(CATALOGUE.attributes["offer.available_from"], ["unknown", 20_000])},
        {"o1": ["a"], "o2": ["b"]},
    )
    wanted = {"offer.available_from": {"max": "2024-01-01", "unknown": "failed"}}
    (day,) = relaxed({"format": 1, "scope": "offers", "must": wanted}, [offers])
    assert day["changes"] == [
        {"attribute": "offer.available_from", "bound": "max", "from": "2024-01-01",
         "first": {"to": "2024-10-04", "by": 277.0, "opens": 1}, "tenth": None,
         "all": {"to": "2024-10-04", "by": 277.0, "opens": 1}},
        {"attribute": "offer.available_from", "unknown": "to_verify", "opens": 1},
    ]  # fmt: skip
    assert day["out_of_reach"] == 0


def test_views_are_told_of_together_and_an_identifier_can_only_be_dropped() -> None:
    offers = FakeOffers({"flood.share": column_of(CATALOGUE.attributes["flood.share"], [0.25])}, {"o1": ["a", "b"]})
    parcels = view_of({"id": ["a", "b"], "flood.share": [0.5, 0.0]})
    table = {
        "format": 1,
        "scope": ["parcels", "offers"],
        "must": {"flood.share": {"max": 0}, "parcel.id": {"none_of": ["b"]}},
    }
    flood, reserved = relaxed(table, [parcels, offers])
    assert (flood["eligible"], flood["changes"][0]["all"]) == (1, {"to": 0.5, "by": 0.5, "opens": 1})
    assert (reserved["eligible"], reserved["changes"], reserved["out_of_reach"]) == (1, [], 1)
    assert [one["id"] for one in missed(table, [parcels, offers])] == ["a", "b"]
