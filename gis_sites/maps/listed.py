"""A list of rows as a table for other programs: what stands on the screen, with what it is known from."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gis_sites.catalogue import Attribute
from gis_sites.columns import Column, Rows
from gis_sites.findings import mask
from gis_sites.maps.table import Cell, ColumnType, Table, TableColumn
from gis_sites.matching import sentences
from gis_sites.matching.reasons import value_of
from gis_sites.matching.view import KINDS, View, parcels_of
from gis_sites.words import say

FIRST: dict[str, ColumnType] = {"id": "text", "kind": "text", "parcels": "text", "tier": "text"}
LAST: dict[str, ColumnType] = {"inventory_state": "integer", "inventory_as_of": "text", "cautions": "text"}


def listed_table(
    view: View,
    rows: Rows,
    attributes: Sequence[Attribute],
    *,
    tiers: Sequence[str],
    facts: Sequence[tuple[str, str]],
    lang: str,
) -> Table:
    """Lay rows out as a table in their order; `tiers` says of each whether it is `eligible` or `to_verify`.

    The columns of attributes are those of a shortlist's file. `facts` stand above the state and the cautions.
    """
    columns = (
        *(TableColumn(name, kind, say(f"map.about_{name}", lang)) for name, kind in FIRST.items()),
        *(column for one in attributes for column in _columns(one, lang)),
        *(TableColumn(name, kind, say(f"map.about_{name}", lang)) for name, kind in LAST.items()),
    )
    inventory = view.inventory
    same: dict[str, Cell] = {
        "kind": KINDS[view.kind],
        "inventory_state": inventory["state"],
        "inventory_as_of": inventory["as_of"],
        "cautions": " ".join(sentences.cautions(lang)),
    }
    taken = [(one, view.column(one.name).take(rows), view.source(one.name).get("dated")) for one in attributes]
    filled = [
        {**_site(view, int(row), tier), **_cells(taken, place), **same}
        for place, (row, tier) in enumerate(zip(rows, tiers, strict=True))
    ]
    names = [column.name for column in columns]
    ordered = [{name: row[name] for name in names} for row in filled]
    return Table(columns, ordered, (*facts, *_facts(inventory, lang)))


def _site(view: View, row: int, tier: str) -> dict[str, Cell]:
    return {"id": view.id(row), "parcels": " ".join(parcels_of(view, row)), "tier": tier}


def _columns(attribute: Attribute, lang: str) -> Iterator[TableColumn]:
    unit = f" [{attribute.unit}]" if attribute.unit not in {None, "1"} else ""
    title = sentences.title_text(attribute, lang)
    kinds: dict[str, ColumnType] = {"value": "flag" if attribute.kind == "flag" else "text"}
    if attribute.kind in {"number", "date"}:
        kinds = dict.fromkeys(("low", "high"), "number" if attribute.kind == "number" else "text")
    for key, kind in {**kinds, "state": "text", "dated": "text"}.items():
        yield TableColumn(f"{attribute.name}.{key}", kind, say(f"map.about_{key}", lang, title=title, unit=unit))


def _cells(taken: Sequence[tuple[Attribute, Column, Any]], place: int) -> dict[str, Cell]:
    found: dict[str, Cell] = {}
    for attribute, column, dated in taken:
        entry = value_of(column, place, dated=attribute.kind == "date")
        cells = {"low": entry.get("low", entry["value"]), "high": entry.get("high", entry["value"]), **entry}
        keys = ("low", "high") if attribute.kind in {"number", "date"} else ("value",)
        found |= {f"{attribute.name}.{key}": _masked(cells[key]) for key in (*keys, "state")}
        found[f"{attribute.name}.dated"] = dated
    return found


def _masked(cell: Cell) -> Cell:
    return mask(cell) if isinstance(cell, str) else cell


def _facts(inventory: Mapping[str, Any], lang: str) -> Iterator[tuple[str, str]]:
    yield say("map.about_inventory_state", lang), str(inventory["state"])
    yield say("map.about_inventory_as_of", lang), str(inventory["as_of"])
    yield from ((say("map.caution", lang), caution) for caution in sentences.cautions(lang))
