"""Why, or why not, this parcel: every verdict and every worth, also of one that failed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gis_sites.catalogue import Catalogue
from gis_sites.errors import NotFound
from gis_sites.matching.check import check
from gis_sites.matching.reasons import candidate
from gis_sites.matching.requirement import ASSEMBLIES, Requirement
from gis_sites.matching.shortlist import heading
from gis_sites.matching.verdicts import Window
from gis_sites.matching.view import View

if TYPE_CHECKING:
    from gis_sites.matching.assembly_site import Together

EXPLANATION = "gis-sites/explanation/1"


def why(
    requirement: Requirement, views: Sequence[View], catalogue: Catalogue, id: str, together: "Together | None" = None
) -> dict[str, Any]:
    """Explain one parcel (or offer): the entry it has, or would have, in a shortlist; its tier may be `failed`.

    With `together` also an assembly: its parcels, joined by `+`.

    Raises:
        NotFound: nothing of that identifier is in the inventory, or parcels do not hang together.
        RequirementError: the requirement does not suit the catalogue.
    """
    requirement = check(requirement, catalogue)
    if together is not None:
        from gis_sites.matching.assembly_reasons import why_assembly

        site = why_assembly(requirement, views, catalogue, together, id)
        return {**heading(requirement, views, catalogue, EXPLANATION), "candidate": site}
    found = _found(requirement, views, catalogue, id)
    if found is None:
        raise NotFound("match.not_in_inventory", id=id)
    return {**heading(requirement, views, catalogue, EXPLANATION), **found}


def why_gone(
    requirement: Requirement, views: Sequence[View], catalogue: Catalogue, id: str, *, how: str, successors: list[str]
) -> dict[str, Any]:
    """Explain a parcel that is no more: what became of it, and the entry of each successor that the views hold.

    `how` is `split`, `merged`, `renumbered`, or `changed` where more than one of them happened.

    Raises:
        RequirementError: the requirement does not suit the catalogue.
    """
    requirement = check(requirement, catalogue)
    entries = [_found(requirement, views, catalogue, one) for one in successors]
    return {
        **heading(requirement, views, catalogue, EXPLANATION),
        "candidate": None,
        "gone": {"id": id, "how": how, "successors": successors},
        "successors": [one["candidate"] for one in entries if one],
    }


def _found(requirement: Requirement, views: Sequence[View], catalogue: Catalogue, id: str) -> dict[str, Any] | None:
    """Return the entry of a row, whichever view has it; one the requirement does not look at is said to be so."""
    kinds = {*requirement.scope, *(["parcels"] if ASSEMBLIES in requirement.scope else [])}
    for view in sorted(views, key=lambda one: one.kind not in kinds):
        row = view.row(id)
        if row is not None:
            found = {"candidate": candidate(requirement, Window(view, catalogue, np.array([row])))}
            return found if view.kind in kinds else {**found, "outside_scope": True}
    return None


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Compare two shortlists, leaving out when and by what they were made; equal to the last bit gives nothing.

    What another version of the software says besides what `one` says is no difference.

    Returns:
        the places that differ, such as `candidates[1].floor: 71.2 != 71.3`.
    """
    left, right = ({key: value for key, value in each.items() if key != "made"} for each in (one, other))
    same_software = one.get("made", {}).get("software") == other.get("made", {}).get("software")
    return list(_compare("", left, right, besides=not same_software))


def _compare(place: str, one: Any, other: Any, *, besides: bool) -> list[str]:  # noqa: ANN401 - any JSON
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = list(one if besides else dict.fromkeys([*one, *other]))
        return [
            text
            for key in keys
            for text in _compare(f"{place}.{key}".removeprefix("."), one.get(key), other.get(key), besides=besides)
        ]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if len(one) != len(other):
            return [f"{place}: {len(one)} != {len(other)} entries"]
        pairs = enumerate(zip(one, other, strict=True))
        return [
            text for at, (left, right) in pairs for text in _compare(f"{place}[{at + 1}]", left, right, besides=besides)
        ]
    same = type(one) is type(other) and repr(one) == repr(other)
    number = isinstance(one, int | float) and isinstance(other, int | float) and float(one).hex() == float(other).hex()
    return [] if same or number else [f"{place}: {one} != {other}"]
