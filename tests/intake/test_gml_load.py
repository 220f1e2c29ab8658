"""GML through the whole intake: rows accounted for, archived versions set aside, drafts that never count as plans."""
import json
from pathlib import Path
import pytest
from gis_sites.catalogue import Catalogue
from gis_sites.settings import Settings
from gis_sites.store.connect import open_store
from gis_sites.intake.load import load
from gis_sites.intake.note import Note, read_note
from gis_sites.intake.plan import read_source
from tests.intake.test_real import DATA, NOTES, in_crs

@pytest.mark.parametrize(("name","crs"), [("egib","EPSG:2179"),("gesut","EPSG:2179"),("bdot500","EPSG:2179"),("pog_zones","EPSG:2176"),("pog_act","EPSG:2176")])
def test_try(settings: Settings, catalogue: Catalogue, name, crs) -> None:
    with open_store(in_crs(settings, crs)) as store:
        plan = read_source(store, catalogue, DATA/"poland"/f"{name}.gml", read_note(NOTES / "poland.toml"))
        report = load(store, catalogue, plan)
        print(report.left_out)
        for one in report.loads:
            print(one.layer, one.table, one.rows, one.set_aside, one.coverage, one.crs, {f["type"]:(f["count"]) for f in one.findings})
            print("     ", [(c.column,c.fate,c.field) for c in one.columns])
    assert 0
