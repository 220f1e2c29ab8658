"""Rows on their way through an import, some thousands at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
Objects = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows as the steps pass them on; every array has one entry a row."""

    row: Numbers
    """The row of the source table."""
    source: pa.RecordBatch
    """The cells as the file has them; dropped once they are fields."""
    geometry: Objects
    """WKB as the file has it; once it is made right, shapes."""
    repaired: Bools
    rejected: Bools
    parsed: Objects
    """The shapes GEOS reads of the file's WKB, None where it reads none; the slow half of looking at a row."""
    valid: Bools
    """Which of them are valid."""
    cells: Mapping[str, pa.Array] = field(default_factory=dict)
    """The stored columns."""
    empty: Mapping[str, Bools] = field(default_factory=dict)
    """Where the cell of a field that rows are chosen by says nothing."""
    key: Objects = field(default_factory=lambda: np.empty(0, dtype=object))
    part: Objects = field(default_factory=lambda: np.empty(0, dtype=object))

    def __len__(self) -> int:
        return len(self.row)

    def keep(self, mask: Bools) -> "Batch":
        """Return the rows of a mask."""
        if mask.all():
            return self
        chosen = pa.array(mask)
        return replace(
            self,
            row=self.row[mask],
            source=self.source.filter(chosen),
            geometry=self.geometry[mask],
            repaired=self.repaired[mask],
            rejected=self.rejected[mask],
            parsed=self.parsed[mask],
            valid=self.valid[mask],
            cells={name: cells.filter(chosen) for name, cells in self.cells.items()},
            empty={name: cells[mask] for name, cells in self.empty.items()},
            key=self.key[mask] if len(self.key) else self.key,
            part=self.part[mask] if len(self.part) else self.part,
        )


def arrived(source: pa.RecordBatch) -> Batch:
    """Make a batch from what the child process read, its geometry parsed but not looked at."""
    n = source.num_rows
    names = source.schema.names
    geometry: Objects = np.full(n, None, dtype=object)
    if "__wkb" in names:
        geometry[:] = source.column(names.index("__wkb")).to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):  # a coordinate that is no number is noticed when rows are repaired
        parsed: Objects = shapely.from_wkb(geometry, on_invalid="ignore")
        valid: Bools = shapely.is_valid(parsed)
    row = source.column(names.index("__row")).to_numpy(zero_copy_only=False).astype(np.int64)
    return Batch(row, source, geometry, np.zeros(n, dtype=bool), np.zeros(n, dtype=bool), parsed, valid)


def cells_of(batch: Batch, column: str) -> pa.Array:
    """Return a column of the source by name, exactly as spelt."""
    return batch.source.column(batch.source.schema.names.index(column))


class Filled:
    """An array that is filled batch by batch: joining batches at the end would take its size once more."""

    def __init__(self, kind: type[np.generic], most: int, *width: int) -> None:
        self._held: npt.NDArray[Any] = np.empty((most, *width), dtype=kind)
        self._count = 0

    def add(self, values: npt.NDArray[Any]) -> None:
        """Put values behind those there are."""
        end = self._count + len(values)
        if end > len(self._held):
            more = np.empty((2 * end, *self._held.shape[1:]), dtype=self._held.dtype)
            more[: self._count] = self._held[: self._count]
            self._held = more
        self._held[self._count : end] = values
        self._count = end

    @property
    def values(self) -> npt.NDArray[Any]:
        """What was put in."""
        return self._held[: self._count]
