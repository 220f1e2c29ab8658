"""Measures that look values up: the parcel's own fields and rows that name parcels."""

from collections import defaultdict

import numpy as np
import pyarrow as pa

from gis_sites.catalogue import Attribute, Layer
from gis_sites.columns import Column, Labels, Range, Rows
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import NOBODY_KNOWS, NOT_THERE, blank, picked, texts
from gis_sites.profile.sites import PARCEL
from gis_sites.store.lineage import named_in


def own_field(scene: Scene, attribute: Attribute) -> Column:
    """Give a field of the site's own row: of the parcel (an offer has what its parcels have in common), of the offer.

    A layer whose rows are not the sites' has nothing to say.
    """
    sites, rows = scene.sites, np.arange(len(scene), dtype=np.intp)
    if scene.layer.name == PARCEL:
        return picked(attribute, sites.parcel, rows)
    if sites.own is not None and sites.own_layer == scene.layer.name:
        return picked(attribute, sites.own, rows)
    return blank(attribute, len(scene))


def joined_field(scene: Scene, attribute: Attribute) -> Column:
    """Give a field of the rows that name the site's parcels.

    Several rows that disagree give a range of numbers, else unknown. No row: none, unknown outside the coverage. A
    site that is itself a row of the layer (an offer) has its own value. Without a field: unknown.
    """
    sites, layer = scene.sites, scene.layer
    if attribute.field is None:
        return blank(attribute, len(scene))
    if sites.own is not None and sites.own_layer == layer.name:
        return picked(attribute, sites.own, np.arange(len(scene), dtype=np.intp))
    named = rows_by_parcel(layer, scene.features.table)
    nothing = np.where(scene.known.outside > 0, NOBODY_KNOWS, NOT_THERE)
    rows = nothing.astype(np.intp)
    several: dict[int, list[int]] = {}
    for site, members in enumerate(sites.members):
        found = [named.get(parcel) for parcel in members]
        if any(found):
            every = [row for some in found for row in (some or [int(nothing[site])])]
            rows[site] = every[0]
            several |= {site: every} if len(every) > 1 else {}
    return _agreed(attribute, scene.features.table, rows, several)


def _agreed(attribute: Attribute, table: pa.Table, rows: Rows, several: dict[int, list[int]]) -> Column:
    column = picked(attribute, table, rows)
    if not several:
        return column
    sites = np.fromiter(several, dtype=np.intp)
    cells = [picked(attribute, table, np.array(every, dtype=np.intp)) for every in several.values()]
    if isinstance(column, Range):
        low, high = column.low.copy(), column.high.copy()
        ends = [(one.low.min(), one.high.max()) for one in cells if isinstance(one, Range)]
        # A number here and none there, or one unknown: nobody knows.
        clear = [low == high or np.isfinite([low, high]).all() for low, high in ends]
        low[sites] = [end[0] if good else np.nan for end, good in zip(ends, clear, strict=True)]
        high[sites] = [end[1] if good else np.nan for end, good in zip(ends, clear, strict=True)]
        return Range(low, high)
    values = [one.codes if isinstance(one, Labels) else getattr(one, "values", None) for one in cells]
    differ = sites[[len(set(np.asarray(one).tolist())) > 1 for one in values]]
    rows[differ] = NOBODY_KNOWS
    return picked(attribute, table, rows)


def rows_by_parcel(layer: Layer, table: pa.Table) -> dict[str, list[int]]:
    """Return for each parcel the rows that name it, in key order."""
    named: dict[str, list[int]] = defaultdict(list)
    if layer.parcels:
        for row, cell in enumerate(texts(table, layer.parcels)):
            for parcel in named_in(cell):
                named[parcel].append(row)
    return dict(named)
