"""Cells that are no numbers or days, in formats where GDAL would take them for some: read as they are written."""

from datetime import date
from pathlib import Path

import fiona
import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import mapping

from gis_sites.catalogue import Catalogue
from gis_sites.intake.dbase import Field, _plain
from gis_sites.store.connect import Store
from tests.intake.support import box, column, counts, parcel_id, parcels, sql, take, write

NUMBER, DAY = b"8888.125", b"20880808"
"""What stands in every cell until it is written over."""


def shapefile(path: Path, cells: list[tuple[str, str]]) -> Path:
    """Write parcels whose areas and days are those cells, byte by byte."""
    columns = {"id": "str:40", "pole": "float:12.3", "ile": "int:12", "dzien": "date", "nazwa": "str:20"}
    schema = {"geometry": "Polygon", "properties": columns}
    with fiona.open(path, "w", driver="ESRI Shapefile", crs="EPSG:2177", schema=schema, encoding="UTF-8") as made:
        for number, _ in enumerate(cells):
            shape = mapping(box(20 * number, 0))
            values = {"id": parcel_id(number), "pole": 8888.125, "ile": 3, "dzien": "2088-08-08", "nazwa": "Żółw"}
            made.write({"geometry": shape, "properties": values})
    table = path.with_suffix(".dbf")
    raw = table.read_bytes()
    for area, day in cells:
        raw = raw.replace(NUMBER.rjust(12), area.encode("cp1250").rjust(12), 1).replace(DAY, day.encode().ljust(8), 1)
    table.write_bytes(raw)
    return path


def test_numbers_of_a_shapefile_are_read_as_written(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    """GDAL would make 12 of "12,5", 0 of "brak" and 1 of "1 234,5"."""
    areas = ["12,5", "brak", "", "*" * 12, "1\xa0234,5", "1.25e+02", "7", "12.5.3"]
    path = shapefile(tmp_path / "dzialki.shp", [(area, "20240229") for area in areas])
    report = take(store, catalogue, path, layer={"dzialki": "parcel"},
                  column={"dzialki.id": "parcel.id", "dzialki.pole": "parcel.registered_area_ha"})  # fmt: skip
    ids = [parcel_id(number) for number in range(len(areas))]
    read = dict(zip(column(store, "parcel", "id"), column(store, "parcel", "registered_area_ha"), strict=True))
    assert [read[one] for one in ids] == [12.5, None, None, None, 1234.5, 125, 7, None]
    assert counts(report.loads[0])["value_unreadable"] == 2


def test_days_of_a_shapefile_are_read_as_written(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    """GDAL would make some other day of one that no calendar has."""
    days = ["20240229", "20230229", "20241399", "00000000", "", "20201231", "19700101", "12.01.20", "brak"]
    path = shapefile(tmp_path / "mpzp.shp", [("1", day) for day in days])
    report = take(store, catalogue, path, layer={"mpzp": "zoning"},
                  column={"mpzp.dzien": "zoning.in_force_to", "mpzp.nazwa": "zoning.symbol"})  # fmt: skip
    read = dict(zip(column(store, "zoning", "source_row"), column(store, "zoning", "in_force_to"), strict=True))
    leap, last, first = date(2024, 2, 29), date(2020, 12, 31), date(1970, 1, 1)
    assert [read[row] for row in sorted(read)] == [leap, None, None, None, None, last, first, None, None]
    assert counts(report.loads[0])["value_unreadable"] == 4


def test_a_moment_of_a_flatgeobuf_that_is_none_is_not_1970(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    """FlatGeobuf keeps moments as texts, which may say anything."""
    frame = geopandas.GeoDataFrame(
        {"symbol": list("abc"), "do": pd.to_datetime(["2088-08-08", "1970-01-01", "2020-12-31"])},
        geometry=[box(20 * number, 0) for number in range(3)], crs=2177,
    )  # fmt: skip
    path = tmp_path / "mpzp.fgb"
    pyogrio.write_dataframe(frame, path, driver="FlatGeobuf", SPATIAL_INDEX="NO")
    path.write_bytes(path.read_bytes().replace(b"2088-08-08T00:00:00", b"31 grudnia nieznany"))
    options = {"layer": {"mpzp": "zoning"}, "column": {"mpzp.do": "zoning.in_force_to", "mpzp.symbol": "zoning.symbol"}}
    report = take(store, catalogue, path, **options)
    read = dict(zip(column(store, "zoning", "symbol"), column(store, "zoning", "in_force_to"), strict=True))
    assert read == {"a": None, "b": date(1970, 1, 1), "c": date(2020, 12, 31)}
    assert counts(report.loads[0])["value_unreadable"] == 1


@given(cells=st.lists(st.text("0129.,+-eE *ab", max_size=9), min_size=1, max_size=40), whole=st.booleans())
def test_plain_numbers_are_those_that_python_reads_too(cells: list[str], whole: bool) -> None:
    raw = np.array([list(cell.encode().ljust(9)) for cell in cells], dtype=np.uint8)
    field = Field(b"n", b"N", 0 if whole else 3, slice(0, 9))
    assert _plain(raw, field).tolist() == [python_reads(cell, whole=whole) for cell in cells]


def python_reads(cell: str, *, whole: bool) -> bool:
    said = cell.strip(" ")
    if not said or cell.ljust(9) == "*" * 9:
        return True
    try:
        return (int(said) if whole else float(said)) is not None
    except ValueError:
        return False


@pytest.mark.parametrize("kind", ["DATE", "DATETIME"])
def test_a_text_that_is_no_day_is_not_the_first_of_january_1970(
    store: Store, catalogue: Catalogue, tmp_path: Path, kind: str
) -> None:
    days = ["", " ", "brak", "2020-12-31", "1970-01-01", None, "0000-00-00"]
    cells = {"symbol": ["1P"] * 7, "ozn": list("abcdefg"), "obowiazuje_do": [pd.Timestamp("2020-01-01")] * 7}
    path = write(tmp_path / "p.gpkg", "mpzp", cells, [box(20 * n, 0) for n in range(7)])
    typed = f"UPDATE sqlite_master SET sql = replace(sql, 'DATETIME', '{kind}') WHERE name = 'mpzp'"
    sql(path, "PRAGMA writable_schema = ON", typed)
    said = ((name, "NULL" if day is None else f"'{day}'") for name, day in zip("abcdefg", days, strict=True))
    sql(path, *(f"UPDATE mpzp SET obowiazuje_do = {day} WHERE ozn = '{name}'" for name, day in said))
    report = take(store, catalogue, path, layer={"mpzp": "zoning"}, column={"mpzp.obowiazuje_do": "zoning.in_force_to"})
    read = dict(zip(column(store, "zoning", "source_row"), column(store, "zoning", "in_force_to"), strict=True))
    assert [read[row] for row in sorted(read)] == [None, None, None, date(2020, 12, 31), date(1970, 1, 1), None, None]
    assert counts(report.loads[0])["value_unreadable"] == 2


def test_a_text_in_a_column_of_numbers_is_read_as_it_is_written(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    """SQLite keeps any text in a REAL column; GDAL would make 12 of "12,5" and 0 of ""."""
    areas = ["12,5", "", "brak", 0.1, None, "1 234,5", 7]
    ids = [parcel_id(number) for number in range(7)]
    path = parcels(tmp_path / "p.gpkg", ids, [box(20 * n, 0) for n in range(7)], pole_powierzchni=[2.0] * 7)
    said = ((name, "NULL" if one is None else repr(one)) for name, one in zip(ids, areas, strict=True))
    sql(path, *(f"UPDATE dzialki SET pole_powierzchni = {one} WHERE id_dzialki = {name!r}" for name, one in said))
    report = take(store, catalogue, path)
    read = dict(zip(column(store, "parcel", "id"), column(store, "parcel", "registered_area_ha"), strict=True))
    assert [read[one] for one in ids] == [12.5, None, None, 0.1, None, 1234.5, 7]
    assert counts(report.loads[0])["value_unreadable"] == 1
