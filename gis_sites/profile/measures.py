"""The closed set of measures, by the names layer files use."""

from collections.abc import Callable
from typing import get_args

import numpy as np

from gis_sites.catalogue import Attribute, Measure
from gis_sites.columns import Column
from gis_sites.profile import joined, net_area, overlay, proximity, shape
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import hidden, stitched

Measuring = Callable[[Scene, Attribute], Column]
"""A pure function: a layer over some sites in, a column in the order of the sites out."""

MEASURES: dict[str, Measuring] = {
    "nearest_distance": proximity.nearest_distance,
    "nearest_value": proximity.nearest_value,
    "frontage": proximity.frontage,
    "crosses": overlay.crosses,
    "share_covered": overlay.share_covered,
    "share_by_class": overlay.share_by_class,
    "share_grade": overlay.share_grade,
    "largest_class": overlay.largest_class,
    "extreme_covering": overlay.extreme_covering,
    "list_share": overlay.share_covered,
    "own_field": joined.own_field,
    "joined_field": joined.joined_field,
    "area": shape.area,
    "measured_area": shape.measured_area,
    "compactness": shape.compactness,
    "inscribed_circle": shape.inscribed_circle,
    "rectangle_long": shape.rectangle_long,
    "rectangle_short": shape.rectangle_short,
    "net_area": net_area.net_area,
}
assert set(MEASURES) == set(get_args(Measure))

LISTED = frozenset({"share_covered", "share_grade", "largest_class", "list_share"})
"""Measures that a parcel's own list answers where it has one."""
LOOKED_UP = frozenset({"own_field", "joined_field", "area"})
"""Measures that need no drawn site."""
NEAREST = frozenset({"nearest_distance", "nearest_value"})


def measure(scene: Scene, attribute: Attribute) -> Column:
    """Measure one attribute of every site; a site nobody drew is unknown to all that is measured."""
    how = MEASURES[attribute.spec.measure]
    column = how(scene, attribute)
    if attribute.spec.measure in LISTED and scene.listed is not None:
        rows, lists = scene.listed
        column = stitched([(np.arange(len(scene)), column), (rows, how(lists, attribute))], len(scene))
    if attribute.spec.measure in LOOKED_UP:
        return column
    return hidden(column, ~(scene.sites.area > 0))
