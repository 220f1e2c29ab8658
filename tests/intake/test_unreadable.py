"""What cannot be read, or holds nothing, ends in a sentence."""

import shutil
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import pyogrio
import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused
from gis_sites.intake.note import Note
from gis_sites.intake.plan import read_source
from gis_sites.intake.report import LoadReport
from gis_sites.intake.source import open_source, read_table
from gis_sites.store.connect import Store
from tests.intake.format_files import (
    LIST,
    PLANS,
    as_csv,
    as_flatgeobuf,
    as_geojson,
    as_shapefile,
    as_workbook,
    as_zip,
    book,
    frame,
    only,
    saved,
    text,
    zipped,
)
from tests.intake.support import CRS, EAST, NORTH, balanced, box, counts, take

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
    assert counts(report.loads[0])["no_part"] == 1  # it is rows that say which plan they are of
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
