"""Which rows made a value: the same steps as the measures take, asked for the rows instead of the number."""

from collections.abc import Callable
from typing import Any

import numpy as np

from gis_sites.catalogue import Attribute
from gis_sites.columns import Floats, Rows
from gis_sites.profile.features import Mask
from gis_sites.profile.joined import rows_by_parcel
from gis_sites.profile.overlay import DIGITS
from gis_sites.profile.pieces import united
from gis_sites.profile.proximity import MICROMETRES, front
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import choose, texts

Evidence = list[dict[str, Any]]
"""One entry a row: its number (or None for the parcel's own), and what it contributes."""


def evidence(scene: Scene, attribute: Attribute) -> Evidence:
    """Return the rows that made the value of the first site of a scene."""
    how = HOW.get(attribute.spec.measure)
    if scene.listed is not None and how is _covering:
        return [{"row": None, "list": True}]
    return how(scene, attribute) if how else [{"row": None}]


def _nearest(scene: Scene, attribute: Attribute) -> Evidence:
    sure, maybe = scene.chosen(attribute.spec.where)
    found: dict[int, float] = {}
    for rows in (maybe, sure):
        near = scene.nearest(rows)
        if near.distance[0] <= (attribute.spec.reach_m or np.inf):
            found |= {int(row): round(float(near.distance[0]), MICROMETRES) for row in near.row[near.site == 0]}
    return [{"row": row, "distance_m": distance, "sure": bool(sure[row])} for row, distance in sorted(found.items())]


def _covering(scene: Scene, attribute: Attribute) -> Evidence:
    wheres = [attribute.spec.where, *(grade.where for grade in attribute.spec.grades)]
    chosen = [choose(scene.layer, scene.features.table, where) for where in wheres if where or len(wheres) == 1]
    sure, maybe = (np.logical_or.reduce(masks) for masks in zip(*chosen, strict=True))
    pieces = scene.arranged(maybe)
    _, rows, area = united(pieces, pieces.row)
    shares = area / scene.sites.area[0]
    return [
        {"row": int(row), "share": round(float(share), DIGITS), "sure": bool(sure[row])}
        for row, share in zip(rows, shares, strict=True)
    ]


def _crossing(scene: Scene, attribute: Attribute) -> Evidence:
    sure, maybe = scene.chosen(attribute.spec.where)
    rows: Rows = np.concatenate([scene.pieces.row, scene.features.edge_row[scene.lines_inside[1]]])
    return [{"row": int(row), "sure": bool(sure[row])} for row in np.unique(rows) if maybe[row]]


def _fronting(scene: Scene, attribute: Attribute) -> Evidence:
    sure, maybe = scene.chosen(attribute.spec.where)
    lengths = {int(row): _alone(scene, attribute, int(row)) for row in np.flatnonzero(maybe)}
    return [
        {"row": row, "length_m": float(length[0]), "sure": bool(sure[row])}
        for row, length in lengths.items()
        if length[0] > 0
    ]


def _alone(scene: Scene, attribute: Attribute, row: int) -> Floats:
    mask: Mask = np.zeros(len(scene.features), dtype=bool)
    mask[row] = True
    return front(scene, mask, attribute.spec.reach_m or 0.0)


def _naming(scene: Scene, attribute: Attribute) -> Evidence:  # every way of asking is called alike
    if attribute.field is None:
        return []
    if scene.sites.own is not None and scene.sites.own_layer == scene.layer.name:
        return [{"row": None}]
    named = rows_by_parcel(scene.layer, scene.features.table)
    rows = {row for parcel in scene.sites.members[0] for row in named.get(parcel, [])}
    return [{"row": row} for row in sorted(rows)]


def keys(scene: Scene, found: Evidence, own: dict[str, Any]) -> Evidence:
    """Say rows by key, part, load and row of the source instead of by number."""
    table = scene.features.table
    named = []
    for one in found:
        row = one["row"]
        place = own if row is None else {name: texts(table, name)[row] for name in ("key", "part")}
        if row is not None:
            numbers = {name: table.column(name)[row].as_py() for name in ("load", "source_row")}
            place = {**place, **numbers}
        named.append({**place, **{name: value for name, value in one.items() if name != "row"}})
    return named


HOW: dict[str, Callable[[Scene, Attribute], Evidence]] = {
    "nearest_distance": _nearest,
    "nearest_value": _nearest,
    "crosses": _crossing,
    "frontage": _fronting,
    "joined_field": _naming,
    **dict.fromkeys(
        ("share_covered", "share_by_class", "share_grade", "largest_class", "extreme_covering", "list_share"), _covering
    ),
}
"""How to find the rows of a measure; any other looks at the site's own row."""
