"""The pairs of parcels of a state, kept beside its snapshot: made once, taken away with the state."""

from pathlib import Path

import numpy as np
import sqlalchemy as sa

from gis_sites.apart import apart
from gis_sites.profile.adjacency import GAP_M, ROADS_AND_DITCHES, Pairs, adjacency, merged
from gis_sites.profile.features import Mask, Shapes
from gis_sites.profile.reading import drawn
from gis_sites.profile.selection import texts
from gis_sites.profile.sites import PARCEL
from gis_sites.profile.workers import WORTH_STARTING
from gis_sites.settings import Settings
from gis_sites.store import revisions
from gis_sites.store.beside import beside, write
from gis_sites.store.connect import Store, database
from gis_sites.store.reading import Which
from gis_sites.store.revisions import Revision
from gis_sites.store.states import State

ACROSS_M = 30.0
"""How wide a road or a ditch between two parcels may be."""
GAPS_M = (GAP_M, 2.0, 10.0)
"""Gaps for which pairs are kept; one between them is answered from the next."""
AT_A_TIME = 50_000
"""Parcels read at a time: as texts they take several times the memory of their shapes."""


def pairs_of(store: Store, state: State, *, gap_m: float = GAP_M, across: bool = False) -> Pairs:
    """Return which parcels of a state lie beside each other; rows are those of its revision of parcels.

    Direct neighbours lie no more than `gap_m` apart (with nothing between them where that is more than
    `adjacency.GAP_M`); `across` asks also for those across a road or a ditch (by their use of land), no more than
    `ACROSS_M` apart: to find them takes longer than all others.
    """
    reach = next((one for one in GAPS_M if gap_m <= one), GAPS_M[-1])
    near = _held(store, state, (reach, 0.0))
    if reach > max(gap_m, GAP_M):
        near = near.take(near.gap <= max(gap_m, GAP_M))
    if not across:
        return near
    far = _held(store, state, (GAP_M, ACROSS_M))
    return merged(near, far.take(far.across))


def _held(store: Store, state: State, reach: tuple[float, float]) -> Pairs:
    """Open the pairs within a reach, beside each other and across; make them where they are not kept."""
    revision, (gap_m, across_m) = state.revisions[PARCEL], reach
    kind = "-".join(["pairs", *([] if gap_m == GAP_M else [f"{gap_m:g}"]), *(["across"] if across_m else [])])
    address = store.engine.url.render_as_string(hide_password=False)
    settings = store.settings.model_copy(update={"database_url": address})

    def make(file: Path, stamp: str) -> None:
        how = settings, revision, file, stamp, reach
        if revision.rows < WORTH_STARTING:
            _made(*how)
        else:  # of a million parcels it takes more memory than all that a server holds
            apart(_made, *how)

    found = beside(store, state, kind, f"{store.uuid} {revision.mark} {gap_m} {across_m:g}", make)
    return Pairs(**found | {"across": found["across"].view(np.bool_)})


def _made(settings: Settings, revision: Revision, file: Path, stamp: str, reach: tuple[float, float]) -> None:
    shapes, across = [np.empty(0, dtype=object)], [np.empty(0, dtype=bool)]
    with database(settings) as engine, engine.begin() as conn:
        for first in range(0, revision.rows, AT_A_TIME):
            some, roads = _read(conn, revision, range(first, min(first + AT_A_TIME, revision.rows)))
            shapes.append(some)
            across.append(roads)
    gap_m, across_m = reach
    pairs = adjacency(np.concatenate(shapes), gap_m=gap_m, across=np.concatenate(across), across_m=across_m)
    write(file, stamp, vars(pairs))


def _read(conn: sa.Connection, revision: Revision, rows: range) -> tuple[Shapes, Mask]:
    """Read the shapes of some parcels, and which of them are roads and ditches."""
    found = revisions.read(conn, revision, columns=["land_use"], which=Which(rows=rows))
    across = np.array([use in ROADS_AND_DITCHES for use in texts(found.table, "land_use")], dtype=bool)
    return drawn(found.geometry), across
