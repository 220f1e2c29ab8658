"""The OpenAPI document under fire: whatever it allows, and much it does not, is answered as it says."""

import gc
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.main import create_app
from gis_sites.settings import Settings
from tests.api.support import TestClient

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 50
# What schemathesis leaves unclosed is its own; it is collected here, not in the midst of another test.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
OPERATIONS = [
    (method, path) for path, methods in create_app(Settings()).openapi()["paths"].items() for method in methods
]


@pytest.fixture(scope="module", autouse=True)
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector out: hypothesis reads sources, and Python 3.11 fails when it interrupts that."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.fixture(scope="module")
def schema(client: TestClient) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", client.app)


@pytest.fixture(scope="module")
def real(client: TestClient) -> dict[str, dict[str, Any]]:
    """What there is, of what addresses name: by chance nobody would hit upon it."""
    offer = client.get("/api/v1/offers").json()["offers"][0]
    return {
        "/api/v1/parcels/{id}": {"id": offer["parcels"][0]},
        "/api/v1/offers/{id}": {"id": offer["id"]},
        "/api/v1/why": {"parcel": offer["parcels"][0]},
        "/tiles/{state}/{layer}/{z}/{x}/{y}": {"state": 1, "layer": "parcel", "z": 0, "x": 0, "y": 0},
    }


def test_every_operation_is_fired_at(schema: Any) -> None:
    assert {(one.ok().method, one.ok().path) for one in schema.get_all_operations()} == set(OPERATIONS)
    assert len(OPERATIONS) >= 5


@pytest.mark.parametrize("mode", [RIGHT, WRONG], ids=["right", "wrong"])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nothing_breaks_it(
    schema: Any, real: dict[str, dict[str, Any]], method: str, path: str, mode: GenerationMode
) -> None:
    told: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def fire(case: Any) -> None:
        if mode is RIGHT and path in real and told.total() % 2:
            if "{" in path:
                case.path_parameters = real[path]
            else:
                case.query |= real[path]
        answer = case.call()
        told[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    fire()
    # What has no parameter but the language can be asked in three ways: once all are tried nothing is left to fire.
    least = min(10, questions(schema, method, path)) if mode is RIGHT else 10
    assert told[200 if mode is RIGHT else 422] >= least, told


def questions(schema: Any, method: str, path: str) -> float:
    """Count the ways in which an operation can be asked; with a parameter that is no choice of words without end."""
    many = 1.0
    for parameter in schema.raw_schema["paths"][path][method].get("parameters", []):
        words = [word for one in parameter["schema"].get("anyOf", []) for word in one.get("enum", [])]
        many *= len(words) + 1 if words else math.inf
    return math.inf if "requestBody" in schema.raw_schema["paths"][path][method] else many
