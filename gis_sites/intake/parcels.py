"""What is checked of parcels and against them: areas, municipalities, the parcels that rows of other layers name."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_sites.catalogue import Layer
from gis_sites.findings import Finding, FindingType
from gis_sites.geodesy import ellipsoidal_area, planar_area
from gis_sites.intake.batch import Batch, Bools
from gis_sites.intake.ground import PARCEL, TERYT, TERYT_DIGITS, Ground
from gis_sites.intake.loading import Loading
from gis_sites.intake.values import UNITS
from gis_sites.store.lineage import named_in

TOLERANCE = 0.01
LEAST_M2 = 1.0
SCALED = 0.004
"""More than any national system scales an area by: what is closer than that in the plane is close on the ellipsoid."""
STRAYS = 20
"""Parcels of another municipality that are noticed one by one, in some thousands of rows."""
SHOWN = 3
ID, PRECINCT, NUMBER = "id", "precinct", "number"
FROM = len("306101_1.")
"""Where the precinct begins in an identifier."""
WHOLE_ID = r"^\d{6}_\d\.\d{4}\."


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


def parcels_found(batches: Iterable[Batch], load: Loading, ground: Ground) -> Iterator[Batch]:
    """Notice parcels that rows name and the inventory does not hold, or names in short."""
    for batch in batches:
        if ground.parcels is not None and load.layer.parcels in load.filled:
            _named_parcels(batch, load.layer.parcels or "", load, ground)
        yield batch


def _named_parcels(batch: Batch, name: str, load: Loading, ground: Ground) -> None:
    cells = batch.cells[name].dictionary_encode()
    texts = [named_in(text) for text in cells.dictionary.to_pylist()]
    missing = ground.not_parcels({one for text in texts for one in text})
    if not missing:
        return
    index, column = cells.indices.fill_null(-1).to_numpy(zero_copy_only=False), load.place(name)
    for place, text in enumerate(texts):
        for parcel in (one for one in text if one in missing):
            meant = ", ".join(missing[parcel][:SHOWN])
            kind = FindingType.PARCEL_IN_SHORT if meant else FindingType.PARCEL_NOT_FOUND
            values = {"parcel": parcel, **({"meant": meant} if meant else {})}
            rows = batch.row[index == place].tolist()
            load.tally.find(*(Finding(kind, row, column=column, values=values) for row in rows))


def identified(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Take the precinct from the identifier where its column says otherwise, `12` for 0012, or nothing."""
    count, example = 0, ""
    numbered = load.layer.name == PARCEL and {ID, PRECINCT, NUMBER} <= load.layer.fields.keys()
    for batch in batches:
        if not numbered or not (other := _otherwise(batch)).any():
            yield batch
            continue
        ids, said, mask = batch.cells[ID], batch.cells[PRECINCT], pa.array(other)
        told = said.filter(mask).drop_null()
        count, example = count + len(told), example or (told[0].as_py() if len(told) else "")
        precinct = pc.if_else(mask, pc.utf8_slice_codeunits(ids, FROM, FROM + 4), said)
        number = pc.if_else(mask, pc.replace_substring_regex(ids, r"^.*\.", ""), None)
        own = {PRECINCT: precinct, NUMBER: pc.coalesce(batch.cells[NUMBER], number)}
        yield replace(batch, cells={**batch.cells, **own})
    if count:
        values = {"count": count, "value": example}
        load.tally.find(Finding(FindingType.PRECINCT_FROM_ID, column=load.place(PRECINCT), values=values))


def _otherwise(batch: Batch) -> Bools:
    """Return where an identifier names another precinct than the row."""
    ids = batch.cells[ID]
    same = pc.equal(pc.utf8_slice_codeunits(ids, FROM, FROM + 4), batch.cells[PRECINCT])
    other: Bools = ~pc.fill_null(same, False).to_numpy(zero_copy_only=False)
    if other.any():
        fits = pc.match_substring_regex(ids.filter(pa.array(other)), WHOLE_ID)
        other[other] = pc.fill_null(fits, False).to_numpy(zero_copy_only=False)
    return other


def of_town(batches: Iterable[Batch], load: Loading, ground: Ground) -> Iterator[Batch]:
    """Notice parcels whose identifiers are of another municipality than those held."""
    expected = ground.municipalities if load.layer.name == PARCEL and ID in load.layer.fields else frozenset()
    for batch in batches:
        if expected:
            _elsewhere(batch, expected, load)
        yield batch


def _elsewhere(batch: Batch, expected: frozenset[str], load: Loading) -> None:
    """Notice strays one by one; where they are many, one finding speaks for all of a municipality."""
    heads = pc.utf8_slice_codeunits(batch.cells[ID], 0, FROM).dictionary_encode()
    index = heads.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    for place, head in enumerate(heads.dictionary.to_pylist()):
        town = head[:TERYT_DIGITS]
        if TERYT.match(head) is None or town in expected:
            continue
        rows = np.flatnonzero((index == place) & ~batch.rejected).tolist()
        many = len(rows) > STRAYS
        values = {"town": town, "expected": ", ".join(sorted(expected)[:SHOWN]), "count": len(rows) if many else 1}
        for row in rows[:1] if many else rows:
            place_of = {"key": batch.key[row], "column": load.place(ID)}
            load.tally.find(Finding(FindingType.OTHER_MUNICIPALITY, int(batch.row[row]), **place_of, values=values))
