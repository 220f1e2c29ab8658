"""Pages on paper: whatever is had as a PDF is tagged for screen readers, and says what the page says."""

import io
import re
from collections.abc import Callable, Iterator
from functools import cache
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

Sheets = Callable[[str, str], pypdf.PdfReader]
MOST = 40
"""Rows of the list on paper, here."""


@pytest.fixture(scope="module")
def sheets(pages: TestClient) -> Iterator[Sheets]:
    """What is had as a PDF, in a language; each is set once."""

    def first(kind: str) -> str:
        found = pages.get(f"/?kind={kind}&format=points").json()["features"]
        return str(found[0]["properties"]["site"])

    @cache
    def had(what: str, lang: str) -> pypdf.PdfReader:
        if what == "shortlist":
            answer = pages.post(f"/shortlists/pdf?lang={lang}", data={"requirement": WANTED, "top": "1"})
        else:
            address = f"{ADDRESS}&" if what == "list" else f"/{what}/{first(what)}?"
            answer = pages.get(f"{address}format=pdf&lang={lang}")
        assert answer.headers["content-type"] == "application/pdf", answer.text
        return pypdf.PdfReader(io.BytesIO(answer.content))

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(list_files.MOST, "pdf", MOST)
        yield had


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


@pytest.mark.parametrize(("what", "lang"), [("list", "pl"), ("list", "en"), ("parcels", "pl"), ("offers", "en"),
                                            ("shortlist", "pl")])  # fmt: skip
def test_a_pdf_is_tagged_titled_and_says_its_language(sheets: Sheets, what: str, lang: str) -> None:
    sheet = sheets(what, lang)
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
def test_the_list_as_pdf_says_what_the_screen_says(pages: TestClient, sheets: Sheets, lang: str) -> None:
    html = pages.get(f"{ADDRESS}&lang={lang}").text
    every = [one["properties"]["site"] for one in pages.get(f"{ADDRESS}&format=points").json()["features"]]
    assert len(every) > MOST
    words, at = words_of(sheets("list", lang)), 0
    for one in every[:MOST]:
        at = words.index(squeezed(one), at) + 1
    beyond = [one for one in every[MOST:] if not any(one in shown for shown in every[:MOST])]
    assert len(beyond) > 20
    assert [one for one in beyond if squeezed(one) in words] == []
    cut = {"pl": f"Plik zawiera pierwsze {MOST} z {len(every)} pozycji.",
           "en": f"The file holds the first {MOST} of {len(every)} rows."}  # fmt: skip
    assert squeezed(cut[lang]) in words
    cells = [squeezed(one) for one in page_cells(html)]
    assert len(cells) > 4 * len(Read(html).rows)
    assert [one for one in cells if one not in words] == []


def page_cells(html: str) -> Iterator[str]:
    """Yield what the list says: how many, what was chosen, what lies on the map, every cell."""
    wanted = (r'<h2 id="count">(.*?)</h2>', r'<td role="cell"[^>]*>(.*?)</td>', r'id="map-summary">(.*?)</p>',
              r'<li><a [^>]*#count" rel="nofollow"><span class="quiet">[^<]*</span>(.*?)<span aria')  # fmt: skip
    for pattern in wanted:
        found = re.findall(pattern, html)
        assert found, pattern
        yield from (unescape(one) for one in found)


@pytest.mark.parametrize("wrong", ["/?q=nikt&format=pdf", "/?area_from=5&area_to=1&format=pdf"])
def test_nothing_is_no_sheet(pages: TestClient, wrong: str) -> None:
    assert pages.get(wrong).status_code == 404
