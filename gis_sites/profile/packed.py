"""Features and sites as they wait and travel: well-known binary, a quarter of the memory of geometries."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from gis_sites.ahead import ahead
from gis_sites.columns import Rows
from gis_sites.profile.features import Features, Shapes
from gis_sites.profile.sites import Members, Sites


@dataclass(frozen=True, eq=False)
class Packed(Features):
    """Rows of a layer whose `faces` and `edges` are bytes; their boxes are known beforehand."""

    def __getstate__(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def keep(self, faces: Rows, edges: Rows) -> "Packed":
        """Return the rows and pieces that remain when only some pieces are kept."""
        kept = super().keep(faces, edges)
        return Packed(**{one.name: getattr(kept, one.name) for one in fields(kept)})

    def unpacked(self) -> Features:
        """Return the same with geometries, to the last bit."""
        faces, edges = shapely.from_wkb(self.faces), shapely.from_wkb(self.edges)
        return Features(self.table, self.dimension, faces, self.face_row, edges, self.edge_row)


def packed(parts: Iterable[Features]) -> Packed:
    """Pack features that come in parts, in the order of rows, so that no more than two parts are held as geometries."""
    tables, arrays, first = [], [], 0
    for part in ahead(parts):
        tables.append(part.table)
        arrays.append(_packed(part, first))
        first += len(part)
    dimension, faces, face_row, edges, edge_row, face_bounds, edge_bounds = (
        np.concatenate(several) for several in zip(*arrays, strict=True)
    )
    whole = Packed(pa.concat_tables(tables).combine_chunks(), dimension, faces, face_row, edges, edge_row)
    # Their boxes can no longer be asked of the pieces themselves.
    vars(whole).update(face_bounds=face_bounds, edge_bounds=edge_bounds)
    _ = whole.blocks  # now, while others are measured
    return whole


def _packed(part: Features, first: int) -> tuple[Any, ...]:
    rows: tuple[Rows, Rows] = part.face_row + first, part.edge_row + first
    pieces = shapely.to_wkb(part.faces), shapely.to_wkb(part.edges)
    return part.dimension, pieces[0], rows[0], pieces[1], rows[1], part.face_bounds, part.edge_bounds


@dataclass(frozen=True, eq=False)
class PackedSites(Sites):
    """Sites whose `geometry` are bytes; their boxes are known beforehand."""

    def __getstate__(self) -> dict[str, Any]:
        return dict(vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    def shapes(self, rows: Rows | Sequence[int]) -> Shapes:
        """Return the polygons of some sites."""
        shapes: Shapes = shapely.from_wkb(super().shapes(rows))
        return shapes

    def take(self, rows: Rows) -> "PackedSites":
        """Return some sites."""
        kept = super().take(rows)
        some = PackedSites(**{one.name: getattr(kept, one.name) for one in fields(kept)})
        vars(some)["bounds"] = self.bounds[rows]
        return some

    def unpacked(self) -> Sites:
        """Return the same with geometries, to the last bit."""
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        sites = Sites(**{**own, "geometry": shapely.from_wkb(self.geometry)})
        vars(sites)["bounds"] = self.bounds
        return sites


def packed_sites(parts: Iterable[tuple[pa.Table, Shapes]], members: Callable[[pa.Table], Members], crs: str) -> Sites:
    """Pack sites that come in parts, so that no more than a part or two are held as geometries."""
    tables, shapes, bounds = [], [], []
    for table, geometry in parts:
        tables.append(table)
        shapes.append(shapely.to_wkb(geometry))
        bounds.append(np.asarray(shapely.bounds(geometry), dtype=np.float64).reshape(-1, 4))
    table = pa.concat_tables(tables).combine_chunks()
    sites = PackedSites(np.concatenate(shapes), table, members(table), crs=crs)
    vars(sites)["bounds"] = np.concatenate(bounds)
    return sites
