"""What an investor needs, as one model: TOML or JSON in, JSON Schema out.

Only what a requirement can say about itself is checked here; names and codes are checked against the catalogue in
`check`. Faults carry a key of `locales/*/match.toml` as their type.
"""

import math
from collections.abc import Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    StrictBool,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from gis_sites.matching.amount import Amount
from gis_sites.matching.bigger import Assembly, Footprint
from gis_sites.matching.compare import Compare
from gis_sites.matching.entries import NUMBER_WITH_UNIT, SAID, Entry, Words, bound, fault, finite, joined

MOST_CRITERIA = 64
MOST_KNOTS = 64
LIGHTEST, HEAVIEST = 1e-12, 1e12
"""Weights beyond these would be lost beside others, or could not be added up."""
FOOTPRINT = "footprint"
"""A must that is about no attribute."""


def _no_flag(value: Any) -> Any:  # noqa: ANN401 - what a file may hold
    """Let no `true` stand for 1."""
    return None if isinstance(value, bool) else value


def _day(value: Any) -> date:  # noqa: ANN401 - what a file may hold
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if not isinstance(day, date) or isinstance(day, datetime):
        raise fault("not_a_day", value=value)
    return day


def _worth(value: Any) -> tuple[float, ...] | dict[str, float]:  # noqa: ANN401 - what a file may hold
    if isinstance(value, Mapping):
        return {str(code): _share(worth) for code, worth in value.items()}
    if isinstance(value, list | tuple):
        return tuple(_share(worth) for worth in value)
    raise fault("not_a_scale", value=value)


def _share(value: Any) -> float:  # noqa: ANN401 - what a file may hold
    worth = finite(value)
    if not 0 <= worth <= 1:
        raise fault("worth_out", value=value)
    return worth


def _weight(value: Any) -> float:  # noqa: ANN401 - what a file may hold
    weight = finite(value)
    if weight <= 0:
        raise fault("weight_out", value=value)
    if not LIGHTEST <= weight <= HEAVIEST:
        raise fault("out_of_range", value=value, low=LIGHTEST, high=HEAVIEST)
    return weight


def _list(value: Any) -> Any:  # noqa: ANN401 - what a file may hold
    return (value,) if isinstance(value, str) else value


_BOUND: dict[str, Any] = {"anyOf": [{"type": "number"}, {"type": "string", "format": "date"}, NUMBER_WITH_UNIT]}
Bound = Annotated[float | date, PlainValidator(bound), SAID, WithJsonSchema(_BOUND)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Worth = Annotated[tuple[float, ...] | dict[str, float], BeforeValidator(_worth)]
_WEIGHT = {"type": "number", "minimum": LIGHTEST, "maximum": HEAVIEST}
Weight = Annotated[float, BeforeValidator(_weight), WithJsonSchema(_WEIGHT)]
Texts = tuple[str, ...]
Scope = Literal["parcels", "offers", "assemblies"]
ASSEMBLIES = "assemblies"


class Criterion(Entry):
    """A must about one attribute: bounds of a number or a day, codes, or a flag."""

    min: Bound | None = None
    max: Bound | None = None
    any_of: Texts | None = None
    none_of: Texts | None = None
    is_: StrictBool | None = Field(default=None, alias="is")
    unknown: Literal["failed", "to_verify"] = "to_verify"

    @property
    def said(self) -> dict[str, Any]:
        """What is required, by key of the file."""
        found = {"min": self.min, "max": self.max, "any_of": self.any_of, "none_of": self.none_of, "is": self.is_}
        return {key: value for key, value in found.items() if value is not None}

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if not self.said:
            raise fault("empty_criterion")
        for key in ("any_of", "none_of"):
            if self.said.get(key) == ():
                raise fault("empty_list", of=key)
        if self.min is not None and self.max is not None:
            if isinstance(self.min, date) != isinstance(self.max, date):
                raise fault("mixed_bounds", low=str(self.min), high=str(self.max))
            if self.min > self.max:  # type: ignore[operator]
                raise fault("bounds_exclude", low=self.min, high=self.max)
        if self.any_of is not None and set(self.any_of) <= set(self.none_of or ()):
            raise fault("codes_exclude", codes=", ".join(self.any_of))
        return self


class Want(Entry):
    """A wish about one attribute: a scale of worth 0..1, and its weight among the wants."""

    at: tuple[Bound, ...] | None = Field(default=None, max_length=MOST_KNOTS)
    worth: Worth | None = None
    any_of: Texts | None = None
    is_: StrictBool | None = Field(default=None, alias="is")
    weight: Weight = 1.0

    @property
    def has_scale(self) -> bool:
        """Whether it says its own worth."""
        return self.worth is not None or self.any_of is not None or self.is_ is not None

    @model_validator(mode="after")
    def _one_scale(self) -> Self:
        if sum(one is not None for one in (self.worth, self.any_of, self.is_)) > 1:
            raise fault("two_scales")
        if self.any_of == () or self.worth in ((), {}):
            raise fault("empty_list", of="any_of" if self.any_of == () else "worth")
        if isinstance(self.worth, tuple) or self.at is not None:
            _rising(self.at or (), self.worth)
        return self


def _rising(at: tuple[float | date, ...], worth: object) -> None:
    """Hold a scale to its shape: as many worths as knots, knots of one kind that rise."""
    if not isinstance(worth, tuple) or len(worth) != len(at):
        raise fault("scale_lengths", at=len(at), worth=len(worth) if isinstance(worth, tuple) else 0)
    if len({isinstance(knot, date) for knot in at}) > 1:
        raise fault("mixed_bounds", low=str(at[0]), high=str(at[-1]))
    if any(isinstance(knot, Amount) and math.isnan(knot) for knot in at):
        return  # looked at again when the unit is known
    for one, other in pairwise(at):
        if not one < other:  # type: ignore[operator]
            raise fault("scale_falls", one=one, other=other)
    if at and isinstance(at[0], float) and not math.isfinite(float(at[-1]) - at[0]):  # type: ignore[arg-type]
        raise fault("not_finite", value=str(at[-1]))


def flat(table: Any) -> Any:  # noqa: ANN401 - what a file may hold
    """Join nested tables into full attribute names: `a.b = {...}` means `"a.b" = {...}`."""
    if not isinstance(table, Mapping):
        return table
    if FOOTPRINT in table:
        raise fault("footprint_not_here")
    if len(table) > MOST_CRITERIA:
        raise fault("too_many", count=len(table), most=MOST_CRITERIA)
    return joined(table, lambda entry: not entry or bool(set(entry) & _KEYS))


_KEYS = frozenset(
    field.alias or name for model in (Criterion, Want) for name, field in model.model_fields.items()
)  # fmt: skip
Criteria = Annotated[dict[str, Criterion], BeforeValidator(flat)]


class Either(Entry):
    """One must with alternatives, each a conjunction."""

    any: tuple[Criteria, ...] = Field(max_length=MOST_CRITERIA)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.any or not all(self.any):
            raise fault("empty_either")
        return self


class Ask(Entry):
    """A condition no layer answers yet: it stands on every candidate as unknown, with who is to answer it."""

    text: str | Words
    of: str
    attribute: str | None = None


class Requirement(Entry):
    """What an investor needs; format 1."""

    format: Annotated[Literal[1], BeforeValidator(_no_flag)]
    title: str | Words | None = None
    scope: Annotated[tuple[Scope, ...], BeforeValidator(_list)] = ("parcels",)
    needed_from: Day | None = None
    must: Criteria = Field(default_factory=dict)
    footprint: Footprint | None = None
    """The must of that name; a file holds it in `[must]`."""
    either: tuple[Either, ...] = Field(default=(), max_length=MOST_CRITERIA)
    want: Annotated[dict[str, Want], BeforeValidator(flat)] = Field(default_factory=dict)
    compare: Compare | None = None
    """How many times as important one want is as another: gives the weights."""
    ask: tuple[Ask, ...] = Field(default=(), max_length=MOST_CRITERIA)
    assembly: Assembly | None = None

    @model_validator(mode="before")
    @classmethod
    def _footprint_apart(cls, table: Any) -> Any:  # noqa: ANN401 - what a file may hold
        if not isinstance(table, Mapping):
            return table
        if FOOTPRINT in table:
            raise fault("footprint_not_here")
        must = table.get("must")
        if not isinstance(must, Mapping) or FOOTPRINT not in must:
            return table
        rest = {key: value for key, value in must.items() if key != FOOTPRINT}
        return {**table, "must": rest, FOOTPRINT: must[FOOTPRINT]}

    @field_validator("scope")
    @classmethod
    def _each_once(cls, scope: tuple[Scope, ...]) -> tuple[Scope, ...]:
        if not scope:
            raise fault("empty_list", of="scope")
        return tuple(dict.fromkeys(scope))

    @model_validator(mode="after")
    def _not_too_many(self) -> Self:
        inside = sum(len(group) for one in self.either for group in one.any)
        count = len(self.must) + (self.footprint is not None) + inside + len(self.want)
        if count > MOST_CRITERIA:
            raise fault("too_many", count=count, most=MOST_CRITERIA)
        return self

    @model_validator(mode="after")
    def _assembly_has_an_effect(self) -> Self:
        if self.assembly is not None and ASSEMBLIES not in self.scope:
            raise fault("assembly_out_of_scope")
        return self

    def echo(self) -> dict[str, Any]:
        """Return the requirement as JSON: what was said, defaults left out, in the order of the file."""
        return self.table("json")

    def table(self, mode: Literal["json", "python"] = "python") -> dict[str, Any]:
        """Return the requirement as the table it could have been read from."""
        said = {"format": self.format, **self.model_dump(mode=mode, by_alias=True, exclude_defaults=True)}
        if self.footprint is not None:
            said["must"] = {**said.get("must", {}), FOOTPRINT: said.pop(FOOTPRINT)}
        return said


def requirement_schema() -> dict[str, Any]:
    """Return the JSON Schema of a requirement."""
    schema = Requirement.model_json_schema(by_alias=True)
    nest = {"type": "object", "minProperties": 1}
    part = schema["properties"]
    del part[FOOTPRINT]
    part["must"]["properties"] = {FOOTPRINT: {"$ref": "#/$defs/Footprint"}}
    alternative = schema["$defs"]["Either"]["properties"]["any"]["items"]
    for model, table in (("Criterion", part["must"]), ("Criterion", alternative), ("Want", part["want"])):
        entry = {"$ref": f"#/$defs/{model}"}
        table["additionalProperties"] = {"anyOf": [entry, {**nest, "additionalProperties": entry}]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "gis-sites requirement",
    }
