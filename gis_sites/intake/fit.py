"""How a table fits a layer: which column is which field, which values hold for the whole load, what is left over."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gis_sites.catalogue import FieldSpec, Layer
from gis_sites.errors import Refused, WrongUse
from gis_sites.findings import Finding, FindingType
from gis_sites.intake.names import is_cut, is_personal, matches, plain, quoted
from gis_sites.intake.note import SKIP, Note
from gis_sites.intake.source import SourceTable
from gis_sites.intake.values import UNITS, clean, compiled, reader, spell
from gis_sites.vocabulary import nearest

UNIT_SUFFIX = "uom"
"""How GDAL names the column that holds the unit of another: `poleEwidencyjne_uom`."""


@dataclass(frozen=True)
class Fit:
    """The mapping of one table to one layer."""

    columns: Mapping[str, str]
    """Field -> column."""
    constants: Mapping[str, Any] = field(default_factory=dict)
    """Field -> value of every row."""
    units: Mapping[str, str] = field(default_factory=dict)
    """Field -> column that holds its unit."""
    factors: Mapping[str, float] = field(default_factory=dict)
    """Field -> what one of the file's units is in the field's, as stated."""
    passed: Mapping[str, str] = field(default_factory=dict)
    """Column called like a field that another column was taken for -> that field."""
    findings: tuple[Finding, ...] = ()

    def fields(self, layer: Layer) -> frozenset[str]:
        """Return the fields that can hold anything: columns, constants, and what patterns fill."""
        filled = {
            name
            for source in self.columns
            if (pattern := layer.fields[source].pattern)
            for name in compiled(pattern).groupindex
            if name in layer.fields
        }
        return frozenset({*self.columns, *self.constants, *filled})

    def private(self, layer: Layer) -> frozenset[str]:
        """Return the columns that hold fields which are not public."""
        return frozenset(column for name, column in self.columns.items() if not layer.fields[name].public)

    def wanted(self) -> tuple[str, ...]:
        """Return the columns to read, each once."""
        return tuple(dict.fromkeys([*self.columns.values(), *self.units.values()]))


def fit(layer: Layer, table: SourceTable, note: Note, *, seen: Mapping[str, str] | None = None) -> Fit:
    """Map the columns of a table to the fields of a layer; nothing is refused for what is missing.

    `seen` maps fields to the columns that hold them by their values: where neither note nor names tell.

    Raises:
        WrongUse: an option names a column, a field or a value there is not.
    """
    stated = _stated(layer, table, note)
    skipped = frozenset(_skipped(table, note))
    taken = {*stated.values(), *skipped}
    said = note.set_of(table.name, layer.name)
    columns: dict[str, str] = {}
    passed: dict[str, str] = {}
    conflicts: list[Finding] = []
    cut = _cut(layer, table, taken)
    for name, spec in layer.fields.items():
        if name in said and spec.state != "scale":
            continue
        found = [stated[name]] if name in stated else _candidates(name, spec, table, taken)
        if not found and name in cut:
            found = [cut[name]]
            conflicts.append(Finding(FindingType.COLUMN_CUT, column=cut[name], values={"field": name}))
        if not found and seen and name in seen:
            found = [seen[name]]
        if found:
            columns[name] = found[0]
        if len(found) > 1:
            passed |= dict.fromkeys(found[1:], name)
            conflicts.append(_conflict(layer, table, name, found))
    constants, factors = _constants(layer, table, (columns, taken), said)
    pairs = ((name, _unit_column(layer.fields[name], column, table)) for name, column in columns.items())
    units = {name: unit for name, unit in pairs if unit is not None}
    result = Fit(columns, constants, units, factors, passed)
    return replace(result, findings=(*conflicts, *_left_over(layer, table, result, skipped)))


def _conflict(layer: Layer, table: SourceTable, name: str, found: Sequence[str]) -> Finding:
    option = f"--column {quoted(f'{table.name}.{found[1]}={layer.name}.{name}')}"
    values = {"columns": ", ".join(found), "field": name, "option": option}
    return Finding(FindingType.COLUMN_CONFLICT, column=found[0], values=values)


def _stated(layer: Layer, table: SourceTable, note: Note) -> dict[str, str]:
    """Return field -> column as stated with --column for this table and layer."""
    found = {}
    for source, target in note.column.items():
        column = source.removeprefix(f"{table.name}.")
        name = target.removeprefix(f"{layer.name}.")
        if column == source or name == target:
            continue
        if column not in table.columns:
            raise WrongUse("import.no_column", table=table.name, column=column, hint=nearest(column, table.columns))
        if name not in layer.fields:
            raise WrongUse("import.no_field", layer=layer.name, field=name, hint=nearest(name, layer.fields))
        found[name] = column
    return found


def _skipped(table: SourceTable, note: Note) -> Iterator[str]:
    """Yield the columns that are stated to be no field, whatever they are called."""
    for source, target in note.column.items():
        if target == SKIP and (column := source.removeprefix(f"{table.name}.")) != source:
            if column not in table.columns:
                raise WrongUse("import.no_column", table=table.name, column=column, hint=nearest(column, table.columns))
            yield column


def _candidates(name: str, spec: FieldSpec, table: SourceTable, taken: Collection[str]) -> list[str]:
    """Return the columns that go by the field's name or one of its aliases, the best first."""
    ranks = {plain(word): rank for rank, word in reversed([*enumerate((name, *spec.aliases))])}
    found = [(ranks[plain(column)], column) for column in table.columns if plain(column) in ranks]
    return [column for _, column in sorted(found) if column not in taken]


def _cut(layer: Layer, table: SourceTable, taken: Collection[str]) -> dict[str, str]:
    """Return field -> column for names that were cut off, and that fit the words of one field only."""
    letters = table.cut
    if letters is None:
        return {}
    words = [(name, word) for name, spec in layer.fields.items() for word in (name, *spec.aliases)]
    whole = {plain(word) for _, word in words}
    found: dict[str, str] = {}
    for column in table.columns:
        fields = {name for name, word in words if is_cut(column, word, letters)}
        if len(fields) == 1 and column not in taken and plain(column) not in whole:
            found.setdefault(fields.pop(), column)
    return found


def _unit_column(spec: FieldSpec, column: str, table: SourceTable) -> str | None:
    wanted = plain(column) + UNIT_SUFFIX
    return next((one for one in table.columns if spec.type == "number" and plain(one) == wanted), None)


def _constants(
    layer: Layer, table: SourceTable, mapped: tuple[Mapping[str, str], Collection[str]], said: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, float]]:
    """Return the values of the whole load, and the factors of stated scales."""
    columns, taken = mapped
    constants: dict[str, Any] = {}
    factors: dict[str, float] = {}
    for pattern, values in layer.recognise.set.items():
        if matches(table.spoken, pattern):
            constants = {**{name: value for name, value in values.items() if name not in columns}, **constants}
    for name, value in said.items():
        if name not in layer.fields:
            raise WrongUse("import.no_field", layer=layer.name, field=name, hint=nearest(name, layer.fields))
        spec = layer.fields[name]
        if spec.state == "scale":
            factors[name] = _factor(layer, name, str(value))
        elif not spec.state and (name in columns or _candidates(name, spec, table, taken)):
            raise WrongUse("import.set_has_column", field=f"{layer.name}.{name}", table=table.name)
        else:
            constants[name] = _constant(layer, name, value)
    return constants, factors


def _factor(layer: Layer, name: str, value: str) -> float:
    known = UNITS.get(layer.fields[name].unit or "", {})
    if value not in known:
        field_name, allowed = f"{layer.name}.{name}", ", ".join(known)
        raise WrongUse("import.set_bad", field=field_name, value=value, hint=f"; {allowed}" if allowed else "")
    return known[value]


def _constant(layer: Layer, name: str, value: object) -> Any:  # noqa: ANN401 - a value of any field type
    spec = layer.fields[name]
    text = clean(spell(value))
    cell = None if text is None else reader(spec, key=name in layer.key_fields, factor=1.0)(text)
    if cell is None or cell.value is None:
        hint = nearest(str(value), spec.allowed)
        raise WrongUse("import.set_bad", field=f"{layer.name}.{name}", value=value, hint=hint)
    return cell.value


def _left_over(layer: Layer, table: SourceTable, found: Fit, skipped: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each column nobody asked for and each field that rows are chosen by and no column tells."""
    used = {*found.columns.values(), *found.units.values(), *found.passed, *skipped}
    for column in (*table.columns, *table.withheld):
        if column not in used:
            kind = FindingType.COLUMN_PRIVATE if is_personal(column) else FindingType.COLUMN_IGNORED
            yield Finding(kind, column=column)
    asked = {*layer.rows.take, *(name for spec in layer.attributes.values() for name in spec.where)}
    for name in sorted(asked - found.fields(layer)):
        yield Finding(FindingType.COLUMN_MISSING, column=name)


def _scales(unit: str) -> Iterable[str]:
    """Return one word for each way a unit may be written down."""
    words = UNITS.get(unit, {})
    return [word for word, factor in words.items() if word == next(one for one in words if words[one] == factor)]


def check(layer: Layer, table: SourceTable, found: Fit) -> tuple[Finding, ...]:
    """Refuse what cannot be loaded without being told more; return what else is to be said about the key.

    Raises:
        Refused: a scale is not stated, a field the layer needs has no column, a parcel has no identifier.
    """
    for name in found.columns:
        spec = layer.fields[name]
        if spec.state == "scale" and name not in found.factors and name not in found.units:
            raise Refused(
                "import.scale_missing",
                table=table.name,
                column=found.columns[name],
                field=f"{layer.name}.{name}",
                options=" | ".join(f"--set {layer.name}.{name}={word}" for word in _scales(spec.unit or "")),
            )
    filled = found.fields(layer)
    needs = [*layer.recognise.needs, *(name for name, spec in layer.fields.items() if spec.required)]
    if table.kind is None and layer.geometry != "table" and layer.parcels:
        needs.append(layer.parcels)  # rows without geometry stand for the parcels they name
    missing = [name for name in dict.fromkeys(needs) if name not in filled]
    if missing:
        columns = ", ".join(table.columns)
        names = ", ".join(missing)
        raise Refused("import.needs_missing", table=table.name, layer=layer.name, fields=names, columns=columns)
    absent = [name for name in layer.key_fields if name not in filled]
    return tuple(Finding(FindingType.KEY_COLUMN_MISSING, column=name) for name in absent)
