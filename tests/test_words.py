"""Sentences: the same keys and placeholders in both languages, and every key the code speaks of exists."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from gis_sites import errors
from gis_sites.catalogue import Measure
from gis_sites.errors import GisSitesError, Refused
from gis_sites.findings import FindingType
from gis_sites.words import LANGUAGES, Said, number, say, sentences

ROOT = Path(__file__).parents[1]
LOCALES = ROOT / "gis_sites" / "locales"
ROOMS = sorted(path.stem for path in (LOCALES / "pl").glob("*.toml"))
CODE = sorted([*(ROOT / "gis_sites").rglob("*.py"), *(ROOT / "api").rglob("*.py")])
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, GisSitesError)}
SPEAKERS = {"say", "Said", *ERRORS}
KEY = re.compile(r"[a-z][a-z0-9_]*\.[a-z0-9_]+")


def read(lang: str, room: str) -> dict[str, str]:
    return tomllib.loads((LOCALES / lang / f"{room}.toml").read_text(encoding="utf-8"))


def placeholders(sentence: str) -> set[str]:
    return {name.split(".")[0].split("[")[0] for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def spoken(path: Path) -> Iterator[tuple[ast.Call, ast.expr]]:
    """Yield every call that says something, with the expression of its key."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", None)
            if name in SPEAKERS:
                yield node, node.args[0]


def literal_keys(key: ast.expr) -> Iterator[str]:
    """Yield the keys an expression can be, where it says them."""
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        yield key.value
    elif isinstance(key, ast.IfExp):
        yield from literal_keys(key.body)
        yield from literal_keys(key.orelse)


def test_both_languages_have_the_same_files() -> None:
    assert {path.name for path in (LOCALES / "pl").iterdir()} == {path.name for path in (LOCALES / "en").iterdir()}
    assert {"catalogue", "finding", "measure"} <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_say_the_same_with_the_same_values(room: str) -> None:
    polish, english = read("pl", room), read("en", room)
    assert list(polish) == list(english)
    for key, sentence in polish.items():
        assert placeholders(sentence) == placeholders(english[key]), key
        assert sentence.strip(), key
        assert english[key].strip(), key


def test_polish_sentences_avoid_words_that_mean_something_else() -> None:
    """*Profil* is a term of the general plan, *uwaga* a formal comment, *oferta* alone binds in civil law."""
    wrong = re.compile(r"\b(profil|uwag)\w*|\bofert\w*\b(?! (inwestycyjn|w rozumieniu))", re.IGNORECASE)
    assert [key for key, sentence in sentences("pl").items() if wrong.search(sentence)] == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_key_the_code_speaks_of_exists(path: Path) -> None:
    known = sentences("pl")
    for call, key in spoken(path):
        for name in literal_keys(key):
            if KEY.fullmatch(name):
                assert name in known, f"line {call.lineno}: no sentence {name}"
        if isinstance(key, ast.JoinedStr) and isinstance(key.values[0], ast.Constant):
            start = str(key.values[0].value)
            starts = start if "." in start else f"page.{start}"  # as `Speech.say` does
            assert any(name.startswith(starts) for name in known), f"line {call.lineno}: no sentence {start}..."


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_sentence_is_given_every_value_it_shows(path: Path) -> None:
    known = sentences("pl")
    for call, key in spoken(path):
        given = {word.arg for word in call.keywords}
        if (isinstance(call.func, ast.Name) and call.func.id == "Said") or None in given:
            continue
        for name in literal_keys(key):
            missing = placeholders(known[name]) - given if name in known else set()
            assert not missing, f"line {call.lineno}: {name} is not given {sorted(missing)}"


def test_the_code_does_speak() -> None:
    keys = {name for path in CODE for _, key in spoken(path) for name in literal_keys(key)}
    assert {"catalogue.no_layer", "catalogue.bad_file"} <= keys


def test_every_measure_and_finding_has_a_sentence() -> None:
    for lang in LANGUAGES:
        assert set(read(lang, "measure")) == set(get_args(Measure))
        assert {kind.word for kind in FindingType} <= set(read(lang, "finding"))


def test_a_sentence_can_be_a_value_of_another() -> None:
    hint = Said("catalogue.did_you_mean", {"near": "water"})
    error = Refused("catalogue.no_layer", name="watr", hint=hint)
    assert error.sentence("pl") == "nie ma warstwy „watr”; czy chodzi o „water”?"
    assert str(error) == f"there is no layer “watr”{hint}"
    both = say("catalogue.bad_file", "en", file="x", fault=(hint, hint))
    assert both == "x: ; did you mean “water”?; ; did you mean “water”?"


def test_a_key_or_a_value_that_is_missing_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        say("catalogue.nothing", "pl")
    with pytest.raises(KeyError):
        say("catalogue.no_layer", "pl", name="x")


def test_values_are_never_read_as_sentences() -> None:
    assert say("catalogue.no_layer", "en", name="{hint}", hint="") == "there is no layer “{hint}”"


def test_numbers_are_written_as_people_write_them() -> None:
    assert number(25000.5, "pl") == "25\u00a0000,5"
    assert number(1234.5678, "en") == "1,234.57"
    assert number(2.6, "en", 0) == "3"


def test_a_measure_in_a_sentence_has_the_comma_of_its_language() -> None:
    values = {"row": 1, "column": "wys", "value": "9,5 m"}
    assert "9,5 m” odczytano jako 9,5" in say("finding.value_repaired", "pl", **values, result=9.5)
    assert "read as 9.5" in say("finding.value_repaired", "en", **values, result=9.5)
    assert say("finding.value_repaired", "pl", **values, result=150.0).endswith("jako 150")
