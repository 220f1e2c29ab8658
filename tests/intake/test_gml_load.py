"""Registers in GML through the whole house: every row accounted for, archived versions set aside, owners left out."""

import zipfile
from datetime import date
from pathlib import Path

import pytest
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.intake.load import load
from gis_sites.intake.note import Note, read_note
from gis_sites.intake.plan import read_source
from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings
from gis_sites.store import revisions
from gis_sites.store.connect import Store, open_store
from tests.intake.gml_files import (
    BASE_2015,
    EGIB,
    EGIB_2015,
    by_layer,
    collection,
    identity,
    line,
    parcel,
    polygon,
    soil,
    stored,
    written,
)
from tests.intake.support import EAST, NORTH, balanced, counts, take
from tests.intake.test_real import DATA, NOTES, found, in_crs

DAY = date(2026, 1, 1)

# --- the files of real towns ---

REAL = {
    "egib": (
        "EPSG:2179",
        {"parcel": (47, 29, {"archived": 18}), "soil": (7, 7, {}), "building": (51, 49, {"archived": 2})},
        {"PrezentacjaGraficzna", "EGB_KonturUzytkuGruntowego", "EGB_PunktGraniczny"},
    ),
    "gesut": (
        "EPSG:2179",
        {
            "power": (19, 15, {"archived": 4}),
            "water": (23, 19, {"archived": 3, "designed": 1}),
            "sewer": (12, 12, {}),
            "stormwater": (12, 1, {"local": 11}),
            "telecom": (29, 28, {"archived": 1}),
            "heat": (2, 2, {}),
        },
        {
            "PrezentacjaGraficzna",
            "GES_InneUrzadzeniaTowarzyszace",
            "GES_Rzedna",
            *(f"GES_UrzadzeniaSiec{kind}" for kind in ("Kanalizacyjna", "Wodociagowa", "Telekomunikacyjna")),
            "GES_UrzadzeniaSiecElektroenergetyczna",
        },
    ),
    "bdot500": (
        "EPSG:2179",
        {},
        {
            "PrezentacjaGraficzna",
            *(f"OT_{kind}" for kind in ("Ogrodzenia", "Komunikacja", "Budowle", "Rzedna", "Skarpa")),
        }
        | {"OT_ZagospodarowanieTerenu"},
    ),
    "pog_zones": ("EPSG:2176", {"general_plan": (28, 28, {})}, set()),
    "pog_act": ("EPSG:2176", {"zoning": (1, 0, {"general_plan": 1})}, set()),
}


@pytest.mark.parametrize(
    "path", [path for name in REAL for path in found(f"poland/{name}.gml")], ids=lambda one: one.stem
)
def test_every_row_of_a_real_file_is_accounted_for(settings: Settings, catalogue: Catalogue, path: Path) -> None:
    crs, expected, left_out = REAL[path.stem]
    with open_store(in_crs(settings, crs)) as store:
        report = load(store, catalogue, read_source(store, catalogue, path, read_note(NOTES / "poland.toml")))
    assert balanced(report)
    loads = by_layer(report)
    assert {name: (one.rows.read, one.rows.loaded, one.set_aside) for name, one in loads.items()} == expected
    assert all(one.rows.rejected == 0 for one in report.loads)
    assert {*report.left_out} == left_out


@pytest.mark.parametrize("path", found("poland/egib.gml"))
def test_gml_and_geopackage_of_one_register_agree(settings: Settings, catalogue: Catalogue, path: Path) -> None:
    """What another program made of the same GML is the same parcels, to the last digit of their geometry."""
    note = read_note(NOTES / "poland.toml")
    columns = ("key", "precinct", "number", "registered_area_ha", "land_use")
    with open_store(in_crs(settings, "EPSG:2179")) as store:
        found_in = []
        for source in (path, DATA / "poland" / "egib_gesut_bdot500.gpkg"):
            report = load(store, catalogue, read_source(store, catalogue, source, note))
            with store.begin() as conn:
                read = revisions.read(conn, revisions.get(conn, report.ready["parcel"]))
            found_in.append((read.table.select(columns).to_pylist(), shapely.normalize(read.geometry)))
    (here, mine), (there, theirs) = found_in
    assert here == there
    assert shapely.equals_exact(mine, theirs, tolerance=1e-6).all()


# --- registers ---


def test_a_register_is_loaded_without_a_word_and_without_its_owners(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    person = (
        f"<x:EGB_OsobaFizyczna>{identity(9)}<x:pierwszyCzlonNazwiska>Kowalska</x:pierwszyCzlonNazwiska>"
        "<x:pesel>44051401359</x:pesel></x:EGB_OsobaFizyczna>"
    )
    more = "<x:numerKW>KZ1A/00012345/6</x:numerKW><x:dodatkoweInformacje>Kowalska</x:dodatkoweInformacje>"
    members = [
        parcel(1, "306101_1.0012.1", polygon(0, 0), more + soil(("R", "R", "IIIa", "0.0100"))),
        parcel(2, "306101_1.0012.2", polygon(10, 0)),
        parcel(2, "306101_1.0012.2", polygon(10, 0, 5), ended="2020-01-01T00:00:00"),
        person,
    ]
    path = written(tmp_path / "egib.gml", collection(members, x=EGIB))
    report = take(store, catalogue, path)
    assert balanced(report)
    (one,) = report.loads
    assert (one.rows.read, one.rows.loaded, one.set_aside) == (3, 2, {"archived": 1})
    assert report.left_out == ["EGB_OsobaFizyczna"]
    fates = {fate.column: fate.fate for fate in one.columns}
    assert (fates["numerKW"], fates["dodatkoweInformacje"], fates["idDzialki"]) == ("private", "ignored", "loaded")
    assert counts(one).get("area_differs") is None
    assert stored(store, report, "parcel", "soil_items", "land_use")[0] == {
        "soil_items": "R/IIIa 0.0100",
        "land_use": "R",
    }
    said = report.model_dump_json()
    with store.begin() as conn:
        names = (
            conn.execute(
                sa.text(
                    "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables "
                    "WHERE table_schema IN ('registry', 'store')"
                )
            )
            .scalars()
            .all()
        )
        for name in names:
            said += str(conn.execute(sa.text(f"SELECT json_agg(t) FROM {name} t")).scalar())
    assert "306101_1.0012.1" in said
    assert not [secret for secret in ("Kowalska", "44051401359", "00012345") if secret in said]


def test_a_register_of_the_older_schema_too(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    one = (
        f"<x:EGB_DzialkaEwidencyjna>{identity(1, 'b:BT_Identyfikator', 'b')}<x:idDzialki>306101_1.0012.1</x:idDzialki>"
        f'<x:powierzchniaEwidencyjna uom="ha">0.0100</x:powierzchniaEwidencyjna><x:geometria>{polygon(0, 0)}'
        "</x:geometria></x:EGB_DzialkaEwidencyjna>"
    )
    label = "<b:KR_ObiektKarto><b:etykieta>Kowalska</b:etykieta></b:KR_ObiektKarto>"
    deed = "<b:BT_Dokument><b:tytul>Kowalska</b:tytul></b:BT_Dokument>"
    path = written(tmp_path / "e.gml", collection([one, label, deed], x=EGIB_2015, b=BASE_2015))
    report = take(store, catalogue, path)
    assert report.left_out == ["KR_ObiektKarto", "BT_Dokument"]
    assert stored(store, report, "parcel", "key", "registered_area_ha") == [
        {"key": "306101_1.0012.1", "registered_area_ha": 0.01}
    ]


def test_units_and_precincts_are_boundaries(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    def area(kind: str, own: str, code: str, shape: str) -> str:
        inside = f"<x:geometria>{shape}</x:geometria><x:{own}>{code}</x:{own}><x:nazwaWlasna>Kalisz</x:nazwaWlasna>"
        return f"<x:{kind}>{identity(len(code))}{inside}</x:{kind}>"

    members = [
        area("EGB_JednostkaEwidencyjna", "idJednostkiEwid", "306101_1", polygon(0, 0, 100)),
        area("EGB_ObrebEwidencyjny", "idObrebu", "306101_1.0012", polygon(0, 0, 50)),
    ]
    report = take(store, catalogue, written(tmp_path / "e.gml", collection(members, x=EGIB)))
    assert balanced(report)
    assert stored(store, report, "boundary", "kind", "id", "name") == [
        {"kind": "municipality", "id": "306101_1", "name": "Kalisz"},
        {"kind": "precinct", "id": "306101_1.0012", "name": "Kalisz"},
    ]


def test_a_column_that_may_not_enter_cannot_be_named(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    more = "<x:numerKW>KZ1A/00012345/6</x:numerKW>"
    path = written(tmp_path / "e.gml", collection([parcel(1, "306101_1.0012.1", polygon(0, 0), more)], x=EGIB))
    with pytest.raises(Exception, match="numerKW"):
        read_source(store, catalogue, path, Note(column={"EGB_DzialkaEwidencyjna.numerKW": "parcel.number"}))


def test_arcs_heights_and_geometry_elsewhere_are_told(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    half = f"<gml:Arc><gml:posList>{NORTH} {EAST} {NORTH + 10} {EAST + 10} {NORTH} {EAST + 20}</gml:posList></gml:Arc>"
    back = (
        f"<gml:LineStringSegment><gml:posList>{NORTH} {EAST + 20} {NORTH} {EAST}</gml:posList></gml:LineStringSegment>"
    )
    curve = f"<gml:Curve><gml:segments>{half}{back}</gml:segments></gml:Curve>"
    ring = f"<gml:Ring><gml:curveMember>{curve}</gml:curveMember></gml:Ring>"
    patch = f"<gml:PolygonPatch><gml:exterior>{ring}</gml:exterior></gml:PolygonPatch>"
    bent = f'<gml:Surface srsName="urn:ogc:def:crs:EPSG::2177"><gml:patches>{patch}</gml:patches></gml:Surface>'
    tall = polygon(40, 0).replace('srsDimension="2"', 'srsDimension="3"')
    numbers = tall.split(">")[4].split("<")[0].split()
    heights = " ".join(f"{n} {e} 100" for n, e in zip(numbers[::2], numbers[1::2], strict=True))
    members = [
        parcel(1, "306101_1.0012.1", bent, area="0.0157"),
        parcel(2, "306101_1.0012.2", tall.replace(" ".join(numbers), heights)),
        parcel(3, "306101_1.0012.3", '<gml:Polygon><gml:exterior xlink:href="#e"/></gml:Polygon>'),
    ]
    report = take(store, catalogue, written(tmp_path / "e.gml", collection(members, x=EGIB)))
    assert balanced(report)
    (one,) = report.loads
    assert (one.rows.loaded, one.rows.rejected) == (2, 1)
    said = counts(one)
    assert (said["curve_linearised"], said["geometry_flattened"], said["geometry_broken"]) == (1, 1, 1)
    assert "area_differs" not in said


def test_a_packed_gml_is_read_without_what_lies_beside_it(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "egib.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("egib/dane.gml", collection([parcel(1, "306101_1.0012.1", polygon(0, 0))], x=EGIB))
        packed.writestr("egib/dane.gfs", "<GMLFeatureClassList/>")
        packed.writestr("egib/EGIB.xsd", "<schema/>")
    assert [(one.layer, one.rows.loaded) for one in take(store, catalogue, path).loads] == [("parcel", 1)]


def test_a_file_beside_a_gml_changes_nothing(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = written(tmp_path / "e.gml", collection([parcel(1, "306101_1.0012.1", polygon(0, 0))], x=EGIB))
    written(
        tmp_path / "e.gfs",
        "<GMLFeatureClassList><GMLFeatureClass><Name>nothing</Name></GMLFeatureClass></GMLFeatureClassList>",
    )
    before = sorted(tmp_path.iterdir())
    assert [one.rows.loaded for one in take(store, catalogue, path).loads] == [1]
    assert sorted(tmp_path.iterdir()) == before


def test_mains_of_a_register_keep_to_their_layers(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    def main(number: int, more: str) -> str:
        return (
            f"<x:GES_PrzewodGazowy>{identity(number, 'x:GES_IdentyfikatorIIP')}{more}<x:geometria>{line(0, number)}"
            "</x:geometria><x:typPrzewodu>s</x:typPrzewodu><x:srednica>63</x:srednica></x:GES_PrzewodGazowy>"
        )

    used = "<x:status>i</x:status><x:eksploatacja>c</x:eksploatacja>"
    members = [
        main(1, used),
        main(2, used.replace(">i<", ">p<")),
        main(3, used.replace(">c<", ">n<")),
        main(4, f"<x:koniecObiekt>2020-01-01T00:00:00</x:koniecObiekt>{used}"),
    ]
    path = written(tmp_path / "g.gml", collection(members, x="geodezyjnaEwidencjaSieciUzbrojeniaTerenu:1.0"))
    (one,) = take(store, catalogue, path).loads
    assert (one.layer, one.rows.loaded) == ("gas", 1)
    assert one.set_aside == {"archived": 1, "designed": 1, "not_in_use": 1}


def test_what_the_parcels_list_says_of_soil_is_measured(settings: Settings, tmp_path: Path) -> None:
    items = soil(("R", "R", "IIIa", "0.0060"), ("Ls", "Ls", "V", "0.0040"))
    path = written(tmp_path / "egib.gml", collection([parcel(1, "306101_1.0012.1", polygon(0, 0), items)], x=EGIB))
    with open_inventory(settings) as inventory:
        inventory.import_file(path, profile=False)
        inventory.profile(DAY)
        row = inventory.frame().iloc[0].to_dict()
    assert [round(row[f"soil.{name}"], 6) for name in ("class_1_3_share", "farm_share", "forest_share")] == [
        0.6,
        0.6,
        0.4,
    ]
    assert row["parcel.land_use"] == "R"
