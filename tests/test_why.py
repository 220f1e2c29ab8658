"""Why, or why not: a parcel of a saved shortlist's own state and day, one that is no more, from every side."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gis_sites import cli
from gis_sites.errors import NotFound
from gis_sites.intake.note import Note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.matching.sentences import sentences
from gis_sites.settings import Settings
from tests.api.support import environment
from tests.intake.support import box, parcel_id, parcels

WHOLE, LEFT, RIGHT, NEIGHBOUR = (parcel_id(number) for number in ("7", "7/1", "7/2", "8"))
ASKED = {"format": 1, "must": {"parcel.area_m2": {"min": 9000}}, "want": {"parcel.compactness": {"weight": 1}}}


@pytest.fixture
def saved(settings: Settings, tmp_path: Path) -> Iterator[tuple[Inventory, str]]:
    """An inventory in which a parcel was divided after a shortlist had been saved, and that shortlist's id."""
    with open_inventory(settings) as inventory:
        deliver(inventory, tmp_path / "before.gpkg", {WHOLE: box(0, 0, 100, 100), NEIGHBOUR: box(100, 0, 100, 50)})
        kept = inventory.save(inventory.match(ASKED))
        divided = {LEFT: box(0, 0, 50, 100), RIGHT: box(50, 0, 50, 100), NEIGHBOUR: box(100, 0, 100, 50)}
        deliver(inventory, tmp_path / "after.gpkg", divided)
        assert inventory.need_state().id == 2
        yield inventory, kept


def deliver(inventory: Inventory, file: Path, shapes: dict[str, object]) -> None:
    parcels(file, list(shapes), list(shapes.values()))
    inventory.import_file(file, Note(publisher="Urząd"))


def test_a_saved_shortlist_is_explained_in_its_own_state(saved: tuple[Inventory, str]) -> None:
    inventory, kept = saved
    told = inventory.why_in(kept[:12], WHOLE)
    assert (told["candidate"]["id"], told["candidate"]["tier"]) == (WHOLE, "eligible")
    assert told["inventory"]["state"] == 1
    assert told["id"] == kept
    assert sentences(told, inventory.catalogue, "pl")[0].startswith("Według stanu zasobu nr 1 na dzień ")
    failed = inventory.why_in(kept, NEIGHBOUR)
    assert "niespełniony, brakuje " in sentences(failed, inventory.catalogue, "pl")[2]
    with pytest.raises(NotFound, match="7/1"):  # of that state nobody can say what came later
        inventory.why_in(kept, LEFT)


def test_now_it_is_told_by_its_successors(saved: tuple[Inventory, str]) -> None:
    inventory, _ = saved
    told = inventory.why(ASKED, WHOLE)
    assert told["gone"] == {"id": WHOLE, "how": "split", "successors": [LEFT, RIGHT]}
    assert [one["tier"] for one in told["successors"]] == ["failed", "failed"]
    assert told["inventory"]["state"] == 2
    said = sentences(told, inventory.catalogue, "en")
    assert said[1] == f"Parcel {WHOLE} is no more: it was divided into {LEFT} and {RIGHT}."


def test_at_the_command_line(saved: tuple[Inventory, str], tmp_path: Path) -> None:
    inventory, kept = saved
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps(ASKED), encoding="utf-8")
    polish = run(inventory, "why", str(asked), WHOLE, "--lang", "pl")
    assert f"Działki {WHOLE} już nie ma: podzielono ją na {LEFT} i {RIGHT}." in polish
    assert f"Działka {LEFT}: nie spełnia warunków (warunki konieczne: niespełnione 1);" in polish
    english = run(inventory, "why", kept, WHOLE, "--lang", "en")
    assert "According to state 1 of the inventory, as of" in english
    assert f"Parcel {WHOLE}: eligible (musts: 1 met);" in english
    assert json.loads(run(inventory, "why", str(asked), WHOLE, "--json", "-"))["candidate"] is None


def run(inventory: Inventory, *words: str) -> str:
    more = {**environment(inventory.store.settings), "COLUMNS": "400"}
    found = CliRunner().invoke(cli.app, list(words), env=more, catch_exceptions=False)
    assert found.exit_code == 0
    return found.stdout.replace("\u00a0", " ")
