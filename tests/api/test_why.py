"""Why a parcel fits, or why not, over HTTP: whatever became of it, in two languages."""

from typing import Any

import pytest
import sqlalchemy as sa

from gis_sites.inventory import Inventory
from gis_sites.matching.sentences import sentences
from tests.api.support import TestClient

PLANT = {
    "format": 1,
    "must": {"parcel.area_m2": {"min": 20000}, "zoning.production_share": {"min": 0.9}},
    "want": {"power.mv_distance_m": {"at": [0, 800], "worth": [1, 0]}},
}


def ask(client: TestClient, parcel: str, requirement: Any = PLANT) -> Any:
    return client.post("/api/v1/why", json=requirement, params={"parcel": parcel})


def test_every_candidate_is_explained_as_in_its_shortlist(client: TestClient, city: Inventory) -> None:
    shortlist = client.post("/api/v1/shortlists?top=5", json=PLANT).json()
    assert shortlist["candidates"]
    for one in shortlist["candidates"]:
        found = ask(client, one["id"])
        assert (found.status_code, found.headers["cache-control"]) == (200, "no-store")
        told = found.json()
        assert {"rank": one["rank"], **told["candidate"]} == one
        assert told["id"] == shortlist["id"]
        for lang in ("pl", "en"):
            assert told["sentences"][lang] == sentences(told, city.catalogue.public(), lang)


def test_one_that_failed_is_told_what_it_lacks_first(client: TestClient, city: Inventory) -> None:
    view = city.views()[0]
    small = int(view.column("parcel.area_m2").low.argmin())  # type: ignore[union-attr]
    told = ask(client, view.id(small)).json()
    assert told["candidate"]["tier"] == "failed"
    assert "nie spełnia warunków" in told["sentences"]["pl"][1]
    assert "niespełniony, brakuje " in told["sentences"]["pl"][2]
    assert "failed, short by " in told["sentences"]["en"][2]


@pytest.mark.parametrize(("how", "pl"), [("split", "podzielono ją na"), ("merged", "złączono ją"),
                                         ("renumbered", "zmieniono jej numer na")])  # fmt: skip
def test_one_that_is_no_more_is_told_by_its_successors(client: TestClient, city: Inventory, how: str, pl: str) -> None:
    with city.store.begin() as conn:
        query = sa.text("SELECT old_id, array_agg(new_id ORDER BY new_id) FROM registry.lineage "
                        "WHERE how = :how GROUP BY old_id ORDER BY old_id LIMIT 1")  # fmt: skip
        old, heirs = conn.execute(query, {"how": how}).one()
    told = ask(client, old).json()
    assert told["candidate"] is None
    assert told["gone"] == {"id": old, "how": how, "successors": heirs}
    assert [one["id"] for one in told["successors"]] == heirs
    assert told["sentences"]["pl"][1].startswith(f"Działki {old} już nie ma: {pl}")
    for heir in heirs:
        assert any(one.startswith(f"Działka {heir}: ") for one in told["sentences"]["pl"])


def test_land_on_offer_is_explained_even_where_the_list_is_of_parcels(client: TestClient) -> None:
    offer = client.get("/api/v1/offers").json()["offers"][0]["id"]
    told = ask(client, offer).json()
    assert (told["candidate"]["kind"], told["outside_scope"]) == ("offer", True)
    assert "nie ma jej na liście" in told["sentences"]["pl"][1]
    assert "outside_scope" not in ask(client, offer, {**PLANT, "scope": "offers"}).json()


def test_what_never_was_and_what_nobody_understands(client: TestClient) -> None:
    assert ask(client, "306101_1.0001.1/99").status_code == 404
    assert ask(client, "1", {"format": 1, "must": {"parcel.owner_class": {"any_of": ["city"]}}}).status_code == 422
    assert client.post("/api/v1/why", json=PLANT).status_code == 422
