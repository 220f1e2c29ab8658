"""What the terminal shows: documents for programs, tables of the same facts for people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gis_sites.catalogue import Catalogue
from gis_sites.words import number, say

if TYPE_CHECKING:
    from rich.table import Table

    from gis_sites.inventory import Inventory
    from gis_sites.progress import Progress
    from gis_sites.store.cluster import Status
    from gis_sites.store.revisions import Revision
    from gis_sites.store.states import Entry, State

Json = dict[str, Any]
PARTS_SHOWN = 6
"""How many parts of one layer a table lists before it says how many more there are."""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], lang: str, *, title: str | None = None) -> "Table":
    """Make a table of texts; numbers stand on the right, what is not known is a dash."""
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    made = Table(title=title and escape(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    body = [list(row) for row in rows]
    for at, name in enumerate(columns):
        right = bool(body) and all(isinstance(row[at], int | float) or row[at] is None for row in body)
        made.add_column(
            say(name if "." in name else f"show.{name}", lang), justify="right" if right else "left", overflow="fold"
        )
    for row in body:
        made.add_row(*(escape(_cell(value, lang)) for value in row))
    return made


def _cell(value: object, lang: str) -> str:
    if value is None:
        return "–"
    return number(value, lang) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


# ---- what is held --------------------------------------------------------------------------------------


def layers_document(catalogue: Catalogue, state: "State | None") -> list[Json]:
    """Say of every layer what the current state holds of it."""
    held = state.revisions if state else {}
    return [
        {
            "layer": layer.name,
            "title": layer.title.model_dump(),
            "revision": held[layer.name].number if layer.name in held else None,
            "rows": held[layer.name].rows if layer.name in held else None,
            "parts": parts_document(held[layer.name]) if layer.name in held else [],
        }
        for layer in catalogue
    ]


def parts_document(revision: "Revision") -> list[Json]:
    """Say of every part of a revision how many rows it has, of which day, where it speaks and whose it is."""
    return [
        {
            "part": part.name,
            "rows": part.rows,
            "dated": part.dated.isoformat() if part.dated else None,
            "coverage": part.coverage.kind,
            "coverage_stated": part.coverage.stated,
            "publisher": part.publisher,
            "load": part.load,
        }
        for part in revision.parts
    ]


def layers_table(document: list[Json], lang: str) -> "Table":
    """Put `layers_document` into a table: a line a part."""
    columns = ("layer", "title", "part", "rows", "dated", "coverage", "publisher", "load")
    return table(columns, (row for entry in document for row in _layer_rows(entry, lang)), lang)


def _layer_rows(entry: Json, lang: str) -> Iterator[list[object]]:
    parts = entry["parts"]
    head: list[object] = [entry["layer"], entry["title"][lang]]
    if not parts:
        yield [*head, say("show.not_held", lang), None, None, None, None, None]
        return
    for at, part in enumerate(parts[:PARTS_SHOWN]):
        shown = head if at == 0 else ["", ""]
        yield [
            *shown,
            part["part"],
            part["rows"],
            part["dated"],
            _coverage(part, lang),
            part["publisher"],
            part["load"],
        ]
    if len(parts) > PARTS_SHOWN:
        rows = sum(part["rows"] for part in parts[PARTS_SHOWN:])
        more = say("show.more_parts", lang, count=len(parts) - PARTS_SHOWN)
        yield ["", "", more, rows, None, None, None, None]


def _coverage(part: Json, lang: str) -> str:
    word = say(f"show.coverage_{part['coverage']}", lang)
    return word if part["coverage_stated"] else f"{word} ({say('show.assumed', lang)})"


def revisions_document(revisions: Iterable["Revision"], state: "State | None") -> list[Json]:
    """List revisions, saying which are published."""
    published = {one.id for one in state.revisions.values()} if state else set()
    return [
        {
            "layer": one.layer,
            "revision": one.number,
            "rows": one.rows,
            "parts": len(one.parts),
            "loads": sorted({part.load for part in one.parts}),
            "published": one.id in published,
        }
        for one in revisions
    ]


def revisions_table(document: list[Json], lang: str) -> "Table":
    """Put `revisions_document` into a table."""
    rows = (
        [one["layer"], one["revision"], one["rows"], one["parts"], ", ".join(map(str, one["loads"])),
         say("show.yes" if one["published"] else "show.no", lang)]
        for one in document
    )  # fmt: skip
    return table(("layer", "revision", "rows", "parts", "load", "published"), rows, lang)


def states_document(history: Iterable["Entry"]) -> list[Json]:
    """List states, newest first; times are UTC."""
    return [
        {
            "state": one.id,
            "at": one.at.isoformat(timespec="seconds"),
            "as_of": one.as_of.isoformat(),
            "reason": one.reason,
            "stale_after": one.stale_after.isoformat() if one.stale_after else None,
            "revisions": dict(one.revisions),
            "held": one.held,
        }
        for one in history
    ]


def states_table(document: list[Json], lang: str) -> "Table":
    """Put `states_document` into a table."""
    rows = (
        [one["state"], one["at"], one["as_of"], one["reason"], one["stale_after"], len(one["revisions"]),
         say("show.yes" if one["held"] else "show.no", lang)]
        for one in document
    )  # fmt: skip
    return table(("state", "at", "as_of", "reason", "stale_after", "layers", "held"), rows, lang)


def state_line(state: "State", lang: str) -> str:
    """Say in a line which state is current."""
    day = state.stale_after.isoformat() if state.stale_after else "–"
    values = {"id": state.id, "as_of": state.as_of.isoformat(), "layers": len(state.revisions), "stale_after": day}
    return say("show.state_line", lang, **values)


# ---- answers -------------------------------------------------------------------------------------------


def shortlist_shown(shortlist: Json, catalogue: Catalogue, lang: str) -> Iterator[Any]:
    """Yield what is said of a shortlist before its ranking, then the ranking."""
    from gis_sites.matching.sentences import sentences
    from gis_sites.matching.table import table as ranking

    yield from sentences(shortlist, catalogue, lang)
    if shortlist["candidates"]:
        yield ranking(shortlist, catalogue, lang)


def templates_table(lang: str) -> "Table":
    """Put the sector templates into a table: name and title."""
    from gis_sites.matching.reading import template_title, templates

    return table(("template", "title"), ((name, template_title(name, lang)) for name in templates()), lang)


# ---- one parcel, the database, the demo ----------------------------------------------------------------


def status_text(status: "Status", lang: str) -> str:
    """Say how the database is."""
    words = [say(f"show.db_{status.state}", lang)]
    facts = {
        "where": status.host and (f"{status.host}:{status.port}" if status.port else status.host),
        "data": status.data,
        "version": status.version,
        "since": status.since and status.since.isoformat(timespec="seconds"),
        "sessions": status.sessions,
    }
    words += [f"  {say(f'show.db_{name}', lang)}: {value}" for name, value in facts.items() if value is not None]
    if status.kept:
        words.append("  " + say("show.db_kept", lang))
    return "\n".join(words)


def show_demo(
    inventory: "Inventory", folder: Path, *, parcels: int, lang: Literal["pl", "en"], progress: "Progress"
) -> Iterator[Any]:
    """Take the demo city through the house; yield what a person should see on the way."""
    from gis_sites.demo import requirements, write_city
    from gis_sites.intake.note import read_note
    from gis_sites.matching.reading import read_requirement

    folder.mkdir(parents=True, exist_ok=True)
    for delivery in write_city(folder / "city", parcels=parcels, lang=lang, progress=progress):
        note = read_note(delivery.note) if delivery.note else None
        report = inventory.import_file(delivery.path, note, profile=False, progress=progress)
        yield delivery_line(delivery.title, report.model_dump(mode="json"), lang)
    yield state_line(inventory.profile(progress=progress), lang)
    for path in requirements():
        shortlist = inventory.match(read_requirement(path), top=5)
        yield from shortlist_shown(shortlist, inventory.catalogue, lang)
        drawn = inventory.map(shortlist, folder / f"{path.stem}.html", lang=lang)
        yield say("show.map_written", lang, path=drawn)
    yield say("show.demo_home", lang, home=inventory.store.home)


def delivery_line(title: str, document: Mapping[str, Any], lang: str) -> str:
    """Say in a line what a delivery brought."""
    rows = [one["rows"] for one in document["loads"]]
    counts = {
        name: number(sum(one[name] for one in rows), lang, 0) for name in ("read", "loaded", "set_aside", "rejected")
    }
    return say("show.delivery", lang, title=title, **counts)
