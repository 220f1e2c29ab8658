"""A parcel's page, furnished: the waterfall, plan shares, neighbours, who could say, JSON-LD; and the same as a PDF."""

import io
import json
import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser

import pypdf
import pytest

from api.face import Face
from gis_sites.inventory import Inventory
from gis_sites.profile import told
from gis_sites.store.features import sites
from gis_sites.store.snapshot import Snapshot
from tests.api.support import TestClient
from tests.api.test_pages import WANTED, Read, read


class Facts(HTMLParser):
    """What a page says in its main part, piece by piece, without what only a screen has a use for."""

    SCREEN_TAGS = frozenset({"nav", "summary", "button", "form", "script", "style"})
    SCREEN = frozenset({"forms-of", "layers", "basket-line", "basket-way", "locate", "quiet", "live"})
    VOID = frozenset({"br", "img", "input", "link", "meta", "hr", "path", "rect", "circle", "wbr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[bool] = []
        self._main = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._main |= tag == "main"
        classes = set(str(dict(attrs).get("class")).split())
        if tag not in self.VOID:
            self._open.append(tag in self.SCREEN_TAGS or bool(classes & self.SCREEN))

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._main = False
        if tag not in self.VOID and self._open:
            self._open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        return

    def handle_data(self, data: str) -> None:
        if self._main and not any(self._open) and data.strip():
            self.found.append(data)


def squeezed(text: str) -> str:
    """Leave out what a line break may change: spaces, and hyphens put at the end of a line."""
    return re.sub(r"[\s\u00ad\u200b]+", "", text)


def words_of(sheet: pypdf.PdfReader) -> str:
    """Return all that is said on the sheets, without their numbers."""
    pages = [squeezed(one.extract_text()) for one in sheet.pages]
    ends = [f"{number}/{len(pages)}" for number in range(1, len(pages) + 1)]
    return "".join(one.removesuffix(end).removeprefix(end) for one, end in zip(pages, ends, strict=True))


def missing(html: str, sheet: pypdf.PdfReader) -> list[str]:
    there = words_of(sheet)
    facts = [squeezed(one) for one in Facts(html).found]
    assert len(facts) > 40
    return [one for one in facts if one not in there]


def test_the_waterfall_says_what_the_explanation_says(pages: TestClient, parcels: Snapshot, city: Inventory) -> None:
    state = city.need_state()
    shown = 0
    for row in range(0, len(parcels), 60):
        identifier = parcels.id(row)
        page = read(pages, f"/parcels/{identifier}?lang=en")
        with city.store.begin() as conn:
            net = told.net_steps(conn, city.catalogue, state, identifier)
        assert len(page.all("svg", **{"class": "fall"})) >= 2
        for step in net["steps"]:
            if step["takes_m2"]["high"]:
                shown += 1
                assert step["title"]["en"][1:] in page.text
                assert f"{round(step['leaves_m2']['high']):,} m²" in page.text.replace("\xa0", " ")
    assert shown


def test_bars_are_parts_of_the_whole(pages: TestClient, parcels: Snapshot) -> None:
    page = read(pages, f"/parcels/{parcels.id(7)}")
    widths = [str(one["width"]) for one in page.all("rect") if str(one.get("width")).endswith("%")]
    assert len(widths) > 6
    assert all(0 <= float(one.removesuffix("%")) <= 100 for one in widths)


def test_neighbours_are_linked_and_link_back(pages: TestClient, parcels: Snapshot) -> None:
    identifier = parcels.id(11)
    html = pages.get(f"/parcels/{identifier}").text
    beside = re.findall(r'href="(/parcels/[^"?]+)"', html.partition('id="beside"')[2].partition("</section>")[0])
    assert beside
    for one in beside:
        assert f'href="/parcels/{identifier}"' in pages.get(one).text.partition('id="beside"')[2]


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_what_the_map_shows_is_told_in_words(pages: TestClient, parcels: Snapshot, city: Inventory, lang: str) -> None:
    state = city.need_state()
    seen: Counter[str] = Counter()
    near = {"pl": " W pobliżu: ", "en": " Nearby: "}[lang]
    for row in range(0, len(parcels), 100):
        identifier = parcels.id(row)
        html = pages.get(f"/parcels/{identifier}?lang={lang}").text
        (text,) = re.findall(r'<p class="map-summary" id="map-summary">(.*?)</p>', html)
        with city.store.begin() as conn:
            (west, south, east, north) = sites(conn, state, "parcels", [identifier]).geometry.iloc[0].bounds
        sizes = [f"{round(one)}\xa0m" for one in (east - west, north - south)]
        assert identifier in text
        assert [one for one in sizes if one not in text] == []
        # A plan's class that the page gives a share of lies within the outline.
        shares = html.partition('id="shares"')[2].partition("</section>")[0]
        plan = {"pl": "Miejscowy plan", "en": "Local plan"}[lang]
        within = text.partition({"pl": "W tych granicach", "en": "Within this outline"}[lang])[2].partition(near)[0]
        if shares and plan in shares:
            seen["plan"] += 1
            assert plan in within
        seen["near"] += near in text
    assert min(seen["plan"], seen["near"]) > 1


def test_what_is_unknown_stands_by_who_could_say(pages: TestClient, parcels: Snapshot) -> None:
    identifier = parcels.id(0)
    document = pages.get(f"/api/v1/parcels/{identifier}").json()
    unknown = {one["attribute"].split(".")[0] for one in document["attributes"] if one["state"] == "unknown"}
    assert "heat" in unknown
    html = pages.get(f"/parcels/{identifier}").text
    who = unescape(html.partition('id="who"')[2].partition("</section>")[0])
    assert "operator sieci ciepłowniczej" in who


def test_programs_read_a_place_and_no_offer(pages: TestClient, parcels: Snapshot) -> None:
    identifier = parcels.id(0)
    html = pages.get(f"/parcels/{identifier}?lang=en").text
    (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html, re.DOTALL)
    place = json.loads(text)
    assert (place["@context"], place["@type"], place["identifier"]) == ("https://schema.org", "Place", identifier)
    document = pages.get(f"/api/v1/parcels/{identifier}").json()
    known = {one["attribute"]: one for one in document["attributes"] if one["state"] in {"exact", "range"}}
    told_of = {one["propertyID"]: one for one in place["additionalProperty"]}
    assert told_of.keys() == known.keys()
    assert told_of["parcel.area_m2"]["value"] == known["parcel.area_m2"]["value"]
    assert told_of["parcel.area_m2"]["unitCode"] == "MTK"
    assert 51 < place["geo"]["latitude"] < 53
    assert "Offer" not in text.replace("not an offer", "")


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_a_parcel_as_pdf_says_what_the_screen_says(pages: TestClient, parcels: Snapshot, lang: str) -> None:
    address = f"/parcels/{parcels.id(7)}"
    answer = pages.get(address, params={"format": "pdf", "lang": lang})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    sheet = pypdf.PdfReader(io.BytesIO(answer.content))
    assert missing(pages.get(address, params={"lang": lang}).text, sheet) == []


def test_land_on_offer_is_had_as_pdf_too(pages: TestClient) -> None:
    offer = pages.get("/api/v1/offers").json()["offers"][0]["id"]
    address = f"/offers/{offer}"
    sheet = pypdf.PdfReader(io.BytesIO(pages.get(f"{address}?format=pdf").content))
    assert missing(pages.get(address).text, sheet) == []
    assert not Read(pages.get(address).text).all("svg", **{"class": "fall"})


def test_a_shortlist_as_pdf_says_what_the_screen_says(pages: TestClient) -> None:
    given = {"requirement": WANTED, "top": "10"}
    answer = pages.post("/shortlists/pdf", data=given)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    sheet = pypdf.PdfReader(io.BytesIO(answer.content))
    html = pages.post("/shortlists", data=given).text
    cards = html.partition('<ol class="cards"')[2].partition('class="chart"')[0]
    assert missing(f"<main><ol {cards}", sheet) == []
    assert pages.post("/shortlists/pdf", data={"requirement": "format = 2"}).status_code == 422


def test_a_form_that_a_parcel_has_not_is_refused(client: TestClient) -> None:
    address = f"/parcels/{client.get('/api/v1/offers').json()['offers'][0]['parcels'][0]}"
    wrong = client.get(f"{address}?format=csv&lang=en")
    assert (wrong.status_code, wrong.json()["type"]) == (404, "gis-sites:page.no_export")
    assert "html, json, geojson, pdf" in wrong.json()["detail"]
    assert [client.get(f"{address}?format={form}").status_code for form in ("", "html")] == [200, 200]
    assert client.get(f"{address}?format=geojson").headers["cache-control"] == "no-cache"


def test_the_zones_around_no_row_are_made_once_for_a_state(
    client: TestClient, city: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    face: Face = client.app.state.face  # type: ignore[attr-defined]
    state = city.need_state()
    made = face.net_nobody(state)
    assert face.net_nobody(state) is made
    identifier = city.views(state)[0].id(7)
    with city.store.begin() as conn:
        anew = told.net_steps(conn, city.catalogue, state, identifier)
        assert told.net_steps(conn, city.catalogue, state, identifier, nobody=made) == anew
    monkeypatch.setattr(told, "net_nobody", lambda *_: pytest.fail("made again"))
    assert client.get(f"/parcels/{identifier}").status_code == 200
