"""What `profile --explain` shows of a parcel: a table a layer, and the net area step by step."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.show import Json, table
from gis_sites.words import number, say

if TYPE_CHECKING:
    from rich.table import Table

ROWS_SHOWN = 6
"""How many of the rows that made a value are shown before it is said how many more there are."""


def explanation(explained: Iterable[Json], catalogue: Catalogue, lang: str) -> "Iterator[Table]":
    """Yield a table for each layer: its attributes, their values, and how each came about."""
    from gis_sites.matching.sentences import source_text, value_text

    for name, entries in groupby(explained, key=lambda one: catalogue.attributes[one["attribute"]].layer.name):
        layer = list(entries)
        rows = [
            [one["attribute"], value_text(one, attribute, lang), "\n".join(_how(one, attribute, lang))]
            for one in layer
            for attribute in [catalogue.attributes[one["attribute"]]]
        ]
        title = f"{catalogue.layer(name).title.say(lang)}: {source_text(layer[0]['source'], lang)}"
        yield table(("attribute", "value", "how"), rows, lang, title=title)
        yield from (_waterfall(one["steps"], catalogue, lang) for one in layer if one.get("steps"))


def _how(one: Json, attribute: Attribute, lang: str) -> Iterator[str]:
    """Yield how a value was measured, the rows it was made of, and why it is not exact."""
    yield say(f"measure.{attribute.spec.measure}", lang)
    for row in one["rows"][:ROWS_SHOWN]:
        more = ", ".join(_contribution(row, lang))
        yield say("show.made_of_row", lang, key=row["key"], file=row["file"]) + (f": {more}" if more else "")
    if len(one["rows"]) > ROWS_SHOWN:
        yield say("show.made_of_more", lang, count=len(one["rows"]) - ROWS_SHOWN)
    if one["reason"]:
        yield say(f"profile.reason_{one['reason']}", lang)


def _contribution(row: Json, lang: str) -> Iterator[str]:
    """Yield what a row contributes: how far it is, how much it covers, whether it surely counts."""
    for name in ("distance_m", "length_m"):
        if name in row:
            yield f"{number(row[name], lang)} m"
    if "share" in row:
        yield f"{number(100 * row['share'], lang)}\u00a0%"
    if "list" in row:
        yield say("show.own_list", lang)
    if not row.get("sure", True):
        yield say("show.perhaps", lang)


def _waterfall(steps: Iterable[Json], catalogue: Catalogue, lang: str) -> "Table":
    """Put into a table what each step takes of the net area and what it leaves, by which rules, and what is unknown."""
    rows = [
        [one["title"][lang], ends_text(one["takes_m2"], lang), ends_text(one["leaves_m2"], lang),
         "\n".join(step_notes(one, catalogue, lang))]
        for one in steps
    ]  # fmt: skip
    return table(("net_title", "net_takes", "net_leaves", "net_rules"), rows, lang)


def step_notes(step: Json, catalogue: Catalogue, lang: str) -> Iterator[str]:
    """Yield what is to be said of a step of the net area: what is unknown, and by which rules it takes land."""
    if step["unknown"]:
        layers = ", ".join(catalogue.layer(name).title.say(lang) for name in step["unknown"])
        yield say("show.net_unknown", lang, layers=layers)
    if step["unplaced_m2"]:
        yield say("show.net_step_unplaced", lang, area=number(step["unplaced_m2"], lang, 0))
    if step["takes_m2"]["high"]:
        yield from dict.fromkeys(f"· {_rule(rule, lang)}" for rule in step["rules"])


def _rule(rule: Json, lang: str) -> str:
    confidence = say(f"show.confidence_{rule['confidence'].replace('-', '_')}", lang)
    return say("show.net_rule", lang, reference=rule["reference"], confidence=confidence)


def ends_text(value: dict[str, Any], lang: str) -> str:
    """Write an area or both its ends: m2."""
    low, high = (number(value[end], lang, 0) for end in ("low", "high"))
    return f"{low if low == high else f'{low}–{high}'} m²"
