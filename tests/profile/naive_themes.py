"""A layer as a naive computation reads it: cells in lists, shapes in one array, rows asked one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_sites.catalogue import Layer, Where
from gis_sites.profile.coverage import Cover


@dataclass(frozen=True)
class Theme:
    """A layer as read: its rows' cells and shapes, and where it speaks."""

    layer: Layer
    cells: Mapping[str, Sequence[Any]]
    shapes: npt.NDArray[np.object_]
    cover: Cover

    @cached_property
    def dimension(self) -> npt.NDArray[Any]:
        found = shapely.get_dimensions(self.shapes)
        found[shapely.is_empty(self.shapes)] = -1
        return found

    @cached_property
    def named(self) -> dict[str, list[int]]:
        """The rows that name a parcel."""
        found: dict[str, list[int]] = {}
        for row, cell in enumerate(self.cell(self.layer.parcels) if self.layer.parcels else ()):
            for one in dict.fromkeys((cell or "").replace(",", " ").replace(";", " ").split()):
                found.setdefault(one, []).append(row)
        return found

    @cached_property
    def known(self) -> dict[Any, Any]:
        """What does not depend on the site, by what it is."""
        return {}

    def cell(self, name: str) -> Sequence[Any]:
        return self.cells.get(name) or [None] * len(self.shapes)

    def ordered(self, rows: set[int]) -> npt.NDArray[np.intp]:
        """Return rows in order, made once a set (which is held with it): every site asks for the same ones."""
        if id(rows) not in self.known:
            self.known[id(rows)] = rows, np.array(sorted(rows), dtype=np.intp)
        found: npt.NDArray[np.intp] = self.known[id(rows)][1]
        return found

    def fitting(self, where: Where) -> tuple[set[int], set[int]]:
        """Return the rows that surely and maybe match."""
        if str(where) not in self.known:
            self.known[str(where)] = self._fitting(where)
        found: tuple[set[int], set[int]] = self.known[str(where)]
        return found

    def _fitting(self, where: Where) -> tuple[set[int], set[int]]:
        sure, maybe = set(range(len(self.shapes))), set(range(len(self.shapes)))
        for name, codes in where.items():
            open_ = self.layer.fields[name].empty == "unknown"
            for row, cell in enumerate(self.cell(name)):
                hit = "unknown" in codes if cell is None else cell in codes
                sure -= set() if hit else {row}
                maybe -= set() if hit or (cell is None and open_) else {row}
        return sure, maybe

    def ranks(self, name: str) -> dict[Any, float]:
        field = self.layer.fields[name]
        known = {cell for cell in self.cell(name) if cell is not None}
        if field.type in {"number", "date"}:
            return {cell: float(day(cell)) for cell in known}
        return {cell: float(field.allowed.index(cell)) if cell in field.allowed else -1.0 for cell in known}


def day(cell: Any) -> Any:
    return (cell - date(1970, 1, 1)).days if isinstance(cell, date) else cell
