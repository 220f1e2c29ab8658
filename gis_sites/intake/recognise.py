"""Which layers a table feeds: by its name, columns, geometry and values, with a confidence and its reasons."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.errors import Refused
from gis_sites.intake.fit import Fit, fit
from gis_sites.intake.names import bare, families, is_pattern, matches, quoted, standing_on
from gis_sites.intake.note import SKIP, Note
from gis_sites.intake.samples import Look, Looks, column_of, telling, unread
from gis_sites.intake.source import SourceTable
from gis_sites.words import Said

SURE = 0.6
"""The least confidence at which a table is taken without being told."""
MAYBE = 0.3
HALF = 0.5
"""Where a name says more than is understood, and no column tells that it is the layer all the same."""
STATED = 1.0
FULL_NAME = 0.95
NAMED_NEEDS, SEEN_NEEDS, ALL_FIELDS = 0.2, 0.1, 0.1
"""What is added when columns named like the needed fields are there, or columns of such values, or all fields."""


@dataclass(frozen=True)
class Match:
    """A layer a table may feed."""

    layer: str
    confidence: float
    reasons: tuple[Said, ...]
    patterns: frozenset[str] = frozenset()
    """What its name fits."""
    words: frozenset[int] = frozenset()
    """The words of the name they stand on."""
    seen: Mapping[str, Looks] = field(default_factory=dict)
    """Field -> the column that holds it by its values, where no name tells."""


@dataclass(frozen=True)
class Recognised:
    """What is known about a table: the layers it feeds, or those it might."""

    table: str
    feeds: tuple[Match, ...] = ()
    maybe: tuple[Match, ...] = ()
    skipped: bool = False


def recognise(
    catalogue: Catalogue, table: SourceTable, note: Note, *, look: Look = unread, saved: Collection[str] = ()
) -> Recognised:
    """Find the layers a table feeds; a stated layer goes before every guess.

    Tables whose name begins like a register's (`GES_`) are known by that register's names only: what a planner's
    `siec_energ` may be taken for by a wildcard, `GES_UrzadzeniaSiecElektroenergetyczna` is not. Values are looked at
    only where names leave open which column a needed field is. `saved` names the tables whose layer is a saved note's.
    """
    stated = note.layers_of(table.name)
    if stated is not None:
        why = Said("import.reason_saved" if table.name in saved else "import.reason_stated")
        feeds = tuple(_stated(catalogue, catalogue.layer(name), table, (note, look), why) for name in stated)
        return Recognised(table.name, feeds, skipped=not stated)
    if table.closed:
        return Recognised(table.name, skipped=True)
    known = families(name for layer in catalogue for name in layer.recognise.names)
    family = next((one for one in known if bare(table.spoken).startswith(one)), "")
    matched = [found for layer in catalogue if (found := _match(catalogue, layer, table, (note, look), family))]
    best = _best(matched)
    return Recognised(table.name, best, () if best else tuple(sorted(matched, key=lambda one: -one.confidence)))


def _stated(catalogue: Catalogue, layer: Layer, table: SourceTable, asked: tuple[Note, Look], why: Said) -> Match:
    note, look = asked
    seen = _seen(catalogue, layer, table, fit(layer, table, note), look)
    return Match(layer.name, STATED, (why, *_valued(layer, seen)), seen=seen)


def _match(
    catalogue: Catalogue, layer: Layer, table: SourceTable, asked: tuple[Note, Look], family: str
) -> Match | None:
    note, look = asked
    patterns = frozenset(_fitting(layer, table.spoken, family))
    if not _geometry_fits(layer, table) or any(matches(table.spoken, other) for other in layer.recognise.unless):
        return None
    found = fit(layer, table, Note(column=note.column))
    seen = _seen(catalogue, layer, table, found, look) if patterns or not family else {}
    filled = found.fields(layer)
    if not set(layer.recognise.needs) <= {*filled, *seen}:
        return None
    if not patterns and not (seen or _whole(layer, found)):
        return None
    words, rest = standing_on(table.spoken, patterns)
    reasons = (*_named(patterns), *_more(rest if patterns else ()), *_columned(found), *_shaped(layer))
    confidence = _confidence(catalogue, layer, found, (patterns, rest), seen=bool(seen))
    return Match(layer.name, confidence, (*reasons, *_valued(layer, seen)), patterns, words, seen)


def _confidence(
    catalogue: Catalogue, layer: Layer, found: Fit, name: tuple[Collection[str], Collection[str]], *, seen: bool
) -> float:
    patterns, rest = name
    if not patterns:
        return MAYBE
    if not all(map(is_pattern, patterns)):
        return FULL_NAME
    needs = layer.recognise.needs
    told = bool(needs) and all(telling(layer.fields[one], catalogue) for one in needs)
    if rest and not told:
        return HALF
    added = SEEN_NEEDS if seen else NAMED_NEEDS if needs else 0.0
    return round(SURE + added + ALL_FIELDS * _share(layer, found), 2)


def _whole(layer: Layer, found: Fit) -> bool:
    """Say whether the columns alone could make a table the layer's: what it needs, its key, and some more."""
    keys = set(layer.key_fields) <= found.fields(layer)
    return bool(layer.recognise.needs) and keys and _share(layer, found) >= 0.3


def _share(layer: Layer, found: Fit) -> float:
    names = [name for name in layer.fields if name not in layer.rows.current]
    return sum(name in found.columns for name in names) / len(names)


def _fitting(layer: Layer, name: str, family: str) -> Iterator[str]:
    for pattern in layer.recognise.names:
        if matches(name, pattern) and (not is_pattern(pattern) or bare(pattern).startswith(family)):
            yield pattern


def _geometry_fits(layer: Layer, table: SourceTable) -> bool:
    if table.kind is None:
        return layer.geometry == "table" or layer.parcels is not None
    return layer.geometry in {"any", "table", table.kind} or table.kind == "any"


def _seen(catalogue: Catalogue, layer: Layer, table: SourceTable, found: Fit, look: Look) -> dict[str, Looks]:
    """Look at values for the needed fields that no column is named like; all of them, or it is of no use."""
    lacking = [name for name in layer.recognise.needs if name not in found.fields(layer)]
    seen: dict[str, Looks] = {}
    for name in lacking:
        one = column_of(layer.fields[name], catalogue, table, found.wanted(), look)
        if one is None:
            return {}
        seen[name] = one
    return seen


def _named(patterns: Iterable[str]) -> Iterator[Said]:
    for pattern in sorted(patterns):
        yield Said("import.reason_pattern" if is_pattern(pattern) else "import.reason_name", {"name": pattern})


def _more(rest: Collection[str]) -> Iterator[Said]:
    if rest:
        yield Said("import.reason_more", {"words": ", ".join(rest)})


def _columned(found: Fit) -> Iterator[Said]:
    if found.columns:
        columns = ", ".join(dict.fromkeys(found.columns.values()))
        yield Said("import.reason_columns", {"columns": columns})


def _shaped(layer: Layer) -> Iterator[Said]:
    if layer.geometry in {"polygon", "line", "point"}:
        yield Said("import.reason_geometry", {"kind": Said(f"import.kind_{layer.geometry}")})


def _valued(layer: Layer, seen: Mapping[str, Looks]) -> Iterator[Said]:
    for name, one in seen.items():
        values = {"column": one.column, "like": one.like, "of": one.of, "field": f"{layer.name}.{name}"}
        yield Said("import.reason_values", values)


def _best(matched: Iterable[Match]) -> tuple[Match, ...]:
    """Return the surest layers: those that know the full name, else the one whose patterns stand on most of its words.

    Several layers feed on one table only by the same pattern (a combined sewer); where each stands on words the other
    does not know, none is taken.
    """
    sure = [match for match in matched if match.confidence >= SURE]
    full = tuple(match for match in sure if match.confidence >= FULL_NAME)
    if full or not sure:
        return full
    top = [match for match in sure if all(match.words >= other.words for other in sure)]
    common = frozenset.intersection(*(match.patterns for match in top)) if top else frozenset()
    return tuple(top) if len(top) == 1 or common else ()


def refuse_unknown(recognised: Iterable[Recognised], *, rest: str | None) -> None:
    """Refuse an import that leaves a table to guessing, with the options that decide it, for all tables at once.

    Raises:
        Refused: a table may be several layers; or no layer is known for it and the rest is not to be skipped.
    """
    open_ = [one for one in recognised if not one.feeds and not one.skipped]
    torn = [one for one in open_ if sum(match.confidence >= SURE for match in one.maybe) > 1]
    unknown = [one for one in open_ if one not in torn] if rest is None else []
    said = []
    if torn:
        tables = tuple(Said("import.table_torn", {"table": one.table, "layers": _guesses(one)}) for one in torn)
        options = "; ".join(" | ".join(_choices(one)) for one in torn)
        said.append(Said("import.tables_ambiguous", {"tables": tables, "options": options}))
    if unknown:
        names = ", ".join(one.table for one in unknown)
        hints = tuple(
            Said("import.table_maybe", {"table": one.table, "layers": _guesses(one)}) for one in unknown if one.maybe
        )
        options = " ".join(next(_choices(one)) for one in unknown)
        said.append(Said("import.tables_unknown", {"tables": names, "hints": hints or "", "options": options}))
    if said:
        raise Refused("import.tables_open", said=tuple(said))


def _guesses(one: Recognised) -> tuple[Said, ...]:
    return tuple(
        Said("import.guess", {"layer": match.layer, "confidence": match.confidence, "reasons": match.reasons})
        for match in one.maybe
    )


def _choices(one: Recognised) -> Iterator[str]:
    """Yield what can be typed for a table: each layer it may be with the columns seen for it, then to skip it."""
    for match in one.maybe:
        columns = (f"{one.table}.{looks.column}={match.layer}.{name}" for name, looks in match.seen.items())
        words = [("layer", f"{one.table}={match.layer}"), *(("column", column) for column in columns)]
        yield " ".join(f"--{option} {quoted(word)}" for option, word in words)
    yield f"--layer {quoted(f'{one.table}={SKIP}')}"
