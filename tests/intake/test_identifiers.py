"""Identifiers, municipalities and whole columns: what is taken, what is only suggested, what is said once."""

from pathlib import Path

import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.intake.ground import SHORT, VOIVODESHIPS
from gis_sites.intake.report import ImportReport
from gis_sites.store.connect import Store
from tests.intake.support import balanced, box, counts, line, parcel_id, parcels, take, write
from tests.intake.test_load import column


def boxes(count: int) -> list[shapely.Polygon]:
    return [box(20 * n, 0) for n in range(count)]


def said(report: ImportReport, kind: str) -> list[str]:
    return [
        one["sentence"] for load in report.loads for f in load.findings if f["type"] == kind for one in f["examples"]
    ]


def every(report: ImportReport) -> dict[str, int]:
    """Return how often each finding occurred, those about columns too."""
    return {one["type"]: one["count"] for one in report.loads[0].findings}


# --- the form of an identifier ---


WHOLE = [
    "061304_5.0012.809/1",
    "126105_9.0001.311",
    "146510_8.0309.24/35",
    "306101_1.0012.45/3",
    "306401_1.0021.AR_10.162",
]
WRONG = [
    "0012.45/3",
    "076101_1.0012.45",
    "306101_1.0012.045",
    "306101_1.0012.45/0",
    "306101_1.12.45/3",
    "306101_3x.0012.45",
    "45/3",
]


def test_whole_identifiers_fit_and_say_precinct_and_number(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", WHOLE, boxes(5)))
    assert "pattern_mismatch" not in counts(report.loads[0])
    assert column(store, "parcel", "precinct") == [one.split(".")[1] for one in WHOLE]
    assert column(store, "parcel", "number") == [one.rsplit(".", 1)[1] for one in WHOLE]


def test_short_and_wrong_identifiers_do_not_fit_and_stay_as_they_are(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(1), *WRONG], boxes(8)))
    assert counts(report.loads[0])["pattern_mismatch"] == len(WRONG)
    assert set(WRONG) < set(column(store, "parcel", "id"))


def test_blanks_in_an_identifier_are_taken_out_and_it_says_the_same(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = parcels(tmp_path / "p.gpkg", ["306101_1.0012. 45 /\u00a03", "306101_1.0012.46"], boxes(2))
    report = take(store, catalogue, path)
    assert counts(report.loads[0])["value_repaired"] == 1
    assert column(store, "parcel", "id") == ["306101_1.0012.45/3", "306101_1.0012.46"]
    assert column(store, "parcel", "precinct") == ["0012", "0012"]
    assert column(store, "parcel", "number") == ["45/3", "46"]
    assert list(report.loads[0].parts) == ["0012"]


def test_a_precinct_without_its_zeros_is_the_one_of_the_identifier(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    first = parcels(tmp_path / "p.gpkg", [parcel_id(n) for n in (1, 2)], boxes(2), numer_obrebu=["0012", "0012"])
    take(store, catalogue, first)
    again = parcels(tmp_path / "q.gpkg", [parcel_id(n) for n in (1, 2)], boxes(2), numer_obrebu=["12", "Rypinek"])
    report = take(store, catalogue, again)
    assert list(report.loads[0].parts) == ["0012"]
    assert report.loads[0].rows.loaded == 2
    (sentence,) = said(report, "precinct_from_id")
    assert "2" in sentence
    assert "12" in sentence
    numbers = parcels(tmp_path / "r.gpkg", [parcel_id(n) for n in (1, 2)], boxes(2), numer_obrebu=[12, 12])
    assert list(take(store, catalogue, numbers).loads[0].parts) == ["0012"]


# --- the municipality ---


def town(path: Path, code: str) -> Path:
    return write(path, "granice_gmin", {"kod": [code]}, [box(-1000, -1000, 3000, 3000)])


@pytest.mark.parametrize("code", ["306101_1", "3061011", "306101"])
def test_a_parcel_of_another_municipality_is_noticed_by_the_boundary(
    store: Store, catalogue: Catalogue, tmp_path: Path, code: str
) -> None:
    take(store, catalogue, town(tmp_path / "b.gpkg", code))
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1), "300707_2.0004.17", "306101_4.0001.5"], boxes(3))
    report = take(store, catalogue, path)
    assert balanced(report)
    assert counts(report.loads[0])["other_municipality"] == 1
    assert report.loads[0].rows.loaded == 3
    (sentence,) = said(report, "other_municipality")
    assert {"300707_2.0004.17", "300707", "306101"} <= set(sentence.replace(",", " ").replace("(", " ").split())


def test_without_a_boundary_the_parcels_held_tell_the_municipality(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    first = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(1), parcel_id(2)], boxes(2)))
    assert "other_municipality" not in counts(first.loads[0])
    # A whole file of the neighbour's is one finding that counts its rows.
    path = parcels(tmp_path / "q.gpkg", [f"300707_2.0004.{n + 1}" for n in range(30)], boxes(30))
    report = take(store, catalogue, path)
    assert counts(report.loads[0])["other_municipality"] == 1
    assert "30)" in said(report, "other_municipality")[0]


def test_every_voivodeship_has_a_box_in_poland() -> None:
    assert sorted(VOIVODESHIPS) == [f"{n:02d}" for n in range(2, 33, 2)]
    for west, south, east, north in VOIVODESHIPS.values():
        assert 14 < west < east < 24.3
        assert 49 <= south < north < 55


# --- parcels that other rows name ---


def offers(path: Path, *named: str) -> Path:
    return write(path, "oferty", {"id": [f"o{n}" for n in range(len(named))], "dzialki": list(named)}, None)


def test_parcels_named_in_short_are_suggested_and_not_taken(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    ids = [parcel_id("45/3"), parcel_id("46"), parcel_id("46", "0013"), "306101_1.0014.AR_2.7"]
    take(store, catalogue, parcels(tmp_path / "p.gpkg", ids, boxes(4)))
    path = offers(tmp_path / "o.gpkg", f"{ids[0]}; 0012.46", "13.46, 14.AR_2.7", "306101_1.12.46", "46", "0099.1")
    report = take(store, catalogue, path, layer={"oferty": "offer"})
    assert counts(report.loads[0])["parcel_in_short"] == 4
    assert counts(report.loads[0])["parcel_not_found"] == 2
    assert [one.split(" ")[-1] for one in said(report, "parcel_in_short")] == [ids[1], ids[2], ids[3], ids[1]]
    assert column(store, "offer", "parcels")[0] == f"{ids[0]}; 0012.46"


@pytest.mark.parametrize("text", ["0012.45/3", "12.45", "12-45/3", "306101_1.12.45/3", "0012.AR_2.45/3"])
def test_short_forms_are_known(text: str) -> None:
    assert SHORT.fullmatch(text)


# --- columns that are wrong as a whole ---


def test_a_column_none_of_whose_values_fits_is_one_finding(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    ids = [f"123-{n}" for n in range(40)]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", ids, boxes(40)))
    assert balanced(report)
    assert every(report)["column_unlike"] == 1
    assert "pattern_mismatch" not in counts(report.loads[0])
    assert "40" in said(report, "column_unlike")[0]
    assert report.loads[0].rows.loaded == 40
    # One that fits is enough for the others to be told one by one.
    mixed = parcels(tmp_path / "q.gpkg", [*ids[:39], parcel_id(1)], boxes(40))
    assert counts(take(store, catalogue, mixed, allow_shrink=True).loads[0])["pattern_mismatch"] == 39


def test_a_column_none_of_whose_values_can_be_read_is_one_finding(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    pipes = [line((0, 20 * n), (5, 20 * n)) for n in range(30)]
    path = write(
        tmp_path / "w.gpkg", "wodociag", {"id": [f"a{n}" for n in range(30)], "srednica": ["duża"] * 30}, pipes
    )
    report = take(store, catalogue, path)
    assert every(report)["column_unread"] == 1
    assert "value_unreadable" not in counts(report.loads[0])
    assert column(store, "water", "diameter_mm") == [None] * 30


def plan(path: Path, values: list[object]) -> Path:
    columns = {"symbol": ["P"] * len(values), "ozn": [f"{n}P" for n in range(len(values))], "pow_zab": values}
    return write(path, "mpzp", columns, boxes(len(values)))


@pytest.mark.parametrize(
    "case",
    [
        ([0.3, 0.5, 0.6] * 10, "percent", True),
        (["0,3", "0,5", "0,6"] * 10, "percent", True),
        ([30.0, 50.0, 60.0] * 10, "fraction", True),
        ([30.0, 50.0, 60.0] * 10, "percent", False),
        ([0.3, 0.5, 1.0] * 10, "fraction", False),
        (["30 %", "50 %", "60 %"] * 10, "fraction", False),
    ],
)
def test_a_scale_is_stated_and_doubted_where_the_values_contradict_it(
    store: Store, catalogue: Catalogue, tmp_path: Path, case: tuple[list[object], str, bool]
) -> None:
    values, stated, doubted = case
    said_so = {"zoning.max_coverage_share": stated, "zoning.plan": "A", "zoning.regime": "2021"}
    report = take(store, catalogue, plan(tmp_path / "z.gpkg", values), set=said_so)
    assert ("scale_doubtful" in counts(report.loads[0])) == doubted
    if not doubted:
        assert min(column(store, "zoning", "max_coverage_share")) == pytest.approx(0.3)


def test_decimal_commas_units_and_dates_come_through_the_door(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    columns = {
        "pole_ewidencyjne": ["0,0100 ha", "0\u202f,01", "100 m2"],
        "koniecwersjaobiekt": ["None", "NULL", "(null)"],
    }
    report = take(
        store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n) for n in (1, 2, 3)], boxes(3), **columns)
    )
    assert report.loads[0].rows.loaded == 3
    assert column(store, "parcel", "registered_area_ha") == [0.01, None, 0.01]
    assert counts(report.loads[0])["value_unreadable"] == 1
    dates = ["31 grudnia 2024 r.", "31.12.2024", "31.12.24"]
    path = write(
        tmp_path / "z.gpkg", "mpzp", {"symbol": ["P"] * 3, "ozn": ["a", "b", "c"], "obowiazuje_od": dates}, boxes(3)
    )
    take(store, catalogue, path, set={"zoning.plan": "A"})
    assert [str(day) for day in column(store, "zoning", "in_force_from")] == ["2024-12-31", "2024-12-31", "None"]
