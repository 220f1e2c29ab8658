"""A page as a PDF: the very page, set on sheets of paper by WeasyPrint, tagged for screen readers."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request

from api.errors import Busy
from api.texts import WEB
from gis_sites.assets import asset

VARIANT = "pdf/ua-1"
"""Tagged as ISO 14289-1 asks, so that it can be read aloud."""
FONTS = ("inter-latin-wght-normal.woff2", "inter-latin-ext-wght-normal.woff2")
STYLE = "/static/page.css"
"""The page's style sheet; the sheet's own stands in for it."""


def pdf(html: bytes, request: Request) -> bytes:
    """Set a page on sheets; links lead to where the page was asked for, and nothing but our own files is fetched.

    Raises:
        Busy: the libraries that set type are not on this machine.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except OSError as error:  # Pango is loaded when the module is
        raise Busy("page.pdf_missing", what="Pango") from error

    class Own(URLFetcher):  # type: ignore[misc]
        """Fetches the style sheet and the fonts from the disk, and knows no other address."""

        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:  # noqa: ANN401 - as theirs
            file = own_files().get(urlsplit(url).path)
            kind = "text/css" if url.endswith(".css") else "font/woff2"
            return URLFetcherResponse(url, file.read_bytes() if file else b"", {"content-type": kind})

    # It warns of what it cannot set, with the address that was asked for.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    sheet = HTML(string=html.decode(), base_url=str(request.base_url), url_fetcher=Own(), media_type="print")
    made: bytes = sheet.write_pdf(pdf_variant=VARIANT)
    return made


def own_files() -> dict[str, Path]:
    """Return the files a sheet is made of, by their path on the site."""
    fonts = {f"/static/inter/files/{name}": asset(f"inter/files/{name}") for name in FONTS}
    return {STYLE: WEB / "static" / "sheet.css", **fonts}
