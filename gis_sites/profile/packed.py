"""Features as they wait and travel: their pieces as well-known binary, a quarter of the memory of geometries."""

import ctypes
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from gis_sites.columns import Rows
from gis_sites.profile.features import Features, Mask


@dataclass(frozen=True, eq=False)
class Packed(Features):
    """Rows of a layer whose `faces` and `edges` are bytes; their boxes are known beforehand."""

    def __getstate__(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def keep(self, faces: Mask, edges: Mask) -> "Packed":
        """Return the rows and pieces that remain when only some pieces are kept."""
        kept = super().keep(faces, edges)
        return Packed(**{one.name: getattr(kept, one.name) for one in fields(kept)})

    def unpacked(self) -> Features:
        """Return the same with geometries, to the last bit."""
        faces, edges = shapely.from_wkb(self.faces), shapely.from_wkb(self.edges)
        return Features(self.table, self.dimension, faces, self.face_row, edges, self.edge_row)


def packed(parts: Iterable[Features]) -> Packed:
    """Pack features that come in parts, in the order of rows, so that only one part is held as geometries."""
    tables, arrays, first = [], [], 0
    for part in parts:
        tables.append(part.table)
        arrays.append(_packed(part, first))
        first += len(part)
    dimension, faces, face_row, edges, edge_row, face_bounds, edge_bounds = (
        np.concatenate(several) for several in zip(*arrays, strict=True)
    )
    whole = Packed(pa.concat_tables(tables).combine_chunks(), dimension, faces, face_row, edges, edge_row)
    # Their boxes can no longer be asked of the pieces themselves.
    vars(whole).update(face_bounds=face_bounds, edge_bounds=edge_bounds)
    return whole


def _packed(part: Features, first: int) -> tuple[Any, ...]:
    rows: tuple[Rows, Rows] = part.face_row + first, part.edge_row + first
    pieces = shapely.to_wkb(part.faces), shapely.to_wkb(part.edges)
    return part.dimension, pieces[0], rows[0], pieces[1], rows[1], part.face_bounds, part.edge_bounds


def let_go() -> None:
    """Give memory that is free back to the system: reading leaves as much of it as what was read takes."""
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):  # it is glibc's own
        ctypes.CDLL(None).malloc_trim(0)
