"""One state at a time: taken once a request, followed when another is published, and never mixed."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from api.coming import Coming
from api.face import Face
from api.main import create_app
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.matching.reading import understand
from gis_sites.matching.shortlist import match
from gis_sites.settings import Settings
from gis_sites.store.snapshot import Snapshot
from gis_sites.store.states import State
from tests.api.support import TestClient
from tests.intake.support import box, parcel_id, parcels

ANY = {"format": 1}
TOGETHER = {"format": 1, "scope": ["assemblies"], "must": {"parcel.area_m2": {"min": 3000}}}
inventory_views = Inventory.views
LATE = (
    "/?", "/?format=points&", "/?format=csv&", "/?format=gpkg&", f"/parcels/{parcel_id(1)}?", "/layers?",
    "/ogc/collections?", "/ogc/collections/parcel/items?", "/api/v1/layers?", "/shortlists?",
)  # fmt: skip
"""What is asked of a state that is dropped meanwhile."""


def deliver(inventory: Inventory, folder: Path, count: int) -> None:
    """Publish a city of so many parcels."""
    ids = [parcel_id(number) for number in range(1, count + 1)]
    shapes = [box(50 * place, 0, 40, 40) for place in range(count)]
    inventory.import_file(parcels(folder / f"city_{count}.gpkg", ids, shapes))


def considered(client: TestClient) -> tuple[int, int]:
    answer = client.post("/api/v1/shortlists", json=ANY).json()
    return answer["inventory"]["state"], answer["counts"]["considered"]


def rows(client: TestClient, question: str = "") -> list[str]:
    """Return the parcels that OGC API Features tells of."""
    document = client.get(f"/ogc/collections/parcel/items{question}").json()
    assert document["numberMatched"] == len(document["features"])
    return [one["properties"]["parcel_id"] for one in document["features"]]


def test_until_a_large_new_state_is_open_the_former_one_answers(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.coming.PATIENCE_S", 0.0)
    real, going = inventory_views, threading.Event()

    def slow(inventory: Inventory, state: State | None = None) -> list[Snapshot]:
        if state is not None and state.id > 1:
            assert going.wait(30)
        return real(inventory, state)

    with open_inventory(settings) as inventory, TestClient(create_app(settings)) as client:
        deliver(inventory, tmp_path, 2)
        assert considered(client) == (1, 2)
        monkeypatch.setattr(Inventory, "views", slow)
        deliver(inventory, tmp_path, 3)
        assert {considered(client) for _ in range(5)} == {(1, 2)}
        going.set()
        until = time.monotonic() + 20
        while considered(client) != (2, 3):
            assert time.monotonic() < until
        assert {considered(client) for _ in range(5)} == {(2, 3)}


def test_a_state_that_cannot_be_opened_is_no_longer_waited_for() -> None:
    coming = Coming()

    def failing() -> None:
        raise OSError("no room")

    assert coming.came(1, failing)
    assert coming.came(1, failing)


def test_what_is_published_between_requests_is_picked_up(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"keep_states": 1})
    with open_inventory(settings) as inventory, TestClient(create_app(settings)) as client:
        deliver(inventory, tmp_path, 2)
        face: Face = client.app.state.face  # type: ignore[attr-defined]
        assert considered(client) == (1, 2)
        assert rows(client) == [parcel_id(1), parcel_id(2)]
        tag = client.get("/api/v1/layers").headers["etag"]
        old = face.now()
        assert old is not None
        running = face.views(old)

        deliver(inventory, tmp_path, 3)
        assert considered(client) == (2, 3)
        assert rows(client) == rows(client, "?bbox=-180,-90,180,90") == [parcel_id(one) for one in (1, 2, 3)]
        newer = client.get("/api/v1/layers", headers={"if-none-match": tag})
        assert newer.status_code == 200
        assert newer.headers["etag"] != tag
        assert client.get(f"/api/v1/parcels/{parcel_id(3)}").status_code == 200

        # A request that took the old state goes on with it, though its file and its tables are gone by now.
        assert not list(inventory.store.snapshots.glob("state-1-*"))
        answer = match(understand(ANY), running, face.catalogue, top=5)
        assert answer["inventory"]["state"] == 1
        assert [one["id"] for one in answer["candidates"]] == [parcel_id(1), parcel_id(2)]


@pytest.mark.parametrize("mapped", [True, False], ids=["mapped", "not mapped"])
def test_what_is_dropped_under_a_request_is_no_fault(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mapped: bool
) -> None:
    settings = settings.model_copy(update={"keep_states": 1})
    with open_inventory(settings) as inventory:
        deliver(inventory, tmp_path, 2)
        old = Face(inventory).now()
        with TestClient(create_app(settings), headers={"accept": "text/html"}) as client:
            face: Face = client.app.state.face  # type: ignore[attr-defined]
            face.views(old)
            deliver(inventory, tmp_path, 3)
            monkeypatch.setattr(Face, "now", lambda _: old)
            if not mapped:
                face._held = (0, [])
            answers = [client.get(f"{address}lang=en") for address in LATE]
            answers += [client.post("/api/v1/shortlists?lang=en", json=one) for one in (TOGETHER, ANY)]
    assert {one.status_code for one in answers} == {200, 503}
    # The columns of a state that is mapped stay, whatever becomes of its tables.
    assert answers[-1].status_code == (200 if mapped else 503)
    for one in (one for one in answers if one.status_code == 503):
        assert "new data were published while you were being answered" in one.text.lower()
        assert one.headers["retry-after"] == "1"


def test_a_late_request_does_not_bring_an_old_state_back(settings: Settings, tmp_path: Path) -> None:
    with open_inventory(settings) as inventory:
        deliver(inventory, tmp_path, 2)
        face = Face(inventory)
        old = face.now()
        deliver(inventory, tmp_path, 3)
        new = face.now()
        held = face.views(new)
        assert [len(view) for view in face.views(old)] == [2]
        assert face.views(new) is held


def test_many_threads_open_the_snapshots_once(city: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    views = Inventory.views

    def counted(self: Inventory, state: Any = None) -> Any:
        opened.append(state)
        return views(self, state)

    monkeypatch.setattr(Inventory, "views", counted)
    face, together = Face(city), threading.Barrier(12)

    def ask(_: int) -> Any:
        together.wait(20)
        return face.views(face.now())

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12)))
    assert len(opened) == 1
    assert all(one is answers[0] for one in answers)


def test_many_requests_at_once_have_the_same_answers(client: TestClient) -> None:
    requirement = {"format": 1, "must": {"parcel.area_m2": {"min": 5000}}, "want": {"water.distance_m": {}}}
    addresses = ["/api/v1/layers", "/api/v1/offers", "/api/v1/parcels/none"]

    def ask(number: int) -> tuple[int, Any]:
        if number % 2:
            answer = client.post("/api/v1/shortlists", json=requirement)
        else:
            answer = client.get(addresses[number // 2 % 3])
        found = answer.json()
        found.pop("made", None)
        return answer.status_code, found

    one_by_one = [ask(number) for number in range(6)]
    with ThreadPoolExecutor(8) as pool:
        at_once = list(pool.map(ask, range(48)))
    assert [status for status, _ in one_by_one] == [200, 200, 200, 200, 404, 200]
    assert all(found == one_by_one[number % 6] for number, found in enumerate(at_once))
