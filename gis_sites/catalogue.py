"""The catalogue: every layer we know how to hold, read from one TOML file each, and what its attributes are.

The vocabulary of the files is `layer.py`.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from gis_sites.columns import NONE
from gis_sites.errors import CatalogueError
from gis_sites.layer import (
    AttributeSpec,
    Code,
    FieldSpec,
    Grade,
    Layer,
    Legend,
    Measure,
    Public,
    Title,
    Where,
)
from gis_sites.layer_checks import net_faults
from gis_sites.symbols import SymbolTable, load_table
from gis_sites.vocabulary import UNKNOWN, faults, nearest
from gis_sites.words import Said, say

__all__ = [
    "SHAPE", "UNDECIDED", "UNITS", "UNKNOWN", "Attribute", "AttributeSpec", "Catalogue", "Code", "FieldSpec",
    "Grade", "Layer", "Legend", "Measure", "Public", "Title", "ValueKind", "Where", "attributes_of",
    "load_catalogue", "own_layers", "read_layer",
]  # fmt: skip

SYMBOLS = "symbol_uses"
"""The table of plan symbols, which a city may put its own before."""
ValueKind = Literal["number", "flag", "code", "text", "date"]
UNDECIDED = "undecided"
"""The class of a `share_by_class` that counts what only a plan's wording can say, and symbols nobody knows."""
SHAPE: frozenset[str] = frozenset(
    {"area", "measured_area", "compactness", "inscribed_circle", "rectangle_long", "rectangle_short", "net_area"}
)
UNITS = {
    "nearest_distance": "m", "share_covered": "share", "share_by_class": "share", "list_share": "share",
    "frontage": "m", "area": "m2", "measured_area": "m2", "net_area": "m2", "compactness": "1",
    "inscribed_circle": "m", "rectangle_long": "m", "rectangle_short": "m",
}  # fmt: skip


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
        chosen = (name for rows in (self.spec.where, *(grade.where for grade in self.spec.grades)) for name in rows)
        fields = (self.layer.fields[name] for name in (*self.spec.fields, *chosen))
        return self.layer.public != "none" and self.spec.public and all(field.public for field in fields)

    def own_title(self, lang: str) -> str:
        """Its name for people where its layer is said already."""
        return self.spec.title.say(lang) if self.spec.title else say(f"measure.{self.spec.measure}", lang)

    def title(self, lang: str) -> str:
        """Its name for people: `layer: attribute`."""
        return f"{self.layer.title.say(lang)}: {self.own_title(lang)}"

    def label(self, code: str, lang: str) -> str:
        """Return how people call one of its codes; the code itself where nobody named it."""
        titles = {grade.code: grade.title for grade in self.spec.grades if grade.title}
        titles |= self.layer.labels.get(self.spec.fields[0], {}) if self.spec.fields else {}
        if code in titles:
            return titles[code].say(lang)
        return say("catalogue.none", lang) if code == NONE else code


@dataclass(frozen=True, repr=False)
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

    def public(self, *, naming: bool = True) -> "Catalogue":
        """Return the catalogue the public face knows: public layers, and of these the public attributes only.

        Without `naming` no layer but the offers tells which parcels it names.
        """
        shown = {one.name: _shown(one, naming=naming) for one in self.layers.values() if one.public != "none"}
        return Catalogue(shown, self.tables)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers.values())


def _shown(layer: Layer, *, naming: bool) -> Layer:
    """Return a layer without what the public face must not see; it keeps its hash."""
    left = {layer.parcels} if not naming and layer.name != "offer" else set()
    fields = {name: field for name, field in layer.fields.items() if field.public and name not in left}
    return layer.model_copy(
        update={
            "fields": fields,
            "attributes": {one.short: one.spec for one in attributes_of(layer) if one.public},
            "labels": {name: titles for name, titles in layer.labels.items() if name in fields},
            "legend": tuple(one for one in layer.legend if set(one.when) <= set(fields)),
        }
    )


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
    for layer in layers.values():
        if found := tuple(_strangers(layer, layers, tables)):
            raise CatalogueError("catalogue.bad_file", file=f"{layer.name}.toml", fault=found)
    if symbols and SYMBOLS in tables:
        tables[SYMBOLS] = tables[SYMBOLS].after(_own_symbols(symbols, tables[SYMBOLS]))
    return Catalogue(layers, tables)


def _own_symbols(path: Path, national: SymbolTable) -> SymbolTable:
    """Read the city's own symbols; a use the national table does not know is a slip of the pen."""
    own = load_table(path)
    for name in sorted(set(own.classes) - set(national.classes)):
        values = {"place": "yes, text", "name": name, "hint": nearest(name, national.classes)}
        raise CatalogueError("catalogue.bad_file", file=path.name, fault=Said("catalogue.no_class", values))
    return own


def _strangers(layer: Layer, layers: Mapping[str, Layer], tables: Mapping[str, SymbolTable]) -> Iterator[Said]:
    """Yield what a layer file speaks of and nothing else knows: tables, their classes, fields of other layers."""
    for name, field in layer.fields.items():
        if field.table and field.table not in tables:
            values = {"place": f"fields.{name}.table", "name": field.table, "hint": nearest(field.table, tables)}
            yield Said("catalogue.no_table", values)
    for place, name, classes in _classes(layer):
        table = tables.get(layer.fields[name].table or "")
        known = {*table.classes, UNDECIDED} if table else set(classes)
        for one in sorted(set(classes) - known):
            yield Said("catalogue.no_class", {"place": place, "name": one, "hint": nearest(one, known)})
    for attribute in attributes_of(layer):
        worth = attribute.spec.scale.worth if attribute.spec.scale else ()
        for code in sorted(set(worth) - set(attribute.codes)) if isinstance(worth, Mapping) else ():
            values = {"place": f"attributes.{attribute.short}.scale", "code": code, "name": attribute.short}
            yield Said("catalogue.no_code", {**values, "hint": nearest(code, attribute.codes)})
    yield from net_faults(layer, layers)
    if layer.list:
        other, _, name = layer.list.of.partition(".")
        fields = layers[other].fields if other in layers else {}
        if name not in fields:
            values = {"place": "list.of", "name": layer.list.of, "hint": nearest(name, fields)}
            yield Said("catalogue.no_field_of", values)


def _classes(layer: Layer) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield every place that names classes of a field with a table: (place, field, classes)."""
    for short, spec in layer.attributes.items():
        for name in spec.fields if spec.class_ else ():
            yield f"attributes.{short}.class", name, (str(spec.class_),)
    for number, legend in enumerate(layer.legend, 1):
        for name, codes in legend.when.items():
            if layer.fields[name].table:
                classes = codes if isinstance(codes, tuple) else (codes,)
                yield f"legend.{number}.when", name, tuple(map(str, classes))


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
        fault = Said("catalogue.wrong_name", {"name": layer.name, "stem": path.stem})
        raise CatalogueError("catalogue.bad_file", file=path.name, fault=fault)
    layer._hash = hashlib.sha256(raw).hexdigest()
    return layer
