"""The form of a requirement: what it says, what its buttons do, its link and its file, and where its faults stand."""

import json
import re
from collections.abc import Mapping
from datetime import date
from html import unescape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.face import Face
from api.facets import Days, Span
from api.filters import Filters, facets_of
from api.need_edits import edited
from api.need_fields import plain, said
from api.need_form import Form
from api.need_link import LONGEST, packed, unpacked
from api.shortlist_page import beginnings, understood
from api.texts import Speech
from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.errors import RequirementError
from gis_sites.matching.check import check
from gis_sites.matching.reading import parse, template_text, templates, understand
from gis_sites.matching.requirement import Requirement
from gis_sites.matching.written import toml_text
from gis_sites.words import LANGUAGES
from tests.api.support import TestClient

LAYERS = load_catalogue().public()
TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=20).map(str.strip)
WORDS = TEXT.filter(bool) | st.fixed_dictionaries({"pl": TEXT.filter(bool), "en": TEXT.filter(bool)})
FINITE = st.floats(0, 1e7, allow_subnormal=False) | st.integers(0, 100_000).map(float)
REMARKS = {"note": WORDS, "source": TEXT, "confidence": st.sampled_from(["unverified", "sourced"]) | st.floats(0, 1)}


def amounts(unit: str | None) -> st.SearchStrategy[Any]:
    """Return numbers as they may be said of an attribute: plain, with its unit, with another."""
    if unit == "share":
        return st.floats(0, 1) | st.integers(0, 100).map(lambda n: f"{n} %") | st.just("12,5 %")
    said_in = {"m": ("m", "km"), "m2": ("m2", "ha")}.get(unit or "", ())
    texts = [st.integers(0, 10**6).map(lambda n, u=u: f"{n} {u}") for u in said_in]
    return st.one_of(
        FINITE, *texts, *([st.just(f"1 500 {said_in[0]}"), st.just(f"2,5{said_in[1]}")] if said_in else [])
    )


def optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={**keys, **REMARKS})


@st.composite
def musts(draw: st.DrawFn, name: str) -> dict[str, Any]:
    attribute = LAYERS.attributes[name]
    entry = draw(optional(unknown=st.just("failed")))
    match attribute.kind:
        case "number":
            key = draw(st.sampled_from(["min", "max"]))
            return {**entry, key: draw(amounts(attribute.unit))}
        case "date":
            return {**entry, "max": draw(st.dates()).isoformat()}
        case "flag":
            return {**entry, "is": draw(st.booleans())}
        case "code":
            codes = draw(st.lists(st.sampled_from(attribute.codes), min_size=1, max_size=4, unique=True))
        case _:
            codes = draw(st.lists(TEXT.filter(bool), min_size=1, max_size=3))
    return {**entry, draw(st.sampled_from(["any_of", "none_of"])): codes}


@st.composite
def wants(draw: st.DrawFn, name: str) -> dict[str, Any]:
    attribute = LAYERS.attributes[name]
    entry = draw(optional(weight=st.sampled_from([2.0, 0.5, 2.75, 37.0])))
    match attribute.kind:
        case "number":
            knots = sorted(draw(st.sets(st.floats(0, 1), min_size=2, max_size=4)))
            return {**entry, "at": knots, "worth": [draw(st.floats(0, 1)) for _ in knots]}
        case "date":
            return {**entry, "at": ["2027-01-01", "2029-01-01"], "worth": [1, 0]}
        case "flag":
            return {**entry, "is": True}
        case "code":
            return {**entry, "worth": {code: draw(st.floats(0, 1)) for code in attribute.codes[:3]}}
    return {**entry, "any_of": draw(st.lists(TEXT.filter(bool), min_size=1, max_size=3))}


@st.composite
def requirements(draw: st.DrawFn) -> Requirement:
    """Make any requirement the catalogue allows."""
    names = st.lists(st.sampled_from(sorted(LAYERS.attributes)), max_size=4, unique=True)
    table: dict[str, Any] = {"format": 1, **draw(optional(title=WORDS, needed_from=st.dates().map(str)))}
    table["must"] = {name: draw(musts(name)) for name in draw(names)}
    table["want"] = {name: draw(wants(name)) for name in draw(names)}
    table["either"] = [
        {**draw(optional()), "any": [{name: draw(musts(name))} for name in one]}
        for one in draw(st.lists(names, max_size=2))
        if one
    ]
    if draw(st.booleans()):
        hall = {"length_m": draw(st.sampled_from([60, 60.5, "120 m"])), "width_m": 30}
        table["must"]["footprint"] = {**hall, **draw(optional(count=st.integers(1, 20), unknown=st.just("failed")))}
    scope = draw(st.lists(st.sampled_from(["parcels", "offers", "assemblies"]), min_size=1, unique=True))
    table["scope"] = scope
    if "assemblies" in scope:
        table["assembly"] = draw(optional(max_parcels=st.integers(2, 8), across_roads=st.just(True)))
    table["ask"] = [
        {"text": draw(WORDS), "of": draw(st.sampled_from(["operator", "gmina"]))}
        for _ in range(draw(st.integers(0, 3)))
    ]
    try:
        return understand(table)
    except RequirementError:
        return understand({"format": 1})  # what a requirement itself refuses is not the form's to carry


def wire(form: Form) -> dict[str, str]:
    """Return the fields a browser sends of a form; empty boxes are not sent."""
    return {f"{row.key}|{key}": text for row in form.rows
            for key, text in {**row.fields, "was": json.dumps(row.was)}.items()}  # fmt: skip


def again(fields: Mapping[str, str], lang: str) -> Requirement:
    return understand(Form.sent(fields, LAYERS).table(LAYERS, lang))


ANY = settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))


@ANY
@given(requirements(), st.sampled_from(LANGUAGES), st.sampled_from(LANGUAGES))
def test_a_requirement_goes_through_form_link_and_file_unchanged(made: Requirement, lang: str, other: str) -> None:
    form = Form.of(made, LAYERS, lang)
    assert again(wire(form), lang) == made
    assert Form.sent(wire(form), LAYERS) == form
    assert understand(parse(toml_text(made))) == made
    letters = packed(made)
    assert letters is not None
    assert unpacked(letters) == made
    assert re.fullmatch(r"[\w-]+", letters, re.ASCII)
    if not any(isinstance(value, dict) for row in form.rows for value in row.was.values()):
        assert again(wire(form), other) == made


@ANY
@given(requirements(), st.sampled_from(LANGUAGES))
def test_fields_alone_say_the_same_numbers(made: Requirement, lang: str) -> None:
    """What a person types anew, with nothing remembered beside it, is what stands there: form, requirement, form."""
    typed = {key: text for key, text in wire(Form.of(made, LAYERS, lang)).items() if not key.endswith("|was")}
    try:
        read = again(typed, lang)
    except RequirementError:
        return  # a layer's own scale, or a title of spaces: nothing was typed there
    form = Form.of(read, LAYERS, lang)
    assert again(wire(form), lang) == read
    assert list(read.must) == list(made.must)
    for name, one in made.must.items():
        told = read.must[name].said
        if LAYERS.attributes[name].codes:  # boxes stand in the catalogue's order
            assert {key: set(codes) for key, codes in told.items()} == {k: set(v) for k, v in one.said.items()}
        else:
            assert told == one.said


@pytest.mark.parametrize("name", templates())
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_template_goes_through_the_form_and_its_link_is_short(name: str, lang: str) -> None:
    made = understand(parse(template_text(name)))
    assert again(wire(Form.of(made, LAYERS, lang)), lang) == made
    assert len(packed(made) or "") in range(100, 2500)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_they_were_written(value: float) -> None:
    for lang in LANGUAGES:
        assert said(plain(value, lang)) == value


def test_a_bound_that_is_changed_is_the_askers_own() -> None:
    made = understand(parse(template_text("logistics")))
    fields = wire(Form.of(made, LAYERS, "pl"))
    first = next(name for name, one in made.must.items() if one.confidence and one.max is not None)
    mine = again({**fields, f"must|{first}|max": "7"}, "pl").must[first]
    assert (mine.confidence, mine.source, mine.note) == (None, None, None)
    heavier = next(iter(made.want))
    weighed = again({**fields, f"want|{heavier}|weight": "7,5"}, "pl").want[heavier]
    assert weighed == made.want[heavier].model_copy(update={"weight": 7.5})


def test_buttons_add_turn_and_remove_rows() -> None:
    form = Form.of(understand(parse(template_text("logistics"))), LAYERS, "pl")
    form, key = edited(form, "add_want", {"add": "heat.distance_m"}, LAYERS, "pl")
    assert key == "want|heat.distance_m"
    form, key = edited(form, "must:want|heat.distance_m", {}, LAYERS, "pl")
    made = understand(form.table(LAYERS, "pl"))
    assert "heat.distance_m" not in made.want
    assert str(check(made, LAYERS).must["heat.distance_m"].max) == "1000 m" or made.must["heat.distance_m"].max
    form, key = edited(form, "want:must|heat.distance_m", {}, LAYERS, "pl")
    assert understand(form.table(LAYERS, "pl")).want["heat.distance_m"].worth == (1.0, 0.0)
    form, _ = edited(form, "remove:want|heat.distance_m", {}, LAYERS, "pl")
    assert "heat.distance_m" not in understand(form.table(LAYERS, "pl")).want
    gone = next(row for row in form.rows if row.part == "either.0.0")
    form, _ = edited(form, f"remove:{gone.key}", {}, LAYERS, "pl")
    assert len(understand(form.table(LAYERS, "pl")).either[0].any) == 1
    assert edited(form, "remove:head|", {}, LAYERS, "pl") == (form, "")


@pytest.mark.parametrize("name", sorted(LAYERS.attributes))
def test_any_attribute_can_be_added_and_filled_in(name: str) -> None:
    """A want that was added is whole where its layer has a scale or its numbers allow one."""
    form, _ = edited(Form(()), "add_want", {"add": name}, LAYERS, "en")
    if LAYERS.attributes[name].kind in {"number", "flag"} or LAYERS.attributes[name].spec.scale:
        check(understand(form.table(LAYERS, "en")), LAYERS)
    turned, key = edited(form, f"must:want|{name}", {}, LAYERS, "en")
    assert [row.key for row in turned.rows] == [key]


@pytest.mark.parametrize("letters", ["", "1", "2abc", "1!!!", "1" + "A" * LONGEST, "1AAAA", "żółw"])
def test_a_link_that_was_cut_is_refused_in_words(client: TestClient, letters: str) -> None:
    answer = client.get("/shortlists/answer", params={"need": letters}, headers={"accept": "text/html"})
    assert answer.status_code == 422
    assert "ucięty albo zmieniony" in answer.text


def test_a_bomb_in_a_link_is_not_unpacked() -> None:
    import base64
    import zlib

    bomb = zlib.compress(b"{" + b" " * 3_000_000, 9, wbits=-15)
    with pytest.raises(RequirementError):
        unpacked("1" + base64.urlsafe_b64encode(bomb).decode().rstrip("="))


# ---- over HTTP -----------------------------------------------------------------------------------------


def fields_of(html: str) -> dict[str, str]:
    """Return what a browser without JavaScript would send of the form, read from its HTML."""
    body = html[html.index('<form class="need"') : html.index("</form>", html.index('<form class="need"'))]
    found = {}
    for tag in re.findall(r"<input[^>]*>", body):
        attributes = {key: unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        if "name" in attributes and (attributes.get("type") != "checkbox" or " checked" in tag):
            found[attributes["name"]] = attributes.get("value", "")
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>\n(.*?)</textarea>', body, re.DOTALL):
        found[unescape(name)] = unescape(text)
    for name, inner in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', body, re.DOTALL):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', inner)
        first = re.search(r'<option value="([^"]*)"', inner)
        found[unescape(name)] = unescape(
            (chosen[2] if chosen[1] is None else chosen[1]) if chosen else first[1] if first else ""
        )
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", [*templates(), "own"])
def test_the_page_itself_sends_what_it_shows(client: TestClient, name: str, lang: str) -> None:
    fields = fields_of(client.get(f"/shortlists?template={name}&lang={lang}").text)
    sent = client.post(f"/shortlists/toml?lang={lang}", data=fields)
    assert sent.headers["content-type"].startswith("application/toml")
    if name != "own":
        assert understand(parse(sent.text)) == understand(parse(template_text(name)))
    else:
        assert understand(parse(sent.text)).want


def test_an_answer_has_an_address_that_says_it_again(client: TestClient) -> None:
    fields = fields_of(client.get("/shortlists?template=light_industry").text)
    sent = client.post("/shortlists", data={**fields, "top": "10"}, follow_redirects=False)
    assert sent.status_code == 303
    address = sent.headers["location"]
    assert address.startswith("/shortlists/answer?need=1")
    first, second = client.get(address).text, client.get(address).text
    stamp = re.compile(r'<p class="stamp">.*?</p>', re.DOTALL)
    assert stamp.sub("", first) == stamp.sub("", second)
    for key in ("near_misses", "relaxations", "robustness"):
        assert f'id="{key}"' in first or f'"{key}"' not in first
    assert 'id="relaxations"' in first or 'id="robustness"' in first
    notice = first.index('<ul class="notice">')
    assert notice < first.index('<ol class="cards">')
    change = re.search(r'<a class="first" href="([^"]+)"', first)
    assert change is not None
    back = client.get(unescape(change[1]))
    assert fields_of(back.text).items() >= {k: v for k, v in fields.items() if "|" in k}.items()


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("must|parcel.area_m2|max", "dużo", {"pl": "to nie liczba", "en": "is no number"}),
        ("must|parcel.area_m2|max", "1 km", {"pl": "nie da się przeliczyć na m2", "en": "cannot be turned into m2"}),
        ("must|parcel.area_m2|max", "1,234", {"pl": "odczytać na dwa sposoby", "en": "two ways"}),
        ("hall||length_m", "9999", {"pl": "leży poza przedziałem", "en": "outside"}),
        ("hall||width_m", "30", {"pl": "Podaj długość i szerokość", "en": "Give length and width"}),
    ],
)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_fault_stands_beside_its_field(
    client: TestClient, field: str, text: str, words: dict[str, str], lang: str
) -> None:
    fields = fields_of(client.get(f"/shortlists?template=light_industry&lang={lang}").text)
    answer = client.post(f"/shortlists?lang={lang}", data={**fields, field: text})
    assert answer.status_code == 422
    assert fields_of(answer.text)[field] == text
    faults = re.findall(r'<p class="fault" id="([^"]+)">([^<]*)</p>', answer.text)
    assert any(words[lang] in unescape(sentence) for _, sentence in faults), faults
    for id, _ in faults:
        assert f'aria-describedby="{id}"' in answer.text
    assert "must." not in "".join(sentence for _, sentence in faults)


def test_a_requirement_too_long_for_an_address_is_answered_and_says_so(client: TestClient) -> None:
    import random

    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9_000))
    text = toml_text(understand({"format": 1, "note": noise, "want": {"water.distance_m": {}}}))
    answer = client.post("/shortlists", data={"requirement": text}, follow_redirects=False)
    assert answer.status_code == 200
    assert "za długie na adres" in answer.text
    assert 'name="do" value="open"' in answer.text


def test_a_hall_on_too_many_sites_is_told_at_the_hall(client: TestClient) -> None:
    fields = fields_of(client.get("/shortlists?template=own").text)
    hall = {
        "hall||length_m": "20",
        "hall||width_m": "10",
        "must|parcel.area_m2|min": "1",
        "must|parcel.area_m2|unit": "",
    }
    answer = client.post("/shortlists", data={**fields, **hall})
    if answer.status_code == 200:
        assert "data-site" in answer.text
        return
    assert answer.status_code == 422
    assert "sprawdza się naraz najwyżej 200" in answer.text
    assert 'class="fault" id="row-' in answer.text


def test_hostile_fields_are_no_fault_of_ours(client: TestClient) -> None:
    deep = "[" * 5000
    was = ["{", "[]", "5", deep, '{"min": [1]}', '{"any_of": 5}', '{"at": {"a": 1}, "worth": {"x": 1}}', '{"title": 5}',
           '{"unknown": "failed", "max": 1e400}', '{"text": {"pl": "x", "en": "\\ud800"}, "of": "x"}']  # fmt: skip
    for one in was:
        for key in (
            "must|flood.share",
            "want|road.distance_m",
            "want|road.class",
            "head|",
            "hall|",
            "ask.0|",
            "assembly|",
        ):
            answer = client.post("/shortlists", data={f"{key}|was": one, f"{key}|max": "1", "do": "nothing:x"})
            assert answer.status_code == 200, (key, one)
    many = {f"ask.{n}||text": "x" for n in range(900)}
    assert client.post("/shortlists", data=many).status_code in {200, 422}
    private = client.post("/shortlists", data={"must|parcel.owner_class|code.state": "1", "do": "x"})
    assert "owner_class" not in private.text


def test_the_public_catalogue_alone_is_offered(client: TestClient) -> None:
    public: Catalogue = client.app.state.face.catalogue  # type: ignore[attr-defined]
    html = client.get("/shortlists?template=own").text
    offered = set(re.findall(r'<option value="([a-z_]+\.[a-z0-9_]+)">', html))
    assert offered == set(public.attributes)


def test_whatever_narrows_the_list_goes_on_as_a_requirement(client: TestClient) -> None:
    face: Face = client.app.state.face  # type: ignore[attr-defined]
    facets, day = facets_of(face.catalogue), date(2026, 11, 21)
    choices = {name: facets[name].options(day)[:2] for name in facets.offered}
    choices |= {"flood.share": [Span(high=0.0), Span(low=0.5)], "sez.valid_to": [Days.between(first=day)]}
    for name, offered in choices.items():
        for choice in offered:
            filters = Filters(chosen=((name, choice),))
            begun = understood(beginnings(filters, face, Speech("en", chosen=False)).encode())
            check(begun, face.catalogue)
            said, asked = begun.echo(), filters.requirement(face.catalogue).echo()
            assert {**said["must"], **asked.get("must", {})} == said["must"]
            assert said.get("either", []) == asked.get("either", [])
    page = client.get("/shortlists?v=2&flood.share=..0&gas.distance_m=..1000")
    assert page.status_code == 200
    assert fields_of(page.text)["must|gas.distance_m|max"]
