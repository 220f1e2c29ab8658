"""Where the vertices of a vector tile lie: the little of Mapbox's format that tells."""

from collections.abc import Iterator
from typing import Any


def longitudes(content: bytes, zoom: int, column: int) -> Iterator[float]:
    """Yield the longitude of every vertex of a tile."""
    for number, layer in _fields(content):
        if number != 3:
            continue
        fields = list(_fields(layer))
        extent = next((value for number, value in fields if number == 5), 4096)
        for feature in (value for number, value in fields if number == 2):
            packed = next(value for number, value in _fields(feature) if number == 4)
            yield from ((column + x / extent) / 2**zoom * 360 - 180 for x in _columns(packed))


def _columns(packed: bytes) -> Iterator[int]:
    """Yield the column of every vertex of a geometry's commands."""
    x, at = 0, 0
    while at < len(packed):
        command, at = _varint(packed, at)
        if command & 7 == 7:
            continue
        for _ in range(command >> 3):
            step, at = _varint(packed, at)
            _, at = _varint(packed, at)
            x += (step >> 1) ^ -(step & 1)
            yield x


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the number and the content of each field of a message."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == 0:
            value, at = _varint(message, at)
            yield tag >> 3, value
        else:
            size, at = _varint(message, at) if tag & 7 == 2 else ({1: 8, 5: 4}[tag & 7], at)
            yield tag >> 3, message[at : at + size]
            at += size


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
