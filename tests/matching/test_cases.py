"""Requirement cases as data: each file is a requirement, a small profile and what must come out."""

import tomllib
from pathlib import Path

import pytest
from matching_fakes import view_of

from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.matching.reading import understand
from gis_sites.matching.shortlist import match
from gis_sites.matching.why import differences

CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.toml"))


@pytest.fixture(scope="module")
def layers() -> Catalogue:
    """The layers that come with the tool."""
    return load_catalogue()


def test_there_are_cases() -> None:
    assert len(CASES) >= 3


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_case(file: Path, layers: Catalogue) -> None:
    case = tomllib.loads(file.read_text(encoding="utf-8"))
    view = view_of(case["profile"], catalogue=layers)
    shortlist = match(understand(case["requirement"]), [view], layers)
    expected = case["expected"]
    counts = shortlist["counts"]
    assert {name: counts[name] for name in ("eligible", "to_verify", "failed")} == {
        name: expected[name] for name in ("eligible", "to_verify", "failed")
    }
    assert counts["failed_by"] == expected["failed_by"]
    names = ("id", "tier", "unknown_musts", "floor", "ceiling")
    found = [{name: one[name] for name in names} for one in shortlist["candidates"]]
    assert found == [{"floor": None, "ceiling": None, **one} for one in expected["candidates"]]
    again = match(understand(shortlist["requirement"]), [view], layers)
    assert differences(shortlist, again) == []
