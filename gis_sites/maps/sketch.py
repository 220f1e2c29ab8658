"""A small map as shapes of an SVG: for readers without JavaScript, and before a live map has come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.layer import Layer, Legend
from gis_sites.maps.overlays import DASHES, Overlay, color_of, legend_steps, pattern_id

WIDTH, HEIGHT = 720, 540
"""Size of the drawing in its own units."""
EDGE = 0.18
"""How much of the window's length stays free around the sites, on each side."""
LEAST_M = 60.0
"""The least ground around a site, in metres."""
PLAIN = frozenset({"zoning", "building"})
"""Layers drawn without patterns: they cover most of a drawing, and hazards lie over them."""
MOST_ROWS = 1500
"""How many rows of one layer are drawn at most."""


@dataclass(frozen=True)
class Window:
    """The ground a drawing shows: its north-west corner in metres, and units a metre."""

    west: float
    north: float
    scale: float

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Its box in metres."""
        return self.west, self.north - HEIGHT / self.scale, self.west + WIDTH / self.scale, self.north

    def place(self, points: Any) -> Any:  # noqa: ANN401 - float64[n, 2]
        """Return points in units of the drawing, y downwards."""
        return np.round((points - [self.west, self.north]) * [self.scale, -self.scale], 1)


@dataclass(frozen=True)
class Shape:
    """One geometry: a path, or a point's centre; `kind` is `area`, `line` or `point`."""

    kind: str
    path: str = ""
    at: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Theme:
    """The shapes of one class of a layer's legend, and how they are drawn."""

    layer: Layer
    step: int
    entry: Legend | None
    shapes: list[Shape] = field(default_factory=list)

    @property
    def color(self) -> str:
        """The colour of lines, and of areas without a pattern."""
        return self.entry.color if self.entry else color_of(self.layer)

    @property
    def pattern(self) -> str | None:
        """The fill pattern's id within the page, None for a plain fill."""
        hatched = self.entry is not None and self.entry.pattern != "solid" and self.layer.name not in PLAIN
        return pattern_id(self.layer.name, self.step) if hatched else None

    @property
    def dash(self) -> str | None:
        """The dashes of its lines."""
        return DASHES.get(self.entry.pattern if self.entry else "solid")

    @property
    def width(self) -> float:
        """The width of its lines."""
        return max(self.entry.width if self.entry else 1.0, 1.0)


@dataclass(frozen=True)
class Sketch:
    """A drawing: themes from below to above, the sites on top, and a scale bar."""

    themes: list[Theme]
    sites: list[Shape]
    centres: list[tuple[float, float]]
    bar: tuple[int, float]
    """Metres, and their length in the drawing."""
    width: int = WIDTH
    height: int = HEIGHT


def window(sites: Sequence[Any], *, least: float = LEAST_M) -> Window:
    """Choose the ground to show around some geometries, in a metric CRS."""
    low_x, low_y, high_x, high_y = shapely.total_bounds(np.asarray(sites, dtype=object))
    across = max((high_x - low_x) * (1 + 2 * EDGE), (high_y - low_y) * (1 + 2 * EDGE) * WIDTH / HEIGHT, 2 * least)
    scale = WIDTH / across
    middle_x, middle_y = (low_x + high_x) / 2, (low_y + high_y) / 2
    return Window(middle_x - across / 2, middle_y + HEIGHT / scale / 2, scale)


def draw_sketch(sites: Sequence[Any], overlays: Sequence[Overlay], catalogue: Catalogue, ground: Window) -> Sketch:
    """Draw sites over the layers around them; areas lie lowest, then lines, then points."""
    themes = [theme for one in overlays for theme in _themes(one, catalogue, ground)]
    order = {"area": 0, "line": 1, "point": 2}
    themes.sort(key=lambda theme: order[theme.shapes[0].kind])
    drawn = [_one(_cut(geometry, ground), ground) for geometry in sites]
    return Sketch(themes, drawn, [_centre(geometry, ground) for geometry in sites], _bar(ground))


def _themes(overlay: Overlay, catalogue: Catalogue, ground: Window) -> Iterator[Theme]:
    rows = overlay.rows.iloc[:MOST_ROWS]
    steps = np.array(legend_steps(overlay.layer, rows, catalogue), dtype=int)
    cut = _cut(np.asarray(rows.geometry.array), ground)
    there = ~(shapely.is_empty(cut) | shapely.is_missing(cut))
    legend = overlay.layer.legend
    for step in np.unique(steps)[::-1]:
        shapes = [_one(one, ground) for one in cut[(steps == step) & there]]
        theme = Theme(overlay.layer, int(step), legend[step] if step < len(legend) else None, [])
        theme.shapes.extend(shape for shape in shapes if shape.path or shape.kind == "point")
        if theme.shapes:
            yield theme


def _cut(geometry: Any, ground: Window) -> Any:  # noqa: ANN401 - a geometry or an array of them
    west, south, east, north = ground.bounds
    spare = 8 / ground.scale
    clipped = shapely.clip_by_rect(geometry, west - spare, south - spare, east + spare, north + spare)
    return shapely.simplify(clipped, 0.4 / ground.scale)


def _one(geometry: Any, ground: Window) -> Shape:  # noqa: ANN401 - a geometry
    match int(shapely.get_dimensions(geometry)):
        case 2:
            rings = [
                ring
                for part in shapely.get_parts(geometry)
                if shapely.get_dimensions(part) == 2
                for ring in (part.exterior, *part.interiors)
            ]
            return Shape("area", "".join(_path(ring, ground) + "Z" for ring in rings))
        case 1:
            return Shape("line", "".join(_path(part, ground) for part in shapely.get_parts(geometry)))
        case _:
            return Shape("point", at=_centre(geometry, ground))


def _path(line: Any, ground: Window) -> str:  # noqa: ANN401 - a line or ring
    points = ground.place(shapely.get_coordinates(line))
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) if len(points) else ""


def _centre(geometry: Any, ground: Window) -> tuple[float, float]:  # noqa: ANN401 - a geometry
    if shapely.is_empty(geometry):
        return 0.0, 0.0
    x, y = ground.place(shapely.get_coordinates(shapely.point_on_surface(geometry)))[0]
    return float(x), float(y)


def _bar(ground: Window) -> tuple[int, float]:
    """Choose a round length that is about a fifth of the drawing."""
    room = WIDTH / ground.scale / 5
    step = 10 ** int(np.floor(np.log10(room)))
    metres = next(step * k for k in (5, 2, 1) if step * k <= room)
    return int(metres), round(metres * ground.scale, 1)
