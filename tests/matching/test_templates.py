import sys
from pathlib import Path

import pytest

from gis_sites import cli
from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.errors import RequirementError
from gis_sites.matching.check import check, criteria
from gis_sites.matching.clash import clashes
from gis_sites.matching.entries import Entry, Words
from gis_sites.matching.reading import read_requirement, template_text, template_title, templates
from gis_sites.matching.settle import understood
from gis_sites.words import LANGUAGES


@pytest.fixture(scope="module")
def layers() -> Catalogue:
    """The layers that come with the tool."""
    return load_catalogue()


SECTORS = {
    "automotive", "aviation", "biotech", "construction", "data_centre", "food_processing", "light_industry",
    "logistics", "metal_machinery", "office_building", "white_goods",
}  # fmt: skip


def test_the_sectors() -> None:
    assert set(templates()) == SECTORS
    titles = [template_title(name, lang) for name in templates() for lang in LANGUAGES]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", templates())
def test_a_template_suits_the_public_catalogue(name: str, layers: Catalogue) -> None:
    assert check(read_requirement({}, template=name), layers.public())


@pytest.mark.parametrize("name", templates())
def test_every_number_says_where_it_is_from_and_how_sure_it_is(name: str) -> None:
    requirement = read_requirement({}, template=name)
    entries: list[Entry] = [
        *requirement.must.values(),
        *requirement.want.values(),
        *requirement.either,
        *requirement.ask,
    ]
    assert {entry.confidence for entry in entries} <= {"sourced", "unverified"}
    for entry in entries:
        assert entry.source
        assert entry.confidence == "unverified" or entry.source != "estimate"
    assert any(entry.confidence == "unverified" for entry in entries)
    assert len(list(criteria(requirement))) >= 4
    assert len(requirement.want) >= 5
    assert requirement.ask
    assert "not a fact" in template_text(name)
    assert isinstance(requirement.title, Words)


@pytest.mark.parametrize("name", templates())
def test_no_template_asks_for_what_cannot_be(name: str, layers: Catalogue) -> None:
    requirement = check(read_requirement({}, template=name), layers)
    assert list(clashes(requirement, layers)) == []
    assert understood(requirement, layers)


@pytest.mark.parametrize("name", templates())
def test_the_command_prints_a_template_that_reads_back(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gis-sites", "templates", name])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    file = tmp_path / "ours.toml"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    assert read_requirement(file) == read_requirement({}, template=name)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_command_lists_the_templates(
    lang: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gis-sites", "templates", "--lang", lang])
    with pytest.raises(SystemExit):
        cli.main()
    told = capsys.readouterr().out
    assert all(name in told for name in templates())
    assert template_title("aviation", lang) in told


def test_own_entries_go_before_those_of_the_template() -> None:
    own = {"format": 1, "title": "Ours", "must": {"parcel": {"area_m2": {"min": 70000}}}, "want": {}}
    requirement = read_requirement(own, template="logistics")
    plain = read_requirement({}, template="logistics")
    assert requirement.title == "Ours"
    assert requirement.must["parcel.area_m2"].said == {"min": 70000.0}
    assert requirement.must["flood.share"] == plain.must["flood.share"]
    assert requirement.want == plain.want


def test_faults_over_a_template_are_told() -> None:
    twice = {"must": {"parcel.area_m2": {"min": 1}, "parcel": {"area_m2": {"min": 2}}}}
    with pytest.raises(RequirementError, match="twice"):
        read_requirement(twice, template="logistics")


def test_a_template_nobody_has() -> None:
    with pytest.raises(RequirementError, match="logistics"):
        read_requirement({}, template="logistic")
