"""What lies around a site, for those who do not see the drawing: each class of a layer, how far and on which side."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.layer import Layer
from gis_sites.maps.overlays import Overlay, legend_steps
from gis_sites.maps.sketch import Window

SIDES = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
TOUCHING = 1.0
"""So many square metres (of a line: metres) of something lie on a site before it is more than beside it."""


@dataclass(frozen=True)
class Near:
    """The nearest of one class of a layer's legend: on the site, or so many metres from its boundary on one side."""

    layer: Layer
    step: int
    metres: float
    side: str
    on: bool


def around(site: Any, overlays: Sequence[Overlay], catalogue: Catalogue, ground: Window) -> list[Near]:  # noqa: ANN401
    """Return the nearest of every class that is seen in a window, the nearest first; all are in one metric CRS."""
    view = shapely.box(*ground.bounds)
    found = [one for overlay in overlays for one in _classes(site, overlay, catalogue, view)]
    return sorted(found, key=lambda one: (not one.on, one.metres))


def _classes(site: Any, overlay: Overlay, catalogue: Catalogue, view: Any) -> Iterator[Near]:  # noqa: ANN401
    rows = overlay.rows[shapely.intersects(view, np.asarray(overlay.rows.geometry.array))]
    shapes = np.asarray(rows.geometry.array)
    steps = np.array(legend_steps(overlay.layer, rows, catalogue), dtype=int)
    for step in np.unique(steps):
        own = shapes[steps == step]
        metres = shapely.distance(site, own)
        near = own[np.argmin(metres)]
        yield Near(overlay.layer, int(step), float(metres.min()), side_of(site, near), _on(site, own[metres == 0]))


def _on(site: Any, shapes: Any) -> bool:  # noqa: ANN401 - a geometry, an array of them
    shared = shapely.intersection(site, shapes)
    of = shapely.get_dimensions(shapes)
    size = np.where(of == 2, shapely.area(shared), np.where(of == 1, shapely.length(shared), TOUCHING))
    return bool((size >= TOUCHING).any())


def side_of(site: Any, other: Any) -> str:  # noqa: ANN401 - geometries
    """Return on which side of a site's middle another geometry is nearest.

    >>> side_of(shapely.box(0, 0, 10, 10), shapely.Point(40, 38)), side_of(shapely.Point(0, 0), shapely.Point(-9, 0))
    ('ne', 'w')
    """
    (x0, y0), (x1, y1) = shapely.get_coordinates(shapely.shortest_line(shapely.centroid(site), other))
    return SIDES[round(math.degrees(math.atan2(x1 - x0, y1 - y0)) / 45) % 8]
