"""Deliveries as offices make them: what they say, what they do not say, and the same again."""

import json
from pathlib import Path

import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused
from gis_sites.intake.source import open_source
from gis_sites.store.connect import Store
from tests.intake.gml_files import EGIB, collection, parcel, polygon, written
from tests.intake.support import balanced, box, column, counts, parcel_id, parcels, take, write

THREE = [parcel_id(n) for n in (1, 2, 3)]
SHAPES = [box(20 * n, 0) for n in range(3)]


@pytest.mark.parametrize("broken", [False, True])
def test_a_delivery_that_tells_of_no_part_replaces_nothing(
    store: Store, catalogue: Catalogue, tmp_path: Path, broken: bool
) -> None:
    take(store, catalogue, parcels(tmp_path / "a.gpkg", THREE, SHAPES))
    nothing = parcels(tmp_path / "b.gpkg", THREE, [None] * 3) if broken else parcels(tmp_path / "b.gpkg", [], [])
    report = take(store, catalogue, nothing)
    assert balanced(report)
    assert counts(report.loads[0]) == {"no_part": 1, **({"geometry_missing": 3} if broken else {})}
    assert column(store, "parcel", "key") == THREE
    again = take(store, catalogue, nothing)
    assert (again.status, again.load) == ("nothing_to_do", report.load)


def test_a_table_of_which_no_row_is_loaded_says_that_nothing_is_there(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    report = take(store, catalogue, write(tmp_path / "a.gpkg", "budynki", {"id": ["1", "2"]}, [None, None]))
    assert (report.loads[0].rows.rejected, report.loads[0].parts) == (2, {"all": 0})
    assert counts(report.loads[0])["table_empty"] == 1


def test_where_a_register_has_no_area_none_is_entered(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(tmp_path / "a.gpkg", THREE, SHAPES, pole_ewidencyjne=[0.0, -0.01, 0.01], pow_m2=["0", "-100", "100"])
    report = take(store, catalogue, path)
    assert counts(report.loads[0])["value_unreadable"] == 4
    assert column(store, "parcel", "registered_area_ha") == [None, None, 0.01]
    assert column(store, "parcel", "registered_area_m2") == [None, None, 100.0]
    assert "area_differs" not in counts(report.loads[0])


def test_the_styles_that_qgis_keeps_beside_the_data_are_left_out(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = parcels(tmp_path / "a.gpkg", THREE, SHAPES)
    write(path, "layer_styles", {"f_table_name": ["dzialki"], "styleQML": ["<qgis/>"]}, None)
    report = take(store, catalogue, path)
    assert report.left_out == ["layer_styles"]
    assert [one.layer for one in report.loads] == ["parcel"]


def test_a_fault_names_the_file_and_not_where_its_copy_lies(tmp_path: Path) -> None:
    path = tmp_path / "dzialki.json"
    path.write_text(json.dumps({"type": "Topology", "objects": {}}))
    with pytest.raises(Refused, match=r"dzialki\.json cannot be read \(.*: dzialki\.json\)") as refusal:
        open_source(path)
    assert "gis-sites-scratch" not in refusal.value.sentence("pl")


def test_numbers_written_as_texts_are_in_the_unit_that_stands_beside_them(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    ids, areas = [parcel_id(n) for n in range(1, 8)], ["100", "0,0100", "100 m2", "1", "0.0100", "-", "5"]
    units = ["m2", "ha", "ha", "ar", None, "ha", "morgi"]
    shapes = [box(20 * n, 0) for n in range(7)]
    path = parcels(tmp_path / "a.gpkg", ids, shapes, poleEwidencyjne=areas, poleEwidencyjne_uom=units)
    report = take(store, catalogue, path)
    assert column(store, "parcel", "registered_area_ha") == [0.01] * 5 + [None] * 2
    found = {one["type"]: one["count"] for one in report.loads[0].findings}
    assert (found["value_unreadable"], found["value_repaired"]) == (2, 2)
    assert "area_differs" not in found


def test_a_decimal_comma_in_a_gml_is_read_and_told(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    members = [
        parcel(n, parcel_id(n), polygon(20 * n, 0), area=area) for n, area in enumerate(("0,0100", "0.0100", "?"), 1)
    ]
    members.append(parcel(4, parcel_id(4), polygon(80, 0)).replace('uom="ha">0.0100', 'uom="m2">100'))
    report = take(store, catalogue, written(tmp_path / "a.gml", collection(members, x=EGIB)))
    assert column(store, "parcel", "registered_area_ha") == [0.01, 0.01, None, 0.01]
    told = {one["type"]: [case["sentence"] for case in one["examples"]] for one in report.loads[0].findings}
    assert ["„0,0100”" in text or "“0,0100”" in text for text in told["value_repaired"]] == [True]
    assert ["„?”" in text or "“?”" in text for text in told["value_unreadable"]] == [True]
