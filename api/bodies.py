"""A requirement as it is sent: JSON or TOML, no longer and no deeper than a requirement can be."""

from dataclasses import dataclass

from fastapi import Request

from api.errors import TooLarge, UnknownType
from gis_sites.errors import RequirementError
from gis_sites.matching.limits import LARGEST
from gis_sites.matching.reading import parse, understand
from gis_sites.matching.requirement import Requirement

TYPES = {"application/json": "JSON", "application/toml": "TOML", "text/toml": "TOML"}


@dataclass(frozen=True)
class Sent:
    """The bytes of a body, and what they are said to be."""

    kind: str
    content: bytes


async def sent(request: Request) -> Sent:
    """Read the body, no more of it than a requirement can be long.

    Raises:
        TooLarge: it is longer.
        UnknownType: it is neither JSON nor TOML.
    """
    said = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    coding = request.headers.get("content-encoding", "identity")
    if said not in TYPES or coding != "identity":
        raise UnknownType("http.no_type", type=(said if said not in TYPES else coding)[:60])
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LARGEST:
        raise TooLarge("http.too_large", size=int(length) // 1024, most=LARGEST // 1024)
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST:
            raise TooLarge("http.too_large", size=len(content) // 1024, most=LARGEST // 1024)
    return Sent(TYPES[said], bytes(content))


def requirement(body: Sent) -> Requirement:
    """Understand a body as a requirement.

    Raises:
        RequirementError: it cannot be understood; the sentence says where and why.
    """
    try:
        text = body.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequirementError(
            "http.not_utf8", place=error.start + 1, value=f"0x{error.object[error.start]:02x}"
        ) from None
    if body.kind == "JSON" and not text.lstrip().startswith("{"):
        raise RequirementError("http.no_object", value=text.strip()[:40])
    return understand(parse(text, name="POST"))
