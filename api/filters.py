"""What a person may ask of the list: parameters of the address, conditions, the beginnings of a requirement."""

import re
from dataclasses import dataclass, replace
from typing import Any

from starlette.datastructures import QueryParams

from gis_sites.catalogue import Catalogue
from gis_sites.matching.reading import understand
from gis_sites.matching.requirement import Requirement

LONGEST = 80
AREA = "parcel.area_m2"
PLAN, GENERAL = "zoning", "general_plan"
ENOUGH = 0.9
"""The share of a parcel that a use must be allowed on."""
KINDS = ("parcels", "offers")
MOST_PAGES = 1_000_000


@dataclass(frozen=True)
class Filters:
    """The list's address, understood; what makes no sense is told by `odd`, and left out."""

    kind: str = "parcels"
    q: str = ""
    precinct: str = ""
    area_from: float | None = None
    area_to: float | None = None
    use: str = ""
    doubtful: bool = False
    """Whether those are shown too of which nobody knows."""
    page: int = 1
    at: str = ""
    """A row to show, wherever in the list it stands."""
    odd: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: QueryParams, catalogue: Catalogue) -> "Filters":
        """Read the parameters of an address."""
        odd: list[str] = []
        ends = {name: _hectares(query.get(name, ""), odd) for name in ("area_from", "area_to")}
        use = query.get("use", "")
        page = query.get("page", "1")
        return cls(
            kind=query.get("kind", "") if query.get("kind") in KINDS else KINDS[0],
            q=" ".join(query.get("q", "")[:LONGEST].split()),
            precinct=query.get("precinct", "")[:LONGEST],
            use=use if use in dict(uses(catalogue, "en")) else "",
            doubtful=query.get("doubtful") == "1",
            page=min(int(page), MOST_PAGES) if re.fullmatch(r"[1-9]\d{0,6}", page, re.ASCII) else 1,
            at=query.get("at", "")[:200],
            odd=tuple(odd),
            **ends,
        )

    @property
    def conditions(self) -> bool:
        """Whether the list is asked for by more than a name."""
        return self.area_from is not None or self.area_to is not None or bool(self.use)

    @property
    def narrow(self) -> bool:
        """Whether anything narrows the list."""
        return self.conditions or bool(self.q or self.precinct)

    def query(self, **other: object) -> dict[str, Any]:
        """Return the parameters that lead to the same list, some of them changed."""
        same: dict[str, Any] = {
            "kind": "" if self.kind == KINDS[0] else self.kind,
            "q": self.q,
            "precinct": self.precinct,
            "area_from": _plain(self.area_from),
            "area_to": _plain(self.area_to),
            "use": self.use,
            "doubtful": "1" if self.doubtful else "",
        }
        return {**same, **other}

    def without(self, *names: str) -> dict[str, Any]:
        """Return the parameters of the list without some conditions."""
        empty = Filters()
        return replace(self, **{name: getattr(empty, name) for name in names}).query()

    def table(self, catalogue: Catalogue) -> dict[str, Any]:
        """Return the conditions as the table of a requirement."""
        made: dict[str, Any] = {"format": 1}
        area = {"min": _m2(self.area_from), "max": _m2(self.area_to)}
        if area := {key: value for key, value in area.items() if value is not None}:
            made["must"] = {AREA: area}
        if self.use:
            allowed: list[dict[str, Any]] = [{f"{PLAN}.{self.use}_share": {"min": ENOUGH}}]
            general = {f"{PLAN}.plan_share": {"max": 0.0}, f"{GENERAL}.{self.use}_share": {"min": ENOUGH}}
            if set(general) <= set(catalogue.attributes):
                allowed.append(general)
            made["either"] = [{"any": allowed}]
        return made

    def requirement(self, catalogue: Catalogue) -> Requirement:
        """Return the conditions as a requirement.

        Raises:
            RequirementError: the bounds exclude each other.
        """
        return understand(self.table(catalogue))


def uses(catalogue: Catalogue, lang: str) -> list[tuple[str, str]]:
    """Return the uses a local plan may allow, as its legend names them: (class, title)."""
    layer = catalogue.layers.get(PLAN)
    if layer is None:
        return []
    named = [(one.when.get("symbol"), one.title.say(lang)) for one in layer.legend]
    return [(use, title) for use, title in named if isinstance(use, str) and f"{use}_share" in layer.attributes]


def _hectares(text: str, odd: list[str]) -> float | None:
    text = re.sub(r"\s", "", text)[:LONGEST]
    if not text:
        return None
    if not re.fullmatch(r"\d{1,9}([.,]\d{1,6})?", text, re.ASCII):
        odd.append(text)
        return None
    return float(text.replace(",", "."))


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _m2(hectares: float | None) -> float | None:
    return None if hectares is None else round(hectares * 10_000, 4)
