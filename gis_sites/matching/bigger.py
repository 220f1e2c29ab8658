"""What a requirement says of a site's inside and of several parcels as one: the footprint and the assembly."""

from typing import Annotated, Literal

from pydantic import StrictBool

from gis_sites.matching.entries import Entry, between, whole_between

LONGEST_M = 5_000.0
MOST_RECTANGLES = 20
MOST_PARCELS = 8


Side = Annotated[float, *between(1.0, LONGEST_M, unit="m")]
Height = Annotated[float, *between(1.0, 500.0, unit="m")]
Strip = Annotated[float, *between(0.0, 1_000.0, unit="m")]
Count = Annotated[int, *whole_between(1, MOST_RECTANGLES)]


class Footprint(Entry):
    """A must: `count` rectangles at any angle inside the net polygon, less the setback, apart from each other.

    Lengths in metres; `height_m` is held against the plan's limits where the rectangles stand.
    """

    length_m: Side
    width_m: Side
    height_m: Height | None = None
    setback_m: Strip = 0.0
    count: Count = 1
    apart_m: Strip = 0.0
    unknown: Literal["failed", "to_verify"] = "to_verify"


class Assembly(Entry):
    """How parcels may be joined into one site: how many, over what gap in metres, and what each more one costs."""

    max_parcels: Annotated[int, *whole_between(2, MOST_PARCELS)] = 4
    max_gap_m: Annotated[float, *between(0.0, 10.0, unit="m")] = 0.5
    across_roads: StrictBool = False
    """Whether a road or a ditch may lie between two of the parcels."""
    points_per_extra_parcel: Annotated[float, *between(-100.0, 0.0)] = 0.0
