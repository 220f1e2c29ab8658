"""The map in a real browser: measuring, the classes of the legend, the basemap and its failing, the basket by keys."""

import io
import json
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from pyproj import Geod

from gis_sites.catalogue import load_catalogue
from gis_sites.maps import overlays, scale
from gis_sites.settings import Settings
from tests.api.support import Served, serve
from tests.api.test_pages_browser import NARROW, WIDE, Visit, faults, overflow


def _pixel() -> bytes:
    """Make a picture of one grey pixel."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00\xc0")) + chunk(b"IEND", b"")


PIXEL = _pixel()
RING = [[18.07, 51.75], [18.1, 51.751], [18.09, 51.77], [18.065, 51.765]]


@pytest.fixture(scope="module")
def plain(demo_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from _served(demo_city, tmp_path_factory)


class Tiles(BaseHTTPRequestHandler):
    """A host of basemaps: what is under /good/ is there, nothing else is."""

    def do_GET(self) -> None:
        good = self.path.startswith("/good/")
        style = json.dumps({"version": 8, "sources": {}, "layers": [
            {"id": "sea", "type": "background", "paint": {"background-color": "#dfe8ee"}}]}).encode()  # fmt: skip
        self.send_response(200 if good else 404)
        self.send_header("access-control-allow-origin", "*")
        self.send_header("content-type", "application/json" if self.path.endswith(".json") else "image/png")
        self.end_headers()
        if good:
            self.wfile.write(style if self.path.endswith(".json") else PIXEL)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture(scope="module")
def tiles() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Tiles) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _served(city: Settings, folders: pytest.TempPathFactory, **more: str) -> Iterator[Served]:
    made = serve(city, folders.mktemp("map") / "log", **more)
    yield made
    made.process.terminate()
    made.process.wait(20)


@pytest.fixture
def visit(browser: Browser, plain: Served) -> Callable[..., Visit]:
    return lambda viewport=WIDE, **options: Visit(browser, plain.url, viewport=viewport, **options)


def first(page: Page) -> str:
    return str(page.locator("tr[data-site]").first.get_attribute("data-site"))


def test_what_is_measured_is_what_geodesy_says(visit: Callable[..., Visit]) -> None:
    visited = visit()
    page = visited.open("/")
    found = page.evaluate(
        "async (ring) => { const m = await import('/static/measure.js');"
        " return [m.lengthOf(ring), m.areaOf(ring), m.written(1234.5, 'pl'), m.written(12345, 'pl', true)]; }",
        RING,
    )
    geod = Geod(ellps="GRS80")
    lons, lats = zip(*RING, strict=True)
    assert found[0] == pytest.approx(geod.line_length(lons, lats), rel=2e-6)
    assert found[1] == pytest.approx(abs(geod.polygon_area_perimeter(lons, lats)[0]), rel=2e-5)
    assert found[2:] == ["1,235\u00a0km", "1,235\u00a0ha"]
    visited.close()


def test_a_distance_and_an_area_are_measured_by_keyboard_and_by_mouse(visit: Callable[..., Visit]) -> None:
    visited = visit()
    page = visited.open("/")
    visited.at_rest()
    tool = page.get_by_role("button", name="Zmierz odległość")
    tool.focus()
    page.keyboard.press("Enter")
    assert tool.get_attribute("aria-pressed") == "true"
    line = page.locator(".tool-line")
    expect(line).to_contain_text("Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(600)
    page.keyboard.press("Enter")
    expect(line).to_contain_text("Odległość:")
    page.keyboard.press("Escape")
    assert tool.get_attribute("aria-pressed") == "false"
    expect(line).to_be_empty()
    page.get_by_role("button", name="Zmierz powierzchnię").click()
    box = page.locator("#map").bounding_box()
    assert box is not None
    for x, y in ((200, 200), (300, 200), (300, 300)):
        page.mouse.click(box["x"] + x, box["y"] + y)
        page.wait_for_timeout(350)
    expect(line).to_contain_text("Powierzchnia:")
    expect(line).to_contain_text("obwód:")
    # Nothing is chosen while the map is being measured.
    assert page.locator("#picked").inner_text() == ""
    visited.close()


def test_the_legend_hides_a_class_and_brings_it_back(visit: Callable[..., Visit]) -> None:
    visited = visit()
    page = visited.open("/")
    visited.at_rest()
    page.locator("#layers > summary").click()
    boxes = page.locator('#layers input[data-layer="zoning"]')
    assert boxes.count() > 2
    before = page.screenshot(clip=_clip(page))
    for at in range(boxes.count()):
        boxes.nth(at).uncheck()
    page.wait_for_timeout(1500)
    assert page.screenshot(clip=_clip(page)) != before
    for at in range(boxes.count()):
        boxes.nth(at).check()
    page.wait_for_timeout(1500)
    assert page.screenshot(clip=_clip(page)) == before
    visited.close()


def _clip(page: Page) -> Any:
    page.evaluate("scrollTo(0, 0)")
    box = page.locator("#map").bounding_box()
    assert box is not None
    sides = {"width": box["width"] - 180, "height": min(box["height"], 400) - 120}
    return {"x": box["x"] + 60, "y": box["y"] + 60, **sides}


def test_where_i_am_is_asked_for_only_when_wanted(visit: Callable[..., Visit]) -> None:
    visited = visit(geolocation={"longitude": 18.09, "latitude": 51.76}, permissions=["geolocation"])
    page = visited.open("/")
    visited.at_rest()
    page.get_by_role("button", name="Pokaż, gdzie jestem").click()
    page.wait_for_timeout(800)
    expect(page.locator(".tool-line")).to_be_empty()
    page.get_by_role("button", name="Pokaż całość").click()
    visited.close()


def test_a_basket_is_compared_by_keyboard_alone(visit: Callable[..., Visit]) -> None:
    visited = visit()
    page = visited.open("/")
    for _ in range(2):
        page.locator("a.basket-way:not(.in)").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**basket=**")
        visited.drawn()
    page.get_by_role("link", name="Zobacz porównanie").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare?**")
    expect(page.locator("table.side tr.differs").first).to_be_visible()
    visited.close()


@pytest.mark.parametrize(
    ("viewport", "light"), [(WIDE, "light"), (NARROW, "light"), (WIDE, "dark")], ids=["wide", "narrow", "dark"]
)
def test_the_new_pages_are_sound(visit: Callable[..., Visit], viewport: dict[str, int], light: str) -> None:
    visited = visit(viewport, color_scheme=light)
    page = visited.open("/")
    identifier = first(page)
    others = [str(one.get_attribute("data-site")) for one in page.locator("tr[data-site]").all()[1:4]]
    basket = ",".join([identifier, *others])
    for address in (f"/parcels/{identifier}?basket={basket}", f"/compare?basket={basket}", "/compare"):
        visited.open(address)
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        assert overflow(page) == 0, address
        assert faults(page) == [], address
    visited.close()


def test_without_javascript_the_comparison_is_whole(visit: Callable[..., Visit]) -> None:
    visited = visit(java_script_enabled=False)
    page = visited.page
    page.goto("/")
    for _ in range(3):
        page.locator("a.basket-way:not(.in)").first.click()
    page.locator("a.basket-open").click()
    expect(page.locator("table.side").first.locator("thead th")).to_have_count(4)
    visited.close()


# ---- in the dark -----------------------------------------------------------------------------------------

PAPER = "#fbfbf9"


def rgb(color: str) -> list[float]:
    return [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def turned(color: list[float]) -> list[float]:
    """Turn a colour over as the style sheet does: `invert(.9) hue-rotate(180deg)` of the W3C's filter effects."""
    lightness = 0.213 * color[0] + 0.715 * color[1] + 0.072 * color[2]
    return [min(max(0.9 - 1.6 * lightness + 0.8 * one, 0), 1) for one in color]


def contrast(one: list[float], other: list[float]) -> float:
    """Return the contrast of two colours as WCAG 2.2 defines it."""

    def luminance(color: list[float]) -> float:
        linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in color]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_colours_are_told_apart_in_the_dark_as_on_paper() -> None:
    """A legend's colour keeps its contrast, a rank is read on its colour, and the scale goes one way for any eye."""
    ground = turned(rgb(PAPER))
    colors = {entry.color for layer in load_catalogue() for entry in layer.legend} | {*overlays.COLORS, "#0b4579"}
    assert len(colors) > 25
    for color in map(rgb, colors):
        assert contrast(turned(color), ground) >= min(contrast(color, rgb(PAPER)), 4.5)
    for fill, ink in [*zip(scale.COLORS, scale.INK, strict=True), (scale.PLAIN, "#ffffff")]:
        assert contrast(rgb(fill), rgb(ink)) >= 4.5
        assert contrast(turned(rgb(fill)), turned(rgb(ink))) >= 4.5
    for seen in (rgb, lambda one: turned(rgb(one))):
        steps = [contrast(seen(one), seen("#000000")) for one in scale.COLORS]
        assert steps in (sorted(steps), sorted(steps, reverse=True))
        assert min(contrast(seen(one), seen(two)) for one, two in pairwise(scale.COLORS)) > 1.2


def test_the_map_follows_light_and_dark_at_once(visit: Callable[..., Visit]) -> None:
    visited = visit(color_scheme="dark")
    page = visited.open("/?use=production&layers=parcel")
    visited.at_rest()
    assert seen(page, turned(rgb(PAPER))) > 0.05
    assert seen(page, turned(rgb("#0b4579"))) > 0.001
    assert seen(page, rgb(PAPER)) == 0
    page.emulate_media(color_scheme="light")
    assert seen(page, rgb(PAPER)) > 0.05
    assert seen(page, turned(rgb(PAPER))) == 0
    # Its legend's keys go with it, and are what they explain.
    page.emulate_media(color_scheme="dark")
    filters = "[...document.querySelectorAll('.frame, .chart .swatch')].map((one) => getComputedStyle(one).filter)"
    assert set(page.evaluate(filters)) == {"invert(0.9) hue-rotate(180deg)"}
    visited.close()


def seen(page: Page, color: list[float]) -> float:
    """Return the share of the map's picture that has a colour, give or take a rounding."""
    picture = np.asarray(Image.open(io.BytesIO(page.locator("#map canvas").screenshot())).convert("RGB"), dtype=float)
    return float((np.abs(picture - np.array(color) * 255).max(axis=2) < 2.5).mean())


# ---- the basemap ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case",
    [("/good/{z}/{x}/{y}.png", True), ("/none/{z}/{x}/{y}.png", False), ("/good/style.json", True),
     ("/none/style.json", False)],
)  # fmt: skip
def test_a_basemap_is_shown_with_whose_it_is_and_may_fail(
    browser: Browser, demo_city: Settings, tiles: str, tmp_path: Path, case: tuple[str, bool]
) -> None:
    path, there = case
    more = {"GIS_SITES_BASEMAP_URL": tiles + path, "GIS_SITES_BASEMAP_ATTRIBUTION": "© Przykładowy urząd"}
    made = serve(demo_city, tmp_path / "log", **more)
    try:
        visited = Visit(browser, made.url, viewport=WIDE)
        page = visited.open("/")
        page.locator("#layers > summary").click()
        box = page.get_by_label("Podkład")
        if there:
            expect(page.locator(".credit")).to_have_text("© Przykładowy urząd")
            expect(box).to_be_checked()
            page.wait_for_timeout(800)
            box.uncheck()
            expect(page.locator(".credit")).to_be_hidden()
            box.check()
        else:
            expect(page.locator(".tool-line")).to_contain_text("Podkładu nie udało się wczytać")
            expect(box).to_have_count(0)
        visited.at_rest()
        asked = {one.split("/")[2] for one in visited.asked if one.startswith("http")}
        assert asked == {made.url.split("/")[2], tiles.split("/")[2]}
        visited.context.close()
    finally:
        made.process.terminate()
        made.process.wait(20)


def test_the_policy_is_widened_by_the_basemap_alone() -> None:
    from api.security import POLICY, policy

    assert policy(None) == POLICY
    wide = dict(one.split(" ", 1) for one in policy("https://tiles.example.org").split("; "))
    narrow = dict(one.split(" ", 1) for one in POLICY.split("; "))
    changed = {name for name in wide if wide[name] != narrow[name]}
    assert changed == {"img-src", "connect-src"}
    assert wide["connect-src"] == "'self' https://tiles.example.org"


@pytest.mark.parametrize("url", ["ftp://tiles.example.org/{z}", "tiles", "https://a b/{z}", "https://x.org; script *"])
def test_a_basemap_that_is_no_address_is_refused(url: str) -> None:
    made = partial(Settings, basemap_attribution="x")
    with pytest.raises(ValueError, match="GIS_SITES_BASEMAP_ATTRIBUTION"):
        made(basemap_url=url)
    with pytest.raises(ValueError, match="GIS_SITES_BASEMAP_ATTRIBUTION"):
        Settings(basemap_url="https://tiles.example.org/{z}/{x}/{y}.png")


@pytest.mark.parametrize(
    ("lang", "names"),
    [("pl", ("Pokaż całość", "Pokaż, gdzie jestem", "Zmierz odległość", "Zmierz powierzchnię", "Przybliż", "Oddal")),
     ("en", ("Show everything", "Show where I am", "Measure a distance", "Measure an area", "Zoom in", "Zoom out"))],
)  # fmt: skip
def test_the_tools_are_reached_by_keyboard_and_named(
    visit: Callable[..., Visit], lang: str, names: tuple[str, ...]
) -> None:
    visited = visit()
    page = visited.open(f"/?lang={lang}")
    reached = set()
    page.locator("#map canvas").focus()
    for _ in range(len(names)):
        page.keyboard.press("Tab")
        reached.add(str(page.evaluate("document.activeElement.getAttribute('aria-label')")))
    assert reached == set(names)
    visited.close()
