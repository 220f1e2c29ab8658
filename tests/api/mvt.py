"""Where the vertices of a vector tile lie: the little of Mapbox's format that tells."""

from collections.abc import Iterator

from benchmarks.tiles import fields, varint


def longitudes(content: bytes, zoom: int, column: int) -> Iterator[float]:
    """Yield the longitude of every vertex of a tile."""
    for number, layer in fields(content):
        if number != 3:
            continue
        held = list(fields(layer))
        extent = next((value for number, value in held if number == 5), 4096)
        for feature in (value for number, value in held if number == 2):
            packed = next(value for number, value in fields(feature) if number == 4)
            yield from ((column + x / extent) / 2**zoom * 360 - 180 for x in _columns(packed))


def _columns(packed: bytes) -> Iterator[int]:
    """Yield the column of every vertex of a geometry's commands."""
    x, at = 0, 0
    while at < len(packed):
        command, at = varint(packed, at)
        if command & 7 == 7:
            continue
        for _ in range(command >> 3):
            step, at = varint(packed, at)
            _, at = varint(packed, at)
            x += (step >> 1) ^ -(step & 1)
            yield x
