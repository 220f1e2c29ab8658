"""The found rows on the map, however many: points while they are few, counts by cell of a grid while they are many."""

import re
from collections.abc import Mapping
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
from shapely import from_geojson, get_coordinates, point_on_surface

from api.face import Face
from api.parcel_page import outlines
from gis_sites.columns import Rows
from gis_sites.store.points import parcel_points
from gis_sites.store.snapshot import Snapshot
from gis_sites.store.states import State

Json = dict[str, Any]
Places = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
MOST_POINTS = 3000
"""So many are shown one by one."""
CELLS = 64
"""Cells across the box, where they are more."""
NUMBER = r"-?\d{1,3}(?:\.\d{1,12})?"
BOX = re.compile(rf"{NUMBER}(?:,{NUMBER}){{3}}", re.ASCII)
WORLD: Box = (-180.0, -90.0, 180.0, 90.0)


class Whereabouts:
    """Where the rows of the newest state's views lie; a revision never changes, so each is asked for once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Snapshot, Places]] = {}
        self._lock = Lock()

    def of(self, face: Face, state: State, view: Snapshot) -> Places:
        """Return longitude and latitude of every row, NaN where it has no geometry: float64[n, 2]."""
        with self._lock:
            known = self._known.get(view.kind)
            if known is None or known[0] is not view:
                known = self._known[view.kind] = (view, _places(face, state, view))
            return known[1]


def _places(face: Face, state: State, view: Snapshot) -> Places:
    if view.kind == "parcels":
        # Made once for all who ask: no haste breaks it off.
        return view.own(parcel_points(face.patient().inventory.store, state))
    found = np.full((len(view), 2), np.nan)
    _, texts = outlines(face, state, view.kind, view.ids.to_pylist())
    for row, text in enumerate(texts):
        if text is not None:
            found[row] = get_coordinates(point_on_surface(from_geojson(text)))[0]
    return found


def box_of(text: str) -> Box:
    """Read the box (degrees: west, south, east, north) that a map shows; the whole world where it says none."""
    if not BOX.fullmatch(text):
        return WORLD
    west, south, east, north = map(float, text.split(","))
    return west, south, east, north


def found_document(view: Snapshot | None, places: Places | None, rows: Rows, box: Box) -> Json:
    """Return what the map shows of the found rows within a box: GeoJSON, and how many there are."""
    lon, lat = places[rows].T if places is not None else np.empty((2, 0))
    west, south, east, north = box
    inside = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    number = int(np.count_nonzero(inside))
    about: Mapping[str, Any] = {
        "found": len(rows),
        "placed": int(np.count_nonzero(~np.isnan(lon))),
        "inside": number,
        "exact": number <= MOST_POINTS,
    }
    if number <= MOST_POINTS:
        assert view is not None or number == 0
        features = [
            _feature((x, y), {"site": view.id(int(row))})  # type: ignore[union-attr]
            for row, x, y in zip(rows[inside], lon[inside], lat[inside], strict=True)
        ]
    else:
        features = _cells(lon[inside], lat[inside])
    return {"type": "FeatureCollection", **about, "features": features}


def _cells(lon: Places, lat: Places) -> list[Json]:
    """Return the middle of those in each cell, and how many they are."""
    x, y = (_step(one) for one in (lon, lat))
    cell = y * CELLS + x
    counts = np.bincount(cell, minlength=CELLS * CELLS)
    middles = [np.bincount(cell, weights=one, minlength=CELLS * CELLS) for one in (lon, lat)]
    return [
        _feature((middles[0][at] / counts[at], middles[1][at] / counts[at]), {"count": int(counts[at])})
        for at in np.flatnonzero(counts)
    ]


def _step(values: Places) -> npt.NDArray[np.intp]:
    low, high = values.min(), values.max()
    steps: npt.NDArray[np.intp] = np.minimum((values - low) / (high - low or 1.0) * CELLS, CELLS - 1).astype(np.intp)
    return steps


def _feature(place: tuple[float, float], properties: Json) -> Json:
    coordinates = [round(float(place[0]), 6), round(float(place[1]), 6)]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": coordinates}}
