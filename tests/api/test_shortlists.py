"""A requirement sent over HTTP: the same answer as at the command line, and every bad body refused in words."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.description import EXAMPLE_TOML
from api.face import MOST_PARCELS
from gis_sites import cli
from gis_sites.demo import requirements
from gis_sites.inventory import Inventory
from gis_sites.matching import assembly
from gis_sites.matching.also import ANSWERS
from gis_sites.matching.limits import LARGEST
from gis_sites.settings import Settings
from tests.api.support import TestClient, environment

ADDRESS = "/api/v1/shortlists"
JSON, TOML = "application/json", "application/toml"
PLANT = {"format": 1, "must": {"parcel.area_m2": {"min": 10000}}, "want": {"water.distance_m": {"weight": 2}}}


def send(client: TestClient, body: bytes | str, kind: str = JSON, **query: object) -> Any:
    return client.post(
        ADDRESS, content=body, headers={"content-type": kind}, params={k: str(v) for k, v in query.items()}
    )


def without_made(shortlist: dict[str, Any]) -> dict[str, Any]:
    made = shortlist.pop("made")
    assert made.keys() == {"at", "software"}
    return shortlist


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """A requirement that many parcels of the city meet."""
    file = tmp_path / "plant.toml"
    file.write_text(EXAMPLE_TOML, encoding="utf-8")
    return file


@pytest.mark.parametrize("number", range(4))
def test_the_answer_is_the_one_the_inventory_gives(
    client: TestClient, city: Inventory, plant: Path, number: int
) -> None:
    file = [plant, *requirements()][number]
    answer = send(client, file.read_bytes(), TOML, top=7)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers
    public = Inventory(city.store, city.catalogue.public())
    expected = json.loads(json.dumps(public.match(file, top=7, also=()), allow_nan=False))
    found = answer.json()
    assert len(found["candidates"]) == min(7, expected["counts"]["eligible"] + expected["counts"]["to_verify"])
    assert found["candidates"] or file != plant
    assert without_made(found) == without_made(expected)


def test_the_answer_is_the_one_the_command_gives(client: TestClient, demo_city: Settings, plant: Path) -> None:
    words = ["match", str(plant), "--top", "5", "--json", "-"]
    told = CliRunner().invoke(cli.app, words, env=environment(demo_city), catch_exceptions=False)
    assert told.exit_code == 0
    found = without_made(send(client, plant.read_bytes(), TOML, top=5, **{"with": ",".join(ANSWERS)}).json())
    assert len(found["candidates"]) == 5
    assert set(ANSWERS) <= set(found)
    assert found == without_made(json.loads(told.stdout))


def test_json_and_toml_say_the_same(client: TestClient) -> None:
    text = "format = 1\n[must]\n'parcel.area_m2' = { min = 10000 }\n[want]\n'water.distance_m' = { weight = 2 }\n"
    answers = [
        send(client, json.dumps(PLANT)), send(client, json.dumps(PLANT), "Application/JSON; charset=utf-8"),
        send(client, "\ufeff" + json.dumps(PLANT)), client.post(ADDRESS, content=json.dumps(PLANT)),
        send(client, text, TOML), send(client, text, "text/toml"),
    ]  # fmt: skip
    assert {one.status_code for one in answers} == {200}
    first, *others = (without_made(one.json()) for one in answers)
    assert first["counts"]["eligible"] > 10
    assert all(one == first for one in others)


def test_top_bounds_the_list(client: TestClient) -> None:
    everything = {"format": 1}
    assert len(client.post(ADDRESS, json=everything).json()["candidates"]) == 50
    assert len(client.post(ADDRESS, json=everything, params={"top": 1}).json()["candidates"]) == 1
    most = client.post(ADDRESS, json=everything, params={"top": 500}).json()
    assert len(most["candidates"]) == min(500, most["counts"]["considered"])
    for top, words in (("0", "najmniej 1"), ("501", "najwyżej 500"), ("many", "„many”"), ("1e2", "„1e2”"), ("", "„”")):
        answer = client.post(ADDRESS, json=everything, params={"top": top})
        assert answer.status_code == 422
        assert words in answer.json()["detail"]


DEEP = 20_000
REFUSED = [
    (b"", JSON, "http.no_object", "nawiasu {"),
    (b"   ", JSON, "http.no_object", "nawiasu {"),
    (b"[1, 2]", JSON, "http.no_object", "[1, 2]"),
    (b"null", JSON, "http.no_object", "null"),
    (b"format = 1", JSON, "http.no_object", "format = 1"),
    (b'{\n"format": 1,\n}', JSON, "match.bad_json", "wiersz 3"),
    (b'{"format": 1', JSON, "match.bad_json", "wiersz 1"),
    (b'{"format": 1} {}', JSON, "match.bad_json", "Extra data"),
    (b'{"format": 1, "format": 1}', JSON, "match.twice", "format"),
    (b'{"format": ' + b"9" * 5000 + b"}", JSON, "match.bad_json", "4300"),
    (b'{"format": 2}', JSON, "match.wants_format", "format = 1"),
    (b"{}", JSON, "match.wants_format", "format = 1"),
    (b'{"format": 1, "mustt": {}}', JSON, "match.unknown_key", "must"),
    (b'{"format": 1, "must": {"flood.share": {"max": NaN}}}', JSON, "match.not_finite", "nan"),
    (b'{"format": 1, "must": {"flood.share": {"max": -Infinity}}}', JSON, "match.not_finite", "-inf"),
    (b'{"format": 1, "must": {"flood.share": {"max": 1e999}}}', JSON, "match.not_finite", "inf"),
    (b'{"format": 1, "want": {"flood.share": {"at": [0, NaN], "worth": [1, 0]}}}', JSON, "match.not_finite", "nan"),
    (b'{"format": 1, "must": {"flood.share": {"max": 0, "confidence": NaN}}}', JSON, "match.wants_text", "nan"),
    (b'{"format": 1, "note": "\\ud800"}', JSON, "match.odd_text", "note"),
    (b'{"format": 1, "must": {"\\udc00": {"max": 1}}}', JSON, "match.odd_text", "must"),
    (b'{"a":' * 30 + b"1" + b"}" * 30, JSON, "match.too_deep", "16"),
    (b'{"a":' * 800 + b"1" + b"}" * 800, JSON, "match.too_deep", "16"),
    (b'{"a":' * DEEP + b"1" + b"}" * DEEP, JSON, "match.too_deep", "16"),
    (b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}", JSON, "match.too_deep", "16"),
    (b'\xff\xfe{"format": 1}', JSON, "http.not_utf8", "bajt 1: 0xff"),
    (b'{"format": 1, "title": "Zak\xb3ad"}', JSON, "http.not_utf8", "bajt 28: 0xb3"),
    (b"", TOML, "match.wants_format", "format = 1"),
    (b"format = 1\nformat = 1", TOML, "match.bad_toml", "wiersz 2"),
    (b"format = 1\ntitle = ", TOML, "match.bad_toml", "wiersz"),
    (b"format = 1\ntitle = \"Zak\xb3ad\"", TOML, "http.not_utf8", "0xb3"),
    (b"format = 1\n[must]\n'flood.share' = { max = nan }", TOML, "match.not_finite", "nan"),
    (b"format = 1\n[must]\n'flood.share' = { max = 0, confidence = inf }", TOML, "match.wants_text", "inf"),
    (b"format = 0x" + b"f" * 5000, TOML, "match.wants_format", "format = 1"),
    (b"format = 1\n[must]\n'flood.share' = { max = 0x" + b"f" * 5000 + b" }", TOML, "match.", "flood.share"),
    (b"a = " + b"[" * 3000, TOML, "match.too_deep", "16"),
    (b".".join([b"a"] * 120_000) + b" = 1", TOML, "match.too_deep", "16"),
    (b"[" + b" . ".join([b'"a"'] * 40_000) + b"]", TOML, "match.too_deep", "16"),
    (b"\n".join(b"[" + b".".join([b"a"] * 15 + [b"%d" % n]) + b"]" for n in range(5000)), TOML, "match.too_deep", "16"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "key", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_requirement_is_refused_in_words(
    client: TestClient, body: bytes, kind: str, key: str, words: str
) -> None:
    begun = time.process_time()
    answer = send(client, body, kind)
    assert time.process_time() - begun < 3
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].startswith(f"gis-sites:{key}")
    assert words in answer.json()["detail"]
    assert len(answer.content) < 6000


@pytest.mark.parametrize(
    "requirement",
    [
        {"must": {"parcel.land_use": {"any_of": [f"x{n}" for n in range(20_000)]}}},
        {"must": {f"a.b{n}": {"max": 1} for n in range(60)}},
        {"must": {"x" * 5000: {"max": 1}}},
        {f"key{n}": 1 for n in range(15_000)},
        {"either": [{"any": [{}]}] * 10_000},
        {"must": {f"a.b{n}": {"max": 1} for n in range(8000)}},
    ],
    ids=["codes", "names", "name", "keys", "either", "criteria"],
)
def test_many_faults_are_told_in_part(client: TestClient, requirement: dict[str, Any]) -> None:
    begun = time.process_time()
    answer = client.post(ADDRESS, json={"format": 1, **requirement})
    assert time.process_time() - begun < 3
    assert answer.status_code == 422
    assert len(answer.content) < 12_000
    if answer.json()["type"].endswith("match.faults"):
        assert answer.json()["detail"].endswith("i dalsze; popraw najpierw te")


@pytest.mark.parametrize(
    ("kind", "shown"),
    [("text/plain", "text/plain"), ("application/x-www-form-urlencoded", "urlencoded"), ("", "„”"), ("json", "„json”")],
)
def test_another_type_is_refused(client: TestClient, kind: str, shown: str) -> None:
    answer = send(client, json.dumps(PLANT), kind)
    assert answer.status_code == 415
    assert shown in answer.json()["detail"]
    assert TOML in answer.json()["detail"]


def test_a_compressed_body_is_refused(client: TestClient) -> None:
    answer = client.post(ADDRESS, content=b"\x1f\x8b", headers={"content-type": JSON, "content-encoding": "gzip"})
    assert answer.status_code == 415
    assert "gzip" in answer.json()["detail"]


def test_a_body_may_be_as_long_as_it_may_and_no_longer(client: TestClient) -> None:
    text = json.dumps(PLANT)
    assert send(client, text.ljust(LARGEST)).status_code == 200
    answer = send(client, text.ljust(LARGEST + 1))
    assert answer.status_code == 413
    assert "256 kB" in answer.json()["detail"]
    chunks = iter([text.encode(), b" " * LARGEST])
    assert client.post(ADDRESS, content=chunks).status_code == 413


def test_an_attribute_nobody_has_data_for_is_said_and_not_refused(client: TestClient) -> None:
    answer = client.post(ADDRESS, json={"format": 1, "must": {"heat.distance_m": {"max": 100}}})
    assert answer.status_code == 200
    assert answer.json()["unknown_everywhere"] == ["heat.distance_m"]
    assert answer.json()["counts"]["eligible"] == 0


def test_land_on_offer_is_matched_too(client: TestClient) -> None:
    answer = client.post(ADDRESS, json={"format": 1, "scope": ["parcels", "offers"]}, params={"top": 500})
    kinds = {one["kind"] for one in answer.json()["candidates"]}
    assert kinds <= {"parcel", "offer"}
    only = client.post(ADDRESS, json={"format": 1, "scope": "offers"}).json()
    assert {one["kind"] for one in only["candidates"]} == {"offer"}
    assert only["counts"]["considered"] == client.get("/api/v1/offers").json()["total"]


def test_what_else_is_said_only_when_asked(client: TestClient, plant: Path) -> None:
    plain = send(client, plant.read_bytes(), TOML, top=3).json()
    assert not set(ANSWERS) & set(plain)
    some = send(client, plant.read_bytes(), TOML, top=3, **{"with": "robustness,relaxations"}).json()
    assert set(some) - set(plain) == {"relaxations", "robustness"}
    assert {key: some[key] for key in plain if key != "made"} == {key: plain[key] for key in plain if key != "made"}
    for said in ("everything", "robustness,", "robustness relaxations"):
        assert send(client, plant.read_bytes(), TOML, **{"with": said}).status_code == 422


def test_a_hall_is_looked_for_over_http_as_in_the_office(client: TestClient, city: Inventory) -> None:
    asked = {
        **PLANT,
        "must": {**PLANT["must"], "footprint": {"length_m": 60, "width_m": 30, "height_m": 8, "setback_m": 4}},
    }
    answer = client.post(ADDRESS, json=asked, params={"top": 20})
    assert answer.status_code == 200
    found = answer.json()
    assert found["candidates"]
    halls = [must for one in found["candidates"] for must in one["musts"] if must["attribute"] == "footprint"]
    assert len(halls) == len(found["candidates"])
    assert "met" in {hall["verdict"] for hall in halls}
    office = city.match(asked, top=20, also=())
    verdicts = {one["id"]: one["tier"] for one in office["candidates"]}
    assert {one["id"]: one["tier"] for one in found["candidates"]} == verdicts


def test_neighbours_are_joined_over_http_up_to_a_number_that_is_said(client: TestClient) -> None:
    asked = {**PLANT, "scope": ["parcels", "assemblies"], "assembly": {"max_parcels": 2}}
    answer = client.post(ADDRESS, json=asked, params={"top": 500})
    assert answer.status_code == 200
    found = answer.json()
    sizes = {one["kind"]: len(one["parcels"]) for one in found["candidates"]}
    assert sizes == {"parcel": 1, "assembly": 2}
    assert found["counts"]["assemblies"]["considered"] > 0
    for lang, said in (("en", "at most 4 parcels"), ("pl", "najwyżej 4 działki")):
        many = {**asked, "assembly": {"max_parcels": MOST_PARCELS + 1}}
        refused = client.post(ADDRESS, json=many, params={"lang": lang})
        assert refused.status_code == 422
        assert said in refused.json()["detail"]
        assert "max_parcels = 5" in refused.json()["detail"]


def test_a_bound_on_the_work_for_the_public_is_said(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "FOR_THE_PUBLIC", assembly.Effort(40_000, 100_000, (1, 1, 1)))
    asked = {**PLANT, "scope": "assemblies", "must": {"parcel.area_m2": {"min": 20000}}}
    assert client.post(ADDRESS, json=asked).json()["counts"]["assemblies"]["capped"] is True
