"""The file of a snapshot: made from the profile blocks, written beside and renamed, known by its stamp."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sqlalchemy as sa

from gis_sites.columns import Column, Flags, Range
from gis_sites.scratch import scratch
from gis_sites.store import profiles
from gis_sites.store.connect import Store
from gis_sites.store.features import LAYERS
from gis_sites.store.lineage import up_to_date
from gis_sites.store.profiles import HIGH, Profile
from gis_sites.store.reading import read
from gis_sites.store.states import State

FORMAT = 2
"""Raised with every change of the file: files of another format are made anew."""
GROUP = 8
"""Attributes read from the database at a time: what bounds the memory of building."""
ID, PARCELS = "id", "parcels"
"""The parcels an offer names, as its table does."""
IDENTIFIER = {"parcels": "parcel.id", "offers": "offer.id"}


def stamp_of(store: Store, state: State, kind: str) -> str:
    """Say what a file was made from; a home that now serves another database, or a restored one, makes it anew."""
    blocks = {layer: kinds[kind].stamp for layer, kinds in sorted(state.profiles.items()) if kind in kinds}
    base = state.revisions.get(LAYERS[kind])
    what = [FORMAT, store.uuid, state.id, state.at.isoformat(), kind, blocks, base.id if base else None]
    what += ["heirs"] if kind == "offers" else []
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def mapped(file: Path, stamp: str) -> pa.RecordBatch | None:
    """Map a file; None where there is none, or none of that stamp."""
    batch = _opened(file)
    return batch if batch is not None and _says(batch, b"stamp") == stamp else None


def _says(batch: pa.RecordBatch, key: bytes) -> str:
    return str((batch.schema.metadata or {}).get(key, b""), "utf-8")


def _opened(file: Path) -> pa.RecordBatch | None:
    try:
        return pa.ipc.open_file(pa.memory_map(str(file))).get_batch(0)
    except (FileNotFoundError, pa.ArrowInvalid):
        return None


def build(store: Store, state: State, kind: str, file: Path) -> None:
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
        schema = pa.schema(fields, metadata={"stamp": stamp_of(store, state, kind), "inventory": store.uuid})
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
