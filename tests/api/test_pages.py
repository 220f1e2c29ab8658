"""The pages, asked without JavaScript: what they say is what the API says, in the language asked for."""

import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
import sqlalchemy as sa

from api import need_pages
from api.main import create_app
from api.pages import router
from gis_sites.inventory import Inventory
from gis_sites.matching.reading import templates
from gis_sites.matching.sentences import cautions, value_text
from gis_sites.settings import Settings
from gis_sites.store.snapshot import Snapshot
from gis_sites.words import sentences
from tests.api.support import PAGE, TestClient

WANTED = """
format = 1
title = { pl = "Zakład obróbki metalu, ok. 3 ha", en = "Metal works, about 3 ha" }
note = "Odpowiedź do <końca> miesiąca"

[must]
"parcel.area_m2" = { min = 5000, note = { pl = "tolerancja nasza", en = "the tolerance is ours" } }
"heat.distance_m" = { max = 500 }
"flood.share" = { max = 0.5 }

[[either]]
any = [ { "zoning.production_share" = { min = 0.5 } }, { "zoning.plan_share" = { max = 1 } } ]

[want]
"sewer.distance_m" = { at = [0, 400], worth = [1, 0], weight = 2 }
"gas.distance_m" = { at = [0, 800], worth = [1, 0] }

[[ask]]
text = { pl = "1,5 MW mocy umownej", en = "1.5 MW of firm power" }
of = "operator"
"""
CONTACT = {"office": "Biuro Obsługi <Inwestora>", "contact_name": "Anna Przykładowa",
           "contact_email": "inwestor@example.org", "contact_phone": "+48 62 000 00 00"}  # fmt: skip


class Read(HTMLParser):
    """A page as elements with their attributes, and its text without scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self._open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in {"script", "style", "title"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open:
            self.said.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).replace("\xa0", " ").split())

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        return [given for name, given in self.elements if name == tag and wanted.items() <= given.items()]

    @property
    def rows(self) -> list[str]:
        return [str(given["data-site"]) for given in self.all("tr") if "data-site" in given]


@pytest.fixture(scope="module")
def pages(demo_city: Settings) -> Iterator[TestClient]:
    """The pages of an office that says who answers."""
    with TestClient(create_app(demo_city.model_copy(update=CONTACT)), headers=PAGE) as opened:
        yield opened


def read(pages: TestClient, address: str, status: int = 200) -> Read:
    answer = pages.get(address)
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Read(answer.text)


def with_slash(parcels: Snapshot) -> str:
    return next(one for one in parcels.ids.to_pylist() if "/" in one)


# ---- the list ------------------------------------------------------------------------------------------


def test_the_list_pages_through_every_parcel_once_in_order(pages: TestClient, parcels: Snapshot) -> None:
    seen: list[str] = []
    for number in range(1, -(-len(parcels) // 25) + 1):
        rows = read(pages, f"/?page={number}").rows
        assert len(rows) <= 25
        seen += rows
    assert seen == parcels.ids.to_pylist()
    assert read(pages, "/?page=9999").rows == seen[-(len(seen) % 25 or 25) :]
    for odd in ("0", "-1", "x", "1e3", "9" * 40, "²"):
        assert read(pages, f"/?page={odd}").rows == seen[:25]


def test_a_row_says_what_the_api_says(pages: TestClient, parcels: Snapshot) -> None:
    first = parcels.id(0)
    document = pages.get(f"/api/v1/parcels/{first}").json()
    values = {one["attribute"]: one for one in document["attributes"]}
    catalogue = pages.app.state.face.catalogue  # type: ignore[attr-defined]
    page = read(pages, "/?lang=en")
    for name in ("parcel.area_m2", "parcel.land_use", "flood.share", "zoning.main_symbol"):
        assert value_text(values[name], catalogue.attributes[name], "en").replace("\xa0", " ") in page.text, name
    assert page.all("a", href=f"/parcels/{first}?lang=en")


@pytest.mark.parametrize("cut", [None, 9, 14])
def test_an_identifier_and_its_beginning_are_found(pages: TestClient, parcels: Snapshot, cut: int | None) -> None:
    wanted = with_slash(parcels)[:cut]
    expected = [one for one in parcels.ids.to_pylist() if one.startswith(wanted)]
    page = read(pages, f"/?q={wanted}")
    assert page.rows == expected[:25]
    assert re.search(rf"Znaleziono: {len(expected)} z", page.text)


def test_a_number_is_found_in_every_precinct(pages: TestClient, parcels: Snapshot) -> None:
    number = with_slash(parcels).rpartition(".")[2]
    expected = [one for one in parcels.ids.to_pylist() if one.endswith(f".{number}")]
    assert read(pages, f"/?q=%20{number}%20").rows == expected[:25]
    precinct = expected[0].split(".")[1]
    narrowed = [one for one in expected if one.split(".")[1] == precinct]
    assert read(pages, f"/?q={number}&precinct={precinct}").rows == narrowed[:25]


def test_a_precinct_is_offered_with_its_count_and_found(pages: TestClient, parcels: Snapshot) -> None:
    precincts = [one.split(".")[1] for one in parcels.ids.to_pylist()]
    page = read(pages, "/")
    for one in set(precincts):
        assert f"{one} ({precincts.count(one)})" in page.text
        assert page.all("option", value=one)
    chosen = precincts[-1]
    assert len(read(pages, f"/?precinct={chosen}").rows) == min(precincts.count(chosen), 25)
    assert "Niczego nie znaleziono." in read(pages, "/?precinct=9999").text


def test_where_nothing_fits_each_condition_says_what_is_there_without_it(pages: TestClient) -> None:
    page = read(pages, "/?area_from=500&use=production&doubtful=1")
    way = r'<li><a href="([^"]+)" rel="nofollow">bez „([^”]+)”: ([\d\s\xa0]+)</a>'
    found_none = pages.get("/?area_from=500&use=production&doubtful=1").text
    ways = re.findall(way, html.unescape(found_none))
    assert [condition.replace("\xa0", " ") for _, condition, _ in ways] == ["Powierzchnia: co najmniej 500 ha"]
    for address, _, count in ways:
        found = re.search(r"Znaleziono: ([\d\s\xa0]+) z", read(pages, address).text)
        assert found is not None
        assert int(re.sub(r"\D", "", found[1])) == int(re.sub(r"\D", "", count)) > 0
    # The key of the map speaks of what is found.
    assert "na tej stronie listy" not in page.text
    assert "Wystarczy zdjąć" not in read(pages, "/?area_from=500").text


@pytest.mark.parametrize("q", ["nothing", "'; DROP TABLE", "%25", "\\", "x" * 300, "<script>alert(1)</script>", "ł"])
def test_a_search_that_finds_nothing_says_so(pages: TestClient, q: str) -> None:
    answer = pages.get("/", params={"q": q})
    assert answer.status_code == 200
    assert "Niczego nie znaleziono." in answer.text
    assert "<script>alert" not in answer.text


def test_conditions_are_musts_and_what_nobody_knows_is_told_apart(pages: TestClient) -> None:
    address = "/?area_from=0,5&area_to=10&use=production"
    either = [{"zoning.production_share": {"min": 0.9}},
              {"zoning.plan_share": {"max": 0}, "general_plan.production_share": {"min": 0.9}}]  # fmt: skip
    asked = {"format": 1, "must": {"parcel.area_m2": {"min": 5000, "max": 100000}}, "either": [{"any": either}]}
    answer = pages.post("/api/v1/shortlists?top=500", json=asked).json()
    by_tier: dict[str, set[str]] = {"eligible": set(), "to_verify": set()}
    for one in answer["candidates"]:
        by_tier[one["tier"]].add(one["id"])
    assert answer["counts"]["eligible"] + answer["counts"]["to_verify"] == len(answer["candidates"]) > 0
    page = read(pages, address)
    assert page.rows == sorted(by_tier["eligible"])[:25]
    assert f"Znaleziono: {len(by_tier['eligible'])} z" in page.text
    assert ("by to rozstrzygnąć" in page.text) == bool(by_tier["to_verify"])
    whole = read(pages, address + "&doubtful=1")
    assert whole.rows == sorted(by_tier["eligible"] | by_tier["to_verify"])[:25]
    (onward,) = [str(one["href"]) for one in page.all("a") if str(one.get("href")).startswith("/shortlists?")]
    assert '"zoning.production_share" = { min = 0.9 }' in read(pages, onward).text


def test_conditions_that_make_no_sense_are_told_and_the_list_stays(pages: TestClient) -> None:
    page = read(pages, "/?area_from=dużo")
    assert "„dużo” to nie liczba hektarów" in page.text
    assert len(page.rows) == 25
    assert "granice się wykluczają" in read(pages, "/?area_from=5&area_to=1").text
    assert len(read(pages, "/?use=alchemy&kind=castles").rows) == 25


def test_a_row_is_shown_wherever_it_stands(pages: TestClient, parcels: Snapshot) -> None:
    wanted = parcels.id(len(parcels) - 3)
    page = read(pages, f"/?at={wanted}")
    assert wanted in page.rows
    (chosen,) = page.all("tr", **{"aria-current": "true"})
    assert chosen["data-site"] == wanted
    assert len(read(pages, "/?at=unknown").rows) == 25


def test_land_on_offer_has_a_list_and_pages(pages: TestClient) -> None:
    offers = pages.get("/api/v1/offers").json()["offers"]
    page = read(pages, "/?kind=offers")
    assert page.rows == [one["id"] for one in offers]
    one = read(pages, f"/offers/{offers[0]['id']}")
    for parcel in offers[0]["parcels"]:
        assert one.all("a", href=f"/parcels/{parcel}")
    assert one.all("svg", **{"class": "sketch"})


# ---- a parcel's page -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_every_public_attribute_stands_on_the_page_with_its_source(
    pages: TestClient, parcels: Snapshot, lang: str
) -> None:
    identifier = with_slash(parcels)
    page = read(pages, f"/parcels/{identifier}?lang={lang}")
    document = pages.get(f"/api/v1/parcels/{identifier}").json()
    catalogue = pages.app.state.face.catalogue  # type: ignore[attr-defined]
    assert len(document["attributes"]) > 100
    states = set()
    for one in document["attributes"]:
        attribute = catalogue.attributes[one["attribute"]]
        own = attribute.title(lang).removeprefix(f"{attribute.layer.title.say(lang)}: ")
        value = value_text(one, attribute, lang)
        said = f"{own[:1].upper()}{own[1:]} {value}".replace("\xa0", " ")
        assert said in page.text, one
        states.add(one["state"])
        source = one["source"]
        if source.get("publisher"):
            assert source["publisher"] in page.text
    assert {"exact", "none", "unknown"} <= states
    for key in ("state_exact", "state_none", "reason_not_loaded"):
        assert sentences(lang)[f"page.{key}"] in page.text, key
    assert sentences(lang)["show.coverage_boundary"] in page.text
    assert "owner" not in page.text
    assert "własnoś" not in page.text


def test_a_range_is_said_as_one(pages: TestClient, parcels: Snapshot) -> None:
    found: tuple[str, dict[str, Any]] | None = None
    for identifier in parcels.ids.to_pylist()[::7]:
        values = pages.get(f"/api/v1/parcels/{identifier}").json()["attributes"]
        found = next(((identifier, one) for one in values if one["state"] == "range"), None)
        if found:
            break
    assert found is not None
    page = read(pages, f"/parcels/{found[0]}")
    assert page.all("tr", **{"class": "range"})
    assert sentences("pl")["page.state_range"] in page.text


def test_the_address_of_a_parcel_holds_its_slash_decoded_or_not(pages: TestClient, parcels: Snapshot) -> None:
    identifier = with_slash(parcels)
    plain = pages.get(f"/parcels/{identifier}")
    assert plain.text == pages.get(f"/parcels/{identifier.replace('/', '%2F')}").text
    assert Read(plain.text).all("link", rel="canonical", href=f"/parcels/{identifier}")


def test_other_forms_of_a_parcel(pages: TestClient, parcels: Snapshot) -> None:
    identifier = with_slash(parcels)
    assert pages.get(f"/parcels/{identifier}?format=json").json() == pages.get(f"/api/v1/parcels/{identifier}").json()
    feature = pages.get(f"/parcels/{identifier}?format=geojson")
    assert feature.headers["content-type"] == "application/geo+json"
    made = feature.json()
    assert (made["type"], made["id"], made["geometry"]["type"]) == ("Feature", identifier, "MultiPolygon")
    assert made["properties"]["attributes"]


def test_the_drawing_shows_the_parcel_in_its_surroundings(pages: TestClient, parcels: Snapshot) -> None:
    page = read(pages, f"/parcels/{with_slash(parcels)}")
    (sketch,) = page.all("svg", **{"class": "sketch"})
    assert (sketch["role"], sketch["viewbox"]) == ("img", "0 0 720 540")
    assert with_slash(parcels) in str(sketch["aria-label"])
    assert len([one for one in page.all("path") if str(one.get("d")).startswith("M")]) > 5


def test_a_parcel_that_is_no_more_names_and_links_its_successors(pages: TestClient, city: Inventory) -> None:
    with city.store.begin() as conn:
        old = conn.execute(sa.text("SELECT old_id FROM registry.lineage ORDER BY old_id LIMIT 1")).scalar_one()
    problem = pages.get(f"/api/v1/parcels/{old}").json()
    assert problem["status"] == 410
    page = read(pages, f"/parcels/{old}", 410)
    assert "Tej działki już nie ma" in page.text
    for heir in problem["successors"]:
        assert page.all("a", href=f"/parcels/{heir}")
    searched = read(pages, f"/?q={old}")
    for heir in problem["successors"]:
        assert searched.all("a", href=f"/parcels/{heir}")


# ---- shortlists ----------------------------------------------------------------------------------------


def test_the_form_offers_templates_and_every_name(pages: TestClient) -> None:
    page = read(pages, "/shortlists")
    names = [str(one["href"]) for one in page.all("a") if "template=" in str(one.get("href"))]
    assert len(names) == len(templates()) + 1  # and one without
    for address in names:
        assert "[must]" in read(pages, address).text
    catalogue = pages.app.state.face.catalogue  # type: ignore[attr-defined]
    assert all(name in page.text for name in catalogue.attributes)
    assert "parcel.owner_class" not in page.text


def test_a_requirement_is_answered_as_the_api_answers_it(pages: TestClient) -> None:
    shortlist = pages.post(
        "/api/v1/shortlists?top=10", content=WANTED.encode(), headers={"content-type": "application/toml"}
    ).json()
    answer = pages.post("/shortlists", data={"requirement": WANTED, "top": "10"})
    assert answer.headers["cache-control"] == "no-store"
    page = Read(answer.text)
    assert shortlist["candidates"]
    assert [one["data-site"] for one in page.all("li") if "data-site" in one] == [
        one["id"] for one in shortlist["candidates"]
    ]
    for one in shortlist["candidates"]:
        assert page.all("a", href=f"/parcels/{one['id']}")
    assert "<h1>Zakład obróbki metalu, ok. 3 ha</h1>" in answer.text
    assert "Odpowiedź do <końca> miesiąca" in page.text
    outside = re.sub(r"<textarea.*?</textarea>|<input[^>]*>", "", answer.text, flags=re.DOTALL)
    assert "tolerancja nasza" in outside
    assert "the tolerance is ours" not in outside
    assert "warstwa „Miejscowy plan zagospodarowania”" in page.text
    assert page.all("svg", **{"class": "sketch"})
    data = json.loads(re.findall(r'<script type="application/json" id="data">(.*?)</script>', answer.text)[0])
    assert [one["properties"]["rank"] for one in data["sites"]["features"]] == list(
        range(1, len(shortlist["candidates"]) + 1)
    )


def test_a_file_goes_before_the_text(pages: TestClient) -> None:
    upload = {"file": ("w.toml", WANTED.encode(), "application/toml")}
    page = Read(pages.post("/shortlists", data={"requirement": "nonsense"}, files=upload).text)
    assert "Zakład obróbki metalu" in page.text
    empty = {"file": ("", b"", "application/octet-stream")}
    assert "Zakład obróbki" in Read(pages.post("/shortlists", data={"requirement": WANTED}, files=empty).text).text
    as_json = {"file": ("w.json", json.dumps({"format": 1, "title": "Z pliku"}).encode(), "application/json")}
    assert "Z pliku" in Read(pages.post("/shortlists", files=as_json).text).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('format = 1\n[must]\n"flod.share" = { max = 0 }', "czy chodzi o „flood.share”?"),
        ("format = 1\n[must", "wiersz 2"),
        ("", "plik wymagań zaczyna się od format = 1"),
        ('format = 1\n[must]\n"parcel.owner_class" = { any_of = ["state"] }', "katalog nie zna cechy"),
        ("</textarea><script>alert(1)</script>", "niepoprawny TOML"),
        ("{", "niepoprawny JSON"),
    ],
)
def test_what_is_refused_stays_beside_the_sentence(pages: TestClient, text: str, said: str) -> None:
    answer = pages.post("/shortlists", data={"requirement": text})
    assert answer.status_code == 422
    page = Read(answer.text)
    assert said in page.text
    assert page.all("div", role="alert")
    assert page.all("textarea", **{"aria-invalid": "true"})
    assert text in "".join(page.said)
    assert "<script>alert" not in answer.text


def test_what_is_no_form_or_too_long_is_refused(pages: TestClient) -> None:
    assert pages.post("/shortlists", content=b"x", headers={"content-type": "text/plain"}).status_code == 415
    assert pages.post("/shortlists", content=b"", headers={"content-type": "multipart/form-data"}).status_code == 415
    many = "&".join(f"f{number}=1" for number in range(2_100))
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert pages.post("/shortlists", content=many, headers=form).status_code == 415
    assert pages.post("/shortlists", data={"requirement": "#" * 300_000}).status_code == 413
    assert pages.post("/shortlists", content=b"x" * 2_000_000, headers=form).status_code == 413
    torn = b'--b\r\nno head at all\r\n--b\r\ncontent-disposition: form-data; name="requirement"\r\n\r\n\xff\r\n--b--'
    told = pages.post("/shortlists", content=torn, headers={"content-type": "multipart/form-data; boundary=b"})
    assert told.status_code == 422
    assert "UTF-8" in told.text


FORMATS = {
    "map": ("text/html; charset=utf-8", b"<!DOCTYPE html>"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
    "csv": ("text/csv; charset=utf-8", "\ufeffrank,id".encode()),
    "gpkg": ("application/geopackage+sqlite3", b"SQLite format 3"),
    "geojson": ("application/geo+json", b"{"),
    "json": ("application/json", b"{"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_shortlist_can_be_taken_away_and_nothing_of_it_stays(
    pages: TestClient, city: Inventory, name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with city.store.begin() as conn:
        before = conn.execute(sa.text("SELECT count(*) FROM registry.shortlists")).scalar_one()
    answer = pages.post(f"/shortlists/{name}", data={"requirement": WANTED, "top": "10"})
    kind, begins = FORMATS[name]
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.content.startswith(begins)
    ending = "html" if name == "map" else name
    assert re.fullmatch(
        rf'attachment; filename="zaklad-obrobki-metalu-ok-3-ha-[0-9a-f]{{8}}\.{ending}"',
        answer.headers["content-disposition"],
    )
    assert list(tmp_path.iterdir()) == []
    with city.store.begin() as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM registry.shortlists")).scalar_one() == before
    if name == "xlsx":
        assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    if name in {"geojson", "csv"}:
        assert "309901_1" in answer.text
        assert "owner" not in answer.text


def test_a_file_of_what_is_refused_or_unknown_is_refused(pages: TestClient) -> None:
    assert pages.post("/shortlists/xlsx", data={"requirement": "format = 2"}).status_code == 422
    assert pages.post("/shortlists/docx", data={"requirement": WANTED}).status_code == 404


# ---- what holds for every page -------------------------------------------------------------------------


def addresses(parcels: Snapshot) -> list[str]:
    return ["/", "/?kind=offers", f"/parcels/{with_slash(parcels)}", "/layers", "/shortlists", "/parcels/none", "/nix"]


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_cautions_contact_and_language_stand_on_every_page(pages: TestClient, parcels: Snapshot, lang: str) -> None:
    answers = [pages.get(one, params={"lang": lang}) for one in addresses(parcels) if "?" not in one]
    answers.append(pages.post(f"/shortlists?lang={lang}", data={"requirement": WANTED}))
    for answer in answers:
        page = Read(answer.text)
        assert answer.headers["content-language"] == lang
        assert page.all("html", lang=lang), answer.url
        for caution in cautions(lang):
            assert caution in page.text, answer.url
        assert "Biuro Obsługi <Inwestora>" in page.text
        assert page.all("a", href="mailto:inwestor@example.org")
        assert page.all("a", href="tel:+48620000000")
        own = [str(one["href"]) for one in page.all("a") if str(one.get("href")).startswith("/")]
        kept = [href for href in own if not href.startswith("/api/") and "format=" not in href and "#" not in href]
        other = "en" if lang == "pl" else "pl"
        assert kept
        assert all(f"lang={lang}" in href or f"lang={other}" in href for href in kept), answer.url
        assert len([href for href in kept if f"lang={other}" in href]) == 1


def test_polish_is_spoken_unless_another_language_is_asked_for(pages: TestClient) -> None:
    assert read(pages, "/").all("html", lang="pl")
    english = pages.get("/", headers={"accept-language": "en-GB,en;q=0.9"})
    assert Read(english.text).all("html", lang="en")
    assert "lang=" not in "".join(str(one["href"]) for one in Read(english.text).all("a") if "/parcels/" in one["href"])  # type: ignore[operator]


def test_nothing_is_inline_and_no_other_host_is_asked(pages: TestClient, parcels: Snapshot) -> None:
    answers = [pages.get(one) for one in addresses(parcels)]
    answers.append(pages.post("/shortlists", data={"requirement": WANTED}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "worker-src 'self'" in policy
        assert "unsafe" not in policy
        for tag, given in Read(answer.text).elements:
            assert tag != "style"
            assert not [name for name in given if name == "style" or name.startswith("on")], (tag, given)
            if tag == "script":
                assert ("src" in given) != (given.get("type") in {"application/json", "application/ld+json"})
            for name in ("src", "href", "action", "formaction"):
                value = given.get(name) or "/"
                assert re.match(r"(/(?!/)|#|mailto:|tel:)", value), (tag, given)


def test_every_file_a_page_asks_for_is_there(pages: TestClient, parcels: Snapshot) -> None:
    wanted = {"/static/maplibre-gl/maplibre-gl-csp-worker.js", "/static/map.js", "/static/form.js"}
    for address in addresses(parcels):
        for _, given in Read(pages.get(address).text).elements:
            wanted |= {str(given[name]) for name in ("src", "href") if str(given.get(name)).startswith("/static/")}
    wanted |= {
        f"/static/{name}" for name in re.findall(r'url\("/static/([^"]+)"\)', pages.get("/static/page.css").text)
    }
    for one in wanted:
        answer = pages.get(one)
        assert answer.status_code == 200, one
        assert answer.headers["cache-control"] == "no-cache"
    assert len(wanted) > 10


def test_browsers_get_errors_as_pages_and_programs_as_documents(pages: TestClient) -> None:
    page = pages.get("/nix")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "pod adresem /nix nic nie ma" in page.text.lower()
    for accept in ("*/*", "application/json", "application/problem+json, text/html;q=0.5", "text/html;q=0, */*"):
        answer = pages.get("/nix", headers={"accept": accept})
        assert answer.headers["content-type"] == "application/problem+json", accept
    assert pages.get("/api/v1/parcels/none").headers["content-type"] == "application/problem+json"
    assert pages.delete("/").status_code == 405
    assert pages.head("/").content == b""


def test_an_empty_inventory_says_so(settings: Settings) -> None:
    with TestClient(create_app(settings), headers=PAGE) as empty:
        assert "Zasób jest pusty" in empty.get("/").text
        assert empty.get("/shortlists").status_code == 200
        assert empty.get("/layers").status_code == 200
        assert empty.post("/shortlists", data={"requirement": WANTED}).status_code == 404


def test_pages_stand_apart_from_the_described_api(pages: TestClient) -> None:
    paths = pages.get("/openapi.json").json()["paths"]
    assert all(path.startswith(("/api/v1/", "/tiles/")) for path in paths)
    routes = [*router.routes, *need_pages.router.routes]
    assert {route.path for route in routes} >= {"/", "/parcels/{id:path}", "/shortlists"}  # type: ignore[attr-defined]


def test_pages_use_the_words_of_the_house() -> None:
    said = " ".join(text for key, text in sentences("pl").items() if key.startswith("page.")).lower()
    assert not re.search(r"\bprofil|\buwag[aię]\b|\bofert[aęy]\b(?! w)", said)
