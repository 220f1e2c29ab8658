"""What a parcel's own list says of a layer: classes and areas, instead of polygons."""

import re

import numpy as np
import pyarrow as pa

from gis_sites.catalogue import Layer
from gis_sites.columns import Floats, Rows
from gis_sites.profile.coverage import Known
from gis_sites.profile.features import Features
from gis_sites.profile.pieces import Pieces
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import column_of, numbers, texts

HECTARE = 10_000.0
"""Square metres."""

_ITEM = re.compile(r"\s*(?P<name>\S+)\s+(?P<area>\d+(?:[.,]\d+)?)\s*")


def listed(scene: Scene) -> tuple[Rows, Scene] | None:
    """Return the sites that carry a list of their own, and the layer over them as the lists tell it.

    `R/IIIa 0.1200; Ls 0.3000`: codes and hectares. The items are of the drawn area as they are of the registered
    one; where they do not sum to it, by more than 1 m2 an item, the rest is unknown.
    """
    own = scene.layer.list
    name = own.of.removeprefix("parcel.") if own else ""
    if not own or column_of(scene.sites.parcel, name) is None:
        return None
    cells = texts(scene.sites.parcel, name)
    items = {site: read for site, cell in enumerate(cells) if (read := _items(scene.layer, cell))}
    if not items:
        return None
    rows = np.fromiter(items, dtype=np.intp)
    sizes = np.array([len(one) for one in items.values()], dtype=np.intp)
    site = np.repeat(np.arange(len(rows)), sizes)
    area = np.array([size for one in items.values() for _, size in one])
    total = np.bincount(site, weights=area)
    registered = _registered(scene.sites.parcel)[rows]
    rest = np.where(registered - total > sizes, registered - total, 0.0)
    scale = scene.sites.area[rows] / (total + rest)
    table = _table(scene.layer, [cell for one in items.values() for cell, _ in one])
    pieces = Pieces(
        site, np.arange(len(site)), np.full(len(site), None), area * scale[site], np.ones(len(rows), dtype=bool)
    )
    nothing = np.empty(0, dtype=np.intp), np.empty(0, dtype=object)
    features = Features(table, np.full(len(site), -1, np.int8), nothing[1], nothing[0], nothing[1], nothing[0])
    known = Known(rest * scale, np.where(rest > 0, 0.0, np.inf))
    return rows, Scene(scene.layer, scene.sites.take(rows), features, known, given=pieces)


def _registered(parcel: pa.Table) -> Floats:
    return np.fmax(numbers(parcel, "registered_area_m2"), HECTARE * numbers(parcel, "registered_area_ha"))


def _items(layer: Layer, cell: str | None) -> list[tuple[dict[str, str], float]]:
    """Read a list; one item that cannot be read makes the whole list unread."""
    found = [_ITEM.fullmatch(item) for item in (cell or "").split(";") if item.strip()]
    items = [
        (_codes(layer, match["name"]), HECTARE * float(match["area"].replace(",", "."))) for match in found if match
    ]
    return items if len(items) == len(found) and sum(size for _, size in items) > 0 else []


def _codes(layer: Layer, name: str) -> dict[str, str]:
    """Tell the codes of `use/class` by field: each word is a code of the first field that has it."""
    fields = {field: spec for field, spec in layer.fields.items() if spec.type == "code"}
    codes: dict[str, str] = {}
    for word in name.split("/"):
        field = next((one for one, spec in fields.items() if word in spec.allowed and one not in codes), None)
        matches = (re.fullmatch(spec.pattern, word, re.ASCII) for spec in fields.values() if spec.pattern)
        if field:
            codes[field] = word
        elif match := next((one for one in matches if one), None):
            codes |= {key: value for key, value in match.groupdict().items() if value and key in fields}
    return codes


def _table(layer: Layer, cells: list[dict[str, str]]) -> pa.Table:
    fields = [name for name, spec in layer.fields.items() if spec.type == "code"]
    return pa.table({name: pa.array([cell.get(name) for cell in cells], pa.string()) for name in fields})
