"""The rows a list is made of, and what each further choice would leave of them: one judge for each view of a state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from threading import Lock

import numpy as np

from api.facets import Choice, Facet
from api.filters import Filters, facets_of
from gis_sites.catalogue import Catalogue
from gis_sites.columns import Labels, Rows
from gis_sites.errors import RequirementError
from gis_sites.kept import Kept
from gis_sites.matching import score
from gis_sites.matching.facets import Judge, Mask, Tally
from gis_sites.matching.reading import understand
from gis_sites.matching.score import Verdicts
from gis_sites.store.search import named
from gis_sites.store.snapshot import Snapshot

MOST_KEPT = 256
MOST_LABELS = 100
"""Of an attribute with more different texts none is offered."""


@dataclass(frozen=True)
class Judged:
    """What was asked, judged on every row: the verdict on each facet, and who is meant by the name."""

    verdicts: Mapping[str, Verdicts]
    named: Mask | None
    refusal: RequirementError | None


@dataclass(frozen=True)
class Offered:
    """An option of a facet, and how many rows it would leave."""

    choice: Choice
    tally: Tally
    on: bool


Counts = Mapping[str, Sequence[Offered]]
"""The options of each facet."""


class Judges:
    """The judges of the newest state, one a kind, each with its counts of the last few questions."""

    def __init__(self) -> None:
        self._judges: dict[str, tuple[Judge, Kept[Filters, Counts]]] = {}
        self._lock = Lock()

    def of(self, view: Snapshot, catalogue: Catalogue) -> Judge:
        """Return the judge of a view."""
        return self._with_counts(view, catalogue)[0]

    def counts(self, view: Snapshot, catalogue: Catalogue, filters: Filters) -> Counts:
        """Count every option of every facet, with all other facets as they are."""
        judge, kept = self._with_counts(view, catalogue)
        asked = Filters(kind=filters.kind, q=filters.q, chosen=filters.chosen, doubtful=filters.doubtful)
        return kept.of(asked, lambda: _counts(judge, view, asked))

    def _with_counts(self, view: Snapshot, catalogue: Catalogue) -> tuple[Judge, Kept[Filters, Counts]]:
        """Return the judge of a view; the one of the state before goes, and its counts with it."""
        with self._lock:
            found = self._judges.get(view.kind)
            if found is None or found[0].view is not view:
                found = self._judges[view.kind] = (Judge(view, catalogue), Kept(MOST_KEPT))
            return found


def judged(judge: Judge, view: Snapshot, filters: Filters) -> Judged:
    """Judge every facet that was chosen of."""
    verdicts, refusal = {}, None
    for name, choice in filters.chosen:
        facet = facets_of(judge.catalogue)[name]
        try:
            requirement = understand({"format": 1, **facet.table(choice)})
            verdicts[name] = judge.verdict(f"{name}={choice}", requirement)
        except RequirementError as error:
            refusal = error
    if not filters.q:
        return Judged(verdicts, None, refusal)
    mask = np.zeros(len(view), dtype=bool)
    mask[named(view, filters.q)] = True
    return Judged(verdicts, mask, refusal)


def rows_of(found: Judged, n: int, *, doubtful: bool) -> tuple[Rows, int]:
    """Return the rows that fit (and those that may, if wanted), and of how many nobody knows."""
    if found.refusal is not None:
        return np.empty(0, dtype=np.intp), 0
    joined = _joined(list(found.verdicts.values()))
    if joined is None:
        return (np.arange(n) if found.named is None else np.flatnonzero(found.named)), 0
    unknown = joined == score.UNKNOWN
    if found.named is not None:
        unknown &= found.named
    return np.flatnonzero(_mask(joined, found.named, doubtful=doubtful)), int(np.count_nonzero(unknown))


def counts_without(found: Judged, n: int, *, doubtful: bool) -> dict[str, int]:
    """Count the rows that would be there without one of the facets, and (`q`) without the name."""
    others = {
        name: replace(found, verdicts={key: one for key, one in found.verdicts.items() if key != name})
        for name in found.verdicts
    }
    if found.named is not None:
        others["q"] = replace(found, named=None)
    return {name: len(rows_of(one, n, doubtful=doubtful)[0]) for name, one in others.items()}


def _mask(joined: Verdicts, named: Mask | None, *, doubtful: bool) -> Mask:
    mask: Mask = joined >= (score.UNKNOWN if doubtful else score.MET)
    return mask if named is None else mask & named


def _joined(verdicts: Sequence[Verdicts]) -> Verdicts | None:
    return reduce(np.minimum, verdicts) if verdicts else None


def _counts(judge: Judge, view: Snapshot, filters: Filters) -> Counts:
    found = judged(judge, view, filters)
    facets = facets_of(judge.catalogue)
    every = _among(found, None, doubtful=filters.doubtful)
    counted = {}
    for name in facets.offered:
        facet = facets[name]
        options = options_of(facet, view)
        if not options:
            continue
        among = _among(found, name, doubtful=filters.doubtful) if name in found.verdicts else every
        label = name if facet.attribute and facet.attribute.kind in {"code", "text"} else None
        asked = [understand({"format": 1, **facet.table(choice)}) for choice in options]
        tallies = judge.sheet(name, asked, label=label).tally(among)
        on = filters.choices.get(name)
        counted[name] = [
            Offered(choice, tally, on=_is_on(choice, on)) for choice, tally in zip(options, tallies, strict=True)
        ]
    return counted


def _among(found: Judged, but: str | None, *, doubtful: bool) -> Mask | None:
    """Return the rows that all facets but one leave; None: all rows."""
    joined = _joined([verdicts for name, verdicts in found.verdicts.items() if name != but])
    return found.named if joined is None else _mask(joined, found.named, doubtful=doubtful)


def _is_on(choice: Choice, on: Choice | None) -> bool:
    return choice == on if not isinstance(on, tuple) else choice[0] in on  # type: ignore[index]


def options_of(facet: Facet, view: Snapshot) -> list[Choice]:
    """Return what is offered of a facet; of labels those that some row has."""
    if facet.attribute is not None and facet.attribute.kind in {"code", "text"}:
        column = view.column(facet.name)
        if not isinstance(column, Labels) or len(column.words) > MOST_LABELS:
            return []
        held = set(column.words)
        codes = facet.attribute.codes or sorted(held)
        return [(code,) for code in codes if code in held]
    return facet.options(view.state.as_of)


def sorted_rows(judge: Judge, rows: Rows, sort: str) -> Rows:
    """Put rows into the order asked for."""
    if not sort:
        return rows
    order = judge.order(sort.removeprefix("-"), falling=sort.startswith("-"))
    among = np.zeros(len(order), dtype=bool)
    among[rows] = True
    return order[among[order]]
