"""Register units: told by GML and by a column, they say to the office how many own an assembly, and to nobody else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gis_sites.errors import RequirementError
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.matching.sentences import sentences
from gis_sites.settings import Settings
from tests.api.planted import texts
from tests.intake.gml_files import EGIB, collection, identity, link, parcel, polygon, rows, uuid, written
from tests.intake.support import box, parcel_id, parcels

Json = dict[str, Any]
A, B, C, D = (parcel_id(number) for number in ("1", "2", "3", "4"))
OTHER = parcel_id("9", "0013")
UNITS = {OTHER: "TAJNE.G1", A: "TAJNE.G1", B: "TAJNE.G1", C: "TAJNE.G2", D: None}
"""Side by side, in this order; the first lies in another precinct."""
ASKED: Json = {
    "format": 1, "scope": "assemblies", "must": {"parcel.measured_area_m2": {"min": 15_000}},
    "assembly": {"max_parcels": 2},
}  # fmt: skip


@pytest.fixture
def city(settings: Settings, tmp_path: Path) -> Iterator[Inventory]:
    shapes = [box(100 * at, 0, 100, 100) for at in range(len(UNITS))]
    file = parcels(tmp_path / "p.gpkg", list(UNITS), shapes, JRG=list(UNITS.values()), grupa_rej=["7"] * len(UNITS))
    with open_inventory(settings) as inventory:
        report = inventory.import_file(file)
        assert {one.field for one in report.loads[0].columns} >= {"register_unit", "owner_class"}
        yield inventory


@pytest.mark.parametrize(("site", "count"), [((A, B), 1), ((B, C), 2), ((OTHER, A), 2), ((C, D), None)])
def test_the_office_knows_how_many_units_an_assembly_is_of(city: Inventory, site: tuple[str, ...], count: Any) -> None:
    told = city.why(ASKED, "+".join(site))
    state = "unknown" if count is None else "exact"
    assert told["candidate"]["owners"]["count"] == {"state": state, "value": count}
    said = " ".join(sentences(told, city.catalogue, "pl"))
    assert ("liczba jednostek rejestrowych: " in said) == (count is not None)
    assert "TAJNE" not in json.dumps(told)
    public = city.public().why(ASKED, "+".join(site))
    assert public["candidate"]["owners"] == {"count": {"state": "unknown", "value": None}}


def test_nobody_else_learns_of_them(city: Inventory, tmp_path: Path) -> None:
    public = city.public()
    named = {**ASKED, "must": {**ASKED["must"], "parcel.register_unit": {"any_of": ["TAJNE.G1"]}}}
    with pytest.raises(RequirementError, match="knows no attribute"):
        public.match(named)
    private = city.match(named, also=())
    assert [one["parcels"] for one in private["candidates"]] == [[A, B], [A, OTHER]]
    found = public.match(ASKED, also=())
    assert len(found["candidates"]) == 4
    for suffix in (".gpkg", ".geojson", ".csv", ".xlsx"):
        path = public.export(found, tmp_path / f"list{suffix}")
        text = " ".join(texts(path.read_bytes()))
        assert B in text
        assert "TAJNE" not in text
        assert "register_unit" not in text
    for shortlist in (found, private):  # a hand-out is for the public, whoever prints it
        page = city.map(shortlist, tmp_path / "map.html").read_text()
        assert "liczba jednostek rejestrowych" not in page
        assert "TAJNE" not in page


def test_gml_tells_units_by_number_or_by_reference(tmp_path: Path) -> None:
    def unit(number: int, name: str, ended: str = "") -> str:
        end = f"<x:koniecWersjaObiekt>{ended}</x:koniecWersjaObiekt>" if ended else ""
        told = f"<x:idJednostkiRejestrowej>{name}</x:idJednostkiRejestrowej><x:grupaRejestrowa>4</x:grupaRejestrowa>"
        return f"<x:EGB_JednostkaRejestrowaGruntow>{identity(number)}{end}{told}</x:EGB_JednostkaRejestrowaGruntow>"

    refers = [link("JRG2", f"urn:pzgik:id:PL.PZGiK.1.EGiB:{uuid(number)}") for number in (70, 70, 99)]
    members = [
        parcel(at, f"306101_1.0012.{at}", polygon(10 * at, 0), more) for at, more in enumerate([*refers, ""], start=1)
    ]
    members += [unit(70, "306101_1.0012.G5"), unit(70, "306101_1.0012.G4", ended="2020-01-01T00:00:00")]
    path = written(tmp_path / "egib.gml", collection(members, x=EGIB))
    found = rows(path, "EGB_DzialkaEwidencyjna", "jednostkaRejestrowa", "grupaRejestrowa")
    assert found["jednostkaRejestrowa"] == ["306101_1.0012.G5", "306101_1.0012.G5", uuid(99), None]
    assert found["grupaRejestrowa"] == ["4", "4", None, None]
