"""Which layers a table feeds: by its name, columns, geometry and values, with a confidence and its reasons."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.intake.fit import Fit, fit
from gis_sites.intake.names import bare, families, is_other, is_pattern, local, matches, standing_on, unexplained
from gis_sites.intake.note import Note
from gis_sites.intake.samples import Look, Looks, column_of, unread
from gis_sites.intake.source import SourceTable
from gis_sites.words import Said

SURE = 0.6
"""The least confidence at which a table is taken without being told."""
MAYBE = 0.3
HALF = 0.5
"""Where a name says more than is understood, and no column tells that it is the layer all the same."""
STATED = 1.0
FULL_NAME = 0.95
OF_PROGRAMS = frozenset({"layer_styles", "qgis_projects"})
"""Tables in which QGIS keeps styles and projects beside the data."""
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
    if table.closed or (table.name in OF_PROGRAMS and table.kind is None):
        return Recognised(table.name, skipped=True)
    known = families(name for layer in catalogue for name in layer.recognise.names)
    family = next((one for one in known if bare(local(table.spoken)).startswith(one)), "")
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
    name = _named(layer, local(table.spoken), family)
    if not _geometry_fits(layer, table) or name is None:
        return None
    found = fit(layer, table, Note(column=note.column))
    seen = _seen(catalogue, layer, table, found, look) if name.patterns or not family else {}
    if not set(layer.recognise.needs) <= {*found.fields(layer), *seen}:
        return None
    if not name.patterns and not (seen or _whole(layer, found)):
        return None
    confidence = _confidence(name, layer, found, seen=bool(seen), told=_told(layer))
    reasons = (*name.reasons(), *_columned(found), *_shaped(layer, table), *_valued(layer, seen))
    return Match(layer.name, confidence, reasons, name.patterns, name.words, seen)


@dataclass(frozen=True)
class Name:
    """What a layer understands of a table's name."""

    patterns: frozenset[str]
    words: frozenset[int]
    """The words its patterns stand on."""
    rest: Mapping[int, str]
    """The words nothing explains."""

    @property
    def after(self) -> bool:
        """Whether what nothing explains stands after the first word of the theme."""
        return bool(self.words) and min(self.words) < min(self.rest, default=0)

    def reasons(self) -> Iterator[Said]:
        """Yield what the name tells, and what it says besides."""
        for pattern in sorted(self.patterns):
            yield Said("import.reason_pattern" if is_pattern(pattern) else "import.reason_name", {"name": pattern})
        if self.patterns and self.rest:
            yield Said("import.reason_more", {"words": ", ".join(self.rest.values())})


def _named(layer: Layer, name: str, family: str) -> Name | None:
    """Return what a layer understands of a name; None where the name is of something else."""
    if any(matches(name, other) for other in layer.recognise.unless):
        return None
    fits = [pattern for pattern in layer.recognise.names if matches(name, pattern)]
    patterns = frozenset(one for one in fits if not is_pattern(one) or bare(one).startswith(family))
    rest = unexplained(name, (*patterns, *_telling_patterns(layer, name)), _vocabulary(layer))
    return Name(patterns, standing_on(name, patterns), rest)


def _confidence(name: Name, layer: Layer, found: Fit, *, seen: bool, told: bool) -> float:
    """Return how sure it is: a name that says more than is understood is not enough.

    The head of a Polish name stands first: `mpzp_rypinek` is a plan, `wnioski_mpzp` and `analiza_mpzp` are none.
    So words after the theme may be a place where columns tell the layer; words before it may not.
    """
    if not name.patterns:
        return MAYBE
    if not all(map(is_pattern, name.patterns)):
        return FULL_NAME
    if name.rest and not (told and name.after and not any(map(is_other, name.rest.values()))):
        return HALF
    added = SEEN_NEEDS if seen else NAMED_NEEDS if layer.recognise.needs else 0.0
    return round(SURE + added + ALL_FIELDS * _share(layer, found), 2)


def _told(layer: Layer) -> bool:
    """Say whether what the layer needs is more than a text: a code, or an identifier of a known form."""
    needs = [layer.fields[name] for name in layer.recognise.needs]
    return bool(needs) and all(spec.type != "text" or spec.pattern for spec in needs)


def _telling_patterns(layer: Layer, name: str) -> Iterator[str]:
    """Yield the patterns by which a name tells values: `*deszcz*` is understood, though it makes no table a sewer."""
    yield from (pattern for pattern in layer.recognise.set if pattern.strip("*") and matches(name, pattern))


def _vocabulary(layer: Layer) -> Iterator[str]:
    """Yield the words a layer speaks of itself: its titles, and the codes of the rows it takes."""
    said = [layer.title.pl, layer.title.en]
    for name, spec in layer.fields.items():
        taken = {str(code).lower() for code in layer.rows.take.get(name, tuple(spec.codes))}
        said += [word for code, words in spec.codes.items() if code in taken for word in (code, *words)]
    yield from (word for text in said for word in re.findall(r"\w+", text))


def _whole(layer: Layer, found: Fit) -> bool:
    """Say whether the columns alone could make a table the layer's: what it needs, its key, and some more."""
    keys = set(layer.key_fields) <= found.fields(layer)
    return bool(layer.recognise.needs) and keys and _share(layer, found) >= 0.3


def _share(layer: Layer, found: Fit) -> float:
    names = [name for name in layer.fields if name not in layer.rows.current]
    return sum(name in found.columns for name in names) / len(names)


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


def _columned(found: Fit) -> Iterator[Said]:
    if found.columns:
        columns = ", ".join(dict.fromkeys(found.columns.values()))
        yield Said("import.reason_columns", {"columns": columns})


def _shaped(layer: Layer, table: SourceTable) -> Iterator[Said]:
    if layer.geometry == table.kind and layer.geometry in {"polygon", "line", "point"}:
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
    top = tuple(match for match in sure if all(match.words >= other.words for other in sure))
    return top if len(top) == 1 or together(top) else ()


def together(matches: Collection[Match]) -> bool:
    """Say whether layers know a table by the same pattern."""
    return bool(matches) and bool(frozenset.intersection(*(match.patterns for match in matches)))
