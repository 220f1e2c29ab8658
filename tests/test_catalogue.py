"""The catalogue: every layer and attribute of the contract, and a vocabulary that refuses what it does not know."""

import json
import pickle
import re
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from gis_sites.catalogue import (
    SHAPE,
    UNITS,
    Catalogue,
    Layer,
    load_catalogue,
    own_layers,
    read_layer,
)
from gis_sites.errors import CatalogueError
from gis_sites.layer import schema_text

ROOT = Path(__file__).parents[1]
NETWORK = "distance_m any_distance_m crosses"
CONTRACT = {
    "parcel": "id precinct number area_m2 registered_area_m2 measured_area_m2 compactness inscribed_circle_m "
    "rectangle_long_m rectangle_short_m net_area_m2 land_use owner_class register_unit",
    "zoning": "plan_share draft_share plan_status plan production_share logistics_share services_share office_share "
    "retail_share large_retail_share housing_share farm_share undecided_share main_symbol max_height_m "
    "max_coverage_share max_intensity min_green_share",
    "general_plan": "plan_share draft_share zone production_share logistics_share services_share infill_share "
    "max_height_m max_coverage_share max_intensity min_green_share",
    "water": f"{NETWORK} diameter_mm capacity_m3d",
    "sewer": f"{NETWORK} diameter_mm capacity_m3d",
    "stormwater": f"{NETWORK} diameter_mm",
    "gas": f"{NETWORK} diameter_mm pressure low_distance_m medium_distance_m high_distance_m capacity_nm3h",
    "power": f"{NETWORK} voltage lv_distance_m mv_distance_m hv_distance_m capacity_kw",
    "heat": f"{NETWORK} diameter_mm",
    "telecom": f"{NETWORK} fibre",
    "substation": "distance_m name",
    "junction": "distance_m name class",
    "station": "distance_m name",
    "airport": "distance_m name",
    "sez": "share zone valid_to distance_m",
    "flood": "share rare_share levee_share distance_m",
    "nature": "share strict_share form distance_m",
    "mining": "share distance_m",
    "monument": "share distance_m",
    "landslide": "share distance_m",
    "revitalisation": "share distance_m",
    "soil": "class_1_3_share farm_share forest_share main_class",
    "road": "distance_m class frontage_m major_distance_m",
    "rail": "distance_m siding_distance_m",
    "building": "share housing_distance_m",
    "boundary": "",
    "offer": "status kind price_pln_m2 available_from",
}


def words(text: str) -> set[str]:
    return set(text.split())


CODES = {
    "power.voltage": words("lv mv hv ehv"),
    "gas.pressure": words("low medium raised_medium high"),
    "zoning.plan_status": words("in_force partly draft"),
    "road.class": words("motorway expressway main_fast main collector local access internal"),
    "general_plan.zone": words("SW SJ SZ SU SH SP SR SI SN SC SG SO SK"),
    "parcel.owner_class": words(
        "state state_usufruct municipal municipal_usufruct county voivodeship cooperative church company natural other"
    ),
    "parcel.land_use": words("R S Ł Ps Br Wsr W Lzr Ls Lz B Ba Bi Bp Bz K dr Tk Ti Tp N Wm Wp Ws Tr"),
    "soil.main_class": words("I II III IIIa IIIb IV IVa IVb V VI VIz"),
}
FIELD_CODES = {
    ("zoning", "status"): {"in_force", "adopted", "draft", "repealed", "annulled"},
    ("zoning", "regime"): {"before_2003", "2003", "2021", "2026"},
    ("flood", "scenario"): {"10", "1", "0.2", "river_side", "levee"},
}
KINDS = {
    "power.distance_m": ("number", "m"), "zoning.production_share": ("number", "share"),
    "zoning.max_height_m": ("number", "m"), "zoning.max_intensity": ("number", "1"), "parcel.area_m2": ("number", "m2"),
    "parcel.registered_area_m2": ("number", "m2"), "parcel.id": ("text", None), "water.crosses": ("flag", None),
    "telecom.fibre": ("flag", None), "water.diameter_mm": ("number", "mm"), "sez.valid_to": ("date", None),
    "offer.price_pln_m2": ("number", "PLN/m2"), "offer.available_from": ("date", None),
    "road.frontage_m": ("number", "m"), "power.capacity_kw": ("number", "kW"),
    "zoning.main_symbol": ("text", None), "zoning.plan": ("text", None),
}  # fmt: skip
SMALL = """
name = "well"
title = { pl = "Studnie", en = "Wells" }
geometry = "point"
public = "geometry"
key = ["id"]
[fields]
id   = { type = "text" }
kind = { type = "code", codes = { dug = [], drilled = [] } }
deep = { type = "number", unit = "m" }
[attributes]
distance_m = { measure = "nearest_distance", where = { kind = ["dug", "unknown"] } }
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def small(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = SMALL
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "well.toml"
    path.write_text(text, encoding="utf-8")
    return path


def fault(tmp_path: Path, *changes: tuple[str, str]) -> CatalogueError:
    with pytest.raises(CatalogueError) as caught:
        read_layer(small(tmp_path, *changes))
    assert caught.value.sentence("en") != caught.value.sentence("pl")
    return caught.value


def test_the_catalogue_holds_the_layers_of_the_contract(catalogue: Catalogue) -> None:
    assert set(catalogue.layers) == set(CONTRACT)
    assert next(iter(catalogue)).name == "parcel"


@pytest.mark.parametrize("layer", CONTRACT)
def test_a_layer_gives_exactly_the_attributes_of_the_contract(catalogue: Catalogue, layer: str) -> None:
    assert set(catalogue.layer(layer).attributes) == words(CONTRACT[layer])


@pytest.mark.parametrize("name", CODES)
def test_codes_are_those_of_the_contract_and_none(catalogue: Catalogue, name: str) -> None:
    codes = catalogue.attributes[name].codes
    assert set(codes) == {*CODES[name], "none"}
    assert codes[-1] == "none"


@pytest.mark.parametrize(("layer", "field"), FIELD_CODES)
def test_codes_of_fields_are_those_of_the_contract(catalogue: Catalogue, layer: str, field: str) -> None:
    assert set(catalogue.layer(layer).fields[field].allowed) == FIELD_CODES[layer, field]


@pytest.mark.parametrize("name", KINDS)
def test_kinds_and_units(catalogue: Catalogue, name: str) -> None:
    attribute = catalogue.attributes[name]
    assert (attribute.kind, attribute.unit) == KINDS[name]


def test_every_number_has_a_unit(catalogue: Catalogue) -> None:
    numbers = [one for one in catalogue.attributes.values() if one.kind == "number"]
    assert len(numbers) > 80
    assert [one.name for one in numbers if one.unit is None] == []


def test_names_end_with_their_unit(catalogue: Catalogue) -> None:
    endings = {"m": "_m", "m2": "_m2", "share": "share"}
    wrong = [
        one.name for one in catalogue.attributes.values() if not one.short.endswith(endings.get(one.unit or "", ""))
    ]
    assert wrong == []


def test_names_for_people_stand_in_both_languages(catalogue: Catalogue) -> None:
    for attribute in catalogue.attributes.values():
        assert attribute.spec.title is not None, attribute.name
        assert attribute.title("pl") != attribute.title("en"), attribute.name
    for layer in catalogue:
        assert layer.legend, layer.name
        assert layer.title.pl != layer.title.en


def test_polish_names_avoid_words_that_mean_something_else(catalogue: Catalogue) -> None:
    names = [one.title("pl") for one in catalogue.attributes.values()] + [one.title.pl for one in catalogue]
    names += [legend.title.pl for layer in catalogue for legend in layer.legend]
    assert [name for name in names if re.search(r"\b(profil|uwag|ofert)", name.casefold())] == []


def test_every_code_has_a_name_or_is_one(catalogue: Catalogue) -> None:
    for attribute in catalogue.attributes.values():
        for code in attribute.codes if attribute.name != "soil.main_class" else ():
            assert attribute.label(code, "pl") != code, (attribute.name, code)
    assert catalogue.attributes["soil.main_class"].label("IIIa", "pl") == "IIIa"
    assert catalogue.attributes["power.voltage"].label("mv", "en") == "medium voltage"
    assert catalogue.attributes["power.voltage"].label("none", "pl") == "brak"


def test_legends_tell_their_entries_apart_without_colour(catalogue: Catalogue) -> None:
    for layer in catalogue:
        looks = [(entry.pattern, entry.width) for entry in layer.legend]
        assert len(set(looks)) == len(looks), layer.name
        assert [entry.when for entry in layer.legend[:-1] if not entry.when] == [], f"{layer.name}: shadowed"


def test_what_none_means(catalogue: Catalogue) -> None:
    infinite = float("inf")
    expected = {
        "water.distance_m": infinite, "zoning.max_height_m": infinite, "zoning.min_green_share": 0.0,
        "flood.share": 0.0, "road.frontage_m": 0.0, "water.diameter_mm": -infinite, "sez.valid_to": -infinite,
        "zoning.max_coverage_share": infinite,
    }  # fmt: skip
    assert {name: catalogue.attributes[name].none for name in expected} == expected


def test_networks_show_values_and_no_lines(catalogue: Catalogue) -> None:
    networks = ["water", "sewer", "stormwater", "gas", "power", "heat", "telecom"]
    for name in networks:
        assert catalogue.layer(name).public == "values"
        assert all(one.public for one in catalogue.attributes.values() if one.layer.name == name)
    assert {layer.name for layer in catalogue if layer.public != "geometry"} == set(networks)


def test_the_public_face_knows_public_things_only(catalogue: Catalogue) -> None:
    public = catalogue.public()
    assert "parcel.owner_class" in catalogue.attributes
    assert set(catalogue.attributes) - set(public.attributes) == {"parcel.owner_class", "parcel.register_unit"}
    parcel = public.layer("parcel")
    assert not {"owner_class", "register_unit", "soil_items", "ended"} & set(parcel.fields)
    assert "owner_class" not in parcel.labels
    assert "id" not in public.layer("water").fields
    assert parcel.hash == catalogue.layer("parcel").hash != ""
    assert all(one.public for one in public.attributes.values())


def test_a_layer_nobody_may_see_is_not_public(tmp_path: Path) -> None:
    small(tmp_path, ('public = "geometry"\n', ""))
    hidden = load_catalogue(tmp_path)
    assert not hidden.attributes["well.distance_m"].public
    assert hidden.public().layers == {}


def test_an_attribute_that_looks_at_a_hidden_field_is_hidden(tmp_path: Path) -> None:
    legend = '\n[[legend]]\nwhen = { kind = "dug" }\ncolor = "#000000"\ntitle = { pl = "kopana", en = "dug" }\n'
    hide = ("codes = { dug = [], drilled = [] }", "codes = { dug = [], drilled = [] }, public = false")
    path = small(tmp_path, hide)
    path.write_text(path.read_text(encoding="utf-8") + legend, encoding="utf-8")
    loaded = load_catalogue(tmp_path)
    assert loaded.layer("well").legend != ()
    assert loaded.public().layer("well").attributes == {}
    assert loaded.public().layer("well").legend == ()


def test_a_combined_sewer_feeds_two_layers(catalogue: Catalogue) -> None:
    for name, own in (("sewer", "sanitary"), ("stormwater", "storm")):
        layer = catalogue.layer(name)
        assert "GES_PrzewodKanalizacyjny" in layer.recognise.names
        assert {own, "combined"} <= set(layer.rows.take["type"])


def test_the_registered_area_comes_in_hectares_or_in_square_metres(catalogue: Catalogue) -> None:
    fields = catalogue.layer("parcel").fields
    for name in ("parcel.area_m2", "parcel.registered_area_m2"):
        attribute = catalogue.attributes[name]
        assert [fields[one].unit for one in attribute.spec.fields] == ["m2", "ha"]
        assert attribute.unit == "m2"
    assert "poleewidencyjne" in fields["registered_area_ha"].aliases


@pytest.mark.parametrize(
    ("printed", "precinct", "number"),
    [
        ("306101_1.0012.45/3", "0012", "45/3"),
        ("306401_1.0021.AR_10.162", "0021", "162"),
        ("146510_8.0309.24/35", "0309", "24/35"),
        ("061304_5.0012.809/1", "0012", "809/1"),
    ],
)
def test_an_identifier_says_its_precinct_and_number(
    catalogue: Catalogue, printed: str, precinct: str, number: str
) -> None:
    match = re.fullmatch(catalogue.layer("parcel").fields["id"].pattern or "", printed)
    assert match is not None
    assert match.groupdict() == {"precinct": precinct, "number": number}


@pytest.mark.parametrize(
    "printed",
    ["", "45/3", "306101_1.12.45", "316101_1.0012.45", "306101_7.0012.45", "306101_1.0012.045", "306101_1.0012.1_BUD"],
)
def test_what_is_no_identifier(catalogue: Catalogue, printed: str) -> None:
    assert re.fullmatch(catalogue.layer("parcel").fields["id"].pattern or "", printed) is None


@pytest.mark.parametrize(
    ("printed", "use"),
    [("RIIIa", "R"), ("S-RIVb", "S"), ("Bp", "Bp"), ("R/RIIIa", "R"), ("Lzr-PsIV", "Lzr"), ("dr", "dr")],
)
def test_a_land_use_is_read_from_its_class(catalogue: Catalogue, printed: str, use: str) -> None:
    match = re.fullmatch(catalogue.layer("parcel").fields["land_use"].pattern or "", printed)
    assert match is not None
    assert match["land_use"] == use


def test_a_list_of_land_uses_is_none(catalogue: Catalogue) -> None:
    assert re.fullmatch(catalogue.layer("parcel").fields["land_use"].pattern or "", "RIIIa, Bp") is None


def test_unknown_keys_are_refused_with_the_nearest_right_one(tmp_path: Path) -> None:
    error = fault(tmp_path, ('deep = { type = "number", unit', 'deep = { type = "number", unti'))
    assert error.sentence("en") == "well.toml: fields.deep.unti: unknown key “unti”; did you mean “unit”?"
    assert error.sentence("pl") == "well.toml: fields.deep.unti: nieznany klucz „unti”; czy chodzi o „unit”?"
    assert error.exit_code == 2
    assert "“geometri”; did you mean “geometry”?" in str(fault(tmp_path, ('geometry = "point"', 'geometri = "point"')))


FAULTS = {
    "code in where": (
        ('["dug", "unknown"]', '["dig"]'),
        "attributes.distance_m.where: “dig” is no code of “kind”; did you mean “dug”?",
    ),
    "where without codes": (("where = { kind = ", "where = { deep = "), "“deep” holds no codes"),
    "field in key": (('key = ["id"]', 'key = ["idd"]'), "key: “idd” is no field of this layer; did you mean “id”?"),
    "part": (
        ('key = ["id"]', 'key = ["id"]\npart = "kin"'),
        "part: “kin” is no field of this layer; did you mean “kind”?",
    ),
    "measure": (
        ("nearest_distance", "nearest_distanc"),
        "attributes.distance_m.measure: “nearest_distanc” does not fit",
    ),
    "missing key": (('geometry = "point"\n', ""), "geometry: this key is missing"),
    "missing field": (
        ('measure = "nearest_distance"', 'measure = "nearest_value"'),
        "nearest_value needs the key “field”",
    ),
    "spare class": (
        ('measure = "nearest_distance"', 'measure = "nearest_distance", class = "dug"'),
        "no use for the key “class”",
    ),
    "type of field": (
        ('measure = "nearest_distance"', 'measure = "extreme_covering", pick = "min", field = "kind"'),
        "“kind” is of type code; extreme_covering looks at date, number",
    ),
    "scale": (
        (
            'measure = "nearest_distance"',
            'measure = "nearest_distance", scale = { at = [5.0, 1.0], worth = [0.0, 1.0] }',
        ),
        "attributes.distance_m.scale: give as many worths",
    ),
    "order": (
        ('type = "code",', 'type = "code", order = ["dug"],'),
        "fields.kind: codes and order must name the same codes",
    ),
    "pattern": (
        ('id   = { type = "text"', 'id   = { type = "text", pattern = "("'),
        "fields.id: “(” is no regular expression",
    ),
    "group": (
        ('id   = { type = "text"', 'id   = { type = "text", pattern = "(?P<knd>a)"'),
        "“knd” is no field of this layer; did you mean “kind”?",
    ),
    "key of another type": (
        ('id   = { type = "text"', 'id   = { type = "text", order = ["x"]'),
        "fields.id: the key “order” is for fields of type code only",
    ),
    "flag": (('kind = { type = "code"', 'kind = { type = "flag"'), "a flag's are true and false; mind drilled, dug"),
    "rows": (
        ("[attributes]", '[rows]\ntake = { kind = ["duk"] }\n[attributes]'),
        "rows.take: “duk” is no code of “kind”",
    ),
    "set": (
        ("[attributes]", '[recognise.set]\n"a*" = { kind = "duk" }\n[attributes]'),
        "recognise.set.a*: “duk” is no code of “kind”",
    ),
    "label": (
        ("[attributes]", '[labels.kind]\nduk = { pl = "a", en = "b" }\n[attributes]'),
        "labels.kind: “duk” is no code of “kind”",
    ),
    "one language": (
        ('title = { pl = "Studnie", en = "Wells" }', 'title = { pl = "Studnie" }'),
        "title.en: this key is missing",
    ),
    "not TOML": (("[fields]", "[fields"), "well.toml: "),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, case: str) -> None:
    change, sentence = FAULTS[case]
    assert read_layer(small(tmp_path)).name == "well"
    with pytest.raises(CatalogueError) as caught:
        read_layer(small(tmp_path, change))
    assert sentence in caught.value.sentence("en")
    assert caught.value.sentence("pl").startswith("well.toml: ")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    said = str(fault(tmp_path, ('key = ["id"]', 'key = ["no"]'), ('["dug", "unknown"]', '["dig"]')))
    assert "“no” is no field" in said
    assert "“dig” is no code" in said


def test_a_layer_is_named_as_its_file(tmp_path: Path) -> None:
    error = fault(tmp_path, ('name = "well"', 'name = "source"'))
    assert error.sentence("en") == "well.toml: name: “source” must be the file's name, “well”"


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"well\.toml"):
        read_layer(tmp_path / "well.toml")
    (tmp_path / "well.toml").write_bytes(b'name = "\xb3"')
    with pytest.raises(CatalogueError, match=r"well\.toml"):
        read_layer(tmp_path / "well.toml")


def test_a_folder_without_layers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="holds no layer files"):
        load_catalogue(tmp_path)


def test_tables_and_their_classes_must_exist(tmp_path: Path) -> None:
    codes = ('deep = { type = "number", unit = "m" }', 'deep = { type = "codes", table = "symbol_usse" }')
    share = (
        'distance_m = { measure = "nearest_distance"',
        'x_share = { measure = "share_by_class", field = "deep", class = "produktion"',
    )
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "symbol_uses.csv").write_bytes((own_layers() / "tables" / "symbol_uses.csv").read_bytes())
    small(tmp_path, codes)
    with pytest.raises(CatalogueError, match="no table “symbol_usse”; did you mean “symbol_uses”"):
        load_catalogue(tmp_path)
    small(tmp_path, (codes[0], codes[1].replace("usse", "uses")), share)
    with pytest.raises(CatalogueError, match="knows no use “produktion”; did you mean “production”"):
        load_catalogue(tmp_path)
    small(
        tmp_path, (codes[0], codes[1].replace("usse", "uses")), (share[0], share[1].replace("produktion", "undecided"))
    )
    assert "well.x_share" in load_catalogue(tmp_path).attributes


def test_a_parcels_own_list_must_be_a_field_of_its_layer(tmp_path: Path) -> None:
    small(tmp_path, ("[attributes]", '[list]\nof = "parcel.soil"\narea = "area_ha"\n[attributes]'))
    with pytest.raises(CatalogueError, match=r"list\.of: there is no field “parcel.soil”"):
        load_catalogue(tmp_path)


def test_a_default_worth_of_codes_names_codes(tmp_path: Path) -> None:
    small(
        tmp_path,
        (
            'measure = "nearest_distance"',
            'measure = "nearest_value", field = "kind", scale = { worth = { dugg = 1.0 } }',
        ),
    )
    with pytest.raises(CatalogueError, match="“dugg” is no code of “distance_m”; did you mean “dug”"):
        load_catalogue(tmp_path)


def test_a_layer_that_is_not_there_is_named_with_the_nearest(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueError) as caught:
        catalogue.layer("watr")
    assert caught.value.sentence("en") == "there is no layer “watr”; did you mean “water”?"
    assert caught.value.sentence("pl") == "nie ma warstwy „watr”; czy chodzi o „water”?"


def test_layers_cannot_be_changed(catalogue: Catalogue) -> None:
    layer = catalogue.layer("water")
    with pytest.raises(ValidationError):
        layer.public = "geometry"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        layer.fields["status"].required = True  # type: ignore[misc]
    with pytest.raises(AttributeError):
        catalogue.layers = {}  # type: ignore[misc]
    with pytest.raises(AttributeError):
        catalogue.attributes["water.distance_m"].short = "x"  # type: ignore[misc]


def test_a_catalogue_travels_to_a_worker_unchanged(catalogue: Catalogue) -> None:
    again: Catalogue = pickle.loads(pickle.dumps(catalogue))
    assert again.layers == catalogue.layers
    assert again.layer("water").hash == catalogue.layer("water").hash


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    first = read_layer(small(tmp_path)).hash
    assert len(first) == 64
    assert read_layer(small(tmp_path)).hash == first
    assert read_layer(small(tmp_path, ("Wells", "wells"))).hash != first


def test_every_measure_of_a_number_that_has_one_unit_says_it() -> None:
    assert set(UNITS) >= SHAPE


def test_the_schema_on_disk_is_the_vocabularys() -> None:
    path = ROOT / "layers" / "layer.schema.json"
    assert path.read_text(encoding="utf-8") == schema_text(), "run scripts/schema"
    schema = json.loads(schema_text())
    assert schema["additionalProperties"] is False
    assert {"name", "fields", "key", "title", "geometry"} == set(schema["required"])
    assert "class" in schema["$defs"]["AttributeSpec"]["properties"]


def test_the_schema_is_written_by_its_script(tmp_path: Path) -> None:
    for name in ("scripts", "layers"):
        (tmp_path / name).mkdir()
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "gis_sites").symlink_to(ROOT / "gis_sites")
    script = tmp_path / "scripts" / "schema"
    script.write_bytes((ROOT / "scripts" / "schema").read_bytes())
    script.chmod(0o755)
    subprocess.run([str(script)], check=True)
    assert (tmp_path / "layers" / "layer.schema.json").read_text(encoding="utf-8") == schema_text()


def test_every_layer_file_names_the_schema() -> None:
    files = sorted((ROOT / "layers").glob("*.toml"))
    assert len(files) == len(CONTRACT)
    for file in files:
        assert file.read_text(encoding="utf-8").startswith("#:schema ./layer.schema.json\n"), file.name


def test_a_layer_without_a_file_can_be_made_from_its_words() -> None:
    title = {"pl": "Studnie", "en": "Wells"}
    layer = Layer.model_validate(
        {"name": "well", "title": title, "geometry": "table", "key": "content", "fields": {"id": {"type": "text"}}}
    )
    assert layer.key_fields == ()
    assert layer.hash == ""
