"""What a person sees of an import: columns and reasons before it, counts and findings after it."""

from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from gis_sites.catalogue import Catalogue
from gis_sites.findings import FindingType
from gis_sites.show_import import SHOWN, findings_document, findings_tables, report_tables
from gis_sites.store import loads
from gis_sites.store.connect import Store
from tests.intake.support import box, line, parcel_id, parcels, take, write


def drawn(things: Iterable[Any]) -> str:
    """Return what a terminal wide enough would show."""
    console = Console(width=400, file=StringIO(), record=True)
    for thing in things:
        console.print(thing)
    return console.export_text()


def _file(path: Path) -> Path:
    ids = [parcel_id(1), parcel_id(1), "-"]
    write(path, "dzialki", {"id_dzialki": ids, "uwagi": ["a", "a", "b"], "pesel": ["1", "2", "3"]}, [box(0, 0)] * 3)
    columns = {"id": ["a", "b"], "dn": [100, 200], "status": ["i", "p"]}
    return write(path, "siec_wodociagowa", columns, [line((0, 0), (5, 5)), line((0, 0), (7, 5))])


def test_a_preview_tells_every_column_with_its_field_and_why(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    report = take(store, catalogue, _file(tmp_path / "p.gpkg"), dry_run=True)
    shown = drawn(report_tables(report, "pl"))
    for words in (
        "dzialki → parcel (pewność 0,8",
        "nazwa tabeli pasuje do dzialki*",
        "id_dzialki   id",
        "znana nazwa tego pola",
        "nie odpowiada żadnemu polu",
        "według nazwy dane osobowe",
        "siec_wodociagowa → water",
        "dn",
        "diameter_mm",
        "projektowane",
        "wydawca pliku",
        "Nie opublikowano",
    ):
        assert words in shown, words
    english = drawn(report_tables(report, "en"))
    assert "a known name of this field" in english
    assert "designed" in english


def test_a_report_after_the_import_is_short(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shown = drawn(report_tables(take(store, catalogue, _file(tmp_path / "p.gpkg")), "en"))
    assert "a known name of this field" not in shown
    assert "repetition" in shown
    assert "key_missing" in shown


def test_what_was_reused_is_shown(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    said = {"layer": {"ewid 1": "parcel"}}
    for name, number in (("a", 1), ("b", 2)):
        path = write(tmp_path / f"{name}.gpkg", "ewid 1", {"id_dzialki": [parcel_id(number)]}, [box(0, 0)])
        report = take(store, catalogue, path, publisher="[b]PODGiK", **said)
        said = {}
    shown = drawn(report_tables(report, "en"))
    assert 'Saved for publisher [b]PODGiK and used: --layer "ewid 1=parcel"' in shown


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_findings_are_told_type_by_type(store: Store, catalogue: Catalogue, tmp_path: Path, lang: str) -> None:
    count = SHOWN + 5
    path = parcels(tmp_path / "p.gpkg", ["-"] * count, [box(20 * n, 0) for n in range(count)])
    report = take(store, catalogue, path)
    with store.begin() as conn:
        document = findings_document(loads.findings(conn, report.load or 0), lang)
    shown = drawn(findings_tables(document, lang))
    assert FindingType.KEY_MISSING.meaning(lang)[:60] in shown
    assert FindingType.KEY_MISSING.mend(lang)[:40] in shown
    assert f"key_missing: {count} ×" in shown
    assert {"pl": "... i 5 więcej", "en": "... and 5 more"}[lang] in shown
