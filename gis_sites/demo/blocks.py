"""Streets and blocks: each district is cut into blocks by its local streets, each block is a lattice of corners.

The lattices are the only points there are: parcels, plan zones and streets are rings over them.
"""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats, ragged
from gis_sites.demo.districts import Districts, Kind
from gis_sites.demo.rings import Ints, Range


@dataclass(frozen=True)
class Manner:
    """How a kind of district is cut, in metres: its blocks, depth and frontage of a parcel, width of a street."""

    block: tuple[float, float]
    depth: float
    lot: tuple[float, float]
    street: float
    jitter: float = 0.1
    turned: float = 0.0


MANNERS = {
    Kind.OLD: Manner((96, 62), 31, (11, 21), 8, jitter=0.2, turned=0.35),
    Kind.HOUSES: Manner((190, 70), 35, (20, 31), 10, jitter=0.1, turned=0.15),
    Kind.FLATS: Manner((190, 150), 75, (35, 80), 13, turned=0.3),
    Kind.SERVICES: Manner((190, 150), 120, (60, 140), 13),
    Kind.INDUSTRY: Manner((430, 330), 165, (110, 260), 16, turned=0.4),
    Kind.STRIPS: Manner((640, 900), 390, (15, 40), 6, jitter=0.05, turned=0.3),
    Kind.FOREST: Manner((420, 420), 300, (200, 420), 7),
    Kind.RIVER: Manner((5000, 5000), 80, (140, 320), 6),
    Kind.PARK: Manner((5000, 260), 260, (150, 400), 8),
}
STEP_M = 55.0
"""The longest side without a corner."""
SHARED = (Kind.OLD, Kind.HOUSES, Kind.FLATS)
SPECIAL = 0.06
"""Share of their blocks that a church, a school, a clinic or a shop takes whole."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Blocks, one a row of these arrays.

    A block is `cuts` x `rows` parcels on a lattice of `wide` x `tall` steps, of which each parcel takes the same
    number; long sides have corners on the way, so that they bend with the street. `base` is its first corner.
    `turned`: the parcels' fronts run along y, not x. `grid[i, j]` is (first block, columns, rows) of a district.
    """

    box: Floats
    kind: npt.NDArray[np.int8]
    district: Ints
    cuts: Ints
    rows: Ints
    wide: Ints
    tall: Ints
    turned: npt.NDArray[np.bool_]
    base: Ints
    grid: dict[tuple[int, int], tuple[int, int, int]]

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def cells(self) -> int:
        """How many parcels there are if each is one cell of a lattice."""
        return int((self.cuts * self.rows).sum())

    @property
    def corners(self) -> int:
        """How many points all lattices have."""
        return int(((self.wide + 1) * (self.tall + 1)).sum())

    def side(self, block: int, where: str) -> Range:
        """Return the corners of a block's side: `south` and `north` west to east, `west` and `east` south to north."""
        base, wide, tall = int(self.base[block]), int(self.wide[block]), int(self.tall[block])
        stride = wide + 1
        along = {"first": (base, 1, stride), "last": (base + tall * stride, 1, stride)}
        across = {"first": (base, stride, tall + 1), "last": (base + wide, stride, tall + 1)}
        horizontal, vertical = (across, along) if self.turned[block] else (along, across)
        return {
            "south": horizontal["first"], "north": horizontal["last"],
            "west": vertical["first"], "east": vertical["last"],
        }[where]  # fmt: skip


def cut_blocks(districts: Districts, seed: int) -> Blocks:
    """Cut every district into blocks."""
    rng = np.random.default_rng([seed, 2])
    width, height = districts.shape
    boxes: list[tuple[float, float, float, float]] = []
    facts: list[tuple[int, ...]] = []
    grid: dict[tuple[int, int], tuple[int, int, int]] = {}
    for i in range(width):
        for j in range(height):
            if not districts.inside(i, j):
                continue
            kind = Kind(districts.kind[i, j])
            manner = _manner(kind, int((districts.kind.ravel()[: i * height + j] == kind).sum()))
            xs, ys = _streets(districts, (i, j), manner, rng)
            grid[i, j] = (len(boxes), len(xs), len(ys))
            for box in ((*x, *y) for x in xs for y in ys):
                boxes.append((box[0], box[1], box[2], box[3]))
                facts.append((int(kind), i * height + j, *_lattice(kind, manner, boxes[-1], rng)))
    table = np.array(facts, dtype=np.int64)
    kind, district, cuts, rows, wide, tall, turned = table.T
    kind[(cuts == 1) & (rows == 1) & np.isin(kind, SHARED)] = Kind.SERVICES
    sizes = (wide + 1) * (tall + 1)
    base = np.cumsum(sizes) - sizes
    return Blocks(np.array(boxes), kind.astype(np.int8), district, cuts, rows, wide, tall, turned == 1, base, grid)


def _manner(kind: Kind, before: int) -> Manner:
    """Return how a district is cut; industrial ones in turn into middling, large and small sites, or one for all."""
    manner = MANNERS[kind]
    if kind != Kind.INDUSTRY:
        return manner
    factor = (1.0, 1.9, 0.62, 9.0)[before % 4]
    (along, up), (low, high) = manner.block, manner.lot
    return replace(
        manner,
        block=(along * factor, up * factor),
        depth=manner.depth * factor,
        lot=(low * factor, high * factor),
    )


def _streets(
    districts: Districts, place: tuple[int, int], manner: Manner, rng: np.random.Generator
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return the blocks' ends along x and along y."""
    x0, x1 = districts.columns[place[0]]
    y0, y1 = districts.rows[place[1]]
    return _split(x0, x1, manner.block[0], manner.street, rng), _split(y0, y1, manner.block[1], manner.street, rng)


def _split(low: float, high: float, target: float, gap: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    n = max(1, round((high - low + gap) / (target + gap)))
    weight = rng.uniform(0.82, 1.22, n)
    sizes = (high - low - gap * (n - 1)) * weight / weight.sum()
    starts = low + np.concatenate(([0.0], np.cumsum(sizes + gap)[:-1]))
    ends = np.append(starts[:-1] + sizes[:-1], high)
    return [(float(a), float(b)) for a, b in zip(starts, ends, strict=True)]


def _lattice(
    kind: Kind, manner: Manner, box: tuple[float, float, float, float], rng: np.random.Generator
) -> tuple[int, ...]:
    """Return a block's cuts and rows, the steps of its lattice along and across them, and whether it is turned."""
    turn, special, lot = rng.uniform(), rng.uniform(), rng.uniform(*manner.lot)
    along, deep = box[1] - box[0], box[3] - box[2]
    # Short fronts along the long side, unless the block is turned and the other side is long enough.
    turned = turn < manner.turned and deep > 0.6 * along
    if turned:
        along, deep = deep, along
    cuts, rows = max(1, round(along / lot)), max(1, min(4, round(deep / manner.depth)))
    if kind in SHARED and special < SPECIAL:
        cuts, rows = 1, 1
    if kind == Kind.RIVER:
        rows = 3
    wide, tall = cuts * ceil(along / cuts / STEP_M), rows * ceil(deep / rows / STEP_M)
    return cuts, rows, wide, tall, int(turned)


def corners(blocks: Blocks, seed: int) -> Floats:
    """Return the points of every lattice on the board (metres), a little irregular inside, straight along streets."""
    rng = np.random.default_rng([seed, 3])
    stride = blocks.wide + 1
    sizes = stride * (blocks.tall + 1)
    block, within = ragged(sizes)
    c, r = within % stride[block], within // stride[block]
    n, m = blocks.wide[block], blocks.tall[block]
    cut = _uneven(blocks, rng)[np.repeat(np.cumsum(stride) - stride, sizes) + c]
    loose = _looseness(blocks)[block]
    across = rng.uniform(-0.9, 0.9, len(block)) * loose * ((c > 0) & (c < n)) / n
    down = rng.uniform(-0.6, 0.6, len(block)) * loose * ((r > 0) & (r < m)) / m
    along, deep = cut + across, r / m + down
    turned = blocks.turned[block]
    u, v = np.where(turned, deep, along), np.where(turned, along, deep)
    x0, x1, y0, y1 = blocks.box[block].T
    return np.column_stack((x0 + (x1 - x0) * u, y0 + (y1 - y0) * v))


def _looseness(blocks: Blocks) -> Floats:
    """Return how far a block's corners may stray, in steps; not at all where a parcel has corners on the way."""
    loose = np.array([MANNERS[Kind(k)].jitter for k in range(1, len(MANNERS) + 1)])[blocks.kind - 1]
    return np.where((blocks.wide == blocks.cuts) & (blocks.tall == blocks.rows), loose, 0.0)


def _uneven(blocks: Blocks, rng: np.random.Generator) -> Floats:
    """Return, block after block, where the columns of its lattice are between 0 and 1; parcels are unevenly wide."""
    stride = blocks.wide + 1
    parcels = np.cumsum(blocks.cuts) - blocks.cuts
    widths = rng.uniform(0.72, 1.3, int(blocks.cuts.sum()))
    first = np.cumsum(stride) - stride
    _, c = ragged(stride)
    per = np.repeat(blocks.wide // blocks.cuts, stride)
    steps = np.where(c == 0, 0.0, widths[np.repeat(parcels, stride) + np.maximum(c - 1, 0) // per])
    running = np.cumsum(steps)
    begin = np.repeat(running[first], stride)
    whole = np.repeat(running[first + blocks.wide] - running[first], stride)
    return np.asarray((running - begin) / whole)
