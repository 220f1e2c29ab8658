"""The land that the net area loses, as polygons: strips along lines, zones, and where nobody knows of any.

A rule says how far around which rows land is surely lost, and how far it may be. A row with an empty cell loses what
every code the cell could hold would lose for sure, and what any of them could at most.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import shapely

from gis_sites.catalogue import UNKNOWN, Layer
from gis_sites.columns import Floats, Rows
from gis_sites.layer import NetRule, NetStep
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import Features, Shapes, cut_faces
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
    every = [zone for group in groups(steps) for zone in _of_group(group, held)]
    tables = [table for table, _ in every]
    shapes = [shape for _, shape in every]
    if not every:
        return cut_faces(pa.table({"step": pa.array([], pa.int32())}), np.empty(0, dtype=object))
    return cut_faces(pa.concat_tables(tables).combine_chunks(), np.concatenate(shapes))


def _of_group(group: Group, held: dict[str, Held]) -> Iterator[tuple[pa.Table, Shapes]]:
    nobody = np.array([None], dtype=object)
    if group.layer == PARCEL:
        least, most = (max((getattr(rule, end) or 0.0 for rule in group.rules), default=0.0) for end in ENDS)
        yield _table(group, None, (True, True), (least, most)), nobody
        return
    known = held.get(group.layer)
    if known is None:
        yield _table(group, None, (False, True), unknown=True), np.array([EVERYWHERE], dtype=object)
        return
    least, most = widths(known.layer, known.table, group.rules)
    for rows, width, ends in (
        (np.flatnonzero(least == most), least, (True, True)),
        (np.flatnonzero(~np.isnan(least) & (least < most)), least, (True, False)),
        (np.flatnonzero(~np.isnan(most) & (np.isnan(least) | (least < most))), most, (False, True)),
    ):
        shapes = _around(known.geometry[rows], width[rows])
        drawn = np.flatnonzero(~shapely.is_empty(shapes))
        yield _table(group, known.table.take(pa.array(rows[drawn])), ends), shapes[drawn]
    if (hidden := _hidden(known.cover, group.reach)) is not None:
        yield _table(group, None, (False, True), unknown=True), np.array([hidden], dtype=object)


ENDS = ("sure_m", "most_m")


def _around(shapes: Shapes, width: Floats) -> Shapes:
    """Return polygons all round some shapes; their own polygons for a width of 0."""
    result = shapes.copy()
    wide = width > 0
    result[wide] = shapely.buffer(shapes[wide], width[wide], quad_segs=ROUND)
    result[shapely.is_missing(result) | (shapely.get_dimensions(result) != 2)] = shapely.Polygon()
    return result


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
) -> pa.Table:
    n = 1 if rows is None else rows.num_rows
    same = {
        "step": (group.step, pa.int32()), "layer": (group.layer, pa.string()),
        "communes": ("".join(group.communes), pa.string()), "sure": (ends[0], pa.bool_()),
        "may": (ends[1], pa.bool_()), "unknown": (unknown, pa.bool_()), "sure_m": (setback[0], pa.float64()),
        "may_m": (setback[1], pa.float64()),
    }  # fmt: skip
    columns = {name: pa.repeat(pa.scalar(value, kind), n) for name, (value, kind) in same.items()}
    for name, kind in SAYS.items():
        own = column_of(rows, name) if rows is not None else None
        columns[name] = pa.nulls(n, kind) if own is None else own.cast(kind).combine_chunks()
    return pa.table(columns)


def row_numbers(features: Features, name: str) -> Rows:
    """Return a whole-number column of zones."""
    return np.asarray(features.table.column(name).to_numpy(), dtype=np.intp)
