"""Hostile requirements over HTTP: a problem with a sentence, soon."""

import time

import pytest

from tests.api.support import TestClient
from tests.hostile import EVERY, SOON


def kind(text: str) -> str:
    return "application/json" if text.startswith("{") else "application/toml"


@pytest.mark.parametrize("name", list(EVERY))
def test_a_hostile_body_is_answered_with_a_problem(client: TestClient, name: str) -> None:
    text, key = EVERY[name]
    begun = time.process_time()
    answer = client.post("/api/v1/shortlists", content=text.encode(), headers={"content-type": kind(text)})
    assert time.process_time() - begun < SOON
    assert answer.status_code == (413 if len(text) > 256 * 1024 else 422)
    problem = answer.json()
    assert problem["type"] == f"gis-sites:{'http.too_large' if answer.status_code == 413 else f'match.{key}'}"
    assert problem["detail"]
    assert len(answer.content) < 6_000
