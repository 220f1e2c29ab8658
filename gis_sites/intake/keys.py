"""Keys: which of several rows with one key is kept, which are joined, which contradict each other."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_sites.intake.batch import Objects

Digest = bytes
Places = npt.NDArray[np.int64]
SIZE = 12
"""Bytes of a digest: by chance two of a million rows agree once in 10^17."""


@dataclass
class Verdict:
    """What becomes of the rows that share a key; every entry is a place."""

    duplicates: list[int] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)
    """Duplicates by key and geometry whose other values differ."""
    joined: dict[int, list[int]] = field(default_factory=dict)
    """Kept row -> the rows joined to it."""
    conflicts: list[int] = field(default_factory=list)

    @property
    def gone(self) -> list[int]:
        """The rows that are not kept."""
        joined = [place for others in self.joined.values() for place in others]
        return [*self.duplicates, *self.differing, *self.conflicts, *joined]


def sorted_places(keys: pa.Array) -> Places:
    """Return the places of keys in the order of their code points; equal ones stay in their order."""
    found: Places = pc.sort_indices(keys).to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return found


def repeated(keys: pa.Array, order: Places) -> list[list[int]]:
    """Return the places of rows that share a key, group by group; `order` is that of the keys.

    >>> keys = pa.array(["a", "b", "a"])
    >>> repeated(keys, sorted_places(keys))
    [[0, 2]]
    """
    inside = keys.take(pa.array(order))
    same = pc.equal(inside.slice(1), inside.slice(0, max(len(inside) - 1, 0))).to_numpy(zero_copy_only=False)
    groups: list[list[int]] = []
    last = -1
    for position in np.flatnonzero(same).tolist():
        if position != last + 1 or not groups:
            groups.append([int(order[position])])
        groups[-1].append(int(order[position + 1]))
        last = position
    return groups


def resolve(groups: Iterable[list[int]], shapes: Mapping[int, Digest], fields: Mapping[int, Digest]) -> Verdict:
    """Decide about rows of the same key, each group by itself.

    Same geometry: the first is kept. Different geometries: joined where every field agrees, else all rejected.

    >>> resolve([[0, 1]], {0: b"1", 1: b"1"}, {0: b"", 1: b""}).duplicates
    [1]
    """
    verdict = Verdict()
    for places in groups:
        _judge(places, shapes, fields, verdict)
    return verdict


def _judge(places: list[int], shapes: Mapping[int, Digest], fields: Mapping[int, Digest], verdict: Verdict) -> None:
    first: dict[Digest, int] = {}
    for place in places:
        first.setdefault(shapes[place], place)
    kept = list(first.values())
    if len(kept) > 1 and len({fields[place] for place in kept}) > 1:
        verdict.conflicts.extend(places)
        return
    for place in places:
        original = first[shapes[place]]
        if original != place:
            same = fields[original] == fields[place]
            (verdict.duplicates if same else verdict.differing).append(place)
    if len(kept) > 1:
        verdict.joined[kept[0]] = kept[1:]


def content_key(shape: Digest, part: bytes, values: Digest) -> str:
    """Return the key of a row that has none of its own: what it is."""
    return hashlib.blake2b(shape + part + values, digest_size=SIZE).hexdigest()


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
    from gis_sites.intake.kinds import of_kind

    whole = np.array([shapely.union_all(shapes)], dtype=object)
    return of_kind(whole, "any")[0][0]
