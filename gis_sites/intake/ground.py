"""What rows are checked against: the rows held already, the municipality, the parcels, the country."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa

from gis_sites.intake.batch import Bools
from gis_sites.intake.crs import POLAND, POLISH, Box, area
from gis_sites.intake.loading import Loading
from gis_sites.store import places
from gis_sites.store.reading import has_geometry
from gis_sites.store.revisions import Revision

Floats = npt.NDArray[np.float64]
Near = Callable[[Floats], Bools]
"""Points (n x 2, working system) to whether they lie where something is held."""
NEAR_M = 10.0
ENOUGH = 10
"""Identifiers that must be held already before they tell anything."""
BOUNDARY, PARCEL = "boundary", "parcel"
WORLD: Box = (-180.0, -90.0, 180.0, 90.0)
ABROAD = 3.0
"""Degrees beyond the area of a working system abroad that are still its country."""
BESIDE = 0.15
"""Degrees by which the boxes below are generous."""
MOSTLY, STRAY = 0.9, 0.01
MUNICIPALITY = "municipality"
TERYT_DIGITS = 6
TERYT = re.compile(r"(?:^|\| )(?P<teryt>(?P<voivodeship>\d\d)\d{4})(?:_?\d)?(?:\.|$)")
"""How the identifiers of parcels, precincts and municipalities begin."""
SHORT = re.compile(r"(?:\d{6}_\d\.)?(?P<precinct>\d{1,4})[.-](?P<rest>(?:AR_\d+\.)?\d+(?:/\d+)?)")
"""A parcel by precinct and number, the municipality left out or the precinct without its zeros."""
VOIVODESHIPS: dict[str, Box] = {
    "02": (14.8, 50.1, 17.8, 51.8),
    "04": (17.2, 52.3, 19.8, 53.8),
    "06": (21.6, 50.2, 24.2, 52.3),
    "08": (14.5, 51.3, 16.5, 53.2),
    "10": (18.0, 50.8, 20.7, 52.4),
    "12": (19.0, 49.1, 21.5, 50.6),
    "14": (19.2, 51.0, 23.2, 53.5),
    "16": (16.9, 49.9, 18.7, 51.2),
    "18": (21.1, 49.0, 23.6, 50.9),
    "20": (21.5, 52.2, 24.0, 54.5),
    "22": (16.6, 53.4, 19.7, 54.9),
    "24": (17.9, 49.3, 20.0, 51.1),
    "26": (19.6, 50.1, 21.9, 51.4),
    "28": (19.1, 53.1, 22.9, 54.5),
    "30": (15.7, 51.1, 19.1, 53.7),
    "32": (14.1, 52.6, 17.0, 54.6),
}
"""The first two digits of an identifier -> the box around that voivodeship, rounded outwards."""


@dataclass(frozen=True)
class Ground:
    """What the inventory holds, those tables of this import with it that were loaded before."""

    conn: sa.Connection
    own: Revision | None = None
    """The layer that is loaded, as it is."""
    parcels: Revision | None = None
    boundary: Revision | None = None
    town: bytes | None = None
    """The municipality, WKB in the working system."""

    def known(self, load: Loading, keys: Sequence[str | None]) -> Iterator[tuple[str, Bools, Near]]:
        """Yield what points can be compared with: its layer, which of the points, and whether some lie there."""
        if self.own and load.keyed and has_geometry(self.conn, self.own):
            named = np.array(keys, dtype=object)
            same = np.isin(named, list(places.held(self.conn, self.own, {key for key in keys if key})))
            if same.sum() >= ENOUGH:
                yield load.layer.name, same, self._near(self.own, load.srid, named[same].tolist())
        every = np.ones(len(keys), dtype=bool)
        if self.town and load.layer.name != BOUNDARY:
            yield BOUNDARY, every, self._in_town
        if self.parcels and load.layer.name != PARCEL:
            yield PARCEL, every, self._near(self.parcels, load.srid)

    @cached_property
    def municipalities(self) -> frozenset[str]:
        """The municipalities the inventory is of: six digits each, of the boundaries held, else of the parcels."""
        towns: frozenset[str] = frozenset()
        if self.boundary is not None and self.town is not None:
            said = places.held_like(self.conn, self.boundary, f"{MUNICIPALITY} | ")
            towns = frozenset(match["teryt"] for key in said if (match := TERYT.search(key)))
        if not towns and self.parcels is not None:
            heads = places.beginnings(self.conn, self.parcels, len("306101_1."))
            most = sum(heads.values()) * STRAY  # what a stray of an earlier import left does not count
            towns = frozenset(match["teryt"] for head, n in heads.items() if n > most and (match := TERYT.match(head)))
        return towns

    def not_parcels(self, names: Collection[str]) -> dict[str, list[str]]:
        """Return which names are no parcels held, each with those it may be short for: `12.45/3`, `0012.45/3`."""
        assert self.parcels is not None
        missing = set(names) - places.held(self.conn, self.parcels, names)
        short = {one: match for one in missing if (match := SHORT.fullmatch(one))}
        endings = {one: f"{int(match['precinct']):04d}.{match['rest']}" for one, match in short.items()}
        whole = places.endings(self.conn, self.parcels, set(endings.values()), after=len("306101_1.")) if short else {}
        return {one: whole.get(endings.get(one, ""), []) for one in missing}

    def _near(self, held: Revision, srid: int, keys: Sequence[str] | None = None) -> Near:
        return lambda points: places.near(self.conn, held, points, srid=srid, within=NEAR_M, keys=keys)

    @cached_property
    def _outline(self) -> shapely.Geometry:
        outline = shapely.from_wkb(self.town).buffer(NEAR_M)
        shapely.prepare(outline)
        return outline

    def _in_town(self, points: Floats) -> Bools:
        inside: Bools = shapely.contains_xy(self._outline, *points.T)
        return inside


def region(load: Loading, keys: Sequence[str | None]) -> tuple[Box, float]:
    """Return the box a table should be of, and the degrees beside it: its voivodeship, else the country."""
    if load.working.to_epsg() not in POLISH:
        return area(load.working) or WORLD, ABROAD
    named = keys if load.layer.name in {BOUNDARY, PARCEL} else ()
    said = Counter(match["voivodeship"] for key in named if key and (match := TERYT.search(key)))
    for code, count in said.most_common(1):
        if code in VOIVODESHIPS and count >= MOSTLY * len(keys):
            return VOIVODESHIPS[code], BESIDE
    return POLAND, 0.0
