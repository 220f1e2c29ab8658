"""Nearest pieces, found fast and the same to the last bit whatever else is in the tree."""

from dataclasses import dataclass

import numpy as np
import shapely

from gis_sites.columns import Floats, Rows
from gis_sites.profile.features import Box, Shapes

FEW = 48
"""With no more pieces than this in a site's search box, all of them are measured at once."""
CELLS = 128


@dataclass(frozen=True, eq=False)
class Near:
    """The distance of each site to the nearest (inf: there is none), and every (site, row) at just that distance."""

    distance: Floats
    site: Rows
    row: Rows


def nearest(sites: Shapes, pieces: Shapes, within: Floats | None = None) -> Near:
    """Find the nearest pieces of each site; `within` are distances beyond which nobody looks.

    The distance of a pair depends on the pair alone, and every pair that could be the nearest is measured, so the
    answer does not depend on what other sites and pieces are there.
    """
    n = len(sites)
    none = np.empty(0, dtype=np.intp)
    drawn = np.flatnonzero(~shapely.is_empty(sites))
    if not len(pieces) or not len(drawn):
        return Near(np.full(n, np.inf), none, none)
    tree = shapely.STRtree(pieces)
    bound = _bound(sites[drawn], tree)
    if within is not None:
        bound = np.minimum(bound, within[drawn])
    boxes = _widened(np.asarray(shapely.bounds(sites[drawn])), bound)
    few = _crowd(np.asarray(shapely.bounds(pieces)), boxes) <= FEW
    few |= bound == 0
    site, piece = tree.query(shapely.box(*boxes[few].T))
    far_site, far_piece = tree.query_nearest(sites[drawn[~few]], all_matches=True)
    site = np.concatenate([drawn[few][site], drawn[~few][far_site]])
    piece = np.concatenate([piece, far_piece])
    return _least(n, site, piece, np.asarray(shapely.distance(sites[site], pieces[piece])))


def _least(n: int, site: Rows, piece: Rows, distance: Floats) -> Near:
    least = np.full(n, np.inf)
    np.minimum.at(least, site, distance)
    tied = distance == least[site]
    site, piece = site[tied], piece[tied]
    order = np.lexsort((piece, site))
    return Near(least, site[order], piece[order])


def _bound(sites: Shapes, tree: shapely.STRtree) -> Floats:
    """Return a distance no smaller than that of the nearest piece: from one vertex of each site."""
    counts = np.asarray(shapely.get_num_coordinates(sites))
    firsts = shapely.get_coordinates(sites)[np.cumsum(counts) - counts]
    index, distance = tree.query_nearest(shapely.points(firsts), return_distance=True, all_matches=False)
    bound = np.full(len(sites), np.inf)
    bound[index[0]] = distance
    return bound


def _widened(boxes: Box, by: Floats) -> Box:
    margin = by * (1 + 1e-9) + 1e-6
    return boxes + np.stack([-margin, -margin, margin, margin], axis=1)


def _crowd(pieces: Box, boxes: Box) -> Floats:
    """Estimate how many pieces meet each box, from their middles counted in a grid; rather too many than too few."""
    middles = (pieces[:, :2] + pieces[:, 2:]) / 2
    low, high = middles.min(axis=0), middles.max(axis=0)
    size = np.maximum((high - low) / CELLS, 1e-9)
    column, line = np.minimum((middles - low) / size, CELLS - 1).astype(np.intp).T
    counts = np.bincount(column * CELLS + line, minlength=CELLS * CELLS).reshape(CELLS, CELLS)
    sums = np.zeros((CELLS + 1, CELLS + 1))
    sums[1:, 1:] = counts.cumsum(axis=0).cumsum(axis=1)
    first = np.clip(np.floor((boxes[:, :2] - low) / size), 0, CELLS).astype(np.intp)
    last = np.clip(np.ceil((boxes[:, 2:] - low) / size) + 1, 0, CELLS).astype(np.intp)
    (x0, y0), (x1, y1) = first.T, np.maximum(last, first).T
    return np.asarray(sums[x1, y1] - sums[x0, y1] - sums[x1, y0] + sums[x0, y0])
