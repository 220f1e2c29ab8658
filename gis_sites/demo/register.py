"""What the register of land says of each parcel: use, owner, area; and whether anything is built there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Floats
from gis_sites.demo.blocks import Blocks
from gis_sites.demo.districts import Kind
from gis_sites.demo.parcels import Parcels, Soils
from gis_sites.demo.rings import Ints

SCALE = 0.999847
"""Areal scale of EPSG:2177 around the city: planar areas are that much short of true ones."""
BUILT = {
    Kind.OLD: 0.9, Kind.HOUSES: 0.8, Kind.FLATS: 0.75, Kind.SERVICES: 1.0, Kind.INDUSTRY: 0.55, Kind.STRIPS: 0.03,
}  # fmt: skip
USES = {
    Kind.OLD: ("B", "Bi"), Kind.HOUSES: ("B", "Bp"), Kind.FLATS: ("B", "Bp"), Kind.SERVICES: ("Bi", "Bi"),
    Kind.INDUSTRY: ("Ba", "Bp"), Kind.STRIPS: ("Br", "R"), Kind.FOREST: ("Ls", "Ls"), Kind.RIVER: ("Ł", "Ł"),
    Kind.PARK: ("Bz", "Bz"), Kind.STREET: ("dr", "dr"), Kind.RAIL: ("Tk", "Tk"),
}  # fmt: skip
"""For each kind of ground the use in the register: of a built parcel, of an empty one."""
OWNERS = {
    Kind.OLD: "7 7 7 4 5 15", Kind.HOUSES: "7 7 7 7 7 7 7 4", Kind.FLATS: "5 5 15 4 7", Kind.SERVICES: "4 4 15 1",
    Kind.INDUSTRY: "15 15 5 2 4 7", Kind.STRIPS: "7 7 7 7 7 1 4", Kind.FOREST: "1 1 1 7", Kind.RIVER: "1 4 7",
    Kind.PARK: "4", Kind.STREET: "4 4 4 4 1", Kind.RAIL: "2",
}  # fmt: skip
"""For each kind of ground the register groups (grupa rejestrowa) met there, as often as they are."""
OFF = 0.003
"""Share of parcels whose registered area is more than 1 % off the drawn one."""


@dataclass(frozen=True, eq=False)
class Register:
    """The register's columns, a row a parcel; `use` as printed (`RIIIa`), `area_m2` whole square metres."""

    built: npt.NDArray[np.bool_]
    use: list[str]
    owner: list[str | None]
    area_m2: Ints

    def take(self, rows: Ints) -> "Register":
        """Return some rows in the given order."""
        return Register(
            self.built[rows], [self.use[row] for row in rows], [self.owner[row] for row in rows], self.area_m2[rows]
        )


def describe(parcels: Parcels, soils: Soils, blocks: Blocks, xy: Floats, *, seed: int) -> Register:
    """Write the register of a city."""
    rng = np.random.default_rng([seed, 6])
    n = len(parcels)
    soil = soil_of(parcels, soils, blocks)
    chance = np.array([BUILT.get(Kind(kind), 0.0) for kind in range(len(Kind))])
    farmed = (parcels.kind == Kind.INDUSTRY) & (soil >= 0)
    built = (rng.uniform(size=n) < chance[parcels.kind]) & ~farmed
    return Register(built, _uses(parcels, soils, soil, built), _owners(parcels, rng), registered(parcels, xy, rng))


def soil_of(parcels: Parcels, soils: Soils, blocks: Blocks) -> Ints:
    """Return for each parcel the soil contour its middle lies in; -1 for none."""
    per = blocks.wide // blocks.cuts
    middle = (parcels.span[:, 0] + parcels.span[:, 1]) * per[parcels.block] // 2
    width = int(blocks.wide.max()) + 1
    starts = soils.block * width + soils.ends[:, 0]
    found = np.searchsorted(starts, parcels.block * width + middle, side="right") - 1
    inside = (parcels.block >= 0) & (soils.block[found] == parcels.block)
    # The bed of a river has no soil.
    bed = (parcels.kind == Kind.RIVER) & (parcels.span[:, 2] == 1)
    return np.where(inside & ~bed, found, -1)


def registered(parcels: Parcels, xy: Floats, rng: np.random.Generator) -> Ints:
    """Return registered areas: a little off the drawn ones, a few far off."""
    n = len(parcels)
    error = rng.normal(0.0, 0.0008, n)
    error += (rng.uniform(size=n) < OFF) * rng.choice((-0.05, -0.02, 0.03, 0.08), n)
    return np.round(parcels.rings.areas(xy) / SCALE * (1 + error)).astype(np.int64)


def _uses(parcels: Parcels, soils: Soils, soil: Ints, built: npt.NDArray[np.bool_]) -> list[str]:
    found = []
    water = (parcels.kind == Kind.RIVER) & ((parcels.block < 0) | (parcels.span[:, 2] == 1))
    for kind, contour, has, wet in zip(
        parcels.kind.tolist(), soil.tolist(), built.tolist(), water.tolist(), strict=True
    ):
        if wet:
            found.append("Wp")
        elif contour >= 0 and not has:
            found.append(soils.use[contour] + soils.grade[contour])
        else:
            found.append(USES[Kind(kind)][0 if has else 1])
    return found


def _owners(parcels: Parcels, rng: np.random.Generator) -> list[str | None]:
    groups = {int(kind): text.split() for kind, text in OWNERS.items()}
    dice = rng.integers(0, 1 << 16, len(parcels)).tolist()
    # The register does not always say: one in a hundred is left empty.
    return [
        None if die % 101 == 0 else groups[kind][die % len(groups[kind])]
        for kind, die in zip(parcels.kind.tolist(), dice, strict=True)
    ]
