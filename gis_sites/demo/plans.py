"""Local plans (MPZP): zones that follow the blocks, with gaps between plans, and the city's symbols as printed."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gis_sites.demo.city import City
from gis_sites.demo.districts import Kind
from gis_sites.demo.rings import Ints, rectangles
from gis_sites.demo.streets import LOCAL
from gis_sites.demo.writing import Sheet, sheet

PLANNED = {
    Kind.OLD: 1.0, Kind.HOUSES: 0.75, Kind.FLATS: 0.85, Kind.PARK: 0.85,
    Kind.STRIPS: 0.42, Kind.FOREST: 0.35, Kind.RIVER: 0.45,
}  # fmt: skip
"""Share of the districts of a kind that a plan in force covers; the industrial belt follows `INDUSTRY`."""
INDUSTRY = ("main", "main", "later", "draft", "main", "main", "gap", "main")
SYMBOLS = {
    "2003": {
        Kind.OLD: "MW/U U MU 1.UA MW/U", Kind.HOUSES: "MN 2.MN-3 MN MN/U MN 7MN", Kind.FLATS: "MW MW/U MW ZP KS",
        Kind.SERVICES: "U UO 12U UZ UC", Kind.INDUSTRY: "P 1P/U P/U P 4.P-U P S", Kind.STRIPS: "3.R R R RM MN",
        Kind.FOREST: "ZL", Kind.RIVER: "ZN", Kind.PARK: "ZP ZD",
    },
    "2021": {Kind.INDUSTRY: "P 1P/U PS P P U", Kind.SERVICES: "U UHD", Kind.STRIPS: "RN"},
}  # fmt: skip
UNKNOWN_SYMBOL = "XQ"
LIMITS = {
    "M": (12, 40, 1.0, 40), "MN": (9.5, 30, 0.6, 50), "MW": (18, 45, 1.8, 25), "U": (15, 50, 1.5, 20),
    "P": (20, 65, 1.6, 15), "S": (16, 60, 1.2, 15), "AG": (25, 70, 2.0, 10),
}  # fmt: skip
"""For symbols that begin so (the longest counts): height (m), coverage (%), floor area ratio, green share (%)."""


@dataclass(frozen=True)
class Plan:
    """A plan: number of its resolution, what it is, since when, and its districts."""

    number: str
    status: str
    since: dt.date | None
    districts: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Zones:
    """Zones of plans, one a row of these lists."""

    columns: dict[str, list[Any]]
    shapes: list[Any]


def plans(city: City) -> dict[str, list[Plan]]:
    """Return the plans: `main` (in force), `draft`, `repealed`, and `later`, delivered on its own."""
    rng = city.dice(20)
    book = _book(city, rng)
    width, height = city.districts.shape
    side = 1 if width * height < 60 else 2
    groups: dict[tuple[str, int], list[int]] = {}
    for district, where in book.items():
        i, j = divmod(district, height)
        groups.setdefault((where, (j // side) * width + i // side), []).append(district)
    found: dict[str, list[Plan]] = {"main": [], "draft": [], "repealed": [], "later": []}
    statuses = {"main": "obowiązujący", "draft": "projekt", "repealed": "uchylony", "later": "obowiązujący"}
    for number, ((where, _), members) in enumerate(sorted(groups.items()), start=1):
        since = dt.date(2004 + int(rng.integers(0, 17)), 1 + int(rng.integers(0, 12)), 1 + int(rng.integers(0, 28)))
        if where == "later":
            since = dt.date(2026, 9, 1)
        name = f"{_roman(since.year - 2002)}/{100 + number}/{since.year}" if where != "draft" else f"projekt {number}"
        found[where].append(Plan(name, statuses[where], None if where == "draft" else since, tuple(members)))
    return found


def _book(city: City, rng: np.random.Generator) -> dict[int, str]:
    """Return for each planned district which delivery its plan is in."""
    kinds = city.districts.kind.ravel().tolist()
    chance = rng.uniform(size=len(kinds)).tolist()
    book: dict[int, str] = {}
    seen = dict.fromkeys(Kind, 0)
    gaps: dict[Kind, list[int]] = {Kind.STRIPS: [], Kind.HOUSES: []}
    for district, code in enumerate(kinds):
        kind = Kind(code)
        order, seen[kind] = seen[kind], seen[kind] + 1
        if kind == Kind.INDUSTRY:
            place = INDUSTRY[order] if order < len(INDUSTRY) else INDUSTRY[4 + order % 4]
            if place != "gap":
                book[district] = place
        elif chance[district] < PLANNED.get(kind, 0.0):
            book[district] = "main"
        elif kind in gaps:
            gaps[kind].append(district)
    for kind, where in ((Kind.STRIPS, "repealed"), (Kind.HOUSES, "draft")):
        if gaps[kind]:
            book[gaps[kind][0]] = where
    return book


def _roman(number: int) -> str:
    tens, ones = divmod(number, 10)
    return "X" * tens + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[ones]


def draw_zones(city: City, book: list[Plan], *, regime: str, number: int) -> Zones:
    """Draw the zones of some plans."""
    rng = city.dice(number)
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "NR_UCHWALY", "OZNACZENIE", "FUN_SYMB", "STATUS", "OBOWIAZUJE_OD", "OBOWIAZUJE_DO",
            "WYS_MAX", "POW_ZAB", "INTENSYWNOSC", "PBC",
        )
    }  # fmt: skip
    shapes: list[Any] = []
    blocks_of = _index(city.blocks.district, city.districts.kind.size)
    streets_of = _index(city.streets.district, city.districts.kind.size)
    for plan in book:
        symbols = SYMBOLS[regime]
        rows = np.concatenate([blocks_of[district] for district in plan.districts])
        found = [*_block_zones(city, rows, symbols, rng), *_street_zones(city, plan, streets_of)]
        for serial, (symbol, shape) in enumerate(found, start=1):
            limits = _limits(symbol, rng)
            values = (plan.number, _label(symbol, serial), symbol, plan.status, plan.since, None, *limits)
            for column, value in zip(columns.values(), values, strict=True):
                column.append(value)
            shapes.append(shape)
    return Zones(columns, shapes)


def _index(district: Ints, n: int) -> list[Ints]:
    order = np.argsort(district, kind="stable")
    return np.split(order, np.searchsorted(district[order], np.arange(1, n)))


def _block_zones(
    city: City, rows: Ints, symbols: dict[Kind, str], rng: np.random.Generator
) -> Iterator[tuple[str, Any]]:
    """Make a zone of a block, of each bank and bed of the river, and of both sides of some large blocks."""
    blocks = city.blocks
    made = []
    for row in rows.tolist():
        wide, tall, kind = int(blocks.wide[row]), int(blocks.tall[row]), Kind(blocks.kind[row])
        if kind == Kind.RIVER:
            cuts = [(0, wide, tall * k // 3, tall * (k + 1) // 3, k) for k in range(3)]
        elif kind in {Kind.INDUSTRY, Kind.STRIPS} and min(wide, tall) >= 4 and rng.uniform() < 0.4:
            # The line of a plan need not follow parcels; on the far side of some there is no plan.
            cut = 3 * tall // 8
            cuts = [(0, wide, cut, tall, 0), (0, wide, 0, cut, 1)][: 1 + int(rng.uniform() < 0.7)]
        else:
            cuts = [(0, wide, 0, tall, 0)]
        made += [(row, *cut) for cut in cuts]
    of, c0, c1, r0, r1, bands = np.array(made).T
    shapes = rectangles(blocks.base[of], blocks.wide[of] + 1, (c0, c1, r0, r1)).polygons(city.xy)
    for row, band, shape in zip(of.tolist(), bands.tolist(), shapes, strict=True):
        kind = Kind(blocks.kind[row])
        choice = symbols.get(kind, symbols.get(Kind.INDUSTRY, "ZP")).split()
        symbol = choice[int(rng.integers(0, len(choice)))]
        if band == 1:
            symbol = {Kind.RIVER: "WS", Kind.INDUSTRY: "U"}.get(kind, "R" if "R" in choice else "ZP")
        yield symbol, shape


def _street_zones(city: City, plan: Plan, streets_of: list[Ints]) -> Iterator[tuple[str, Any]]:
    """Make one zone of a plan's local streets, one of its main streets, one of railway and one of water."""
    rows = np.concatenate([streets_of[district] for district in plan.districts])
    streets = city.streets
    symbol = np.where(streets.level[rows] == LOCAL, "KDD", "KDZ")
    symbol[streets.kind[rows] == Kind.RAIL] = "KK"
    symbol[streets.kind[rows] == Kind.RIVER] = "WS"
    import shapely

    for name in np.unique(symbol).tolist():
        yield name, shapely.union_all(streets.rings.take(rows[symbol == name]).polygons(city.xy))


def _label(symbol: str, serial: int) -> str:
    """Return the number a zone bears on the drawing: some symbols are printed with theirs already."""
    return f"{serial}.{symbol}"


def _limits(symbol: str, rng: np.random.Generator) -> tuple[float | None, ...]:
    """Return a zone's limits, some of them left empty as in real plans."""
    letters = symbol.lstrip("0123456789.-")
    best = max((name for name in LIMITS if letters.startswith(name)), key=len, default=None)
    if best is None:
        return (None, None, None, None)
    empty = rng.uniform(size=4) < 0.12
    step = float(rng.integers(-1, 2))
    height, cover, ratio, green = LIMITS[best]
    limits = (height + step, cover + 5 * step, round(ratio + 0.2 * step, 1), green - 5 * step)
    return tuple(None if gone else float(limit) for gone, limit in zip(empty.tolist(), limits, strict=True))


def spoil(zones: Zones) -> None:
    """Put in what real plans have: a zone that ends on a day, an unknown symbol, and a sliver over a neighbour."""
    import shapely

    symbols = zones.columns["FUN_SYMB"]
    homes = [row for row, symbol in enumerate(symbols) if symbol == "MN"] or [0]
    heavy = [row for row, symbol in enumerate(symbols) if symbol == "P"] or homes
    zones.columns["OBOWIAZUJE_DO"][heavy[-1]] = dt.date(2026, 12, 31)
    zones.columns["FUN_SYMB"][homes[len(homes) // 2]] = UNKNOWN_SYMBOL
    row = homes[0]
    (ax, ay), (bx, by) = shapely.get_coordinates(zones.shapes[row])[:2]
    length = float(np.hypot(bx - ax, by - ay))
    # A triangle under 1 m2 over the neighbour: two surveyors drew the same line.
    out = 1.0 / length
    tip = ((ax + bx) / 2 + (by - ay) / length * out, (ay + by) / 2 - (bx - ax) / length * out)
    zones.shapes[row] = shapely.union(zones.shapes[row], shapely.polygons([(ax, ay), (bx, by), tip]))


def join_zones(first: Zones, second: Zones) -> Zones:
    """Return the zones of both."""
    columns = {name: [*values, *second.columns[name]] for name, values in first.columns.items()}
    return Zones(columns, [*first.shapes, *second.shapes])


def zones_sheet(zones: Zones, name: str) -> Sheet:
    """Return the table of zones."""
    import shapely

    parts = [shapely.multipolygons(shapely.get_parts(shape)) for shape in zones.shapes]
    return sheet(name, "MultiPolygon", zones.columns, np.array(parts))
