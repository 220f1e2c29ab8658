"""What the types of a layer file cannot say: which names must be fields, which words codes, which keys go together.

Every check yields sentences and raises nothing, so that a file's faults are told all at once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gis_sites.vocabulary import UNKNOWN, nearest
from gis_sites.words import Said

if TYPE_CHECKING:
    from gis_sites.layer import AttributeSpec, FieldSpec, Layer, Scale

FIELD_KEYS = {
    "codes": {"code", "flag"}, "order": {"code"}, "table": {"codes"}, "regime": {"codes"},
    "pattern": {"text", "code"},
}  # fmt: skip
"""Keys of a field that only some types know."""
NEEDS = {
    "nearest_value": ("field",), "share_by_class": ("field", "class_"), "share_grade": ("grades",),
    "largest_class": ("field",), "extreme_covering": ("field", "pick"), "frontage": ("reach_m",),
    "own_field": ("field",),
}  # fmt: skip
"""Keys a measure cannot do without."""
ONLY = {"class_": {"share_by_class"}, "grades": {"share_grade"}, "pick": {"extreme_covering", "largest_class"}}
"""Keys of an attribute that only some measures know."""
LOOKS_AT = {
    "share_by_class": {"code", "codes"}, "largest_class": {"text", "code", "codes"},
    "extreme_covering": {"number", "date"},
}  # fmt: skip
"""The types of field a measure can look at; any for one not named."""
TRUTH = ("true", "false")


def layer_faults(layer: "Layer") -> Iterator[Said]:
    """Yield what is wrong with a layer file whose types are right."""
    yield from _names(layer)
    for name, field in layer.fields.items():
        yield from _field(f"fields.{name}", field, layer)
    for place, rows in _choices(layer):
        for column, codes in rows.items():
            yield from _codes(place, column, codes if isinstance(codes, tuple) else (codes,), layer)
    for name, spec in layer.attributes.items():
        yield from _attribute(f"attributes.{name}", spec, layer)


def _names(layer: "Layer") -> Iterator[Said]:
    used: dict[str, Iterable[str]] = {
        "key": layer.key_fields,
        "part": () if layer.part in {"all", "table"} else (layer.part,),
        "parcels": (layer.parcels,) if layer.parcels else (),
        "recognise.needs": layer.recognise.needs,
        "rows.current": layer.rows.current,
        "rows.valid": (layer.rows.valid.start, layer.rows.valid.end) if layer.rows.valid else (),
    }
    used |= {f"attributes.{name}.field": spec.fields for name, spec in layer.attributes.items()}
    used |= dict(_choices(layer))
    for place, names in used.items():
        for name in names:
            if name not in layer.fields:
                hint = nearest(name, layer.fields)
                yield Said("catalogue.no_field", {"place": place, "name": name, "hint": hint})


def _choices(layer: "Layer") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every place where rows are told apart by the codes of fields."""
    yield "rows.take", layer.rows.take
    for pattern, values in layer.recognise.set.items():
        yield f"recognise.set.{pattern}", values
    for name, spec in layer.attributes.items():
        yield f"attributes.{name}.where", spec.where
        for grade in spec.grades:
            yield f"attributes.{name}.grades.{grade.code}.where", grade.where
    for number, legend in enumerate(layer.legend, 1):
        # The classes of a field with a table are known to the catalogue only.
        yield (
            f"legend.{number}.when",
            {
                name: codes
                for name, codes in legend.when.items()
                if name not in layer.fields or layer.fields[name].table is None
            },
        )
    for name, titles in layer.labels.items():
        yield f"labels.{name}", {name: tuple(titles)}


def net_faults(layer: "Layer", layers: Mapping[str, "Layer"]) -> Iterator[Said]:
    """Yield the layers, fields and codes that rules of the net area speak of and nobody knows."""
    for step in layer.net:
        for number, rule in enumerate(step.rules, 1):
            place = f"net.{step.name}.{number}"
            other = layers.get(rule.layer)
            if other is None:
                values = {"place": place, "name": rule.layer, "hint": nearest(rule.layer, layers)}
                yield Said("catalogue.no_net_layer", values)
                continue
            if rule.listed and (other.list is None or rule.most_m):
                yield Said("catalogue.no_net_list", {"place": place, "name": rule.layer})
            for name, codes in rule.where.items():
                if name not in other.fields:
                    hint = nearest(name, other.fields)
                    yield Said("catalogue.no_field", {"place": f"{place}.where", "name": name, "hint": hint})
                yield from _codes(f"{place}.where", name, codes, other)


def _codes(place: str, column: str, codes: Iterable[str | bool], layer: "Layer") -> Iterator[Said]:
    field = layer.fields.get(column)
    if field is None:
        return
    if field.type not in {"code", "flag"}:
        if not place.startswith("recognise.set."):
            yield Said("catalogue.no_codes", {"place": place, "name": column})
        return
    allowed: set[str | bool] = {True, False, *TRUTH} if field.type == "flag" else set(field.allowed)
    for code in codes:
        if code not in allowed and code != UNKNOWN:
            hint = nearest(str(code), map(str, allowed))
            yield Said("catalogue.no_code", {"place": place, "code": code, "name": column, "hint": hint})


def _field(place: str, field: "FieldSpec", layer: "Layer") -> Iterator[Said]:
    for key, types in FIELD_KEYS.items():
        if getattr(field, key) and field.type not in types:
            values = {"place": place, "name": "with" if key == "regime" else key, "types": ", ".join(sorted(types))}
            yield Said("catalogue.key_of_type", values)
    odd = set(field.codes) ^ set(field.order) if field.codes and field.order else set()
    odd |= set(field.codes) - set(TRUTH) if field.type == "flag" else set()
    if odd:
        yield Said("catalogue.codes_differ", {"place": place, "codes": ", ".join(sorted(odd))})
    groups: Iterable[str] = ()
    if field.pattern is not None:
        try:
            groups = re.compile(field.pattern).groupindex
        except re.error as error:
            yield Said("catalogue.bad_pattern", {"place": place, "value": field.pattern, "fault": error})
    for name in (*groups, *((field.regime,) if field.regime else ())):
        if name not in layer.fields:
            yield Said("catalogue.no_field", {"place": place, "name": name, "hint": nearest(name, layer.fields)})


def _attribute(place: str, spec: "AttributeSpec", layer: "Layer") -> Iterator[Said]:
    for key in NEEDS.get(spec.measure, ()):
        if not getattr(spec, key):
            yield Said("catalogue.needs_key", {"place": place, "name": key.rstrip("_"), "measure": spec.measure})
    for key, measures in ONLY.items():
        if getattr(spec, key) and spec.measure not in measures:
            yield Said("catalogue.spare_key", {"place": place, "name": key.rstrip("_"), "measure": spec.measure})
    types = LOOKS_AT.get(spec.measure)
    for name in spec.fields:
        field = layer.fields.get(name)
        if field and types and field.type not in types:
            values = {"place": place, "name": name, "type": field.type, "measure": spec.measure}
            yield Said("catalogue.wrong_type", {**values, "types": ", ".join(sorted(types))})
    if spec.scale and not _is_scale(spec.scale):
        yield Said("catalogue.bad_scale", {"place": place})


def _is_scale(scale: "Scale") -> bool:
    worths = scale.worth.values() if isinstance(scale.worth, Mapping) else scale.worth
    if not worths or not all(0 <= worth <= 1 for worth in worths):
        return False
    if isinstance(scale.worth, Mapping):
        return not scale.at
    return len(scale.at) == len(scale.worth) and all(low < high for low, high in pairwise(scale.at))
