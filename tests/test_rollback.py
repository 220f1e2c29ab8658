"""Back to any state that is held, also to one made by other layer files."""

import re
import shutil
from pathlib import Path

import geopandas as gpd
import pytest

from gis_sites.catalogue import own_layers
from gis_sites.errors import NotFound
from gis_sites.intake.note import Note
from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings
from tests.survival import answer, deliver, deliveries

FIELD = '[fields.depth_m]\ntype = "number"\naliases = ["glebokosc"]\n\n'


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Two deliveries, one after the other."""
    return deliveries(tmp_path)


@pytest.fixture
def layers(tmp_path: Path) -> Path:
    """A folder of layer files that can be changed."""
    return Path(shutil.copytree(own_layers(), tmp_path / "layers"))


def change(layers: Path) -> None:
    """Give water a field more and another meaning of distance; forget another layer."""
    water = layers / "water.toml"
    text = water.read_text(encoding="utf-8")
    assert "\n[attributes]\n" in text
    text = text.replace(
        "\n[attributes]\n", f'\n{FIELD}[attributes]\ndepth_m = {{ measure = "nearest_value", field = "depth_m" }}\n'
    )
    water.write_text(text, encoding="utf-8")
    (layers / "heat.toml").unlink()


def test_back_to_every_state_that_is_held(settings: Settings, files: tuple[Path, Path]) -> None:
    answers = {}
    for path in (*files, *files):
        deliver(settings, path=path)
        with open_inventory(settings) as inventory:
            answers[inventory.need_state().id] = answer(inventory)
    with open_inventory(settings) as inventory:
        for number, expected in answers.items():
            if number != inventory.need_state().id:
                inventory.rollback(number)
            assert answer(inventory) == expected


def test_what_waits_of_a_layer_that_is_taken_back_goes_with_it(
    settings: Settings, files: tuple[Path, Path], tmp_path: Path
) -> None:
    """It was put upon the other parts of its layer as they were: published later, it would bring these back."""
    for path in files:
        deliver(settings, path=path)
    third, gas, note = tmp_path / "third.gpkg", tmp_path / "gas.gpkg", Note(allow_shrink=True)
    parcels, water = (gpd.read_file(files[1], layer=name) for name in ("dzialki", "wodociag"))
    parcels.iloc[3:].to_file(third, layer="dzialki", driver="GPKG")
    water.to_file(gas, layer="gazociag", driver="GPKG")
    with open_inventory(settings) as inventory:
        inventory.rollback(1)
        expected = answer(inventory)
        inventory.rollback(2)
        for path in (third, gas):
            inventory.import_file(path, note, profile=False)
        inventory.rollback(1)
        after = inventory.profile()
        assert answer(inventory)[:2] == expected[:2]
        # Nothing was taken back of the gas: it waited, and is published.
        assert set(after.revisions) == {"parcel", "water", "gas"}
        inventory.import_file(third, note)
        assert inventory.need_state().revisions["parcel"].rows == len(parcels) - 3


def test_back_to_a_state_made_by_other_layer_files(settings: Settings, files: tuple[Path, Path], layers: Path) -> None:
    ours = settings.model_copy(update={"layers": layers})
    deliver(ours, path=files[0])
    with open_inventory(ours) as inventory:
        first, before = inventory.need_state().id, answer(inventory)
        kept = inventory.save(inventory.match({"format": 1, "must": {"water.distance_m": {"max": 5000}}}))
    change(layers)
    deliver(ours, path=files[1])
    with open_inventory(ours) as inventory:
        assert inventory.rollback(first).id > first
        assert answer(inventory) == before
        assert inventory.repeat(kept)[1] == []
        assert inventory.refresh_views()
        unknown = inventory.match({"format": 1, "must": {"water.depth_m": {"max": 3}}})
        assert unknown["counts"]["eligible"] == 0
        # From there the way goes on: the profile of today's layer files, and the next delivery.
        assert inventory.profile().id > first
    deliver(ours, path=files[1])
    with open_inventory(ours) as inventory:
        assert answer(inventory)[0]["considered"] == 30


def test_back_to_a_state_of_layers_nobody_knows_any_more(
    settings: Settings, files: tuple[Path, Path], layers: Path
) -> None:
    ours = settings.model_copy(update={"layers": layers})
    deliver(ours, path=files[0])
    (layers / "water.toml").unlink()
    parcel = layers / "parcel.toml"
    rules = re.split(r"(?m)^(?=\[\[net)", parcel.read_text(encoding="utf-8"))
    parcel.write_text("".join(one for one in rules if 'layer = "water"' not in one), encoding="utf-8")
    with open_inventory(ours) as inventory:
        later = inventory.profile()
        assert inventory.rollback(1).id > later.id
        assert inventory.match({"format": 1, "must": {"parcel.area_m2": {"min": 1}}})["counts"]["considered"] == 30
        assert inventory.refresh_views()


def test_what_was_dropped_does_not_come_back(settings: Settings, files: tuple[Path, Path]) -> None:
    few = settings.model_copy(update={"keep_states": 1})
    for path in files:
        deliver(few, path=path)
    with open_inventory(few) as inventory, pytest.raises(NotFound, match="dropped"):
        inventory.rollback(1)
