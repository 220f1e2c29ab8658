"""Why, or why not: a parcel of a saved shortlist's own state and day, one that is no more, from every side."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gis_sites import cli
from gis_sites.errors import Gone, NotFound, RequirementError
from gis_sites.intake.note import Note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.matching.sentences import sentences
from gis_sites.settings import Settings
from tests.api.support import environment
from tests.intake.support import box, parcel_id, parcels, write

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


def test_an_assembly_is_explained_in_a_saved_state_and_names_what_became_of_its_parcels(
    saved: tuple[Inventory, str],
) -> None:
    inventory, kept = saved
    both = f"{WHOLE}+{NEIGHBOUR}"
    told = inventory.why_in(kept, both)
    assert (told["candidate"]["kind"], told["candidate"]["tier"]) == ("assembly", "eligible")
    assert told["inventory"]["state"] == 1
    said = sentences(told, inventory.catalogue, "pl")
    assert said[1].startswith(f"Zespół działek {both}: spełnia warunki")
    assert said[-1].startswith("Liczba właścicieli: brak danych") or "liczba właścicieli: brak danych" in said[-1]
    with pytest.raises(Gone, match="7/1"):
        inventory.why(ASKED, both)
    assert inventory.why(ASKED, f"{LEFT}+{RIGHT}")["candidate"]["musts"][0]["value"] == pytest.approx(10_000, rel=1e-3)


def test_land_on_offer_is_explained_with_its_parcels(saved: tuple[Inventory, str], tmp_path: Path) -> None:
    inventory, kept = saved
    named = {"id": ["PT-1"], "dzialki": [f"{LEFT}, {RIGHT}"], "stan": ["available"]}
    inventory.import_file(write(tmp_path / "offers.gpkg", "oferty", named, [None]))
    asked = {**ASKED, "scope": "offers"}
    told = inventory.why(asked, "PT-1")
    assert told["candidate"]["tier"] == "eligible"
    said = sentences(told, inventory.catalogue, "pl")
    assert said[1].startswith(f"Teren w ofercie inwestycyjnej PT-1 (działki: {LEFT}, {RIGHT}): spełnia warunki")
    assert sentences(told, inventory.catalogue, "en")[1].startswith(f"Land on offer PT-1 (parcels: {LEFT}, {RIGHT}):")
    # What a requirement does not look at is explained too, and said to be outside.
    assert "nie dotyczą takich pozycji" in sentences(inventory.why(ASKED, "PT-1"), inventory.catalogue, "pl")[1]
    with pytest.raises(NotFound, match="PT-1"):  # there was no such offer in the state of the list
        inventory.why_in(kept, "PT-1")


def test_a_file_that_is_not_there_is_no_shortlist(saved: tuple[Inventory, str]) -> None:
    with pytest.raises(RequirementError, match=r"need\.toml"):
        saved[0].why_in("need.toml", WHOLE)


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
