"""Land on offer: on its own polygon or on its parcels, and on their successors once these are divided."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely

from api.face import Face
from gis_sites.findings import FindingType
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.matching.reading import understand
from gis_sites.settings import Settings
from gis_sites.store import lineage
from tests.intake.support import box, line, parcel_id, parcels, write

A, B, C, D = parcel_id("1"), parcel_id("2"), parcel_id("1/1"), parcel_id("1/2")
OWN = box(300, 0, 50, 50)
FITS: dict[str, Any] = {
    "format": 1,
    "scope": "offers",
    "must": {"offer.status": {"any_of": ["available"]}},
    "want": {
        "parcel.measured_area_m2": {"at": [0, 50_000], "worth": [0, 1]},
        "water.distance_m": {"at": [0, 100], "worth": [1, 0]},
    },
}


def offers(path: Path) -> Path:
    """Write one offer of a parcel, one with a polygon of its own, and one of both parcels."""
    named, status = [A, B, f"{A}, {B}"], ["available"] * 3
    return write(path, "oferty", {"id": ["o1", "o2", "o3"], "dzialki": named, "stan": status}, [None, OWN, None])


@pytest.fixture
def city(settings: Settings, tmp_path: Path) -> Iterator[Inventory]:
    """Two parcels of a hectare side by side, a water main along one edge, three offers."""
    shapes = [box(0, 0, 100, 100), box(100, 0, 100, 100)]
    with open_inventory(settings) as inventory:
        inventory.import_file(parcels(tmp_path / "p.gpkg", [A, B], shapes), profile=False)
        main = [line((-20, -30), (400, -30))]
        inventory.import_file(write(tmp_path / "w.gpkg", "woda", {"id": ["w"]}, main), profile=False)
        inventory.import_file(offers(tmp_path / "o.gpkg"))
        yield inventory


def divide(city: Inventory, folder: Path) -> Any:
    """Deliver the parcels anew, the first one divided in two."""
    shapes = [box(0, 0, 40, 100), box(40, 0, 60, 100), box(100, 0, 100, 100)]
    return city.import_file(parcels(folder / "divided.gpkg", [C, D, B], shapes))


def by_id(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in found["candidates"]}


def areas(found: dict[str, Any]) -> dict[str, float]:
    return {name: one["wants"][0]["value"] for name, one in by_id(found).items()}


def test_an_offer_is_matched_on_its_own_polygon_where_it_has_one(city: Inventory) -> None:
    found = city.match(FITS, also=())
    assert areas(found) == pytest.approx({"o1": 10_000, "o2": 2_500, "o3": 20_000}, rel=2e-3)
    # The polygon lies thirty metres from the main, as the parcels do, but the parcel it names is elsewhere.
    assert by_id(found)["o2"]["wants"][1]["value"] == pytest.approx(30)
    assert by_id(found)["o2"]["parcels"] == [B]
    narrow = {**FITS, "must": {"parcel.measured_area_m2": {"max": 3_000}}}
    assert [one["id"] for one in city.match(narrow, also=())["candidates"]] == ["o2"]
    assert shapely.equals(city.sites(found).set_index("id").geometry["o2"], OWN)


def test_an_offer_of_a_parcel_since_divided_stands_on_its_successors(city: Inventory, tmp_path: Path) -> None:
    before = city.match(FITS, also=())
    saved = city.save(before)
    report = divide(city, tmp_path)
    found = city.match(FITS, also=())
    assert {name: one["parcels"] for name, one in by_id(found).items()} == {"o1": [C, D], "o2": [B], "o3": [C, D, B]}
    assert areas(found) == pytest.approx(areas(before))
    status = {"format": 1, "must": {"offer.status": {"any_of": ["available"]}}}
    assert {one["id"] for one in city.match(status, also=())["candidates"]} == {B, C, D}
    barred = {**FITS, "must": {"parcel.id": {"none_of": [D]}}}
    assert [one["id"] for one in city.match(barred, also=())["candidates"]] == ["o2"]
    told = [one for one in report.findings if one["type"] == "parcel_replaced"]
    assert [one["count"] for one in told] == [2]
    sentences = [one["sentence"] for one in told[0]["examples"]]
    assert any(all(word in text for word in ("o1", A, C, D)) for text in sentences)
    kept = [one.finding.type for one in city.findings(report.load)]
    assert kept.count(FindingType.PARCEL_REPLACED) == 2
    # The answer of before still stands, and once the parcels are one again nothing is left to tell.
    assert city.repeat(saved)[1] == []
    assert not any(one["type"] == "parcel_replaced" for one in city.import_file(offers_again(tmp_path)).findings)


def offers_again(folder: Path) -> Path:
    """Write the list as its publisher mended it."""
    named = [f"{C}; {D}", B, f"{C} {D} {B}"]
    return write(folder / "o2.gpkg", "oferty", {"id": ["o1", "o2", "o3"], "dzialki": named}, [None, OWN, None])


def test_a_list_of_offers_that_comes_late_is_understood_as_well(settings: Settings, tmp_path: Path) -> None:
    with open_inventory(settings) as city:
        shapes = [box(0, 0, 100, 100), box(100, 0, 100, 100)]
        city.import_file(parcels(tmp_path / "p.gpkg", [A, B], shapes))
        divide(city, tmp_path)
        report = city.import_file(offers(tmp_path / "o.gpkg"))
        assert [one["count"] for one in report.findings if one["type"] == "parcel_replaced"] == [2]
        assert by_id(city.match(FITS, also=()))["o1"]["parcels"] == [C, D]


def test_the_map_draws_it_and_the_public_knows_its_successors(city: Inventory, tmp_path: Path) -> None:
    divide(city, tmp_path)
    store = city.store
    narrow = Inventory(
        type(store)(**{**vars(store), "settings": store.settings.model_copy(update={"public_parcels": "offers"})}),
        city.catalogue,
    )
    face = Face(narrow)
    shown = face.shortlist(face.now(), understand({"format": 1}), top=10)
    assert {one["id"] for one in shown["candidates"]} == {B, C, D}


def test_what_later_loads_made_of_a_parcel_that_is_held_is_not_asked(city: Inventory, tmp_path: Path) -> None:
    first = city.need_state().revisions["parcel"]
    divide(city, tmp_path)
    second = city.need_state().revisions["parcel"]
    with city.store.begin() as conn:
        assert lineage.heirs(conn, [A, B], first) == []
        assert [one.new for one in lineage.heirs(conn, [A, B], second)] == [C, D]
        assert lineage.up_to_date(conn, [f"{A}; {B}", B, None, "nowhere"], second) == [
            f"{C}; {D}; {B}", B, None, "nowhere",
        ]  # fmt: skip
