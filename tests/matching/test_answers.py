"""What a shortlist says besides its candidates: its form, its words, its tables, its page."""

import json
import re
from io import StringIO
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from matching_fakes import CATALOGUE, view_of
from matching_strategies import profiles, requirements

from gis_sites.maps import hand_out
from gis_sites.matching import answer_words as words
from gis_sites.matching.also import ANSWERS
from gis_sites.matching.reading import understand
from gis_sites.matching.shapes import Answers
from gis_sites.matching.shortlist import match
from gis_sites.matching.why import differences
from gis_sites.show_answer import answers_shown

PROFILE: dict[str, list[Any]] = {
    "id": [f"3061_{n:02}" for n in range(12)],
    "flood.share": [0, 0, 0, 0, 0, 0, 0.2, 0.5004, 0, 0, "unknown", 0],
    "road.class": [*["main"] * 8, "local", "local", "main", "collector"],
    "road.distance_m": [10, 60, 30, 90, [20, 300], 70, 5, 5, 15, 15, 40, 120],
    "power.mv_distance_m": [500, 100, 300, 250, 200, "unknown", 50, 50, 60, 600, 90, 10],
    "zoning.plan_share": [*[1.0] * 11, 0.6],
}
ASKED: dict[str, Any] = {
    "format": 1,
    "must": {"flood.share": {"max": 0.1}, "road.class": {"any_of": ["main", "collector"]}},
    "either": [{"any": [
        {"zoning.plan_share": {"min": 0.9}},
        {"general_plan.production_share": {"min": 1, "unknown": "failed"}},
    ]}],
    "want": {
        "road.distance_m": {"at": [0, 100], "worth": [1, 0]},
        "power.mv_distance_m": {"at": [0, 800], "worth": [1, 0]},
    },
    "compare": {"road.distance_m": {"power.mv_distance_m": 2}},
}  # fmt: skip


def answer(table: Any = ASKED, profile: Any = PROFILE, also: Any = tuple(ANSWERS), top: int = 50) -> dict[str, Any]:
    return match(understand({"format": 1, **table}), [view_of(profile)], CATALOGUE, also=also, top=top)


@settings(max_examples=30)
@given(requirement=requirements(), profile=profiles())
def test_every_answer_has_the_form_it_says_and_repeats_to_the_last_bit(requirement: Any, profile: Any) -> None:
    found = answer(requirement, profile)
    Answers.model_validate_json(json.dumps(found, allow_nan=False), strict=True)
    assert set(ANSWERS) <= set(found)
    assert differences(found, answer(requirement, profile)) == []


def test_nothing_is_said_that_is_not_asked() -> None:
    assert not set(ANSWERS) & set(answer(also=()))
    assert set(ANSWERS) & set(answer(also=["robustness"])) == {"robustness"}
    plain, full = answer(also=()), answer()
    assert differences(plain, {key: full[key] for key in plain}) == []


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", [
            "at most 20 %: opens 1", "at most 50.1 %: all within reach (2)", "if local is allowed: opens 2",
            "if what is unknown may wait: opens 1", "alternative 1, Local plan (plan share) – at least 60 %",
            "Chance of the first 3", "PROMETHEE II", "Consistency ratio 0.",
        ]),
        ("pl", [
            "najwyżej 20 %: przybywa 1", "najwyżej 50,1 %: wszystkie możliwe (2)", "gdy dopuścić local: przybywa 2",
            "gdy brak danych uznać za „do sprawdzenia”: przybywa 1",
            "wariant 1, Plan miejscowy (udział planu) – co najmniej 60 %",
            "Szansa na miejsce 1–3", "PROMETHEE II", "Wskaźnik spójności 0.",
        ]),
    ],
)  # fmt: skip
def test_people_read_it_in_both_languages(lang: str, expected: list[str]) -> None:
    from rich.console import Console

    console = Console(width=220, file=StringIO())
    for thing in answers_shown(answer(), CATALOGUE, lang):
        console.print(thing)
    text = re.sub("[\u00a0\u202f]", " ", console.file.getvalue())
    assert [one for one in expected if one not in text] == []
    assert "█" in text
    page = page_text(answer(), lang)
    assert [one for one in expected if one not in page] == []


def page_text(shortlist: Any, lang: str) -> str:
    """What the hand-out says in one language."""
    html = page_of(shortlist)
    other = "pl" if lang == "en" else "en"
    html = re.sub(rf'<span lang="{other}">.*?</span>', "", html, flags=re.DOTALL)
    return re.sub("[\u00a0\u202f]", " ", re.sub(r"<[^>]+>", "", html))


def page_of(shortlist: Any) -> str:
    ids = [one["id"] for one in shortlist["candidates"]]
    shapes = [shapely.box(100 * n, 0, 100 * n + 50, 50) for n in range(len(ids))]
    return hand_out(shortlist, gpd.GeoDataFrame({"id": ids}, geometry=shapes, crs="EPSG:2177"), [], CATALOGUE)


def test_the_page_draws_a_bar_for_each_chance() -> None:
    found = answer()
    page = page_of(found)
    section = page[page.index('<section class="answers"') : page.index("<footer>")]
    assert section.count('class="bar"') == 2 * len(found["robustness"]["candidates"])
    first = found["robustness"]["candidates"][0]["first"]
    assert f'<rect class="sure" width="{round(first["low"] * 100, 2)}%"' in section
    assert '<section class="answers"' not in page_of(answer({**ASKED, "compare": None}, also=()))


def test_the_page_tells_nothing_of_what_is_not_public() -> None:
    profile = {**PROFILE, "parcel.owner_class": ["city"] * 11 + ["private"], "zoning.plan_share": [1.0] * 12}
    table = {**ASKED, "must": {**ASKED["must"], "parcel.owner_class": {"any_of": ["city"]}}}
    found = answer(table, profile)
    assert any(one["fails"] == "parcel.owner_class" for one in found["near_misses"])
    section = page_of(found)
    section = section[section.index('<section class="answers"') : section.index("<footer>")]
    assert "owner" not in section
    assert "private" not in section


def test_a_bound_is_written_so_that_it_opens_what_it_is_said_to_open() -> None:
    relaxation = answer()["relaxations"][0]
    assert relaxation["changes"][0]["all"]["to"] == 0.5004
    shown = words.concessions(relaxation, CATALOGUE, "en")
    assert "at most 50.1\u00a0%: all within reach (2)" in shown


def test_contradictions_are_explained_in_words() -> None:
    want = {name: {"at": [0, 1], "worth": [1, 0]} for name in ("road.distance_m", "flood.distance_m", "parcel.area_m2")}
    compare = {
        "road.distance_m": {"flood.distance_m": 3, "parcel.area_m2": "1/5"},
        "flood.distance_m": {"parcel.area_m2": 3},
    }
    found = answer({"want": want, "compare": compare})
    english, polish = (words.comparison_sentences(found["comparisons"], CATALOGUE, lang) for lang in ("en", "pl"))
    assert "“Roads (distance)” is 3 times as important as “Flood hazard (distance)”" in english[1]
    assert english[2].startswith("To think over: if it were “Parcels (area)” that is 9 times as important as")
    assert "przeczą sobie (wskaźnik spójności 1,585" in polish[1]
