"""What a shortlist answers besides its candidates, for the terminal: compact tables and sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from gis_sites.catalogue import Catalogue
from gis_sites.matching import answer_words as words
from gis_sites.matching.phrases import ends_text
from gis_sites.matching.sentences import entry_title
from gis_sites.show import table
from gis_sites.words import say

Json = Mapping[str, Any]
BAR = 16
SHOWN = 10
"""Candidates a table of chances or of ranks lists; the JSON has more."""


def answers_shown(shortlist: Json, catalogue: Catalogue, lang: str) -> Iterator[Any]:
    """Yield a table, and what is to be said of it, for each answer the shortlist holds."""
    yield from words.comparison_sentences(shortlist.get("comparisons"), catalogue, lang)
    if opening := [one for one in shortlist.get("relaxations", ()) if one["eligible"] + one["to_verify"]]:
        yield _relaxations(opening, catalogue, lang)
    elif shortlist.get("relaxations") and not shortlist["candidates"]:
        yield say("answer.nothing_opens", lang)
    if missed := shortlist.get("near_misses"):
        yield _near_misses(missed, catalogue, lang)
    if (robust := shortlist.get("robustness")) and robust["candidates"]:
        yield _chances(robust, lang)
        yield from words.about_robustness(robust, lang)
        yield from words.swaps(robust["swap"], catalogue, lang)
    if (agreed := shortlist.get("agreement")) and agreed["methods"]:
        yield from _agreement(agreed, lang)
        yield words.about_agreement(agreed, lang)


def _relaxations(told: list[Json], catalogue: Catalogue, lang: str) -> Any:  # noqa: ANN401 - a rich table
    rows = (
        [entry_title(one["must"], catalogue, lang), one["eligible"] + one["to_verify"],
         "\n".join(words.concessions(one, catalogue, lang))]
        for one in told
    )  # fmt: skip
    columns = ("answer.column_must", "answer.column_dropped", "answer.column_changes")
    return table(columns, rows, lang, title=say("answer.relaxations", lang))


def _near_misses(told: list[Json], catalogue: Catalogue, lang: str) -> Any:  # noqa: ANN401 - a rich table
    rows = (
        [one["rank"], one["id"], ends_text(one, lang), entry_title(one["fails"], catalogue, lang),
         "\n".join(words.needs(one, catalogue, lang))]
        for one in told
    )  # fmt: skip
    columns = [f"answer.column_{name}" for name in ("rank", "id", "score", "fails", "needs")]
    return table(columns, rows, lang, title=say("answer.near_misses", lang))


def _chances(robustness: Json, lang: str) -> Any:  # noqa: ANN401 - a rich table
    rows = (
        [one["rank"], one["id"], chance(one["first"], lang), chance(one["among_first"], lang)]
        for one in robustness["candidates"][:SHOWN]
    )
    among = say("answer.column_among", lang, among=robustness["among"])
    made = table([f"answer.column_{name}" for name in ("rank", "id", "first", "first")], rows, lang)
    made.columns[-1].header = among
    made.title = say("answer.robustness", lang)
    return made


def chance(told: Json, lang: str) -> str:
    """Draw a chance as a bar, with its interval in another shade, and write it."""
    low, high = round(told["low"] * BAR), round(told["high"] * BAR)
    bar = "█" * low + "▒" * (high - low) + "░" * (BAR - high)
    texts = {name: words.percent(told[name], lang) for name in ("chance", "low", "high")}
    return say("answer.chance", lang, bar=bar, **texts)


def _agreement(agreement: Json, lang: str) -> Iterator[Any]:
    methods = [one["method"] for one in agreement["methods"]]
    rows = ([words.method_name(one["method"], lang), one["kendall_tau"], one["weighted_spearman"]]
            for one in agreement["methods"])  # fmt: skip
    columns = ("answer.column_method", "answer.column_tau", "answer.column_weighted")
    yield table(columns, rows, lang, title=say("answer.agreement", lang))
    ranks = (
        [one["rank"], one["id"], one["by_floor"], *(one["ranks"][name] for name in methods)]
        for one in agreement["candidates"][:SHOWN]
    )
    fixed = [f"answer.column_{name}" for name in ("rank", "id", "by_floor")]
    yield table([*fixed, *(f"answer.method_{name}" for name in methods)], ranks, lang)
