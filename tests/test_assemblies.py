"""Assemblies end to end on the demo city: in the one list, explained, drawn, exported, repeated, over HTTP."""

import csv
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from api.main import create_app
from gis_sites.errors import NotFound
from gis_sites.inventory import Inventory
from gis_sites.matching.assembly import FOR_THE_PUBLIC
from gis_sites.matching.assembly_reasons import Joining
from gis_sites.matching.reading import read_requirement
from gis_sites.matching.sentences import sentences
from gis_sites.matching.shortlist import match
from gis_sites.settings import Settings
from tests.api.support import TestClient

Json = dict[str, Any]
ASKED: Json = {
    "format": 1,
    "scope": ["parcels", "assemblies"],
    "must": {"parcel.area_m2": {"min": 8000.0}, "flood.share": {"max": 0.0}},
    "want": {
        "power.mv_distance_m": {"at": [0, 800], "worth": [1, 0], "weight": 3},
        "parcel.compactness": {"at": [0.3, 0.8], "worth": [0, 1]},
    },
    "assembly": {"max_parcels": 3, "points_per_extra_parcel": -2},
}


@pytest.fixture(scope="module")
def shortlist(city: Inventory) -> Json:
    return city.match({**ASKED, "scope": "assemblies"}, top=6, also=())


def test_a_list_of_both_is_ranked_by_the_same_score_less_penalties(city: Inventory) -> None:
    found = city.match(ASKED, top=30, also=())["candidates"]
    assert [one["rank"] for one in found] == list(range(1, 31))
    assert {one["kind"] for one in found} == {"parcel", "assembly"}
    places = [(one["unknown_musts"], -one["floor"], -one["ceiling"]) for one in found]
    assert places == sorted(places)
    for one in (one for one in found if one["kind"] == "assembly"):
        assert one["id"] == "+".join(one["parcels"])
        points = sum(want["points"] for want in one["wants"]) + sum(part["points"] for part in one["penalties"])
        assert one["floor"] == pytest.approx(max(points, 0.0))
        assert one["penalties"] == [{"name": "extra_parcels", "count": len(one["parcels"]) - 1,
                                     "points": -2.0 * (len(one["parcels"]) - 1)}]  # fmt: skip
        assert "parcel.compactness" in one["measured"]


def test_no_two_listed_share_more_than_half_and_none_is_larger_than_needed(city: Inventory, shortlist: Json) -> None:
    sets = [set(one["parcels"]) for one in shortlist["candidates"]]
    assert len(sets) == 6
    area = {one: city.why(ASKED, one)["candidate"]["musts"][0]["value"]
            for one in sorted(set().union(*sets))}  # fmt: skip
    for at, one in enumerate(sets):
        for other in sets[:at]:
            both, every = (sum(area[id] for id in some) for some in (one & other, one | other))
            assert both <= 0.5 * every
    told = shortlist["counts"]["assemblies"]
    assert told["thinned_above"] == 0.5
    assert told["considered"] >= told["possible"] >= 6
    assert not told["capped"]


def test_an_assembly_is_explained_as_it_stands_in_the_list(city: Inventory, shortlist: Json) -> None:
    first = shortlist["candidates"][0]
    explained = city.why({**ASKED, "scope": "assemblies"}, first["id"])
    assert explained["candidate"] == {name: value for name, value in first.items() if name != "rank"}
    for lang, penalty, rule in (("pl", "ponad pierwszą", "Zespoły działek"), ("en", "beyond the first", "Assemblies")):
        assert any(penalty in one for one in sentences(explained, city.catalogue, lang))
        assert any(one.startswith(rule) for one in sentences(shortlist, city.catalogue, lang))
    # Turned round, the parcels are the same site.
    turned = "+".join(reversed(first["parcels"]))
    assert city.why({**ASKED, "scope": "assemblies"}, turned)["candidate"]["id"] == first["id"]


def test_parcels_that_lie_apart_are_no_assembly(city: Inventory) -> None:
    view = city.views()[0]
    with pytest.raises(NotFound) as refused:
        city.why(ASKED, f"{view.id(0)}+{view.id(len(view) - 1)}")
    assert refused.value.key == "match.assembly_apart"
    with pytest.raises(NotFound):
        city.why(ASKED, f"{view.id(0)}+309901_1.0001.99999")


def test_owners_are_classes_and_their_number_is_unknown(city: Inventory, shortlist: Json) -> None:
    for one in shortlist["candidates"]:
        assert one["owners"]["count"] == {"state": "unknown", "value": None}
        assert sum(one["owners"]["classes"].values()) + one["owners"]["unknown"] == len(one["parcels"])
    public = city.public()
    for one in public.match({**ASKED, "scope": "assemblies"}, top=3, also=())["candidates"]:
        assert set(one["owners"]) == {"count"}


def test_an_assembly_is_drawn_and_exported_as_its_union(city: Inventory, shortlist: Json, tmp_path: Path) -> None:
    sites = city.sites(shortlist).set_index("id").geometry
    paths = [tmp_path / f"list{suffix}" for suffix in (".gpkg", ".geojson", ".csv", ".xlsx")]
    for path in paths:
        city.export(shortlist, path)
    frame = gpd.read_file(paths[0])
    for row, one in zip(frame.itertuples(), shortlist["candidates"], strict=True):
        union = shapely.union_all([sites[id] for id in one["parcels"]])
        assert row.geometry.area == pytest.approx(union.area)
        assert row.penalty_points == sum(part["points"] for part in one["penalties"])
    assert len(json.loads(paths[1].read_text())["features"]) == len(shortlist["candidates"])
    rows = list(csv.DictReader(paths[2].read_text(encoding="utf-8-sig").splitlines()))
    assert [row["id"] for row in rows] == [one["id"] for one in shortlist["candidates"]]
    assert rows[0]["together"]
    page = city.map(shortlist, tmp_path / "map.html").read_text()
    assert shortlist["candidates"][0]["id"] in page
    label = city.catalogue.attributes["parcel.owner_class"].label
    classes = {code for one in shortlist["candidates"] for code in one["owners"]["classes"]}
    assert not any(f"{label(code, 'pl')} (" in page for code in classes)


def test_a_saved_list_with_assemblies_is_repeated_to_the_last_bit(city: Inventory, shortlist: Json) -> None:
    answer, differing = city.repeat(city.save(shortlist))
    assert differing == []
    assert answer["counts"] == shortlist["counts"]


def test_offers_are_matched_on_their_own_polygons(city: Inventory) -> None:
    asked: Json = {
        "format": 1,
        "scope": "offers",
        "must": {"offer.status": {"any_of": ["available"]}},
        "want": {"parcel.measured_area_m2": {"at": [0, 50_000], "worth": [0, 1]}},
    }
    found = city.match(asked, top=50, also=())["candidates"]
    assert found
    parcels = {view.kind: view for view in city.views()}["parcels"]
    areas = parcels.column("parcel.measured_area_m2")
    several = 0
    for one in found:
        rows = [parcels.row(id) for id in one["parcels"]]
        assert one["kind"] == "offer"
        if None not in rows:
            several += len(rows) > 1
            assert one["wants"][0]["value"] == pytest.approx(sum(areas.low[row] for row in rows))
    assert several


def test_assemblies_over_http(demo_city: Settings, city: Inventory, shortlist: Json) -> None:
    asked = {**ASKED, "scope": "assemblies"}
    public = city.public()
    joining = Joining(public.together(), FOR_THE_PUBLIC)
    told = match(read_requirement(asked), public.views(), public.catalogue, top=6, joining=joining)
    with TestClient(create_app(demo_city)) as client:
        found = client.post("/api/v1/shortlists?top=6", json=asked).json()
        assert {**found, "made": None} == {**json.loads(json.dumps(told)), "made": None}
        assert len(found["candidates"]) == 6
        assert found["candidates"][0]["id"] == shortlist["candidates"][0]["id"]
        page = client.post("/shortlists", data={"requirement": json.dumps(asked), "top": "10"})
        assert page.status_code == 200
        assert found["candidates"][0]["parcels"][0] in page.text
