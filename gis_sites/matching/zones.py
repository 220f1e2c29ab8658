"""What a score can be at most in each zone of a view: rows that lie side by side, and so mostly near each other.

The least and the greatest value of a column in every zone are found once and kept with the view. A zone that cannot
hold one of the best rows is passed over, whatever its rows are: no score changes for it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats, Range
from gis_sites.matching import score
from gis_sites.matching.requirement import Requirement, Want
from gis_sites.matching.verdicts import Window, number, shares

Mask = npt.NDArray[np.bool_]
ZONE = 1 << 10
"""Rows of a zone."""


def most_points(requirement: Requirement, window: Window) -> Floats | None:
    """Return what the floor of a row can be at most in each zone; None: the view keeps nothing, or it says nothing."""
    kept: dict[str, Any] | None = getattr(window.view, "kept", None)
    if kept is None or not len(window):
        return None
    most = np.zeros(-(-len(window) // ZONE))
    for (name, want), share in zip(requirement.want.items(), shares(requirement), strict=True):
        most += share * _worth(name, want, window, kept)
    return most


def _worth(name: str, want: Want, window: Window, kept: dict[str, Any]) -> Floats | float:
    """Return the greatest worth of the low ends in each zone: that of a row at worst is no greater."""
    column = window.whole(name) if isinstance(want.worth, tuple) else None
    if not isinstance(column, Range):
        return 1.0
    if name not in kept:
        kept[name] = ends_of(column.low)
    assert isinstance(want.worth, tuple)
    at = [number(knot) for knot in want.at or ()]
    low, high = kept[name]
    return score.worst_and_best(low, high, at, want.worth)[1]


def ends_of(values: Floats) -> tuple[Floats, Floats]:
    """Return the least and the greatest value of each zone, NaN where no value is known.

    >>> [ends.tolist() for ends in ends_of(np.array([3.0, np.nan, 1.0]))]
    [[1.0], [3.0]]
    """
    starts = np.arange(0, len(values), ZONE)
    return np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)


def spread(zones: Mask, n: int) -> Mask:
    """Say of each of `n` rows what is said of its zone."""
    return np.repeat(zones, ZONE)[:n]
