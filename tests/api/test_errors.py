"""Problems: one form for all of them, in the language asked for, with the value that is off; never a trace."""

import logging

import pytest
import sqlalchemy as sa

from api.face import Face
from api.main import create_app
from gis_sites.settings import Settings
from tests.api.support import TestClient
from tests.conftest import Databases, _run

HEADERS = {
    "content-security-policy", "x-content-type-options", "referrer-policy", "permissions-policy",
    "cross-origin-opener-policy", "cross-origin-resource-policy",
}  # fmt: skip
LONG = "3" * 201
WRONG = [
    ("GET", "/nothing/here", 404, "http.no_page", "/nothing/here"),
    ("GET", "/api/v1/layers/", 404, "http.no_page", "/api/v1/layers/"),
    ("GET", "/static/nothing.js", 404, "http.no_page", "/static/nothing.js"),
    ("GET", "/static/../main.py", 404, "http.no_page", "/main.py"),
    ("GET", "/static/%2e%2e/%2e%2e/main.py", 404, "http.no_page", "main.py"),
    ("DELETE", "/api/v1/layers", 405, "http.no_method", "DELETE"),
    ("PUT", "/api/v1/parcels/1", 405, "http.no_method", "PUT"),
    ("GET", "/api/v1/shortlists", 405, "http.no_method", "GET"),
    ("POST", "/static/site.js", 405, "http.no_method", "POST"),
    ("GET", "/api/v1/offers?count=0", 422, "http.invalid", "count: 0 to za mało; najmniej 1"),
    ("GET", "/api/v1/offers?count=101", 422, "http.invalid", "count: 101 to za dużo; najwyżej 100"),
    ("GET", "/api/v1/offers?first=-1&count=x", 422, "http.invalid", "first: -1 to za mało; najmniej 0; count: „x”"),
    ("GET", "/api/v1/offers?first=" + "9" * 30, 422, "http.invalid", "9" * 30),
    ("GET", "/api/v1/offers?first=" + "9" * 5000, 422, "http.invalid", "9" * 60),
    ("GET", "/api/v1/layers?lang=de", 422, "http.invalid", "lang: nie ma „de”; do wyboru: pl, en"),
    ("GET", f"/api/v1/parcels/{LONG}", 422, "http.invalid", "najwyżej 200 znaków"),
    ("GET", "/api/v1/parcels/a%00b", 422, "http.invalid", "znaki sterujące"),
    ("GET", "/api/v1/offers/a%09b", 422, "http.invalid", "znaki sterujące"),
    ("GET", "/api/v1/offers/a%0Ab", 404, "http.no_page", "/offers/ab "),
    ("GET", "/api/v1/parcels/%FF%FE", 404, "match.not_in_inventory", "�"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong[0]} {wrong[1][:30]}")
def test_every_error_is_a_problem_document(client: TestClient, wrong: tuple[str, str, int, str, str]) -> None:
    method, address, status, kind, words = wrong
    answer = client.request(method, address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == "pl"
    assert answer.headers["vary"] == "Accept-Language"
    assert set(answer.headers) >= HEADERS
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail"}
    assert (problem["status"], problem["type"]) == (status, f"gis-sites:{kind}")
    assert words in problem["detail"]
    assert "allow" in answer.headers or status != 405


@pytest.mark.parametrize(
    ("query", "header", "spoken"),
    [
        ("", "en", "en"), ("", "en-GB,en;q=0.9,pl;q=0.8", "en"), ("", "en;q=0.2, pl;q=0.9", "pl"), ("", "de", "pl"),
        ("", "de, fr;q=0.9, en;q=0.1", "en"), ("", "pl;q=0, en;q=0.1", "en"), ("", ";;,q=,en;q=x,*", "pl"),
        ("", "", "pl"), ("?lang=en", "pl", "en"), ("?lang=pl", "en", "pl"), ("?lang=EN", "", "en"),
        ("?lang=xx", "en", "en"),
    ],
)  # fmt: skip
def test_a_problem_speaks_the_language_asked_for(client: TestClient, query: str, header: str, spoken: str) -> None:
    answer = client.get(f"/nothing{query}", headers={"accept-language": header})
    assert answer.headers["content-language"] == spoken
    assert answer.json()["detail"].startswith({"pl": "pod adresem /nothing", "en": "there is nothing at"}[spoken])


@pytest.mark.parametrize("piece", ["bytes=0-1", "bytes=9-1", "bytes=999999999-", "nonsense"])
def test_a_file_is_sent_whole_whatever_piece_is_asked_for(client: TestClient, piece: str) -> None:
    whole = client.get("/static/site.js")
    answer = client.get("/static/site.js", headers={"range": piece})
    assert (answer.status_code, answer.content) == (200, whole.content)
    assert whole.headers["accept-ranges"] == "none"


def test_security_headers_stand_on_every_answer(client: TestClient) -> None:
    pages = ["/docs", "/openapi.json", "/static/site.js", "/static/maplibre-gl/maplibre-gl.css", "/api/v1/layers"]
    answers = [client.request(method, page) for page in pages for method in ("GET", "HEAD", "OPTIONS", "PATCH")]
    assert {one.status_code for one in answers} == {200, 204, 405}
    for one in answers:
        assert set(one.headers) >= HEADERS
        assert "set-cookie" not in one.headers
        policy = one.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert one.headers["x-content-type-options"] == "nosniff"
    assert client.cookies == {}


def test_a_fault_of_ours_tells_the_log_and_nobody_else(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Face, state: object) -> dict[str, str]:
        raise RuntimeError("inner secret")

    monkeypatch.setattr(Face, "layers", broken)
    with caplog.at_level(logging.ERROR, "gis_sites.api"):
        answer = client.get("/api/v1/layers?lang=en&q=private")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.headers) >= HEADERS
    assert answer.json()["detail"] == "a fault on our side; it is in the server's log"
    assert "secret" not in answer.text
    assert "inner secret" in caplog.text
    assert "private" not in caplog.text
    assert client.head("/api/v1/layers").status_code == 500
    monkeypatch.undo()
    assert client.get("/api/v1/layers").status_code == 200


def test_an_empty_inventory_says_so(settings: Settings) -> None:
    with TestClient(create_app(settings)) as client:
        layers = client.get("/api/v1/layers")
        assert layers.status_code == 200
        assert layers.json()["inventory"] == {"state": None, "as_of": None}
        assert {one["revision"] for one in layers.json()["layers"]} == {None}
        for answer in (
            client.get("/api/v1/parcels/1"),
            client.get("/api/v1/offers"),
            client.post("/api/v1/shortlists", json={"format": 1}),
        ):
            assert answer.status_code == 404
            assert answer.json()["type"] == "gis-sites:http.no_state"


def test_without_its_database_it_answers_all_the_same(databases: Databases) -> None:
    address = databases.fresh()
    url = address.render_as_string(hide_password=False)
    with TestClient(create_app(Settings(database_url=url))) as client:
        assert client.get("/api/v1/layers").status_code == 200
        _shut(databases.server, address.database)
        answer = client.get("/api/v1/layers")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"] == "30"
        assert set(answer.headers) >= HEADERS
        assert str(address.database) not in answer.text
        assert {client.get(one).status_code for one in ("/openapi.json", "/accessibility")} == {200}
        _run(databases.server, f"ALTER DATABASE {address.database} ALLOW_CONNECTIONS true")
        assert client.get("/api/v1/layers").status_code == 200


def _shut(server: sa.URL, database: str | None) -> None:
    _run(
        server,
        f"ALTER DATABASE {database} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'",
    )
