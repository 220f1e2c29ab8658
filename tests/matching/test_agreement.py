"""Other methods: the library reproduces published cases, and the answer says how well the orders agree.

TOPSIS: G.-H. Tzeng, J.-J. Huang, "Multiple Attribute Decision Making", CRC Press 2011.
PROMETHEE II: J. Papathanasiou, N. Ploskas, "Multiple Criteria Decision Aid", Springer 2018, chapter 3.
CODAS: I. Badi, M. Ballem, A. Shetwan, Int. J. Quality Research 12(3), 2018, 609: a desalination plant in Libya.
Weighted sum: S. Chakraborty, E. Zavadskas, J. Antucheviciene, ECECSR 49(1), 2015, 5-22, example 2.
"""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matching_fakes import CATALOGUE, view_of
from pymcdm import methods as library
from pymcdm import normalizations

from gis_sites.matching.agreement import methods, ranked, scores, tau_b
from gis_sites.matching.reading import understand
from gis_sites.matching.shortlist import match


def test_topsis_as_we_set_it_up_reproduces_its_published_case() -> None:
    table = np.array([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]])
    found = methods(3)["topsis"](table, np.array([0.3, 0.4, 0.3]), np.ones(3))
    assert found == pytest.approx([0.5037, 0.6581, 0.7482, 0.3340], abs=5e-5)


def test_promethee_reproduces_its_published_case() -> None:
    table = np.array([[8, 7, 2, 1], [5, 3, 7, 5], [7, 5, 6, 4], [9, 9, 7, 3], [11, 10, 3, 7], [6, 9, 5, 4]])
    method = library.PROMETHEE_II("vshape_2", q=[1] * 4, p=[2] * 4)
    assert type(methods(4)["promethee_2"]) is library.PROMETHEE_II
    found = method(table, np.array([0.4, 0.3, 0.1, 0.2]), np.ones(4))
    assert found == pytest.approx([-0.26, -0.52, -0.22, 0.36, 0.70, -0.06], abs=5e-3)


def test_codas_reproduces_its_published_case() -> None:
    table = np.array([[8, 8, 10, 9, 5], [8, 9, 9, 9, 8], [9, 9, 7, 8, 6], [8, 8, 7, 8, 9], [9, 8, 7, 7, 4]])
    method = library.CODAS(normalizations.linear_normalization)
    found = method(table, np.array([0.19, 0.26, 0.24, 0.17, 0.14]), np.array([-1, 1, 1, 1, -1]))
    assert found == pytest.approx([0.4463, 0.1658, -0.2544, -0.4618, 0.1041], abs=5e-5)


def test_the_weighted_sum_reproduces_its_published_case() -> None:
    table = np.array([
        [581818, 54.49, 3, 5500], [595454, 49.73, 3, 4500], [586060, 51.24, 3, 5000], [522727, 45.71, 3, 5800],
        [561818, 52.66, 3, 5200], [543030, 74.46, 4, 5600], [522727, 75.42, 4, 5800], [486970, 62.62, 4, 5600],
        [509394, 65.87, 4, 6400], [513333, 70.67, 4, 6000],
    ])  # fmt: skip
    method = library.WSM(normalizations.linear_normalization)
    found = method(table, np.array([0.467, 0.16, 0.095, 0.278]), np.array([-1, -1, -1, 1]))
    printed = [0.8590, 0.8194, 0.8430, 0.9420, 0.8645, 0.8315, 0.8552, 0.8983, 0.9067, 0.8784]
    assert found == pytest.approx(printed, abs=1e-4)


WORTHS = st.integers(0, 8).map(lambda eighths: eighths / 8)
TABLES = st.integers(1, 4).flatmap(
    lambda wants: st.lists(st.lists(WORTHS, min_size=wants, max_size=wants), min_size=2, max_size=9)
)


@given(table=TABLES)
def test_spotis_between_nought_and_one_is_our_score(table: Any) -> None:
    worths = np.array(table)
    weights = [1.0 + at for at in range(worths.shape[1])]
    ours = ranked((worths * weights).sum(axis=1))
    assert ranked(scores(worths, weights)["spotis"]).tolist() == ours.tolist()


@given(table=TABLES)
def test_every_method_puts_the_best_in_everything_first(table: Any) -> None:
    worths = np.array([*table, [1.0] * len(table[0])])
    for name, found in scores(worths, [1.0] * worths.shape[1]).items():
        assert np.isfinite(found).all(), name
        assert ranked(found)[-1] == 1, name


def test_rank_correlation_with_ties_is_that_of_scipy() -> None:
    from scipy.stats import kendalltau

    drawn = np.random.default_rng(7)
    for _ in range(20):
        one, other = (ranked(drawn.integers(0, 6, 15).astype(float)) for _ in range(2))
        assert tau_b(one, other) == pytest.approx(kendalltau(one, other).statistic, abs=1e-12)


def test_what_is_said_of_agreement() -> None:
    want = {"road.distance_m": {"at": [0, 100], "worth": [1, 0]}, "flood.distance_m": {"at": [0, 100], "worth": [0, 1]}}
    profile = {"id": list("abcd"), "road.distance_m": [10, 40, 20, 90], "flood.distance_m": [90, 80, 10, 20]}
    asked = understand({"format": 1, "want": want})
    told = match(asked, [view_of(profile)], CATALOGUE, also=["agreement"])["agreement"]
    assert (told["speaks_of"], told["compared"]) == ("set", 4)
    assert told["library"].startswith("pymcdm ")
    by = {one["method"]: one for one in told["methods"]}
    assert by["spotis"] == {"method": "spotis", "kendall_tau": 1, "weighted_spearman": 1}
    assert all(one["ranks"].keys() == by.keys() for one in told["candidates"])
    first = told["candidates"][0]
    assert (first["id"], first["by_floor"], set(first["ranks"].values())) == ("a", 1, {1})
    level = {"id": list("ab"), "road.distance_m": [10, 10], "flood.distance_m": [9, 9]}
    told = match(asked, [view_of(level)], CATALOGUE, also=["agreement"])["agreement"]
    assert {one["kendall_tau"] for one in told["methods"]} == {None}
    alone = match(asked, [view_of({"id": ["a"]})], CATALOGUE, also=["agreement"])["agreement"]
    assert (alone["methods"], alone["candidates"]) == ([], [])


def test_the_library_comes_without_its_charts_and_gives_them_to_who_asks() -> None:
    code = """
import sys
from gis_sites.matching.agreement import methods
assert "spotis" in methods(2) and "matplotlib" not in sys.modules
import pymcdm.visuals
assert hasattr(pymcdm.visuals, "ranking_bar"), dir(pymcdm.visuals)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
