"""What other methods would say of the best few: their ranks, and how well they agree with our score.

The methods are pymcdm's (Kizielewicz, Shekhovtsov & Salabun 2023, SoftwareX 22, 101368), in their published forms.
They read the worst worth of each want, 0..1, by which the shortlist is ordered; unlike our score, what most of them
say of a site depends on the others, so this speaks of the set.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gis_sites.columns import Floats
from gis_sites.matching.ranking import Matched

if TYPE_CHECKING:
    from pymcdm.methods.mcda_method import MCDA_method

Json = dict[str, Any]
MOST = 300
DIGITS = 9
"""Scores are rounded before they are ranked: the last bits of two equals differ from machine to machine."""
INDIFFERENT, STRICT = 0.05, 0.5
"""PROMETHEE: differences of worth that do not count yet, and that count in full."""


def methods(criteria: int) -> Mapping[str, "MCDA_method"]:
    """Return each method by name, set up for worths of so many criteria."""
    _import_without_drawings()
    from pymcdm import methods as library
    from pymcdm import normalizations

    bounds = np.tile([0.0, 1.0], (criteria, 1))
    flows = {"q": [INDIFFERENT] * criteria, "p": [STRICT] * criteria}
    return {
        "weighted_sum": library.WSM(normalizations.max_normalization),
        "spotis": library.SPOTIS(bounds),
        "topsis": library.TOPSIS(normalizations.vector_normalization),
        "vikor": library.VIKOR(),
        "codas": library.CODAS(normalizations.max_normalization),
        "promethee_2": library.PROMETHEE_II("vshape_2", **flows),
    }


def agreement(matched: Matched) -> Json:
    """Rank the best few of the candidates by other methods; say each one's ranks, and each method's agreement.

    Agreement is Kendall's tau-b, and the weighted rank correlation of Pinto da Costa & Soares (2005), which minds the
    first places more. None where there are no two to compare, or all are level. `penalised` are those off which
    points are taken besides, as off assemblies: only the floor knows of that.
    """
    few = matched.candidates[:MOST]
    weights = [want.weight for want in matched.requirement.want.values()]
    penalised = sum(bool(one.get("penalties")) for one in few)
    told: Json = {"speaks_of": "set", "library": _library(), "compared": len(few), "penalised": penalised}
    told |= {"methods": [], "candidates": []}
    if len(few) < 2 or not weights:
        return told
    worths = np.array([[want["worth"][0] for want in one["wants"]] for one in few])
    ranks = {name: ranked(values) for name, values in scores(worths, weights).items()}
    ours = ranked(np.array([one["floor"] for one in few]))
    told["methods"] = [{"method": name, **_agreeing(ours, theirs)} for name, theirs in ranks.items()]
    for at, one in enumerate(few):
        each = {name: int(theirs[at]) for name, theirs in ranks.items()}
        told["candidates"].append({"rank": one["rank"], "id": one["id"], "by_floor": int(ours[at]), "ranks": each})
    return told


def scores(worths: Floats, weights: Sequence[float]) -> dict[str, Floats]:
    """Score a table of worths, sites x wants, by each method; the more the better.

    Wants that tell no site from another have no say: some methods would divide by their spread.
    """
    telling = np.flatnonzero(np.ptp(worths, axis=0) > 0)
    if not len(telling):
        return {name: np.zeros(len(worths)) for name in methods(1)}
    table, kept = worths[:, telling], np.array(weights)[telling]
    every = methods(len(telling))
    score = partial(_score, table, kept / kept.sum())
    return {name: score(method) for name, method in every.items()}


def _score(table: Floats, weights: Floats, method: "MCDA_method") -> Floats:
    """Score by one method; those for which the least is best are turned round."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.asarray(method(table, weights, np.ones(len(weights)), validation=False), dtype=np.float64)
    return np.nan_to_num(found if method._reverse_ranking else -found)


def ranked(scores: Floats) -> Floats:
    """Rank from the most down; equals share the best of their ranks.

    >>> ranked(np.array([0.5, 0.9, 0.5]))
    array([2., 1., 2.])
    """
    falling = -np.round(scores, DIGITS)
    return (np.searchsorted(np.sort(falling), falling) + 1).astype(np.float64)


def tau_b(one: Floats, other: Floats) -> float:
    """Return Kendall's rank correlation with ties (Kendall 1945, Biometrika 33, 239-251).

    >>> tau_b(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0]))
    0.3333333333333333
    """
    mine, theirs = (np.sign(np.subtract.outer(ranks, ranks)) for ranks in (one, other))
    agreeing, comparable = (mine * theirs).sum(), (mine**2).sum() * (theirs**2).sum()
    return float(agreeing / np.sqrt(comparable))


def _agreeing(ours: Floats, theirs: Floats) -> Json:
    from pymcdm.correlations import weighted_spearman

    if np.ptp(ours) == 0 or np.ptp(theirs) == 0:
        return {"kendall_tau": None, "weighted_spearman": None}
    weighted = float(weighted_spearman(ours, theirs))
    return {"kendall_tau": round(tau_b(ours, theirs), 6), "weighted_spearman": round(weighted, 6)}


def _import_without_drawings() -> None:
    """Import the library without its charts: they would bring matplotlib, which looks for every font on first use.

    Whoever wants them imports `pymcdm.visuals` as usual afterwards.
    """
    import importlib
    import sys
    from types import ModuleType

    if "pymcdm" not in sys.modules:
        charts = "pymcdm.visuals"
        sys.modules[charts] = ModuleType(charts)
        try:
            importlib.import_module("pymcdm")
        finally:
            del sys.modules[charts]


def _library() -> str:
    from importlib.metadata import version

    return f"pymcdm {version('pymcdm')}"
