"""What a load changed, told again from the two revisions that are kept: each case with how it was and how it is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.store import comparison, differences, loads, revisions
from gis_sites.store.comparison import Comparison
from gis_sites.store.differences import Difference, Link
from gis_sites.store.revisions import Revision

CASES = 2_000
"""Cases of one layer that are told one by one; all are counted."""
BESIDE = 200
"""Cases whose neighbours are shown, and how many of them."""
WIDE_M = 2_000
"""A case this wide is seen without its neighbours."""
KINDS = ("split", "merged", "regrouped", "renumbered", "added", "removed", "changed")
"""What a case can be; regrouped: several became several others."""


@dataclass(frozen=True, eq=False)
class Side:
    """A row as one revision has it."""

    key: str
    shape: Any
    """A shapely geometry in the working CRS, or None."""
    cells: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One thing that happened: the rows before and after."""

    kind: str
    before: tuple[Side, ...]
    after: tuple[Side, ...]
    fields: tuple[str, ...] = ()
    """The stored columns that differ."""
    moved_m: float | None = None
    """How far a point of one outline lies from the other outline at most."""

    @property
    def stays(self) -> set[str]:
        """The keys that are there before and after."""
        return {side.key for side in self.before} & {side.key for side in self.after}

    @property
    def rows(self) -> int:
        """How many rows that differ it tells of; one that stays is one."""
        return len(self.before) + len(self.after) - len(self.stays)

    @property
    def area_change_m2(self) -> float | None:
        """Of the drawn area, in the plane of the working CRS; None without geometry."""
        import shapely

        if any(side.shape is None for side in (*self.before, *self.after)):
            return None
        was, now = (sum(shapely.area(side.shape) for side in sides) for sides in (self.before, self.after))
        return float(now - was)


@dataclass(frozen=True)
class LayerChanges:
    """What a load changed in one layer."""

    layer: Layer
    parts: tuple[str, ...]
    base: int | None
    """Number of the revision before; None: there was none."""
    revision: int
    kept: bool
    """Whether both revisions are still there to be compared."""
    counts: Comparison
    cases: tuple[Case, ...] = ()
    differing: int = 0
    """How many rows differ, told one by one or not."""


def changes_of(conn: sa.Connection, catalogue: Catalogue, load: int, *, most: int = CASES) -> list[LayerChanges]:
    """Tell what a load changed, layer by layer; where a revision is no longer kept, only the numbers of its report.

    Raises:
        NotFound: there is no such load.
    """
    report = loads.get(conn, load).report or {}
    entries: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for entry in report.get("loads", ()):
        entries[entry["layer"]].append(entry)
    known = [(catalogue.layers[name], found) for name, found in entries.items() if name in catalogue.layers]
    return [_layer_changes(conn, layer, found, most=most) for layer, found in known]


def _layer_changes(
    conn: sa.Connection, layer: Layer, entries: Sequence[Mapping[str, Any]], *, most: int
) -> LayerChanges:
    base, number = entries[0].get("base"), entries[0]["revision"]
    parts = tuple(sorted({part for entry in entries for part in entry["parts"]}))
    held = {one.number: one for one in revisions.listed(conn, layer.name)}
    if base not in held or number not in held:
        counts = _added_up([entry["changes"] for entry in entries])
        return LayerChanges(layer, parts, base, number, base is None, counts)
    old, new = held[base], held[number]
    counts = comparison.compare(conn, layer, base=old, revision=new, parts=parts)
    cases = [*_descents(conn, layer, (old, new), most), *_alone(conn, layer, (old, new), most)]
    cases.sort(key=lambda one: KINDS.index(one.kind))
    differing = sum(counts.new.values()) - counts.new["unchanged"] + sum(counts.old.values()) - counts.old["kept"]
    return LayerChanges(layer, parts, base, number, True, counts, tuple(cases), differing)


def _added_up(changes: Iterable[Mapping[str, Any]]) -> Comparison:
    """Sum the reports of several tables that fed one layer."""
    whole = Comparison(dict.fromkeys(comparison.NEW, 0), dict.fromkeys(comparison.OLD, 0))
    for one in changes:
        for mine, told in ((whole.new, one["new"]), (whole.old, one["old"]), (whole.fields, one.get("fields", {}))):
            for name, count in told.items():
                mine[name] = mine.get(name, 0) + count
    return whole


def around(conn: sa.Connection, changes: Iterable[LayerChanges], *, margin_m: float = 30.0) -> Any:  # noqa: ANN401
    """Return the outlines of areas beside the first cases, as an array of shapely geometries: what stays as it was."""
    import numpy as np
    import shapely

    found: dict[tuple[str, int], Any] = {}
    for one in changes:
        if one.layer.geometry != "polygon" or not one.cases:
            continue
        new = next(held for held in revisions.listed(conn, one.layer.name) if held.number == one.revision)
        for case in one.cases[:BESIDE]:
            shapes = [side.shape for side in (*case.before, *case.after) if side.shape is not None]
            box = shapely.total_bounds(shapes) + np.array([-1, -1, 1, 1]) * margin_m
            if not max(box[2] - box[0], box[3] - box[1]) < WIDE_M:
                continue
            which = revisions.Which(bounds=tuple(box), limit=BESIDE)
            near = revisions.read(conn, new, columns=(), which=which)
            rows = near.table["row"].to_pylist()
            found |= {(one.layer.name, row): shape for row, shape in zip(rows, near.geometry, strict=True)}
    return np.array(list(found.values()), dtype=object)


Pair = tuple[Revision, Revision]


def _descents(conn: sa.Connection, layer: Layer, pair: Pair, most: int) -> Iterator[Case]:
    """Yield a case for all rows that hang together: what they were, and what they became."""
    links = differences.links(conn, most=most)
    olds = _sides(conn, layer, pair[0], {link.old_row for link in links}, ())
    news = _sides(conn, layer, pair[1], {link.new_row for link in links}, ())
    for group in _together(links):
        before, after = sorted({link.old_row for link in group}), sorted({link.new_row for link in group})
        several = (len(before) > 1) + 2 * (len(after) > 1)
        kind = (group[0].how, "merged", "split", "regrouped")[several]
        yield Case(kind, tuple(olds[row] for row in before), tuple(news[row] for row in after))


def _together(links: Sequence[Link]) -> list[list[Link]]:
    """Group links that share a row."""
    groups: dict[tuple[str, int], list[Link]] = {}
    for link in links:
        joined = [link]
        for group in {id(groups[end]): groups[end] for end in _ends(link) if end in groups}.values():
            joined += group
        groups |= {end: joined for one in joined for end in _ends(one)}
    return list({id(group): group for group in groups.values()}.values())


def _ends(link: Link) -> tuple[tuple[str, int], tuple[str, int]]:
    return ("old", link.old_row), ("new", link.new_row)


def _alone(conn: sa.Connection, layer: Layer, pair: Pair, most: int) -> Iterator[Case]:
    """Yield a case for each row that came, went or changed by itself."""
    rows = list(differences.differing(conn, most=most))
    fields = tuple(sorted({name for one in rows for name in one.fields}))
    olds = _sides(conn, layer, pair[0], {one.old_row for one in rows}, fields)
    news = _sides(conn, layer, pair[1], {one.new_row for one in rows}, fields)
    for one in rows:
        before = () if one.old_row is None else (olds[one.old_row],)
        after = () if one.new_row is None else (news[one.new_row],)
        yield Case(_kind(one), before, after, one.fields, one.moved_m if one.reshaped else None)


def _kind(one: Difference) -> str:
    return "changed" if one.new_row is not None and one.old_row is not None else one.new_class or one.old_class or ""


def _sides(
    conn: sa.Connection, layer: Layer, revision: Revision, rows: set[int] | set[int | None], fields: tuple[str, ...]
) -> dict[int, Side]:
    """Read rows of a revision; of fields that are not public nothing is told but that they differ."""
    columns = [name for name in fields if _public(layer, name)]
    which = revisions.Which(rows=sorted(row for row in rows if row is not None))
    found = revisions.read(conn, revision, columns=columns, which=which)
    cells = found.table.select(["row", "key", *columns]).to_pylist()
    return {row.pop("row"): Side(row.pop("key"), shape, row) for row, shape in zip(cells, found.geometry, strict=True)}


def _public(layer: Layer, column: str) -> bool:
    name = column if column in layer.fields else column.rpartition("_")[0]
    return name in layer.fields and layer.fields[name].public
