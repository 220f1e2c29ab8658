"""The catalogue: every layer we know how to hold, read from one TOML file each into frozen typed objects.

This file is the vocabulary of `layers/*.toml`; `layer.schema.json` is generated from it.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, ValidationError, model_validator

from gis_sites.columns import NONE
from gis_sites.errors import CatalogueError
from gis_sites.symbols import SymbolTable, load_table
from gis_sites.vocabulary import faults, nearest

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Color = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Code = str | bool
Where = dict[Name, tuple[Code, ...]]
Public = Literal["none", "values", "geometry"]
ValueKind = Literal["number", "flag", "code", "text", "date"]

UNKNOWN = "unknown"
"""In a `where`: the rows whose cell is empty."""

Measure = Literal[
    "nearest_distance", "nearest_value", "crosses", "share_covered", "share_by_class", "share_grade", "largest_class",
    "extreme_covering", "frontage", "own_field", "joined_field", "list_share",
    "area", "measured_area", "compactness", "inscribed_circle", "rectangle_long", "rectangle_short", "net_area",
]  # fmt: skip
SHAPE: frozenset[str] = frozenset(
    {"area", "measured_area", "compactness", "inscribed_circle", "rectangle_long", "rectangle_short", "net_area"}
)
NOT_YET: frozenset[str] = frozenset({"rectangle_long", "rectangle_short", "net_area"})
"""Measures nobody has built: their values are unknown, with that reason."""
UNITS = {
    "nearest_distance": "m", "share_covered": "share", "share_by_class": "share", "list_share": "share",
    "frontage": "m", "area": "m2", "measured_area": "m2", "net_area": "m2", "compactness": "1",
    "inscribed_circle": "m", "rectangle_long": "m", "rectangle_short": "m",
}  # fmt: skip


class Frozen(BaseModel):
    """A piece of a layer file: immutable, and strict about its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Title(Frozen):
    """A name for people, in Polish and English."""

    pl: str
    en: str

    def say(self, lang: str) -> str:
        """Return the title in one language."""
        return self.en if lang == "en" else self.pl


class FieldSpec(Frozen):
    """A column of a layer: its type, how files call it, and what its cells may say."""

    type: Literal["text", "number", "flag", "date", "code", "codes"]
    title: Title | None = None
    unit: str | None = None
    aliases: tuple[str, ...] = ()
    codes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    order: tuple[str, ...] = ()
    table: str | None = None
    regime: Name | None = Field(default=None, alias="with")
    pattern: str | None = None
    empty: Literal["none", "unknown"] = "unknown"
    state: bool | Literal["scale"] = False
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
    current: tuple[Name, ...] = ()
    valid: Valid | None = None


class Recognise(Frozen):
    """How a table of this layer is known: by name, by the fields it must have, and what its name alone says."""

    names: tuple[str, ...] = ()
    needs: tuple[Name, ...] = ()
    set: dict[str, dict[Name, Code]] = Field(default_factory=dict)


class Scale(Frozen):
    """The default worth of an attribute, for a want without a scale of its own."""

    at: tuple[float, ...] = ()
    worth: tuple[float, ...] | dict[str, float]


class Grade(Frozen):
    """One step of a `share_grade`: the code given where the share of `where` is at least (or above) a bound."""

    code: str
    where: Where
    min_share: float | None = None
    above_share: float | None = None


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
        """The fields looked at, none to several."""
        if self.field is None:
            return ()
        return (self.field,) if isinstance(self.field, str) else self.field


class Legend(Frozen):
    """How rows of a kind are drawn: a colour, and a pattern or a line style besides."""

    when: dict[Name, Code | tuple[Code, ...]] = Field(default_factory=dict)
    color: Color
    width: float = Field(default=1.0, gt=0, le=12)
    pattern: Literal["solid", "hatch", "dots", "dash", "cross"] = "solid"
    title: Title


class Strip(Frozen):
    """What the net area loses along a line: looked up in a dated table by some fields."""

    by: tuple[Name, ...]
    table: str


class OwnList(Frozen):
    """Where a parcel carries its own list of (class, area): the parcel field and how the area is called."""

    of: str
    area: Name


class Layer(Frozen):
    """A theme we know how to hold."""

    name: Name
    title: Title
    geometry: Literal["polygon", "line", "point", "any", "table"]
    public: Public = "none"
    key: tuple[Name, ...] | Literal["content"]
    part: str = "all"
    overlap: Literal["newest", "report"] = "report"
    coverage: Literal["boundary", "own", "parcels", "none"] = "boundary"
    parcels: Name | None = None
    """The field of a row without geometry that names the parcels it stands for."""
    recognise: Recognise = Recognise()
    rows: Rows = Rows()
    fields: dict[Name, FieldSpec]
    attributes: dict[Name, AttributeSpec] = Field(default_factory=dict)
    strip: Strip | None = None
    list: OwnList | None = None
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
    def _names_exist(self) -> Self:
        known = set(self.fields)
        used: dict[str, Iterable[str]] = {
            "key": self.key_fields,
            "part": () if self.part in {"all", "table"} else (self.part,),
            "parcels": (self.parcels,) if self.parcels else (),
            "recognise.needs": self.recognise.needs,
            "rows.current": self.rows.current,
            "rows.take": self.rows.take,
            "rows.valid": (self.rows.valid.start, self.rows.valid.end) if self.rows.valid else (),
            "legend.when": (name for legend in self.legend for name in legend.when),
        }
        for name, spec in self.attributes.items():
            used[f"attributes.{name}.field"] = spec.fields
            used[f"attributes.{name}.where"] = spec.where
        for place, names in used.items():
            for name in names:
                if name not in known:
                    raise ValueError(f"{place}: “{name}” is no field of this layer{nearest(name, known)}")
        for name, spec in self.attributes.items():
            for column, codes in spec.where.items():
                self._codes_exist(f"attributes.{name}.where", column, codes)
        for column, codes in self.rows.take.items():
            self._codes_exist("rows.take", column, codes)
        return self

    def _codes_exist(self, place: str, column: str, codes: Iterable[Code]) -> None:
        field = self.fields[column]
        if field.type not in {"code", "flag"}:
            raise ValueError(f"{place}: “{column}” holds no codes, so no rows can be chosen by it")
        allowed = {UNKNOWN, *((True, False) if field.type == "flag" else field.allowed)}
        for code in codes:
            if code not in allowed:
                raise ValueError(f"{place}: “{code}” is no code of “{column}”{nearest(str(code), map(str, allowed))}")


@dataclass(frozen=True)
class Attribute:
    """An attribute with its full name: what a requirement, an export and a link call it."""

    layer: Layer
    short: str
    spec: AttributeSpec

    @property
    def name(self) -> str:
        """`layer.attribute`."""
        return f"{self.layer.name}.{self.short}"

    @property
    def field(self) -> FieldSpec | None:
        """The (first) field the measure looks at."""
        return self.layer.fields[self.spec.fields[0]] if self.spec.fields else None

    @cached_property
    def kind(self) -> ValueKind:
        """What its values are."""
        match self.spec.measure:
            case "crosses":
                return "flag"
            case "share_grade":
                return "code"
            case "nearest_value" | "own_field" | "joined_field" | "largest_class" | "extreme_covering":
                if self.field is None:
                    return "number"
                return "text" if self.field.type == "codes" else self.field.type
            case _:
                return "number"

    @property
    def unit(self) -> str | None:
        """The unit of its values: `m`, `m2`, `share`, `1`, or the field's own."""
        if self.kind != "number":
            return None
        return self.spec.unit or UNITS.get(self.spec.measure) or (self.field.unit if self.field else None)

    @property
    def codes(self) -> tuple[str, ...]:
        """The closed list of codes of a `code` attribute, `none` last; empty for any other kind."""
        if self.kind != "code":
            return ()
        own = tuple(g.code for g in self.spec.grades) if self.spec.grades else self.field.allowed if self.field else ()
        return (*(code for code in own if code != NONE), NONE)

    @property
    def none(self) -> float:
        """The number that says "known not to be there": see `columns.Range`."""
        if self.unit == "share" and self.spec.measure != "extreme_covering":
            return 0.0
        if self.spec.measure == "nearest_distance" or self.spec.pick == "min":
            return float("inf")
        if self.spec.pick == "max":
            return 0.0 if self.kind == "number" else float("-inf")
        return 0.0 if self.spec.measure == "frontage" else float("-inf")

    @property
    def public(self) -> bool:
        """Whether the public face may know it."""
        fields = (self.layer.fields[name] for name in (*self.spec.fields, *self.spec.where))
        return self.layer.public != "none" and self.spec.public and all(field.public for field in fields)

    def title(self, lang: str) -> str:
        """Its name for people: `layer: attribute`."""
        from gis_sites.words import say

        own = self.spec.title.say(lang) if self.spec.title else say(f"measure.{self.spec.measure}", lang)
        return f"{self.layer.title.say(lang)}: {own}"


@dataclass(frozen=True)
class Catalogue:
    """Every layer, by name, and the tables the layer files refer to."""

    layers: Mapping[str, Layer]
    tables: Mapping[str, SymbolTable]

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """Every attribute by its full name, in the order of the files."""
        return {one.name: one for layer in self.layers.values() for one in attributes_of(layer)}

    def layer(self, name: str) -> Layer:
        """Return a layer.

        Raises:
            CatalogueError: there is none of that name.
        """
        if name not in self.layers:
            raise CatalogueError("catalogue.no_layer", name=name, hint=nearest(name, self.layers))
        return self.layers[name]

    def public(self) -> "Catalogue":
        """Return the catalogue the public face knows: public layers, and of these the public attributes only."""
        layers = {
            layer.name: layer.model_copy(
                update={
                    "attributes": {a.short: a.spec for a in attributes_of(layer) if a.public},
                    "fields": {name: field for name, field in layer.fields.items() if field.public},
                }
            )
            for layer in self.layers.values()
            if layer.public != "none"
        }
        # model_copy drops what the public face must not see, yet keeps private state such as the hash.
        return Catalogue(layers, self.tables)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers.values())


def attributes_of(layer: Layer) -> tuple[Attribute, ...]:
    """Return the attributes a layer gives, with their full names."""
    return tuple(Attribute(layer, short, spec) for short, spec in layer.attributes.items())


def own_layers() -> Path:
    """Return the folder of layer files that comes with the tool."""
    here = Path(__file__).parent
    inside = here / "layers"
    return inside if inside.is_dir() else here.parent / "layers"


def load_catalogue(folder: Path | None = None, *, symbols: Path | None = None) -> Catalogue:
    """Read every layer file of a folder, `parcel` first, the others by name.

    `symbols` is the city's own table of plan symbols, which goes before the national one.

    Raises:
        CatalogueError: a file is no layer file; the sentence names the file, the key and the nearest right one.
    """
    folder = folder or own_layers()
    paths = sorted(folder.glob("*.toml"), key=lambda path: (path.stem != "parcel", path.stem))
    if not paths:
        raise CatalogueError("catalogue.empty", folder=folder)
    layers = {path.stem: read_layer(path) for path in paths}
    tables = {path.stem: load_table(path) for path in sorted((folder / "tables").glob("*.csv"))}
    if symbols and "symbol_uses" in tables:
        tables["symbol_uses"] = tables["symbol_uses"].after(load_table(symbols))
    for layer in layers.values():
        for name, field in layer.fields.items():
            if field.table and field.table not in tables:
                fault = f"fields.{name}.table: there is no “{field.table}”{nearest(field.table, tables)}"
                raise CatalogueError("catalogue.bad_file", file=f"{layer.name}.toml", fault=fault)
    return Catalogue(layers, tables)


def read_layer(path: Path) -> Layer:
    """Read one layer file.

    Raises:
        CatalogueError: it is not TOML, or not a layer file.
    """
    try:
        raw = path.read_bytes()
        table: dict[str, Any] = tomllib.loads(raw.decode("utf-8"))
        layer = Layer.model_validate(table)
    except OSError as error:
        raise CatalogueError("catalogue.bad_file", file=path.name, fault=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogueError("catalogue.bad_file", file=path.name, fault=error) from error
    except ValidationError as error:
        raise CatalogueError("catalogue.bad_file", file=path.name, fault=faults(error, Layer)) from error
    if layer.name != path.stem:
        fault = f"name: “{layer.name}” must be the file's name, “{path.stem}”"
        raise CatalogueError("catalogue.bad_file", file=path.name, fault=fault)
    layer._hash = hashlib.sha256(raw).hexdigest()
    return layer


def layer_schema() -> dict[str, Any]:
    """Return the JSON Schema of a layer file (`layers/layer.schema.json`)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Layer.model_json_schema(by_alias=True),
        "title": "gis-sites layer file",
    }
