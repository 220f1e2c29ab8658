"""A third language is one file: `locales/<code>.toml`, a table a room; what it lacks is said in English."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gis_sites.settings import Settings
from gis_sites.words import sentences
from tests.api.support import environment

ROOT = Path(__file__).parents[1]
FILE = """
[page]
site = "Gewerbeflächen"
this_language = "Deutsch"
way_list = "Liste und Karte"

[title]
Parcels = "Flurstücke"
"""
"""German, as far as the test needs it."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tool with one file more."""
    folder = tmp_path_factory.mktemp("house")
    for name in ("gis_sites", "api"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("assets", "__pycache__"))
    (folder / "gis_sites" / "assets").symlink_to(ROOT / "gis_sites" / "assets")
    (folder / "layers").symlink_to(ROOT / "layers")
    (folder / "gis_sites" / "locales" / "de.toml").write_text(FILE, encoding="utf-8")
    return folder


def run(house: Path, settings: Settings, code: str) -> str:
    """Run Python in the copy."""
    own = environment(settings, PYTHONPATH=str(house))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=own, cwd=house, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


ASK = """
import json, sys, warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient
from api.main import create_app
from gis_sites import words
assert words.__file__.startswith({house!r})
with TestClient(create_app()) as client:
    told = {{}}
    for address in {addresses!r}:
        answer = client.get(address, headers={{"accept": "text/html", "accept-language": "de-AT,de;q=0.9"}})
        told[address] = [answer.status_code, answer.headers.get("content-language"), answer.text]
print(json.dumps(told))
"""


def test_pages_speak_a_language_that_is_one_file(house: Path, demo_city: Settings) -> None:
    addresses = [
        "/",
        "/layers",
        "/accessibility",
        "/shortlists",
        "/?lang=pl",
        "/parcels/none",
        "/ogc/collections/parcel",
    ]
    told = json.loads(run(house, demo_city, ASK.format(house=str(house), addresses=addresses)))
    for address in ("/", "/layers", "/accessibility", "/shortlists"):
        status, lang, text = told[address]
        assert (status, lang) == (200, "de"), address
        assert '<html lang="de">' in text
        assert "Gewerbeflächen" in text
        assert "Liste und Karte" in text
        # What the file does not say is said in English, and the way to the others is there.
        assert sentences("en")["page.skip"] in text
        assert 'hreflang="pl"' in text
        assert 'hreflang="en"' in text
    status, lang, text = told["/layers"]
    assert "Flurstücke" in text
    assert "21. November 2026" in text
    assert told["/?lang=pl"][1] == "pl"
    assert '<html lang="pl">' in told["/?lang=pl"][2]
    assert ">Deutsch</a>" in told["/?lang=pl"][2]
    assert told["/parcels/none"][:2] == [404, "de"]
    assert json.loads(told["/ogc/collections/parcel"][2])["title"] == "Flurstücke"


def test_numbers_days_and_sentences_are_of_that_language(house: Path, demo_city: Settings) -> None:
    code = """
import datetime as dt
from babel.dates import format_date
from gis_sites.words import LANGUAGES, SPOKEN, number, say
values = dict(row=1, column="Höhe", value="9.5 m", result=9.5)
print(LANGUAGES, SPOKEN)
print(number(25000.5, "de"))
print(say("finding.value_repaired", "de", **values))
print(say("finding.value_repaired", "en", **values))
"""
    both, figure, said, english = run(house, demo_city, code).splitlines()
    assert both == "('pl', 'en') ('pl', 'en', 'de')"
    assert figure == "25.000,5"
    assert said == english.replace("read as 9.5", "read as 9,5")
    assert said != english


def test_nothing_but_the_file_is_needed(house: Path) -> None:
    ours = {path.relative_to(house) for path in (house / "gis_sites" / "locales").rglob("*.toml")}
    theirs = {path.relative_to(ROOT) for path in (ROOT / "gis_sites" / "locales").rglob("*.toml")}
    assert ours - theirs == {Path("gis_sites/locales/de.toml")}
