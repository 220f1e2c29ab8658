"""How a requirement says that one want matters more than another: `[compare]`, a table of ratios."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from gis_sites.matching.entries import fault, finite, joined

LARGEST = 9.0
"""Saaty's scale runs from 1/9 to 9."""


def _ratio(value: Any) -> float:  # noqa: ANN401 - what a file may hold
    """Take 3, 0.5 or "1/3"."""
    if isinstance(value, str):
        try:
            value = float(Fraction(value)) if len(value) <= 12 and value.isascii() else None
        except (ValueError, ZeroDivisionError, OverflowError):
            value = None
    ratio = finite(value, "not_a_ratio")
    if not 1 / LARGEST <= ratio <= LARGEST:
        raise fault("ratio_out", value=value)
    return ratio


def _by_name(table: Any) -> Any:  # noqa: ANN401 - what a file may hold
    """Join nested tables into full attribute names, which have two pieces, on both sides of a comparison."""
    return {name: _joined(entry) for name, entry in _joined(table).items()} if isinstance(table, Mapping) else table


def _joined(table: Any) -> Any:  # noqa: ANN401 - what a file may hold
    return joined(table) if isinstance(table, Mapping) else table


Ratio = Annotated[
    float,
    BeforeValidator(_ratio),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 1 / LARGEST, "maximum": LARGEST}, {"type": "string"}]}),
]
Compare = Annotated[dict[str, dict[str, Ratio]], BeforeValidator(_by_name)]
"""Of each want: how many times as important as others it is."""
