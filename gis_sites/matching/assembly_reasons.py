"""Assemblies in answers: their reasons, their penalties, whose they are, and their places in the one list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gis_sites.catalogue import Catalogue
from gis_sites.columns import Labels, Rows
from gis_sites.errors import NotFound
from gis_sites.matching.assembly import Effort, Search, joined
from gis_sites.matching.assembly_list import Place, padded
from gis_sites.matching.assembly_site import Assemblies, SetWindow, Together, asked_names
from gis_sites.matching.check import check
from gis_sites.matching.connected import is_connected
from gis_sites.matching.ranking import Matched
from gis_sites.matching.reasons import candidates
from gis_sites.matching.requirement import Requirement
from gis_sites.matching.verdicts import Window
from gis_sites.matching.view import View
from gis_sites.profile.merge import JOIN

Json = dict[str, Any]
OWNERS, UNIT, PRECINCT = "parcel.owner_class", "parcel.register_unit", "parcel.precinct"


@dataclass(frozen=True)
class Joining:
    """What tells about parcels together for one shortlist, and how much is done for it at most."""

    together: Together
    most: Effort = field(default_factory=Effort)


def with_assemblies(matched: Matched, parcels: Window, joining: Joining) -> tuple[Matched, Json]:
    """Put the assemblies that a requirement asks for in their places among the candidates; count them."""
    search = Search(matched.requirement, parcels, joining.together, joining.most)
    others = [(place_of(one), one) for one in matched.candidates]
    found = search.listed(matched.top, [place for place, _ in others])
    sets = _as_sites(search, [place[4] for place in found]) if found else None
    told = zip(found, _explained(search, sets) if sets else [], strict=True)
    every = sorted([*others, *told], key=lambda pair: (pair[0][:4], pair[1]["id"]))[: max(matched.top, 0)]
    ranked = [{**one, "rank": rank} for rank, (_, one) in enumerate(every, 1)]
    return replace(matched, candidates=ranked, sets=sets), search.tally.document()


def place_of(candidate: Mapping[str, Any]) -> Place:
    """Return where a candidate of the list stands."""
    floor, ceiling = candidate["floor"] or 0.0, candidate["ceiling"] or 0.0
    return candidate["unknown_musts"], -floor, -ceiling, 0, ()


def why_assembly(
    requirement: Requirement, views: Sequence[View], catalogue: Catalogue, together: Together, id: str
) -> Json:
    """Explain some parcels as one site: the entry they have, or would have, in a shortlist.

    Raises:
        NotFound: one of them is not in the inventory, or they do not hang together.
    """
    view = next((one for one in views if one.kind == "parcels"), None)
    named = {one: view.row(one) if view else None for one in id.split(JOIN)}
    if missing := [one for one, row in named.items() if row is None]:
        raise NotFound("match.not_in_inventory", id=missing[0])
    assert view is not None
    members = sorted(row for row in named.values() if row is not None)
    search = Search(check(requirement, catalogue), Window(view, catalogue), together)
    if len(members) < 2 or not is_connected(search.graph(), members):
        raise NotFound("match.assembly_apart", id=id, gap=search.how.max_gap_m)
    return _explained(search, _as_sites(search, [tuple(members)]))[0]


def _as_sites(search: Search, sets: Sequence[tuple[int, ...]]) -> SetWindow:
    """Return some sets of parcels as sites, with all that is asked of them measured."""
    return SetWindow(search.site(padded(sets), asked_names(search.requirement)), search.window.catalogue)


def _explained(search: Search, window: SetWindow) -> list[Json]:
    """Give every reason for some sets of parcels."""
    found = candidates(search.requirement, window)
    return [_completed(one, row, search, window) for row, one in enumerate(found)]


def _completed(one: Json, row: int, search: Search, window: SetWindow) -> Json:
    """Add what is said of assemblies only, and take the penalties off."""
    view = window.view
    assert isinstance(view, Assemblies)
    members = view.members[row][view.members[row] >= 0]
    points = float(search.penalty(len(members) - 1))
    ends = {end: None if one[end] is None else max(one[end] + points, 0.0) for end in ("floor", "ceiling")}
    penalties = [{"name": "extra_parcels", "count": len(members) - 1, "points": points}] if points else []
    return {
        **one,
        **ends,
        "penalties": penalties,
        "measured": [name for name in asked_names(search.requirement) if not view.merged(name).exact[row]],
        "joined": _joined(search, members),
        "owners": owners(search.window, members),
    }


def _joined(search: Search, members: Rows) -> Json:
    """Say what lies between the parcels: the widest gap, and whether a road or a ditch."""
    pairs = joined(search.together, search.how)
    inside = pairs.take(np.isin(pairs.first, members) & np.isin(pairs.second, members))
    gaps = inside.gap[~inside.across]
    return {"gap_m": float(gaps.max(initial=0.0)), "across": bool(inside.across.any())}


def owners(window: Window, members: Rows) -> Json:
    """Say whose the parcels are, by class and never by name; how many owners only where register units are held."""
    known = window.catalogue.attributes
    count: Json = {"state": "unknown", "value": None}
    if UNIT in known:
        # Units are numbered precinct by precinct, and hold land of one precinct.
        units, precincts = (window.whole(name).take(members) for name in (UNIT, PRECINCT))
        assert isinstance(units, Labels)
        assert isinstance(precincts, Labels)
        if (units.codes >= 0).all():
            pairs = zip(units.codes.tolist(), precincts.codes.tolist(), strict=True)
            count = {"state": "exact", "value": len(set(pairs))}
    if OWNERS not in known:
        return {"count": count}
    column = window.whole(OWNERS).take(members)
    assert isinstance(column, Labels)
    told = [column.text(at) for at in range(len(members))]
    classes = {one: told.count(one) for one in sorted({one for one in told if one is not None})}
    return {"count": count, "classes": classes, "unknown": told.count(None)}
