"""Pictures for the map are made while the profile is: all of them, or nothing is published; one thread tells of it."""

import threading
from pathlib import Path
from typing import Any

import pytest

from gis_sites.intake.note import Note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from gis_sites.store import pictures
from gis_sites.store.drawing import Ground
from gis_sites.terminal import SAID
from tests.survival import deliveries

NOTE = Note(publisher="Geodezja", allow_shrink=True)


def drawn(inventory: Inventory) -> set[str]:
    """The layers of the current state whose pictures are there."""
    state, store = inventory.need_state(), inventory.store
    ground = Ground(state.revisions, inventory.catalogue, state.as_of, store.srid, store.settings.public_parcels)
    with store.begin() as conn:
        drawings = {name: ground.drawing(conn, name) for name in ground.layers}
        return {name for name, one in drawings.items() if one and pictures.head(conn, one)}


def test_a_second_delivery_is_drawn_while_it_is_measured_and_one_thread_tells_of_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artists: list[threading.Thread] = []
    told: list[tuple[threading.Thread, str, int, int | None]] = []
    real = pictures.make

    def make(*words: Any) -> Any:
        artists.append(threading.current_thread())
        return real(*words)

    def note(step: str, done: int, total: int | None = None, **where: Any) -> None:
        if step in SAID:
            told.append((threading.current_thread(), step, done, total))

    monkeypatch.setattr(pictures, "make", make)
    first, later = deliveries(tmp_path)
    with open_inventory(settings) as inventory:
        inventory.import_file(first, NOTE, progress=note)
        assert drawn(inventory) == {"parcel"}
        inventory.import_file(later, NOTE, progress=note)
        assert drawn(inventory) == {"parcel"}
    here = threading.current_thread()
    assert [one is here for one in artists] == [True, False]
    assert {one for one, *_ in told} == {here}
    assert told[-1][1:] == ("tiles", 1, 1)


def test_what_cannot_be_drawn_is_not_published(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, later = deliveries(tmp_path)
    with open_inventory(settings) as inventory:
        inventory.import_file(first, NOTE)
        before = inventory.need_state().id
        with monkeypatch.context() as broken:
            broken.setattr(pictures, "make", lambda *words: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                inventory.import_file(later, NOTE)
        assert inventory.need_state().id == before
        # What was measured is there: the next command draws and publishes.
        assert inventory.profile().id > before
        assert drawn(inventory) == {"parcel"}
