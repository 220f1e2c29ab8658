"""The mapping note and the options that go over it."""

from pathlib import Path

import pytest

from gis_sites.errors import WrongUse
from gis_sites.intake.note import Note, note_of, read_note


def test_options_go_over_the_note(tmp_path: Path) -> None:
    file = tmp_path / "note.toml"
    file.write_text(
        'crs = "EPSG:2180"\nrest = "skip"\n[layer]\na = "water"\nb = "skip"\n[coverage]\nwater = "edge.gpkg"\n'
    )
    said = note_of(layer=["b=road,rail"], crs="EPSG:2177").over(read_note(file))
    assert said.crs == "EPSG:2177"
    assert said.rest == "skip"
    assert said.layers_of("a") == ("water",)
    assert said.layers_of("b") == ("road", "rail")
    assert said.coverage_of("water") == str(tmp_path / "edge.gpkg")
    assert said.coverage_of("road") is None


def test_an_unknown_key_is_refused_with_the_nearest_right_one(tmp_path: Path) -> None:
    file = tmp_path / "note.toml"
    file.write_text('colum = "x"\n')
    with pytest.raises(WrongUse, match="did you mean “column”"):
        read_note(file)


@pytest.mark.parametrize("text", ["[", "rest = 'keep'", "symbols = { A = { housing = 'maybe' } }"])
def test_a_note_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "note.toml"
    file.write_text(text)
    with pytest.raises(WrongUse, match=r"note\.toml"):
        read_note(file)


def test_a_missing_note_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="No such file"):
        read_note(tmp_path / "none.toml")


def test_words_of_the_command_line() -> None:
    said = note_of(
        layer=["a=b=water"],
        column=["t.x=y=water.id"],
        set=["zoning.plan=A=B"],
        part=["t=north", "south"],
        coverage=["water=own", "none"],
        allow_shrink=True,
    )
    assert said.layer == {"a=b": "water"}
    assert said.column == {"t.x=y": "water.id"}
    assert said.set == {"zoning.plan": "A=B"}
    assert (said.part_of("t"), said.part_of("other")) == ("north", "south")
    assert (said.coverage_of("water"), said.coverage_of("road")) == ("own", "none")
    assert said.allow_shrink
    assert note_of() == Note()
    assert not Note(publisher="x", crs="EPSG:2177").maps


@pytest.mark.parametrize("option", ["layer", "column", "set"])
def test_an_option_of_another_form_is_wrong_use(option: str) -> None:
    with pytest.raises(WrongUse, match="NAME=VALUE"):
        note_of(**{option: ["nothing"]})  # type: ignore[arg-type]


def test_values_for_one_table_go_before_those_for_the_layer() -> None:
    note = Note(set={"flood.scenario": "1", "rare:flood.scenario": "0.2"})
    assert note.set_of("rare", "flood") == {"scenario": "0.2"}
    assert note.set_of("often", "flood") == {"scenario": "1"}
