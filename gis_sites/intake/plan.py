"""What an import would do, decided before a row is read: tables, layers, columns, coordinate systems."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.errors import WrongUse
from gis_sites.findings import Finding, FindingType
from gis_sites.intake import crs as systems
from gis_sites.intake.fates import fates
from gis_sites.intake.fit import Fit, check, fit
from gis_sites.intake.note import SKIP, Note
from gis_sites.intake.recognise import Match, recognise
from gis_sites.intake.report import ColumnFate
from gis_sites.intake.reuse import Reused, renamed, reused, to_save
from gis_sites.intake.samples import looking
from gis_sites.intake.source import Source, SourceTable, open_source
from gis_sites.intake.undecided import left_out, refuse_unknown
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
    crs: systems.System | None
    part: str | None
    findings: tuple[Finding, ...]
    fates: tuple[ColumnFate, ...] = ()


@dataclass(frozen=True)
class ImportPlan:
    """A source, how it is read, and what is left out."""

    source: Source
    note: Note
    loads: tuple[TablePlan, ...]
    left_out: tuple[str, ...]
    reused: Note = field(default_factory=Note)
    """What a saved note added to the note."""
    saves: Mapping[str, Any] = field(default_factory=dict)
    """The note to be saved for the publisher, if any."""
    findings: tuple[Finding, ...] = ()
    """What is to be said of the file as a whole."""


def read_source(store: Store, catalogue: Catalogue, path: Path, note: Note) -> ImportPlan:
    """Open a source and decide what its tables are; nothing is written.

    Raises:
        WrongUse: an option names what is not there.
        Refused: the file cannot be read, a table is left to guessing, or something must be stated.
    """
    source = open_source(path, note.encoding)
    with store.begin() as conn:
        known = reused(conn, catalogue, source, note)
    if known.note.encoding != note.encoding:
        source = open_source(path, known.note.encoding)
    _names_exist(source, catalogue, known.note)
    look = looking(source, known.note.encoding)
    found = [recognise(catalogue, one, known.note, look=look, saved=known.added.layer) for one in source.tables]
    refuse_unknown(found, rest=known.note.rest)
    loads = [
        _table_plan(source.by_name[one.table], catalogue.layer(match.layer), match, known)
        for one in found
        for match in one.feeds
    ]
    with store.begin() as conn:
        loads = [_against_the_last(conn, source, one, known) for one in loads]
    loads.sort(key=lambda load: FIRST.index(load.layer.name) if load.layer.name in FIRST else len(FIRST))
    saves = to_save(known.keeps) if note.publisher and known.note.maps else {}
    left = (*(one.table for one in found if not one.feeds), *source.unread)
    said = (*known.findings, *left_out(found))
    return ImportPlan(source, known.note, tuple(loads), left, known.added, saves, said)


def _against_the_last(conn: sa.Connection, source: Source, plan: TablePlan, known: Reused) -> TablePlan:
    """Notice what changed since the layer was loaded for this publisher the last time: columns, the table's name."""
    others = [name for name in source.by_name if name != plan.table.name]
    last = saved.last_columns(conn, plan.layer.name, known.note.publisher, table=plan.table.name, others=others)
    if last is None:
        return plan
    load, table, before = last
    noticed = list(renamed(known, table)) if table != plan.table.name else []
    now = (*plan.table.columns, *plan.table.withheld)
    if before != frozenset(now):
        came = ", ".join(column for column in now if column not in before)
        went = ", ".join(sorted(before.difference(now)))
        values = {"load": load, "before": table, "came": came or "-", "went": went or "-"}
        noticed.append(Finding(FindingType.COLUMNS_CHANGED, values=values))
    return replace(plan, findings=(*plan.findings, *noticed))


def _names_exist(source: Source, catalogue: Catalogue, note: Note) -> None:
    """Refuse options about tables and layers there are none of."""
    by_table = [said for said in (note.part, note.crs) if isinstance(said, dict)]
    for name in (*note.layer, *(name for said in by_table for name in said if name)):
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


def _table_plan(table: SourceTable, layer: Layer, match: Match, known: Reused) -> TablePlan:
    table.refuse_unclear()
    note = known.note
    seen = {name: one.column for name, one in match.seen.items()}
    found = _part_as_field(layer, fit(layer, table, note, seen=seen), note.part_of(table.name))
    without_key = check(layer, table, found)
    crs, said = systems.decide(table, note.crs_of(table.name))
    findings = (*found.findings, *without_key, *((said,) if said else ()))
    told = fates(layer, table, found, note, saved=known.added)
    return TablePlan(table, layer, match, found, crs, note.part_of(table.name), findings, told)


def _part_as_field(layer: Layer, found: Fit, part: str | None) -> Fit:
    """Take a stated part as the value of the field that tells parts, where the table has no such column."""
    spec = layer.fields.get(layer.part)
    if part is None or spec is None or spec.type != "text" or layer.part in found.fields(layer):
        return found
    constants = {**found.constants, layer.part: part}
    missing = tuple(one for one in found.findings if one.column != layer.part)
    return replace(found, constants=constants, findings=missing)
