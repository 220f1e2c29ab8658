"""Systems, encodings and whole names of columns: believed where they are told, else asked for."""

import json
from pathlib import Path
from typing import Any

import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused, WrongUse
from gis_sites.intake.note import Note
from gis_sites.intake.plan import read_source
from gis_sites.intake.source import open_source
from gis_sites.store.connect import Store
from tests.intake.format_files import (
    LIST,
    PLANS,
    SHAPES,
    as_shapefile,
    frame,
    geojson,
    named,
    only,
    parts,
    rows_of,
    saved,
    shapefile,
    text,
    zipped,
)
from tests.intake.support import balanced, box, parcel_id, parcels, take, write
from tests.intake.test_load import column

# --- coordinate systems ---


@pytest.mark.parametrize(
    ("crs", "found"),
    [
        (..., "EPSG:4326"),
        (named("urn:ogc:def:crs:OGC:1.3:CRS84"), "EPSG:4326"),
        (named("EPSG:2180"), "EPSG:2180"),
        (None, None),
        (named("urn:ogc:def:crs:EPSG::999999"), None),
        ({"type": "link", "properties": {"href": "http://127.0.0.1:1/crs"}}, None),
    ],
)
def test_a_geojson_is_in_wgs84_only_where_it_names_no_other_system(tmp_path: Path, crs: Any, found: str | None) -> None:
    path = geojson(tmp_path / "a.geojson", crs=crs)
    assert open_source(path).tables[0].crs == found
    whole = json.loads(path.read_text(encoding="utf-8"))
    features = whole["features"] * 400  # so that both ends of the file are far from each other
    whole["features"] = features
    if "crs" in whole:
        whole["crs"] = whole.pop("crs")  # behind the features
    path.write_text(json.dumps(whole), encoding="utf-8")
    assert open_source(path).tables[0].crs == found


def test_a_property_called_crs_names_no_system(tmp_path: Path) -> None:
    data = frame({"crs": ["EPSG:2180", "a", "b"]})
    path = saved(tmp_path / "a.geojson", data.to_crs("EPSG:4326"))
    assert open_source(path).tables[0].crs == "EPSG:4326"


def test_a_shapefile_without_a_system_is_asked_for_one(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = as_shapefile(tmp_path / "s")
    path.with_suffix(".prj").unlink()
    with pytest.raises(Refused, match=r"state it with --crs"):
        read_source(store, catalogue, path, Note())
    assert balanced(take(store, catalogue, path, crs="EPSG:2177"))


# --- encodings ---


@pytest.mark.parametrize("language", [0x00, 0x57, 0x03])
@pytest.mark.parametrize("cpg", [None, "ISO-8859-1", "System"])
def test_an_encoding_that_is_not_told_is_asked_for(tmp_path: Path, language: int, cpg: str | None) -> None:
    path = shapefile(tmp_path / "s", "cp1250", cpg=cpg, language=language)
    (table,) = open_source(path).tables
    with pytest.raises(Refused) as refusal:
        table.refuse_unclear()
    for lang in ("pl", "en"):
        said = refusal.value.sentence(lang)
        assert "mpzp.shp" in said
        assert "--encoding cp1250 (" in said
        assert "Śródmieście" in said
        assert "utf-8" not in said  # they are not
    assert [row["plan"] for row in only(path, "Windows-1250")[1]] == PLANS["plan"]


@pytest.mark.parametrize(("cpg", "language"), [("UTF-8", 0), ("UTF-8", 0xC8), ("1252", 0xC8)])
def test_a_declaration_that_does_not_hold_is_not_believed(tmp_path: Path, cpg: str, language: int) -> None:
    path = shapefile(tmp_path / "s", "cp1250", cpg=cpg, language=language)
    with pytest.raises(Refused, match=r"--encoding cp1250"):
        open_source(path).tables[0].refuse_unclear()


def test_encodings_that_read_alike_are_all_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "s" / "a.shp", frame({"nazwa": ["Łódź", "Żółw", "Gęśl"]}), encoding="iso-8859-2")
    path.with_suffix(".cpg").unlink()
    with pytest.raises(Refused, match=r": --encoding iso-8859-2 \(.*Łódź.*\)"):
        open_source(path).tables[0].refuse_unclear()
    both = saved(tmp_path / "t" / "a.shp", frame({"nazwa": ["Gołuchów", "Żółw", "Łęg"]}), encoding="iso-8859-2")
    both.with_suffix(".cpg").unlink()
    with pytest.raises(Refused, match=r"--encoding cp1250 \(.*--encoding iso-8859-2 \("):
        open_source(both).tables[0].refuse_unclear()


def test_a_missing_encoding_refuses_the_import(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = shapefile(tmp_path / "s", "cp1250", language=0x57)
    with pytest.raises(Refused, match=r"--encoding cp1250"):
        read_source(store, catalogue, path, Note())
    assert balanced(take(store, catalogue, path, encoding="cp1250"))
    assert column(store, "zoning", "plan").count("Gołuchów – Śródmieście") == 2


def test_texts_that_prove_to_be_utf8_are_still_asked_for(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = shapefile(tmp_path / "s", "utf-8")
    with pytest.raises(Refused, match=r"--encoding utf-8 \(.*Śródmieście.*\)$"):
        read_source(store, catalogue, path, Note())
    with pytest.raises(Refused, match=r"not in cp1250.*--encoding utf-8"):
        read_source(store, catalogue, path, Note(encoding="cp1250"))
    assert balanced(take(store, catalogue, path, encoding="utf-8"))


def test_a_stated_encoding_that_cannot_be_is_refused(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = shapefile(tmp_path / "s", "cp1250")
    for encoding in ("utf-8", "iso-8859-2", "ascii"):
        with pytest.raises(Refused, match=r"--encoding cp1250"):
            read_source(store, catalogue, path, Note(encoding=encoding))
    with pytest.raises(WrongUse, match=r"no such encoding"):
        read_source(store, catalogue, path, Note(encoding="polski"))


def test_a_table_left_out_needs_no_encoding(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", parts(shapefile(tmp_path / "s", "cp1250")))
    zipped(path, [parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])])
    report = take(store, catalogue, path, layer={"mpzp": "skip"})
    assert [load.table for load in report.loads] == ["dzialki"]
    assert report.left_out == ["mpzp"]


def test_plain_texts_need_no_encoding(tmp_path: Path) -> None:
    data = frame({"nazwa": ["a", "b", "c"]})
    path = saved(tmp_path / "s" / "a.shp", data, encoding="cp1250")
    path.with_suffix(".cpg").unlink()
    assert [row["nazwa"] for row in only(path)[1]] == ["a", "b", "c"]


def test_a_stated_encoding_leaves_utf8_alone(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, write(tmp_path / "a.gpkg", "mpzp", PLANS, SHAPES), encoding="cp1250")
    assert column(store, "zoning", "plan").count("Żegocin") == 1
    take(store, catalogue, as_shapefile(tmp_path / "s"), encoding="cp1250")
    assert column(store, "zoning", "plan").count("Żegocin") == 1


def test_the_encoding_is_saved_by_publisher(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = shapefile(tmp_path / "s", "cp1250")
    said = {"publisher": "Starostwo", "layer": {"mpzp": "zoning"}}
    take(store, catalogue, path, encoding="cp1250", **said)
    again = read_source(store, catalogue, path, Note(publisher="Starostwo"))
    assert again.note.encoding == "cp1250"
    assert again.loads[0].table.encoding == "cp1250"


def test_columns_with_polish_names_are_read(tmp_path: Path) -> None:
    path = saved(tmp_path / "s" / "a.shp", frame({"długość": ["a", "ż", "c"]}), encoding="cp1250")
    path.with_suffix(".cpg").unlink()
    source, rows = only(path, "cp1250")
    assert list(source.tables[0].columns) == ["długość"]
    assert [row["długość"] for row in rows] == ["a", "ż", "c"]


def test_a_csv_that_is_not_utf8_is_asked_for_its_encoding(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, parcels(tmp_path / "p.gpkg", LIST["dzialki"], [box(20 * n, 0) for n in range(3)]))
    path = text(tmp_path / "sse.csv", rows_of(LIST), encoding="cp1250")
    with pytest.raises(Refused, match=r"--encoding cp1250 \(.*Kamiennogórska"):
        read_source(store, catalogue, path, Note())
    take(store, catalogue, path, encoding="cp1250")
    assert column(store, "sez", "zone")[0] == "Łódzka"


# --- names that dBASE cuts off ---


def test_names_cut_to_ten_letters_are_known(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    data = frame({"numer_oferty": ["A", "B", "C"], "przeznaczenie": ["MN", "P", "U"], "nazwa_planu": ["a", "b", "c"]})
    path = saved(tmp_path / "s" / "mpzp.shp", data)
    report = take(store, catalogue, path)
    (load,) = report.loads
    fates = {one.column: (one.fate, one.field, one.reason) for one in load.columns}
    assert fates["przeznacze"] == ("loaded", "symbol", "cut")
    assert fates["nazwa_plan"] == ("loaded", "plan", "alias")
    assert [one["count"] for one in load.findings if one["type"] == "column_cut"] == [1]
    same = saved(tmp_path / "mpzp.fgb", data.rename(columns={"przeznaczenie": "przeznacze"}))
    plan = read_source(store, catalogue, same, Note(layer={"mpzp": "zoning"}))
    assert "cut" not in {one.reason for one in plan.loads[0].fates}


def test_a_name_that_fits_two_fields_once_cut_is_taken_for_neither(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    ids = [parcel_id(n) for n in (1, 2, 3)]
    data = frame({"id_dzialki": ids, "pole_ewidencyjne_m2": [1.0, 2.0, 3.0]})
    plan = read_source(store, catalogue, saved(tmp_path / "s" / "dzialki.shp", data), Note())
    assert dict(plan.loads[0].fit.columns) == {"id": "id_dzialki"}
