"""What lies around a place: rows that a load brings, from where they wait, and rows that stay, from wherever they are.

All of it is there before the new revision is, so neighbours are looked at while that is written.
"""

import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_sites.intake.batch import Bools, Numbers, Objects
from gis_sites.intake.tiles import CELL_M, Bounds, Tile, tiles

GEOM = "geom"
"""The column of a waiting row's geometry: EWKB, MULTI."""
HEAD = 13
"""Bytes before the first part of a MULTI with a system: byte order, type, system, number of parts."""
LONGEST = 1 << 31
"""More than the bytes of any geometry: a slice to no stated end fails in Arrow."""
SOME = 10_000
"""Rows whose geometries are compared at a time."""
Floats = npt.NDArray[np.float64]


class Beside(NamedTuple):
    """The rows in a box: their numbers, their parts and geometries."""

    row: Numbers
    part: npt.NDArray[np.object_]
    geometry: Objects


class Alike(NamedTuple):
    """A row, the former row whose geometry it repeats, its part, and that geometry."""

    row: int
    former: int
    part: str
    wkb: bytes


class Staying(Protocol):
    """The rows of a layer that a load leaves as they are, by their numbers in the revision before."""

    def cells(self, cell_m: float) -> Numbers:
        """Count them by square: column, row, count: [n, 3]."""

    def beside(self, bounds: Bounds, most: int) -> Beside:
        """Return at most so many in a box, in order."""


@dataclass(frozen=True, eq=False)
class Coming:
    """The rows that come, in the order of their numbers; where their geometries wait, by spool."""

    place: Numbers
    spool: npt.NDArray[np.int16]
    bounds: npt.NDArray[np.float32]
    """Boxes: x0, y0, x1, y1; of none, NaN."""
    part: pa.DictionaryArray
    paths: Sequence[Path]
    unions: Sequence[Mapping[int, bytes]]
    """By spool: the geometries of joined rows, by place."""

    def __len__(self) -> int:
        return len(self.place)


class Around:
    """The rows that come; then, numbered on, those that stay."""

    def __init__(self, coming: Coming, staying: Staying | None = None) -> None:
        self.coming = coming
        self.staying = staying
        self.drawn = [_Drawn(*one) for one in zip(coming.paths, coming.unions, strict=True)]

    def __len__(self) -> int:
        return len(self.coming)

    def tiles(self, most: int) -> list[tuple[Tile, Bounds]]:
        """Divide the plane into tiles of no more rows than `most`; say where to look in each."""
        drawn = ~np.isnan(self.coming.bounds[:, 0])
        boxes: Floats = self.coming.bounds[drawn].astype(np.float64)
        squares, count = np.unique(np.floor(boxes[:, :2] / CELL_M).astype(np.int64), axis=0, return_counts=True)
        counted = np.column_stack([squares, count])
        if self.staying:
            counted = np.concatenate([counted, self.staying.cells(CELL_M)])
        return tiles(counted, boxes, most=most)

    def beside(self, bounds: Bounds, most: int) -> Beside:
        """Return at most so many rows whose boxes meet a box, in the order of their numbers."""
        x0, y0, x1, y1 = self.coming.bounds.T
        west, south, east, north = (np.float64(one) for one in bounds)
        mine = np.flatnonzero((x0 <= east) & (x1 >= west) & (y0 <= north) & (y1 >= south))[:most]
        new = Beside(mine, self._parts(mine), self._shapes(mine))
        if self.staying is None or len(mine) == most:
            return new
        row, part, geometry = self.staying.beside(bounds, most - len(mine))
        return Beside(
            np.concatenate([mine, row + len(self)]),
            np.concatenate([new.part, part]),
            np.concatenate([new.geometry, geometry]),
        )

    def alike(self, *, across: bool) -> Iterator[Alike]:
        """Yield the rows that repeat the geometry of a former row of the load, of their part or across parts."""
        first: dict[tuple[str, bytes], int] = {}
        same_box = self._same_boxes()
        for start in range(0, len(same_box), SOME):
            some = same_box[start : start + SOME]
            written = shapely.to_wkb(shapely.normalize(self._shapes(some)))
            for row, part, wkb in zip(some.tolist(), self._parts(some).tolist(), written, strict=True):
                where = "" if across else part
                former = first.setdefault((where, blake2b(wkb, digest_size=16).digest()), row)
                if former != row:
                    yield Alike(row, former, part, wkb)

    def _same_boxes(self) -> Numbers:
        """Return the rows that share their box with another, in order."""
        drawn = np.flatnonzero(~np.isnan(self.coming.bounds[:, 0]))
        low, high = np.ascontiguousarray(self.coming.bounds[drawn]).view(np.uint64).T
        # Boxes that agree in this number by chance are told apart by their geometries.
        mixed = (low * np.uint64(0x9E3779B97F4A7C15)) ^ (high * np.uint64(0xC2B2AE3D27D4EB4F) >> np.uint64(7))
        order = np.argsort(mixed)
        same = np.diff(mixed[order]) == 0
        return np.sort(drawn[order[np.append(same, False) | np.append(False, same)]]) if len(drawn) else drawn

    def _parts(self, rows: Numbers) -> npt.NDArray[np.object_]:
        named: npt.NDArray[np.object_] = (
            self.coming.part.take(pa.array(rows)).cast(pa.string()).to_numpy(zero_copy_only=False)
        )
        return named

    def _shapes(self, rows: Numbers) -> Objects:
        found: Objects = np.full(len(rows), None, dtype=object)
        for number, drawn in enumerate(self.drawn):
            mine = self.coming.spool[rows] == number
            found[mine] = drawn.take(self.coming.place[rows[mine]])
        return found


class _Drawn:
    """The geometries of one spool, by place: the file is mapped, and pages that were read are let go."""

    def __init__(self, path: Path, unions: Mapping[int, bytes]) -> None:
        self.unions = unions
        self.batches: list[pa.BinaryArray] = []
        if path.stat().st_size:
            with path.open("rb") as file:
                self.pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            with pa.ipc.open_stream(pa.py_buffer(self.pages)) as stream:
                self.batches = [batch.column(GEOM) for batch in stream]
        self.starts = np.cumsum([0, *map(len, self.batches)])

    def take(self, places: Numbers) -> Objects:
        """Return the geometries at some places."""
        order = np.argsort(places, kind="stable")
        ends = np.searchsorted(places[order], self.starts)
        found: Objects = np.full(len(places), None, dtype=object)
        for at in np.flatnonzero(np.diff(ends)).tolist():
            mine = order[ends[at] : ends[at + 1]]
            wkb = _single(self.batches[at].take(pa.array(places[mine] - self.starts[at])))
            found[mine] = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False))
        for place in np.flatnonzero(np.isin(places, list(self.unions))).tolist():
            found[place] = shapely.from_wkb(self.unions[int(places[place])])
        if self.batches:
            self.pages.madvise(mmap.MADV_DONTNEED)
        return found


def _single(wkb: pa.BinaryArray) -> pa.BinaryArray:
    """Take the MULTI and the system off geometries of one part: GEOS reads plain ones in half the time."""
    multi: Bools = pc.equal(pc.binary_slice(wkb, HEAD - 4, HEAD), b"\x01\x00\x00\x00").to_numpy(zero_copy_only=False)
    return pc.if_else(pa.array(multi), pc.binary_slice(wkb, HEAD, LONGEST), wkb)
