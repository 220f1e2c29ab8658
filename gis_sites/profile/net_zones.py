"""The land that the net area loses, as polygons: strips along lines, zones, and where nobody knows of any.

A rule says how far around which rows land is surely lost, and how far it may be. A row with an empty cell loses what
every code the cell could hold would lose for sure, and what any of them could at most.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import shapely

from gis_sites.catalogue import UNKNOWN, Layer
from gis_sites.columns import Floats, Rows
from gis_sites.layer import NetRule, NetStep
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import Features, Shapes, cut_faces, nothing
from gis_sites.profile.packed import packed
from gis_sites.profile.selection import column_of
from gis_sites.profile.sites import PARCEL

EVERYWHERE = shapely.box(-1e8, -1e8, 1e8, 1e8)
"""A box that holds every site of any working CRS."""
ROUND = 16
"""Into how many straight pieces a quarter of a circle around a corner is cut."""
SAYS = {"key": pa.string(), "part": pa.string(), "load": pa.int64(), "source_row": pa.int64()}
"""The columns that say which row of which load a zone was made from."""


@dataclass(frozen=True, eq=False)
class Held:
    """What is known of a layer whose rows take land: its rows, and where it speaks."""

    layer: Layer
    table: pa.Table
    geometry: Shapes
    cover: Cover


@dataclass(frozen=True)
class Group:
    """The rules of one step that look at one layer in the same communes."""

    step: int
    layer: str
    communes: tuple[str, ...]
    rules: tuple[NetRule, ...]

    @property
    def reach(self) -> float:
        """How far from a row land may be lost at most: m."""
        return max((rule.most_m or 0.0 for rule in self.rules), default=0.0)


def groups(steps: Sequence[NetStep]) -> list[Group]:
    """Return the rules of all steps, those together that are decided together."""
    found: dict[tuple[int, str, tuple[str, ...]], list[NetRule]] = {}
    for place, step in enumerate(steps):
        for rule in step.rules:
            found.setdefault((place, rule.layer, tuple(sorted(rule.communes))), []).append(rule)
    return [Group(*key, tuple(rules)) for key, rules in found.items()]


def holding(steps: Sequence[NetStep], day: date) -> tuple[NetStep, ...]:
    """Return the steps with the rules that hold on a day."""
    kept = ((step, tuple(rule for rule in step.rules if rule.holds(day))) for step in steps)
    return tuple(step.model_copy(update={"rules": rules}) for step, rules in kept if rules)


def rule_layers(steps: Sequence[NetStep]) -> list[str]:
    """Return the layers whose rows take land, by name."""
    return sorted({rule.layer for step in steps for rule in step.rules} - {PARCEL})


def rule_fields(steps: Sequence[NetStep], layer: str) -> list[str]:
    """Return the fields of a layer that the rules look at."""
    return sorted({name for step in steps for rule in step.rules if rule.layer == layer for name in rule.where})


def widths(layer: Layer, table: pa.Table, rules: Sequence[NetRule]) -> tuple[Floats, Floats]:
    """Return how far around each row land is surely and at most lost: float64[rows] each, m; not a number: none is."""
    names = sorted({name for rule in rules for name in rule.where})
    columns = [column_of(table, name) for name in names]
    cells = [[None] * table.num_rows if column is None else column.to_pylist() for column in columns]
    combinations: dict[tuple[str | bool | None, ...], int] = {}
    rows = zip(*cells, strict=True) if names else [()] * table.num_rows
    index = np.fromiter((combinations.setdefault(row, len(combinations)) for row in rows), dtype=np.intp)
    told = [_told(layer, rules, names, one) for one in combinations]
    both = np.array(told, dtype=np.float64).reshape(-1, 2)
    return both[index, 0], both[index, 1]


def _told(
    layer: Layer, rules: Sequence[NetRule], names: Sequence[str], cells: tuple[str | bool | None, ...]
) -> tuple[float, float]:
    """Return the least and the most that a row of some cells loses, whatever its empty cells stand for."""
    open_ = [_could_be(layer, rules, name, cell) for name, cell in zip(names, cells, strict=True)]
    least, most = [], []
    for one in itertools.product(*open_):
        row = dict(zip(names, one, strict=True))
        hit = [rule for rule in rules if all(_fits(rule, name, row[name]) for name in rule.where)]
        least.append(max((rule.sure_m for rule in hit if rule.sure_m is not None), default=np.nan))
        most.append(max((rule.most_m for rule in hit if rule.most_m is not None), default=np.nan))
    known = [one for one in most if not np.isnan(one)]
    return float(np.min(least)), max(known, default=float("nan"))


def _could_be(
    layer: Layer, rules: Sequence[NetRule], name: str, cell: str | bool | None
) -> Sequence[str | bool | None]:
    field = layer.fields[name]
    if cell is not None or field.empty == "none" or any(UNKNOWN in rule.where.get(name, ()) for rule in rules):
        return (cell,)
    return (True, False) if field.type == "flag" else field.allowed


def _fits(rule: NetRule, name: str, cell: str | bool | None) -> bool:
    return (UNKNOWN if cell is None else cell) in rule.where[name]


def zones(steps: Sequence[NetStep], held: dict[str, Held]) -> Features:
    """Make the zones of all steps: a layer that is not held may take everything.

    Returns:
        polygons with `step`, `layer`, `communes`, `sure`, `may`, `unknown` (nobody knows of rows there), `sure_m`,
        `may_m`, and the row each was made from; a setback from the site's own boundary has no polygon.
    """
    every = [around_rows(steps, one) for _, one in sorted(held.items())]
    nobody = where_nobody_knows(steps, {name: one.cover for name, one in held.items()})
    return all_drawn(packed([*every, *nobody]).unpacked() if every or nobody else nothing())


def around_rows(steps: Sequence[NetStep], held: Held) -> Features:
    """Make the zones around rows of a layer, in the order of rows.

    Strips are not drawn yet: they are the rows' own shapes, as edges, with their `width_m`: a tenth of the memory.
    """
    tables, places = [], []
    for group in (one for one in groups(steps) if one.layer == held.layer.name):
        least, most = widths(held.layer, held.table, group.rules)
        for rows, width, ends in (
            (np.flatnonzero(least == most), least, (True, True)),
            (np.flatnonzero(~np.isnan(least) & (least < most)), least, (True, False)),
            (np.flatnonzero(~np.isnan(most) & (np.isnan(least) | (least < most))), most, (False, True)),
        ):
            shapes = held.geometry[rows]
            some = rows[((width[rows] > 0) | (shapely.get_dimensions(shapes) == AREAL)) & ~shapely.is_empty(shapes)]
            tables.append(_table(group, held.table.take(pa.array(some)), ends, width=width[some]))
            places.append(some)
    place = np.concatenate(places)
    order = np.argsort(place, kind="stable")
    table = pa.concat_tables(tables).take(pa.array(order)).combine_chunks()
    return _undrawn(table, held.geometry[place[order]])


def where_nobody_knows(steps: Sequence[NetStep], covers: Mapping[str, Cover]) -> list[Features]:
    """Make the zones that are around no row: setbacks, layers that are not held, and what lies outside coverages."""
    tables, shapes = [], []
    for group in groups(steps):
        shape, ends, setback = None, (False, True), (0.0, 0.0)
        if group.layer == PARCEL:
            ends, setback = (True, True), own_strip(group.rules)
        elif group.layer not in covers:
            shape = EVERYWHERE
        elif (shape := _hidden(covers[group.layer], group.reach)) is None:
            continue
        tables.append(_table(group, None, ends, setback, unknown=group.layer != PARCEL))
        shapes.append(shape)
    return [cut_faces(pa.concat_tables(tables).combine_chunks(), np.array(shapes, dtype=object))] if tables else []


def _undrawn(table: pa.Table, shapes: Shapes) -> Features:
    width = table.column("width_m").to_numpy()
    wide = np.flatnonzero(width > 0)
    flat = shapes.copy()
    flat[wide] = None
    found = cut_faces(table, flat)
    found.dimension[wide] = AREAL
    features = Features(table, found.dimension, found.faces, found.face_row, shapes[wide], wide)
    by = width[wide, None]
    # What is near a strip is near the row it will be drawn around.
    vars(features)["edge_bounds"] = features.edge_bounds + np.hstack([-by, -by, by, by])
    return features


def all_drawn(zones: Features) -> Features:
    """Return zones whose strips are drawn."""
    if not len(zones.edges):
        return zones
    strips: Shapes = np.full(len(zones), None, dtype=object)
    width = zones.table.column("width_m").to_numpy()[zones.edge_row]
    strips[zones.edge_row] = shapely.buffer(zones.edges, width, quad_segs=ROUND)
    drawn = cut_faces(zones.table, strips)
    rows = np.concatenate([zones.face_row, drawn.face_row])
    order = np.argsort(rows, kind="stable")
    faces = np.concatenate([zones.faces, drawn.faces])[order]
    return Features(zones.table, zones.dimension, faces, rows[order], drawn.edges, drawn.edge_row)


ENDS = ("sure_m", "most_m")
AREAL = 2
"""The dimension of polygons."""


def own_strip(rules: Iterable[NetRule]) -> tuple[float, float]:
    """Return how far from a site's own boundary land is surely, and at most, lost: m."""
    own = [rule for rule in rules if rule.layer == PARCEL]
    least, most = (max((getattr(rule, end) or 0.0 for rule in own), default=0.0) for end in ENDS)
    return least, most


def _hidden(cover: Cover, reach: float) -> object:
    """Return where rows that nobody knows of could take land: outside the coverage, near its end where it is stated."""
    if cover.geometry is None:
        return None
    inside = shapely.buffer(cover.geometry, -reach, quad_segs=ROUND) if cover.stated and reach > 0 else cover.geometry
    return shapely.difference(EVERYWHERE, inside)


def _table(
    group: Group,
    rows: pa.Table | None,
    ends: tuple[bool, bool],
    setback: tuple[float, float] = (0.0, 0.0),
    *,
    unknown: bool = False,
    width: Floats | None = None,
) -> pa.Table:
    n = 1 if rows is None else rows.num_rows
    same = {
        "step": (group.step, pa.int32()), "layer": (group.layer, pa.string()),
        "communes": ("".join(group.communes), pa.string()), "sure": (ends[0], pa.bool_()),
        "may": (ends[1], pa.bool_()), "unknown": (unknown, pa.bool_()), "sure_m": (setback[0], pa.float64()),
        "may_m": (setback[1], pa.float64()),
    }  # fmt: skip
    columns = {name: pa.repeat(pa.scalar(value, kind), n) for name, (value, kind) in same.items()}
    columns["width_m"] = pa.array(np.zeros(n) if width is None else width)
    for name, kind in SAYS.items():
        own = column_of(rows, name) if rows is not None else None
        columns[name] = pa.nulls(n, kind) if own is None else own.cast(kind).combine_chunks()
    return pa.table(columns)


def row_numbers(features: Features, name: str) -> Rows:
    """Return a whole-number column of zones."""
    return np.asarray(features.table.column(name).to_numpy(), dtype=np.intp)
