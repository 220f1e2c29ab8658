"""Rows made ready wait in a file of our own until it is known which of them are kept, and in which order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_sites.findings import Finding, FindingType
from gis_sites.intake import keys as keying
from gis_sites.intake.around import GEOM
from gis_sites.intake.batch import Batch, Bools, Filled, Numbers, Objects
from gis_sites.intake.loading import Loading
from gis_sites.intake.shapes import to_ewkb
from gis_sites.intake.tiles import outward
from gis_sites.memory import let_go

Digests = dict[int, keying.Digest]
LET_GO = 16
"""Batches after which memory is given back."""
BELIEVED = 1 << 20
"""Rows for which room is made before any came: a file may claim more than there are."""


@dataclass
class Spool:
    """The prepared rows of one load, on disk; in memory what tells them apart: some fifty bytes a row."""

    path: Path
    row: Numbers
    keys: pa.Array
    part: pa.DictionaryArray
    bounds: npt.NDArray[np.float32]
    """The box of each row, rounded outward: x0, y0, x1, y1; of none, NaN."""
    repaired: Bools
    keep: Bools
    order: Numbers
    """The places in the order of keys."""
    joined: dict[int, list[int]] = field(default_factory=dict)
    """Place of a kept row -> places of those joined to it."""
    unions: dict[str, dict[int, bytes | str]] = field(default_factory=dict)
    """Column -> place of a kept row -> what it holds then: the joined geometry (EWKB), or the parcels of all lines."""

    def __len__(self) -> int:
        return len(self.row)

    def key(self, place: int) -> str:
        """Return the key of one row."""
        return str(self.keys[place].as_py())

    @property
    def parts(self) -> dict[str, int]:
        """The parts of the kept rows, and how many rows each has."""
        counted = pc.value_counts(self.part.filter(pa.array(self.keep)))
        names = counted.field("values").cast(pa.string()).to_pylist()
        return dict(zip(names, counted.field("counts").to_pylist(), strict=True))


def spool(batches: Iterable[Batch], path: Path, load: Loading) -> Spool:
    """Write batches to a file and remember key and part of each row; rows without keys of their own get digests."""
    most = min(max(load.table.rows, 0), BELIEVED)
    rows, bounds, repaired = Filled(np.int64, most), Filled(np.float32, most, 4), Filled(np.bool_, most)
    keys, parts = [], []
    for batch, waiting in _written(batches, path, load.srid):
        rows.add(batch.row)
        keys.append(pa.array(batch.key.tolist() if load.keyed else _contents(batch, waiting), pa.string()))
        parts.append(pa.array(batch.part.tolist(), pa.string()).dictionary_encode())
        bounds.add(outward(shapely.bounds(batch.geometry)))
        repaired.add(batch.repaired)
    return Spool(
        path,
        rows.values,
        pa.chunked_array(keys, pa.string()).combine_chunks(),
        _joined(parts),
        bounds.values,
        repaired.values,
        keep=np.ones(len(rows.values), dtype=bool),
        order=np.empty(0, dtype=np.int64),
    )


def _written(batches: Iterable[Batch], path: Path, srid: int) -> Iterator[tuple[Batch, pa.RecordBatch]]:
    """Write batches to a file; yield each that has rows, and what was written of it."""
    writer = None
    with pa.OSFile(str(path), "wb") as sink:
        for number, batch in enumerate(batches):
            if number % LET_GO == 0:
                let_go()
            if len(batch):
                waiting = _record(batch, srid)
                writer = writer or pa.ipc.new_stream(sink, waiting.schema)
                writer.write_batch(waiting)
                yield batch, waiting
        if writer:
            writer.close()


def _joined(parts: list[pa.DictionaryArray]) -> pa.DictionaryArray:
    kind = pa.dictionary(pa.int32(), pa.string())
    whole = pa.chunked_array(parts, kind).unify_dictionaries().combine_chunks()
    return whole if isinstance(whole, pa.DictionaryArray) else pa.array([], kind)


def _record(batch: Batch, srid: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({**batch.cells, GEOM: to_ewkb(batch.geometry, srid)})


def _contents(batch: Batch, waiting: pa.RecordBatch) -> list[str]:
    shapes = keying.shape_digests(geometries(waiting))
    values = keying.field_digests(batch.cells, len(batch))
    rows = zip(shapes, batch.part, values, strict=True)
    return [keying.content_key(shape, str(part).encode(), value) for shape, part, value in rows]


def decide(held: Spool, load: Loading) -> None:
    """Decide which rows are kept, by their keys or as a multiset, and count the others."""
    let_go()
    held.order = keying.sorted_places(held.keys)
    repeated = keying.repeated(held.keys, held.order)
    if not load.keyed:
        _number_alike(held, repeated)
    # Identifiers that a layer requires stand for themselves; others need only differ within a part.
    elif any(load.layer.fields[name].required for name in load.layer.key_fields):
        _resolve(held, repeated, load)
    else:
        _resolve(held, [group for same in repeated for group in _by_part(held, same)], load)


def _by_part(held: Spool, places: list[int]) -> Iterator[list[int]]:
    parts: dict[int, list[int]] = {}
    for place in places:
        parts.setdefault(held.part.indices[place].as_py(), []).append(place)
    return (group for group in parts.values() if len(group) > 1)


def _resolve(held: Spool, repeated: list[list[int]], load: Loading) -> None:
    if not repeated:
        return
    listed = load.layer.parcels if load.layer.parcels in load.filled else None
    verdict = keying.resolve(repeated, *_digests(held, sorted(place for group in repeated for place in group), listed))
    held.keep[verdict.gone] = False
    held.joined = verdict.joined
    _report(held, verdict, load)
    for kept, column, value in _unions(held, listed, load):
        held.unions.setdefault(column, {})[kept] = value
    for kept, others in held.joined.items():
        held.bounds[kept, :2] = held.bounds[[kept, *others], :2].min(axis=0)
        held.bounds[kept, 2:] = held.bounds[[kept, *others], 2:].max(axis=0)
        held.repaired[kept] |= any(held.repaired[place] for place in others)


def _unions(held: Spool, listed: str | None, load: Loading) -> Iterator[tuple[int, str, bytes | str]]:
    """Yield what joined rows are together: their geometries as one; without any, the parcels they name.

    All are read at once: a city may have thousands of parcels of several polygons.
    """
    kept_of = {place: kept for kept, others in held.joined.items() for place in (kept, *others)}
    alike: dict[int, list[tuple[shapely.Geometry | None, str | None]]] = {kept: [] for kept in held.joined}
    for mine, rows in _some(held, sorted(kept_of)):
        texts = rows.column(listed).to_pylist() if listed else [None] * len(mine)
        for place, shape, text in zip(mine, geometries(rows), texts, strict=True):
            alike[kept_of[place]].append((shape, text))
    for kept, several in alike.items():
        shapes = np.array([shape for shape, _ in several], dtype=object)
        if listed and shapely.is_missing(shapes).all():
            yield kept, listed, "; ".join(text for _, text in several if text)
        else:
            yield kept, GEOM, to_ewkb(np.array([keying.joined_shape(shapes)], dtype=object), load.srid)[0].as_py()


def _number_alike(held: Spool, repeated: list[list[int]]) -> None:
    """Tell rows of the same content apart by a running number; a multiset keeps them all."""
    if repeated:
        keys = held.keys.to_pylist()
        for group in repeated:
            for number, place in enumerate(group[1:], 2):
                keys[place] = f"{keys[place]}-{number}"
        held.keys = pa.array(keys, pa.string())
        let_go()
    held.order = keying.sorted_places(held.keys)


def _report(held: Spool, verdict: keying.Verdict, load: Loading) -> None:
    tally = load.tally
    for places, kind in (
        (verdict.duplicates, FindingType.DUPLICATE),
        (verdict.differing, FindingType.DUPLICATE_DIFFERS),
        (verdict.conflicts, FindingType.KEY_CONFLICT),
    ):
        tally.find(*(Finding(kind, int(held.row[place]), held.key(place)) for place in places))
    for kept, others in verdict.joined.items():
        values = {"count": len(others) + 1}
        tally.find(Finding(FindingType.KEY_JOINED, int(held.row[kept]), held.key(kept), values=values))
        tally.aside("joined", len(others))
    tally.aside("duplicate", len(verdict.duplicates) + len(verdict.differing))
    tally.rejected += len(verdict.conflicts)


def reject_keys(held: Spool, taken: pa.Array, load: Loading) -> None:
    """Reject rows whose key another part or table holds already."""
    if not load.keyed or not len(taken):
        return
    again = held.keep & pc.is_in(held.keys, taken).to_numpy(zero_copy_only=False)
    for place in np.flatnonzero(again).tolist():
        held.keep[place] = False
        rows = 1 + len(held.joined.pop(place, ()))
        load.tally.set_aside["joined"] -= rows - 1
        load.tally.rejected += rows
        load.tally.find(Finding(FindingType.KEY_CONFLICT, int(held.row[place]), held.key(place)))
    load.tally.set_aside = +load.tally.set_aside


def kept_order(held: Spool) -> Numbers:
    """Return the places of the kept rows in the order of keys, then parts, then rows."""
    order = held.order[held.keep[held.order]]
    chosen = held.keys.take(pa.array(order))
    for group in keying.repeated(chosen, np.arange(len(order))):  # the same key in several parts
        order[group] = sorted(order[group], key=lambda place: (held.part[place].as_py(), held.row[place]))
    held.order = order[:0]  # nobody asks again
    let_go()
    return order


def numbered(held: Spool, order: Numbers) -> npt.NDArray[np.int32]:
    """Return the number that an order of places gives each row; -1 where it has none."""
    numbers = np.full(len(held), -1, dtype=np.int32)
    numbers[order] = np.arange(len(order), dtype=np.int32)
    return numbers


def kept(held: Spool) -> Iterator[tuple[pa.Table, Numbers]]:
    """Yield the kept rows again: their columns, geometry among them, and their places in the spool."""
    for start, waiting in _batches(held):
        mine = held.keep[start : start + waiting.num_rows]
        places = start + np.flatnonzero(mine)
        if len(places):
            yield _united(pa.table(waiting.filter(pa.array(mine))), places, held), places


def _united(rows: pa.Table, places: Numbers, held: Spool) -> pa.Table:
    """Put in what joined rows are together."""
    for name, unions in held.unions.items():
        mine = np.flatnonzero(np.isin(places, list(unions))).tolist()
        if mine:
            values = rows[name].to_pylist()
            for position in mine:
                values[position] = unions[int(places[position])]
            rows = rows.set_column(rows.column_names.index(name), name, pa.array(values, rows[name].type))
    return rows


def _batches(held: Spool) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Yield the waiting batches and the place of their first row."""
    start = 0
    if len(held):
        # Read, not mapped: pages of a mapped file would count as ours, however large it is.
        with pa.OSFile(str(held.path)) as source:
            for waiting in pa.ipc.open_stream(source):
                yield start, waiting
                start += waiting.num_rows


def _some(held: Spool, places: Sequence[int]) -> Iterator[tuple[list[int], pa.RecordBatch]]:
    """Yield the rows at some places, given in their order, batch by batch."""
    wanted = np.asarray(places)
    for start, waiting in _batches(held):
        mine = wanted[(wanted >= start) & (wanted < start + waiting.num_rows)]
        if len(mine):
            yield mine.tolist(), waiting.take(pa.array(mine - start))


def _digests(held: Spool, places: list[int], listed: str | None) -> tuple[Digests, Digests]:
    """Return what tells the geometries and the fields of some rows apart, by place.

    Rows without geometry stand for the parcels they name (`listed`): these count as their geometry, not as a field.
    """
    shapes: Digests = {}
    fields: Digests = {}
    for mine, rows in _some(held, places):
        cells = {name: rows.column(name) for name in rows.schema.names if name != GEOM}
        drawn = keying.shape_digests(geometries(rows))
        values = keying.field_digests(cells, len(mine))
        if listed and not all(drawn):
            parcels = keying.field_digests({listed: cells.pop(listed)}, len(mine))
            others = keying.field_digests(cells, len(mine))
            values = [value if shape else other for shape, value, other in zip(drawn, values, others, strict=True)]
            drawn = [shape or parcel for shape, parcel in zip(drawn, parcels, strict=True)]
        shapes |= zip(mine, drawn, strict=True)
        fields |= zip(mine, values, strict=True)
    return shapes, fields


def geometries(rows: pa.RecordBatch | pa.Table) -> Objects:
    """Return the geometries of waiting rows."""
    shapes: Objects = shapely.from_wkb(rows.column(GEOM).to_numpy(zero_copy_only=False))
    return shapes
