"""Every format we read brings the same rows as a GeoPackage of the same data."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused
from gis_sites.intake.source import open_source, read_table
from gis_sites.store.connect import Store
from tests.intake.format_files import (
    LIST,
    PLANS,
    SHAPES,
    as_commas_with_a_mark,
    as_cp1250,
    as_csv,
    as_dbase_1250,
    as_flatgeobuf,
    as_geojson,
    as_shapefile,
    as_unicode_text,
    as_unnamed_sheet,
    as_workbook,
    as_zip,
    as_zipped_lists,
    as_zipped_package,
    book,
    frame,
    geojson,
    only,
    parts,
    rows_of,
    saved,
    text,
    zipped,
)
from tests.intake.support import CRS, balanced, box, counts, parcel_id, parcels, take, write
from tests.intake.test_load import column

# --- the same rows, whatever the format ---


@pytest.mark.parametrize(
    "make",
    [as_shapefile, as_cp1250, as_dbase_1250, as_geojson, as_flatgeobuf, as_zip, as_zipped_package],
)
def test_features_are_the_same_in_every_format(
    store: Store, catalogue: Catalogue, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    take(store, catalogue, write(tmp_path / "first.gpkg", "mpzp", PLANS, SHAPES))
    folder = tmp_path / "other"
    folder.mkdir()
    report = take(store, catalogue, make(folder))
    assert balanced(report)
    (load,) = report.loads
    assert (load.table, load.layer, load.crs) == ("mpzp", "zoning", CRS)
    assert load.changes.new["unchanged"] == load.rows.read == 3
    assert load.changes.old == {**dict.fromkeys(load.changes.old, 0), "kept": 3}


@pytest.mark.parametrize(
    "make",
    [as_csv, as_commas_with_a_mark, as_unicode_text, as_workbook, as_unnamed_sheet, as_zipped_lists],
)
def test_lists_are_the_same_in_every_format(
    store: Store, catalogue: Catalogue, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    shapes = [box(20 * n, 0) for n in range(3)]
    take(store, catalogue, parcels(tmp_path / "p.gpkg", LIST["dzialki"], shapes))
    take(store, catalogue, write(tmp_path / "first.gpkg", "sse", LIST, None))
    folder = tmp_path / "other"
    folder.mkdir()
    report = take(store, catalogue, make(folder))
    assert balanced(report)
    (load,) = report.loads
    assert (load.table, load.layer) == ("sse", "sez")
    assert load.changes.new["unchanged"] == load.rows.read == 3
    assert "value_repaired" not in counts(load)
    assert column(store, "sez", "id") == ["0012", "0013", "123456789012345678"]
    assert column(store, "sez", "zone")[0] == "Łódzka"


def test_degrees_of_a_plain_geojson_are_moved(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    degrees = frame().to_crs("EPSG:4326").geometry
    report = take(store, catalogue, geojson(tmp_path / "mpzp.geojson", shapes=list(degrees)))
    assert balanced(report)
    assert report.loads[0].crs == "EPSG:4326"
    assert report.loads[0].rows.loaded == 3
    assert column(store, "zoning", "plan").count("Żegocin") == 1


# --- archives with several tables ---


def test_every_table_of_an_archive_is_shown(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "paczka.zip"
    zipped(path, parts(saved(tmp_path / "a" / "mpzp.shp", frame())), "obreb_1/")
    zipped(path, parts(saved(tmp_path / "b" / "mpzp.shp", frame({**PLANS, "plan": ["x", "y", "z"]}))), "obreb_2/")
    zipped(path, [parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])])
    (tmp_path / "opis.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "czytaj.txt").write_text("Uklad 2000")
    (tmp_path / "mpzp.qml").write_text("<qgis/>")
    zipped(path, [tmp_path / "opis.pdf", tmp_path / "czytaj.txt", tmp_path / "mpzp.qml"])
    source = open_source(path)
    assert [table.name for table in source.tables] == ["obreb_1/mpzp", "obreb_2/mpzp", "dzialki"]
    report = take(store, catalogue, path)
    assert balanced(report)
    assert {load.table: load.rows.loaded for load in report.loads} == {
        "dzialki": 1,
        "obreb_1/mpzp": 3,
        "obreb_2/mpzp": 3,
    }
    assert report.left_out == ["opis.pdf", "czytaj.txt"]


def test_a_workbook_brings_every_sheet(tmp_path: Path) -> None:
    path = book(tmp_path / "wykaz.xlsx", sse=rows_of(LIST), Arkusz1=rows_of(LIST), Arkusz2=[])
    assert [table.name for table in open_source(path).tables] == ["sse", "wykaz/Arkusz1"]


def test_unpacked_files_are_gone_with_their_source(tmp_path: Path) -> None:
    source = open_source(as_zip(tmp_path))
    folder = Path(source.tables[0].file.path).parent
    assert folder.exists()
    del source
    assert not folder.exists()


# --- cells of lists ---


def test_cells_of_a_workbook_are_spelt_as_they_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    book(
        path,
        t=[
            ("id", "nr", "p", "d", "czas", "f"),
            ("007", 7, 0.1, dt.date(2024, 12, 31), dt.datetime(2024, 1, 2, 3, 4), True),
        ],
    )
    made = openpyxl.load_workbook(path)
    sheet = made["t"]
    sheet["B2"].number_format = "0000"
    sheet["A5"], sheet["B5"] = "306101_1.0012.45/3", 12.0
    made.save(path)
    rows = only(path)[1]
    assert rows[0] == {
        "__row": 2,
        "id": "007",
        "nr": "0007",
        "p": "0.1",
        "d": "2024-12-31",
        "czas": "2024-01-02 03:04:00",
        "f": "true",
    }
    assert (rows[1]["__row"], rows[1]["id"], rows[1]["nr"]) == (5, "306101_1.0012.45/3", "12")


def test_cells_of_a_csv_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('sep=;\nid;pow;opis\r\n007;0,2420;"a; ""b""\nc"\r\n;;\r\n8;1 234,5;5" rura\r\n', encoding="utf-8")
    assert only(path)[1] == [
        {"__row": 2, "id": "007", "pow": "0,2420", "opis": 'a; "b"\nc'},
        {"__row": 4, "id": "8", "pow": "1 234,5", "opis": '5" rura'},
    ]


def test_what_breaks_a_line_within_a_cell_does_not_end_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id;nazwa\u2028działki;opis\r\n1;a;b\r\n".encode())
    assert only(path)[1] == [{"__row": 2, "id": "1", "nazwa\u2028działki": "a", "opis": "b"}]


def test_lists_of_a_geojson_are_written_with_commas(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    properties = {"dzialki": ["1/2", "3"], "n": [1, 2], "mix": "x", "data": "2024-01-01"}
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": [18.1, 51.7]}}
    other = {**feature, "properties": {**properties, "mix": 5}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature, other]}))
    rows = only(path)[1]
    assert {name: rows[0][name] for name in properties} == {
        "dzialki": "1/2, 3",
        "n": "1, 2",
        "mix": "x",
        "data": "2024-01-01",
    }
    assert rows[1]["mix"] == "5"


def test_a_single_column_needs_no_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n2\n")
    assert [row["id"] for row in only(path)[1]] == ["1", "2"]


def test_long_lists_come_in_batches(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", [("id", "x"), *((n, "ż" * 20) for n in range(120_000))])
    source = open_source(path)
    sizes = [batch.num_rows for batch in read_table(source, "a", ["x"])]
    assert source.tables[0].rows == sum(sizes) == 120_000
    assert max(sizes) <= 16_384
    big = book(tmp_path / "b.xlsx", t=[("id",), *((n,) for n in range(20_000))])
    batches = list(read_table(open_source(big), "t", ["id"]))
    assert [batch.num_rows for batch in batches] == [16_384, 20_000 - 16_384]
    assert batches[1].column("__row")[0].as_py() == 16_386


def test_lines_of_a_list_are_one_zone_of_all_their_parcels(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    ids = [parcel_id(number) for number in (1, 2, 3)]
    take(store, catalogue, parcels(tmp_path / "p.gpkg", ids, [box(20 * n, 0) for n in range(3)]))
    header = ("Nazwa strefy", "Podstrefa", "Identyfikator działki", "Data do")
    rows = [("ŁSSE", "Kalisz", one, "31.12.2026") for one in ids]
    (load,) = take(store, catalogue, text(tmp_path / "sse.csv", [header, *rows], encoding="utf-8-sig")).loads
    assert (load.rows.read, load.rows.loaded, load.set_aside) == (3, 1, {"joined": 2})
    assert column(store, "sez", "parcels") == ["; ".join(ids)]
    rows[2] = ("ŁSSE", "Kalisz", ids[2], "31.12.2030")
    (load,) = take(
        store, catalogue, text(tmp_path / "sse.csv", [header, *rows], encoding="utf-8-sig"), allow_shrink=True
    ).loads
    assert (load.rows.loaded, load.rows.rejected, counts(load)["key_conflict"]) == (0, 3, 3)


def test_a_list_without_a_column_of_parcels_is_asked_for_it(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = text(tmp_path / "sse.csv", [("Podstrefa", "co"), ("Kalisz", parcel_id(1))])
    with pytest.raises(Refused, match=r"parcels.*--column") as refused:
        take(store, catalogue, path, layer={"sse": "sez"})
    assert "sse.KOLUMNA=sez.POLE" in refused.value.sentence("pl")


def test_a_list_is_never_said_to_have_the_geometry_of_its_layer(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = text(tmp_path / "oferty.csv", [("Nr oferty", "Działki"), ("O-1", parcel_id(1))])
    (load,) = take(store, catalogue, path, dry_run=True).loads
    assert load.layer == "offer"
    assert not any("geometr" in reason for reason in load.reasons)
