"""The plan of the town: a board of districts, what each is, and how wide the corridors between them are."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats

Kinds = npt.NDArray[np.int8]


class Kind(IntEnum):
    """What a district or a piece of ground is."""

    OUTSIDE = 0
    OLD = 1
    HOUSES = 2
    FLATS = 3
    SERVICES = 4
    INDUSTRY = 5
    STRIPS = 6
    FOREST = 7
    RIVER = 8
    PARK = 9
    STREET = 10
    RAIL = 11


MAIN_STREET_M = 22.0
RAIL_M = 42.0
RIVER_ROW_M = 230.0
INNER_M = 460.0
OUTER_M = (620.0, 880.0)


@dataclass(frozen=True)
class Districts:
    """Columns and rows of the board (their ends in metres), the kind of each district, and where river and rail run.

    `kind[i, j]` is the district of column i and row j; the rail runs in the corridor right of column `rail`.
    """

    columns: Floats
    rows: Floats
    kind: Kinds
    river: int
    rail: int

    @property
    def shape(self) -> tuple[int, int]:
        """Number of columns and rows."""
        return len(self.columns), len(self.rows)

    def inside(self, i: int, j: int) -> bool:
        """Tell whether the district belongs to the city."""
        return bool(self.kind[i, j] != Kind.OUTSIDE)


def lay_out(parcels: int, *, seed: int, scale: float) -> Districts:
    """Draw the board for about so many parcels; `scale` stretches the districts inside the outer belt."""
    rng = np.random.default_rng([seed, 1])
    cells = max(20.0, parcels / 135)
    height = max(4, round(np.sqrt(cells))) + 1
    width = max(4, round(cells / (height - 1)))
    river = max(1, round(0.38 * height))
    # The railway parts the town from the industrial east.
    rail = int(np.flatnonzero(~_outer(width))[-1])
    heights = _sizes(height, scale=scale, rng=rng)
    heights[river] = RIVER_ROW_M
    columns = _ends(_sizes(width, scale=scale, rng=rng), wide=rail)
    rows = _ends(heights, wide=None)
    return Districts(columns, rows, _kinds(width, height, river=river, rng=rng), river, rail)


def _place(n: int) -> Floats:
    """Return where each of n strips of the board lies, from -1 to 1."""
    place: Floats = (np.arange(n) + 0.5) / n * 2 - 1
    return place


def _outer(n: int) -> npt.NDArray[np.bool_]:
    """Tell which strips belong to the outer belt; the outermost always do."""
    outer: npt.NDArray[np.bool_] = np.abs(_place(n)) > min(0.8, 1 - 1.01 / n)
    return outer


def _sizes(n: int, *, scale: float, rng: np.random.Generator) -> Floats:
    inner = INNER_M * scale * rng.uniform(0.85, 1.2, n)
    # The belt keeps its size, unless the city is so small that the belt alone would hold too many parcels.
    outer = rng.uniform(*OUTER_M, n) * min(1.0, scale / 0.45)
    return np.asarray(np.where(_outer(n), outer, inner))


def _ends(sizes: Floats, *, wide: int | None) -> Floats:
    """Return start and end of each strip of the board, corridors between them, the middle of all at 0."""
    gaps = np.full(len(sizes), MAIN_STREET_M)
    if wide is not None:
        gaps[wide] = RAIL_M
    starts = np.concatenate(([0.0], np.cumsum(sizes + gaps)[:-1]))
    ends = starts + sizes
    placed: Floats = np.column_stack((starts, ends)) - ends[-1] / 2
    return placed


def _kinds(width: int, height: int, *, river: int, rng: np.random.Generator) -> Kinds:
    a, b = _place(width)[:, None], _place(height)[None, :]
    far = (np.abs(a) ** 2.6 + np.abs(b) ** 2.6) ** (1 / 2.6) + rng.normal(0.0, 0.03, (width, height))
    chance = rng.uniform(0.0, 1.0, far.shape)
    kind = np.full(far.shape, Kind.HOUSES, dtype=np.int8)
    kind[chance > 0.80] = Kind.FLATS
    kind[chance > 0.92] = Kind.PARK
    kind[chance > 0.95] = Kind.INDUSTRY
    kind[far < 0.36] = np.where(chance[far < 0.36] < 0.45, Kind.FLATS, Kind.HOUSES)
    kind[far < 0.13] = Kind.OLD
    outer = _outer(width)[:, None] | _outer(height)[None, :]
    kind[outer] = _belt(np.arctan2(b + 0 * a, a + 0 * b), chance)[outer]
    kind[(np.abs(a) ** 2.6 + np.abs(b) ** 2.6) > 1.1**2.6] = Kind.OUTSIDE
    kind[:, river] = Kind.RIVER
    _seat(kind, np.abs(a) + np.abs(b), river)
    return kind


def _belt(angle: Floats, chance: Floats) -> Kinds:
    """Choose the outer belt: an industrial east, a forest in the north-west, villages and strip fields elsewhere."""
    belt = np.where(chance > 0.86, Kind.HOUSES, Kind.STRIPS).astype(np.int8)
    belt[(angle > 1.9) & (angle < 2.75)] = Kind.FOREST
    belt[np.abs(angle) < 0.95] = Kind.INDUSTRY
    return belt


def _seat(kind: Kinds, distance: Floats, river: int) -> None:
    """Put the old town at the centre and make sure that one of each kind is there, however small the city."""
    distance = distance.copy()
    distance[:, river] = np.inf
    order = np.unravel_index(np.argsort(distance, axis=None, kind="stable"), kind.shape)
    near = list(zip(*order, strict=True))
    kind[near[0]] = Kind.OLD
    inner = [place for place in near[1:] if kind[place] in {Kind.HOUSES, Kind.FLATS, Kind.PARK}]
    for place, wanted in zip(inner, (Kind.FLATS, Kind.HOUSES, Kind.HOUSES, Kind.PARK), strict=False):
        if wanted not in kind:
            kind[place] = wanted
