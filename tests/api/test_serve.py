"""The command `serve`: a real server, a real browser, and what it refuses to show beyond this machine."""

import socket
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect
from typer.testing import CliRunner

from gis_sites import cli
from gis_sites.errors import WrongUse
from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings
from tests.api.support import COMMAND, Served, environment, serve
from tests.api.test_errors import HEADERS
from tests.api.test_pages_browser import Visit, faults, overflow


def test_it_serves_until_it_is_ended_and_logs_no_query(demo_city: Settings, tmp_path: Path) -> None:
    served = serve(demo_city, tmp_path / "log")
    try:
        answer = httpx.get(f"{served.url}/api/v1/layers", params={"q": "private"}, headers={"user-agent": "someone"})
        assert answer.status_code == 200
        assert set(answer.headers) >= HEADERS
        assert "server" not in answer.headers
        assert answer.json()["inventory"]["state"] == 1
        with pytest.raises(httpx.ConnectError):  # nobody else on the network
            httpx.get(f"http://{another_address()}:{served.port}/")
    finally:
        served.process.terminate()
        ended = served.process.wait(20)
    assert ended in {0, 128 + 15}
    log = served.log.read_text()
    assert "private" not in log
    assert "Traceback" not in log


def another_address() -> str:
    """A loopback address a server on 127.0.0.1 does not answer on."""
    return "127.0.0.77"


def test_a_slash_may_be_encoded(served: Served) -> None:
    offers = httpx.get(f"{served.url}/api/v1/offers").json()["offers"]
    parcel = next(one for offer in offers for one in offer["parcels"] if "/" in one)
    for written in (parcel, parcel.replace("/", "%2F"), parcel.replace("/", "%2f")):
        assert httpx.get(f"{served.url}/api/v1/parcels/{written}").json()["id"] == parcel


@pytest.mark.parametrize(
    "head",
    ["Content-Length: 1000000000", "Transfer-Encoding: chunked"],
    ids=["said", "chunked"],
)
def test_a_body_that_is_too_long_is_not_waited_for(served: Served, head: str) -> None:
    request = f"POST /api/v1/shortlists HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{head}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(request.encode())
        if "chunked" in head:
            for _ in range(5):
                connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        told = connection.recv(65536).decode()
        while "\r\n\r\n" not in told or "}" not in told:
            told += connection.recv(65536).decode()
    assert told.startswith("HTTP/1.1 413 ")
    assert "application/problem+json" in told
    assert "content-security-policy" in told


def test_the_page_about_the_api_is_sound_and_asks_nobody(browser: Browser, served: Served) -> None:
    for width, light, lang in ((1280, "light", "pl"), (320, "dark", "en")):
        visited = Visit(browser, served.url, viewport={"width": width, "height": 900}, color_scheme=light)
        page = visited.page
        answer = page.goto(f"/docs?lang={lang}")
        assert answer is not None
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert faults(page) == []
        assert overflow(page) == 0
        assert page.locator("section.method pre").count() == 9
        page.locator("nav a[href^='#shortlists']").press("Enter")
        expect(page.locator("section:target h2")).to_be_in_viewport()
        assert page.locator("script").count() == 0
        assert visited.context.cookies() == []
        visited.close()


def run(settings: Settings, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [COMMAND, "serve", *words], env=environment(settings, **more), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def test_beyond_this_machine_it_refuses_until_told_which_parcels_are_public(demo_city: Settings) -> None:
    refused = run(demo_city, "--host", "0.0.0.0", GIS_SITES_LANG="en")
    assert refused.returncode == 2
    assert "0.0.0.0" in refused.stderr
    assert "GIS_SITES_PUBLIC_PARCELS" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_that_is_not_there_is_told_in_a_sentence(demo_city: Settings) -> None:
    nowhere = demo_city.model_copy(update={"database_url": "postgresql://nobody:hidden@127.0.0.1:1/none"})
    refused = run(nowhere)
    assert refused.returncode == 1
    assert "127.0.0.1:1/none" in refused.stderr
    assert "hidden" not in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.fixture
def run_with(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the server would have been run with."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **options: found.append(options))
    return found


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.pl", "", "127.0.0.1.example.pl"])
def test_which_addresses_are_beyond(demo_city: Settings, run_with: list[dict[str, Any]], host: str) -> None:
    told = CliRunner().invoke(cli.app, ["serve", "--host", host], env=environment(demo_city))
    assert isinstance(told.exception, WrongUse)
    assert told.exception.key == "cli.not_public"
    assert run_with == []
    opened = environment(demo_city, GIS_SITES_PUBLIC_PARCELS="all")
    assert CliRunner().invoke(cli.app, ["serve", "--host", host, "--port", "81"], env=opened).exit_code == 0
    assert run_with == [{"host": host, "port": 81, "access_log": False, "server_header": False}]


def test_what_others_read_of_the_database_follows_the_setting(
    demo_city: Settings, run_with: list[dict[str, Any]]
) -> None:
    seen = {}
    with open_inventory(demo_city) as inventory:
        for value in ("offers", "public_owners", "all"):
            told = CliRunner().invoke(cli.app, ["serve"], env=environment(demo_city, GIS_SITES_PUBLIC_PARCELS=value))
            assert told.exit_code == 0
            with inventory.store.begin() as conn:
                seen[value] = conn.execute(sa.text("SELECT count(*) FROM published.parcel")).scalar_one()
        assert 0 < seen["offers"] < seen["public_owners"] < seen["all"] == 500
        with inventory.store.engine.connect() as reader, reader.begin():
            reader.execute(sa.text("SELECT count(*) FROM published.parcel"))
            refused = CliRunner().invoke(
                cli.app, ["serve"], env=environment(demo_city, GIS_SITES_PUBLIC_PARCELS="offers")
            )
        assert isinstance(refused.exception, WrongUse)
        assert refused.exception.key == "cli.views_held"
    assert len(run_with) == 3


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.9.1"])
def test_which_addresses_are_this_machine(demo_city: Settings, run_with: list[dict[str, Any]], host: str) -> None:
    told = CliRunner().invoke(cli.app, ["serve", "--host", host], env=environment(demo_city))
    assert told.exit_code == 0
    assert run_with[0]["host"] == host
