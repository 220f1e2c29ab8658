"""What a load changed, told and drawn: the document, the page in a real browser, the command."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser

from gis_sites.intake.compare import Case, LayerChanges, around, changes_of
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.maps.changes import OWN_BYTES, change_map
from gis_sites.maps.page import leaflet
from gis_sites.settings import Settings
from gis_sites.show_changes import changes_document, changes_tables
from gis_sites.store import loads
from tests.browser import Opened
from tests.conftest import Databases
from tests.intake.support import box, line, parcel_id, parcels, write
from tests.test_cli import Command, command  # noqa: F401 - a fixture

BEFORE = {
    "1": box(0, 0, 40, 10), "2": box(50, 0), "3": box(60, 0), "4": box(80, 0), "5": box(100, 0), "6": box(150, 0),
    "10": box(120, 0),
}  # fmt: skip
AFTER = {
    "1/1": box(0, 0, 20, 10), "1/2": box(20, 0, 20, 10), "7": box(50, 0, 20, 10), "8": box(80, 0),
    "5": box(100, 0, 12, 10), "9": box(300, 0), "10": box(120, 0),
}  # fmt: skip
USES = {"5": ("R", "Ba")}


def delivery(path: Path, lots: dict[str, Any], place: int) -> Path:
    """Write parcels and a water main as they are before (0) or after (1)."""
    uses = [USES.get(number, ("B", "B"))[place] for number in lots]
    owners = ["7" if number != "5" else ("4", "15")[place] for number in lots]
    parcels(path, [parcel_id(number) for number in lots], list(lots.values()), ofu=uses, grupa_rejestrowa=owners)
    return write(path, "wodociag", {"id": ["w<1>"], "srednica": [100 + place]}, [line((0, -5), (90, -5 - place))])


@pytest.fixture(scope="module")
def inventory(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inventory]:
    """An inventory with two deliveries, the second load the one that changed things: for reading only."""
    folder = tmp_path_factory.mktemp("changes")
    address = databases.fresh().render_as_string(hide_password=False)
    with open_inventory(Settings(home=folder / "home", database_url=address, workers=1)) as opened:
        opened.import_file(delivery(folder / "a.gpkg", BEFORE, 0), profile=False)
        opened.import_file(delivery(folder / "b.gpkg", AFTER, 1), profile=False)
        yield opened


def second(inventory: Inventory) -> tuple[loads.Load, list[LayerChanges]]:
    with inventory.store.begin() as conn:
        number = conn.execute(sa.text("SELECT max(id) FROM registry.loads")).scalar_one()
    return inventory.changes(number)


def numbers(case: Case) -> tuple[str, list[str], list[str]]:
    return case.kind, *([side.key.split(".")[-1] for side in sides] for sides in (case.before, case.after))  # type: ignore[return-value]


def test_every_change_is_told_once(inventory: Inventory) -> None:
    load, told = second(inventory)
    by_layer = {one.layer.name: one for one in told}
    one = by_layer["parcel"]
    assert [numbers(case) for case in one.cases] == [
        ("split", ["1"], ["1/1", "1/2"]),
        ("merged", ["2", "3"], ["7"]),
        ("renumbered", ["4"], ["8"]),
        ("added", [], ["9"]),
        ("removed", ["6"], []),
        ("changed", ["5"], ["5"]),
    ]
    changed = one.cases[-1]
    assert changed.fields == ("land_use", "owner_class")
    assert (changed.moved_m, changed.area_change_m2) == (pytest.approx(2, abs=1e-6), pytest.approx(20, abs=1e-6))
    assert [side.cells for side in (*changed.before, *changed.after)] == [{"land_use": "R"}, {"land_use": "Ba"}]
    assert sum(case.rows for case in one.cases) == one.differing == 11
    assert (sum(one.counts.new.values()), sum(one.counts.old.values())) == (7, 7)
    assert (by_layer["water"].cases[0].fields, by_layer["water"].counts.reshaped) == (("diameter_mm",), 1)
    assert one.counts.examples["old"] == {
        "split": [parcel_id(1)], "merged": [parcel_id(2), parcel_id(3)], "renumbered": [parcel_id(4)],
        "removed": [parcel_id(6)],
    }  # fmt: skip
    assert one.counts.examples["new"]["split_from"] == [parcel_id("1/1"), parcel_id("1/2")]
    assert by_layer["water"].counts.examples["new"] == {"changed": ["***"]}
    # what the report of the load says is the same
    report = {entry["layer"]: entry["changes"] for entry in (load.report or {})["loads"]}
    assert report == {name: vars(found.counts) for name, found in by_layer.items()}


def test_the_document_holds_every_case_and_no_private_key(inventory: Inventory) -> None:
    load, told = second(inventory)
    document = json.loads(json.dumps(changes_document(load, told)))
    lots = next(one for one in document["layers"] if one["layer"] == "parcel")
    assert (lots["base"], lots["revision"], lots["kept"], lots["rows_left_out"]) == (1, 2, True, 0)
    assert lots["cases"][0]["after"] == [parcel_id("1/1"), parcel_id("1/2")]
    assert "natural" not in json.dumps(document)
    from rich.console import Console

    for lang, words in (("pl", "podzielone"), ("en", "split from others")):
        console = Console(width=200, file=io.StringIO(), record=True)
        for table in changes_tables(document, lang):
            console.print(table)
        assert words in " ".join(console.export_text().split())


def page_of(inventory: Inventory, told: list[LayerChanges], load: loads.Load, **options: Any) -> str:
    with inventory.store.begin() as conn:
        beside = gpd.GeoSeries(around(conn, told), crs=inventory.store.crs)
    return change_map(load, told, beside, **options)


def test_a_page_that_opens_offline_in_two_languages(inventory: Inventory, browser: Browser, tmp_path: Path) -> None:
    load, told = second(inventory)
    file = inventory.change_map(load, told, tmp_path / "changes.html", lang="pl")
    opened = Opened(browser, file)
    page = opened.page
    assert page.locator(".case").count() == sum(len(one.cases) for one in told)
    assert page.locator(".leaflet-control-layers-overlays input").count() == 6
    assert page.locator("tbody tr", has_text="Działki").locator("td.sum").all_inner_texts() == ["7", "7"]
    page.locator("button.id", has_text=f"{parcel_id(1)} → {parcel_id('1/1')}, {parcel_id('1/2')}").click()
    popup = page.locator(".leaflet-popup-content").last
    assert "podzielone" in popup.inner_text()
    assert page.evaluate("document.activeElement.matches('.leaflet-popup-content')")
    page.locator("button.id", has_text=parcel_id(5)).click()
    said = popup.inner_text().replace("\xa0", " ")
    assert "obrys przesunięty najwyżej o 2 m" in said
    assert "100 → 120 m² (+20)" in said
    assert "grunty orne (R) → tereny przemysłowe (Ba)" in said
    assert "inna wartość" in said
    assert "spółka" not in page.content()
    page.locator("#language").click()
    assert "outline moved by 2 m at most" in popup.inner_text()
    assert "For internal use" in page.locator(".notices").inner_text()
    assert "not an offer" in page.locator(".cautions").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_selector(".leaflet-popup", state="detached")
    opened.close()


def test_was_and_is_are_drawn_and_a_kind_can_be_switched_off(
    inventory: Inventory, browser: Browser, tmp_path: Path
) -> None:
    load, told = second(inventory)
    (tmp_path / "map.html").write_text(page_of(inventory, told, load), encoding="utf-8")
    opened = Opened(browser, tmp_path / "map.html")
    page = opened.page
    dashed = page.locator(".frame path[stroke-dasharray]")
    before, marks = dashed.count(), page.locator(".mark").count()
    assert before == sum(len(case.before) for one in told for case in one.cases)
    assert marks == sum(len(one.cases) for one in told)
    assert page.evaluate("Object.keys(geo_json_around._layers).length") >= len(AFTER)
    page.locator(".leaflet-control-layers-overlays label", has_text="podzielone").locator("input").uncheck()
    assert (dashed.count(), page.locator(".mark").count()) == (before - 1, marks - 1)
    page.locator("button.id", has_text="1/1").click()
    assert dashed.count() == before
    opened.close()


def test_names_from_files_stay_text(inventory: Inventory) -> None:
    load, told = second(inventory)
    hostile = loads.Load(**{**vars(load), "source": "<img src=x onerror=alert(1)>.gpkg", "publisher": "{{ 7*7 }}"})
    text = page_of(inventory, told, hostile)
    assert "<img src=x" not in text
    assert "{{ 7*7 }}" in text
    assert "w<1>" not in text


def test_what_finds_no_room_is_said(inventory: Inventory) -> None:
    load, _ = second(inventory)
    with inventory.store.begin() as conn:
        told = changes_of(conn, inventory.catalogue, load.id, most=1)
    one = next(found for found in told if found.layer.name == "parcel")
    assert (one.differing, sum(case.rows for case in one.cases)) == (11, 3)
    assert "8 of 11 rows that differ are not listed" in page_of(inventory, told, load, lang="en")
    whole = second(inventory)[1]
    small = OWN_BYTES + sum(map(len, leaflet())) + 14_000
    assert "rows that differ are not listed" in page_of(inventory, whole, load, lang="en", max_bytes=small)
    assert "rows that differ are not listed" not in page_of(inventory, whole, load, lang="en")


def test_numbers_remain_where_a_revision_is_gone_and_a_first_load_has_none_before(inventory: Inventory) -> None:
    load, _ = second(inventory)
    with inventory.store.begin() as conn:
        conn.execute(sa.text("UPDATE registry.revisions SET status = 'dropped' WHERE layer = 'parcel' AND number = 1"))
    _, told = second(inventory)
    with inventory.store.begin() as conn:
        conn.execute(sa.text("UPDATE registry.revisions SET status = 'ready' WHERE layer = 'parcel' AND number = 1"))
    one = next(found for found in told if found.layer.name == "parcel")
    assert (one.kept, one.cases, one.counts.new["split_from"], one.differing) == (False, (), 2, 0)
    text = page_of(inventory, told, load)
    assert "wersji 1 lub 2 już nie ma" in text
    with inventory.store.begin() as conn:
        first = conn.execute(sa.text("SELECT min(id) FROM registry.loads")).scalar_one()
    load, told = inventory.changes(first)
    assert {one.base for one in told} == {None}
    assert "pierwsze wczytanie" in page_of(inventory, told, load)


def test_the_command(inventory: Inventory, command: Command) -> None:  # noqa: F811 - the fixture
    load, _ = second(inventory)
    settings = inventory.store.settings
    done = command(settings, "changes", load.id, "--map", "changes.html", "--json", "-", "--lang", "en")
    assert done.code == 0
    assert {one["layer"] for one in json.loads(done.out)["layers"]} == {"parcel", "water"}
    text = Path("changes.html").read_text(encoding="utf-8")
    assert '<html lang="en">' in text
    shown = command(settings, "changes", load.id, "--lang", "pl")
    assert (shown.code, "połączone" in shown.out) == (0, True)
    assert command(settings, "changes", 999_999).code == 1
