from typing import Any

import pytest
from matching_fakes import CATALOGUE

from gis_sites.catalogue import Catalogue
from gis_sites.errors import RequirementError
from gis_sites.matching.check import check
from gis_sites.matching.reading import understand
from gis_sites.words import LANGUAGES


def must(name: str, **criterion: Any) -> dict[str, Any]:
    return {"must": {name: criterion}}


def want(name: str, **scale: Any) -> dict[str, Any]:
    return {"want": {name: scale}}


REFUSED = [
    (must("power.mv_distance", max=500), "unknown_attribute", "power.mv_distance_m"),
    (must("area_m2", min=1), "unknown_attribute", "parcel.area_m2"),
    (want("flod.share", at=[0, 1], worth=[1, 0]), "unknown_attribute", "flood.share"),
    ({"ask": [{"text": "x", "of": "y", "attribute": "power.capacity"}]}, "unknown_attribute", "power.capacity_kw"),
    ({"either": [{"any": [{"flood.shaer": {"max": 0}}]}]}, "unknown_attribute", 'either[1].any[1]."flood.shaer"'),
    (must("road.class", any_of=["colector"]), "unknown_code", "collector"),
    (must("road.class", none_of=["x"]), "unknown_code", "main"),
    (want("road.class", worth={"mian": 1}), "unknown_code", "main"),
    (want("road.class", any_of=["mian"]), "unknown_code", "main"),
    (must("road.class", min=3), "misfit_code", "any_of"),
    (must("zoning.plan", max=3), "misfit_text", "any_of"),
    (must("parcel.area_m2", any_of=["3"]), "misfit_number", "min"),
    (must("power.crosses", max=0), "misfit_flag", "is"),
    (must("offer.available_from", **{"is": True}), "misfit_date", "max"),
    (must("parcel.area_m2", min="2028-01-01"), "bound_number", "2028-01-01"),
    (must("offer.available_from", min=3), "bound_date", "2028-01-01"),
    (must("flood.share", max=90), "share_out", "0.9"),
    (want("flood.share", at=[0, 100], worth=[1, 0]), "share_out", "0.9"),
    (want("road.class", at=[0, 1], worth=[0, 1]), "misfit_code", "main"),
    (want("parcel.area_m2", worth={"a": 1}), "misfit_number", "at = "),
    (want("parcel.area_m2", any_of=["a"]), "misfit_number", "at = "),
    (want("power.crosses", any_of=["a"]), "misfit_flag", "is = true"),
    (want("offer.available_from", **{"is": True}), "misfit_date", "2027-01-01"),
    (want("power.mv_distance_m"), "no_scale", "at = [0, 800]"),
    (want("road.class"), "no_scale", "worth = { main = 1 }"),
    (want("power.crosses", weight=2), "no_scale", "is = true"),
]


@pytest.mark.parametrize(("said", "key", "shown"), REFUSED)
def test_refused_with_the_sentence_that_helps(said: Any, key: Any, shown: Any) -> None:
    with pytest.raises(RequirementError) as refusal:
        check(understand({"format": 1, **said}), CATALOGUE)
    assert refusal.value.key == f"match.{key}"
    for lang in LANGUAGES:
        assert shown in refusal.value.sentence(lang)


def test_every_stranger_is_told_at_once() -> None:
    with pytest.raises(RequirementError) as refusal:
        check(understand({"format": 1, **must("a.b", min=1), **want("c.d", at=[0], worth=[1])}), CATALOGUE)
    assert all(name in refusal.value.sentence("pl") for name in ("a.b", "c.d"))


def test_the_default_scale_is_written_in() -> None:
    checked = check(understand({"format": 1, **want("parcel.compactness", weight=2)}), CATALOGUE)
    scale = {"at": [0.3, 0.8], "worth": [0.0, 1.0], "weight": 2.0}
    assert checked.echo()["want"] == {"parcel.compactness": scale}
    assert check(checked, CATALOGUE) == checked


def test_what_the_public_may_not_know_is_unknown_to_its_catalogue() -> None:
    public = CATALOGUE.public()
    said = understand({"format": 1, **must("parcel.owner_class", any_of=["city"])})
    assert check(said, CATALOGUE) == said
    with pytest.raises(RequirementError) as refusal:
        check(said, public)
    with pytest.raises(RequirementError) as stranger:
        check(understand({"format": 1, **must("parcel.qqqqqqqqqq", any_of=["city"])}), public)
    assert refusal.value.key == stranger.value.key == "match.unknown_attribute"
    assert "owner_class”?" not in refusal.value.sentence("en").replace("parcel.owner_class”", "", 1)


def test_none_and_codes_of_text_attributes_are_known() -> None:
    said = {"must": {"road.class": {"none_of": ["none"]}, "zoning.plan": {"any_of": ["XII/3", "none"]}}}
    assert check(understand({"format": 1, **said}), CATALOGUE)


def test_an_empty_catalogue_knows_nothing() -> None:
    with pytest.raises(RequirementError):
        check(understand({"format": 1, **must("flood.share", max=0)}), Catalogue({}, {}))
