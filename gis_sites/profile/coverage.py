"""Where a layer speaks at all, and what its silence therefore means."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import shapely
from shapely.geometry.base import BaseGeometry

from gis_sites.columns import Floats
from gis_sites.profile.features import EDGE, FACE, Shapes, chop, cut
from gis_sites.profile.nearest import nearest
from gis_sites.profile.sites import Sites

TOUCH_M2 = 1.0
"""An overlap of less is touching."""


@dataclass(frozen=True, eq=False)
class Cover:
    """Where a layer speaks: None is everywhere. `stated`: somebody said so, it was not taken by default."""

    geometry: BaseGeometry | None
    stated: bool

    @classmethod
    def of(cls, parts: Iterable["Cover"]) -> "Cover":
        """Unite what the parts of a layer cover; one stated part makes the whole stated."""
        every = list(parts)
        stated = any(part.stated for part in every)
        shapes = [part.geometry for part in every]
        if any(shape is None for shape in shapes):
            return cls(None, stated)
        # Many parts cover the same: uniting them once is enough, and takes a moment instead of a minute.
        different = list({shape.wkb: shape for shape in shapes if shape is not None}.values())
        return cls(shapely.union_all(np.array(different, dtype=object)), stated)


@dataclass(frozen=True, eq=False)
class Known:
    """What the coverage of a layer means for each site.

    `outside` is the area in square metres where nobody knows (0 when it is a touch), `horizon` the distance from
    the site within which everything there is to know is known.
    """

    outside: Floats
    horizon: Floats


def known(sites: Sites, cover: Cover) -> Known:
    """Measure the coverage of a layer at each site."""
    n = len(sites)
    if cover.geometry is None:
        return Known(np.zeros(n), np.full(n, np.inf))
    inside = _inside(sites, cover.geometry)
    outside = np.maximum(sites.area - inside, 0.0)
    outside[(outside < TOUCH_M2) & (inside > 0)] = 0.0
    # A site of under 1 m2 that the coverage does not meet at all is outside, not touching.
    if not cover.stated:
        return Known(outside, np.where(outside > 0, 0.0, np.inf))
    return Known(outside, _to_the_edge(sites, cover.geometry, inside))


def _inside(sites: Sites, geometry: BaseGeometry) -> Floats:
    """Return how much of each site is covered, in square metres; exactly its area where it is covered whole."""
    shapely.prepare(geometry)
    whole = shapely.covers(geometry, sites.geometry)
    inside = np.where(whole, sites.area, 0.0)
    rest = np.flatnonzero(~whole)
    rest = rest[shapely.intersects(geometry, sites.geometry[rest])]
    if not len(rest):
        return inside
    pieces = cut_one(geometry)
    site, face = shapely.STRtree(pieces).query(sites.geometry[rest])
    order = np.lexsort((face, site))
    site, face = site[order], face[order]
    np.add.at(inside, rest[site], shapely.area(shapely.intersection(sites.geometry[rest[site]], pieces[face])))
    return inside


def cut_one(geometry: BaseGeometry) -> Shapes:
    """Return the faces of one polygon, of at most `FACE` vertices each."""
    shape = np.array([geometry], dtype=object)
    return cut(pa.table({"row": [0]}), shape).faces if shapely.get_num_coordinates(geometry) > FACE else shape


def _to_the_edge(sites: Sites, geometry: BaseGeometry, inside: Floats) -> Floats:
    """Return the distance from each site to where the coverage ends; 0 where the site sticks out."""
    distance = np.zeros(len(sites))
    whole = np.flatnonzero((inside > 0) & (inside >= sites.area))
    rings, _ = shapely.get_rings(shapely.get_parts(np.array([geometry], dtype=object)), return_index=True)
    pieces, _ = chop(rings, EDGE)
    if len(whole) and len(pieces):
        distance[whole] = nearest(sites.geometry[whole], pieces).distance
    return distance
