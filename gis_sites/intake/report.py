"""The report of an import: the counts, what was decided, what was noticed."""

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Rows(BaseModel):
    """read = loaded + set_aside + rejected; `repaired` counts among the loaded."""

    model_config = ConfigDict(frozen=True)

    read: int
    loaded: int
    repaired: int
    set_aside: int
    rejected: int


class Changed(BaseModel):
    """`new` sums to the rows loaded, `old` to the rows replaced."""

    new: dict[str, int]
    old: dict[str, int]
    fields: dict[str, int] = Field(default_factory=dict)
    """Stored column -> changed rows in which it differs."""
    reshaped: int = 0
    """Changed rows whose geometry differs."""
    moved_m: float | None = None
    """How far a point of an outline lies from the other outline, in the one that moved farthest."""
    median_moved_m: float | None = None
    examples: dict[str, dict[str, list[str]]] = Field(default_factory=dict)
    """`new` and `old` -> class -> the first keys."""


class ColumnFate(BaseModel):
    """What became of a column; of a field `set` for the whole load the column is the field."""

    column: str
    fate: Literal["loaded", "unit", "set", "conflict", "ignored", "private"]
    field: str | None = None
    value: str | None = None
    """What the field was set to."""
    reason: str | None = None
    """Word of `show.why_*`."""


class LoadReport(BaseModel):
    """One table that went into one layer."""

    layer: str
    table: str
    part: str | None
    """The part replaced; None where there are several."""
    parts: dict[str, int]
    """Every part replaced, with its rows now."""
    confidence: float
    reasons: list[str] = Field(default_factory=list)
    """Why the table is taken for the layer's, in sentences."""
    crs: str | None
    rows: Rows
    set_aside: dict[str, int]
    coverage: str
    dated: dt.date | None
    publisher: str | None
    changes: Changed
    columns: list[ColumnFate]
    findings: list[dict[str, Any]]
    revision: int
    base: int | None = None
    """The revision it was compared with."""


class ImportReport(BaseModel):
    """The whole import, as `import --json -` prints it."""

    source: dict[str, Any]
    load: int | None
    state: int | None = None
    status: Literal["ready", "preview", "nothing_to_do"]
    left_out: list[str]
    loads: list[LoadReport]
    reused: list[str] = Field(default_factory=list)
    """What was taken from the note saved for the publisher, as it would be typed."""
    findings: list[dict[str, Any]] = Field(default_factory=list)
    """What is to be said of the file as a whole."""
    ready: dict[str, int] = Field(default_factory=dict, exclude=True)
    """Layer -> id of the revision that may now be published."""

    @property
    def rejected(self) -> int:
        """How many rows were rejected in all."""
        return sum(load.rows.rejected for load in self.loads)
