"""The parcels and offers that are measured."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import shapely

from gis_sites.columns import Floats, Rows
from gis_sites.profile.features import Shapes

Kind = Literal["parcels", "offers"]
PARCEL, OFFER = "parcel", "offer"
"""The layers whose rows are the sites of a kind."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Sites in the order of their revision.

    `geometry` holds polygons, empty where nobody drew one; `parcel` the fields of the parcel (for an offer what
    its parcels have in common); `members` the parcels each site is made of; `own` the row of the site itself in
    a layer whose rows are sites (offers), by the name of the layer.
    """

    geometry: Shapes
    parcel: pa.Table
    members: tuple[tuple[str, ...], ...]
    own: pa.Table | None = None
    own_layer: str = ""
    crs: str = "EPSG:2177"

    def __len__(self) -> int:
        return len(self.geometry)

    @cached_property
    def area(self) -> Floats:
        """Drawn areas in square metres: what shares are of."""
        return np.asarray(shapely.area(self.geometry), dtype=np.float64)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "geometry": shapely.to_wkb(self.geometry)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({**state, "geometry": shapely.from_wkb(state["geometry"])})

    def take(self, rows: Rows) -> "Sites":
        """Return some sites."""
        return Sites(
            self.geometry[rows],
            self.parcel.take(pa.array(rows)).combine_chunks(),
            tuple(self.members[row] for row in rows),
            None if self.own is None else self.own.take(pa.array(rows)).combine_chunks(),
            self.own_layer,
            self.crs,
        )
