"""How much of some segments lies within a distance of other segments, exactly."""

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats, Rows

Points = npt.NDArray[np.float64]
"""float64[n, 2]."""


def within_capsule(start: Points, end: Points, line: tuple[Points, Points], reach: float) -> tuple[Floats, Floats]:
    """Return from where to where each segment lies within a distance of the segment of a line beside it.

    The points within a distance of a segment are a capsule: two discs and the strip between them. It is convex,
    so what lies inside is one interval: from the least to the greatest of those of the three.

    Returns:
        the ends as parts of the segment, float64[n] each in 0..1; first > last where none of it is that near.

    >>> a, b = np.array([[0.0, 1.0]]), np.array([[10.0, 1.0]])
    >>> [one.tolist() for one in within_capsule(a, b, (np.array([[2.0, 1.0]]), np.array([[4.0, 1.0]])), 1.0)]
    [[0.1], [0.5]]
    """
    first, last = line
    along = end - start
    pieces = [_in_disc(start - first, along, reach), _in_disc(start - last, along, reach)]
    pieces.append(_in_strip(start - first, along, last - first, reach))
    low = np.minimum.reduce([np.where(a <= b, a, np.inf) for a, b in pieces])
    high = np.maximum.reduce([np.where(a <= b, b, -np.inf) for a, b in pieces])
    return low, high


def _in_disc(offset: Points, along: Points, reach: float) -> tuple[Floats, Floats]:
    """Solve |offset + t along| <= reach for t in 0..1."""
    square = np.einsum("ij,ij->i", along, along)
    half = np.einsum("ij,ij->i", offset, along)
    rest = np.einsum("ij,ij->i", offset, offset) - reach**2
    root = half**2 - square * rest
    with np.errstate(invalid="ignore", divide="ignore"):
        width = np.sqrt(root)
        low, high = (-half - width) / square, (-half + width) / square
    hit = (root >= 0) & (square > 0)
    return np.where(hit, np.maximum(low, 0.0), np.inf), np.where(hit, np.minimum(high, 1.0), -np.inf)


def beside(start: Points, end: Points, line: tuple[Points, Points], reach: float) -> tuple[Floats, Floats]:
    """Return from where to where each segment lies beside a line's segment: its foot on it, within a distance.

    Returns:
        the ends as parts of the segment, as `within_capsule` does.

    >>> a, b = np.array([[0.0, 1.0]]), np.array([[10.0, 1.0]])
    >>> [one.tolist() for one in beside(a, b, (np.array([[2.0, 1.0]]), np.array([[4.0, 1.0]])), 1.0)]
    [[0.2], [0.4]]
    """
    first, last = line
    return _in_strip(start - first, end - start, last - first, reach)


def _in_strip(offset: Points, along: Points, line: Points, reach: float) -> tuple[Floats, Floats]:
    """Solve for t in 0..1 where offset + t along projects onto the line's segment and lies beside it."""
    length = np.hypot(line[:, 0], line[:, 1])
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = line / length[:, None]
    ahead = _between(np.einsum("ij,ij->i", offset, unit), np.einsum("ij,ij->i", along, unit), (0.0 * length, length))
    aside = _between(_cross(unit, offset), _cross(unit, along), (-reach + 0.0 * length, reach + 0.0 * length))
    low = np.maximum(np.maximum(ahead[0], aside[0]), 0.0)
    high = np.minimum(np.minimum(ahead[1], aside[1]), 1.0)
    drawn = length > 0
    return np.where(drawn, low, np.inf), np.where(drawn, high, -np.inf)


def _between(at: Floats, slope: Floats, bounds: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Solve bounds[0] <= at + t slope <= bounds[1] for t."""
    with np.errstate(invalid="ignore", divide="ignore"):
        one, two = (bounds[0] - at) / slope, (bounds[1] - at) / slope
    level = slope == 0
    fits = (at >= bounds[0]) & (at <= bounds[1])
    low = np.where(level, np.where(fits, -np.inf, np.inf), np.minimum(one, two))
    high = np.where(level, np.where(fits, np.inf, -np.inf), np.maximum(one, two))
    return low, high


def _cross(a: Points, b: Points) -> Floats:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def measure_union(group: Rows, low: Floats, high: Floats, groups: int) -> Floats:
    """Return how long the union of the intervals of each group is: float64[groups].

    >>> measure_union(np.array([0, 0, 1]), np.array([0.0, 0.2, 0.5]), np.array([0.4, 0.6, 1.0]), 3).tolist()
    [0.6, 0.5, 0.0]
    """
    order = np.lexsort((high, low, group))
    group, low, high = group[order], low[order], high[order]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    place = np.arange(len(group)) - np.repeat(first, np.diff(np.append(first, len(group))))
    total, reached = np.zeros(groups), np.full(groups, -np.inf)
    # One round for the first interval of every group, one for the second ...: the same sums in every partition.
    by_place = np.argsort(place, kind="stable")
    for round_ in np.split(by_place, np.cumsum(np.bincount(place))[:-1]) if len(place) else []:
        at = group[round_]
        total[at] += np.maximum(high[round_] - np.maximum(low[round_], reached[at]), 0.0)
        reached[at] = np.maximum(reached[at], high[round_])
    return total
