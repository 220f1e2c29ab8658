"""The columnar snapshot of a state: one Arrow file, memory-mapped, that matching reads instead of the database.

It is a cache: made from the profile blocks when first asked for, written beside and renamed, thrown away at will.
Numbers are float64 (unknown NaN; high ends in `name#high` where they differ), flags int8, codes and texts indexes
(-1 unknown) into words kept in the schema, identifiers strings.
"""

import json
import logging
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from time import perf_counter
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gis_sites.catalogue import Catalogue
from gis_sites.columns import Column, Flags, Labels, Range, Rows
from gis_sites.scratch import turn
from gis_sites.store.connect import Store
from gis_sites.store.lineage import named_in
from gis_sites.store.profiles import HIGH
from gis_sites.store.snapshot_file import IDENTIFIER, PARCELS, build, mapped, stamp_of
from gis_sites.store.states import State, layer_sources

logger = logging.getLogger(__name__)
AT_A_TIME = 4_096
"""Texts looked at together."""


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
        return self.own(self._batch.column(place).to_numpy(zero_copy_only=True))

    def own(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return, of what is told of every row of the file, what is told of the rows it holds."""
        return values if self._rows is None else values[self._rows]

    def _words(self, place: int) -> tuple[str, ...]:
        return _words(self._batch.schema.field(place).metadata[b"words"])

    @cached_property
    def _identifiers(self) -> Labels:
        return Labels(np.arange(len(self), dtype=np.int32), Texts(self.ids))

    def _unknown(self, name: str) -> Column:
        attribute = self._catalogue.attributes.get(name) if self._catalogue else None
        kind = attribute.kind if attribute else "number"
        if kind == "flag":
            return Flags.unknown(len(self))
        if kind in {"number", "date"}:
            # One value that stands for all of them: whoever asks for an attribute nobody measured pays nothing.
            return Range.exact(np.broadcast_to(np.float64(np.nan), len(self)))
        return Labels.unknown(len(self))


class Texts(Sequence[str]):
    """Texts that stay in the file: each is a text of Python's while it is looked at, and no longer."""

    def __init__(self, texts: pa.StringArray) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> "Texts": ...

    def __getitem__(self, at: int | slice) -> "str | Texts":
        return Texts(self._texts[at]) if isinstance(at, slice) else str(self._texts[at].as_py())

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), AT_A_TIME):
            yield from self._texts[first : first + AT_A_TIME].to_pylist()


@lru_cache(maxsize=512)
def _words(said: bytes) -> tuple[str, ...]:
    """Read the words of a column, once for all who ask."""
    return tuple(json.loads(said))


def open_snapshot(store: Store, state: State, kind: str) -> Snapshot:
    """Map the snapshot of a state for `parcels` or `offers`, making it first where it is not there."""
    file = store.snapshots / f"state-{state.id}-{kind}.arrow"
    stamp, began = stamp_of(store, state, kind), perf_counter()
    batch, made = mapped(file, stamp), began
    if batch is None:
        with turn(store.snapshots):
            batch = mapped(file, stamp)
            if batch is None:
                build(store, state, kind, file)
                batch = mapped(file, stamp)
        made = perf_counter()
    if batch is None:
        raise RuntimeError(f"{file.name} was replaced by another inventory's while it was made")
    snapshot = Snapshot(batch, state, kind, store.catalogue)
    snapshot.loading = Loading(batch.nbytes, made - began, perf_counter() - made)
    about = (state.id, kind, len(batch), snapshot.loading, state.stale_after)
    logger.info("state %s, %s: %s rows, %s, stale after %s", *about)
    return snapshot
