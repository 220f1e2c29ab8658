import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_sites.matching import score
from gis_sites.matching.score import FAILED, MET, UNKNOWN

WORTH = st.floats(0, 1)
KNOT = st.floats(-1e6, 1e6)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


AND = {(MET, MET): MET, (MET, UNKNOWN): UNKNOWN, (MET, FAILED): FAILED, (UNKNOWN, UNKNOWN): UNKNOWN,
       (UNKNOWN, FAILED): FAILED, (FAILED, FAILED): FAILED}  # fmt: skip
OR = {(MET, MET): MET, (MET, UNKNOWN): MET, (MET, FAILED): MET, (UNKNOWN, UNKNOWN): UNKNOWN,
      (UNKNOWN, FAILED): UNKNOWN, (FAILED, FAILED): FAILED}  # fmt: skip


@pytest.mark.parametrize(("join", "table"), [(score.all_of, AND), (score.any_of, OR)])
def test_kleene_truth_tables(join: Any, table: Any) -> None:
    for one, other in itertools.product((MET, UNKNOWN, FAILED), repeat=2):
        wanted = table.get((one, other), table.get((other, one)))
        assert join([np.array([one], np.int8), np.array([other], np.int8)]).tolist() == [wanted]


@pytest.mark.parametrize(
    ("low", "high", "at_least_3", "at_most_3"),
    [
        (3, 3, MET, MET),
        (2.9, 2.9, FAILED, MET),
        (3.1, 3.1, MET, FAILED),
        (2, 4, UNKNOWN, UNKNOWN),
        (3, 4, MET, UNKNOWN),
        (2, 3, UNKNOWN, MET),
        (2, math.inf, UNKNOWN, UNKNOWN),
        (4, math.inf, MET, FAILED),
        (math.inf, math.inf, MET, FAILED),
        (math.nan, math.nan, UNKNOWN, UNKNOWN),
    ],
)
def test_bounds_on_a_range(low: Any, high: Any, at_least_3: Any, at_most_3: Any) -> None:
    assert score.at_least(column(low), column(high), 3.0).tolist() == [at_least_3]
    assert score.at_most(column(low), column(high), 3.0).tolist() == [at_most_3]


@given(low=KNOT, width=st.floats(0, 1e6), bound=KNOT, part=WORTH)
def test_a_verdict_holds_for_every_value_of_the_range(low: Any, width: Any, bound: Any, part: Any) -> None:
    high = low + width
    value = min(max(low + part * width, low), high)
    for judge, holds in ((score.at_least, value >= bound), (score.at_most, value <= bound)):
        said = judge(column(low), column(high), bound)[0]
        assert said == UNKNOWN or (said == MET) == holds


@st.composite
def scales(draw: Any) -> tuple[list[float], list[float]]:
    at = sorted(draw(st.lists(st.integers(-1000, 1000), min_size=1, max_size=6, unique=True)))
    return [float(knot) for knot in at], draw(st.lists(WORTH, min_size=len(at), max_size=len(at)))


@given(scale=scales(), low=st.floats(-1500, 1500), width=st.floats(0, 3000))
def test_worst_and_best_are_those_of_every_value_inside(scale: Any, low: Any, width: Any) -> None:
    at, worth = scale
    high = low + width
    worst, best = score.worst_and_best(column(low), column(high), at, worth)
    inside = [low, high, *(knot for knot in at if low < knot < high), *np.linspace(low, high, 50)]
    tried = score.worth_at(column(*inside), at, worth)
    naive = np.interp(inside, at, worth)
    assert tried == pytest.approx(naive, abs=1e-12)
    assert worst[0] == pytest.approx(naive.min(), abs=1e-12)
    assert best[0] == pytest.approx(naive.max(), abs=1e-12)
    assert 0 <= worst[0] <= best[0] <= 1


@given(scale=scales())
def test_open_ends_and_unknown(scale: Any) -> None:
    at, worth = scale
    low, high = column(math.inf, -math.inf, math.nan, -math.inf), column(math.inf, -math.inf, math.nan, math.inf)
    worst, best = score.worst_and_best(low, high, at, worth)
    assert worst.tolist()[:2] == [pytest.approx(worth[-1]), worth[0]]
    assert worst[2:].tolist() == [min(worth)] * 2
    assert best[2:].tolist() == [max(worth)] * 2


@given(scale=scales(), values=st.lists(st.floats(-1500, 1500), min_size=1, max_size=40), data=st.data())
def test_a_row_is_worth_the_same_in_any_company(scale: Any, values: Any, data: Any) -> None:
    rows = data.draw(st.lists(st.integers(0, len(values) - 1), min_size=1))
    whole = score.worth_at(column(*values), *scale)
    assert score.worth_at(column(*values)[rows], *scale).tobytes() == whole[rows].tobytes()


def test_points_add_up_in_file_order() -> None:
    worths = [column(0.1), column(0.2), column(0.3)]
    assert score.total([10.0, 20.0, 70.0], worths, 1)[0] == ((0.0 + 10.0 * 0.1) + 20.0 * 0.2) + 70.0 * 0.3


def test_a_step_next_to_nothing_is_climbed_at_once() -> None:
    found = score.worth_at(column(0.0, 5e-324, 1e300), [0.0, 5e-324], [0.0, 1.0])
    assert found.tolist() == [0.0, 1.0, 1.0]
