"""GML as the child process tells it: both generations of the registers, planning acts, any other."""

from pathlib import Path

import pytest
import shapely

from gis_sites.errors import Refused
from tests.intake.gml_files import (
    ADDRESS,
    APP,
    APP_OLD,
    BASE_2015,
    EGIB,
    EGIB_2015,
    GESUT,
    GESUT_2015,
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
    assert found["poleEwidencyjne"] == ["0.0100"] * 5


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
    assert (found["poleEwidencyjne"], found["poleEwidencyjne_uom"]) == (["500"] * 2, ["m2"] * 2)
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


@pytest.mark.parametrize("space", ["urn:some-office:egib", f"http://office.pl/{EGIB.upper()}"])
def test_owners_are_known_whatever_an_office_calls_the_schema(tmp_path: Path, space: str) -> None:
    listed = tables(written(tmp_path / "egib.gml", collection(private_members(), x=space)))
    assert listed["EGB_OsobaFizyczna"]["columns"] == {}
    assert "numerKW" in {*listed["EGB_DzialkaEwidencyjna"]["withheld"]}  # type: ignore[misc]


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
    assert (row["maksUdzialPowierzchniZabudowy"], row["maksUdzialPowierzchniZabudowy_uom"]) == ("50.0", "%")
    assert (row["maksWysokoscZabudowy"], row["maksWysokoscZabudowy_uom"]) == ("15.0", "m")
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


def test_what_is_no_number_comes_as_it_is_written(tmp_path: Path) -> None:
    more = '<x:maksWysokoscZabudowy uom="m">wysoko</x:maksWysokoscZabudowy>'
    path = written(tmp_path / "pog.gml", collection([zone("1SP", "SP", polygon(0, 0), more=more)], x=f"{APP}3.0"))
    assert rows(path, "StrefaPlanistyczna", "maksWysokoscZabudowy")["maksWysokoscZabudowy"] == ["wysoko"]


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
