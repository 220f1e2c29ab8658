from pathlib import Path

import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.demo import requirements
from gis_sites.matching.check import check
from gis_sites.matching.reading import read_requirement


@pytest.mark.parametrize("path", requirements(), ids=lambda path: path.stem)
def test_a_requirement_is_understood_and_asks_for_what_the_catalogue_knows(path: Path, catalogue: Catalogue) -> None:
    requirement = read_requirement(path)
    check(requirement, catalogue)
    assert requirement.ask
    assert requirement.want


def test_there_are_three_investors() -> None:
    assert [path.stem for path in requirements()] == ["1_metal_works", "2_logistics", "3_food_processing"]
