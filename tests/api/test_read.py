"""What is read: layers, parcels, land on offer; identifiers with slashes, dead ones, and what a client has already."""

from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from gis_sites.inventory import Inventory
from gis_sites.matching.sentences import cautions
from tests.api.support import TestClient
from tests.conftest import DEMO_DAY


@pytest.fixture(scope="module")
def slashed(city: Inventory) -> str:
    """A parcel whose identifier holds a slash."""
    view = city.views()[0]
    return next(view.id(row) for row in range(len(view)) if "/" in view.id(row))


def dead(city: Inventory, how: str) -> tuple[str, set[str]]:
    """A parcel that is no more, and what it has become."""
    with city.store.begin() as conn:
        changes = conn.execute(sa.text("SELECT old_id, new_id FROM registry.lineage WHERE how = :how"), {"how": how})
        pairs = changes.all()
    old = pairs[0].old_id
    return old, {row.new_id for row in pairs if row.old_id == old}


def attributes(site: dict[str, Any]) -> dict[str, Any]:
    return {one["attribute"]: one for one in site["attributes"]}


def test_layers_with_their_parts_and_attributes(client: TestClient, city: Inventory) -> None:
    answer = client.get("/api/v1/layers").json()
    assert answer["inventory"] == {"state": 1, "as_of": DEMO_DAY.isoformat()}
    assert answer["cautions"] == {"pl": list(cautions("pl")), "en": list(cautions("en"))}
    layers = {one["layer"]: one for one in answer["layers"]}
    assert list(layers) == list(city.catalogue.layers)
    water = layers["water"]
    assert water["title"] == city.catalogue.layers["water"].title.model_dump()
    (part,) = water["parts"]
    assert part["rows"] == water["rows"] > 0
    assert part["publisher"] == "Wydział Geodezji, Przykładów"
    assert part["dated"] == "2026-03-31"
    assert "load" not in part
    distance = next(one for one in water["attributes"] if one["attribute"] == "water.distance_m")
    assert (distance["kind"], distance["unit"]) == ("number", "m")
    voltage = next(one for one in layers["power"]["attributes"] if one["attribute"] == "power.voltage")
    assert voltage["codes"] == ["lv", "mv", "hv", "ehv", "none"]
    assert layers["heat"]["parts"] == []
    assert layers["heat"]["revision"] is None


def test_a_parcel_is_found_by_its_slashed_identifier_written_either_way(client: TestClient, slashed: str) -> None:
    plain = client.get(f"/api/v1/parcels/{slashed}")
    encoded = client.get(f"/api/v1/parcels/{quote(slashed, safe='')}")
    assert plain.status_code == encoded.status_code == 200
    assert "%2F" in str(encoded.url)
    assert plain.json() == encoded.json()
    assert (plain.json()["kind"], plain.json()["id"], plain.json()["parcels"]) == ("parcel", slashed, [slashed])


def test_a_parcel_has_every_public_attribute_as_the_profile_has_it(
    client: TestClient, city: Inventory, slashed: str
) -> None:
    site = client.get(f"/api/v1/parcels/{slashed}").json()
    found = attributes(site)
    assert list(found) == list(city.catalogue.public().attributes)
    explained = {one["attribute"]: one for one in city.explain(slashed)}
    assert set(explained) - set(found) == {"parcel.owner_class", "parcel.register_unit"}
    for name, one in found.items():
        for key in ("state", "value", "low", "high"):
            assert one.get(key) == explained[name].get(key), name
        assert one["source"]["layer"] == name.partition(".")[0]
    states = {one["state"] for one in found.values()}
    assert states == {"exact", "range", "none", "unknown"}
    assert found["parcel.id"]["value"] == slashed
    assert found["heat.distance_m"]["source"]["reason"] == "not_loaded"


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    for address in ("parcels/309901_1.0004.99999/9", "parcels/", "offers/none", "offers/309901_1.0001.1"):
        answer = client.get(f"/api/v1/{address}")
        assert answer.status_code == 404
        assert answer.json()["type"] == "gis-sites:match.not_in_inventory"
        assert address.partition("/")[2] in answer.json()["detail"]


@pytest.mark.parametrize("how", ["split", "merged", "renumbered"])
def test_a_dead_identifier_answers_with_its_successors(client: TestClient, city: Inventory, how: str) -> None:
    old, new = dead(city, how)
    answer = client.get(f"/api/v1/parcels/{quote(old, safe='')}", headers={"accept-language": "en"})
    assert answer.status_code == 410
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem["successors"]) == new
    assert all(one in problem["detail"] for one in (old, *new))
    for one in new:
        assert client.get(f"/api/v1/parcels/{one}").json()["id"] == one
    assert client.get(f"/api/v1/offers/{old}").status_code == 404


def test_land_on_offer_page_by_page(client: TestClient, city: Inventory) -> None:
    whole = client.get("/api/v1/offers").json()
    ids = [one["id"] for one in whole["offers"]]
    view = city.views()[1]
    assert ids == [view.id(row) for row in range(len(view))] == sorted(ids)
    assert whole["total"] == len(ids) > 3
    page = client.get("/api/v1/offers", params={"first": 1, "count": 2}).json()
    assert page["offers"] == whole["offers"][1:3]
    assert page["total"] == whole["total"]
    assert client.get("/api/v1/offers", params={"first": len(ids)}).json()["offers"] == []


def test_one_offer_with_the_parcels_it_names(client: TestClient) -> None:
    several = next(one for one in client.get("/api/v1/offers").json()["offers"] if len(one["parcels"]) > 1)
    site = client.get(f"/api/v1/offers/{quote(several['id'], safe='')}").json()
    assert (site["kind"], site["parcels"]) == ("offer", several["parcels"])
    found = attributes(site)
    assert found["parcel.id"]["value"] == ", ".join(several["parcels"])
    assert found["offer.status"]["value"] in {"available", "reserved", "sold", "withdrawn"}
    assert found["parcel.area_m2"]["state"] == "exact"


@pytest.mark.parametrize("address", ["/api/v1/layers", "/api/v1/offers", "/api/v1/parcels/{slashed}"])
def test_a_client_that_has_the_answer_is_told_so(client: TestClient, address: str, slashed: str) -> None:
    address = address.format(slashed=slashed)
    first = client.get(address)
    tag = first.headers["etag"]
    assert tag.startswith('W/"state-1-')
    assert first.headers["cache-control"] == "no-cache"
    again = client.get(address, headers={"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get(address, headers={"if-none-match": 'W/"state-0-x"'}).status_code == 200


def test_head_is_get_without_a_body(client: TestClient, slashed: str) -> None:
    for address in ("/api/v1/layers", f"/api/v1/parcels/{slashed}", "/docs", "/openapi.json", "/static/site.js"):
        head, get = client.head(address), client.get(address)
        assert head.status_code == 200
        assert head.content == b""
        assert dict(head.headers) == dict(get.headers)
        assert int(head.headers["content-length"]) == len(get.content) > 0
    assert client.head("/nothing").status_code == 404


def test_options_say_what_an_address_takes(client: TestClient) -> None:
    for address, allowed in {
        "/api/v1/layers": "GET, HEAD, OPTIONS",
        "/api/v1/shortlists": "OPTIONS, POST",
        "/docs": "GET, HEAD, OPTIONS",
        "/static/site.js": "GET, HEAD, OPTIONS",
    }.items():
        answer = client.options(address)
        assert (answer.status_code, answer.headers["allow"], answer.content) == (204, allowed, b"")
    assert client.options("/nothing").status_code == 404


def test_the_application_is_made_without_touching_the_inventory() -> None:
    from api.main import create_app
    from gis_sites.settings import Settings

    app = create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
    assert isinstance(app, FastAPI)
    assert not hasattr(app.state, "face")
