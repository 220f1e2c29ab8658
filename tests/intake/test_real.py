"""The files of real towns, where they lie beside the project: what is known of them stands in the reports."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused
from gis_sites.intake.load import load
from gis_sites.intake.note import Note, read_note
from gis_sites.intake.plan import read_source
from gis_sites.settings import Settings
from gis_sites.store import revisions
from gis_sites.store.connect import open_store
from tests.intake.support import balanced, counts

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
NOTES = ROOT / "tests" / "notes"


def found(name: str) -> list[Path]:
    """Return a file where it is there, as the only case of a test."""
    return [path] if (path := DATA / name).exists() else []


def in_crs(settings: Settings, crs: str) -> Settings:
    """Give an empty inventory another working CRS."""
    engine = sa.create_engine((settings.database_url or "").replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as conn:
        conn.execute(sa.text("UPDATE registry.inventory SET crs = :crs"), {"crs": crs})
    engine.dispose()
    return settings.model_copy(update={"crs": crs})


@pytest.mark.parametrize("path", found("cambridge/cambridge.gpkg"))
def test_cambridge(settings: Settings, catalogue: Catalogue, path: Path) -> None:
    with open_store(in_crs(settings, "EPSG:26986")) as store:
        plan = read_source(store, catalogue, path, read_note(NOTES / "cambridge.toml"))
        report = load(store, catalogue, plan)
    assert balanced(report)
    by_layer = {one.layer: one for one in report.loads}
    parcels = by_layer["parcel"]
    assert (parcels.rows.read, parcels.rows.loaded, parcels.rows.set_aside, parcels.rows.rejected) == (
        13116,
        13031,
        21,
        64,
    )
    assert counts(parcels)["geometry_repaired"] == 34
    assert counts(parcels)["geometry_missing"] == 1
    missing = next(one for one in parcels.findings if one["type"] == "key_missing")
    assert missing["values"]["---"] == 58
    assert by_layer["zoning"].rows.loaded == 261
    assert "symbol_unknown" not in counts(by_layer["zoning"])
    assert {name: one.coverage for name, one in by_layer.items()}["flood"] == "boundary"
    assert len(report.left_out) == 19


@pytest.mark.parametrize("path", found("poland/egib_gesut_bdot500.gpkg"))
def test_a_polish_export(settings: Settings, catalogue: Catalogue, path: Path) -> None:
    with open_store(in_crs(settings, "EPSG:2179")) as store:
        with pytest.raises(Refused, match=r"PrezentacjaGraficzna_EGiB.*EGB_PunktGraniczny.*--rest skip"):
            read_source(store, catalogue, path, Note())
        plan = read_source(store, catalogue, path, read_note(NOTES / "poland.toml"))
        report = load(store, catalogue, plan)
        with store.begin() as conn:
            power = revisions.read(conn, revisions.get(conn, report.ready["power"])).table
            parcel = revisions.read(conn, revisions.get(conn, report.ready["parcel"])).table
    assert balanced(report)
    by_layer = {one.layer: one for one in report.loads}
    assert by_layer["parcel"].rows.loaded == 29
    assert by_layer["parcel"].set_aside == {"archived": 18}
    assert counts(by_layer["parcel"])["area_differs"] >= 20
    assert set(parcel["precinct"].to_pylist()) == {"0012"}
    assert {"lv", "mv"} <= set(power["voltage"].to_pylist())
    assert by_layer["water"].set_aside == {"archived": 3, "designed": 1}
    assert by_layer["building"].rows.rejected == 0
    assert {"sewer", "stormwater", "telecom", "heat", "soil"} <= set(by_layer)
    assert "PrezentacjaGraficzna_GESUT" in report.left_out
