"""Layers behind the candidates: what of them is drawn, in which style, and the legend that says so."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from gis_sites.catalogue import UNKNOWN, Catalogue, Layer, Legend, Public
from gis_sites.findings import mask
from gis_sites.words import LANGUAGES, number, say

if TYPE_CHECKING:
    import geopandas as gpd

MARGIN_M = 500.0
"""How far around a candidate the other layers are drawn."""
TOLERANCE_M = 0.25
"""What a line may be off on the screen; never in the inventory."""
DEGREE_DIGITS = 7
"""About a centimetre."""
COLORS = ("#5b7f6b", "#94702e", "#74688f", "#3f7f86", "#8a5a5a", "#6d7278")
"""For layers whose file names no colours."""


def color_of(layer: Layer) -> str:
    """Return the colour of a layer that names none."""
    return COLORS[sum(map(ord, layer.name)) % len(COLORS)]


@dataclass(frozen=True, eq=False)
class Overlay:
    """A layer to draw behind the candidates, and its rows (public fields and geometry, in any CRS)."""

    layer: Layer
    rows: "gpd.GeoDataFrame"


@dataclass(frozen=True)
class Drawn:
    """What of a layer is on the map: GeoJSON features whose property `k` is a class of the legend."""

    layer: Layer
    color: str
    features: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    total: int = 0

    @property
    def columns(self) -> list[str]:
        """The fields a popup shows."""
        return shown_fields(self.layer)

    @cached_property
    def legend(self) -> list[tuple[int, Legend | None]]:
        """The classes that occur, in the order of the layer file; None for rows no class speaks of."""
        used = {feature["properties"]["k"] for feature in self.features}
        known = [(i, one) for i, one in enumerate(self.layer.legend) if i in used]
        return [*known, (len(self.layer.legend), None)] if len(self.layer.legend) in used else [*known]

    def style(self, feature: Mapping[str, Any]) -> dict[str, Any]:
        """Return the style of a feature, in Leaflet's words."""
        step = feature["properties"]["k"]
        entry = self.layer.legend[step] if step < len(self.layer.legend) else None
        color = entry.color if entry else self.color
        style = {"color": color, "weight": max(entry.width if entry else 1.0, 1.0), "opacity": 0.9}
        if feature["geometry"]["type"].endswith("LineString"):
            style["weight"] = max(style["weight"], 1.5)
            return style | {"fill": False, "dashArray": DASHES.get(entry.pattern if entry else "solid")}
        hatched = entry is not None and entry.pattern != "solid"
        fill = f"url(#{pattern_id(self.layer.name, step)})" if hatched else color
        return style | {"weight": min(style["weight"], 1.5), "fillColor": fill, "fillOpacity": 0.8 if hatched else 0.22}


DASHES = {"dash": "7 5", "dots": "1 5", "cross": "10 4 2 4", "hatch": "4 3"}


def pattern_id(layer: str, step: int) -> str:
    """Return the name of a fill pattern within the page."""
    return f"fill-{layer}-{step}"


def shown_fields(layer: Layer) -> list[str]:
    """Return the fields of a layer that may leave the house."""
    return [name for name, spec in layer.fields.items() if spec.public]


def layers_concerned(shortlist: Mapping[str, Any], catalogue: Catalogue, *, public: Public = "geometry") -> list[str]:
    """Return the layers a shortlist speaks of that may be drawn, in the order in which it first names them.

    With `public="values"`: those that may be told, yet not drawn.
    """
    names = dict.fromkeys(name.split(".")[0] for name in _attributes(shortlist.get("candidates", [])))
    layers = (catalogue.layers.get(name) for name in names)
    return [layer.name for layer in layers if layer and layer.public == public and layer.name != "parcel"]


def _attributes(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(name := node.get("attribute"), str):
            yield name
        for value in node.values():
            yield from _attributes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _attributes(value)


def draw(overlay: Overlay, around: "gpd.GeoDataFrame", catalogue: Catalogue, *, most: int, room: int) -> Drawn:
    """Draw the first rows near the candidates: at most `most` of them, and at most `room` bytes."""
    color = color_of(overlay.layer)
    near = _near(overlay.rows, around)
    if not len(near):
        return Drawn(overlay.layer, color)
    steps = legend_steps(overlay.layer, near.drop(columns=near.geometry.name), catalogue)
    shapes = screen_shapes(near.geometry, around)
    columns = [name for name in shown_fields(overlay.layer) if name in near.columns]
    drawn = Drawn(overlay.layer, color, total=len(near))
    used = 0
    values = near[columns].to_dict("records")
    for shape, step, row in zip(shapes[:most], steps[:most], values[:most], strict=True):
        if shape is None:
            continue
        texts = [cell_text(overlay.layer, name, row.get(name)) for name in drawn.columns]
        used += drawn_size(shape) + len(json.dumps(texts))
        if used > room:
            break
        at = len(drawn.features)
        drawn.features.append(
            {"type": "Feature", "id": str(at), "properties": {"k": step}, "geometry": json.loads(shape)}
        )
        drawn.rows.append(texts)
    return drawn


def drawn_size(shape: str | None) -> int:
    """Return about how many bytes a GeoJSON geometry takes on the page, with its style and mark."""
    return len(shape or "") * 5 // 4 + 450


def _near(rows: "gpd.GeoDataFrame", around: "gpd.GeoDataFrame") -> "gpd.GeoDataFrame":
    """Keep the rows that come near a candidate, in their order."""
    rows = rows[rows.geometry.notna() & ~rows.geometry.is_empty]
    if not len(rows) or not len(around):
        return rows.iloc[:0]
    rows = rows.to_crs(around.crs) if rows.crs != around.crs else rows
    boxes = shapely.box(*(around.bounds.to_numpy() + np.array([-1, -1, 1, 1]) * MARGIN_M).T)
    hit = shapely.STRtree(np.asarray(rows.geometry.array)).query(boxes, predicate="intersects")[1]
    return rows.iloc[np.unique(hit)]


def screen_shapes(geometries: "gpd.GeoSeries", around: "gpd.GeoDataFrame") -> list[str | None]:
    """Return GeoJSON geometries for the screen: clipped, thinned, in degrees; None where nothing is left."""
    import geopandas as gpd

    low_x, low_y, high_x, high_y = around.total_bounds
    window = (low_x - MARGIN_M, low_y - MARGIN_M, high_x + MARGIN_M, high_y + MARGIN_M)
    shapes = shapely.simplify(shapely.clip_by_rect(np.asarray(geometries.array), *window), TOLERANCE_M)
    return geojson(gpd.GeoSeries(shapes, crs=geometries.crs))


def geojson(geometries: "gpd.GeoSeries") -> list[str | None]:
    """Return geometries as GeoJSON texts in degrees, rounded to a centimetre; None for one that is missing or empty."""
    degrees = np.asarray(geometries.to_crs("EPSG:4326").array)
    rounded = shapely.transform(degrees, lambda points: np.round(points, DEGREE_DIGITS))
    gone = shapely.is_missing(rounded) | shapely.is_empty(rounded)
    return [None if left else text for left, text in zip(gone, shapely.to_geojson(rounded), strict=True)]


def legend_steps(layer: Layer, rows: Any, catalogue: Catalogue) -> list[int]:  # noqa: ANN401 - a pandas frame
    """Return each row's class: the first legend entry that speaks of it, one past the last where none does."""
    steps = np.full(len(rows), len(layer.legend))
    for step in reversed(range(len(layer.legend))):
        fits = np.ones(len(rows), dtype=bool)
        for name, codes in layer.legend[step].when.items():
            wanted = set(codes) if isinstance(codes, tuple) else {codes}
            cells = _cells(layer, name, rows, catalogue)
            fits &= np.fromiter((bool(wanted & cell) for cell in cells), bool, len(rows))
        steps[fits] = step
    return [int(step) for step in steps]


def _cells(layer: Layer, name: str, rows: Any, catalogue: Catalogue) -> list[set[Any]]:  # noqa: ANN401 - a pandas frame
    """Return what each row says in a field: its code, or of a looked-up symbol the classes it allows."""
    spec = layer.fields[name]
    if f"{name}_yes" in rows:
        return [set(str(cell).split()) if _known(cell) else {UNKNOWN} for cell in rows[f"{name}_yes"]]
    if name not in rows:
        return [set()] * len(rows)
    cells = [cell if _known(cell) else None for cell in rows[name]]
    if not spec.table:
        return [{UNKNOWN} if cell is None else {cell} for cell in cells]
    regimes: Sequence[Any] = list(rows[spec.regime]) if spec.regime in rows else [None] * len(rows)
    table = catalogue.tables[spec.table]
    pairs = zip(cells, (regime if _known(regime) else None for regime in regimes), strict=True)
    found = (table.uses(str(cell), regime) for cell, regime in pairs)
    return [set(uses.yes) if uses else set() for uses in found]


def _known(cell: Any) -> bool:  # noqa: ANN401 - a cell of any type
    import pandas as pd

    return not pd.isna(cell)


def cell_text(layer: Layer, name: str, cell: Any) -> str | list[str] | None:  # noqa: ANN401 - a cell of any type
    """Return a cell as people read it, once a language where these differ."""
    if not _known(cell):
        return None
    if isinstance(cell, bool | np.bool_):
        texts = [say("map.yes" if cell else "map.no", lang) for lang in LANGUAGES]
    elif isinstance(cell, int | float | np.number):
        texts = [number(float(cell), lang) for lang in LANGUAGES]
    elif label := layer.labels.get(name, {}).get(str(cell)):
        texts = [label.say(lang) for lang in LANGUAGES]
    else:
        return mask(str(cell))
    return texts[0] if texts[0] == texts[1] else texts
