"""The law of the rows: whatever stands in a table, read = loaded + set aside + rejected."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_sites.catalogue import Catalogue
from gis_sites.findings import Finding, FindingType
from gis_sites.intake import spool as spools
from gis_sites.intake.batch import arrived
from gis_sites.intake.crs import System
from gis_sites.intake.fit import fit
from gis_sites.intake.ground import Ground
from gis_sites.intake.loading import Loading
from gis_sites.intake.note import Note
from gis_sites.intake.source import SourceTable
from gis_sites.intake.tally import Tally
from gis_sites.intake.write import prepared
from tests.intake.support import EAST, NORTH, box, line

SHAPES = (
    None,
    box(0, 0),
    box(20, 0),
    line((0, 0), (10, 10)),
    shapely.Point(EAST, NORTH),
    shapely.Polygon(),
    shapely.Polygon([(EAST + x, NORTH + y) for x, y in ((0, 0), (10, 10), (10, 0), (0, 10), (0, 0))]),
    shapely.GeometryCollection([box(0, 0), line((0, 0), (5, 5))]),
    shapely.box(1, 1, 2, 2),
)
ROW = st.fixed_dictionaries(
    {
        "lokalnyId": st.sampled_from(["a", "b", "c", "---", "0", "", " a ", None]),
        "status": st.sampled_from(["i", "p", "I", "?", None]),
        "eksploatacja": st.sampled_from(["c", "n", "", None]),
        "srednica": st.sampled_from(["110", "1 10", "x", "110 mm", None]),
        "koniecObiekt": st.sampled_from([None, None, None, "2024-01-01", "?"]),
        "shape": st.integers(0, len(SHAPES) - 1),
    }
)


def _batches(rows: list[dict[str, Any]], size: int) -> Iterable[pa.RecordBatch]:
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        wkb = [b"\1\2" if (shape := SHAPES[row["shape"]]) is None else shapely.to_wkb(shape) for row in some]
        yield pa.RecordBatch.from_pydict(
            {
                "__row": list(range(start, start + len(some))),
                **{name: pa.array([row[name] for row in some], pa.string()) for name in some[0] if name != "shape"},
                "__wkb": pa.array(wkb, pa.binary()),
                "__curved": [False] * len(some),
            }
        )


def _run(
    catalogue: Catalogue, name: str, rows: list[dict[str, Any]], size: int
) -> tuple[Tally, spools.Spool, list[Finding]]:
    layer = catalogue.layer(name)
    columns = dict.fromkeys(rows[0], "str") if rows else {}
    table = SourceTable("t", "Unknown", columns, len(rows), "EPSG:2177")
    written: list[Finding] = []

    def write(findings: list[Finding], places: Mapping[int, bytes]) -> None:
        written.extend(findings)

    crs = pyproj.CRS.from_epsg(2177)
    load = Loading(layer, table, fit(layer, table, Note()), Tally(write), crs, 2177, System(crs))
    with tempfile.TemporaryDirectory() as folder:
        batches = prepared(map(arrived, _batches(rows, size)), load, Ground(None))
        held = spools.spool(batches, Path(folder) / "rows.arrow", load)
        spools.decide(held, load)
        waiting = [(spools.geometries(rows), places.tolist()) for rows, places in spools.kept(held)]
        kept = [row for shapes, places in waiting for row in zip(places, shapes, strict=True)]
        _in_key_order(held)
    assert [place for place, _ in kept] == np.flatnonzero(held.keep).tolist()
    assert all(shape is None or (shape.is_valid and shape.geom_type.startswith("Multi")) for _, shape in kept)
    load.tally.loaded = len(kept)
    load.tally.repaired = sum(held.repaired[place] for place, _ in kept)
    load.tally.flush()
    return load.tally, held, written


def _in_key_order(held: spools.Spool) -> None:
    rows = zip(held.keys.to_pylist(), held.part.to_pylist(), held.row.tolist(), range(len(held)), strict=True)
    wanted = [place for *_, place in sorted(row for row in rows if held.keep[row[3]])]
    positions = spools.numbered(held, spools.kept_order(held))
    assert [int(positions[place]) for place in wanted] == list(range(len(wanted)))
    assert (positions[~held.keep] == -1).all()


# Rows outside are refused as a whole table where they are nearly all, so a good many lie inside.
INSIDE = [
    {"lokalnyId": f"z{n}", "status": "i", "eksploatacja": "c", "srednica": None, "koniecObiekt": None, "shape": 1}
    for n in range(8)
]


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, max_size=30), size=st.integers(1, 40), name=st.sampled_from(["water", "soil", "building"]))
def test_every_row_is_accounted_for(catalogue: Catalogue, rows: list[dict[str, Any]], size: int, name: str) -> None:
    # soil is compared by content, a building is a polygon, water mains are any
    tally, held, findings = _run(catalogue, name, rows + INSIDE, size)
    tally.balance()
    assert tally.read == len(rows) + len(INSIDE)
    assert Counter(finding.type for finding in findings) == tally.counts
    errors = {finding.row for finding in findings if finding.type.severity.value == "error"}
    assert len(errors) == tally.rejected
    names = [key for key, keep in zip(held.keys.to_pylist(), held.keep, strict=True) if keep]
    assert len(names) == len(set(names))


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(ROW, max_size=25))
def test_the_size_of_batches_changes_nothing(catalogue: Catalogue, rows: list[dict[str, Any]]) -> None:
    results = [_run(catalogue, "water", rows + INSIDE, size) for size in (1, 7, 100)]
    contents = [(held.keys.to_pylist(), held.part.to_pylist(), held.keep.tolist()) for _, held, _ in results]
    assert contents[0] == contents[1] == contents[2]
    assert results[0][0].set_aside == results[1][0].set_aside == results[2][0].set_aside


def test_a_tally_that_does_not_add_up_is_a_mistake_of_ours() -> None:
    tally = Tally(lambda findings, places: None, read=2, loaded=1)
    try:
        tally.balance()
    except AssertionError as error:
        assert "1 of 2 rows" in str(error)  # noqa: PT017
    else:
        raise AssertionError
    tally.find(Finding(FindingType.GEOMETRY_MISSING, 1))
    assert tally.counts[FindingType.GEOMETRY_MISSING] == 1


def test_of_many_notes_some_are_kept_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gis_sites.intake.tally.NOTES", 3)
    written: list[Finding] = []
    tally = Tally(lambda findings, places: written.extend(findings))
    for row in range(5):
        tally.find(Finding(FindingType.GEOMETRY_FLATTENED, row), Finding(FindingType.GEOMETRY_MISSING, row))
    tally.close()
    kinds = Counter(finding.type for finding in written)
    assert kinds == {
        FindingType.GEOMETRY_FLATTENED: 3,
        FindingType.GEOMETRY_MISSING: 5,
        FindingType.NOT_ALL_KEPT: 1,
    }
    assert tally.counts[FindingType.GEOMETRY_FLATTENED] == 5
    assert written[-1].values == {"what": "geometry_flattened", "count": 5, "kept": 3}
