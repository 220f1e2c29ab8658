"""Hostile requirements at the command line and in Python: a sentence, soon, before any database is asked."""

import resource
import sys
import time
from pathlib import Path

import pytest
from matching_fakes import CATALOGUE, view_of

from gis_sites import cli
from gis_sites.errors import RequirementError
from gis_sites.matching.also import ANSWERS
from gis_sites.matching.reading import parse, read_requirement
from gis_sites.matching.sentences import sentences
from gis_sites.matching.shortlist import match
from gis_sites.matching.why import differences
from gis_sites.matching.written import toml_text
from gis_sites.show_answer import answers_shown
from tests.hostile import EVERY, LONG, SOON


@pytest.fixture
def file(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A file that holds the text of a name."""
    path = tmp_path / "requirement.toml"
    path.write_bytes(EVERY[request.param][0].encode())
    return path


@pytest.mark.parametrize(("file", "name"), [(name, name) for name in EVERY], ids=list(EVERY), indirect=["file"])
def test_a_hostile_file_is_refused_in_a_sentence(file: Path, name: str) -> None:
    begun = time.process_time()
    with pytest.raises(RequirementError) as refusal:
        read_requirement(file)
    assert time.process_time() - begun < SOON
    assert refusal.value.key == f"match.{EVERY[name][1]}"
    for lang in ("pl", "en"):
        assert 10 < len(refusal.value.sentence(lang)) < 6_000


@pytest.mark.parametrize("file", list(EVERY), indirect=True)
def test_a_hostile_file_ends_the_command_with_1(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIS_SITES_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setattr(sys, "argv", ["gis-sites", "match", str(file), "--lang", "en"])
    begun = time.process_time()
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert time.process_time() - begun < SOON
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert 10 < len(told.err.strip()) < 6_000
    assert "Traceback" not in told.err


def deep(levels: int) -> dict[str, object]:
    table: dict[str, object] = {}
    for _ in range(levels):
        table = {"a": table}
    return table


def itself() -> dict[str, object]:
    table: dict[str, object] = {"format": 1}
    table["must"] = table
    return table


TABLES = {
    "a shortlist of nothing": ({"format": "gis-sites/shortlist/1", "requirement": []}, "wants_format"),
    "deep": ({"format": 1, "must": deep(500)}, "too_deep"),
    "itself": (itself(), "too_deep"),
    "wide": ({"format": 1, "must": {str(at): {"min": at} for at in range(200_000)}}, "too_much"),
    "an order to the terminal": ({"format": 1, "must": {"a\x1b[2J": {"min": 1}}}, "odd_text"),
    "a whole number beyond floats": ({"format": 1, "must": {"a.b": {"min": 10**5000}}}, "not_finite"),
}


@pytest.mark.parametrize("name", list(TABLES))
def test_a_hostile_table_is_refused_too(name: str) -> None:
    table, key = TABLES[name]
    begun = time.process_time()
    with pytest.raises(RequirementError) as refusal:
        read_requirement(table)
    assert time.process_time() - begun < SOON
    assert refusal.value.key == f"match.{key}"
    assert refusal.value.sentence("pl")


@pytest.mark.parametrize("bound", [1e-300, -0.0, 5e-324, 1e27, 1e308, -1e308])
def test_a_bound_of_any_size_is_answered_in_sentences(bound: float) -> None:
    view = view_of({"id": ["a", "b", "c"], "power.mv_distance_m": [0.0, 500.0, [10.0, 900.0]]})
    for key in ("min", "max"):
        asked = read_requirement({"format": 1, "must": {"power.mv_distance_m": {key: bound}}})
        found = match(asked, [view], CATALOGUE, also=ANSWERS)
        again = match(read_requirement(parse(toml_text(asked))), [view], CATALOGUE, also=ANSWERS)
        assert differences(found, again) == []
        for lang in ("pl", "en"):
            assert sentences(found, CATALOGUE, lang)
            assert list(answers_shown(found, CATALOGUE, lang)) or not found["relaxations"]


def test_memory_stays_bounded(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for at, (text, _) in enumerate(LONG.values()):
        path = tmp_path / f"{at}.json"
        path.write_text(text)
        with pytest.raises(RequirementError):
            read_requirement(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000
