"""The same data in every format we read, and the short way from a file to its rows."""

import csv
import datetime as dt
import json
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import geopandas
import openpyxl
import pyogrio
import shapely

from gis_sites.intake.source import Source, open_source, read_table
from tests.intake.support import CRS, box, parcel_id, write

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
