"""The columnar snapshot of a state: one Arrow file, memory-mapped, that matching reads instead of the database.

It is a cache: made from the profile blocks when first asked for, written beside and renamed, thrown away at will.
Numbers are float64 (unknown NaN; high ends in `name#high` where they differ), flags int8, codes and texts indexes
(-1 unknown) into words kept in the schema, identifiers strings.
"""

import hashlib
import json
import logging
import os
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.columns import Column, Flags, Labels, Range, Rows
from gis_sites.scratch import scratch, turn
from gis_sites.store import profiles
from gis_sites.store.connect import Store
from gis_sites.store.features import LAYERS
from gis_sites.store.lineage import named_in, up_to_date
from gis_sites.store.profiles import HIGH, Profile
from gis_sites.store.reading import read
from gis_sites.store.states import State, layer_sources

logger = logging.getLogger(__name__)
FORMAT = 2
"""Raised with every change of the file: files of another format are made anew."""
GROUP = 8
"""Attributes read from the database at a time: what bounds the memory of building."""
ID, PARCELS = "id", "parcels"
"""The parcels an offer names, as its table does."""
IDENTIFIER = {"parcels": "parcel.id", "offers": "offer.id"}


@dataclass(frozen=True)
class Loading:
    """What it took to have a snapshot: bytes that processes share, seconds of making (0: it was there), of mapping."""

    bytes: int
    made_s: float
    mapped_s: float


class Snapshot:
    """The attributes of every parcel (or offer) of one state; columns are views into the mapped file.

    With `rows` (rising) it holds those only, numbered anew: their columns are copies, made when asked for.
    """

    in_id_order = True
    """Rows lie in the order of identifiers, code point by code point."""
    loading = Loading(0, 0.0, 0.0)
    land: Any = None
    """What tells the ground of sites, where somebody gave it (`Inventory.views`)."""

    def __init__(
        self, batch: pa.RecordBatch, state: State, kind: str, catalogue: Catalogue | None, *, rows: Rows | None = None
    ) -> None:
        self.kind = kind
        self.state = state
        self.ids: pa.StringArray = batch.column(0) if rows is None else batch.column(0).take(pa.array(rows))
        self._batch = batch
        self._rows = rows
        self._places = {name: place for place, name in enumerate(batch.schema.names)}
        self._catalogue = catalogue
        self._sources = layer_sources(state)
        self.kept: dict[str, Any] = {}
        """What readers found out about whole columns, for the next one."""

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, rows: Rows, state: State) -> "Snapshot":
        """Return some rows of the file (rising) only, as of a state that knows no others."""
        whole = len(rows) == len(self._batch)
        return self._some(state, None if whole else rows)

    def one(self, row: int) -> "Snapshot":
        """Return the same with one row: its columns cost nothing, however many there are beside it."""
        place = row if self._rows is None else int(self._rows[row])
        return self._some(self.state, np.array([place]))

    def _some(self, state: State, rows: Rows | None) -> "Snapshot":
        found = Snapshot(self._batch, state, self.kind, self._catalogue, rows=rows)
        found.land = self.land
        return found

    @property
    def inventory(self) -> dict[str, Any]:
        """What answers say of the inventory: the state, its day, the number of each layer's revision."""
        numbers = {layer: one.number for layer, one in sorted(self.state.revisions.items())}
        return {"state": self.state.id, "as_of": self.state.as_of.isoformat(), "revisions": numbers}

    @property
    def names(self) -> tuple[str, ...]:
        """The attributes the file holds."""
        return tuple(name for name in self._places if "." in name and not name.endswith(HIGH))

    def id(self, row: int) -> str:
        """Return the identifier of a row."""
        return str(self.ids[row].as_py())

    def row(self, identifier: str) -> int | None:
        """Return the row of an identifier, None when there is none."""
        row = bisect_left(range(len(self)), identifier, key=self.id)
        return row if row < len(self) and self.id(row) == identifier else None

    def parcels(self, row: int) -> list[str]:
        """Return the parcels a row stands for: itself, or those an offer names."""
        if PARCELS not in self._places:
            return [self.id(row)] if self.kind == "parcels" else []
        place = row if self._rows is None else int(self._rows[row])
        named = self._batch.column(self._places[PARCELS])[place].as_py()
        return named_in(named)

    def column(self, name: str) -> Column:
        """Return an attribute by its full name; one the state does not have is unknown everywhere."""
        if name == IDENTIFIER[self.kind]:
            return self._identifiers
        place = self._places.get(name)
        if place is None:
            return self._unknown(name)
        values = self._numpy(place)
        if values.dtype == np.float64:
            return Range(values, self._numpy(self._places[name + HIGH]) if name + HIGH in self._places else values)
        if values.dtype == np.int8:
            return Flags(values)
        return Labels(values.astype(np.int32, copy=False), self._words(place))

    def source(self, name: str) -> dict[str, Any]:
        """Return where an attribute's values come from, and a reason where there can be none."""
        layer = name.partition(".")[0]
        absent = {"kind": "layer", "layer": layer, "revision": None, "part": None, "parts": 0}
        found = dict(self._sources.get(layer) or {**absent, "dated": None, "publisher": None, "reason": "not_loaded"})
        known = self._catalogue.attributes if self._catalogue else {}
        if "reason" not in found and name in known and name not in {*self._places, IDENTIFIER[self.kind]}:
            found["reason"] = "not_measured_yet"
        return found

    def _numpy(self, place: int) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = self._batch.column(place).to_numpy(zero_copy_only=True)
        return values if self._rows is None else values[self._rows]

    def _words(self, place: int) -> tuple[str, ...]:
        return _words(self._batch.schema.field(place).metadata[b"words"])

    @cached_property
    def _identifiers(self) -> Labels:
        return Labels(np.arange(len(self), dtype=np.int32), tuple(self.ids.to_pylist()))

    def _unknown(self, name: str) -> Column:
        attribute = self._catalogue.attributes.get(name) if self._catalogue else None
        kind = attribute.kind if attribute else "number"
        if kind == "flag":
            return Flags.unknown(len(self))
        if kind in {"number", "date"}:
            # One value that stands for all of them: whoever asks for an attribute nobody measured pays nothing.
            return Range.exact(np.broadcast_to(np.float64(np.nan), len(self)))
        return Labels.unknown(len(self))


@lru_cache(maxsize=512)
def _words(said: bytes) -> tuple[str, ...]:
    """Read the words of a column, once for all who ask."""
    return tuple(json.loads(said))


def open_snapshot(store: Store, state: State, kind: str) -> Snapshot:
    """Map the snapshot of a state for `parcels` or `offers`, making it first where it is not there."""
    file = store.snapshots / f"state-{state.id}-{kind}.arrow"
    stamp, began = _stamp(store, state, kind), perf_counter()
    batch, made = _mapped(file, stamp), began
    if batch is None:
        with turn(store.snapshots):
            batch = _mapped(file, stamp)
            if batch is None:
                _build(store, state, kind, file)
                batch = _mapped(file, stamp)
        made = perf_counter()
    if batch is None:
        raise RuntimeError(f"{file.name} was replaced by another inventory's while it was made")
    snapshot = Snapshot(batch, state, kind, store.catalogue)
    snapshot.loading = Loading(batch.nbytes, made - began, perf_counter() - made)
    about = (state.id, kind, len(batch), snapshot.loading, state.stale_after)
    logger.info("state %s, %s: %s rows, %s, stale after %s", *about)
    return snapshot


def _stamp(store: Store, state: State, kind: str) -> str:
    """Say what a file was made from; a home that now serves another database, or a restored one, makes it anew."""
    blocks = {layer: kinds[kind].stamp for layer, kinds in sorted(state.profiles.items()) if kind in kinds}
    base = state.revisions.get(LAYERS[kind])
    what = [FORMAT, store.uuid, state.id, state.at.isoformat(), kind, blocks, base.id if base else None]
    what += ["heirs"] if kind == "offers" else []
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def _mapped(file: Path, stamp: str) -> pa.RecordBatch | None:
    batch = _opened(file)
    return batch if batch is not None and _says(batch, b"stamp") == stamp else None


def _says(batch: pa.RecordBatch, key: bytes) -> str:
    return str((batch.schema.metadata or {}).get(key, b""), "utf-8")


def _opened(file: Path) -> pa.RecordBatch | None:
    try:
        return pa.ipc.open_file(pa.memory_map(str(file))).get_batch(0)
    except (FileNotFoundError, pa.ArrowInvalid):
        return None


def _build(store: Store, state: State, kind: str, file: Path) -> None:
    """Write the file beside its place and rename it; columns wait on disk, so memory holds one group at a time."""
    store.snapshots.mkdir(parents=True, exist_ok=True)
    with scratch(store.snapshots) as folder, store.begin() as conn:
        texts = _texts(conn, state, kind)
        n = len(texts[ID])
        fields, arrays = [pa.field(name, pa.string()) for name in texts], list(texts.values())
        for field, values in _columns(conn, state, kind, _earlier(store, kind)):
            if len(values) != n:
                raise ValueError(f"{field.name} has {len(values)} values for {n} {kind}")
            fields.append(field)
            arrays.append(_aside(values, folder / field.name))
        schema = pa.schema(fields, metadata={"stamp": _stamp(store, state, kind), "inventory": store.uuid})
        beside = folder / file.name
        with beside.open("wb") as sink:
            with pa.ipc.new_file(sink, schema) as writer:
                writer.write_batch(pa.record_batch(arrays, schema=schema))
            sink.flush()
            # Renamed before its pages are on the disk, it could outlive a power cut with holes in it.
            os.fsync(sink.fileno())
        beside.replace(file)


def _texts(conn: sa.Connection, state: State, kind: str) -> dict[str, pa.StringArray]:
    """Return the identifiers, and for offers the parcels they name."""
    base = state.revisions.get(LAYERS[kind])
    wanted = {ID: "key", PARCELS: PARCELS} if kind == "offers" else {ID: "key"}
    if base is None:
        return {name: pa.array([], pa.string()) for name in wanted}
    table = read(conn, base, columns=[PARCELS] if kind == "offers" else [], geometry=False).table
    found = {name: table[column].combine_chunks() for name, column in wanted.items()}
    parcels = state.revisions.get(LAYERS["parcels"])
    if PARCELS in found and parcels is not None:
        found[PARCELS] = pa.array(up_to_date(conn, found[PARCELS].to_pylist(), parcels), pa.string())
    return found


def _earlier(store: Store, kind: str) -> pa.RecordBatch | None:
    """Return the newest file there is: most of its blocks are still those of the next state."""
    files = sorted(store.snapshots.glob(f"state-*-{kind}.arrow"), key=lambda file: int(file.name.split("-")[1]))
    batch = _opened(files[-1]) if files else None
    return batch if batch is not None and _says(batch, b"inventory") == store.uuid else None


def _columns(
    conn: sa.Connection, state: State, kind: str, earlier: pa.RecordBatch | None
) -> Iterator[tuple[pa.Field, npt.NDArray[Any]]]:
    for _, kinds in sorted(state.profiles.items()):
        if kind not in kinds:
            continue
        block = {"block": f"{kinds[kind].stamp} {kinds[kind].at.isoformat()}"}
        again = _again(earlier, block["block"]) if earlier else []
        yield from again
        if not again:
            for field, values in _block(conn, kinds[kind], skip=IDENTIFIER[kind]):
                yield field.with_metadata({**(field.metadata or {}), **block}), values


def _again(earlier: pa.RecordBatch, block: str) -> list[tuple[pa.Field, npt.NDArray[Any]]]:
    """Return the columns of a block from a file that holds it already: blocks never change."""
    fields = enumerate(earlier.schema)
    held = [(place, field) for place, field in fields if (field.metadata or {}).get(b"block") == block.encode()]
    return [(field, earlier.column(place).to_numpy(zero_copy_only=True)) for place, field in held]


def _block(conn: sa.Connection, block: Profile, *, skip: str) -> Iterator[tuple[pa.Field, npt.NDArray[Any]]]:
    wanted = [short for short in block.columns if f"{block.layer}.{short}" != skip]
    for first in range(0, len(wanted), GROUP):
        for short, column in profiles.read(conn, block, wanted[first : first + GROUP]).items():
            yield from _arrays(f"{block.layer}.{short}", column)


def _arrays(name: str, column: Column) -> Iterator[tuple[pa.Field, npt.NDArray[Any]]]:
    if isinstance(column, Range):
        yield pa.field(name, pa.float64()), column.low
        if column.high is not column.low:
            yield pa.field(name + HIGH, pa.float64()), column.high
    elif isinstance(column, Flags):
        yield pa.field(name, pa.int8()), column.values
    else:
        small = len(column.words) <= np.iinfo(np.int16).max
        words = {"words": json.dumps(column.words, ensure_ascii=False)}
        yield (
            pa.field(name, pa.int16() if small else pa.int32(), metadata=words),
            column.codes.astype(np.int16 if small else np.int32, copy=False),
        )


def _aside(values: npt.NDArray[Any], file: Path) -> pa.Array:
    """Put an array on disk and return it mapped: the kernel may let its pages go."""
    if not len(values):
        return pa.array(values)
    # Not `tofile`, which does not say that the disk is full.
    file.write_bytes(np.ascontiguousarray(values).data)
    kind = pa.from_numpy_dtype(values.dtype)
    with pa.memory_map(str(file)) as source:
        return pa.Array.from_buffers(kind, len(values), [None, source.read_buffer()])
