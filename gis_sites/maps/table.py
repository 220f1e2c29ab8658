"""A shortlist as one table: a row a candidate, the same columns in every file format."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.findings import mask
from gis_sites.maps.footprints import MEASURES, measures, rectangles
from gis_sites.maps.preface import notice_sentences
from gis_sites.maps.words import in_language
from gis_sites.matching import sentences
from gis_sites.matching.assembly_words import assembly_sentences
from gis_sites.matching.requirement import FOOTPRINT
from gis_sites.words import say

ColumnType = Literal["integer", "number", "flag", "text"]
Cell = int | float | bool | str | None


@dataclass(frozen=True)
class TableColumn:
    """A column: its name, which is for machines, its type, and what it means, in one language."""

    name: str
    type: ColumnType
    meaning: str


@dataclass(frozen=True)
class Table:
    """A shortlist as rows, and what stands above them."""

    columns: tuple[TableColumn, ...]
    rows: list[dict[str, Cell]]
    facts: tuple[tuple[str, str], ...]
    """What is said of the whole table, in one language: (title, text)."""
    rectangles: Sequence[Mapping[str, Any]] = ()
    """Where footprints stand on the candidates, as `footprints.rectangles` tells them."""


FIXED: dict[str, ColumnType] = {
    "rank": "integer", "id": "text", "kind": "text", "parcels": "text", "tier": "text", "unknown_musts": "integer",
    "floor": "number", "ceiling": "number",
}  # fmt: skip
LAST: dict[str, ColumnType] = {
    "reasons": "text", "asks": "text", "inventory_state": "integer", "inventory_as_of": "text", "cautions": "text",
}  # fmt: skip
TOGETHER: dict[str, ColumnType] = {"penalty_points": "number", "measured": "text", "together": "text"}
"""Of lists with assemblies."""
IDENTIFIERS = frozenset({"id", "parcels"})
"""Never masked: a parcel's number is public, and a file without it is of no use."""


def table(shortlist: Mapping[str, Any], catalogue: Catalogue, lang: str) -> Table:
    """Lay a shortlist out as a table; attributes the catalogue does not know are left out."""
    candidates = shortlist.get("candidates", [])
    criteria = _criteria(candidates, catalogue)
    joined = TOGETHER if any("joined" in one for one in candidates) else {}
    standing = list(rectangles(candidates))
    columns = (
        *(TableColumn(name, kind, say(f"map.about_{name}", lang)) for name, kind in {**FIXED, **joined}.items()),
        *(column for name, keys in criteria.items() for column in _columns(name, keys, catalogue, lang)),
        *_rectangle_columns(standing, lang),
        *(TableColumn(name, kind, say(f"map.about_{name}", lang)) for name, kind in LAST.items()),
    )
    names = [column.name for column in columns]
    rows = [_row(one, names, shortlist, catalogue, lang) for one in candidates]
    return Table(columns, rows, _facts(shortlist, catalogue, lang), standing)


def entries(candidate: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give every must (and after one with alternatives, those within) and want of a candidate."""
    for entry in (*candidate.get("musts", ()), *candidate.get("wants", ())):
        yield entry
        for option in entry.get("any", ()):
            yield from option["musts"]


def _criteria(candidates: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> dict[str, dict[str, None]]:
    """Return the criteria in the order in which they stand, each with what is told of it."""
    found: dict[str, dict[str, None]] = {}
    for one in candidates:
        for entry in entries(one):
            name = str(entry["attribute"])
            if name in catalogue.attributes or "any" in entry or name == FOOTPRINT:
                found.setdefault(name, {}).update(dict.fromkeys(_keys(entry, catalogue)))
    return found


def _keys(entry: Mapping[str, Any], catalogue: Catalogue) -> Iterator[str]:
    attribute = catalogue.attributes.get(entry["attribute"])
    if attribute is not None:
        yield from ("low", "high") if _measured(attribute) else ("value",)
        yield "state"
    yield from (key for key in ("verdict", "points", "gap", "of") if key in entry)
    if attribute is not None:
        yield "dated"


def _measured(attribute: Attribute) -> bool:
    return attribute.kind in {"number", "date"}


ORDER = ("value", "low", "high", "state", "verdict", "points", "gap", "of", "dated")


def _columns(name: str, keys: Mapping[str, None], catalogue: Catalogue, lang: str) -> Iterator[TableColumn]:
    attribute = catalogue.attributes.get(name)
    title = sentences.entry_title(name, catalogue, lang)
    unit = f" [{attribute.unit}]" if attribute and attribute.unit not in {None, "1"} else ""
    for key in ORDER:
        if key in keys:
            kind: ColumnType = "number" if key in {"points", "gap", "of"} else "text"
            if attribute and attribute.kind == "number" and key in {"low", "high"}:
                kind = "number"
            if attribute and attribute.kind == "flag" and key == "value":
                kind = "flag"
            yield TableColumn(f"{name}.{key}", kind, say(f"map.about_{key}", lang, title=title, unit=unit))


def _rectangle_columns(standing: Sequence[Mapping[str, Any]], lang: str) -> Iterator[TableColumn]:
    """Yield the columns of the rectangles, as many as stand on one candidate at most."""
    for number in range(1, max((one["number"] for one in standing), default=0) + 1):
        for name in MEASURES:
            meaning = say(f"map.about_footprint_{name}", lang, number=number, crs=standing[0]["crs"])
            yield TableColumn(f"{FOOTPRINT}.{number}.{name}", "number", meaning)


def _row(
    one: Mapping[str, Any], names: Sequence[str], shortlist: Mapping[str, Any], catalogue: Catalogue, lang: str
) -> dict[str, Cell]:
    inventory = shortlist.get("inventory", {})
    asks = one.get("asks", shortlist.get("asks", []))
    known: dict[str, Cell] = {
        **{name: one.get(name) for name in FIXED},
        "parcels": " ".join(map(str, one.get("parcels") or [])),
        **_together(one, catalogue, lang),
        **measures(one),
        "reasons": " ".join(_reasons(one, catalogue, lang)),
        "asks": " ".join(sentences.ask_sentence(ask, lang) for ask in asks),
        "inventory_state": inventory.get("state"),
        "inventory_as_of": inventory.get("as_of"),
        "cautions": " ".join(sentences.cautions(lang)),
    }
    for entry in entries(one):
        known |= {f"{entry['attribute']}.{key}": cell for key, cell in _cells(entry).items()}
    return {name: _masked(name, known.get(name)) for name in names}


def _together(one: Mapping[str, Any], catalogue: Catalogue, lang: str) -> dict[str, Cell]:
    if "joined" not in one:
        return {}
    return {
        "penalty_points": sum(float(penalty["points"]) for penalty in one["penalties"]),
        "measured": " ".join(name for name in one["measured"] if name in catalogue.attributes),
        "together": ". ".join(assembly_sentences(one, catalogue, lang)) + ".",
    }


def _cells(entry: Mapping[str, Any]) -> dict[str, Cell]:
    """Return what is told of a criterion; an exact value stands at both ends of its range."""
    ends = {end: entry.get(end, entry.get("value")) for end in ("low", "high")}
    dated = (entry.get("source") or {}).get("dated")
    rest = {key: entry[key] for key in ("value", "state", "verdict", "points", "gap", "of") if key in entry}
    return {**ends, **rest, "dated": dated}


def _reasons(one: Mapping[str, Any], catalogue: Catalogue, lang: str) -> Iterator[str]:
    for must in one.get("musts", ()):
        if all(entry["attribute"] in {*catalogue.attributes, FOOTPRINT} for entry in _leaves(must)):
            yield sentences.must_sentence(must, catalogue, lang) + "."
    for want in one.get("wants", ()):
        if want["attribute"] in catalogue.attributes:
            yield sentences.want_sentence(want, catalogue, lang) + "."


def _leaves(must: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [inner for option in must["any"] for inner in option["musts"]] if "any" in must else [must]


def _masked(name: str, cell: Cell) -> Cell:
    return mask(cell) if isinstance(cell, str) and name not in IDENTIFIERS else cell


def _facts(shortlist: Mapping[str, Any], catalogue: Catalogue, lang: str) -> tuple[tuple[str, str], ...]:
    inventory = shortlist.get("inventory", {})
    revisions = ", ".join(f"{name} {number}" for name, number in (inventory.get("revisions") or {}).items())
    title = shortlist.get("requirement", {}).get("title")
    facts = [
        (say("map.heading", lang), in_language(title, lang) if title else ""),
        (say("map.shortlist", lang), str(shortlist.get("id", ""))),
        (say("map.about_inventory_state", lang), str(inventory.get("state", ""))),
        (say("map.about_inventory_as_of", lang), str(inventory.get("as_of", ""))),
        (say("map.revisions", lang), revisions),
        *((say("map.notice", lang), sentence) for sentence in notice_sentences(shortlist, catalogue, lang)),
        *((say("map.caution", lang), caution) for caution in sentences.cautions(lang)),
    ]
    # The shortlist's own hash is no secret, though eleven digits of it may look like one.
    return tuple((name, text if name == say("map.shortlist", lang) else mask(text)) for name, text in facts)
