"""A new revision beside the one it replaces: what was added, changed, removed; what became of parcels."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa

from gis_sites.catalogue import Layer
from gis_sites.intake import keys as keying
from gis_sites.intake.batch import Objects
from gis_sites.store import revisions
from gis_sites.store.revisions import Revision

CHUNK = 50_000
ALIKE = 0.9
"""The share of the smaller parcel that lies in the other from which on one comes from the other."""
NEW = ("added", "changed", "unchanged", "renumbered", "split_from", "merged_from")
OLD = ("kept", "removed", "renumbered", "split", "merged")


@dataclass
class Changes:
    """What changed in one load; `new` sums to the rows loaded, `old` to the rows replaced."""

    new: dict[str, int]
    old: dict[str, int]
    lineage: list[tuple[str, str, str]] = field(default_factory=list)
    """Old id, new id, how."""


Place = tuple[str, str]
"""Part and key."""


def before(conn: sa.Connection, base: Revision | None, layer: Layer) -> dict[Place, bytes]:
    """Read what tells the rows of a revision apart: their content by part and key."""
    digests: dict[Place, bytes] = {}
    for features in _chunks(conn, base, layer):
        table = features.table
        cells = {name: table[name] for name in table.column_names[5:]}
        places = zip(table["part"].to_pylist(), table["key"].to_pylist(), strict=True)
        shapes = keying.shape_digests(features.geometry)
        values = keying.field_digests(cells, len(features))
        digests.update((place, shape + value) for place, shape, value in zip(places, shapes, values, strict=True))
    return digests


def _chunks(conn: sa.Connection, base: Revision | None, layer: Layer) -> Iterator[revisions.Features]:
    for start in range(0, base.rows if base else 0, CHUNK):
        assert base is not None
        which = revisions.Which(rows=range(start, start + CHUNK))
        yield revisions.read(conn, base, layer=layer, which=which)


def compare(new: Mapping[Place, bytes], old: Mapping[Place, bytes]) -> tuple[Changes, list[Place], list[Place]]:
    """Compare rows by key and content; return the changes, the keys that came and those that went."""
    added = [key for key in new if key not in old]
    removed = [key for key in old if key not in new]
    unchanged = sum(old.get(key) == digest for key, digest in new.items())
    changes = Changes(dict.fromkeys(NEW, 0), dict.fromkeys(OLD, 0))
    changes.new |= {"added": len(added), "unchanged": unchanged, "changed": len(new) - len(added) - unchanged}
    changes.old |= {"kept": len(old) - len(removed), "removed": len(removed)}
    return changes, added, removed


def trace(changes: Changes, came: tuple[list[str], Objects], went: tuple[list[str], Objects]) -> None:
    """Find out by overlap which parcels that went became which that came; the counts move accordingly."""
    (new_keys, new_shapes), (old_keys, old_shapes) = came, went
    forward, backward = links(old_shapes, new_shapes)
    new_fate: dict[int, str] = {}
    old_fate: dict[int, str] = {}
    for old, news in forward.items():
        for new in news:
            alone = len(news) == 1 and len(backward[new]) == 1
            how = _alone(old_shapes[old], new_shapes[new]) if alone else ("split" if len(news) > 1 else "merged")
            changes.lineage.append((old_keys[old], new_keys[new], how))
            old_fate[old] = how
            new_fate[new] = "merged" if len(backward[new]) > 1 else how
    words = {"split": "split_from", "merged": "merged_from", "renumbered": "renumbered"}
    for how, count in Counter(new_fate.values()).items():
        changes.new[words[how]] += count
        changes.new["added"] -= count
    for how, count in Counter(old_fate.values()).items():
        changes.old[how] += count
        changes.old["removed"] -= count


def links(old: Objects, new: Objects) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Return which old shape is which new ones, and the other way round: where the smaller lies in the larger."""
    import shapely

    forward: dict[int, list[int]] = defaultdict(list)
    backward: dict[int, list[int]] = defaultdict(list)
    pairs = shapely.STRtree(new).query(old, predicate="intersects")
    common = shapely.area(shapely.intersection(old[pairs[0]], new[pairs[1]]))
    smaller = np.minimum(shapely.area(old[pairs[0]]), shapely.area(new[pairs[1]]))
    for (left, right), shared, least in zip(pairs.T.tolist(), common, smaller, strict=True):
        if least > 0 and shared >= ALIKE * least:
            forward[left].append(right)
            backward[right].append(left)
    return forward, backward


def _alone(old: object, new: object) -> str:
    """Say what happened where one old shape and one new one belong together: renumbered only if they are alike."""
    import shapely

    sizes = float(shapely.area(old)), float(shapely.area(new))
    if min(sizes) >= ALIKE * max(sizes):
        return "renumbered"
    return "split" if sizes[0] > sizes[1] else "merged"


def shapes_of(conn: sa.Connection, revision: Revision, keys: Collection[str]) -> tuple[list[str], Objects]:
    """Read the geometries of some rows of a revision."""
    found = revisions.read(conn, revision, columns=(), which=revisions.Which(keys=list(keys)))
    return found.table["key"].to_pylist(), found.geometry
