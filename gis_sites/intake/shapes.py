"""Geometry made right once, at the door: readable, in its place, valid, of one kind, MULTI, flat."""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from gis_sites.errors import Refused
from gis_sites.findings import Finding, FindingType
from gis_sites.intake import crs as systems
from gis_sites.intake import kinds, mending
from gis_sites.intake.batch import Batch, Bools, Objects
from gis_sites.intake.loading import Loading
from gis_sites.intake.mending import Places

WITH_SRID = 0x20000000
LONGEST = 1 << 31
"""More than the bytes of any geometry: a slice to no stated end fails in Arrow."""
ARC_DEGREES = 1
"""The longest step of the chords an arc is replaced by: the reader tells GDAL so."""
ARC_OFF = 0.004
"""How far a chord lies off its arc at most, per cent of the radius: 1 - cos(half a step)."""
MOSTLY = 0.9
"""From this share of rows outside on, the system is wrong and not the rows."""


def shaped(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Make the geometry of every row right, or reject the row."""
    if load.layer.geometry == "table" or load.table.geometry is None:
        yield from (_without(batch, load) for batch in batches)
        return
    assert load.crs is not None
    move = systems.move(load.crs, load.working)
    seen: Counter[str] = Counter()
    for batch in batches:
        repair = Repair(batch, load)
        repair.read()
        repair.place(load.crs, move, seen)
        repair.mend()
        yield repair.done()
    _mostly_outside(load, seen)


def _without(batch: Batch, load: Loading) -> Batch:
    """Let rows without geometry pass where the layer has none or the row names parcels."""
    empty: Objects = np.full(len(batch), None, dtype=object)
    if load.layer.geometry == "table":
        return replace(batch, geometry=empty)
    unnamed = _names_nothing(batch, load)
    for row, key in zip(batch.row[unnamed].tolist(), batch.key[unnamed], strict=True):
        load.tally.find(Finding(FindingType.GEOMETRY_MISSING, row, key))
    return replace(batch, geometry=empty, rejected=batch.rejected | unnamed)


def _names_nothing(batch: Batch, load: Loading) -> Bools:
    """Return where a row names no parcels in place of a geometry."""
    if load.layer.parcels is None:
        return np.ones(len(batch), dtype=bool)
    nulls: Bools = batch.cells[load.layer.parcels].is_null().to_numpy(zero_copy_only=False)
    return nulls


def _mostly_outside(load: Loading, seen: Counter[str]) -> None:
    if seen["outside"] and seen["outside"] >= MOSTLY * seen["placed"]:
        x, y = seen["x"], seen["y"]
        like = systems.looks_like(x, y)
        raise Refused(
            "import.crs_wrong" if like else "import.crs_outside",
            table=load.table.name,
            crs=systems.short(load.crs) if load.crs else "-",
            rows=seen["outside"],
            of=seen["placed"],
            x=x,
            y=y,
            like=like,
        )


class Repair:
    """The repair of one batch; each step narrows the rows still good."""

    def __init__(self, batch: Batch, load: Loading) -> None:
        self.batch = batch
        self.load = load
        self.shapes: Objects = np.full(len(batch), None, dtype=object)
        self.good: Bools = np.ones(len(batch), dtype=bool)
        self.repaired = batch.repaired.copy()
        self.other: Bools = np.zeros(len(batch), dtype=bool)
        """Rows whose shape is no more the one that was parsed."""

    def reject(self, rows: Bools, kind: FindingType, **values: object) -> None:
        """Reject rows that are still good."""
        self.notice(rows & self.good, kind, **values)
        self.good &= ~rows

    def notice(self, rows: Bools, kind: FindingType, **values: object) -> None:
        """Notice the same about some rows."""
        for row, key in zip(self.batch.row[rows].tolist(), self.batch.key[rows], strict=True):
            self.load.tally.find(Finding(kind, row, key, values=dict(values)))

    def read(self) -> None:
        """Take the shapes parsed; drop heights; reject what is missing, unreadable or not finite."""
        wkb = self.batch.geometry
        absent: Bools = np.array([shape is None for shape in wkb], dtype=bool)
        self.shapes[:] = self.batch.parsed
        with np.errstate(invalid="ignore"):  # a coordinate that is no number is noticed below
            self._close(np.flatnonzero(~absent & shapely.is_missing(self.shapes)))
        missing = absent | shapely.is_empty(self.shapes)
        unnamed = _names_nothing(self.batch, self.load)
        self.reject(missing & unnamed, FindingType.GEOMETRY_MISSING)
        self.shapes[missing] = None
        self.reject(~missing & shapely.is_missing(self.shapes), FindingType.GEOMETRY_BROKEN, reason="WKB")
        deep = self.good & (shapely.has_z(self.shapes) | shapely.has_m(self.shapes))
        self.shapes[deep] = shapely.force_2d(self.shapes[deep])
        self.notice(deep, FindingType.GEOMETRY_FLATTENED)
        curved = _curved(self.batch) & self.good
        self.notice(curved, FindingType.CURVE_LINEARISED, degrees=ARC_DEGREES, share=ARC_OFF)
        self.repaired |= deep | curved
        points, rows = shapely.get_coordinates(self.shapes, return_index=True)
        wild = np.zeros(len(self.batch), dtype=bool)
        wild[rows[~np.isfinite(points).all(axis=1)]] = True
        self.reject(wild, FindingType.GEOMETRY_BROKEN, reason="NaN")
        self.shapes[~self.good] = None

    def _close(self, places: Places) -> None:
        """Close rings that do not end where they began: for those GEOS reads nothing."""
        shapes = shapely.from_wkb(self.batch.geometry[places], on_invalid="fix")
        closed = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
        self.shapes[places[closed]] = shapes[closed]
        for place in places[closed].tolist():
            self._find(place, FindingType.RING_CLOSED)
        self.repaired[places[closed]] = True
        self.other[places[closed]] = True

    def place(self, crs: systems.System, move: systems.Move | None, seen: Counter[str]) -> None:
        """Reject what lies outside the system's area of use; take the rest to the working system."""
        there = ~shapely.is_missing(self.shapes)
        bounds = shapely.bounds(self.shapes[there])
        outside = np.zeros(len(self.batch), dtype=bool)
        outside[there] = ~systems.inside(crs, bounds)
        seen["placed"] += int(there.sum())
        if outside.any():
            first = shapely.bounds(self.shapes[outside][0])
            seen["outside"] += int(outside.sum())
            seen["x"], seen["y"] = int(first[0]), int(first[1])
        self.reject(outside, FindingType.GEOMETRY_OUTSIDE, crs=systems.short(crs))
        self.shapes[~self.good] = None
        if move is not None:
            there &= self.good
            self.shapes[there] = shapely.transform(self.shapes[there], move, interleaved=False)
            self.other |= there

    def mend(self) -> None:
        """Keep the parts of the layer's kind, make them valid, take repeated points out; point at spikes."""
        there = ~shapely.is_missing(self.shapes)
        self._of_kind(there)
        valid = self.batch.valid.copy()
        valid[self.other] = shapely.is_valid(self.shapes[self.other])
        self._valid(there & self.good & ~valid)
        there &= self.good
        nothing = there & (shapely.get_dimensions(self.shapes) == 2) & (shapely.area(self.shapes) < mending.NO_AREA_M2)
        self.reject(nothing, FindingType.GEOMETRY_NO_AREA)
        self._sides(np.flatnonzero(there & ~nothing))

    def _valid(self, broken: Bools) -> None:
        """Make invalid geometries valid; reject those of which too little or too much would be left."""
        places = np.flatnonzero(broken)
        if not len(places):
            return
        before = self.shapes[places]
        after = mending.made_valid(before)
        kept, dropped = kinds.of_kind(after, self.load.layer.geometry)
        left, flat = ~shapely.is_missing(kept), shapely.get_dimensions(before) == 2
        was, now = mending.areas(before, kept, self.load.working)
        guessed = mending.too_much(was, now)
        for at, place in enumerate(places.tolist()):
            reason = shapely.is_valid_reason(before[at]).split("[")[0]
            areas = {"before": round(float(was[at]), 2), "after": round(float(now[at]), 2)}
            said = {"reason": reason, "method": mending.METHOD, **areas}
            if not left[at]:
                kind = FindingType.GEOMETRY_NO_AREA if flat[at] else FindingType.GEOMETRY_BROKEN
                self._find(place, kind, before[at], **({} if flat[at] else {"reason": reason}))
            elif guessed[at]:
                self._find(place, FindingType.GEOMETRY_CHANGED_TOO_MUCH, before[at], **said)
            else:
                self._find(place, FindingType.GEOMETRY_REPAIRED, **said)
                if dropped[at]:
                    self._find(place, FindingType.GEOMETRY_PARTS_DROPPED, dropped=kinds.other(after[at], kept[at]))
        self.shapes[places] = kept
        self.good[places] = left & ~guessed
        self.repaired[places] = True

    def _sides(self, places: Places) -> None:
        """Take points out that are repeated one after the other; notice spikes of polygons."""
        if not len(places):
            return
        sides = mending.Sides(self.shapes[places])
        again = np.zeros(len(self.good), dtype=bool)
        again[places[sides.repeated()]] = True
        self.shapes[again] = shapely.remove_repeated_points(self.shapes[again])
        self.notice(again, FindingType.POINTS_REPEATED)
        self.repaired |= again
        for spike in sides.spikes():
            place = int(places[spike.place])
            if shapely.get_dimensions(self.shapes[place]) == 2:
                said = {"degrees": round(spike.degrees, 3), "length": round(spike.length, 2)}
                self._find(place, FindingType.SPIKE, spike.tip, **said)

    def _of_kind(self, there: Bools) -> None:
        wanted = self.load.layer.geometry
        odd = ~kinds.plain(self.shapes, wanted)
        found, dropped = self.shapes.copy(), np.zeros(len(odd), dtype=bool)
        found[odd], dropped[odd] = kinds.of_kind(self.shapes[odd], wanted)
        wrong = there & shapely.is_missing(found)
        for place in np.flatnonzero(wrong & self.good).tolist():
            shape = self.shapes[place]
            self._find(place, FindingType.GEOMETRY_TYPE, shape, found=shape.geom_type, wanted=wanted)
        self.good &= ~wrong
        narrowed = dropped & there & ~wrong
        for place in np.flatnonzero(narrowed).tolist():
            self._find(place, FindingType.GEOMETRY_PARTS_DROPPED, dropped=kinds.other(self.shapes[place], found[place]))
        self.repaired |= narrowed
        self.other |= odd
        self.shapes = found

    def _find(self, place: int, kind: FindingType, where: shapely.Geometry | None = None, /, **values: object) -> None:
        """Notice something about one row, there or where its geometry will be."""
        row, key = int(self.batch.row[place]), self.batch.key[place]
        wkb = None if where is None else shapely.to_wkb(where)
        self.load.tally.find(Finding(kind, row, key, values=values, place=wkb))

    def done(self) -> Batch:
        """Return the batch with its geometry made right."""
        self.shapes[~self.good] = None
        rejected = self.batch.rejected | ~self.good
        return replace(self.batch, geometry=self.shapes, repaired=self.repaired, rejected=rejected)


def _curved(batch: Batch) -> Bools:
    column = batch.source.column(batch.source.schema.names.index("__curved"))
    flags: Bools = np.asarray(column.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)
    return flags


def to_ewkb(shapes: Objects, srid: int) -> pa.Array:
    """Return geometries as the database takes them: EWKB with their system, a single one as a MULTI of one part.

    The first bytes are put before those GEOS writes: building MULTIs and setting systems would copy every geometry.
    """
    wkb = pa.array(shapely.to_wkb(shapes).tolist(), pa.binary())
    codes = shapely.get_type_id(shapes)
    single = np.isin(codes, list(kinds.SINGLE))
    heads = pa.array([None, *(_head(code, srid) for code in range(8))], pa.binary()).take(pa.array(codes + 1))
    rest = wkb if single.all() else pc.if_else(pa.array(single), wkb, pc.binary_slice(wkb, 5, LONGEST))
    return pc.binary_join_element_wise(heads, rest, pa.scalar(b""))


def _head(code: int, srid: int) -> bytes:
    """Return the bytes before a geometry's parts: byte order, type with the sign that a system follows, system."""
    kind = kinds.SINGLE.get(code, code)
    head = struct.pack("<BII", 1, kind | WITH_SRID, srid)
    return head + struct.pack("<I", 1) if code in kinds.SINGLE else head
