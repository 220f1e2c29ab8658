"""What became of every column of a table, and which fields were set for the whole load, each with the reason."""

from collections.abc import Iterator

from gis_sites.catalogue import Layer
from gis_sites.findings import mask
from gis_sites.intake.fit import Fit
from gis_sites.intake.names import is_cut, is_personal, plain
from gis_sites.intake.note import SKIP, Note
from gis_sites.intake.report import ColumnFate
from gis_sites.intake.source import SourceTable
from gis_sites.intake.values import spell


def fates(layer: Layer, table: SourceTable, found: Fit, note: Note, *, saved: Note) -> tuple[ColumnFate, ...]:
    """Tell every column in the file's order, then the fields set; `saved` is what a saved note added to the note."""
    told = [
        fate
        for column in (*table.columns, *table.withheld)
        for fate in _column(layer, table, found, (note, saved), column)
    ]
    for name, value in found.constants.items():
        shown = mask(spell(value)) if layer.fields[name].public else None
        why = _set_by(layer, table, note, saved, name)
        told.append(ColumnFate(column=name, fate="set", field=name, value=shown, reason=why))
    return tuple(told)


def _column(
    layer: Layer, table: SourceTable, found: Fit, notes: tuple[Note, Note], column: str
) -> Iterator[ColumnFate]:
    fields = [name for name, source in found.columns.items() if source == column]
    units = [name for name, source in found.units.items() if source == column]
    for name in fields:
        yield ColumnFate(column=column, fate="loaded", field=name, reason=_why(layer, table, notes, column, name))
    for name in units:
        yield ColumnFate(column=column, fate="unit", field=name, reason="unit")
    if fields or units:
        return
    if column in found.passed:
        yield ColumnFate(column=column, fate="conflict", field=found.passed[column], reason="other_taken")
    elif notes[0].column.get(f"{table.name}.{column}") == SKIP:
        yield ColumnFate(column=column, fate="ignored", reason="skipped")
    elif is_personal(column):
        yield ColumnFate(column=column, fate="private", reason="personal")
    else:
        yield ColumnFate(column=column, fate="ignored", reason="no_field")


def _why(layer: Layer, table: SourceTable, notes: tuple[Note, Note], column: str, name: str) -> str:
    """Say why a column was taken for a field: the first reason that holds, in the order they count."""
    place, target = f"{table.name}.{column}", f"{layer.name}.{name}"
    for note, reason in ((notes[1], "saved"), (notes[0], "stated")):
        if note.column.get(place) == target:
            return reason
    if plain(column) == plain(name):
        return "name"
    if plain(column) in map(plain, layer.fields[name].aliases):
        return "alias"
    words = (name, *layer.fields[name].aliases)
    return "cut" if table.cut and any(is_cut(column, word, table.cut) for word in words) else "values"


def _set_by(layer: Layer, table: SourceTable, note: Note, saved: Note, name: str) -> str:
    if name in saved.set_of(table.name, layer.name):
        return "saved"
    if name in note.set_of(table.name, layer.name):
        return "stated"
    by_name = any(name in values for values in layer.recognise.set.values())
    return "part" if name == layer.part and not by_name else "table_name"
