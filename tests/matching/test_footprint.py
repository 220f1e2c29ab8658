"""The footprint must, from the net polygons of a published city to the sentence; plan limits; what is kept."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from shapely.geometry import shape

from gis_sites.errors import RequirementError, WrongUse
from gis_sites.inventory import Inventory
from gis_sites.matching.fit import TOLERANCE_M
from gis_sites.matching.reading import understand
from gis_sites.matching.sentences import candidate_sentences
from gis_sites.matching.why import differences
from gis_sites.store import states
from tests.profile.nets import net_polygons

HALL = {"length_m": 24, "width_m": 12, "setback_m": 1}


def asked(**footprint: Any) -> dict[str, Any]:
    return {"format": 1, "must": {"parcel.area_m2": {"min": 500}, "footprint": footprint}}


def must(candidate: dict[str, Any]) -> dict[str, Any]:
    (found,) = [one for one in candidate["musts"] if one["attribute"] == "footprint"]
    return dict(found)


def nets(inventory: Inventory, ids: list[str]) -> dict[str, Any]:
    with inventory.store.begin() as conn:
        state = states.get(conn, inventory.need_state().id, coverages=True)
        return net_polygons(conn, inventory.catalogue, state, ids)


def test_every_candidate_carries_a_rectangle_within_its_net_polygon(city: Inventory) -> None:
    shortlist = city.match(asked(**HALL), top=1000)
    counts = shortlist["counts"]
    told = [must(one) for one in shortlist["candidates"]]
    assert {one["verdict"] for one in told} == {"met", "unknown"}
    assert counts["failed_by"]["footprint"]["at_all"] > 0
    assert counts["eligible"] == sum(one["verdict"] == "met" for one in told) > 5
    some = slice(0, None, len(told) // 25)
    polygons = nets(city, [one["id"] for one in shortlist["candidates"][some]])
    for candidate, one in zip(shortlist["candidates"][some], told[some], strict=True):
        most, sure = polygons[candidate["id"]]
        if one["footprint"]["why"] == "search":
            continue
        ground = sure if one["verdict"] == "met" else most
        (rectangle,) = shapely.get_parts(shape(one["footprint"]["working"]))
        assert rectangle.within(ground)
        assert rectangle.distance(shapely.boundary(ground)) >= HALL["setback_m"] - TOLERANCE_M
        (said,) = one["footprint"]["rectangles"]
        assert (said["length_m"], said["width_m"]) == pytest.approx((24, 12), abs=2 * TOLERANCE_M)
        degrees = shape(one["footprint"]["geometry"])
        assert 14 < degrees.centroid.x < 25
        assert 49 < degrees.centroid.y < 55


def test_a_parcel_fails_only_where_nothing_fits(city: Inventory) -> None:
    """Turning on a fine grid and sliding on a finer one never finds room where we say there is none."""
    shortlist = city.match(asked(**HALL), top=1000)
    kept = {one["id"] for one in shortlist["candidates"]}
    (view,) = [one for one in city.views() if one.kind == "parcels"]
    area = view.column("parcel.area_m2").low  # type: ignore[union-attr]
    lost = [view.id(int(row)) for row in np.flatnonzero(area >= 500) if view.id(int(row)) not in kept]
    wide = {one: most for one, (most, _) in nets(city, lost[:60]).items() if most.area > 24 * 12}
    tried = 0
    for one, most in list(wide.items())[:12]:
        if must(city.why(asked(**HALL), one)["candidate"])["footprint"]["why"] == "ground":
            tried += 1
            assert not _found_by_trying(shapely.buffer(most, -HALL["setback_m"]), 24, 12)
    assert tried > 3


def _found_by_trying(ground: shapely.Geometry, long: float, short: float) -> bool:
    if ground.is_empty:
        return False
    shapely.prepare(ground)
    x0, y0, x1, y1 = ground.bounds
    points = np.stack(np.meshgrid(np.arange(x0, x1, 2.0), np.arange(y0, y1, 2.0)), axis=-1).reshape(-1, 2)
    points = points[shapely.contains_xy(ground, *points.T)]
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [long / 2, short / 2]
    for angle in np.radians(np.arange(0, 180, 10)):
        cos, sin = np.cos(angle), np.sin(angle)
        turned = corners @ np.array([[cos, sin], [-sin, cos]])
        if shapely.within(shapely.polygons(turned[None] + points[:, None]), ground).any():
            return True
    return False


def test_the_answer_is_repeated_from_what_was_kept_and_anew(city: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    first = city.match(asked(**HALL), top=1000)
    files = sorted(file.name.split("-")[2] for file in city.store.snapshots.glob("state-*-*-*-*.arrow"))
    assert {"net", "fits"} <= set(files)
    with monkeypatch.context() as held:
        held.setattr("gis_sites.profile.stored_land.read_place", None)  # nothing is read again
        assert differences(first, city.match(asked(**HALL), top=1000)) == []
    for file in city.store.snapshots.glob("state-*-fits-*.arrow"):
        file.unlink()
    assert differences(first, city.match(asked(**HALL), top=1000)) == []
    for file in city.store.snapshots.glob("state-*-net-*.arrow"):
        file.unlink()
    for file in city.store.snapshots.glob("state-*-fits-*.arrow"):
        file.unlink()
    assert differences(first, city.match(asked(**HALL), top=1000)) == []
    assert json.loads(json.dumps(first)) == first


def test_why_says_the_same_as_the_shortlist_in_both_languages(city: Inventory) -> None:
    shortlist = city.match(asked(**HALL), top=5)
    for candidate in shortlist["candidates"]:
        alone = city.why(asked(**HALL), candidate["id"])["candidate"]
        assert must(alone) == must(candidate)
        for lang, words in (("pl", "Obrys hali (24 m × 12 m"), ("en", "Footprint (24 m × 12 m")):
            assert any(words in one for one in candidate_sentences(alone, city.catalogue, lang))


def test_a_footprint_is_judged_after_the_other_musts(city: Inventory) -> None:
    """What fails another must is not looked at, and is no failure of the footprint's alone."""
    wide = {"format": 1, "must": {"parcel.area_m2": {"min": 5000}, "footprint": HALL}}
    narrow = city.match(wide, top=1000)["counts"]
    every = city.match(asked(**HALL), top=1000)["counts"]
    assert 0 < narrow["eligible"] <= every["eligible"]
    assert narrow["failed_by"]["footprint"]["alone"] <= every["failed_by"]["footprint"]["alone"]
    total = narrow["eligible"] + narrow["to_verify"] + narrow["failed"]
    assert total == narrow["considered"]


def test_offers_are_judged_on_their_own_polygons(city: Inventory) -> None:
    found = city.match({**asked(**HALL), "scope": "offers"}, top=100)
    assert found["counts"]["considered"] > 0
    met = [one for one in found["candidates"] if must(one)["verdict"] == "met"]
    assert met
    parcels = [{"kind": "parcel", "id": parcel} for one in met for parcel in one["parcels"]]
    drawn = city.sites({**found, "candidates": parcels}).drop_duplicates("id").set_index("id").geometry
    for candidate in met:
        union = drawn[candidate["parcels"]].union_all()
        assert shape(must(candidate)["footprint"]["working"]).within(union)


def test_several_footprints_lie_apart(city: Inventory) -> None:
    found = city.match(asked(length_m=20, width_m=10, count=3, apart_m=8), top=200)
    told = [must(one) for one in found["candidates"] if must(one)["verdict"] == "met"]
    assert told
    for one in told:
        parts = shapely.get_parts(shape(one["footprint"]["working"]))
        assert len(parts) == 3
        assert min(a.distance(b) for at, a in enumerate(parts) for b in parts[:at]) >= 8 - TOLERANCE_M


def test_unknown_can_be_made_a_no(city: Inventory) -> None:
    strict = city.match(asked(**HALL, unknown="failed"), top=1000)["counts"]
    lenient = city.match(asked(**HALL), top=1000)["counts"]
    assert strict["to_verify"] == 0 < lenient["to_verify"]
    assert strict["eligible"] == lenient["eligible"]


def test_the_public_may_have_so_much_looked_at_and_writes_nothing(city: Inventory) -> None:
    from dataclasses import replace

    hall = {"length_m": 21.5, "width_m": 11.5}
    public = city.public()
    before = sorted(city.store.snapshots.iterdir())
    with pytest.raises(RequirementError) as refused:
        replace(public, most_grounds=3).match(asked(**hall))
    assert refused.value.values["most"] == 3
    assert "3" in refused.value.sentence("pl")
    free = replace(public, most_grounds=10_000).match(asked(**hall), top=1000)
    assert sorted(city.store.snapshots.iterdir()) == before
    assert free["counts"]["eligible"] == city.match(asked(**hall), top=1)["counts"]["eligible"]
    # What the city looked at for itself is there for the public too.
    assert replace(public, most_grounds=3).match(asked(**hall), top=1000)["counts"] == free["counts"]


def test_a_requirement_is_understood_and_echoed(city: Inventory) -> None:
    assert understand(asked(**HALL)).echo()["must"]["footprint"] == HALL
    assert city.match(asked(**HALL))["requirement"]["must"]["footprint"] == HALL


def test_the_shortlist_says_what_decided(city: Inventory) -> None:
    shortlist = city.match(asked(**HALL), top=1)
    told = shortlist["footprint"]
    counts = shortlist["counts"]
    assert told["judged"] == sum(told["decided_by"].values())
    listed = counts["eligible"] + counts["to_verify"]
    assert 0 < listed <= told["judged"] <= listed + counts["failed_by"]["footprint"]["alone"]
    assert {"rectangle", "area"} & set(told["decided_by"])
    assert "footprint" not in city.match({"format": 1}, top=1)


def test_maps_and_files_show_where_it_stands(city: Inventory, tmp_path: Path) -> None:
    shortlist = city.match(asked(**HALL), top=6)
    met = [must(one)["footprint"]["geometry"] for one in shortlist["candidates"]]
    page = city.map(shortlist, tmp_path / "map.html").read_text()
    assert "geo_json_footprints" in page
    assert all(str(one["coordinates"][0][0][0][0]) in page for one in met if one)
    city.export(shortlist, tmp_path / "list.gpkg")
    drawn = pyogrio.read_dataframe(tmp_path / "list.gpkg", layer="footprints")
    assert len(drawn) == sum(one is not None for one in met) > 0
    assert drawn.area.to_numpy() == pytest.approx(24 * 12, rel=1e-2)
    assert set(drawn["id"]) <= {one["id"] for one in shortlist["candidates"]}
    table = pyogrio.read_dataframe(tmp_path / "list.gpkg", layer="candidates")
    assert set(table["footprint.verdict"]) <= {"met", "unknown"}
    assert table["reasons"].str.contains("Obrys hali").all()


def test_net_polygons_are_for_the_officer(city: Inventory) -> None:
    (view,) = [one for one in city.views() if one.kind == "parcels"]
    ids = [view.id(row) for row in range(0, len(view), len(view) // 12)]
    found = city.net_polygons("parcels", ids).set_index("id")
    assert set(found.index) == set(ids)
    alone = nets(city, ids)
    net = view.column("parcel.net_area_m2")
    for one in ids:
        most, sure = alone[one]
        row = view.row(one)
        assert found.geometry[one].equals_exact(most, 1e-6) or found.geometry[one].equals(most)
        assert found["sure"][one].area == pytest.approx(sure.area, abs=1e-6)
        assert sure.area <= net.high[row] + 1e-6  # type: ignore[union-attr]
    assert city.net_polygons("parcels", []).empty
    with pytest.raises(WrongUse):
        city.public().net_polygons("parcels", ids)
