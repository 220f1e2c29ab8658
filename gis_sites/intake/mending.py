"""What may be wrong with a geometry, and what mending it changes: functions over arrays of shapes, nothing else."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from gis_sites.geodesy import ellipsoidal_area
from gis_sites.intake.batch import Bools, Objects

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

METHOD = "GEOS make_valid, structure"
"""Shells are united and holes cut from them; a hole that lies outside every shell becomes a part."""
CHANGED_LEAST_M2 = 1.0
"""A change of less is never too much: the register counts square metres."""
CHANGED_SHARE = 0.1
"""A repair that moves more than a tenth of the area is a guess at what was meant."""
CHANGED_MOST_M2 = 10_000.0
"""So is one that moves a hectare, however large the polygon: sites are sought by the hectare."""
NO_AREA_M2 = 1e-4
"""A polygon of less is none: coordinates are given to a centimetre."""
SPIKE_DEGREES = 1.0
"""The angle under which a corner is a spike, or seen from the other side a slit; a strip of land 1 m wide that runs out
over 50 m has a wider one."""
SPIKE_M = 1.0
"""The length of both sides from which on a spike moves distances that anyone asks for."""


@dataclass(frozen=True)
class Spike:
    """The longest spike of a shape: which shape, its angle in degrees, its length in metres, its tip."""

    place: int
    degrees: float
    length: float
    tip: shapely.Point


def made_valid(shapes: Objects) -> Objects:
    """Return valid geometries; what collapses to a line or a point is kept beside the polygons, to be told."""
    valid: Objects = shapely.make_valid(shapes, method="structure", keep_collapsed=True)
    return valid


def areas(before: Objects, after: Objects, crs: pyproj.CRS) -> tuple[Floats, Floats]:
    """Return the areas of shapes on the ellipsoid before and after they were made valid: float64[n], square metres.

    Of a line that crosses itself no area is true. Before, that is what a map paints: of each part the points from which
    one crosses its rings an odd number of times on the way out, parts united. So both wings of a bow-tie count. What
    is no polygon, before or after, has none.
    """
    was, now = np.zeros(len(before)), np.zeros(len(before))
    flat = (shapely.get_dimensions(before) == 2) & (shapely.get_dimensions(after) == 2)
    if flat.any():
        now[flat] = ellipsoidal_area(after[flat], crs)
        planar = shapely.area(after[flat])
        scale = np.divide(now[flat], planar, out=np.ones_like(planar), where=planar > 0)
        was[flat] = _painted(before[flat]) * scale
    return was, now


def _painted(shapes: Objects) -> Floats:
    """Return the areas that a map paints; shapes are few, those that are broken."""
    parts, rows = shapely.get_parts(shapes, return_index=True)
    faces = [_odd_faces(part) for part in parts]
    index = np.repeat(rows, [len(some) for some in faces])
    together = np.full(len(shapes), None, dtype=object)
    shapely.geometrycollections(np.concatenate(faces), indices=index, out=together)
    found: Floats = np.nan_to_num(shapely.area(shapely.union_all(together[:, None], axis=1)))
    return found


def _odd_faces(part: shapely.Geometry) -> Objects:
    """Return the faces between a polygon's rings from which a ray to the east crosses rings an odd number of times."""
    rings = shapely.get_rings(part)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    sides = np.stack([points[:-1], points[1:]], axis=1)[ring[1:] == ring[:-1]]
    drawn = shapely.get_parts(shapely.union_all(shapely.linestrings(sides)))
    faces = shapely.get_parts(shapely.polygonize(drawn))
    inner = shapely.get_coordinates(shapely.point_on_surface(faces))
    rays = np.stack([inner, inner], axis=1)
    rays[:, 1, 0] = points[:, 0].max() + 1
    face, side = shapely.STRtree(shapely.linestrings(sides)).query(shapely.linestrings(rays))
    x, y = inner[face].T
    (x0, y0), (x1, y1) = sides[side, 0].T, sides[side, 1].T
    with np.errstate(divide="ignore", invalid="ignore"):
        crossed = ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) / (y1 - y0) * (x1 - x0))
    odd: Bools = np.bincount(face, weights=crossed, minlength=len(faces)) % 2 == 1
    found: Objects = faces[odd]
    return found


def too_much(before: Floats, after: Floats) -> Bools:
    """Say where a repair changed the area so much that nobody can tell what was meant.

    >>> too_much(np.array([100.0, 100.0, 5.0, 1e6]), np.array([95.0, 85.0, 4.1, 0.98e6])).tolist()
    [False, True, False, True]
    """
    change = np.abs(after - before)
    wide = (change > CHANGED_SHARE * np.maximum(before, after)) | (change > CHANGED_MOST_M2)
    return wide & (change > CHANGED_LEAST_M2)


class Sides:
    """The sides of all rings and lines of some shapes, one after the other, as vectors."""

    def __init__(self, shapes: Objects) -> None:
        drawn, rows, _ = chains(shapes)
        points, chain = shapely.get_coordinates(drawn, return_index=True)
        self.x, self.y = np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])
        self.dx, self.dy = np.diff(self.x), np.diff(self.y)
        self.place = rows[chain]
        """The shape of each point."""
        self.inner: Bools = chain[1:] == chain[:-1]
        """Whether a side joins two points of one ring or line, and not two rings."""

    def repeated(self) -> Places:
        """Return the shapes that hold a point twice, one after the other."""
        return np.unique(self.place[1:][self.inner & (self.dx == 0) & (self.dy == 0)])

    def spikes(self) -> list[Spike]:
        """Return the longest spike of every shape that has one."""
        corner = self.inner[1:] & self.inner[:-1] & (self.dx[1:] * self.dx[:-1] + self.dy[1:] * self.dy[:-1] < 0)
        come, go = self._closing()
        here = np.flatnonzero(corner)
        return self._sharp(np.concatenate([here, come]), np.concatenate([here + 1, go]))

    def _closing(self) -> tuple[Places, Places]:
        """Return the last and the first side of every ring: they meet too."""
        ends = np.flatnonzero(~np.append(self.inner, False))[: len(self.x)]  # none where there is no shape
        first, last = np.append(0, ends[:-1] + 1)[: len(ends)], ends
        ring = (self.x[first] == self.x[last]) & (self.y[first] == self.y[last]) & (last > first)
        return last[ring] - 1, first[ring]

    def _sharp(self, come: Places, go: Places) -> list[Spike]:
        """Return the longest spike of every shape among corners, given by the side that comes and the one that goes."""
        along = -(self.dx[come] * self.dx[go] + self.dy[come] * self.dy[go])
        across = np.abs(self.dx[come] * self.dy[go] - self.dy[come] * self.dx[go])
        length = np.minimum(np.hypot(self.dx[come], self.dy[come]), np.hypot(self.dx[go], self.dy[go]))
        found = np.flatnonzero((across < np.tan(np.radians(SPIKE_DEGREES)) * along) & (length >= SPIKE_M))
        longest = {int(self.place[go[at]]): int(at) for at in found[np.argsort(length[found], kind="stable")]}
        return [
            Spike(
                place,
                float(np.degrees(np.arctan2(across[at], along[at]))),
                float(length[at]),
                shapely.Point(self.x[go[at]], self.y[go[at]]),
            )
            for place, at in sorted(longest.items())
        ]


def chains(shapes: Objects) -> tuple[Objects, Places, Bools]:
    """Return the lines and rings of shapes, the place of each one's shape, and which are holes.

    A polygon without holes stands for its ring: making rings takes longer than all that is done with them.
    """
    single = np.isin(shapely.get_type_id(shapes), (1, 3))
    inner, row = shapely.get_parts(shapes[~single], return_index=True)
    parts = np.concatenate([shapes[single], inner])
    rows = np.concatenate([np.flatnonzero(single), np.flatnonzero(~single)[row]])
    kinds = shapely.get_type_id(parts)
    bare = (kinds == 1) | ((kinds == 3) & (shapely.get_num_interior_rings(parts) == 0))
    rings, owner = shapely.get_rings(parts[~bare], return_index=True)
    hole = np.append(False, owner[1:] == owner[:-1])[: len(rings)]
    holes = np.concatenate([np.zeros(np.count_nonzero(bare), dtype=bool), hole])
    return np.concatenate([parts[bare], rings]), np.concatenate([rows[bare], rows[~bare][owner]]), holes
