"""Names as files write them, brought to a form that can be compared."""

import fnmatch
import re
import unicodedata
from collections.abc import Iterable

_LETTERS = str.maketrans("łŁøØđĐ", "lLoOdD")


def bare(text: str) -> str:
    """Return a text without diacritics and capitals.

    >>> bare("Przewód ELEKTRYCZNY Łódź")
    'przewod elektryczny lodz'
    """
    parts = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(letter for letter in parts if not unicodedata.combining(letter)).casefold()


def plain(text: str) -> str:
    """Return the letters and digits of a text only, without diacritics and capitals.

    >>> plain("Nr_Uchwały ")
    'nruchwaly'
    """
    return re.sub(r"[^a-z0-9]", "", bare(text))


def matches(name: str, pattern: str) -> bool:
    """Say whether a table's name fits a pattern (`*` and `?`), whatever its capitals and diacritics."""
    return fnmatch.fnmatchcase(bare(name), bare(pattern))


def is_pattern(name: str) -> bool:
    """Say whether a name holds wildcards."""
    return any(sign in name for sign in "*?[")


def families(names: Iterable[str]) -> frozenset[str]:
    """Return the beginnings of full names that belong to one register: `GES_PrzewodGazowy` -> `ges_`."""
    return frozenset(bare(name).split("_")[0] + "_" for name in names if "_" in name and not is_pattern(name))
