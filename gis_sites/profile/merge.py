"""Several parcels as one site without drawing it: what each measure says of the whole, told from its parcels.

Where the parcels do not decide it, a merge says between which bounds the value lies, and that the union has to be
measured. Sets are summed up member by member, so a row's value does not depend on the other rows (law 3).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, get_args

import numpy as np

from gis_sites.catalogue import Attribute, Layer, Measure
from gis_sites.columns import Column, Flags, Floats, Labels, Range, Rows, Several
from gis_sites.profile.features import Mask
from gis_sites.profile.overlay import snapped
from gis_sites.profile.reading import AREAS

JOIN = "+"
"""Between the parcels of an assembly's identifier, in their order; no parcel's holds it."""
MEASURED_AREA = "parcel.measured_area_m2"
SLACK = 1.05
"""How much larger a union may be than the areas of its parcels tell: gaps that are closed, planes and ellipsoids."""
BORDER_SLACK = 1.25
"""How much longer a border may be than the sides that face each other along it: its jags."""
FEW_WORDS = 62
"""Up to so many words a set of them fits the bits of a number."""


@dataclass(frozen=True, eq=False)
class Sets:
    """Sets of parcels: `members` are rows of the profile, intp[n, k], rising, -1 fills up; and its columns."""

    members: Rows
    column: Callable[[str], Column]
    inner: Floats | None = None
    """The length of the borders between the members of each set, where that is known: m."""

    def __len__(self) -> int:
        return len(self.members)

    @cached_property
    def held(self) -> Mask:
        """Which places hold a member: bool[n, k]."""
        return np.asarray(self.members >= 0)

    @cached_property
    def area(self) -> Floats:
        """The area of each member, 0 where there is none: float64[n, k], square metres."""
        return self.ends(MEASURED_AREA, 0.0)[0]

    def ends(self, name: str, empty: float) -> tuple[Floats, Floats]:
        """Return both ends of a number of each member, and what stands where there is none."""
        column = self.column(name)
        assert isinstance(column, Range)
        low = np.where(self.held, column.low[self.members], empty)
        return low, low if column.high is column.low else np.where(self.held, column.high[self.members], empty)

    def whole(self, areas: Floats) -> Floats:
        """Add up members' numbers, one after the other: float64[n]."""
        total = areas[:, 0].copy()
        for place in range(1, areas.shape[1]):
            total += areas[:, place]
        return total


class Merged(NamedTuple):
    """What sets are as one site; where it is not `exact`, the bounds of what measuring the union would say."""

    column: Column
    exact: Mask
    low_most: Floats | None = None
    """No low end is greater, where that is known."""


Merge = Callable[[Sets, Attribute], Merged]


def _all(sets: Sets) -> Mask:
    return np.ones(len(sets), dtype=bool)


def _none(sets: Sets) -> Mask:
    return np.zeros(len(sets), dtype=bool)


def total(sets: Sets, attribute: Attribute) -> Merged:
    """Add areas up; one nobody knows makes the sum unknown."""
    low, high = sets.ends(attribute.name, 0.0)
    least = sets.whole(low)
    return Merged(Range(least, least if high is low else sets.whole(high)), _all(sets))


def mean(sets: Sets, attribute: Attribute) -> Merged:
    """Weigh shares by area; a share nobody knows may be anything."""
    low, high = sets.ends(attribute.name, 0.0)
    area = sets.whole(sets.area)
    least = sets.whole(np.where(np.isnan(low), 0.0, low) * sets.area) / area
    most = sets.whole(np.where(np.isnan(high), 1.0, high) * sets.area) / area
    least, most = snapped(least), snapped(most)
    nothing = (least == 0) & (most == 1)
    return Merged(Range(np.where(nothing, np.nan, least), np.where(nothing, np.nan, most)), _all(sets))


def nearest(sets: Sets, attribute: Attribute) -> Merged:
    """Take the least distance; one nobody knows may be any."""
    low, high = sets.ends(attribute.name, np.inf)
    least = np.where(np.isnan(low), 0.0, low).min(axis=1)
    most = np.where(np.isnan(high), np.inf, high).min(axis=1)
    nothing = (least == 0) & np.isinf(most)
    return Merged(Range(np.where(nothing, np.nan, least), np.where(nothing, np.nan, most)), _all(sets))


def any_crossed(sets: Sets, attribute: Attribute) -> Merged:
    """Say yes where a member does; else something may still run along the border between two of them."""
    column = sets.column(attribute.name)
    assert isinstance(column, Flags)
    yes = ((column.values[sets.members] == 1) & sets.held).any(axis=1)
    return Merged(Flags(np.where(yes, 1, -1).astype(np.int8)), yes)


def alike(sets: Sets, attribute: Attribute) -> Merged:
    """Take the value all members have; where they differ, or one is unknown, the union has to be measured."""
    return _where_same(sets.column(attribute.name), sets, sets.held)


def nearest_value(sets: Sets, attribute: Attribute) -> Merged:
    """Take the value of the member that is nearest; all members' where their distances are not known exactly."""
    spec = attribute.spec
    beside = attribute.layer.attributes.items()
    distance = next((name for name, one in beside if one.measure == "nearest_distance" and one.where == spec.where
                     and one.reach_m == spec.reach_m), None)  # fmt: skip
    counts = sets.held
    if distance is not None:
        low, high = sets.ends(f"{attribute.layer.name}.{distance}", np.inf)
        sure = ((low == high) | ~sets.held).all(axis=1)
        counts = counts & (~sure[:, None] | (low == low.min(axis=1, keepdims=True)))
    return _where_same(sets.column(attribute.name), sets, counts)


def _where_same(column: Column, sets: Sets, counts: Mask) -> Merged:
    """Take the value of the members that count where it is known and one; elsewhere it may be anything."""
    first = sets.members[np.arange(len(sets)), counts.argmax(axis=1)]
    found = column.take(first)
    if isinstance(column, Range) and isinstance(found, Range):
        same = (column.low[sets.members] == found.low[:, None]) & (column.high[sets.members] == found.high[:, None])
        exact = (same | ~counts).all(axis=1)
        low = np.where(exact, found.low, np.nan)
        return Merged(Range(low, np.where(exact, found.high, np.nan)), exact)
    assert not isinstance(column, Range)
    values = column.values if isinstance(column, Flags) else column.codes
    codes = values[first]
    exact = ((values[sets.members] == codes[:, None]) | ~counts).all(axis=1) & (codes >= 0)
    codes = np.where(exact, codes, -1)
    if isinstance(column, Flags):
        return Merged(Flags(codes.astype(np.int8)), exact)
    return Merged(Labels(codes.astype(np.int32), column.words), exact)


def extreme(sets: Sets, attribute: Attribute) -> Merged:
    """Range from the most to the least restrictive of the members' limits; a small member's may not count."""
    low, high = sets.ends(attribute.name, np.nan)
    known = ~((np.isnan(low) & sets.held).any(axis=1))
    with np.errstate(invalid="ignore"):
        least, most = np.fmin.reduce(low, axis=1), np.fmax.reduce(high, axis=1)
        same = ((low == least[:, None]) & (high == most[:, None]) | ~sets.held).all(axis=1)
    return Merged(Range(np.where(known, least, np.nan), np.where(known, most, np.nan)), known & same)


def every(sets: Sets, attribute: Attribute) -> Merged:
    """Keep what each member says: areas add up, numbers range over the members, several codes stand side by side."""
    column = sets.column(attribute.name)
    if isinstance(column, Range) and attribute.unit in AREAS:
        return total(sets, attribute)
    if isinstance(column, Flags):
        found = alike(sets, attribute)
        return Merged(found.column, _all(sets))
    if isinstance(column, Labels):
        return Merged(_side_by_side(column, sets), _all(sets))
    low, high = sets.ends(attribute.name, np.nan)
    least, most = np.fmin.reduce(low, axis=1), np.fmax.reduce(high, axis=1)
    # A number here and none there, or one unknown: nobody knows.
    clear = ~(np.isnan(low) & sets.held).any(axis=1)
    clear &= (least == most) | (np.isfinite(least) & np.isfinite(most))
    return Merged(Range(np.where(clear, least, np.nan), np.where(clear, most, np.nan)), _all(sets))


def _side_by_side(column: Labels, sets: Sets) -> Labels:
    codes = np.where(sets.held, column.codes[sets.members], column.codes[sets.members[:, :1]])
    one = codes[:, 0].copy()
    differ = np.flatnonzero((codes != one[:, None]).any(axis=1))
    if not len(differ):
        return Labels(one, column.words)
    rows = np.sort(codes[differ], axis=1)
    if len(column.words) <= FEW_WORDS:
        bits = np.bitwise_or.reduce(np.int64(1) << (rows.astype(np.int64) + 1), axis=1)
        _, first, at = np.unique(bits, return_index=True, return_inverse=True)
    else:
        _, first, at = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    one[differ] = len(column.words) + at.ravel()
    told = [dict.fromkeys(rows[place].tolist()) for place in first]
    several = tuple(Several(None if code < 0 else column.words[code] for code in some) for some in told)
    return Labels(one.astype(np.int32), (*column.words, *several))


def frontage(sets: Sets, attribute: Attribute) -> Merged:
    """Bound by the members' frontages together: some of them may lie between two members."""
    most = sets.whole(sets.ends(attribute.name, 0.0)[1])
    return Merged(Range(np.where(np.isnan(most), np.nan, 0.0), most), np.asarray(most == 0))


def _within(sets: Sets, low: Floats, high: Floats) -> Merged:
    return Merged(Range(low, high), _none(sets))


def compactness(sets: Sets, attribute: Attribute) -> Merged:
    """Bound by a circle."""
    return _within(sets, np.zeros(len(sets)), np.ones(len(sets)))


def inscribed_circle(sets: Sets, attribute: Attribute) -> Merged:
    """Bound by the circle of the whole area."""
    return _within(sets, np.zeros(len(sets)), 2 * np.sqrt(SLACK * sets.whole(sets.area) / np.pi))


def rectangle_short(sets: Sets, attribute: Attribute) -> Merged:
    """Bound by the square of the whole area."""
    return _within(sets, np.zeros(len(sets)), np.sqrt(SLACK * sets.whole(sets.area)))


def rectangle_long(sets: Sets, attribute: Attribute) -> Merged:
    """Bound by nothing: a site may be as long as it likes."""
    return _within(sets, np.zeros(len(sets)), np.full(len(sets), np.inf))


def net_area(sets: Sets, attribute: Attribute) -> Merged:
    """Bound by the members' net areas: what is kept clear along the borders between them may come back.

    A strip of width d inside the boundary of a polygon of perimeter P is no larger than P d (Hartman, Geodesic
    parallel coordinates in the large, Amer. J. Math. 86 (1964), 705-727); P follows from area and compactness.
    Nothing comes back farther than d from a border between members.
    """
    low, high = sets.ends(attribute.name, 0.0)
    most, low_most = (_come_back(sets, attribute.layer, one) for one in (high, low))
    return Merged(Range(np.zeros(len(sets)), most), _none(sets), low_most)


def _come_back(sets: Sets, layer: Layer, net: Floats) -> Floats:
    """Return what net areas of members can come to at most, together: float64[n], square metres."""
    name = next((one for one, spec in layer.attributes.items() if spec.measure == "compactness"), None)
    most, clear = SLACK * sets.area, setback(layer)
    if name is None:
        return sets.whole(most)
    compact = sets.ends(f"{layer.name}.{name}", 1.0)[0]
    strip = SLACK * clear * np.sqrt(4 * np.pi * sets.area / compact)
    alone = sets.whole(np.where(np.isnan(net + strip), most, np.minimum(most, net + strip)))
    if sets.inner is None:
        return alone
    ends = np.pi * clear**2 * sets.members.shape[1] ** 2
    return np.asarray(np.fmin(alone, SLACK * sets.whole(net) + BORDER_SLACK * 2 * clear * sets.inner + ends))


def setback(layer: Layer) -> float:
    """Return how far inside its own boundary a site is surely kept clear: m."""
    rules = [rule for step in layer.net for rule in step.rules if rule.layer == layer.name]
    return max((rule.most_m or 0.0 for rule in rules), default=0.0)


MERGES: dict[str, Merge] = {
    "nearest_distance": nearest,
    "nearest_value": nearest_value,
    "frontage": frontage,
    "crosses": any_crossed,
    "share_covered": mean,
    "share_by_class": mean,
    "share_grade": alike,
    "largest_class": alike,
    "extreme_covering": extreme,
    "list_share": mean,
    "own_field": every,
    "joined_field": every,
    "area": total,
    "measured_area": total,
    "compactness": compactness,
    "inscribed_circle": inscribed_circle,
    "rectangle_long": rectangle_long,
    "rectangle_short": rectangle_short,
    "net_area": net_area,
}
"""The merge of each measure, by the names layer files use."""
assert set(MERGES) == set(get_args(Measure))


def merge(sets: Sets, attribute: Attribute) -> Merged:
    """Merge one attribute of every set."""
    return MERGES[attribute.spec.measure](sets, attribute)
