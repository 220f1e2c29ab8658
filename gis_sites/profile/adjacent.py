"""The pairs of parcels of a state, kept beside its snapshot: made once, taken away with the state."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa

from gis_sites.profile.adjacency import GAP_M, ROADS_AND_DITCHES, Pairs, adjacency
from gis_sites.profile.reading import drawn
from gis_sites.profile.selection import texts
from gis_sites.profile.sites import PARCEL
from gis_sites.scratch import scratch, turn
from gis_sites.store import revisions
from gis_sites.store.connect import Store
from gis_sites.store.states import State

ACROSS_M = 30.0
"""How wide a road or a ditch between two parcels may be."""


GAPS_M = (GAP_M, 2.0, 10.0)
"""Gaps for which pairs are kept; one between them is answered from the next."""


def pairs_of(store: Store, state: State, *, gap_m: float = GAP_M, across: bool = False) -> Pairs:
    """Return which parcels of a state lie beside each other; rows are those of its revision of parcels.

    Direct neighbours lie no more than `gap_m` apart (with nothing between them where that is more than
    `adjacency.GAP_M`); `across` asks also for those across a road or a ditch (by their use of land), no more than
    `ACROSS_M` apart: to find them takes longer than all others.
    """
    reach = next((one for one in GAPS_M if gap_m <= one), GAPS_M[-1])
    revision = state.revisions[PARCEL]
    kind = "-".join(["pairs", *([] if reach == GAP_M else [f"{reach:g}"]), *(["across"] if across else [])])
    file = store.snapshots / f"state-{state.id}-{kind}.arrow"
    stamp = f"{store.uuid} {revision.table} {revision.rows} {reach} {ACROSS_M if across else 0}"
    pairs = _kept(file, stamp, others := f"state-*-{kind}.arrow")
    if pairs is None:
        with turn(store.home):
            pairs = _kept(file, stamp, others) or _made(
                store, state, file, stamp, reach=(reach, ACROSS_M if across else 0.0)
            )
    return pairs.take(pairs.across | (pairs.gap <= max(gap_m, GAP_M)))


def _kept(file: Path, stamp: str, others: str) -> Pairs | None:
    """Open the state's own file, or take over that of another state with the same parcels."""
    for one in (file, *sorted(file.parent.glob(others))):
        try:
            with pa.memory_map(str(one)) as source:
                table = pa.ipc.open_file(source).read_all()
        except (FileNotFoundError, pa.ArrowInvalid):
            continue
        if (table.schema.metadata or {}).get(b"stamp") == stamp.encode():
            if one != file:
                with suppress(OSError):  # another process swept it, or made ours meanwhile
                    file.unlink(missing_ok=True)
                    file.hardlink_to(one)
            return _pairs(table)
    return None


def _pairs(table: pa.Table) -> Pairs:
    rows = {name: table[name].to_numpy().astype(np.intp) for name in ("first", "second")}
    lengths = {name: table[name].to_numpy() for name in ("shared", "gap")}
    return Pairs(**rows, **lengths, across=table["across"].to_numpy().astype(bool))


def _made(store: Store, state: State, file: Path, stamp: str, *, reach: tuple[float, float]) -> Pairs:
    with store.begin() as conn:
        found = revisions.read(conn, state.revisions[PARCEL], columns=["land_use"])
    across = np.array([use in ROADS_AND_DITCHES for use in texts(found.table, "land_use")], dtype=bool)
    pairs = adjacency(drawn(found.geometry), gap_m=reach[0], across=across, across_m=reach[1])
    table = pa.table(vars(pairs)).replace_schema_metadata({"stamp": stamp})
    file.parent.mkdir(parents=True, exist_ok=True)
    with scratch(file.parent) as folder:
        beside = folder / file.name
        with pa.OSFile(str(beside), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        beside.replace(file)
    return pairs
