"""What `profile --explain` shows, as a person reads it."""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from gis_sites.show_explain import explanation
from gis_sites.words import LANGUAGES


@pytest.fixture
def inventory(demo_city: Settings) -> Iterator[Inventory]:
    with open_inventory(demo_city) as opened:
        yield opened


def drawn(inventory: Inventory, parcel: str, lang: str, width: int) -> str:
    console = Console(width=width, file=io.StringIO())
    for one in explanation(inventory.explain(parcel), inventory.catalogue, lang):
        console.print(one)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_attribute_says_how_it_came_about(inventory: Inventory, lang: str) -> None:
    parcel = inventory.views()[0].id(123)
    entries = inventory.explain(parcel)
    tables = list(explanation(entries, inventory.catalogue, lang))
    layers = list(dict.fromkeys(one["attribute"].partition(".")[0] for one in entries))
    assert len(tables) == len(layers) + 1  # and the net area, step by step
    for name, one in zip(layers, [tables[0], *tables[2:]], strict=True):
        assert inventory.catalogue.layer(name).title.say(lang) in str(one.title)
        asked = [entry["attribute"] for entry in entries if entry["attribute"].startswith(f"{name}.")]
        assert list(one.columns[0].cells) == asked
        assert all(one.columns[2].cells)
    (net,) = (entry for entry in entries if entry.get("steps"))
    assert list(tables[1].columns[0].cells) == [step["title"][lang] for step in net["steps"]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_cut_off_in_a_narrow_terminal(inventory: Inventory, lang: str) -> None:
    parcel = inventory.views()[0].id(321)
    narrow = drawn(inventory, parcel, lang, 80)
    assert max(map(len, narrow.splitlines())) <= 80
    assert "…" not in narrow
    for one in inventory.explain(parcel):
        for row in one["rows"][:1]:
            assert row["key"][:10] in narrow


def test_rows_say_what_they_contribute(inventory: Inventory) -> None:
    parcel = inventory.views()[0].id(123)
    wide = drawn(inventory, parcel, "pl", 200)
    (water,) = (one for one in inventory.explain(parcel) if one["attribute"] == "water.any_distance_m")
    row = water["rows"][0]
    metres = f"{row['distance_m']:.2f}".rstrip("0").rstrip(".").replace(".", ",")
    assert f"· {row['key']} ({row['file']}): {metres} m" in wide
