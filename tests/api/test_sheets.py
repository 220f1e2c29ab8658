"""Pages on paper: whatever is had as a PDF is tagged for screen readers, and says what the page says."""

import io
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pypdf
import pytest

from api import list_files
from gis_sites.matching.sentences import cautions
from tests.api.support import TestClient
from tests.api.test_list_files import ADDRESS
from tests.api.test_pages import WANTED, Read
from tests.api.test_parcel_page import squeezed, words_of


def asked(pages: TestClient, what: str, lang: str) -> bytes:
    """Return something as a PDF."""
    if what == "shortlist":
        return bytes(pages.post(f"/shortlists/pdf?lang={lang}", data={"requirement": WANTED, "top": "3"}).content)
    address = {"list": ADDRESS, "parcel": "/parcels/{}", "offer": "/offers/{}"}[what]
    kind = "offers" if what == "offer" else "parcels"
    first = pages.get(f"/?kind={kind}&format=points").json()["features"][0]["properties"]["site"]
    sign = "&" if "?" in address else "?"
    return bytes(pages.get(f"{address.format(first)}{sign}format=pdf&lang={lang}").content)


def roles(node: Any) -> Iterator[str]:
    """Yield the roles of a tree of tags."""
    node = node.get_object()
    if isinstance(node, pypdf.generic.ArrayObject):
        for one in node:
            yield from roles(one)
    elif isinstance(node, pypdf.generic.DictionaryObject):
        if "/S" in node:
            yield str(node["/S"])
        if "/K" in node:
            yield from roles(node["/K"])


@pytest.mark.parametrize(("what", "lang"), [("list", "pl"), ("list", "en"), ("parcel", "pl"), ("offer", "en"),
                                            ("shortlist", "pl")])  # fmt: skip
def test_a_pdf_is_tagged_titled_and_says_its_language(pages: TestClient, what: str, lang: str) -> None:
    sheet = pypdf.PdfReader(io.BytesIO(asked(pages, what, lang)))
    root: Any = sheet.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == lang
    assert b"pdfuaid" in root["/Metadata"].get_data()
    assert sheet.metadata is not None
    assert len(str(sheet.metadata.title)) > 10
    tags = list(roles(root["/StructTreeRoot"]))
    assert tags.count("/H1") == 1
    assert {"/H2", "/P", "/L", "/LI", "/Link"} <= set(tags)
    assert {"/Table", "/TR", "/TH", "/TD"} <= set(tags) or what == "shortlist"
    assert all(squeezed(one) in words_of(sheet) for one in cautions(lang))


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_the_list_as_pdf_says_what_the_screen_says(pages: TestClient, lang: str) -> None:
    page = Read(pages.get(f"{ADDRESS}&lang={lang}").text)
    every = pages.get(f"{ADDRESS}&format=points").json()["features"]
    words = words_of(pypdf.PdfReader(io.BytesIO(asked(pages, "list", lang))))
    places = [words.index(squeezed(one["properties"]["site"])) for one in every]
    assert places == sorted(places)
    assert len(places) > len(page.rows) > 20
    html = pages.get(f"{ADDRESS}&lang={lang}").text
    cells = [squeezed(one) for one in page_cells(html)]
    assert len(cells) > 4 * len(page.rows)
    assert [one for one in cells if one not in words] == []


def page_cells(html: str) -> Iterator[str]:
    """Yield what the list says: how many, what was chosen, what lies on the map, every cell."""
    wanted = (r'<h2 id="count">(.*?)</h2>', r'<td role="cell"[^>]*>(.*?)</td>', r'id="map-summary">(.*?)</p>',
              r'<li><a [^>]*#count" rel="nofollow"><span class="quiet">[^<]*</span>(.*?)<span aria')  # fmt: skip
    for pattern in wanted:
        found = re.findall(pattern, html)
        assert found, pattern
        yield from (unescape(one) for one in found)


def test_sheets_that_are_not_the_whole_list_say_so(pages: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(list_files.MOST, "pdf", 7)
    every = [one["properties"]["site"] for one in pages.get(f"{ADDRESS}&format=points").json()["features"]]
    words = words_of(pypdf.PdfReader(io.BytesIO(asked(pages, "list", "pl"))))
    assert squeezed(f"Plik zawiera pierwsze 7 z {len(every)} pozycji.") in words
    assert squeezed(every[6]) in words
    assert squeezed(every[7]) not in words


@pytest.mark.parametrize("wrong", ["/?q=nikt&format=pdf", "/?area_from=5&area_to=1&format=pdf"])
def test_nothing_is_no_sheet(pages: TestClient, wrong: str) -> None:
    assert pages.get(wrong).status_code == 404
