"""What an import notices about a row or a column. Every repair is a finding; nothing is mended in silence.

To add a type: a member of `FindingType` (its word, severity, whose job it is); its sentence `<word>` in `finding.toml`;
`<word>_meaning` and `<word>_mend` in `finding_help.toml`, all in both languages; then `scripts/findings`, which writes
`docs/findings.md`. `tests/test_findings.py` holds all this, and that some test makes the finding occur.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from gis_sites.words import LANGUAGES, say

EXAMPLES = 5
"""How many examples of one type a report shows."""


class Severity(StrEnum):
    """How much a finding matters."""

    NOTE = "note"
    """For the record."""
    WARNING = "warning"
    """The row is loaded, but an answer may be wrong or less sure for it."""
    ERROR = "error"
    """The row is not loaded."""


class Whose(StrEnum):
    """Whose job it is to mend what was found."""

    PLANNER = "planner"
    PUBLISHER = "publisher"
    OFFICER = "officer"
    ADMINISTRATOR = "administrator"
    NOBODY = "nobody"


class FindingType(Enum):
    """The closed list of things an import can notice: its word, how much it matters, whose job it is."""

    # about a table or a column
    TABLE_LEFT_OUT = ("table_left_out", Severity.WARNING, Whose.PLANNER)
    COLUMN_IGNORED = ("column_ignored", Severity.NOTE, Whose.PLANNER)
    COLUMN_CUT = ("column_cut", Severity.NOTE, Whose.NOBODY)
    COLUMN_CONFLICT = ("column_conflict", Severity.WARNING, Whose.PLANNER)
    COLUMN_PRIVATE = ("column_private", Severity.NOTE, Whose.PUBLISHER)
    COLUMN_MISSING = ("column_missing", Severity.WARNING, Whose.PLANNER)
    KEY_COLUMN_MISSING = ("key_column_missing", Severity.WARNING, Whose.PUBLISHER)
    COLUMNS_CHANGED = ("columns_changed", Severity.WARNING, Whose.PLANNER)
    NOTE_STALE = ("note_stale", Severity.WARNING, Whose.PLANNER)
    COVERAGE_ASSUMED = ("coverage_assumed", Severity.WARNING, Whose.PLANNER)
    PART_STAYS = ("part_stays", Severity.WARNING, Whose.PLANNER)
    COLUMN_UNLIKE = ("column_unlike", Severity.WARNING, Whose.PLANNER)
    COLUMN_UNREAD = ("column_unread", Severity.WARNING, Whose.PLANNER)
    SCALE_DOUBTFUL = ("scale_doubtful", Severity.WARNING, Whose.PLANNER)
    CRS_GIVEN = ("crs_given", Severity.NOTE, Whose.NOBODY)
    CRS_DOUBTFUL = ("crs_doubtful", Severity.WARNING, Whose.PLANNER)
    AXES_UNCHECKED = ("axes_unchecked", Severity.NOTE, Whose.PLANNER)
    OTHER_ZONE = ("other_zone", Severity.WARNING, Whose.ADMINISTRATOR)
    FAR_AWAY = ("far_away", Severity.WARNING, Whose.PLANNER)
    NO_PART = ("no_part", Severity.WARNING, Whose.PUBLISHER)
    TABLE_EMPTY = ("table_empty", Severity.WARNING, Whose.PUBLISHER)
    # about a row's key
    KEY_MISSING = ("key_missing", Severity.ERROR, Whose.PUBLISHER)
    KEY_CONFLICT = ("key_conflict", Severity.ERROR, Whose.PUBLISHER)
    KEY_JOINED = ("key_joined", Severity.NOTE, Whose.NOBODY)
    DUPLICATE = ("duplicate", Severity.NOTE, Whose.NOBODY)
    DUPLICATE_DIFFERS = ("duplicate_differs", Severity.WARNING, Whose.PUBLISHER)
    # about a row's geometry
    GEOMETRY_MISSING = ("geometry_missing", Severity.ERROR, Whose.PUBLISHER)
    GEOMETRY_BROKEN = ("geometry_broken", Severity.ERROR, Whose.PUBLISHER)
    GEOMETRY_TYPE = ("geometry_type", Severity.ERROR, Whose.PLANNER)
    GEOMETRY_REPAIRED = ("geometry_repaired", Severity.WARNING, Whose.PUBLISHER)
    GEOMETRY_PARTS_DROPPED = ("geometry_parts_dropped", Severity.WARNING, Whose.PUBLISHER)
    GEOMETRY_FLATTENED = ("geometry_flattened", Severity.NOTE, Whose.NOBODY)
    GEOMETRY_OUTSIDE = ("geometry_outside", Severity.ERROR, Whose.PLANNER)
    CURVE_LINEARISED = ("curve_linearised", Severity.NOTE, Whose.NOBODY)
    RING_CLOSED = ("ring_closed", Severity.WARNING, Whose.PUBLISHER)
    POINTS_REPEATED = ("points_repeated", Severity.NOTE, Whose.NOBODY)
    SPIKE = ("spike", Severity.WARNING, Whose.PUBLISHER)
    GEOMETRY_NO_AREA = ("geometry_no_area", Severity.ERROR, Whose.PUBLISHER)
    GEOMETRY_CHANGED_TOO_MUCH = ("geometry_changed_too_much", Severity.ERROR, Whose.PUBLISHER)
    # about a row's values
    VALUE_UNREADABLE = ("value_unreadable", Severity.WARNING, Whose.PUBLISHER)
    VALUE_REPAIRED = ("value_repaired", Severity.NOTE, Whose.NOBODY)
    VALUE_MASKED = ("value_masked", Severity.NOTE, Whose.PUBLISHER)
    VALUE_MISSING = ("value_missing", Severity.ERROR, Whose.PUBLISHER)
    CODE_UNKNOWN = ("code_unknown", Severity.WARNING, Whose.PLANNER)
    SYMBOL_UNKNOWN = ("symbol_unknown", Severity.WARNING, Whose.PLANNER)
    PATTERN_MISMATCH = ("pattern_mismatch", Severity.WARNING, Whose.PUBLISHER)
    OTHER_MUNICIPALITY = ("other_municipality", Severity.WARNING, Whose.PLANNER)
    ROW_DOES_NOT_TELL = ("row_does_not_tell", Severity.WARNING, Whose.PUBLISHER)
    PARCEL_NOT_FOUND = ("parcel_not_found", Severity.WARNING, Whose.PLANNER)
    PRECINCT_FROM_ID = ("precinct_from_id", Severity.NOTE, Whose.PUBLISHER)
    PARCEL_REPLACED = ("parcel_replaced", Severity.WARNING, Whose.OFFICER)
    PARCEL_IN_SHORT = ("parcel_in_short", Severity.WARNING, Whose.PUBLISHER)
    AREA_DIFFERS = ("area_differs", Severity.WARNING, Whose.PUBLISHER)
    # about rows beside each other
    OVERLAP = ("overlap", Severity.WARNING, Whose.PUBLISHER)
    GAP = ("gap", Severity.WARNING, Whose.PUBLISHER)
    GEOMETRY_SHARED = ("geometry_shared", Severity.WARNING, Whose.PUBLISHER)
    HEAP = ("heap", Severity.WARNING, Whose.PUBLISHER)
    NEIGHBOURS_UNCHECKED = ("neighbours_unchecked", Severity.WARNING, Whose.ADMINISTRATOR)
    NOT_ALL_KEPT = ("not_all_kept", Severity.NOTE, Whose.NOBODY)

    def __init__(self, word: str, severity: Severity, whose: Whose) -> None:
        self.word = word
        self.severity = severity
        self.whose = whose

    def meaning(self, lang: str) -> str:
        """Return what it means that this was found."""
        return say(f"finding_help.{self.word}_meaning", lang)

    def mend(self, lang: str) -> str:
        """Return how it is mended."""
        return say(f"finding_help.{self.word}_mend", lang)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed: its type, where (row of the table, key, column), and the values its sentence shows."""

    type: FindingType
    row: int | None = None
    key: str | None = None
    column: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    place: bytes | None = field(default=None, compare=False, repr=False)
    """Where it is, WKB in the working CRS; None: where its row is."""

    def sentence(self, lang: str) -> str:
        """Return what was noticed, in one language, with secrets masked."""
        places = {"row": self.row, "key": "–" if self.key is None else self.key, "column": self.column}
        return mask(say(f"finding.{self.type.word}", lang, **places, **self.values))


def guide() -> str:
    """Return the page of all finding types (Markdown), in every language: what `docs/findings.md` holds."""
    return "\n".join(line for lang in LANGUAGES for line in _guide(lang))


def _guide(lang: str) -> Iterator[str]:
    def text(key: str) -> str:
        return say(f"finding_help.{key}", lang)

    columns = ("type", "severity", "meaning", "whose", "mend")
    yield from (f"# {text('guide_title')}", "", text("guide_intro"), "")
    yield f"| {' | '.join(text(f'guide_{name}') for name in columns)} |"
    yield "|" + " --- |" * len(columns)
    for kind in FindingType:
        cells = (f"`{kind.word}`", text(kind.severity), kind.meaning(lang), text(kind.whose), kind.mend(lang))
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


_KW = re.compile(r"\b[A-Z]{2}[0-9A-Z]{2}\s?/\s?[0-9]{8}\s?/\s?[0-9]\b")
_PESEL = re.compile(r"(?<![0-9])[0-9]{11}(?![0-9])")


def mask(text: str) -> str:
    """Blot out land-register (KW) and PESEL numbers.

    >>> mask("KW KZ1A/00012345/6, PESEL 80010112345")
    'KW ***, PESEL ***'
    """
    return _PESEL.sub("***", _KW.sub("***", text))


def summary(findings: Iterable[Finding], lang: str = "en") -> list[dict[str, Any]]:
    """Count findings by type, in the enum's order, with a few examples of each.

    Returns:
        one `{"type", "severity", "whose", "meaning", "mend", "count", "examples"}` a type that occurred.
    """
    by_type: dict[FindingType, list[Finding]] = {}
    for finding in findings:
        by_type.setdefault(finding.type, []).append(finding)
    return [
        {
            "type": kind.word,
            "severity": str(kind.severity),
            "whose": str(kind.whose),
            "meaning": kind.meaning(lang),
            "mend": kind.mend(lang),
            "count": len(by_type[kind]),
            "examples": [
                {"row": one.row, "key": one.key, "column": one.column, "sentence": one.sentence(lang)}
                for one in by_type[kind][:EXAMPLES]
            ],
        }
        for kind in FindingType
        if kind in by_type
    ]
