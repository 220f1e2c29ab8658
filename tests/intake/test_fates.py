"""What became of every column: in the report, in the registry, and against the load before."""

from pathlib import Path
from typing import Any

import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.intake.report import ImportReport, LoadReport
from gis_sites.store import loads as registry
from gis_sites.store.connect import Store
from tests.intake.support import box, line, parcel_id, parcels, take, write


def told(report: LoadReport) -> dict[str, tuple[str, str | None, str | None]]:
    """Return every column's fate, field and reason."""
    return {one.column: (one.fate, one.field, one.reason) for one in report.columns}


def findings(report: ImportReport | LoadReport, kind: str) -> list[str]:
    """Return the sentences of one type, in Polish as the inventory speaks."""
    return [one["sentence"] for found in report.findings if found["type"] == kind for one in found["examples"]]


def _pipes(path: Path, **columns: Any) -> Path:
    return write(path, "siec_wodociagowa", {"id": ["a"], **columns}, [line((0, 0), (5, 5))])


def test_every_column_has_a_fate_with_its_reason(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    columns = {
        "dn": [100],
        "fi": [200],
        "stan": ["i"],
        "PESEL": ["1"],
        "rok": [1999],
        "typ_prz": ["o"],
        "funkcja": ["g"],
    }
    path = _pipes(tmp_path / "w.gpkg", **columns)
    asked = {"siec_wodociagowa.typ_prz": "water.type", "siec_wodociagowa.funkcja": "skip"}
    report = take(store, catalogue, path, column=asked, set={"water.in_use": True}).loads[0]
    assert told(report) == {
        "id": ("loaded", "id", "name"),
        "dn": ("loaded", "diameter_mm", "alias"),
        "fi": ("conflict", "diameter_mm", "other_taken"),
        "stan": ("ignored", None, "no_field"),
        "PESEL": ("private", None, "personal"),
        "rok": ("ignored", None, "no_field"),
        "typ_prz": ("loaded", "type", "stated"),
        "funkcja": ("ignored", None, "skipped"),
        "in_use": ("set", "in_use", "stated"),
    }
    assert [one.value for one in report.columns if one.fate == "set"] == ["true"]
    kinds = {one["type"]: one["count"] for one in report.findings if one["type"].startswith("column_")}
    assert kinds == {"column_ignored": 2, "column_conflict": 1, "column_private": 1, "column_missing": 2}
    assert [one.split(" o polu ")[1].split(";")[0] for one in findings(report, "column_missing")] == ["role", "status"]


def test_the_registry_holds_the_fates(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    report = take(store, catalogue, _pipes(tmp_path / "w.gpkg", dn=[100], nr_kw=["x"]))
    with store.begin() as conn:
        held = registry.fates(conn, report.load or 0)
    assert [(one.table, one.layer) for one in held] == [("siec_wodociagowa", "water")] * 3
    assert {one.column: (one.fate, one.field, one.reason) for one in held} == told(report.loads[0])


def test_a_unit_beside_and_a_value_from_the_name_are_told(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(
        tmp_path / "p.gpkg",
        [parcel_id(1)],
        [box(0, 0)],
        poleEwidencyjne=["0.01"],
        poleEwidencyjne_uom=["ha"],
    )
    report = take(store, catalogue, path).loads[0]
    assert told(report)["poleEwidencyjne_uom"] == ("unit", "registered_area_ha", "unit")
    storm = write(tmp_path / "s.gpkg", "kanalizacja_deszczowa", {"id": ["a"]}, [line((0, 0), (5, 5))])
    assert told(take(store, catalogue, storm).loads[0])["type"] == ("set", "type", "table_name")


def test_a_column_known_by_its_values_is_loaded_and_told(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    columns = {"nr_w_ewid": [parcel_id(n) for n in (1, 2, 3)]}
    path = write(tmp_path / "p.gpkg", "dzialki_2024", columns, [box(20 * n, 0) for n in range(3)])
    report = take(store, catalogue, path).loads[0]
    assert (report.rows.loaded, told(report)["nr_w_ewid"]) == (3, ("loaded", "id", "values"))
    assert any("nr_w_ewid" in reason for reason in report.reasons)


def test_a_missing_required_value_is_noticed(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "z.gpkg", "mpzp", {"symbol": ["MN", None], "plan": ["A", "A"]}, [box(0, 0), box(20, 0)])
    report = take(store, catalogue, path).loads[0]
    assert (report.rows.loaded, report.rows.rejected) == (1, 1)
    assert len(findings(report, "value_missing")) == 1


# --- against the load before ---


def test_columns_that_came_or_went_are_noticed(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    first = take(store, catalogue, _pipes(tmp_path / "a.gpkg", dn=[100], rok=[1999]), publisher="PWiK")
    assert findings(first.loads[0], "columns_changed") == []
    same = take(store, catalogue, _pipes(tmp_path / "b.gpkg", dn=[200], rok=[1998]), publisher="PWiK")
    assert findings(same.loads[0], "columns_changed") == []
    other = take(store, catalogue, _pipes(tmp_path / "c.gpkg", dn=[200], rok=[1998], wlasc=["x"]), publisher="Gmina")
    assert findings(other.loads[0], "columns_changed") == []
    newer = take(store, catalogue, _pipes(tmp_path / "d.gpkg", dn_mm=[200], rok=[1998]), publisher="PWiK")
    (sentence,) = findings(newer.loads[0], "columns_changed")
    assert f"wczytanie {same.load}, tabela siec_wodociagowa" in sentence
    assert sentence.endswith("przybyły dn_mm; ubyły dn")


def test_a_renamed_table_is_compared_with_the_one_it_was(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, parcels(tmp_path / "a.gpkg", [parcel_id(1)], [box(0, 0)], numer=["1"]))
    path = write(tmp_path / "b.gpkg", "dzialki_2025", {"id_dzialki": [parcel_id(1)], "nr": ["1"]}, [box(0, 0)])
    (sentence,) = findings(take(store, catalogue, path).loads[0], "columns_changed")
    assert "tabela dzialki)" in sentence
    assert "przybyły nr; ubyły numer" in sentence


def test_another_table_beside_it_is_not_the_one_before(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, _pipes(tmp_path / "a.gpkg", dn=[100]))
    path = _pipes(tmp_path / "b.gpkg", dn=[100])
    write(path, "hydranty", {"nr": ["h"]}, [line((0, 0), (5, 5)).centroid])
    report = take(store, catalogue, path)
    assert [findings(one, "columns_changed") for one in report.loads] == [[], []]


@pytest.mark.parametrize("publisher", [None, "PWiK"])
def test_a_dry_run_is_no_load_before(store: Store, catalogue: Catalogue, tmp_path: Path, publisher: str | None) -> None:
    take(store, catalogue, _pipes(tmp_path / "a.gpkg", dn=[100]), publisher=publisher, dry_run=True)
    report = take(store, catalogue, _pipes(tmp_path / "b.gpkg"), publisher=publisher)
    assert findings(report.loads[0], "columns_changed") == []
