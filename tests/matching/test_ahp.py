"""Weights from pairwise comparisons, held against published cases, and contradictions explained.

J. Papathanasiou, N. Ploskas, "Multiple Criteria Decision Aid", Springer 2018, chapter 5: six sites, four criteria.
T. L. Saaty, "The Analytic Hierarchy Process", McGraw-Hill 1980: choosing a house, eight criteria.
"""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, view_of

from gis_sites.errors import RequirementError
from gis_sites.matching.ahp import RANDOM_INDEX, comparisons, consistency_ratio, priorities
from gis_sites.matching.check import check
from gis_sites.matching.reading import read_requirement, understand
from gis_sites.matching.shortlist import match

SAMPLE = ["power.mv_distance_m", "road.distance_m", "flood.distance_m", "parcel.compactness", "road.frontage_m"]
SCALE = {"at": [0, 800], "worth": [1, 0]}


def asked(compare: Any, names: Any = SAMPLE, **more: Any) -> Any:
    used = [name for name in names if name in {*compare, *(other for entry in compare.values() for other in entry)}]
    return understand({"format": 1, "want": dict.fromkeys(used, SCALE), "compare": compare, **more})


def pairwise(rows: Any) -> Any:
    """A full table from what stands above its diagonal."""
    table = np.ones((len(rows) + 1, len(rows) + 1))
    for row, values in enumerate(rows):
        for step, value in enumerate(values, 1):
            table[row, row + step], table[row + step, row] = value, 1 / value
    return table


THIRD, FIFTH, SEVENTH, NINTH = 1 / 3, 1 / 5, 1 / 7, 1 / 9
CRITERIA = [[1, 5, 3], [5, 3], [THIRD]]
SITES = [
    [[5, 1, 1, THIRD, 3], [THIRD, FIFTH, SEVENTH, 1], [THIRD, FIFTH, 1], [THIRD, 3], [7]],
    [[7, 3, THIRD, THIRD, THIRD], [THIRD, SEVENTH, NINTH, SEVENTH], [FIFTH, FIFTH, FIFTH], [1, 1], [1]],
    [[NINTH, SEVENTH, NINTH, 1, FIFTH], [1, 1, 5, 3], [1, 5, 1], [7, 3], [THIRD]],
    [[FIFTH, FIFTH, THIRD, SEVENTH, FIFTH], [1, 3, THIRD, 1], [1, THIRD, 1], [SEVENTH, 1], [5]],
]
PRINTED = [0.117, 0.071, 0.095, 0.212, 0.350, 0.155]


def test_a_published_case_is_reproduced() -> None:
    criteria, _ = priorities(pairwise(CRITERIA))
    of_sites = np.array([priorities(pairwise(table))[0] for table in SITES])
    assert (criteria[:, None] * of_sites).sum(axis=0) == pytest.approx(PRINTED, abs=5e-4)


def test_the_published_weights_come_through_a_requirement_file(tmp_path: Any) -> None:
    lines = ["format = 1", "[want]", *(f'"{name}" = {{ at = [0, 800], worth = [1, 0] }}' for name in SAMPLE[:4])]
    lines += ["[compare]"]
    for row, values in enumerate(CRITERIA):
        others = zip(SAMPLE[row + 1 : 4], ('"1/3"' if value == THIRD else value for value in values), strict=True)
        lines.append(f'"{SAMPLE[row]}" = {{ {", ".join(f"{chr(34)}{name}{chr(34)} = {v}" for name, v in others)} }}')
    path = tmp_path / "ahp.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    view = view_of({"id": ["a"], SAMPLE[0]: [400]})
    answer = match(read_requirement(path), [view], CATALOGUE)
    weights, _ = priorities(pairwise(CRITERIA))
    assert list(answer["comparisons"]["weights"].values()) == weights.tolist()
    assert answer["comparisons"]["consistent"]
    assert [want["of"] for want in answer["candidates"][0]["wants"]] == pytest.approx((weights * 100).tolist())
    again = match(read_requirement(answer), [view], CATALOGUE)
    assert (again["id"], again["candidates"]) == (answer["id"], answer["candidates"])


def test_consistency_of_a_published_table() -> None:
    table = pairwise([
        [7, FIFTH, 1 / 8, 1 / 2, THIRD, FIFTH, 1], [1 / 8, NINTH, 1 / 4, FIFTH, NINTH, 1 / 8],
        [THIRD, 4, 2, 1, 1], [7, 5, 3, 3], [1 / 2, FIFTH, FIFTH], [THIRD, THIRD], [1],
    ])  # fmt: skip
    # Printed with the mean of normalised columns for weights; the eigenvector's own value is the least there is.
    _, value = priorities(table)
    assert value == pytest.approx(8.72643, abs=0.05)
    assert consistency_ratio(8.72642777111301, 8) == pytest.approx(0.07359957154133831, abs=1e-12)
    assert value == pytest.approx(max(np.linalg.eigvals(table).real), abs=1e-9)


@given(weights=st.lists(st.floats(1, 3), min_size=2, max_size=8))
def test_consistent_judgements_give_their_weights(weights: Any) -> None:
    table = np.array([[one / other for other in weights] for one in weights])
    found, value = priorities(table)
    assert found == pytest.approx(np.array(weights) / sum(weights), abs=1e-9)
    assert consistency_ratio(value, len(weights)) == pytest.approx(0, abs=1e-9)


def test_where_judgements_contradict_and_what_would_agree() -> None:
    one, two, three, four = SAMPLE[:4]
    compare = {one: {two: 3, three: "1/5", four: 2}, two: {three: 3, four: 1}, three: {four: "1/2"}}
    found = comparisons(check(asked(compare), CATALOGUE))
    assert found is not None
    assert not found["consistent"]
    assert found["contradiction"] == {
        "judgements": [
            {"more": one, "than": two, "times": 3},
            {"more": three, "than": one, "times": 5},
            {"more": two, "than": three, "times": 3},
        ],
        "rethink": {
            "more": three, "than": one, "times": 5, "agrees": pytest.approx(1 / 9),
            "consistency_ratio_then": found["contradiction"]["rethink"]["consistency_ratio_then"],
        },
    }  # fmt: skip
    assert found["contradiction"]["rethink"]["consistency_ratio_then"] < found["consistency_ratio"] / 4


RATIOS = st.sampled_from([1 / 9, 1 / 5, 1 / 3, 1, 2, 3, 5, 7, 9])


@given(data=st.data(), n=st.integers(3, 5))
def test_no_three_contradict_more_and_the_value_told_agrees(data: Any, n: int) -> None:
    names = SAMPLE[:n]
    stated = {pair: data.draw(RATIOS) for pair in combinations(names, 2)}
    compare = {one: {other: r for (left, other), r in stated.items() if left == one} for one in names[:-1]}
    found = comparisons(check(asked(compare), CATALOGUE))
    assert found is not None
    if found["consistent"]:
        assert (found["consistency_ratio"] <= 0.1, found["contradiction"]) == (True, None)
        return
    ratio = stated | {(other, one): 1 / r for (one, other), r in stated.items()}
    gaps = {ijk: abs(np.log(ratio[ijk[:2]] * ratio[ijk[1:]] / ratio[ijk[0], ijk[2]])) for ijk in combinations(names, 3)}
    told = found["contradiction"]
    three = {name for one in told["judgements"] for name in (one["more"], one["than"])}
    assert gaps[tuple(name for name in names if name in three)] == pytest.approx(max(gaps.values()))
    again = told["rethink"]
    (middle,) = three - {again["more"], again["than"]}
    assert again["agrees"] == pytest.approx(ratio[again["more"], middle] * ratio[middle, again["than"]])
    assert again["times"] == pytest.approx(ratio[again["more"], again["than"]])


@pytest.mark.parametrize(
    ("compare", "fault"),
    [
        ({SAMPLE[0]: {SAMPLE[1]: 3}, SAMPLE[1]: {SAMPLE[0]: 2}}, "compared twice"),
        ({SAMPLE[0]: {SAMPLE[0]: 1, SAMPLE[1]: 3}}, "compared twice"),
        ({SAMPLE[0]: {SAMPLE[1]: 3, SAMPLE[2]: 3}}, f"{SAMPLE[1]} is not compared with {SAMPLE[2]}"),
        ({SAMPLE[0]: {SAMPLE[1]: 3, "road.clas": 2}}, "“road.clas” is not among the wants"),
        ({SAMPLE[0]: {SAMPLE[1]: 10}}, "outside the scale"),
        ({SAMPLE[0]: {SAMPLE[1]: "1/0"}}, "no comparison"),
        ({SAMPLE[0]: {SAMPLE[1]: "9**9"}}, "no comparison"),
        ({SAMPLE[0]: {SAMPLE[1]: True}}, "no comparison"),
        ({SAMPLE[0]: {SAMPLE[1]: float("nan")}}, "not a finite number"),
        ({SAMPLE[0]: 3}, "is not a table"),
    ],
)
def test_comparisons_that_are_none(compare: Any, fault: str) -> None:
    wants = dict.fromkeys(SAMPLE[: 3 if "is not compared" in fault else 2], SCALE)
    with pytest.raises(RequirementError) as error:
        check(understand({"format": 1, "want": wants, "compare": compare}), CATALOGUE)
    assert fault in str(error.value)


def test_dotted_names_mean_the_same() -> None:
    quoted = asked({SAMPLE[0]: {SAMPLE[1]: 3}})
    assert asked({"power": {"mv_distance_m": {"road": {"distance_m": 3}}}}, want=dict(quoted.want)) == quoted
    assert len(RANDOM_INDEX) == 15
