"""Keys: which of several rows with one key is kept, which are joined, which contradict each other."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_sites.intake.batch import Objects

Digest = bytes
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


def repeated(keys: pa.Array, part: pa.Array | None) -> list[list[int]]:
    """Return the places of rows that share a key (and a part, where its numbers are given), group by group.

    >>> repeated(pa.array(["a", "b", "a"]), None)
    [[0, 2]]
    """
    if len(keys) == pc.count_distinct(keys).as_py():
        return []
    names = pa.table({"key": keys} if part is None else {"key": keys, "part": part})
    counted = names.append_column("place", pa.array(np.arange(len(keys)))).group_by(names.column_names)
    groups = counted.aggregate([("place", "count"), ("place", "list")])
    places = groups.filter(pc.greater(groups["place_count"], 1))["place_list"].to_pylist()
    return sorted(sorted(group) for group in places)


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
    from gis_sites.intake.shapes import of_kind

    whole = np.array([shapely.union_all(shapes)], dtype=object)
    return of_kind(whole, "any")[0][0]
