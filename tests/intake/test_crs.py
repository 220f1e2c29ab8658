"""Coordinate systems: every name files give them, every contradiction with what their numbers are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused, WrongUse
from gis_sites.intake import axes
from gis_sites.intake.axes import Verdict, judged
from gis_sites.intake.batch import arrived
from gis_sites.intake.crs import could_be, inside, move, short, srs_name, stated
from gis_sites.intake.note import Note, note_of
from gis_sites.intake.report import ImportReport
from gis_sites.store.connect import Store
from tests.intake.support import balanced, counts, parcel_id, take, write
from tests.intake.test_load import held

KALISZ = (6_505_889.0, 5_736_324.0)
"""reference: Kalisz is E 6 505 889, N 5 736 324 in EPSG:2177 and E 436 891, N 433 142 in EPSG:2180."""
RADIUS = 4_600.0
"""Metres: a circle of the city's size."""


# --- names ---

NORTH_FIRST = [
    "urn:ogc:def:crs:EPSG::{}",
    "urn:ogc:def:crs:EPSG:9.8.6:{}",
    "urn:x-ogc:def:crs:EPSG::{}",
    "URN:OGC:DEF:CRS:EPSG::{}",
    "http://www.opengis.net/def/crs/EPSG/0/{}",
    "https://www.opengis.net/def/crs/EPSG/0/{}",
    "http://www.opengis.net/def/crs/EPSG/9.8/{}",
]
EAST_FIRST = ["EPSG:{}", "epsg:{}", "http://www.opengis.net/gml/srs/epsg.xml#{}", " EPSG:{} "]


@pytest.mark.parametrize("code", [2176, 2177, 2178, 2179, 2180, 4258, 4326])
@pytest.mark.parametrize("form", NORTH_FIRST + EAST_FIRST)
def test_every_form_of_a_name_is_read_and_its_axes_known(form: str, code: int) -> None:
    found = srs_name(form.format(code))
    assert found is not None
    assert found.crs.to_epsg() == code
    assert found.northing_first == (form in NORTH_FIRST)


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "http://www.opengis.net/def/crs/OGC/1.3/CRS84"])
def test_crs84_is_longitude_and_latitude(name: str) -> None:
    for form in (name, "CRS84", "CRS:84", "OGC:CRS84"):
        found = srs_name(form)
        assert found is not None
        assert found.crs.name.startswith("WGS 84")
        assert not found.northing_first


def test_web_mercator_has_easting_first_in_every_form() -> None:
    for form in ("EPSG:3857", "urn:ogc:def:crs:EPSG::3857"):
        found = srs_name(form)
        assert found is not None
        assert not found.northing_first


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("2177", 2177),
        ("PL-2000 strefa 6", 2177),
        ("PL-2000:S7", 2178),
        ("PUWG 2000/18", 2177),
        ("układ 2000 strefa 5", 2176),
        ("ETRF2000-PL / CS2000/24", 2179),
        ("ETRS89 / Poland CS2000 zone 8", 2179),
        ("PL-1992", 2180),
        ("PUWG 1992", 2180),
        ("ETRF2000-PL / CS92", 2180),
        ("urn:ogc:def:crs,crs:EPSG::2177,crs:EPSG::9651", 2177),
    ],
)
def test_names_of_the_polish_systems_and_compounds_are_known(name: str, code: int) -> None:
    assert stated(name).crs.to_epsg() == code


def test_a_prj_file_without_codes_is_the_system_it_describes() -> None:
    esri = (
        'PROJCS["ETRS_1989_Poland_CS2000_Zone_6",GEOGCS["GCS_ETRS_1989",DATUM["D_ETRS_1989",'
        'SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
        'PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",6500000.0],PARAMETER["False_Northing",0.0],'
        'PARAMETER["Central_Meridian",18.0],PARAMETER["Scale_Factor",0.999923],'
        'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
    )
    assert short(stated(esri)) == "EPSG:2177"
    assert short(stated(esri.replace("0.999923", "0.9996"))) == "ETRS_1989_Poland_CS2000_Zone_6"


def test_words_behind_a_name_state_its_axes() -> None:
    plain, turned, sure = stated("2180"), stated("EPSG:2180 swapped"), stated("PL-1992 swapped sure")
    assert [(one.swapped, one.sure) for one in (plain, turned, sure)] == [(False, False), (True, False), (True, True)]
    assert [short(one) for one in (plain, turned)] == ["EPSG:2180", "EPSG:2180 swapped"]
    for wrong in ("EPSG:2180 turned", "swapped", "", "EPSG:99999 sure"):
        with pytest.raises(WrongUse, match="no such coordinate system"):
            stated(wrong)


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_makes_a_name_fail(text: str) -> None:
    found = srs_name(text)
    assert found is None or found.crs is not None


def test_systems_are_stated_by_table() -> None:
    note = note_of(crs=["granice=EPSG:2180 swapped", "EPSG:2178"])
    assert [note.crs_of(table) for table in ("granice", "dzialki")] == ["EPSG:2180 swapped", "EPSG:2178"]
    assert note_of(crs="+proj=longlat +datum=WGS84").crs_of("x") == "+proj=longlat +datum=WGS84"
    assert Note().crs_of("x") is None


def test_swapped_numbers_are_turned_round() -> None:
    working = pyproj.CRS.from_epsg(2177)
    way = move(stated("EPSG:2177 swapped"), working)
    assert way is not None
    assert way(np.array([KALISZ[1]]), np.array([KALISZ[0]])) == ([KALISZ[0]], [KALISZ[1]])
    far = move(stated("EPSG:2180 swapped"), working)
    assert far is not None
    assert np.ravel(far(np.array([433_142.0]), np.array([436_891.0]))) == pytest.approx(KALISZ, abs=1)
    box = np.array([[KALISZ[1], KALISZ[0], KALISZ[1] + 5, KALISZ[0] + 5]])
    assert inside(stated("EPSG:2177 swapped"), box).all()
    assert not inside(stated("EPSG:2177"), box).any()


@pytest.mark.parametrize("zone", [2176, 2177, 2178, 2179])
def test_a_zone_is_known_by_the_first_digit_of_the_easting(zone: int) -> None:
    area = pyproj.CRS.from_epsg(zone).area_of_use
    assert area is not None
    to_zone = pyproj.Transformer.from_crs(4326, zone, always_xy=True)
    x, y = to_zone.transform(min(max((area.west + area.east) / 2, 14.5), 23.9), 52.0)
    assert could_be(x, y)[0] == f"EPSG:{zone}"


def test_swapped_numbers_of_zone_5_are_told_by_the_area_though_either_could_be_an_easting() -> None:
    x, y = pyproj.Transformer.from_crs(4326, 2176, always_xy=True).transform(14.55, 53.43)  # Szczecin
    assert could_be(y, x) == ["EPSG:2176", "EPSG:2176 swapped"]
    box = np.array([[y, x, y, x]])
    assert not inside(stated("EPSG:2176"), box).any()
    assert inside(stated("EPSG:2176 swapped"), box).all()


# --- contradictions ---


def city(count: int = 60, seed: int = 1) -> list[shapely.Polygon]:
    """Return small parcels all over a circle of the size of Kalisz, in EPSG:2177."""
    rng = np.random.default_rng(seed)
    angle, far = rng.uniform(0, 2 * np.pi, count), RADIUS * 0.98 * np.sqrt(rng.uniform(0, 1, count))
    x, y = KALISZ[0] + far * np.cos(angle), KALISZ[1] + far * np.sin(angle)
    return list(shapely.box(x, y, x + 20, y + 30))


def turned(shapes: Sequence[shapely.Geometry], code: int, *, swapped: bool = False) -> list[shapely.Geometry]:
    """Return shapes of EPSG:2177 as numbers of another system, easting first or not."""
    way = pyproj.Transformer.from_crs(2177, code, always_xy=True).transform
    found = shapely.transform(np.array(shapes, dtype=object), way, interleaved=False)
    return list(shapely.transform(found, lambda x, y: (y, x), interleaved=False) if swapped else found)


def delivery(path: Path, shapes: Sequence[shapely.Geometry], crs: str, table: str = "dzialki", start: int = 1) -> Path:
    column = "id_dzialki" if table == "dzialki" else "id"
    ids = [parcel_id(start + n) if table == "dzialki" else f"a{n}" for n in range(len(shapes))]
    return write(path, table, {column: ids}, shapes, crs)


def boundary(path: Path, crs: str = "EPSG:2177", shape: shapely.Geometry | None = None) -> Path:
    outline = shapely.Point(KALISZ).buffer(RADIUS, quad_segs=64) if shape is None else shape
    return write(path, "granice_gmin", {"kod": ["306101_1"]}, [outline], crs)


def at_home(store: Store, layer: str, shapes: Sequence[shapely.Geometry]) -> bool:
    """Say whether the rows of a layer lie where the shapes do, within a decimetre."""
    found = sorted((one.centroid.x, one.centroid.y) for one in held(store, layer).geometry)
    return np.allclose(found, sorted((one.centroid.x, one.centroid.y) for one in shapes), atol=0.1)


DECLARED = [
    ("EPSG:4326", 2177, False, "metres, not degrees", "EPSG:2177"),
    ("EPSG:4326", 2180, False, "metres, not degrees", "EPSG:2180"),
    ("EPSG:2177", 4326, False, "degrees, not metres", "EPSG:4326"),
    ("EPSG:2180", 4326, False, "degrees, not metres", "EPSG:4326"),
    ("EPSG:2178", 2177, False, "another PL-2000 zone", "EPSG:2177"),
    ("EPSG:2176", 2178, False, "another PL-2000 zone", "EPSG:2178"),
    ("EPSG:2177", 2177, True, "the other way round", "EPSG:2177 swapped"),
    ("EPSG:2177", 2180, False, "another system", "EPSG:2180"),
    ("EPSG:3857", 2177, False, "another system", "EPSG:2177"),
]


@pytest.mark.parametrize("case", DECLARED, ids=lambda case: f"{case[4]} said to be {case[0]}")
def test_numbers_that_contradict_the_declared_system_are_explained_and_the_flag_mends_it(
    store: Store, catalogue: Catalogue, tmp_path: Path, case: tuple[str, int, bool, str, str]
) -> None:
    declared, really, swapped, seen, flag = case
    shapes = city(5)
    path = delivery(tmp_path / "p.gpkg", turned(shapes, really, swapped=swapped), declared)
    with pytest.raises(Refused, match=f'{seen}.*--crs "dzialki={flag}"') as refused:
        take(store, catalogue, path)
    assert declared in str(refused.value)
    report = take(store, catalogue, path, crs={"dzialki": flag})
    assert report.loads[0].crs == flag
    assert counts(report.loads[0])["crs_given"] == 1
    assert at_home(store, "parcel", shapes)


def test_degrees_with_latitude_first_are_turned_round_on_command(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    shapes = city(5)
    path = delivery(tmp_path / "p.gpkg", turned(shapes, 4326, swapped=True), "EPSG:4326")
    with pytest.raises(Refused, match=r'0 of 25.*the other way round.*--crs "dzialki=EPSG:4326 swapped"'):
        take(store, catalogue, path)
    take(store, catalogue, path, crs="EPSG:4326 swapped")
    assert at_home(store, "parcel", shapes)


def test_the_neighbouring_zone_is_believed(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shapes = city(5)
    take(store, catalogue, delivery(tmp_path / "p.gpkg", turned(shapes, 2178), "EPSG:2178"))
    assert at_home(store, "parcel", shapes)


@pytest.mark.parametrize("code", [3120, 2174, 3328])
def test_systems_of_before_2000_are_refused(store: Store, catalogue: Catalogue, tmp_path: Path, code: int) -> None:
    path = delivery(tmp_path / "p.gpkg", city(2), f"EPSG:{code}")
    with pytest.raises(Refused, match="no exact way leads"):
        take(store, catalogue, path)


# --- swapped axes that still lie in Poland ---


def swapped_parcels(path: Path, count: int = 60) -> Path:
    return delivery(path, turned(city(count), 2180, swapped=True), "EPSG:2180")


def found(report: ImportReport, kind: str) -> list[str]:
    return [
        one["sentence"] for load in report.loads for f in load.findings if f["type"] == kind for one in f["examples"]
    ]


def test_at_kalisz_a_swap_moves_a_parcel_by_five_kilometres() -> None:
    mirrored = turned(turned_back := [shapely.Point(KALISZ)], 2180, swapped=True)
    back = pyproj.Transformer.from_crs(2180, 2177, always_xy=True).transform(*mirrored[0].coords[0])
    assert shapely.Point(back).distance(turned_back[0]) == pytest.approx(5_300, abs=100)


def test_without_anything_to_compare_with_the_other_reading_is_a_finding(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    report = take(store, catalogue, delivery(tmp_path / "p.gpkg", turned(city(), 2180), "EPSG:2180"))
    (said,) = found(report, "axes_unchecked")
    assert "EPSG:2180 swapped" in said
    assert report.loads[0].rows.loaded == 60
    kilometres = float(
        said.split("(")[1].split(" km")[0].removeprefix("places ").removeprefix("miejsca oddalone o ").replace(",", ".")
    )
    assert kilometres == pytest.approx(5.3, abs=1.5)


def test_parcels_swapped_against_the_boundary_are_refused_with_the_flag_that_mends_them(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    take(store, catalogue, boundary(tmp_path / "b.gpkg"))
    path = swapped_parcels(tmp_path / "p.gpkg")
    with pytest.raises(
        Refused, match=r'layer boundary is.*--crs "dzialki=EPSG:2180 swapped".*"dzialki=EPSG:2180 sure"'
    ):
        take(store, catalogue, path)
    assert not counts(take(store, catalogue, path, crs="EPSG:2180 swapped").loads[0]).keys() & {
        "crs_doubtful",
        "axes_unchecked",
        "far_away",
    }
    assert at_home(store, "parcel", city())


def test_right_parcels_lie_in_the_boundary_and_nothing_is_said(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = delivery(boundary(tmp_path / "all.gpkg"), turned(city(), 2180), "EPSG:2180")
    report = take(store, catalogue, path)
    assert [one.layer for one in report.loads] == ["boundary", "parcel"]
    assert balanced(report)
    assert not counts(report.loads[1]).keys() & {"crs_doubtful", "axes_unchecked", "far_away"}
    with pytest.raises(Refused, match=r"It seems easting and northing stand the other way round"):
        take(store, catalogue, path, crs={"dzialki": "EPSG:2180 swapped"})


def test_one_table_of_a_file_is_refused_by_the_boundary_of_the_same_file(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = swapped_parcels(boundary(tmp_path / "all.gpkg"))
    with pytest.raises(Refused, match=r'--crs "dzialki=EPSG:2180 swapped"'):
        take(store, catalogue, path)
    take(store, catalogue, path, crs={"dzialki": "EPSG:2180 swapped"})
    assert at_home(store, "parcel", city())


def test_who_is_sure_is_believed_and_it_is_noted(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, boundary(tmp_path / "b.gpkg"))
    report = take(store, catalogue, swapped_parcels(tmp_path / "p.gpkg"), crs="EPSG:2180 sure")
    assert counts(report.loads[0])["crs_doubtful"] == 1
    assert report.loads[0].rows.loaded == 60
    assert not at_home(store, "parcel", city())


def test_lines_are_compared_with_the_parcels(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    homes = city(300)
    take(store, catalogue, delivery(tmp_path / "p.gpkg", homes, "EPSG:2177"))
    lines = [shapely.LineString([home.centroid, home.exterior.coords[0]]) for home in homes[:80]]
    path = delivery(tmp_path / "w.gpkg", turned(lines, 2180, swapped=True), "EPSG:2180", "wodociag")
    with pytest.raises(Refused, match=r'layer parcel is.*--crs "wodociag=EPSG:2180 swapped"'):
        take(store, catalogue, path)
    right = take(store, catalogue, delivery(tmp_path / "r.gpkg", turned(lines, 2180), "EPSG:2180", "wodociag"))
    assert not counts(right.loads[0]).keys() & {"crs_doubtful", "axes_unchecked"}


def test_a_boundary_is_compared_with_the_parcels(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    # One polygon is one row: its corners are many points, and they lie at the parcels along the edge.
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    x, y = KALISZ[0] + RADIUS * np.cos(angle), KALISZ[1] + RADIUS * np.sin(angle)
    edge = list(shapely.box(x - 40, y - 40, x + 40, y + 40))
    take(store, catalogue, delivery(tmp_path / "p.gpkg", edge, "EPSG:2177"))
    outline = shapely.Polygon(np.column_stack([x, y]))
    swapped = turned([outline], 2180, swapped=True)[0]
    with pytest.raises(Refused, match=r'--crs "granice_gmin=EPSG:2180 swapped"'):
        take(store, catalogue, boundary(tmp_path / "b.gpkg", "EPSG:2180", swapped))


def test_a_new_delivery_is_compared_by_its_identifiers(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, delivery(tmp_path / "p.gpkg", city(), "EPSG:2177"))
    with pytest.raises(Refused, match=r"layer parcel is; read as EPSG:2180 swapped: 300"):
        take(store, catalogue, swapped_parcels(tmp_path / "q.gpkg"))
    path = delivery(tmp_path / "r.gpkg", turned(city(), 2180), "EPSG:2180")
    assert not counts(take(store, catalogue, path).loads[0]).keys() & {"axes_unchecked", "crs_doubtful"}


def test_identifiers_that_begin_with_another_voivodeship_tell_swapped_axes(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    x, y = 531_463.0, 432_634.0  # reference: Łódź in EPSG:2180; a swap moves it 140 km, out of its voivodeship
    shapes = [shapely.box(y, x + 20 * n, y + 10, x + 20 * n + 10) for n in range(4)]
    ids = [f"106101_1.0001.{n + 1}" for n in range(4)]
    path = write(tmp_path / "p.gpkg", "dzialki", {"id_dzialki": ids}, shapes, "EPSG:2180")
    with pytest.raises(Refused, match=r'another region.*--crs "dzialki=EPSG:2180 swapped"'):
        take(store, catalogue, path)


def test_identifiers_settle_axes_where_only_one_reading_is_in_their_voivodeship(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    x, y = 531_463.0, 432_634.0
    path = write(
        tmp_path / "p.gpkg", "dzialki", {"id": ["106101_1.0001.1"]}, [shapely.box(x, y, x + 9, y + 9)], "EPSG:2180"
    )
    assert not counts(take(store, catalogue, path).loads[0]).keys() & {"axes_unchecked", "crs_doubtful"}


def test_few_rows_are_doubted_not_refused(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, boundary(tmp_path / "b.gpkg"))
    east = shapely.Point(KALISZ[0] + 3_000, KALISZ[1] - 2_500).buffer(200)
    path = write(
        tmp_path / "f.gpkg",
        "powodz",
        {"id": ["a"], "scenariusz": ["1%"]},
        turned([east], 2180, swapped=True),
        "EPSG:2180",
    )
    report = take(store, catalogue, path, layer={"powodz": "flood"})
    assert "crs_doubtful" in counts(report.loads[0])


def test_a_table_without_a_row_in_the_municipality_is_noticed(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    take(store, catalogue, boundary(tmp_path / "b.gpkg"))
    far = [
        shapely.box(KALISZ[0] + 30_000 + 20 * n, KALISZ[1], KALISZ[0] + 30_010 + 20 * n, KALISZ[1] + 10)
        for n in range(12)
    ]
    lines = take(store, catalogue, delivery(tmp_path / "w.gpkg", far, "EPSG:2177", "budynki"))
    assert counts(lines.loads[0])["far_away"] == 1
    # Precincts are told by number: those of another town would replace ours.
    path = delivery(tmp_path / "p.gpkg", far, "EPSG:2177")
    with pytest.raises(Refused, match=r'of another|municipality.*--crs "dzialki=EPSG:2177 sure"'):
        take(store, catalogue, path)
    report = take(store, catalogue, path, crs="EPSG:2177 sure")
    assert counts(report.loads[0])["far_away"] == 1
    assert report.loads[0].rows.loaded == 12


def test_a_city_in_another_zone_than_the_inventory_is_noticed(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    x, y = 614_569.0, 334_507.0  # reference: Kielce in EPSG:2180; its county is in EPSG:2178
    assert not found(take(store, catalogue, delivery(tmp_path / "p.gpkg", city(5), "EPSG:2177")), "other_zone")
    path = write(
        tmp_path / "q.gpkg", "dzialki", {"id": ["266101_1.0001.1"]}, [shapely.box(x, y, x + 9, y + 9)], "EPSG:2180"
    )
    (said,) = found(take(store, catalogue, path), "other_zone")
    assert "EPSG:2178" in said
    assert "EPSG:2177" in said


# --- the judgement, and the sample ---

BOTH = st.integers(1, 300).flatmap(lambda n: st.tuples(*[arrays.arrays(bool, n)] * 2))


@settings(deadline=None)
@given(BOTH, st.booleans())
def test_a_system_most_points_agree_with_is_never_refused(pair: tuple[np.ndarray, np.ndarray], enough: bool) -> None:
    here, there = pair
    verdict = judged(here, there, enough=enough)
    if verdict is Verdict.WRONG:
        assert enough
        assert here.mean() <= axes.FEW
        assert there.mean() >= axes.MOST
        assert (there & ~here).sum() >= 10
    if here.all():
        assert verdict in {Verdict.RIGHT, Verdict.OPEN}
    assert judged(there, here, enough=enough) is not Verdict.WRONG or verdict is not Verdict.WRONG


def in_circle(rng: np.random.Generator, centre: tuple[float, float], radius: float, n: int = 300) -> np.ndarray:
    angle, far = rng.uniform(0, 2 * np.pi, n), radius * np.sqrt(rng.uniform(0, 1, n))
    return np.column_stack([centre[0] + far * np.cos(angle), centre[1] + far * np.sin(angle)])


def verdict_of(points: np.ndarray, centre: tuple[float, float], radius: float) -> Verdict:
    """Judge points against a round city: as they are, and turned round."""
    here, there = (np.hypot(*(one - centre).T) <= radius for one in (points, points[:, ::-1]))
    return judged(here, there, enough=True)


def test_kalisz_is_always_judged_right_and_no_round_city_wrongly() -> None:
    rng = np.random.default_rng(7)
    kalisz = (436_891.0, 433_142.0)
    for _ in range(200):
        points = in_circle(rng, kalisz, 4_690)
        assert verdict_of(points, kalisz, 4_690) is Verdict.RIGHT
        assert verdict_of(points[:, ::-1], kalisz, 4_690) is Verdict.WRONG
        offset, radius = rng.uniform(-40e3, 40e3), rng.uniform(2e3, 9e3)
        centre = (430e3 + offset, 430e3 - offset)
        assert verdict_of(in_circle(rng, centre, radius), centre, radius) in {Verdict.RIGHT, Verdict.OPEN}
        region = in_circle(rng, centre, radius * rng.uniform(2, 15))
        assert verdict_of(region, centre, radius) in {Verdict.RIGHT, Verdict.OPEN}


def test_a_sample_is_bounded_whatever_the_table() -> None:
    import pyarrow as pa

    shapes = shapely.buffer(shapely.points(np.arange(20_000.0), 0.0), 1)
    wkb = pa.array([*shapely.to_wkb(shapes).tolist()[:-1], None], pa.binary())
    raw = pa.RecordBatch.from_arrays([pa.array(range(20_000)), wkb], names=["__row", "__wkb"])
    sample = axes.sampled([arrived(raw)])
    assert len(sample.points) == sample.rows == len(sample.keys) <= axes.SAMPLE
    few = axes.sampled([arrived(raw.slice(0, 1)), arrived(raw.slice(1, 1))])
    assert few.rows == 2
    assert axes.SAMPLE >= len(few.points) > 50
    assert not len(axes.sampled([arrived(raw.slice(19_999, 1))]).points)
