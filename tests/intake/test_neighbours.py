"""Rows beside each other: overlaps, gaps and repeated geometries, found in place, and never at the cost of a row."""

import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_sites.catalogue import Catalogue
from gis_sites.findings import Finding, FindingType
from gis_sites.intake import around, borders, look, neighbours, tiles
from gis_sites.intake.load import load
from gis_sites.intake.note import Note
from gis_sites.intake.plan import read_source
from gis_sites.intake.report import ImportReport
from gis_sites.store import loads as registry
from gis_sites.store import neighbours as held
from gis_sites.store import revisions, states
from gis_sites.store.connect import Store
from tests.intake.support import EAST, NORTH, balanced, box, counts, line, parcel_id, parcels, take, write
from tests.intake.test_real import found

WORDS = {"overlap", "gap", "geometry_shared", "heap", "neighbours_unchecked", "not_all_kept"}


def noticed(store: Store, report: ImportReport) -> list[registry.Noticed]:
    """Return what was noticed of rows beside each other."""
    with store.begin() as conn:
        found = registry.findings(conn, report.load or 0)
    return [one for one in found if one.finding.type.word in WORDS]


def told(one: registry.Noticed) -> tuple[str, str | None, str]:
    """Return the type, the row it is told of and the other."""
    return one.finding.type.word, one.finding.key, one.finding.values["other"]


def grid(n: int, side: float = 30) -> list[shapely.Polygon]:
    """Return n x n adjoining squares, row by row."""
    return [box(x * side, y * side, side, side) for y in range(n) for x in range(n)]


# --- through the front door ---


def test_overlaps_and_gaps_of_a_millimetre_are_found_in_their_place(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    shapes = [box(0, 0), box(10, 0), box(20.001, 0), box(30, 0, 10, 10), box(100, 0), box(110.6, 0)]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(6)], shapes))
    assert balanced(report)
    assert counts(report.loads[0]) == {"overlap": 1, "gap": 1}
    over, gap = noticed(store, report)
    assert told(over) == ("overlap", parcel_id(3), parcel_id(4))
    assert (over.finding.row, over.finding.values["area"]) == (3, pytest.approx(0.01))
    assert shapely.from_wkb(over.wkb).bounds == pytest.approx((EAST + 30, NORTH, EAST + 30.001, NORTH + 10))
    assert told(gap) == ("gap", parcel_id(2), parcel_id(3))
    assert gap.finding.values == {"other": parcel_id(3), "there": "3", "area": 0.01, "width": 0.001}
    assert shapely.from_wkb(gap.wkb).bounds == pytest.approx((EAST + 20, NORTH, EAST + 20.001, NORTH + 10))
    assert f"pokrywa się z {parcel_id(4)} (wiersz 4) na 0,01 m²" in over.finding.sentence("pl")


def test_a_long_gap_names_a_few_of_its_neighbours(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shapes = [box(0, 10.2, 200, 10), *(box(n * 10, 0) for n in range(20))]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(21)], shapes))
    (gap,) = noticed(store, report)
    assert gap.finding.values["area"] == pytest.approx(40)
    assert gap.finding.values["other"].count(parcel_id("")) == 8
    assert gap.finding.values["other"].endswith(", …")


def test_a_tidy_cadastre_says_nothing(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shapes = [*grid(4), box(0, 120, 60, 9), shapely.reverse(box(60, 120, 60, 9)), box(0, 135)]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(19)], shapes))
    assert counts(report.loads[0]) == {}


def test_the_same_geometry_under_two_identifiers(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    turned = shapely.Polygon(np.roll(box(0, 0).exterior.coords[:-1], 2, axis=0))
    shapes = [box(0, 0), box(10, 0), turned, box(50, 0), shapely.reverse(box(0, 0))]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(5)], shapes))
    assert counts(report.loads[0]) == {"geometry_shared": 2}
    assert [told(one) for one in noticed(store, report)] == [
        ("geometry_shared", parcel_id(3), parcel_id(1)), ("geometry_shared", parcel_id(5), parcel_id(1)),
    ]  # fmt: skip


def test_the_same_outline_with_another_point_is_an_overlap(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shapes = [box(0, 0), shapely.segmentize(box(0, 0), 6)]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(1), parcel_id(2)], shapes))
    assert counts(report.loads[0]) == {"overlap": 1}
    assert noticed(store, report)[0].finding.values["area"] == 100


def test_repeated_lines_and_points_are_told_of_layers_that_may_overlap(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    lines = [line((0, 0), (9, 9)), line((0, 0), (9, 9)), line((0, 9), (9, 0))]
    path = write(tmp_path / "drogi.gpkg", "drogi", {"id": ["a", "b", "c"]}, lines)
    report = take(store, catalogue, path, layer={"drogi": ["road"]})
    assert counts(report.loads[0])["geometry_shared"] == 1


def test_what_stays_is_a_neighbour_of_what_comes(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    first = [box(0, 0), box(10, 0), box(9, 20), box(18, 20)]
    ids = [parcel_id(n + 1, "0011") for n in range(4)]
    assert counts(take(store, catalogue, parcels(tmp_path / "a.gpkg", ids, first)).loads[0]) == {"overlap": 1}
    second = parcels(tmp_path / "b.gpkg", [parcel_id(1)], [box(19, 0)])
    report = take(store, catalogue, second)
    (one,) = noticed(store, report)
    assert told(one) == ("overlap", parcel_id(1), ids[1])
    assert one.finding.values["there"] == "–"
    again = parcels(tmp_path / "c.gpkg", [parcel_id(1)], [box(20, 0)])
    assert counts(take(store, catalogue, again).loads[0]) == {}


def plan(path: Path, table: str, rows: Sequence[tuple[str, str, Any]]) -> Path:
    """Write a table of plan zones: plan, label, geometry."""
    plans, labels, shapes = zip(*rows, strict=True)
    columns = {"nr_uchwaly": plans, "label": labels, "fun_symb": ["MN"] * len(rows), "oznaczenie": labels}
    return write(path, table, columns, shapes)


def test_zones_of_one_plan_must_not_overlap_a_newer_plan_may(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    rows = [("I/1", "1MN", box(0, 0)), ("I/1", "2MN", box(9.5, 0)), ("II/2", "1MN", box(0, 0, 30, 10))]
    report = take(store, catalogue, plan(tmp_path / "mpzp.gpkg", "mpzp", rows), layer={"mpzp": ["zoning"]})
    found = noticed(store, report)
    assert [one.finding.type.word for one in found] == ["overlap"]
    assert found[0].finding.values["area"] == pytest.approx(5)


def test_layers_that_may_overlap_are_left_alone(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "p.gpkg", "powodz_q10", {"scenariusz": ["10 %", "10 %"]}, [box(0, 0), box(5, 0)])
    report = take(store, catalogue, path, layer={"powodz_q10": ["flood"]})
    assert not WORDS & counts(report.loads[0]).keys()


def test_rows_without_keys_are_told_by_their_number(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "g.gpkg", "gleby", {"ozk": ["II", "V"]}, [box(0, 0), box(5, 0)])
    (one,) = noticed(store, take(store, catalogue, path, layer={"gleby": ["soil"]}))
    mine, other = one.finding.row, {1: 2, 2: 1}[one.finding.row or 0]
    assert one.finding.sentence("en") == f"row {mine} (–): overlaps – (row {other}) by 50 m²"


def test_keys_that_are_not_public_are_masked_in_both_places() -> None:
    finding = Finding(FindingType.OVERLAP, 1, "PL.1", values={"other": "PL.2", "area": 3.5})
    catalogue_layer = {"name": "x", "key": ["id"], "fields": {"id": {"type": "text", "public": False}}}
    from gis_sites.catalogue import Layer

    layer = Layer.model_validate(
        {**catalogue_layer, "title": {"pl": "x", "en": "x"}, "geometry": "polygon", "attributes": {}}
    )
    (masked,) = registry.masked([finding], layer)
    assert (masked.key, masked.values) == ("***", {"other": "***", "area": 3.5})


# --- a check must not cost a row ---


def test_a_check_that_fails_costs_nothing(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(borders, "borders", fail)
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)]))
    assert counts(report.loads[0]) == {"neighbours_unchecked": 1}
    assert "RuntimeError: out of luck" in noticed(store, report)[0].finding.sentence("en")
    assert report.loads[0].rows.loaded == 1
    with store.begin() as conn:
        state = states.current(conn)
        assert state is not None
        assert len(revisions.read(conn, state.revisions["parcel"])) == 1


def test_a_question_the_database_cannot_answer_costs_nothing(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "COUNT", "SELECT 1 / 0, 1, 1 FROM {table}")
    take(store, catalogue, parcels(tmp_path / "a.gpkg", [parcel_id(1, "0011")], [box(0, 0)]))
    report = take(store, catalogue, parcels(tmp_path / "b.gpkg", [parcel_id(1)], [box(9, 0)]))
    assert counts(report.loads[0]) == {"neighbours_unchecked": 1}
    assert report.loads[0].rows.loaded == 1


def test_a_row_with_the_geometry_of_one_that_stays(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    take(store, catalogue, parcels(tmp_path / "a.gpkg", [parcel_id(1, "0011")], [box(0, 0)]))
    ids, shapes = [parcel_id(1), parcel_id(2), parcel_id(3)], [box(0, 0), shapely.reverse(box(0, 0)), box(50, 0)]
    report = take(store, catalogue, parcels(tmp_path / "b.gpkg", ids, shapes))
    assert counts(report.loads[0]) == {"geometry_shared": 2}
    assert [told(one) for one in noticed(store, report)] == [
        ("geometry_shared", ids[0], parcel_id(1, "0011")), ("geometry_shared", ids[1], ids[0]),
    ]  # fmt: skip


def test_a_load_that_fails_does_not_wait_for_the_look(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "TILE", 1)
    monkeypatch.setattr(around, "CELL_M", 20.0)
    monkeypatch.setattr(tiles, "CELL_M", 20.0)
    seen: list[int] = []

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no room left")

    def slow(polygons: Any) -> Any:
        seen.append(len(polygons))
        time.sleep(0.2)
        return sides(polygons)

    sides = borders.borders
    monkeypatch.setattr(borders, "borders", slow)
    monkeypatch.setattr(revisions, "finish", fail)
    with pytest.raises(RuntimeError, match="no room left"):
        take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(64)], grid(8)))
    assert len(seen) < 20


def test_more_than_are_kept_are_counted(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "KEPT", 2)
    shapes = [box(n * 10, 0, 10 + n / 10, 10) for n in range(6)]
    shapes += [box(0, 50), box(0, 50), box(0, 50), box(0, 50)]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(10)], shapes))
    assert counts(report.loads[0]) == {"overlap": 4, "geometry_shared": 3, "not_all_kept": 2}
    found = noticed(store, report)
    assert [one.finding.values.get("area") for one in found if one.finding.type is FindingType.OVERLAP] == [4, 3]
    said = [one.finding.values for one in found if one.finding.type is FindingType.NOT_ALL_KEPT]
    assert said == [
        {"what": "overlap", "count": 4, "kept": 2}, {"what": "geometry_shared", "count": 3, "kept": 2},
    ]  # fmt: skip


def test_a_heap_is_said_and_not_compared_in_full(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(borders, "HEAP", 1)
    shapes = [shapely.box(EAST - n, NORTH - n, EAST + 200 - n / 2, NORTH + 200 - n / 3) for n in range(60)]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(60)], shapes))
    assert counts(report.loads[0]) == {"heap": 1}
    assert report.loads[0].rows.loaded == 60
    assert shapely.from_wkb(noticed(store, report)[0].wkb).contains(shapes[0])


def test_a_crowd_in_one_place_is_not_read_whole(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "CROWD", 5)
    path = parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(9)], grid(3))
    assert [one.finding.values for one in noticed(store, take(store, catalogue, path))] == [{"rows": 6}]


def untidy(path: Path) -> Path:
    """Write parcels that overlap, leave gaps, repeat each other and are joined of two rows."""
    rng = np.random.default_rng(7)
    shapes = grid(12)
    for place in rng.choice(144, 40, replace=False):
        shapes[place] = shapely.transform(shapes[place], lambda at: at + rng.uniform(-0.3, 0.3, 2))
    ids = [parcel_id(n + 1) for n in range(144)]
    return parcels(
        path, [*ids, parcel_id(200), parcel_id(5), parcel_id(201)], [*shapes, shapes[3], box(700, 0), box(701, 0)]
    )


def test_a_child_finds_what_a_thread_finds(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = []
    steps: list[str] = []
    for most in (1_000, 0):
        monkeypatch.setattr(neighbours, "WORTH_A_CHILD", most)
        steps.clear()
        plan = read_source(store, catalogue, untidy(tmp_path / f"{most}.gpkg"), Note())
        reports.append(load(store, catalogue, plan, progress=lambda step, *_: steps.append(step)))
        assert "parcel ⇄" in steps
    one, other = (noticed(store, report) for report in reports)
    assert {named.finding.type.word for named in one} == {"overlap", "gap", "geometry_shared"}
    assert [(told(named), named.finding.values, named.wkb) for named in one] == [
        (told(named), named.finding.values, named.wkb) for named in other
    ]


def test_a_child_that_fails_costs_nothing(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "WORTH_A_CHILD", 0)
    monkeypatch.setattr(look, "hand_over", lambda coming, path, **_: path.write_bytes(b"nothing to look at"))
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)]))
    assert counts(report.loads[0]) == {"neighbours_unchecked": 1}
    assert "Arrow" in noticed(store, report)[0].finding.sentence("en")
    assert report.loads[0].rows.loaded == 1


# --- tiles ---


@pytest.mark.parametrize("most", [7, 40, 10_000])
def test_tiles_find_what_one_look_finds(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Whatever the tiles: each overlap is told once, gaps across their edges too."""
    monkeypatch.setattr(look, "TILE", most)
    monkeypatch.setattr(around, "CELL_M", 20.0)
    monkeypatch.setattr(tiles, "CELL_M", 20.0)
    rng = np.random.default_rng(5)
    shapes = grid(9)
    for place in rng.choice(81, 25, replace=False):
        shapes[place] = shapely.transform(shapes[place], lambda at: at + rng.uniform(-0.2, 0.2, 2))
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(81)], shapes))
    pairs = itertools.combinations(shapes, 2)
    over = [one for one in (left.intersection(right).area for left, right in pairs) if one > borders.LEAST_M2]
    found = [one.finding for one in noticed(store, report)]
    areas = [one.values["area"] for one in found if one.type is FindingType.OVERLAP]
    assert sorted(areas) == pytest.approx(sorted(over), abs=1e-3)
    gaps = [one.values["area"] for one in found if one.type is FindingType.GAP]
    polygons = np.array(shapes, dtype=object)
    whole = borders.gaps(polygons, borders.borders(polygons))
    assert sum(gaps) == pytest.approx(sum(one.area for one in whole), rel=5e-3)
    assert len(whole) <= len(gaps)


def test_every_point_is_one_tiles() -> None:
    shapes = [*grid(5), box(5_000, 5_000), box(-9_000, 40)]
    boxes = shapely.bounds(shapes)
    squares, count = np.unique(np.floor(boxes[:, :2] / tiles.CELL_M).astype(int), axis=0, return_counts=True)
    found = tiles.tiles(np.column_stack([squares, count]), boxes, most=3)
    assert len(found) > 2
    x, y = np.random.default_rng(1).uniform(-1e4, 1e4, (2, 500)) + np.array([[EAST], [NORTH]])
    owners = np.sum([tile.owns(x, y) for tile, _ in found], axis=0)
    assert owners.tolist() == [1] * 500


# --- whatever lies about ---


@st.composite
def town(draw: st.DrawFn) -> list[shapely.Polygon]:
    """Draw squares on a grid, tidy or pushed about, some upon others, some merged with their neighbour."""
    shapes = [one for one in grid(4, 10) if draw(st.integers(0, 4))]
    for place in range(len(shapes)):
        match draw(st.integers(0, 7)):
            case 0:
                dx, dy = draw(st.sampled_from([(0.3, 0.0), (0.0, -0.002), (4.0, 3.0), (10.0, 0.0), (-5.0, 0.0)]))
                shapes[place] = shapely.transform(shapes[place], lambda at, by=(dx, dy): at + np.array(by))
            case 1:
                shapes[place] = shapes[place].buffer(draw(st.sampled_from([-3.0, 0.01, 12.0])), join_style="mitre")
            case 2:
                shapes.append(shapely.union_all(shapes[place : place + 2]))
    return [one for one in shapes if one.geom_type == "Polygon" and not one.is_empty]


@settings(max_examples=120, deadline=None)
@given(shapes=town())
def test_overlaps_are_those_of_all_pairs(shapes: list[shapely.Polygon]) -> None:
    polygons = np.array(shapes, dtype=object)
    found = borders.overlaps(polygons, borders.borders(polygons)) if shapes else None
    wanted = {
        (i, j): area
        for (i, one), (j, other) in itertools.combinations(enumerate(shapes), 2)
        if (area := one.intersection(other).area) > borders.LEAST_M2
    }
    if found is None:
        assert not wanted
        return
    pairs = zip(found.left.tolist(), found.right.tolist(), strict=True)
    assert dict(zip(pairs, found.area.tolist(), strict=True)) == pytest.approx(wanted)


@settings(max_examples=80, deadline=None)
@given(shapes=town())
def test_a_gap_is_nobodys_land_and_narrow(shapes: list[shapely.Polygon]) -> None:
    polygons = np.array(shapes, dtype=object)
    if not shapes:
        return
    land = shapely.union_all(polygons)
    for gap in borders.gaps(polygons, borders.borders(polygons)):
        assert gap.shape.intersection(land).area < 0.02 * gap.area + borders.LEAST_M2
        assert gap.width < borders.GAP_M
        assert len(gap.beside) >= 2
        assert all(shapes[place].distance(gap.shape) < 1e-3 for place in gap.beside)


def quad(*points: tuple[float, float]) -> shapely.Polygon:
    """Return a polygon, metres from the corner."""
    return shapely.Polygon([(EAST + x, NORTH + y) for x, y in points])


SHIFTED = shapely.transform(box(0, 0), lambda at: at + np.array([10.3, 4]))


@pytest.mark.parametrize(
    ("shapes", "area"),
    [
        ([box(0, 0), box(10.001, 0)], 0.01),
        ([box(0, 0), box(10.4, 0)], 4.0),
        ([box(0, 0), box(10.6, 0)], None),
        ([box(0, 0), box(10.1, 10.1)], None),
        ([box(0, 0), SHIFTED], 1.8),
        ([box(0, 0), box(10, 0, 10, 5), shapely.transform(box(10, 5), lambda at: at + np.array([0, 0.1]))], 1.0),
        ([box(0, 0).difference(box(3, 3, 3, 3)), box(3.01, 3, 2.99, 3)], 0.03),
        ([box(0, 0), box(10.1, 0, 0.2, 10), box(10.4, 0)], 1.0 + 1.0),
        ([box(0, 0), quad((10.2, 0), (20, 0), (20, 10), (9.8, 10))], 0.5),
        ([box(0, 0), quad((10, 0), (20, 0), (20, 10), (11, 10))], 1.25),
    ],
    ids=[
        "1 mm",
        "40 cm",
        "60 cm",
        "across a corner",
        "askew",
        "above",
        "in a hole",
        "a thin one between",
        "crossing",
        "opening",
    ],
)
def test_gaps(shapes: list[shapely.Polygon], area: float | None) -> None:
    polygons = np.array(shapes, dtype=object)
    found = borders.gaps(polygons, borders.borders(polygons))
    assert sum(one.area for one in found) == pytest.approx(area or 0, rel=1e-3)


def test_two_tidy_layers_upon_each_other_are_compared_throughout() -> None:
    """No side inside is odd: every one is shared by two polygons of its own layer."""
    old = np.array(grid(6, 20), dtype=object)
    new = shapely.transform(np.array(grid(5, 24), dtype=object), lambda at: at)
    polygons = np.concatenate([old, new])
    found = borders.overlaps(polygons, borders.borders(polygons))
    mixed = (found.left < 36) & (found.right >= 36)
    assert mixed.all()
    assert found.area.sum() == pytest.approx(120 * 120)


@pytest.mark.parametrize("path", found("cambridge/cambridge.gpkg"))
def test_the_overlaps_of_a_real_town(path: Path) -> None:
    """What is known of the file: 95 pairs of parcels overlap, the largest by 3,468 m2."""
    shapes = pyogrio.read_dataframe(path, layer="parcels_fy2014", columns=[]).geometry.to_numpy()
    polygons = shapely.make_valid(shapes[~shapely.is_missing(shapes)], method="structure")
    overlapping = borders.overlaps(polygons, borders.borders(polygons))
    assert len(overlapping.area) == 95
    assert overlapping.area.max() == pytest.approx(3468.5, abs=0.1)


def test_rows_without_geometry_are_no_neighbours(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    parcel = parcels(tmp_path / "p.gpkg", [parcel_id(1), parcel_id(2)], [box(0, 0), box(10, 0)])
    take(store, catalogue, parcel)
    offers = write(tmp_path / "o.gpkg", "oferty", {"id": ["1", "2"], "dzialki": [parcel_id(1), parcel_id(2)]}, None)
    report = take(store, catalogue, offers, layer={"oferty": ["offer"]})
    assert not WORDS & counts(report.loads[0]).keys()
    with store.begin() as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM store.offer_r1")).scalar_one() == 2
