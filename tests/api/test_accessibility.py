"""The accessibility statement: in the form Polish law asks for, and nothing in it that nobody said."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest

from api.main import create_app
from gis_sites.settings import Settings
from tests.api.support import TestClient

ASKED_FOR = (
    "a11y-wstep", "a11y-podmiot", "a11y-zakres", "a11y-url", "a11y-data-publikacja", "a11y-data-aktualizacja",
    "a11y-status",
    "a11y-data-sporzadzenie", "a11y-data-przeglad", "a11y-kontakt", "a11y-osoba", "a11y-email", "a11y-telefon",
    "a11y-procedura", "a11y-aplikacje", "a11y-architektura", "a11y-komunikacja",
)  # fmt: skip
"""The identifiers of the technical conditions under art. 12 point 7 of the act of 4 April 2019, version 2.0."""
HEADINGS = [
    ("h1", "Deklaracja dostępności"), ("h2", "Stan dostępności cyfrowej"), ("h2", "Niedostępne treści"),
    ("h3", "Niezgodność z załącznikiem"), ("h3", "Treści nieobjęte przepisami"),
    ("h2", "Przygotowanie deklaracji dostępności"), ("h2", "Udogodnienia, ograniczenia i inne informacje"),
    ("h2", "Skróty klawiszowe"), ("h2", "Informacje zwrotne i dane kontaktowe"),
    ("h2", "Obsługa wniosków i skarg związanych z dostępnością"), ("h2", "Pozostałe informacje"),
    ("h3", "Aplikacje mobilne"), ("h3", "Dostępność architektoniczna"),
    ("h3", "Dostępność komunikacyjno-informacyjna"),
]  # fmt: skip
"""The parts of that version, in its order and its words."""
SAID = {
    "office": "Urząd Miasta Przykład",
    "contact_name": "Anna Przykładowa",
    "contact_email": "dostepnosc@example.org",
    "contact_phone": "+48 62 000 00 00",
    "published_on": date(2026, 11, 1),
    "updated_on": date(2026, 11, 20),
    "statement_on": date(2026, 11, 21),
    "reviewed_on": date(2026, 11, 22),
    "building_access": "Wejście bez progu od ulicy Przykładowej.",
    "communication_access": "Tłumacz polskiego języka migowego przez internet.",
    "public_url": "https://tereny.example.org",
}


class Marked(HTMLParser):
    """Every element with an identifier of the law: its attributes and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, tuple[dict[str, str | None], str]] = {}
        self._open: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        identity = told.get("id") or ""
        if identity.startswith("a11y-"):
            assert identity not in self.found, identity
            self.found[identity] = (told, "")
        if tag not in {"meta", "link", "br", "img", "input"}:
            self._open.append((tag, identity))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for _, identity in self._open:
            if identity in self.found:
                attrs, text = self.found[identity]
                self.found[identity] = (attrs, text + data)


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_the_statement_has_every_part_the_law_asks_for(client: TestClient, lang: str) -> None:
    answer = client.get(f"/accessibility?lang={lang}")
    assert answer.status_code == 200
    found = Marked(answer.text).found
    assert set(found) - {"a11y-deklaracja"} == set(ASKED_FOR)
    assert all(text.strip() for _, text in found.values())
    assert ("4 kwietnia 2019" if lang == "pl" else "4 April 2019") in found["a11y-wstep"][1]
    assert re.search("częściowo zgodna|partially compliant", found["a11y-status"][1])
    assert re.search(r"\b7\b.*\b2\b", found["a11y-procedura"][1], re.DOTALL)


def test_the_parts_stand_in_the_order_and_the_words_of_the_conditions(client: TestClient) -> None:
    text = client.get("/accessibility?lang=pl").text.partition("<article")[2].partition("</article>")[0]
    assert re.findall(r"<(h[1-6])[^>]*>(.*?)</h[1-6]>", text) == HEADINGS


@pytest.mark.parametrize(("lang", "open_point"), [("pl", "do uzupełnienia przez urząd"),
                                                  ("en", "to be filled in by the office")])  # fmt: skip
def test_what_nobody_said_is_marked_and_never_made_up(client: TestClient, lang: str, open_point: str) -> None:
    answer = client.get(f"/accessibility?lang={lang}")
    found = Marked(answer.text).found
    left = {"podmiot", "osoba", "email", "telefon", "architektura", "komunikacja"}
    left |= {f"data-{one}" for one in ("publikacja", "aktualizacja", "sporzadzenie", "przeglad")}
    assert {name for name in left if found[f"a11y-{name}"][1].strip() == open_point} == left
    assert answer.text.count(f"<mark>{open_point}</mark>") == len(left)
    assert not re.search(r"datetime=|mailto:|tel:", answer.text)


def test_what_the_office_said_stands_in_its_place(demo_city: Settings) -> None:
    with TestClient(create_app(demo_city.model_copy(update=SAID))) as client:
        text = client.get("/accessibility").text
    found = Marked(text).found
    assert "<mark>" not in text
    assert found["a11y-podmiot"][1] == SAID["office"]
    assert found["a11y-osoba"][1] == SAID["contact_name"]
    assert found["a11y-email"] == (
        {"id": "a11y-email", "href": f"mailto:{SAID['contact_email']}"},
        SAID["contact_email"],
    )
    assert found["a11y-telefon"][0]["href"] == "tel:+48620000000"
    assert found["a11y-kontakt"][1] == SAID["contact_name"]
    assert found["a11y-architektura"][1] == SAID["building_access"]
    assert found["a11y-komunikacja"][1] == SAID["communication_access"]
    assert found["a11y-url"][0]["href"] == "https://tereny.example.org/"
    days = {"publikacja": "published", "aktualizacja": "updated", "sporzadzenie": "statement", "przeglad": "reviewed"}
    for name, setting in days.items():
        assert found[f"a11y-data-{name}"][0]["datetime"] == str(SAID[f"{setting}_on"])
    assert found["a11y-data-sporzadzenie"][1] == "21 listopada 2026"


def test_every_page_leads_to_it(client: TestClient) -> None:
    for address in ("/", "/layers", "/shortlists", "/accessibility", "/parcels/none"):
        text = client.get(address, headers={"accept": "text/html"}).text
        assert re.search(r'<a href="/accessibility">\s*Deklaracja dostępności', text), address
        assert '<meta name="deklaracja-dostępności" content="http://testserver/accessibility">' in text
