"""The profile in a real store: only what changed, days, coverage of a boundary, offers, lists; frame and explain."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest
import shapely

from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.columns import Column, Labels, Range
from gis_sites.errors import NotFound
from gis_sites.profile import build as building
from gis_sites.profile.build import build
from gis_sites.profile.explain import explain
from gis_sites.profile.frame import frame
from gis_sites.profile.tasks import Columns
from gis_sites.store import profiles, revisions
from gis_sites.store.connect import Store
from gis_sites.store.revisions import Coverage, Part, Revision
from gis_sites.store.snapshot import open_snapshot
from gis_sites.store.states import State, publish
from tests.profile.scenes import X0, Y0, at
from tests.store.support import load, table

DAY = date(2026, 11, 21)
EVERYWHERE = Coverage("parcels", False, None)
IDS = [f"306101_1.0001.{number}" for number in range(1, 6)]
Held = dict[str, Revision]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def box(x0: float, y0: float, x1: float, y1: float) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([at(shapely.box(x0, y0, x1, y1))])


def line(*points: tuple[float, float]) -> shapely.MultiLineString:
    return shapely.MultiLineString([at(shapely.LineString(points))])


def put(
    store: Store,
    catalogue: Catalogue,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    cover: Coverage = EVERYWHERE,
) -> Revision:
    """Make a revision of a layer of the catalogue."""
    layer = catalogue.layer(name)
    with store.begin() as conn:
        by = load(conn)
        draft = revisions.create(conn, layer, srid=store.srid)
        keyed = [{"key": str(place), **row} for place, row in enumerate(rows)]
        revisions.append(conn, draft, table(layer, keyed, load=by))
        return revisions.finish(conn, draft, [Part("all", by, len(rows), cover, DAY, "Miasto")])


def parcels(store: Store, catalogue: Catalogue, **more: Sequence[Any]) -> Revision:
    """Five squares of a hectare in a row, 100 m apart."""
    rows = [
        {
            "key": one, "id": one, "precinct": "0001", "number": one.rpartition(".")[2],
            "geom": box(200 * place, 0, 200 * place + 100, 100), **{name: cells[place] for name, cells in more.items()},
        }
        for place, one in enumerate(IDS)
    ]  # fmt: skip
    return put(store, catalogue, "parcel", rows)


def publish_it(store: Store, held: Held, made: Any, as_of: date = DAY) -> State:
    blocks, stale_after = made
    with store.begin() as conn:
        return publish(
            conn,
            revisions={name: one.id for name, one in held.items()},
            profiles=blocks,
            as_of=as_of,
            stale_after=stale_after,
            reason="test",
        )


def column(store: Store, blocks: Any, name: str, kind: str = "parcels") -> Column:
    layer, _, short = name.partition(".")
    with store.begin() as conn:
        return profiles.read(conn, blocks[layer][kind])[short]


def numbers(store: Store, blocks: Any, name: str, kind: str = "parcels") -> list[tuple[float, float]]:
    found = column(store, blocks, name, kind)
    assert isinstance(found, Range)
    return list(zip(found.low.tolist(), found.high.tolist(), strict=True))


def texts(store: Store, blocks: Any, name: str, kind: str = "parcels") -> list[str | None]:
    found = column(store, blocks, name, kind)
    assert isinstance(found, Labels)
    return [found.text(row) for row in range(len(found))]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The layers measured, in order: what a build really did."""
    seen: list[str] = []
    real = building.measured

    def measured(sites: Any, works: Any, *rest: Any, **more: Any) -> dict[str, Columns]:
        seen.extend(work.layer.name for work in works)
        return real(sites, works, *rest, **more)

    monkeypatch.setattr(building, "measured", measured)
    return seen


def pipe(x: float, **more: Any) -> dict[str, Any]:
    return {"role": "main", "geom": line((x, -50), (x, 150)), **more}


def test_without_parcels_there_is_no_profile(store: Store, catalogue: Catalogue) -> None:
    held = {"water": put(store, catalogue, "water", [pipe(0)])}
    assert build(store, catalogue, held, as_of=DAY) == ({}, None)


def test_only_what_changed_is_measured_again(store: Store, catalogue: Catalogue, counted: list[str]) -> None:
    held: Held = {"parcel": parcels(store, catalogue)}
    held["water"] = put(store, catalogue, "water", [pipe(-20, diameter_mm=150.0)])
    held["gas"] = put(store, catalogue, "gas", [pipe(-40, pressure="medium")])
    first, _ = build(store, catalogue, held, as_of=DAY)
    assert sorted(counted) == ["gas", "parcel", "parcel_net", "water"]
    assert numbers(store, first, "water.distance_m") == [(20, 20), (220, 220), (420, 420), (620, 620), (820, 820)]
    counted.clear()
    again, _ = build(store, catalogue, held, as_of=date(2027, 3, 1))
    assert counted == []
    assert again == first
    held["water"] = put(store, catalogue, "water", [pipe(-10)])
    after, _ = build(store, catalogue, held, as_of=DAY)
    assert sorted(counted) == ["parcel_net", "water"]  # a pipe takes its strip from the net area
    assert after["gas"] == first["gas"]
    assert after["parcel"] == first["parcel"]
    assert numbers(store, after, "water.distance_m")[0] == (10, 10)
    counted.clear()
    held["parcel"] = parcels(store, catalogue)
    build(store, catalogue, held, as_of=DAY)
    assert sorted(counted) == ["gas", "parcel", "parcel_net", "water"]


def test_another_layer_file_is_measured_anew_but_not_for_its_titles(
    store: Store, catalogue: Catalogue, counted: list[str]
) -> None:
    held: Held = {"parcel": parcels(store, catalogue), "water": put(store, catalogue, "water", [pipe(-20)])}
    build(store, catalogue, held, as_of=DAY)
    counted.clear()
    water = catalogue.layer("water")
    titled = water.model_copy(update={"title": water.title.model_copy(update={"en": "Water!"}), "legend": ()})
    build(store, Catalogue({**catalogue.layers, "water": titled}, catalogue.tables), held, as_of=DAY)
    assert counted == []
    spec = water.attributes["distance_m"].model_copy(update={"where": {}})
    other = water.model_copy(update={"attributes": {**water.attributes, "distance_m": spec}})
    build(store, Catalogue({**catalogue.layers, "water": other}, catalogue.tables), held, as_of=DAY)
    assert counted == ["water"]


def test_zones_expire_and_the_next_change_is_told(store: Store, catalogue: Catalogue, counted: list[str]) -> None:
    held: Held = {"parcel": parcels(store, catalogue)}
    held["sez"] = put(
        store,
        catalogue,
        "sez",
        [
            {"zone": "old", "geom": box(0, 0, 50, 100), "valid_to": date(2026, 12, 31)},
            {"zone": "new", "geom": box(0, 0, 80, 100), "valid_from": date(2027, 6, 1), "valid_to": date(2030, 1, 1)},
        ],
    )
    for day, share, zone, end, change in (
        (DAY, 0.5, "old", date(2026, 12, 31), date(2027, 1, 1)),
        (date(2026, 12, 31), 0.5, "old", date(2026, 12, 31), date(2027, 1, 1)),
        (date(2027, 1, 1), 0.0, "none", None, date(2027, 6, 1)),
        (date(2027, 6, 1), 0.8, "new", date(2030, 1, 1), date(2030, 1, 2)),
        (date(2030, 1, 2), 0.0, "none", None, None),
    ):
        blocks, stale_after = build(store, catalogue, held, as_of=day)
        assert numbers(store, blocks, "sez.share")[0] == pytest.approx((share, share))
        assert texts(store, blocks, "sez.zone")[0] == zone
        days = (end - date(1970, 1, 1)).days if end else -np.inf
        assert numbers(store, blocks, "sez.valid_to")[0] == (days, days)
        assert stale_after == change
        assert blocks["sez"]["parcels"].next_change == change
    # The parcels' own block does not depend on the day; the zone's was made once for each span of days.
    assert counted.count("parcel") == 1
    assert counted.count("sez") == 4


def test_a_layer_nobody_imported_has_no_block_and_is_unknown(store: Store, catalogue: Catalogue) -> None:
    held: Held = {"parcel": parcels(store, catalogue)}
    state = publish_it(store, held, build(store, catalogue, held, as_of=DAY))
    assert "flood" not in state.profiles
    snapshot = open_snapshot(store, state, "parcels")
    found = snapshot.column("flood.share")
    assert isinstance(found, Range)
    assert np.isnan(found.low).all()


def test_none_inside_the_boundary_and_unknown_outside(store: Store, catalogue: Catalogue) -> None:
    town = box(-1000, -1000, 450, 1000)
    held: Held = {"parcel": parcels(store, catalogue)}
    held["boundary"] = put(store, catalogue, "boundary", [{"kind": "municipality", "geom": town}])
    wkb = shapely.to_wkb(box(-1, -1, 1, 1))  # what it was when the layer came; the state's boundary counts
    held["flood"] = put(store, catalogue, "flood", [], Coverage("boundary", False, wkb))
    held["water"] = put(store, catalogue, "water", [], Coverage("boundary", False, wkb))
    blocks, _ = build(store, catalogue, held, as_of=DAY)
    shares = numbers(store, blocks, "flood.share")
    assert shares[:2] == [(0, 0), (0, 0)]
    assert shares[2] == pytest.approx((0, 0.5))
    assert np.isnan(shares[3:]).all()
    distances = numbers(store, blocks, "water.distance_m")
    assert distances[:2] == [(np.inf, np.inf)] * 2
    assert np.isnan(distances[2:]).all()
    # Another boundary, other values; layers that do not speak of it stay.
    held["boundary"] = put(
        store, catalogue, "boundary", [{"kind": "municipality", "geom": box(-1000, -1000, 2000, 1000)}]
    )
    after, _ = build(store, catalogue, held, as_of=DAY)
    assert numbers(store, after, "flood.share") == [(0, 0)] * 5
    assert after["parcel"] == blocks["parcel"]


def test_parts_of_one_layer_speak_where_each_covers(store: Store, catalogue: Catalogue) -> None:
    """A local plan covers its own polygons: elsewhere nobody knows."""
    held: Held = {"parcel": parcels(store, catalogue)}
    own = shapely.to_wkb(box(0, 0, 150, 100))
    row = {"plan": "A", "status": "in_force", "symbol": "P", "symbol_yes": "production", "symbol_text": ""}
    held["zoning"] = put(
        store, catalogue, "zoning", [{**row, "label": "1P", "geom": box(0, 0, 150, 100)}], Coverage("own", False, own)
    )
    blocks, _ = build(store, catalogue, held, as_of=DAY)
    assert numbers(store, blocks, "zoning.production_share")[0] == (1, 1)
    assert np.isnan(numbers(store, blocks, "zoning.production_share")[1]).all()
    assert texts(store, blocks, "zoning.plan_status")[:2] == ["in_force", None]
    assert texts(store, blocks, "zoning.plan")[:2] == ["A", None]


def test_rows_without_geometry_stand_for_the_parcels_they_name(store: Store, catalogue: Catalogue) -> None:
    held: Held = {"parcel": parcels(store, catalogue)}
    held["sez"] = put(store, catalogue, "sez", [{"zone": "S", "parcels": f"{IDS[0]}, {IDS[2]}, nowhere"}])
    blocks, _ = build(store, catalogue, held, as_of=DAY)
    assert [low for low, _ in numbers(store, blocks, "sez.share")] == [1, 0, 1, 0, 0]
    assert [low for low, _ in numbers(store, blocks, "sez.distance_m")] == [0, 100, 0, 100, 300]
    state = publish_it(store, held, (blocks, None))
    found = {one["attribute"]: one for one in explain(store, catalogue, state, IDS[4])}
    assert [row["distance_m"] for row in found["sez.distance_m"]["rows"]] == [300]


def test_offers_are_measured_on_their_own_polygons(store: Store, catalogue: Catalogue) -> None:
    held: Held = {
        "parcel": parcels(
            store,
            catalogue,
            registered_area_ha=[1.0, 1.01, 1.0, None, 1.0],
            land_use=["R", "R", "B", "R", "R"],
            soil_items=["R/IIIa 1.0", "R/V 1.01", None, None, None],
        )
    }
    held["water"] = put(store, catalogue, "water", [pipe(-20)])
    held["offer"] = put(
        store,
        catalogue,
        "offer",
        [
            {"key": "A", "id": "A", "parcels": f"{IDS[0]}; {IDS[1]}", "status": "available", "price_pln_m2": 90.0},
            {"key": "B", "id": "B", "parcels": f"{IDS[1]} {IDS[2]}", "status": "sold", "geom": box(230, 0, 280, 50)},
            {"key": "C", "id": "C", "parcels": "nowhere", "status": "reserved"},
        ],
    )
    blocks, _ = build(store, catalogue, held, as_of=DAY)
    distances = numbers(store, blocks, "water.distance_m", "offers")
    assert distances[:2] == [(20, 20), (250, 250)]
    assert np.isnan(distances[2]).all()
    areas = numbers(store, blocks, "parcel.area_m2", "offers")
    assert areas[0] == (20_100, 20_100)
    assert areas[1][0] == pytest.approx(2500, rel=1e-3)
    assert np.isnan(areas[2]).all()
    assert texts(store, blocks, "parcel.id", "offers") == [None] * 3
    assert texts(store, blocks, "parcel.land_use", "offers") == ["R", None, None]
    assert texts(store, blocks, "offer.status", "offers") == ["available", "sold", "reserved"]
    assert texts(store, blocks, "offer.status") == ["available", None, "sold", "none", "none"]
    assert numbers(store, blocks, "offer.price_pln_m2")[0] == (90, 90)
    # Soil was never imported: only the lists that parcels carry know of it.
    assert numbers(store, blocks, "soil.class_1_3_share")[:2] == [(1, 1), (0, 0)]
    assert np.isnan(numbers(store, blocks, "soil.class_1_3_share")[2:]).all()
    assert numbers(store, blocks, "soil.class_1_3_share", "offers")[0] == pytest.approx((1 / 2.01, 1 / 2.01))


def test_the_frame_holds_every_attribute_by_its_name(store: Store, catalogue: Catalogue) -> None:
    held: Held = {"parcel": parcels(store, catalogue, owner_class=["state", None, "other", "other", "state"])}
    held["gas"] = put(store, catalogue, "gas", [pipe(-20, pressure="low"), pipe(-10)])
    held["sez"] = put(
        store, catalogue, "sez", [{"zone": "S", "geom": box(0, 0, 50, 100), "valid_to": date(2026, 12, 31)}]
    )
    state = publish_it(store, held, build(store, catalogue, held, as_of=DAY))
    found = frame(store, state)
    assert found["id"].tolist() == IDS
    assert str(found.crs) == "EPSG:2177"
    assert found.geometry.area.tolist() == pytest.approx([10_000] * 5)
    assert found["parcel.owner_class"].tolist() == ["state", None, "other", "other", "state"]
    # One pipe does not tell its pressure: low pressure is 10 to 20 m away.
    assert found.loc[0, ["gas.low_distance_m", "gas.low_distance_m_high"]].tolist() == [10, 20]
    assert "gas.any_distance_m_high" not in found.columns
    assert found["gas.crosses"].tolist() == [False] * 5
    assert found["sez.valid_to"].tolist() == ["2026-12-31", *["none"] * 4]
    with pytest.raises(NotFound, match="offer"):
        frame(store, state, "offers")


def test_explain_follows_every_value_to_its_rows(store: Store, catalogue: Catalogue) -> None:
    held: Held = {"parcel": parcels(store, catalogue, registered_area_ha=[1.2] * 5)}
    held["water"] = put(
        store, catalogue, "water", [{"key": "far", **pipe(-90)}, {"key": "near", **pipe(-20, diameter_mm=150.0)}]
    )
    row = {"plan": "A", "status": "in_force", "symbol_yes": "production", "symbol_text": "", "symbol": "P"}
    held["zoning"] = put(
        store,
        catalogue,
        "zoning",
        [
            {**row, "key": "A 1", "geom": box(0, 0, 30, 100), "max_height_m": 12.0},
            {**row, "key": "A 2", "geom": box(30, 0, 100, 100), "max_height_m": 20.0},
            {**row, "key": "A 3", "geom": box(200, 0, 300, 100)},
        ],
    )
    held["flood"] = put(store, catalogue, "flood", [], Coverage("none", True, shapely.to_wkb(shapely.MultiPolygon())))
    state = publish_it(store, held, build(store, catalogue, held, as_of=DAY))
    found = {one["attribute"]: one for one in explain(store, catalogue, state, IDS[0])}
    assert set(found) == set(catalogue.attributes)
    distance = found["water.distance_m"]
    assert (distance["state"], distance["value"], distance["unit"]) == ("exact", 20.0, "m")
    assert distance["source"]["revision"] == 1
    (nearest,) = distance["rows"]
    assert (nearest["key"], nearest["distance_m"], nearest["file"]) == ("near", 20.0, "miasto.gpkg")
    assert (nearest["dated"], nearest["publisher"]) == (DAY.isoformat(), "Miasto")
    shares = {one["key"]: one["share"] for one in found["zoning.production_share"]["rows"]}
    assert shares == pytest.approx({"A 1": 0.3, "A 2": 0.7})
    height = found["zoning.max_height_m"]
    assert (height["state"], height["low"], height["high"]) == ("range", 12.0, 20.0)
    assert found["parcel.area_m2"]["rows"][0]["key"] == IDS[0]
    assert found["parcel.net_area_m2"]["reason"] == "outside_coverage"
    assert found["power.distance_m"]["reason"] == "not_loaded"
    assert found["water.capacity_m3d"]["reason"] == "not_declared"
    assert (found["flood.share"]["state"], found["flood.share"]["reason"]) == ("unknown", "outside_coverage")
    assert found["water.crosses"]["value"] is False
    with pytest.raises(NotFound, match="nowhere"):
        explain(store, catalogue, state, "nowhere")


def test_explain_agrees_with_the_profile(store: Store, catalogue: Catalogue) -> None:
    """What the rows say is what was stored: the nearest row's distance, the sum of the rows' shares."""
    rng = np.random.default_rng(3)
    held: Held = {"parcel": parcels(store, catalogue)}
    shapes = [shapely.MultiPolygon([at(shapely.Point(*rng.uniform(0, 1000, 2)).buffer(60))]) for _ in range(30)]
    held["nature"] = put(store, catalogue, "nature", [{"form": "reserve", "geom": shape} for shape in shapes])
    state = publish_it(store, held, build(store, catalogue, held, as_of=DAY))
    for place, one in enumerate(IDS):
        found = {entry["attribute"]: entry for entry in explain(store, catalogue, state, one)}
        site = box(200 * place, 0, 200 * place + 100, 100)
        assert found["nature.distance_m"]["value"] == round(min(site.distance(shape) for shape in shapes), 6)
        keys = {row["key"] for row in found["nature.share"]["rows"]}
        assert keys == {str(key) for key, shape in enumerate(shapes) if shape.intersection(site).area > 0}
        for row in found["nature.distance_m"]["rows"]:
            assert shapes[int(row["key"])].distance(site) == pytest.approx(row["distance_m"], abs=1e-6)
    assert (X0, Y0) == (6_500_000.0, 5_700_000.0)
