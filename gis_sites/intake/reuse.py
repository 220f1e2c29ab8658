"""What was saved when a publisher's files were read before: reused under what is typed now, held against the file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.findings import Finding, FindingType
from gis_sites.intake.names import quoted
from gis_sites.intake.note import SKIP, Note
from gis_sites.intake.source import Source
from gis_sites.store import saved

NOT_SAVED = ("dated", "publisher", "allow_shrink")
"""What speaks of one delivery, not of how its publisher writes."""
BY_NAME = ("layer", "column", "set", "part", "coverage", "crs")
"""The options given by the name of a table, column, field or layer."""
EMPTY: dict[str, dict[str, str]] = {"layer": {}, "column": {}, "set": {}}
"""What those of them say that must say something; the others say nothing."""


@dataclass(frozen=True)
class Reused:
    """A note with a publisher's saved one under it."""

    note: Note
    """What is typed, over what was saved and this file has."""
    added: Note
    """What the saved note added."""
    keeps: Note
    """What is saved after the import: of other files' tables too, without what is no more."""
    findings: tuple[Finding, ...] = ()


def reused(conn: sa.Connection, catalogue: Catalogue, source: Source, typed: Note) -> Reused:
    """Put a publisher's saved note under what is typed; what is no more is left out, with a finding.

    Where anything is typed about tables, only what was saved about tables and columns by their names is reused: values
    and parts are of the delivery they were typed for.
    """
    publisher = typed.publisher
    kept = saved.note(conn, publisher) if publisher else None
    if publisher is None or kept is None:
        return Reused(typed, Note(), typed)
    base = Note.model_validate({name: kept[name] for name in kept if not typed.maps or name in {"layer", "column"}})
    fit = {entry: _fits(catalogue, source, *entry) for entry in _entries(base)}
    keeps = _only(base, lambda entry: fit[entry] is not False)
    usable = _only(base, lambda entry: fit[entry] is True)
    if all(table.crs for table in source.tables if table.geometry):
        usable = usable.model_copy(update={"crs": None})  # a file that declares its system is believed
    stale = [*_gone(conn, source, base, publisher), *(entry for entry, fits in fit.items() if fits is False)]
    findings = tuple(
        Finding(FindingType.NOTE_STALE, values={"publisher": publisher, "option": _option(*entry)}) for entry in stale
    )
    return Reused(typed.over(usable), _beyond(usable, typed), typed.over(keeps), findings)


def renamed(known: Reused, table: str) -> Iterator[Finding]:
    """Yield a finding for each saved entry about a table that another one seems to have taken the place of."""
    told = {str(one.values["option"]) for one in known.findings}
    for entry in _entries(known.keeps):
        option, name, _ = entry
        about = (option == "layer" and name == table) or (option == "column" and name.startswith(f"{table}."))
        if about and _option(*entry) not in told:
            values = {"publisher": known.note.publisher, "option": _option(*entry)}
            yield Finding(FindingType.NOTE_STALE, values=values)


def to_save(note: Note) -> dict[str, Any]:
    """Return what of a note is saved for its publisher."""
    said = note.model_dump(mode="json", exclude_defaults=True)
    return {name: value for name, value in said.items() if name not in NOT_SAVED}


def options(note: Note) -> list[str]:
    """Return a note as it would be typed: one option with its value each."""
    plain = [(name, str(value)) for name, value in to_save(note).items() if isinstance(value, str)]
    named = [_option(*entry) for entry in _entries(note)]
    symbols = [f"[symbols] {', '.join(note.symbols)}"] if note.symbols else []
    return [f"--{name} {quoted(value)}" for name, value in plain] + named + symbols


Entry = tuple[str, str, str]
"""Option, name, value."""


def _entries(note: Note) -> Iterator[Entry]:
    for option in BY_NAME:
        said = getattr(note, option)
        for name, value in said.items() if isinstance(said, dict) else ():
            yield option, name, ",".join(value) if isinstance(value, list) else str(value)


def _option(option: str, name: str, value: str) -> str:
    return f"--{option} {quoted(f'{name}={value}' if name else value)}"


def _only(note: Note, wanted: Callable[[Entry], bool]) -> Note:
    names = {(option, name) for option, name, value in _entries(note) if wanted((option, name, value))}
    kept: dict[str, Any] = {
        option: {name: value for name, value in said.items() if (option, name) in names}
        for option in BY_NAME
        if isinstance(said := getattr(note, option), dict)
    }
    return note.model_copy(update={option: said or EMPTY.get(option) for option, said in kept.items()})


def _fits(catalogue: Catalogue, source: Source, option: str, name: str, value: str) -> bool | None:
    """Say whether an entry speaks of what is there; None: of a table of another file."""
    match option:
        case "layer":
            known = value == SKIP or all(one.strip() in catalogue.layers for one in value.split(","))
            return known if name in source.by_name or not known else None
        case "column":
            table = next((one for one in source.tables if name.startswith(f"{one.name}.")), None)
            known = value == SKIP or _is_field(catalogue, value)
            if table is None or not known:
                return None if known else False
            return name.removeprefix(f"{table.name}.") in table.columns
        case "set":
            table_name, _, target = name.rpartition(":")
            known = _is_field(catalogue, target)
            return known if not known or not table_name or table_name in source.by_name else None
        case "part" | "crs":
            return True if not name or name in source.by_name else None
        case _:
            return not name or name in catalogue.layers


def _is_field(catalogue: Catalogue, target: str) -> bool:
    layer, _, name = target.partition(".")
    return layer in catalogue.layers and name in catalogue.layer(layer).fields


def _gone(conn: sa.Connection, source: Source, base: Note, publisher: str) -> Iterator[Entry]:
    """Yield the tables that came with this file's tables the last time, and are missing now."""
    last = saved.last_note(conn, publisher, [table.name for table in source.tables])
    for option, name, value in _entries(Note.model_validate(last or {})):
        if option == "layer" and value != SKIP and name in base.layer and name not in source.by_name:
            yield option, name, value


def _beyond(under: Note, typed: Note) -> Note:
    """Return what a note under what is typed adds to it."""
    added: dict[str, Any] = {}
    over = typed.model_dump(exclude_defaults=True)
    for name, value in under.model_dump(exclude_defaults=True).items():
        if name not in over:
            added[name] = value
        elif isinstance(value, dict) and isinstance(over[name], dict):
            added[name] = {key: one for key, one in value.items() if key not in over[name]}
    return Note.model_validate(added)
