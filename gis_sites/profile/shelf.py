"""What is made of sites on demand, kept beside the snapshot of their state: a file of rows by identifier.

A file goes with its state (`store.retention`). One that a later state could have made itself, as its stamp tells, is
taken over by it. A file is written beside and renamed: whoever reads it meanwhile has the one before.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gis_sites.columns import Rows
from gis_sites.scratch import scratch

ID = "id"
MOST_FILES = 64
"""Files of one kind that are kept beside each other; the oldest go first."""


class Shelf:
    """Rows by identifier, of one kind (`net`, `fits` ...) and made from one thing, which the stamp says."""

    def __init__(self, folder: Path, state: int, kind: str, stamp: str) -> None:
        self._stamp = hashlib.sha256(stamp.encode()).hexdigest()
        self._kind = kind
        self._file = folder / f"state-{state}-{kind}-{self._stamp[:16]}.arrow"
        self._table = self._opened()

    def find(self, ids: Sequence[str]) -> tuple[Rows, pa.Table | None]:
        """Return which of some identifiers are there, and their rows."""
        if self._table is None:
            return np.empty(0, dtype=np.intp), None
        places = pc.index_in(pa.array(ids, pa.string()), value_set=self._table[ID])
        there = np.flatnonzero(np.asarray(places.is_valid()))
        return there, self._table.take(places.take(pa.array(there)))

    def add(self, rows: pa.Table) -> None:
        """Put rows beside those that are there."""
        before = self._opened()
        if before is not None:
            known = pc.is_in(rows[ID], value_set=before[ID].combine_chunks())
            rows = pa.concat_tables([before, rows.filter(pc.invert(known))])
        self._table = rows.combine_chunks().replace_schema_metadata({"stamp": self._stamp})
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with scratch(self._file.parent) as folder:
            beside = folder / self._file.name
            with pa.OSFile(str(beside), "wb") as sink, pa.ipc.new_file(sink, self._table.schema) as writer:
                writer.write_table(self._table)
            beside.replace(self._file)
        for old in self._siblings()[MOST_FILES:]:
            old.unlink(missing_ok=True)

    def _opened(self) -> pa.Table | None:
        """Open the state's own file, or that of another state that was made from the same."""
        same = [one for one in self._siblings() if one.name.endswith(f"-{self._stamp[:16]}.arrow")]
        for file in (self._file, *same):
            try:
                with pa.memory_map(str(file)) as source:
                    table = pa.ipc.open_file(source).read_all()
            except (FileNotFoundError, pa.ArrowInvalid):
                continue
            if (table.schema.metadata or {}).get(b"stamp") == self._stamp.encode():
                return table
        return None

    def _siblings(self) -> list[Path]:
        """Return the files of the same kind, of any state, the youngest first."""
        dated = []
        for file in self._file.parent.glob(f"state-*-{self._kind}-*.arrow"):
            try:
                dated.append((-file.stat().st_mtime_ns, file))
            except FileNotFoundError:  # another process swept it
                continue
        return [file for _, file in sorted(dated)]
