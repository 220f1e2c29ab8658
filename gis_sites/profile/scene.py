"""One layer over some sites: what every measure is handed, with the steps they share done once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from gis_sites.catalogue import Layer, Where
from gis_sites.columns import Rows
from gis_sites.profile.coverage import Known
from gis_sites.profile.features import Features, Mask
from gis_sites.profile.nearest import Near, nearest
from gis_sites.profile.pieces import Pieces, arranged, met
from gis_sites.profile.selection import choose
from gis_sites.profile.sites import Sites

INSIDE_M = 0.01
"""A line or a point crosses a site when it comes this far inside; less is touching."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A layer's rows over some sites, and what its coverage lets us know about each."""

    layer: Layer
    sites: Sites
    features: Features
    known: Known
    given: Pieces | None = None
    """The overlaps, where they are told and not drawn."""
    _done: dict[Any, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.sites)

    def chosen(self, where: Where) -> tuple[Mask, Mask]:
        """Return the rows that surely match, and those that may."""
        return choose(self.layer, self.features.table, where)

    def once(self, what: str, how: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the measure makes
        """Return what a measure makes, made once for all attributes."""
        if what not in self._done:
            self._done[what] = how()
        return self._done[what]

    @cached_property
    def pieces(self) -> Pieces:
        """Where the sites and the polygons of all rows overlap."""
        return self.given or met(self.sites, self.features)

    def arranged(self, rows: Mask) -> Pieces:
        """Return the overlaps with some rows, the newest on top where the layer says so."""
        key = ("arranged", rows.tobytes())
        if key not in self._done:
            self._done[key] = arranged(self.pieces, self.layer, self.features, rows)
        pieces: Pieces = self._done[key]
        return pieces

    def nearest(self, rows: Mask) -> Near:
        """Return the distance to the nearest of some rows, and every (site, row) at that distance."""
        key = ("nearest", rows.tobytes())
        if key not in self._done:
            self._done[key] = self._nearest(rows)
        near: Near = self._done[key]
        return near

    def _nearest(self, rows: Mask) -> Near:
        inside = rows[self.features.face_row[self.touching[1]]]
        in_site, in_face = self.touching[0][inside], self.touching[1][inside]
        within = np.full(len(self), np.inf)
        within[in_site] = 0.0
        mine = np.flatnonzero(rows[self.features.edge_row])
        found = nearest(self.sites.geometry, self.features.edges[mine], within)
        distance = np.where(within == 0, 0.0, found.distance)
        tied = found.distance[found.site] == distance[found.site]
        site = np.concatenate([in_site, found.site[tied]])
        row = np.concatenate([self.features.face_row[in_face], self.features.edge_row[mine][found.row[tied]]])
        site, row = np.divmod(np.unique(site * len(self.features) + row), max(len(self.features), 1))
        return Near(distance, site, row)

    @cached_property
    def listed(self) -> "tuple[Rows, Scene] | None":
        """The sites that carry a list of their own, and the layer over them as the lists tell it."""
        from gis_sites.profile.lists import listed

        return listed(self)

    @cached_property
    def lines_inside(self) -> tuple[Rows, Rows]:
        """Every (site, edge) of lines and points that come at least 1 cm inside a site."""
        return lines_inside(self.sites, self.features)

    @cached_property
    def touching(self) -> tuple[Rows, Rows]:
        """Every (site, face) that meet, be it in a point."""
        return touching(self.sites, self.features)


def touching(sites: Sites, features: Features) -> tuple[Rows, Rows]:
    """Return every (site, face) that meet, in the order of the sites and, for each, of the faces."""
    site, face = features.face_tree.query(sites.geometry)
    order = np.lexsort((face, site))
    site, face = site[order], face[order]
    meet = shapely.intersects(features.faces[face], sites.geometry[site])
    return site[meet], face[meet]


def lines_inside(sites: Sites, features: Features) -> tuple[Rows, Rows]:
    """Return every (site, edge) of lines and points that come at least 1 cm inside a site."""
    lines = np.flatnonzero(features.dimension[features.edge_row] < 2)
    site, at = shapely.STRtree(features.edges[lines]).query(sites.geometry, predicate="intersects")
    some = np.unique(site)
    inner = dict(zip(some.tolist(), shapely.buffer(sites.geometry[some], -INSIDE_M), strict=True))
    inside = np.array([inner[one] for one in site.tolist()], dtype=object)
    meet = shapely.intersects(inside, features.edges[lines[at]])
    return site[meet], lines[at[meet]]
