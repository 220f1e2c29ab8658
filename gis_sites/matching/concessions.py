"""What single change of a criterion would let rows pass that fail it: its bound, one more code, or doubt allowed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats, Labels, Range, Rows, Several
from gis_sites.matching import score
from gis_sites.matching.ranking import NOTHING, Matched, Scored
from gis_sites.matching.requirement import FOOTPRINT, Criterion, Requirement
from gis_sites.matching.score import Verdicts
from gis_sites.matching.verdicts import EPOCH, PARCEL_ID, Window, number, verdict

Mask = npt.NDArray[np.bool_]
Json = dict[str, Any]
MOST_LOOKED = 5_000
"""Sites whose ground is looked at for a footprint only to say what would open."""


@dataclass(frozen=True)
class Judged:
    """A view judged: the rows that fail no must, those that fail one alone, by must, and the unknown musts of each."""

    window: Window
    kept: Rows
    lone: Mapping[str, Rows]
    unknown: npt.NDArray[np.int8]

    @classmethod
    def of(cls, window: Window, verdicts: Mapping[str, Verdicts]) -> Self:
        """Read the verdicts of every row of a view."""
        failures, unknown = np.zeros(len(window), dtype=np.int8), np.zeros(len(window), dtype=np.int8)
        for one in verdicts.values():
            failures += one == score.FAILED
            unknown += one == score.UNKNOWN
        once = failures == 1
        lone = {name: np.flatnonzero(once & (one == score.FAILED)) for name, one in verdicts.items()}
        return cls(window, np.flatnonzero(failures == 0), lone, unknown)


@dataclass(frozen=True)
class Change:
    """A single change of one criterion, and the rows (positions among those asked about) that it can open.

    `needed` holds for each such row the bound it needs, as columns hold it, or the code; None where doubt is allowed.
    """

    attribute: str
    option: int | None
    key: str
    """`min`, `max`, `code` or `unknown`."""
    start: float
    at: Rows
    needed: Floats | npt.NDArray[np.str_] | None

    def one(self, place: int, *, dated: bool) -> Json:
        """Say the change the row at a place of `at` needs."""
        return {**self.about(), **self._to(place, dated=dated)}

    def about(self) -> Json:
        """Say which criterion is changed: of a must with alternatives, in which of them."""
        return {"attribute": self.attribute} | ({} if self.option is None else {"option": self.option})

    def _to(self, place: int, *, dated: bool) -> Json:
        if self.needed is None:
            return {"unknown": "to_verify"}
        if self.key == "code":
            return {"code": str(self.needed[place])}
        return {"bound": self.key, "from": said(self.start, dated=dated), **self.step(place, dated=dated)}

    def step(self, place: int, *, dated: bool) -> Json:
        """Say how far the bound must go for the row at a place of `at`; days for a date."""
        assert self.needed is not None
        to = float(self.needed[place])
        return {"to": said(to, dated=dated), "by": abs(to - self.start)}


def said(value: float, *, dated: bool) -> float | str:
    """Return a bound as requirements write it."""
    return (EPOCH + timedelta(days=int(value))).isoformat() if dated else value


def judged_in_full(matched: Matched) -> list[Judged]:
    """Judge every view; the footprint of rows that fail one other must too, which matching looks at for none."""
    return [Judged.of(one.window, _with_footprint(matched.requirement, one)) for one in matched.scored]


def _with_footprint(requirement: Requirement, scored: Scored) -> Mapping[str, Verdicts]:
    """Return the verdicts of every must, the footprint's as far as it decides what would open.

    Of more than `MOST_LOOKED` that attributes do not decide it stays unknown.
    """
    footprint = requirement.footprint
    if footprint is None:
        return scored.verdicts
    from gis_sites.matching.footprint import VERDICTS, answers, too_small

    others = [one == score.FAILED for name, one in scored.verdicts.items() if name != FOOTPRINT]
    rows = np.flatnonzero(np.sum(others, axis=0) == 1) if others else NOTHING
    small = too_small(footprint, scored.window.at(rows))
    found = np.where(small, np.int8(score.FAILED), np.int8(score.UNKNOWN))
    open_ = rows[~small]
    if len(open_) <= MOST_LOOKED:
        told = np.array([VERDICTS[one["verdict"]] for one in answers(footprint, scored.window.at(open_))], np.int8)
        doubted = score.FAILED if footprint.unknown == "failed" else score.UNKNOWN
        found[~small] = np.where(told == score.UNKNOWN, np.int8(doubted), told)
    judged = scored.verdicts[FOOTPRINT].copy()
    judged[rows] = found
    return {**scored.verdicts, FOOTPRINT: judged}


def changes(requirement: Requirement, name: str, window: Window) -> Iterator[Change]:
    """Yield the single changes of a must that would open rows of a window, all of which fail it alone.

    Of a must with alternatives, a criterion is changed in one alternative whose other criteria the row does not fail.
    A must that is about no attribute can only be dropped: it yields nothing.
    """
    for option, group in _alternatives(requirement, name):
        judged = {attribute: verdict(attribute, one, window) == score.FAILED for attribute, one in group.items()}
        for attribute, criterion in group.items():
            others = [failed for other, failed in judged.items() if other != attribute]
            only = judged[attribute] & ~np.logical_or.reduce([np.zeros(len(window), dtype=bool), *others])
            yield from _changes(attribute, criterion, window, only, option)


def _alternatives(requirement: Requirement, name: str) -> list[tuple[int | None, Mapping[str, Criterion]]]:
    if name in requirement.must:
        return [(None, {name: requirement.must[name]})]
    for number_, either in enumerate(requirement.either, 1):
        if name == f"either[{number_}]":
            return list(enumerate(either.any, 1))
    return []


def _changes(name: str, criterion: Criterion, window: Window, asked: Mask, option: int | None) -> Iterator[Change]:
    """Yield the changes of one criterion that open rows among those asked about."""
    strict = criterion.unknown == "failed"
    column = window.labels(name, ()) if name == PARCEL_ID else window.column(name)
    if isinstance(column, Range):
        for key, start, needed in _bounds(name, criterion, column, window, strict=strict):
            at = np.flatnonzero(asked & np.isfinite(needed))
            yield Change(name, option, key, start, at, needed[at])
    elif isinstance(column, Labels) and name != PARCEL_ID:
        yield _codes(name, column, window, asked, option)
    if strict:
        doubted = verdict(name, criterion.model_copy(update={"unknown": "to_verify"}), window) != score.FAILED
        yield Change(name, option, "unknown", 0.0, np.flatnonzero(asked & doubted), None)


def _bounds(
    name: str, criterion: Criterion, column: Range, window: Window, *, strict: bool
) -> Iterator[tuple[str, float, Floats]]:
    """Yield for each bound what it would have to be for each row; NaN or infinite where moving it alone is no help."""
    absent = window.catalogue.attributes[name].none == -np.inf
    at_least = column.low if strict else column.high
    at_most = column.high if strict else column.low
    if absent:  # a thing that is not there is beyond any upper bound too: `verdicts` reads it so
        at_most = np.where((column.low if strict else column.high) == -np.inf, np.inf, at_most)
    low = None if criterion.min is None else number(criterion.min)
    high = None if criterion.max is None else number(criterion.max)
    low_kept = _kept(at_least >= low if low is not None else None, at_least, strict=strict)
    high_kept = _kept(at_most <= high if high is not None else None, at_most, strict=strict)
    if low is not None:
        yield "min", low, np.where(~low_kept & high_kept, at_least, np.nan)
    if high is not None:
        yield "max", high, np.where(~high_kept & low_kept, at_most, np.nan)


def _kept(within: Mask | None, values: Floats, *, strict: bool) -> Mask:
    """Tell which rows a bound does not fail: it is not set, it is met, or nobody knows and that may be."""
    if within is None:
        return np.ones(len(values), dtype=bool)
    return within if strict else within | np.isnan(values)


def _codes(name: str, column: Labels, window: Window, asked: Mask, option: int | None) -> Change:
    """Say which code each row would need to be allowed; `none` only where the attribute lists it."""
    attribute = window.catalogue.attributes[name]
    open_list = attribute.kind == "text"
    single = [not isinstance(word, Several) and (open_list or word in attribute.codes) for word in column.words]
    allowed = np.array([*single, False])
    at = np.flatnonzero(asked & allowed[column.codes])
    words = np.array([*column.words, ""], dtype=np.str_)
    return Change(name, option, "code", 0.0, at, words[column.codes[at]])


def is_dated(window: Window, column: str) -> bool:
    """Tell whether an attribute holds days."""
    return window.catalogue.attributes[column].kind == "date"
