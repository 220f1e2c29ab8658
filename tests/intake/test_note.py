"""The mapping note and the options that go over it."""

from pathlib import Path
from typing import Any

import geopandas
import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.errors import WrongUse
from gis_sites.intake.note import Note, note_of, read_note
from gis_sites.intake.report import ImportReport
from gis_sites.store import loads, saved
from gis_sites.store.connect import Store
from tests.intake.support import box, line, parcel_id, sql, take, write


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


# --- what was saved for a publisher ---


def _odd(path: Path, **columns: list[str]) -> Path:
    return write(path, "warstwa_7", columns, [box(0, 0)])


SAID: dict[str, Any] = {"layer": {"warstwa_7": "parcel"}, "column": {"warstwa_7.nr": "parcel.id"}}


def stale(report: ImportReport) -> list[str]:
    return [one["sentence"] for kind in report.findings if kind["type"] == "note_stale" for one in kind["examples"]]


def test_what_was_reused_is_said(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    first = take(store, catalogue, _odd(tmp_path / "a.gpkg", nr=[parcel_id(1)]), publisher="PODGiK", **SAID)
    assert first.reused == []
    again = take(store, catalogue, _odd(tmp_path / "b.gpkg", nr=[parcel_id(2)]), publisher="PODGiK")
    assert again.reused == ['--layer "warstwa_7=parcel"', '--column "warstwa_7.nr=parcel.id"']
    (load,) = again.loads
    assert [(one.column, one.reason) for one in load.columns] == [("nr", "saved")]
    assert "poprzednim" in load.reasons[0]
    assert stale(again) == []


def test_what_is_typed_goes_over_what_was_saved(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, _odd(tmp_path / "a.gpkg", nr=[parcel_id(1)]), publisher="PODGiK", **SAID)
    path = _odd(tmp_path / "b.gpkg", nr=["1"], identyfikator_nowy=[parcel_id(2)])
    write(path, "warstwa_8", {"x": [1]}, [box(0, 0)])
    asked = {"warstwa_7.identyfikator_nowy": "parcel.id", "warstwa_7.nr": "parcel.number"}
    report = take(store, catalogue, path, publisher="PODGiK", layer={"warstwa_8": "skip"}, column=asked)
    assert report.reused == ['--layer "warstwa_7=parcel"']
    assert {one.column: one.reason for one in report.loads[0].columns} == dict.fromkeys(
        ("nr", "identyfikator_nowy"), "stated"
    )
    with store.begin() as conn:
        kept = saved.note(conn, "PODGiK")
    assert kept == {"layer": {"warstwa_7": "parcel", "warstwa_8": "skip"}, "column": asked}


def test_a_saved_entry_that_is_no_more_is_a_finding(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = _odd(tmp_path / "a.gpkg", nr=[parcel_id(1)], obr=["0012"])
    write(path, "rury", {"id": ["a"]}, [line((0, 0), (5, 5))])
    said = {
        "layer": {**SAID["layer"], "rury": "water"},
        "column": {**SAID["column"], "warstwa_7.obr": "parcel.precinct"},
    }
    take(store, catalogue, path, publisher="PODGiK", **said)
    report = take(store, catalogue, _odd(tmp_path / "b.gpkg", nr=[parcel_id(2)]), publisher="PODGiK")
    assert len(stale(report)) == 2
    assert '--layer "rury=water"' in stale(report)[0]
    assert '--column "warstwa_7.obr=parcel.precinct"' in stale(report)[1]
    with store.begin() as conn:
        noticed = [one for one in loads.findings(conn, report.load or 0) if one.finding.type.word == "note_stale"]
    assert [one.finding.values["publisher"] for one in noticed] == ["PODGiK", "PODGiK"]
    newest = take(store, catalogue, _odd(tmp_path / "c.gpkg", nr=[parcel_id(3)]), publisher="PODGiK")
    assert stale(newest) == []


def test_a_saved_table_that_another_took_the_place_of_is_a_finding(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    take(store, catalogue, _odd(tmp_path / "a.gpkg", nr=[parcel_id(1)]), publisher="PODGiK", **SAID)
    path = write(tmp_path / "b.gpkg", "dzialki_2025", {"id_dzialki": [parcel_id(1)]}, [box(0, 0)])
    (load,) = take(store, catalogue, path, publisher="PODGiK").loads
    (kind,) = [one for one in load.findings if one["type"] == "note_stale"]
    said = [one["sentence"] for one in kind["examples"]]
    assert ['"warstwa_7=parcel"' in said[0], '"warstwa_7.nr=parcel.id"' in said[1]] == [True, True]


def test_files_of_one_publisher_do_not_make_each_other_stale(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    take(store, catalogue, _odd(tmp_path / "a.gpkg", nr=[parcel_id(1)]), publisher="PODGiK", **SAID)
    pipes = write(tmp_path / "b.gpkg", "rury", {"id": ["a"]}, [line((0, 0), (5, 5))])
    report = take(store, catalogue, pipes, publisher="PODGiK", layer={"rury": "water"})
    assert (report.reused, stale(report)) == ([], [])
    again = take(store, catalogue, _odd(tmp_path / "c.gpkg", nr=[parcel_id(2)]), publisher="PODGiK")
    assert (again.loads[0].rows.loaded, stale(again)) == (1, [])


def test_values_of_one_delivery_are_not_those_of_the_next(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    plan = write(tmp_path / "a.gpkg", "mpzp_a", {"symbol": ["MN"]}, [box(0, 0)])
    take(store, catalogue, plan, publisher="Miasto", set={"zoning.plan": "A", "zoning.status": "in_force"})
    other = write(tmp_path / "b.gpkg", "mpzp_b", {"symbol": ["U"]}, [box(0, 0)])
    report = take(store, catalogue, other, publisher="Miasto", set={"zoning.plan": "B"})
    assert report.reused == []
    assert {one.field: one.value for one in report.loads[0].columns if one.reason == "stated"} == {"plan": "B"}


def test_a_saved_system_does_not_overrule_a_declared_one(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", "rury", {"id": ["a"]}, [line((0, 0), (5, 5))])
    sql(path, "UPDATE gpkg_geometry_columns SET srs_id = 0", "UPDATE gpkg_contents SET srs_id = 0")
    said = {"layer": {"rury": "water"}, "crs": "EPSG:2177"}
    assert take(store, catalogue, path, publisher="PWiK", **said).loads[0].crs == "EPSG:2177"
    kalisz = box(0, 0).boundary
    declared = geopandas.GeoSeries([kalisz], crs="EPSG:2177").to_crs("EPSG:2180")
    other = write(tmp_path / "b.gpkg", "rury", {"id": ["b"]}, [declared[0]], "EPSG:2180")
    report = take(store, catalogue, other, publisher="PWiK")
    assert (report.loads[0].crs, report.reused) == ("EPSG:2180", ['--layer "rury=water"'])
