"""GML geometry as WKB, easting first: what is broken stays broken, for the steps behind to judge.

Arcs are replaced by short lines, as everywhere in this house; kinds of curves that nobody draws plots with, and
geometries that stand elsewhere (`xlink:href`), are given as bytes that are no geometry.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from gis_sites.intake.gml.parse import Node

Points = npt.NDArray[np.float64]
"""float64[n, 2 or 3]."""

UNREADABLE = b"\x00"
KINDS = {
    "Point": "Point", "MultiPoint": "MultiPoint",
    "LineString": "LineString", "Curve": "LineString", "OrientableCurve": "LineString", "CompositeCurve": "LineString",
    "LinearRing": "LineString", "Ring": "LineString",
    "MultiLineString": "MultiLineString", "MultiCurve": "MultiLineString",
    "Polygon": "Polygon", "OrientableSurface": "Polygon",
    "Surface": "MultiPolygon", "CompositeSurface": "MultiPolygon", "PolyhedralSurface": "MultiPolygon",
    "TriangulatedSurface": "MultiPolygon", "Tin": "MultiPolygon",
    "MultiSurface": "MultiPolygon", "MultiPolygon": "MultiPolygon",
    "MultiGeometry": "Unknown", "GeometricComplex": "Unknown",
}  # fmt: skip
"""Every geometry of GML that we read, and what a table of it is said to hold."""
STEP = np.radians(1.0)
"""The widest angle between two points that stand for an arc: the one GDAL is asked for."""
SIMPLE = {"Point": 1, "LineString": 2, "Polygon": 3, "MultiPoint": 4, "MultiLineString": 5, "MultiPolygon": 6}
PIECE = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}


class Odd(ValueError):
    """A geometry we cannot read."""


@dataclass
class Drawing:
    """A geometry being read: which way its axes run, how many numbers a point has, whether it held arcs."""

    swapped: bool
    dimension: int = 2
    curved: bool = False

    def told(self, node: Node) -> None:
        """Take in how many numbers an element says a point has."""
        if dimension := node.attributes.get("srsDimension"):
            self.dimension = 3 if dimension.strip() == "3" else 2


def to_wkb(node: Node, default: str | None) -> tuple[bytes, bool]:
    """Return a geometry as WKB, and whether arcs were replaced; `default` is the system of one that names none."""
    name = next((one.attributes["srsName"] for one in node.walk() if "srsName" in one.attributes), default)
    drawing = Drawing(swapped=name is not None and northing_first(name))
    try:
        return _written(KINDS[node.name], list(_parts(node, drawing))), drawing.curved
    except (Odd, ValueError, IndexError):
        return UNREADABLE, drawing.curved


@lru_cache(maxsize=100)
def northing_first(name: str) -> bool:
    """Say whether the first number of a point is its northing, by the name of its system."""
    from gis_sites.intake.crs import srs_name

    found = srs_name(name)
    return found is not None and found.northing_first


Part = tuple[str, list[Points]]
"""A point, line or polygon: its kind, its points or rings."""


def _parts(node: Node, drawing: Drawing) -> Iterator[Part]:
    """Take a geometry apart into points, lines and polygons."""
    if "href" in node.attributes:
        raise Odd(node.name)
    outside = drawing.dimension
    drawing.told(node)
    match node.name:
        case "Point":
            yield "Point", [_points(node, drawing)]
        case "LineString" | "Curve" | "OrientableCurve" | "CompositeCurve" | "LinearRing" | "Ring":
            yield "LineString", [_line(node, drawing)]
        case "Polygon" | "PolygonPatch" | "Triangle" | "Rectangle":
            yield "Polygon", _rings(node, drawing)
        case _:
            inner = [
                one
                for one in _members(node)
                if one.name in KINDS or one.name in {"PolygonPatch", "Triangle", "Rectangle"}
            ]
            if not inner and any("href" in one.attributes for one in node.children):
                raise Odd(node.name)
            for one in inner:
                yield from _parts(one, drawing)
    drawing.dimension = outside


def _members(node: Node) -> Iterator[Node]:
    """Yield the geometries right below one, whatever the properties between are called."""
    for child in node.children:
        if child.children:
            yield from child.children
        elif "href" in child.attributes:
            raise Odd(child.name)


def _rings(node: Node, drawing: Drawing) -> list[Points]:
    rings = [
        child for child in node.children if child.name in {"exterior", "interior", "outerBoundaryIs", "innerBoundaryIs"}
    ]
    rings.sort(key=lambda child: child.name in {"interior", "innerBoundaryIs"})
    found = []
    for ring in rings:
        if not ring.children:
            raise Odd(ring.name)
        found.append(_line(ring.children[0], drawing))
    return found


def _line(node: Node, drawing: Drawing) -> Points:
    """Return the points of a line, a curve of several segments, or a ring."""
    if "href" in node.attributes:
        raise Odd(node.name)
    match node.name:
        case "LineString" | "LinearRing" | "LineStringSegment" | "GeodesicString" | "Geodesic":
            return _points(node, drawing)
        case "Arc" | "ArcString" | "Circle":
            drawing.curved = True
            return _arcs(_points(node, drawing), whole=node.name == "Circle")
        case "Curve" | "CompositeCurve" | "Ring" | "OrientableCurve":
            line = _joined([_line(one, drawing) for one in _members(node)])
            return line[::-1] if node.attributes.get("orientation") == "-" else line
        case _:
            raise Odd(node.name)


def _joined(lines: list[Points]) -> Points:
    if not lines:
        raise Odd("no segments")
    return np.concatenate(
        [lines[0], *(line[1:] if np.array_equal(line[:1], before[-1:]) else line for before, line in pairwise(lines))]
    )


def _points(node: Node, drawing: Drawing) -> Points:
    """Return the points that stand in an element, easting first; what it says of its numbers holds for no other."""
    outside = drawing.dimension
    drawing.told(node)
    points = np.array([*_numbers_in(node, drawing)], dtype=np.float64).reshape(-1, drawing.dimension)
    drawing.dimension = outside
    if drawing.swapped:
        points[:, [0, 1]] = points[:, [1, 0]]
    return points


def _numbers_in(node: Node, drawing: Drawing) -> Iterator[float]:
    """Yield the numbers of points, in whatever way GML has written them."""
    for child in node.children:
        drawing.told(child)
        match child.name:
            case "posList":
                yield from map(float, child.text.split())
            case "pos":
                words = child.text.split()
                drawing.dimension = len(words) if len(words) in {2, 3} else drawing.dimension
                yield from map(float, words)
            case "coordinates":
                yield from _coordinates(child, drawing)
            case "coord":
                yield from (float(one.text) for one in child.children if one.name in {"X", "Y"})
            case "pointProperty" | "pointRep":
                if not child.children:
                    raise Odd(child.name)
                yield from _numbers_in(child.children[0], drawing)


def _coordinates(node: Node, drawing: Drawing) -> Iterator[float]:
    """Yield the numbers of the old way: `x,y x,y`, with signs of their own if need be."""
    comma, blank = node.attributes.get("cs", ","), node.attributes.get("ts", " ")
    point = node.attributes.get("decimal", ".")
    for words in node.text.replace(blank, " ").split():
        numbers = [word.replace(point, ".") for word in words.split(comma)]
        drawing.dimension = len(numbers) if len(numbers) in {2, 3} else drawing.dimension
        yield from map(float, numbers)


def _arcs(points: Points, *, whole: bool) -> Points:
    """Return short lines for arcs of three points each; a whole circle comes back to where it began."""
    if len(points) < 3 or (len(points) % 2 == 0 and not whole):
        raise Odd("arc")
    if whole:
        return _joined([_arc(*points[:3]), _arc(points[2], _across(*points[:3]), points[0])])
    return _joined([_arc(*points[place : place + 3]) for place in range(0, len(points) - 2, 2)])


def _centre(first: Points, second: Points, third: Points) -> Points | None:
    """Return the centre of the circle through three points, None where they lie on a line."""
    a, b = second[:2] - first[:2], third[:2] - first[:2]
    turn = 2 * (a[0] * b[1] - a[1] * b[0])
    if abs(turn) < 1e-12 * max(float(a @ a), float(b @ b), 1e-12):
        return None
    centre: Points = first[:2] + np.array([b[1] * (a @ a) - a[1] * (b @ b), a[0] * (b @ b) - b[0] * (a @ a)]) / turn
    return centre


def _across(first: Points, second: Points, third: Points) -> Points:
    """Return the middle of the arc that closes a circle from the third point to the first."""
    centre = _centre(first, second, third)
    if centre is None:
        raise Odd("circle")
    ends = [np.arctan2(*(point[:2] - centre)[::-1]) for point in (first, second, third)]
    way = 1.0 if (ends[1] - ends[0]) % (2 * np.pi) < (ends[2] - ends[0]) % (2 * np.pi) else -1.0
    half = way * ((way * (ends[0] - ends[2])) % (2 * np.pi)) / 2
    middle = ends[2] + half
    radius = float(np.hypot(*(first[:2] - centre)))
    return np.array([*(centre + radius * np.array([np.cos(middle), np.sin(middle)])), *first[2:]])


def _arc(first: Points, second: Points, third: Points) -> Points:
    """Return points along the arc from the first through the second to the third."""
    centre = _centre(first, second, third)
    if centre is None:
        return np.array([first, second, third])
    start, middle, end = (np.arctan2(*(point[:2] - centre)[::-1]) for point in (first, second, third))
    way = 1.0 if (middle - start) % (2 * np.pi) < (end - start) % (2 * np.pi) else -1.0
    radius = float(np.hypot(*(first[:2] - centre)))
    pieces = [first[None]]
    for here, there, point in ((start, middle, second), (middle, end, third)):
        span = (way * (there - here)) % (2 * np.pi)
        angles = here + way * np.linspace(0, span, int(np.ceil(span / STEP)) + 1)[1:-1]
        flat = centre + radius * np.column_stack([np.cos(angles), np.sin(angles)])
        pieces += [np.column_stack([flat, np.full((len(flat), first.size - 2), first[2:])]), point[None]]
    return np.concatenate(pieces)


def _written(kind: str, parts: list[Part]) -> bytes:
    """Write parts as a geometry of a kind; parts of several kinds as a collection."""
    if kind in PIECE or kind == "Unknown" or len(parts) != 1:
        kinds = {part for part, _ in parts}
        same = len(kinds) == 1
        multi = next((name for name, piece in PIECE.items() if same and piece in kinds), "")
        return b"".join([struct.pack("<BII", 1, SIMPLE.get(multi, 7), len(parts)), *(_single(part) for part in parts)])
    return _single(parts[0])


def _single(part: Part) -> bytes:
    kind, rings = part
    widths = {ring.shape[1] for ring in rings}
    if len(widths) > 1:  # a ring without heights beside one with them
        rings = [np.pad(ring, ((0, 0), (0, 3 - ring.shape[1])), constant_values=np.nan) for ring in rings]
    head = struct.pack("<BI", 1, SIMPLE[kind] + (1000 if 3 in widths else 0))
    if kind == "Point":
        if len(rings[0]) != 1:
            raise Odd(kind)
        return head + _numbers(rings[0])
    if kind == "LineString":
        return head + struct.pack("<I", len(rings[0])) + _numbers(rings[0])
    return b"".join([head, struct.pack("<I", len(rings)), *_counted(rings)])


def _counted(rings: Iterable[Points]) -> Iterator[bytes]:
    for ring in rings:
        yield struct.pack("<I", len(ring))
        yield _numbers(ring)


def _numbers(points: Points) -> bytes:
    return np.ascontiguousarray(points, dtype="<f8").tobytes()
