"""Tiles decoded by GDAL, a reader of its own, and where they lie."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyogrio
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.store.cells import HALF_M
from gis_sites.store.connect import Store
from gis_sites.store.drawing import Drawing
from gis_sites.store.pictures import head, make
from gis_sites.store.states import State
from gis_sites.store.tiles import Place, drawing_of, ground_of, tile

if TYPE_CHECKING:
    import geopandas as gpd

PIXELS = 512
"""A tile is so many pixels of the screen wide."""


def pixel(zoom: int) -> float:
    """The width of a pixel in EPSG:3857."""
    return 2 * HALF_M / 2**zoom / PIXELS


def decoded(content: bytes, place: Place, folder: Path) -> "gpd.GeoDataFrame":
    """The rows of a tile in EPSG:3857, its buffer included; `mvt_id` is a row's number."""
    file = folder / f"{place.z}-{place.x}-{place.y}.pbf"
    file.write_bytes(content)
    return pyogrio.read_dataframe(file, X=place.x, Y=place.y, Z=place.z, CLIP="NO")


def covering(box: tuple[float, float, float, float], zoom: int) -> Iterator[Place]:
    """The tiles of a zoom that lie over a box in EPSG:3857."""
    wide = 2 * HALF_M / 2**zoom
    for x in range(int((box[0] + HALF_M) // wide), int((box[2] + HALF_M) // wide) + 1):
        for y in range(int((HALF_M - box[3]) // wide), int((HALF_M - box[1]) // wide) + 1):
            yield Place(zoom, x, y)


def over(points: "shapely.Geometry", zoom: int) -> Place:
    """The tile of a zoom that a point in EPSG:3857 lies in."""
    return next(covering((points.x, points.y, points.x, points.y), zoom))


def drawn(store: Store, catalogue: Catalogue, state: State, layer: str, *, made: bool = True) -> Drawing:
    """How a layer is drawn; its pictures are made if they are not."""
    found = drawing_of(store, ground_of(store, catalogue, state), layer)
    assert found is not None
    with store.begin() as conn:
        if made and head(conn, found) is None:
            make(conn, found)
    return found


def uncovered(points: np.ndarray, shapes: np.ndarray, zoom: int, *, pixels: float = 2) -> int:
    """How many points lie farther from every shape than so many pixels."""
    if not len(shapes):
        return len(points)
    near = shapely.STRtree(shapes).query(points, predicate="dwithin", distance=pixels * pixel(zoom))[0]
    return len(points) - len(np.unique(near))


def whole(store: Store, drawing: Drawing, zoom: int, box: tuple[float, float, float, float], folder: Path):  # noqa: ANN201
    """Every tile of a zoom over a box: what it holds, and its bytes."""
    for place in covering(box, zoom):
        content = tile(store, drawing, place)
        yield place, content, decoded(content, place, folder) if content else None
