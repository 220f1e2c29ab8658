"""The largest upright rectangle inside a convex region that lies between lines: many regions at once.

A region is what lies under some lines, over others, and within a box. Between two places x0 and x1 the region holds a
rectangle as tall as the least upper line at both ends is over the greatest lower one; its area has one peak, so it is
looked for on a grid of places that closes in. Only elementwise sums, products, least and greatest are taken: an
answer never depends on what other regions are asked about. Regions stand along the last axis of every array, where
numpy is fastest.
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
BEYOND = 1e-9
"""A line that is farther from a region's bounds than this part of its box, at both ends of it, bounds nothing."""
FEW = 8
"""Where a region has no more lines than this they are not compared with each other."""

_STEPS = np.arange(CELLS + 1)[:, None] / CELLS
_MORE_STEPS = np.arange(2 * CELLS + 1)[:, None] / (2 * CELLS)
_HALF = np.arange(CLOSER + 1)[:, None] / CLOSER


@dataclass(frozen=True, eq=False)
class Regions:
    """Convex regions: float64[lines, n] slopes and heights of the lines above and below, float64[4, n] boxes.

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
        """Return how high the region reaches at some places: float64[places, n]."""
        lines = self.slope_over[:, None] * x
        lines += self.over[:, None]
        return np.asarray(np.minimum(lines.min(axis=0), self.box[3]))

    def floor(self, x: Floats) -> Floats:
        """Return how low the region reaches at some places: float64[places, n]."""
        lines = self.slope_under[:, None] * x
        lines += self.under[:, None]
        return np.asarray(np.maximum(lines.max(axis=0), self.box[1]))


def regions(start: Floats, end: Floats, lines: Mask, box: Floats) -> Regions:
    """Make the regions left of some edges (float64[n, edges, 2] starts and ends) and within boxes (float64[n, 4])."""
    dx, dy = end[..., 0] - start[..., 0], end[..., 1] - start[..., 1]
    flat = np.abs(dx) > LEVEL * np.abs(dy)
    slope = np.where(flat, dy, 0.0) / np.where(flat, dx, 1.0)
    height = start[..., 1] - slope * start[..., 0]
    right, left = lines & ~flat & (dy > 0), lines & ~flat & (dy < 0)
    x0, y0, x1, y1 = box.T
    x1 = np.minimum(x1, np.where(right, start[..., 0], np.inf).min(axis=1))
    x0 = np.maximum(x0, np.where(left, start[..., 0], -np.inf).max(axis=1))
    box = np.stack([x0, y0, x1, y1])
    beyond = BEYOND * np.abs(box).max(axis=0)
    ends = [height + slope * x[:, None] for x in (x0, x1)]
    is_over = _bounding(lines & flat & (dx < 0), ends, (y1, beyond))
    is_under = _bounding(lines & flat & (dx > 0), [-one for one in ends], (-y0, beyond))
    over, under = _packed(is_over, slope, height, np.inf), _packed(is_under, slope, height, -np.inf)
    corners = start[:, : CORNERS + 1, 0].T
    return Regions(*over, *under, box, corners)


def _bounding(lines: Mask, ends: list[Floats], bound: tuple[Floats, Floats]) -> Mask:
    """Tell which lines, known by their heights at both ends of the box, may come below its top and below each other."""
    (first, last), (top, beyond) = ends, bound
    lines = lines & (np.minimum(first, last) < (top + beyond)[:, None])
    if lines.shape[1] > FEW:
        row = np.arange(len(lines))
        for by in (first + last, first, last):
            low = np.where(lines, by, np.inf).argmin(axis=1)
            both = ((one, (one[row, low] + beyond)[:, None]) for one in (first, last))
            lines &= np.logical_or.reduce([one <= most for one, most in both])
    return lines


def _packed(lines: Mask, slope: Floats, height: Floats, away: float) -> tuple[Floats, Floats]:
    """Return the slopes and heights of some lines close together: float64[lines, n] each."""
    row, at = np.nonzero(lines)
    place = (lines.cumsum(axis=1) - 1)[row, at]
    shape = (int(place.max(initial=0)) + 1, len(lines))
    slopes, heights = np.zeros(shape), np.full(shape, away)
    slopes[place, row], heights[place, row] = slope[row, at], height[row, at]
    return slopes, heights


def largest(found: Regions, *, rounds: int, narrow: bool) -> tuple[Floats, Floats]:
    """Find the largest upright rectangle of each region, closing in so many times.

    `narrow` regions may be much narrower than their boxes: the breadth is looked for first.

    Returns:
        the areas (0 where there is none), and the rectangles as x0, y0, x1, y1: float64[n, 4].
    """
    low, high = found.box[0], found.box[2]
    if narrow:
        low, high = _breadth(found, low, high)
    x = _places(found, low, high)
    left, right = np.triu_indices(len(x), 1)
    ceiling, floor = found.ceiling(x), found.floor(x)
    tall = np.minimum(ceiling[left], ceiling[right]) - np.maximum(floor[left], floor[right])
    best = (np.maximum(tall, 0.0) * (x[right] - x[left])).argmax(axis=0)
    pair = _around(x, left[best]), _around(x, right[best])
    for _ in range(rounds):
        pair = _closer(found, pair)
    x0, x1 = ends = np.stack([one.at for one in pair])
    y0, y1 = found.floor(ends).max(axis=0), found.ceiling(ends).min(axis=0)
    return np.maximum(y1 - y0, 0.0) * np.maximum(x1 - x0, 0.0), np.stack([x0, y0, x1, y1], axis=1)


def _places(found: Regions, low: Floats, high: Floats) -> Floats:
    """Return the places looked at first, rising: float64[places, n]."""
    if len(found.corners) > CORNERS:
        return low + (high - low) * _MORE_STEPS
    corners = np.minimum(np.maximum(found.corners, low), high)
    return np.sort(np.concatenate([low + (high - low) * _STEPS, corners]), axis=0)


def _breadth(found: Regions, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Narrow the range of places down to where the region is."""
    x = low + (high - low) * _MORE_STEPS
    inside = found.ceiling(x) > found.floor(x)
    row = np.arange(x.shape[1])
    first, last = inside.argmax(axis=0), 2 * CELLS - inside[::-1].argmax(axis=0)
    some = inside.any(axis=0)
    return (
        np.where(some, x[np.maximum(first - 1, 0), row], low),
        np.where(some, x[np.minimum(last + 1, 2 * CELLS), row], high),
    )


class _End(NamedTuple):
    """Where an end of each rectangle is, and between which places the best one lies."""

    before: Floats
    at: Floats
    after: Floats

    def places(self) -> Floats:
        """Return places from before to after, rising, the end itself among them."""
        first = self.before + (self.at - self.before) * _HALF[:-1]
        return np.concatenate([first, self.at + (self.after - self.at) * _HALF])


def _around(x: Floats, at: Rows) -> _End:
    row = np.arange(x.shape[1])
    return _End(x[np.maximum(at - 1, 0), row], x[at, row], x[np.minimum(at + 1, len(x) - 1), row])


def _closer(found: Regions, pair: tuple[_End, _End]) -> tuple[_End, _End]:
    """Look at places around both ends, and close in on the best pair; never worse than before."""
    first, last = (end.places() for end in pair)
    n = len(first)
    x = np.concatenate([first, last])
    ceiling, floor = found.ceiling(x), found.floor(x)
    tall = np.minimum(ceiling[:n, None], ceiling[None, n:]) - np.maximum(floor[:n, None], floor[None, n:])
    area = np.maximum(tall, 0.0) * np.maximum(last[None] - first[:, None], 0.0)
    left, right = np.divmod(area.reshape(n * n, -1).argmax(axis=0), n)
    return _around(first, left), _around(last, right)
