"""Exports, read back with other programs' eyes."""

import csv
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.errors import WrongUse
from gis_sites.maps import export
from gis_sites.maps.export import neutral
from gis_sites.matching import sentences
from tests.maps.made_up import CRS, candidate, must, shortlist_of, sites_of

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"]
SUFFIXES = (".csv", ".xlsx", ".geojson", ".gpkg")


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Read a file back, whatever its format, as rows by column."""
    match path.suffix:
        case ".csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                return list(csv.DictReader(file))
        case ".xlsx":
            names, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
            return [dict(zip(names, row, strict=True)) for row in rows]
        case ".geojson":
            # GDAL would read days as moments.
            return [one["properties"] for one in json.loads(path.read_text(encoding="utf-8"))["features"]]
        case _:
            return list(gpd.read_file(path).to_dict("records"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_one_row_a_candidate_with_the_same_columns_in_every_format(
    shortlist: dict[str, Any], sites: gpd.GeoDataFrame, catalogue: Catalogue, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"list{suffix}"
    export(shortlist, sites, path, catalogue, lang="pl")
    rows = rows_of(path)
    assert [row["id"] for row in rows] == [one["id"] for one in shortlist["candidates"]]
    assert [int(row["rank"]) for row in rows] == list(range(1, 8))
    second = rows[1]
    assert float(second["floor"]) == shortlist["candidates"][1]["floor"]
    assert float(second["parcel.area_m2.low"]) == float(second["parcel.area_m2.high"]) == 31_250.0
    assert (float(second["power.mv_distance_m.low"]), float(second["power.mv_distance_m.high"])) == (90.0, 160.0)
    assert second["power.mv_distance_m.state"] == "range"
    assert second["road.class.value"] == "main"
    assert second["flood.share.verdict"] == "met"
    assert second["either[1].verdict"] == "met"
    assert second["general_plan.production_share.state"] == "unknown"
    assert second["flood.share.dated"] == "2026-06-30"
    # A spreadsheet keeps 16 digits, the others every bit.
    points = shortlist["candidates"][1]["wants"][1]["points"]
    assert float(second["road.class.points"]) == (pytest.approx(points, rel=1e-15) if suffix == ".xlsx" else points)
    assert str(second["inventory_state"]) in {"7", "7.0"}
    assert second["inventory_as_of"] == "2026-11-21"
    assert all(caution in second["cautions"] for caution in sentences.cautions("pl"))
    assert "stan na 30 czerwca 2026" in second["reasons"]
    assert rows[3]["tier"] == "to_verify"
    assert rows[3]["flood.share.low"] in ("", None) or rows[3]["flood.share.low"] != rows[3]["flood.share.low"]
    assert list(tmp_path.iterdir()) == [path]


def test_geopackage_is_in_the_working_crs_and_says_what_it_is(
    shortlist: dict[str, Any], sites: gpd.GeoDataFrame, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = tmp_path / "list.gpkg"
    export(shortlist, sites, path, catalogue, lang="en")
    frame = gpd.read_file(path)
    assert frame.crs == CRS
    assert set(frame.geom_type) == {"MultiPolygon"}
    assert list(frame.area) == pytest.approx([170.0 * 170.0] * 7)
    about = pyogrio.read_info(path)["layer_metadata"]
    assert sum(text in sentences.cautions("en") for text in about.values()) == 4


def test_geojson_keeps_to_its_standard(
    shortlist: dict[str, Any], sites: gpd.GeoDataFrame, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = tmp_path / "list.geojson"
    export(shortlist, sites.iloc[1:], path, catalogue)
    collection = json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert "crs" not in collection
    assert [one[1] for one in collection["about"]][-4:] == list(sentences.cautions("pl"))
    assert collection["features"][0]["geometry"] is None
    shape = shapely.geometry.shape(collection["features"][1]["geometry"])
    assert shape.exterior.is_ccw
    assert 18.0 < shape.centroid.x < 18.2
    assert 51.6 < shape.centroid.y < 51.9
    assert gpd.read_file(path).crs == "EPSG:4326"


def test_formulas_are_neutral_in_csv_and_xlsx(catalogue: Catalogue, tmp_path: Path) -> None:
    candidates = [candidate(rank, id=text) for rank, text in enumerate(FORMULAS, start=1)]
    for one in candidates:
        one["wants"][1]["value"] = one["id"]
    export(shortlist_of(candidates), sites_of(candidates), tmp_path / "list.csv", catalogue)
    for row, text in zip(rows_of(tmp_path / "list.csv"), FORMULAS, strict=True):
        assert row["id"] == row["road.class.value"] == f"'{text}"
    export(shortlist_of(candidates), sites_of(candidates), tmp_path / "list.xlsx", catalogue)
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert [cell.quotePrefix for cell in cells if cell.value == "=1+1"] == [True, True]
    assert neutral("306101_1.0012.45/3") == "306101_1.0012.45/3"


def test_xlsx_explains_itself_in_the_language_asked_for(
    shortlist: dict[str, Any], sites: gpd.GeoDataFrame, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = tmp_path / "list.xlsx"
    export(shortlist, sites, path, catalogue, lang="en")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["candidates", "about"]
    said = {row[0]: row[1] for row in book["about"].iter_rows(values_only=True)}
    assert said["floor"] == "floor, 0-100"
    assert (
        said["parcel.area_m2.low"] == f"{sentences.entry_title('parcel.area_m2', catalogue, 'en')}: lowest value [m2]"
    )
    about = [row[1] for row in book["about"].iter_rows(values_only=True)]
    assert all(caution in about for caution in sentences.cautions("en"))
    assert {cell.value for cell in book["candidates"][1]} <= set(said)


def test_public_catalogue_gives_a_public_file_and_secrets_are_masked(catalogue: Catalogue, tmp_path: Path) -> None:
    one = candidate(1)
    one["musts"].append(must("parcel.owner_class", value="natural", required={"any_of": ["natural"]}))
    one["musts"][1]["source"]["publisher"] = "KW KZ1A/00012345/6"
    path = tmp_path / "list.csv"
    export(shortlist_of([one]), sites_of([one]), path, catalogue.public())
    assert "natural" not in path.read_text(encoding="utf-8")
    assert "00012345" not in path.read_text(encoding="utf-8")
    export(shortlist_of([one]), sites_of([one]), path, catalogue)
    assert rows_of(path)[0]["parcel.owner_class.value"] == "natural"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_candidates_is_a_file_all_the_same(catalogue: Catalogue, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"list{suffix}"
    export(shortlist_of([]), sites_of([]), path, catalogue)
    assert rows_of(path) == []
    assert path.stat().st_size > 0


def test_dates_flags_and_none(catalogue: Catalogue, tmp_path: Path) -> None:
    one = candidate(1)
    one["musts"] += [
        must("power.crosses", value=False, required={"is": False}),
        must("sez.valid_to", value="2030-12-31", required={"min": "2028-01-01"}),
        must("gas.medium_distance_m", "failed", state="none", value=None, required={"max": 500.0}),
    ]
    for suffix in SUFFIXES:
        path = tmp_path / f"list{suffix}"
        export(shortlist_of([one]), sites_of([one]), path, catalogue)
        row = rows_of(path)[0]
        assert row["power.crosses.value"] in (False, "false")
        assert row["sez.valid_to.low"] == row["sez.valid_to.high"] == "2030-12-31"
        assert row["gas.medium_distance_m.state"] == "none"


@pytest.mark.parametrize("name", ["list.shp", "list", "list.csv.bak"])
def test_unknown_suffix_is_refused_in_words(catalogue: Catalogue, tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUse) as caught:
        export(shortlist_of([]), sites_of([]), tmp_path / name, catalogue)
    for lang in ("pl", "en"):
        assert name in caught.value.sentence(lang)
        assert ".gpkg, .geojson, .csv, .xlsx" in caught.value.sentence(lang)
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_refused_in_words(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="there is no folder"):
        export(shortlist_of([]), sites_of([]), tmp_path / "not" / "list.csv", catalogue)
    (tmp_path / "dir.csv").mkdir()
    with pytest.raises(WrongUse, match="is a folder"):
        export(shortlist_of([]), sites_of([]), tmp_path / "dir.csv", catalogue)


def test_a_fault_leaves_the_old_file_and_nothing_else(
    shortlist: dict[str, Any], sites: gpd.GeoDataFrame, catalogue: Catalogue, tmp_path: Path, monkeypatch: Any
) -> None:
    path = tmp_path / "list.xlsx"
    path.write_text("as it was")

    def breaks(self: openpyxl.Workbook, file: Path) -> None:
        Path(file).write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(openpyxl.Workbook, "save", breaks)
    with pytest.raises(OSError, match="disk full"):
        export(shortlist, sites, path, catalogue)
    assert path.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [path]
