"""Arithmetic of verdicts and worths on whole columns: numpy and the standard library only.

Everything is elementwise in float64, so the result of a row never depends on the other rows (law 3). A number is a
low and a high end: NaN unknown, equal ends exact. Verdicts are ordered so that Kleene's "and" is the minimum and his
"or" is the maximum.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Verdicts = npt.NDArray[np.int8]

FAILED, UNKNOWN, MET = 0, 1, 2


def at_least(low: Floats, high: Floats, bound: float) -> Verdicts:
    """Judge `min`: met where the low end reaches the bound, failed where the high end does not.

    >>> at_least(np.array([3.0, 1.0, 1.0, np.nan]), np.array([4.0, 4.0, 2.0, np.nan]), 3.0)
    array([2, 1, 0, 1], dtype=int8)
    """
    return _verdicts(met=low >= bound, failed=high < bound)


def at_most(low: Floats, high: Floats, bound: float) -> Verdicts:
    """Judge `max`: met where the high end stays within the bound, failed where the low end does not."""
    return _verdicts(met=high <= bound, failed=low > bound)


def all_of(verdicts: Sequence[Verdicts]) -> Verdicts:
    """Join by Kleene's "and"."""
    return np.asarray(np.minimum.reduce(verdicts), dtype=np.int8)


def any_of(verdicts: Sequence[Verdicts]) -> Verdicts:
    """Join by Kleene's "or"."""
    return np.asarray(np.maximum.reduce(verdicts), dtype=np.int8)


def worth_at(values: Floats, at: Sequence[float], worth: Sequence[float]) -> Floats:
    """Read a piecewise linear scale, clamped at its ends; NaN stays NaN.

    >>> worth_at(np.array([-1.0, 200.0, 800.0, np.inf]), [0, 800], [1, 0])
    array([1.  , 0.75, 0.  , 0.  ])
    """
    if len(at) == 1:
        return np.where(np.isnan(values), np.nan, worth[0])
    result = _climb(values, at[:2], worth[:2])
    result += worth[0]
    for knot in range(1, len(at) - 1):
        result += _climb(values, at[knot : knot + 2], worth[knot : knot + 2])
    # Rounding may step over the scale by one unit in the last place: a worth never does.
    if len(at) > 2 or not min(worth) <= worth[1] - worth[0] + worth[0] <= max(worth):
        np.clip(result, min(worth), max(worth), out=result)
    return result


def worst_and_best(low: Floats, high: Floats, at: Sequence[float], worth: Sequence[float]) -> tuple[Floats, Floats]:
    """Return the least and the greatest worth over each range: found at its ends or at knots inside it.

    Unknown is the whole scale. The two are one array where no value is a range and none unknown.
    """
    worst = best = worth_at(low, at, worth)
    wide = np.flatnonzero(low < high) if high is not low else np.empty(0, dtype=np.intp)
    if len(wide):
        best = worst.copy()
        worst[wide], best[wide] = _over_range(low[wide], high[wide], at, worth)
    unknown = np.isnan(worst)
    if unknown.any():
        worst, best = np.where(unknown, min(worth), worst), np.where(unknown, max(worth), best)
    return worst, best


def total(shares: Iterable[float], worths: Iterable[Floats], n: int) -> Floats:
    """Add up points want by want in the given order: share of 100 points x worth."""
    points = np.zeros(n)
    for share, worth in zip(shares, worths, strict=True):
        points += share * worth
    return points


def _climb(values: Floats, at: Sequence[float], worth: Sequence[float]) -> Floats:
    """Return what the stretch between two knots adds to the worth of the first."""
    part = values - at[0]
    with np.errstate(over="ignore"):  # a step next to nothing is climbed at once
        part /= at[1] - at[0]
    np.clip(part, 0.0, 1.0, out=part)
    if worth[1] - worth[0] != 1.0:
        part *= worth[1] - worth[0]
    return part


def _over_range(low: Floats, high: Floats, at: Sequence[float], worth: Sequence[float]) -> tuple[Floats, Floats]:
    at_low, at_high = worth_at(low, at, worth), worth_at(high, at, worth)
    worst, best = np.minimum(at_low, at_high), np.maximum(at_low, at_high)
    for knot, value in zip(at, worth, strict=True):
        inside = (low < knot) & (knot < high)
        np.minimum(worst, value, out=worst, where=inside)
        np.maximum(best, value, out=best, where=inside)
    return worst, best


def _verdicts(*, met: npt.NDArray[np.bool_], failed: npt.NDArray[np.bool_]) -> Verdicts:
    verdicts = met.view(np.int8) + np.int8(UNKNOWN)
    verdicts -= failed.view(np.int8)
    return verdicts
