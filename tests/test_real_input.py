"""Real files of real cities through the whole house, where they lie beside the project."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis_sites.intake.note import read_note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from tests.conftest import Databases

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
NOTES = Path(__file__).parent / "notes"
CAMBRIDGE = [path for path in [DATA / "cambridge" / "cambridge.gpkg"] if path.exists()]
POLAND = [path for path in [DATA / "poland" / "egib_gesut_bdot500.gpkg"] if path.exists()]

PLANT = {
    "format": 1,
    "title": "Light industry, 0.3-2 ha",
    "must": {
        "parcel.area_m2": {"min": 3000, "max": 20000},
        "flood.share": {"max": 0},
        "zoning.production_share": {"min": 0.9},
    },
    "want": {
        "rail.distance_m": {"at": [0, 500], "worth": [1, 0]},
        "water.distance_m": {"at": [0, 200], "worth": [1, 0]},
        "parcel.compactness": {"at": [0.3, 0.8], "worth": [0, 1]},
    },
}


@pytest.fixture(scope="module")
def home(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an inventory that holds nothing yet, for the tests of one module."""
    address = databases.fresh().render_as_string(hide_password=False)
    return Settings(database_url=address, home=tmp_path_factory.mktemp("real"), workers=1)


@pytest.fixture(scope="module")
def cambridge(home: Settings, databases: Databases) -> Iterator[tuple[Inventory, Path]]:
    """Cambridge, Massachusetts, imported through its note."""
    path = CAMBRIDGE[0]
    _set_crs(databases, home, "EPSG:26986")
    with open_inventory(home.model_copy(update={"crs": "EPSG:26986"})) as inventory:
        report = inventory.import_file(path, read_note(NOTES / "cambridge.toml"))
        loads = {one.layer: one for one in report.loads}
        assert loads["parcel"].rows.read == 13116
        yield inventory, path


def _set_crs(databases: Databases, home: Settings, crs: str) -> None:
    """A working CRS is written at first use; the template was used already."""
    import sqlalchemy as sa

    engine = sa.create_engine(home.database_url or "", poolclass=sa.NullPool)
    with engine.begin() as conn:
        conn.execute(sa.text("UPDATE registry.inventory SET crs = :crs"), {"crs": crs})


@pytest.mark.parametrize("path", CAMBRIDGE)
def test_parcels_the_city_itself_lists_as_flooded_are(cambridge: tuple[Inventory, Path], path: Path) -> None:
    profile = cambridge[0].frame().set_index("id")
    official = set(gpd.read_file(path, layer="flood_parcels_100y_official")["ML"])
    present = sorted(official & set(profile.index))
    assert len(present) > 100
    assert (profile.loc[present, "flood.share"] > 0).mean() >= 0.98


@pytest.mark.parametrize("path", CAMBRIDGE)
def test_shares_and_distances_are_what_a_naive_loop_finds(cambridge: tuple[Inventory, Path], path: Path) -> None:
    profile = cambridge[0].frame().set_index("id")
    flood = shapely.union_all(shapely.make_valid(gpd.read_file(path, layer="flood_100y").geometry.to_numpy()))
    rail = gpd.read_file(path, layer="rail").geometry.to_numpy()
    town = gpd.read_file(path, layer="city_boundary").geometry.union_all()
    near = profile[(profile["flood.share"] > 0) & (profile["flood.share"] < 1)]
    rows = [*near.index[:60], *np.random.default_rng(1).choice(profile.index, 60, replace=False)]
    for parcel in rows:
        row = profile.loc[parcel]
        shape = row.geometry
        distance = min(shape.distance(line) for line in rail)
        overlap = shape.intersection(flood).area
        share = 0.0 if overlap < 1 else overlap / shape.area
        outside = 1 - shape.intersection(town).area / shape.area
        assert row["flood.share"] == pytest.approx(share, abs=1e-6)
        assert row["rail.distance_m_high"] == pytest.approx(distance, abs=1e-6)
        # Beyond the city's boundary nothing was said of railways: another could be there.
        inside = outside * shape.area < 1
        assert row["rail.distance_m"] == pytest.approx(distance if inside else 0, abs=1e-6)


@pytest.mark.parametrize("path", CAMBRIDGE)
def test_a_requirement_finds_sites_and_draws_them(
    cambridge: tuple[Inventory, Path], path: Path, tmp_path: Path
) -> None:
    inventory = cambridge[0]
    shortlist = inventory.match(PLANT, top=10)
    profile = inventory.frame().set_index("id")
    assert shortlist["counts"]["eligible"] >= 10
    for one in shortlist["candidates"]:
        row = profile.loc[one["id"]]
        assert 3000 <= row["parcel.area_m2"] <= 20000
        assert row["flood.share"] == 0
        assert row["zoning.production_share"] >= 0.9
    page = inventory.map(shortlist, tmp_path / "map.html", lang="en").read_text(encoding="utf-8")
    assert shortlist["candidates"][0]["id"] in page


@pytest.mark.parametrize("path", POLAND)
def test_a_polish_register_goes_in(path: Path, settings: Settings) -> None:
    with open_inventory(settings) as inventory:
        report = inventory.import_file(path, read_note(NOTES / "poland.toml"))
        loads = {one.layer: one for one in report.loads}
        parcels = loads["parcel"]
        assert (parcels.rows.read, parcels.rows.loaded, parcels.set_aside) == (47, 29, {"archived": 18})
        profile = inventory.frame().set_index("id")
        assert len(profile) == 29
        assert set(profile["power.voltage"]) >= {"lv"}
        both = profile[["power.lv_distance_m", "power.mv_distance_m"]]
        assert np.isfinite(both).all().all()
        assert (both["power.lv_distance_m"] != both["power.mv_distance_m"]).any()
        assert (profile["parcel.registered_area_m2"] > 0).all()
        explained = inventory.explain(profile.index[0])
        assert {"parcel.id", "power.mv_distance_m"} <= {one["attribute"] for one in explained}
