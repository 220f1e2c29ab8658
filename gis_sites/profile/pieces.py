"""Where sites and polygons overlap, and the area of what several of them cover together."""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from gis_sites.catalogue import Layer
from gis_sites.columns import Floats, Rows
from gis_sites.profile.features import Features, Mask, Shapes
from gis_sites.profile.selection import numbers
from gis_sites.profile.sites import Sites

APART = 1e-10
"""Pieces lie apart when the area of their union differs from the sum of their areas by less than this part of it."""

POLYGONS = (3, 6)
"""The types of shapes that are nothing but area."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """The overlaps of sites with rows, in the order of the sites and, for each site, of the rows.

    `apart` says of each site whether its pieces do not overlap one another: then areas may simply be added.
    """

    site: Rows
    row: Rows
    shape: Shapes
    area: Floats
    apart: Mask

    def some(self, which: Mask) -> "Pieces":
        """Return some of the pieces."""
        return replace(self, site=self.site[which], row=self.row[which], shape=self.shape[which], area=self.area[which])


def met(sites: Sites, features: Features) -> Pieces:
    """Cut every site by every face it meets, and find out where the pieces lie apart."""
    return told_apart(overlaps(sites, features))


def overlaps(sites: Sites, features: Features) -> Pieces:
    """Cut every site by every face it meets; one that lies within the other is the piece itself, to the last bit."""
    site, face = features.face_tree.query(sites.geometry)
    order = np.lexsort((face, site))
    site, face = site[order], face[order]
    shapely.prepare(sites.geometry)
    shape, other = sites.geometry[site], features.faces[face]
    whole = np.asarray(shapely.covers(other, shape))
    # Most of what lies inside (a building on its plot) is told sooner than cut.
    inside = ~whole
    inside[inside] = shapely.covers(shape[inside], other[inside])
    cut = ~whole & ~inside
    cut[cut] = shapely.intersects(other[cut], shape[cut])
    shape[inside] = other[inside]
    shape[cut] = shapely.intersection(shape[cut], other[cut])
    area = np.where(whole | inside | cut, shapely.area(shape), 0.0)
    some = area > 0
    unknown = np.zeros(len(sites), dtype=bool)
    return Pieces(site[some], features.face_row[face[some]], shape[some], area[some], unknown)


def told_apart(pieces: Pieces) -> Pieces:
    """Find out at which of the sites not known to lie apart the pieces do so."""
    n = len(pieces.apart)
    apart = pieces.apart | (np.bincount(pieces.site, minlength=n) <= 1)
    mixed = ~apart[pieces.site]
    sums = np.bincount(pieces.site[mixed], weights=pieces.area[mixed], minlength=n)
    of, union = unions(pieces.site[mixed], pieces.shape[mixed])
    apart[of] = np.abs(sums[of] - shapely.area(union)) <= APART * sums[of]
    return replace(pieces, apart=apart)


def unions(group: Rows, shapes: Shapes) -> tuple[Rows, Shapes]:
    """Unite the shapes of each group; groups must rise.

    Returns:
        the groups there are, and the union of each.
    """
    if not len(group):
        return group, shapes
    of, index = np.unique(group, return_inverse=True)
    together = shapely.geometrycollections(shapes, indices=index)
    united: Shapes = shapely.union_all(together[:, None], axis=1)
    return of, united


def areal(shapes: Shapes) -> Shapes:
    """Return what is polygon in shapes: where two of them also touch, an overlap has lines and points beside it.

    >>> str(areal(shapely.from_wkt(["GEOMETRYCOLLECTION (POINT (9 9), POLYGON ((0 0, 1 0, 0 1, 0 0)))"]))[0])
    'MULTIPOLYGON (((0 0, 1 0, 0 1, 0 0)))'
    """
    mixed = np.flatnonzero(~np.isin(shapely.get_type_id(shapes), POLYGONS))
    if not len(mixed):
        return shapes
    result = shapes.copy()
    result[mixed] = shapely.Polygon()
    members, of = shapely.get_parts(shapes[mixed], return_index=True)
    parts, member = shapely.get_parts(members, return_index=True)
    of = of[member]
    solid = shapely.get_dimensions(parts) == 2
    some, group = np.unique(of[solid], return_inverse=True)
    if len(some):
        result[mixed[some]] = shapely.multipolygons(parts[solid], indices=group)
    return result


def united(pieces: Pieces, label: Rows) -> tuple[Rows, Rows, Floats]:
    """Return the area that the pieces of one label cover together, for each site and label.

    Returns:
        site, label, area in square metres: in the order of sites, then of labels.
    """
    labels = int(label.max()) + 1 if len(label) else 1
    pair = pieces.site * labels + label
    of, index = np.unique(pair, return_inverse=True)
    area = np.bincount(index, weights=pieces.area, minlength=len(of)).astype(np.float64)
    mixed = ~pieces.apart[pieces.site] & (np.bincount(index, minlength=len(of))[index] > 1)
    if mixed.any():
        order = np.flatnonzero(mixed)[np.argsort(index[mixed], kind="stable")]
        groups, union = unions(index[order], pieces.shape[order])
        area[groups] = shapely.area(union)
    return of // labels, of % labels, area


def covered(pieces: Pieces, which: Mask, n: int) -> Floats:
    """Return the area of each site that some pieces cover together: float64[n], square metres."""
    some = pieces.some(which)
    site, _, area = united(some, np.zeros(len(some.site), dtype=np.intp))
    total = np.zeros(n)
    total[site] = area
    return total


def arranged(pieces: Pieces, layer: Layer, features: Features, rows: Mask) -> Pieces:
    """Keep the pieces of some rows; where the newest wins, take from every row what newer ones cover.

    The newest is that of the latest first day of validity, then the first in key order; a row without a day is
    older than any other.
    """
    some = told_apart(pieces.some(rows[pieces.row]))
    if layer.overlap != "newest":
        return some
    start = numbers(features.table, layer.rows.valid.start) if layer.rows.valid else np.zeros(len(features))
    start = np.where(np.isnan(start), -np.inf, start)
    mixed = np.flatnonzero(~some.apart[some.site])
    shape, area = some.shape.copy(), some.area.copy()
    for group in np.split(mixed, np.flatnonzero(np.diff(some.site[mixed])) + 1):
        _stack(group[np.lexsort((some.row[group], -start[some.row[group]]))], shape)
    area[mixed] = shapely.area(shape[mixed])
    return replace(some, shape=shape, area=area, apart=np.ones(len(some.apart), dtype=bool)).some(area > 0)


def _stack(order: Rows, shape: Shapes) -> None:
    """Cut from each piece what the pieces before it cover."""
    over = shapely.Polygon()
    for at in order:
        lower = shape[at]
        shape[at] = shapely.difference(lower, over)
        over = shapely.union(over, lower)
