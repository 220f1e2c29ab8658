"""Sites side by side, asked without JavaScript: what differs is marked in words, and the basket lives in the link."""

from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from api.texts import MOST_COMPARED, Speech, basket_of
from gis_sites.catalogue import load_catalogue
from gis_sites.matching.sentences import value_text
from gis_sites.store.snapshot import Snapshot
from gis_sites.words import sentences
from tests.api.support import TestClient
from tests.api.test_pages import Read, read


def basket(href: object) -> str:
    return parse_qs(urlsplit(str(href)).query).get("basket", [""])[0]


def test_a_basket_is_filled_and_emptied_by_links_alone(pages: TestClient) -> None:
    page = read(pages, "/")
    for count in range(1, MOST_COMPARED + 1):
        adding = [one for one in page.all("a") if one.get("class") == "basket-way"]
        page = read(pages, str(adding[0]["href"]))
        assert len(page.all("a", **{"class": "basket-way in"})) == count
        assert len(page.all("a", **{"class": "basket-out"})) == count
    assert not [one for one in page.all("a") if one.get("class") == "basket-way"]
    (opening,) = page.all("a", **{"class": "basket-open"})
    compared = read(pages, str(opening["href"]))
    assert len({str(one["href"]) for one in compared.all("a") if str(one["href"]).startswith("/parcels/")}) >= 4
    for count in range(MOST_COMPARED - 1, -1, -1):
        page = read(pages, str(page.all("a", **{"class": "basket-out"})[0]["href"]))
        assert len(page.all("a", **{"class": "basket-out"})) == count


def test_every_link_of_a_page_keeps_the_basket(pages: TestClient, parcels: Snapshot) -> None:
    two = f"{parcels.id(0)},{parcels.id(5)}"
    for address in ("/", "/?kind=offers", f"/parcels/{parcels.id(3)}", "/layers", "/shortlists", "/compare"):
        page = Read(pages.get(address, params={"basket": two}).text)
        own = [str(one["href"]) for one in page.all("a") if str(one.get("href")).startswith("/")]
        own = [one for one in own if not one.startswith(("/api/", "/ogc"))]
        kept = [one for one in own if "#" not in one and "format=" not in one]
        changing = {str(one["href"]) for one in page.all("a") if str(one.get("class")).startswith("basket-")}
        assert len(kept) > 4
        assert [one for one in kept if basket(one) != two and one not in changing] == []


def test_rows_that_differ_are_marked_in_words_and_counted(pages: TestClient, parcels: Snapshot) -> None:
    ids = [parcels.id(row) for row in (2, 40, 90)]
    page = read(pages, f"/compare?basket={','.join(ids)}&lang=en")
    documents = [pages.get(f"/api/v1/parcels/{one}").json() for one in ids]
    values = [{one["attribute"]: one for one in document["attributes"]} for document in documents]
    known = [name for name in values[0] if any(one[name]["state"] != "unknown" for one in values)]
    known = [name for name in known if name not in {"parcel.id", "parcel.number"}]
    attributes = load_catalogue().attributes
    apart = [name for name in known if len({value_text(one[name], attributes[name], "en") for one in values}) > 1]
    assert 0 < len(apart) < len(known)
    assert len(page.all("tr", **{"class": "differs"})) == len(apart)
    assert page.text.count("≠ differs") == len(apart)
    assert f"{len(apart)} of {len(known)}" in page.text
    assert len([one for one in page.all("td") if "data-label" in one]) == 3 * len(known)


def test_less_than_two_more_than_four_and_what_is_not_there(pages: TestClient, parcels: Snapshot) -> None:
    few = sentences("pl")["page.compare_few"]
    assert few in read(pages, "/compare").text
    assert few in read(pages, f"/compare?basket={parcels.id(0)}").text
    five = ",".join(parcels.id(row) for row in range(5))
    assert parcels.id(4) not in read(pages, f"/compare?basket={five}").text
    page = read(pages, f"/compare?basket={parcels.id(0)},nix<b>,{parcels.id(1)}")
    assert "Nie ma w zasobie: nix<b>" in page.text
    assert page.all("tr")


def test_offers_are_compared_beside_parcels(pages: TestClient, parcels: Snapshot) -> None:
    offer = pages.get("/api/v1/offers").json()["offers"][0]["id"]
    page = read(pages, f"/compare?basket={offer},{parcels.id(0)}")
    hrefs = {str(one["href"]).partition("?")[0] for one in page.all("a")}
    assert f"/offers/{offer}".replace(" ", "%20") in hrefs


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters=","), max_size=40), max_size=6))
def test_a_basket_comes_out_of_its_link_as_it_went_in(ids: list[str]) -> None:
    held = basket_of(",".join(ids))
    href = Speech("pl", chosen=False, basket=held).link("/")
    assert basket_of(basket(href)) == held
    assert len(held) <= MOST_COMPARED
    assert len(set(held)) == len(held)
