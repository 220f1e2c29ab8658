"""What one client may ask in a minute, how much is worked on at once, how long a body and the database may take."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from starlette.types import Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api import limits
from api.errors import Busy
from api.face import Face
from api.limits import COSTLY, FREE, PAGE, TILE, Buckets, Limits, Turns, client_of, kind_of, rate_of
from api.list_files import MOST
from api.main import create_app
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from gis_sites.store.connect import hasty
from tests.api.support import TestClient
from tests.api.test_errors import HEADERS

ANY = {"format": 1}


def alone(running: Coroutine[Any, Any, None]) -> None:
    """Run to the end in a thread of its own: that of the tests may have a loop already, a browser's."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, running).result()


def test_a_bucket_is_refilled_evenly() -> None:
    clock = [100.0]
    buckets = Buckets(2, now=lambda: clock[0])
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 30]
    assert buckets.take("b") == 0
    clock[0] += 29
    assert buckets.take("a") == pytest.approx(1)
    clock[0] += 1.5
    assert buckets.take("a") == 0
    assert buckets.take("a") == pytest.approx(29.5)
    clock[0] += 1e6
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 30]


def test_the_client_longest_unheard_of_is_forgotten() -> None:
    buckets = Buckets(1, most=2, now=lambda: 0.0)
    assert [buckets.take(one) for one in "aba"] == [0, 0, 60]
    assert buckets.take("c") == 0
    assert len(buckets) == 2
    assert buckets.take("a") == 60
    assert buckets.take("b") == 0


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("testclient", "testclient"),
    ],
)
def test_who_asks(host: str, client: str) -> None:
    assert client_of({"type": "http", "client": (host, 1)}) == client


def test_a_server_on_a_socket_has_one_client() -> None:
    assert client_of({"type": "http", "client": None}) == ""


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/static/page.css", FREE),
        ("GET", "/tiles/1/parcel/9/1/2", TILE),
        ("GET", "/", PAGE),
        ("HEAD", "/api/v1/layers", PAGE),
        ("POST", "/api/v1/shortlists", COSTLY),
        ("POST", "/shortlists/map", COSTLY),
        ("DELETE", "/", COSTLY),
        *(("GET", f"/?v=2&format={form}", COSTLY) for form in (*MOST, "none")),
        ("GET", "/parcels/306101_1.0012.45/3?format=pdf", COSTLY),
        ("HEAD", "/?form%61t=csv&format=points", COSTLY),
        ("GET", "/?v=2&format=points&box=1,2,3,4", PAGE),
        ("GET", "/parcels/306101_1.0012.45/3?format=json", PAGE),
        ("GET", "/?q=format%3Dpdf&format=", PAGE),
    ],
)
def test_how_requests_count(method: str, path: str, kind: limits.Kind) -> None:
    path, _, query = path.partition("?")
    assert kind_of(method, path, query.encode()) is kind


def test_where_nothing_is_said_only_the_public_is_limited(tmp_path: Any) -> None:
    own = Settings(home=tmp_path)
    assert rate_of(own) == 0
    assert rate_of(own.model_copy(update={"public_parcels": "all"})) == limits.USUAL_RATE
    assert rate_of(own.model_copy(update={"rate_per_minute": 5})) == 5
    assert rate_of(own.model_copy(update={"rate_per_minute": 0, "public_parcels": "all"})) == 0


# ---- the rate, over HTTP -------------------------------------------------------------------------------------


def limited(demo_city: Settings, rate: int) -> Any:
    return create_app(demo_city.model_copy(update={"rate_per_minute": rate}))


def test_a_client_that_asks_too_much_is_told_when_to_come_back(demo_city: Settings) -> None:
    with TestClient(limited(demo_city, 2)) as client:
        told = [client.post("/api/v1/shortlists?lang=en", json=ANY) for _ in range(4)]
        assert [one.status_code for one in told] == [200, 200, 429, 429]
        problem = told[-1]
        assert problem.headers["content-type"] == "application/problem+json"
        assert set(problem.headers) >= HEADERS
        assert 1 <= int(problem.headers["retry-after"]) <= 30
        assert problem.json()["type"] == "gis-sites:http.too_many"
        assert "too many requests from your address; try again in" in problem.json()["detail"]
        assert client.head("/api/v1/layers").status_code == 200
        # Pages have ten times as much, of which one is gone; what pages are made of is not counted.
        assert [client.get("/api/v1/layers").status_code for _ in range(20)].count(429) == 1
        assert [client.get("/static/site.js").status_code for _ in range(30)] == [200] * 30
        assert client.get("/tiles/1/parcel/10/1/1").status_code != 429


def test_a_person_is_told_on_a_page(demo_city: Settings) -> None:
    with TestClient(limited(demo_city, 2)) as client:  # a requirement is sent, and its answer fetched
        told = [
            client.post("/shortlists", data={"requirement": "format = 1"}, headers={"accept": "text/html"})
            for _ in "ab"
        ]
        assert [one.status_code for one in told] == [200, 429]
        assert told[-1].headers["content-type"].startswith("text/html")
        assert "retry-after" in told[-1].headers


def test_a_forwarded_address_counts_where_the_proxy_is_trusted(demo_city: Settings) -> None:
    app = limited(demo_city, 1)

    def ask(peer: str, forwarded: str) -> int:
        with TestClient(ProxyHeadersMiddleware(app, trusted_hosts="127.0.0.1"), client=(peer, 1)) as client:
            client.headers["x-forwarded-for"] = forwarded
            return int(client.post("/api/v1/shortlists", json=ANY).status_code)

    assert [ask("127.0.0.1", one) for one in ("203.0.113.1", "203.0.113.2", "203.0.113.1")] == [200, 200, 429]
    assert [ask("198.51.100.7", one) for one in ("203.0.113.3", "203.0.113.4")] == [200, 429]


def test_on_the_own_machine_nothing_is_counted(client: TestClient) -> None:
    assert {client.post("/api/v1/shortlists", json=ANY).status_code for _ in range(70)} == {200}


# ---- turns -----------------------------------------------------------------------------------------------------


class Slow:
    """An application that reads the body, works until it is let go, and answers."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.working = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            while (await receive()).get("more_body"):
                pass
        self.working += 1
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def asked(app: Any, method: str, path: str, *, body: Callable[[], Awaitable[Message]] | None = None) -> Any:
    """Send a request; return what is sent back."""
    sent: list[Message] = []

    async def receive() -> Message:
        return await body() if body else {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> list[Message]:
        scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"", "app": Bare()}
        await app(scope, receive, send)
        return sent

    return asyncio.create_task(run())


class Bare:
    """What a request knows of the application."""

    state = object()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def middleware(app: Any, monkeypatch: pytest.MonkeyPatch, turns: int) -> Limits:
    monkeypatch.setattr(limits, "COSTLY", limits.Kind("costly", 1, turns))
    monkeypatch.setattr(limits, "PAGE", limits.Kind("page", 10, turns))
    return Limits(app, Settings(rate_per_minute=0))


def test_tiles_do_not_wait_for_shortlists(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        slow = Slow()
        app = middleware(slow, monkeypatch, 2)
        several = [asked(app, "POST", "/shortlists") for _ in range(5)]
        await settled()
        assert slow.working == 2
        tiles = [asked(app, "GET", "/tiles/1/parcel/1/1/1") for _ in range(30)]
        pages = [asked(app, "GET", "/") for _ in range(3)]
        await settled()
        assert slow.working == 2 + 30 + 2
        slow.go.set()
        answers = await asyncio.gather(*several, *tiles, *pages)
        assert {sent[0]["status"] for sent in answers} == {200}

    alone(run())


def test_a_slow_sender_has_no_turn_and_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BODY_S", 0.2)

    async def run() -> None:
        slow = Slow()
        slow.go.set()
        app = middleware(slow, monkeypatch, 1)

        async def never() -> Message:
            await asyncio.sleep(30)
            raise AssertionError

        stuck = asked(app, "POST", "/shortlists", body=never)
        await settled()
        assert (await asked(app, "POST", "/shortlists"))[0]["status"] == 200
        with pytest.raises(limits.TooSlow):
            await stuck

    alone(run())


def test_a_slow_sender_is_told(demo_city: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def late(self: Any) -> Message:
        raise limits.TooSlow("http.too_slow", seconds=30)

    monkeypatch.setattr(limits.Turn, "receive", late)
    with TestClient(create_app(demo_city)) as client:
        told = client.post("/api/v1/shortlists?lang=en", json=ANY)
    assert told.status_code == 408
    assert told.json()["detail"] == "the body of the request did not come within 30 s; send it again"


def test_too_many_and_too_long_waits_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WAIT_S", 0.1)
    monkeypatch.setattr(limits, "MOST_WAITING", 2)

    async def run() -> None:
        turns = Turns(1)
        await turns.take()
        waiting = [asyncio.create_task(turns.take()) for _ in range(2)]
        await settled()
        with pytest.raises(Busy):
            await turns.take()
        for one in waiting:
            with pytest.raises(Busy):
                await one
        turns.give()
        await turns.take()

    alone(run())


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/v1/shortlists"), ("GET", "/api/v1/layers")])
def test_who_cannot_have_a_turn_is_told(
    demo_city: Settings, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    async def full(self: Any) -> None:
        raise Busy("http.busy")

    monkeypatch.setattr(Turns, "take", full)
    with TestClient(create_app(demo_city)) as client:
        told = client.request(method, f"{path}?lang=en", json=ANY if method == "POST" else None)
        assert client.get("/static/site.js").status_code == 200
    assert told.status_code == 503
    assert told.headers["retry-after"] == "5"
    assert set(told.headers) >= HEADERS
    assert told.json()["detail"] == "others are being answered just now; try again in a few seconds"


def test_a_turn_is_given_back_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        raise ValueError

    async def run() -> None:
        app = middleware(broken, monkeypatch, 1)
        for _ in range(3):
            with pytest.raises(ValueError, match=r"^$"):
                await asyncio.wait_for(asked(app, "POST", "/shortlists"), 5)

    alone(run())


# ---- the database ------------------------------------------------------------------------------------------------


def test_a_long_question_is_broken_off(city: Inventory) -> None:
    with hasty(city.store, seconds=1) as store, store.begin() as conn:
        assert conn.execute(sa.text("SHOW statement_timeout")).scalar_one() == "1s"
        with pytest.raises(OperationalError, match="statement timeout") as broken:
            conn.execute(sa.text("SELECT pg_sleep(20), :secret"), {"secret": "TAJNE"})
    assert "TAJNE" not in str(broken.value)
    with city.store.begin() as conn:
        assert conn.execute(sa.text("SHOW statement_timeout")).scalar_one() == "0"


def test_a_long_question_of_a_request_is_told(
    demo_city: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("api.main.LONGEST_QUESTION_S", 1)

    def slow(self: Face, state: Any) -> Any:
        with self.inventory.store.begin() as conn:
            return conn.execute(sa.text("SELECT pg_sleep(20)")).scalar_one()

    monkeypatch.setattr(Face, "layers", slow)
    with TestClient(create_app(demo_city)) as client, caplog.at_level(logging.ERROR):
        told = client.get("/api/v1/layers?lang=en")
    assert told.status_code == 503
    assert told.headers["retry-after"] == "30"
    assert "no database at GET /api/v1/layers" in caplog.text


def test_snapshots_are_made_without_haste(demo_city: Settings) -> None:
    with open_inventory(demo_city) as inventory, hasty(inventory.store, seconds=9) as store:
        face = Face(inventory, store)
        assert face.inventory.store is store
        assert face._patient.store is inventory.store
        assert len(face.views(face.now())) == 2
