"""A few values of a table, read to know what a column holds where its name does not tell; nothing of them is kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from gis_sites.catalogue import Catalogue, FieldSpec
from gis_sites.errors import Refused
from gis_sites.intake.cells import words
from gis_sites.intake.names import is_personal
from gis_sites.intake.source import Source, SourceTable, read_table
from gis_sites.intake.values import compiled
from gis_sites.symbols import letters

Look = Callable[[SourceTable, Sequence[str]], Mapping[str, Sequence[str]]]
"""Table and columns -> a few different texts of each column."""
ROWS = 2_000
TEXTS = 200
COLUMNS = 40
ENOUGH = 0.95
"""The least share of the texts read that must be of a field's form."""
FEW = 3
"""Fewer different symbols than this could be anything."""


@dataclass(frozen=True)
class Looks:
    """A column whose values are of a field's form: `like` of the `of` different texts that were read."""

    column: str
    like: int
    of: int


def unread(table: SourceTable, columns: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Look at nothing."""
    return {}


def looking(source: Source, encoding: str | None) -> Look:
    """Return a look into a source: only its first rows, and what cannot be read is as if it were not there."""

    def look(table: SourceTable, columns: Sequence[str]) -> Mapping[str, Sequence[str]]:
        try:
            with closing(read_table(source, table.name, columns)) as batches:
                first = next(batches, None)
            if first is None:
                return {}
            rows = first.slice(0, ROWS)
            return {column: words(rows.column(column), encoding).texts[:TEXTS] for column in columns}
        except Refused:
            return {}

    return look


def telling(spec: FieldSpec, catalogue: Catalogue) -> Callable[[str], bool] | None:
    """Return what knows the values of a field by their form; None for a field whose values could be anything."""
    if spec.pattern:
        pattern = compiled(spec.pattern)
        return lambda text: pattern.fullmatch(text) is not None
    if spec.table:
        symbols = catalogue.tables[spec.table]
        return lambda text: bool(letters(text)) and symbols.uses(text, None) is not None
    return None


def column_of(
    spec: FieldSpec, catalogue: Catalogue, table: SourceTable, used: Iterable[str], look: Look
) -> Looks | None:
    """Return the one column that holds a field's values by their form; None when none does, or several do."""
    judge = telling(spec, catalogue)
    texts = {name for name, kind in table.columns.items() if kind.startswith("str") and not is_personal(name)}
    asked = [name for name in table.columns if name in texts - set(used)][:COLUMNS]
    if judge is None or not asked:
        return None
    enough = 1 if spec.pattern else FEW
    seen = {column: Looks(column, sum(map(judge, said)), len(said)) for column, said in look(table, asked).items()}
    fits = [one for one in seen.values() if one.of >= enough and one.like >= ENOUGH * one.of]
    return fits[0] if len(fits) == 1 else None
