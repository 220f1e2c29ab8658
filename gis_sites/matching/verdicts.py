"""Read columns through a requirement: a verdict for each must, a worst and a best worth for each want."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.columns import Column, Flags, Floats, Labels, Range, Rows, Some, each_word
from gis_sites.matching import score
from gis_sites.matching.requirement import FOOTPRINT, Criterion, Requirement, Want
from gis_sites.matching.score import Verdicts
from gis_sites.matching.view import KINDS, View, parcels_of

PARCEL_ID = "parcel.id"
EPOCH = date(1970, 1, 1)
FEW = 64
"""Up to so many rows are looked at one by one for their parcels."""


@dataclass(frozen=True)
class Window:
    """Some rows of a view, or all of them; columns are fetched once."""

    view: View
    catalogue: Catalogue
    rows: Some | None = None
    cache: dict[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        if isinstance(self.rows, slice):
            return len(range(*self.rows.indices(len(self.view))))
        return len(self.view) if self.rows is None else len(self.rows)

    def whole(self, name: str) -> Column:
        """Return the column of every row of the view."""
        if name not in self.cache:
            self.cache[name] = self.view.column(name)
        return self.cache[name]

    def column(self, name: str) -> Column:
        """Return the column of the window's rows."""
        return self.whole(name) if self.rows is None else self.whole(name).take(self.rows)

    def at(self, rows: Some) -> "Window":
        """Return a window on some rows of the view, with the same columns."""
        return Window(self.view, self.catalogue, rows, self.cache)

    def numbers(self) -> Rows:
        """Return the numbers of the rows."""
        return self.rows if isinstance(self.rows, np.ndarray) else np.arange(len(self.view))[self.rows or slice(None)]

    def labels(self, name: str, wanted: Sequence[str]) -> Column:
        """Return the column; for parcel identifiers, which of the wanted ones each row stands for."""
        return _identifiers(self, wanted) if name == PARCEL_ID else self.column(name)


def musts(requirement: Requirement, window: Window) -> dict[str, Verdicts]:
    """Judge every must, alternatives under `either[1]`, `either[2]` ...; last the footprint, where no other fails."""
    found = _others(requirement, window)
    if requirement.footprint is not None:
        from gis_sites.matching.footprint import verdicts_of

        found[FOOTPRINT] = verdicts_of(requirement, window, _others)
    return found


def _others(requirement: Requirement, window: Window) -> dict[str, Verdicts]:
    return {name: must(name, requirement, window) for name in must_names(requirement) if name != FOOTPRINT}


def must(name: str, requirement: Requirement, window: Window) -> Verdicts:
    """Judge one must by its name, any but the footprint."""
    if name in requirement.must:
        return verdict(name, requirement.must[name], window)
    either = requirement.either[int(name.removeprefix("either[").removesuffix("]")) - 1]
    return score.any_of([conjunction(group, window) for group in either.any])


def must_names(requirement: Requirement) -> list[str]:
    """Return what `musts` calls each must."""
    last = [FOOTPRINT] if requirement.footprint is not None else []
    return [*requirement.must, *(f"either[{number}]" for number in range(1, len(requirement.either) + 1)), *last]


def conjunction(group: Mapping[str, Criterion], window: Window) -> Verdicts:
    """Judge one alternative: all of its criteria."""
    return score.all_of([verdict(name, criterion, window) for name, criterion in group.items()])


def verdict(name: str, criterion: Criterion, window: Window) -> Verdicts:
    """Judge one criterion."""
    parts = list(_parts(name, criterion, window))
    joined = score.all_of(parts) if len(parts) > 1 else parts[0]
    if criterion.unknown == "failed":
        joined = np.where(joined == score.UNKNOWN, np.int8(score.FAILED), joined)
    return joined


def worths(name: str, want: Want, window: Window) -> tuple[Floats, Floats]:
    """Return the worst and the best worth of one want."""
    attribute = window.catalogue.attributes[name]
    column = window.labels(name, tuple(want.worth) if isinstance(want.worth, dict) else want.any_of or ())
    if isinstance(column, Range):
        return _number_worths(column, attribute, want)
    if isinstance(column, Flags):
        answers = [float(want.is_ is False), float(want.is_ is True)]
        return _look_up(column.values, answers, 0.0), _look_up(column.values, answers, 1.0)
    scale = want.worth if isinstance(want.worth, dict) else dict.fromkeys(want.any_of or (), 1.0)
    every = [scale.get(code, 0.0) for code in attribute.codes] or [*scale.values(), 0.0]
    # A site whose parcels differ is worth what the worst of them is.
    worst, best = (
        [min(otherwise if one is None else scale.get(one, 0.0) for one in each_word(word)) for word in column.words]
        for otherwise in (min(every), max(every))
    )
    return _look_up(column.codes, worst, min(every)), _look_up(column.codes, best, max(every))


def shares(requirement: Requirement) -> list[float]:
    """Return how many of the 100 points each want can bring."""
    weights = [want.weight for want in requirement.want.values()]
    total = math.fsum(weights)
    return [weight / total * 100 for weight in weights]


def number(bound: float | date) -> float:
    """Return a bound as columns hold it: a day as days since 1970-01-01."""
    return float((bound - EPOCH).days) if isinstance(bound, date) else bound


def is_unknown(column: Column) -> npt.NDArray[np.bool_]:
    """Tell of which rows nothing is known."""
    match column:
        case Range():
            return np.isnan(column.low)
        case Flags():
            return column.values < 0
        case Labels():
            return column.codes < 0


def _parts(name: str, criterion: Criterion, window: Window) -> Iterable[Verdicts]:
    """Judge `min`, `max`, `any_of`, `none_of` and `is` one by one."""
    if criterion.any_of is not None:
        yield _member(window.labels(name, criterion.any_of), criterion.any_of, inside=score.MET)
    if criterion.none_of is not None:
        yield _member(window.labels(name, criterion.none_of), criterion.none_of, inside=score.FAILED)
    if criterion.is_ is not None:
        column = window.column(name)
        assert isinstance(column, Flags)
        answers = [score.FAILED, score.MET] if criterion.is_ else [score.MET, score.FAILED]
        yield np.array([*answers, score.UNKNOWN], dtype=np.int8)[column.values]
    if criterion.min is not None or criterion.max is not None:
        column = window.column(name)
        assert isinstance(column, Range)
        if criterion.min is not None:
            yield score.at_least(column.low, column.high, number(criterion.min))
        if criterion.max is not None:
            column = _absent_fails(column) if _can_be_absent(name, window) else column
            yield score.at_most(column.low, column.high, number(criterion.max))


def _can_be_absent(name: str, window: Window) -> bool:
    return window.catalogue.attributes[name].none == -math.inf


def _absent_fails(column: Range) -> Range:
    """Read -inf, the value of a thing that is not there, as beyond any upper bound too.

    A price that does not exist is not a low price.
    """
    absent = column.low == -np.inf
    if not absent.any():
        return column
    low = np.where(column.high == -np.inf, np.inf, column.low)
    return Range(low, np.where(absent, np.inf, column.high))


def _member(column: Column, wanted: Sequence[str], *, inside: int) -> Verdicts:
    assert isinstance(column, Labels)
    among = set(wanted)
    outside = score.MET - inside
    answers: dict[str | None, int] = {**dict.fromkeys(among, inside), None: score.UNKNOWN}
    # Of a site whose parcels differ every one has to fulfil it.
    table = [min(answers.get(one, outside) for one in each_word(word)) for word in column.words]
    return np.array([*table, score.UNKNOWN], dtype=np.int8)[column.codes]


def _look_up(codes: npt.NDArray[np.integer], answers: Sequence[float], unknown: float) -> Floats:
    """Give each code its answer; -1 reads the last one, that of unknown."""
    answer: Floats = np.array([*answers, unknown], dtype=np.float64)[codes]
    return answer


def _number_worths(column: Range, attribute: Attribute, want: Want) -> tuple[Floats, Floats]:
    assert isinstance(want.worth, tuple)
    at = [number(knot) for knot in want.at or ()]
    worst, best = score.worst_and_best(column.low, column.high, at, want.worth)
    absent = column.low == -np.inf if attribute.none == -math.inf else None
    if absent is not None and absent.any():  # a thing not there has the least worth, wherever the scale falls
        least = min(want.worth)
        worst, best = np.where(absent, least, worst), np.where(column.high == -np.inf, least, best)
    return worst, best


def _identifiers(window: Window, wanted: Sequence[str]) -> Column:
    """Say of each row which of the wanted parcels it stands for; the first word is "none of them"."""
    view, rows = window.view, window.rows
    if rows is not None and not isinstance(rows, slice) and len(rows) <= FEW:
        return Labels(_one_by_one(view, rows, wanted), ("", *wanted))
    name = "\0".join((PARCEL_ID, *wanted))
    if name not in window.cache:
        window.cache[name] = Labels(_all_identifiers(view, wanted), ("", *wanted))
    return window.column(name)


def _all_identifiers(view: View, wanted: Sequence[str]) -> npt.NDArray[np.int32]:
    if KINDS[view.kind] != "parcel":
        return _one_by_one(view, np.arange(len(view)), wanted)
    codes = np.zeros(len(view), dtype=np.int32)
    for code, identifier in enumerate(wanted, 1):
        row = view.row(identifier)
        if row is not None:
            codes[row] = code
    return codes


def _one_by_one(view: View, rows: Rows, wanted: Sequence[str]) -> npt.NDArray[np.int32]:
    code_of = {identifier: code for code, identifier in enumerate(wanted, 1)}
    codes = []
    for row in rows:
        parcels = parcels_of(view, int(row))
        codes.append(max((code_of.get(parcel, 0) for parcel in parcels), default=-1))
    return np.array(codes, dtype=np.int32)
