"""Measures of the site itself: areas, compactness, the largest circle and rectangle inside."""

import numpy as np
import pyproj
import shapely

from gis_sites.catalogue import Attribute
from gis_sites.columns import Floats, Range
from gis_sites.geodesy import ellipsoidal_area
from gis_sites.profile.proximity import MICROMETRES
from gis_sites.profile.rectangle import largest_rectangles, sides
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import quantity


def area(scene: Scene, attribute: Attribute) -> Range:
    """Give the registered area where there is one, else the measured: m2."""
    registered = quantity(attribute, scene.sites.parcel)
    return Range.exact(np.where(np.isnan(registered), _measured(scene), registered))


def measured_area(scene: Scene, attribute: Attribute) -> Range:
    """Measure the area on the ellipsoid: m2."""
    return Range.exact(_measured(scene))


def _measured(scene: Scene) -> Floats:
    result = np.full(len(scene), np.nan)
    drawn = scene.sites.area > 0
    if drawn.any():
        result[drawn] = ellipsoidal_area(scene.sites.geometry[drawn], pyproj.CRS.from_user_input(scene.sites.crs))
    return result


def compactness(scene: Scene, attribute: Attribute) -> Range:
    """Measure compactness, 4 pi A / P^2: 1 for a circle, pi / 4 for a square.

    Polsby and Popper, The Third Criterion: Compactness as a Procedural Safeguard Against Partisan Gerrymandering,
    Yale Law & Policy Review 9 (1991), 301-353. The perimeter counts the rings of holes.
    """
    perimeter = np.asarray(shapely.length(scene.sites.geometry), dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Range.exact(4 * np.pi * scene.sites.area / perimeter**2)


def inscribed_circle(scene: Scene, attribute: Attribute) -> Range:
    """Measure the diameter of the largest circle inside a site: m.

    The search ends when the radius is at most max(5 cm, 1 % of A / P) too small. No simply connected site has a
    radius below A / P, so a diameter is at most the larger of 10 cm and 1 % too small, and never too large.
    """
    geometry, result = scene.sites.geometry, np.full(len(scene), np.nan)
    drawn = np.flatnonzero(scene.sites.area > 0)
    tolerance = np.maximum(0.05, 0.01 * scene.sites.area[drawn] / shapely.length(geometry[drawn]))
    result[drawn] = 2 * np.asarray(shapely.length(shapely.maximum_inscribed_circle(geometry[drawn], tolerance)))
    return Range.exact(result)


def rectangle_long(scene: Scene, attribute: Attribute) -> Range:
    """Measure the long side of the largest rectangle found inside a site, at any angle: m."""
    return Range.exact(np.round(_sides(scene)[0], MICROMETRES))


def rectangle_short(scene: Scene, attribute: Attribute) -> Range:
    """Measure the short side of the largest rectangle found inside a site, at any angle: m."""
    return Range.exact(np.round(_sides(scene)[1], MICROMETRES))


def _sides(scene: Scene) -> tuple[Floats, Floats]:
    both: tuple[Floats, Floats] = scene.once("rectangle", lambda: sides(largest_rectangles(scene.sites.geometry)))
    return both
