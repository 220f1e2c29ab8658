"""Narrowing the list in a real browser: wide and narrow, by keyboard, without JavaScript, map and list in step."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.api.test_pages_browser import NARROW, WIDE, Visit, faults, office, overflow, visit

__all__ = ["office", "visit"]
ADDRESS = "/?v=2&flood.share=..0&parcel.area_m2=500..&water.distance_m=..500"
LARGE = {"width": 1440, "height": 900}


@pytest.mark.parametrize(
    ("viewport", "light"), [(LARGE, "light"), (WIDE, "dark"), (NARROW, "light")], ids=["large", "dark", "narrow"]
)
def test_the_facets_are_sound(visit: Callable[..., Visit], viewport: dict[str, int], light: str) -> None:
    visited = visit(viewport, color_scheme=light)
    page = visited.open(ADDRESS)
    if page.locator("#facets > summary").is_visible():
        page.locator("#facets > summary").press("Enter")
    else:
        assert viewport is LARGE
    expect(page.locator(".facet .three").first).to_be_visible()
    page.wait_for_selector("#map[data-found]", state="attached")
    assert overflow(page) == 0
    assert faults(page) == []
    visited.close()


def test_the_map_marks_what_the_list_holds(visit: Callable[..., Visit]) -> None:
    visited = visit(LARGE)
    page = visited.open(ADDRESS)
    page.wait_for_selector("#map[data-found]", state="attached")
    whole = page.request.get(f"{ADDRESS}&format=points").json()
    assert f"Znaleziono: {whole['found']} z" in page.locator("#count").inner_text()
    expect(page.locator("#in-view")).to_contain_text(f"z {whole['found']}.")
    expect(page.locator("#map-summary")).to_contain_text(f"Na mapie zaznaczono {whole['found']} z")
    visited.close()


@pytest.mark.parametrize("viewport", [LARGE, NARROW], ids=["large", "narrow"])
def test_a_list_is_narrowed_and_taken_away_without_javascript(
    visit: Callable[..., Visit], viewport: dict[str, int]
) -> None:
    visited = visit(viewport, java_script_enabled=False)
    page = visited.page
    page.goto("/")
    if viewport is NARROW:
        page.locator("#facets > summary").click()
    option = page.locator(".facet a").first
    count = option.locator(".met").inner_text().split()[-1]
    option.press("Enter")
    expect(page.locator("#count")).to_contain_text(f"Znaleziono: {count} z")
    page.get_by_label("Pokaż też te, dla których brak danych").check()
    page.get_by_role("button", name="Szukaj").click()
    expect(page).to_have_url(re.compile("doubtful=1"))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "list.csv"
    page.locator(".chips a").first.click()
    expect(page.locator("#count")).not_to_contain_text(f"Znaleziono: {count} z")
    visited.close()
