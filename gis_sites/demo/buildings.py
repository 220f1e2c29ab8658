"""Buildings, and the service connections that end at them: both hang on a parcel's front."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from gis_sites.columns import Floats
from gis_sites.demo.city import City
from gis_sites.demo.districts import Kind
from gis_sites.demo.rings import Ints
from gis_sites.demo.writing import Sheet

PLANS = {
    Kind.OLD: (0.04, 0.92, 0.02, 0.55), Kind.HOUSES: (0.25, 0.72, 0.2, 0.55), Kind.FLATS: (0.18, 0.82, 0.15, 0.45),
    Kind.SERVICES: (0.2, 0.7, 0.15, 0.6), Kind.INDUSTRY: (0.12, 0.66, 0.12, 0.6), Kind.STRIPS: (0.25, 0.7, 0.03, 0.07),
}  # fmt: skip
"""Where a building stands on a parcel: from and to along the front, from and to in depth, as shares."""
PURPOSES = {
    Kind.OLD: "m m m h b", Kind.HOUSES: "m m m m m m m g", Kind.FLATS: "m m m h", Kind.SERVICES: "k z h b i",
    Kind.INDUSTRY: "p p s s b", Kind.STRIPS: "m g",
}  # fmt: skip
"""For each kind of ground the classes of buildings (KŚT) met there, as often as they are."""


@dataclass(frozen=True, eq=False)
class Fronts:
    """The four corners of built parcels (n x 2 each): along the front, then along the back the same way."""

    rows: Ints
    front: tuple[Floats, Floats]
    back: tuple[Floats, Floats]

    def at(self, along: Floats, deep: Floats) -> Floats:
        """Return a point of each parcel at shares along its front and in depth; below 0 it lies in the street."""
        low = self.front[0] + (self.front[1] - self.front[0]) * along[:, None]
        high = self.back[0] + (self.back[1] - self.back[0]) * along[:, None]
        return np.asarray(low + (high - low) * deep[:, None])

    def take(self, chosen: Ints) -> "Fronts":
        """Return some of them."""
        front = (self.front[0][chosen], self.front[1][chosen])
        return Fronts(self.rows[chosen], front, (self.back[0][chosen], self.back[1][chosen]))


def fronts(city: City) -> Fronts:
    """Return the fronts of every built parcel."""
    parcels, blocks = city.parcels, city.blocks
    rows = np.flatnonzero(city.register.built)
    block, span = parcels.block[rows], parcels.span[rows]
    across, down = (blocks.wide // blocks.cuts)[block], (blocks.tall // blocks.rows)[block]

    def corner(c: Ints, r: Ints) -> Floats:
        return np.asarray(city.xy[blocks.base[block] + r * down * (blocks.wide[block] + 1) + c * across])

    c0, c1, r0, r1 = span.T
    # The first row looks to one street, the last to the other; those between have no street and look like the first.
    far = (r1 == blocks.rows[block]) & (r0 > 0)
    front, back = np.where(far, r1, r0), np.where(far, r0, r1)
    return Fronts(rows, (corner(c0, front), corner(c1, front)), (corner(c0, back), corner(c1, back)))


def _plans() -> Floats:
    """Return `PLANS` as a table, a row a kind of ground."""
    return np.array([PLANS.get(kind, (0.1, 0.9, 0.1, 0.9)) for kind in Kind])


def buildings_sheet(city: City) -> Sheet:
    """Return the table `budynki`."""
    import shapely

    rng = city.dice(1)
    lots = fronts(city)
    kind = city.parcels.kind[lots.rows]
    # No two are alike, none is turned inside out: what varies is a share of the building's own size.
    a0, a1, d0, d1 = _plans()[kind].T
    vary = rng.uniform(-0.12, 0.12, (4, len(kind)))
    wide, deep = a1 - a0, d1 - d0
    a0, a1, d0, d1 = (
        a0 - vary[0] * wide,
        a1 + vary[1] * wide,
        np.maximum(0.01, d0 + vary[2] * deep),
        d1 + vary[3] * deep,
    )
    quads = np.stack([lots.at(a0, d0), lots.at(a1, d0), lots.at(a1, d1), lots.at(a0, d1)], axis=1).round(2)
    groups = {int(key): text.split() for key, text in PURPOSES.items()}
    dice = rng.integers(0, 1 << 16, len(kind)).tolist()
    ids = city.parcels.ids
    columns: dict[str, Any] = {
        "ID_BUDYNKU": [f"{ids[row]}.1_BUD" for row in lots.rows.tolist()],
        "RODZAJ_KST": [groups[k][die % len(groups[k])] for k, die in zip(kind.tolist(), dice, strict=True)],
    }
    return Sheet("budynki", "Polygon", columns, lambda rows: shapely.polygons(quads[rows]))


def connections(city: City, lots: Fronts, *, share: float, lane: float, rng: np.random.Generator) -> Floats:
    """Return service connections (n x 2 points x 2): from `lane` metres out in the street to the building's wall."""
    chosen = lots.take(np.flatnonzero(rng.uniform(size=len(lots.rows)) < share))
    plan = _plans()[city.parcels.kind[chosen.rows]]
    along = plan[:, 0] + (plan[:, 1] - plan[:, 0]) * rng.uniform(0.2, 0.8, len(chosen.rows))
    wall, kerb = chosen.at(along, plan[:, 2] + 0.03), chosen.at(along, np.zeros(len(along)))
    way = kerb - wall
    length = np.maximum(np.hypot(way[:, 0], way[:, 1]), 0.1)[:, None]
    return np.stack([kerb + way / length * lane, wall], axis=1).round(2)
