"""Weights from comparing wants two by two: the analytic hierarchy process (Saaty 1980, The Analytic Hierarchy Process).

The weights are the principal eigenvector of the table of ratios. The consistency ratio holds its eigenvalue against
that of random judgements; above a tenth the judgements contradict each other, and we say which three do most.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import Any

import numpy as np

from gis_sites.columns import Floats
from gis_sites.matching.compare import LARGEST
from gis_sites.matching.requirement import Requirement
from gis_sites.vocabulary import nearest
from gis_sites.words import Said

RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59)
"""Of 1 to 15 things compared at random (Saaty 1980)."""
MOST_RATIO = 0.1
DIGITS = 12
"""Weights are rounded: the last bits of an eigenvector differ from machine to machine."""
Json = dict[str, Any]


def priorities(matrix: Floats) -> tuple[Floats, float]:
    """Return the principal eigenvector of a positive reciprocal matrix, summing to 1, and its eigenvalue.

    >>> weights, value = priorities(np.array([[1.0, 3.0], [1 / 3, 1.0]]))
    >>> weights.tolist(), round(value, 9)
    ([0.75, 0.25], 2.0)
    """
    weights = np.full(len(matrix), 1 / len(matrix))
    for _ in range(1000):
        before = weights
        weights = (matrix * weights).sum(axis=1)
        weights = weights / weights.sum()
        if np.abs(weights - before).max() < 1e-15:
            break
    value = float(((matrix * weights).sum(axis=1) / weights).mean())
    return np.round(weights, DIGITS), value


def consistency_ratio(value: float, n: int) -> float:
    """Return (eigenvalue - n) / (n - 1) over the random index; nought for two things, which cannot contradict."""
    return max((value - n) / (n - 1) / RANDOM_INDEX[n - 1], 0.0) if n > 2 else 0.0


def faults(requirement: Requirement) -> Iterator[Said]:
    """Yield what is wrong with the comparisons: each two wants are compared, and once."""
    stated = requirement.compare
    if stated is None:
        return
    wants = list(requirement.want)
    if len(wants) > len(RANDOM_INDEX):
        yield Said("match.compare_many", {"place": "compare", "count": len(wants), "most": len(RANDOM_INDEX)})
        return
    pairs: set[frozenset[str]] = set()
    for one, other in ((one, other) for one, entry in stated.items() for other in entry):
        place = f'compare."{one}"."{other}"'
        for name in (one, other):
            if name not in wants:
                yield Said("match.compare_no_want", {"place": place, "name": name, "hint": nearest(name, wants)})
        if one == other or frozenset((one, other)) in pairs:
            yield Said("match.compare_twice", {"place": place, "one": one, "other": other})
        pairs.add(frozenset((one, other)))
    for one, other in combinations(wants, 2):
        if frozenset((one, other)) not in pairs:
            yield Said("match.compare_missing", {"place": "compare", "one": one, "other": other})


def weighted(requirement: Requirement) -> Requirement:
    """Write the weights that the comparisons give into the wants.

    They are the same when an echoed requirement is understood again; a weight that says otherwise gives way.
    """
    if requirement.compare is None or not requirement.want:
        return requirement
    weights, _ = priorities(matrix(requirement))
    pairs = zip(requirement.want.items(), weights.tolist(), strict=True)
    wants = {name: want.model_copy(update={"weight": weight}) for (name, want), weight in pairs}
    return requirement.model_copy(update={"want": wants})


def matrix(requirement: Requirement) -> Floats:
    """Return the table of ratios, wants x wants, in the order of the file."""
    assert requirement.compare is not None
    place = {name: at for at, name in enumerate(requirement.want)}
    found = np.ones((len(place), len(place)))
    for one, entry in requirement.compare.items():
        for other, ratio in entry.items():
            found[place[one], place[other]] = ratio
            found[place[other], place[one]] = 1 / ratio
    return found


def comparisons(requirement: Requirement) -> Json | None:
    """Say what the comparisons give: weights, consistency, and where they contradict; None without comparisons."""
    if requirement.compare is None or not requirement.want:
        return None
    names = list(requirement.want)
    table = matrix(requirement)
    weights, value = priorities(table)
    ratio = consistency_ratio(value, len(names))
    return {
        "weights": dict(zip(names, weights.tolist(), strict=True)),
        "lambda_max": round(value, 9),
        "consistency_ratio": round(ratio, 9),
        "consistent": ratio <= MOST_RATIO,
        "contradiction": None if ratio <= MOST_RATIO else contradiction(table, weights, names),
    }


def contradiction(table: Floats, weights: Floats, names: Sequence[str]) -> Json:
    """Say which three judgements contradict most, and which of them would agree if it were what the others imply.

    Of three, a_ij x a_jk should be a_ik; the judgement farthest from the ratio of the weights is the one to think over.
    """
    logs = np.log(table)
    three = max(combinations(range(len(names)), 3), key=lambda ijk: abs(_gap(logs, *ijk)))
    one, other, between = max(
        ((i, j, k) for i, k, j in permutations(three) if logs[i, j] >= 0),
        key=lambda ijk: abs(logs[ijk[0], ijk[1]] - math.log(weights[ijk[0]] / weights[ijk[1]])),
    )
    agrees = float(np.exp(logs[one, between] + logs[between, other]))
    revised = table.copy()
    revised[one, other] = min(max(agrees, 1 / LARGEST), LARGEST)
    revised[other, one] = 1 / revised[one, other]
    _, value = priorities(revised)
    return {
        "judgements": [_judgement(table, names, *pair) for pair in combinations(three, 2)],
        "rethink": {
            **_judgement(table, names, one, other),
            "agrees": round(agrees, 9),
            "consistency_ratio_then": round(consistency_ratio(value, len(names)), 9),
        },
    }


def _gap(logs: Floats, one: int, middle: int, other: int) -> float:
    return float(logs[one, middle] + logs[middle, other] - logs[one, other])


def _judgement(table: Floats, names: Sequence[str], one: int, other: int) -> Json:
    """State a judgement with the more important of the two first."""
    if table[one, other] < 1:
        one, other = other, one
    return {"more": names[one], "than": names[other], "times": round(float(table[one, other]), 9)}
