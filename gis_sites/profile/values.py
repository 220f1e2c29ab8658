"""One value as people and programs are shown it: what kind of knowledge it is, and what is known."""

import math
from datetime import timedelta
from typing import Any

from gis_sites.catalogue import Attribute
from gis_sites.columns import NONE, Column, Flags, Labels, Range
from gis_sites.profile.selection import EPOCH

UNKNOWN = {"state": "unknown", "value": None, "low": None, "high": None}


def shown(attribute: Attribute, column: Column | None, row: int = 0) -> dict[str, Any]:
    """Return `state` (exact, range, none, unknown), `value` (when exact), `low` and `high` (when a range).

    An open end of a range is None; a day is an ISO date.
    """
    if isinstance(column, Range):
        return _number(attribute, float(column.low[row]), float(column.high[row]))
    if isinstance(column, Flags) and column.values[row] >= 0:
        return {"state": "exact", "value": bool(column.values[row]), "low": None, "high": None}
    text = column.text(row) if isinstance(column, Labels) else None
    if text is None:
        return dict(UNKNOWN)
    return {"state": "none" if text == NONE else "exact", "value": None if text == NONE else text, "low": None,
            "high": None}  # fmt: skip


def _number(attribute: Attribute, low: float, high: float) -> dict[str, Any]:
    if math.isnan(low):
        return dict(UNKNOWN)
    if low == high:
        state = "none" if math.isinf(low) else "exact"
        return {"state": state, "value": _plain(attribute, low), "low": None, "high": None}
    return {"state": "range", "value": None, "low": _plain(attribute, low), "high": _plain(attribute, high)}


def _plain(attribute: Attribute, value: float) -> float | str | None:
    if math.isinf(value):
        return None
    return (EPOCH + timedelta(days=round(value))).isoformat() if attribute.kind == "date" else value
