"""Nearest pieces, found fast and the same to the last bit whatever else is in the tree.

A point near the middle of a site names a segment; the distance to it is exact, and bounds how far anything nearer can
be. Only segments whose boxes lie within that bound of the site's box are measured besides.
"""

from dataclasses import dataclass

import numpy as np
import shapely

from gis_sites.columns import Floats, Rows, ragged
from gis_sites.profile.features import Box, Shapes, gap

APART_M = 50.0
"""How far apart the points of a segment may lie by which it is guessed to be near."""


@dataclass(frozen=True, eq=False)
class Near:
    """The distance of each site to the nearest (inf: there is none), and every (site, row) at just that distance.

    A pair may come more than once.
    """

    distance: Floats
    site: Rows
    row: Rows


@dataclass(frozen=True, eq=False)
class Segments:
    """Pieces cut into their segments; a point is a segment without length.

    `start` and `end` are float64[k, 2] each, `first` the place of each piece's first segment.
    """

    start: Floats
    end: Floats
    first: Rows

    @classmethod
    def of(cls, pieces: Shapes) -> "Segments":
        """Cut pieces."""
        coordinates = shapely.get_coordinates(pieces)
        sizes = np.asarray(shapely.get_num_coordinates(pieces), dtype=np.intp)
        counts = np.maximum(sizes - 1, 1)
        piece, place = ragged(counts)
        at = (np.cumsum(sizes) - sizes)[piece] + place
        return cls(coordinates[at], coordinates[at + (sizes > 1)[piece]], np.cumsum(counts) - counts)

    def __len__(self) -> int:
        return len(self.start)

    @property
    def boxes(self) -> Box:
        """The boxes of the segments: float64[k, 4]."""
        return np.hstack([np.minimum(self.start, self.end), np.maximum(self.start, self.end)])

    def points(self) -> tuple[Floats, Rows]:
        """Return points on the segments at most so far apart, and the segment of each."""
        along = self.end - self.start
        of, place = ragged(np.maximum(np.ceil(np.hypot(*along.T) / APART_M), 1).astype(np.intp))
        part = (place + 0.5) / np.bincount(of)[of]
        return self.start[of] + part[:, None] * along[of], of

    def distances(self, sites: Shapes, segments: Rows) -> Floats:
        """Return the distances of sites to segments, pair by pair."""
        some, index = np.unique(segments, return_inverse=True)
        lines = shapely.linestrings(np.stack([self.start[some], self.end[some]], axis=1))
        return np.asarray(shapely.distance(sites, lines[index]))


def nearest(sites: Shapes, pieces: Shapes, within: Floats | None = None) -> Near:
    """Find the nearest pieces of each site; `within` are distances beyond which nobody looks.

    The distance of a pair depends on the pair alone, and every pair that could be the nearest is measured, so the
    answer does not depend on what other sites and pieces are there.
    """
    n = len(sites)
    drawn = np.flatnonzero(~shapely.is_empty(sites))
    if not len(pieces) or not len(drawn):
        none = np.empty(0, dtype=np.intp)
        return Near(np.full(n, np.inf), none, none)
    shapes, boxes, segments = sites[drawn], _boxes(sites[drawn]), Segments.of(pieces)
    guess = _guess(boxes, segments)
    bound = segments.distances(shapes, guess)
    reach = (bound if within is None else np.minimum(bound, within[drawn])) * (1 + 1e-9) + 1e-6
    site, segment = _within_reach(boxes, reach, pieces, segments)
    other = segment != guess[site]
    site, segment = site[other], segment[other]
    distance = np.concatenate([bound, segments.distances(shapes[site], segment)])
    site = drawn[np.concatenate([np.arange(len(drawn)), site])]
    piece = np.searchsorted(segments.first, np.concatenate([guess, segment]), side="right") - 1
    least = np.full(n, np.inf)
    np.minimum.at(least, site, distance)
    tied = distance == least[site]
    return Near(least, site[tied], piece[tied])


def _guess(boxes: Box, segments: Segments) -> Rows:
    """Return for each box a segment that lies near its middle: of all points on segments the nearest one's."""
    points, of = segments.points()
    middles = shapely.points((boxes[:, :2] + boxes[:, 2:]) / 2)
    _, point = shapely.STRtree(shapely.points(points)).query_nearest(middles, all_matches=False)
    guess: Rows = of[point]
    return guess


def _within_reach(boxes: Box, reach: Floats, pieces: Shapes, segments: Segments) -> tuple[Rows, Rows]:
    """Return every (site, segment) whose boxes lie no farther apart than the site's reach: first by whole pieces."""
    by = reach[:, None]
    site, piece = shapely.STRtree(pieces).query(shapely.box(*np.hstack([boxes[:, :2] - by, boxes[:, 2:] + by]).T))
    near = gap(boxes[site], _boxes(pieces)[piece]) <= reach[site]
    site, piece = site[near], piece[near]
    pair, place = ragged(np.diff(segments.first, append=len(segments))[piece])
    site, segment = site[pair], segments.first[piece][pair] + place
    near = gap(boxes[site], segments.boxes[segment]) <= reach[site]
    return site[near], segment[near]


def _boxes(shapes: Shapes) -> Box:
    return np.asarray(shapely.bounds(shapes), dtype=np.float64).reshape(-1, 4)
