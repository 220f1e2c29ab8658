"""The ground between blocks: local streets, main streets, the railway, crossings, and the river under the bridges."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats
from gis_sites.demo.blocks import Blocks
from gis_sites.demo.districts import Districts, Kind
from gis_sites.demo.rings import Ints, Range, Rings, from_ranges, reverse

LOCAL, MAIN, CROSSING, RAIL_BRIDGE = 0, 1, 2, 3
FREE = 17
"""Corners along a side of a district that is not built: enough for a street beside it to bend."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a street: its ring, what it is, its box on the board, whether it runs along x, and its district."""

    ring: list[Range]
    kind: Kind
    level: int
    box: Box
    flat: bool
    place: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Streets:
    """Every piece of street, railway and bridged river, one a row of these arrays."""

    rings: Rings
    kind: npt.NDArray[np.int8]
    level: npt.NDArray[np.int8]
    box: Floats
    flat: npt.NDArray[np.bool_]
    district: Ints
    serves: npt.NDArray[np.int8]
    """The kind of the district a local street lies in; of a main street, of the district on its low side."""

    def __len__(self) -> int:
        return len(self.kind)


class _Board:
    """Where the corners of districts are, whether built or not."""

    def __init__(self, districts: Districts, blocks: Blocks) -> None:
        self.districts, self.blocks = districts, blocks
        self.width, self.height = districts.shape

    def has(self, i: int, j: int) -> bool:
        return 0 <= i < self.width and 0 <= j < self.height and self.districts.inside(i, j)

    def side(self, i: int, j: int, where: str) -> list[Range]:
        """Return a district's side, south and north from the west, west and east from the south."""
        if not self.has(i, j):
            return self._free(i, j, where)
        first, columns, rows = self.blocks.grid[i, j]
        numbers = {
            "south": [first + k * rows for k in range(columns)],
            "north": [first + k * rows + rows - 1 for k in range(columns)],
            "west": [first + row for row in range(rows)],
            "east": [first + (columns - 1) * rows + row for row in range(rows)],
        }[where]
        return [self.blocks.side(number, where) for number in numbers]

    def _free(self, i: int, j: int, where: str) -> list[Range]:
        first = self.blocks.corners + 4 * FREE * (i * self.height + j)
        south, north, west, east = (first + FREE * side for side in range(4))
        if where in {"south", "north"}:
            return [(south if where == "south" else north, 1, FREE)]
        # The ends are corners of the other two sides, so that all streets around hold the same ones.
        middle, end = (west, 0) if where == "west" else (east, FREE - 1)
        return [(south + end, 1, 1), (middle + 1, 1, FREE - 2), (north + end, 1, 1)]

    def corner(self, i: int, j: int, where: str) -> Range:
        """Return one corner of a district: `sw`, `se`, `ne` or `nw`."""
        ranges = self.side(i, j, "south" if where[0] == "s" else "north")
        start, step, count = ranges[0] if where[1] == "w" else ranges[-1]
        return (start if where[1] == "w" else start + step * (count - 1), 1, 1)


def free_corners(districts: Districts) -> Floats:
    """Return spare corners for the sides of districts: south, north, west and east, `FREE` each."""
    (x0, x1), (y0, y1) = districts.columns.T[:, :, None], districts.rows.T[:, :, None]
    width, height = districts.shape
    steps = np.linspace(0.0, 1.0, FREE)
    along, up = x0 + (x1 - x0) * steps, y0 + (y1 - y0) * steps
    points = np.empty((width, height, 4, FREE, 2))
    for side, (x, y) in enumerate(((along, y0), (along, y1), (x0, up), (x1, up))):
        points[:, :, side, :, 0] = x[:, None, :]
        points[:, :, side, :, 1] = y[None, :, :]
    return points.reshape(-1, 2)


def lay_streets(districts: Districts, blocks: Blocks) -> Streets:
    """Lay every street between and within the districts of the city."""
    board = _Board(districts, blocks)
    pieces = [*_local(board), *_vertical(board), *_horizontal(board), *_crossings(board)]
    return Streets(
        from_ranges(piece.ring for piece in pieces),
        np.array([piece.kind for piece in pieces], dtype=np.int8),
        np.array([piece.level for piece in pieces], dtype=np.int8),
        np.array([piece.box for piece in pieces]),
        np.array([piece.flat for piece in pieces]),
        np.array([piece.place[0] * board.height + piece.place[1] for piece in pieces]),
        districts.kind[[piece.place[0] for piece in pieces], [piece.place[1] for piece in pieces]],
    )


def count_pieces(districts: Districts, blocks: Blocks) -> int:
    """Count the pieces `lay_streets` would lay, without laying them."""
    inside = districts.kind != Kind.OUTSIDE
    local = sum(columns * (rows - 1) + columns - 1 for _, columns, rows in blocks.grid.values())
    upright = inside[:-1] | inside[1:]
    level = inside[:, :-1] | inside[:, 1:]
    crossings = upright[:, :-1] | upright[:, 1:]
    bridges = 2 * int(upright[:, districts.river].sum())
    return local + int(upright.sum()) + bridges + int(level.sum()) + int(crossings.sum())


def _loop(forth: list[Range], back: list[Range]) -> list[Range]:
    return [*forth, *(reverse(one) for one in reversed(back))]


def _local(board: _Board) -> Iterator[Piece]:
    blocks = board.blocks
    for place, (first, columns, rows) in blocks.grid.items():
        for k in range(columns):
            column = range(first + k * rows, first + (k + 1) * rows)
            for low, high in pairwise(column):
                ring = _loop([blocks.side(low, "north")], [blocks.side(high, "south")])
                x0, x1, _, y0 = blocks.box[low]
                yield Piece(ring, Kind.STREET, LOCAL, (x0, x1, y0, blocks.box[high][2]), True, place)
            if k + 1 < columns:
                ring = _loop(
                    [blocks.side(number, "east") for number in column],
                    [blocks.side(number + rows, "west") for number in column],
                )
                _, x0, y0, _ = blocks.box[column[0]]
                box = (x0, blocks.box[first + (k + 1) * rows][0], y0, blocks.box[column[-1]][3])
                yield Piece(ring, Kind.STREET, LOCAL, box, False, place)


def _vertical(board: _Board) -> Iterator[Piece]:
    columns, rows = board.districts.columns, board.districts.rows
    for i in range(board.width - 1):
        kind = Kind.RAIL if i == board.districts.rail else Kind.STREET
        for j in range(board.height):
            if not (board.has(i, j) or board.has(i + 1, j)):
                continue
            place = (i, j) if board.has(i, j) else (i + 1, j)
            west, east = board.side(i, j, "east"), board.side(i + 1, j, "west")
            box = (columns[i, 1], columns[i + 1, 0], rows[j, 0], rows[j, 1])
            if j == board.districts.river:
                yield from _bridge(west[0], east[0], kind, box, place)
            else:
                yield Piece(_loop(west, east), kind, MAIN, box, False, place)


def _bridge(west: Range, east: Range, kind: Kind, box: Box, place: tuple[int, int]) -> Iterator[Piece]:
    """Cut a corridor where the river passes: the middle piece is the river's."""
    steps = np.linspace(box[2], box[3], 4)
    third = (west[2] - 1) // 3
    for row, what in enumerate((kind, Kind.RIVER, kind)):
        left = (west[0] + row * third * west[1], west[1], third + 1)
        right = (east[0] + row * third * east[1], east[1], third + 1)
        part = (box[0], box[1], float(steps[row]), float(steps[row + 1]))
        level = RAIL_BRIDGE if what != kind and kind == Kind.RAIL else MAIN
        yield Piece(_loop([left], [right]), what, level, part, False, place)


def _horizontal(board: _Board) -> Iterator[Piece]:
    columns, rows = board.districts.columns, board.districts.rows
    for i in range(board.width):
        for j in range(board.height - 1):
            if board.has(i, j) or board.has(i, j + 1):
                place = (i, j) if board.has(i, j) else (i, j + 1)
                ring = _loop(board.side(i, j, "north"), board.side(i, j + 1, "south"))
                box = (columns[i, 0], columns[i, 1], rows[j, 1], rows[j + 1, 0])
                yield Piece(ring, Kind.STREET, MAIN, box, True, place)


def _crossings(board: _Board) -> Iterator[Piece]:
    columns, rows = board.districts.columns, board.districts.rows
    for i in range(board.width - 1):
        for j in range(board.height - 1):
            around = ((i, j, "ne"), (i + 1, j, "nw"), (i + 1, j + 1, "sw"), (i, j + 1, "se"))
            inside = [(a, b) for a, b, _ in around if board.has(a, b)]
            if inside:
                box = (columns[i, 1], columns[i + 1, 0], rows[j, 1], rows[j + 1, 0])
                ring = [board.corner(*corner) for corner in around]
                yield Piece(ring, Kind.STREET, CROSSING, box, True, inside[0])
