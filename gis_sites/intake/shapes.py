"""Geometry made right once, at the door: readable, in its place, valid, of one kind, MULTI, flat."""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely

from gis_sites.errors import Refused
from gis_sites.findings import Finding, FindingType
from gis_sites.intake import crs as systems
from gis_sites.intake.batch import Batch, Bools, Objects
from gis_sites.intake.loading import Loading

KINDS = {"point": 0, "line": 1, "polygon": 2}
SINGLE = {0: 4, 1: 5, 3: 6}
"""Types of single geometries, as GEOS numbers them, and of the MULTI of each."""
WITH_SRID = 0x20000000
LONGEST = 1 << 31
"""More than the bytes of any geometry: a slice to no stated end fails in Arrow."""
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

    def reject(self, rows: Bools, kind: FindingType, **values: object) -> None:
        """Reject rows that are still good."""
        self.notice(rows & self.good, kind, **values)
        self.good &= ~rows

    def notice(self, rows: Bools, kind: FindingType, **values: object) -> None:
        """Notice the same about some rows."""
        for row, key in zip(self.batch.row[rows].tolist(), self.batch.key[rows], strict=True):
            self.load.tally.find(Finding(kind, row, key, values=dict(values)))

    def read(self) -> None:
        """Parse WKB; drop heights; reject what is missing, unreadable or not finite."""
        wkb = self.batch.geometry
        absent: Bools = np.array([shape is None for shape in wkb], dtype=bool)
        with np.errstate(invalid="ignore"):  # a coordinate that is no number is noticed below
            self.shapes[~absent] = shapely.from_wkb(wkb[~absent], on_invalid="ignore")
        missing = absent | shapely.is_empty(self.shapes)
        unnamed = _names_nothing(self.batch, self.load)
        self.reject(missing & unnamed, FindingType.GEOMETRY_MISSING)
        self.shapes[missing] = None
        self.reject(~missing & shapely.is_missing(self.shapes), FindingType.GEOMETRY_BROKEN, reason="WKB")
        deep = self.good & (shapely.has_z(self.shapes) | shapely.has_m(self.shapes))
        self.shapes[deep] = shapely.force_2d(self.shapes[deep])
        self.notice(deep, FindingType.GEOMETRY_FLATTENED)
        curved = _curved(self.batch) & self.good
        self.notice(curved, FindingType.CURVE_LINEARISED)
        self.repaired |= deep | curved
        points, rows = shapely.get_coordinates(self.shapes, return_index=True)
        wild = np.zeros(len(self.batch), dtype=bool)
        wild[rows[~np.isfinite(points).all(axis=1)]] = True
        self.reject(wild, FindingType.GEOMETRY_BROKEN, reason="NaN")
        self.shapes[~self.good] = None

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

    def mend(self) -> None:
        """Keep the parts of the layer's kind, make them valid and MULTI."""
        there = ~shapely.is_missing(self.shapes)
        self._of_kind(there)
        there &= self.good
        broken = there & ~shapely.is_valid(self.shapes)
        if not broken.any():
            return
        before = self.shapes[broken]
        valid = shapely.make_valid(before, method="structure", keep_collapsed=False)
        after, _ = of_kind(valid, self.load.layer.geometry)
        for place, old, new in zip(np.flatnonzero(broken).tolist(), before, after, strict=True):
            reason = shapely.is_valid_reason(old).split("[")[0]
            if new is None:
                self.good[place] = False
                self._find(place, FindingType.GEOMETRY_BROKEN, reason=reason)
                continue
            areas = {"before": round(float(shapely.area(old)), 2), "after": round(float(shapely.area(new)), 2)}
            self._find(place, FindingType.GEOMETRY_REPAIRED, reason=reason, **areas)
        self.shapes[broken] = after
        self.repaired |= broken

    def _of_kind(self, there: Bools) -> None:
        wanted = self.load.layer.geometry
        odd = ~_plain(self.shapes, wanted)
        found, dropped = self.shapes.copy(), np.zeros(len(odd), dtype=bool)
        found[odd], dropped[odd] = of_kind(self.shapes[odd], wanted)
        wrong = there & shapely.is_missing(found)
        for place in np.flatnonzero(wrong & self.good).tolist():
            self._find(place, FindingType.GEOMETRY_TYPE, found=self.shapes[place].geom_type, wanted=wanted)
        self.good &= ~wrong
        narrowed = dropped & there & ~wrong
        for place in np.flatnonzero(narrowed).tolist():
            self._find(place, FindingType.GEOMETRY_PARTS_DROPPED, dropped=_other(self.shapes[place], found[place]))
        self.repaired |= narrowed
        self.shapes = found

    def _find(self, place: int, kind: FindingType, **values: object) -> None:
        row, key = int(self.batch.row[place]), self.batch.key[place]
        self.load.tally.find(Finding(kind, row, key, values=values))

    def done(self) -> Batch:
        """Return the batch with its geometry made right."""
        self.shapes[~self.good] = None
        rejected = self.batch.rejected | ~self.good
        return replace(self.batch, geometry=self.shapes, repaired=self.repaired, rejected=rejected)


def _curved(batch: Batch) -> Bools:
    column = batch.source.column(batch.source.schema.names.index("__curved"))
    flags: Bools = np.asarray(column.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)
    return flags


def _other(whole: shapely.Geometry, kept: shapely.Geometry) -> str:
    parts, _ = _parts(np.array([whole], dtype=object))
    kind = shapely.get_dimensions(kept)
    kinds = Counter(part.geom_type for part in parts if shapely.get_dimensions(part) != kind)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _plain(shapes: Objects, wanted: str) -> Bools:
    """Return where a geometry is of the wanted kind as it is, single or a MULTI of one part."""
    kinds = np.array([*SINGLE, *SINGLE.values()]) if wanted == "any" else np.array([*_types(KINDS[wanted])])
    alone = ~shapely.is_empty(shapes) & (shapely.get_num_geometries(shapes) == 1)
    plain: Bools = alone & np.isin(shapely.get_type_id(shapes), kinds)
    return plain


def _types(kind: int) -> tuple[int, int]:
    return next((single, multi) for single, multi in SINGLE.items() if multi == 4 + kind)


def of_kind(shapes: Objects, wanted: str) -> tuple[Objects, Bools]:
    """Return MULTI geometries of the wanted kind, None where there is none, and where other parts were dropped.

    Of a geometry of several kinds a layer of kind `any` keeps the highest.
    """
    parts, rows = _parts(shapes)
    kinds = shapely.get_dimensions(parts)
    keep = np.full(len(shapes), KINDS.get(wanted, -1))
    if wanted == "any":
        np.maximum.at(keep, rows, kinds)
    chosen = kinds == keep[rows]
    result: Objects = np.full(len(shapes), None, dtype=object)
    for kind, build in enumerate((shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)):
        mine = chosen & (kinds == kind)
        if mine.any():
            build(parts[mine], indices=rows[mine], out=result)
    dropped = np.zeros(len(shapes), dtype=bool)
    dropped[rows[~chosen]] = True
    return result, dropped


def _parts(shapes: Objects) -> tuple[Objects, npt.NDArray[np.intp]]:
    """Take geometries apart, collections within collections too; empty parts fall away."""
    parts, rows = shapely.get_parts(shapes, return_index=True)
    while (shapely.get_type_id(parts) >= 4).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        rows = rows[inner]
    full = ~shapely.is_empty(parts)
    return parts[full], rows[full]


def to_ewkb(shapes: Objects, srid: int) -> pa.Array:
    """Return geometries as the database takes them: EWKB with their system, a single one as a MULTI of one part.

    The first bytes are put before those GEOS writes: building MULTIs and setting systems would copy every geometry.
    """
    wkb = pa.array(shapely.to_wkb(shapes).tolist(), pa.binary())
    codes = shapely.get_type_id(shapes)
    single = np.isin(codes, list(SINGLE))
    heads = pa.array([None, *(_head(code, srid) for code in range(8))], pa.binary()).take(pa.array(codes + 1))
    rest = wkb if single.all() else pc.if_else(pa.array(single), wkb, pc.binary_slice(wkb, 5, LONGEST))
    return pc.binary_join_element_wise(heads, rest, pa.scalar(b""))


def _head(code: int, srid: int) -> bytes:
    """Return the bytes before a geometry's parts: byte order, type with the sign that a system follows, system."""
    kind = SINGLE.get(code, code)
    head = struct.pack("<BII", 1, kind | WITH_SRID, srid)
    return head + struct.pack("<I", 1) if code in SINGLE else head
