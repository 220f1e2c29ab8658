"""Which layers a table feeds: by its name, its columns and its geometry, with a confidence and reasons."""

from collections.abc import Iterable
from dataclasses import dataclass

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.errors import Refused
from gis_sites.intake.fit import fit
from gis_sites.intake.names import bare, families, is_pattern, matches
from gis_sites.intake.note import Note
from gis_sites.intake.source import SourceTable

SURE = 0.6
"""The least confidence at which a table is taken without being told."""
MAYBE = 0.3
STATED = 1.0
FULL_NAME = 0.95


@dataclass(frozen=True)
class Match:
    """A layer a table may feed."""

    layer: str
    confidence: float
    reasons: tuple[str, ...]
    """Words of `import.reason_*`: stated, name, pattern, needs, columns."""
    pattern: str = ""
    """What its name fitted."""


@dataclass(frozen=True)
class Recognised:
    """What is known about a table: the layers it feeds, or those it might."""

    table: str
    feeds: tuple[Match, ...] = ()
    maybe: tuple[Match, ...] = ()
    skipped: bool = False


def recognise(catalogue: Catalogue, table: SourceTable, note: Note) -> Recognised:
    """Find the layers a table feeds; a stated layer goes before every guess.

    Tables whose name begins like a register's (`GES_`) are known by their full names only: what a planner's
    `siec_energ` may be taken for by a wildcard, `GES_UrzadzeniaSiecElektroenergetyczna` is not.
    """
    stated = note.layers_of(table.name)
    if stated is not None:
        feeds = tuple(Match(catalogue.layer(name).name, STATED, ("stated",)) for name in stated)
        return Recognised(table.name, feeds, skipped=not stated)
    known = families(name for layer in catalogue for name in layer.recognise.names)
    family = next((one for one in known if bare(table.name).startswith(one)), None)
    matched = [found for layer in catalogue if (found := _match(layer, table, note, family))]
    best = _best(matched)
    return Recognised(table.name, best, () if best else tuple(matched))


def _match(layer: Layer, table: SourceTable, note: Note, family: str | None) -> Match | None:
    if not _geometry_fits(layer, table):
        return None
    found = fit(layer, table, Note(column=note.column))
    filled = found.fields(layer)
    if not set(layer.recognise.needs) <= filled:
        return None
    asked = [name for name in layer.fields if name not in layer.rows.current]
    share = sum(name in found.columns for name in asked) / len(asked)
    pattern = _name_match(layer, table.name, family)
    if pattern is None:
        sure = bool(layer.recognise.needs) and set(layer.key_fields) <= filled and share >= 0.3
        return Match(layer.name, MAYBE, ("columns",)) if sure else None
    if not is_pattern(pattern):
        return Match(layer.name, FULL_NAME, ("name",), pattern)
    needs = 0.2 if layer.recognise.needs else 0.0
    reasons = ("pattern", "needs") if needs else ("pattern",)
    return Match(layer.name, round(SURE + needs + 0.1 * share, 2), reasons, pattern)


def _name_match(layer: Layer, name: str, family: str | None) -> str | None:
    """Return the full name, else the most telling pattern, that a table's name fits."""
    fits = [pattern for pattern in layer.recognise.names if matches(name, pattern)]
    full = [pattern for pattern in fits if not is_pattern(pattern)]
    if full:
        return full[0]
    if family:
        fits = [pattern for pattern in fits if bare(pattern).startswith(family)]
    return max(fits, key=_telling, default=None)


def _telling(pattern: str) -> int:
    return sum(letter.isalnum() for letter in pattern)


def _geometry_fits(layer: Layer, table: SourceTable) -> bool:
    if table.kind is None:
        return layer.geometry == "table" or layer.parcels is not None
    return layer.geometry in {"any", "table", table.kind} or table.kind == "any"


def _best(matched: Iterable[Match]) -> tuple[Match, ...]:
    """Return the surest layers: all that know the full name, else those that share the most telling pattern."""
    sure = [match for match in matched if match.confidence >= SURE]
    full = tuple(match for match in sure if match.confidence >= FULL_NAME)
    if full or not sure:
        return full
    most = max(_telling(match.pattern) for match in sure)
    top = [match for match in sure if _telling(match.pattern) == most]
    same = {bare(match.pattern).strip("*") for match in top}
    return tuple(top) if len(same) == 1 else ()


def refuse_unknown(recognised: Iterable[Recognised], *, rest: str | None) -> None:
    """Refuse an import that leaves a table to guessing, with the options that decide it.

    Raises:
        Refused: a table may be several layers; or no layer is known for it and the rest is not to be skipped.
    """
    open_ = [one for one in recognised if not one.feeds and not one.skipped]
    torn = [one for one in open_ if sum(match.confidence >= SURE for match in one.maybe) > 1]
    if torn:
        raise Refused(
            "import.tables_ambiguous",
            tables="; ".join(f"{one.table}: {', '.join(match.layer for match in one.maybe)}" for one in torn),
            option=f'--layer "{torn[0].table}={torn[0].maybe[0].layer}"',
        )
    if open_ and rest is None:
        hints = [f"{one.table}" + (f" ({one.maybe[0].layer}?)" if one.maybe else "") for one in open_]
        raise Refused("import.tables_unknown", tables=", ".join(hints), table=open_[0].table)
