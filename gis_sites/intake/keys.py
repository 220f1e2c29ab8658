"""Keys: which of several rows with one key is kept, which are joined, which contradict each other."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from gis_sites.intake.batch import Bools, Objects

Digest = bytes
SIZE = 12
"""Bytes of a digest: by chance two of a million rows agree once in 10^17."""


@dataclass
class Verdict:
    """What becomes of the rows that share a key."""

    keep: Bools
    duplicates: list[int] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)
    """Duplicates by key and geometry whose other values differ."""
    joined: dict[int, list[int]] = field(default_factory=dict)
    """Kept row -> the rows joined to it."""
    conflicts: list[int] = field(default_factory=list)


def resolve(keys: Sequence[str], shapes: Sequence[Digest], fields: Sequence[Digest]) -> Verdict:
    """Decide about rows of the same key.

    Same geometry: the first is kept. Different geometries: joined where every field agrees, else all rejected.

    >>> resolve(["a", "a", "b"], [b"1", b"1", b"2"], [b"", b"", b""]).duplicates
    [1]
    """
    verdict = Verdict(np.ones(len(keys), dtype=bool))
    counts = Counter(keys)
    groups: dict[str, list[int]] = {}
    for place, key in enumerate(keys):
        if counts[key] > 1:
            groups.setdefault(key, []).append(place)
    for places in groups.values():
        _judge(places, shapes, fields, verdict)
    return verdict


def _judge(places: list[int], shapes: Sequence[Digest], fields: Sequence[Digest], verdict: Verdict) -> None:
    first: dict[Digest, int] = {}
    for place in places:
        first.setdefault(shapes[place], place)
    kept = list(first.values())
    if len(kept) > 1 and len({fields[place] for place in kept}) > 1:
        verdict.conflicts.extend(places)
        verdict.keep[places] = False
        return
    for place in places:
        original = first[shapes[place]]
        if original != place:
            same = fields[original] == fields[place]
            (verdict.duplicates if same else verdict.differing).append(place)
    verdict.keep[places] = False
    verdict.keep[kept[0]] = True
    if len(kept) > 1:
        verdict.joined[kept[0]] = kept[1:]


def content_keys(shapes: Sequence[Digest], fields: Sequence[Digest]) -> list[str]:
    """Return keys for rows that have none: what they are, and which of several alike; a multiset keeps them all."""
    seen: Counter[str] = Counter()
    keys = []
    for shape, values in zip(shapes, fields, strict=True):
        key = hashlib.blake2b(shape + values, digest_size=SIZE).hexdigest()
        seen[key] += 1
        keys.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return keys


def shape_digests(shapes: Objects) -> list[Digest]:
    """Return what tells geometries apart, whatever point a ring begins at."""
    normal = shapely.to_wkb(shapely.normalize(shapes), byte_order=1, include_srid=False)
    return [b"" if wkb is None else hashlib.blake2b(wkb, digest_size=SIZE).digest() for wkb in normal]


def field_digests(cells: Mapping[str, pa.Array | pa.ChunkedArray], n: int) -> list[Digest]:
    """Return what tells rows apart by their fields; unknown ones do not count, so a new field changes no row."""
    texts = [""] * n
    for name in sorted(cells):
        values = cells[name].to_pylist()
        texts = [
            text if value is None else f"{text}\x1f{name}={value!r}" for text, value in zip(texts, values, strict=True)
        ]
    return [hashlib.blake2b(text.encode(), digest_size=SIZE).digest() for text in texts]


def joined_shape(shapes: Objects) -> shapely.Geometry:
    """Return several geometries as one MULTI of their kind."""
    from gis_sites.intake.shapes import of_kind

    whole = np.array([shapely.union_all(shapes)], dtype=object)
    return of_kind(whole, "any")[0][0]


Places = npt.NDArray[np.intp]
