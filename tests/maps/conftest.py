"""What the maps room is given: a shortlist, its sites and layers around them."""

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.maps import Overlay
from tests.maps.made_up import CRS, X, Y, candidate, shortlist_of, sites_of


@pytest.fixture
def shortlist() -> dict[str, Any]:
    return shortlist_of([candidate(rank) for rank in range(1, 8)])


@pytest.fixture
def sites(shortlist: dict[str, Any]) -> gpd.GeoDataFrame:
    return sites_of(shortlist["candidates"])


@pytest.fixture
def overlay(catalogue: Catalogue) -> Callable[..., Overlay]:
    def make(layer: str, shapes: list[Any], **columns: Any) -> Overlay:
        return Overlay(catalogue.layer(layer), gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS))

    return make


@pytest.fixture
def overlays(overlay: Callable[..., Overlay]) -> list[Overlay]:
    """A plan, a flood zone, roads and substations; and a network that must not be drawn."""
    plan = [shapely.box(X - 300, Y - 400, X + 500, Y + 400), shapely.box(X + 500, Y - 400, X + 1300, Y + 400)]
    return [
        overlay("zoning", plan, symbol=["1P/U", "2MN"], regime=["2003", "2003"], plan=["XX/1/2019", "XX/1/2019"]),
        overlay("flood", [shapely.Point(X + 100, Y - 500).buffer(300)], scenario=["p1"]),
        overlay("road", [shapely.LineString([(X - 400, Y - 30), (X + 1400, Y - 30)])], **{"class": ["main"]}),
        overlay("substation", [shapely.Point(X + 900, Y - 100)], name=["GPZ Północ"]),
        overlay("power", [shapely.LineString([(X, Y), (X + 500, Y)])], voltage=["mv"]),
    ]
