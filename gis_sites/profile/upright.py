"""The largest upright rectangle inside a convex region that lies between lines: many regions at once.

A region is what lies under some lines, over others, and within a box. Between two places x0 and x1 the region holds a
rectangle as tall as the least upper line at both ends is over the greatest lower one; its area has one peak, so it is
looked for on a grid of places that closes in. Only elementwise sums, products, least and greatest are taken: an
answer never depends on what other regions are asked about.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gis_sites.columns import Floats, Rows
from gis_sites.profile.features import Mask

CELLS = 8
"""Into how many cells the breadth of a region is cut at first, besides at its corners."""
CORNERS = 16
"""Where a region has no more lines than this the breadth is cut at the places of their corners too."""
CLOSER = 3
"""Into how many cells the range on each side of an end is cut each time it closes in."""
LEVEL = 1e-12
"""Edges that rise less than this part of their length to the side are upright."""

_STEPS = np.arange(CELLS + 1) / CELLS
_MORE_STEPS = np.arange(2 * CELLS + 1) / (2 * CELLS)
_HALF = np.arange(CLOSER + 1) / CLOSER


@dataclass(frozen=True, eq=False)
class Regions:
    """Convex regions: float64[n, lines] slopes and heights of the lines above and below, float64[n, 4] boxes.

    A line that is not there is at an infinite height. A box is x0, y0, x1, y1. `corners` are places where a
    rectangle may well end.
    """

    slope_over: Floats
    over: Floats
    slope_under: Floats
    under: Floats
    box: Floats
    corners: Floats

    def ceiling(self, x: Floats) -> Floats:
        """Return how high the region reaches at some places: float64[n, places]."""
        lines = self.over[:, :, None] + self.slope_over[:, :, None] * x[:, None, :]
        return np.asarray(np.minimum(lines.min(axis=1), self.box[:, 3:]))

    def floor(self, x: Floats) -> Floats:
        """Return how low the region reaches at some places: float64[n, places]."""
        lines = self.under[:, :, None] + self.slope_under[:, :, None] * x[:, None, :]
        return np.asarray(np.maximum(lines.max(axis=1), self.box[:, 1:2]))


def regions(start: Floats, end: Floats, lines: Mask, box: Floats) -> Regions:
    """Make the regions left of some edges (float64[n, edges, 2] starts and ends) and within boxes."""
    dx, dy = end[..., 0] - start[..., 0], end[..., 1] - start[..., 1]
    flat = np.abs(dx) > LEVEL * np.abs(dy)
    slope = np.where(flat, dy, 0.0) / np.where(flat, dx, 1.0)
    height = start[..., 1] - slope * start[..., 0]
    is_over, is_under = lines & flat & (dx < 0), lines & flat & (dx > 0)
    right, left = lines & ~flat & (dy > 0), lines & ~flat & (dy < 0)
    box = box.copy()
    box[:, 2] = np.minimum(box[:, 2], np.where(right, start[..., 0], np.inf).min(axis=1))
    box[:, 0] = np.maximum(box[:, 0], np.where(left, start[..., 0], -np.inf).max(axis=1))
    return Regions(
        np.where(is_over, slope, 0.0),
        np.where(is_over, height, np.inf),
        np.where(is_under, slope, 0.0),
        np.where(is_under, height, -np.inf),
        box,
        start[..., 0],
    )


def largest(found: Regions, *, rounds: int, narrow: bool) -> tuple[Floats, Floats]:
    """Find the largest upright rectangle of each region, closing in so many times.

    `narrow` regions may be much narrower than their boxes: the breadth is looked for first.

    Returns:
        the areas (0 where there is none), and the rectangles as x0, y0, x1, y1.
    """
    low, high = found.box[:, 0], found.box[:, 2]
    if narrow:
        low, high = _breadth(found, low, high)
    x = _places(found, low, high)
    left, right = np.triu_indices(x.shape[1], 1)
    ceiling, floor = found.ceiling(x), found.floor(x)
    tall = np.minimum(ceiling[:, left], ceiling[:, right]) - np.maximum(floor[:, left], floor[:, right])
    best = (np.maximum(tall, 0.0) * (x[:, right] - x[:, left])).argmax(axis=1)
    pair = _around(x, left[best]), _around(x, right[best])
    for _ in range(rounds):
        pair = _closer(found, pair)
    ends = np.stack([one.at for one in pair], axis=1)
    y0, y1 = found.floor(ends).max(axis=1), found.ceiling(ends).min(axis=1)
    area = np.maximum(y1 - y0, 0.0) * np.maximum(ends[:, 1] - ends[:, 0], 0.0)
    return area, np.stack([ends[:, 0], y0, ends[:, 1], y1], axis=1)


def _places(found: Regions, low: Floats, high: Floats) -> Floats:
    """Return the places looked at first, rising: float64[n, places]."""
    if found.corners.shape[1] > CORNERS:
        return low[:, None] + (high - low)[:, None] * _MORE_STEPS
    even = low[:, None] + (high - low)[:, None] * _STEPS
    corners = np.minimum(np.maximum(found.corners, low[:, None]), high[:, None])
    return np.sort(np.concatenate([even, corners], axis=1), axis=1)


def _breadth(found: Regions, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Narrow the range of places down to where the region is."""
    x = low[:, None] + (high - low)[:, None] * _MORE_STEPS
    inside = found.ceiling(x) > found.floor(x)
    row = np.arange(len(x))
    first, last = inside.argmax(axis=1), 2 * CELLS - inside[:, ::-1].argmax(axis=1)
    some = inside.any(axis=1)
    return (
        np.where(some, x[row, np.maximum(first - 1, 0)], low),
        np.where(some, x[row, np.minimum(last + 1, 2 * CELLS)], high),
    )


class _End(NamedTuple):
    """Where an end of each rectangle is, and between which places the best one lies."""

    before: Floats
    at: Floats
    after: Floats

    def places(self) -> Floats:
        """Return places from before to after, rising, the end itself among them."""
        first = self.before[:, None] + (self.at - self.before)[:, None] * _HALF[:-1]
        return np.concatenate([first, self.at[:, None] + (self.after - self.at)[:, None] * _HALF], axis=1)


def _around(x: Floats, at: Rows) -> _End:
    row = np.arange(len(x))
    return _End(x[row, np.maximum(at - 1, 0)], x[row, at], x[row, np.minimum(at + 1, x.shape[1] - 1)])


def _closer(found: Regions, pair: tuple[_End, _End]) -> tuple[_End, _End]:
    """Look at places around both ends, and close in on the best pair; never worse than before."""
    first, last = (end.places() for end in pair)
    n = first.shape[1]
    x = np.concatenate([first, last], axis=1)
    ceiling, floor = found.ceiling(x), found.floor(x)
    tall = np.minimum(ceiling[:, :n, None], ceiling[:, None, n:]) - np.maximum(floor[:, :n, None], floor[:, None, n:])
    wide = last[:, None, :] - first[:, :, None]
    area = np.maximum(tall, 0.0) * np.maximum(wide, 0.0)
    left, right = np.divmod(area.reshape(len(x), n * n).argmax(axis=1), n)
    return _around(first, left), _around(last, right)
