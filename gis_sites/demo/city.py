"""The whole city in memory: ground, parcels, soils. Everything else is drawn from these when it is delivered."""

from dataclasses import dataclass

import numpy as np

from gis_sites.columns import Floats
from gis_sites.demo.blocks import Blocks, corners, cut_blocks
from gis_sites.demo.districts import Districts, lay_out
from gis_sites.demo.parcels import Parcels, Soils, divide, lay_soils
from gis_sites.demo.register import Register, describe
from gis_sites.demo.streets import Streets, count_pieces, free_corners, lay_streets
from gis_sites.demo.warp import to_ground

FEWEST, MOST = 500, 3_000_000
MARGIN = 1.05
"""Cells cut for each parcel wanted; the rest is joined."""


@dataclass(frozen=True, eq=False)
class City:
    """A made-up city: the plan, the points on the ground (EPSG:2177), and what lies on them."""

    seed: int
    districts: Districts
    blocks: Blocks
    streets: Streets
    xy: Floats
    parcels: Parcels
    soils: Soils
    register: Register

    def ground(self, points: Floats) -> Floats:
        """Carry points of the board to the ground."""
        return to_ground(points, self.seed)

    def dice(self, number: int) -> np.random.Generator:
        """Return the generator of one delivery, so that none depends on what another drew."""
        return np.random.default_rng([self.seed, 100 + number])


def draw_city(parcels: int, seed: int) -> City:
    """Draw a city of that many parcels; the same seed draws the same city to the last coordinate."""
    wanted = min(max(parcels, FEWEST), MOST)
    districts, blocks, streets = _fit(wanted, seed)
    board = np.vstack((corners(blocks, seed), free_corners(districts)))
    xy = to_ground(board, seed)
    soils = lay_soils(blocks, seed)
    divided = divide(districts, blocks, streets, wanted=wanted, seed=seed)
    register = describe(divided, soils, blocks, xy, seed=seed)
    return City(seed, districts, blocks, streets, xy, divided, soils, register)


def _fit(wanted: int, seed: int) -> tuple[Districts, Blocks, Streets]:
    """Stretch the districts until they hold a few more cells than parcels are wanted."""
    low, high = 0.2, 2.4
    for _ in range(11):
        middle = (low + high) / 2
        if _cells(wanted, seed, middle) < MARGIN * wanted:
            low = middle
        else:
            high = middle
    districts = lay_out(wanted, seed=seed, scale=high)
    blocks = cut_blocks(districts, seed)
    return districts, blocks, lay_streets(districts, blocks)


def _cells(wanted: int, seed: int, scale: float) -> int:
    districts = lay_out(wanted, seed=seed, scale=scale)
    blocks = cut_blocks(districts, seed)
    return blocks.cells + count_pieces(districts, blocks)
