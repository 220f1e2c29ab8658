"""The first law: a new theme is one new TOML file. Noise bands go through the house; no line of code knows them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
from playwright.sync_api import Browser
from shapely.geometry import Polygon, box

from gis_sites.catalogue import own_layers
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from tests.browser import Opened

NOISE = """
name = "noise"
title = { pl = "Hałas", en = "Noise" }
geometry = "polygon"
public = "geometry"
key = "content"
coverage = "parcels"

[recognise]
names = ["halas*"]
needs = ["band"]

[fields.band]
type = "code"
required = true
aliases = ["przedzial"]
order = ["b55", "b60", "b65"]
codes = { b55 = ["55-60"], b60 = ["60-65"], b65 = ["65-70", ">=65"] }

[attributes]
loud_share = { measure = "share_covered", where = { band = ["b60", "b65"] } }
loudest    = { measure = "largest_class", field = "band", pick = "highest" }
distance_m = { measure = "nearest_distance", where = { band = ["b65"] } }

[[legend]]
when = { band = "b65" }
color = "#cc3311"
pattern = "hatch"
title = { pl = "powyżej 65 dB", en = "above 65 dB" }

[[legend]]
color = "#ee7733"
title = { pl = "55-65 dB", en = "55-65 dB" }
"""
X, Y = 6_505_800.0, 5_736_300.0
CRS = "EPSG:2177"


def place(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    """A rectangle near Kalisz."""
    return box(X + x0, Y + y0, X + x1, Y + y1)


@pytest.fixture
def catalogue_folder(tmp_path: Path) -> Path:
    """The layers that come with the tool, and one file more."""
    folder = tmp_path / "layers"
    shutil.copytree(own_layers(), folder)
    (folder / "noise.toml").write_text(NOISE, encoding="utf-8")
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three parcels: one half loud, one loudest of all, one a hundred metres from the loudest; two bands."""
    path = tmp_path / "city.gpkg"
    parcels = gpd.GeoDataFrame(
        {"id_dzialki": [f"306101_1.0012.{number}" for number in (1, 2, 3)]},
        geometry=[place(0, 0, 100, 100), place(100, 0, 200, 100), place(300, 0, 400, 100)],
        crs=CRS,
    )
    bands = gpd.GeoDataFrame(
        {"przedzial": ["60-65", ">=65"]}, geometry=[place(50, 0, 100, 100), place(100, 0, 200, 100)], crs=CRS
    )
    parcels.to_file(path, layer="dzialki", driver="GPKG")
    bands.to_file(path, layer="halas_lden", driver="GPKG")
    return path


@pytest.fixture
def inventory(settings: Settings, catalogue_folder: Path, source: Path) -> Iterator[Inventory]:
    """An inventory that holds them."""
    with open_inventory(settings.model_copy(update={"layers": catalogue_folder})) as opened:
        report = opened.import_file(source)
        assert {one.layer: one.rows.loaded for one in report.loads} == {"parcel": 3, "noise": 2}
        yield opened


def test_a_new_layer_file_is_profiled(inventory: Inventory) -> None:
    frame = inventory.frame().set_index("id").sort_index()
    assert frame["noise.loud_share"].tolist() == [0.5, 1.0, 0.0]
    assert frame["noise.loudest"].tolist() == ["b60", "b65", "none"]
    assert frame["noise.distance_m"].tolist() == [0.0, 0.0, 100.0]


def test_a_new_layer_file_is_matched(inventory: Inventory) -> None:
    quiet = {
        "format": 1,
        "must": {"noise.loud_share": {"max": 0.5}, "noise.loudest": {"none_of": ["b65"]}},
        "want": {"noise.distance_m": {"at": [0, 200], "worth": [0, 1]}},
    }
    shortlist = inventory.match(quiet)
    assert [(one["id"], one["floor"]) for one in shortlist["candidates"]] == [
        ("306101_1.0012.3", 50.0),
        ("306101_1.0012.1", 0.0),
    ]
    assert shortlist["counts"]["failed_by"]["noise.loudest"] == {"at_all": 1, "alone": 0}


def test_a_new_layer_file_is_drawn_with_its_legend(inventory: Inventory, tmp_path: Path, browser: Browser) -> None:
    shortlist = inventory.match({"format": 1, "must": {"noise.loud_share": {"max": 0.5}}})
    opened = Opened(browser, inventory.map(shortlist, tmp_path / "map.html"))
    switches = opened.page.locator(".leaflet-control-layers-overlays").inner_text()
    assert "Hałas" in switches
    assert "powyżej 65 dB" in switches
    assert opened.page.locator("path.leaflet-interactive").count() >= 4  # two candidates, two bands
    opened.close()
