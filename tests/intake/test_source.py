"""Files in the wild: what opens, what is refused, and that nothing of it is written to."""

import contextlib
import hashlib
import os
import shutil
import signal
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import shapely

from gis_sites.errors import Refused, WrongUse
from gis_sites.intake import children, ogr, reader
from gis_sites.intake.batch import arrived
from gis_sites.intake.source import open_source, read_table
from tests.intake.support import EAST, NORTH, box, line, parcel_id, parcels, sql, write


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return parcels(tmp_path / "good.gpkg", [parcel_id(n) for n in range(1, 4)], [box(20 * n, 0) for n in range(3)])


def test_a_source_is_known_by_its_bytes_and_lists_its_tables(good: Path) -> None:
    write(good, "oferty", {"id": ["a"]}, None)
    source = open_source(good)
    assert source.sha256 == hashlib.sha256(good.read_bytes()).hexdigest()
    assert [(table.name, table.kind, table.rows, table.crs) for table in source.tables] == [
        ("dzialki", "polygon", 3, "EPSG:2177"),
        ("oferty", None, 1, None),
    ]


def test_a_table_comes_in_batches_with_row_ids_and_wkb(good: Path) -> None:
    batches = list(read_table(open_source(good), "dzialki", ["id_dzialki"]))
    assert [batch.schema.names for batch in batches] == [["__row", "id_dzialki", "__wkb", "__curved"]]
    assert batches[0].column("__row").to_pylist() == [1, 2, 3]
    assert shapely.from_wkb(batches[0].column("__wkb").to_pylist())[1].area == pytest.approx(100)


def test_an_empty_table_is_read(tmp_path: Path) -> None:
    path = parcels(tmp_path / "empty.gpkg", [parcel_id(1)], [box(0, 0)])
    sql(path, "DELETE FROM dzialki")
    assert [batch.num_rows for batch in read_table(open_source(path), "dzialki", ["id_dzialki"])] in ([], [0])


@pytest.mark.parametrize("name", ["x'; DROP TABLE parcels;--", 'a"b', "a.b", "SELECT", "działki 🏭"])
def test_any_table_name_is_read(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "names.gpkg", name, {"id": ["a"]}, [box(0, 0)])
    assert [batch.num_rows for batch in read_table(open_source(path), name, ["id"])] == [1]


def _ring(kind: int, *points: tuple[float, float]) -> bytes:
    """Return a polygon of one ring as WKB of a kind that has a polygon's form: a triangle, or a curve of one arc."""
    numbers = b"".join(struct.pack("<dd", EAST + x, NORTH + y) for x, y in points)
    inner = struct.pack("<BI", 1, 8) if kind == 10 else b""
    return struct.pack("<BII", 1, kind, 1) + inner + struct.pack("<I", len(points)) + numbers


def _several(kind: int, *members: bytes) -> bytes:
    return struct.pack("<BII", 1, kind, len(members)) + b"".join(members)


LEFT, RIGHT = (_ring(17, (0, 0), (10, 0), (10, 10), (0, 0)), _ring(17, (0, 0), (10, 10), (0, 10), (0, 0)))
ARC = _ring(10, (0, 0), (5, -5), (10, 0), (5, 5), (0, 0))


@pytest.mark.parametrize("declared", ["GEOMETRY", "CURVEPOLYGON"])
@pytest.mark.parametrize(
    ("wkb", "curved", "area"),
    [
        (_ring(10, (0, 0), (1, 1), (2, 0), (1, -1), (0, 0)), True, 3.1416),
        (LEFT, False, 50),  # a triangle
        (_several(16, LEFT, RIGHT), False, 100),  # a net of triangles, as the buildings of a three-dimensional model
        (_several(15, shapely.to_wkb(box(0, 0)), shapely.to_wkb(box(10, 0))), False, 200),
        (_several(7, ARC), True, 78.54),
        (_several(7, shapely.to_wkb(shapely.Point(EAST, NORTH)), _several(7, ARC)), True, 78.54),
        (_several(7, shapely.to_wkb(box(0, 0))), False, 100),
    ],
)
def test_shapes_that_geos_does_not_know_become_polygons(
    good: Path, wkb: bytes, curved: bool, area: float, declared: str
) -> None:
    blob = (b"GP\0\1" + struct.pack("<i", 2177) + wkb).hex()
    sql(
        good,
        f"UPDATE dzialki SET geom = x'{blob}' WHERE fid = 2",
        f"UPDATE gpkg_geometry_columns SET geometry_type_name = '{declared}'",
    )
    (batch,) = read_table(open_source(good), "dzialki", [])
    assert batch.column("__curved").to_pylist() == [False, curved, False]
    assert shapely.from_wkb(batch.column("__wkb")[1].as_py()).area == pytest.approx(area, rel=1e-3)
    assert arrived(batch).valid[[0, 2]].all()


def test_changes_that_wait_beside_the_file_are_seen_and_nothing_is_written(good: Path) -> None:
    with contextlib.closing(sqlite3.connect(good)) as db:
        db.execute("PRAGMA journal_mode = wal")
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("DELETE FROM dzialki WHERE fid = 1")
        db.commit()
        before = {path.name: path.read_bytes() for path in good.parent.iterdir()}
        source = open_source(good)
        assert [batch.num_rows for batch in read_table(source, "dzialki", [])] == [2]
        assert {path.name: path.read_bytes() for path in good.parent.iterdir()} == before
        folder = source.path.parent
        assert folder != good.parent
        del source
        assert not folder.exists()


def test_a_file_in_a_folder_that_cannot_be_written_is_read(good: Path) -> None:
    good.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert [batch.num_rows for batch in read_table(open_source(good), "dzialki", [])] == [3]
    finally:
        good.parent.chmod(stat.S_IRWXU)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[100:400] = bytes(255 - byte for byte in raw[100:400])
    path.write_bytes(bytes(raw))


def _zip(path: Path) -> None:
    other = path.with_suffix(".zip")
    with zipfile.ZipFile(other, "w") as archive:
        archive.write(path)
    shutil.move(other, path)


def _html(path: Path) -> None:
    path.write_text("<html><body>Zaloguj się</body></html>")


def _plain_sqlite(path: Path) -> None:
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE t (a)")
        db.commit()


def _no_bytes(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [_cut, _flip, _zip, _html, _plain_sqlite, _no_bytes])
def test_a_file_that_is_no_whole_geopackage_is_refused(good: Path, damage: object) -> None:
    damage(good)  # type: ignore[operator]
    with pytest.raises(Refused, match=r"good\.gpkg") as refusal:
        _read_all(good)
    assert "Traceback" not in refusal.value.sentence("pl")


def _read_all(path: Path) -> None:
    source = open_source(path)
    for table in source.tables:
        list(read_table(source, table.name, []))


def test_a_missing_file_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"none\.gpkg"):
        open_source(tmp_path / "none.gpkg")


def test_a_view_that_never_ends_is_not_begun(good: Path) -> None:
    sql(
        good,
        "CREATE VIEW endless AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('endless', 'attributes', 'endless')",
    )
    with pytest.raises(Refused, match=r"“endless” is no table but a view"):
        list(read_table(open_source(good), "endless", ["n"]))


def test_the_largest_file_is_bounded_within_what_a_child_may_have() -> None:
    code = "from gis_sites.intake import limits, reader; reader.limit(); limits.bound(1 << 40)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_file_that_changes_meanwhile_is_refused(good: Path) -> None:
    source = open_source(good)
    sql(good, "DELETE FROM dzialki WHERE fid = 1")
    with pytest.raises(Refused, match="was changed"):
        list(read_table(source, "dzialki", []))


def test_a_reader_closed_early_leaves_no_process(tmp_path: Path) -> None:
    path = write(
        tmp_path / "many.gpkg", "t", {"id": list(range(60_000))}, [line((n, 0), (n, 1)) for n in range(60_000)]
    )
    batches = read_table(open_source(path), "t", ["id"])
    assert next(batches).num_rows == ogr.BATCH
    batches.close()  # type: ignore[attr-defined]


def test_a_listing_longer_than_a_pipe_holds_is_read(tmp_path: Path) -> None:
    path = tmp_path / "wide.gpkg"
    with contextlib.closing(sqlite3.connect(write(path, "t", {"id": ["a"]}, [line((0, 0), (1, 1))]))) as db:
        for table in range(40):
            columns = ", ".join(f"a_rather_long_name_of_a_column_{n} TEXT" for n in range(60))
            db.execute(f"CREATE TABLE wide_{table} (fid INTEGER PRIMARY KEY, {columns})")
            db.execute(f"INSERT INTO gpkg_contents (table_name, data_type) VALUES ('wide_{table}', 'attributes')")
        db.commit()
    assert len(open_source(path).tables) == 41


def test_children_share_a_nurse_and_end_one_by_one(good: Path) -> None:
    source = open_source(good)
    both = [read_table(source, "dzialki", []) for _ in range(2)]
    assert [next(one).num_rows for one in both] == [3, 3]  # two at once
    assert [list(one) for one in both] == [[], []]
    assert len(children._idle[reader.__file__]) == 2
    assert list(read_table(source, "dzialki", [])) != []
    assert len(children._idle[reader.__file__]) == 2


def test_a_nurse_that_was_killed_while_it_waited_is_replaced(good: Path) -> None:
    source = open_source(good)
    for nurse in children._idle[reader.__file__]:
        os.kill(nurse._process.pid, signal.SIGKILL)
        nurse._process.wait()
    assert [batch.num_rows for batch in read_table(source, "dzialki", [])] == [3]


def test_a_nurse_that_dies_at_a_request_names_no_process(tmp_path: Path) -> None:
    script = tmp_path / "dies.py"
    script.write_text("import socket, sys; socket.socket(fileno=int(sys.argv[2])).recv(9)")
    nurse = children.Nurse(str(script))
    with pytest.raises(OSError, match="has ended"):  # below zero, it would be a group of processes to be killed
        nurse.bear(["list"], [0, 1])
    nurse.dismiss()
