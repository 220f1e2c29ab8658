"""The OpenAPI document: complete, sound by itself, and naming no other host."""

import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from api.description import EXAMPLE, EXAMPLE_TOML
from api.docs import SOME_PARCEL, shared, told
from api.main import create_app
from gis_sites.settings import Settings
from tests.api.support import PAGE, TestClient
from tests.conftest import Databases


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_it_lists_what_section_ten_promises(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert {(path, method) for path, method, _ in operations(document)} == {
        ("/api/v1/layers", "get"),
        ("/api/v1/parcels/{id}", "get"),
        ("/api/v1/offers", "get"),
        ("/api/v1/offers/{id}", "get"),
        ("/api/v1/why", "post"),
        ("/api/v1/shortlists", "post"),
        ("/tiles/{state}/{layer}/{z}/{x}/{y}", "get"),
    }


def test_every_operation_says_what_it_does_and_how_it_can_fail(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for path, method, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        responses = operation["responses"]
        assert responses["200"]["description"] != "Successful Response"
        assert {"422", "500", "503"} <= set(responses)
        assert ("304" in responses) == (method == "get")
        for status, response in responses.items():
            if int(status) >= 400:
                assert response["content"] == {
                    "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
        for parameter in operation["parameters"]:
            assert parameter["description"], (path, parameter["name"])
        declared = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path))
    assert set(document["paths"]["/api/v1/shortlists"]["post"]["requestBody"]["content"]) == {
        "application/json",
        "application/toml",
    }


def test_every_reference_leads_somewhere_and_every_schema_is_used(document: dict[str, Any]) -> None:
    found = set(references(document))
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert found == schemas
    assert "$defs" not in str(document)


def test_it_names_no_other_host(client: TestClient, document: dict[str, Any]) -> None:
    assert "//" not in client.get("/openapi.json").text
    assert "servers" not in document


def test_its_examples_are_requirements(client: TestClient) -> None:
    as_json = client.post("/api/v1/shortlists", json=EXAMPLE)
    headers = {"content-type": "application/toml"}
    as_toml = client.post("/api/v1/shortlists", content=EXAMPLE_TOML, headers=headers)
    assert as_json.status_code == as_toml.status_code == 200
    assert as_json.json()["counts"] == as_toml.json()["counts"]
    assert as_json.json()["counts"]["eligible"] > 0


class Page(HTMLParser):
    """The page about the API: the addresses it names, its sections, its commands."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sections: dict[str, str] = {}
        self.commands: list[str] = []
        self._open: list[str] = []
        self._in = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        if tag == "section":
            self._in = str(dict(attrs).get("id"))
        if tag == "pre":
            self.commands.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.sections[self._in] = self.sections.get(self._in, "") + data
        if "pre" in self._open:
            self.commands[-1] += data


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_the_page_says_all_that_the_document_says(client: TestClient, document: dict[str, Any], lang: str) -> None:
    page = Page(client.get(f"/docs?lang={lang}").text)
    every = shared(document)
    assert set(every) >= {"429", "500", "503"}
    for path, verb, operation in operations(document):
        section = page.sections[operation["operationId"]]
        own = {status: answer for status, answer in operation["responses"].items() if status not in every}
        texts = [operation["summary"], operation["description"], *(one["description"] for one in own.values())]
        texts += [one["description"] for one in operation["parameters"]]
        names = [f"{verb.upper()} {path}", *own, *(one["name"] for one in operation["parameters"])]
        assert [one for one in [*names, *(told(text, lang) for text in texts)] if one not in section] == []
        if lang == "pl":
            assert [text for text in texts if text in section] == []
    for status, answer in every.items():
        assert status in page.sections["problems"]
        assert told(answer["description"], lang) in page.sections["problems"]


def test_every_command_of_the_page_is_answered(client: TestClient, document: dict[str, Any]) -> None:
    commands = Page(client.get("/docs").text).commands
    assert len(commands) == len(list(operations(document))) + 2
    for command in commands:
        asked, address, *rest = shlex.split(command.replace("\\\n", " "))
        options = dict(zip(rest[::2], rest[1::2], strict=True))
        assert asked == "curl"
        assert set(options) <= {"-H", "--data-binary", "-o"}
        headers = dict([options["-H"].split(": ")]) if "-H" in options else {}
        body = options.get("--data-binary")
        answer = client.request("POST" if body else "GET", address, content=body, headers=headers)
        assert answer.status_code == 200, (command, answer.text)
        assert len(answer.content) > 100
    assert {
        client.get("/docs").text.count(f"http://testserver{one}") for one in ("/api/v1/parcels/3", "/tiles/1/parcel/")
    } == {1}


def test_the_page_stands_before_anything_is_published(databases: Databases) -> None:
    address = databases.fresh().render_as_string(hide_password=False)
    with TestClient(create_app(Settings(database_url=address))) as client:
        answer = client.get("/docs", headers=PAGE)
    assert answer.status_code == 200
    assert f"/api/v1/parcels/{SOME_PARCEL}" in answer.text
