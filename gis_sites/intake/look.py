"""A look at rows that come beside their neighbours: overlaps, gaps, the same geometry again; in a thread or a child."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import shapely

from gis_sites.ahead import ahead
from gis_sites.intake import borders
from gis_sites.intake.around import Around, Beside, Coming
from gis_sites.intake.batch import Bools, Objects
from gis_sites.intake.borders import Borders
from gis_sites.intake.tiles import Bounds, Tile

OVERLAP, GAP, SHARED = "overlap", "gap", "geometry_shared"
KEPT = 1_000
"""Cases of one kind that are kept one by one, the largest; of all the rest only the number."""
TILE = 8_000
"""Rows looked at together."""
CROWD = 10 * TILE
"""More rows than this in one place, where tiles cannot be smaller, are a heap."""
BOX = 16
"""Bytes of a box."""


class Met(NamedTuple):
    """Rows that meet as they should not: how much, the row it is told of, the others, where (WKB, hex), its part."""

    size: float
    row: int
    others: tuple[int, ...]
    where: str
    part: str
    width: float | None = None


@dataclass
class Largest:
    """How often something was met, by part, and the largest cases."""

    count: Counter[str] = field(default_factory=Counter)
    cases: list[Met] = field(default_factory=list)

    def add(self, met: Met) -> None:
        """Count a case; keep it if it is among the largest."""
        self.count[met.part] += 1
        if len(self.cases) < KEPT:
            heappush(self.cases, met)
        else:
            heappushpop(self.cases, met)


@dataclass
class Found:
    """What one look met, by kind; and the heaps that were not compared: how many rows, where (WKB, hex)."""

    met: dict[str, Largest] = field(default_factory=lambda: {kind: Largest() for kind in (OVERLAP, GAP, SHARED)})
    heaps: list[tuple[int, str]] = field(default_factory=list)

    def say(self) -> str:
        """Write it as JSON."""
        met = {kind: {"count": one.count, "cases": one.cases} for kind, one in self.met.items()}
        return json.dumps({"met": met, "heaps": self.heaps})

    @classmethod
    def heard(cls, said: str | bytes) -> "Found":
        """Read it from JSON."""
        table = json.loads(said)
        met = {
            kind: Largest(
                Counter(one["count"]),
                [Met(size, row, tuple(others), *rest) for size, row, others, *rest in one["cases"]],
            )
            for kind, one in table["met"].items()
        }
        return cls(met, [(rows, where) for rows, where in table["heaps"]])


class Look:
    """One look: what was met so far."""

    def __init__(self, around: Around, *, across: bool, told: Callable[[int, int], None]) -> None:
        self.around = around
        self.across = across
        self.told = told
        self.found = Found()
        self.repeats: set[int] = set()

    def for_repetitions(self) -> None:
        """Find rows that repeat the geometry of another; where only a few are kept, those are the first."""
        for one in self.around.alike(across=self.across):
            self.repeats.add(one.row)
            self.found.met[SHARED].add(Met(-float(one.row), one.row, (one.former,), one.wkb.hex(), one.part))

    def in_tiles(self) -> None:
        """Look at tile after tile for overlaps and gaps, and tell how far it is."""
        tiles = self.around.tiles(TILE)
        # Three hands: one reads a tile, one sorts the sides of the tile before, and this one compares.
        reading = ahead(self._read(box) for _, box in tiles)
        with closing(reading), closing(ahead(map(_sided, reading))) as sided:
            for done, ((tile, _), groups) in enumerate(zip(tiles, sided, strict=True), start=1):
                for rows, sides in groups:
                    self._try(rows, sides, tile)
                self.told(done, len(tiles))

    def _read(self, box: Bounds) -> list[Beside]:
        """Read the rows in and around a box; those that are not to be compared apart from each other."""
        west, south, east, north = np.array(box) + np.array([-1, -1, 1, 1]) * borders.GAP_M
        rows = self.around.beside((west, south, east, north), CROWD + 1)
        return [rows] if self.across else _by_part(rows)

    def _try(self, rows: Beside, sides: Borders | None, tile: Tile) -> None:
        try:
            if sides is None:
                raise borders.Heap
            self._meet(rows, sides, tile)
        except borders.Heap:
            where = shapely.box(*shapely.total_bounds(rows.geometry))
            self.found.heaps.append((len(rows.row), shapely.to_wkb(where, hex=True)))

    def _meet(self, rows: Beside, sides: Borders, tile: Tile) -> None:
        """Look at the rows around one tile; what is met is told by the tile that owns where it begins."""
        mine = rows.row < len(self.around)
        over = borders.overlaps(rows.geometry, sides)
        left, right = rows.geometry[over.left], rows.geometry[over.right]
        corner = np.maximum(shapely.bounds(left), shapely.bounds(right))
        told = tile.owns(corner[:, 0], corner[:, 1]) & (mine[over.left] | mine[over.right])
        same = _same(left, right)
        for at in np.flatnonzero(told & ~same).tolist():
            pair = int(over.left[at]), int(over.right[at])
            self.found.met[OVERLAP].add(_met(rows, mine, pair, over.shared[at], float(over.area[at])))
        for at in np.flatnonzero(told & same & ~(mine[over.left] & mine[over.right])).tolist():
            self._repeats_what_stays(rows, mine, (int(over.left[at]), int(over.right[at])))
        for gap in borders.gaps(rows.geometry, sides, tile.owns):
            if mine[list(gap.beside)].any():
                met = _met(rows, mine, gap.beside, gap.shape, gap.area)
                self.found.met[GAP].add(met._replace(width=gap.width))

    def _repeats_what_stays(self, rows: Beside, mine: Bools, pair: tuple[int, int]) -> None:
        """Tell of a row with the geometry of one that stays, once; rows that come are compared already."""
        met = _met(rows, mine, pair, rows.geometry[pair[0]], 0.0)
        if met.row not in self.repeats:
            self.repeats.add(met.row)
            self.found.met[SHARED].add(met._replace(size=-float(met.row)))


def look(around: Around, told: Callable[[int, int], None], *, across: bool, tiled: bool) -> Found:
    """Look for repetitions and, where rows must not overlap (`tiled`), for overlaps and gaps."""
    one = Look(around, across=across, told=told)
    one.for_repetitions()
    if tiled:
        one.in_tiles()
    return one.found


def _sided(groups: list[Beside]) -> list[tuple[Beside, Borders | None]]:
    """Find the sides of groups of rows; None of a crowd, which is not compared."""
    return [(rows, None if len(rows.row) > CROWD else borders.borders(rows.geometry)) for rows in groups]


def _by_part(rows: Beside) -> list[Beside]:
    masks = [rows.part == part for part in sorted(set(rows.part.tolist()))]
    return [Beside(rows.row[mask], rows.part[mask], rows.geometry[mask]) for mask in masks]


def _same(left: Objects, right: Objects) -> Bools:
    """Say which pairs are the very same geometry, wherever their rings begin: those are told as repetitions."""
    same: Bools = np.isclose(shapely.area(left), shapely.area(right), rtol=1e-9, atol=0)
    same[same] = shapely.equals_identical(shapely.normalize(left[same]), shapely.normalize(right[same]))
    return same


def _met(rows: Beside, mine: Bools, places: tuple[int, ...], where: shapely.Geometry, size: float) -> Met:
    """Return a case: it is told of the first row that comes."""
    teller = next(place for place in places if mine[place])
    others = tuple(int(rows.row[place]) for place in places if place != teller)
    return Met(size, int(rows.row[teller]), others, shapely.to_wkb(where, hex=True), str(rows.part[teller]))


# --- handed to a child process ---


def hand_over(coming: Coming, path: Path, *, across: bool, tiled: bool) -> None:
    """Write down what a child is to look at."""
    unions = [{place: wkb.hex() for place, wkb in one.items()} for one in coming.unions]
    task = {"paths": [str(one) for one in coming.paths], "unions": unions, "across": across, "tiled": tiled}
    boxes = pa.py_buffer(np.ascontiguousarray(coming.bounds))
    box = pa.FixedSizeBinaryArray.from_buffers(pa.binary(BOX), len(coming), [None, boxes])
    table = pa.table({"place": coming.place, "spool": coming.spool, "box": box, "part": coming.part})
    table = table.replace_schema_metadata({"task": json.dumps(task)})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def handed_over(path: Path) -> tuple[Coming, dict[str, Any]]:
    """Read what to look at, and how."""
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    task = json.loads(table.schema.metadata[b"task"])
    unions = [{int(place): bytes.fromhex(wkb) for place, wkb in one.items()} for one in task.pop("unions")]
    coming = Coming(
        table["place"].to_numpy(),
        table["spool"].to_numpy(),
        np.frombuffer(table["box"].combine_chunks().buffers()[1], np.float32, 4 * len(table)).reshape(-1, 4),
        table["part"].combine_chunks(),
        [Path(one) for one in task.pop("paths")],
        unions,
    )
    return coming, task
