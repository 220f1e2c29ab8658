"""What the measures look at: the rows of a layer in key order, cut once into small pieces.

A parcel meets a river of 50,000 vertices as fast as a shed, because it only ever meets the pieces near it. Cutting
follows each geometry alone, so it is the same in every partition.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from gis_sites.columns import Rows, ragged

if TYPE_CHECKING:
    from gis_sites.profile.nearby import Blocks

Shapes = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]
Box = npt.NDArray[np.float64]

EDGE = 16
"""The most segments of one edge piece."""
FACE = 256
"""The most vertices of one face, before it is cut in four."""


@dataclass(frozen=True, eq=False)
class Features:
    """Rows of a layer in key order, with their geometries in pieces.

    `faces` cover the polygons; `edges` are the pieces of all boundaries and lines, and all points. `face_row` and
    `edge_row` name the row each piece belongs to, rising.
    """

    table: pa.Table
    dimension: npt.NDArray[np.int8]
    faces: Shapes
    face_row: Rows
    edges: Shapes
    edge_row: Rows

    def __len__(self) -> int:
        return len(self.dimension)

    @cached_property
    def face_tree(self) -> shapely.STRtree:
        """The faces, ready to be asked which are near; they are prepared on the way."""
        shapely.prepare(self.faces)
        return shapely.STRtree(self.faces)

    @cached_property
    def face_bounds(self) -> Box:
        """The boxes of the faces: float64[k, 4]."""
        return np.asarray(shapely.bounds(self.faces), dtype=np.float64).reshape(-1, 4)

    @cached_property
    def edge_bounds(self) -> Box:
        """The boxes of the edges: float64[k, 4]."""
        return np.asarray(shapely.bounds(self.edges), dtype=np.float64).reshape(-1, 4)

    def __getstate__(self) -> dict[str, Any]:
        # Well-known binary, all at once: pickling geometries one by one takes ten times as long.
        state = {name: value for name, value in vars(self).items() if name in self.__dataclass_fields__}
        return {**state, "faces": shapely.to_wkb(self.faces), "edges": shapely.to_wkb(self.edges)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        shapes = {name: shapely.from_wkb(state[name]) for name in ("faces", "edges")}
        vars(self).update({**state, **shapes})

    @cached_property
    def blocks(self) -> "tuple[Blocks, Blocks]":
        """The boxes of the faces and of the edges, ready to be asked many times which are near."""
        from gis_sites.profile.nearby import Blocks

        return Blocks.of(self.face_bounds), Blocks.of(self.edge_bounds)

    @cached_property
    def bare(self) -> Rows:
        """The rows without a geometry: they speak through their fields."""
        return np.flatnonzero(self.dimension < 0)

    def keep(self, faces: Rows, edges: Rows) -> "Features":
        """Return the rows and pieces that remain when only some pieces (rising) are kept; rows keep their order."""
        rows = np.unique(np.concatenate([self.face_row[faces], self.edge_row[edges], self.bare]))
        return Features(
            self.table.take(pa.array(rows)).combine_chunks(),
            self.dimension[rows],
            self.faces[faces],
            np.searchsorted(rows, self.face_row[faces]),
            self.edges[edges],
            np.searchsorted(rows, self.edge_row[edges]),
        )


def cut(table: pa.Table, geometry: Shapes, *, edged: bool = True) -> Features:
    """Cut the geometries of rows into faces and, where some measure looks at boundaries and lines, edges."""
    dimension = np.asarray(shapely.get_dimensions(geometry), dtype=np.int8)
    dimension[shapely.is_empty(geometry)] = -1
    faces, face_row = _faces(geometry[dimension == 2])
    edges, edge_row = _edges(geometry if edged else geometry[:0])
    polygons = np.flatnonzero(dimension == 2)
    return Features(table, dimension, faces, polygons[face_row] if len(face_row) else face_row, edges, edge_row)


def cut_faces(table: pa.Table, geometry: Shapes) -> Features:
    """Cut polygons into faces only, for measures that look at nothing but areas; a missing one has none."""
    dimension = np.where(shapely.is_missing(geometry), -1, 2).astype(np.int8)
    faces, face_row = _faces(geometry)
    nothing = np.empty(0, dtype=object), np.empty(0, dtype=np.intp)
    return Features(table, dimension, faces, face_row, *nothing)


def _faces(geometry: Shapes) -> tuple[Shapes, Rows]:
    """Cut polygons into faces of at most `FACE` vertices, by halving their boxes both ways."""
    parts, row = shapely.get_parts(geometry, return_index=True)
    done: list[tuple[Shapes, Rows]] = []
    while len(parts):
        large = shapely.get_num_coordinates(parts) > FACE
        done.append((parts[~large], row[~large]))
        parts, row = _quarters(parts[large], row[large])
    faces = np.concatenate([one for one, _ in done]) if done else np.empty(0, dtype=object)
    rows = np.concatenate([one for _, one in done]) if done else np.empty(0, dtype=np.intp)
    order = np.argsort(rows, kind="stable")
    return faces[order], rows[order].astype(np.intp)


def _quarters(parts: Shapes, row: Rows) -> tuple[Shapes, Rows]:
    if not len(parts):
        return parts, row
    x0, y0, x1, y1 = shapely.bounds(parts).T
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    boxes = np.stack(
        [shapely.box(x0, y0, x, y), shapely.box(x, y0, x1, y), shapely.box(x0, y, x, y1), shapely.box(x, y, x1, y1)],
        axis=1,
    )
    pieces, of = shapely.get_parts(shapely.intersection(parts[:, None], boxes).ravel(), return_index=True)
    area = shapely.area(pieces) > 0
    return pieces[area], np.repeat(row, 4)[of[area]]


def _edges(geometry: Shapes) -> tuple[Shapes, Rows]:
    """Cut boundaries and lines into pieces of at most `EDGE` segments; points stay points."""
    parts, row = shapely.get_parts(geometry, return_index=True)
    dimension = shapely.get_dimensions(parts)
    rings, ring_of = shapely.get_rings(parts[dimension == 2], return_index=True)
    lines = np.concatenate([parts[dimension == 1], rings])
    line_row = np.concatenate([row[dimension == 1], row[dimension == 2][ring_of]])
    pieces, of = chop(lines, EDGE)
    points = dimension == 0
    edges = np.concatenate([parts[points], pieces])
    rows = np.concatenate([row[points], line_row[of]]).astype(np.intp)
    order = np.argsort(rows, kind="stable")
    return edges[order], rows[order]


def chop(lines: Shapes, segments: int) -> tuple[Shapes, Rows]:
    """Cut lines into pieces of at most so many segments; the vertices stay bit for bit.

    Returns:
        the pieces, and for each the index of its line, rising.

    >>> pieces, of = chop(shapely.from_wkt(["LINESTRING (0 0, 1 0, 2 0, 3 0)"]), 2)
    >>> [str(one) for one in pieces], of.tolist()
    (['LINESTRING (0 0, 1 0, 2 0)', 'LINESTRING (2 0, 3 0)'], [0, 0])
    """
    coordinates = shapely.get_coordinates(lines)
    sizes = np.asarray(shapely.get_num_coordinates(lines), dtype=np.intp)
    starts = np.cumsum(sizes) - sizes
    counts = np.maximum(-(-(sizes - 1) // segments), 0)
    of, nth = ragged(counts)
    first = starts[of] + nth * segments
    last = np.minimum(first + segments, (starts + sizes - 1)[of])
    index, position = ragged(last - first + 1)
    if not len(of):
        return np.empty(0, dtype=object), of
    pieces: Shapes = shapely.linestrings(coordinates[first[index] + position], indices=index)
    return pieces, of


def gap(boxes: Box, box: Box) -> npt.NDArray[np.float64]:
    """Return the distances between boxes and one box, or between boxes pair by pair; 0 where they meet.

    >>> gap(np.array([[4.0, 5.0, 6.0, 7.0]]), np.array([0.0, 0.0, 1.0, 1.0])).tolist()
    [5.0]
    """
    dx = np.maximum(np.maximum(boxes[..., 0] - box[..., 2], box[..., 0] - boxes[..., 2]), 0.0)
    dy = np.maximum(np.maximum(boxes[..., 1] - box[..., 3], box[..., 1] - boxes[..., 3]), 0.0)
    return np.asarray(np.hypot(dx, dy), dtype=np.float64)


def nothing() -> Features:
    """Return the features of a layer that has none."""
    return cut(pa.table({"key": pa.array([], pa.string())}), np.empty(0, dtype=object))
