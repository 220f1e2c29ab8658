"""Score of all parcels by twelve columns, and the best fifty of them: beside decision libraries and one SQL statement.

The scale of each want spans the column, so that a weighted sum of min-max scaled columns (what the libraries do) is
the same score. Ours also gives every reason of the fifty; the libraries are handed a matrix in memory.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from benchmarks.database import parts
from benchmarks.ground import Ground
from benchmarks.measure import contest
from benchmarks.table import Row, versus

TOP = 50
CRITERIA = {
    "parcel.area_m2": 1, "parcel.compactness": 1, "parcel.inscribed_circle_m": 1, "parcel.measured_area_m2": 1,
    "station.distance_m": -1, "road.distance_m": -1, "water.any_distance_m": -1, "power.any_distance_m": -1,
    "sewer.any_distance_m": -1, "rail.distance_m": -1, "junction.distance_m": -1, "building.share": -1,
}  # fmt: skip
"""Attribute -> whether more is better (1) or less (-1)."""


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Measure, check that all find the same fifty, and compare."""
    contestants = {
        "gis-sites": gis_sites,
        "scikit-criteria": scikit_criteria,
        "pymcdm": pymcdm,
        "SQL": sql,
        "scikit-criteria TOPSIS": topsis,
    }
    found = contest(contestants, runs=max(runs, 5), warm=1, settings=here.settings)
    ours = found["gis-sites"]
    for name in ("scikit-criteria", "pymcdm", "SQL"):
        same_first(name, ours.answer, found[name].answer)
    what = f"score {ours.answer['n']:,} parcels by {len(CRITERIA)} columns, first {TOP}"
    for name in ("scikit-criteria", "pymcdm", "SQL"):
        yield versus(what, ours, name, found[name], server=name == "SQL")
    yield versus(f"{what} (another method)", ours, "scikit-criteria TOPSIS", found["scikit-criteria TOPSIS"])


def gis_sites(settings: Any) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Match over the snapshot: the first fifty with reasons and sources."""
    from gis_sites.inventory import open_inventory
    from gis_sites.matching.reading import understand
    from gis_sites.matching.shortlist import match

    with open_inventory(settings) as inventory:
        view = inventory.views()[0]
        wants = {
            name: {"at": ends, "worth": [0, 1] if CRITERIA[name] > 0 else [1, 0], "weight": weight}
            for (name, weight), ends in zip(weights().items(), ends_of(view), strict=True)
        }
        while True:
            yield None
            found = match(understand({"format": 1, "want": wants}), [view], inventory.catalogue, top=TOP)
            scores = {one["id"]: one["floor"] for one in found["candidates"]}
            yield {"scores": scores, "n": found["counts"]["considered"]}


def scikit_criteria(settings: Any) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Weighted sum over min-max scaled columns."""
    from skcriteria.agg.simple import WeightedSumModel
    from skcriteria.preprocessing.invert_objectives import NegateMinimize
    from skcriteria.preprocessing.scalers import MinMaxScaler

    yield from _scikit_criteria(settings, NegateMinimize(), MinMaxScaler(target="matrix"), WeightedSumModel())


def topsis(settings: Any) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Closeness to the ideal: the usual example of that library."""
    from skcriteria.agg.similarity import TOPSIS
    from skcriteria.preprocessing.invert_objectives import NegateMinimize
    from skcriteria.preprocessing.scalers import VectorScaler

    yield from _scikit_criteria(settings, NegateMinimize(), VectorScaler(target="matrix"), TOPSIS())


def _scikit_criteria(settings: Any, *steps: Any) -> Iterator[Any]:  # noqa: ANN401 - steps of its pipeline
    import skcriteria
    from skcriteria.pipelines import mkpipe

    matrix, ids = matrix_of(settings)
    pipeline = mkpipe(*steps)
    while True:
        yield None
        problem = skcriteria.mkdm(matrix, list(CRITERIA.values()), weights=list(shares().values()))
        ranked = pipeline.evaluate(problem)
        scores = np.asarray(ranked.e_["score"] if "score" in ranked.e_ else ranked.e_["similarity"])
        first = np.argpartition(-scores, TOP)[:TOP]
        yield {"scores": {ids[row]: float(scores[row]) * 100 for row in first.tolist()}}


def pymcdm(settings: Any) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Weighted sum over min-max scaled columns."""
    from pymcdm.methods import WSM
    from pymcdm.normalizations import minmax_normalization

    matrix, ids = matrix_of(settings)
    types = np.array(list(CRITERIA.values()))
    while True:
        yield None
        scores = WSM(minmax_normalization)(matrix, np.array(list(shares().values())), types)
        first = np.argpartition(-scores, TOP)[:TOP]
        yield {"scores": {ids[row]: float(scores[row]) * 100 for row in first.tolist()}}


def sql(settings: Any) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """One statement over the stored profile."""
    import psycopg

    from gis_sites.inventory import open_inventory

    with open_inventory(settings) as inventory:
        state = inventory.need_state()
        ends = dict(zip(CRITERIA, ends_of(inventory.views(state)[0]), strict=True))
    blocks = {name.partition(".")[0]: "" for name in CRITERIA}
    terms = []
    for name, share in shares().items():
        layer, _, short = name.partition(".")
        low, high = ends[name]
        worth = f'({layer}."{short}" - {low!r}) / {high - low!r}'
        terms.append(f"{share * 100!r} * ({worth if CRITERIA[name] > 0 else f'1 - {worth}'})")
    joins = " ".join(f"JOIN {state.profiles[layer]['parcels'].table} AS {layer} USING (row)" for layer in blocks)
    query = f"SELECT key, {' + '.join(terms)} AS score FROM {state.revisions['parcel'].table} {joins}"
    with psycopg.connect(**parts(settings.database_url)) as conn:
        while True:
            yield None
            found = conn.execute(f"{query} ORDER BY score DESC, key LIMIT {TOP}").fetchall()
            yield {"scores": dict(found)}


def weights() -> dict[str, int]:
    """Return a weight for each column: 1, 2, 3, 1, 2, 3 ..."""
    return {name: at % 3 + 1 for at, name in enumerate(CRITERIA)}


def shares() -> dict[str, float]:
    """Return the weights so that they sum to one."""
    total = sum(weights().values())
    return {name: weight / total for name, weight in weights().items()}


def ends_of(view: Any) -> list[tuple[float, float]]:  # noqa: ANN401 - a Snapshot
    """Return the least and the greatest value of each column, every value of which must be known."""
    columns = [view.column(name) for name in CRITERIA]
    for name, one in zip(CRITERIA, columns, strict=True):
        if not (np.isfinite(one.low).all() and np.array_equal(one.low, one.high)):
            raise RuntimeError(f"{name} is not known of every parcel of this city")
    return [(float(one.low.min()), float(one.low.max())) for one in columns]


def matrix_of(settings: Any) -> tuple[Any, list[str]]:  # noqa: ANN401 - Settings, imported by the child
    """Return the columns as one matrix, and the identifiers."""
    from gis_sites.inventory import open_inventory

    with open_inventory(settings) as inventory:
        view = inventory.views()[0]
        return np.column_stack([view.column(name).low for name in CRITERIA]), view.ids.to_pylist()


def same_first(name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Check that the scores of the first fifty are equal, and the parcels too but for ties at the end."""
    mine, others = ours["scores"], theirs["scores"]
    if not np.allclose(sorted(mine.values()), sorted(others.values()), rtol=0, atol=1e-9):
        raise RuntimeError(f"{name} scores otherwise: {sorted(others.values())[-3:]}, we {sorted(mine.values())[-3:]}")
    last = min(mine.values())
    if any(score > last + 1e-9 for one, score in mine.items() if one not in others):
        raise RuntimeError(f"{name} finds other parcels")
