"""Days as people and programs write them: ISO, or day, month and year in the Polish order."""

import datetime as dt
import re

from gis_sites.intake.names import plain

_TIME = r"(?:[T ]\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|[+-]\d\d:?(?:\d\d)?))?)?"
_YEAR = r"(?P<y>\d{4})(?: ?(?:r\.?|roku))?"
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"(?P<y>\d{4})[-/.](?P<m>\d\d?)[-/.](?P<d>\d\d?)" + _TIME,
        r"(?P<d>\d\d?) ?[./-] ?(?P<m>\d\d?) ?[./-] ?" + _YEAR + _TIME,
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?:T\d{6}Z?)?",
        r"(?P<d>\d\d?)[ .-]{1,2}(?P<m>[^\W\d_]+)[ .-]{1,2}" + _YEAR,
    )
)
_MONTHS = (
    ("i", "sty", "styczen", "stycznia"),
    ("ii", "lut", "luty", "lutego"),
    ("iii", "mar", "marzec", "marca"),
    ("iv", "kwi", "kwiecien", "kwietnia"),
    ("v", "maj", "maja"),
    ("vi", "cze", "czerwiec", "czerwca"),
    ("vii", "lip", "lipiec", "lipca"),
    ("viii", "sie", "sierpien", "sierpnia"),
    ("ix", "wrz", "wrzesien", "wrzesnia"),
    ("x", "paz", "pazdziernik", "pazdziernika"),
    ("xi", "lis", "listopad", "listopada"),
    ("xii", "gru", "grudzien", "grudnia"),
)
MONTHS = {word: number for number, words in enumerate(_MONTHS, 1) for word in words}
"""Polish names, abbreviations and Roman numbers of the months, without diacritics."""


def day_said(text: str) -> dt.date | None:
    """Return the day a text says; years have four digits, and a moment is of the day as written.

    >>> [str(day_said(text)) for text in ("31 XII 2024", "1 października 2023 r.", "31.12.24", "2024-02-30")]
    ['2024-12-31', '2023-10-01', 'None', 'None']
    """
    for form in _FORMS:
        if match := form.fullmatch(text):
            month = MONTHS.get(plain(match["m"]), 0) if match["m"].isalpha() else int(match["m"])
            try:
                return dt.date(int(match["y"]), month, int(match["d"]))
            except ValueError:
                return None
    return None
