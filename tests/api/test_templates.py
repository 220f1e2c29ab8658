"""Sector templates in a real city: they answer or say which must bites, and mark what is unverified wherever shown."""

import json
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from typer.testing import CliRunner

from gis_sites import cli
from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.columns import Range
from gis_sites.inventory import Inventory
from gis_sites.matching.clash import PARTS, _never_smaller
from gis_sites.matching.phrases import MARK
from gis_sites.matching.reading import read_requirement, template_text, templates
from gis_sites.matching.sentences import notice_sentence
from gis_sites.settings import Settings
from gis_sites.show import shortlist_shown
from tests.api.support import TestClient, environment

ADDRESS = "/api/v1/shortlists"


@pytest.fixture(scope="module")
def layers() -> Catalogue:
    """The layers that come with the tool."""
    return load_catalogue()


@pytest.mark.parametrize("name", templates())
def test_a_template_finds_sites_or_says_which_must_bites(city: Inventory, name: str) -> None:
    shortlist = city.match(read_requirement({}, template=name), top=5)
    kinds = {one["kind"]: one for one in shortlist["notices"]}
    assert shortlist["candidates"] or {"bites_first", "lets_nearly_none"} & set(kinds)
    assert kinds["unverified"]["count"] > 0
    assert not {"excludes", "excludes_every"} & set(kinds)


@pytest.mark.parametrize("name", templates())
def test_what_is_unverified_is_marked_over_http(client: TestClient, city: Inventory, name: str) -> None:
    sent = client.post(ADDRESS, content=template_text(name).encode(), headers={"content-type": "application/toml"})
    assert sent.status_code == 200
    shortlist = sent.json()
    marked = [one for one in shortlist["notices"] if one["kind"] == "unverified"]
    assert len(marked) == 1
    for one in shortlist["candidates"]:
        for entry in (*one["musts"], *one["wants"]):
            assert entry["remarks"]["confidence"] in {"sourced", "derived", "unverified"}
            assert entry["remarks"]["source"]
    asked = shortlist["requirement"]
    entries = [*asked["must"].values(), *asked["either"], *asked["want"].values(), *asked["ask"]]
    assert all(one["confidence"] and one["source"] for one in entries)


def test_a_template_needs_no_file(demo_city: Settings) -> None:
    words = ["match", "--template", "light_industry", "--lang", "en", "--json", "-"]
    told = CliRunner().invoke(cli.app, words, env=environment(demo_city), catch_exceptions=False)
    assert told.exit_code == 0
    assert json.loads(told.stdout)["requirement"]["title"]["en"].startswith("Light industry")


def easy(tmp_path: Path) -> Path:
    """A brief over a template that leaves some candidates in the smallest city."""
    file = tmp_path / "easy.toml"
    file.write_text(
        'format = 1\n[must]\n"parcel.area_m2" = { min = "0,05 ha", confidence = "unverified", source = "estimate" }\n'
        '"flood.share" = { max = "50 %" }\n"zoning.max_height_m" = { min = "1 m" }\n',
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_the_mark_and_its_sentence_stand_on_terminal_map_and_page(
    client: TestClient, city: Inventory, tmp_path: Path, lang: str
) -> None:
    requirement = read_requirement(easy(tmp_path), template="light_industry")
    loose = requirement.model_copy(update={"either": ()})
    shortlist = city.match(loose, top=5)
    assert shortlist["candidates"]
    sentence = notice_sentence(shortlist["notices"][-1], city.catalogue, lang)
    assert sentence.startswith(MARK)
    *said, ranking = shortlist_shown(shortlist, city.catalogue, lang)
    assert sentence in said
    reasons = list(ranking.columns[-1].cells)
    assert reasons
    assert all(MARK in str(one) for one in reasons)
    page = city.map(shortlist, tmp_path / "map.html", lang="pl" if lang == "pl" else "en").read_text(encoding="utf-8")
    word = {"pl": "niepotwierdzone", "en": "unverified"}[lang]
    assert sentence in page
    assert page.count(f"{MARK} {word}") >= len(shortlist["candidates"])
    table = city.export(shortlist, tmp_path / "sites.xlsx", lang="pl" if lang == "pl" else "en")
    cells = [str(cell) for sheet in openpyxl.load_workbook(table) for row in sheet.values for cell in row]
    assert f"{sentence}." in cells
    assert sum(f"{MARK} {word}" in cell for cell in cells) >= len(shortlist["candidates"])
    form = {"requirement": json.dumps(loose.echo()), "top": "10"}
    answer = client.post("/shortlists", data=form, params={"lang": lang})
    assert answer.status_code == 200
    assert sentence in answer.text
    assert answer.text.count(f"{MARK} {word}") >= len(shortlist["candidates"])


def test_what_is_held_never_to_be_smaller_never_is(city: Inventory, layers: Catalogue) -> None:
    pairs = [(larger, name) for name, others in PARTS.items() for larger in others if larger != "parcel.area_m2"]
    every = list(layers.attributes.values())
    pairs += [
        (one.name, this.name)
        for this in every
        for one in every
        if one.layer is this.layer and one is not this and _never_smaller(one, this)
    ]
    assert len(pairs) > 20
    (view,) = [one for one in city.views() if one.kind == "parcels"]
    known = 0
    for larger, smaller in pairs:
        one, this = view.column(larger), view.column(smaller)
        assert isinstance(one, Range)
        assert isinstance(this, Range)
        with np.errstate(invalid="ignore"):
            both = np.isfinite(one.high) & np.isfinite(this.low)
            assert (this.low[both] <= one.high[both] * 1.001 + 1e-3).all(), (larger, smaller)
        known += int(both.sum())
    assert known > 5_000
