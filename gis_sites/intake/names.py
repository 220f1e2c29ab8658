"""Names as files write them, brought to a form that can be compared."""

import fnmatch
import re
import shlex
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


def is_cut(column: str, word: str, letters: int) -> bool:
    """Say whether a column may be called by a word of which a format kept so many letters only.

    >>> is_cut("POLE_EWIDE", "pole_ewidencyjne", 10), is_cut("numer", "numer_dzialki", 10)
    (True, False)
    """
    return len(word) > letters and plain(word[:letters]) == plain(column)


def matches(name: str, pattern: str) -> bool:
    """Say whether a table's name fits a pattern (`*` and `?`), whatever its capitals and diacritics."""
    return fnmatch.fnmatchcase(bare(name), bare(pattern))


def is_pattern(name: str) -> bool:
    """Say whether a name holds wildcards."""
    return any(sign in name for sign in "*?[")


def families(names: Iterable[str]) -> frozenset[str]:
    """Return the beginnings of names that belong to one register, which writes them in capitals.

    >>> sorted(families(["GES_PrzewodGazowy", "OT_BUBD*", "wod_*", "dzialki"]))
    ['ges_', 'ot_']
    """
    return frozenset(found[0].casefold() for name in names if (found := re.match(r"[A-Z][A-Z0-9]*_", name)))


def standing_on(name: str, patterns: Iterable[str]) -> frozenset[int]:
    """Return which words of a name, counted from 0, the patterns it fits stand on.

    >>> sorted(standing_on("siec_kanal_deszczowa", ["*kanal*", "*deszcz*"]))
    [1, 2]
    """
    words = [(one.start(), one.end()) for one in re.finditer(r"[^\W_]+", bare(name))]
    found = [_span(name, pattern) for pattern in patterns]
    return frozenset(
        place for place, (start, end) in enumerate(words) if any(first < end and start < last for first, last in found)
    )


def _span(name: str, pattern: str) -> tuple[int, int]:
    """Return the stretch of a name (from, to) that the words of a pattern it fits stand on."""
    text, at, places = bare(name), 0, []
    for word in filter(None, re.split(r"[*?\[\]]+", bare(pattern))):
        at = max(text.find(word, at), at)
        places.append((at, at := at + len(word)))
    return (places[0][0], places[-1][1]) if places else (0, len(text))


def quoted(word: str) -> str:
    """Return a word as it is typed to a shell: between quotation marks that keep every sign in it as it is.

    >>> print(quoted("a b=parcel"), quoted("cena$=skip"))
    "a b=parcel" 'cena$=skip'
    """
    return shlex.quote(word) if re.search(r'["$`\\!\x00-\x1f]', word) else f'"{word}"'


_PERSONAL = re.compile(
    r"pesel|nazwisk|wlascicie|urodz|dokument_?wlasnosci|ksieg\w*_?wiecz"
    r"|(?<![a-z])(?:imi(?:e|ona)|(?:nr|numer)?_?kw|tel(?:efon)?|e_?mail)(?![a-z])"
)


def is_personal(column: str) -> bool:
    """Say whether a column holds personal data by its name: persons, their numbers, land registers.

    >>> [name for name in ("PESEL", "numerKW", "Nazwisko i imię", "wladajacy", "wymiar") if is_personal(name)]
    ['PESEL', 'numerKW', 'Nazwisko i imię']
    """
    return _PERSONAL.search(bare(column)) is not None
