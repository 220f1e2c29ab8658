"""What an import would do, decided before a row is read: tables, layers, columns, coordinate systems."""

from dataclasses import dataclass
from pathlib import Path

import pyproj

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.errors import WrongUse
from gis_sites.findings import Finding
from gis_sites.intake import crs as systems
from gis_sites.intake.fit import Fit, check, fit
from gis_sites.intake.note import SKIP, Note
from gis_sites.intake.recognise import Match, Recognised, recognise, refuse_unknown
from gis_sites.intake.source import Source, SourceTable, open_source
from gis_sites.store import saved
from gis_sites.store.connect import Store
from gis_sites.vocabulary import nearest

FIRST = ("boundary", "parcel")
"""The layers others speak of: their coverage, their parcels."""


@dataclass(frozen=True)
class TablePlan:
    """One table into one layer."""

    table: SourceTable
    layer: Layer
    match: Match
    fit: Fit
    crs: pyproj.CRS | None
    part: str | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class ImportPlan:
    """A source, how it is read, and what is left out."""

    source: Source
    note: Note
    loads: tuple[TablePlan, ...]
    left_out: tuple[str, ...]


def read_source(store: Store, catalogue: Catalogue, path: Path, note: Note) -> ImportPlan:
    """Open a source and decide what its tables are; nothing is written.

    Raises:
        WrongUse: an option names what is not there.
        Refused: the file cannot be read, a table is left to guessing, or something must be stated.
    """
    source = open_source(path)
    whole = _with_saved(store, source, note)
    _names_exist(source, catalogue, whole)
    found = [recognise(catalogue, table, whole) for table in source.tables]
    refuse_unknown(found, rest=whole.rest)
    loads = [
        _table_plan(source.by_name[one.table], catalogue.layer(match.layer), match, whole)
        for one in found
        for match in one.feeds
    ]
    loads.sort(key=lambda load: FIRST.index(load.layer.name) if load.layer.name in FIRST else len(FIRST))
    return ImportPlan(source, whole, tuple(loads), _left_out(found))


def _left_out(found: list[Recognised]) -> tuple[str, ...]:
    return tuple(one.table for one in found if not one.feeds)


def _with_saved(store: Store, source: Source, note: Note) -> Note:
    """Use the publisher's saved mapping where the note maps nothing, as far as this file has its tables."""
    if note.publisher is None or note.maps:
        return note
    with store.begin() as conn:
        kept = saved.note(conn, note.publisher)
    if kept is None:
        return note
    base = Note.model_validate(kept)
    tables = {name: layers for name, layers in base.layer.items() if name in source.by_name}
    columns = {
        place: target
        for place, target in base.column.items()
        if any(place.startswith(f"{table.name}.") for table in source.tables)
    }
    return note.over(base.model_copy(update={"layer": tables, "column": columns}))


def _names_exist(source: Source, catalogue: Catalogue, note: Note) -> None:
    """Refuse options about tables and layers there are none of."""
    parts = note.part if isinstance(note.part, dict) else {}
    for name in (*note.layer, *(name for name in parts if name)):
        if name not in source.by_name:
            raise WrongUse("import.no_table", table=name, file=source.name, hint=nearest(name, source.by_name))
    for place, target in note.column.items():
        table = next((one for one in source.tables if place.startswith(f"{one.name}.")), None)
        if table is None:
            name = place.rpartition(".")[0]
            raise WrongUse("import.no_table", table=name, file=source.name, hint=nearest(name, source.by_name))
        if target != SKIP:
            _layer_field(catalogue, "--column", target)
    for target in note.set:
        _layer_field(catalogue, "--set", target.rpartition(":")[2])
    for name in note.coverage if isinstance(note.coverage, dict) else ():
        if name:
            catalogue.layer(name)


def _layer_field(catalogue: Catalogue, option: str, target: str) -> None:
    layer, dot, name = target.partition(".")
    if not dot:
        raise WrongUse("import.option_form", option=option, value=target)
    fields = catalogue.layer(layer).fields
    if name not in fields:
        raise WrongUse("import.no_field", layer=layer, field=name, hint=nearest(name, fields))


def _table_plan(table: SourceTable, layer: Layer, match: Match, note: Note) -> TablePlan:
    found = _part_as_field(layer, fit(layer, table, note), note.part_of(table.name))
    without_key = check(layer, table, found)
    crs, said = systems.decide(table, note.crs)
    findings = (*found.findings, *without_key, *((said,) if said else ()))
    return TablePlan(table, layer, match, found, crs, note.part_of(table.name), findings)


def _part_as_field(layer: Layer, found: Fit, part: str | None) -> Fit:
    """Take a stated part as the value of the field that tells parts, where the table has no such column."""
    spec = layer.fields.get(layer.part)
    if part is None or spec is None or spec.type != "text" or layer.part in found.fields(layer):
        return found
    constants = {**found.constants, layer.part: part}
    missing = tuple(one for one in found.findings if one.column != layer.part)
    return Fit(found.columns, constants, found.units, found.factors, missing)
