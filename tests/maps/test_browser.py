"""The hand-out in a real browser without a network: it opens, a popup gives the reasons, nothing is asked for."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import Browser

from gis_sites.catalogue import Catalogue
from gis_sites.maps import Overlay, hand_out, write_text
from tests.browser import Opened
from tests.maps.made_up import X, Y, candidate, shortlist_of, sites_of
from tests.maps.test_handout import HOSTILE


@pytest.fixture
def handed_out(
    shortlist: dict[str, Any], sites: gpd.GeoDataFrame, overlays: list[Overlay], catalogue: Catalogue, tmp_path: Path
) -> Path:
    file = tmp_path / "map.html"
    write_text(file, hand_out(shortlist, sites, overlays, catalogue))
    return file


def test_opens_offline_and_a_popup_gives_every_reason_and_source(browser: Browser, handed_out: Path) -> None:
    opened = Opened(browser, handed_out)
    page = opened.page
    assert page.locator("path.leaflet-interactive").count() >= 7
    page.locator(".mark", has_text="2").click()
    popup = page.locator(".leaflet-popup-content")
    text = popup.inner_text().replace("\xa0", " ")
    for words in ("306101_1.0012.42/3", "spełnia warunki", "Wynik pewny 91,9, możliwy 100", "3,125 ha",
                  "wymagane najwyżej 0 % – spełniony", "albo", "Plan ogólny gminy", "brak danych", "od 90 m do 160 m",
                  "z 60 pkt", "wersja 2, stan na 30 czerwca 2026, Miasto Kalisz",
                  "1,5 MW mocy umownej od 2028", "operator"):  # fmt: skip
        assert words in text, words
    assert "met" not in text
    page.locator("#language").click()
    assert "required at most 0 % – met" in popup.inner_text().replace("\xa0", " ")
    assert page.title() == "Metal works, 3 ha"
    assert page.locator(".leaflet-control-zoom-in").get_attribute("aria-label") == "Zoom in"
    opened.close()


def test_list_works_by_keyboard_and_gives_the_focus_back(browser: Browser, handed_out: Path) -> None:
    opened = Opened(browser, handed_out)
    page = opened.page
    page.locator("button[data-site='4']").focus()
    page.keyboard.press("Enter")
    assert "306101_1.0012.45/3" in page.locator(".leaflet-popup-content").inner_text()
    assert page.evaluate("document.activeElement.matches('.leaflet-popup-content')")
    page.keyboard.press("Escape")
    page.wait_for_selector(".leaflet-popup", state="detached")
    assert page.evaluate("document.activeElement.dataset.site") == "4"
    page.locator("#site-4 summary").press("Enter")
    assert "Źródł" in page.locator("#sources-title").inner_text()
    assert "wersja 2, stan na 30 czerwca 2026" in page.locator("#site-4").inner_text()
    opened.close()


def test_overlays_switch_and_carry_their_legends(browser: Browser, handed_out: Path) -> None:
    opened = Opened(browser, handed_out)
    page = opened.page
    panel = page.locator("#overlays")
    assert panel.locator("input[type=checkbox]").count() == 4  # not the network whose lines are not public
    assert "produkcja" in panel.inner_text()
    roads = "path[stroke='{}']".format(page.evaluate("geo_json_overlay_2.getLayers()[0].options.color"))
    assert page.locator(f".leaflet-overlay-pane {roads}").count() == 1
    panel.locator("label", has_text="Drogi").click()
    assert page.locator(f".leaflet-overlay-pane {roads}").count() == 0
    page.evaluate("geo_json_overlay_0.getLayers()[0].fire('click', {latlng: map_sites.getCenter()})")
    popup = page.locator(".leaflet-popup-content").inner_text()
    assert "1P/U" in popup
    assert "XX/1/2019" in popup
    opened.close()


@pytest.mark.parametrize("width", [320, 768])
def test_fits_a_narrow_screen(browser: Browser, handed_out: Path, width: int) -> None:
    opened = Opened(browser, handed_out, width=width, height=640)
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("button[data-site='0']").click()
    box = page.locator(".leaflet-popup").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    opened.close()


def test_prints_with_every_reason_open(browser: Browser, handed_out: Path) -> None:
    opened = Opened(browser, handed_out)
    page = opened.page
    count = "document.querySelectorAll('details[open]').length"
    page.evaluate(f"addEventListener('beforeprint', () => {{ window.open_at_print = {count} }})")
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert page.evaluate("open_at_print") >= 7
    assert page.locator("details[open]").count() == 0
    opened.close()


def test_runs_no_script_a_person_wrote(browser: Browser, catalogue: Catalogue, tmp_path: Path) -> None:
    one = candidate(1, id=HOSTILE)
    one["musts"][0]["source"]["publisher"] = HOSTILE
    shortlist = shortlist_of([one])
    shortlist["requirement"]["title"] = HOSTILE
    row = gpd.GeoDataFrame({"name": [HOSTILE]}, geometry=[shapely.Point(X, Y)], crs=sites_of([one]).crs)
    file = tmp_path / "map.html"
    write_text(file, hand_out(shortlist, sites_of([one]), [Overlay(catalogue.layer("substation"), row)], catalogue))
    opened = Opened(browser, file)
    page = opened.page
    assert page.title() == HOSTILE
    assert page.locator("h1").inner_text() == HOSTILE
    page.locator("button[data-site='0']").click()
    assert HOSTILE in page.locator(".leaflet-popup-content").inner_text()
    page.keyboard.press("Escape")
    page.evaluate("geo_json_overlay_0.getLayers()[0].fire('click', {latlng: map_sites.getCenter()})")
    page.wait_for_selector(".leaflet-popup .facts")
    assert HOSTILE in page.locator(".facts").inner_text()
    assert page.locator("img").count() == 0
    opened.close()


def test_opens_without_candidates(browser: Browser, catalogue: Catalogue, tmp_path: Path) -> None:
    file = tmp_path / "map.html"
    write_text(file, hand_out(shortlist_of([]), sites_of([]), [], catalogue, lang="en"))
    opened = Opened(browser, file)
    assert "No site meets every must." in opened.page.locator("main").inner_text()
    assert "447,086" in opened.page.locator(".counts").inner_text()
    opened.close()


def test_marks_many_candidates(browser: Browser, catalogue: Catalogue, tmp_path: Path) -> None:
    candidates = [candidate(rank) for rank in range(1, 121)]
    file = tmp_path / "map.html"
    write_text(file, hand_out(shortlist_of(candidates), sites_of(candidates, across=12), [], catalogue))
    opened = Opened(browser, file)
    assert opened.page.locator(".mark").count() == 120
    assert opened.page.locator(".mark.small").count() == 21
    assert json.loads(opened.page.locator("#data").text_content() or "")["marks"][0][0] == 1
    opened.close()
