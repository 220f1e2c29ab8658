"""What a list may be narrowed by, counted before it is chosen: how many rows fit, do not, and nobody knows.

A facet is a row of options. Each row of a view falls under one of a few patterns - its verdict on every option - so
that all options are counted by counting patterns, once over the rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt

from gis_sites.catalogue import Catalogue
from gis_sites.columns import Labels, Range, Rows
from gis_sites.kept import Kept
from gis_sites.matching import score
from gis_sites.matching.check import check
from gis_sites.matching.requirement import Requirement
from gis_sites.matching.score import Verdicts
from gis_sites.matching.verdicts import Window, is_unknown, musts
from gis_sites.matching.view import View

Mask = npt.NDArray[np.bool_]
MOST_OPTIONS = 10
"""Options of one facet, but for those that are labels of one attribute."""
MOST_KEPT = 64
"""Verdicts and orders kept of a view, of each kind: a byte, and eight bytes, a row."""


@dataclass(frozen=True)
class Tally:
    """Of some rows, how many fit an option, how many do not, of how many nobody knows."""

    met: int
    failed: int
    unknown: int


@dataclass(frozen=True, eq=False)
class Sheet:
    """A facet's options judged on every row: the pattern of each row, and each pattern's verdict on each option."""

    patterns: npt.NDArray[np.integer]
    verdicts: Verdicts
    """int8[patterns, options]."""
    whole: npt.NDArray[np.int64]
    """How many rows fall under each pattern."""

    def tally(self, rows: Mask | None = None) -> list[Tally]:
        """Count every option among some rows (all of them: None)."""
        counts = self.whole
        if rows is not None:
            counts = np.bincount(self.patterns[rows], minlength=len(self.whole))
        found = (counts @ (self.verdicts == one) for one in (score.MET, score.FAILED, score.UNKNOWN))
        return [Tally(int(met), int(failed), int(unknown)) for met, failed, unknown in zip(*found, strict=True)]


class Judge:
    """Verdicts on every row of one view, kept while they are asked for."""

    def __init__(self, view: View, catalogue: Catalogue) -> None:
        self.view = view
        self.catalogue = catalogue
        self._verdicts: Kept[str, Verdicts] = Kept(MOST_KEPT)
        self._sheets: dict[str, Sheet] = {}
        self._orders: Kept[str, Rows] = Kept(MOST_KEPT)
        self._lock = Lock()

    def verdict(self, key: str, requirement: Requirement) -> Verdicts:
        """Return the verdict of a requirement without wants on every row; `key` stands for it.

        Raises:
            RequirementError: the requirement does not suit the catalogue.
        """
        return self._verdicts.of(key, lambda: self._judged(requirement))

    def sheet(self, key: str, options: Sequence[Requirement], *, label: str | None = None) -> Sheet:
        """Return a facet's options judged; `label` is the attribute whose labels the options are."""
        with self._lock:
            found = self._sheets.get(key)
        if found is None:
            found = self._sheet(options, label)
            with self._lock:
                self._sheets[key] = found
        return found

    def order(self, name: str, *, falling: bool) -> Rows:
        """Return the rows in the order of an attribute, the unknown last; ties by identifier."""
        return self._orders.of(f"{'-' if falling else ''}{name}", lambda: self._ordered(name, falling=falling))

    def _judged(self, requirement: Requirement) -> Verdicts:
        found = list(musts(check(requirement, self.catalogue), Window(self.view, self.catalogue)).values())
        return score.all_of(found) if found else np.full(len(self.view), score.MET, dtype=np.int8)

    def _sheet(self, options: Sequence[Requirement], label: str | None) -> Sheet:
        column = self.view.column(label) if label else None
        if isinstance(column, Labels):
            return self._by_label(column, options)
        if len(options) > MOST_OPTIONS:
            raise ValueError(f"a facet of {len(options)} options")
        mixed = np.zeros(len(self.view), dtype=np.int32)
        for place, option in enumerate(options):
            mixed += 3**place * self._judged(option).astype(np.int32)
        used = np.flatnonzero(np.bincount(mixed, minlength=1))
        number = np.zeros(3 ** len(options), dtype=np.uint16)
        number[used] = np.arange(len(used))
        verdicts = used[:, None] // 3 ** np.arange(len(options)) % 3
        return _sheet(number[mixed], verdicts.astype(np.int8))

    def _by_label(self, column: Labels, options: Sequence[Requirement]) -> Sheet:
        """Take the labels themselves as patterns: a row of each is judged for all of them (law 3)."""
        patterns = column.codes + 1
        used, rows = np.unique(patterns, return_index=True)
        window = Window(self.view, self.catalogue).at(rows)
        verdicts = np.full((len(column.words) + 1, len(options)), score.FAILED, dtype=np.int8)
        for place, option in enumerate(options):
            verdicts[used, place] = score.all_of(list(musts(check(option, self.catalogue), window).values()))
        return _sheet(patterns, verdicts)

    def _ordered(self, name: str, *, falling: bool) -> Rows:
        column = self.view.column(name)
        if isinstance(column, Range):
            keys = column.low
        elif isinstance(column, Labels):
            keys = _places(column, self.catalogue.attributes[name].codes)[column.codes]
        else:
            keys = column.values.astype(np.float64)
        keys = np.where(is_unknown(column), np.nan, -keys if falling else keys)
        return np.argsort(keys, kind="stable")


def _sheet(patterns: npt.NDArray[np.integer], verdicts: Verdicts) -> Sheet:
    small = patterns.astype(np.min_scalar_type(len(verdicts)), copy=False)
    return Sheet(small, verdicts, np.bincount(small, minlength=len(verdicts)))


def _places(column: Labels, codes: Sequence[str]) -> npt.NDArray[np.float64]:
    """Return where each word stands: in the order of codes, else of the alphabet; last, where unknown does."""
    known = {code: place for place, code in enumerate(codes)}
    ranked = sorted(column.words, key=lambda word: (known.get(word, len(known)), word))
    place = {word: float(at) for at, word in enumerate(ranked)}
    return np.array([*(place[word] for word in column.words), np.nan])
