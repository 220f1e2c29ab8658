import itertools
import re
import tomllib
from importlib.resources import files
from io import StringIO
from string import Formatter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, view_of
from matching_strategies import profiles, requirements
from rich.console import Console

from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.matching.answer_words import swaps
from gis_sites.matching.quantity import outwards, quantity
from gis_sites.matching.reading import understand
from gis_sites.matching.sentences import (
    cautions,
    criterion_sentence,
    must_sentence,
    required_text,
    sentences,
    source_text,
    tier_word,
    title_text,
    value_text,
    want_sentence,
)
from gis_sites.matching.shortlist import match
from gis_sites.matching.table import table
from gis_sites.matching.why import why, why_gone
from gis_sites.words import LANGUAGES

SOURCE = {"kind": "layer", "layer": "flood", "revision": 2, "part": "all", "dated": "2026-06-30", "publisher": "Urząd"}
SHARE = {"attribute": "flood.share", "verdict": "failed", "state": "exact", "value": 0.25, "required": {"max": 0.0}}
NBSP = "\u00a0"


def plain(text: str) -> str:
    return text.replace(NBSP, " ")


def test_a_must_in_both_languages() -> None:
    must = {**SHARE, "source": SOURCE, "remarks": {"note": "s. 3", "confidence": "unverified"}}
    assert plain(must_sentence(must, CATALOGUE, "pl")) == (
        "Zagrożenie powodzią (udział): 25 %; wymagane najwyżej 0 % – niespełniony, granica przekroczona o 25 pkt proc. "
        "(źródło: warstwa „Zagrożenie powodzią”, wersja 2, stan na 30 czerwca 2026, Urząd) [s. 3; ⚠ niepotwierdzone]"
    )
    assert plain(criterion_sentence(must, CATALOGUE, "en")) == (
        "Flood hazard (share): 25 %; required at most 0 % – failed, the bound is exceeded by 25 percentage points "
        "(source: layer “Flood hazard”, revision 2, as of June 30, 2026, Urząd) [s. 3; ⚠ unverified]"
    )


def test_a_want_in_both_languages() -> None:
    want = {
        "attribute": "power.mv_distance_m", "state": "range", "value": None, "low": 90.0, "high": 160.0,
        "worth": [0.8, 0.9], "points": 40.0, "gap": 5.0, "of": 50.0, "source": {},
    }  # fmt: skip
    assert plain(want_sentence(want, CATALOGUE, "pl")) == (
        "Elektroenergetyka (odległość do SN): od 90 m do 160 m – od 40 do 45 z 50 pkt (źródło: nie podano)"
    )
    assert plain(criterion_sentence({**want, "gap": 0.0}, CATALOGUE, "en")).startswith(
        "Power lines (distance to MV): from 90 m to 160 m – 40 of 50 points"
    )


@pytest.mark.parametrize(
    ("name", "entry", "pl", "en"),
    [
        ("parcel.area_m2", {"state": "exact", "value": 24999.0}, "2,4999 ha", "2.4999 ha"),
        ("parcel.area_m2", {"state": "exact", "value": 850.4}, "850 m²", "850 m²"),
        ("flood.share", {"state": "exact", "value": 1e-5}, "0,001 %", "0.001 %"),
        ("flood.share", {"state": "range", "low": 0.0, "high": 0.105}, "od 0 % do 10,5 %", "from 0 % to 10.5 %"),
        ("power.mv_distance_m", {"state": "none"}, "nie ma w obszarze danych", "none in the area of the data"),
        ("power.mv_distance_m", {"state": "unknown", "value": None}, "brak danych", "unknown"),
        ("power.mv_distance_m", {"state": "range", "low": 300.0, "high": None}, "co najmniej 300 m", "at least 300 m"),
        ("power.crosses", {"state": "exact", "value": True}, "tak", "yes"),
        ("power.crosses", {"state": "exact", "value": False}, "nie", "no"),
        ("power.capacity_kw", {"state": "exact", "value": 1500.0}, "1 500 kW", "1,500 kW"),
        ("zoning.max_height_m", {"state": "none", "value": None}, "bez ograniczenia", "no limit"),
        ("road.class", {"state": "exact", "value": "main"}, "main", "main"),
        ("road.class", {"state": "none", "value": None}, "nie ma", "none"),
        ("offer.available_from", {"state": "exact", "value": "2027-03-01"}, "1 marca 2027", "March 1, 2027"),
        ("offer.price_pln_m2", {"state": "range", "low": None, "high": 40.5}, "najwyżej 40,5 PLN/m² albo nie ma wcale",
         "at most 40.5 PLN/m², or none at all"),
    ],
)  # fmt: skip
def test_values(name: str, entry: dict[str, Any], pl: str, en: str) -> None:
    attribute = CATALOGUE.attributes[name]
    assert plain(value_text(entry, attribute, "pl")) == pl
    assert plain(value_text(entry, attribute, "en")) == en


@pytest.mark.parametrize(
    ("value", "unit", "bound", "text"),
    [(500.04, "m", 500.0, "500.04 m"), (500.0, "m", 500.0, "500 m"), (0.89999, "share", 0.9, "89.999 %"),
     (24999.9, "m2", 25000.0, "2.49999 ha"), (500.00000000001, "m", 500.0, "500 m")],
)  # fmt: skip
def test_a_value_is_told_from_its_bound(value: float, unit: str, bound: float, text: str) -> None:
    assert plain(quantity(value, unit, "en", beside=(bound,))) == text


def test_sources() -> None:
    assert "część" not in source_text({**SOURCE, "part": "GES_PrzewodGazowy"}, "pl")
    assert source_text({**SOURCE, "part": "MPZP 12"}, "pl") == (
        "warstwa „flood”, wersja 2, część MPZP 12, stan na 30 czerwca 2026, Urząd"
    )
    assert (
        source_text({"layer": "gas", "revision": 4, "part": None, "parts": 3}, "en")
        == "layer “gas”, revision 4, parts: 3"
    )
    assert source_text({"layer": "gas", "revision": None, "reason": "not_loaded"}, "pl") == "warstwy „gas” nie wczytano"
    not_yet = source_text({"layer": "parcel", "revision": 1, "reason": "not_measured_yet"}, "en")
    assert not_yet.endswith("the software does not compute this attribute yet")


PROFILE = {
    "id": ["a", "b"],
    "flood.share": [0.0, 0.2],
    "zoning.production_share": [1.0, "unknown"],
    "parcel.area_m2": [30000, 30000],
}
REQUIREMENT: dict[str, Any] = {
    "format": 1,
    "title": "Hala [A]",
    "must": {"flood.share": {"max": 0.0}},
    "either": [{"any": [{"zoning.production_share": {"min": 0.9}}, {"power.crosses": {"is": False}}]}],
    "want": {
        "parcel.area_m2": {"at": [10000, 50000], "worth": [0, 1]},
        "power.mv_distance_m": {"at": [0, 9], "worth": [1, 0]},
    },
    "ask": [{"text": {"pl": "moc", "en": "power"}, "of": "operator", "attribute": "power.crosses"}],
}  # fmt: skip


def explained(parcel: str, lang: str, **more: Any) -> list[str]:
    found = why(understand({**REQUIREMENT, **more}), [view_of(PROFILE)], CATALOGUE, parcel)
    return [plain(one) for one in sentences(found, CATALOGUE, lang)]


def test_why_not_says_what_failed_first_and_ends_with_who_can_say_what_is_not_known() -> None:
    told = explained("b", "pl")
    assert told[:2] == [
        "Według stanu zasobu nr 7 na dzień 21 listopada 2026.",
        "Działka b: nie spełnia warunków (warunki konieczne: bez rozstrzygnięcia 1, niespełnione 1); "
        "wynik pewny 25, możliwy 75 (na 100).",
    ]
    assert told[2].startswith(
        "Zagrożenie powodzią (udział): 20 %; wymagane najwyżej 0 % – niespełniony, granica przekroczona o 20 pkt proc. "
    )
    assert told[3].startswith(
        "Co najmniej jeden z wariantów – brak danych: (1) Plan miejscowy (udział produkcji): brak danych"
    )
    assert told[6:] == [
        "Pytanie bez odpowiedzi: moc; odpowiada: operator sieci",
        "Nie wiadomo: Plan miejscowy (udział produkcji); może to powiedzieć Urząd.",
        "Nie wiadomo: Elektroenergetyka (przecina działkę); może to powiedzieć operator sieci.",
        "Nie wiadomo: Elektroenergetyka (odległość do SN); może to powiedzieć operator sieci elektroenergetycznej.",
    ]


def test_what_does_not_matter_is_not_asked_about() -> None:
    told = explained("a", "en")
    assert told[1] == "Parcel a: eligible (musts: 2 met); floor 25, ceiling 75 (of 100)."
    assert [one for one in told if one.startswith("Not known")] == [
        "Not known: Power lines (distance to MV); the power network operator can tell."
    ]


def test_whoever_knows_several_things_is_named_once() -> None:
    told = explained("a", "en", ask=[], must={"power.capacity_kw": {"min": 1}, "road.distance_m": {"max": 1}})
    assert [one for one in told if one.startswith("Not known")] == [
        "Not known: Power lines (capacity), Power lines (distance to MV); the power network operator can tell.",
        "Not known: Roads (distance); the road authority can tell.",
    ]


@given(
    st.floats(0, 1e9) | st.floats(500, 501).map(lambda one: float(np.nextafter(round(one, 1), 1e9))),
    st.sampled_from(["m", "m2", "share", None]),
    st.booleans(),
)
def test_a_bound_is_rounded_outwards_however_near_it_is(value: float, unit: str | None, up: bool) -> None:
    """As it is written it lets through what it is said to let through."""
    shown = outwards(value, unit, up=up)
    assert shown >= value if up else shown <= value
    assert shown == pytest.approx(value, abs=1.0)
    assert outwards(shown, unit, up=up) == shown


@pytest.mark.parametrize(
    ("level", "way", "text"), [(0.6666, "below", "0.66"), (0.6666, "above", "0.67"), (0.0069, "below", "0.0069")]
)
def test_a_weight_is_written_so_that_the_swap_is_sure(level: float, way: str, text: str) -> None:
    want = {"attribute": "flood.share", "weight": 1.0, "level_at": level, "swaps": way}
    (told,) = swaps({"of": ["a", "b"], "possible": True, "wants": [want]}, CATALOGUE, "en")
    assert f" {text} " in told


@pytest.mark.parametrize(
    ("name", "cell", "criterion", "pl"),
    [
        ("parcel.area_m2", 12_500, {"min": 20_000}, "niespełniony, brakuje 7 500 m²"),
        ("parcel.area_m2", [1_000, 8_000], {"min": 20_000, "max": 30_000}, "niespełniony, brakuje 1,2 ha"),
        ("power.mv_distance_m", [620.5, 700], {"max": 500}, "niespełniony, granica przekroczona o 120,5 m"),
        ("power.mv_distance_m", "none", {"max": 500}, "niespełniony"),
        ("zoning.production_share", 0.899, {"min": 0.9}, "niespełniony, brakuje 0,1 pkt proc."),
        ("zoning.production_share", 0.89996, {"min": 0.9}, "niespełniony, brakuje 0,004 pkt proc."),
        ("power.crosses", True, {"is": False}, "niespełniony"),
        ("road.class", "local", {"none_of": ["local"]}, "niespełniony"),
        ("road.class", "main", {"any_of": ["local"]}, "niespełniony"),
        ("parcel.area_m2", "unknown", {"min": 1, "unknown": "failed"},
         "niespełniony, bo brak danych, a wymagania nie pozwalają na to czekać"),
    ],
)  # fmt: skip
def test_what_fails_by_a_number_says_by_how_much(name: str, cell: Any, criterion: Any, pl: str) -> None:
    asked = understand({"format": 1, "must": {name: criterion}})
    found = why(asked, [view_of({"id": ["x"], name: [cell]})], CATALOGUE, "x")
    told = plain(sentences(found, CATALOGUE, "pl")[2])
    assert told.partition(" – ")[2].partition(" (źródło")[0] == pl


def test_a_list_of_one_is_no_list() -> None:
    texts = [required_text({key: ["main"]}, CATALOGUE.attributes["road.class"], "pl") for key in ("any_of", "none_of")]
    assert texts == ["main", "inne niż: main"]


@pytest.mark.parametrize(("how", "heirs", "pl", "en"), [
    ("split", ["a", "b"], "Działki x już nie ma: podzielono ją na a i b.", "it was divided into a and b."),
    ("merged", ["b"], "Działki x już nie ma: złączono ją z innymi w b.", "it was merged with others into b."),
    ("renumbered", ["b"], "Działki x już nie ma: zmieniono jej numer na b.", "its number was changed to b."),
    ("changed", ["a", "b", "q"], "Działki x już nie ma: po kilku zmianach są z niej a, b i q.",
     "after several changes it has become a, b and q."),
])  # fmt: skip
def test_a_parcel_that_is_no_more_is_explained_by_its_successors(how: str, heirs: Any, pl: str, en: str) -> None:
    found = why_gone(understand(REQUIREMENT), [view_of(PROFILE)], CATALOGUE, "x", how=how, successors=heirs)
    assert [one["id"] for one in found["successors"]] == [one for one in heirs if one != "q"]
    told, english = (sentences(found, CATALOGUE, lang) for lang in ("pl", "en"))
    assert told[1] == pl
    assert english[1] == f"Parcel x is no more: {en}"
    assert ("Działki q nie ma w tym stanie zasobu, więc nie można jej ocenić." in told) == ("q" in heirs)
    assert sum(one.startswith("Działka ") for one in told) == len(found["successors"])


def test_nobody_reads_the_name_of_an_attribute_or_of_a_table() -> None:
    for parcel, lang in itertools.product("ab", LANGUAGES):
        assert not [one for one in explained(parcel, lang) if re.search(r"[a-z]+[._][a-z]+_", one)]


def test_the_summary_begins_with_what_nobody_knows() -> None:
    shortlist = match(understand(REQUIREMENT), [view_of(PROFILE)], CATALOGUE)
    told = sentences(shortlist, CATALOGUE, "pl")
    assert told[0].startswith("O cesze „Elektroenergetyka (przecina działkę)” nie ma danych")
    assert "Rozpatrzono: 2. Spełnia warunki: 1. Do sprawdzenia: 0. Nie spełnia: 1." in told
    assert "Zagrożenie powodzią (udział): odpada 1, a wyłącznie z tego powodu 0" not in told
    assert "Zagrożenie powodzią (udział): odpada 1, a wyłącznie z tego powodu 1" in told


def printed(shortlist: dict[str, Any], lang: str) -> str:
    console = Console(file=StringIO(), width=160)
    console.print(table(shortlist, CATALOGUE, lang))
    assert isinstance(console.file, StringIO)
    return plain(console.file.getvalue())


def test_the_table_on_the_terminal() -> None:
    shortlist = match(understand(REQUIREMENT), [view_of(PROFILE)], CATALOGUE)
    polish, english = printed(shortlist, "pl"), printed(shortlist, "en")
    assert all(word in polish for word in ("Hala [A]", "Powierzchnia", "3 ha", "spełnia warunki", "25–75", "(25/50)"))
    assert all(word in english for word in ("Hala [A]", "Area", "eligible", "Parcels (area): 3 ha"))


def test_a_table_of_nothing() -> None:
    shortlist = match(understand({"format": 1}), [view_of({"id": []})], CATALOGUE)
    assert "Identyfikator" in printed(shortlist, "pl")
    assert sentences(shortlist, CATALOGUE, "pl")[-1] == "Żadna pozycja nie przeszła warunków koniecznych."


@given(requirement=requirements(), profile=profiles())
def test_everything_can_be_said(requirement: dict[str, Any], profile: dict[str, list[Any]]) -> None:
    view, model = view_of(profile), understand(requirement)
    shortlist = match(model, [view], CATALOGUE)
    for lang in LANGUAGES:
        said = [*sentences(shortlist, CATALOGUE, lang), printed(shortlist, lang)]
        said += sentences(why(model, [view], CATALOGUE, profile["id"][0]), CATALOGUE, lang)
        assert all(said)
        assert not any(word in text for text in said for word in ("nan", "inf", "None"))


def test_every_attribute_of_the_layers_has_a_name() -> None:
    layers: Catalogue = load_catalogue()
    for attribute in layers.attributes.values():
        for lang in LANGUAGES:
            assert title_text(attribute, lang).endswith(")")


def test_the_four_cautions_and_the_tiers() -> None:
    assert [len(set(cautions(lang))) for lang in LANGUAGES] == [4, 4]
    assert "art. 66" in cautions("pl")[2]
    assert tier_word("to_verify", "pl") == "do sprawdzenia"
    assert tier_word("eligible", "pl") == "spełnia warunki"


def test_both_languages_hold_the_same_sentences() -> None:
    texts = {
        lang: tomllib.loads((files("gis_sites") / "locales" / lang / "match.toml").read_text(encoding="utf-8"))
        for lang in LANGUAGES
    }
    holes = {
        lang: {name: {field for _, field, _, _ in Formatter().parse(text) if field} for name, text in table.items()}
        for lang, table in texts.items()
    }
    assert holes["pl"] == holes["en"]
    assert len(holes["pl"]) > 80
