import pytest

from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.errors import RequirementError
from gis_sites.matching.check import check, criteria
from gis_sites.matching.reading import read_requirement, template_text, templates


@pytest.fixture(scope="module")
def layers() -> Catalogue:
    """The layers that come with the tool."""
    return load_catalogue()


def test_the_sectors() -> None:
    assert {"data_centre", "light_industry", "logistics"} <= set(templates())


@pytest.mark.parametrize("name", templates())
def test_a_template_suits_the_public_catalogue(name: str, layers: Catalogue) -> None:
    assert check(read_requirement({}, template=name), layers.public())


@pytest.mark.parametrize("name", templates())
def test_every_number_says_how_sure_it_is(name: str) -> None:
    requirement = read_requirement({}, template=name)
    entries = [*requirement.must.values(), *requirement.want.values()]
    assert {entry.confidence for entry in entries} <= {"sourced", "unverified"}
    assert all(entry.source for entry in entries if entry.confidence == "sourced")
    assert len(list(criteria(requirement))) >= 3
    assert "not a fact" in template_text(name)


def test_own_entries_go_before_those_of_the_template() -> None:
    own = {"format": 1, "title": "Ours", "must": {"parcel": {"area_m2": {"min": 70000}}}, "want": {}}
    requirement = read_requirement(own, template="logistics")
    plain = read_requirement({}, template="logistics")
    assert requirement.title == "Ours"
    assert requirement.must["parcel.area_m2"].said == {"min": 70000.0}
    assert requirement.must["flood.share"] == plain.must["flood.share"]
    assert requirement.want == plain.want


def test_faults_over_a_template_are_told() -> None:
    twice = {"must": {"parcel.area_m2": {"min": 1}, "parcel": {"area_m2": {"min": 2}}}}
    with pytest.raises(RequirementError, match="twice"):
        read_requirement(twice, template="logistics")


def test_a_template_nobody_has() -> None:
    with pytest.raises(RequirementError, match="logistics"):
        read_requirement({}, template="logistic")
