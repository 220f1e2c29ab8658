"""Rows made ready wait in a file of our own until it is known which of them are kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from gis_sites.findings import Finding, FindingType
from gis_sites.intake import keys as keying
from gis_sites.intake.batch import Batch, Bools, Objects
from gis_sites.intake.loading import Loading


@dataclass
class Spool:
    """The prepared rows of one load, on disk; what tells them apart, in memory."""

    path: Path
    rows: int = 0
    row: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    shapes: list[bytes] = field(default_factory=list)
    fields: list[bytes] = field(default_factory=list)
    repaired: list[bool] = field(default_factory=list)
    keep: Bools = field(default_factory=lambda: np.empty(0, dtype=bool))
    joined: dict[int, list[int]] = field(default_factory=dict)
    unions: dict[int, shapely.Geometry] = field(default_factory=dict)


def spool(batches: Iterable[Batch], path: Path) -> Spool:
    """Write batches to a file and remember key, part and content of each row."""
    held = Spool(path)
    writer = None
    with pa.OSFile(str(path), "wb") as sink:
        for batch in batches:
            if not len(batch):
                continue
            table = _record(batch)
            writer = writer or pa.ipc.new_stream(sink, table.schema)
            writer.write_batch(table)
            held.rows += len(batch)
            held.row.extend(batch.row.tolist())
            held.keys.extend(batch.key.tolist())
            held.parts.extend(batch.part.tolist())
            held.shapes.extend(keying.shape_digests(batch.geometry))
            held.fields.extend(keying.field_digests(batch.cells, len(batch)))
            held.repaired.extend(batch.repaired.tolist())
        if writer:
            writer.close()
    return held


def _record(batch: Batch) -> pa.RecordBatch:
    wkb = pa.array([None if shape is None else shape for shape in shapely.to_wkb(batch.geometry)], pa.binary())
    columns = {**batch.cells, "geom": wkb}
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def decide(held: Spool, load: Loading) -> None:
    """Decide which rows are kept, by their keys or as a multiset, and count the others."""
    if not load.keyed:
        contents = [part.encode() + values for part, values in zip(held.parts, held.fields, strict=True)]
        held.keys = keying.content_keys(held.shapes, contents)
        held.keep = np.ones(held.rows, dtype=bool)
        return
    # Identifiers that a layer requires stand for themselves; others need only differ within a part.
    alone = any(load.layer.fields[name].required for name in load.layer.key_fields)
    names = held.keys if alone else [f"{part}\x1f{key}" for part, key in zip(held.parts, held.keys, strict=True)]
    verdict = keying.resolve(names, held.shapes, held.fields)
    held.keep, held.joined = verdict.keep, verdict.joined
    _report(held, verdict, load)
    for kept, others in held.joined.items():
        shapes = _shapes(held, [kept, *others])
        held.unions[kept] = keying.joined_shape(shapes)
        held.shapes[kept] = keying.shape_digests(np.array([held.unions[kept]], dtype=object))[0]
        held.repaired[kept] |= any(held.repaired[place] for place in others)


def _report(held: Spool, verdict: keying.Verdict, load: Loading) -> None:
    tally = load.tally
    for places, kind in (
        (verdict.duplicates, FindingType.DUPLICATE),
        (verdict.differing, FindingType.DUPLICATE_DIFFERS),
        (verdict.conflicts, FindingType.KEY_CONFLICT),
    ):
        tally.find(*(Finding(kind, held.row[place], held.keys[place]) for place in places))
    for kept, others in verdict.joined.items():
        tally.find(Finding(FindingType.KEY_JOINED, held.row[kept], held.keys[kept], values={"count": len(others) + 1}))
        tally.aside("joined", len(others))
    tally.aside("duplicate", len(verdict.duplicates) + len(verdict.differing))
    tally.rejected += len(verdict.conflicts)


def reject_keys(held: Spool, taken: set[str], load: Loading) -> None:
    """Reject rows whose key another part or table holds already."""
    if not load.keyed or not taken:
        return
    for place in np.flatnonzero(held.keep).tolist():
        if held.keys[place] in taken:
            held.keep[place] = False
            rows = 1 + len(held.joined.pop(place, ()))
            load.tally.rejected += 1
            load.tally.set_aside["joined"] -= rows - 1
            load.tally.rejected += rows - 1
            load.tally.find(Finding(FindingType.KEY_CONFLICT, held.row[place], held.keys[place]))
    load.tally.set_aside = +load.tally.set_aside


def kept(held: Spool) -> Iterator[tuple[pa.Table, Objects, list[int]]]:
    """Yield the kept rows again: their columns, their geometry, their places in the spool."""
    start = 0
    for table in _batches(held):
        places = np.arange(start, start + table.num_rows)
        mine = held.keep[places]
        start += table.num_rows
        if not mine.any():
            continue
        chosen = table.filter(pa.array(mine))
        shapes = shapely.from_wkb(chosen.column("geom").to_numpy(zero_copy_only=False))
        positions = places[mine].tolist()
        for position, place in enumerate(positions):
            if place in held.unions:
                shapes[position] = held.unions[place]
        yield pa.table(chosen.drop_columns("geom")), shapes, positions


def _batches(held: Spool) -> Iterator[pa.RecordBatch]:
    if held.rows:
        with pa.memory_map(str(held.path)) as source:
            yield from pa.ipc.open_stream(source)


def _shapes(held: Spool, places: list[int]) -> Objects:
    """Return the geometries of a few rows."""
    wanted, found, start = set(places), {}, 0
    for table in _batches(held):
        for place in wanted & set(range(start, start + table.num_rows)):
            found[place] = shapely.from_wkb(table.column("geom")[place - start].as_py())
        start += table.num_rows
    return np.array([found[place] for place in places], dtype=object)
