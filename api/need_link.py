"""A requirement in an address: whole, compressed, no longer than mail and proxies carry."""

import base64
import binascii
import json
import re
import zlib

from gis_sites.errors import RequirementError
from gis_sites.matching.limits import LARGEST
from gis_sites.matching.reading import parse, understand
from gis_sites.matching.requirement import Requirement

LONGEST = 6000
"""Letters of a packed requirement: with the rest of the address it stays within the 8 kB that servers take."""
FORM = "1"
"""How it is packed: the first letter of every link; links of older forms are to be read for ever."""
_LETTERS = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def packed(requirement: Requirement) -> str | None:
    """Return a requirement as letters for an address; None if they would be too many.

    >>> unpacked(packed(understand({"format": 1, "title": "Hala"}))).title
    'Hala'
    """
    text = json.dumps(requirement.echo(), ensure_ascii=False, separators=(",", ":"))
    squeezed = zlib.compress(text.encode(), 9, wbits=-15)
    letters = FORM + base64.urlsafe_b64encode(squeezed).decode().rstrip("=")
    return letters if len(letters) <= LONGEST else None


def unpacked(letters: str) -> Requirement:
    """Return the requirement that an address holds.

    Raises:
        RequirementError: the address was cut or changed, or what it holds is no requirement.
    """
    if len(letters) > LONGEST or not _LETTERS.fullmatch(letters) or not letters.startswith(FORM):
        raise RequirementError("page.bad_link")
    body = letters[len(FORM) :]
    try:
        squeezed = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        reader = zlib.decompressobj(wbits=-15)
        content = reader.decompress(squeezed, LARGEST)
        text = content.decode()
    except (binascii.Error, zlib.error, UnicodeDecodeError):
        raise RequirementError("page.bad_link") from None
    if not reader.eof or not text.startswith("{"):
        raise RequirementError("page.bad_link")
    return understand(parse(text, name="link"))
