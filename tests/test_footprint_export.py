"""Where halls stand, in files for other programs: read back, and held against the net polygons."""

import csv
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pytest
from shapely.geometry import shape

from gis_sites.inventory import Inventory

Json = dict[str, Any]
HALL = {"length_m": 40, "width_m": 20, "setback_m": 3, "count": 2, "apart_m": 8}
MEASURES = ("length_m", "width_m", "angle_deg", "centre_east_m", "centre_north_m")


@pytest.fixture(scope="module")
def shortlist(city: Inventory) -> Json:
    """Parcels, offers and assemblies on which two halls stand, or may."""
    must = {"parcel.area_m2": {"min": 4000, "max": 20_000}, "footprint": HALL}
    want = {"parcel.compactness": {"at": [0.3, 0.8], "worth": [0, 1]}}
    scope = ["parcels", "offers", "assemblies"]
    asked = {"format": 1, "scope": scope, "must": must, "want": want, "assembly": {"max_parcels": 2}}
    found = city.match(asked, top=40, also=())
    assert {one["kind"] for one in found["candidates"]} == {"parcel", "offer", "assembly"}
    return found


@pytest.fixture(scope="module")
def files(city: Inventory, shortlist: Json, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    return {end: city.export(shortlist, folder / f"list.{end}") for end in ("gpkg", "geojson", "csv", "xlsx")}


def standing(shortlist: Json) -> list[tuple[Json, Json, Json]]:
    """Every rectangle there should be: its candidate, its must, its sides."""
    return [
        (one, must, sides)
        for one in shortlist["candidates"]
        for must in one["musts"]
        if must["attribute"] == "footprint"
        for sides in must["footprint"]["rectangles"]
    ]


def test_a_geopackage_has_a_layer_of_them_inside_the_net_polygons(
    city: Inventory, shortlist: Json, files: dict[str, Path]
) -> None:
    frame = gpd.read_file(files["gpkg"], layer="footprints")
    expected = standing(shortlist)
    assert frame.crs.to_epsg() == city.store.srid
    assert list(frame["id"]) == [one["id"] for one, _, _ in expected]
    assert list(frame["parcels"]) == [" ".join(one["parcels"]) for one, _, _ in expected]
    for row, (_, must, sides) in zip(frame.itertuples(), expected, strict=True):
        assert (row.verdict, row.length_m, row.width_m, row.angle_deg) == (must["verdict"], *order(sides))
        assert row.geometry.area == pytest.approx(row.length_m * row.width_m, rel=1e-6)
    held = 0
    for kind in ("parcel", "offer"):
        rows = frame[frame["kind"] == kind]
        net = city.net_polygons(f"{kind}s", sorted(set(rows["id"]))).set_index("id")
        for row in rows.itertuples():
            ground = net.loc[row.id, "sure" if row.verdict == "met" else "geometry"]
            inside = ground.buffer(-HALL["setback_m"] + 0.02)
            assert inside.covers(row.geometry)
            held += row.verdict == "met"
    assert held
    both = frame.groupby("id").geometry.apply(list)
    assert min(one.distance(other) for one, other in both) >= HALL["apart_m"] - 1e-6


def order(sides: Json) -> tuple[float, float, float]:
    return sides["length_m"], sides["width_m"], sides["angle_deg"]


def test_geojson_has_features_of_them(city: Inventory, shortlist: Json, files: dict[str, Path]) -> None:
    features = json.loads(files["geojson"].read_text())["features"]
    halls = [one for one in features if one["properties"]["kind"] == "footprint"]
    assert len(features) - len(halls) == len(shortlist["candidates"])
    expected = standing(shortlist)
    assert [one["properties"]["of"] for one in halls] == [one["id"] for one, _, _ in expected]
    assert len({one["id"] for one in features}) == len(features)
    own = gpd.read_file(files["gpkg"], layer="footprints").to_crs(4326).geometry
    for one, (_, _, sides), drawn in zip(halls, expected, own, strict=True):
        told = one["properties"]
        assert (told["length_m"], told["width_m"], told["angle_deg"]) == order(sides)
        rectangle = shape(one["geometry"])
        assert rectangle.exterior.is_ccw
        assert rectangle.symmetric_difference(drawn).area <= 1e-4 * drawn.area


def test_tables_tell_sides_angle_and_middle_with_their_units(
    city: Inventory, shortlist: Json, files: dict[str, Path]
) -> None:
    book = openpyxl.load_workbook(files["xlsx"])
    heads, *cells = book.worksheets[0].iter_rows(values_only=True)
    told = [dict(zip(heads, row, strict=True)) for row in cells]
    written = list(csv.DictReader(files["csv"].read_text(encoding="utf-8-sig").splitlines()))
    columns = [f"footprint.{number}.{name}" for number in (1, 2) for name in MEASURES]
    assert [name for name in heads if str(name).startswith("footprint.")] == ["footprint.verdict", *columns]
    frame = gpd.read_file(files["gpkg"], layer="footprints").set_index(["id", "number"])
    seen = 0
    for one, row in zip(told, written, strict=True):
        for number in (1, 2):
            names = [f"footprint.{number}.{name}" for name in MEASURES]
            if (one["id"], number) not in frame.index:
                assert {one[name] for name in names} == {None}
                continue
            hall = frame.loc[one["id"], number]
            middle = hall.geometry.centroid
            expected = [hall.length_m, hall.width_m, hall.angle_deg, middle.x, middle.y]
            assert [one[name] for name in names] == pytest.approx(expected, abs=1e-3)
            assert [float(row[name]) for name in names] == [one[name] for name in names]
            seen += 1
    assert seen == len(frame)
    meanings = dict(book.worksheets[1].iter_rows(max_col=2, values_only=True))
    assert [meanings[name].rpartition("[")[2] for name in columns[:5]] == [
        "m]", "m]", "stopnie, od wschodu w lewo, 0-180]", f"m, EPSG:{city.store.srid}]", f"m, EPSG:{city.store.srid}]",
    ]  # fmt: skip
