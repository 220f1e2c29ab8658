"""Find rows of a snapshot by what people type: an identifier, its beginning, a parcel's number, a precinct."""

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

from gis_sites.columns import Labels, Rows

if TYPE_CHECKING:
    from gis_sites.store.snapshot import Snapshot

LONGEST = 80
"""Identifiers are shorter; a longer text finds nothing."""
LAST = "\U0010ffff"


def beginning(view: "Snapshot", text: str) -> Rows:
    """Return the rows whose identifiers begin with a text: rows lie in the order of identifiers."""
    first, end = (bisect_left(range(len(view)), edge, key=view.id) for edge in (text, text + LAST))
    return np.arange(first, end, dtype=np.intp)


def named(view: "Snapshot", text: str) -> Rows:
    """Return the rows a person may mean: identifiers that begin so, else numbers that are so, else any that hold it."""
    import pyarrow.compute as pc

    text = text.strip()
    if not text or len(text) > LONGEST or not len(view):
        return np.empty(0, dtype=np.intp)
    found = beginning(view, text)
    if not len(found):
        found = np.flatnonzero(pc.ends_with(view.ids, pattern=f".{text.lstrip('.')}").to_numpy(zero_copy_only=False))
    if not len(found):
        held = pc.match_substring(view.ids, pattern=text, ignore_case=True)
        found = np.flatnonzero(held.to_numpy(zero_copy_only=False))
    return found


def labels(view: "Snapshot", attribute: str) -> dict[str, int]:
    """Return the labels an attribute has, each with the number of its rows."""
    column = view.column(attribute)
    if not isinstance(column, Labels) or not column.words:
        return {}
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.words))
    return {word: int(count) for word, count in zip(column.words, counts, strict=True) if count}
