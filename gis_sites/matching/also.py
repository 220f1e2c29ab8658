"""What a shortlist says besides its candidates, when asked: it takes time, so nobody pays for what he does not ask."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from gis_sites.matching.agreement import agreement
from gis_sites.matching.ahp import comparisons
from gis_sites.matching.near_miss import near_misses
from gis_sites.matching.ranking import Matched
from gis_sites.matching.relaxation import relaxations
from gis_sites.matching.robustness import robustness

ANSWERS: Mapping[str, Callable[[Matched], Any]] = {
    "relaxations": relaxations,
    "near_misses": near_misses,
    "robustness": robustness,
    "agreement": agreement,
}
"""What may be asked for, by its key in the shortlist."""


def answers(matched: Matched, also: Collection[str]) -> dict[str, Any]:
    """Return what is asked for, and the weights where the requirement compares its wants."""
    compared = comparisons(matched.requirement)
    found = {"comparisons": compared} if compared else {}
    return {**found, **{name: make(matched) for name, make in ANSWERS.items() if name in also}}
