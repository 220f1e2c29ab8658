"""Names as files write them, brought to a form that can be compared."""

import fnmatch
import re
import shlex
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

_LETTERS = str.maketrans("łŁøØđĐ", "lLoOdD")


@lru_cache(10_000)
def bare(text: str) -> str:
    """Return a text without diacritics and capitals.

    >>> bare("Przewód ELEKTRYCZNY Łódź")
    'przewod elektryczny lodz'
    """
    parts = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(letter for letter in parts if not unicodedata.combining(letter)).casefold()


@lru_cache(10_000)
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


def local(name: str) -> str:
    """Return a table's name without the prefix of an XML namespace.

    >>> local("GDOS:Rezerwaty"), local("stan 2024: drogi")
    ('Rezerwaty', 'stan 2024: drogi')
    """
    return re.sub(r"^[A-Za-z][\w.-]*:(?=\w)", "", name)


def families(names: Iterable[str]) -> frozenset[str]:
    """Return the beginnings of names that belong to one register, which writes them in capitals.

    >>> sorted(families(["GES_PrzewodGazowy", "OT_BUBD*", "wod_*", "dzialki"]))
    ['ges_', 'ot_']
    """
    return frozenset(found[0].casefold() for name in names if (found := re.match(r"[A-Z][A-Z0-9]*_", name)))


_NEUTRAL = re.compile(
    r"\d+|\w{1,2}|[a-z]\d+|pl\d+|epsg\w*|dla|nad|pod|oraz"
    r"|siec\w*|lini[aei]\w*|przewod\w*|ruroci\w*|przylacz\w*|magistral\w*|kolektor\w*|osie?"
    r"|warstw\w*|map[ay]?|dane|stan|rok\w*|dzien|calosc|wszystk\w*|eksport\w*|export\w*|shp|gpkg|gml|final\w*"
    r"|aktualn\w*|obowiazuj\w*|istniej\w*|ewid\w*|obszar\w*|teren\w*|granic\w*|stref\w*|zasieg\w*|rejestr\w*"
    r"|miast\w*|miejsk\w*|gmin\w*|powiat\w*|wojewod\w*|krajow\w*|lokaln\w*|glown\w*|rozdziel\w*|przesyl\w*"
    r"|cisnien\w*|napiec\w*|punktow\w*|powierzchniow\w*|liniow\w*|form[ay]|nisk\w*|sredni\w*|wysoki\w*|klas\w*|typ\w*|scenari\w*|rodzaj\w*"
    r"|city|town|layers?|maps?|data|network\w*|lines?|mains?|pipe\w*|zones?|areas?|districts?|existing|current|all"
)
"""Words of names that go with any theme: years, sizes, states, whole and part."""
_OTHER = re.compile(
    r"arch\w*|hist\w*|star[aey]\w*|kopi\w*|robocz\w*|te?mp|test\w*|bufor\w*|usuni\w*|zlikwid\w*|niewazn\w*|uchylon\w*"
    r"|projekt\w*|wnios\w*|uwag\w*|decyz\w*|analiz\w*|zglosz\w*|opis\w*|etykiet\w*|old|backup|draft\w*|copy"
)
"""Words that make other data of the same columns: versions that are past, wished for, or somebody's work."""
SHORT, ENDING, LONG = 4, 3, 5
"""After a stem so short, letters so few can be an ending; more make another word of it: gas, gastronomia. Words so long
have a stem."""


def standing_on(name: str, patterns: Iterable[str]) -> frozenset[int]:
    """Return which words of a name, counted from 0, the patterns it fits stand on.

    >>> sorted(standing_on("siec_kanal_deszczowa", ["*kanal*", "*deszcz*"]))
    [1, 2]
    """
    found = [span for pattern in patterns for span in _spans(name, pattern)]
    return frozenset(
        place
        for place, (start, end) in enumerate(_words(name))
        for first, last in found
        if first <= start < last and (last - max(first, start) > SHORT or end - last <= ENDING)
    )


def unexplained(name: str, patterns: Iterable[str], vocabulary: Iterable[str]) -> dict[int, str]:
    """Return the words of a name that neither a pattern, nor a layer's own words, nor words of any theme explain.

    >>> unexplained("drogi_rowerowe_2024", ["*drog*"], []), unexplained("drogi_zbiorcze", ["*drog*"], ["zbiorcza"])
    ({1: 'rowerowe'}, {})
    """
    places = standing_on(name, patterns)
    stems = tuple(word[: max(LONG, len(word) - ENDING)] for word in map(bare, vocabulary) if len(word) >= LONG)
    texts = enumerate(bare(name)[start:end] for start, end in _words(name))
    return {
        place: text
        for place, text in texts
        if place not in places and not _NEUTRAL.fullmatch(text) and not text.startswith(stems)
    }


def is_other(word: str) -> bool:
    """Say whether a word of a name makes other data of it: past, wished for, or somebody's work.

    >>> is_other("archiwum"), is_other("rypinek")
    (True, False)
    """
    return _OTHER.fullmatch(word) is not None


def _words(name: str) -> list[tuple[int, int]]:
    """Return where the words of a name are: parted by signs, and by a capital after a small letter."""
    text = bare(name)
    capitals = name if len(name) == len(text) else text
    starts = {place for place in range(1, len(text)) if capitals[place - 1].islower() and capitals[place].isupper()}
    parted = [(one.start(), one.end()) for one in re.finditer(r"[^\W_]+", text)]
    return [
        pair
        for start, end in parted
        for pair in pairwise([start, *sorted(place for place in starts if start < place < end), end])
    ]


def _spans(name: str, pattern: str) -> Iterator[tuple[int, int]]:
    """Yield the stretches of a name (from, to) that the words of a pattern it fits stand on."""
    text, at = bare(name), 0
    for word in re.findall(r"[^\W_]+", bare(pattern)):
        at = max(text.find(word, at), at)
        yield at, (at := at + len(word))


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
