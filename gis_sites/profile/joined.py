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
    # All cells are read at once: reading a field takes as long as the layer is, whoever asks.
    sites, every = np.fromiter(several, dtype=np.intp), list(several.values())
    first = np.cumsum([0, *map(len, every[:-1])])
    cells = picked(attribute, table, np.concatenate(every).astype(np.intp))
    if isinstance(column, Range) and isinstance(cells, Range):
        least, most = np.minimum.reduceat(cells.low, first), np.maximum.reduceat(cells.high, first)
        # A number here and none there, or one unknown: nobody knows.
        clear = (least == most) | (np.isfinite(least) & np.isfinite(most))
        low, high = column.low.copy(), column.high.copy()
        low[sites], high[sites] = np.where(clear, least, np.nan), np.where(clear, most, np.nan)
        return Range(low, high)
    assert not isinstance(cells, Range)
    values = cells.codes if isinstance(cells, Labels) else cells.values
    rows[sites[np.minimum.reduceat(values, first) != np.maximum.reduceat(values, first)]] = NOBODY_KNOWS
    return picked(attribute, table, rows)


def rows_by_parcel(layer: Layer, table: pa.Table) -> dict[str, list[int]]:
    """Return for each parcel the rows that name it, in key order."""
    named: dict[str, list[int]] = defaultdict(list)
    if layer.parcels:
        for row, cell in enumerate(texts(table, layer.parcels)):
            for parcel in named_in(cell):
                named[parcel].append(row)
    return dict(named)
