"""Assemblies against exhaustive search: every connected set, judged the slow and plain way."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from random import Random
from typing import Any

import matching_naive as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, column_of, view_of

from gis_sites.columns import Column
from gis_sites.matching.assembly_reasons import Joining
from gis_sites.matching.reading import understand
from gis_sites.matching.shortlist import match
from gis_sites.profile.adjacency import Pairs

Cell = Any
LEVELS = st.sampled_from([0.0, 5e-6, 0.25, 0.5, 1.0])
NUMBERS = {
    "parcel.area_m2": st.sampled_from([100.0, 250.0, 400.0, 1000.0]),
    "flood.share": LEVELS,
    "power.mv_distance_m": st.sampled_from([0.0, 50.0, 200.0, 900.0]),
    "road.distance_m": st.sampled_from([0.0, 10.0, 300.0]),
    "road.frontage_m": st.sampled_from([0.0, 5.0, 40.0]),
    "parcel.compactness": LEVELS,
    "zoning.max_height_m": st.sampled_from([9.0, 12.0, 20.0]),
}
RANGED = ("flood.share", "power.mv_distance_m", "zoning.max_height_m")
CODES = {"parcel.owner_class": ["city", "private"], "road.class": ["main", "collector", "local"]}
BOUNDS = {
    "parcel.area_m2": [{"min": 300.0}, {"min": 1200.0}, {"min": 500.0, "max": 1500.0}],
    "flood.share": [{"max": 0.0}, {"max": 0.3}, {"min": 1.0}],
    "power.mv_distance_m": [{"max": 60.0}, {"min": 40.0}, {"max": 300.0, "unknown": "failed"}],
    "road.frontage_m": [{"min": 20.0}, {"max": 30.0}],
    "parcel.compactness": [{"min": 0.4}, {"min": 0.4, "unknown": "failed"}],
    "zoning.max_height_m": [{"min": 12.0}, {"min": 10.0, "max": 15.0}],
    "power.crosses": [{"is": False}, {"is": True}],
    "power.firm": [{"is": False}, {"is": True}],
    "parcel.owner_class": [{"any_of": ["city"]}, {"none_of": ["private"]}],
    "road.class": [{"any_of": ["main", "local"]}],
}  # fmt: skip
WANTS = {
    "parcel.area_m2": {"at": [100.0, 2000.0], "worth": [0.0, 1.0]},
    "flood.share": {"at": [0.0, 0.5], "worth": [1.0, 0.0]},
    "power.mv_distance_m": {"at": [0.0, 500.0], "worth": [1.0, 0.0]},
    "road.frontage_m": {"at": [0.0, 50.0], "worth": [0.0, 1.0]},
    "parcel.compactness": {"at": [0.2, 0.8], "worth": [0.0, 1.0]},
    "power.crosses": {"is": False},
    "power.firm": {"is": True},
    "parcel.owner_class": {"worth": {"city": 1.0, "private": 0.25}},
    "road.class": {"worth": {"main": 1.0, "local": 0.5}},
}


@st.composite
def towns(draw: st.DrawFn) -> dict[str, Any]:
    """A few parcels, who lies beside whom, and what measuring unions would say (by a seed)."""
    n = draw(st.integers(2, 7))
    profile: dict[str, list[Cell]] = {"id": [f"p{row}" for row in range(n)]}
    for name, numbers in NUMBERS.items():
        cells = numbers | st.just("unknown") if name != "parcel.area_m2" else numbers
        if name in RANGED:
            cells |= st.lists(numbers, min_size=2, max_size=2).map(sorted)
        profile[name] = draw(st.lists(cells, min_size=n, max_size=n))
    profile["parcel.measured_area_m2"] = profile["parcel.area_m2"]
    for name in ("power.crosses", "power.firm"):
        profile[name] = draw(st.lists(st.sampled_from([True, False, "unknown"]), min_size=n, max_size=n))
    for name, codes in CODES.items():
        profile[name] = draw(st.lists(st.sampled_from([*codes, "unknown"]), min_size=n, max_size=n))
    edges = draw(st.lists(st.sampled_from(list(combinations(range(n), 2))), max_size=10, unique=True))
    return {"profile": profile, "edges": sorted(edges), "seed": draw(st.integers(0, 99))}


@st.composite
def requirements(draw: st.DrawFn) -> dict[str, Any]:
    must = {name: draw(st.sampled_from(BOUNDS[name])) for name in draw(_names(BOUNDS, 3))}
    want = {name: {**WANTS[name], "weight": draw(st.integers(1, 3))} for name in draw(_names(WANTS, 3))}
    either = []
    if draw(st.booleans()):
        groups = [{name: draw(st.sampled_from(BOUNDS[name]))} for name in draw(_names(BOUNDS, 2))]
        either = [{"any": groups}] if groups else []
    how = {"max_parcels": draw(st.integers(2, 4)), "points_per_extra_parcel": draw(st.sampled_from([0, -2, -15]))}
    scope = draw(st.sampled_from([["parcels", "assemblies"], ["assemblies"]]))
    return {"format": 1, "scope": scope, "must": must, "either": either, "want": want, "assembly": how}


def _names(table: Mapping[str, Any], most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(sorted(table)), max_size=most, unique=True)


class Town:
    """What measuring would say, and who lies beside whom: the ground the search stands on."""

    def __init__(self, town: Mapping[str, Any]) -> None:
        self.profile, self.edges, self.seed = town["profile"], town["edges"], town["seed"]
        self.measurements = 0

    def pairs(self, gap_m: float, *, across: bool = False) -> Pairs:
        first, second = (np.array([edge[end] for edge in self.edges], dtype=np.intp) for end in (0, 1))
        n = len(self.edges)
        return Pairs(first, second, np.ones(n), np.zeros(n), np.zeros(n, dtype=bool))

    def measured(
        self, members: Sequence[tuple[str, ...]], names: Collection[str], gap_m: float
    ) -> Mapping[str, Column]:
        self.measurements += len(members)
        rows = [tuple(self.profile["id"].index(one) for one in some) for some in members]
        return {name: column_of(CATALOGUE.attributes[name], [self.cell(name, some) for some in rows]) for name in names}

    def land(self, gap_m: float) -> None:
        return None

    def cells(self, some: tuple[int, ...]) -> dict[str, Cell]:
        """What a set is as one site."""
        return {name: self.cell(name, some) for name in self.profile if name != "id"}

    def cell(self, name: str, some: tuple[int, ...]) -> Cell:  # noqa: PLR0911 - a case a measure
        cells = [self.profile[name][row] for row in some]
        chance = Random(f"{self.seed} {name} {some}")
        if name.endswith("area_m2"):
            return sum(cells)
        if name == "flood.share":
            return self._mean(cells, [self.profile["parcel.area_m2"][row] for row in some])
        if name.endswith("distance_m"):
            low, high = (min(self._ends(cell, 0.0, math.inf)[end] for cell in cells) for end in (0, 1))
            return "unknown" if (low, high) == (0.0, math.inf) else [low, high]
        if name == "power.crosses":
            return True if True in cells else chance.choice([True, False, "unknown"])
        if name == "power.firm":
            return cells[0] if len(set(cells)) == 1 else "unknown"
        if name == "road.frontage_m":
            most = 50.0 if "unknown" in cells else sum(cells)
            return chance.choice([0.0, most / 2, most])
        if name == "parcel.owner_class":
            return cells
        if name == "parcel.compactness":
            return chance.choice([0.1, 0.5, 0.9])
        return self._nearest_class(some, chance) if name == "road.class" else self._height(cells, chance)

    def _height(self, cells: list[Cell], chance: Random) -> Cell:
        ends = [self._ends(cell, 0.0, 50.0) for cell in cells]
        if len(set(ends)) == 1 and "unknown" not in cells:
            return list(ends[0])
        low = min(one[0] for one in ends)
        return [low, max(low, chance.choice(ends)[0])]

    def _nearest_class(self, some: tuple[int, ...], chance: Random) -> Cell:
        far = {row: self.profile["road.distance_m"][row] for row in some}
        near = some if "unknown" in far.values() else [row for row in some if far[row] == min(far.values())]
        codes = {self.profile["road.class"][row] for row in near}
        return codes.pop() if len(codes) == 1 and "unknown" not in codes else chance.choice(CODES["road.class"])

    @staticmethod
    def _ends(cell: Cell, low: float, high: float) -> tuple[float, float]:
        return (low, high) if cell == "unknown" else naive.ends(CATALOGUE.attributes["flood.share"], cell)

    def _mean(self, cells: list[Cell], areas: list[float]) -> Cell:
        ends = [self._ends(cell, 0.0, 1.0) for cell in cells]
        parts = [sum(one[end] * area for one, area in zip(ends, areas, strict=True)) / sum(areas) for end in (0, 1)]
        low, high = (0.0 if one <= 1e-6 else 1.0 if one >= 1 - 1e-6 else round(one, 9) for one in parts)
        return "unknown" if (low, high) == (0.0, 1.0) else [low, high]


def connected_sets(town: Town, most: int) -> Iterator[tuple[int, ...]]:
    n = len(town.profile["id"])
    for size in range(2, most + 1):
        for some in combinations(range(n), size):
            reached = {some[0]}
            for _ in some:
                reached |= {b for a, b in [*town.edges, *((b, a) for a, b in town.edges)] if a in reached and b in some}
            if len(reached) == size:
                yield some


def stands(requirement: dict[str, Any], cells: dict[str, Cell], extra: int) -> tuple[int, float, float] | None:
    """Return unknown musts, floor and ceiling negated; None where a must is failed."""
    verdicts = [
        *(judged(*pair, cells) for pair in requirement["must"].items()),
        *(max(min(judged(*pair, cells) for pair in group.items()) for group in one["any"])
          for one in requirement["either"]),
    ]  # fmt: skip
    if naive.NO in verdicts:
        return None
    floor, ceiling = points(requirement["want"], cells)
    penalty = requirement["assembly"]["points_per_extra_parcel"] * extra
    return verdicts.count(naive.MAYBE), -max(floor + penalty, 0.0), -max(ceiling + penalty, 0.0)


def judged(name: str, criterion: dict[str, Any], cells: dict[str, Cell]) -> int:
    """A must that speaks of the owner has to be fulfilled by every parcel."""
    if isinstance(cells[name], list) and name in CODES:
        return min(naive.judge(name, criterion, {name: one}) for one in cells[name])
    return naive.judge(name, criterion, cells)


def points(wants: dict[str, Any], cells: dict[str, Cell]) -> tuple[float, float]:
    total = math.fsum(want["weight"] for want in wants.values())
    floor = ceiling = 0.0
    for name, want in wants.items():
        several = cells[name] if isinstance(cells[name], list) and name in CODES else [cells[name]]
        ends = [naive.worth(CATALOGUE.attributes[name], want, one) for one in several]
        floor += want["weight"] / total * 100 * min(end[0] for end in ends)
        ceiling += want["weight"] / total * 100 * min(end[1] for end in ends)
    return floor, ceiling


def exhaustive(requirement: dict[str, Any], town: Town) -> list[tuple[str, ...]]:
    """Judge every connected set, then apply the two rules of the list."""
    profile = town.profile
    singles = {row: stands(requirement, {name: cells[row] for name, cells in profile.items()}, 0)
               for row in range(len(profile["id"]))}  # fmt: skip
    found = []
    for some in connected_sets(town, requirement["assembly"]["max_parcels"]):
        place = stands(requirement, town.cells(some), len(some) - 1)
        if place is not None:
            found.append((place, len(some), some))
    listed: list[tuple[Any, tuple[int, ...]]] = []
    for place, _, some in sorted(found):
        parts = [one for row, one in singles.items() if row in some and one is not None]
        parts += [one for one, other in listed if set(other) < set(some)]
        if not any(one <= place for one in parts) and not any(alike(town, some, other) for _, other in listed):
            listed.append((place, some))
    return [tuple(profile["id"][row] for row in some) for _, some in listed]


def alike(town: Town, one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    both, all_ = (
        sum(town.profile["parcel.area_m2"][row] for row in rows)
        for rows in (set(one) & set(other), set(one) | set(other))
    )
    return bool(both > all_ / 2)


def answer(requirement: dict[str, Any], town: Town, top: int = 1000) -> dict[str, Any]:
    return match(understand(requirement), [view_of(town.profile)], CATALOGUE, top=top, joining=Joining(town))


@settings(max_examples=200, deadline=None)
@given(towns(), requirements())
def test_equal_to_exhaustive_search(table: dict[str, Any], requirement: dict[str, Any]) -> None:
    town = Town(table)
    found = [one for one in answer(requirement, town)["candidates"] if one["kind"] == "assembly"]
    assert [tuple(one["parcels"]) for one in found] == exhaustive(requirement, town)
    for one in found:
        rows = tuple(town.profile["id"].index(parcel) for parcel in one["parcels"])
        place = stands(requirement, town.cells(rows), len(rows) - 1)
        assert place is not None
        told = (one["unknown_musts"], -(one["floor"] or 0.0), -(one["ceiling"] or 0.0))
        assert told == pytest.approx(place, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(towns(), requirements(), st.integers(1, 4))
def test_a_short_list_begins_as_the_long_one(table: dict[str, Any], requirement: dict[str, Any], top: int) -> None:
    long, short = answer(requirement, Town(table)), answer(requirement, Town(table), top)
    assert [(one["rank"], one["id"]) for one in short["candidates"]] == [
        (one["rank"], one["id"]) for one in long["candidates"][:top]
    ]
    assert short["candidates"] == long["candidates"][:top]
