"""Requirement x views -> shortlist: verdicts, scores, the order, and reasons for the first few."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from gis_sites.catalogue import Catalogue
from gis_sites.matching.also import answers
from gis_sites.matching.brief import notices
from gis_sites.matching.check import check
from gis_sites.matching.limits import SHORTLIST
from gis_sites.matching.ranking import Matched, Scored, score_rows
from gis_sites.matching.reasons import asks, candidates
from gis_sites.matching.requirement import ASSEMBLIES, FOOTPRINT, Requirement
from gis_sites.matching.settle import understood
from gis_sites.matching.verdicts import Window, must_names
from gis_sites.matching.view import View

if TYPE_CHECKING:
    from gis_sites.matching.assembly_reasons import Joining

Shortlist = dict[str, Any]
"""The JSON document of design section 8."""
Json = dict[str, Any]
EXTRAS: Mapping[str, Callable[[Matched], Any]] = {"notices": notices}
"""What else a shortlist says, in this order: its key, and the function that makes it of what was matched."""


def match(
    requirement: Requirement,
    views: Sequence[View],
    catalogue: Catalogue,
    *,
    top: int = 50,
    also: Collection[str] = (),
    joining: "Joining | None" = None,
) -> Shortlist:
    """Find the `top` candidates for a requirement; `also` names what of `also.ANSWERS` is said besides.

    Assemblies, where they are asked for, are found with `joining`; without it none is.

    Raises:
        RequirementError: the requirement does not suit the catalogue.
    """
    requirement = check(requirement, catalogue)
    scored = [score_rows(requirement, Window(view, catalogue), top=top) for view in in_scope(requirement, views)]
    head, counted = heading(requirement, views, catalogue, SHORTLIST), counts(requirement, scored)
    matched = Matched(requirement, catalogue, scored, ranked(requirement, scored, top), top, head["id"])
    parcels = next((Window(view, catalogue) for view in views if view.kind == "parcels"), None)
    if ASSEMBLIES in requirement.scope and joining is not None and parcels is not None:
        from gis_sites.matching.assembly_reasons import with_assemblies

        matched, counted[ASSEMBLIES] = with_assemblies(matched, parcels, joining)
    extras = {name: extra(_singly(matched, parcels)) for name, extra in EXTRAS.items()}
    return {
        **head,
        "counts": counted,
        "unknown_everywhere": [one["attribute"] for one in extras["notices"] if one["kind"] == "unknown_everywhere"],
        **extras,
        **_footprint(matched),
        "candidates": matched.candidates,
        **answers(matched, also),
    }


def _singly(matched: Matched, parcels: Window | None) -> Matched:
    """Return what notices count: where assemblies alone are asked for, parcels taken singly."""
    if matched.scored or parcels is None:
        return matched
    alone = matched.requirement.model_copy(update={"footprint": None})
    return replace(matched, scored=[score_rows(alone, parcels, top=0)])


def _footprint(matched: Matched) -> Json:
    """Say what decided whether the footprint fits, where one was asked for."""
    if matched.requirement.footprint is None:
        return {}
    from gis_sites.matching.footprint import summary

    return {FOOTPRINT: summary([one.window for one in matched.scored])}


def ranked(requirement: Requirement, scored: Sequence[Scored], top: int) -> list[Json]:
    """Put the best rows of all views into one list, and give every reason for each."""
    every = [(one.key(at), which, at) for which, one in enumerate(scored) for at in range(len(one.best))]
    best = sorted(every)[: max(top, 0)]
    places = [[at for _, which, at in best if which == number] for number in range(len(scored))]
    windows = [one.window.at(one.best.rows[at]) for one, at in zip(scored, places, strict=True)]
    told = [iter(candidates(requirement, window)) for window in windows]
    return [{"rank": rank, **next(told[which])} for rank, (_, which, _) in enumerate(best, 1)]


def heading(requirement: Requirement, views: Sequence[View], catalogue: Catalogue, form: str) -> dict[str, Any]:
    """Say what was asked of which state, when and by what software."""
    state = dict(views[0].inventory) if views else {"state": None, "as_of": None, "revisions": {}}
    state["revisions"] = {name: n for name, n in state["revisions"].items() if name in catalogue.layers}
    echo = requirement.echo()
    return {
        "format": form,
        "id": identity(echo, state),
        "made": {"at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "software": software()},
        "requirement": echo,
        **({"understood": amounts} if (amounts := understood(requirement, catalogue)) else {}),
        "asks": asks(requirement),
        "inventory": state,
    }


def identity(echo: Json, inventory: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an echoed requirement (in its own order: points add up in it) and a state."""
    about = {name: inventory[name] for name in ("state", "as_of")}
    text = json.dumps([echo, about], ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def software() -> str:
    """Return our name and version."""
    try:
        return f"gis-sites {version('gis-sites')}"
    except PackageNotFoundError:
        return "gis-sites"


def in_scope(requirement: Requirement, views: Iterable[View]) -> list[View]:
    """Return the views the requirement looks at."""
    return [view for view in views if view.kind in requirement.scope]


def counts(requirement: Requirement, scored: Sequence[Scored]) -> Json:
    """Count the rows of all views, by how they fared and by what they failed."""
    considered = sum(len(one.window) for one in scored)
    eligible, to_verify = sum(one.eligible for one in scored), sum(one.to_verify for one in scored)
    failed_by = {}
    for name in must_names(requirement):
        pairs = [one.failed_by.get(name, (0, 0)) for one in scored]
        failed_by[name] = {"at_all": sum(pair[0] for pair in pairs), "alone": sum(pair[1] for pair in pairs)}
    failed = considered - eligible - to_verify
    return {
        "considered": considered, "eligible": eligible, "to_verify": to_verify, "failed": failed,
        "failed_by": failed_by,
    }  # fmt: skip
