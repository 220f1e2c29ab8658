"""Every format we read brings the same rows as a GeoPackage of the same data; what it does not say is asked for."""

import csv
import datetime as dt
import json
import shutil
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import geopandas
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused, WrongUse
from gis_sites.intake.note import Note
from gis_sites.intake.plan import read_source
from gis_sites.intake.report import LoadReport
from gis_sites.intake.source import Source, open_source, read_table
from gis_sites.store.connect import Store
from tests.intake.support import CRS, EAST, NORTH, balanced, box, counts, parcel_id, parcels, take, write
from tests.intake.test_load import column

PLANS: dict[str, list[Any]] = {
    "plan": ["Gołuchów – Śródmieście", "Gołuchów – Śródmieście", "Żegocin"],
    "ozn": ["1", "2", "001"],
    "symbol": ["1P/U", "MN", "U"],
    "wys_max": [12.5, 9.0, None],
    "do": ["", None, "x"],
}
SHAPES = [box(0, 0), box(20, 0, 10, 5), shapely.MultiPolygon([box(40, 0), box(60, 0)])]
LIST: dict[str, list[Any]] = {
    "id": ["0012", "0013", "123456789012345678"],
    "nazwa": ["Łódzka", "Kamiennogórska", "Łódzka"],
    "dzialki": [parcel_id("45/3"), parcel_id(7), parcel_id(8)],
    "obowiazuje_do": [dt.date(2026, 12, 31), dt.date(2030, 1, 1), None],
}


def frame(columns: dict[str, list[Any]] = PLANS, shapes: Sequence[Any] = SHAPES) -> geopandas.GeoDataFrame:
    """Return a table of features."""
    return geopandas.GeoDataFrame(columns, geometry=list(shapes), crs=CRS)


def saved(path: Path, data: geopandas.GeoDataFrame, **options: Any) -> Path:
    """Write features in the format that a name says."""
    path.parent.mkdir(exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names cut to ten letters
        pyogrio.write_dataframe(data, path, **options)
    return path


def geojson(path: Path, *, crs: Any = ..., shapes: Sequence[Any] = SHAPES) -> Path:
    """Write GeoJSON by hand, with any `crs` member."""
    features = [
        {"type": "Feature", "properties": dict(zip(PLANS, row, strict=True)), "geometry": shape.__geo_interface__}
        for row, shape in zip(zip(*PLANS.values(), strict=True), shapes, strict=True)
    ]
    member = {} if crs is ... else {"crs": crs}
    path.write_text(json.dumps({"type": "FeatureCollection", **member, "features": features}), encoding="utf-8")
    return path


def named(crs: str) -> dict[str, Any]:
    """Return the member by which older GeoJSON names a system."""
    return {"type": "name", "properties": {"name": crs}}


def shapefile(folder: Path, encoding: str = "utf-8", *, cpg: str | None = None, language: int = 0) -> Path:
    """Write a shapefile whose texts are in an encoding, declared as told."""
    path = saved(folder / "mpzp.shp", frame(), encoding=encoding)
    path.with_suffix(".cpg").unlink()
    if cpg:
        path.with_suffix(".cpg").write_text(cpg)
    raw = bytearray(path.with_suffix(".dbf").read_bytes())
    raw[29] = language
    path.with_suffix(".dbf").write_bytes(bytes(raw))
    return path


def zipped(path: Path, members: Iterable[Path], folder: str = "") -> Path:
    """Pack files."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.write(member, folder + member.name)
    return path


def parts(path: Path) -> list[Path]:
    """Return the files of one name."""
    return sorted(path.parent.glob(f"{path.stem}.*"))


def book(path: Path, **sheets: Iterable[Sequence[Any]]) -> Path:
    """Write a workbook."""
    made = openpyxl.Workbook()
    made.remove(made.active)  # type: ignore[arg-type]
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    made.save(path)
    return path


def rows_of(columns: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    """Return a table row by row, its header first."""
    return [tuple(columns), *zip(*columns.values(), strict=True)]


def text(path: Path, rows: Iterable[Sequence[Any]], delimiter: str = ";", encoding: str = "utf-8") -> Path:
    """Write a CSV."""
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def all_rows(source: Source, table: str) -> list[dict[str, Any]]:
    """Read a table whole."""
    names = list(source.by_name[table].columns)
    return [row for batch in read_table(source, table, names) for row in batch.to_pylist()]


def only(path: Path, encoding: str | None = None) -> tuple[Source, list[dict[str, Any]]]:
    """Open a source of one table and read it."""
    source = open_source(path, encoding)
    (table,) = source.tables
    return source, all_rows(source, table.name)


# --- the same rows, whatever the format ---


def as_shapefile(folder: Path) -> Path:
    return saved(folder / "mpzp.shp", frame())


def as_cp1250(folder: Path) -> Path:
    return shapefile(folder, "cp1250", cpg="1250")


def as_dbase_1250(folder: Path) -> Path:
    return shapefile(folder, "cp1250", language=0xC8)


def as_geojson(folder: Path) -> Path:
    return geojson(folder / "mpzp.geojson", crs=named("urn:ogc:def:crs:EPSG::2177"))


def as_flatgeobuf(folder: Path) -> Path:
    return saved(folder / "mpzp.fgb", frame())


def as_zip(folder: Path) -> Path:
    return zipped(folder / "dane.zip", parts(saved(folder / "mpzp.shp", frame())), "dane/")


def as_zipped_package(folder: Path) -> Path:
    return zipped(folder / "dane.zip", [write(folder / "x.gpkg", "mpzp", PLANS, SHAPES)])


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


def as_csv(folder: Path) -> Path:
    return text(folder / "sse.csv", rows_of(LIST))


def as_commas_with_a_mark(folder: Path) -> Path:
    return text(folder / "sse.csv", rows_of(LIST), ",", "utf-8-sig")


def as_unicode_text(folder: Path) -> Path:
    return text(folder / "sse.txt", rows_of(LIST), "\t", "utf-16")


def as_workbook(folder: Path) -> Path:
    return book(folder / "strefy.xlsx", sse=rows_of(LIST))


def as_unnamed_sheet(folder: Path) -> Path:
    return book(folder / "sse.xlsx", Arkusz1=rows_of(LIST), Arkusz2=[])


def as_zipped_lists(folder: Path) -> Path:
    return zipped(folder / "listy.zip", [as_workbook(folder)], "2026/")


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
def test_an_encoding_that_is_not_told_is_asked_for(
    store: Store, catalogue: Catalogue, tmp_path: Path, language: int, cpg: str | None
) -> None:
    path = shapefile(tmp_path / "s", "cp1250", cpg=cpg, language=language)
    with pytest.raises(Refused) as refusal:
        read_source(store, catalogue, path, Note())
    for lang in ("pl", "en"):
        said = refusal.value.sentence(lang)
        assert "mpzp.shp" in said
        assert "--encoding cp1250 (" in said
        assert "Śródmieście" in said
        assert "utf-8" not in said  # they are not
    report = take(store, catalogue, path, encoding="Windows-1250")
    assert column(store, "zoning", "plan").count("Gołuchów – Śródmieście") == 2
    assert balanced(report)


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


# --- archives with several tables ---


def test_every_table_of_an_archive_is_shown(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "paczka.zip"
    zipped(path, parts(saved(tmp_path / "a" / "mpzp.shp", frame())), "obreb_1/")
    zipped(path, parts(saved(tmp_path / "b" / "mpzp.shp", frame({**PLANS, "plan": ["x", "y", "z"]}))), "obreb_2/")
    zipped(path, [parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])])
    (tmp_path / "opis.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "mpzp.qml").write_text("<qgis/>")
    zipped(path, [tmp_path / "opis.pdf", tmp_path / "mpzp.qml"])
    source = open_source(path)
    assert [table.name for table in source.tables] == ["obreb_1/mpzp", "obreb_2/mpzp", "dzialki"]
    report = take(store, catalogue, path)
    assert balanced(report)
    assert {load.table: load.rows.loaded for load in report.loads} == {
        "dzialki": 1,
        "obreb_1/mpzp": 3,
        "obreb_2/mpzp": 3,
    }
    assert report.left_out == ["opis.pdf"]


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


# --- what ends in a sentence ---


def _without(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = as_shapefile(folder)
        path.with_suffix(suffix).unlink()
        return path

    return make


def _cut(suffix: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = as_shapefile(folder)
        part = path.with_suffix(suffix)
        part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
        return path

    return make


def _uneven(folder: Path) -> Path:
    path = as_shapefile(folder)
    other = saved(folder / "other.shp", frame().iloc[:2])
    shutil.copy(other.with_suffix(".dbf"), path.with_suffix(".dbf"))
    return path


def _twins(folder: Path) -> Path:
    path = saved(folder / "a.shp", frame({"aa": ["1", "2", "3"], "bb": ["1", "2", "3"]}))
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"bb\0", b"AA\0"))
    return path


def _broken(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
    def broken(folder: Path) -> Path:
        path = make(folder)
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        return path

    return broken


def _written(name: str, content: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_text(content)
        return folder / name

    return make


def _sheet(*rows: Sequence[Any]) -> Callable[[Path], Path]:
    return lambda folder: book(folder / "a.xlsx", t=rows)


def _incomplete_zip(folder: Path) -> Path:
    path = as_shapefile(folder)
    return zipped(folder / "a.zip", [path, path.with_suffix(".shx")])


TWIN_KEYS = '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"ID":1,"id":2},"geometry":null}]}'


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_without(".shx"), r"mpzp\.shp lacks its \.shx"),
        (_without(".dbf"), r"mpzp\.shp lacks its \.dbf"),
        (_incomplete_zip, r"mpzp\.shp lacks its \.dbf"),
        (_cut(".shp"), r"mpzp\.shp is cut off: its \.shp"),
        (_cut(".shx"), r"mpzp\.shp is cut off: its \.shx"),
        (_cut(".dbf"), r"mpzp\.shp is cut off: its \.dbf"),
        (_uneven, r"3 shapes and 2 rows"),
        (_twins, r"columns of one name: aa, AA"),
        (_broken(as_geojson), r"mpzp\.geojson cannot be read"),
        (_broken(as_flatgeobuf), r"mpzp\.fgb cannot be read"),
        (_broken(as_workbook), r"strefy\.xlsx cannot be read"),
        (_broken(as_zip), r"dane\.zip cannot be read"),
        (_written("a.geojson", TWIN_KEYS), r"columns of one name: ID, id"),
        (_written("a.geojson", '{"type": "Topology", "objects": {}, "arcs": []}'), r"a\.geojson cannot be read"),
        (_written("a.geojson", "<html>"), r"a\.geojson is called \.geojson"),
        (_written("a.csv", "<html>Zaloguj</html>"), r"a\.csv is called \.csv"),
        (_written("a.csv", ""), r"a\.csv is empty"),
        (_written("a.csv", "\n\n"), r"a\.csv is empty"),
        (_written("a.csv", "id;ID\n1;2\n"), r"columns of one name: id, ID"),
        (_written("a.csv", "id;x\n1;2\n3\n"), r"record 3 of a\.csv has 1 cells, and the header has 2"),
        (_written("a.csv", "id;x\n1;2;3\n"), r"record 2 of a\.csv has 3 cells"),
        (_written("a.csv", "wykaz\nid;x\n1;2\n"), r"cannot be told what parts"),
        (_written("a.csv", "a;b,c;d\n1;2,3;4\n"), r"cannot be told what parts"),
        (_written("a.dbf", "x"), r"import the \.shp"),
        (_written("a.kml", "<kml/>"), r"a\.kml is of no format"),
        (_sheet(), r"holds no table"),
        (_sheet(("id", "Id"), (1, 2)), r"columns of one name: id, Id"),
        (_sheet(("Wykaz działek",), ("id", "nr", "pow"), (1, 2, 3)), r"no header: it names Wykaz działek, and 3"),
        (lambda folder: zipped(folder / "a.zip", [_written("a.pdf", "x")(folder)]), r"holds: a\.pdf"),
    ],
)
def test_what_cannot_be_read_ends_in_a_sentence(tmp_path: Path, make: Callable[[Path], Path], sentence: str) -> None:
    path = make(tmp_path)
    with pytest.raises(Refused, match=sentence) as refusal:
        only(path)
    assert "{" not in refusal.value.sentence("pl").replace("{8}", "")


def test_an_empty_table_is_loaded_and_said_so(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = saved(tmp_path / "s" / "mpzp.shp", frame().iloc[:0], geometry_type="Polygon")
    report = take(store, catalogue, path)
    assert balanced(report)
    assert counts(report.loads[0])["table_empty"] == 1
    assert report.loads[0].rows.read == 0


def test_an_empty_list_is_loaded_and_said_so(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = text(tmp_path / "sse.csv", [tuple(LIST)])
    report = take(store, catalogue, path)
    assert _found(report.loads[0], "table_empty") == 1


def _found(load: LoadReport, kind: str) -> int:
    return counts(load).get(kind, 0)


@pytest.mark.parametrize("name", ["mpzp.shp", "mpzp.geojson", "mpzp.fgb"])
def test_a_table_without_columns_is_told_apart_by_nothing(
    store: Store, catalogue: Catalogue, tmp_path: Path, name: str
) -> None:
    path = saved(tmp_path / "s" / name, geopandas.GeoDataFrame(geometry=[box(0, 0)], crs=CRS))
    with pytest.raises(Refused, match=r"mpzp"):
        read_source(store, catalogue, path, Note())


def test_a_shapefile_is_known_by_all_its_files(tmp_path: Path) -> None:
    path = as_shapefile(tmp_path)
    before = open_source(path)
    raw = path.with_suffix(".dbf").read_bytes()
    path.with_suffix(".dbf").write_bytes(raw.replace(b"MN", b"MW"))
    assert open_source(path).sha256 != before.sha256
    with pytest.raises(Refused, match="was changed"):
        list(read_table(before, "mpzp", []))


def test_capitals_of_a_shapefiles_names_do_not_matter(tmp_path: Path) -> None:
    path = as_shapefile(tmp_path)
    path.with_suffix(".dbf").rename(tmp_path / "MPZP.DBF")
    path.with_suffix(".cpg").rename(tmp_path / "mpzp.Cpg")
    path.rename(tmp_path / "mpzp.SHP")
    assert [row["plan"] for row in only(tmp_path / "mpzp.SHP")[1]] == PLANS["plan"]


def test_nothing_is_written_beside_a_file(tmp_path: Path) -> None:
    for make in (as_shapefile, as_geojson, as_flatgeobuf, as_csv, as_workbook):
        folder = tmp_path / make.__name__
        folder.mkdir()
        path = make(folder)
        before = {one.name: one.read_bytes() for one in folder.iterdir()}
        only(path)
        assert {one.name: one.read_bytes() for one in folder.iterdir()} == before


def test_curves_of_a_flatgeobuf_become_lines(tmp_path: Path) -> None:
    ring = [(0, 0), (1, 1), (2, 0), (1, -1), (0, 0)]
    points = b"".join(struct.pack("<dd", EAST + x, NORTH + y) for x, y in ring)
    wkb = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 8, 5) + points
    path = tmp_path / "a.fgb"
    pyogrio.raw.write(
        path,
        geometry=pd.Series([shapely.to_wkb(box(0, 0)), wkb], dtype=object).to_numpy(),
        field_data=[pd.Series(["a", "b"], dtype=object).to_numpy()],
        fields=["id"],
        geometry_type="Unknown",
        crs=CRS,
    )
    rows = {row["id"]: row for row in only(path)[1]}
    assert (rows["a"]["__curved"], rows["b"]["__curved"]) == (False, True)
    assert shapely.from_wkb(rows["b"]["__wkb"]).area == pytest.approx(3.1416, rel=1e-2)
