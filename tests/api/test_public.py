"""Only what is public is told, whatever is asked; and whatever is asked, nothing is written."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.main import create_app
from gis_sites.catalogue import own_layers
from gis_sites.intake.note import Note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.matching.also import ANSWERS
from gis_sites.settings import Settings
from tests.api.support import TestClient
from tests.conftest import Databases, _run
from tests.intake.support import box, parcel_id, parcels, write

SECRET, STATION, REGISTER = "TAJNE7781", "STACJA9902", "PO1K/00012345/6"
PARCELS = [parcel_id(number) for number in ("1", "2/1", "2/2", "3", "4")]
ATTRIBUTES = ("parcel.owner_class", "substation.name", "substation.distance_m")
"""What this inventory holds and the public face must not know."""


@pytest.fixture(scope="module")
def private(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inventory]:
    """An inventory with secrets: owners, a free text, a land-register number, and a layer that is not public."""
    folder = tmp_path_factory.mktemp("private")
    layers = folder / "layers"
    shutil.copytree(own_layers(), layers)
    station = layers / "substation.toml"
    station.write_text(station.read_text("utf-8").replace('public = "geometry"', 'public = "none"'), "utf-8")
    address = databases.fresh().render_as_string(hide_password=False)
    with open_inventory(Settings(home=folder / "home", database_url=address, layers=layers, workers=1)) as inventory:
        file = folder / "city.gpkg"
        write_city(file)
        note = Note(coverage={"substation": "parcels"}, publisher="Urząd", rest="skip")
        report = inventory.import_file(file, note)
        assert {one.layer for one in report.loads} == {"parcel", "substation", "offer"}
        yield inventory


def write_city(file: Path) -> None:
    shapes = [box(50 * place, 0, 40, 40) for place in range(len(PARCELS))]
    parcels(
        file,
        PARCELS,
        shapes,
        grupa_rejestrowa=["7", "7", "4", "15", "1"],
        uzytki_powierzchnie=[f"R/IIIa 0.0100; {SECRET}"] * 5,
        numer_dzialki=["1", f"2/1 KW {REGISTER}", "2/2", "3", "4"],
        wlasciciel=[f"Jan {SECRET}"] * 5,
        nr_kw=[REGISTER] * 5,
    )
    write(file, "gpz", {"id": ["1"], "nazwa": [STATION]}, [box(300, 0)])
    write(file, "oferty", {"id_oferty": ["T/1"], "dzialki": [PARCELS[0]], "stan": ["dostepna"]}, [shapes[0]])


@pytest.fixture(scope="module")
def face(private: Inventory) -> Iterator[TestClient]:
    with TestClient(create_app(private.store.settings)) as client:
        yield client


def wants(client: TestClient) -> dict[str, Any]:
    """A requirement that wants as many attributes as one may want, so that all of them are told."""
    numbers = [
        one["attribute"]
        for layer in client.get("/api/v1/layers").json()["layers"]
        for one in layer["attributes"]
        if one["kind"] == "number"
    ]
    return {"format": 1, "want": {name: {"at": [0, 1], "worth": [0, 1]} for name in numbers[:63]}}


def answers(client: TestClient) -> Iterator[Any]:
    """Ask everything that can be asked, rightly and wrongly."""
    yield client.get("/api/v1/layers")
    yield client.get("/openapi.json")
    yield from (client.get(f"/api/v1/parcels/{one}") for one in (*PARCELS, "none"))
    yield client.get("/api/v1/offers")
    yield client.get("/api/v1/offers?count=0")
    yield from (client.get(f"/api/v1/offers/{one}") for one in ("T/1", "none"))
    for scope in ("parcels", "offers", ["parcels", "offers"]):
        address = f"/api/v1/shortlists?with={','.join(ANSWERS)}"
        yield client.post(address, json=wants(client) | {"scope": scope})
    yield client.post("/api/v1/shortlists", json={"format": 1, "must": {"parcel.id": {"any_of": PARCELS}}})
    yield client.post("/api/v1/shortlists", json={"format": 1, "must": {"parcel.land_use": {"any_of": ["none"]}}})
    for name in ATTRIBUTES:
        yield client.post("/api/v1/shortlists", json={"format": 1, "must": {name: {"any_of": ["natural"]}}})
    yield client.get("/nothing")
    yield client.delete("/api/v1/layers")
    yield client.get("/docs")


def test_the_secrets_are_there_for_those_who_plan(private: Inventory) -> None:
    owners = private.match({"format": 1, "must": {"parcel.owner_class": {"any_of": ["natural"]}}})
    assert [one["id"] for one in owners["candidates"]] == PARCELS[:2]
    told = {one["attribute"]: one["value"] for one in private.explain(PARCELS[0])}
    assert told["substation.name"] == STATION
    assert told["parcel.owner_class"] == "natural"
    with private.store.begin() as conn:
        (items,) = conn.execute(sa.text("SELECT DISTINCT soil_items FROM store.parcel_r1")).one()
    assert SECRET in items


def test_no_answer_tells_a_secret(face: TestClient) -> None:
    told = list(answers(face))
    assert {one.status_code for one in told} == {200, 404, 405, 422}
    for one in told:
        text = one.text if one.headers["content-type"].startswith("text/html") else json.dumps(one.json())
        for secret in (SECRET, STATION, REGISTER, "00012345", "Jan "):
            assert secret not in text, one.url
        if one.status_code == 200:
            for hidden in ("owner_class", "soil_items", '"substation', "natural", "ended_version"):
                assert hidden not in text, (one.url, hidden)


def test_a_number_of_the_land_register_in_a_public_field_was_masked_at_the_door(face: TestClient) -> None:
    site = face.get(f"/api/v1/parcels/{PARCELS[1]}").json()
    number = next(one for one in site["attributes"] if one["attribute"] == "parcel.number")
    assert number["value"] is None or REGISTER not in number["value"]


@pytest.mark.parametrize(
    "place",
    [
        lambda name: {"must": {name: {"any_of": ["natural"]}}},
        lambda name: {"must": {name: {"min": 1}}},
        lambda name: {"want": {name: {"any_of": ["natural"]}}},
        lambda name: {"either": [{"any": [{name: {"max": 1}}]}]},
        lambda name: {"ask": [{"text": "?", "of": "owner", "attribute": name}]},
    ],
    ids=["must", "bound", "want", "either", "ask"],
)
@pytest.mark.parametrize("hidden", ATTRIBUTES)
def test_what_is_not_public_is_refused_like_what_is_not_there(
    face: TestClient, hidden: str, place: Callable[[str], dict[str, Any]]
) -> None:
    layer, _, short = hidden.partition(".")
    strange = f"{layer}.{short[::-1]}" if layer == "parcel" else f"{layer[::-1]}.{short}"
    for lang in ("pl", "en"):
        said = []
        for name in (hidden, strange):
            answer = face.post(f"/api/v1/shortlists?lang={lang}", json={"format": 1, **place(name)})
            assert answer.status_code == 422
            assert answer.json()["type"] == "gis-sites:match.unknown_attribute"
            sentence, _, hint = answer.json()["detail"].replace(name, "NAME").partition(";")
            assert not any(one in hint for one in ATTRIBUTES)
            said.append(sentence)
        assert said[0] == said[1]


def test_offers_that_are_not_public_are_not_there(private: Inventory, tmp_path: Path) -> None:
    layers = tmp_path / "layers"
    shutil.copytree(own_layers(), layers)
    file = layers / "offer.toml"
    plain = file.read_text("utf-8")
    named = 'parcels = { type = "text", aliases'
    assert named in plain
    for changed in (
        plain.replace('public = "geometry"', 'public = "none"'),
        plain.replace(named, 'parcels = { type = "text", public = false, aliases'),
    ):
        file.write_text(changed, "utf-8")
        settings = private.store.settings.model_copy(update={"layers": layers})
        with TestClient(create_app(settings)) as client:
            assert client.get("/api/v1/offers").json()["total"] == 0
            assert client.get("/api/v1/offers/T/1").status_code == 404
            listed = client.post("/api/v1/shortlists", json={"format": 1, "scope": ["parcels", "offers"]}).json()
            assert listed["counts"]["considered"] == len(PARCELS)


def test_parcels_that_are_not_public_are_not_there(private: Inventory, tmp_path: Path) -> None:
    layers = tmp_path / "layers"
    shutil.copytree(own_layers(), layers)
    file = layers / "parcel.toml"
    file.write_text(file.read_text("utf-8").replace('public = "geometry"', 'public = "none"'), "utf-8")
    with TestClient(create_app(private.store.settings.model_copy(update={"layers": layers}))) as client:
        assert client.get(f"/api/v1/parcels/{PARCELS[0]}").status_code == 404
        assert client.post("/api/v1/shortlists", json={"format": 1}).json()["counts"]["considered"] == 0
        assert "parcel" not in {one["layer"] for one in client.get("/api/v1/layers").json()["layers"]}


def contents(inventory: Inventory) -> dict[str, object]:
    """Everything the database holds, by number of rows, and every table of profiles and revisions."""
    with inventory.store.begin() as conn:
        tables = conn.execute(
            sa.text(
                "SELECT schemaname || '.' || tablename FROM pg_tables "
                "WHERE schemaname IN ('registry', 'store', 'public') ORDER BY 1"
            )
        ).scalars()
        return {name: conn.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables}


def test_nothing_is_written(private: Inventory, databases: Databases) -> None:
    before = contents(private)
    assert {"registry.shortlists", "registry.states", "store.parcel_r1"} <= set(before)
    database = private.store.engine.url.database
    # What would write fails aloud from here on.
    _run(databases.server, f"ALTER DATABASE {database} SET default_transaction_read_only = on")
    try:
        with TestClient(create_app(private.store.settings)) as client:
            told = list(answers(client))
            assert all(one.status_code < 500 for one in told)
            assert client.cookies == {}
            assert not any("set-cookie" in one.headers for one in told)
    finally:
        _run(databases.server, f"ALTER DATABASE {database} RESET default_transaction_read_only")
    assert contents(private) == before
