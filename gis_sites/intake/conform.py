"""Columns become fields: cells are read, constants set, patterns taken apart, plan symbols looked up."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gis_sites.catalogue import FieldSpec
from gis_sites.findings import Finding, FindingType, mask
from gis_sites.intake import texts
from gis_sites.intake.batch import Batch, Bools, cells_of
from gis_sites.intake.cells import Issue, Read, Words, read_days, read_in_units, read_numbers, read_words, words
from gis_sites.intake.loading import Loading
from gis_sites.intake.texts import Reading
from gis_sites.intake.values import UNITS, Cell, compiled, reader, tight, unit_word
from gis_sites.intake.whole import Columns
from gis_sites.store.tables import field_columns

REPAIRS = frozenset({FindingType.VALUE_REPAIRED, FindingType.VALUE_MASKED})
LONGEST = 80
"""Characters of a cell that a finding shows."""


def conformed(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Read every mapped column into its field."""
    types = {name: kind.arrow for name, kind in field_columns(load.layer).items()}
    columns = Columns(load)
    for batch in batches:
        filled: dict[str, pa.Array] = {}
        told: dict[str, tuple[Words, str]] = {}
        empty: dict[str, Bools] = {}
        repaired = batch.repaired.copy()
        for name, column in load.fit.columns.items():
            read, found = _read(batch, name, load, types[name])
            filled[name] = read.values
            empty[name] = found.empty if found else read.values.is_null().to_numpy(zero_copy_only=False)
            repaired |= _notice(batch, columns.single(name, read, found), load, column)
            if found and (pattern := load.layer.fields[name].pattern):
                told[name] = (found, pattern)
        parts = {
            group: cells
            for name, (found, pattern) in told.items()
            for group, cells in _groups(found, pattern, _lacking(filled, pattern, name, load), load).items()
        }
        cells = _complete(filled, parts, load, len(batch), types)
        silent = {name: empty.get(name, _is_null(cells[name])) & _is_null(cells[name]) for name in load.asked}
        yield replace(batch, cells=cells, empty=silent, repaired=repaired)
    columns.tell()


def _lacking(filled: Mapping[str, pa.Array], pattern: str, own: str, load: Loading) -> dict[str, FieldSpec]:
    """Return the fields that groups of a pattern may fill: those that have no column of their own, or a gap in it."""
    return {
        name: spec
        for name in compiled(pattern).groupindex
        if name != own and (spec := load.layer.fields.get(name)) and (name not in filled or filled[name].null_count)
    }


def _is_null(cells: pa.Array) -> Bools:
    nulls: Bools = cells.is_null().to_numpy(zero_copy_only=False)
    return nulls


def _read(batch: Batch, name: str, load: Loading, kind: pa.DataType) -> tuple[Read, Words | None]:
    """Read one column; its texts come along where there are texts."""
    spec = load.layer.fields[name]
    column = cells_of(batch, load.fit.columns[name])
    factor = load.fit.factors.get(name, 1.0)
    if spec.type == "number" and (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        if name not in load.fit.units:
            return read_numbers(column, factor, unit=spec.unit), None
        units = words(cells_of(batch, load.fit.units[name]), load.encoding)
        known = UNITS.get(spec.unit or "", {})
        return read_in_units(column, units, known, unit=spec.unit), None
    if spec.type == "date" and (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
        return read_days(column), None
    found = words(column, load.encoding)
    if name in load.fit.units:
        units = words(cells_of(batch, load.fit.units[name]), load.encoding)
        return _in_units(found, units, spec, kind), found
    key = name in load.layer.key_fields
    reading = reader(spec, key=key, factor=factor)
    if not spec.pattern:
        return read_words(found, reading, kind, texts.plain_of(spec, key=key, factor=factor)), found
    return read_words(found, _with_pattern(spec, name, reading), kind, _plainly_fitting(spec, name, key=key)), found


def _in_units(found: Words, units: Words, spec: FieldSpec, kind: pa.DataType) -> Read:
    """Read numbers written as texts whose unit stands in another column; in a unit nobody knows one is unreadable."""
    known = UNITS.get(spec.unit or "", {})
    by_unit = np.array([*(known.get(unit_word(text), np.nan) for text in units.texts), 1.0])
    factors = by_unit[units.index]
    values, issues = pa.nulls(len(factors), kind), []
    for factor in np.unique(factors).tolist():
        same = np.isnan(factors) if math.isnan(factor) else factors == factor
        mine = Words(np.where(same, found.index, -1), found.different)
        plain = texts.plain_of(spec, key=False, factor=factor)
        read = read_words(mine, reader(spec, key=False, factor=factor), kind, plain)
        values = pc.coalesce(values, read.values)
        issues += [issue for issue in read.issues if len(issue.rows)]
    return Read(values, tuple(issues))


def _with_pattern(spec: FieldSpec, name: str, reading: Reading) -> Reading:
    """Wrap a reader: the group that bears the field's own name is its value."""
    pattern = compiled(spec.pattern or "")

    def read(text: str) -> Cell:
        match = pattern.fullmatch(text)
        if match is None and spec.type == "text" and pattern.fullmatch(whole := tight(text)):
            return Cell(read(whole).value, FindingType.VALUE_REPAIRED, whole)
        if match is None:
            cell = reading(text)
            known = spec.type in {"code", "flag"} and cell.value is not None
            return cell if known else Cell(cell.value, FindingType.PATTERN_MISMATCH)
        own = match[name] if name in pattern.groupindex else text
        return Cell(None) if own is None else reading(own)

    return read


def _plainly_fitting(spec: FieldSpec, name: str, *, key: bool) -> texts.Plain | None:
    """Return what reads texts at once that fit a field's pattern and are plain; None where its group is the value."""
    plain = texts.plain_of(spec, key=key)
    if plain is None or name in compiled(spec.pattern or "").groupindex:
        return None

    def read(column: pa.Array) -> tuple[pa.Array, pa.Array]:
        values, sure = plain(column)
        return values, pc.and_(sure, texts.groups(column, spec.pattern or "")[""].is_valid())

    return read


def _groups(found: Words, pattern: str, wanted: Mapping[str, FieldSpec], load: Loading) -> dict[str, pa.Array]:
    """Return what named groups of a pattern say, as the fields they are named after."""
    if not wanted:
        return {}
    kinds = field_columns(load.layer)
    said = texts.groups(found.different, pattern)
    rows = pa.array(found.index, mask=found.empty)
    return {
        name: texts.group(said[name], spec, kinds[name].arrow, key=name in load.layer.key_fields).take(rows)
        for name, spec in wanted.items()
    }


def _notice(batch: Batch, issues: Iterable[Issue], load: Loading, column: str) -> Bools:
    """Turn what was noticed in a column into findings; return the rows that were mended."""
    mended = np.zeros(len(batch), dtype=bool)
    for issue in issues:
        known = "allowed" if issue.type is FindingType.CODE_UNKNOWN else "result"
        values = {"value": mask(issue.text[:LONGEST]), known: issue.shown}
        rows = batch.row[issue.rows].tolist()
        load.tally.find(*(Finding(issue.type, row, column=column, values=values) for row in rows))
        if issue.type in REPAIRS:
            mended[issue.rows] = True
    return mended


def _complete(
    filled: dict[str, pa.Array], parts: dict[str, pa.Array], load: Loading, n: int, types: dict[str, pa.DataType]
) -> dict[str, pa.Array]:
    """Return every stored column: read, else from a pattern, else the constant, else unknown; then the uses."""
    cells: dict[str, pa.Array] = {}
    for name in load.layer.fields:
        kind = types[name]
        values = filled.get(name, pa.nulls(n, kind))
        if name in parts:
            values = pc.coalesce(values, parts[name].cast(kind))
        if name in load.fit.constants:
            values = pc.fill_null(values, pa.scalar(load.fit.constants[name], kind))
        cells[name] = values
    for name, spec in load.layer.fields.items():
        if spec.type == "codes" and spec.table:
            cells |= _uses(name, spec, cells, load)
    return {name: cells[name] for name in types}


def _uses(name: str, spec: FieldSpec, cells: dict[str, pa.Array], load: Loading) -> dict[str, pa.Array]:
    """Look up what each printed symbol allows under its legal regime."""
    table = load.symbols[spec.table or ""]
    every = " ".join(table.classes)

    @cache
    def look_up(symbol: str | None, regime: str | None) -> tuple[str | None, str | None]:
        if symbol is None:
            return None, None
        uses = table.uses(symbol, regime)
        return ("", every) if uses is None else (" ".join(sorted(uses.yes)), " ".join(sorted(uses.text)))

    symbols = cells[name].to_pylist()
    regimes = cells[spec.regime].to_pylist() if spec.regime else [None] * len(symbols)
    found = [look_up(*pair) for pair in zip(symbols, regimes, strict=True)]
    return {
        f"{name}_yes": pa.array([yes for yes, _ in found], pa.string()),
        f"{name}_text": pa.array([text for _, text in found], pa.string()),
    }


def symbols_known(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Notice the plan symbols no table knows."""
    fields = {name: spec for name, spec in load.layer.fields.items() if spec.type == "codes" and spec.table}
    for batch in batches:
        for name, spec in fields.items():
            table = load.symbols[spec.table or ""]
            regimes = batch.cells[spec.regime].to_pylist() if spec.regime else [None] * len(batch)
            pairs = list(zip(batch.cells[name].to_pylist(), regimes, strict=True))
            known = {pair: pair[0] is None or table.uses(*pair) is not None for pair in set(pairs)}
            for row, pair in zip(batch.row.tolist(), pairs, strict=True):
                if not known[pair]:
                    values = {"value": pair[0]}
                    load.tally.find(Finding(FindingType.SYMBOL_UNKNOWN, row, column=load.place(name), values=values))
        yield batch
