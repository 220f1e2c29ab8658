"""Musts that no site can meet together, told from the musts alone: bounds of one attribute hold others to theirs.

Held true only where it is certain: a part is never larger than the whole, the nearest of some lines never nearer
than the nearest of all, and what stands on a site never larger than the site.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.matching.bigger import Footprint
from gis_sites.matching.requirement import ASSEMBLIES, FOOTPRINT, Criterion, Requirement
from gis_sites.matching.verdicts import PARCEL_ID

Json = dict[str, Any]
AREAS = ("parcel.net_area_m2", "parcel.measured_area_m2", "parcel.area_m2")
CIRCLE = "parcel.inscribed_circle_m"
SLACK = {"parcel.area_m2": 1.1, "parcel.measured_area_m2": 1.002, CIRCLE: 1.02}
"""How much smaller than certain a value may be: a registered area differs from the drawn one, an area on the ellipsoid
from one in the plane, a circle is sought (`profile.shape`)."""
CIRCLE_M = 0.1
"""A small circle may be so much too small."""
GAPS = 1.05
"""How much larger than its parcels together an assembly may be (`profile.merge`): gaps between them are its own."""
PARTS = {
    "parcel.net_area_m2": ("parcel.measured_area_m2", "parcel.area_m2"),
    "parcel.rectangle_short_m": ("parcel.rectangle_long_m", CIRCLE),
}
"""An attribute of a site's shape -> those that are never smaller."""
SHARES = {"share_covered", "share_by_class"}


@dataclass(frozen=True)
class Need:
    """An attribute must be at least so much, because of another must."""

    because: str
    attribute: str
    least: float


def clashes(requirement: Requirement, catalogue: Catalogue) -> Iterator[Json]:
    """Yield musts that exclude each other, and alternatives none of which goes with the musts."""
    brief = Brief(requirement, catalogue)
    musts = requirement.must
    found = list(brief.against(musts, musts, requirement.footprint))
    yield from found
    for number, either in enumerate(requirement.either, 1):
        reasons = [next(brief.option(group), None) for group in either.any]
        if not found and all(reasons):
            others = [one["other"] for one in reasons if one]
            yield {"kind": "excludes_every", "attribute": f"either[{number}]", "others": others}


@dataclass(frozen=True)
class Brief:
    """A requirement as `check` gave it back, and what its attributes are."""

    requirement: Requirement
    catalogue: Catalogue

    def option(self, group: Mapping[str, Criterion]) -> Iterator[Json]:
        """Yield why an alternative cannot be met, alone or together with the musts."""
        musts = self.requirement.must
        for name, criterion in group.items():
            if name in musts and self._exclude(name, criterion, musts[name]):
                yield {"kind": "excludes", "attribute": name, "other": name}
        yield from self.against(group, {**musts, **group}, None)
        yield from self.against(musts, group, self.requirement.footprint)

    def against(
        self, one: Mapping[str, Criterion], other: Mapping[str, Criterion], footprint: Footprint | None
    ) -> Iterator[Json]:
        """Yield what the musts of one side need and those of the other forbid."""
        for need in (*_needs(one, self.catalogue), *_footprint_needs(footprint)):
            said = other.get(need.attribute)
            most = said.max if said is not None else None
            if isinstance(most, float) and need.least > self._most(need.attribute, most):
                found = {"kind": "excludes", "attribute": need.because, "other": need.attribute}
                yield {**found, "least": need.least, "max": float(most)}

    def _most(self, name: str, most: float) -> float:
        """Return what there may be where an attribute is said to be `most`."""
        gaps = GAPS if name in AREAS and ASSEMBLIES in self.requirement.scope else 1.0
        return most * SLACK.get(name, 1.0) * gaps + (CIRCLE_M if name == CIRCLE else 0.0)

    def _exclude(self, name: str, one: Criterion, other: Criterion) -> bool:
        """Tell whether two criteria about one attribute exclude each other; a site has the ids of all its parcels."""
        if name != PARCEL_ID or self.requirement.scope == ("parcels",):
            return _exclude(one, other)
        barred = {*(one.none_of or ()), *(other.none_of or ())}
        return any(each.any_of is not None and not set(each.any_of) - barred for each in (one, other))


def _needs(musts: Mapping[str, Criterion], catalogue: Catalogue) -> Iterator[Need]:
    for name, criterion in musts.items():
        least = criterion.min
        if isinstance(least, date) or least is None or name not in catalogue.attributes:
            continue
        yield from (Need(name, larger, float(least)) for larger in PARTS.get(name, ()))
        if name == CIRCLE:
            yield from (Need(name, area, math.pi / 4 * least**2) for area in AREAS[1:])
        this = catalogue.attributes[name]
        others = (one for one in catalogue.attributes.values() if one.layer is this.layer and one is not this)
        yield from (Need(name, one.name, float(least)) for one in others if _never_smaller(one, this))


def _footprint_needs(footprint: Footprint | None) -> Iterator[Need]:
    """Yield what a footprint needs of its site: room for every rectangle, and width with the setback around."""
    if footprint is None:
        return
    area = footprint.count * footprint.length_m * footprint.width_m
    yield from (Need(FOOTPRINT, name, area) for name in AREAS)
    yield Need(FOOTPRINT, CIRCLE, min(footprint.length_m, footprint.width_m) + 2 * footprint.setback_m)


def _never_smaller(one: Attribute, this: Attribute) -> bool:
    """Tell whether `one` is never smaller than `this`: a share of more rows, a distance to fewer."""
    measures = {one.spec.measure, this.spec.measure}
    if measures == {"nearest_distance"}:
        return one.spec.reach_m == this.spec.reach_m and _among(one, this) and not _among(this, one)
    if measures <= SHARES and one.spec.class_ is None:
        return _among(this, one) and (this.spec.class_ is not None or not _among(one, this))
    return False


def _among(some: Attribute, whole: Attribute) -> bool:
    """Tell whether every row that `some` looks at is one that `whole` looks at."""
    wide, narrow = whole.spec.where, some.spec.where
    return all(name in narrow and set(narrow[name]) <= set(wide[name]) for name in wide)


def _exclude(one: Criterion, other: Criterion) -> bool:
    """Tell whether two criteria about one attribute exclude each other."""
    for low, high in ((one.min, other.max), (other.min, one.max)):
        if low is None or high is None or isinstance(low, date) != isinstance(high, date):
            continue
        if low > high:  # type: ignore[operator]
            return True
    if one.is_ is not None and other.is_ is not None:
        return one.is_ != other.is_
    wanted = [set(each.any_of) for each in (one, other) if each.any_of is not None]
    barred = {*(one.none_of or ()), *(other.none_of or ())}
    return bool(wanted) and not set.intersection(*wanted) - barred
