"""What a load brings, seen beside its neighbours: overlaps, gaps, and the same geometry under two keys.

The check looks at the rows that wait, tile by tile, while they are written to the database. It must never cost a row:
whatever goes wrong here is one more finding, and the load stands.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from gis_sites.catalogue import Layer
from gis_sites.findings import Finding, FindingType
from gis_sites.intake import look
from gis_sites.intake.around import GEOM, Around, Beside, Coming
from gis_sites.intake.batch import Numbers
from gis_sites.intake.children import child
from gis_sites.intake.look import Found, Met
from gis_sites.intake.spool import Spool
from gis_sites.intake.tally import Tally
from gis_sites.intake.tiles import Bounds
from gis_sites.memory import let_go
from gis_sites.progress import Progress, silent
from gis_sites.store import neighbours as held
from gis_sites.store import revisions
from gis_sites.store.revisions import Revision, Which

PARCEL = "parcel"
NAMED = 8
"""Neighbours of a long gap that its sentence names."""
WORTH_A_CHILD = 50_000
"""Rows from which a process of its own looks: below, a thread is done before that has begun."""
KINDS = {kind.word: kind for kind in (FindingType.OVERLAP, FindingType.GAP, FindingType.GEOMETRY_SHARED)}


class Said(NamedTuple):
    """What findings call a row: its key, and its row in the source; none if the row stays."""

    key: str
    source_row: int | None


@dataclass(frozen=True)
class Stay:
    """The parts of a revision that a load leaves as they are; a connection of its own, the load's is busy."""

    conn: sa.Connection
    revision: Revision
    parts: Sequence[str]

    def cells(self, cell_m: float) -> Numbers:
        """Count the rows by square: column, row, count: [n, 3]."""
        return held.cells(self.conn, self.revision, self.parts, cell_m)

    def beside(self, bounds: Bounds, most: int) -> Beside:
        """Return at most so many rows in a box, in order."""
        return Beside(*held.beside(self.conn, self.revision, bounds, self.parts, most=most))

    def said(self, rows: Sequence[int]) -> list[Said]:
        """Return what findings call some rows, given in order."""
        found = revisions.read(self.conn, self.revision, columns=(), geometry=False, which=Which(rows=rows))
        return [Said(key, None) for key in found.table["key"].to_pylist()]


@dataclass
class Watch:
    """What is looked at, and what came of it."""

    layer: Layer
    waiting: Sequence[Spool]
    orders: Sequence[Numbers]
    """Of each spool, the places of the rows that are kept in the order of keys."""
    base: Revision | None
    stay: Sequence[str]
    """The parts of `base` that stay."""
    found: Found = field(default_factory=Found)
    said: dict[int, Said] = field(default_factory=dict)
    fault: str | None = None
    stopped: bool = False

    @property
    def across(self) -> bool:
        """Whether rows are compared across parts."""
        return self.layer.name == PARCEL

    @property
    def tiled(self) -> bool:
        """Whether rows must not overlap."""
        return self.layer.geometry == "polygon" and "overlap" in self.layer.model_fields_set

    def coming(self) -> Coming:
        """Return the rows that come, numbered table after table."""
        parts = [one.part.take(pa.array(order)) for one, order in zip(self.waiting, self.orders, strict=True)]
        whole = pa.chunked_array(parts).unify_dictionaries().combine_chunks()
        return Coming(
            np.concatenate(self.orders),
            np.repeat(np.arange(len(self.orders), dtype=np.int16), [len(order) for order in self.orders]),
            np.concatenate([one.bounds[order] for one, order in zip(self.waiting, self.orders, strict=True)]),
            whole,
            [one.path for one in self.waiting],
            [{at: bytes(wkb) for at, wkb in one.unions.get(GEOM, {}).items()} for one in self.waiting],  # type: ignore[arg-type]
        )


@contextmanager
def looking(engine: sa.Engine, watch: Watch, folder: Path, *, progress: Progress = silent) -> Iterator[Watch]:
    """Look, beside what the caller does, where rows that come overlap others, leave gaps or repeat them.

    Parcels are compared across their parts: together they are the cadastre. Rows of other layers are compared within
    their part only: a newer plan lies over an older one, an infill area over zones. Layers whose file says nothing of
    `overlap` may overlap as they like; of these only repeated geometries are told.
    """

    def told(done: int, total: int) -> None:
        if watch.stopped:
            raise _Stopped
        progress(f"{watch.layer.name} ⇄", done, total)

    with ThreadPoolExecutor(1) as thread:
        done = thread.submit(_look, engine, watch, folder, told)
        try:
            yield watch
            done.result()
        finally:
            watch.stopped = True


class _Stopped(Exception):
    """The load has failed: nobody wants to know any more."""


def _look(engine: sa.Engine, watch: Watch, folder: Path, told: Callable[[int, int], None]) -> None:
    """Look for all there is; whatever goes wrong must not cost the load."""
    if watch.layer.geometry == "table":
        return
    try:
        with _staying(engine, watch) as stay:
            if stay is None and sum(map(len, watch.orders)) >= WORTH_A_CHILD:
                watch.found = _in_a_child(watch, folder, told)
            else:
                around = Around(watch.coming(), stay)
                watch.found = look.look(around, told, across=watch.across, tiled=watch.tiled)
            watch.said = _said(watch, stay)
    except _Stopped:
        pass
    except Exception as error:
        watch.found = Found()
        watch.fault = " ".join(f"{type(error).__name__}: {error}".split())[:200]


@contextmanager
def _staying(engine: sa.Engine, watch: Watch) -> Iterator[Stay | None]:
    """Open what stays beside the rows that come, if they are compared with it."""
    if watch.base is None or not watch.stay or not watch.across:
        yield None
        return
    with engine.connect() as conn:
        yield Stay(conn, watch.base, watch.stay)


def _in_a_child(watch: Watch, folder: Path, told: Callable[[int, int], None]) -> Found:
    """Have a child look: it does not wait for the interpreter that writes the revision."""
    path = folder / f"{watch.layer.name}-coming.arrow"
    look.hand_over(watch.coming(), path, across=watch.across, tiled=watch.tiled)
    let_go()
    last = b""
    with child("look", str(path)) as process:
        for last in process.stdout:
            if not last.startswith(b"{"):
                told(*map(int, last.split()))
        if code := process.wait():
            raise ChildProcessError(process.complaint() or f"{code}")
    return Found.heard(last)


def _said(watch: Watch, stay: Stay | None) -> dict[int, Said]:
    """Return what findings call the rows that were met."""
    rows = {row for one in watch.found.met.values() for met in one.cases for row in (met.row, *met.others)}
    found: dict[int, Said] = {}
    first = 0
    for spool, order in zip(watch.waiting, watch.orders, strict=True):
        for row in (row for row in rows if first <= row < first + len(order)):
            place = int(order[row - first])
            found[row] = Said(spool.key(place), int(spool.row[place]))
        first += len(order)
    others = sorted(rows - found.keys())
    if others and stay:
        found |= zip(others, stay.said([row - first for row in others]), strict=True)
    return found


def tell(watch: Watch, tallies: Mapping[str, Tally]) -> None:
    """Turn what was met into findings, the largest first, and say how many there are where not all are kept."""
    first = next(iter(tallies.values()), None)
    if first is None:
        return
    if watch.fault:
        first.find(Finding(FindingType.NEIGHBOURS_UNCHECKED, values={"reason": watch.fault}))
    for rows, where in watch.found.heaps:
        first.find(Finding(FindingType.HEAP, place=bytes.fromhex(where), values={"rows": rows}))
    for word, largest in watch.found.met.items():
        for met in sorted(largest.cases, reverse=True):
            tallies[met.part].find(_finding(watch, KINDS[word], met))
        kept = Counter(met.part for met in largest.cases)
        for part, more in sorted((largest.count - kept).items()):
            said = {"what": word, "count": largest.count[part], "kept": kept[part]}
            tallies[part].find(Finding(FindingType.NOT_ALL_KEPT, values=said))
            tallies[part].counts[KINDS[word]] += more


def _finding(watch: Watch, kind: FindingType, met: Met) -> Finding:
    keyed, others = bool(watch.layer.key_fields), [watch.said[row] for row in met.others]
    # Rows that stay are numbered as in another file: their numbers would mislead.
    here = [str(one.source_row) for one in others if one.source_row is not None]
    values: dict[str, object] = {"other": _some([one.key for one in others] if keyed else []), "there": _some(here)}
    if kind is not FindingType.GEOMETRY_SHARED:
        values["area"] = _rounded(met.size)
    if met.width is not None:
        values["width"] = _rounded(met.width)
    mine = watch.said[met.row]
    key = mine.key if keyed else None
    return Finding(kind, mine.source_row, key, values=values, place=bytes.fromhex(met.where))


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
