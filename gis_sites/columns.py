"""Columns of values that know what they do not know: the one form in which profile, snapshot and score pass them on.

A number is a low and a high end. Unknown is NaN at both; `none` is +inf (distances, upper limits) or -inf
(a value that a missing thing would have); equal ends are exact. A flag is 1, 0 or -1 for unknown. A label is an
index into words or -1 for unknown; the word `none` says that there is no such thing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Flag = npt.NDArray[np.int8]
Rows = npt.NDArray[np.intp]
Some = Rows | slice
"""Which rows: their numbers in the order wanted, or a stretch of them, which is not copied."""

NONE = "none"
"""The label of a thing known not to be there."""


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """Numbers (and dates, as days since 1970-01-01) with a low and a high end: float64[n] each."""

    low: Floats
    high: Floats

    @classmethod
    def exact(cls, values: npt.ArrayLike) -> Self:
        """Make a column whose ends are the same array."""
        array = np.asarray(values, dtype=np.float64)
        return cls(array, array)

    @classmethod
    def unknown(cls, n: int) -> Self:
        """Make a column of n values nobody knows."""
        return cls.exact(np.full(n, np.nan))

    def take(self, rows: Some) -> "Range":
        """Return the values of some rows."""
        low = self.low[rows]
        return Range(low, low if self.high is self.low else self.high[rows])

    def __len__(self) -> int:
        return len(self.low)


@dataclass(frozen=True, slots=True, eq=False)
class Flags:
    """Yes, no or unknown: int8[n] of 1, 0, -1."""

    values: Flag

    @classmethod
    def unknown(cls, n: int) -> Self:
        """Make a column of n values nobody knows."""
        return cls(np.full(n, -1, dtype=np.int8))

    def take(self, rows: Some) -> "Flags":
        """Return the values of some rows."""
        return Flags(self.values[rows])

    def __len__(self) -> int:
        return len(self.values)


class Several(str):
    """A word for several at once: those of the parcels of one site, where they differ; None is unknown.

    >>> Several(["municipal", None]), Several(["municipal", None]).words
    ('municipal, -', ('municipal', None))
    """

    __slots__ = ("words",)
    words: tuple[str | None, ...]

    def __new__(cls, words: Iterable[str | None]) -> Self:
        """Make the word."""
        every = tuple(words)
        made = super().__new__(cls, ", ".join("-" if one is None else one for one in every))
        made.words = every
        return made


def each_word(word: str) -> tuple[str | None, ...]:
    """Return the words that a word stands for: itself, as a rule."""
    return word.words if isinstance(word, Several) else (word,)


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Codes or texts: int32[n] indexes into words, -1 unknown."""

    codes: Ints
    words: Sequence[str]

    @classmethod
    def of(cls, values: Sequence[str | None]) -> Self:
        """Make a column from texts; None is unknown.

        >>> Labels.of(["b", None, "a", "b"])
        Labels(codes=array([ 1, -1,  0,  1], dtype=int32), words=('a', 'b'))
        """
        words = tuple(sorted({value for value in values if value is not None}))
        index = {word: code for code, word in enumerate(words)}
        codes = [-1 if value is None else index[value] for value in values]
        return cls(np.array(codes, dtype=np.int32), words)

    @classmethod
    def unknown(cls, n: int) -> Self:
        """Make a column of n values nobody knows."""
        return cls(np.full(n, -1, dtype=np.int32), ())

    def take(self, rows: Some) -> "Labels":
        """Return the values of some rows."""
        return Labels(self.codes[rows], self.words)

    def text(self, row: int) -> str | None:
        """Return the word of one row, None when unknown."""
        code = int(self.codes[row])
        return None if code < 0 else self.words[code]

    def __len__(self) -> int:
        return len(self.codes)


Column = Range | Flags | Labels


def ragged(sizes: Rows) -> tuple[Rows, Rows]:
    """Count through groups of given sizes: the group and the place in it, for every member.

    >>> [one.tolist() for one in ragged(np.array([2, 0, 1]))]
    [[0, 0, 2], [0, 1, 0]]
    """
    group = np.repeat(np.arange(len(sizes), dtype=np.intp), sizes)
    place = np.arange(len(group), dtype=np.intp) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return group, place
