"""The OpenAPI document: complete, sound by itself, and naming no other host."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from api.description import EXAMPLE, EXAMPLE_TOML
from tests.api.support import TestClient


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
    text = client.get("/openapi.json").text + client.get("/docs").text + client.get("/static/docs.js").text
    assert "//" not in text.replace("// Draws", "")
    assert "servers" not in document


def test_its_examples_are_requirements(client: TestClient) -> None:
    as_json = client.post("/api/v1/shortlists", json=EXAMPLE)
    headers = {"content-type": "application/toml"}
    as_toml = client.post("/api/v1/shortlists", content=EXAMPLE_TOML, headers=headers)
    assert as_json.status_code == as_toml.status_code == 200
    assert as_json.json()["counts"] == as_toml.json()["counts"]
    assert as_json.json()["counts"]["eligible"] > 0


def test_the_page_is_of_our_own_making(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script>" not in page.text
    assert "<style" not in page.text
    assert " on" not in page.text
    for address in ("/static/swagger-ui/swagger-ui-bundle.js", "/static/swagger-ui/swagger-ui.css", "/static/docs.js"):
        assert address in page.text
        assert client.get(address).status_code == 200
