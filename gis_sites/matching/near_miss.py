"""The best sites that fail exactly one must, and by how much."""

from itertools import chain

import numpy as np

from gis_sites.columns import Floats, Rows
from gis_sites.matching.concessions import Json, Judged, changes, is_dated, judged_in_full
from gis_sites.matching.ranking import Key, Matched, points
from gis_sites.matching.reasons import candidates
from gis_sites.matching.requirement import Requirement
from gis_sites.matching.view import in_id_order

MOST = 10


def near_misses(matched: Matched, *, most: int = MOST) -> list[Json]:
    """Return the `most` best of the sites that fail exactly one must, in the order of candidates.

    Each has the reasons of a candidate, the must it `fails`, and every single change that would open it; where there
    is none only dropping the must would do.
    """
    requirement, judged = matched.requirement, judged_in_full(matched)
    best = sorted(chain.from_iterable(_best(requirement, which, one, most) for which, one in enumerate(judged)))[:most]
    told: dict[tuple[int, int], Json] = {}
    for which, one in enumerate(judged):
        rows = np.array([row for _, number, row in best if number == which], dtype=np.intp)
        entries = candidates(requirement, one.window.at(rows)) if len(rows) else []
        told |= {(which, row): entry for row, entry in zip(rows.tolist(), entries, strict=True)}
    return [
        {"rank": rank, **told[which, row], **_failure(requirement, judged[which], row)}
        for rank, (_, which, row) in enumerate(best, 1)
    ]


def _best(requirement: Requirement, which: int, one: Judged, most: int) -> list[tuple[Key, int, int]]:
    """Return the best rows of one view that fail one must, with what orders them."""
    every = [rows for rows in one.lone.values() if len(rows)]
    if not every:
        return []
    rows = np.sort(np.concatenate(every))
    floor, ceiling = points(requirement, one.window.at(rows))
    unknown = one.unknown[rows]
    view = one.window.view
    pool = _first(np.stack([unknown, -floor, -ceiling]), most, in_order=in_id_order(view))
    keys = [(int(unknown[at]), -float(floor[at]), -float(ceiling[at]), view.id(int(rows[at]))) for at in pool]
    return sorted(zip(keys, [which] * len(keys), rows[pool].tolist(), strict=True))[:most]


def _first(keys: Floats, most: int, *, in_order: bool) -> Rows:
    """Return the places of the first few by several keys; unless rows are in order, with all that equal the last."""
    order = np.lexsort(keys[::-1])
    if len(order) <= most or in_order:
        return order[:most]
    equal = (keys[:, order[most:]] == keys[:, order[most - 1], None]).all(axis=0)
    return order[: most + int(np.count_nonzero(equal))]


def _failure(requirement: Requirement, one: Judged, row: int) -> Json:
    """Say which must a row fails, and what single changes would open it."""
    name = next(name for name, rows in one.lone.items() if row in rows)
    window = one.window.at(np.array([row]))
    told = [
        change.one(0, dated=is_dated(window, change.attribute))
        for change in changes(requirement, name, window)
        if len(change.at)
    ]
    return {"fails": name, "changes": told}
