"""The pages in a real browser: each journey, wide and narrow, by keyboard and without JavaScript."""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from gis_sites.settings import Settings
from tests.api.support import Served, serve
from tests.api.test_pages import WANTED

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = {"width": 1280, "height": 720}, {"width": 320, "height": 720}
A4 = {"width": 696, "height": 1000}
"""A sheet of 210 mm between margins of 13 mm."""
CUT = """[...document.querySelectorAll("main *, footer *")]
  .filter((one) => one.checkVisibility() && !one.closest(".quiet, svg"))
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 1
    || (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible"))
  .map((one) => one.outerHTML.slice(0, 120))"""
"""What of a page lies beyond its right edge, or is hidden by its own."""


@pytest.fixture(scope="module")
def office(demo_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The demo city served by an office that says who answers."""
    contact = {"GIS_SITES_OFFICE": "Biuro Obsługi Inwestora", "GIS_SITES_CONTACT_EMAIL": "inwestor@example.org"}
    made = serve(demo_city, tmp_path_factory.mktemp("pages") / "log", **contact)
    yield made
    made.process.terminate()
    made.process.wait(20)


class Visit:
    """A browser's window on the served pages, and what it asked for and complained of."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        options = {"reduced_motion": "reduce", **options}
        self.context: BrowserContext = browser.new_context(
            base_url=url, locale="pl-PL", accept_downloads=True, **options
        )
        self.context.set_default_timeout(15_000)
        self.url = url
        self.asked: list[str] = []
        self.said: list[str] = []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page: Page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        # Where software draws, the browser remarks how slow that is.
        if "GL Driver Message" not in message.text:
            self.said.append(f"{message.type}: {message.text}")

    def open(self, address: str) -> Page:
        self.page.goto(address)
        self.drawn()
        return self.page

    def drawn(self) -> None:
        """Wait until the map, where there is one, is there."""
        if self.page.locator("#map").count():
            self.page.wait_for_selector("#map[data-ready]")

    def at_rest(self) -> None:
        """Wait until the map has drawn all it was given."""
        self.page.wait_for_selector("#map[data-ready=idle]")

    def close(self, *, complaints: int = 0) -> None:
        self.context.close()
        assert self.asked
        assert [url for url in self.asked if not url.startswith((self.url, "data:"))] == []
        assert len(self.said) == complaints, self.said


@pytest.fixture
def visit(browser: Browser, office: Served) -> Callable[..., Visit]:
    return lambda viewport=WIDE, **options: Visit(browser, office.url, viewport=viewport, **options)


def faults(page: Page) -> list[str]:
    """Return what axe finds wrong, but for trifles: landmarks that cannot be told apart are more than that."""
    # By its own way into the page: the content security policy lets no script of ours in.
    page.context.new_cdp_session(page).send("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    found = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']}))"
        ".violations.map(v => [v.impact, v.id, v.nodes[0].html])"
    )
    return [json.dumps(one) for one in found if one[0] in {"moderate", "serious", "critical"}]


def overflow(page: Page) -> int:
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def brightness(page: Page) -> float:
    """Return how bright the ground of a page is, 0 to 255."""
    ground = str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    return sum(map(float, re.findall(r"[\d.]+", ground)[:3])) / 3


def first_parcel(page: Page) -> str:
    return str(page.locator("tr[data-site]").first.get_attribute("data-site"))


@pytest.mark.parametrize(
    ("viewport", "lang", "light"),
    [(WIDE, "pl", "light"), (NARROW, "en", "light"), (WIDE, "pl", "dark")],
    ids=["wide", "narrow", "dark"],
)
def test_every_page_is_sound(visit: Callable[..., Visit], viewport: dict[str, int], lang: str, light: str) -> None:
    visited = visit(viewport, color_scheme=light)
    page = visited.open(f"/?lang={lang}")
    assert (brightness(page) < 60) == (light == "dark")
    identifier = first_parcel(page)
    for address in (f"/?area_from=0.2&lang={lang}", "/?kind=offers", f"/parcels/{identifier}?lang={lang}", "/layers",
                    f"/shortlists?template=logistics&lang={lang}"):  # fmt: skip
        assert overflow(page) == 0, page.url
        assert faults(page) == [], page.url
        visited.open(address)
    page.locator("#as-text > summary").click()
    page.locator("#requirement").fill(WANTED)
    page.locator(".requirement .act button").click()
    page.wait_for_selector(".cards")
    visited.drawn()
    page.locator(".card summary").first.click()
    assert overflow(page) == 0
    assert faults(page) == []
    visited.close()


def test_an_investor_finds_a_parcel_and_reads_about_it(visit: Callable[..., Visit]) -> None:
    visited = visit()
    page = visited.open("/")
    page.get_by_label("Powierzchnia od (ha)").fill("0,5")
    page.get_by_label("Plan dopuszcza").select_option("production")
    page.get_by_role("button", name="Szukaj").click()
    visited.drawn()
    assert "area_from=0%2C5" in page.url
    expect(page.get_by_role("status").first).to_contain_text("Znaleziono")
    identifier = first_parcel(page)
    page.get_by_role("button", name=f"Pokaż na mapie: {identifier}").click()
    expect(page.locator("tr.chosen")).to_have_attribute("data-site", identifier)
    expect(page.locator("#picked")).to_contain_text("ha")
    page.locator("#picked").get_by_role("link", name="Wszystkie cechy").click()
    visited.drawn()
    expect(page.get_by_role("heading", level=1)).to_have_text(identifier)
    expect(page.locator("#zoning")).to_contain_text("zasięg danych: granica gminy")
    page.get_by_role("link", name="Lista i mapa", exact=True).click()
    visited.drawn()
    expect(page.locator("tr.chosen")).to_have_attribute("data-site", identifier)
    page.get_by_role("link", name="English").click()
    visited.drawn()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("tr.chosen")).to_have_attribute("data-site", identifier)
    visited.close()


def test_the_map_answers_in_the_list(visit: Callable[..., Visit]) -> None:
    visited = visit()
    page = visited.open("/")
    ids = [str(row.get_attribute("data-site")) for row in page.locator("tr[data-site]").all()]
    # One that is no other's beginning: the map then opens on it.
    identifier = next(one for one in ids if page.request.get(f"/?q={one}").text().count("<tr role") == 2)
    visited.open(f"/?q={identifier}")
    visited.at_rest()
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#picked strong")).to_have_text(identifier)
    expect(page.locator("tr.chosen")).to_have_attribute("data-site", identifier)
    page.locator("#layers summary").click()
    switch = page.locator("#layers input[name=zoning]")
    assert switch.is_checked()
    switch.uncheck()
    page.locator("#layers input[name=flood]").check()
    visited.close()


DIFFERING = """async ([one, other]) => {
  const [these, those] = await Promise.all([one, other].map(async (shot) => {
    const image = new Image();
    image.src = `data:image/png;base64,${shot}`;
    await image.decode();
    const ink = new OffscreenCanvas(image.width, image.height).getContext("2d");
    ink.drawImage(image, 0, 0);
    return ink.getImageData(0, 0, image.width, image.height).data;
  }));
  let differing = 0;
  for (let at = 0; at < these.length; at += 4) {
    differing += [0, 1, 2].some((band) => Math.abs(these[at + band] - those[at + band]) > 5);
  }
  return differing / (these.length / 4);
}"""


def differing(page: Page, one: bytes, other: bytes) -> float:
    """Return the part of the pixels of two pictures that differ to the eye."""
    part: float = page.evaluate(DIFFERING, [base64.b64encode(shot).decode() for shot in (one, other)])
    return part


def until(true: Callable[[], bool]) -> None:
    """Wait until something is seen, a while at most."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end


def test_parcels_are_seen_at_every_zoom_and_under_the_pointer(visit: Callable[..., Visit]) -> None:
    visited = visit()
    page = visited.open("/?kind=offers")
    page.locator("#layers summary").click()
    for switch in page.locator("#layers input:checked").element_handles():
        switch.uncheck()
    page.locator("#layers summary").click()
    box = page.locator("#map canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def seen() -> bytes:
        return page.screenshot(clip={"x": x - 100, "y": y - 100, "width": 200, "height": 200})

    page.wait_for_timeout(500)
    ground = seen()
    page.locator("#layers summary").click()
    page.locator("#layers input[name=parcel]").check()
    page.locator("#layers summary").click()
    for step in ("out", "in", "in", "in"):
        page.mouse.move(0, 0)
        page.locator(f".maplibregl-ctrl-zoom-{step}").click()
        page.wait_for_timeout(800)
        until(lambda: differing(page, seen(), ground) > 0.3)
    before = seen()
    page.mouse.move(x + 5, y + 5)
    until(lambda: differing(page, before, seen()) > 0.005)
    over = seen()
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#picked strong")).to_have_text(re.compile(r"\d"))
    until(lambda: differing(page, over, seen()) > 0.005)
    visited.close()


def test_an_officer_ranks_sites_and_takes_the_files(visit: Callable[..., Visit], tmp_path: Path) -> None:
    visited = visit()
    page = visited.open("/shortlists")
    page.get_by_role("link", name="Lekki przemysł").click()
    page.locator("#as-text > summary").click()
    assert "[must]" in page.get_by_role("textbox", name="Wymagania (TOML albo JSON)").input_value()
    file = tmp_path / "wymagania.toml"
    file.write_text(WANTED, encoding="utf-8")
    page.get_by_label("Albo plik").set_input_files(file)
    expect(page.get_by_role("textbox", name="Wymagania (TOML albo JSON)")).to_have_value(WANTED)
    page.locator("#top").select_option("10")
    page.locator(".requirement .act button").click()
    page.wait_for_selector(".cards")
    visited.drawn()
    assert page.locator(".card").count() == page.locator(".pin").count() == 10
    page.locator(".pin", has_text="3").first.click()
    expect(page.locator(".card.chosen .rank")).to_have_text("3")
    page.locator("#card-2 summary").click()
    expect(page.locator("#card-2")).to_contain_text("tolerancja nasza")
    expect(page.locator("#card-2")).to_contain_class("chosen")
    page.locator(".other-files summary").click()
    for name, ending in (("XLSX", ".xlsx"), ("Mapa do wydania (HTML)", ".html"), ("GeoPackage", ".gpkg")):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert download.value.suggested_filename.endswith(ending)
        download.value.save_as(tmp_path / f"got{ending}")
        assert (tmp_path / f"got{ending}").stat().st_size > 5000
    visited.close()


def test_a_print_is_dark_on_white_without_what_only_a_screen_can_do(visit: Callable[..., Visit]) -> None:
    visited = visit(color_scheme="dark")
    page = visited.open("/")
    identifier = first_parcel(page)
    visited.open(f"/parcels/{identifier}")
    page.emulate_media(media="print")
    assert brightness(page) == 255
    ink = str(page.evaluate("getComputedStyle(document.querySelector('.values td')).color"))
    assert max(map(float, re.findall(r"[\d.]+", ink)[:3])) < 100
    expect(page.locator("svg.sketch").first).to_be_visible()
    expect(page.locator(".cautions").first).to_be_visible()
    for gone in (".ways", ".live", ".layers", ".forms-of", ".index"):
        assert not page.locator(gone).first.is_visible(), gone
    visited.close()


def test_a_printed_list_and_answer_are_whole_and_say_where_they_come_from(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    visited = visit(A4, color_scheme="dark")
    page = visited.open("/?v=2&parcel.area_m2=2000..")
    printed(page, tmp_path / "list.pdf")
    assert page.locator("tr[data-site]").count() == 25
    assert "Powierzchnia" in page.locator(".chips").inner_text()
    # Nothing asks a reader of paper for JavaScript, and nothing there can be clicked.
    for gone in ("#no-map", ".ask", ".facets", ".switch", ".pager", ".files", ".row-ways", ".notice a", ".frame"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.locator("caption").first.inner_text().startswith("Pozycje od 1 do 25 z")
    page.emulate_media(media="screen")
    visited.open("/shortlists")
    page.locator("#as-text > summary").click()
    page.locator("#requirement").fill(WANTED)
    page.get_by_role("button", name="Ułóż listę").click()
    page.wait_for_selector(".cards")
    visited.drawn()
    printed(page, tmp_path / "answer.pdf")
    expect(page.locator("svg.sketch").first).to_be_visible()
    expect(page.locator(".sources li").first).to_be_visible()
    folded = page.evaluate("[...document.querySelectorAll('.card .reason')].map((one) => one.checkVisibility())")
    assert folded
    assert all(folded)
    for gone in (".live", ".exports", ".fold", ".scale input", ".layers", ".card summary"):
        assert not page.locator(gone).first.is_visible(), gone
    visited.close()


def printed(page: Page, file: Path) -> None:
    """Print a page; check that nothing is cut at the width of the sheet, and that it says where it comes from."""
    address = page.url.partition("/answer")[0]
    page.emulate_media(media="print")
    assert brightness(page) == 255
    assert overflow(page) == 0
    assert page.evaluate(CUT) == []
    expect(page.locator(".address")).to_have_text(address)
    assert "dane na" in page.locator(".made").inner_text()
    expect(page.locator(".contact")).to_contain_text("Biuro Obsługi Inwestora")
    page.pdf(path=file, prefer_css_page_size=True, format="A4")
    sheets = pypdf.PdfReader(file)
    text = "".join(re.sub(r"\s", "", one.extract_text()) for one in sheets.pages)
    assert re.sub(r"\s", "", address) in text
    assert all(float(one.mediabox.width) == pytest.approx(595, abs=2) for one in sheets.pages)


def test_what_is_refused_is_told_beside_the_text(visit: Callable[..., Visit]) -> None:
    visited = visit()
    page = visited.open("/shortlists")
    wrong = WANTED.replace("flood.share", "flod.share")
    page.locator("#as-text > summary").click()
    page.locator("#requirement").fill(wrong)
    page.get_by_role("button", name="Ułóż listę").click()
    expect(page.get_by_role("alert")).to_contain_text("czy chodzi o „flood.share”?")
    assert page.locator("#requirement").input_value().strip() == wrong.strip()
    assert faults(page) == []
    visited.close(complaints=1)  # the browser's own word on status 422


def test_a_page_that_is_not_there_is_a_page(visit: Callable[..., Visit]) -> None:
    visited = visit(NARROW)
    page = visited.open("/parcels/309999_1.0001.1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nie ma takiej strony")
    assert faults(page) == []
    assert overflow(page) == 0
    visited.close(complaints=1)


def test_everything_can_be_reached_by_keyboard(visit: Callable[..., Visit]) -> None:
    visited = visit()
    page = visited.open("/?q=1")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Przejdź do treści")
    page.keyboard.press("Enter")
    reached = []
    for _ in range(150):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.className + '#' + document.activeElement.id"))
        if "tel:" in (href := page.evaluate("document.activeElement.href || ''")) or href.startswith("mailto:"):
            break
    assert any("maplibregl-canvas" in one for one in reached)
    assert page.evaluate("document.activeElement.href") == "mailto:inwestor@example.org"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    visited.close()


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_all_of_it_works_without_javascript(visit: Callable[..., Visit], viewport: dict[str, int]) -> None:
    visited = visit(viewport, java_script_enabled=False)
    page = visited.page
    page.goto("/")
    expect(page.locator("#no-map")).to_contain_text("Mapa wymaga JavaScriptu")
    assert page.locator("#layers").is_hidden()
    identifier = first_parcel(page)
    page.get_by_role("link", name="Następna").click()
    page.wait_for_url("**page=2**")
    page.get_by_label("Identyfikator lub numer działki").fill(identifier)
    page.get_by_role("button", name="Szukaj").click()
    page.get_by_role("link", name=identifier, exact=True).first.click()
    expect(page.locator("svg.sketch").first).to_be_visible()
    expect(page.locator("#sketch-keys")).to_be_visible()
    page.goto("/shortlists")
    page.locator("#as-text > summary").click()
    page.locator("#requirement").fill(WANTED)
    page.get_by_role("button", name="Ułóż listę").click()
    expect(page.locator("svg.sketch").first).to_be_visible()
    expect(page.locator(".card").nth(5)).to_be_attached()
    page.locator(".other-files summary").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    visited.close()


def test_a_narrow_page_puts_names_beside_values(visit: Callable[..., Visit]) -> None:
    visited = visit(NARROW)
    page = visited.open("/")
    row = page.locator("tr[data-site]").first
    assert "Powierzchnia" in row.locator("td").first.evaluate("cell => getComputedStyle(cell, '::before').content")
    assert page.get_by_role("table").count() == 1
    assert page.get_by_role("row").count() == 26
    page.get_by_role("link", name="Przejdź do mapy").click()
    expect(page.locator("#map")).to_be_in_viewport()
    visited.close()


def test_the_form_stands_in_line_and_its_buttons_beside_it(visit: Callable[..., Visit]) -> None:
    visited = visit(WIDE)
    page = visited.open("/shortlists?template=logistics")
    heights = page.evaluate(
        "[...new Set([...document.querySelectorAll('.cells input:not([type=checkbox], [type=hidden]), .cells select')]"
        ".map((one) => one.getBoundingClientRect().height))]"
    )
    assert len(heights) == 1
    parts, send = page.locator(".need-parts").bounding_box(), page.locator(".send").bounding_box()
    assert parts is not None
    assert send is not None
    assert parts["x"] + parts["width"] < send["x"]
    way = page.locator(".outline li a").nth(1)
    place = str(way.get_attribute("href"))
    way.click()
    expect(page.locator(place)).to_be_in_viewport()
    expect(page.locator(".send button[value=answer]")).to_be_in_viewport()
    page.set_viewport_size(NARROW)
    expect(page.locator(".outline")).to_be_hidden()
    # A must's bounds and their unit stand in one line.
    lines = page.evaluate(
        "[...document.querySelectorAll('.need-parts .row > .cells:has(> .unit):has(> .number)')].map((one) => new Set("
        "[...one.querySelectorAll(':scope > .field')].map((at) => Math.round(at.getBoundingClientRect().bottom))).size)"
    )
    assert lines
    assert set(lines) == {1}
    visited.close()


def test_a_comparison_shows_differences_only_without_javascript(visit: Callable[..., Visit]) -> None:
    visited = visit(WIDE, java_script_enabled=False)
    page = visited.page
    page.goto("/")
    ids = [str(row.get_attribute("data-site")) for row in page.locator("tr[data-site]").all()[:2]]
    page.goto(f"/compare?basket={','.join(ids)}")
    differing = page.locator("tr.differs").count()
    assert 0 < differing < page.locator(".side tbody tr:visible").count()
    page.get_by_label("Pokaż tylko różnice").check()
    assert page.locator(".side tbody tr:visible").count() == differing
    assert page.locator(".theme:visible").count() == page.locator(".theme:has(.differs)").count()
    visited.close()


def test_what_is_pressed_is_large_enough(visit: Callable[..., Visit]) -> None:
    """WCAG 2.2, 2.5.8: 24 px, but for words of a sentence and links that stand by themselves in a cell."""
    visited = visit(NARROW)
    page = visited.open("/")
    identifier = first_parcel(page)
    for address in ("/?area_from=0.1", f"/parcels/{identifier}", "/layers", "/shortlists?template=logistics"):
        visited.open(address)
        if page.locator("#layers > summary").count():
            page.locator("#layers > summary").click()
        small = page.evaluate(
            "[...document.querySelectorAll('main summary, main button, main select, main label:has(> input), .ways a, "
            ".crumbs a, .clear, .forms-of a, .contact a')]"
            ".filter((one) => one.checkVisibility() && !one.closest('.quiet'))"
            ".filter((one) => one.getBoundingClientRect().height < 23.9).map((one) => one.outerHTML.slice(0, 90))"
        )
        assert small == [], address
    visited.close()
