"""Files made to do harm are refused in a sentence, quickly and in little memory, or taken for what they are."""

import hashlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.mutations import TAKEN, Outcome, mutants, originals, try_all
from gis_sites.intake.limits import ENVIRONMENT
from gis_sites.settings import Settings
from tests.conftest import Databases
from tests.intake import hostile as h
from tests.intake.hostile import Maker, made

SECONDS = 10
MEGABYTES = 500
UNREADABLE = "import.unreadable"
COLUMNS = b";".join(b"c%d" % n for n in range(20_000)) + b"\n"
MEMORY = "import.reader_memory"
NONE = "import.no_tables"
SLOW = "import.reader_slow"
DRIVERS = """
import fiona.env, pyogrio
with fiona.env.Env() as env:
    print(*env.drivers(), *pyogrio.list_drivers(), sep=",")
"""
Cases = dict[str, tuple[Maker, set[str]]]
Tried = tuple[dict[str, tuple[Outcome, set[str]]], int, dict[str, bool]]


def archives() -> Cases:
    return {
        "slip": (h.member("../../evil.gpkg"), {"import.archive_name"}),
        "absolute": (h.member("/etc/x.gpkg"), {"import.archive_name"}),
        "drive": (h.member("C:\\x.gpkg"), {"import.archive_name"}),
        "backslashes": (h.member("..\\..\\x.gpkg"), {"import.archive_name"}),
        "zero in a name": (h.member("a\0b.gpkg"), {"import.archive_name"}),
        "long name": (h.member("a" * 300 + ".gpkg"), {"import.archive_name"}),
        "symlink": (h.symlink, {"import.archive_link"}),
        "flat bomb": (h.bomb, {"import.archive_ratio"}),
        "nested bomb": (h.nested, {"import.archive_nested"}),
        "overlapping bomb": (h.overlapping, {"import.archive_overlap"}),
        "lying header": (h.lying, {UNREADABLE}),
        "encrypted": (h.encrypted, {"import.archive_encrypted"}),
        "65,536 members": (h.many_members, {"import.archive_members"}),
        "one good member": (h.member("działki.gpkg"), {TAKEN}),
    }


def packages() -> Cases:
    wrong = {TAKEN, UNREADABLE}
    return {
        "half": (h.cut(0.5), {UNREADABLE, TAKEN, "import.no_geopackage_tables"}),
        "a page": (h.cut(0.04), {UNREADABLE}),
        "flipped bytes": (h.flipped, {UNREADABLE, "import.no_geopackage_tables"}),
        "empty": (h.called("x.gpkg", b""), {"import.empty_file"}),
        "a zip": (h.called("x.gpkg", b"PK\x03\x04" + bytes(100)), {"import.not_as_named"}),
        "a PDF": (h.called("x.gpkg", b"%PDF-1.7\n"), {"import.not_as_named"}),
        "a page of the web": (h.called("x.gpkg", b"<!DOCTYPE html><html>"), {"import.not_as_named"}),
        "bare SQLite": (h.bare, {"import.no_geopackage_tables"}),
        "short blob": (h.blob("4750"), wrong),
        "zero blob": (h.blob("00"), wrong),
        "bare WKB": (h.blob(h.polygon((0, 0), (1, 0), (1, 1), (0, 0)).hex()), wrong),
        "said to be empty": (h.blob(h.gp(h.polygon((0, 0), (1, 0), (1, 1), (0, 0)), flags=0x11)), wrong),
        "NaN": (h.odd(float("nan")), wrong),
        "infinity": (h.odd(float("inf")), wrong),
        "1e300": (h.odd(1e300), wrong),
        "claims four billion rings": (h.rings(0xFFFFFFFF), wrong),
        "claims a million rings": (h.rings(1_000_000), wrong),
        "200,000 vertices": (h.vertices(200_000), {TAKEN}),
        "too many vertices": (h.vertices(1_000_010), {"import.too_many_vertices"}),
        "1,500 columns": (h.columns(1_500), {"import.too_many_columns"}),
        "7,000 tables": (h.many_tables, {"import.too_many_tables"}),
        "strange columns": (h.strange_columns, {TAKEN}),
        "SQL as a name": (h.renamed("dzialki'; DROP TABLE registry.states;--"), {TAKEN, "import.nothing_recognised"}),
        "a quote in a name": (h.renamed('dzialki"x'), {TAKEN, "import.nothing_recognised"}),
        "blanks as a name": (h.renamed("  "), {TAKEN, "import.nothing_recognised"}),
        "a terminal's orders as a name": (h.renamed("dzialki\x1b[2J"), {"import.name_unfit"}),
        "a name of 300 letters": (h.renamed("d" * 300), {"import.name_unfit"}),
        "a name not in UTF-8": (h.renamed("", raw=b"dzia\xb3ki"), {"import.name_unfit"}),
        "trigger": (h.changed("CREATE TRIGGER t AFTER INSERT ON dzialki BEGIN DELETE FROM dzialki; END"), {TAKEN}),
        "endless view": (h.changed(f"CREATE VIEW v AS {h.ENDLESS}", h.REGISTER.format("v")), {"import.view"}),
        "endless view, not registered": (h.changed(f"CREATE VIEW v AS {h.ENDLESS}"), {"import.view"}),
        "endless view in place of a table": (
            h.changed("ALTER TABLE dzialki RENAME TO d", f"CREATE VIEW dzialki AS {h.ENDLESS}"),
            {"import.view"},
        ),
        "load_extension": (
            h.changed("CREATE VIEW v AS SELECT load_extension('/x.so') AS a", h.REGISTER.format("v")),
            {"import.view"},
        ),
        "made-up table": (h.changed("CREATE VIRTUAL TABLE v USING fts5(a)", h.REGISTER.format("v")), {"import.view"}),
        "made-up column": (h.generated, {UNREADABLE, MEMORY, SLOW, TAKEN}),
        "schema that cannot be parsed": (h.schemed, {UNREADABLE}),
        "claims two billion rows": (h.changed("UPDATE gpkg_ogr_contents SET feature_count = 2000000000"), {TAKEN}),
    }


def markup(port: int) -> Cases:
    collection = '<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2">'
    vrt = '<OGRVRTDataSource><OGRVRTLayer name="dzialki"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'
    return {
        "billion laughs": (h.gml(h.BILLION, "&l9;"), {"import.gml_doctype"}),
        "quadratic": (h.gml(h.QUADRATIC, "&a;" * 50_000), {"import.gml_doctype"}),
        "external entity": (h.gml(h.OUTSIDE, "&x;"), {"import.gml_doctype"}),
        "document type elsewhere": (h.gml(h.FETCHED.format(port=port)), {"import.gml_doctype"}),
        "100,000 deep": (h.called("x.gml", (collection + "<a>" * 100_000).encode()), {"import.gml_deep"}),
        "endless tag": (h.called("x.gml", (collection + "<a b='" + "x" * (6 << 20)).encode()), {"import.gml_tag"}),
        "cut off": (h.called("x.gml", h.parcel_gml().encode()[:-60]), {"import.gml_malformed"}),
        "unknown encoding": (h.called("x.gml", b'<?xml version="1.0" encoding="x"?><a/>'), {"import.gml_malformed"}),
        "a service's complaint": (h.called("x.gml", b"<ows:ExceptionReport xmlns:ows='o'/>"), {"import.gml_root"}),
        "VRT by content": (h.called("x.gml", f"{vrt}</OGRVRTDataSource>".encode()), {"import.gml_root"}),
        "VRT as a GeoPackage": (h.called("x.gpkg", vrt.encode()), {"import.not_as_named"}),
        "stale .gfs": (h.beside(".gfs", "<GMLFeatureClassList/>"), {TAKEN}),
        "schema beside": (h.beside(".xsd", f'<xs:include schemaLocation="http://127.0.0.1:{port}/"/>'), {TAKEN}),
        "aux beside": (h.beside(".gml.aux.xml", "<PAMDataset/>"), {TAKEN}),
        "GeoJSON": (h.geojson(h.a_parcel(h.SQUARE)), {TAKEN}),
        "100,000 brackets": (h.geojson(h.a_parcel("[" * 100_000 + "]" * 100_000)), {UNREADABLE}),
        "NaN in GeoJSON": (h.geojson(h.a_parcel(h.SQUARE.replace("18.081", "NaN", 1))), {UNREADABLE, TAKEN}),
        "system at an address": (
            h.geojson(
                h.a_parcel(h.SQUARE),
                head=f'"crs": {{"type": "link", "properties": {{"href": "http://127.0.0.1:{port}/crs"}}}},',
            ),
            {TAKEN, "import.crs_missing", "import.crs_unreadable", UNREADABLE},
        ),
        "another JSON": (h.called("x.json", b'{"type": "Topology", "objects": {}, "arcs": []}'), {UNREADABLE}),
        "tiles of a service": (h.called("x.json", b'{"type": "Catalog", "stac_version": "1.0.0"}'), {UNREADABLE}),
        "half a GeoJSON": (h.called("x.geojson", b'{"type": "FeatureCollection", "features": [{'), {UNREADABLE}),
        "entities in a workbook": (h.sheet(cell("A1", "&l9;"), doctype=h.BILLION), {UNREADABLE}),
        "a file in a workbook": (h.sheet(cell("A1", "&x;"), doctype=h.OUTSIDE), {UNREADABLE}),
        "a bomb in a workbook": (h.sheet(" " * (128 << 20)), {"import.archive_ratio"}),
        "a workbook's far cell": (
            h.sheet(cell("A1", "id") + cell("XFD1048576", "1")),
            {UNREADABLE, "import.header_missing", "import.needs_missing", TAKEN},
        ),
    }  # fmt: skip


def cell(place: str, text: str) -> str:
    """A row of a worksheet with one cell."""
    return f'<row r="{place.lstrip("ADFX")}"><c r="{place}" t="str"><v>{text}</v></c></row>'


def others() -> Cases:
    cut = "import.shapefile_cut"
    recognised = {
        UNREADABLE,
        TAKEN,
        "import.empty_file",
        "import.nothing_recognised",
        "import.csv_row",
        "import.csv_delimiter",
    }
    return {
        "CSV of one line": (h.called("x.csv", b"a" * (20 << 20)), recognised),
        "CSV of 20,000 columns": (h.called("x.csv", COLUMNS), {"import.too_many_columns", MEMORY}),
        "CSV with zeros": (h.called("x.csv", b"id;b\n1;\0\n"), {"import.not_as_named"}),
        "CSV with an open quote": (h.called("x.csv", b'id;b\n"' + b"1;2\n" * 100_000), recognised),
        "shapefile cut": (h.shapefile(lambda raw: raw[:-20]), {cut}),
        "record longer than the file": (h.shapefile(h.patched(104, b"\x7f\xff\xff\xff")), {UNREADABLE, TAKEN}),
        "four billion points": (h.shapefile(h.patched(144, b"\xff\xff\xff\x7f\xff\xff\xff\x7f")), {UNREADABLE, TAKEN}),
        "four billion rows": (h.shapefile(h.patched(4, b"\xff\xff\xff\x7f"), ".dbf"), {cut}),
        "rows of no width": (h.shapefile(h.patched(10, b"\0\0"), ".dbf"), {cut}),
        "FlatGeobuf cut": (h.flatgeobuf(lambda raw: raw[:-40]), {UNREADABLE, TAKEN}),
        "FlatGeobuf with a giant header": (h.flatgeobuf(h.patched(8, b"\xff\xff\xff\x7f")), {UNREADABLE, NONE}),
        "FlatGeobuf of noise": (h.flatgeobuf(lambda raw: raw[:12] + b"\xff" * 200 + raw[212:]), {UNREADABLE, NONE}),
        "file called SQL": (h.filed("dzialki'; DROP TABLE x;--.gpkg"), {TAKEN}),
        "file called /vsicurl": (h.filed("vsicurl/http:/127.0.0.1:1/dzialki.gpkg"), {TAKEN}),
        "folder called .zip!": (h.filed("x.zip!/dzialki.gpkg"), {TAKEN}),
        "file called PG:": (h.filed("PG:host=127.0.0.1.gpkg"), {TAKEN}),
        "file called #?": (h.filed("dzialki#a?b=1%20.gpkg"), {TAKEN}),
        "file called &": (h.filed("<b>dzialki & łąki</b>.gpkg".replace("/", "_")), {TAKEN}),
    }  # fmt: skip


NAMES = [*archives(), *packages(), *markup(0), *others()]


@pytest.fixture(scope="module")
def tried(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """What became of every file, the memory it took, and what must not have happened."""
    folder = tmp_path_factory.mktemp("hostile")
    address = databases.fresh().render_as_string(hide_password=False)
    settings = Settings(home=folder / "home", database_url=address, workers=1)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        cases = {**archives(), **packages(), **markup(listening.getsockname()[1]), **others()}
        files = dict(made(folder, {name: maker for name, (maker, _) in cases.items()}))
        before = {path: digest(path) for path in files.values()}
        outcomes, peak = try_all(settings, files, folder)
        try:
            listening.accept()
            asked = True
        except BlockingIOError:
            asked = False
    happened = {
        "somebody was asked over the network": asked,
        "a file was written": any(digest(path) != was for path, was in before.items()),
        "a member was unpacked elsewhere": evil(folder),
    }
    return {name: (outcomes[name], expected) for name, (_, expected) in cases.items()}, peak, happened


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def evil(folder: Path) -> bool:
    """Whether a member of an archive was unpacked where its name would have it."""
    return any((one / "evil.gpkg").exists() for one in (folder, *folder.parents)) or Path("/etc/x.gpkg").exists()


@pytest.mark.parametrize("name", NAMES)
def test_it_does_no_harm(name: str, tried: Tried) -> None:
    outcome, expected = tried[0][name]
    assert not outcome.trace, outcome.trace
    assert outcome.key in expected, outcome
    assert outcome.seconds < SECONDS
    assert "\x1b" not in outcome.sentence


def test_it_takes_little_memory(tried: Tried) -> None:
    assert 50 < tried[1] < MEGABYTES


def test_nothing_else_happens(tried: Tried) -> None:
    assert not any(tried[2].values()), tried[2]


def test_a_child_knows_no_other_drivers() -> None:
    said = subprocess.run(
        [sys.executable, "-c", DRIVERS], env={**os.environ, **ENVIRONMENT}, capture_output=True, text=True, check=True
    )
    known = {"MEM", "Memory", "ESRI Shapefile", "GeoJSON", "GPKG", "FlatGeobuf"}
    assert set(said.stdout.strip().split(",")) <= known


MUTANTS = 63


def test_damaged_files_are_refused_in_a_sentence_or_lawful(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("mutants")
    address = databases.fresh().render_as_string(hide_password=False)
    settings = Settings(home=folder / "home", database_url=address, workers=1)
    whole = {path.name: path for path in originals(folder / "whole")}
    outcomes, peak = try_all(settings, {**whole, **dict(mutants(folder, MUTANTS))}, folder)
    assert {name: outcomes.pop(name).key for name in whole} == dict.fromkeys(whole, TAKEN)
    assert [one.trace for one in outcomes.values() if one.trace] == []
    assert len(outcomes) == MUTANTS
    assert max(one.seconds for one in outcomes.values()) < SECONDS
    assert peak < MEGABYTES
    taken = [name for name, one in outcomes.items() if one.key == TAKEN]
    assert 5 < len(taken) < MUTANTS - 20


def test_the_same_damage_is_done_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first, second = ({n: p.read_bytes() for n, p in mutants(tmp_path / one, 14)} for one in ("one", "two"))
    alike = [name for name in first if first[name] == second[name]]
    # Two GeoPackages or workbooks made at different times differ in their time stamps.
    assert {name.partition(".")[2] for name in alike} >= {"csv", "geojson", "gml", "fgb"}
