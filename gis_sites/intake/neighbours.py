"""What a load brought, seen beside its neighbours: overlaps, gaps, and the same geometry under two keys.

The check reads the finished revision tile by tile and changes nothing in it. It must never cost a row: whatever goes
wrong here is one more finding, and the load stands.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from heapq import heappush, heappushpop

import numpy as np
import shapely
import sqlalchemy as sa

from gis_sites.ahead import ahead
from gis_sites.catalogue import Layer
from gis_sites.findings import Finding, FindingType
from gis_sites.intake import borders
from gis_sites.intake.batch import Bools, Objects
from gis_sites.intake.borders import Borders
from gis_sites.intake.tally import Tally
from gis_sites.progress import Progress, silent
from gis_sites.store import neighbours as held
from gis_sites.store import reading
from gis_sites.store.neighbours import Beside, Tile
from gis_sites.store.reading import Bounds
from gis_sites.store.revisions import Revision, Which, read

PARCEL = "parcel"
KEPT = 1_000
"""Findings of one type that are kept one by one, the largest; of all the rest only the number."""
TILE = 8_000
"""Rows looked at together."""
CROWD = 10 * TILE
"""More rows than this in one place, where tiles cannot be smaller, are a heap."""
NAMED = 8
"""Neighbours of a long gap that its sentence names."""


@dataclass(order=True, frozen=True)
class Met:
    """Rows that meet as they should not: how much, the row it is told of, the others, and where."""

    size: float
    row: int
    others: tuple[int, ...]
    wkb: bytes = field(compare=False)
    values: Mapping[str, float] = field(compare=False)


@dataclass
class Largest:
    """How often something was met, by part, and the largest cases."""

    count: Counter[str] = field(default_factory=Counter)
    cases: list[tuple[Met, str]] = field(default_factory=list)

    def add(self, met: Met, part: str) -> None:
        """Count a case; keep it if it is among the largest."""
        self.count[part] += 1
        if len(self.cases) < KEPT:
            heappush(self.cases, (met, part))
        else:
            heappushpop(self.cases, (met, part))


def check(
    conn: sa.Connection,
    revision: Revision,
    layer: Layer,
    tallies: Mapping[str, Tally],
    *,
    progress: Progress = silent,
) -> None:
    """Notice where rows of the parts just brought (each with its tally) overlap others, leave gaps or repeat them.

    Parcels are compared across their parts: together they are the cadastre. Rows of other layers are compared within
    their part only: a newer plan lies over an older one, an infill area over zones. Layers whose file says nothing of
    `overlap` may overlap as they like; of these only repeated geometries are told.
    """
    if not tallies or not reading.has_geometry(conn, revision):
        return
    look = Look(conn, revision, layer, tallies)
    try:
        with conn.begin_nested():
            look.for_repetitions()
            if layer.geometry == "polygon" and "overlap" in layer.model_fields_set:
                look.around(progress)
            look.tell()
    except Exception as error:  # whatever it is, a check must not cost the load
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        look.first.find(Finding(FindingType.NEIGHBOURS_UNCHECKED, values={"reason": reason}))


class Look:
    """One look at a revision: what was met so far."""

    def __init__(self, conn: sa.Connection, revision: Revision, layer: Layer, tallies: Mapping[str, Tally]) -> None:
        self.conn = conn
        self.revision = revision
        self.layer = layer
        self.tallies = tallies
        self.across = layer.name == PARCEL
        kinds = (FindingType.OVERLAP, FindingType.GAP, FindingType.GEOMETRY_SHARED)
        self.found = {kind: Largest() for kind in kinds}

    @property
    def first(self) -> Tally:
        """The tally that is told what concerns no part in particular."""
        return next(iter(self.tallies.values()))

    def for_repetitions(self) -> None:
        """Find rows that repeat the geometry of another; where only a few are kept, those are the first."""
        pairs, count = held.alike(self.conn, self.revision, self.tallies, across=self.across, most=KEPT)
        rows = sorted({row for pair in pairs for row in pair})
        features = read(self.conn, self.revision, columns=(), which=Which(rows=rows))
        at = {row: place for place, row in enumerate(rows)}
        parts = features.table["part"].to_pylist()
        largest = self.found[FindingType.GEOMETRY_SHARED]
        for row, former in pairs:
            mine, other = (row, former) if parts[at[row]] in self.tallies else (former, row)
            met = Met(-float(row), mine, (other,), shapely.to_wkb(features.geometry[at[row]]), {})
            largest.add(met, parts[at[mine]])
        if count > len(pairs):
            largest.count[next(iter(largest.count))] += count - len(pairs)

    def around(self, progress: Progress) -> None:
        """Look at tile after tile for overlaps and gaps."""
        tiles = held.tiles(self.conn, self.revision, self.tallies, most=TILE)
        # Three hands: one reads a tile, one sorts the sides of the tile before, and this one compares.
        reading_ahead = ahead(self._read(box) for _, box in tiles)
        with closing(reading_ahead), closing(ahead(map(_sided, reading_ahead))) as sided:
            for done, ((tile, _), groups) in enumerate(zip(tiles, sided, strict=True), start=1):
                for rows, sides in groups:
                    self._try(rows, sides, tile)
                progress(f"{self.layer.name} ⇄", done, len(tiles))

    def _read(self, box: Bounds) -> list[Beside]:
        """Read the rows in and around a box; those that are not to be compared apart from each other."""
        bounds = np.array(box) + np.array([-1, -1, 1, 1]) * borders.GAP_M
        parts = None if self.across else list(self.tallies)
        rows = held.beside(self.conn, self.revision, bounds.tolist(), parts, most=CROWD + 1)
        return [rows] if self.across else _by_part(rows)

    def _try(self, rows: Beside, sides: Borders | None, tile: Tile) -> None:
        try:
            if sides is None:
                raise borders.Heap
            self._meet(rows, sides, tile)
        except borders.Heap:
            where = shapely.to_wkb(shapely.box(*shapely.total_bounds(rows.geometry)))
            self.first.find(Finding(FindingType.HEAP, place=where, values={"rows": len(rows.row)}))

    def _meet(self, rows: Beside, sides: Borders, tile: Tile) -> None:
        """Look at the rows around one tile; what is met is told by the tile that owns where it begins."""
        mine = np.array([part in self.tallies for part in rows.part], dtype=bool)
        over = borders.overlaps(rows.geometry, sides)
        left, right = rows.geometry[over.left], rows.geometry[over.right]
        corner = np.maximum(shapely.bounds(left), shapely.bounds(right))
        told = tile.owns(corner[:, 0], corner[:, 1]) & (mine[over.left] | mine[over.right]) & ~_same(left, right)
        for at in np.flatnonzero(told).tolist():
            pair = int(over.left[at]), int(over.right[at])
            values = {"area": float(over.area[at])}
            self.found[FindingType.OVERLAP].add(*_met(rows, mine, pair, over.shared[at], values))
        for gap in borders.gaps(rows.geometry, sides, tile.owns):
            if mine[list(gap.beside)].any():
                values = {"area": gap.area, "width": gap.width}
                self.found[FindingType.GAP].add(*_met(rows, mine, gap.beside, gap.shape, values))

    def tell(self) -> None:
        """Turn what was met into findings, the largest first, and say how many there are where not all are kept."""
        cases = [met for one in self.found.values() for met, _ in one.cases]
        rows = sorted({row for met in cases for row in (met.row, *met.others)})
        table = read(self.conn, self.revision, columns=(), geometry=False, which=Which(rows=rows)).table
        parts = dict(zip(rows, table["part"].to_pylist(), strict=True))
        source = dict(zip(rows, table["source_row"].to_pylist(), strict=True))
        keys = dict(zip(rows, table["key"].to_pylist(), strict=True)) if self.layer.key_fields else {}
        for kind, largest in self.found.items():
            for met, part in sorted(largest.cases, reverse=True):
                # Rows that stayed are numbered as in another file: their numbers would mislead.
                here = [str(source[row]) for row in met.others if parts[row] in self.tallies]
                names = [keys[row] for row in met.others if row in keys]
                values: dict[str, object] = {"other": _some(names), "there": _some(here)}
                values |= {name: _rounded(value) for name, value in met.values.items()}
                finding = Finding(kind, source[met.row], keys.get(met.row), values=values, place=met.wkb)
                self.tallies[part].find(finding)
            kept = Counter(part for _, part in largest.cases)
            for part, more in sorted((largest.count - kept).items()):
                said = {"what": kind.word, "count": largest.count[part], "kept": kept[part]}
                self.tallies[part].find(Finding(FindingType.NOT_ALL_KEPT, values=said))
                self.tallies[part].counts[kind] += more


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


def _met(
    rows: Beside, mine: Bools, places: tuple[int, ...], where: shapely.Geometry, values: Mapping[str, float]
) -> tuple[Met, str]:
    """Return a case and its part: it is told of the first row that the load brought."""
    teller = next(place for place in places if mine[place])
    others = tuple(int(rows.row[place]) for place in places if place != teller)
    return Met(values["area"], int(rows.row[teller]), others, shapely.to_wkb(where), values), rows.part[teller]


def _some(names: Sequence[str]) -> str:
    """Name a few.

    >>> _some(["a", "b"]), _some([])
    ('a, b', '–')
    """
    return ", ".join([*names[:NAMED], *(["…"] if len(names) > NAMED else [])]) or "–"


def _rounded(value: float) -> float:
    """Round to a millimetre, or to two digits where it is less.

    >>> _rounded(12.34567), _rounded(0.000123)
    (12.346, 0.00012)
    """
    return round(value, 3) if value >= 0.01 else float(f"{value:.2g}")
