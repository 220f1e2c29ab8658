"""How much of a boundary lies within reach of lines, segment by segment in plain Python."""

import itertools
import math
from typing import Any

import shapely

Segment = tuple[tuple[float, float], tuple[float, float]]


def segments(shape: Any) -> list[Segment]:
    lines = shape.boundary if shapely.get_dimensions(shape) == 2 else shape
    return [pair for line in shapely.get_parts(lines) for pair in itertools.pairwise(line.coords)]


def within(side: Segment, lines: list[Segment], reach: float) -> float:
    """Return how much of a side lies within reach of some segments: their capsules one by one, laid end to end."""
    found = sorted(span for line in lines if (span := capsule(side, line, reach)))
    total, until = 0.0, 0.0
    for low, high in found:
        total += max(high - max(low, until), 0.0)
        until = max(until, high)
    return total * math.dist(*side)


def capsule(side: Segment, line: Segment, reach: float) -> tuple[float, float] | None:
    """Return from where to where along a side points lie within reach of a segment: two discs and a strip."""
    (ax, ay), (bx, by) = side
    (cx, cy), (dx, dy) = line
    ux, uy, length = bx - ax, by - ay, math.dist(*line)
    spans = []
    for px, py in line:
        a, b, c = ux * ux + uy * uy, ux * (ax - px) + uy * (ay - py), (ax - px) ** 2 + (ay - py) ** 2 - reach**2
        if a > 0 and b * b > a * c:
            root = math.sqrt(b * b - a * c)
            spans.append(((-b - root) / a, (-b + root) / a))
    if length > 0:
        vx, vy = (dx - cx) / length, (dy - cy) / length
        along = ((ax - cx) * vx + (ay - cy) * vy, ux * vx + uy * vy, 0.0, length)
        across = ((ay - cy) * vx - (ax - cx) * vy, uy * vx - ux * vy, -reach, reach)
        low, high = 0.0, 1.0
        for start, slope, least, most in (along, across):
            if slope == 0:
                low = low if least <= start <= most else 2.0
            else:
                ends = sorted(((least - start) / slope, (most - start) / slope))
                low, high = max(low, ends[0]), min(high, ends[1])
        spans += [(low, high)] if low < high else []
    kept = [(max(low, 0.0), min(high, 1.0)) for low, high in spans if low < 1 and high > 0]
    return (min(low for low, _ in kept), max(high for _, high in kept)) if kept else None
