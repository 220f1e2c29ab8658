"""The first useful map: from asking for the page to the first parcels painted, in a real browser without a cache.

Ours shows the whole city from a warm server; beside it a page made with folium that holds 20,000 parcels.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, sync_playwright

from benchmarks import serving
from benchmarks.ground import Ground
from benchmarks.measure import Measured, peak
from benchmarks.table import Row, versus

SHOWN = 20_000
"""Parcels of the folium page: with many more no browser opens it."""
CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--enable-unsafe-swiftshader"]  # fmt: skip
AS_LONG_MS = 180_000
PARTS = {"leaflet.js": "text/javascript", "leaflet.css": "text/css"}
PARCELS = re.compile(r"/tiles/\d+/parcel/")
IDLE = """
() => document.getElementById("map")?.dataset.ready === "idle" ? performance.now() : 0
"""
"""When the map has drawn all it asked for: a little after the first parcels."""
DRAWN = """
() => {
  if (document.querySelectorAll("path.leaflet-interactive").length < COUNT) return 0;
  window.frames_since = (window.frames_since ?? 0) + 1;
  return window.frames_since > 2 ? performance.now() : 0;
}
"""
"""When every parcel is in the page and it has been painted: the second frame after; asked once a frame."""


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Open both pages by turns, each time in a new browser."""
    from gis_sites.inventory import open_inventory

    with open_inventory(here.settings) as inventory:
        state = inventory.need_state()
    file = folium_page(here, state.revisions["parcel"].table)
    drawn = DRAWN.replace("COUNT", str(min(SHOWN, here.parcels)))
    ours, theirs = Measured(), Measured()
    with serving.ours(here) as server, sync_playwright() as playwright:
        for number in range(-1, runs):
            for address, said, one in ((server.address + "/", IDLE, ours), (file.as_uri(), drawn, theirs)):
                if number < 0 and one is theirs:
                    continue
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                took = _painted(browser, address, said)
                print(f"    {address.rpartition('/')[2] or '/'}: {took:.2f} s", flush=True)
                if number >= 0:
                    one.seconds.append(took)
                    one.peak = max(one.peak, _largest(browser))
                browser.close()
    yield versus("first map painted", ours, f"folium page of {min(SHOWN, here.parcels):,}", theirs)


def _painted(browser: Browser, address: str, said: str) -> float:
    """Open a page in a browser without a cache; return the seconds until it says that it is painted."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.route(lambda url: not url.startswith(("file:", "data:", "http://127.0.0.1", "blob:")), _from_disk)
    tiles: list[int] = []
    page.on("response", lambda one: PARCELS.search(one.url) and tiles.append(one.status))
    page.goto(address, wait_until="commit", timeout=AS_LONG_MS)
    took = _when(page, said) / 1000
    if said is IDLE and 200 not in tiles:
        raise RuntimeError("the map shows no parcels")
    return took


def _when(page: Page, said: str) -> float:
    """Return when a page first says that it is painted, in milliseconds since it was asked for."""
    return float(page.wait_for_function(said, timeout=AS_LONG_MS, polling="raf").json_value())


def _from_disk(route: Route) -> None:
    """Answer for hosts elsewhere: Leaflet from our files, nothing for the rest; theirs must not wait for a network."""
    from gis_sites.assets import asset

    name = route.request.url.split("?")[0].rpartition("/")[2]
    if name in PARTS:
        route.fulfill(path=asset(f"leaflet/{name}"), content_type=PARTS[name])
    else:
        route.fulfill(status=200, body="", content_type="text/javascript" if name.endswith(".js") else "text/css")


def _largest(browser: Browser) -> int:
    """Return the most memory one process of the browser held."""
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return max(peak(int(one["id"])) for one in processes)


def folium_page(here: Ground, table: str) -> Path:
    """Write the page people write today: the parcels as GeoJSON within it."""
    import folium
    import geopandas
    import sqlalchemy as sa

    file = here.work / "folium.html"
    if not file.exists():
        query = f"SELECT key AS id, geom FROM {table} ORDER BY row LIMIT {SHOWN}"
        parcels = geopandas.read_postgis(query, sa.create_engine(here.url)).to_crs("EPSG:4326")
        x0, y0, x1, y1 = parcels.total_bounds
        drawn = folium.Map(location=[(y0 + y1) / 2, (x0 + x1) / 2], zoom_start=13, tiles=None)
        folium.GeoJson(parcels).add_to(drawn)
        drawn.fit_bounds([[y0, x0], [y1, x1]])
        drawn.save(file)
    return file
