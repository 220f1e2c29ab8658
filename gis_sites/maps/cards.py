"""What the hand-out says of each candidate: conditions, points, questions and sources, in both languages."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from gis_sites.catalogue import Catalogue
from gis_sites.maps import scale
from gis_sites.maps.words import both, given, spoken
from gis_sites.matching import phrases, sentences
from gis_sites.matching.assembly_words import together_sentences
from gis_sites.matching.footprint_words import found_text, wanted_text
from gis_sites.matching.requirement import FOOTPRINT
from gis_sites.words import number, say

SIGNS = {"met": "✓", "failed": "✕", "unknown": "?"}
KINDS = ("parcel", "offer", "assembly")


@dataclass
class Sources:
    """The distinct sources of a page, each said once; and other words that come again on every card."""

    catalogue: Catalogue
    known: dict[str, int] = field(default_factory=dict)
    texts: list[Markup] = field(default_factory=list)
    said: dict[tuple[str, ...], Markup] = field(default_factory=dict)

    def number(self, source: Mapping[str, Any] | None) -> int | None:
        """Return the place of a source in the list, None when there is none."""
        if not source:
            return None
        key = repr(source)
        if key not in self.known:
            text = both(lambda lang: phrases.source_text(source, lang, self.catalogue))
            if text not in self.texts:
                self.texts.append(text)
            self.known[key] = self.texts.index(text)
        return self.known[key]

    def once(self, make: Callable[[str], str], *key: str) -> Markup:
        """Return a text that depends on its key alone."""
        if key not in self.said:
            self.said[key] = both(make)
        return self.said[key]


@dataclass(frozen=True)
class Reason:
    """One line of a card."""

    title: Markup
    value: Markup | None = None
    detail: Markup | None = None
    """What was required and the verdict, or the points."""
    source: int | None = None
    sign: str = ""
    verdict: str = ""
    bar: tuple[float, float, float] | None = None
    """Length of the track, of the sure and of the possible part, in percent."""
    remark: Markup | None = None
    options: tuple[tuple["Reason", ...], ...] = ()
    """Of a must with alternatives: the conditions of each."""


@dataclass(frozen=True)
class Card:
    """One candidate as the page shows it."""

    at: int
    rank: int
    id: str
    kind: Markup
    parcels: list[str]
    tier: str
    tier_word: Markup
    look: scale.Look
    score: Markup
    gap: Markup | None
    bar: tuple[float, float] | None
    musts: list[Reason]
    wants: list[Reason]
    asks: list[Reason]
    together: list[Markup]
    """Of an assembly: what joins its parcels and what that costs; no owners, they are not public."""
    hidden: int


def may_show(entry: object, catalogue: Catalogue) -> bool:
    """Return whether every attribute that a must or a want rests on may leave the house."""
    return all(
        (known := catalogue.attributes.get(name)) is not None and known.public
        for name in attribute_names(entry)
        if "." in name
    )


def attribute_names(node: object) -> Iterator[str]:
    """Return every attribute named anywhere in an entry, also within alternatives."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key == "attribute" and isinstance(value, str):
                yield value
            elif key not in {"source", "value", "required"}:
                yield from (name for name in [str(key)] if "." in name)
                yield from attribute_names(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from attribute_names(value)


def card(
    at: int, one: Mapping[str, Any], asks: list[Mapping[str, Any]], catalogue: Catalogue, sources: Sources
) -> Card:
    """Put one candidate into words."""
    musts = [must for must in one.get("musts", []) if may_show(must, catalogue)]
    wants = [want for want in one.get("wants", []) if may_show(want, catalogue)]
    most = max((float(want.get("of") or 0) for want in wants), default=0.0)
    floor, ceiling = one.get("floor"), one.get("ceiling")
    parcels = [str(parcel) for parcel in one.get("parcels") or []]
    kind = str(one.get("kind", "parcel"))
    return Card(
        at=at,
        rank=int(one["rank"]),
        id=str(one["id"]),
        kind=spoken(f"kind_{kind if kind in KINDS else 'parcel'}"),
        parcels=[] if parcels == [one["id"]] else parcels,
        tier="eligible" if one.get("tier") == "eligible" else "to_verify",
        tier_word=both(lambda lang: sentences.tier_word(one["tier"], lang)),
        look=scale.look(floor, ceiling),
        score=score_text(floor, ceiling),
        gap=gap_text(floor, ceiling),
        bar=None if floor is None else (_clamp(floor), _clamp((ceiling or floor) - floor)),
        musts=[_must(must, catalogue, sources) for must in musts],
        wants=[_want(want, most, catalogue, sources) for want in wants],
        asks=[_ask(ask) for ask in one.get("asks", asks)],
        together=_together(one, catalogue),
        hidden=len(one.get("musts", [])) + len(one.get("wants", [])) - len(musts) - len(wants),
    )


def _together(one: Mapping[str, Any], catalogue: Catalogue) -> list[Markup]:
    if "joined" not in one:
        return []
    shown = {**one, "measured": [name for name in one["measured"] if may_show({name: None}, catalogue)]}
    polish, english = (list(together_sentences(shown, catalogue, lang)) for lang in ("pl", "en"))
    return [given({"pl": mine, "en": other}) for mine, other in zip(polish, english, strict=True)]


def score_text(floor: float | None, ceiling: float | None) -> Markup:
    """Say a score as `71.2–80.4`, or as one number where its ends would print the same."""
    if floor is None or ceiling is None:
        return spoken("no_score")
    if scale.line(floor, ceiling) == "solid":
        return both(lambda lang: number(floor, lang, 1))
    return both(lambda lang: f"{number(floor, lang, 1)}–{number(ceiling, lang, 1)}")


def gap_text(floor: float | None, ceiling: float | None) -> Markup | None:
    """Say in words how far the score may rise; None where it is certain."""
    if floor is None or ceiling is None:
        return None
    if scale.line(floor, ceiling) == "solid":
        return spoken("score_certain")
    ends = {"floor": floor, "ceiling": ceiling, "gap": ceiling - floor}
    return both(lambda lang: say("map.score_gap", lang, **{end: number(at, lang, 1) for end, at in ends.items()}))


def _must(must: Mapping[str, Any], catalogue: Catalogue, sources: Sources) -> Reason:
    verdict = str(must.get("verdict"))
    options = tuple(
        tuple(_must(inner, catalogue, sources) for inner in option["musts"]) for option in must.get("any", ())
    )
    return Reason(
        **_known(must, catalogue, sources),
        detail=sources.once(
            lambda lang: _asked(must, catalogue, lang),
            must["attribute"],
            verdict,
            repr(must.get("required")),
            repr(must.get(FOOTPRINT, {}).get("why")),
            repr(must.get(FOOTPRINT, {}).get("limits")),
        ),
        sign=SIGNS.get(verdict, "?"),
        verdict=verdict if verdict in SIGNS else "unknown",
        options=options,
    )


def _want(want: Mapping[str, Any], most: float, catalogue: Catalogue, sources: Sources) -> Reason:
    points, gap, of = (float(want.get(name) or 0) for name in ("points", "gap", "of"))
    share = 100 / most if most else 0.0
    return Reason(
        **_known(want, catalogue, sources),
        detail=both(lambda lang: points_text(points, gap, of, lang)),
        bar=(_clamp(of * share), _clamp(points * share), _clamp(gap * share)),
    )


def _known(entry: Mapping[str, Any], catalogue: Catalogue, sources: Sources) -> dict[str, Any]:
    """Say what a must and a want have in common: the attribute, its value, where it is from, remarks."""
    name = entry["attribute"]
    attribute = catalogue.attributes.get(name)
    return {
        "title": sources.once(lambda lang: criterion_title(name, catalogue, lang), name),
        "value": both(lambda lang: phrases.value_text(entry, attribute, lang)) if attribute else None,
        "source": sources.number(entry.get("source")),
        "remark": _remark(entry),
    }


def _asked(must: Mapping[str, Any], catalogue: Catalogue, lang: str) -> str:
    """Say what is required and whether it is met."""
    verdict = say(f"match.verdict_{must['verdict']}", lang)
    if must["attribute"] == FOOTPRINT:
        wanted, found = wanted_text(must["required"], lang), found_text(must, catalogue, lang)
        return say("map.asked", lang, required=wanted, verdict=f"{found} – {verdict}")
    attribute = catalogue.attributes.get(must["attribute"])
    if attribute is None or not must.get("required"):
        return verdict
    return say("map.asked", lang, required=phrases.required_text(must["required"], attribute, lang), verdict=verdict)


def criterion_title(name: str, catalogue: Catalogue, lang: str) -> str:
    """Return how people call a criterion; a name nobody knows is its own title."""
    known = name in catalogue.attributes or name.startswith(sentences.EITHER) or name == FOOTPRINT
    return sentences.entry_title(name, catalogue, lang) if known else name


def _remark(entry: Mapping[str, Any]) -> Markup | None:
    """Return what the investor or the officer noted beside a condition."""
    if not entry.get("remarks"):
        return None
    return both(lambda lang: " · ".join(phrases.remarks(entry, lang)))


def points_text(points: float, gap: float, of: float, lang: str) -> str:
    """Say `40.0–44.4 of 50`."""
    low, high = (number(value, lang, 1) for value in (points, points + gap))
    reached = low if low == high else f"{low}–{high}"
    return say("map.points", lang, reached=reached, of=number(of, lang, 1))


def _ask(ask: Mapping[str, Any]) -> Reason:
    who = both(lambda lang: say("map.ask_of", lang, of=phrases.addressee(str(ask.get("of") or "–"), lang)))
    return Reason(given(ask.get("text", "")) + phrases.mark(ask), detail=who, sign=SIGNS["unknown"], verdict="unknown")


def _clamp(percent: float) -> float:
    return round(min(max(percent, 0.0), 100.0), 2)
