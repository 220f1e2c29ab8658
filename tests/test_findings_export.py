"""The findings of a load as a GeoPackage: whole, masked, and such that QGIS opens it."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from typer.testing import CliRunner

from gis_sites.catalogue import Catalogue
from gis_sites.cli import app
from gis_sites.errors import NotFound, WrongUse
from gis_sites.findings import Finding, FindingType
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.maps.findings_file import COLUMNS, LAYERS, NOWHERE, export_findings
from gis_sites.settings import Settings
from gis_sites.store.connect import Store
from gis_sites.store.loads import Noticed
from tests.intake.support import EAST, NORTH, box, line, parcel_id, parcels, take, write

ABOUT = {"load": "1", "source": "dzialki.gpkg"}


def read(path: Path, layer: str) -> Any:
    """Read a layer of a file."""
    return pyogrio.read_dataframe(path, layer=layer)


def layers(path: Path) -> dict[str, str | None]:
    """Return the layers of a file and what geometry each has."""
    return {str(name): None if kind is None else str(kind) for name, kind in pyogrio.list_layers(path)}


def noticed(kind: FindingType, shape: shapely.Geometry | None = None, **values: Any) -> Noticed:
    """Return a finding, somewhere or nowhere."""
    wkb = None if shape is None else shapely.to_wkb(shape)
    return Noticed("parcel", "dzialki", Finding(kind, 7, "306101_1.0012.1", None, values), wkb)


@pytest.fixture
def load(store: Store, catalogue: Catalogue, tmp_path: Path) -> int:
    """A load that noticed something of every kind of place."""
    spiky = box(100, 0).union(
        shapely.Polygon([(EAST + 110, NORTH + 5), (EAST + 160, NORTH + 5), (EAST + 110, NORTH + 5.1)])
    )
    shapes = [box(0, 0), box(9, 0), spiky, None, line((0, 0), (5, 5)), box(300, 0)]
    ids = [*(parcel_id(n + 1) for n in range(5)), "brak"]
    path = parcels(tmp_path / "p.gpkg", ids, shapes, uwagi=["80010112345"] * 6)
    report = take(store, catalogue, path)
    assert report.load is not None
    return report.load


def test_every_finding_is_in_the_layer_of_its_place(
    store: Store, catalogue: Catalogue, load: int, tmp_path: Path
) -> None:
    inventory = Inventory(store, catalogue)
    path = inventory.export_findings(load, tmp_path / "f.gpkg")
    kinds = layers(path)
    assert kinds == {
        "findings_points": "MultiPoint",
        "findings_lines": "MultiLineString",
        "findings_polygons": "MultiPolygon",
        NOWHERE: None,
        "layer_styles": None,
    }
    rows = [row for name in (*LAYERS, NOWHERE) for row in read(path, name).to_dict("records")]
    said = Counter((row["type"], row["sentence_pl"], row["mend_en"]) for row in rows)
    found = [one.finding for one in inventory.findings(load)]
    assert said == Counter((one.type.word, one.sentence("pl"), one.type.mend("en")) for one in found)
    assert {row["type"] for row in read(path, "findings_points").to_dict("records")} == {"spike"}
    assert {row["type"] for row in read(path, "findings_lines").to_dict("records")} == {"geometry_type"}
    assert "geometry_missing" in set(read(path, NOWHERE)["type"])
    polygons = read(path, "findings_polygons").set_index("type")
    assert polygons.crs.to_epsg() == 2177
    over = polygons.loc["overlap"]
    assert (over["severity"], over["row"], over["key"], over["layer"]) == ("warning", 1, parcel_id(1), "parcel")
    assert over["geometry"].bounds == pytest.approx((EAST + 9, NORTH, EAST + 10, NORTH + 10))
    assert "80010112345" not in path.read_bytes().decode("latin-1")


def test_what_is_not_public_stays_masked(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shapes = [box(0, 0), box(5, 0)]
    columns = {"lokalnyId": ["TAJNE-1", "TAJNE-2"], "przestrzenNazw": ["NS", "NS"], "symbol": ["SP", "SP"]}
    path = write(tmp_path / "pog.gpkg", "StrefaPlanistyczna", columns, shapes)
    report = take(store, catalogue, path, layer={"StrefaPlanistyczna": ["general_plan"]})
    assert report.load is not None
    file = Inventory(store, catalogue).export_findings(report.load, tmp_path / "f.gpkg", lang="en")
    (row,) = [one for one in read(file, "findings_polygons").to_dict("records") if one["type"] == "overlap"]
    assert (row["key"], row["row"]) == ("***", 1)
    assert row["sentence_en"] == "row 1 (***): overlaps *** (row 2) by 50 m²"
    assert b"TAJNE" not in file.read_bytes()


def test_qgis_finds_a_style_for_every_layer_with_places(tmp_path: Path) -> None:
    path = tmp_path / "f.gpkg"
    some = [
        noticed(FindingType.GEOMETRY_NO_AREA, shapely.box(0, 0, 1, 1)),
        noticed(FindingType.SPIKE, shapely.Point(1, 2), length=1, degrees=0),
    ]
    export_findings(some, path, crs="EPSG:2177", about=ABOUT)
    with closing(sqlite3.connect(path)) as db:
        styles = db.execute(
            "SELECT f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleQML, useAsDefault "
            "FROM layer_styles"
        ).fetchall()
        columns = dict(db.execute("SELECT table_name, column_name FROM gpkg_geometry_columns").fetchall())
        ids = [row[1] for row in db.execute("PRAGMA table_info(layer_styles)") if row[5]]
    assert ids == ["id"]
    assert {row[2]: row[3] for row in styles} == columns
    assert {row[2] for row in styles} == {"findings_points", "findings_polygons"}
    for *place, _, _, qml, default in styles:
        assert place == ["", ""]
        assert default == 1
        tree = ElementTree.fromstring(qml[qml.index("<qgis") :])
        assert [one.get("value") for one in tree.iter("category")] == ["error", "warning", "note"]
        assert len({one.get("value") for one in tree.iter("Option") if one.get("name") == "color"}) == 3
        assert len(list(tree.iter("symbol"))) == 3


def test_collections_and_broken_outlines_have_a_place_too(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    mixed = shapely.GeometryCollection([shapely.Point(0, 0), shapely.LineString([(0, 0), (3, 3)])])
    said = {"reason": "x", "method": "y", "before": 1, "after": 2}
    some = [
        noticed(FindingType.GEOMETRY_CHANGED_TOO_MUCH, bow_tie, **said),
        noticed(FindingType.GEOMETRY_TYPE, mixed, found="GeometryCollection", wanted="polygon"),
        noticed(FindingType.GEOMETRY_NO_AREA, shapely.Polygon()),
    ]
    path = tmp_path / "f.gpkg"
    export_findings(some, path, crs="EPSG:2177", about=ABOUT)
    assert read(path, "findings_polygons").geometry[0].equals_exact(shapely.MultiPolygon([bow_tie]))
    assert read(path, "findings_lines").geometry[0].length == pytest.approx(3 * 2**0.5)
    assert read(path, NOWHERE)["type"].tolist() == ["geometry_no_area"]


def test_a_load_that_noticed_nothing_is_an_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "f.gpkg"
    export_findings([], path, crs="EPSG:2177", about=ABOUT)
    assert layers(path) == {NOWHERE: None}
    info = pyogrio.read_info(path, layer=NOWHERE)
    assert (info["features"], list(info["fields"])) == (0, list(COLUMNS))
    assert info["layer_metadata"]["source"] == "dzialki.gpkg"


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.gpkg"
    path.write_text("something else")
    export_findings([noticed(FindingType.GEOMETRY_NO_AREA)], path, crs="EPSG:2177", about=ABOUT)
    assert layers(path) == {NOWHERE: None}

    def fail(*_: object, **__: object) -> None:
        raise OSError("full")

    monkeypatch.setattr(pyogrio, "write_dataframe", fail)
    with pytest.raises(OSError, match="full"):
        export_findings([], tmp_path / "g.gpkg", crs="EPSG:2177", about=ABOUT)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["f.gpkg"]


@pytest.mark.parametrize("name", ["f.shp", "f", "missing/f.gpkg"])
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUse):
        export_findings([], tmp_path / name, crs="EPSG:2177", about=ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_it(settings: Settings, load: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_inventory(settings) as inventory:
        found = inventory.findings(load)
        with pytest.raises(NotFound):
            inventory.export_findings(10_000, tmp_path / "none.gpkg")
    monkeypatch.setenv("GIS_SITES_DATABASE_URL", settings.database_url or "")
    monkeypatch.setenv("GIS_SITES_HOME", str(settings.home))
    path = tmp_path / "f.gpkg"
    done = CliRunner().invoke(app, ["findings", str(load), "--export", str(path), "--lang", "en", "--json", "-"])
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["findings"]) == len(found)
    frames = [read(path, name) for name in layers(path) if name != "layer_styles"]
    assert sum(map(len, frames)) == len(found)
    placed = [frame for frame in frames if isinstance(frame, geopandas.GeoDataFrame)]
    assert np.isfinite(np.concatenate([frame.total_bounds for frame in placed])).all()
