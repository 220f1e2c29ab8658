"""The whole task by keyboard alone: narrow the list, open a parcel, come back, rank what fits, read the reasons."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from gis_sites.matching.reading import parse, understand
from tests.api.support import Served
from tests.api.test_pages_browser import Visit, faults

MOST = 400
"""Steps of Tab a task may take from one end of a page to the other."""
SEEN = """sought => {
    const one = document.activeElement;
    if (one === document.body) return null;
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    // Of a date the browser itself marks the part that is typed.
    const drawn = ring || style.boxShadow !== "none" || one.type === "date";
    const inside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
    return {drawn, inside, found: one.matches(sought), html: one.outerHTML.slice(0, 120)};
}"""


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Callable[[], Visit]]:
    made: list[Visit] = []

    def open_one() -> Visit:
        made.append(Visit(browser, served.url, viewport={"width": 1280, "height": 720}))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def go(page: Page, selector: str, *, key: str = "Tab") -> None:
    """Press Tab until an element has the focus; wherever the focus rests on the way, it can be seen."""
    passed = []
    for _ in range(MOST):
        page.keyboard.press(key)
        told = page.evaluate(SEEN, selector)
        if told is None:
            continue
        passed.append(told["html"])
        assert told["drawn"], told
        assert told["inside"], told
        if told["found"]:
            return
    raise AssertionError(f"{selector} cannot be reached; passed: {passed}")


def test_an_investor_without_a_mouse(visit: Callable[[], Visit]) -> None:
    visited = visit()
    page = visited.open("/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_attribute("href", "#main")
    page.keyboard.press("Enter")

    # Narrow the list: an area, a use of the plan.
    go(page, "#area_from")
    page.keyboard.type("0,2")
    go(page, "#use")
    page.keyboard.press("ArrowDown")
    chosen = str(page.locator("#use").input_value())
    assert chosen
    go(page, "form.ask button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("area_from="))
    visited.drawn()
    expect(page.get_by_role("status").first).to_contain_text("Znaleziono")
    listed = [str(row.get_attribute("data-site")) for row in page.locator("tr[data-site]").all()]
    assert listed
    assert page.locator("#area_from").input_value() == "0,2"

    # A facet: its counts are read before it is chosen, and afterwards one goes on from where one was.
    go(page, "#facets > summary")
    page.keyboard.press("Enter")
    offered = page.locator(".facet[open]:not(:has([aria-current])) li a")
    counts = [int(one.split()[-1]) for one in offered.locator(".met").all_inner_texts()]
    option = offered.nth(counts.index(max(counts)))
    fit = max(counts)
    go(page, f'.facet li a[href="{option.get_attribute("href")}"]')
    name = str(option.get_attribute("href")).partition("#")[2]
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"#{re.escape(name)}$"))
    visited.drawn()
    expect(page.get_by_role("status").first).to_contain_text(f"Znaleziono: {fit} z")
    page.keyboard.press("Tab")
    assert page.evaluate("id => document.getElementById(id).contains(document.activeElement)", name)
    listed = [str(row.get_attribute("data-site")) for row in page.locator("tr[data-site]").all()]

    # Open the second parcel, and come back to the same list.
    go(page, f'tr[data-site="{listed[1]}"] th a[href^="/parcels/"]')
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/parcels/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(listed[1])
    assert faults(page) == []
    page.go_back()  # the browser's own key, which no page sees and no headless browser has
    page.wait_for_url(re.compile(f"#{re.escape(name)}$"))
    visited.drawn()
    assert [str(row.get_attribute("data-site")) for row in page.locator("tr[data-site]").all()] == listed

    # Put two side by side.
    for count in (1, 2):
        go(page, "tr a.basket-way:not(.in)")
        page.keyboard.press("Enter")
        expect(page.locator(".basket li")).to_have_count(count)
        visited.drawn()
    go(page, ".basket-open")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/compare"))
    expect(page.locator("table.side tr.differs").first).to_be_visible()
    assert faults(page) == []
    page.go_back()
    page.wait_for_url(re.compile("basket="))
    visited.drawn()

    # Take what was asked for along, have it ranked, and read why.
    go(page, ".onward a")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/shortlists"))
    go(page, '.need input[id$="-max"]')
    page.keyboard.press("Tab")
    go(page, ".need .slide")
    before = page.locator(":focus").input_value()
    page.keyboard.press("ArrowRight")
    assert page.locator(":focus").input_value() != before
    go(page, 'main form button[value="answer"]:not([tabindex])')
    page.keyboard.press("Enter")
    page.wait_for_selector(".cards")
    visited.drawn()
    go(page, ".card summary")
    page.keyboard.press("Enter")
    expect(page.locator(".card details[open]").first).to_be_visible()
    go(page, ".other-files summary", key="Shift+Tab")
    page.keyboard.press("Enter")
    go(page, 'button[formaction*="toml"]')
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    saved = download.value.path().read_text(encoding="utf-8")
    assert understand(parse(saved, name="saved")).must
    go(page, '.card a[href*="/parcels/"]')
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/parcels/"))


def test_an_investor_without_javascript(browser: Browser, served: Served) -> None:
    """The same task where the pages are nothing but pages."""
    visited = Visit(browser, served.url, viewport={"width": 1280, "height": 720}, java_script_enabled=False)
    page = visited.page
    page.goto("/")
    page.locator("#area_from").fill("0,2")
    page.locator("#area_from").press("Enter")
    expect(page.locator("#count")).to_contain_text("Znaleziono")
    page.locator("#facets > summary").click()
    option = page.locator(".facet li a").first
    fit = option.locator(".met").inner_text().split()[-1]
    option.click()
    expect(page.locator("#count")).to_contain_text(f"Znaleziono: {fit} z")
    identifier = str(page.locator("tr[data-site]").first.get_attribute("data-site"))
    page.get_by_role("link", name=identifier, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(identifier)
    page.locator(".basket-line a.basket-way").click()
    page.locator(".crumbs a").click()
    page.locator("tr a.basket-way:not(.in)").nth(3).click()
    page.locator("a.basket-open").click()
    expect(page.locator("table.side").nth(3)).to_be_attached()
    page.goto("/?v=2&parcel.area_m2=2000..")
    page.locator(".onward a").click()
    page.locator("#row-0-title").fill("Hala bez skryptów")
    page.locator('.need button[value="answer"]:not([tabindex])').click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hala bez skryptów")
    expect(page.locator("svg.sketch").first).to_be_visible()
    expect(page.locator(".card").nth(3)).to_be_attached()
    assert page.locator(".scale input:visible").count() == 0
    page.locator(".other-files summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Wymagania (TOML)").click()
    assert "Hala bez skryptów" in download.value.path().read_text(encoding="utf-8")
    visited.close()


def test_nothing_holds_the_focus(visit: Callable[[], Visit]) -> None:
    """One passes through the map, and back."""
    visited = visit()
    page = visited.open("/?q=1")
    go(page, ".maplibregl-canvas")
    go(page, '.foot a[href="/accessibility"]')
    go(page, ".maplibregl-canvas", key="Shift+Tab")
    go(page, "#q", key="Shift+Tab")


def test_the_statement_is_reached_and_sound(visit: Callable[[], Visit]) -> None:
    visited = visit()
    page = visited.open("/")
    go(page, '.foot a[href="/accessibility"]', key="Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/accessibility"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Deklaracja dostępności")
    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert faults(page) == []
