"""What a shortlist says besides its candidates: at the command line, from Python, and when it is repeated."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.main import create_app
from gis_sites import cli
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.matching.also import ANSWERS
from gis_sites.matching.why import differences
from gis_sites.settings import Settings
from tests.api.support import TestClient, environment

ASKED = """format = 1
title = { pl = "Zakład", en = "A plant" }

[must]
"parcel.area_m2" = { min = 6000 }
"flood.share" = { max = 0 }
"gas.distance_m" = { max = 150, unknown = "failed" }

[[either]]
any = [ { "zoning.production_share" = { min = 0.9 } }, { "general_plan.production_share" = { min = 0.9 } } ]

[want]
"road.distance_m" = { at = [0, 800], worth = [1, 0] }
"power.distance_m" = { at = [0, 800], worth = [1, 0] }
"parcel.compactness" = {}

[compare]
"road.distance_m" = { "power.distance_m" = 2, "parcel.compactness" = 4 }
"power.distance_m" = { "parcel.compactness" = 3 }
"""


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    file = tmp_path / "asked.toml"
    file.write_text(ASKED, encoding="utf-8")
    return file


def run(demo_city: Settings, *words: str) -> Result:
    return CliRunner().invoke(cli.app, list(words), env=environment(demo_city), catch_exceptions=False)


def test_the_command_tells_repeats_and_draws_all_of_it(demo_city: Settings, asked: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    told = run(demo_city, "match", str(asked), "--top", "5", "--json", "-", "--save", "--map", str(page))
    assert told.exit_code == 0, told.stderr
    answer = json.loads(told.stdout)
    assert set(ANSWERS) <= set(answer)
    assert answer["near_misses"]
    assert any(one["changes"] for one in answer["relaxations"])
    assert '<section class="answers"' in page.read_text(encoding="utf-8")
    again = run(demo_city, "repeat", answer["id"], "--json", "-")
    assert (again.exit_code, again.stderr) == (0, "")
    assert differences(answer, json.loads(again.stdout)) == []


def test_all_three_ways_give_the_same_document(demo_city: Settings, asked: Path) -> None:
    hall = "[must]\nfootprint = { length_m = 30, width_m = 15, setback_m = 1 }"
    text = asked.read_text(encoding="utf-8").replace("[must]", hall)
    asked.write_text('scope = ["parcels", "offers"]\n' + text, encoding="utf-8")
    told = json.loads(run(demo_city, "match", str(asked), "--top", "9", "--json", "-").stdout)
    with open_inventory(demo_city) as inventory:
        assert differences(told, json.loads(json.dumps(inventory.match(asked, top=9)))) == []
    with TestClient(create_app(demo_city)) as client:
        address = f"/api/v1/shortlists?top=9&with={','.join(ANSWERS)}"
        toml = {"content-type": "application/toml"}
        assert differences(told, client.post(address, content=asked.read_bytes(), headers=toml).json()) == []
        assert differences(told, client.post(address, json=told["requirement"]).json()) == []
    assert told["candidates"]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "pl",
            ["Co dałoby jedno ustępstwo", "Jak pewne są pierwsze miejsca", "Co mówią inne metody", "Wagi z porównań"],
        ),
        (
            "en",
            ["What one concession would open", "How sure the first places are", "What other methods say", "Weights"],
        ),
    ],
)
def test_the_terminal_shows_it(demo_city: Settings, asked: Path, lang: str, words: list[str]) -> None:
    shown = run(demo_city, "match", str(asked), "--top", "5", "--lang", lang).stdout
    assert [one for one in words if one not in shown] == []


def test_python_gives_all_or_what_is_asked(demo_city: Settings, asked: Path) -> None:
    with open_inventory(demo_city) as inventory:
        assert isinstance(inventory, Inventory)
        assert set(ANSWERS) <= set(inventory.match(asked, top=3))
        some = inventory.match(asked, top=3, also=["near_misses"])
        kept = inventory.save({**some, "id": "0" * 64})
        assert set(ANSWERS) & set(some) == {"near_misses"}
        answer, _ = inventory.repeat(kept)
        assert set(ANSWERS) & set(answer) == {"near_misses"}
        assert json.dumps(answer["near_misses"]) == json.dumps(some["near_misses"])


@pytest.mark.parametrize("unknown", ["to_verify", "failed"])
def test_what_opens_also_has_room_for_the_footprint(demo_city: Settings, unknown: str) -> None:
    """Dropping a must opens what then has room: equal to matching without it."""
    hall = {"length_m": 40, "width_m": 25, "setback_m": 2, "unknown": unknown}
    musts = {"parcel.area_m2": {"min": 4000}, "flood.share": {"max": 0}, "footprint": hall}
    with open_inventory(demo_city) as inventory:
        answer = inventory.match({"format": 1, "must": musts}, top=1, also=["relaxations", "near_misses"])
        opened = {one["must"]: one["eligible"] + one["to_verify"] for one in answer["relaxations"]}
        assert list(opened) == list(musts)
        for name, more in opened.items():
            left = {key: one for key, one in musts.items() if key != name}
            counts = inventory.match({"format": 1, "must": left}, top=1, also=())["counts"]
            assert (
                counts["considered"] - counts["failed"]
                == answer["counts"]["considered"] - answer["counts"]["failed"] + more
            )
        assert any(opened.values())
        assert {one["fails"] for one in answer["near_misses"]} <= set(musts)
