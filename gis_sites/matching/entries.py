"""What every piece of a requirement is made of: faults with a sentence, finite numbers, remarks."""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from gis_sites.matching.amount import Ambiguous, Amount

NUMBER_WITH_UNIT = {"type": "string", "pattern": r"^\s*[+-]?[0-9].*[^0-9\s.,]", "examples": ["3 ha", "10 km", "30 %"]}


def fault(key: str, **values: Any) -> PydanticCustomError:  # noqa: ANN401 - whatever the sentence shows
    """Make a fault whose sentence is `match.<key>`."""
    return PydanticCustomError(f"match.{key}", "{key}", {"key": key, **values})


def bound(value: Any) -> float | date:  # noqa: ANN401 - what a file may hold
    """Take a number, one with its unit, or a day; ISO text is a day."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return amount(value, "not_a_bound")
    return finite(value, "not_a_bound")


def amount(value: str, otherwise: str = "not_a_number") -> Amount:
    """Take a number with its unit."""
    try:
        return Amount(value)
    except Ambiguous as two:
        raise fault("ambiguous", value=value, one=two.args[0], other=two.args[1]) from None
    except ValueError:
        raise fault(otherwise, value=value) from None


def finite(value: Any, otherwise: str = "not_a_number") -> float:  # noqa: ANN401 - what a file may hold
    """Take a finite number as float; an amount stays one."""
    if isinstance(value, Amount):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fault(otherwise, value=value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise fault("not_finite", value=number)
    return number


def between(low: float, high: float, *, unit: str | None = None) -> tuple[PlainValidator, Any, Any]:
    """Annotate a number between two others; with a unit it may be said as text."""

    def take(value: Any) -> float:  # noqa: ANN401 - what a file may hold
        number = finite(amount(value) if unit and isinstance(value, str) else value)
        known = number.within(unit) if isinstance(number, Amount) else number
        if known is None:
            raise fault("wrong_unit", value=value, unit=unit)
        if not low <= known <= high:
            raise fault("out_of_range", value=value, low=low, high=high)
        return known

    return PlainValidator(take), SAID, _schema({"type": "number", "minimum": low, "maximum": high}, unit)


def whole_between(low: int, high: int) -> tuple[PlainValidator, Any]:
    """Annotate a whole number between two others."""

    def take(value: Any) -> int:  # noqa: ANN401 - what a file may hold
        number = finite(value)
        if not number.is_integer():
            raise fault("not_a_count", value=value)
        if not low <= number <= high:
            raise fault("out_of_range", value=value, low=low, high=high)
        return int(number)

    return PlainValidator(take), _schema({"type": "integer", "minimum": low, "maximum": high})


def _schema(number: dict[str, Any], unit: str | None = None) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [number, NUMBER_WITH_UNIT]} if unit else number)


def _as_said(value: float | date) -> float | str:
    if isinstance(value, date):
        return value.isoformat()
    return value.said if isinstance(value, Amount) else value


SAID = PlainSerializer(_as_said, when_used="json")


class Model(BaseModel):
    """A piece of a requirement: immutable, strict about its keys, echoed as it was said."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Words(Model):
    """A text in Polish and English."""

    pl: str
    en: str


class Entry(Model):
    """Remarks any entry may carry: shown, without effect."""

    note: str | Words | None = None
    source: str | None = None
    confidence: str | Annotated[float, Field(allow_inf_nan=False)] | None = None

    def remarks(self) -> dict[str, Any]:
        """Return the remarks that were made."""
        if self.note is None and self.source is None and self.confidence is None:
            return {}
        return self.model_dump(mode="json", include={"note", "source", "confidence"}, exclude_defaults=True)


def joined(
    table: Mapping[Any, Any], is_entry: Callable[[Mapping[Any, Any]], bool] = lambda table: False
) -> dict[str, Any]:
    """Join nested tables into names with a dot, but those that are entries themselves; no name is said twice."""
    found: dict[str, Any] = {}
    for key, value in ((str(key), value) for key, value in table.items()):
        nested = isinstance(value, Mapping) and "." not in key and not is_entry(value)
        pieces = {f"{key}.{short}": entry for short, entry in value.items()} if nested else {key: value}
        for name, entry in pieces.items():
            if name in found:
                raise fault("twice", name=name)
            found[name] = entry
    return found
