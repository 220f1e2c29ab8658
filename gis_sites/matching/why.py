"""Why, or why not, this parcel: every verdict and every worth, also of one that failed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gis_sites.catalogue import Catalogue
from gis_sites.errors import NotFound
from gis_sites.matching.check import check
from gis_sites.matching.reasons import candidate
from gis_sites.matching.requirement import Requirement
from gis_sites.matching.shortlist import heading, in_scope
from gis_sites.matching.verdicts import Window
from gis_sites.matching.view import View

EXPLANATION = "gis-sites/explanation/1"


def why(requirement: Requirement, views: Sequence[View], catalogue: Catalogue, id: str) -> dict[str, Any]:
    """Explain one parcel (or offer): the entry it has, or would have, in a shortlist; its tier may be `failed`.

    Raises:
        NotFound: nothing of that identifier is in the inventory.
        RequirementError: the requirement does not suit the catalogue.
    """
    requirement = check(requirement, catalogue)
    for view in in_scope(requirement, views):
        row = view.row(id)
        if row is not None:
            found = candidate(requirement, Window(view, catalogue, np.array([row])))
            return {**heading(requirement, views, catalogue, EXPLANATION), "candidate": found}
    raise NotFound("match.not_in_inventory", id=id)


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Compare two shortlists, leaving out when and by what they were made; equal to the last bit gives nothing.

    Returns:
        the places that differ, such as `candidates[1].floor: 71.2 != 71.3`.
    """
    left, right = ({key: value for key, value in each.items() if key != "made"} for each in (one, other))
    return list(_compare("", left, right))


def _compare(place: str, one: Any, other: Any) -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = list(dict.fromkeys([*one, *other]))
        return [
            text for key in keys for text in _compare(f"{place}.{key}".removeprefix("."), one.get(key), other.get(key))
        ]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return [f"{place}: {len(one)} != {len(other)} entries"]
        pairs = enumerate(zip(one, other, strict=True))
        return [text for at, (left, right) in pairs for text in _compare(f"{place}[{at + 1}]", left, right)]
    same = type(one) is type(other) and repr(one) == repr(other)
    number = isinstance(one, int | float) and isinstance(other, int | float) and float(one).hex() == float(other).hex()
    return [] if same or number else [f"{place}: {one} != {other}"]
