"""The parcels and offers that are measured."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_sites.columns import Floats, Rows
from gis_sites.profile.features import Box, Mask, Shapes
from gis_sites.profile.nearby import along

Kind = Literal["parcels", "offers"]
PARCEL, OFFER = "parcel", "offer"
"""The layers whose rows are the sites of a kind."""
BATCH = 10_000
Members = Sequence[tuple[str, ...]]
"""The parcels each site is made of."""


@dataclass(frozen=True, eq=False)
class Alone(Sequence[tuple[str, ...]]):
    """The parcels of sites that are one parcel each: a text an identifier, no objects.

    >>> list(Alone(pa.array(["306101_1.0001.7", "306101_1.0001.8"])).take(np.array([1])))
    [('306101_1.0001.8',)]
    """

    keys: pa.StringArray

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, row: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, row: slice) -> "Alone": ...
    def __getitem__(self, row: int | slice) -> "tuple[str, ...] | Alone":
        return Alone(self.keys[row]) if isinstance(row, slice) else (self.keys[int(row)].as_py(),)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        for first in range(0, len(self), BATCH):
            yield from zip(self.keys.slice(first, BATCH).to_pylist(), strict=True)

    def take(self, rows: Rows) -> "Alone":
        """Return those of some sites."""
        return Alone(self.keys.take(pa.array(rows)))


@dataclass(frozen=True, eq=False)
class Sites:
    """Sites in the order of their revision.

    `geometry` holds polygons, empty where nobody drew one; `parcel` the fields of the parcel (for an offer what
    its parcels have in common); `members` the parcels each site is made of; `own` the row of the site itself in
    a layer whose rows are sites (offers), by the name of the layer.
    """

    geometry: Shapes
    parcel: pa.Table
    members: Members
    own: pa.Table | None = None
    own_layer: str = ""
    crs: str = "EPSG:2177"

    def __len__(self) -> int:
        return len(self.geometry)

    @cached_property
    def area(self) -> Floats:
        """Drawn areas in square metres: what shares are of."""
        return np.asarray(shapely.area(self.geometry), dtype=np.float64)

    @cached_property
    def bounds(self) -> Box:
        """The boxes of the sites: float64[n, 4], not numbers where nobody drew one."""
        return np.asarray(shapely.bounds(self.geometry), dtype=np.float64).reshape(-1, 4)

    @cached_property
    def along(self) -> Rows:
        """The sites in the order of a Hilbert curve."""
        return along(self.bounds)

    def shapes(self, rows: Rows | Sequence[int]) -> Shapes:
        """Return the polygons of some sites."""
        return self.geometry[np.asarray(rows, dtype=np.intp)]

    def places(self, parcels: Collection[str]) -> dict[str, int]:
        """Return where some parcels are, of sites that are one parcel each; those that are not there are left out."""
        members = self.members
        return {members[row][0]: row for row in np.flatnonzero(self.naming(parcels)).tolist()}

    def naming(self, parcels: Collection[str]) -> Mask:
        """Return the sites that some of these parcels are of."""
        if isinstance(self.members, Alone):
            return np.asarray(pc.is_in(self.members.keys, value_set=pa.array(list(parcels), self.members.keys.type)))
        wanted = set(parcels)
        return np.array([not wanted.isdisjoint(members) for members in self.members], dtype=bool)

    def unpacked(self) -> "Sites":
        """Return the same with geometries."""
        return self

    def take(self, rows: Rows) -> "Sites":
        """Return some sites."""
        members = self.members
        return Sites(
            self.geometry[rows],
            self.parcel.take(pa.array(rows)).combine_chunks(),
            members.take(rows) if isinstance(members, Alone) else tuple(members[row] for row in rows),
            None if self.own is None else self.own.take(pa.array(rows)).combine_chunks(),
            self.own_layer,
            self.crs,
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "geometry": shapely.to_wkb(self.geometry)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update({**state, "geometry": shapely.from_wkb(state["geometry"])})
