"""Pieces, and rows dropped on the way, change nothing: the same rows, the same bits, the same counts as all at once."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, FakeView, view_of
from matching_strategies import profiles, requirements

from gis_sites.columns import Range
from gis_sites.matching import ranking, score, zones
from gis_sites.matching.check import check
from gis_sites.matching.ranking import points, score_rows
from gis_sites.matching.reading import understand
from gis_sites.matching.requirement import Requirement
from gis_sites.matching.verdicts import Window, musts, shares, worths


def at_once(requirement: Requirement, window: Window, top: int) -> dict[str, Any]:
    """The plain way: every verdict and every score of every row, then a sort."""
    verdicts = musts(requirement, window)
    every = np.array(list(verdicts.values())).reshape(len(verdicts), len(window))
    failures, unknown = (every == score.FAILED).sum(axis=0), (every == score.UNKNOWN).sum(axis=0)
    pairs = [worths(name, want, window) for name, want in requirement.want.items()]
    ends = [score.total(shares(requirement), [pair[end] for pair in pairs], len(window)) for end in (0, 1)]
    kept = np.flatnonzero(failures == 0).tolist()
    order = sorted(kept, key=lambda row: (unknown[row], -ends[0][row], -ends[1][row], window.view.id(row)))
    return {
        "best": [(row, int(unknown[row]), ends[0][row].hex(), ends[1][row].hex()) for row in order[:top]],
        "eligible": sum(unknown[row] == 0 for row in kept),
        "to_verify": sum(unknown[row] > 0 for row in kept),
        "failed_by": {
            name: (int((one == 0).sum()), int(((one == 0) & (failures == 1)).sum())) for name, one in verdicts.items()
        },
        "verdicts": {name: one.tobytes() for name, one in verdicts.items()},
    }


def in_pieces(requirement: Requirement, window: Window, top: int) -> dict[str, Any]:
    found = score_rows(requirement, window, top=top)
    best = found.best
    order = sorted(range(len(best)), key=found.key)
    return {
        "best": [
            (int(best.rows[at]), int(best.unknown[at]), best.floor[at].hex(), best.ceiling[at].hex()) for at in order
        ],
        "eligible": found.eligible,
        "to_verify": found.to_verify,
        "failed_by": dict(found.failed_by),
        "verdicts": {name: one.tobytes() for name, one in found.verdicts.items()},
    }


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "PIECE", 3)
    monkeypatch.setattr(ranking, "WORTH_ZONES", 0)
    monkeypatch.setattr(ranking, "FIRST_ZONES", 1)
    monkeypatch.setattr(zones, "ZONE", 2)


@pytest.mark.usefixtures("small_pieces")
@given(requirement=requirements(), profile=profiles(most=20), top=st.integers(1, 8))
def test_pieces_give_what_the_whole_gives(requirement: Any, profile: Any, top: int) -> None:
    asked = check(understand(requirement), CATALOGUE)
    view = view_of(profile)
    assert in_pieces(asked, Window(view, CATALOGUE), top) == at_once(asked, Window(view, CATALOGUE), top)


@pytest.mark.parametrize("seed", range(4))
def test_many_rows_of_which_most_are_dropped_on_the_way(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values on a coarse grid: ties of floor and ceiling, ranges, unknowns and infinities by the hundred."""
    monkeypatch.setattr(ranking, "PIECE", 500)
    monkeypatch.setattr(zones, "ZONE", 64)
    monkeypatch.setattr(ranking, "WORTH_ZONES", (0, 1_000_000)[seed % 2])
    view = grid(np.random.default_rng(seed), 4_000)
    asked = check(understand(REQUIREMENT), CATALOGUE)
    window = Window(view, CATALOGUE)
    for top, in_order in itertools.product((1, 7, 50, 5_000), (False, True)):
        view.in_id_order = in_order
        assert in_pieces(asked, window, top) == at_once(asked, window, top)
    floor, ceiling = points(asked, window)
    for row, _, *ends in at_once(asked, window, 5_000)["best"]:
        assert [floor[row].hex(), ceiling[row].hex()] == ends


def test_zones_that_hold_none_of_the_best_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parcels side by side are alike: what is far from the main nobody scores."""
    monkeypatch.setattr(zones, "ZONE", 64)
    monkeypatch.setattr(ranking, "WORTH_ZONES", 0)
    scored: list[int] = []
    real = ranking.pool_of

    def counted(requirement: Requirement, window: Window, *rest: Any, **more: Any) -> Any:
        scored.append(len(window))
        return real(requirement, window, *rest, **more)

    monkeypatch.setattr(ranking, "pool_of", counted)
    rng = np.random.default_rng(5)
    far = np.sort(rng.random(6_400) * 600)
    far[100], far[5_000] = np.nan, np.inf
    areas = Range.exact(rng.integers(100, 500, 6_400) * 1.0)
    view = FakeView(
        {"power.mv_distance_m": Range.exact(far), "parcel.area_m2": areas}, [f"{n:06d}" for n in range(6_400)]
    )
    want = {
        "power.mv_distance_m": {"at": [0, 600], "worth": [1, 0], "weight": 3},
        "parcel.area_m2": {"at": [100, 500], "worth": [0, 1]},
    }
    asked = check(understand({"format": 1, "want": want}), CATALOGUE)
    window = Window(view, CATALOGUE)
    assert in_pieces(asked, window, 20) == at_once(asked, window, 20)
    assert 20 <= sum(scored) < 3_200


REQUIREMENT = {
    "format": 1,
    "must": {"flood.share": {"max": 0.5}, "zoning.plan_share": {"min": 0.25}},
    "want": {
        "power.mv_distance_m": {"at": [0, 600], "worth": [1, 0], "weight": 2},
        "parcel.area_m2": {"at": [100, 300, 500], "worth": [0.2, 1, 0.1], "weight": 3},
        "road.distance_m": {"at": [200, 700], "worth": [0.1, 0.9]},
    },
}


def grid(rng: np.random.Generator, n: int) -> FakeView:
    def column(*odd: float) -> Range:
        low = rng.integers(0, 8, n) * 100.0
        high = np.where(rng.random(n) < 0.3, low + rng.integers(1, 4, n) * 100.0, low)
        for value in odd:
            some = rng.random(n) < 0.05
            low[some], high[some] = value, value
        return Range(low, high)

    columns = {
        "flood.share": Range.exact(rng.integers(0, 3, n) / 4),
        "zoning.plan_share": Range(shares_ := rng.integers(0, 3, n) / 4, shares_ + rng.integers(0, 2, n) / 4),
        "power.mv_distance_m": column(np.nan, np.inf),
        "parcel.area_m2": column(np.nan),
        "road.distance_m": Range.exact(rng.integers(0, 9, n) * 100.0),
    }
    return FakeView(columns, [f"{row:06d}" for row in range(n)])


def piecewise(values: Any, at: Any, worth: Any) -> Any:
    """A scale as it was first written down: the bits of a worth are a promise to saved shortlists."""
    result = np.where(np.isnan(values), np.nan, worth[0])
    for start, end, before, after in zip(at, at[1:], worth, worth[1:], strict=False):
        part = np.clip((values - start) / (end - start), 0.0, 1.0)
        part *= after - before
        result += part
    return np.clip(result, min(worth), max(worth), out=result)


KNOTS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5, unique=True).map(sorted)
VALUES = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), min_size=1, max_size=30)


@given(at=KNOTS, values=VALUES, data=st.data())
def test_a_worth_is_what_it_always_was_to_the_last_bit(at: Any, values: Any, data: Any) -> None:
    worth = data.draw(st.lists(st.floats(0, 1) | st.sampled_from([0.0, 1.0]), min_size=len(at), max_size=len(at)))
    found, first = score.worth_at(np.array(values), at, worth), piecewise(np.array(values), at, worth)
    unknown = np.isnan(first)
    assert np.array_equal(np.isnan(found), unknown)
    assert found[~unknown].tobytes() == first[~unknown].tobytes()
