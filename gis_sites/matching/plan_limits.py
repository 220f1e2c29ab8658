"""The plans' limits where buildings would stand: which zones forbid them, which leave it open."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from gis_sites.profile.coverage import TOUCH_M2
from gis_sites.profile.land import Zone

Json = dict[str, Any]


@dataclass(frozen=True)
class Building:
    """What would stand: its height (m; None: nobody said) and how much of the site's registered area it covers.

    The floor area is at least the area it covers, the green share at most what it leaves: what a limit of a plan
    forbids is forbidden, what it allows is allowed as far as one can tell from the ground.
    """

    height: float | None
    cover: float

    def values(self) -> Iterator[tuple[str, float]]:
        """Yield what each limit is held against."""
        if self.height is not None:
            yield "max_height_m", self.height
        yield "max_coverage_share", self.cover
        yield "max_intensity", self.cover
        yield "min_green_share", 1 - self.cover


def allowed(zone: Zone, building: Building) -> bool | None:
    """Tell whether a zone allows a building; None: nobody knows."""
    verdicts = [_within(name, zone.limits[name], value) for name, value in building.values() if name in zone.limits]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _within(name: str, limit: float, value: float) -> bool | None:
    if math.isinf(limit):
        return True
    if math.isnan(limit) or math.isnan(value):
        return None
    return value <= limit + 1e-9 if name.startswith("max") else value >= limit - 1e-9


def parted(zones: Sequence[Zone], building: Building) -> tuple[list[shapely.Geometry], list[shapely.Geometry]]:
    """Return where zones forbid a building, and where nobody knows."""
    told = [(zone.shape, allowed(zone, building)) for zone in zones]
    return [shape for shape, one in told if one is False], [shape for shape, one in told if one is None]


def held_against(zones: Sequence[Zone], building: Building, ground: shapely.Geometry) -> list[Json]:
    """Say of every limit where a building would stand what it is, what the building has and the verdict; each once."""
    found: dict[tuple[str, str, float], Json] = {}
    for zone in zones:
        if zone.shape.intersection(ground).area < TOUCH_M2:
            continue
        for name, value in building.values():
            if (limit := zone.limits.get(name)) is None:
                continue
            verdict = {True: "met", False: "failed", None: "unknown"}[_within(name, limit, value)]
            state = "unknown" if math.isnan(limit) else "none" if math.isinf(limit) else "exact"
            entry = {"attribute": f"{zone.layer}.{name}", "state": state, "limit": limit if state == "exact" else None}
            has = None if math.isnan(value) else value
            key = (zone.layer, name, -math.inf if math.isnan(limit) else limit)
            found[key] = {**entry, "has": has, "verdict": verdict}
    return [found[key] for key in sorted(found)]
