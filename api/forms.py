"""Forms as browsers send them, no longer than a requirement can be, without a file written anywhere."""

import re
from urllib.parse import parse_qsl

from fastapi import Request

from api.errors import TooLarge, UnknownType
from gis_sites.matching.limits import LARGEST

ROOM = 16 * 1024
"""What the other fields of a form and the parting lines may take."""
MOST_FIELDS = 2_000
"""What the form of a requirement of 64 criteria may take."""
NAME = re.compile(rb'^content-disposition:\s*form-data;[^\r\n]*?\bname="([^"\r\n]*)"', re.IGNORECASE | re.MULTILINE)
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"


async def form(request: Request) -> dict[str, bytes]:
    """Read the fields of a form; of several of one name the last counts.

    Raises:
        TooLarge: it is longer than a requirement can be.
        UnknownType: it is no form.
    """
    said = request.headers.get("content-type", "")
    kind = said.split(";")[0].strip().lower()
    if kind not in {URLENCODED, MULTIPART}:
        raise UnknownType("page.no_form", type=kind[:60])
    # Written as an address is, a character may take three bytes for one.
    most = (LARGEST * 3 if kind == URLENCODED else LARGEST * 2) + ROOM
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            raise TooLarge("http.too_large", size=len(content) // 1024, most=LARGEST // 1024)
    return _urlencoded(bytes(content)) if kind == URLENCODED else _multipart(said, bytes(content))


def _urlencoded(content: bytes) -> dict[str, bytes]:
    try:
        pairs = parse_qsl(
            content.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise UnknownType("page.no_form", type=URLENCODED) from None
    # Any byte is a sign of latin-1: what the bytes say is for the reader of the field to find out.
    return {name: value.encode("latin-1") for name, value in pairs}


def _multipart(said: str, content: bytes) -> dict[str, bytes]:
    boundary = re.search(r'boundary="?([\w\'()+,./:=? -]{1,70})"?', said, re.ASCII)
    if boundary is None:
        raise UnknownType("page.no_form", type=MULTIPART)
    # The first line of all is no boundary's end: it has none before it.
    pieces = (b"\r\n" + content).split(b"\r\n--" + boundary[1].encode())
    found: dict[str, bytes] = {}
    for piece in pieces[1 : MOST_FIELDS + 1]:
        head, parted, body = piece.partition(b"\r\n\r\n")
        name = NAME.search(head)
        if parted and name:
            found[name[1].decode("utf-8", "replace")] = body
    return found
