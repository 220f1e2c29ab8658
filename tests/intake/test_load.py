"""From a GeoPackage to a revision: rows taken, set aside and rejected; keys; parts; what changed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused, WrongUse
from gis_sites.intake import spool
from gis_sites.intake.note import Note
from gis_sites.intake.plan import read_source
from gis_sites.store import lineage, revisions, saved, states
from gis_sites.store import loads as registry
from gis_sites.store.connect import Store
from tests.intake.support import (
    EAST,
    NORTH,
    balanced,
    box,
    column,
    counts,
    held,
    line,
    parcel_id,
    parcels,
    sql,
    take,
    write,
)

ZONING = {"symbol": ["1P/U", "MN"], "ozn": ["a", "b"]}


# --- parcels: identifiers, areas, repairs ---


def test_parcels_are_loaded_with_what_their_identifier_says(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", [parcel_id("45/3"), parcel_id(2, "0007")], [box(0, 0), box(20, 0)])
    report = take(store, catalogue, path)
    assert balanced(report)
    assert report.loads[0].parts == {"0007": 1, "0012": 1}
    assert report.loads[0].part is None
    assert column(store, "parcel", "key") == [parcel_id(2, "0007"), parcel_id("45/3")]
    assert column(store, "parcel", "number") == ["2", "45/3"]
    assert column(store, "parcel", "precinct") == ["0007", "0012"]


def test_placeholders_are_rejected_as_key_missing(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    ids = ["---", "-", "0", "brak", None, "\u00a0", parcel_id(1)]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", ids, [box(20 * n, 0) for n in range(7)]))
    assert balanced(report)
    assert report.loads[0].rows.rejected == counts(report.loads[0])["key_missing"] == 6
    assert next(one for one in report.loads[0].findings if one["type"] == "key_missing")["values"]["---"] == 1


def test_the_same_key_is_kept_once_joined_or_rejected(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    rows = [
        (parcel_id(1), box(0, 0), 0.01),  # repeated with the same geometry: one is kept
        (parcel_id(1), box(0, 0), 0.01),
        (parcel_id(2), box(20, 0), 0.02),  # two pieces that agree: one of two parts
        (parcel_id(2), box(50, 0), 0.02),
        (parcel_id(3), box(80, 0), 0.01),  # two pieces that contradict each other: neither
        (parcel_id(3), box(99, 0), 0.05),
        (parcel_id(4), box(200, 0), 0.01),  # same geometry, other values: the first is kept, and it is said
        (parcel_id(4), box(200, 0), 0.09),
    ]
    ids, shapes, areas = zip(*rows, strict=True)
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", ids, shapes, pow_ha=areas))
    load = report.loads[0]
    assert balanced(report)
    assert load.set_aside == {"duplicate": 2, "joined": 1}
    assert (load.rows.loaded, load.rows.rejected) == (3, 2)
    found = counts(load)
    assert (found["duplicate"], found["duplicate_differs"], found["key_joined"], found["key_conflict"]) == (1, 1, 1, 2)
    assert held(store, "parcel").geometry[1].area == pytest.approx(200)
    assert column(store, "parcel", "registered_area_ha") == [0.01, 0.02, 0.01]


def test_geometry_is_made_right_once_and_every_repair_is_said(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    corner = (EAST, NORTH)
    bow_tie = shapely.Polygon([corner, (EAST + 10, NORTH + 10), (EAST + 10, NORTH), (EAST, NORTH + 10), corner])
    mixed = shapely.GeometryCollection([box(20, 0), line((20, 0), (90, 0))])
    deep = shapely.force_3d(box(40, 0), 7)
    flat = shapely.Polygon([corner, (EAST + 5, NORTH), corner])
    with np.errstate(invalid="ignore"):
        nan = shapely.Polygon([(EAST, NORTH), (EAST + 5, float("nan")), (EAST + 5, NORTH + 5), (EAST, NORTH)])
    shapes = [box(99, 0), bow_tie, mixed, deep, flat, nan, shapely.Polygon(), None, line((0, 0), (5, 5))]
    path = parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(len(shapes))], shapes)
    report = take(store, catalogue, path)
    assert balanced(report)
    assert counts(report.loads[0]) == {
        "geometry_repaired": 1,
        "geometry_parts_dropped": 1,
        "geometry_flattened": 1,
        "geometry_broken": 1,
        "geometry_no_area": 1,
        "geometry_missing": 2,
        "geometry_type": 1,
    }
    assert (report.loads[0].rows.loaded, report.loads[0].rows.repaired, report.loads[0].rows.rejected) == (4, 3, 5)
    geometry = held(store, "parcel").geometry
    assert all(shape.geom_type == "MultiPolygon" and shape.is_valid and not shape.has_z for shape in geometry)
    assert [round(shape.area) for shape in geometry] == [100, 50, 100, 100]


def test_every_finding_is_kept_with_its_place(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(EAST + x, NORTH + y) for x, y in ((0, 0), (10, 10), (10, 0), (0, 10), (0, 0))])
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(1)], [bow_tie]))
    assert report.load is not None
    with store.begin() as conn:
        noticed = [one for one in registry.findings(conn, report.load) if one.wkb]
    assert [one.finding.type.word for one in noticed] == ["geometry_repaired"]
    assert noticed[0].finding.row == 1
    assert shapely.from_wkb(noticed[0].wkb).area == pytest.approx(50)


def test_a_registered_area_that_differs_is_noticed(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shapes = [box(0, 0, 100, 100), box(200, 0, 100, 100), box(400, 0, 100, 100)]
    ids = [parcel_id(n) for n in (1, 2, 3)]
    path = parcels(tmp_path / "p.gpkg", ids, shapes, pole_ewidencyjne_ha=["1,0", "1.02 ha", None])
    report = take(store, catalogue, path)
    assert counts(report.loads[0])["area_differs"] == 1
    assert report.loads[0].rows.repaired == 2


def test_a_unit_in_the_column_beside_is_believed(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(
        tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)], poleEwidencyjne=[100.0], poleEwidencyjne_uom=["m2"]
    )
    report = take(store, catalogue, path)
    assert column(store, "parcel", "registered_area_ha") == [0.01]
    assert "value_repaired" not in counts(report.loads[0])


def test_secrets_never_enter(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(
        tmp_path / "p.gpkg",
        [parcel_id(1)],
        [box(0, 0)],
        numer_obrebu=["KZ1A/00012345/6"],
        numerKW=["KZ1A/00012345/6"],
        grupa_rejestrowa=["Jan Kowalski 80010112345"],
    )
    report = take(store, catalogue, path, column={"dzialki.numer_obrebu": "parcel.number"})
    assert column(store, "parcel", "number") == ["***"]
    with store.begin() as conn:
        noticed = registry.findings(conn, report.load or 0)
    everything = report.model_dump_json() + "".join(str(one.finding.values) for one in noticed)
    assert "00012345" not in everything
    assert "Kowalski" not in everything
    assert "numerKW" in {one.column for one in report.loads[0].columns if one.fate == "private"}


# --- rows: versions, classes, what they do not tell ---


def test_archived_and_other_rows_are_set_aside_by_reason(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    columns = {
        "lokalnyId": ["a", "a", "b", "c", "d", "e"],
        "status": ["i", "i", "P", "i", "", "x"],
        "eksploatacja": ["c", "c", "c", "n", "c", None],
        "typPrzewodu": ["s", "n", "n", "n", "s", "s"],
        "funkcja": ["g"] * 6,
        "koniecWersjaObiekt": [None, "2024-11-14", None, None, None, None],
    }
    shapes = [line((0, 10 * n), (50, 10 * n)) for n in range(6)]
    path = write(tmp_path / "n.gpkg", "GES_PrzewodElektroenergetyczny", columns, shapes)
    report = take(store, catalogue, path)
    assert balanced(report)
    assert report.loads[0].set_aside == {"archived": 1, "designed": 1, "not_in_use": 1}
    assert counts(report.loads[0])["row_does_not_tell"] == 2
    assert counts(report.loads[0])["code_unknown"] == 1
    assert column(store, "power", "voltage") == ["mv", "mv", "mv"]
    assert column(store, "power", "status") == ["existing", None, None]


def test_one_table_feeds_several_layers(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    columns = {"lokalnyId": list("abcd"), "typPrzewodu": ["o", "d", "s", "p"]}
    shapes = [line((0, 10 * n), (50, 10 * n)) for n in range(4)]
    path = write(tmp_path / "n.gpkg", "GES_PrzewodKanalizacyjny", columns, shapes)
    report = take(store, catalogue, path)
    assert balanced(report)
    assert {one.layer: one.set_aside for one in report.loads} == {
        "sewer": {"industrial": 1, "storm": 1},
        "stormwater": {"industrial": 1, "sanitary": 1},
    }
    assert column(store, "sewer", "key") == ["a", "c"]
    assert column(store, "stormwater", "key") == ["a", "b"]


def test_a_pattern_fills_other_fields(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    columns = {"klasa": ["RIIIa", "VI", "Ps IV", "LIIIb"], "ozu": [None, "Ł", None, None]}
    path = write(tmp_path / "s.gpkg", "gleby", columns, [box(20 * n, 0) for n in range(4)])
    report = take(store, catalogue, path)
    assert sorted(zip(column(store, "soil", "use"), column(store, "soil", "class"), strict=True), key=str) == [
        ("R", "IIIa"),
        ("Ł", "VI"),
        (None, None),
        (None, None),
    ]
    assert counts(report.loads[0])["pattern_mismatch"] == 2


def test_content_is_a_multiset(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shapes = [box(0, 0), box(0, 0), box(20, 0)]
    path = write(tmp_path / "s.gpkg", "gleby", {"ozk": ["V", "V", "V"]}, shapes)
    report = take(store, catalogue, path)
    assert report.loads[0].rows.loaded == 3
    assert len(set(column(store, "soil", "key"))) == 3
    again = write(tmp_path / "t.gpkg", "gleby", {"ozk": ["V", "V", "VI"]}, [box(20, 0), box(0, 0), box(60, 0)])
    changes = take(store, catalogue, again).loads[0].changes
    assert (changes.new["unchanged"], changes.new["added"]) == (2, 1)
    assert (changes.old["kept"], changes.old["removed"]) == (2, 1)


def test_a_table_without_key_columns_is_compared_by_content(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "w.gpkg", "wodociag", {"dn": [110, 90]}, [line((0, 0), (9, 9)), line((0, 5), (9, 5))])
    report = take(store, catalogue, path)
    assert counts(report.loads[0])["key_column_missing"] == 1
    assert take(store, catalogue, path).status == "nothing_to_do"
    assert sorted(column(store, "water", "diameter_mm")) == [90, 110]


# --- plans: symbols, scales, states, parts ---


def _plan(path: Path, **columns: list[Any]) -> Path:
    return write(path, "mpzp_rypinek", {**ZONING, **columns}, [box(0, 0), box(20, 0)])


def test_symbols_are_looked_up_the_citys_own_first(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = _plan(tmp_path / "z.gpkg", regime=["2003", "2003"], przezn=["P", "?"])
    own = {"MN": {"housing": "text", "services": "yes", "otherwise": "no"}}
    report = take(store, catalogue, path, set={"zoning.plan": "A", "zoning.status": "in_force"}, symbols=own)
    features = held(store, "zoning").table
    assert features["symbol"].to_pylist() == ["1P/U", "MN"]
    assert "production" in features["symbol_yes"].to_pylist()[0].split()
    assert features["symbol_yes"].to_pylist()[1] == "services"
    assert features["symbol_text"].to_pylist()[1] == "housing"
    assert "symbol_unknown" not in counts(report.loads[0])


def test_an_unknown_symbol_leaves_every_use_open(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "z.gpkg", "mpzp", {"symbol": ["QQQ"], "ozn": ["a"]}, [box(0, 0)])
    report = take(store, catalogue, path, set={"zoning.plan": "A"})
    assert counts(report.loads[0])["symbol_unknown"] == 1
    assert column(store, "zoning", "symbol_yes") == [""]
    assert column(store, "zoning", "symbol_text")[0].split() == list(catalogue.tables["symbol_uses"].classes)


def test_a_scale_is_stated_never_guessed(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = _plan(tmp_path / "z.gpkg", pow_zab=["30", "45,5"])
    with pytest.raises(Refused, match=r"_share=fraction \| --set zoning\.max_coverage_share=percent"):
        take(store, catalogue, path, set={"zoning.plan": "A"})
    take(store, catalogue, path, set={"zoning.plan": "A", "zoning.max_coverage_share": "percent"})
    assert column(store, "zoning", "max_coverage_share") == [0.3, 0.455]
    report = take(store, catalogue, path, set={"zoning.plan": "A", "zoning.max_coverage_share": "fraction"})
    assert counts(report.loads[0])["value_unreadable"] == 2
    assert column(store, "zoning", "max_coverage_share") == [None, None]


def test_a_load_replaces_the_parts_it_brings(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, _plan(tmp_path / "a.gpkg"), set={"zoning.plan": "A"})
    take(store, catalogue, _plan(tmp_path / "b.gpkg"), set={"zoning.plan": "B"})
    shapes = [box(0, 0), box(99, 0)]
    path = write(tmp_path / "c.gpkg", "mpzp", {"symbol": ["P", "P"], "ozn": ["a", "c"]}, shapes)
    report = take(store, catalogue, path, set={"zoning.plan": "A"})
    assert report.loads[0].part == "A"
    assert column(store, "zoning", "key") == ["A | a", "A | c", "B | a", "B | b"]
    assert report.loads[0].changes.new == {
        "added": 1,
        "changed": 1,
        "unchanged": 0,
        "renumbered": 0,
        "split_from": 0,
        "merged_from": 0,
    }
    assert report.loads[0].changes.old["removed"] == 1


def test_a_named_part_and_a_whole_layer_do_not_mix(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "r.gpkg", "drogi", {"id": ["a"]}, [line((0, 0), (5, 5))])
    take(store, catalogue, path)
    with pytest.raises(Refused, match="part all"):
        take(store, catalogue, path, part="north")
    other = write(tmp_path / "k.gpkg", "kolej", {"id": ["a"]}, [line((0, 0), (5, 5))])
    take(store, catalogue, other, part="north")
    with pytest.raises(Refused, match="held in parts"):
        take(store, catalogue, other)


def test_two_tables_of_one_part_are_refused(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "r.gpkg", "drogi_a", {"id": ["a"]}, [line((0, 0), (5, 5))])
    write(path, "drogi_b", {"id": ["a"]}, [line((0, 0), (5, 5))])
    with pytest.raises(Refused, match="drogi_a, drogi_b both bring part all"):
        take(store, catalogue, path)
    report = take(store, catalogue, path, part={"drogi_a": "a", "drogi_b": "b"})
    assert [one.part for one in report.loads] == ["a", "b"]
    assert len(held(store, "road")) == 2


def test_an_identifier_another_part_holds_is_rejected(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, parcels(tmp_path / "a.gpkg", [parcel_id(1)], [box(0, 0)]), part="north")
    path = parcels(tmp_path / "b.gpkg", [parcel_id(1), parcel_id(2)], [box(0, 0), box(20, 0)])
    report = take(store, catalogue, path, part="south")
    assert balanced(report)
    assert counts(report.loads[0])["key_conflict"] == 1
    assert column(store, "parcel", "part") == ["north", "south"]


# --- the import as a whole ---


def test_the_same_bytes_add_nothing(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])
    first = take(store, catalogue, path)
    again = take(store, catalogue, path)
    assert (first.status, again.status) == ("ready", "nothing_to_do")
    assert again.loads == first.loads
    assert not again.ready
    other = take(store, catalogue, path, dated="2026-01-31")
    assert other.status == "ready"
    assert other.loads[0].changes.new["unchanged"] == 1
    with store.begin() as conn:
        assert [one.number for one in revisions.listed(conn, "parcel")] == [2, 1]


def test_bytes_that_stood_once_are_loaded_again(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    one = parcels(tmp_path / "a.gpkg", [parcel_id(1)], [box(0, 0)])
    two = parcels(tmp_path / "b.gpkg", [parcel_id(1)], [box(5, 0)])
    assert [take(store, catalogue, path).status for path in (one, two, one)] == ["ready"] * 3


def test_a_dry_run_counts_and_leaves_no_trace(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1), "-"], [box(0, 0), box(20, 0)])
    preview = take(store, catalogue, path, dry_run=True, publisher="city", layer={"dzialki": "parcel"})
    with store.begin() as conn:
        assert revisions.listed(conn) == []
        assert states.current(conn) is None
        assert saved.note(conn, "city") is None
    real = take(store, catalogue, path, publisher="city", layer={"dzialki": "parcel"})
    assert preview.status == "preview"
    assert preview.load is None
    assert [one.rows for one in preview.loads] == [one.rows for one in real.loads]
    assert preview.rejected == 1


def test_all_layers_of_an_import_or_none(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])
    write(path, "mpzp", {"symbol": ["P"], "ozn": ["a"]}, [shapely.box(1, 1, 2, 2)])
    with pytest.raises(Refused, match="table mpzp"):
        take(store, catalogue, path, set={"zoning.plan": "A"})
    with store.begin() as conn:
        assert revisions.listed(conn) == []


def test_a_publishers_mapping_is_remembered(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", "warstwa_7", {"nr": [parcel_id(1)]}, [box(0, 0)])
    said: dict[str, Any] = {"layer": {"warstwa_7": "parcel"}, "column": {"warstwa_7.nr": "parcel.id"}}
    take(store, catalogue, path, publisher="PODGiK", **said)
    newer = write(tmp_path / "b.gpkg", "warstwa_7", {"nr": [parcel_id(2)]}, [box(0, 0)])
    with pytest.raises(Refused, match="warstwa_7"):
        take(store, catalogue, newer)
    assert take(store, catalogue, newer, publisher="PODGiK").loads[0].rows.loaded == 1


def test_a_part_that_shrinks_must_be_allowed(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    ids = [parcel_id(n) for n in range(1, 41)]
    shapes = [box(20 * n, 0) for n in range(40)]
    take(store, catalogue, parcels(tmp_path / "a.gpkg", ids, shapes))
    fewer = parcels(tmp_path / "b.gpkg", ids[:20], shapes[:20])
    with pytest.raises(Refused, match="from 40 rows to 20"):
        take(store, catalogue, fewer)
    report = take(store, catalogue, fewer, allow_shrink=True)
    assert report.loads[0].changes.old["removed"] == 20


def test_a_table_that_is_empty_now_empties_its_part(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "w.gpkg", "wodociag", {"id": ["a"]}, [line((0, 0), (5, 5))])
    take(store, catalogue, path)
    sql(path, "DELETE FROM wodociag")
    with pytest.raises(Refused, match=r"wodociag.*from 1 rows to 0"):
        take(store, catalogue, path)
    report = take(store, catalogue, path, allow_shrink=True)
    assert (report.loads[0].rows.read, report.loads[0].parts) == (0, {"wodociag": 0})
    assert report.loads[0].changes.old["removed"] == 1
    assert len(held(store, "water")) == 0


def test_progress_is_told(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    from gis_sites.intake.load import load

    path = parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])
    told: list[tuple[str, int, int]] = []
    plan = read_source(store, catalogue, path, Note())
    load(store, catalogue, plan, dry_run=True, progress=lambda *said: told.append(said))
    assert told[0] == ("dzialki → parcel", 1, 1)
    assert sorted(told[1:]) == [("parcel → PostGIS", 1, 1), ("parcel ⇄", 1, 1)]  # both at the same time


# --- lineage ---


def test_what_became_of_parcels(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    before = {
        "1": box(0, 0, 40, 10),
        "2": box(50, 0),
        "3": box(60, 0),
        "4": box(80, 0),
        "5": box(100, 0),
        "6": box(150, 0),
    }
    after = {
        "1/1": box(0, 0, 20, 10),  # 1 was split
        "1/2": box(20, 0, 20, 10),
        "7": box(50, 0, 20, 10),  # 2 and 3 were merged
        "8": box(80, 0),  # 4 was renumbered
        "5": box(100, 0, 11, 10),  # changed
        "9": box(300, 0),  # new; 6 is gone
    }
    for name, said in (("a", before), ("b", after)):
        path = parcels(tmp_path / f"{name}.gpkg", [parcel_id(number) for number in said], list(said.values()))
        report = take(store, catalogue, path)
    assert balanced(report)
    changes = report.loads[0].changes
    assert changes.new == {
        "added": 1,
        "changed": 1,
        "unchanged": 0,
        "renumbered": 1,
        "split_from": 2,
        "merged_from": 1,
    }
    assert changes.old == {"kept": 1, "removed": 1, "renumbered": 1, "split": 1, "merged": 2}
    with store.begin() as conn:
        assert lineage.successors(conn, parcel_id(1)) == [parcel_id("1/1"), parcel_id("1/2")]
        assert lineage.successors(conn, parcel_id(3)) == [parcel_id(7)]
        assert lineage.successors(conn, parcel_id(4)) == [parcel_id(8)]
        assert lineage.successors(conn, parcel_id(6)) == []


# --- offers ---


def test_offers_name_parcels_in_place_of_a_geometry(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1), parcel_id(2)], [box(0, 0), box(20, 0)])
    named = [f"{parcel_id(1)}, {parcel_id(2)}", parcel_id(99), None]
    write(path, "oferty", {"id": ["a", "b", "c"], "dzialki": named, "cena_m2": ["120,50", "x", ""]}, None)
    report = take(store, catalogue, path)
    assert balanced(report)
    offers = report.loads[1]
    assert counts(offers) == {
        "geometry_missing": 1,
        "value_repaired": 1,
        "value_unreadable": 1,
        "parcel_not_found": 1,
    }
    assert column(store, "offer", "price_pln_m2") == [120.5, None]
    assert list(held(store, "offer").geometry) == [None, None]


def test_wrong_names_are_refused_with_the_nearest(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])
    for said, hint in (
        ({"layer": {"dzialka": "parcel"}}, "did you mean “dzialki”"),
        ({"column": {"dzialki.id_dzialk": "parcel.id"}}, "did you mean “id_dzialki”"),
        ({"column": {"dzialki.id_dzialki": "parcel.ids"}}, "did you mean “id”"),
        ({"set": {"zoning.status": "in_forc"}, "layer": {"dzialki": "zoning"}}, "did you mean “in_force”"),
        ({"symbols": {"A": {"housin": "yes"}}}, "did you mean “housing”"),
        ({"set": {"parcel.id": "7"}}, "has a column"),
    ):
        with pytest.raises(WrongUse, match=hint):
            take(store, catalogue, path, **said)


def test_what_a_private_cell_was_read_as_is_kept_nowhere(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    cells = {"lokalnyId": ["A  7\u00a0B"], "rodzaj": ["?"]}
    path = write(tmp_path / "gaz.gpkg", "gazociag", cells, [line((0, 0), (9, 9))])
    report = take(store, catalogue, path, layer={"gazociag": "gas"})
    assert counts(report.loads[0])["value_repaired"] == 1
    with store.begin() as conn:
        noticed = registry.findings(conn, report.load or 0)
    said = [one.finding.values for one in noticed if one.finding.type.word == "value_repaired"]
    assert said == [{"value": "***", "result": "***"}]


def test_however_many_rows_are_joined_they_are_read_at_once(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, read = spool._batches, 0

    def counted(*words: Any) -> Any:
        nonlocal read
        read += 1
        return real(*words)

    monkeypatch.setattr(spool, "_batches", counted)
    ids = [parcel_id(number) for number in range(300)]
    both = [box(40 * number + 20 * half, 0) for half in range(2) for number in range(300)]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [*ids, *ids], both))
    assert balanced(report)
    assert (report.loads[0].rows.loaded, report.loads[0].set_aside) == (300, {"joined": 300})
    assert read < 6
    shapes = held(store, "parcel").geometry
    assert {shape.area for shape in shapes} == {200.0}
    assert all(len(shape.geoms) == 2 for shape in shapes)
