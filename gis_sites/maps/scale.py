"""How a score is drawn: fixed classes from 0 to 100, so that no candidate's colour depends on another's."""

from dataclasses import dataclass

EDGES = (20.0, 40.0, 60.0, 80.0)
COLORS = ("#d3e1ee", "#9fc3de", "#70afdc", "#2a74ae", "#0b4579")
"""One hue from light to dark: told apart by lightness alone, so by colour-blind readers and on grey paper too."""
PLAIN = "#5b656d"
"""Of a candidate without a score: a requirement without wants."""
INK = ("#14324d", "#14324d", "#000000", "#ffffff", "#ffffff")
"""Of the rank on each colour: read with a contrast of at least 4.5, also when a page in the dark turns both over."""
CERTAIN = 0.05
"""A gap under this is none: it would be printed as 0."""
WIDE = 10.0
"""A gap from here on is drawn dotted."""


@dataclass(frozen=True)
class Look:
    """How one candidate is drawn: fill by floor, line by the gap between ceiling and floor."""

    fill: str
    ink: str
    line: str
    """`solid`, `dash` or `dot`."""


def look(floor: float | None, ceiling: float | None) -> Look:
    """Choose how a score is drawn.

    >>> look(71.2, 80.4)
    Look(fill='#2a74ae', ink='#ffffff', line='dash')
    """
    if floor is None:
        return Look(PLAIN, "#ffffff", "solid")
    step = sum(floor >= edge for edge in EDGES)
    return Look(COLORS[step], INK[step], line(floor, ceiling))


def line(floor: float | None, ceiling: float | None) -> str:
    """Return the line style that says how far apart the ends are."""
    gap = (ceiling or 0.0) - (floor or 0.0)
    return "solid" if gap < CERTAIN else "dash" if gap < WIDE else "dot"


def classes() -> list[tuple[str, str]]:
    """Return the legend of the fill: (colour, bounds), lowest first."""
    bounds = (0.0, *EDGES, 100.0)
    return [(color, f"{bounds[i]:.0f}–{bounds[i + 1]:.0f}") for i, color in enumerate(COLORS)]
