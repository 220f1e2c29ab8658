"""Score of all parcels by twelve columns, and the best fifty of them: beside decision libraries and one SQL statement.

Two requirements: twelve wants; and six musts that leave a quarter, with six wants, one of them of ranges, so that floor
and ceiling differ. The scale of each exact want spans its column, so that a weighted sum of min-max scaled columns
(what the libraries do) is the same score. Ours also counts what fails by what and gives every reason of the fifty; the
libraries are handed a matrix in memory; the SQL statement may use every processor.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.database import NOTICE, parts
from benchmarks.goals import FROM, TOPSIS
from benchmarks.ground import Ground
from benchmarks.measure import Measured, contest
from benchmarks.table import Row, versus

TOP = 50
LEFT = 0.25
"""The share of parcels that the musts leave."""
Ends = tuple[float, float]


@dataclass(frozen=True)
class Case:
    """What is asked: attribute -> whether more is better (1) or less (-1)."""

    what: str
    wants: Mapping[str, int]
    musts: Mapping[str, int] = field(default_factory=dict)
    scales: Mapping[str, Ends] = field(default_factory=dict)
    """Attribute -> the scale of its want, where it does not span the column."""

    @property
    def columns(self) -> dict[str, int]:
        """All that is asked of."""
        return {**self.musts, **self.wants}

    @property
    def shares(self) -> dict[str, float]:
        """Return what each want can bring; weights are 1, 2, 3, 1, 2, 3 ..."""
        weights = [at % 3 + 1 for at in range(len(self.wants))]
        return {name: weight / sum(weights) for name, weight in zip(self.wants, weights, strict=True)}


WANTS = Case(
    "twelve wants",
    {
        "parcel.area_m2": 1, "parcel.compactness": 1, "parcel.inscribed_circle_m": 1, "parcel.measured_area_m2": 1,
        "station.distance_m": -1, "road.distance_m": -1, "water.any_distance_m": -1, "power.any_distance_m": -1,
        "sewer.any_distance_m": -1, "rail.distance_m": -1, "junction.distance_m": -1, "building.share": -1,
    },
)  # fmt: skip
MUSTS = Case(
    "six musts and six wants",
    {
        "parcel.compactness": 1, "parcel.inscribed_circle_m": 1, "rail.distance_m": -1, "junction.distance_m": -1,
        "building.share": -1, "gas.medium_distance_m": -1,
    },
    musts={
        "parcel.area_m2": 1, "road.distance_m": -1, "water.any_distance_m": -1, "power.any_distance_m": -1,
        "sewer.any_distance_m": -1, "station.distance_m": -1,
    },
    scales={"gas.medium_distance_m": (0.0, 500.0)},
)  # fmt: skip


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Measure, check that all find the same fifty, and compare."""
    rivals = {"SQL": sql, TOPSIS: topsis}
    libraries = {"scikit-criteria": scikit_criteria, "pymcdm": pymcdm}
    for case, beside in ((WANTS, {**rivals, **libraries}), (MUSTS, rivals)):
        print(f"  {case.what}:", flush=True)
        found = contest(
            {"gis-sites": gis_sites, **beside}, runs=max(runs, 5), warm=1, settings=here.settings, case=case
        )
        yield from compared(case, found)


def compared(case: Case, found: Mapping[str, Measured]) -> Iterator[Row]:
    """Compare the answers and the times of one requirement."""
    ours = found["gis-sites"]
    left = f"{ours.answer['left']:.0%} left" if case.musts else ""
    for name, one in found.items():
        if name == "gis-sites":
            continue
        if name != TOPSIS and one.seconds:
            same_first(name, ours.answer, one.answer)
        alone = "no parallel workers for so few" if name == "SQL" and one.seconds and not one.answer["workers"] else ""
        note = "; ".join(filter(None, (left, alone)))
        yield versus(case.what, ours, name, one, server=name == "SQL", note=note)


def gis_sites(settings: Any, case: Case) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Match over the snapshot: the first fifty with reasons and sources."""
    from gis_sites.inventory import open_inventory
    from gis_sites.matching.reading import understand
    from gis_sites.matching.shortlist import match

    with open_inventory(settings) as inventory:
        view = inventory.views()[0]
        ends, bounds = ends_of(view, case), bounds_of(view, case)
        wants = {
            name: {"at": ends[name], "worth": [0, 1] if case.wants[name] > 0 else [1, 0], "weight": share}
            for name, share in case.shares.items()
        }
        musts = {name: {"min" if case.musts[name] > 0 else "max": bound} for name, bound in bounds.items()}
        while True:
            yield None
            found = match(understand({"format": 1, "must": musts, "want": wants}), [view], inventory.catalogue, top=TOP)
            counts = found["counts"]
            yield {
                "scores": {one["id"]: (one["floor"], one["ceiling"]) for one in found["candidates"]},
                "n": counts["considered"],
                "left": counts["eligible"] / counts["considered"],
            }


def sql(settings: Any, case: Case) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """One statement over the stored profile, with as many parallel workers as there are processors."""
    import psycopg

    from gis_sites.inventory import open_inventory

    with open_inventory(settings) as inventory:
        view = inventory.views()[0]
        query, parcels = statement(inventory.need_state(), view, case), len(view.ids)
    with psycopg.connect(**parts(settings.database_url)) as conn:
        conn.execute(NOTICE)
        conn.execute(f"SET max_parallel_workers_per_gather = {os.cpu_count() or 1}")
        plan = "\n".join(row[0] for row in conn.execute(f"EXPLAIN {query}"))
        workers = "Workers Planned" in plan
        if not workers and parcels >= FROM:
            raise RuntimeError(f"SQL works without parallel workers:\n{plan}")
        while True:
            yield None
            found = conn.execute(query).fetchall()
            yield {"scores": {key: (floor, ceiling) for key, floor, ceiling in found}, "workers": workers}


def statement(state: Any, view: Any, case: Case) -> str:  # noqa: ANN401 - a State, a Snapshot
    """Write the statement; numbers stand in it as they are."""
    blocks = {name.partition(".")[0]: "" for name in case.columns}
    ends, bounds = ends_of(view, case), bounds_of(view, case)
    terms: dict[str, list[str]] = {"floor": [], "ceiling": []}
    for name, share in case.shares.items():
        for end, written in terms.items():
            high = (case.wants[name] < 0) == (end == "floor") and name in case.scales
            part = f"({column(name, high=high)} - {ends[name][0]!r}) / {ends[name][1] - ends[name][0]!r}"
            clamped = f"LEAST(GREATEST({part}, 0), 1)"
            written.append(f"{share * 100!r} * ({clamped if case.wants[name] > 0 else f'1 - {clamped}'})")
    where = [f"{column(name)} {'>=' if case.musts[name] > 0 else '<='} {bound!r}" for name, bound in bounds.items()]
    joins = " ".join(f"JOIN {state.profiles[layer]['parcels'].table} AS {layer} USING (row)" for layer in blocks)
    scores = ", ".join(f"{' + '.join(written)} AS {end}" for end, written in terms.items())
    return (
        f"SELECT key, {scores} FROM {state.revisions['parcel'].table} {joins}"
        f"{' WHERE ' + ' AND '.join(where) if where else ''} ORDER BY floor DESC, ceiling DESC, key LIMIT {TOP}"
    )


def column(name: str, *, high: bool = False) -> str:
    """Write a column of a profile's table; the high end of a range is a column beside."""
    layer, _, short = name.partition(".")
    return f'{layer}."{short}{"#high" if high else ""}"'


def scikit_criteria(settings: Any, case: Case) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Weighted sum over min-max scaled columns."""
    from skcriteria.agg.simple import WeightedSumModel
    from skcriteria.preprocessing.invert_objectives import NegateMinimize
    from skcriteria.preprocessing.scalers import MinMaxScaler

    yield from _scikit_criteria(settings, case, NegateMinimize(), MinMaxScaler(target="matrix"), WeightedSumModel())


def topsis(settings: Any, case: Case) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Closeness to the ideal: the usual example of that library, over all twelve columns."""
    from skcriteria.agg import topsis as library
    from skcriteria.preprocessing.invert_objectives import NegateMinimize
    from skcriteria.preprocessing.scalers import VectorScaler

    yield from _scikit_criteria(settings, case, NegateMinimize(), VectorScaler(target="matrix"), library.TOPSIS())


def _scikit_criteria(settings: Any, case: Case, *steps: Any) -> Iterator[Any]:  # noqa: ANN401 - steps of its pipeline
    import skcriteria
    from skcriteria.pipelines import mkpipe

    matrix, ids = matrix_of(settings, case)
    pipeline = mkpipe(*steps)
    weights = list(case.shares.values()) if not case.musts else [1 / len(case.columns)] * len(case.columns)
    problem = skcriteria.mkdm(matrix, list(case.columns.values()), weights=weights)
    while True:
        yield None
        ranked = pipeline.evaluate(problem)
        scores = np.asarray(ranked.e_["score"] if "score" in ranked.e_ else ranked.e_["similarity"])
        yield {"scores": best(scores, ids)}


def pymcdm(settings: Any, case: Case) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Weighted sum over min-max scaled columns."""
    from pymcdm.methods import WSM
    from pymcdm.normalizations import minmax_normalization

    matrix, ids = matrix_of(settings, case)
    types = np.array(list(case.wants.values()))
    while True:
        yield None
        scores = WSM(minmax_normalization)(matrix, np.array(list(case.shares.values())), types)
        yield {"scores": best(scores, ids)}


def best(scores: Any, ids: list[str]) -> dict[str, tuple[float, float]]:  # noqa: ANN401 - an array
    """Return the first fifty of a library's scores, as floor and ceiling of 100 points."""
    first = np.argpartition(-scores, TOP)[:TOP]
    return {ids[row]: (float(scores[row]) * 100,) * 2 for row in first.tolist()}


def ends_of(view: Any, case: Case) -> dict[str, Ends]:  # noqa: ANN401 - a Snapshot
    """Return the scale of each want: the least and the greatest value, every one known, unless the case says other."""
    found = dict(case.scales)
    for name in case.wants:
        one = view.column(name)
        if name not in found:
            if not (np.isfinite(one.low).all() and np.array_equal(one.low, one.high)):
                raise RuntimeError(f"{name} is not known of every parcel of this city")
            found[name] = (float(one.low.min()), float(one.low.max()))
    return found


def bounds_of(view: Any, case: Case) -> dict[str, float]:  # noqa: ANN401 - a Snapshot
    """Return the bound of each must: the same quantile of every column, so that about a quarter is left."""
    columns = {name: view.column(name).low for name in case.musts}
    bounds: dict[str, float] = {}
    low, high = 0.0, 1.0
    for _ in range(12 if columns else 0):
        share = (low + high) / 2
        bounds = {
            name: float(np.quantile(one, share if case.musts[name] < 0 else 1 - share)) for name, one in columns.items()
        }
        fits = [one <= bounds[name] if case.musts[name] < 0 else one >= bounds[name] for name, one in columns.items()]
        low, high = (share, high) if np.mean(np.logical_and.reduce(fits)) < LEFT else (low, share)
    return bounds


def matrix_of(settings: Any, case: Case) -> tuple[Any, list[str]]:  # noqa: ANN401 - Settings, imported by the child
    """Return the columns as one matrix, and the identifiers."""
    from gis_sites.inventory import open_inventory

    with open_inventory(settings) as inventory:
        view = inventory.views()[0]
        return np.column_stack([view.column(name).low for name in case.columns]), view.ids.to_pylist()


def same_first(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Check that the scores of the first fifty are equal, and the parcels too but for ties at the end."""
    mine, others = ours["scores"], theirs["scores"]
    if not np.allclose(sorted(mine.values()), sorted(others.values()), rtol=0, atol=1e-9):
        raise RuntimeError(f"{name} scores otherwise: {sorted(others.values())[-3:]}, we {sorted(mine.values())[-3:]}")
    last = min(floor for floor, _ in mine.values())
    if any(floor > last + 1e-9 for one, (floor, _) in mine.items() if one not in others):
        raise RuntimeError(f"{name} finds other parcels")
