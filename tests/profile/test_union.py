"""Parcels as one site: merged values against measuring the union, and gaps that are closed."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely

from gis_sites.columns import Flags, Labels, Range, Several
from gis_sites.inventory import Inventory
from gis_sites.matching.assembly_site import Assemblies
from gis_sites.matching.verdicts import Window
from gis_sites.profile.adjacent import pairs_of
from gis_sites.profile.merge import JOIN, MERGES, Merged
from gis_sites.profile.union import closed

ATTRIBUTED = ("parcel", "zoning", "road", "power", "flood", "building")


@pytest.fixture(scope="module")
def sets(city: Inventory) -> Assemblies:
    """Pairs and threes of neighbours, all over the city."""
    pairs = city.together().pairs(0.5)
    direct = pairs.take(~pairs.across & (pairs.gap < 0.01))
    some = [[int(a), int(b), -1] for a, b in zip(direct.first[::40], direct.second[::40], strict=True)]
    beside = dict(zip(direct.second.tolist(), direct.first.tolist(), strict=True))
    threes = [sorted({a, b, beside[a]}) for a, b, _ in some if a in beside]
    members = [*some, *(one for one in threes if len(one) == 3)]
    return Assemblies(Window(city.views()[0], city.catalogue), np.array(members, dtype=np.intp))


def test_merged_values_hold_what_measuring_the_union_says(city: Inventory, sets: Assemblies) -> None:
    names = [name for name, one in city.catalogue.attributes.items() if one.layer.name in ATTRIBUTED]
    parcels = [tuple(sets.parcels(row)) for row in range(len(sets))]
    assert len(parcels) > 30
    measured = city.together().measured(parcels, names)
    seen = set()
    for name in names:
        merged, found = sets.merged(name), measured[name]
        seen.add(city.catalogue.attributes[name].spec.measure)
        for row in range(len(sets)):
            # An overlap of under 1 m2 is touching, of each parcel as of the union.
            slack = 1e-4 + 3.0 / float(sets.sets.area[row].sum())
            assert agrees(merged, found, row, slack), (name, parcels[row])
    assert seen >= {"nearest_distance", "crosses", "share_covered", "share_by_class", "frontage", "net_area",
                    "extreme_covering", "largest_class", "area", "measured_area", "compactness"}  # fmt: skip


def test_what_parcels_lose_by_themselves_leaves_no_less_than_the_ground_of_their_union(
    city: Inventory, sets: Assemblies
) -> None:
    together = city.together()
    parcels = [tuple(sets.parcels(row)) for row in range(0, len(sets), 3)]
    at_most = dict(zip(map(JOIN.join, parcels), zip(*together.at_most(parcels), strict=True), strict=True))
    same = []
    for place in together.land(0.5).places("assemblies", list(at_most)):
        ground = place.ground()
        for id, *ends in zip(ground.ids, ground.most, ground.sure, strict=True):
            left = [shapely.difference(found, bound).area for found, bound in zip(ends, at_most[id], strict=True)]
            assert max(left) < 1e-3, id
            same.append(abs(at_most[id][0].area - ends[0].area) < 0.1)
    # Where no list says that all of a parcel is lost, the bound is the ground itself.
    assert np.mean(same) > 0.8


def agrees(merged: Merged, found: Any, row: int, slack: float) -> bool:
    """Tell whether a measured value is the merged one (to `slack`, a share of it), or lies within its bounds."""
    column, exact = merged.column, bool(merged.exact[row])
    if isinstance(column, Range):
        (low, high), (least, most) = ((float(one.low[row]), float(one.high[row])) for one in (column, found))
        if np.isnan([low, least]).any():  # what nobody knows of a parcel may be known of none of it
            return not exact or bool(np.isnan(low) or np.isnan(least))
        if exact:
            return bool(np.allclose([low, high], [least, most], rtol=slack, atol=slack))
        return bool(low - slack <= least and most <= high * (1 + slack) + slack)
    if not exact:
        return True
    if isinstance(column, Flags):
        return int(column.values[row]) == int(found.values[row])
    assert isinstance(column, Labels)
    text = column.text(row)  # of parcels that differ a union says nothing
    return found.text(row) is None if text is None or isinstance(text, Several) else text == found.text(row)


def test_each_measure_has_a_merge() -> None:
    assert len(MERGES) == 19


def test_a_gap_between_two_parcels_is_closed_and_a_notch_of_one_is_not() -> None:
    left, right = shapely.box(0, 0, 20, 20), shapely.box(20.4, 0, 40, 20)
    notched = right.difference(shapely.box(30, 10, 30.3, 20))
    whole = closed(np.array([left, notched], dtype=object), 0.5)
    assert whole.geom_type == "Polygon"
    assert whole.area == pytest.approx(left.area + notched.area + 0.4 * 20, abs=0.2)
    apart = closed(np.array([left, notched], dtype=object), 0.2)
    assert apart.geom_type == "MultiPolygon"
    touching = np.array([left, shapely.box(20, 0, 40, 20)], dtype=object)
    assert closed(touching, 0.5).equals(shapely.box(0, 0, 40, 20))


def test_pairs_are_made_once_also_for_later_states_of_the_same_parcels(
    city: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, store = city.need_state(), city.store
    direct, all_ = pairs_of(store, state), pairs_of(store, state, across=True)
    assert not direct.across.any()
    assert all_.across.any()
    for one, other in zip(vars(all_.take(~all_.across)).values(), vars(direct).values(), strict=True):
        assert one.tolist() == other.tolist()
    monkeypatch.setattr("gis_sites.profile.adjacent._made", None)
    later = replace(state, id=state.id + 1000)
    files = [store.snapshots / f"state-{later.id}-{kind}.arrow" for kind in ("pairs", "pairs-across")]
    try:
        assert pairs_of(store, later, across=True).second.tolist() == all_.second.tolist()
        assert pairs_of(store, later).second.tolist() == direct.second.tolist()
        assert all(file.exists() for file in files)
        with pytest.raises(TypeError):
            pairs_of(store, replace(later, revisions=state.revisions | {"parcel": state.revisions["road"]}))
    finally:
        for file in files:
            file.unlink(missing_ok=True)
