"""Tables left to guessing: an import is refused with what decides them, ready to be typed, all tables at once."""

from collections.abc import Collection, Iterable, Iterator

from gis_sites.errors import Refused
from gis_sites.findings import Finding, FindingType
from gis_sites.intake.names import quoted
from gis_sites.intake.note import SKIP
from gis_sites.intake.recognise import HALF, SURE, Match, Recognised, together
from gis_sites.words import Said


def refuse_unknown(recognised: Iterable[Recognised], *, rest: str | None) -> None:
    """Refuse an import that leaves a table to guessing, with the options that decide it, for all tables at once.

    Raises:
        Refused: a table may be several layers; or no layer is known for it and the rest is not to be skipped.
    """
    open_ = [one for one in recognised if not one.feeds and not one.skipped]
    asked = [one for one in open_ if rest is None or sum(match.confidence >= SURE for match in one.maybe) > 1]
    torn = [one for one in asked if len(likely := _likely(one)) > 1 and not together(likely)]
    unknown = [one for one in asked if one not in torn]
    said = []
    if torn:
        tables = tuple(Said("import.table_torn", {"table": one.table, "layers": _guesses(one)}) for one in torn)
        options = "; ".join(" | ".join(_choices(one)) for one in torn)
        said.append(Said("import.tables_ambiguous", {"tables": tables, "options": options}))
    if unknown:
        names = ", ".join(one.table for one in unknown)
        hints = tuple(_hint(one) for one in unknown if one.maybe)
        options = " ".join(_option(one, _likely(one)) if one.maybe else _skip(one) for one in unknown)
        said.append(Said("import.tables_unknown", {"tables": names, "hints": hints or "", "options": options}))
    if said:
        raise Refused("import.tables_open", said=tuple(said))


def left_out(recognised: Iterable[Recognised]) -> Iterator[Finding]:
    """Yield a finding for each table that is left out with the unknown ones, though it may well be a layer's."""
    for one in recognised:
        if not one.feeds and not one.skipped and one.maybe and one.maybe[0].confidence >= HALF:
            layers = ", ".join(match.layer for match in _likely(one))
            values = {"table": one.table, "layers": layers, "option": _option(one, _likely(one))}
            yield Finding(FindingType.TABLE_LEFT_OUT, values=values)


def _likely(one: Recognised) -> list[Match]:
    """Return the layers a table most likely is: one, or several of the same confidence."""
    return [match for match in one.maybe if match.confidence == one.maybe[0].confidence]


def _hint(one: Recognised) -> Said:
    return Said("import.table_maybe", {"table": one.table, "layers": _guesses(one)})


def _guesses(one: Recognised) -> tuple[Said, ...]:
    return tuple(
        Said("import.guess", {"layer": match.layer, "confidence": match.confidence, "reasons": match.reasons})
        for match in _likely(one)
    )


def _choices(one: Recognised) -> list[str]:
    """Return each layer a table may be as it is typed, then to skip it."""
    return [*(_option(one, [match]) for match in _likely(one)), _skip(one)]


def _option(one: Recognised, matches: Collection[Match]) -> str:
    """Return what is typed to take a table for these layers, with the columns seen for them."""
    layers = ",".join(match.layer for match in matches)
    columns = [
        f"{one.table}.{looks.column}={match.layer}.{name}" for match in matches for name, looks in match.seen.items()
    ]
    words = [("layer", f"{one.table}={layers}"), *(("column", column) for column in columns)]
    return " ".join(f"--{option} {quoted(word)}" for option, word in words)


def _skip(one: Recognised) -> str:
    return f"--layer {quoted(f'{one.table}={SKIP}')}"
