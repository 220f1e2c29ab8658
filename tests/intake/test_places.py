"""Where things are: coordinate systems, recognition by name and columns, coverage."""

from pathlib import Path
from typing import Any

import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused, WrongUse
from gis_sites.intake.note import Note
from gis_sites.intake.plan import read_source
from gis_sites.intake.recognise import recognise
from gis_sites.intake.source import SourceTable
from gis_sites.store import states
from gis_sites.store.connect import Store
from gis_sites.store.revisions import Coverage
from tests.intake.support import EAST, NORTH, balanced, box, counts, line, parcel_id, parcels, sql, take, write
from tests.intake.test_load import held

KALISZ_2180 = (436_891.0, 433_142.0)


# --- coordinate systems ---


def test_another_system_is_taken_to_the_working_one(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    x, y = KALISZ_2180
    path = write(
        tmp_path / "p.gpkg", "dzialki", {"id": [parcel_id(1)]}, [shapely.box(x, y, x + 10, y + 10)], "EPSG:2180"
    )
    assert take(store, catalogue, path).loads[0].crs == "EPSG:2180"
    centre = held(store, "parcel").geometry[0].centroid
    # reference/crs: Kalisz is E 6 505 889, N 5 736 324 in EPSG:2177 and E 436 891, N 433 142 in EPSG:2180
    assert (centre.x, centre.y) == (pytest.approx(6_505_889, abs=10), pytest.approx(5_736_324, abs=10))


@pytest.mark.parametrize("srs", [-1, 0, 99999])
def test_a_missing_system_is_refused_until_stated(store: Store, catalogue: Catalogue, tmp_path: Path, srs: int) -> None:
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])
    sql(path, f"UPDATE gpkg_geometry_columns SET srs_id = {srs}", f"UPDATE gpkg_contents SET srs_id = {srs}")
    with pytest.raises(Refused, match=r"--crs|cannot be read"):
        take(store, catalogue, path)
    report = take(store, catalogue, path, crs="2177")
    assert counts(report.loads[0])["crs_given"] == 1
    assert report.loads[0].rows.loaded == 1


def test_numbers_of_another_system_are_refused_with_a_hint(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shapes = [box(20 * n, 0) for n in range(3)]
    path = write(tmp_path / "p.gpkg", "dzialki", {"id": [parcel_id(n) for n in (1, 2, 3)]}, shapes, "EPSG:2180")
    with pytest.raises(
        Refused, match=r'numbers look like EPSG:2177 - if that is so, import with --crs "dzialki=EPSG:2177"'
    ):
        take(store, catalogue, path)
    assert take(store, catalogue, path, crs="EPSG:2177").loads[0].rows.loaded == 3


def test_a_row_far_off_is_rejected(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shapes = [box(0, 0), box(20, 0), shapely.box(1, 1, 2, 2)]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n) for n in (1, 2, 3)], shapes))
    assert balanced(report)
    assert counts(report.loads[0])["geometry_outside"] == 1
    assert report.loads[0].rows.loaded == 2


def test_a_system_that_is_none_is_wrong_use(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])
    with pytest.raises(WrongUse, match="EPSG:99999"):
        take(store, catalogue, path, crs="EPSG:99999")


# --- recognition ---


def table(name: str, geometry: str | None = "MultiLineString", *columns: str) -> SourceTable:
    """Describe a table that need not exist."""
    return SourceTable(name, geometry, dict.fromkeys(columns, "str"), 1, "EPSG:2177")


@pytest.mark.parametrize(
    ("made", "layers"),
    [
        (table("GES_PrzewodGazowy"), ["gas"]),
        (table("ges_przewodgazowy"), ["gas"]),
        (table("GES_PrzewodKanalizacyjny"), ["sewer", "stormwater"]),
        (table("Sieć wodociągowa"), ["water"]),
        (table("kanalizacja_deszczowa"), ["stormwater"]),
        (table("Dzialki_ewidencyjne", "Polygon", "ID_DZIALKI"), ["parcel"]),
        (table("dzialki", "Polygon", "nr"), []),
        (table("dzialki", "LineString", "ID_DZIALKI"), []),
        (table("GES_UrzadzeniaSiecElektroenergetyczna", "Point", "lokalnyId", "status"), []),
        (table("EGB_PunktGraniczny", "Point", "lokalnyId"), []),
        (table("mpzp_rypinek", "MultiPolygon", "symbol"), ["zoning"]),
        (table("oferty", None, "id", "dzialki"), ["offer"]),
        (table("warstwa1"), []),
    ],
)
def test_tables_are_known_by_name_columns_and_geometry(
    catalogue: Catalogue, made: SourceTable, layers: list[str]
) -> None:
    found = recognise(catalogue, made, Note())
    assert sorted(match.layer for match in found.feeds) == layers
    assert all(0.6 <= match.confidence <= 1 and match.reasons for match in found.feeds)


def test_what_is_stated_goes_before_every_guess(catalogue: Catalogue) -> None:
    note = Note(layer={"GES_PrzewodGazowy": ["heat", "gas"], "wod_1": "skip"})
    assert [match.layer for match in recognise(catalogue, table("GES_PrzewodGazowy"), note).feeds] == ["heat", "gas"]
    assert recognise(catalogue, table("wod_1"), note).skipped


def test_unknown_tables_are_named_with_the_options(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])
    write(path, "PrezentacjaGraficzna", {"kat": [1]}, [shapely.Point(EAST, NORTH)])
    write(path, "punkty", {"kat": [1]}, [shapely.Point(EAST, NORTH)])
    with pytest.raises(
        Refused, match=r'PrezentacjaGraficzna, punkty.*--layer "PrezentacjaGraficzna=skip".*--rest skip'
    ):
        take(store, catalogue, path)
    report = take(store, catalogue, path, rest="skip")
    assert report.left_out == ["PrezentacjaGraficzna", "punkty"]
    assert [one.table for one in report.loads] == ["dzialki"]


def test_a_table_that_may_be_two_layers_is_asked_about(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "n.gpkg", "gazociagi", {"id": ["a"]}, [line((0, 0), (5, 5))])
    write(path, "gaz_1", {"id": ["a"]}, [line((0, 0), (5, 5))])
    write(path, "drogi_kolej", {"id": ["a"]}, [line((0, 0), (5, 5))])
    assert read_source(store, catalogue, path, Note(layer={"drogi_kolej": "road"}))
    write(path, "drogi_tory", {"id": ["a"]}, [line((0, 0), (5, 5))])
    with pytest.raises(Refused, match=r'drogi_tory: .*--layer "drogi_tory=rail"'):
        read_source(store, catalogue, path, Note(layer={"drogi_kolej": "road"}))


def test_a_layer_without_what_it_needs_says_which_columns_there_are(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = write(tmp_path / "p.gpkg", "x", {"numer_x": ["1"]}, [box(0, 0)])
    with pytest.raises(Refused, match=r"lacks what layer parcel needs: id\. Its columns are numer_x"):
        take(store, catalogue, path, layer={"x": "parcel"})


# --- coverage ---


def coverage(store: Store, layer: str) -> Coverage:
    """Return the coverage of a published layer's first part."""
    with store.begin() as conn:
        state = states.current(conn, coverages=True)
        assert state is not None
        return state.revisions[layer].parts[0].coverage


def _pipes(path: Path) -> Path:
    return write(path, "wodociag", {"id": ["a"]}, [line((0, 0), (5, 5))])


def _town(path: Path) -> Path:
    return write(path, "granice_gmin", {"kod": ["306101_1"]}, [box(0, 0, 1000, 1000)])


def test_without_a_boundary_all_parcels_are_assumed(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    report = take(store, catalogue, _pipes(tmp_path / "w.gpkg"))
    assert counts(report.loads[0])["coverage_assumed"] == 1
    assert coverage(store, "water") == Coverage("parcels", False, None)


def test_a_boundary_of_the_same_import_is_the_coverage(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = _pipes(tmp_path / "w.gpkg")
    _town(path)
    report = take(store, catalogue, path)
    assert [one.layer for one in report.loads] == ["boundary", "water"]
    found = coverage(store, "water")
    assert (found.kind, found.stated) == ("boundary", False)
    assert shapely.from_wkb(found.wkb).area == pytest.approx(1e6)


def test_a_new_boundary_makes_the_same_bytes_speak_anew(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = _pipes(tmp_path / "w.gpkg")
    take(store, catalogue, path)
    take(store, catalogue, _town(tmp_path / "b.gpkg"))
    assert take(store, catalogue, path).loads[0].coverage == "boundary"
    assert take(store, catalogue, path).status == "nothing_to_do"


@pytest.mark.parametrize(
    ("stated", "expected"), [("parcels", ("parcels", None)), ("none", ("none", 0.0)), ("edge.gpkg", ("file", 2500.0))]
)
def test_coverage_can_be_stated(
    store: Store, catalogue: Catalogue, tmp_path: Path, stated: str, expected: tuple[str, float | None]
) -> None:
    x, y = EAST, NORTH
    write(tmp_path / "edge.gpkg", "edge", {"a": [1]}, [shapely.box(x, y, x + 50, y + 50)])
    said: Any = {"water": str(tmp_path / stated) if stated.endswith("gpkg") else stated}
    report = take(store, catalogue, _pipes(tmp_path / "w.gpkg"), coverage=said)
    found = coverage(store, "water")
    kind, area = expected
    assert (report.loads[0].coverage, found.kind, found.stated) == (kind, kind, True)
    assert (None if found.wkb is None else shapely.from_wkb(found.wkb).area) == (area and pytest.approx(area))


def test_a_named_part_of_polygons_covers_its_own(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "z.gpkg", "mpzp", {"symbol": ["P", "U"], "ozn": ["a", "b"]}, [box(0, 0), box(10, 0)])
    take(store, catalogue, path, set={"zoning.plan": "A"})
    found = coverage(store, "zoning")
    assert (found.kind, found.stated) == ("own", False)
    assert shapely.from_wkb(found.wkb).area == pytest.approx(200)


def test_a_coverage_that_cannot_be_had_is_refused(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = _pipes(tmp_path / "w.gpkg")
    with pytest.raises(Refused, match="no municipal boundary is loaded"):
        take(store, catalogue, path, coverage="boundary")
    with pytest.raises(WrongUse, match="own is made of polygons"):
        take(store, catalogue, path, coverage="own")
    with pytest.raises(Refused, match="holds no polygons"):
        take(store, catalogue, path, coverage=str(path))
    with pytest.raises(WrongUse, match="there is no file"):
        take(store, catalogue, path, coverage="elsewhere")


def test_texts_in_another_encoding_are_refused_until_it_is_stated(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = write(tmp_path / "r.gpkg", "drogi", {"id": ["a"], "nazwa": ["x"]}, [line((0, 0), (5, 5))])
    sql(path, "UPDATE drogi SET nazwa = CAST(x'a3f364e6' AS TEXT)")
    with pytest.raises(Refused, match=r"--encoding"):
        take(store, catalogue, path)
    take(store, catalogue, path, encoding="cp1250")
    assert held(store, "road").table["name"].to_pylist() == ["Łódć"]
