"""Pages in words: the language, the links that keep it, templates, and whether a client would rather have a page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from babel.dates import format_date
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.errors import language
from api.methods import weighed
from gis_sites.findings import mask
from gis_sites.maps.page import safe_json
from gis_sites.maps.words import in_language
from gis_sites.matching.sentences import cautions
from gis_sites.matching.shortlist import software
from gis_sites.settings import Settings
from gis_sites.store.states import State
from gis_sites.words import SPOKEN, capital, number, say

WEB = Path(__file__).parent / "web"
SAFE = "/~:@!$'()*,;=-._"
"""What stands in an address as it is; the slash of an identifier among them."""
MOST_COMPARED = 4
LONGEST_NAME = 100
MACHINES = ("/api/", "/tiles/", "/static/", "/ogc/", "/openapi.json")
"""Where programs ask: their errors are problem documents whatever they accept."""
PAIR = re.compile(r'<span lang="pl">(?P<pl>.*?)</span><span lang="en">(?P<en>.*?)</span>', re.DOTALL)
"""A text that stands in both languages."""
Asked = Sequence[tuple[str, str]]
"""The parameters of an address."""


@dataclass(frozen=True)
class Speech:
    """The language of one answer, and whether the address names it: then links go on naming it."""

    lang: str
    chosen: bool
    basket: tuple[str, ...] = ()
    """The sites put aside for comparing: they live in the address, and links go on naming them too."""

    @classmethod
    def of(cls, request: Request) -> "Speech":
        """Return the language a request asks for."""
        chosen = request.query_params.get("lang", "").lower() in SPOKEN
        return cls(language(request), chosen, basket_of(request.query_params.get("basket", "")))

    def say(self, name: str, /, **values: object) -> str:
        """Return the sentence `page.<name>`; whole numbers are written as people write them."""
        return say(f"page.{name}", self.lang, **{key: self._written(value) for key, value in values.items()})

    def _written(self, value: object) -> object:
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return number(float(value), self.lang) if plain else value  # type: ignore[arg-type]

    def count(self, value: int) -> str:
        """Write a whole number."""
        return number(value, self.lang, 0)

    def day(self, value: Any) -> str:  # noqa: ANN401 - a date or nothing
        """Write a day in full, a dash where there is none."""
        return str(format_date(value, format="long", locale=self.lang)) if value else "–"

    def link(self, path: str, /, **query: object) -> str:
        """Return an address of ours; what is empty is left out."""
        query = {"basket": ",".join(self.basket), **query}
        wanted = {key: str(value) for key, value in query.items() if value not in {None, "", False}}
        if self.chosen:
            wanted = {**wanted, "lang": self.lang}
        return quote(path, safe=SAFE) + (f"?{urlencode(wanted)}" if wanted else "")

    def put(self, identifier: str) -> str:
        """Return the basket with one site more."""
        return ",".join([*self.basket, identifier])

    def taken(self, identifier: str) -> str:
        """Return the basket without a site."""
        return ",".join(one for one in self.basket if one != identifier)


def basket_of(text: str) -> tuple[str, ...]:
    """Read the basket of an address: identifiers between commas, each once, no more than can stand side by side.

    >>> basket_of("306101_1.0001.12/3,,T/1,306101_1.0001.12/3")
    ('306101_1.0001.12/3', 'T/1')
    """
    named = dict.fromkeys(one.strip()[:LONGEST_NAME] for one in text.split(","))
    return tuple(one for one in named if one)[:MOST_COMPARED]


@cache
def templates() -> Environment:
    """Return the templates; whatever is put into them is escaped."""
    room = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    room.filters["json"] = safe_json
    room.filters["masked"] = lambda text: mask(str(text))
    return room


def page(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    state: State | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Render a page in the language of the request."""
    # A page that understands its address keeps what it understood, and nothing else that stood there.
    asked: Asked = context.get("asked", request.query_params.multi_items())
    html = templates().get_template(template).render(**_shared(request, asked, state), **context)
    every = {
        "content-language": language(request),
        "vary": "Accept, Accept-Language",
        "cache-control": "no-cache",
        **(headers or {}),
    }
    return HTMLResponse(html.encode("utf-8", "replace"), status, every)


def _shared(request: Request, asked: Asked, state: State | None) -> dict[str, Any]:
    """Return what every page is told."""
    speech = Speech.of(request)
    settings: Settings = request.app.state.settings
    return {
        "t": speech.say,
        "speech": speech,
        "lang": speech.lang,
        "link": speech.link,
        "state": state,
        "as_of": speech.day(state.as_of) if state else None,
        "office": settings.office,
        "contact": {"name": settings.contact_name, "email": settings.contact_email, "phone": settings.contact_phone},
        "cautions": cautions(speech.lang),
        "software": software(),
        "others": [_other(request, asked, one) for one in SPOKEN if one != speech.lang],
        "path": request.url.path,
        "outside": outside(request),
        "here": lambda **other: _here(request, asked, **other),
        "most_compared": MOST_COMPARED,
    }


def outside(request: Request) -> str:
    """Return the beginning of our addresses as they are seen from outside, without a slash."""
    told: str | None = request.app.state.settings.public_url
    return (told or str(request.base_url)).rstrip("/")


def _other(request: Request, asked: Asked, other: str) -> dict[str, str]:
    """Return the address of the same page in another language; a page that was posted begins anew."""
    return {"lang": other, "address": _here(request, asked, lang=other), "name": say("page.this_language", other)}


def _here(request: Request, asked: Asked, **other: str) -> str:
    """Return the address of the same page with some parameters changed, those that are empty left out."""
    kept = [(key, value) for key, value in asked if key not in other and value]
    wanted = [*kept, *((key, value) for key, value in other.items() if value)]
    return quote(request.url.path, safe=SAFE) + (f"?{urlencode(wanted)}" if wanted else "")


def prefers_page(request: Request) -> bool:
    """Tell whether a client would rather have HTML than a document: browsers say so, programs do not."""
    if request.url.path.startswith(MACHINES):
        return False
    weights = dict(weighed(request.headers.get("accept", "")))
    html, *others = (weights.get(kind, 0.0) for kind in ("text/html", "application/json", "application/problem+json"))
    return html > 0 and html >= max(others)


def error_page(request: Request, problem: Mapping[str, Any], headers: Mapping[str, str]) -> HTMLResponse:
    """Return a problem as a page: the same sentence, and links to what a parcel has become."""
    speech = Speech.of(request)
    status = int(problem["status"])
    heading = f"error_{status}" if status in {404, 410, 413, 422, 429, 503} else "error"
    heirs = [(one, speech.link(f"/parcels/{one}")) for one in problem.get("successors", ())]
    context = {"heading": speech.say(heading), "sentence": sentence(str(problem["detail"])), "heirs": heirs}
    return page(request, "error.html", context, status=status, headers=headers)


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop.

    >>> sentence("nie ma strony /x")
    'Nie ma strony /x.'
    """
    return stopped(capital(text))


def stopped(text: str) -> str:
    """End with a full stop, unless something else ends it."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def tongue(text: object, lang: str) -> str:
    """Return a person's own text in one language, secrets masked."""
    return mask(in_language(text, lang))


def only(text: Markup, lang: str) -> Markup:
    """Return of a text that stands in every language the one asked for.

    >>> only(Markup('<span lang="pl">tak</span><span lang="en">yes</span>'), "en")
    Markup('yes')
    """
    return Markup(PAIR.sub(lambda found: found[lang], text))  # noqa: S704 - it was escaped when it was made
