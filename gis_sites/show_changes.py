"""What a load changed, for the terminal: a document for programs, tables of the same facts for people."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gis_sites.show import Json, table
from gis_sites.words import number, say

if TYPE_CHECKING:
    from gis_sites.intake.compare import LayerChanges
    from gis_sites.store.loads import Load

SHOWN = 20
"""Cases of a layer a terminal lists; the document and the map have more."""


def changes_document(load: "Load", changes: Sequence["LayerChanges"]) -> Json:
    """Say of every layer what one load changed: the counts of all rows, and the cases one by one."""
    return {
        "load": load.id,
        "source": load.source,
        "at": load.at.isoformat(timespec="seconds"),
        "layers": [_layer(one) for one in changes],
    }


def _layer(one: "LayerChanges") -> Json:
    from gis_sites.maps.casewords import name

    cases = [
        {
            "kind": case.kind,
            "before": [name(one.layer, side) for side in case.before],
            "after": [name(one.layer, side) for side in case.after],
            "fields": list(case.fields),
            "moved_m": case.moved_m,
            "area_change_m2": case.area_change_m2,
        }
        for case in one.cases
    ]
    return {
        "layer": one.layer.name,
        "parts": list(one.parts),
        "base": one.base,
        "revision": one.revision,
        "kept": one.kept,
        **vars(one.counts),
        "cases": cases,
        "rows_left_out": one.differing - sum(case.rows for case in one.cases),
    }


def changes_tables(document: Json, lang: str) -> Iterator[Any]:
    """Put `changes_document` into tables: the counts, then the first cases of each layer."""
    for side in ("new", "old"):
        names = list(document["layers"][0][side]) if document["layers"] else []
        columns = ["layer", *(f"changes.{side}_{one}" for one in names), "changes.sum"]
        rows = [[one["layer"], *one[side].values(), sum(one[side].values())] for one in document["layers"]]
        yield table(columns, rows, lang, title=say(f"changes.rows_{side}", lang))
    for one in document["layers"]:
        if one["cases"]:
            yield table(
                ["changes.case", "changes.before", "changes.after", "changes.moved_m", "changes.area_change_m2",
                 "changes.fields"],
                (_row(case, lang) for case in one["cases"][:SHOWN]), lang, title=one["layer"],
            )  # fmt: skip
        if len(one["cases"]) > SHOWN:
            yield say("changes.more", lang, layer=one["layer"], count=number(len(one["cases"]) - SHOWN, lang))


def _row(case: Json, lang: str) -> list[object]:
    sides = [", ".join(case[side]) or None for side in ("before", "after")]
    numbers = [None if case[name] is None else round(case[name], 2) for name in ("moved_m", "area_change_m2")]
    return [say(f"changes.kind_{case['kind']}", lang), *sides, *numbers, ", ".join(case["fields"]) or None]
