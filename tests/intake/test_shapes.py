"""Geometry at the door: what is repaired, by how much, what is rejected, and that every bit of it is said."""

import itertools
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.findings import Finding, FindingType, Severity
from gis_sites.intake import mending, rows, shapes
from gis_sites.intake.batch import arrived
from gis_sites.intake.crs import System
from gis_sites.intake.fit import fit
from gis_sites.intake.loading import Loading
from gis_sites.intake.note import Note
from gis_sites.intake.source import SourceTable, open_source, read_table
from gis_sites.intake.tally import Tally
from gis_sites.store import loads as registry
from gis_sites.store.connect import Store
from tests.intake.support import EAST, NORTH, balanced, box, counts, line, parcel_id, parcels, sql, take

WORKING = pyproj.CRS.from_epsg(2177)


def polygon(*points: tuple[float, float], holes: Sequence[Sequence[tuple[float, float]]] = ()) -> shapely.Polygon:
    """Return a polygon, metres from the corner."""

    def there(ring: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(EAST + x, NORTH + y) for x, y in ring]

    return shapely.Polygon(there(points), [there(hole) for hole in holes])


class Door:
    """Geometries sent through the door: what was stored of each, and what was noticed."""

    def __init__(self, catalogue: Catalogue, geometry: Sequence[Any], layer: str = "parcel") -> None:
        wkb = [one if one is None or isinstance(one, bytes) else shapely.to_wkb(one) for one in geometry]
        n = len(wkb)
        source = pa.RecordBatch.from_pydict(
            {"__row": list(range(n)), "__wkb": pa.array(wkb, pa.binary()), "__curved": [False] * n}
        )
        self.findings: list[Finding] = []

        def write(findings: list[Finding], places: Mapping[int, bytes]) -> None:
            self.findings.extend(findings)

        chosen = catalogue.layer(layer)
        table = SourceTable("t", "Unknown", {}, n, "EPSG:2177")
        load = Loading(chosen, table, fit(chosen, table, Note()), Tally(write), WORKING, 2177, System(WORKING))
        (keyed,) = rows.keyed(rows.counted([arrived(source)], load), load)
        (self.batch,) = shapes.shaped([keyed], load)
        load.tally.flush()
        self.stored = shapely.from_wkb(shapes.to_ewkb(self.batch.geometry, 2177).to_pylist())

    def types(self, row: int) -> Counter[str]:
        """Return what was noticed about a row's geometry."""
        return Counter(one.type.word for one in self.findings if one.row == row)

    def values(self, row: int, kind: FindingType) -> dict[str, Any]:
        """Return the values of the only finding of a type about a row."""
        (found,) = (one.values for one in self.findings if (one.row, one.type) == (row, kind))
        return found


def test_a_bow_tie_keeps_both_wings_and_says_what_a_map_paints(catalogue: Catalogue) -> None:
    door = Door(catalogue, [polygon((0, 0), (10, 10), (10, 0), (0, 10))])
    assert door.types(0) == {"geometry_repaired": 1}
    said = door.values(0, FindingType.GEOMETRY_REPAIRED)
    assert (said["before"], said["after"]) == (pytest.approx(50, abs=0.05), pytest.approx(50, abs=0.05))
    assert "make_valid" in said["method"]
    assert said["reason"] == "Self-intersection"
    assert door.stored[0].area == pytest.approx(50)
    assert door.batch.repaired.tolist() == [True]


def test_areas_are_measured_on_the_ellipsoid(catalogue: Catalogue) -> None:
    """Near the edge of its zone PL-2000 draws 77 mm a kilometre too large: 154 m2 of a square kilometre."""
    far = shapely.transform(polygon((0, 0), (1000, 1000), (1000, 0), (0, 1000)), lambda at: at + np.array([110_000, 0]))
    said = Door(catalogue, [far]).values(0, FindingType.GEOMETRY_REPAIRED)
    assert said["before"] == said["after"] == pytest.approx(Door(catalogue, [far]).stored[0].area, rel=5e-4)
    assert abs(said["after"] - Door(catalogue, [far]).stored[0].area) > 30


@pytest.mark.parametrize(
    ("broken", "before", "after"),
    [
        (polygon((0, 0), (10, 0), (10, 10), (0, 10), holes=[[(5, 2), (15, 2), (15, 8), (5, 8)]]), 100, 70),
        (shapely.Polygon(box(0, 0, 400, 400).exterior, [box(299, 0, 202, 101).exterior]), 16e4, 15e4),
    ],
    ids=["a third", "a hectare"],
)  # fmt: skip
def test_a_repair_that_guesses_is_rejected(
    catalogue: Catalogue, broken: shapely.Polygon, before: float, after: float
) -> None:
    door = Door(catalogue, [broken])
    assert door.types(0) == {"geometry_changed_too_much": 1}
    said = door.values(0, FindingType.GEOMETRY_CHANGED_TOO_MUCH)
    assert (said["before"], said["after"]) == (pytest.approx(before, rel=3e-3), pytest.approx(after, rel=3e-3))
    assert door.batch.rejected.tolist() == [True]
    (found,) = door.findings
    assert shapely.from_wkb(found.place).equals_exact(broken)


def test_small_changes_of_small_and_large_polygons_are_repairs(catalogue: Catalogue) -> None:
    """A fifth of 4 m2 is no square metre, 600 m2 of a hectare no tenth."""
    door = Door(
        catalogue,
        [
            polygon((0, 0), (2, 0), (2, 2), (0, 2), holes=[[(1, 0), (3, 0), (3, 0.8), (1, 0.8)]]),
            polygon((0, 0), (100, 0), (100, 100), (0, 100), holes=[[(80, 0), (120, 0), (120, 30), (80, 30)]]),
        ],
    )
    assert [door.types(row) for row in (0, 1)] == [{"geometry_repaired": 1}] * 2
    assert [shape.area for shape in door.stored] == pytest.approx([3.2, 9_400])


def test_a_hole_outside_becomes_a_part(catalogue: Catalogue) -> None:
    door = Door(catalogue, [polygon((0, 0), (10, 0), (10, 10), (0, 10), holes=[[(20, 0), (25, 0), (25, 5), (20, 5)]])])
    assert door.types(0) == {"geometry_repaired": 1}
    assert door.stored[0].area == pytest.approx(125)


def test_parts_that_overlap_or_repeat_are_united(catalogue: Catalogue) -> None:
    door = Door(
        catalogue,
        [
            shapely.MultiPolygon([box(0, 0), box(0, 0)]),
            shapely.MultiPolygon([box(0, 0), box(5, 0)]),
            shapely.GeometryCollection([box(0, 0), shapely.GeometryCollection([box(5, 0), line((0, 0), (9, 9))])]),
        ],
    )
    assert [shape.area for shape in door.stored] == pytest.approx([100, 150, 150])
    assert [door.types(row)["geometry_repaired"] for row in range(3)] == [1, 1, 1]
    assert door.types(2)["geometry_parts_dropped"] == 1
    assert door.values(2, FindingType.GEOMETRY_PARTS_DROPPED) == {"dropped": "1 LineString"}


def test_a_part_that_collapses_is_told(catalogue: Catalogue) -> None:
    flat = polygon((20, 0), (25, 0), (20, 0))
    door = Door(catalogue, [shapely.MultiPolygon([box(0, 0), flat])])
    assert door.types(0) == {"geometry_repaired": 1, "geometry_parts_dropped": 1}
    assert door.stored[0].area == pytest.approx(100)


def test_polygons_without_area_are_rejected_with_their_place(catalogue: Catalogue) -> None:
    crumb = polygon((0, 0), (0.009, 0), (0.009, 0.009), (0, 0.009))
    same = polygon((0, 0), (10, 0), (10, 10), (0, 10), holes=[[(0, 0), (10, 0), (10, 10), (0, 10)]])
    door = Door(catalogue, [polygon((0, 0), (5, 0), (0, 0)), crumb, same])
    assert [door.types(row) for row in range(3)] == [{"geometry_no_area": 1}] * 3
    assert door.batch.rejected.all()
    assert shapely.from_wkb(door.findings[0].place).length == pytest.approx(10)


def test_an_open_ring_is_closed_and_said(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    ring = [(0, 0), (10, 0), (10, 10), (0, 10)]
    points = b"".join(struct.pack("<dd", EAST + x, NORTH + y) for x, y in ring)
    wkb = struct.pack("<BIII", 1, 3, 1, len(ring)) + points
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1), parcel_id(2)], [box(50, 0), box(70, 0)])
    sql(
        path,
        f"UPDATE dzialki SET geom = x'{(b'GP' + bytes([0, 1]) + struct.pack('<i', 2177) + wkb).hex()}' WHERE fid = 1",
    )
    report = take(store, catalogue, path)
    assert counts(report.loads[0]) == {"ring_closed": 1}
    assert (report.loads[0].rows.loaded, report.loads[0].rows.repaired) == (2, 1)


@pytest.mark.parametrize("wild", [float("nan"), float("inf"), 1e300])
def test_coordinates_that_are_no_numbers_are_rejected(catalogue: Catalogue, wild: float) -> None:
    with np.errstate(invalid="ignore", over="ignore"):
        door = Door(catalogue, [box(0, 0), polygon((0, 0), (5, wild), (5, 5)), box(20, 0)])
    assert door.batch.rejected.tolist() == [False, True, False]
    assert set(door.types(1)) <= {"geometry_broken", "geometry_outside"}


def test_heights_that_are_no_numbers_do_not_matter(catalogue: Catalogue) -> None:
    ring = b"".join(struct.pack("<ddd", *point, float("nan")) for point in box(0, 0).exterior.coords)
    door = Door(catalogue, [struct.pack("<BIII", 1, 1003, 1, 5) + ring])
    assert door.types(0) == {"geometry_flattened": 1}
    assert not door.stored[0].has_z


def test_nothing_and_rubbish_are_told_apart(catalogue: Catalogue) -> None:
    door = Door(catalogue, [None, shapely.Polygon(), b"\1\2", shapely.MultiPolygon()])
    assert [set(door.types(row)) for row in range(4)] == [
        {"geometry_missing"}, {"geometry_missing"}, {"geometry_broken"}, {"geometry_missing"},
    ]  # fmt: skip


def test_repeated_points_are_taken_out(catalogue: Catalogue) -> None:
    twice = polygon((0, 0), (10, 0), (10, 0), (10, 10), (0, 10))
    hole = [(3.0, 3.0), (3.0, 3.0), (3.0, 4.0), (4.0, 4.0)]
    door = Door(catalogue, [twice, polygon((0, 0), (10, 0), (10, 10), (0, 10), holes=[hole]), box(0, 0)])
    assert [door.types(row) for row in range(3)] == [{"points_repeated": 1}, {"points_repeated": 1}, {}]
    assert shapely.get_num_coordinates(door.stored).tolist() == [5, 9, 5]
    assert door.batch.repaired.tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (polygon((0, 0), (5, 0), (5, -100), (5.001, 0), (10, 0), (10, 10), (0, 10)), 100),
        (polygon((0, 0), (10, 0), (10, 10), (5.01, 10), (5, 4), (4.99, 10), (0, 10)), 6),
        (polygon((5, -100), (5.001, 0), (10, 0), (10, 10), (0, 10), (0, 0), (5, 0)), 100),
        (polygon((0, 0), (5, 0), (5, -0.9), (5.001, 0), (10, 0), (10, 10), (0, 10)), None),
        (polygon((0, 0), (50, 0), (50, 1)), None),
        (box(0, 0), None),
    ],
    ids=["spike", "slit", "at the start", "too short", "a narrow strip of land", "none"],
)
def test_spikes_are_pointed_at_and_left(catalogue: Catalogue, shape: shapely.Polygon, told: float | None) -> None:
    assert shape.is_valid
    door = Door(catalogue, [shape])
    assert door.stored[0].equals(shape)
    if told is None:
        assert door.types(0) == {}
        return
    said = door.values(0, FindingType.SPIKE)
    assert said["length"] == pytest.approx(told, abs=0.01)
    assert said["degrees"] < mending.SPIKE_DEGREES
    tip = shapely.from_wkb(door.findings[0].place)
    assert tip.geom_type == "Point"
    assert shape.boundary.distance(tip) == 0


def test_a_spike_of_no_width_is_cut_by_the_repair(catalogue: Catalogue) -> None:
    door = Door(catalogue, [polygon((0, 0), (5, 0), (5, -100), (5, 0), (10, 0), (10, 10), (0, 10))])
    assert door.types(0) == {"geometry_repaired": 1}
    assert door.stored[0].equals(box(0, 0))


def test_lines_that_turn_back_are_no_spikes(catalogue: Catalogue) -> None:
    door = Door(catalogue, [line((0, 0), (50, 0), (0, 0.01)), line((0, 0), (0, 0), (9, 9))], layer="road")
    assert door.types(0) == {}
    assert door.types(1)["points_repeated"] == 1


def test_what_no_repair_helps_is_rejected(catalogue: Catalogue) -> None:
    point, whole = line((3, 3), (3, 3)), line((0, 0), (9, 9))
    door = Door(catalogue, [point, whole, shapely.MultiLineString([whole, point])], layer="road")
    assert door.batch.rejected.tolist() == [True, False, False]
    assert set(door.types(0)) == {"geometry_broken"}
    assert door.types(2)["geometry_repaired"] == 1
    assert door.stored[2].length == pytest.approx(whole.length)


def test_chords_lie_as_near_their_arc_as_is_said(tmp_path: Path) -> None:
    radius = 100.0
    ring = [(0, 0), (radius, radius), (2 * radius, 0), (radius, -radius), (0, 0)]
    points = b"".join(struct.pack("<dd", EAST + x, NORTH + y) for x, y in ring)
    wkb = struct.pack("<BII", 1, 10, 1) + struct.pack("<BII", 1, 8, 5) + points
    path = parcels(tmp_path / "p.gpkg", [parcel_id(1)], [box(0, 0)])
    blob = (b"GP\0\1" + struct.pack("<i", 2177) + wkb).hex()
    sql(
        path,
        f"UPDATE dzialki SET geom = x'{blob}'",
        "UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'",
    )
    (batch,) = read_table(open_source(path), "dzialki", [])
    chords = shapely.get_coordinates(shapely.from_wkb(batch.column("__wkb")[0].as_py()))
    middle = (chords[1:] + chords[:-1]) / 2 - [EAST + radius, NORTH]
    off = radius - np.hypot(*middle.T)
    assert 0 < off.max() <= shapes.ARC_OFF / 100 * radius
    assert 1 - np.cos(np.radians(shapes.ARC_DEGREES / 2)) <= shapes.ARC_OFF / 100


def test_every_finding_about_a_broken_outline_has_a_place(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    across = polygon((0, 0), (10, 0), (10, 10), (0, 10), holes=[[(5, 2), (15, 2), (15, 8), (5, 8)]])
    geometry = [box(99, 0), across, polygon((0, 0), (5, 0), (0, 0)), line((0, 0), (5, 5))]
    report = take(store, catalogue, parcels(tmp_path / "p.gpkg", [parcel_id(n + 1) for n in range(4)], geometry))
    assert balanced(report)
    assert counts(report.loads[0]) == {"geometry_changed_too_much": 1, "geometry_no_area": 1, "geometry_type": 1}
    with store.begin() as conn:
        noticed = [one for one in registry.findings(conn, report.load or 0) if one.finding.row]
    assert all(one.wkb for one in noticed)
    assert {one.finding.row for one in noticed} == {2, 3, 4}


# --- whatever is drawn ---


@cache
def layers() -> Catalogue:
    """Return the catalogue; as a fixture it would be printed with every example."""
    return load_catalogue()


POINT = st.tuples(st.integers(0, 12), st.integers(0, 12))
RING = st.lists(POINT, min_size=3, max_size=7)
TALL = st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 12), st.integers(1, 12))


@st.composite
def broken(draw: st.DrawFn) -> shapely.Geometry:
    """Draw a polygon that may cross itself, with spikes, points twice, and holes anywhere; or several of them."""
    parts = []
    for _ in range(draw(st.integers(1, 2))):
        ring = draw(RING)
        at = draw(st.integers(0, len(ring) - 1))
        match draw(st.sampled_from(["as it is", "spike", "twice"])):
            case "spike":
                ring[at + 1 : at + 1] = [draw(POINT), ring[at]]
            case "twice":
                ring[at:at] = [ring[at]]
        boxes = draw(st.lists(TALL, max_size=2))
        holes = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for x, y, w, h in boxes]
        parts.append(polygon(*ring, holes=holes))
    if draw(st.booleans()):
        parts.append(parts[0])
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def painted(shape: shapely.Geometry) -> float:
    """Return the area a map paints, counted the slow way: face by face, ring by ring."""
    united = shapely.unary_union([_painted(part) for part in shapely.get_parts(shape)])
    return float(united.area)


def _painted(part: shapely.Polygon) -> shapely.Geometry:
    rings = [ring.coords[:] for ring in shapely.get_rings(part)]
    lines = shapely.unary_union([shapely.LineString(ring) for ring in rings])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines).tolist()))
    inside = [face for face in faces if sum(_rounds(face.representative_point(), ring) for ring in rings) % 2]
    return shapely.unary_union(inside)


def _rounds(point: shapely.Point, ring: Sequence[tuple[float, ...]]) -> int:
    """Count how often a ring crosses the ray from a point to the east."""
    found = 0
    for (x0, y0), (x1, y1) in itertools.pairwise(ring):
        if (y0 > point.y) != (y1 > point.y) and point.x < x0 + (point.y - y0) / (y1 - y0) * (x1 - x0):
            found += 1
    return found


@settings(max_examples=150, deadline=None)
@given(drawn=st.lists(broken(), min_size=1, max_size=5))
def test_what_is_stored_is_valid_or_the_row_is_rejected_with_a_reason(drawn: list[shapely.Geometry]) -> None:
    door = Door(layers(), drawn)
    for row, shape in enumerate(drawn):
        types = door.types(row)
        errors = [one for one in door.findings if one.row == row and one.type.severity is Severity.ERROR]
        assert bool(door.batch.rejected[row]) == bool(errors) == (door.stored[row] is None)
        if errors:
            assert len(errors) == 1
            continue
        stored = door.stored[row]
        assert stored.is_valid
        assert stored.geom_type == "MultiPolygon"
        assert shapely.get_srid(stored) == 2177
        if shape.is_valid:
            assert not types.keys() - {"points_repeated", "spike"}
            assert stored.equals(shape)
            continue
        assert types["geometry_repaired"] == 1
        before = painted(shape)
        assert door.values(row, FindingType.GEOMETRY_REPAIRED)["before"] == pytest.approx(before, rel=2e-3, abs=0.02)
        assert not mending.too_much(np.array([before]), np.array([stored.area]))[0]


@settings(max_examples=60, deadline=None)
@given(drawn=broken())
def test_a_mended_geometry_needs_no_mending(drawn: shapely.Geometry) -> None:
    stored = Door(layers(), [drawn]).stored[0]
    if stored is not None:
        again = Door(layers(), [stored])
        assert not again.types(0).keys() - {"spike"}
        assert again.stored[0].equals_exact(stored)
