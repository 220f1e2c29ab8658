"""States published one after the other while others ask: every answer speaks of one state alone."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from api.main import create_app
from gis_sites.catalogue import Catalogue
from gis_sites.profile.build import build
from gis_sites.settings import Settings
from gis_sites.store import retention
from gis_sites.store.connect import Store, open_store
from tests.api.support import TestClient
from tests.profile.test_build import DAY, IDS, Held, parcels, pipe, publish_it, put

STATES, ASKERS = 6, 4
REQUIREMENT = {
    "format": 1,
    "must": {"parcel.area_m2": {"min": 1}},
    "want": {"water.distance_m": {"at": [0, 1000], "worth": [1, 0]}},
}


def publish(store: Store, catalogue: Catalogue, number: int) -> None:
    """Publish a state every value and revision of which tells its number."""
    held: Held = {"parcel": parcels(store, catalogue, registered_area_ha=[float(number)] * len(IDS))}
    held["water"] = put(store, catalogue, "water", [pipe(-10.0 * number)])
    publish_it(store, held, build(store, catalogue, held, as_of=DAY))
    retention.prune(store)


def told(kind: str, answer: dict[str, Any]) -> set[float]:
    """Return the numbers of states that an answer speaks of."""
    found = {float(answer["inventory"]["state"])}
    if kind == "layers":
        return found | {float(one["revision"]) for one in answer["layers"] if one["revision"]}
    if kind == "parcel":
        values = {one["attribute"]: one for one in answer["attributes"]}
        area, distance = values["parcel.area_m2"], values["water.distance_m"]
        found |= {area["value"] / 10_000, distance["value"] / 10}
        return found | {float(one["source"]["revision"]) for one in (area, distance)}
    found |= {float(number) for number in answer["inventory"]["revisions"].values()}
    first = next(one for one in answer["candidates"] if one["id"] == IDS[0])
    return found | {first["musts"][0]["value"] / 10_000, first["wants"][0]["value"] / 10}


def test_no_answer_mixes_two_states(settings: Settings, catalogue: Catalogue) -> None:
    settings = settings.model_copy(update={"keep_states": 1, "rate_per_minute": 0})
    over = Event()
    with open_store(settings, catalogue=catalogue) as store:
        publish(store, catalogue, 1)
        with TestClient(create_app(settings)) as client:

            def ask(_: int) -> list[set[float]]:
                found = []
                while not over.is_set():
                    for kind, answer in (
                        ("parcel", client.get(f"/api/v1/parcels/{IDS[0]}")),
                        ("shortlist", client.post("/api/v1/shortlists", json=REQUIREMENT)),
                        ("layers", client.get("/api/v1/layers")),
                    ):
                        assert answer.status_code == 200, answer.text
                        found.append(told(kind, answer.json()))
                return found

            with ThreadPoolExecutor(ASKERS) as pool:
                asked = [pool.submit(ask, number) for number in range(ASKERS)]
                try:
                    for number in range(2, STATES + 1):
                        publish(store, catalogue, number)
                finally:
                    over.set()
                answers = [one for future in asked for one in future.result()]
    assert [one for one in answers if len(one) != 1] == []
    # They were asked while states came and went, not before or after.
    assert len({one for answer in answers for one in answer}) >= STATES // 2
