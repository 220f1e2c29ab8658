"""What the steps of one load need to know: one table into one layer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pyproj

from gis_sites.catalogue import Layer
from gis_sites.intake.crs import System
from gis_sites.intake.fit import Fit
from gis_sites.intake.source import SourceTable
from gis_sites.intake.tally import Tally
from gis_sites.symbols import SymbolTable

ALL = "all"
TABLE = "table"
NO_PART = "unknown"
"""The part of rows whose part nobody names."""


@dataclass(frozen=True)
class Loading:
    """One load."""

    layer: Layer
    table: SourceTable
    fit: Fit
    tally: Tally
    working: pyproj.CRS
    srid: int
    """The number the database knows the working system by."""
    crs: System | None
    part: str | None = None
    """The part stated for the whole table."""
    encoding: str | None = None
    symbols: Mapping[str, SymbolTable] = field(default_factory=dict)

    @cached_property
    def filled(self) -> frozenset[str]:
        """The fields that can hold anything."""
        return self.fit.fields(self.layer)

    @property
    def keyed(self) -> bool:
        """Whether rows have keys of their own; else they are compared as a multiset."""
        return bool(self.layer.key_fields) and set(self.layer.key_fields) <= self.filled

    @property
    def fixed_part(self) -> str | None:
        """The part of every row, None where a field tells."""
        if self.part is not None:
            return self.part
        if self.layer.part == ALL:
            return ALL
        return self.table.name if self.layer.part == TABLE or self.layer.part not in self.filled else None

    @property
    def named(self) -> bool:
        """Whether its parts are named ones: by --part or by a field, not `all` and not a table."""
        return self.part is not None or self.layer.part not in {ALL, TABLE}

    @cached_property
    def asked(self) -> tuple[str, ...]:
        """The fields that rows are chosen by, here or in a measure."""
        where = {name for spec in self.layer.attributes.values() for name in spec.where}
        return tuple(name for name in self.layer.fields if name in {*self.layer.rows.take, *where})

    def place(self, name: str) -> str:
        """Return what a finding about a field calls it: the column, where there is one."""
        return self.fit.columns.get(name, name)
