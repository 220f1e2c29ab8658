"""Random scenes: sites and features of every awkward kind, and a layer over them."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from shapely import affinity

from gis_sites.catalogue import Attribute, Layer, attributes_of
from gis_sites.columns import Column
from gis_sites.profile.coverage import Cover, known
from gis_sites.profile.features import Features, cut
from gis_sites.profile.measures import measure
from gis_sites.profile.scene import Scene
from gis_sites.profile.sites import Sites

Shapes = npt.NDArray[np.object_]
X0, Y0 = 6_500_000.0, 5_700_000.0
"""Far from the origin, as PL-2000 is: rounding errors are real ones."""
TITLE = {"pl": "warstwa", "en": "layer"}


def array(shapes: list[Any]) -> Shapes:
    result = np.empty(len(shapes), dtype=object)
    result[:] = shapes
    return result


def at(shape: Any) -> Any:
    """Move a shape drawn near the origin to where the scenes are."""
    return affinity.translate(shape, X0, Y0)


def wkt(*texts: str) -> Shapes:
    return array([at(shapely.from_wkt(text)) for text in texts])


def random_sites(rng: np.random.Generator, side: int = 6) -> Shapes:
    """Parcels of a grid: plain, with a hole, in two parts, L-shaped, thin, skewed."""
    sites = []
    for i in range(side):
        for j in range(side):
            x, y = 50.0 * i, 50.0 * j
            kind = int(rng.integers(0, 6))
            plain = shapely.box(x, y, x + 50, y + 50)
            shape: Any = plain
            if kind == 1:
                shape = plain.difference(shapely.box(x + 20, y + 20, x + 32, y + 30))
            elif kind == 2:
                shape = shapely.MultiPolygon([shapely.box(x, y, x + 20, y + 50), shapely.box(x + 31, y, x + 50, y + 9)])
            elif kind == 3:
                shape = plain.difference(shapely.box(x + 10, y + 10, x + 50, y + 50))
            elif kind == 4:
                shape = shapely.box(x, y, x + 50, y + 2.5)
            elif kind == 5:
                shape = affinity.rotate(plain, float(rng.uniform(0, 90)))
            sites.append(at(shape))
    return array(sites)


def random_polygons(rng: np.random.Generator, n: int = 30, size: float = 350.0) -> Shapes:
    """Zones: boxes on the grid (they touch and hold parcels), blobs, rings, parts, and one of many vertices."""
    shapes = []
    for k in range(n):
        x, y = rng.uniform(-20, size, 2)
        kind = k % 5
        if kind == 0:
            x, y = 50 * np.floor(np.array([x, y]) / 50)
            shape: Any = shapely.box(x, y, x + 50 * rng.integers(1, 4), y + 50 * rng.integers(1, 3))
        elif kind == 1:
            shape = shapely.Point(x, y).buffer(float(rng.uniform(5, 60)))
        elif kind == 2:
            shape = shapely.Point(x, y).buffer(60).difference(shapely.Point(x, y).buffer(float(rng.uniform(10, 55))))
        elif kind == 3:
            shape = shapely.MultiPolygon([shapely.box(x, y, x + 13, y + 40), shapely.box(x + 60, y, x + 100, y + 17)])
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, 300))
            radii = rng.uniform(40, 90, 300)
            shape = shapely.Polygon(np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], axis=1)).buffer(
                0
            )
        shapes.append(at(shape))
    return array(shapes)


def random_lines(rng: np.random.Generator, n: int = 25, size: float = 350.0) -> Shapes:
    """Mains: short and long, on the grid, in two parts."""
    shapes = []
    for k in range(n):
        start = rng.uniform(-100, size + 100, 2)
        steps = rng.normal(0, 15, (int(rng.integers(1, 60)), 2)).cumsum(axis=0)
        line: Any = shapely.LineString(np.vstack([start, start + steps]))
        if k % 4 == 1:
            x = float(50 * np.floor(start[0] / 50))
            line = shapely.LineString([(x, -10), (x, float(start[1]))])
        elif k % 4 == 2:
            line = shapely.MultiLineString([line, affinity.translate(line, 200, 5)])
        shapes.append(at(line))
    return array(shapes)


def random_points(rng: np.random.Generator, n: int = 12, size: float = 350.0) -> Shapes:
    return array([at(shapely.Point(*rng.uniform(-100, size + 100, 2))) for _ in range(n)])


FIELDS: dict[str, Any] = {
    "id": {"type": "text"},
    "kind": {"type": "code", "order": ["a", "b", "c"]},
    "sure": {"type": "code", "codes": {"yes": [], "no": []}},
    "size": {"type": "number", "unit": "m"},
    "limit": {"type": "number", "unit": "m", "empty": "none"},
    "symbol": {"type": "codes", "table": "symbol_uses"},
    "extra": {"type": "codes", "table": "symbol_uses", "empty": "none"},
    "flag": {"type": "flag"},
    "start": {"type": "date"},
    "end": {"type": "date"},
    "parcels": {"type": "text"},
}


def layer(attributes: dict[str, Any], **more: Any) -> Layer:
    made: dict[str, Any] = {"name": "thing", "title": TITLE, "geometry": "any", "key": ["id"], "fields": FIELDS}
    titled = {name: {"title": TITLE, **spec} for name, spec in attributes.items()}
    return Layer.model_validate({**made, "attributes": titled, **more})


def attribute(one: Layer, short: str = "it") -> Attribute:
    return next(found for found in attributes_of(one) if found.short == short)


def random_rows(rng: np.random.Generator, n: int) -> pa.Table:
    """Fields with empty cells among them."""

    def some(values: list[Any], empty: float = 0.15) -> list[Any]:
        return [None if rng.random() < empty else values[int(rng.integers(len(values)))] for _ in range(n)]

    symbols = some(["P", "U", "X", "MN"], 0.0)
    uses = {"P": ("production", ""), "U": ("services", "production"), "X": (None, None), "MN": ("housing", "")}
    return pa.table(
        {
            "key": pa.array([f"k{i:04d}" for i in range(n)]),
            "id": pa.array([f"k{i:04d}" for i in range(n)]),
            "kind": pa.array(some(["a", "b", "c"]), pa.string()),
            "sure": pa.array(some(["yes", "no"], 0.0), pa.string()),
            "size": pa.array(some([5.0, 10.0, 12.5]), pa.float64()),
            "limit": pa.array(some([5.0, 10.0, 12.5]), pa.float64()),
            "symbol": pa.array(symbols, pa.string()),
            "symbol_yes": pa.array([uses[one][0] for one in symbols], pa.string()),
            "symbol_text": pa.array([uses[one][1] for one in symbols], pa.string()),
            "start": pa.array(some([10_000, 15_000, 20_000]), pa.int32()).cast(pa.date32()),
        }
    )


def sites_of(geometry: Shapes, **columns: Any) -> Sites:
    ids = [f"p{i}" for i in range(len(geometry))]
    return Sites(geometry, pa.table({"id": ids, **columns}), tuple((one,) for one in ids), crs="EPSG:2177")


def scene(one: Layer, sites: Sites, shapes: Shapes, table: pa.Table | None = None, cover: Cover | None = None) -> Scene:
    rows = pa.table({"id": [f"k{i:04d}" for i in range(len(shapes))]}) if table is None else table
    features: Features = cut(rows, shapes)
    return Scene(one, sites, features, known(sites, cover or Cover(None, stated=False)))


def measured(spec: dict[str, Any], sites: Sites, shapes: Shapes, table: pa.Table | None = None, **more: Any) -> Any:
    """Measure one attribute of a fresh layer."""
    cover = more.pop("cover", None)
    one = layer({"it": spec}, **more)
    column: Column = measure(scene(one, sites, shapes, table, cover), attribute(one))
    return column
