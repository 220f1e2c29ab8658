"""Geometry in GML: every form of it, every form of a system's name, and what cannot be read."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from gis_sites.errors import Refused
from gis_sites.intake.gml.parse import Node
from gis_sites.intake.gml.shapes import UNREADABLE, to_wkb
from tests.intake.gml_files import (
    ADDRESS,
    SHORT,
    URN,
    collection,
    polygon,
    rows,
    tables,
    written,
)
from tests.intake.support import EAST, NORTH, box


def drawn(tmp_path: Path, shape: str, table: str = "thing") -> tuple[shapely.Geometry | None, bool]:
    """Read one feature of no known family that holds a geometry."""
    path = written(tmp_path / "g.gml", collection([f"<x:{table}><x:shape>{shape}</x:shape></x:{table}>"], x="urn:own"))
    found = rows(path, table)
    (wkb,), (curved,) = found["__wkb"], found["__curved"]
    assert wkb is None or isinstance(wkb, bytes)
    return (None if wkb is None else shapely.from_wkb(wkb, on_invalid="ignore")), bool(curved)


RING = "<gml:LinearRing><gml:posList>0 0 0 4 4 4 4 0 0 0</gml:posList></gml:LinearRing>"
HOLE = "<gml:LinearRing><gml:posList>1 1 1 2 2 2 2 1 1 1</gml:posList></gml:LinearRing>"
SQUARE = f"<gml:Polygon><gml:interior>{HOLE}</gml:interior><gml:exterior>{RING}</gml:exterior></gml:Polygon>"
DEEP = (
    "<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList%s>0 0 7 0 4 7 4 4 7 4 0 7 0 0 7</gml:posList>"
    f"</gml:LinearRing></gml:exterior><gml:interior>{HOLE.replace('posList>', 'posList%s>', 1)}</gml:interior>"
    "</gml:Polygon>"
)
HIGH = "POLYGON Z ((0 0 7, 0 4 7, 4 4 7, 4 0 7, 0 0 7), (1 1 NaN, 1 2 NaN, 2 2 NaN, 2 1 NaN, 1 1 NaN))"
PATCH = f"<gml:PolygonPatch><gml:exterior>{RING}</gml:exterior></gml:PolygonPatch>"
HOLED = "POLYGON ((0 0, 0 4, 4 4, 4 0, 0 0), (1 1, 1 2, 2 2, 2 1, 1 1))"
PLAIN = "POLYGON ((0 0, 0 4, 4 4, 4 0, 0 0))"


@pytest.mark.parametrize(
    ("shape", "wkt"),
    [
        ("<gml:Point><gml:pos>1 2</gml:pos></gml:Point>", "POINT (1 2)"),
        ("<gml:Point><gml:coordinates>1,2</gml:coordinates></gml:Point>", "POINT (1 2)"),
        ("<gml:Point><gml:coord><gml:X>1</gml:X><gml:Y>2</gml:Y></gml:coord></gml:Point>", "POINT (1 2)"),
        ("<gml:Point srsDimension='3'><gml:pos>1 2 3</gml:pos></gml:Point>", "POINT Z (1 2 3)"),
        ("<gml:LineString><gml:posList>0 0\n1 1</gml:posList></gml:LineString>", "LINESTRING (0 0, 1 1)"),
        ("<gml:LineString><gml:pos>0 0</gml:pos><gml:pos>1 1</gml:pos></gml:LineString>", "LINESTRING (0 0, 1 1)"),
        (
            "<gml:LineString><gml:pointProperty><gml:Point><gml:pos>0 0</gml:pos></gml:Point></gml:pointProperty>"
            "<gml:pos>1 1</gml:pos></gml:LineString>",
            "LINESTRING (0 0, 1 1)",
        ),
        (
            '<gml:LineString><gml:coordinates cs=" " ts=";" decimal=",">0,5 0;1 1</gml:coordinates></gml:LineString>',
            "LINESTRING (0.5 0, 1 1)",
        ),
        (SQUARE, HOLED),
        (DEEP % (" srsDimension='3'", ""), HIGH),
        (DEEP % (" srsDimension='3'", " srsDimension='2'"), HIGH),
        (DEEP.replace("<gml:LinearRing>", "<gml:LinearRing srsDimension='3'>", 1) % ("", ""), HIGH),
        (f"<gml:Surface><gml:patches>{PATCH}</gml:patches></gml:Surface>", f"MULTI{PLAIN.replace('((', '(((')})"),
        (
            f"<gml:MultiSurface><gml:surfaceMember>{SQUARE}</gml:surfaceMember></gml:MultiSurface>",
            f"MULTI{HOLED.replace('POLYGON (', 'POLYGON ((')})",
        ),
        (
            "<gml:MultiPoint><gml:pointMembers><gml:Point><gml:pos>1 2</gml:pos></gml:Point>"
            "<gml:Point><gml:pos>3 4</gml:pos></gml:Point></gml:pointMembers></gml:MultiPoint>",
            "MULTIPOINT (1 2, 3 4)",
        ),
        (
            "<gml:CompositeCurve><gml:curveMember><gml:LineString><gml:posList>0 0 1 1</gml:posList></gml:LineString>"
            "</gml:curveMember><gml:curveMember><gml:OrientableCurve orientation='-'><gml:baseCurve><gml:LineString>"
            "<gml:posList>2 2 1 1</gml:posList></gml:LineString></gml:baseCurve></gml:OrientableCurve>"
            "</gml:curveMember></gml:CompositeCurve>",
            "LINESTRING (0 0, 1 1, 2 2)",
        ),
        (
            "<gml:Curve><gml:segments>"
            + "".join(
                f"<gml:LineStringSegment><gml:posList>{numbers}</gml:posList></gml:LineStringSegment>"
                for numbers in ("0 0 1 1", "1 1 2 0", "2 0 1 1", "1 1 3 3")
            )
            + "</gml:segments></gml:Curve>",
            "LINESTRING (0 0, 1 1, 2 0, 1 1, 3 3)",
        ),
        (
            "<gml:MultiGeometry><gml:geometryMember><gml:Point><gml:pos>1 2</gml:pos></gml:Point></gml:geometryMember>"
            f"<gml:geometryMember>{SQUARE}</gml:geometryMember></gml:MultiGeometry>",
            f"GEOMETRYCOLLECTION (POINT (1 2), {HOLED})",
        ),
    ],
)
def test_every_form_of_geometry(tmp_path: Path, shape: str, wkt: str) -> None:
    found, curved = drawn(tmp_path, shape)
    assert found is not None
    assert not curved
    assert shapely.equals_identical(found, shapely.from_wkt(wkt))


def test_what_a_member_says_of_its_numbers_holds_for_no_other(tmp_path: Path) -> None:
    member = "<gml:curveMember><gml:LineString{}><gml:posList>{}</gml:posList></gml:LineString></gml:curveMember>"
    lines = member.format(" srsDimension='3'", "0 0 7 1 1 7") + member.format("", "2 2 3 3 4 4")
    found, _ = drawn(tmp_path, f"<gml:MultiCurve>{lines}</gml:MultiCurve>")
    assert shapely.get_coordinates(found).tolist() == [[0, 0], [1, 1], [2, 2], [3, 3], [4, 4]]


def test_arcs_become_short_lines(tmp_path: Path) -> None:
    half = "<gml:Arc><gml:posList>0 10 10 0 0 -10</gml:posList></gml:Arc>"
    closing = "<gml:LineStringSegment><gml:posList>0 -10 0 10</gml:posList></gml:LineStringSegment>"
    shape = f"<gml:Curve><gml:segments>{half}{closing}</gml:segments></gml:Curve>"
    found, curved = drawn(tmp_path, shape)
    assert found is not None
    assert curved
    points = shapely.get_coordinates(found)
    assert np.allclose(np.hypot(*points[:-1].T), 10)
    assert [10.0, 0.0] in points.tolist()
    assert shapely.area(shapely.Polygon(points)) == pytest.approx(np.pi * 50, rel=0.001)
    circle = "<gml:Circle><gml:posList>10 0 0 10 -10 0</gml:posList></gml:Circle>"
    whole, curved = drawn(tmp_path, f"<gml:Curve><gml:segments>{circle}</gml:segments></gml:Curve>")
    assert whole is not None
    assert curved
    assert shapely.Polygon(shapely.get_coordinates(whole)).area == pytest.approx(np.pi * 100, rel=0.001)
    assert shapely.get_coordinates(whole)[0].tolist() == shapely.get_coordinates(whole)[-1].tolist() == [10.0, 0.0]


@pytest.mark.parametrize(
    "shape",
    [
        "<gml:Point><gml:pos>1 x</gml:pos></gml:Point>",
        "<gml:Point><gml:pos>1</gml:pos></gml:Point>",
        '<gml:Polygon><gml:exterior xlink:href="#elsewhere"/></gml:Polygon>',
        '<gml:MultiSurface><gml:surfaceMember xlink:href="#elsewhere"/></gml:MultiSurface>',
        "<gml:Curve><gml:segments><gml:Arc><gml:posList>0 0 1 1</gml:posList></gml:Arc></gml:segments></gml:Curve>",
        "<gml:Curve><gml:segments><gml:CubicSpline><gml:posList>0 0 1 1</gml:posList></gml:CubicSpline>"
        "</gml:segments></gml:Curve>",
    ],
)
def test_what_cannot_be_read_is_no_geometry_and_is_not_nothing(tmp_path: Path, shape: str) -> None:
    path = written(tmp_path / "g.gml", collection([f"<x:t><x:shape>{shape}</x:shape></x:t>"], x="urn:own"))
    assert rows(path, "t")["__wkb"] == [UNREADABLE]


@pytest.mark.parametrize("srs", [URN, ADDRESS, SHORT, "http://www.opengis.net/gml/srs/epsg.xml#2177"])
def test_every_form_of_a_systems_name_leads_to_the_same_place(tmp_path: Path, srs: str) -> None:
    found, _ = drawn(tmp_path, polygon(0, 0, srs=srs))
    assert shapely.equals(found, box(0, 0))
    path = tmp_path / "g.gml"
    assert tables(path)["thing"]["crs"] == "EPSG:2177"


def test_a_geometry_that_names_no_system_is_in_the_one_of_the_collection(tmp_path: Path) -> None:
    own = polygon(0, 0).replace(f' srsName="{URN}"', "")
    feature = f"<x:t><x:shape>{own}</x:shape></x:t>"
    bounds = f'<gml:boundedBy><gml:Envelope srsName="{URN}"/></gml:boundedBy>'
    text = collection([feature], x="urn:own").replace("<gml:featureMember>", f"{bounds}<gml:featureMember>", 1)
    path = written(tmp_path / "bounded.gml", text)
    (wkb,) = rows(path, "t")["__wkb"]
    assert shapely.equals(shapely.from_wkb(wkb), box(0, 0))
    other = f"<x:t><x:shape>{polygon(20, 0)}</x:shape></x:t>"
    path = written(tmp_path / "mixed.gml", collection([feature, other], x="urn:own"))
    assert [shapely.from_wkb(one).bounds[0] - EAST for one in rows(path, "t")["__wkb"]] == [0.0, 20.0]
    path = written(tmp_path / "silent.gml", collection([feature], x="urn:own"))
    assert tables(path)["t"]["crs"] is None
    (wkb,) = rows(path, "t")["__wkb"]
    assert shapely.from_wkb(wkb).bounds[:2] == (NORTH, EAST)  # as written: what it means must be stated


def test_one_table_is_in_one_system(tmp_path: Path) -> None:
    shapes = [polygon(0, 0), polygon(0, 0).replace("2177", "2178")]
    path = written(tmp_path / "g.gml", collection([f"<x:t><x:s>{one}</x:s></x:t>" for one in shapes], x="urn:own"))
    with pytest.raises(Refused, match="EPSG:2177, EPSG:2178"):
        tables(path)


def test_a_node_without_numbers_is_unreadable() -> None:
    assert to_wkb(Node("Point", {}, gml=True), None) == (UNREADABLE, False)


def test_geometry_of_a_label_is_not_the_features(tmp_path: Path) -> None:
    label = f'<x:tag><x:Tag><x:at><gml:Point srsName="{URN}"><gml:pos>1 2</gml:pos></gml:Point></x:at></x:Tag></x:tag>'
    path = written(tmp_path / "l.gml", collection([f'<x:t gml:id="t1">{label}</x:t>'], x="urn:own"))
    assert tables(path)["t"]["geometry"] is None
    found = rows(path, "t", "gml_id")
    assert (found["gml_id"], found["__wkb"]) == (["t1"], [None])
