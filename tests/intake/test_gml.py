"""GML as the child process tells it: geometry of every form, both generations of the registers, planning acts."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from gis_sites.errors import Refused
from gis_sites.intake.gml.parse import Node
from gis_sites.intake.gml.shapes import UNREADABLE, to_wkb
from tests.intake.gml_files import (
    ADDRESS,
    APP,
    APP_OLD,
    BASE_2015,
    EGIB,
    EGIB_2015,
    GESUT,
    GESUT_2015,
    SHORT,
    STEP,
    URN,
    act,
    act_address,
    collection,
    identity,
    line,
    link,
    parcel,
    planning,
    polygon,
    rows,
    soil,
    tables,
    uuid,
    written,
    zone,
)
from tests.intake.support import EAST, NORTH, box

# --- geometry ---


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


# --- EGiB ---


def test_soil_class_stays_with_its_area(tmp_path: Path) -> None:
    own = soil(
        ("R", "R", "IIIa", "0.1200"), ("Br", "R", "IVb", "0.0300"), ("Ls", "Ls", "V", "0.2000"), ("dr", "", "", "0.01")
    )
    path = written(
        tmp_path / "egib.gml",
        collection(
            [
                parcel(1, "306101_1.0012.1", polygon(0, 0), own),
                parcel(2, "306101_1.0012.2", polygon(10, 0), soil(("Ba", "R", "II", "0.5"))),
                parcel(3, "306101_1.0012.3", polygon(20, 0), soil(("R", "R", "V", "0.1"), ("B", "", "", "0.1"))),
                parcel(4, "306101_1.0012.4", polygon(30, 0)),
                parcel(5, "306101_1.0012.5", polygon(40, 0), soil(("R", "R", "V", "0.1")).replace("0.1<", "1 000<")),
            ],
            x=EGIB,
        ),
    )
    found = rows(path, "EGB_DzialkaEwidencyjna", "idDzialki", "OFU", "uzytki_powierzchnie", "poleEwidencyjne")
    assert found["uzytki_powierzchnie"] == [
        "R/IIIa 0.1200; R/IVb 0.0300; Ls/V 0.2000; dr 0.01",
        "Ba 0.5",
        "R/V 0.1; B 0.1",
        None,
        "?",
    ]
    assert found["OFU"] == ["Ls", "Ba", None, None, "R"]  # the use of most of the area; none of two just as large
    assert found["poleEwidencyjne"] == [0.01] * 5


def test_the_older_schema_tells_soil_in_features_of_its_own(tmp_path: Path) -> None:
    def reference(number: int) -> str:
        return f"urn:pzgik:id:PL.PZGiK.1.EGiB:{uuid(number)}"

    def use(number: int, ofu: str, ozk: str, area: str, ended: str = "") -> str:
        end = f"<x:koniecWersjaObiekt>{ended}</x:koniecWersjaObiekt>" if ended else ""
        soil_class = f"<x:OZU>{ofu}</x:OZU><x:OZK>{ozk}</x:OZK>" if ozk else ""
        return (
            f"<x:EGB_Klasouzytek>{identity(number, 'b:BT_Identyfikator', 'b')}{end}<x:oznaczenieKlasouzytku>"
            f"<x:EGB_OznaczenieKlasouzytku><x:OFU>{ofu}</x:OFU>{soil_class}</x:EGB_OznaczenieKlasouzytku>"
            f'</x:oznaczenieKlasouzytku><x:powierzchniaEwidencyjnaKlasouzytku uom="ha">{area}'
            "</x:powierzchniaEwidencyjnaKlasouzytku></x:EGB_Klasouzytek>"
        )

    def old(number: int, name: str, *uses: int) -> str:
        links = "".join(link("klasouzytekWGranicachDzialki", reference(one)) for one in uses)
        return (
            f'<x:EGB_DzialkaEwidencyjna gml:id="o{number}">{identity(number, "b:BT_Identyfikator", "b")}'
            f'<x:georeferencja><gml:Point srsName="{URN}"><gml:pos>0 0</gml:pos></gml:Point></x:georeferencja>'
            f'<x:idDzialki>{name}</x:idDzialki><x:powierzchniaEwidencyjna uom="m2">500</x:powierzchniaEwidencyjna>'
            f"<x:numerElektronicznejKW>KZ1A/00000001/2</x:numerElektronicznejKW><x:geometria>{polygon(0, 0)}"
            f"</x:geometria>{links}{link('JRG2', reference(70))}</x:EGB_DzialkaEwidencyjna>"
        )

    group = (
        f"<x:EGB_JednostkaRejestrowaGruntow>{identity(70, 'b:BT_Identyfikator', 'b')}"
        "<x:grupaRejestrowa>4</x:grupaRejestrowa></x:EGB_JednostkaRejestrowaGruntow>"
    )
    members = [
        old(1, "306101_1.0012.1", 50, 51),
        use(50, "R", "IIIb", "0.0300"),
        use(51, "Ls", "", "0.0200"),
        use(51, "Ls", "IV", "0.9", ended="2020-01-01T00:00:00"),
        old(2, "306101_1.0012.2", 50, 99),
        group,
    ]
    path = written(tmp_path / "egib15.gml", collection(members, x=EGIB_2015, b=BASE_2015))
    listed = tables(path)["EGB_DzialkaEwidencyjna"]
    assert {"poleEwidencyjne", "uzytki_powierzchnie", "OFU", "grupaRejestrowa"} <= {*listed["columns"]}  # type: ignore[misc]
    assert {"numerElektronicznejKW", "georeferencja"} <= {*listed["withheld"]}  # type: ignore[misc]
    columns = ("uzytki_powierzchnie", "OFU", "poleEwidencyjne", "poleEwidencyjne_uom", "grupaRejestrowa")
    found = rows(path, "EGB_DzialkaEwidencyjna", *columns)
    assert found["uzytki_powierzchnie"] == ["R/IIIb 0.0300; Ls 0.0200", "R/IIIb 0.0300; ?"]
    assert found["OFU"] == ["R", None]
    assert (found["poleEwidencyjne"], found["poleEwidencyjne_uom"]) == ([500.0] * 2, ["m2"] * 2)
    assert found["grupaRejestrowa"] == ["4", "4"]
    assert all(shapely.from_wkb(one).geom_type == "Polygon" for one in found["__wkb"])


SECRETS = ("Kowalska", "44051401359", "KZ1A/00012345/6", "akt notarialny", "Zielona 7", "operator@example.com")


def private_members() -> list[str]:
    person = (
        f"<x:EGB_OsobaFizyczna>{identity(9)}<x:pierwszeImie>Anna</x:pierwszeImie><x:pierwszyCzlonNazwiska>Kowalska"
        "</x:pierwszyCzlonNazwiska><x:pesel>44051401359</x:pesel></x:EGB_OsobaFizyczna>"
    )
    address = f"<x:EGB_AdresPodmiotu>{identity(8)}<x:ulica>Zielona 7</x:ulica></x:EGB_AdresPodmiotu>"
    more = (
        "<x:dokumentWlasnosci>akt notarialny 1/2020</x:dokumentWlasnosci><x:numerKW>KZ1A/00012345/6</x:numerKW>"
        "<x:dodatkoweInformacje>Anna Kowalska, operator@example.com</x:dodatkoweInformacje>"
        "<x:JRG2><x:EGB_JednostkaRejestrowaGruntow><x:wlasciciel>Kowalska</x:wlasciciel>"
        "</x:EGB_JednostkaRejestrowaGruntow></x:JRG2>"
    )
    return [parcel(1, "306101_1.0012.1", polygon(0, 0), more), *[person] * 3, address]


def test_no_person_leaves_the_child_process(tmp_path: Path) -> None:
    path = written(tmp_path / "egib.gml", collection(private_members(), x=EGIB))
    listed = tables(path)
    assert (listed["EGB_OsobaFizyczna"]["rows"], listed["EGB_AdresPodmiotu"]["rows"]) == (3, 1)
    for closed in ("EGB_OsobaFizyczna", "EGB_AdresPodmiotu"):
        assert (listed[closed]["columns"], listed[closed]["geometry"]) == ({}, None)
        assert rows_of_closed(path, closed) == []
    assert {"numerKW", "dokumentWlasnosci", "dodatkoweInformacje"} <= {*listed["EGB_DzialkaEwidencyjna"]["withheld"]}  # type: ignore[misc]
    every = [*listed["EGB_DzialkaEwidencyjna"]["columns"], *listed["EGB_DzialkaEwidencyjna"]["withheld"]]  # type: ignore[misc]
    said = f"{listed} {rows(path, 'EGB_DzialkaEwidencyjna', *every)}"
    assert not [secret for secret in SECRETS if secret in said]


def rows_of_closed(path: Path, table: str) -> list[object]:
    return rows(path, table, "pesel", "pierwszyCzlonNazwiska", "ulica")["__row"]


# --- GESUT ---


def test_mains_of_both_generations_say_the_same(tmp_path: Path) -> None:
    new = (
        f"<x:GES_PrzewodGazowy>{identity(1, 'x:GES_IdentyfikatorIIP')}<x:koniecWersjaObiekt>2024-01-01T00:00:00"
        "</x:koniecWersjaObiekt><x:status>i</x:status><x:eksploatacja>c</x:eksploatacja><x:wladajacy>Anna Kowalska"
        f"</x:wladajacy><x:geometria>{line(0, 0)}</x:geometria><x:funkcja>g</x:funkcja><x:typPrzewodu>s"
        "</x:typPrzewodu><x:srednica>63</x:srednica></x:GES_PrzewodGazowy>"
    )
    old = (
        f"<x:GES_PrzewodGazowy>{identity(1, 'b:BT_Identyfikator', 'b')}<x:cyklZyciaObiektu><b:BT_CyklZyciaInfo>"
        "<b:poczatekWersjiObiektu>2020-01-01T00:00:00</b:poczatekWersjiObiektu><b:koniecWersjiObiektu>"
        "2024-01-01T00:00:00</b:koniecWersjiObiektu></b:BT_CyklZyciaInfo></x:cyklZyciaObiektu><x:istnienie>istniejacy"
        "</x:istnienie><x:eksploatacja>czynny</x:eksploatacja><x:wladajacy><x:GES_DaneOsoby><x:imieNazwisko>Anna "
        f"Kowalska</x:imieNazwisko></x:GES_DaneOsoby></x:wladajacy><x:geometria>{line(0, 0)}</x:geometria>"
        "<x:funkcja>rozdzielczy</x:funkcja><x:srednica>63</x:srednica><x:typGaz>sredniegoCisnienia</x:typGaz>"
        "</x:GES_PrzewodGazowy>"
    )
    first = written(tmp_path / "new.gml", collection([new], x=GESUT))
    second = written(tmp_path / "old.gml", collection([old], x=GESUT_2015, b=BASE_2015))
    columns = tables(first)["GES_PrzewodGazowy"]["columns"]
    assert {*columns} == {*tables(second)["GES_PrzewodGazowy"]["columns"]}  # type: ignore[misc]
    here, there = (rows(path, "GES_PrzewodGazowy", *columns) for path in (first, second))  # type: ignore[misc]
    same = ("lokalnyId", "koniecWersjaObiekt", "srednica", "__wkb")
    assert [here[name] for name in same] == [there[name] for name in same]
    assert (there["status"], there["typPrzewodu"], there["funkcja"]) == (
        ["istniejacy"],
        ["sredniegoCisnienia"],
        ["rozdzielczy"],
    )
    assert "Kowalska" not in f"{here} {there}"


# --- planning acts ---

DRAFT, LAW = "elaboration", "legalForce"
LIMITS = (
    "<x:maksUdzialPowierzchniZabudowy>50.0</x:maksUdzialPowierzchniZabudowy>"
    '<x:maksWysokoscZabudowy uom="m">15.0</x:maksWysokoscZabudowy>'
    "<x:minUdzialPowierzchniBiologicznieCzynnej>20</x:minUdzialPowierzchniBiologicznieCzynnej>"
)


def resolution(adopts: str = "") -> str:
    href = adopts and link("uchwala", f"{adopts}/20260101T000000")
    return planning("DokumentFormalny", "DOC1", f"<x:tytul>Uchwała nr 1</x:tytul>{href}")


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_a_zone_brings_what_its_links_say(tmp_path: Path, version: str) -> None:
    adopted = link("dokumentUchwalajacy", act_address("DOC1", kind="DokumentFormalny"))
    members = [
        zone("1SP", "SP", polygon(0, 0, srs=ADDRESS), uses=["P", "U"], more=LIMITS),
        act("1POG", "planOgolnyGminy", polygon(0, 0, 100, srs=ADDRESS), more=adopted),
        resolution(),
    ]
    path = written(tmp_path / "pog.gml", collection(members, x=f"{APP}{version}"))
    columns = tables(path)["StrefaPlanistyczna"]["columns"]
    found = rows(path, "StrefaPlanistyczna", *columns)  # type: ignore[misc]
    row = {name: cells[0] for name, cells in found.items()}
    assert row["profilPodstawowy"] == "P, U"
    assert (row["status"], row["symbol"], row["obowiazujeOd"]) == (LAW, "SP", "2025-01-02")
    assert (row["maksUdzialPowierzchniZabudowy"], row["maksUdzialPowierzchniZabudowy_uom"]) == (50.0, "%")
    assert (row["maksWysokoscZabudowy"], row["maksWysokoscZabudowy_uom"]) == (15.0, "m")
    assert row["plan"] == "PL.ZIPPZP.1/306101-POG/1POG"
    assert (row["tytul_planu"], row["uchwala"]) == ("Plan 1POG", "Uchwała nr 1")
    assert {*tables(path)} == {"StrefaPlanistyczna", "AktPlanowaniaPrzestrzennego", "DokumentFormalny"}
    assert tables(path)["DokumentFormalny"]["columns"] == {}


@pytest.mark.parametrize("space", [f"{APP}1.0", APP_OLD])
def test_an_act_of_the_first_version(tmp_path: Path, space: str) -> None:
    members = [
        act("121_P1", "miejscowyPlanZagospodarowaniaPrzestrzennego", polygon(0, 0, srs=ADDRESS), step=DRAFT),
        resolution(adopts=act_address("121_P1")),
    ]
    path = written(tmp_path / "mpzp.gml", collection(members, x=space))
    found = rows(path, "AktPlanowaniaPrzestrzennego", "plan", "tytul_planu", "uchwala", "typPlanu", "status")
    assert [found[name][0] for name in ("plan", "tytul_planu", "uchwala", "typPlanu", "status")] == [
        "PL.ZIPPZP.1/306101-POG/121_P1",
        "Plan 121_P1",
        "Uchwała nr 1",
        "miejscowyPlanZagospodarowaniaPrzestrzennego",
        DRAFT,
    ]


@pytest.mark.parametrize(
    ("own", "of_act", "said"),
    [(LAW, LAW, LAW), (LAW, DRAFT, f"{LAW} ({DRAFT})"), (DRAFT, LAW, DRAFT), (DRAFT, DRAFT, DRAFT)],
)
def test_a_zone_is_in_force_only_under_an_act_that_is(tmp_path: Path, own: str, of_act: str, said: str) -> None:
    members = [
        zone("1SP", "SP", polygon(0, 0, srs=ADDRESS), step=own),
        act("1POG", "planOgolnyGminy", polygon(0, 0, srs=ADDRESS), step=of_act),
    ]
    path = written(tmp_path / "pog.gml", collection(members, x=f"{APP}2.0"))
    assert rows(path, "StrefaPlanistyczna", "status")["status"] == [said]


def test_a_version_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "pog.gml", collection([zone("1SP", "SP", polygon(0, 0))], x=f"{APP}4.0"))
    with pytest.raises(Refused, match=r"schema 4\.0.*1\.0, 2\.0, 3\.0"):
        tables(path)


def test_what_is_no_number_is_noticed(tmp_path: Path) -> None:
    more = '<x:maksWysokoscZabudowy uom="m">wysoko</x:maksWysokoscZabudowy>'
    path = written(tmp_path / "pog.gml", collection([zone("1SP", "SP", polygon(0, 0), more=more)], x=f"{APP}3.0"))
    assert rows(path, "StrefaPlanistyczna", "maksWysokoscZabudowy")["maksWysokoscZabudowy"] == [float("inf")]


def test_status_is_told_by_title_where_no_link_leads(tmp_path: Path) -> None:
    text = collection([zone("1SP", "SP", polygon(0, 0))], x=f"{APP}3.0")
    silent = text.replace(f'xlink:href="{STEP}/{LAW}" xlink:title=""', 'xlink:title="w opracowaniu"')
    assert silent != text
    assert rows(written(tmp_path / "p.gml", silent), "StrefaPlanistyczna", "status")["status"] == ["w opracowaniu"]


# --- other GML ---


def test_gml_of_no_known_family_is_read_by_its_elements(tmp_path: Path) -> None:
    feature = (
        f"<x:dzialki><x:msGeometry>{polygon(0, 0)}</x:msGeometry><x:ID_DZIALKI>306101_1.0012.1</x:ID_DZIALKI>"
        '<x:who><x:name>a</x:name></x:who><x:plan xlink:href="#p" xlink:title="t"/><x:note>1</x:note><x:note>2</x:note>'
        "</x:dzialki>"
    )
    path = written(tmp_path / "wfs.gml", collection([feature], x="http://mapserver.gis.umn.edu/mapserver"))
    listed = tables(path)["dzialki"]
    assert {*listed["columns"]} == {"gml_id", "ID_DZIALKI", "name", "plan", "plan_href", "plan_title", "note"}  # type: ignore[misc]
    found = rows(path, "dzialki", "ID_DZIALKI", "name", "plan_title", "note")
    assert [found[one][0] for one in ("ID_DZIALKI", "name", "plan_title", "note")] == [
        "306101_1.0012.1",
        "a",
        "t",
        "1; 2",
    ]


def test_geometry_of_a_label_is_not_the_features(tmp_path: Path) -> None:
    label = f'<x:tag><x:Tag><x:at><gml:Point srsName="{URN}"><gml:pos>1 2</gml:pos></gml:Point></x:at></x:Tag></x:tag>'
    path = written(tmp_path / "l.gml", collection([f'<x:t gml:id="t1">{label}</x:t>'], x="urn:own"))
    assert tables(path)["t"]["geometry"] is None
    found = rows(path, "t", "gml_id")
    assert (found["gml_id"], found["__wkb"]) == (["t1"], [None])
