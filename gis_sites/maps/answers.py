"""What the hand-out says beside the candidates: how sure the first places are, what concessions open, other methods."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from gis_sites.catalogue import Catalogue
from gis_sites.maps.cards import may_show, score_text
from gis_sites.maps.page import templates
from gis_sites.maps.words import both, numeral
from gis_sites.matching import answer_words as words
from gis_sites.matching.sentences import entry_title
from gis_sites.words import number, say

Json = Mapping[str, Any]
SHOWN = 20
"""Candidates a table lists."""


def answers(shortlist: Json, catalogue: Catalogue) -> Markup:
    """Return the answers a shortlist holds as HTML, in both languages; empty where it holds none.

    Whatever rests on an attribute that is not public is left out.
    """
    context = in_words(shortlist, catalogue)
    if not any(context.values()):
        return Markup()
    # Escaped by the template.
    return Markup(templates().get_template("answers.html").render(told=_told, **context))  # noqa: S704


def in_words(shortlist: Json, catalogue: Catalogue) -> dict[str, Any]:
    """Return the answers a shortlist holds as texts in both languages, by their key in it."""
    return {
        "comparisons": _comparisons(shortlist.get("comparisons"), catalogue),
        "robustness": _robustness(shortlist.get("robustness"), catalogue),
        "relaxations": _relaxations(shortlist.get("relaxations", ()), catalogue),
        "near_misses": _near_misses(shortlist.get("near_misses", ()), catalogue),
        "agreement": _agreement(shortlist.get("agreement")),
    }


def _told(key: str, **values: object) -> Markup:
    return both(lambda lang: say(f"answer.{key}", lang, **values))


def _lines(make: Callable[[str], list[str]]) -> list[Markup]:
    """Return sentences that are made for a language at a time, each in both."""
    every = {lang: make(lang) for lang in ("pl", "en")}
    return [both(lambda lang, at=at: every[lang][at]) for at in range(len(every["pl"]))]  # type: ignore[misc]


def _comparisons(told: Json | None, catalogue: Catalogue) -> list[Markup]:
    if told is None or not may_show(told, catalogue):
        return []
    return _lines(lambda lang: words.comparison_sentences(told, catalogue, lang))


def _robustness(told: Json | None, catalogue: Catalogue) -> Json | None:
    if told is None or not told["candidates"]:
        return None
    swap = told["swap"] and {
        **told["swap"],
        "wants": [one for one in told["swap"]["wants"] if may_show(one, catalogue)],
    }
    return {
        "among": told["among"],
        "rows": [
            (one["rank"], one["id"], [_chance(one["first"]), _chance(one["among_first"])])
            for one in told["candidates"][:SHOWN]
        ],
        "lines": [
            *_lines(lambda lang: words.about_robustness(told, lang)),
            *_lines(lambda lang: words.swaps(swap, catalogue, lang)),
        ],
    }


def _chance(told: Json) -> tuple[float, float, Markup]:
    """Return the sure and the open part of a bar, in percent, and the chance in words."""

    def write(lang: str) -> str:
        texts = {name: words.percent(told[name], lang) for name in ("chance", "low", "high")}
        return say("answer.chance", lang, bar="", **texts).strip()

    low, high = (round(told[name] * 100, 2) for name in ("low", "high"))
    return low, round(high - low, 2), both(write)


def _relaxations(told: list[Json], catalogue: Catalogue) -> list[tuple[Markup, Markup, list[Markup]]]:
    shown = [one for one in told if one["eligible"] + one["to_verify"] and _public(one["must"], one, catalogue)]
    return [
        (
            _title(one["must"], catalogue),
            numeral(one["eligible"] + one["to_verify"]),
            _lines(lambda lang, one=one: words.concessions(one, catalogue, lang)),  # type: ignore[misc]
        )
        for one in shown
    ]


def _near_misses(told: list[Json], catalogue: Catalogue) -> list[tuple[int, str, Markup, Markup, list[Markup]]]:
    return [
        (
            one["rank"],
            one["id"],
            score_text(one["floor"], one["ceiling"]),
            _title(one["fails"], catalogue),
            _lines(lambda lang, one=one: words.needs(one, catalogue, lang)),  # type: ignore[misc]
        )
        for one in told
        if _public(one["fails"], one, catalogue)
    ]


def _public(must: str, one: Json, catalogue: Catalogue) -> bool:
    return may_show({"attribute": must, "changes": one["changes"]}, catalogue)


def _title(name: str, catalogue: Catalogue) -> Markup:
    return both(lambda lang: entry_title(name, catalogue, lang))


def _agreement(told: Json | None) -> Json | None:
    if told is None or not told["methods"]:
        return None
    names = [one["method"] for one in told["methods"]]
    return {
        "methods": [both(lambda lang, name=name: words.method_name(name, lang)) for name in names],  # type: ignore[misc]
        "tau": [_correlation(one["kendall_tau"]) for one in told["methods"]],
        "rows": [
            (one["rank"], one["id"], [one["by_floor"], *(one["ranks"][name] for name in names)])
            for one in told["candidates"][:SHOWN]
        ],
        "about": both(lambda lang: words.about_agreement(told, lang)),
    }


def _correlation(value: float | None) -> Markup:
    return Markup("–") if value is None else both(lambda lang: number(value, lang, 2))
