"""Files made to do harm."""

import contextlib
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import shapely

from tests.intake.gml_files import EGIB, collection, ring, written
from tests.intake.support import EAST, NORTH, box, parcel_id, parcels, sql, write

Maker = Callable[[Path], Path]


# ---- makers --------------------------------------------------------------------------------------------


def good(path: Path, **columns: Any) -> Path:
    """A GeoPackage of three parcels that nobody can object to."""
    return parcels(path, [parcel_id(n) for n in (1, 2, 3)], [box(20 * n, 0) for n in range(3)], **columns)


def packed(path: Path, *members: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def named(name: str) -> zipfile.ZipInfo:
    """A member called just so."""
    info = zipfile.ZipInfo("x")
    info.filename = name
    return info


def member(name: str) -> Maker:
    return lambda folder: packed(folder / "x.zip", (named(name), good(folder / "in.gpkg").read_bytes()))


def symlink(folder: Path) -> Path:
    info = zipfile.ZipInfo("dzialki.gpkg")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return packed(folder / "x.zip", (info, b"/etc/passwd"))


def bomb(folder: Path) -> Path:
    path = folder / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("dzialki.gpkg", "w") as file:
        for _ in range(256):
            file.write(bytes(1 << 20))
    return path


def nested(folder: Path) -> Path:
    inner = packed(folder / "0.zip", ("a.gpkg", bytes(1000)))
    for level in (1, 2):
        inner = packed(folder / f"{level}.zip", *((f"{n}.zip", inner.read_bytes()) for n in range(10)))
    return inner


def overlapping(folder: Path) -> Path:
    """Many entries of the directory share the bytes of one member."""
    content = np.random.default_rng(1).bytes(200_000)
    path = packed(folder / "x.zip", ("0000.gpkg", content))
    raw = path.read_bytes()
    start = raw.rindex(b"PK\x01\x02")
    end = raw.rindex(b"PK\x05\x06")
    entry = raw[start:end]
    every = b"".join(entry.replace(b"0000.gpkg", b"%04d.gpkg" % n) for n in range(500))
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 500, 500, len(every), start, 0)
    path.write_bytes(raw[:start] + every + tail)
    return path


def lying(folder: Path) -> Path:
    path = packed(folder / "x.zip", ("dzialki.gpkg", good(folder / "in.gpkg").read_bytes()))
    raw = bytearray(path.read_bytes())
    place = raw.rindex(b"PK\x01\x02") + 24
    raw[place : place + 4] = (10).to_bytes(4, "little")
    path.write_bytes(raw)
    return path


def encrypted(folder: Path) -> Path:
    path = packed(folder / "x.zip", ("dzialki.gpkg", b"secret"))
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    return path


def many_members(folder: Path) -> Path:
    path = folder / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(65_536):
            archive.writestr(f"{n}.gpkg", b"")
    return path


def called(name: str, content: bytes) -> Maker:
    """A file of a name whose content is something else."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return make


def cut(part: float) -> Maker:
    def make(folder: Path) -> Path:
        path = good(folder / "dzialki.gpkg")
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * part)])
        return path

    return make


def flipped(folder: Path) -> Path:
    path = good(folder / "dzialki.gpkg")
    raw = bytearray(path.read_bytes())
    for place in np.random.default_rng(2).integers(100, 4096, 300).tolist():
        raw[place] ^= 0xFF
    path.write_bytes(raw)
    return path


def bare(folder: Path) -> Path:
    path = folder / "dzialki.gpkg"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE dzialki (id_dzialki TEXT)")
        db.commit()
    return path


def changed(*statements: str) -> Maker:
    """A good GeoPackage changed behind its back."""

    def make(folder: Path) -> Path:
        path = good(folder / "dzialki.gpkg", powierzchnia=[1.0, 2.0, 3.0])
        sql(path, "PRAGMA synchronous = OFF", "BEGIN", *statements)
        return path

    return make


def blob(hexadecimal: str) -> Maker:
    return changed(f"UPDATE dzialki SET geom = x'{hexadecimal}' WHERE fid = 1")


def gp(wkb: bytes, flags: int = 1) -> str:
    """A GeoPackage blob around WKB, without an envelope."""
    return (b"GP\x00" + bytes([flags]) + struct.pack("<i", 2177) + wkb).hex()


def polygon(*points: tuple[float, float]) -> bytes:
    ring = b"".join(struct.pack("<dd", *point) for point in points)
    return struct.pack("<BIII", 1, 3, 1, len(points)) + ring


def odd(value: float) -> Maker:
    corner = (EAST, NORTH)
    return blob(gp(polygon(corner, (EAST + 10, NORTH), (value, NORTH + 10), corner)))


def rings(count: int) -> Maker:
    """Polygon blobs that claim numbers of rings and points they do not have."""
    return blob(gp(struct.pack("<BII", 1, 3, count) + struct.pack("<I", count) + bytes(64)))


def vertices(count: int) -> Maker:
    def make(folder: Path) -> Path:
        angle = np.linspace(0, 2 * np.pi, count)
        shape = shapely.Polygon(np.column_stack([EAST + 500 * np.cos(angle), NORTH + 500 * np.sin(angle)]))
        return parcels(folder / "dzialki.gpkg", [parcel_id(1)], [shape])

    return make


def columns(count: int) -> Maker:
    names = ", ".join(f"ADD_{n}" for n in range(count)).split(", ")
    return changed(*(f"ALTER TABLE dzialki ADD COLUMN {name} TEXT" for name in names))


def renamed(name: str, *, raw: bytes | None = None) -> Maker:
    """A table of another name, if need be in bytes that are no text."""

    def make(folder: Path) -> Path:
        path = good(folder / "dzialki.gpkg")
        value: Any = raw if raw is not None else name
        with contextlib.closing(sqlite3.connect(path)) as db:
            for (trigger,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                db.execute(f'DROP TRIGGER "{trigger}"')
            if raw is None:
                db.execute('ALTER TABLE dzialki RENAME TO "{}"'.format(name.replace('"', '""')))
            else:
                db.execute("PRAGMA writable_schema = 1")
                statement = b'CREATE TABLE "' + raw + b'" (fid INTEGER PRIMARY KEY, geom BLOB, id_dzialki TEXT)'
                change = (
                    "UPDATE sqlite_master SET name = CAST(? AS TEXT), tbl_name = CAST(? AS TEXT), sql = CAST(? AS TEXT)"
                )
                db.execute(f"{change} WHERE name = 'dzialki' AND type = 'table'", (raw, raw, statement))
            for table in ("gpkg_contents", "gpkg_geometry_columns"):
                db.execute(f"UPDATE {table} SET table_name = CAST(? AS TEXT) WHERE table_name = 'dzialki'", (value,))
            db.commit()
        return path

    return make


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, 'x' AS id_dzialki FROM n"
REGISTER = (
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('{0}', 'attributes', '{0}', 0)"
)


def generated(folder: Path) -> Path:
    """A column that is half a gigabyte wherever it is read."""
    return changed("ALTER TABLE dzialki ADD COLUMN obreb TEXT GENERATED ALWAYS AS (hex(zeroblob(400000000)))")(folder)


def schemed(folder: Path) -> Path:
    """A GeoPackage whose schema cannot be parsed."""
    return changed(
        "PRAGMA writable_schema = 1", "UPDATE sqlite_master SET sql = 'CREATE TABLE (' WHERE name = 'dzialki'"
    )(folder)


def parcel_gml(prolog: str = "", inside: str = "") -> str:
    points = f"<gml:posList>{ring(0, 0, north_first=False)}</gml:posList>"
    ground = f"<gml:exterior><gml:LinearRing>{points}</gml:LinearRing></gml:exterior>"
    ground = f'<gml:Polygon srsName="EPSG:2177">{ground}</gml:Polygon>'
    one = f'<x:EGB_DzialkaEwidencyjna gml:id="a"><x:idDzialki>{parcel_id(1)}{inside}</x:idDzialki>'
    one += f"<x:geometria>{ground}</x:geometria></x:EGB_DzialkaEwidencyjna>"
    text = collection([one], x=EGIB)
    head, _, rest = text.partition("?>")
    return f"{head}?>{prolog}{rest}"


def gml(prolog: str = "", inside: str = "") -> Maker:
    return lambda folder: written(folder / "dzialki.gml", parcel_gml(prolog, inside))


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BILLION = f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>'
QUADRATIC = f'<!DOCTYPE a [<!ENTITY a "{"a" * 50_000}">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
FETCHED = '<!DOCTYPE a SYSTEM "http://127.0.0.1:{port}/evil.dtd">'


def geojson(inside: str, *, head: str = "") -> Maker:
    text = f'{{"type": "FeatureCollection", {head} "features": [{inside}]}}'
    return called("dzialki.geojson", text.encode())


def a_parcel(coordinates: str, number: str = "1") -> str:
    properties = f'{{"id_dzialki": "{parcel_id(number)}"}}'
    shape = f'{{"type": "Polygon", "coordinates": {coordinates}}}'
    return f'{{"type": "Feature", "properties": {properties}, "geometry": {shape}}}'


SQUARE = "[[[18.08, 51.76], [18.081, 51.76], [18.081, 51.761], [18.08, 51.76]]]"


def sheet(xml: str, *, doctype: str = "") -> Maker:
    """A workbook whose sheet is written by hand."""

    def make(folder: Path) -> Path:
        path = folder / "oferty.xlsx"
        openpyxl.Workbook().save(path)
        space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
        text = f'<?xml version="1.0"?>{doctype}<worksheet {space}><sheetData>{xml}</sheetData></worksheet>'
        return _replaced(path, "xl/worksheets/sheet1.xml", text.encode())

    return make


def _replaced(path: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = [(one, archive.read(one)) for one in archive.namelist() if one != name]
    return packed(path, *members, (name, content))


def shapefile(damage: Callable[[bytes], bytes], suffix: str = ".shp") -> Maker:
    def make(folder: Path) -> Path:
        path = folder / "dzialki.shp"
        frame = (("id_dzialki", [parcel_id(n) for n in (1, 2)]),)
        _written_as(path, dict(frame), "ESRI Shapefile")
        part = path.with_suffix(suffix)
        part.write_bytes(damage(part.read_bytes()))
        return path

    return make


def _written_as(path: Path, cells: Mapping[str, list[str]], driver: str) -> Path:
    import geopandas

    frame = geopandas.GeoDataFrame(cells, geometry=[box(0, 0), box(20, 0)], crs=2177)
    frame.to_file(path, driver=driver)
    return path


def flatgeobuf(damage: Callable[[bytes], bytes]) -> Maker:
    def make(folder: Path) -> Path:
        path = _written_as(folder / "dzialki.fgb", {"id_dzialki": [parcel_id(1), parcel_id(2)]}, "FlatGeobuf")
        path.write_bytes(damage(path.read_bytes()))
        return path

    return make


def patched(place: int, value: bytes) -> Callable[[bytes], bytes]:
    return lambda raw: raw[:place] + value + raw[place + len(value) :]


def beside(suffix: str, content: str) -> Maker:
    """A good GML with another file beside it that programs would read."""

    def make(folder: Path) -> Path:
        path = gml()(folder)
        path.with_suffix(suffix).write_text(content, encoding="utf-8")
        return path

    return make


def filed(name: str) -> Maker:
    """A good GeoPackage under an odd name."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return good(folder / "in.gpkg").rename(path)

    return make


def made(folder: Path, makers: Mapping[str, Maker]) -> Iterator[tuple[str, Path]]:
    """Make every file in a folder of its own."""
    for number, (name, maker) in enumerate(makers.items()):
        own = folder / str(number)
        own.mkdir()
        yield name, maker(own)


def many_tables(folder: Path) -> Path:
    path = good(folder / "dzialki.gpkg")
    statements: Iterable[str] = (f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY)" for n in range(7000))
    register = (REGISTER.format(f"t{n}") for n in range(7000))
    sql(path, "PRAGMA synchronous = OFF", "BEGIN", *statements, *register)
    return path


def strange_columns(folder: Path) -> Path:
    names = {'a"b': ["1"], "x'; DROP TABLE registry.states;--": ["2"], "SELECT": ["3"], "😀": ["4"], "__proto__": ["5"]}
    return write(folder / "dzialki.gpkg", "dzialki", {"id_dzialki": [parcel_id(1)], **names}, [box(0, 0)])
