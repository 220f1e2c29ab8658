"""How do you know? Every attribute of one parcel: its value, how sure that is, and the rows that made it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Attribute, Catalogue, Layer, attributes_of
from gis_sites.columns import Column, Range
from gis_sites.errors import NotFound
from gis_sites.profile.coverage import Cover, known
from gis_sites.profile.evidence import evidence, keys
from gis_sites.profile.features import cut, nothing
from gis_sites.profile.net_explain import net_scene, steps
from gis_sites.profile.net_reading import MEASURE
from gis_sites.profile.reading import (
    NOWHERE,
    cover_of,
    drawn,
    feature_fields,
    naming,
    parcel_fields,
    read_boundary,
    standing_for,
)
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import texts, valid_on
from gis_sites.profile.sites import PARCEL, Sites
from gis_sites.profile.values import shown
from gis_sites.store import loads, profiles, states
from gis_sites.store import revisions as store_revisions
from gis_sites.store.connect import Store
from gis_sites.store.lineage import named_in
from gis_sites.store.profiles import Profile
from gis_sites.store.reading import Which
from gis_sites.store.revisions import Revision
from gis_sites.store.states import State, layer_sources

MARGIN_M = 1.0
"""How much farther than a known distance rows are looked for."""


def explain(store: Store, catalogue: Catalogue, state: State, parcel: str) -> list[dict[str, Any]]:
    """Say of every attribute of a parcel what it is and how that is known: down to the rows that made it.

    Returns:
        one entry an attribute: `attribute, kind, unit, state (exact, range, none, unknown), value, low, high, reason,
        source, made_of, rows`; a row has `key, part, load, source_row, file, dated, publisher` and what it contributes.

    Raises:
        NotFound: the state holds no such parcel.
    """
    with store.begin() as conn:
        # Where the layers speak decides what is none and what is unknown.
        asked = _Asked(conn, catalogue, states.get(conn, state.id, coverages=True), parcel)
        return [one for layer in catalogue for one in asked.layer(layer)]


class _Asked:
    """One parcel of one state, and what was read about it so far."""

    def __init__(self, conn: sa.Connection, catalogue: Catalogue, state: State, parcel: str) -> None:
        self.conn, self.catalogue, self.state = conn, catalogue, state
        held = state.revisions.get(PARCEL)
        found = held and store_revisions.read(
            conn, held, columns=parcel_fields(catalogue), layer=catalogue.layer(PARCEL), which=Which(keys=[parcel])
        )
        if not found or not len(found):
            raise NotFound("profile.no_parcel", id=parcel, state=state.id)
        self.sources = layer_sources(state)
        self.row = int(found.table["row"][0].as_py())
        self.sites = Sites(drawn(found.geometry)[:1], found.table.slice(0, 1), ((parcel,),), crs=state.crs)
        self.own = {name: found.table[name][0].as_py() for name in ("key", "part", "load", "source_row")}
        self.boundary = read_boundary(conn, state.revisions)
        self._loads: dict[int, dict[str, Any]] = {}

    def layer(self, layer: Layer) -> list[dict[str, Any]]:
        """Explain the attributes of one layer."""
        stored: dict[str, Column] = {}
        for block in self._blocks(layer.name):
            stored |= profiles.read(self.conn, block)
        columns = {short: column.take(np.array([self.row])) for short, column in stored.items()}
        scene = self._scene(layer, columns) if columns else None
        return [
            self._net(one, columns[one.short])
            if one.spec.measure == MEASURE and layer.net and one.short in columns
            else self._attribute(one, columns.get(one.short), scene)
            for one in attributes_of(layer)
        ]

    def _blocks(self, layer: str) -> list[Profile]:
        blocks = (kinds.get("parcels") for kinds in self.state.profiles.values())
        return [block for block in blocks if block and block.layer == layer]

    def _net(self, attribute: Attribute, column: Column) -> dict[str, Any]:
        """Explain the net area: step by step."""
        every = steps(net_scene(self.conn, self.catalogue, self.state, self.sites, boundary=self.boundary))
        entry = {**self._attribute(attribute, column, None), "steps": every}
        if entry["state"] in {"range", "unknown"}:
            entry["reason"] = _net_reason(every)
        return entry

    def _attribute(self, attribute: Attribute, column: Column | None, scene: Scene | None) -> dict[str, Any]:
        revision = self.state.revisions.get(attribute.layer.name)
        value = shown(attribute, column)
        if column is None:
            scene = None  # other attributes of the layer were measured, this one was not
        rows = keys(scene, evidence(scene, attribute), self.own) if scene else []
        return {
            "attribute": attribute.name,
            "kind": attribute.kind,
            "unit": attribute.unit,
            **value,
            "reason": self._reason(attribute, revision, str(value["state"]), scene),
            "source": self._source(attribute),
            "made_of": [f"{row['key']} ({self._load(row, revision)['file']})" for row in rows],
            "rows": [{**row, **self._load(row, revision)} for row in rows],
        }

    def _source(self, attribute: Attribute) -> dict[str, Any]:
        """Return where an attribute's values come from, as answers show it."""
        layer = attribute.layer.name
        absent = {"kind": "layer", "layer": layer, "revision": None, "part": None, "parts": 0}
        found = self.sources.get(layer) or {**absent, "dated": None, "publisher": None, "reason": "not_loaded"}
        measured = any(attribute.short in block.columns for block in self._blocks(layer))
        return found if measured or "reason" in found else {**found, "reason": "not_measured_yet"}

    def _reason(self, attribute: Attribute, revision: Revision | None, state: str, scene: Scene | None) -> str | None:
        """Say in a word why a value is not exact; `profile.reason_<word>` is its sentence."""
        if state in {"exact", "none"}:
            return None
        if revision is None and scene is None:
            return "not_loaded"
        if scene is None:
            return "not_measured_yet"
        if attribute.spec.measure == "joined_field" and attribute.field is None:
            return "not_declared"
        if scene.known.outside[0] > 0 or self._beyond(attribute, scene):
            return "outside_coverage"
        return "rows_do_not_tell"

    def _beyond(self, attribute: Attribute, scene: Scene) -> bool:
        """Tell whether a distance reaches past the edge of what is known."""
        if attribute.spec.measure not in {"nearest_distance", "nearest_value", "frontage"}:
            return False
        sure, _ = scene.chosen(attribute.spec.where)
        return bool(scene.known.horizon[0] < scene.nearest(sure).distance[0])

    def _scene(self, layer: Layer, columns: Mapping[str, Column]) -> Scene:
        revision = self.state.revisions.get(layer.name)
        if revision is None or layer.name == PARCEL:
            cover = NOWHERE if revision is None else Cover(None, stated=False)
            return Scene(layer, self.sites, nothing(), known(self.sites, cover))
        bounds = self._bounds(layer, columns)
        found = store_revisions.read(
            self.conn, revision, columns=feature_fields(layer), layer=layer, which=Which(bounds=bounds)
        )
        counts = valid_on(layer, found.table, self.state.as_of)
        table = found.table.filter(pa.array(counts)).combine_chunks()
        table = naming(self.conn, layer, table, self.state.revisions[PARCEL])
        shapes = standing_for(layer, table, found.geometry[counts], self._named(layer, table))
        return Scene(layer, self.sites, cut(table, shapes), known(self.sites, cover_of(revision, self.boundary)))

    def _named(self, layer: Layer, table: pa.Table) -> Sites:
        """Return the parcels that rows name, for the rows that stand for them."""
        ids = sorted({one for cell in texts(table, layer.parcels or "") for one in named_in(cell)})
        found = store_revisions.read(self.conn, self.state.revisions[PARCEL], columns=(), which=Which(keys=ids))
        members = tuple((one,) for one in texts(found.table, "key"))
        return Sites(drawn(found.geometry), found.table, members, crs=self.state.crs)

    def _bounds(self, layer: Layer, columns: Mapping[str, Column]) -> tuple[float, float, float, float] | None:
        """Return a box that holds every row that can have made a value; None: rows may name parcels, read them all."""
        if layer.parcels or self.sites.area[0] == 0:
            return None
        far = [one.spec.reach_m or 0.0 for one in attributes_of(layer)]
        for one in attributes_of(layer):
            column = columns.get(one.short)
            if one.spec.measure == "nearest_distance" and isinstance(column, Range):
                far += [float(end[0]) for end in (column.low, column.high) if np.isfinite(end[0])]
        x0, y0, x1, y1 = shapely.bounds(self.sites.geometry[0])
        by = max(far) + MARGIN_M
        return float(x0 - by), float(y0 - by), float(x1 + by), float(y1 + by)

    def _load(self, row: Mapping[str, Any], revision: Revision | None) -> dict[str, Any]:
        """Say what file a row came from, what day it speaks of, and whose it is."""
        load = row["load"]
        if load not in self._loads:
            found = loads.get(self.conn, load)
            self._loads[load] = {"file": found.source}
        parts = revision.parts if revision else self.state.revisions[PARCEL].parts
        part = next((one for one in parts if one.name == row["part"]), None)
        dated = part.dated.isoformat() if part and part.dated else None
        return {**self._loads[load], "dated": dated, "publisher": part.publisher if part else None}


def _net_reason(steps: list[dict[str, Any]]) -> str:
    """Say in a word why a net area is not exact."""
    if any(one["unknown"] for one in steps):
        return "outside_coverage"
    return "place_unknown" if any(one["unplaced_m2"] for one in steps) else "rows_do_not_tell"
