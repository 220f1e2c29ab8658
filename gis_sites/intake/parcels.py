"""What is checked against parcels: registered areas against drawn ones, and the parcels that rows name."""

import re
from collections.abc import Collection, Iterable, Iterator

import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Layer
from gis_sites.findings import Finding, FindingType
from gis_sites.geodesy import ellipsoidal_area, planar_area
from gis_sites.intake.batch import Batch
from gis_sites.intake.loading import Loading
from gis_sites.intake.values import UNITS
from gis_sites.store import revisions
from gis_sites.store.revisions import Revision

TOLERANCE = 0.01
LEAST_M2 = 1.0
SCALED = 0.004
"""More than any national system scales an area by: what is closer than that in the plane is close on the ellipsoid."""
_BETWEEN = re.compile(r"[,;\s]+")


def areas_compared(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Notice where the registered area and the drawn one differ by more than 1 % and a square metre."""
    names = [name for name in _area_fields(load.layer) if name in load.filled]
    for batch in batches:
        if names:
            _compare_areas(batch, names, load)
        yield batch


def _area_fields(layer: Layer) -> tuple[str, ...]:
    """Return the fields of registered area, the first one known counts."""
    return next((spec.fields for spec in layer.attributes.values() if spec.measure == "area"), ())


def _compare_areas(batch: Batch, names: list[str], load: Loading) -> None:
    registered = np.full(len(batch), np.nan)
    for name in names:
        factor = UNITS["m2"].get(load.layer.fields[name].unit or "m2", 1.0)
        own: npt.NDArray[np.float64] = batch.cells[name].to_numpy(zero_copy_only=False).astype(np.float64) * factor
        registered = np.where(np.isnan(registered), own, registered)
    planar = planar_area(batch.geometry, load.working)
    close = np.abs(registered - planar) + SCALED * planar < np.maximum(LEAST_M2, (TOLERANCE - SCALED) * planar)
    known = ~np.isnan(registered) & ~shapely.is_missing(batch.geometry) & ~batch.rejected & ~close
    measured = np.full(len(batch), np.nan)
    if known.any():
        measured[known] = ellipsoidal_area(batch.geometry[known], load.working)
    off = np.abs(registered - measured)
    differs = known & (off > LEAST_M2) & (off > TOLERANCE * measured)
    for place in np.flatnonzero(differs).tolist():
        areas = {"registered": round(float(registered[place]), 1), "measured": round(float(measured[place]), 1)}
        row, key = int(batch.row[place]), batch.key[place]
        load.tally.find(Finding(FindingType.AREA_DIFFERS, row, key, values=areas))


def ids(conn: sa.Connection, parcels: Revision | None) -> frozenset[str] | None:
    """Return the identifiers of all parcels, None where no parcels are loaded."""
    if parcels is None:
        return None
    found = revisions.read(conn, parcels, columns=(), geometry=False)
    return frozenset(found.table["key"].to_pylist())


def named(text: str) -> list[str]:
    """Return the parcels a cell names, parted by commas, semicolons or blanks.

    >>> named("306101_1.0012.45/3; 306101_1.0012.46")
    ['306101_1.0012.45/3', '306101_1.0012.46']
    """
    return [one for one in _BETWEEN.split(text) if one]


def parcels_found(batches: Iterable[Batch], load: Loading, known: Collection[str] | None) -> Iterator[Batch]:
    """Notice parcels that rows name and the inventory does not hold."""
    for batch in batches:
        if known is not None and load.layer.parcels in load.filled:
            column = load.place(load.layer.parcels or "")
            cells = batch.cells[load.layer.parcels].to_pylist()
            for row, text in zip(batch.row.tolist(), cells, strict=True):
                for parcel in named(text or ""):
                    if parcel not in known:
                        values = {"parcel": parcel}
                        load.tally.find(Finding(FindingType.PARCEL_NOT_FOUND, row, column=column, values=values))
        yield batch
