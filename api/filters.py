"""What a person may ask of the list: the whole of it stands in the address, and reads back from there as it was.

`v` tells the form of the address. Without it stood `precinct`, and still may: hectares from a form in `area_from` and
`area_to` are read beside what the address says of the area in square metres.
"""

import math
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from api.facets import Choice, Facets, Span, joined
from api.texts import basket_of
from gis_sites.catalogue import Catalogue
from gis_sites.kept import Kept
from gis_sites.matching.reading import understand
from gis_sites.matching.requirement import Requirement
from gis_sites.words import SPOKEN

VERSION = "2"
LONGEST, LONGEST_ID = 80, 200
AREA, PRECINCT, USE = "parcel.area_m2", "parcel.precinct", "use"
KINDS = ("parcels", "offers")
MOST_PAGES = 1_000_000
M2_IN_HA = 10_000
SEEN = {
    "view": re.compile(r"\d{1,2}(\.\d{1,2})?/-?\d{1,2}(\.\d{1,5})?/-?\d{1,3}(\.\d{1,5})?", re.ASCII),
    "layers": re.compile(r"-|[a-z0-9_]{1,40}(,[a-z0-9_]{1,40}){0,63}", re.ASCII),
    "without": re.compile(r"[a-z0-9_]{1,40}\.[a-z0-9_]{1,40}(,[a-z0-9_]{1,40}\.[a-z0-9_]{1,40}){0,255}", re.ASCII),
}
"""What the address says of the map: zoom, latitude, longitude; layers shown (`-`: none); classes switched off."""
MADE: Kept[int, tuple[Catalogue, Facets]] = Kept(16)
"""The facets of catalogues, by the catalogue's number in memory."""
OWN = frozenset({"v", "kind", "q", "doubtful", "sort", "page", "at", *SEEN, "basket", "lang", "format", "precinct",
                 "area_from", "area_to", "box"})  # fmt: skip
"""Parameters that are no facet."""


@dataclass(frozen=True)
class Filters:
    """The list's address, understood; what makes no sense is told by `odd`, and left out."""

    kind: str = "parcels"
    q: str = ""
    chosen: tuple[tuple[str, Choice], ...] = ()
    """Facet -> what was chosen of it, by name."""
    doubtful: bool = False
    """Whether those are shown too of which nobody knows."""
    sort: str = ""
    """An attribute, `-` before it: the greatest first. Else by identifier."""
    page: int = 1
    at: str = ""
    """A row to show, wherever in the list it stands."""
    view: str = ""
    layers: str = ""
    without_classes: str = ""
    basket: tuple[str, ...] = ()
    """Sites put aside to be compared."""
    lang: str = ""
    odd: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: QueryParams, catalogue: Catalogue) -> "Filters":
        """Read the parameters of an address."""
        odd: list[str] = []
        page, lang, sort = query.get("page", "1"), query.get("lang", "").lower(), query.get("sort", "")
        view, layers, without = (_seen(query, name) for name in SEEN)
        return cls(
            kind=query.get("kind", "") if query.get("kind") in KINDS else KINDS[0],
            q=" ".join(query.get("q", "")[:LONGEST].split()),
            chosen=_chosen(query, facets_of(catalogue), odd),
            doubtful=query.get("doubtful") == "1",
            sort=sort if sort.removeprefix("-") in catalogue.attributes else "",
            page=min(int(page), MOST_PAGES) if re.fullmatch(r"[1-9]\d{0,6}", page, re.ASCII) else 1,
            at=query.get("at", "")[:LONGEST_ID],
            view=view,
            layers=layers,
            without_classes=without,
            basket=basket_of(query.get("basket", "")),
            lang=lang if lang in SPOKEN else "",
            odd=tuple(odd),
        )

    @property
    def choices(self) -> dict[str, Choice]:
        """What was chosen of each facet."""
        return dict(self.chosen)

    @property
    def conditions(self) -> bool:
        """Whether the list is asked for by more than a name."""
        return bool(self.chosen)

    @property
    def narrow(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.chosen or self.q)

    def query(self, **other: object) -> dict[str, Any]:
        """Return the parameters that lead to the same list, some of them changed; to its first page if none is said."""
        same: dict[str, Any] = {
            "kind": "" if self.kind == KINDS[0] else self.kind,
            "q": self.q,
            **{name: choice if isinstance(choice, Span) else joined(choice) for name, choice in self.chosen},
            "doubtful": "1" if self.doubtful else "",
            "sort": self.sort,
            "view": self.view,
            "layers": self.layers,
            "without": self.without_classes,
            "basket": ",".join(self.basket),
            "lang": self.lang,
        }
        wanted = {name: str(value) for name, value in {**same, **other}.items() if value not in {None, "", False}}
        return {"v": VERSION, **wanted} if set(wanted) - {"lang", "page"} else wanted

    def address(self) -> str:
        """Return the address of all of it: page and row too."""
        page = "" if self.page == 1 else str(self.page)
        wanted = self.query(page=page, at=self.at)
        return f"/?{urlencode(wanted)}" if wanted else "/"

    def without(self, *names: str) -> "Filters":
        """Return the same without some of the facets (or the name)."""
        left = tuple(pair for pair in self.chosen if pair[0] not in names)
        return replace(self, chosen=left, q="" if "q" in names else self.q, page=1, at="")

    def plus(self, name: str, choice: Choice | None) -> "Filters":
        """Return the same with another choice of one facet; None: with none."""
        left = self.without(name)
        added = () if choice in (None, ()) else ((name, choice),)
        return replace(left, chosen=tuple(sorted((*left.chosen, *added))))

    def toggled(self, name: str, choice: Choice) -> "Filters":
        """Return the same with an option put on, or off where it is on; of ranges there is one, of codes many."""
        now = self.choices.get(name)
        if isinstance(choice, Span) or not isinstance(now, tuple):
            return self.plus(name, None if now == choice else choice)
        return self.plus(name, tuple(sorted(set(now) ^ set(choice))))

    def hectares(self) -> tuple[str, str]:
        """Return the ends of the area as people write them."""
        area = self.choices.get(AREA)
        if not isinstance(area, Span):
            return "", ""
        return _plain(area.low), _plain(area.high)

    def table(self, catalogue: Catalogue) -> dict[str, Any]:
        """Return the conditions as the table of a requirement."""
        made: dict[str, Any] = {"format": 1}
        for name, choice in self.chosen:
            said = facets_of(catalogue)[name].table(choice)
            if "must" in said:
                made.setdefault("must", {}).update(said["must"])
            made.setdefault("either", []).extend(said.get("either", []))
        return {key: value for key, value in made.items() if value}

    def requirement(self, catalogue: Catalogue) -> Requirement:
        """Return the conditions as a requirement.

        Raises:
            RequirementError: the bounds exclude each other.
        """
        return understand(self.table(catalogue))


def facets_of(catalogue: Catalogue) -> Facets:
    """Return the facets of a catalogue, made once."""
    # The catalogue is held, so that no other takes its number.
    return MADE.of(id(catalogue), lambda: (catalogue, Facets(catalogue)))[1]


def _chosen(query: QueryParams, facets: Facets, odd: list[str]) -> tuple[tuple[str, Choice], ...]:
    found: dict[str, Choice] = {}
    for name in query:
        if name in facets.every and name not in OWN:
            _read(facets, found, name, ",".join(one for one in query.getlist(name) if one), odd)
    if query.get("precinct") and PRECINCT in facets.every:
        found.setdefault(PRECINCT, (query["precinct"][:LONGEST],))
    ends = [_hectares(query.get(name, ""), odd) for name in ("area_from", "area_to")]
    if any(end is not None for end in ends) and AREA in facets.every:
        low, high = (math.inf if end is None else round(end * M2_IN_HA, 4) for end in ends)
        found[AREA] = Span(-low if math.isinf(low) else low, high)
    return tuple(sorted(found.items()))


def _seen(query: QueryParams, name: str) -> str:
    text = query.get(name, "")
    return text if SEEN[name].fullmatch(text) else ""


def _read(facets: Facets, found: dict[str, Choice], name: str, text: str, odd: list[str]) -> None:
    choice = facets[name].read(text) if text else None
    if choice is not None:
        found[name] = choice
    elif text:
        odd.append(text[:LONGEST])


def uses(catalogue: Catalogue, lang: str) -> list[tuple[str, str]]:
    """Return the uses a plan may allow: (class, title)."""
    facet = facets_of(catalogue).every.get(USE)
    return [(code, facet.say((code,), lang)) for code in facet.any] if facet else []


def _hectares(text: str, odd: list[str]) -> float | None:
    text = re.sub(r"\s", "", text)[:LONGEST]
    if not text:
        return None
    if not re.fullmatch(r"\d{1,9}([.,]\d{1,6})?", text, re.ASCII):
        odd.append(text)
        return None
    return float(text.replace(",", "."))


def _plain(square_metres: float) -> str:
    return "" if math.isinf(square_metres) else f"{square_metres / M2_IN_HA:.6f}".rstrip("0").rstrip(".")
