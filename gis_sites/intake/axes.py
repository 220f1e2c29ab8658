"""Whether a table lies where its coordinate system says: some of its points, read in every way they may be meant.

Numbers outside the area of a system contradict it by themselves. Others are compared with what the inventory holds:
the rows of the same identifiers, the municipality, the parcels. At Kalisz nothing else shows swapped axes: in
EPSG:2180 a swap moves a parcel 5.3 km, and it still lies in or next to the city. What is proven refuses the table
before a row of it is written, what is doubtful is a finding, and nothing is turned round in silence.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from gis_sites.errors import Refused
from gis_sites.findings import Finding, FindingType
from gis_sites.intake import crs as systems
from gis_sites.intake.batch import Batch, Bools, Objects
from gis_sites.intake.crs import System
from gis_sites.intake.ground import BOUNDARY, PARCEL, Ground, Near, region
from gis_sites.intake.loading import Loading
from gis_sites.words import Said

Floats = npt.NDArray[np.float64]
SAMPLE = 300
"""Points that are compared."""
SEEN = 2_000
"""Rows among which they are looked for."""
ENOUGH = 10
"""Points that must tell two readings apart, and rows they must come from, before anything is proven."""
MOST, FEW = 0.8, 0.6
"""Proven is what puts four fifths of the points in their place while the declared system puts three fifths at most."""
CLEAR, CLEARLY_RIGHT = 20, 4
"""How many points must speak against the declared system, or for it, for each that says the contrary."""
HALF, NEARLY_ALL, NEARLY_NONE = 0.5, 0.9, 0.1


class Verdict(Enum):
    """What a comparison says of the declared system."""

    RIGHT = "right"
    OPEN = "open"
    DOUBTFUL = "doubtful"
    WRONG = "wrong"


@dataclass(frozen=True)
class Sample:
    """Some points of a table as its numbers have them (n x 2), the row of each, and the key of that row."""

    points: Floats
    row: npt.NDArray[np.intp]
    keys: Sequence[str | None]

    @property
    def rows(self) -> int:
        """Of how many rows the points are."""
        return len(np.unique(self.row))


@dataclass(frozen=True)
class Reading:
    """The sample read in one way: its points in the working system, and whether they are where they should be."""

    system: System
    points: Floats
    """NaN outside the area where the system is used."""
    right: Bools

    @property
    def share(self) -> float:
        """How many of the points are where they should be, 0..1."""
        return float(self.right.mean())

    def against(self, near: Near, mine: Bools) -> "Reading":
        """Return some of the points compared with what is held."""
        return Reading(self.system, self.points[mine], near(self.points[mine]))


def checked(batches: Iterable[Batch], load: Loading, ground: Ground) -> Iterator[Batch]:
    """Compare the place of the first rows of a table with what is held.

    Raises:
        Refused: the declared system is contradicted; the sentence says by what, and the flag that mends it.
    """
    if load.crs is None or load.layer.geometry == "table":
        yield from batches
        return
    rest = iter(batches)
    first: list[Batch] = []
    for batch in rest:
        first.append(batch)
        if sum(map(len, first)) >= SEEN:
            break
    sample = sampled(first)
    if len(sample.points):
        compare(sample, load, ground)
    yield from first
    yield from rest


def sampled(batches: Sequence[Batch]) -> Sample:
    """Return points of rows evenly spread over some batches: one a row, more where there are few rows."""
    drawn = [_drawn(batch) for batch in batches]
    wkb, keys = (np.concatenate([np.empty(0, dtype=object), *(one[place] for one in drawn)]) for place in (0, 1))
    chosen = np.unique(np.linspace(0, len(wkb) - 1, SAMPLE).astype(np.intp)) if len(wkb) else np.empty(0, np.intp)
    with np.errstate(invalid="ignore"):  # a coordinate that is no number is noticed where geometry is made right
        shapes = shapely.from_wkb(wkb[chosen], on_invalid="ignore")
    points, row = shapely.get_coordinates(shapes, return_index=True)
    finite = np.isfinite(points).all(axis=1)
    points, row = points[finite], row[finite]
    _, first, count = np.unique(row, return_index=True, return_counts=True)
    steps = max(SAMPLE // max(len(first), 1), 1)
    within = (np.arange(steps) + 0.5) / steps
    places = np.unique(first[:, None] + (within * count[:, None]).astype(np.intp))
    return Sample(points[places], row[places], keys[chosen][row[places]].tolist())


def _drawn(batch: Batch) -> tuple[Objects, Objects]:
    """Return the geometry of the rows that have one and are not rejected, and their keys."""
    drawn: Bools = (batch.geometry != None) & ~batch.rejected  # noqa: E711 - elementwise
    keys = batch.key if len(batch.key) else np.full(len(batch), None, dtype=object)
    return batch.geometry[drawn], keys[drawn]


def compare(sample: Sample, load: Loading, ground: Ground) -> None:
    """Refuse a system that is contradicted, notice one that is doubtful.

    Raises:
        Refused: the declared system is contradicted.
    """
    assert load.crs is not None
    declared = _read(load.crs, sample, load)
    rivals = [one for one in _rivals(sample, load) if one.share >= HALF or declared.share < HALF]
    best = max(rivals, key=lambda one: one.share, default=None)
    if np.isnan(declared.points[:, 0]).mean() >= NEARLY_ALL:
        _refuse_numbers(sample, load, best)
    if best and declared.share <= NEARLY_NONE and best.share >= NEARLY_ALL:
        _tell(Verdict.WRONG, (declared, best), load, where=None)
        return
    found = _compared(sample, load, ground, (declared, rivals))
    if load.layer.name in {BOUNDARY, PARCEL}:
        _zone(declared, load)
    if best and best.share >= HALF and found is Verdict.OPEN:
        away = float(np.nanmedian(np.hypot(*(declared.points - best.points).T)))
        values = {"crs": systems.short(load.crs), "other": systems.short(best.system), "km": round(away / 1000, 1)}
        load.tally.find(Finding(FindingType.AXES_UNCHECKED, values=values))


def _read(system: System, sample: Sample, load: Loading) -> Reading:
    """Read the sample as numbers of a system; right is what lies in the region the table should be of."""
    x, y = sample.points.T
    way = systems.move(system, load.working)
    points = np.column_stack((x, y) if way is None else way(x, y))
    points[~systems.inside(system, np.column_stack((x, y, x, y)))] = np.nan
    degrees = pyproj.Transformer.from_crs(load.working, load.working.geodetic_crs, always_xy=True)
    box, margin = region(load, sample.keys)
    longitude, latitude = degrees.transform(points[:, 0], points[:, 1])
    return Reading(system, points, systems.within(box, longitude, latitude, margin))


def _zone(declared: Reading, load: Loading) -> None:
    """Notice a city that lies in another zone of PL-2000 than the inventory works in."""
    zones, code = tuple(systems.ZONES.values()), f"EPSG:{load.working.to_epsg()}"
    degrees = pyproj.Transformer.from_crs(load.working, load.working.geodetic_crs, always_xy=True)
    longitude, latitude = degrees.transform(*np.nanmedian(declared.points, axis=0).tolist())
    box = load.working.area_of_use.bounds if load.working.area_of_use else None
    if code not in zones or box is None or systems.within(box, np.array([longitude]), np.array([latitude])).all():
        return
    zone = systems.ZONES.get(str(round(longitude / 3)), code)
    load.tally.find(Finding(FindingType.OTHER_ZONE, values={"crs": code, "zone": zone}))


def _rivals(sample: Sample, load: Loading) -> list[Reading]:
    """Return the other ways in which the numbers can be meant."""
    assert load.crs is not None
    x, y = np.median(sample.points, axis=0).tolist()
    said = [systems.stated(name) for name in systems.could_be(x, y)]
    if load.working.to_epsg() not in systems.POLISH:
        said = [System(load.crs.crs, not load.crs.swapped), System(load.working), System(load.working, swapped=True)]
    others = {systems.short(one): one for one in said if systems.short(one) != systems.short(load.crs)}
    readings = [_read(one, sample, load) for one in others.values()]
    return [one for one in readings if np.isfinite(one.points[:, 0]).mean() >= HALF]


def _compared(sample: Sample, load: Loading, ground: Ground, ways: tuple[Reading, list[Reading]]) -> Verdict:
    """Compare with all that is held, the surest first, until something is said; say it."""
    declared, rivals = ways
    far = 0
    for where, mine, near in ground.known(load, sample.keys):
        if not rivals and where != BOUNDARY:
            continue
        here = declared.against(near, mine)
        if where == BOUNDARY and sample.rows >= ENOUGH and not here.right.any():
            far = len(here.right)
            load.tally.find(Finding(FindingType.FAR_AWAY, values={"of": far}))
        if not rivals:
            continue
        there = max((one.against(near, mine) for one in rivals), key=lambda one: one.share)
        rows = len(np.unique(sample.row[mine]))
        verdict = judged(here.right, there.right, enough=rows >= ENOUGH or load.layer.name == BOUNDARY)
        if verdict is not Verdict.OPEN:
            _tell(verdict, (here, there), load, where=where)
            return verdict
    if far and load.layer.name == PARCEL and not declared.system.sure:
        # Precincts are told by number: those of another town would replace ours.
        flag = f"{load.table.name}={systems.short(declared.system)} {systems.SURE}"
        raise Refused("import.parcels_elsewhere", table=load.table.name, of=far, sure=flag)
    return Verdict.OPEN


def judged(here: Bools, there: Bools, *, enough: bool) -> Verdict:
    """Judge by the points that are in their place in one of two readings only: as declared, or otherwise.

    >>> every, none = np.ones(50, dtype=bool), np.zeros(50, dtype=bool)
    >>> judged(every, none, enough=True).value, judged(none, every, enough=True).value
    ('right', 'wrong')
    >>> judged(every, every, enough=True).value, judged(none, every, enough=False).value
    ('open', 'doubtful')
    """
    for_it, against = int((here & ~there).sum()), int((there & ~here).sum())
    if for_it >= ENOUGH and for_it >= CLEARLY_RIGHT * against:
        return Verdict.RIGHT
    if against < ENOUGH or against < CLEAR * for_it or there.mean() < HALF:
        return Verdict.OPEN
    proven = enough and there.mean() >= MOST and here.mean() <= FEW
    return Verdict.WRONG if proven else Verdict.DOUBTFUL


def _tell(verdict: Verdict, ways: tuple[Reading, Reading], load: Loading, *, where: str | None) -> None:
    """Say what a comparison found.

    Raises:
        Refused: the declared system is wrong, and nobody has said that they are sure of it.
    """
    here, there = ways
    if verdict is Verdict.RIGHT:
        return
    other = systems.short(there.system)
    values = {
        "crs": systems.short(here.system),
        "other": other,
        "of": len(here.right),
        "here": int(here.right.sum()),
        "there": int(there.right.sum()),
        "flag": f"{load.table.name}={other}",
    }
    if verdict is Verdict.DOUBTFUL or here.system.sure:
        load.tally.find(Finding(FindingType.CRS_DOUBTFUL, values={**values, "where": where or "boundary"}))
        return
    how = Said("import.numbers_swapped" if there.system.swapped != here.system.swapped else "import.numbers_other")
    sure = f"{load.table.name}={values['crs']} {systems.SURE}"
    key = "import.crs_elsewhere" if where is None else "import.crs_contradicted"
    raise Refused(key, table=load.table.name, where=where, how=how, sure=sure, **values)


def _refuse_numbers(sample: Sample, load: Loading, best: Reading | None) -> None:
    assert load.crs is not None
    x, y = (int(number) for number in sample.points[0])
    like = systems.short(best.system) if best else systems.looks_like(x, y)
    values = {"table": load.table.name, "crs": systems.short(load.crs), "rows": sample.rows, "of": sample.rows}
    if like is None or like == values["crs"]:
        raise Refused("import.crs_outside", x=x, y=y, **values)
    how = Said(f"import.numbers_{_how(load.crs, systems.stated(like))}")
    raise Refused("import.crs_numbers", x=x, y=y, like=like, how=how, flag=f"{load.table.name}={like}", **values)


def _how(declared: System, meant: System) -> str:
    """Return the word for what is wrong: `degrees`, `metres`, `swapped`, `zone` or `other`."""
    if meant.crs.is_geographic != declared.crs.is_geographic:
        return "degrees" if meant.crs.is_geographic else "metres"
    if meant.crs.equals(declared.crs, ignore_axis_order=True):
        return "swapped"
    zones = systems.POLISH - {2180}
    return "zone" if {meant.crs.to_epsg(), declared.crs.to_epsg()} <= zones else "other"
