"""From the drawing board to the ground: streets drawn straight become streets that bend.

The board holds metres around the city's centre. Shears and one swirl carry it to the ground; each keeps areas and
folds nothing, so what tiles the board tiles the ground. Coordinates are rounded to centimetres, as registers do.
"""

import numpy as np

from gis_sites.columns import Floats

CRS = "EPSG:2177"
CENTRE = (6_505_889.0, 5_736_324.0)
"""Where the made-up city lies: in zone 6 of PL-2000, for it must lie somewhere."""

_WAVES = ((0.35, 5200.0, 270.0), (1.9, 2300.0, 80.0), (1.0, 1100.0, 26.0), (2.6, 420.0, 6.0))
"""Of each shear: its direction (radians), wavelength and amplitude (m)."""
_SWIRL = (0.42, 620.0)
"""How far (radians) the centre is turned, and how wide (m) the turn reaches."""


def to_ground(points: Floats, seed: int) -> Floats:
    """Carry points of the board (n x 2, metres from the centre) to EPSG:2177, rounded to 0.01 m.

    The phases of the waves depend on the seed. Every step keeps areas: a shear moves points along straight lines by
    an amount that depends on the line, a swirl turns circles by an amount that depends on the circle.
    """
    phases = np.random.default_rng([seed, 11]).uniform(0.0, 2 * np.pi, len(_WAVES))
    x, y = points[:, 0].copy(), points[:, 1].copy()
    angle = _SWIRL[0] * np.exp(-(x * x + y * y) / (2 * _SWIRL[1] ** 2))
    x, y = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    for (direction, length, amplitude), phase in zip(_WAVES, phases, strict=True):
        cos, sin = np.cos(direction), np.sin(direction)
        shift = amplitude * np.sin((x * cos + y * sin) * (2 * np.pi / length) + phase)
        x, y = x - shift * sin, y + shift * cos
    ground: Floats = np.column_stack((x + CENTRE[0], y + CENTRE[1])).astype(np.float64)
    return ground.round(2)
