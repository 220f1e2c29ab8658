"""A server makes what a state published under another setting lacks, and no request does."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from api import upkeep
from api.face import Face
from api.main import create_app
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from gis_sites.store import pictures, views
from tests.api.support import TestClient
from tests.intake.support import box, parcel_id, parcels
from tests.store.tile_support import drawn

OWNERS = ["4", "7", "4"]
"""Two parcels of the city, and one of a person."""


def deliver(inventory: Inventory, folder: Path, count: int) -> None:
    ids = [parcel_id(number) for number in range(1, count + 1)]
    shapes = [box(50 * place, 0, 40, 40) for place in range(count)]
    file = parcels(folder / f"city_{count}.gpkg", ids, shapes, grupa_rejestrowa=OWNERS[:count])
    inventory.import_file(file)


def until(true: Callable[[], bool]) -> None:
    """Wait until something holds, a while at most."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def ready(inventory: Inventory) -> bool:
    """Whether views and pictures are those of the newest state under an inventory's setting."""
    state, store = inventory.need_state(), inventory.store
    with store.begin() as conn:
        made = pictures.head(conn, drawn(store, inventory.catalogue, state, "parcel", made=False))
    return made is not None and views.are_of(store, state)


def published(inventory: Inventory) -> int:
    with inventory.store.begin() as conn:
        return int(conn.execute(sa.text("SELECT count(*) FROM published.parcel")).scalar_one())


def test_what_an_import_under_another_setting_leaves_is_made_anew(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LOOK_S", 0.05)
    narrow = settings.model_copy(update={"public_parcels": "public_owners"})
    with open_inventory(settings) as planners, open_inventory(narrow) as shown:
        deliver(planners, tmp_path, 2)
        assert published(planners) == 2
        with TestClient(create_app(narrow)) as client:
            assert not ready(shown)
            deliver(planners, tmp_path, 3)
            until(lambda: ready(shown))
            assert published(shown) == 2
            assert list(shown.store.snapshots.glob("state-2-parcels.arrow"))
            assert client.get("/tiles/2/parcel/0/0/0").status_code == 200


def test_a_state_is_looked_through_before_anybody_asks(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "LOOK_S", 0.05)
    with open_inventory(settings) as inventory:
        deliver(inventory, tmp_path, 2)
        app = create_app(settings)
        with TestClient(app) as client:
            face: Face = app.state.face
            until(lambda: app.state.pool._tag == face.tag(face.now()))
            deliver(inventory, tmp_path, 3)
            until(lambda: app.state.pool._tag == face.tag(face.now()))

            def late(*_: object, **__: object) -> None:
                raise AssertionError

            for name in ("api.found._places", "api.map_data.extent", "api.ogc.published", "api.counted._counts"):
                monkeypatch.setattr(name, late)
            assert "Razem: 3" in client.get("/").text
            assert client.get("/?format=points").json()["placed"] == 3
            assert client.get("/ogc/collections").status_code == 200


def test_a_server_ends_in_the_middle_of_it(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "LOOK_S", 0.05)
    steps = []

    def endless() -> Iterator[None]:
        while True:
            steps.append(True)
            time.sleep(0.01)
            yield

    with open_inventory(settings) as inventory:
        deliver(inventory, tmp_path, 1)
        before = time.monotonic()
        with upkeep.kept_up(inventory, Face(inventory), endless):
            until(lambda: len(steps) > 2)
        assert time.monotonic() - before < upkeep.PATIENCE_S
        count = len(steps)
        time.sleep(0.1)
        assert len(steps) == count


def test_a_database_that_fails_for_a_while_ends_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upkeep, "LOOK_S", 0.05)
    failed = []

    def fails_once(*_: object, **__: object) -> bool:
        failed.append(True)
        if len(failed) == 1:
            raise OperationalError("SELECT 'a secret'", {}, Exception("a secret"))
        return True

    monkeypatch.setattr(upkeep, "made", fails_once)
    with open_inventory(settings) as inventory, TestClient(create_app(settings)):
        deliver(inventory, tmp_path, 1)
        until(lambda: len(failed) > 1)
    assert "OperationalError" in caplog.text
    assert "a secret" not in caplog.text
    assert len(failed) == 2
