"""The register's deliveries: parcels (with a few faults, as real ones have), buildings, soil contours, boundaries."""

import datetime as dt
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from gis_sites.columns import Floats
from gis_sites.demo.city import City
from gis_sites.demo.districts import Kind
from gis_sites.demo.parcels import UNIT, Parcels, cell_rings
from gis_sites.demo.register import Register, registered
from gis_sites.demo.rings import Ints, Rings, join, rim
from gis_sites.demo.writing import Sheet, sheet

NAME = "Przykładów"
FIRST, SECOND = dt.date(2026, 1, 15), dt.date(2026, 10, 1)


@dataclass(frozen=True)
class Changes:
    """What happened to four parcels (rows) between the two deliveries, and the precinct where."""

    precinct: int
    divided: int
    merged: tuple[int, int]
    renumbered: int
    unnamed: int
    """A street that the first delivery calls `brak`."""


@dataclass(frozen=True)
class Faults:
    """Rows of the first delivery that are faulty: one each."""

    bow_tie: int
    twice: int
    archived: int
    unnamed: int


def changes(city: City) -> Changes:
    """Choose what changes: a joined industrial site is divided again, the rest is near it."""
    parcels = city.parcels
    joined = np.flatnonzero(parcels.span[:, 1] - parcels.span[:, 0] == 2)
    heavy = joined[parcels.kind[joined] == Kind.INDUSTRY]
    divided = int((heavy if len(heavy) else joined)[0])
    precinct = int(parcels.precinct[divided])
    here = (parcels.precinct == precinct) & (np.arange(len(parcels)) != divided)
    first = _mergeable(parcels, here)
    free = np.flatnonzero(here & (parcels.block >= 0))
    renumbered = next(int(row) for row in free[::-1] if row not in {first, first + 1})
    streets = np.flatnonzero(here & (parcels.street >= 0))
    return Changes(precinct, divided, (first, first + 1), renumbered, int(streets[0]))


def _mergeable(parcels: Parcels, here: Any) -> int:  # noqa: ANN401 - an array of truth values
    span = parcels.span
    single = (span[:, 1] - span[:, 0] == 1) & here & (parcels.block >= 0)
    pair = single[:-1] & single[1:] & (parcels.block[:-1] == parcels.block[1:])
    pair &= (span[:-1, 2] == span[1:, 2]) & (span[:-1, 1] == span[1:, 0])
    strips = pair & (parcels.kind[:-1] == Kind.STRIPS)
    return int(np.flatnonzero(strips if strips.any() else pair)[0])


def faults(city: City, change: Changes) -> Faults:
    """Choose the faulty rows among parcels that do not change."""
    parcels = city.parcels
    taken = {change.divided, *change.merged, change.renumbered}
    quads = np.diff(parcels.rings.offsets) == 4
    homes = np.flatnonzero((parcels.kind == Kind.HOUSES) & quads)
    bow_tie, twice, archived = [row for row in homes[len(homes) // 3 :].tolist() if row not in taken][:3]
    return Faults(bow_tie, twice, archived, change.unnamed)


def parcels_sheet(parcels: Parcels, register: Register, xy: Floats, *, dated: dt.date, wrong: Faults | None) -> Sheet:
    """Return the table `dzialki`; `wrong` rows are made faulty."""
    ids: list[str] = parcels.ids
    ends: list[dt.date | None] = [None] * len(parcels)
    rings = parcels.rings
    if wrong:
        extra = np.array([wrong.twice, wrong.archived])
        rows = np.concatenate((np.arange(len(parcels)), extra))
        ids = [*ids, ids[wrong.twice], ids[wrong.archived]]
        ids[wrong.unnamed] = "brak"
        ends = [*ends, None, dt.date(2019, 5, 17)]
        parcels, register = parcels.take(rows), register.take(rows)
        rings = _crossed(parcels.rings, wrong.bow_tie)
    columns: dict[str, Any] = {
        "ID_DZIALKI": ids,
        "NUMER_DZIALKI": parcels.number,
        "NUMER_OBREBU": [f"{precinct:04d}" for precinct in parcels.precinct.tolist()],
        "NAZWA_GMINY": [NAME] * len(parcels),
        "POLE_EWIDENCYJNE": np.round(register.area_m2 / 10_000, 4),
        "KLASOUZYTKI_EGIB": register.use,
        "GRUPA_REJESTROWA": register.owner,
        "DATA": [dated] * len(parcels),
        "KONIEC_WERSJA_OBIEKT": ends,
    }
    return Sheet("dzialki", "Polygon", columns, lambda rows: rings.take(np.arange(len(ids))[rows]).polygons(xy))


def _crossed(rings: Rings, row: int) -> Rings:
    """Return the rings with one quadrangle turned into a bow tie."""
    points = rings.points.copy()
    start = rings.offsets[row]
    points[[start + 1, start + 2]] = points[[start + 2, start + 1]]
    return Rings(points, rings.offsets)


def later_parcels(city: City, change: Changes) -> tuple[Parcels, Register]:
    """Return the changed precinct as the second delivery has it."""
    old = city.parcels
    gone = [change.divided, *change.merged]
    keep = np.array([row for row in np.flatnonzero(old.precinct == change.precinct).tolist() if row not in gone])
    kept, register = old.take(keep), city.register.take(keep)
    fresh = int(max(int(number.split("/")[0]) for number in kept.number)) + 1
    number = list(kept.number)
    number[int(np.flatnonzero(keep == change.renumbered)[0])] = str(fresh + 1)
    new, parents = _new_parcels(city, change, fresh)
    areas = registered(new, city.xy, city.dice(8))
    more = replace(city.register.take(parents), area_m2=areas)
    return _both(replace(kept, number=number), new), Register(
        np.concatenate((register.built, more.built)),
        register.use + more.use,
        register.owner + more.owner,
        np.concatenate((register.area_m2, more.area_m2)),
    )


def _new_parcels(city: City, change: Changes, fresh: int) -> tuple[Parcels, Ints]:
    """Return the two halves of the divided parcel and the merged one, and the row each takes its facts from."""
    old = city.parcels
    parents = np.array([change.divided, change.divided, change.merged[0]])
    span = old.span[parents].copy()
    span[0, 1] -= 1
    span[1, 0] += 1
    span[2, 1] = old.span[change.merged[1], 1]
    main = old.number[change.divided].split("/")[0]
    parts = [n.split("/") for n in city.parcels.take(np.flatnonzero(old.precinct == change.precinct)).number]
    last = max([int(part[1]) for part in parts if part[0] == main and len(part) == 2], default=0)
    numbers = [f"{main}/{last + 1}", f"{main}/{last + 2}", str(fresh)]
    one = old.take(parents)
    return replace(one, rings=cell_rings(city.blocks, old.block[parents], span), span=span, number=numbers), parents


def _both(first: Parcels, second: Parcels) -> Parcels:
    return Parcels(
        join(first.rings, second.rings),
        np.concatenate((first.kind, second.kind)),
        np.concatenate((first.block, second.block)),
        np.vstack((first.span, second.span)),
        np.concatenate((first.street, second.street)),
        np.concatenate((first.precinct, second.precinct)),
        first.number + second.number,
    )


def soils_sheet(city: City) -> Sheet:
    """Return the soil contours."""
    soils = city.soils
    columns = {"OZU": soils.use, "OZK": soils.grade}
    rows = np.arange(len(soils.use))
    return Sheet(
        "EGB_KonturKlasyfikacyjny", "Polygon", columns, lambda part: soils.rings.take(rows[part]).polygons(city.xy)
    )


def boundary_sheets(city: City) -> list[Sheet]:
    """Return the municipality's boundary and the precincts'."""
    parcels = city.parcels
    ends = np.flatnonzero(np.diff(parcels.precinct, prepend=-1, append=-1))
    rows = [np.arange(a, b) for a, b in pairwise(ends)]
    precincts = [_one(rim(parcels.rings.take(part), city.xy)) for part in rows]
    codes = [f"{UNIT}.{int(parcels.precinct[part[0]]):04d}" for part in rows]
    names = [f"{NAME} {code[-4:]}" for code in codes]
    whole = {"JPT_KOD_JE": [UNIT], "JPT_NAZWA_": [NAME]}
    return [
        sheet("granica_gminy", "MultiPolygon", whole, np.array([_one(rim(parcels.rings, city.xy))])),
        sheet("obreby", "MultiPolygon", {"ID_OBREBU": codes, "NAZWA": names}, np.array(precincts)),
    ]


def _one(polygons: Any) -> Any:  # noqa: ANN401 - shapely is not typed
    import shapely

    return shapely.multipolygons(polygons)
