"""Networks under (and over) the streets, as the register of utilities (GESUT, schema of 2021) delivers them."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats, ragged
from gis_sites.demo.buildings import connections, fronts
from gis_sites.demo.city import City
from gis_sites.demo.districts import MAIN_STREET_M, Kind
from gis_sites.demo.rings import Ints
from gis_sites.demo.streets import LOCAL, MAIN
from gis_sites.demo.writing import Sheet, sheet

SERVED = (Kind.OLD, Kind.HOUSES, Kind.FLATS, Kind.SERVICES, Kind.INDUSTRY)
CONNECTED = 0.16
"""Share of built parcels whose connection the register has, of each medium."""
LV_PER_PARCEL = 0.25
STEP_M = 45.0


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines on the ground (points and the line each belongs to) with their columns in the register's codes."""

    points: Floats
    owner: Ints
    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(self.columns["FUNKCJA"])


def along(
    city: City, pieces: Ints, *, lane: float | Floats, reach: float = 0.0, part: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Ints]:
    """Return lines along streets, at `lane` (0..1 across): `reach` metres past both ends, or a part of each."""
    x0, x1, y0, y1 = city.streets.box[pieces].T
    flat = city.streets.flat[pieces]
    low, high = np.where(flat, x0, y0) - reach, np.where(flat, x1, y1) + reach
    if part is not None:
        low, high = low + (high - low) * part[0], low + (high - low) * part[1]
    side = np.where(flat, y0 + (y1 - y0) * lane, x0 + (x1 - x0) * lane)
    counts = np.maximum(2, np.ceil((high - low) / STEP_M).astype(np.int64) + 1)
    owner, step = ragged(counts)
    on = low[owner] + (high - low)[owner] * step / (counts[owner] - 1)
    x, y = np.where(flat[owner], on, side[owner]), np.where(flat[owner], side[owner], on)
    return city.ground(np.column_stack((x, y))), owner


def streets_of(city: City, level: int, *kinds: Kind) -> Ints:
    """Return the pieces of street of a level, bridges among them, that serve districts of some kinds."""
    streets = city.streets
    return np.flatnonzero(
        np.isin(streets.kind, (Kind.STREET, Kind.RIVER))
        & (streets.level == level)
        & np.isin(streets.serves, list(kinds) or list(SERVED))
    )


def _mains(city: City, pieces: Ints, *, lane: float, reach: float, **codes: list[Any] | str | int) -> Lines:
    points, owner = along(city, pieces, lane=lane, reach=reach)
    return _lines(points, owner, len(pieces), FUNKCJA="g", **codes)


def _pipes(city: City, pieces: Ints, kind: str, *, lane: float, sizes: str) -> Lines:
    """Return mains of one kind; `sizes` are the diameters (mm) met, `-` where the register does not say."""
    reach = MAIN_STREET_M if len(pieces) and city.streets.level[pieces[0]] == MAIN else 8.0
    choice = [None if size == "-" else int(size) for size in sizes.split()]
    diameters = [choice[(7 * row + row // 3) % len(choice)] for row in range(len(pieces))]
    return _mains(city, pieces, lane=lane, reach=reach, TYP_PRZEWODU=kind, SREDNICA=diameters)


def _lines(points: Floats, owner: Ints, n: int, **codes: list[Any] | str | int) -> Lines:
    columns = {name: value if isinstance(value, list) else [value] * n for name, value in codes.items()}
    return Lines(points, owner, columns)


def _connections(city: City, *, lane: float, rng: np.random.Generator, **codes: list[Any] | str | int) -> Lines:
    ends = connections(city, fronts(city), share=CONNECTED, lane=lane, rng=rng)
    n = len(ends)
    return _lines(ends.reshape(-1, 2), np.repeat(np.arange(n), 2), n, FUNKCJA="p", **codes)


def _some(rows: Ints, share: float, rng: np.random.Generator) -> Ints:
    return rows[rng.uniform(size=len(rows)) < share]


def table(city: City, name: str, lines: list[Lines], number: int) -> Sheet:
    """Make one GESUT table of lines: a few designed, a few out of use, a few that do not tell their role."""
    import shapely

    n = sum(len(one) for one in lines)
    names = dict.fromkeys(name for one in lines for name in one.columns)
    columns: dict[str, Any] = {
        "LOKALNY_ID": [f"PRZ-{number:02d}-{row:07d}" for row in range(n)],
        **{name: [v for one in lines for v in one.columns.get(name, [None] * len(one))] for name in names},
    }
    dice = city.dice(50 + number).integers(0, 1000, n)
    dice[0] = 0
    columns["STATUS"] = ["p" if die < 8 else "i" for die in dice.tolist()]
    columns["EKSPLOATACJA"] = ["n" if 8 <= die < 14 else "c" for die in dice.tolist()]
    columns["FUNKCJA"] = [None if 14 <= d < 17 else v for d, v in zip(dice.tolist(), columns["FUNKCJA"], strict=True)]
    starts = np.cumsum([0, *(len(one) for one in lines)])
    owner = np.concatenate([one.owner + start for one, start in zip(lines, starts[:-1], strict=True)])
    points = np.concatenate([one.points for one in lines])
    first = np.searchsorted(owner, np.arange(n + 1))

    def shapes(rows: slice) -> npt.NDArray[np.object_]:
        a, b, _ = rows.indices(n)
        cut = slice(first[a], first[b])
        made: npt.NDArray[np.object_] = shapely.linestrings(points[cut], indices=owner[cut] - a)
        return made

    return Sheet(name, "LineString", columns, shapes)


def water(city: City) -> Sheet:
    """Return the water mains and connections."""
    rng = city.dice(11)
    main, local = _some(streets_of(city, MAIN, *Kind), 0.8, rng), _some(streets_of(city, LOCAL), 0.96, rng)
    return table(city, "GES_PrzewodWodociagowy", [
        _pipes(city, main, "o", lane=0.3, sizes="200 250 315 400"),
        _pipes(city, local, "o", lane=0.3, sizes="90 110 110 160 -"),
        _connections(city, lane=3.5, rng=rng, TYP_PRZEWODU="o", SREDNICA=40),
    ], 1)  # fmt: skip


def sewer(city: City) -> Sheet:
    """Return the sewers: combined in the old town, sanitary and storm elsewhere, none in the farmland."""
    rng = city.dice(12)
    local = _some(streets_of(city, LOCAL, Kind.HOUSES, Kind.FLATS, Kind.SERVICES, Kind.INDUSTRY), 0.8, rng)
    main = _some(streets_of(city, MAIN), 0.75, rng)
    storm = _some(
        np.concatenate((streets_of(city, MAIN), streets_of(city, LOCAL, Kind.FLATS, Kind.INDUSTRY))), 0.7, rng
    )
    old = streets_of(city, LOCAL, Kind.OLD)
    return table(city, "GES_PrzewodKanalizacyjny", [
        _pipes(city, main, "s", lane=0.5, sizes="300 400 500"),
        _pipes(city, local, "s", lane=0.5, sizes="200 200 250 -"),
        _pipes(city, old, "o", lane=0.5, sizes="300 400 600"),
        _pipes(city, storm, "d", lane=0.6, sizes="300 500 800"),
        _connections(city, lane=5.0, rng=rng, TYP_PRZEWODU="s", SREDNICA=160),
    ], 2)  # fmt: skip


def gas(city: City) -> Sheet:
    """Return the gas pipes: medium pressure along main streets and to industry, low to homes, high along the rail."""
    rng = city.dice(13)
    main, heavy = _some(streets_of(city, MAIN), 0.7, rng), _some(streets_of(city, LOCAL, Kind.INDUSTRY), 0.8, rng)
    homes = _some(streets_of(city, LOCAL, Kind.OLD, Kind.HOUSES, Kind.FLATS), 0.6, rng)
    rail = np.flatnonzero((city.streets.kind == Kind.RAIL) & (city.streets.level == MAIN))
    return table(city, "GES_PrzewodGazowy", [
        _pipes(city, main, "s", lane=0.72, sizes="160 225 315"),
        _pipes(city, heavy, "s", lane=0.72, sizes="110 160"),
        _pipes(city, homes, "n", lane=0.72, sizes="63 90"),
        _pipes(city, rail, "w", lane=0.92, sizes="500"),
        _connections(city, lane=7.0, rng=rng, TYP_PRZEWODU="n", SREDNICA=32),
    ], 3)  # fmt: skip


def telecom(city: City) -> Sheet:
    """Return the telecom lines, some of them fibre."""
    rng = city.dice(14)
    main, local = streets_of(city, MAIN), _some(streets_of(city, LOCAL), 0.7, rng)
    codes = [("s", "i", "s")[die] for die in rng.integers(0, 3, len(main) + len(local)).tolist()]
    return table(city, "GES_PrzewodTelekomunikacyjny", [
        _mains(city, main, lane=0.88, reach=8, TYP_PRZEWODU=codes[: len(main)], PRZEBIEG="p"),
        _mains(city, local, lane=0.88, reach=5, TYP_PRZEWODU=codes[len(main) :], PRZEBIEG="p"),
    ], 4)  # fmt: skip


def power(city: City) -> Sheet:
    """Return the power lines: many pieces of low-voltage cable, few of medium voltage, one high-voltage line."""
    rng = city.dice(15)
    main = _some(streets_of(city, MAIN, *SERVED, Kind.STRIPS), 0.45, rng)
    heavy = _some(streets_of(city, LOCAL, Kind.INDUSTRY), 0.5, rng)
    overhead = ["n" if kind == Kind.STRIPS else "p" for kind in city.streets.serves[main].tolist()]
    return table(city, "GES_PrzewodElektroenergetyczny", [
        _cables(city, rng),
        _mains(city, main, lane=0.1, reach=MAIN_STREET_M, TYP_PRZEWODU="s", PRZEBIEG=overhead),
        _mains(city, heavy, lane=0.1, reach=12, TYP_PRZEWODU="s", PRZEBIEG="p"),
        _high(city),
        _connections(city, lane=1.5, rng=rng, TYP_PRZEWODU="n", PRZEBIEG="p"),
    ], 5)  # fmt: skip


def _cables(city: City, rng: np.random.Generator) -> Lines:
    """Cut the low-voltage cables on both sides of the streets into about one piece for four parcels."""
    pieces = np.concatenate((streets_of(city, LOCAL), _some(streets_of(city, MAIN), 0.5, rng)))
    x0, x1, y0, y1 = city.streets.box[pieces].T
    length = np.where(city.streets.flat[pieces], x1 - x0, y1 - y0)
    per = max(20.0, 2 * float(length.sum()) / (LV_PER_PARCEL * len(city.parcels)))
    counts = np.maximum(1, np.round(length / per)).astype(np.int64)
    row, step = ragged(2 * counts)
    k, lane = step // 2, np.where(step % 2 == 0, 0.06, 0.94)
    points, owner = along(city, pieces[row], lane=lane, part=(k / counts[row], (k + 1) / counts[row]))
    return _lines(points, owner, len(row), FUNKCJA="g", TYP_PRZEWODU="n", PRZEBIEG="p")


def _high(city: City) -> Lines:
    """Draw the 110 kV line that comes from the north, over the fields, to the substation."""
    end, (x, y) = substation_places(city)[0], (float(city.districts.columns[-1, 1]), float(city.districts.rows[-1, 1]))
    bends = np.array([(0.55 * x, 1.05 * y), (0.6 * x, 0.8 * y), (0.72 * x, 0.55 * y), end])
    spans = [np.linspace(a, b, 8) for a, b in pairwise(bends)]
    owner = np.repeat(np.arange(len(spans)), 8)
    return _lines(city.ground(np.concatenate(spans)), owner, len(spans), FUNKCJA="g", TYP_PRZEWODU="w", PRZEBIEG="n")


def substation_places(city: City) -> Floats:
    """Return where the substations stand on the board: the first in the industrial east, more in a large city."""
    columns, rows, river = city.districts.columns, city.districts.rows, city.districts.river
    first = (columns[-1, 0] + 60, rows[min(river + 1, len(rows) - 1), 1] - 60)
    width, height = city.districts.shape
    # One more for every 9 x 9 districts of a large city.
    more = [(columns[i, 0] + 60, rows[j, 0] + 60) for i in range(9, width, 9) for j in range(3, height, 9)]
    return np.array([first, *more])


def substations(city: City) -> Sheet:
    """Return the substations (GPZ)."""
    import shapely

    points = city.ground(substation_places(city))
    rows = range(1, len(points) + 1)
    columns = {"ID": [f"GPZ-{row}" for row in rows], "NAZWA": [f"GPZ Przykładów {row}" for row in rows]}
    return sheet("gpz", "Point", columns, shapely.points(points))
