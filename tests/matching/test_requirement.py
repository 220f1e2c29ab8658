import json
import tomllib
from typing import Any

import jsonschema_rs
import pytest

from gis_sites.errors import RequirementError
from gis_sites.matching.reading import parse, read_requirement, template_text, templates, understand
from gis_sites.matching.requirement import requirement_schema
from gis_sites.words import LANGUAGES

QUOTED = """
format = 1
title = "Metal works"
scope = ["parcels"]
needed_from = 2028-01-01
[must]
"parcel.area_m2" = { min = 25000, max = 40000, note = "p. 3" }
"offer.available_from" = { max = 2027-06-30 }
[want]
"power.mv_distance_m" = { at = [0, 800], worth = [1, 0], weight = 3 }
"road.class" = { worth = { main = 1, collector = 0.6 } }
[[either]]
any = [ { "zoning.production_share" = { min = 0.9 } },
  { "zoning.plan_share" = { max = 0 }, "flood.share" = { max = 0 } } ]
[[ask]]
text = { pl = "moc", en = "power" }
of = "operator"
"""
NESTED = """
format = 1
title = "Metal works"
scope = "parcels"
needed_from = "2028-01-01"
must.parcel.area_m2 = { min = 25000, max = 40000, note = "p. 3" }
must.offer.available_from.max = "2027-06-30"
want.power.mv_distance_m = { at = [0, 800], worth = [1, 0], weight = 3 }
want.road.class.worth = { main = 1, collector = 0.6 }
[[either]]
any = [ { zoning.production_share.min = 0.9 }, { zoning.plan_share.max = 0, flood = { share = { max = 0 } } } ]
[[ask]]
text = { pl = "moc", en = "power" }
of = "operator"
"""


def test_nested_tables_mean_the_same_as_quoted_keys() -> None:
    assert understand(parse(NESTED)) == understand(parse(QUOTED))


def test_json_means_the_same_as_toml() -> None:
    table = tomllib.loads(QUOTED)
    assert understand(parse(json.dumps(table, default=str))) == understand(parse(QUOTED))


def test_the_echo_is_what_was_said_and_reads_back() -> None:
    requirement = understand(parse(QUOTED))
    echo = requirement.echo()
    assert echo["must"]["parcel.area_m2"] == {"note": "p. 3", "min": 25000.0, "max": 40000.0}
    assert echo["must"]["offer.available_from"] == {"max": "2027-06-30"}
    assert echo["want"]["road.class"] == {"worth": {"main": 1.0, "collector": 0.6}}
    assert echo["needed_from"] == "2028-01-01"
    assert read_requirement(json.loads(json.dumps(echo))) == requirement


def test_a_footprint_and_an_assembly_are_echoed_where_they_were_said() -> None:
    hall = {"length_m": 120.0, "width_m": 60.0, "height_m": 12.0, "note": "p. 4"}
    said = {
        "format": 1,
        "scope": ["parcels", "assemblies"],
        "must": {"flood.share": {"max": 0.0}, "footprint": hall},
        "assembly": {"max_parcels": 3, "points_per_extra_parcel": -2.0},
    }
    requirement = understand(said)
    assert requirement.footprint is not None
    assert requirement.footprint.setback_m == 0
    assert requirement.assembly is not None
    assert requirement.assembly.max_gap_m == 0.5
    echo = requirement.echo()
    assert {**echo, "must": {**echo["must"], "footprint": {k: echo["must"]["footprint"][k] for k in hall}}} == said
    assert read_requirement(json.loads(json.dumps(echo))) == requirement
    assert understand({"format": 1, "must": {"footprint": hall}}).echo()["must"] == {"footprint": hall}


def test_a_file_or_a_shortlist_stands_for_its_requirement(tmp_path: Any) -> None:
    file = tmp_path / "metal.toml"
    file.write_text("\ufeff" + QUOTED, encoding="utf-8")
    requirement = read_requirement(file)
    shortlist = tmp_path / "answer.json"
    shortlist.write_text(json.dumps({"format": "gis-sites/shortlist/1", "requirement": requirement.echo()}))
    assert read_requirement(shortlist) == requirement


MUST = 'format = 1\n[must]\n"a.b" = '
WANT = 'format = 1\n[want]\n"a.b" = '
ASSEMBLY = "format = 1\nscope = ['assemblies']\n[assembly]\n"
HALL = "format = 1\n[must]\nfootprint = { "
REFUSED = {
    "title = 1\nformat = 1": ("wants_text", "title"),
    "": ("wants_format", "format = 1"),
    "format = 2": ("wants_format", "format = 1"),
    "format = 1\nmusts = 1": ("unknown_key", "must"),
    "format = 1\n[must": ("bad_toml", " 2: "),
    '{"format": 1,': ("bad_json", " 1: "),
    '{"format": 1, "format": 1}': ("twice", "format"),
    '{"format": 1, "must": {"a.b": {"max": NaN}}}': ("not_finite", "nan"),
    MUST + "{ min = 3, max = 2 }": ("bounds_exclude", "min = 3"),
    MUST + "{ any_of = ['x'], none_of = ['x', 'y'] }": ("codes_exclude", "x"),
    MUST + "{ min = 3, max = 2028-01-01 }": ("mixed_bounds", "2028-01-01"),
    MUST + "{ min = inf }": ("not_finite", "inf"),
    MUST + "{ min = nan }": ("not_finite", "nan"),
    MUST + "{ min = true }": ("not_a_bound", "True"),
    MUST + "{ min = 'many' }": ("not_a_bound", "many"),
    MUST + "{ min = 2028-01-01T10:00:00 }": ("not_a_bound", "2028"),
    MUST + "{ mim = 3 }": ("unknown_key", "min"),
    MUST + "{}": ("empty_criterion", '"a.b"'),
    MUST + "{ note = 'p. 3' }": ("empty_criterion", '"a.b"'),
    MUST + "{ any_of = [] }": ("empty_list", "any_of"),
    MUST + "{ any_of = 'x' }": ("wants_list", "x"),
    MUST + "{ any_of = [5] }": ("wants_text", "5"),
    MUST + "{ is = 'yes' }": ("wants_flag", "yes"),
    MUST + "5": ("wants_table", "5"),
    MUST + "{ min = 1, unknown = 'maybe' }": ("wants_one_of", "to_verify"),
    MUST + "{ min = 1 }\na.b = { min = 2 }": ("twice", "a.b"),
    WANT + "{ at = [0, 1], worth = [0] }": ("scale_lengths", "2"),
    WANT + "{ at = [0, 1] }": ("scale_lengths", "2"),
    WANT + "{ worth = [0, 1] }": ("scale_lengths", "2"),
    WANT + "{ at = [0, 0], worth = [0, 1] }": ("scale_falls", "0"),
    WANT + "{ at = [1, 0], worth = [0, 1] }": ("scale_falls", "1"),
    WANT + "{ at = [0, inf], worth = [0, 1] }": ("not_finite", "inf"),
    WANT + "{ at = [-1e308, 1e308], worth = [0, 1] }": ("not_finite", "1e+308"),
    WANT + "{ at = [0, 2028-01-01], worth = [0, 1] }": ("mixed_bounds", "2028-01-01"),
    WANT + "{ at = [0, 1], worth = [0, 1.5] }": ("worth_out", "1.5"),
    WANT + "{ worth = { x = -1 } }": ("worth_out", "-1"),
    WANT + "{ worth = { x = 'a' } }": ("not_a_number", "a"),
    WANT + "{ worth = 1 }": ("not_a_scale", "1"),
    WANT + "{ worth = {} }": ("empty_list", "worth"),
    WANT + "{ is = true, any_of = ['x'] }": ("two_scales", '"a.b"'),
    WANT + "{ is = true, weight = 0 }": ("weight_out", "0"),
    WANT + "{ is = true, weight = inf }": ("not_finite", "inf"),
    WANT + "{ at = [" + ", ".join(map(str, range(65))) + "], worth = [1] }": ("wants_fewer", "at"),
    "format = 1\n[[either]]\nany = []": ("empty_either", "either[1]"),
    "format = 1\n[[either]]\nany = [{}]": ("empty_either", "either[1]"),
    "format = 1\n[[either]]\nal = []": ("unknown_key", "any"),
    "format = 1\n[[ask]]\ntext = 'x'": ("wants_key", "ask[1].of"),
    "format = 1\nscope = 'plots'": ("wants_one_of", "parcels"),
    "format = 1\nscope = []": ("empty_list", "scope"),
    "format = 1\n[assembly]\nmax_parcels = 4": ("assembly_out_of_scope", "[assembly]"),
    ASSEMBLY + "max_parcels = 9": ("out_of_range", "assembly.max_parcels"),
    ASSEMBLY + "max_parcels = 2.5": ("not_a_count", "2.5"),
    ASSEMBLY + "max_gap_m = -1": ("out_of_range", "-1"),
    ASSEMBLY + "across_roads = 'yes'": ("wants_flag", "yes"),
    ASSEMBLY + "points_per_extra_parcel = 2": ("out_of_range", "2"),
    ASSEMBLY + "max_parcel = 3": ("unknown_key", "max_parcels"),
    "format = 1\n[must]\nfootprint = { length_m = 120 }": ("wants_key", "must.footprint.width_m"),
    HALL + "length_m = 120, width_m = 0 }": ("out_of_range", "must.footprint.width_m"),
    HALL + "length_m = 120, width_m = inf }": ("not_finite", "inf"),
    HALL + "length_m = 1e9, width_m = 5 }": ("out_of_range", "must.footprint.length_m"),
    HALL + "length_m = 120, width_m = 60, count = 1000 }": ("out_of_range", "1000"),
    HALL + "length_m = 120, width_m = 60, hight_m = 12 }": ("unknown_key", "height_m"),
    "format = 1\n[want]\nfootprint = { length_m = 120 }": ("footprint_not_here", "[must]"),
    "format = 1\nfootprint = { length_m = 120, width_m = 60 }": ("footprint_not_here", "[must]"),
    "format = 1\n[[either]]\nany = [{ footprint = { length_m = 9, width_m = 6 } }]": ("footprint_not_here", "[must]"),
    "format = 1\nneeded_from = 5": ("not_a_day", "5"),
    "format = 1\n[must]\n" + "\n".join(f'"a.b{n}" = {{ min = 1 }}' for n in range(65)): ("too_many", "65"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_refused_with_the_sentence_that_helps(text: Any) -> None:
    key, shown = REFUSED[text]
    with pytest.raises(RequirementError) as refusal:
        understand(parse(text))
    faults = refusal.value.values.get("faults", ())
    said = {refusal.value.key: refusal.value.sentence, **{one.key: one.say for one in faults}}
    assert f"match.{key}" in said
    for lang in LANGUAGES:
        assert shown in said[f"match.{key}"](lang)


def test_every_fault_is_told_at_once() -> None:
    text = 'format = 1\n[must]\n"a.b" = {}\n"a.c" = { min = 2, max = 1 }\n[want]\n"a.d" = { weight = -1 }'
    with pytest.raises(RequirementError) as refusal:
        understand(parse(text))
    sentence = refusal.value.sentence("pl")
    assert all(place in sentence for place in ('must."a.b"', 'must."a.c"', 'want."a.d".weight'))


def test_sixty_four_criteria_are_not_too_many() -> None:
    group = {f"a.c{n}": {"min": 1} for n in range(32)}
    musts = {f"a.b{n}": {"min": 1} for n in range(32)}
    assert understand({"format": 1, "must": musts, "either": [{"any": [group]}]})
    with pytest.raises(RequirementError, match="65"):
        understand({"format": 1, "must": musts, "either": [{"any": [group]}], "want": {"a.b": {"is": True}}})


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_unreadable_files(tmp_path: Any, content: Any) -> None:
    file = tmp_path / "metal.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RequirementError, match=r"metal\.toml"):
        read_requirement(file)


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(RequirementError) as refusal:
        parse('{"a":' * 20_000)
    assert refusal.value.key == "match.too_deep"


def test_the_schema_speaks_of_both_ways_to_write_a_name() -> None:
    schema = requirement_schema()
    assert schema["additionalProperties"] is False
    assert "format" in schema["required"]
    alternatives = schema["properties"]["must"]["additionalProperties"]["anyOf"]
    assert alternatives[0] == {"$ref": "#/$defs/Criterion"}
    assert alternatives[1]["additionalProperties"] == {"$ref": "#/$defs/Criterion"}
    assert set(schema["$defs"]["Criterion"]["properties"]) >= {"min", "max", "any_of", "none_of", "is", "unknown"}


def test_the_schema_knows_templates_units_footprints_and_assemblies() -> None:
    valid = jsonschema_rs.validator_for(requirement_schema()).is_valid
    for name in templates():
        assert valid(json.loads(json.dumps(parse(template_text(name)), default=str)))
    hall = {"length_m": "120 m", "width_m": 60, "count": 2}
    said = {
        "format": 1,
        "scope": ["parcels", "assemblies"],
        "must": {"footprint": hall},
        "assembly": {"max_parcels": 3},
    }
    assert valid(said)
    assert understand(said)
    wrong = ({"length_m": 120}, {**hall, "length_m": "long"}, {**hall, "count": 200}, {**hall, "hight_m": 9})
    assert not any(valid({**said, "must": {"footprint": one}}) for one in wrong)
    assert not valid({"format": 1, "footprint": hall})
    assert not valid({**said, "assembly": {"max_parcels": 9}})
