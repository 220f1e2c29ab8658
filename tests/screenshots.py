"""Take a picture of every page, and of a hand-out, of the demo city: `scripts/screenshots [FOLDER]`."""

import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from api.main import create_app
from gis_sites.demo import requirements
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings, default_home
from tests.browser import FLAGS

PARCELS = 2000
SIZES = {"": {"width": 1400, "height": 900}, "-narrow": {"width": 320, "height": 720}}
OFFICE = {"office": "Biuro Obsługi Inwestora, Przykładów", "contact_name": "Anna Przykładowa",
          "contact_email": "inwestor@example.org", "contact_phone": "+48 62 000 00 00"}  # fmt: skip


def main(folder: Path) -> None:
    """Publish the demo city if it is not there, and write the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(home=default_home().with_name(f"gis-sites-demo-{PARCELS}"), database_url=None, **OFFICE)
    with open_inventory(settings) as inventory:
        if inventory.state is None:
            command = [Path(sys.executable).with_name("gis-sites"), "demo", "--no-serve", "--parcels", str(PARCELS)]
            subprocess.run(command, check=True)
        with served(settings) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            for ending, size in SIZES.items():
                take_pages(browser, url, inventory, size, lambda name, ending=ending: folder / f"{name}{ending}.png")
            take_hand_out(browser, inventory, folder / "map.png")
            browser.close()


@contextmanager
def served(settings: Settings) -> Iterator[str]:
    """Serve the pages on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def take_pages(browser: Browser, url: str, inventory: Inventory, size: dict[str, int], file) -> None:  # noqa: ANN001
    """Take every page at one size."""
    requirement = requirements()[0].read_text(encoding="utf-8")
    best = inventory.match(requirements()[0], top=1)["candidates"][0]["id"]
    page = browser.new_context(base_url=url, viewport=size, locale="pl-PL").new_page()
    pages = {"list": "/?area_from=1&use=production", "offers": "/?kind=offers&lang=en", "parcel": f"/parcels/{best}",
             "data": "/layers", "requirement": "/shortlists?template=logistics&lang=en"}  # fmt: skip
    for name, address in pages.items():
        page.goto(address)
        take(page, file(name))
    page.goto("/shortlists")
    page.click("#as-text > summary")
    page.fill("#requirement", requirement)
    page.click(".requirement .act button")
    page.wait_for_selector(".cards")
    page.locator(".card summary").first.click()
    take(page, file("shortlist"))
    page.goto("/parcels/309901_1.0001.9999")
    take(page, file("error"))


def take(page: Page, file: Path) -> None:
    """Take a page when its map has come to rest."""
    if page.locator("#map").count():
        page.wait_for_selector("#map[data-ready=idle]", timeout=60_000)
        page.wait_for_timeout(1000)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=file)
    print(file)


def take_hand_out(browser: Browser, inventory: Inventory, file: Path) -> None:
    """Take the hand-out, opened as an investor opens it."""
    with tempfile.TemporaryDirectory() as name:
        path = inventory.map(inventory.match(requirements()[2], top=12), Path(name) / "map.html", lang="en")
        page = browser.new_context(viewport=SIZES[""], offline=True).new_page()
        page.goto(path.as_uri())
        page.wait_for_timeout(1500)
        page.screenshot(path=file)
    print(file)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
