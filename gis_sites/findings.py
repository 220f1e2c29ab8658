"""What an import notices about a row or a column. Every repair is a finding; nothing is mended in silence."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any

from gis_sites.words import say

EXAMPLES = 5
"""How many examples of one type a report shows."""


class Severity(StrEnum):
    """How much a finding matters."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class FindingType(Enum):
    """The closed list of things an import can notice; its sentence is `finding.<name>` in `locales/`."""

    # about a table or a column
    TABLE_LEFT_OUT = ("table_left_out", Severity.NOTE)
    COLUMN_IGNORED = ("column_ignored", Severity.NOTE)
    COLUMN_CONFLICT = ("column_conflict", Severity.WARNING)
    COLUMN_MISSING = ("column_missing", Severity.WARNING)
    KEY_COLUMN_MISSING = ("key_column_missing", Severity.WARNING)
    COVERAGE_ASSUMED = ("coverage_assumed", Severity.WARNING)
    CRS_GIVEN = ("crs_given", Severity.NOTE)
    # about a row's key
    KEY_MISSING = ("key_missing", Severity.ERROR)
    KEY_CONFLICT = ("key_conflict", Severity.ERROR)
    KEY_JOINED = ("key_joined", Severity.NOTE)
    DUPLICATE = ("duplicate", Severity.NOTE)
    DUPLICATE_DIFFERS = ("duplicate_differs", Severity.WARNING)
    # about a row's geometry
    GEOMETRY_MISSING = ("geometry_missing", Severity.ERROR)
    GEOMETRY_BROKEN = ("geometry_broken", Severity.ERROR)
    GEOMETRY_TYPE = ("geometry_type", Severity.ERROR)
    GEOMETRY_REPAIRED = ("geometry_repaired", Severity.WARNING)
    GEOMETRY_PARTS_DROPPED = ("geometry_parts_dropped", Severity.WARNING)
    GEOMETRY_FLATTENED = ("geometry_flattened", Severity.NOTE)
    GEOMETRY_OUTSIDE = ("geometry_outside", Severity.ERROR)
    CURVE_LINEARISED = ("curve_linearised", Severity.NOTE)
    # about a row's values
    VALUE_UNREADABLE = ("value_unreadable", Severity.WARNING)
    VALUE_REPAIRED = ("value_repaired", Severity.NOTE)
    VALUE_MASKED = ("value_masked", Severity.NOTE)
    VALUE_MISSING = ("value_missing", Severity.ERROR)
    CODE_UNKNOWN = ("code_unknown", Severity.WARNING)
    SYMBOL_UNKNOWN = ("symbol_unknown", Severity.WARNING)
    PATTERN_MISMATCH = ("pattern_mismatch", Severity.WARNING)
    ROW_DOES_NOT_TELL = ("row_does_not_tell", Severity.WARNING)
    PARCEL_NOT_FOUND = ("parcel_not_found", Severity.WARNING)
    AREA_DIFFERS = ("area_differs", Severity.WARNING)
    OVERLAP = ("overlap", Severity.WARNING)

    def __init__(self, word: str, severity: Severity) -> None:
        self.word = word
        self.severity = severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed: its type, where (row of the table, key, column), and the values its sentence shows."""

    type: FindingType
    row: int | None = None
    key: str | None = None
    column: str | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def sentence(self, lang: str) -> str:
        """Return what was noticed, in one language, with secrets masked."""
        places = {"row": self.row, "key": self.key, "column": self.column}
        return mask(say(f"finding.{self.type.word}", lang, **places, **self.values))


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
        one `{"type", "severity", "count", "examples"}` a type that occurred.
    """
    by_type: dict[FindingType, list[Finding]] = {}
    for finding in findings:
        by_type.setdefault(finding.type, []).append(finding)
    return [
        {
            "type": kind.word,
            "severity": str(kind.severity),
            "count": len(by_type[kind]),
            "examples": [
                {"row": one.row, "key": one.key, "column": one.column, "sentence": one.sentence(lang)}
                for one in by_type[kind][:EXAMPLES]
            ],
        }
        for kind in FindingType
        if kind in by_type
    ]
