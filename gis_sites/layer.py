"""A layer file as frozen typed objects: the vocabulary of `layers/*.toml`.

`layer.schema.json` is generated from it; what the types cannot say is in `layer_checks`.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, model_validator

from gis_sites.layer_checks import layer_faults
from gis_sites.vocabulary import Unfit
from gis_sites.words import titled

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Code = str | bool
Where = Mapping[Name, tuple[Code, ...]]
Public = Literal["none", "values", "geometry"]

Measure = Literal[
    "nearest_distance", "nearest_value", "crosses", "share_covered", "share_by_class", "share_grade", "largest_class",
    "extreme_covering", "frontage", "own_field", "joined_field", "list_share",
    "area", "measured_area", "compactness", "inscribed_circle", "rectangle_long", "rectangle_short", "net_area",
]  # fmt: skip


class Frozen(BaseModel):
    """A piece of a layer file: immutable, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Title(Frozen):
    """A name for people, in Polish and English."""

    pl: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def say(self, lang: str) -> str:
        """Return the title in one language."""
        return titled(self.pl, self.en, lang)


class FieldSpec(Frozen):
    """A column of a layer: its type, how files call it, and what its cells may say."""

    type: Literal["text", "number", "flag", "date", "code", "codes"]
    title: Title | None = None
    unit: str | None = None
    aliases: tuple[str, ...] = ()
    codes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """The codes, each with the words files use for it; of a flag, `true` and `false`."""
    order: tuple[str, ...] = ()
    """The same codes from the lowest to the highest."""
    table: str | None = None
    """The table (`layers/tables/<table>.csv`) that says which uses a symbol allows."""
    regime: Name | None = Field(default=None, alias="with")
    pattern: str | None = None
    """What a whole cell looks like; its named groups give the fields of that name where their own columns do not."""
    empty: Literal["none", "unknown"] = "unknown"
    state: bool | Literal["scale"] = False
    """Whether `--set` may give one value for the whole load; `scale`: the unit of the column."""
    required: bool = False
    public: bool = True

    @property
    def allowed(self) -> tuple[str, ...]:
        """The codes a cell may hold, in their order where they have one."""
        return self.order or tuple(self.codes)


class Valid(Frozen):
    """The fields that say from when to when a row counts; both days included."""

    start: Name = Field(alias="from")
    end: Name = Field(alias="to")


class Rows(Frozen):
    """Which rows of a table are the layer's, and when they count."""

    take: Where = Field(default_factory=dict)
    """Others are set aside by that reason; an empty cell is taken, with a finding."""
    current: tuple[Name, ...] = ()
    """Rows with one of these filled are set aside as archived."""
    valid: Valid | None = None


class Recognise(Frozen):
    """How a table of this layer is known: by name, by the fields it must have, and what its name alone says."""

    names: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    """Patterns of names that fit and are of something else."""
    needs: tuple[Name, ...] = ()
    set: Mapping[str, Mapping[Name, Code]] = Field(default_factory=dict)
    """Pattern of a table's name -> values of fields it has no column for; of several patterns the first counts."""


class Scale(Frozen):
    """The default worth of an attribute, for a want without a scale of its own."""

    at: tuple[float, ...] = ()
    worth: tuple[float, ...] | Mapping[str, float]


class Grade(Frozen):
    """One step of a `share_grade`: the code given where the share of `where` is at least (or above) a bound."""

    code: str
    where: Where
    min_share: float | None = None
    above_share: float | None = None
    title: Title | None = None


class AttributeSpec(Frozen):
    """An attribute: a measure of the closed set and what it looks at."""

    measure: Measure
    field: Name | tuple[Name, ...] | None = None
    class_: str | None = Field(default=None, alias="class")
    pick: Literal["min", "max", "highest"] | None = None
    ties: Literal["highest", "lowest", "first"] = "first"
    reach_m: float | None = Field(default=None, gt=0)
    min_share: float = Field(default=0.0, ge=0, le=1)
    where: Where = Field(default_factory=dict)
    grades: tuple[Grade, ...] = ()
    unit: str | None = None
    title: Title | None = None
    public: bool = True
    scale: Scale | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields looked at; of several numbers the first that is filled counts, in the attribute's unit."""
        if self.field is None:
            return ()
        return (self.field,) if isinstance(self.field, str) else self.field


class Legend(Frozen):
    """How rows of a kind are drawn: a colour, and a pattern or a line style besides; the first that fits counts."""

    when: Mapping[Name, Code | tuple[Code, ...]] = Field(default_factory=dict)
    color: Color
    width: float = Field(default=1.0, gt=0, le=12)
    pattern: Literal["solid", "hatch", "dots", "dash", "cross"] = "solid"
    title: Title


class NetRule(Frozen):
    """What the net area loses around some rows of a layer, since when, and who says so."""

    layer: Name
    """Whose rows take land; `parcel`: the boundary of the site itself."""
    where: Where = Field(default_factory=dict)
    listed: bool = False
    """Whether a parcel's own list of that layer counts besides: square metres without a place."""
    communes: tuple[Literal["1", "2", "3", "4", "5", "8", "9"], ...] = ()
    """The kinds of commune (the digit after `_` in a parcel's identifier) where it holds; none: everywhere."""
    sure_m: float | None = Field(default=None, ge=0)
    """How far from a row land is surely lost, 0 for the row's own polygon; without it nothing surely is."""
    may_m: float | None = Field(default=None, ge=0)
    """How far it may be lost besides; by default no farther than surely."""
    since: date | None = Field(default=None, alias="from")
    until: date | None = Field(default=None, alias="to")
    """The last day it holds."""
    reference: str = Field(min_length=1)
    confidence: Literal["verified", "secondary", "from-memory", "usual"]

    @property
    def most_m(self) -> float | None:
        """How far from a row land may be lost at most."""
        return self.sure_m if self.may_m is None else max(self.may_m, self.sure_m or 0.0)

    def holds(self, day: date) -> bool:
        """Tell whether it holds on a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


class NetStep(Frozen):
    """One step from the drawn area to the net area."""

    name: Name
    title: Title
    rules: tuple[NetRule, ...] = Field(min_length=1)


class OwnList(Frozen):
    """Where a parcel carries its own list: the parcel field, and how the area of an item is called.

    `R/IIIa 0.1200; Ls 0.3000`: codes of this layer's fields, and hectares.
    """

    of: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    area: Name


class Layer(Frozen):
    """A theme we know how to hold."""

    name: Name
    title: Title
    geometry: Literal["polygon", "line", "point", "any", "table"]
    public: Public = "none"
    key: tuple[Name, ...] | Literal["content"]
    part: str = "all"
    """`all`; `table`: one part a table; or the field whose values are the parts."""
    overlap: Literal["newest", "report"] = "report"
    """What is done where rows overlap. Of a layer whose file says either, an import reports overlaps and gaps."""
    coverage: Literal["boundary", "own", "parcels", "none"] = "boundary"
    parcels: Name | None = None
    """The field of a row without geometry that names the parcels it stands for."""
    recognise: Recognise = Recognise()
    rows: Rows = Rows()
    fields: Mapping[Name, FieldSpec]
    labels: Mapping[Name, Mapping[str, Title]] = Field(default_factory=dict)
    """Field -> code -> how people call it."""
    attributes: Mapping[Name, AttributeSpec] = Field(default_factory=dict)
    list: OwnList | None = None
    net: tuple[NetStep, ...] = ()
    """What the net area of a site loses, step by step."""
    legend: tuple[Legend, ...] = ()
    _hash: str = PrivateAttr(default="")

    @property
    def hash(self) -> str:
        """SHA-256 of the file the layer was read from."""
        return self._hash

    @property
    def key_fields(self) -> tuple[str, ...]:
        """The fields of the key; none for a layer compared by content."""
        return () if self.key == "content" else tuple(self.key)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if found := tuple(layer_faults(self)):
            raise Unfit(*found)
        return self


def schema_text() -> str:
    """Return the JSON Schema of a layer file: the text of `layers/layer.schema.json`."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema = {**dialect, **Layer.model_json_schema(by_alias=True), "title": "gis-sites layer file"}
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
