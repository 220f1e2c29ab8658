"""Planning acts and general plans through the whole house: a draft is never a plan, uses are the zones' own."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused
from gis_sites.intake.note import Note
from gis_sites.intake.plan import read_source
from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings
from gis_sites.store.connect import Store, open_store
from tests.intake.gml_files import (
    ADDRESS,
    APP,
    EGIB,
    act,
    by_layer,
    collection,
    link,
    parcel,
    planning,
    polygon,
    stored,
    written,
    zone,
)
from tests.intake.support import box, take, write
from tests.intake.test_real import found, in_crs

DAY = date(2026, 1, 1)


def profiled(settings: Settings, *sources: Path, **options: Any) -> dict[str, Any]:
    """Import a parcel of 10 m by 10 m and some files; return the parcel's attributes."""
    folder = sources[0].parent
    mine = written(folder / "egib.gml", collection([parcel(1, "306101_1.0012.1", polygon(0, 0))], x=EGIB))
    with open_inventory(settings) as inventory:
        inventory.import_file(mine, profile=False)
        for source in sources:
            inventory.import_file(source, Note(**options), profile=False)
        inventory.profile(DAY)
        row: dict[str, Any] = inventory.frame().iloc[0].to_dict()
    return row


LOCAL = "miejscowyPlanZagospodarowaniaPrzestrzennego"


STEPS = {
    "legalForce": (1.0, 0.0, "in_force"),
    "elaboration": (0.0, 1.0, "draft"),
    "adoption": (0.0, 1.0, "draft"),
    "obsolete": (0.0, 0.0, "none"),
}


@pytest.mark.parametrize(("step", "version"), [*((step, "1.0") for step in STEPS), ("elaboration", "3.0")])
def test_a_draft_local_plan_is_never_a_plan(settings: Settings, tmp_path: Path, step: str, version: str) -> None:
    shape = polygon(-50, -50, 200, srs=ADDRESS)
    path = written(tmp_path / "mpzp.gml", collection([act("121_P1", LOCAL, shape, step=step)], x=f"{APP}{version}"))
    row = profiled(settings, path)
    assert (row["zoning.plan_share"], row["zoning.draft_share"], row["zoning.plan_status"]) == STEPS[step]
    # The act tells where the plan is, never what it allows.
    assert row["zoning.undecided_share"] == STEPS[step][0]
    assert (row["zoning.production_share"] == 0.0) is (step != "legalForce")


def test_archived_versions_of_plans_are_set_aside(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shape = polygon(0, 0, srs=ADDRESS)
    ended = "<x:koniecWersjiObiektu>2025-06-01T00:00:00Z</x:koniecWersjiObiektu>"
    members = [
        zone("1SP", "SP", shape, uses=["P"]),
        zone("1SP", "SP", shape, uses=["P"], more=ended),
        act("P1", LOCAL, shape),
        act("P1", LOCAL, shape, more=ended),
    ]
    report = take(store, catalogue, written(tmp_path / "pog.gml", collection(members, x=f"{APP}3.0")))
    loads = by_layer(report)
    for layer in ("general_plan", "zoning"):
        assert (loads[layer].rows.loaded, loads[layer].set_aside) == (1, {"archived": 1})


@pytest.mark.parametrize("path", found("poland/pog_zones.gml"))
def test_a_real_draft_is_a_draft(settings: Settings, catalogue: Catalogue, path: Path) -> None:
    with open_store(in_crs(settings, "EPSG:2176")) as store:
        report = take(store, catalogue, path)
        rows = stored(
            store, report, "general_plan", "status", "plan", "basic_profiles_yes", "zone", "max_coverage_share"
        )
    assert [(row["status"], row["plan"]) for row in rows] == [("draft", "PL.ZIPPZP.11111/321202-POG/1POG")] * 28
    assert {row["zone"] for row in rows} == {
        "SW",
        "SJ",
        "SZ",
        "SU",
        "SH",
        "SP",
        "SR",
        "SN",
        "SC",
        "SG",
        "SO",
        "SK",
    }
    assert all(row["basic_profiles_yes"] is not None for row in rows)
    assert {row["max_coverage_share"] for row in rows if row["max_coverage_share"] is not None} <= {
        n / 100 for n in range(101)
    }


def test_an_act_that_is_no_local_plan_is_set_aside(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shape = polygon(0, 0, srs=ADDRESS)
    kinds = (LOCAL, "planOgolnyGminy", "studiumUwarunkowanIKierunkowZagospodarowaniaPrzestrzennegoGminy")
    members = [act(f"P{number}", kind, shape) for number, kind in enumerate(kinds)]
    report = take(store, catalogue, written(tmp_path / "acts.gml", collection(members, x=f"{APP}2.0")))
    (one,) = report.loads
    assert (one.rows.read, one.rows.loaded, one.set_aside) == (3, 1, {"general_plan": 1, "study": 1})
    assert stored(store, report, "zoning", "plan", "plan_title", "status", "in_force_from") == [
        {
            "plan": "PL.ZIPPZP.1/306101-POG/P0",
            "plan_title": "Plan P0",
            "status": "in_force",
            "in_force_from": date(2025, 1, 2),
        }
    ]


def test_a_general_plan_alone_says_nothing_of_local_plans(settings: Settings, tmp_path: Path) -> None:
    shape = polygon(-50, -50, 200, srs=ADDRESS)
    members = [act("1POG", "planOgolnyGminy", shape), zone("1SP", "SP", shape, uses=["P"])]
    row = profiled(settings, written(tmp_path / "pog.gml", collection(members, x=f"{APP}2.0")))
    assert row["general_plan.plan_share"] == 1.0
    assert row["zoning.plan_share"] != row["zoning.plan_share"]  # unknown, not 0


LIMITS = (
    "<x:maksNadziemnaIntensywnoscZabudowy>0.8</x:maksNadziemnaIntensywnoscZabudowy>"
    "<x:maksUdzialPowierzchniZabudowy>50.0</x:maksUdzialPowierzchniZabudowy>"
    '<x:maksWysokoscZabudowy uom="m">15.0</x:maksWysokoscZabudowy>'
    "<x:minUdzialPowierzchniBiologicznieCzynnej>20</x:minUdzialPowierzchniBiologicznieCzynnej>"
)


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_a_zone_in_force_says_uses_and_limits(settings: Settings, tmp_path: Path, version: str) -> None:
    own = zone("1SP", "SP", polygon(-50, -50, 200, srs=ADDRESS), uses=["P", "PS"], more=LIMITS)
    infill = planning(
        "ObszarUzupelnieniaZabudowy",
        "1POG-1OUZ",
        f"{link('status', 'step/legalForce')}<x:geometria>{polygon(0, 0, 5, srs=ADDRESS)}</x:geometria>",
    )
    row = profiled(settings, written(tmp_path / "pog.gml", collection([own, infill], x=f"{APP}{version}")))
    names = (
        "plan_share",
        "draft_share",
        "zone",
        "production_share",
        "logistics_share",
        "services_share",
        "infill_share",
    )
    assert [row[f"general_plan.{name}"] for name in names] == [1.0, 0.0, "SP", 1.0, 1.0, 0.0, 0.25]
    limits = ("max_height_m", "max_coverage_share", "max_intensity", "min_green_share")
    assert [row[f"general_plan.{name}"] for name in limits] == [15.0, 0.5, 0.8, 0.2]


@pytest.mark.parametrize(("own", "of_act"), [("elaboration", "elaboration"), ("legalForce", "elaboration")])
def test_a_draft_general_plan_is_never_a_plan(settings: Settings, tmp_path: Path, own: str, of_act: str) -> None:
    shape = polygon(-50, -50, 200, srs=ADDRESS)
    members = [zone("1SP", "SP", shape, step=own, uses=["P"]), act("1POG", "planOgolnyGminy", shape, step=of_act)]
    row = profiled(settings, written(tmp_path / "pog.gml", collection(members, x=f"{APP}2.0")))
    if own == of_act:
        assert (row["general_plan.plan_share"], row["general_plan.draft_share"]) == (0.0, 1.0)
        assert row["general_plan.production_share"] == 0.0
    else:  # the zone contradicts its act: nobody knows
        assert row["general_plan.plan_share"] != row["general_plan.plan_share"]
        assert row["general_plan.production_share"] != row["general_plan.production_share"]


def test_a_zone_that_contradicts_its_act_is_a_finding(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    shape = polygon(0, 0, srs=ADDRESS)
    members = [zone("1SP", "SP", shape, uses=["P"]), act("1POG", "planOgolnyGminy", shape, step="elaboration")]
    report = take(store, catalogue, written(tmp_path / "pog.gml", collection(members, x=f"{APP}3.0")))
    said = next(one for one in by_layer(report)["general_plan"].findings if one["type"] == "code_unknown")
    assert said["values"] == {"legalForce (elaboration)": 1}
    (row,) = stored(store, report, "general_plan", "status", "plan", "plan_title")
    assert row == {"status": None, "plan": "PL.ZIPPZP.1/306101-POG/1POG", "plan_title": "Plan 1POG"}


# --- GeoPackages of the planners' plug-ins ---

PLUGIN = {
    "przestrzenNazw": ["PL.ZIPPZP.1/306101-POG"] * 2,
    "lokalnyId": ["1POG-1SP", "1POG-2SU"],
    "wersjaId": ["20260101T000000"] * 2,
    "oznaczenie": ["1SP", "2SU"],
    "symbol": ["SP", "SU"],
    "koniecWersjiObiektu": [None, None],
    "obowiazujeOd": ["2025-01-02"] * 2,
    "obowiazujeDo": [None, None],
    "status": ["prawnie wiążący lub realizowany", "w opracowaniu"],
    "charakterUstalenia": ["ogólnie wiążące"] * 2,
    "plan": [
        "https://www.gov.pl/zagospodarowanieprzestrzenne/app/AktPlanowaniaPrzestrzennego/PL.ZIPPZP.1/306101-POG/1POG"
    ]
    * 2,
    "nazwa": ["strefa gospodarcza", "strefa usługowa"],
    "profilPodstawowy": ["teren produkcji, teren usług", "teren usług"],
    "profilDodatkowy": ["teren składów i magazynów", None],
    "maksNadziemnaIntensywnoscZabudowy": [0.8, None],
    "maksUdzialPowierzchniZabudowy": [50.0, None],
    "maksWysokoscZabudowy": [15.0, None],
    "minUdzialPowierzchniBiologicznieCzynnej": [20.0, 30.0],
    "edytowal": ["x", "y"],
}
PERCENT = {"general_plan.max_coverage_share": "percent", "general_plan.min_green_share": "percent"}


def test_a_geopackage_of_the_planners_plug_in(settings: Settings, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "pog.gpkg", "StrefaPlanistyczna", PLUGIN, [box(0, 0, 5, 10), box(5, 0, 5, 10)])
    with open_store(settings) as store, pytest.raises(Refused, match=r"coverage_share=fraction \| --set .*=percent"):
        read_source(store, catalogue, path, Note())
    row = profiled(settings, path, set=PERCENT)
    names = ("plan_share", "draft_share", "zone", "production_share", "logistics_share", "services_share")
    assert [row[f"general_plan.{name}"] for name in names] == [0.5, 0.5, "SP", 0.5, 0.5, 0.5]
    assert (row["general_plan.max_coverage_share"], row["general_plan.min_green_share"]) == (0.5, 0.2)


def test_the_plug_ins_acts_are_told_apart_by_their_polish_names(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    columns = {
        "przestrzenNazw": ["PL.ZIPPZP.1/306101-MPZP"] * 2,
        "lokalnyId": ["121_P1", "1POG"],
        "tytul": ["Plan Rypinek", "Plan ogólny"],
        "typPlanu": ["miejscowy plan zagospodarowania przestrzennego", "plan ogólny gminy"],
        "obowiazujeOd": ["2025-01-02"] * 2,
        "status": ["w opracowaniu", "prawnie wiążący lub realizowany"],
    }
    path = write(tmp_path / "acts.gpkg", "AktPlanowaniaPrzestrzennego", columns, [box(0, 0), box(0, 0)])
    report = take(store, catalogue, path)
    (one,) = report.loads
    assert (one.layer, one.rows.loaded, one.set_aside) == ("zoning", 1, {"general_plan": 1})
    assert stored(store, report, "zoning", "status", "plan_title", "symbol") == [
        {"status": "draft", "plan_title": "Plan Rypinek", "symbol": "?"}
    ]
