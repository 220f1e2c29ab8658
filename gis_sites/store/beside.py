"""What is found out about a state and kept beside its snapshot: made by one process for all, mapped by each of them.

It is taken away with the state; a later state with the same rows takes it over.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gis_sites.scratch import scratch, turn
from gis_sites.store.connect import Store
from gis_sites.store.states import State

Array = npt.NDArray[Any]
FORMAT = 2
"""Raised with every change of how arrays are written: files of another format are made anew."""


def beside(store: Store, state: State, kind: str, stamp: str, make: Callable[[Path, str], None]) -> dict[str, Array]:
    """Return arrays of a kind, mapped; `make` writes their file (`write`) where there is none of the same stamp."""
    stamp = f"{FORMAT} {stamp}"
    file, others = store.snapshots / f"state-{state.id}-{kind}.arrow", f"state-*-{kind}.arrow"
    batch = _kept(file, stamp, others)
    if batch is None:
        with turn(store.home):
            batch = _kept(file, stamp, others)
            if batch is None:
                store.snapshots.mkdir(parents=True, exist_ok=True)
                with scratch(store.snapshots) as folder:
                    make(made := folder / file.name, stamp)
                    made.replace(file)
                batch = _kept(file, stamp, others)
    if batch is None:
        raise RuntimeError(f"{file.name} was replaced by another inventory's while it was made")
    return {name: batch[name].to_numpy() for name in batch.schema.names}


def write(file: Path, stamp: str, arrays: Mapping[str, Array]) -> None:
    """Write arrays of numbers, all of one length, with what tells whether they are still true."""
    # A truth value takes a bit there, which nobody could map: it is kept as a byte.
    columns = {name: pa.array(one.astype(np.int8) if one.dtype == bool else one) for name, one in arrays.items()}
    batch = pa.record_batch(columns).replace_schema_metadata({"stamp": stamp})
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)


def _kept(file: Path, stamp: str, others: str) -> pa.RecordBatch | None:
    """Map the state's own file, or take over that of another state."""
    for one in (file, *sorted(file.parent.glob(others))):
        try:
            with pa.memory_map(str(one)) as source:
                batch = pa.ipc.open_file(source).get_batch(0)
        except (FileNotFoundError, ValueError):  # there is none, or none that can be read
            continue
        if (batch.schema.metadata or {}).get(b"stamp") == stamp.encode():
            if one != file:
                with suppress(OSError):  # another process swept it, or made ours meanwhile
                    file.unlink(missing_ok=True)
                    file.hardlink_to(one)
            return batch
    return None
