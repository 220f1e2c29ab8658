"""Parcels: cells of the blocks' lattices, some joined by twos, and the streets; their precincts, numbers and soil."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gis_sites.columns import ragged
from gis_sites.demo.blocks import Blocks
from gis_sites.demo.districts import Districts, Kind
from gis_sites.demo.rings import Ints, Rings, join, rectangles
from gis_sites.demo.streets import Streets

UNIT = "309901_1"
"""A municipality that is not: voivodeship 30 has no powiat 99."""
JOINED = (Kind.OLD, Kind.HOUSES, Kind.STRIPS, Kind.FLATS, Kind.INDUSTRY)
PRECINCT_PARCELS = 900
SHEET = 2
"""The precinct whose numbers are given by map sheet."""
SOILS = ("II", "IIIa", "IIIb", "IVa", "IVb", "V", "VI")


@dataclass(frozen=True, eq=False)
class Parcels:
    """Parcels, one a row: first those of blocks, then streets, in the order of their precincts' numbers."""

    rings: Rings
    kind: npt.NDArray[np.int8]
    block: Ints
    """The block it lies in; -1 for a street."""
    span: Ints
    """First and last column, first and last row of its cells (the last not included)."""
    street: Ints
    """The piece of street it is; -1 for others."""
    precinct: Ints
    number: list[str]

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def ids(self) -> list[str]:
        """Identifiers in the true format."""
        return [identifier(int(p), n) for p, n in zip(self.precinct, self.number, strict=True)]

    def take(self, rows: Ints) -> "Parcels":
        """Return some parcels in the given order."""
        return Parcels(
            self.rings.take(rows), self.kind[rows], self.block[rows], self.span[rows], self.street[rows],
            self.precinct[rows], [self.number[row] for row in rows],
        )  # fmt: skip


def identifier(precinct: int, number: str) -> str:
    """Return the identifier of a parcel of the made-up city.

    >>> identifier(1, "45/3"), identifier(2, "7")
    ('309901_1.0001.45/3', '309901_1.0002.AR_1.7')
    """
    sheet = ".AR_1" if precinct == SHEET else ""
    return f"{UNIT}.{precinct:04d}{sheet}.{number}"


def cell_rings(blocks: Blocks, block: Ints, span: Ints) -> Rings:
    """Return the rings of spans of cells."""
    across = (blocks.wide // blocks.cuts)[block]
    down = (blocks.tall // blocks.rows)[block]
    spans = (span[:, 0] * across, span[:, 1] * across, span[:, 2] * down, span[:, 3] * down)
    return rectangles(blocks.base[block], blocks.wide[block] + 1, spans)


def divide(districts: Districts, blocks: Blocks, streets: Streets, *, wanted: int, seed: int) -> Parcels:
    """Divide the ground into exactly `wanted` parcels, as far as joining neighbours can bring their number down."""
    rng = np.random.default_rng([seed, 4])
    block, span = _cells(blocks)
    block, span = _join(blocks, block, span, spare=len(block) + len(streets) - wanted, rng=rng)
    n, m = len(block), len(streets)
    precincts = _precincts(districts, wanted)
    whole = Parcels(
        join(cell_rings(blocks, block, span), streets.rings),
        np.concatenate((blocks.kind[block], streets.kind)),
        np.concatenate((block, np.full(m, -1))),
        np.vstack((span, np.zeros((m, 4), dtype=np.int64))),
        np.concatenate((np.full(n, -1), np.arange(m))),
        np.concatenate((precincts[blocks.district[block]], precincts[streets.district])),
        [""] * (n + m),
    )
    ordered = whole.take(np.argsort(whole.precinct, kind="stable"))
    return replace(ordered, number=_numbers(ordered, rng))


def _cells(blocks: Blocks) -> tuple[Ints, Ints]:
    counts = blocks.cuts * blocks.rows
    block, within = ragged(counts)
    c, r = within % blocks.cuts[block], within // blocks.cuts[block]
    return block, np.column_stack((c, c + 1, r, r + 1))


def _join(blocks: Blocks, block: Ints, span: Ints, *, spare: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Join `spare` pairs of neighbours of one row, one of them in the industrial belt if there is any."""
    even = (span[:, 0] % 2 == 0) & (span[:, 1] < blocks.cuts[block]) & np.isin(blocks.kind[block], JOINED)
    candidates = rng.permutation(np.flatnonzero(even))
    heavy = blocks.kind[block[candidates]] == Kind.INDUSTRY
    first = int(np.argmax(heavy)) if heavy.any() else 0
    candidates[[0, first]] = candidates[[first, 0]]
    chosen = candidates[: max(0, spare)]
    span = span.copy()
    span[chosen, 1] += 1
    keep = np.ones(len(block), dtype=bool)
    keep[chosen + 1] = False
    return block[keep], span[keep]


def _precincts(districts: Districts, wanted: int) -> Ints:
    """Return the precinct number of each district: squares of districts of about so many parcels."""
    width, height = districts.shape
    side = max(1, round(float(np.sqrt(PRECINCT_PARCELS * width * height / wanted))))
    i, j = np.divmod(np.arange(width * height), height)
    return np.asarray(1 + (j // side) * (-(-width // side)) + i // side)


def _numbers(parcels: Parcels, rng: np.random.Generator) -> list[str]:
    """Number the parcels of each precinct; old parcels that were divided gave their number to their parts."""
    n = len(parcels)
    start = np.ones(n, dtype=bool)
    start[1:] = parcels.precinct[1:] != parcels.precinct[:-1]
    same = np.zeros(n, dtype=bool)
    same[1:] = (parcels.block[1:] == parcels.block[:-1]) & (parcels.block[1:] >= 0)
    likely = np.isin(parcels.kind, (Kind.HOUSES, Kind.STRIPS, Kind.FLATS))
    fresh = start | ~same | (rng.uniform(size=n) > np.where(likely, 0.62, 0.15))
    family = np.cumsum(fresh) - 1
    size = np.bincount(family)[family]
    member = np.arange(n) - np.flatnonzero(fresh)[family] + 1
    main = family - family[np.flatnonzero(start)][np.cumsum(start) - 1] + 1
    rows = zip(main.tolist(), member.tolist(), size.tolist(), strict=True)
    return [f"{number}/{part}" if parts > 1 else str(number) for number, part, parts in rows]


@dataclass(frozen=True, eq=False)
class Soils:
    """Soil contours: spans of lattice columns of blocks of open land, with use and class."""

    rings: Rings
    use: list[str]
    grade: list[str]
    block: Ints
    ends: Ints
    """First and last lattice column (the last not included)."""


OPEN = {Kind.STRIPS: "R", Kind.FOREST: "Ls", Kind.RIVER: "Ł", Kind.INDUSTRY: "R"}


def lay_soils(blocks: Blocks, seed: int) -> Soils:
    """Cover open land with soil contours; of the industrial belt the part that still is farmland."""
    rng = np.random.default_rng([seed, 5])
    open_land = np.isin(blocks.kind, list(OPEN)) & (
        (blocks.kind != Kind.INDUSTRY) | (rng.uniform(size=len(blocks)) < 0.5)
    )
    block = np.flatnonzero(open_land)
    parts = np.clip(blocks.wide[block] // 5, 1, 4)
    row, k = ragged(parts)
    of = block[row]
    ends = np.column_stack((blocks.wide[of] * k // parts[row], blocks.wide[of] * (k + 1) // parts[row]))
    best = rng.integers(0, len(SOILS), len(block))
    grade = np.clip(best[row] + rng.integers(-1, 2, len(row)), 0, len(SOILS) - 1)
    rings = rectangles(blocks.base[of], blocks.wide[of] + 1, (ends[:, 0], ends[:, 1], 0 * of, blocks.tall[of]))
    use = [OPEN[Kind(kind)] for kind in blocks.kind[of]]
    return Soils(rings, use, [SOILS[g] for g in grade], of, ends)
