"""Which use a plan symbol allows: a dated table, never a guess.

A symbol is looked up as printed, then by its letters joined (`2.MN-3` is MN), then by its parts (`1P/U` is P and U).
Letters on both sides of a stroke are never joined: `U/S` is services and storage, not US, sport. Letters parted by
anything else can be read both ways (`KD-L` is a road of class L, `P-S` production and storage): where both readings
are known, only what they agree on is decided. A list (`P, U`) is each of its symbols, or of their Polish names.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gis_sites.errors import CatalogueError
from gis_sites.words import Said

PRACTICE = "any"
"""The regime of rows that are practice, not law: used where the regime itself has none."""

NEEDED = ("regime", "symbol", "yes", "text")
"""The columns a city's own table cannot do without."""

_STROKE = re.compile(r"[/+]")
_LIST = re.compile(r"\s*[,;]\s*")


@dataclass(frozen=True)
class Uses:
    """What a symbol allows: the classes it surely allows, and those only the plan's wording can say."""

    yes: frozenset[str]
    text: frozenset[str]


@dataclass(frozen=True)
class SymbolTable:
    """Rows (regime, symbol) -> uses; rows of `first` go before rows of `rows`."""

    rows: Mapping[tuple[str, str], Uses]
    first: Mapping[tuple[str, str], Uses]
    names: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)
    """Polish names, in small letters -> the rows called so."""

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Every use the table speaks of, in alphabetical order."""
        every = [*self.rows.values(), *self.first.values()]
        return tuple(sorted(frozenset[str]().union(*(uses.yes | uses.text for uses in every))))

    def after(self, own: "SymbolTable") -> "SymbolTable":
        """Return this table with the city's own rows before it."""
        return SymbolTable(self.rows, {**self.first, **own.rows, **own.first}, self.names)

    def uses(self, printed: str, regime: str | None) -> Uses | None:
        """Return what a printed symbol, or a list of symbols or names, allows under a legal regime.

        None when nobody knows. Without a regime only what all regimes that know the symbol agree on is decided;
        the rest is `text`.
        """
        text = " ".join(printed.split())
        if whole := self._own(text, regime) or self._named(text, regime):
            return whole
        items = [item for item in _LIST.split(text) if item]
        return _together([self._named(item, regime) or self._one(item, regime) for item in items])

    def _one(self, symbol: str, regime: str | None) -> Uses | None:
        parts = letters(symbol)
        stroke, joined = "/".join(parts), "".join(parts)
        forms = (symbol, stroke) if _STROKE.search(symbol) else (symbol, stroke, joined)
        # The city may keep symbols that are not letters alone (`IA-1`), and its rows go before the national ones.
        for form in forms:
            if own := self._own(form, regime):
                return own
        for form in (symbol, stroke):
            if whole := self._of(form, regime):
                return whole
        apart = _together([self._of(part, regime) for part in parts])
        together = self._of(joined, regime) if joined in forms else None
        return _agreed([together, apart]) if together and apart else together or apart

    def _own(self, symbol: str, regime: str | None) -> Uses | None:
        return self.first.get((regime or PRACTICE, symbol)) or self.first.get((PRACTICE, symbol))

    def _of(self, symbol: str, regime: str | None) -> Uses | None:
        if own := self._own(symbol, regime):
            return own
        if regime is not None:
            return self.rows.get((regime, symbol)) or self.rows.get((PRACTICE, symbol))
        known = [uses for (when, name), uses in self.rows.items() if name == symbol and when != PRACTICE]
        return _agreed(known) if known else self.rows.get((PRACTICE, symbol))

    def _named(self, name: str, regime: str | None) -> Uses | None:
        rows = self.names.get(name.casefold(), frozenset())
        known = [self.rows[row] for row in sorted(rows) if regime is None or row[0] in (regime, PRACTICE)]
        return _agreed(known) if known else None


def _together(found: list[Uses | None]) -> Uses | None:
    """Unite what several symbols allow; None when one of them is unknown, or there is none."""
    known = [uses for uses in found if uses is not None]
    if not known or len(known) < len(found):
        return None
    yes = frozenset[str]().union(*(uses.yes for uses in known))
    return Uses(yes, frozenset[str]().union(*(uses.text for uses in known)) - yes)


def _agreed(known: list[Uses]) -> Uses:
    yes = frozenset.intersection(*(uses.yes for uses in known))
    spoken_of = frozenset[str]().union(*(uses.yes | uses.text for uses in known))
    return Uses(yes, spoken_of - yes)


def letters(printed: str) -> list[str]:
    """Return the runs of letters of a printed symbol.

    >>> letters("2.MN-3"), letters("1P/U"), letters("12.3")
    (['MN'], ['P', 'U'], [])
    """
    return re.findall(r"[^\W\d_]+", printed)


def load_table(path: Path) -> SymbolTable:
    """Read a table of symbols: `regime, symbol, pl, en, yes, text, symbol_confidence, uses_confidence`.

    `yes` and `text` list classes of use, parted by spaces; a class in neither is `no`. A city's own table needs
    no names and no confidence.

    Raises:
        CatalogueError: a column is missing, a (regime, symbol) stands twice, or a use is both yes and text.
    """
    rows: dict[tuple[str, str], Uses] = {}
    names: dict[str, frozenset[tuple[str, str]]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := sorted(set(NEEDED) - set(reader.fieldnames or ())):
            raise _bad(path, "no_column", names=", ".join(missing))
        for line, row in enumerate(reader, start=2):
            key = (row["regime"], row["symbol"])
            uses = Uses(frozenset(row["yes"].split()), frozenset(row["text"].split()))
            if key in rows:
                raise _bad(path, "twice", line=line, regime=key[0], symbol=key[1])
            if both := uses.yes & uses.text:
                raise _bad(path, "both_answers", line=line, uses=", ".join(sorted(both)))
            rows[key] = uses
            if name := (row.get("pl") or "").casefold():
                names[name] = names.get(name, frozenset()) | {key}
    return SymbolTable(rows, {}, names)


def _bad(path: Path, fault: str, **values: object) -> CatalogueError:
    return CatalogueError("catalogue.bad_file", file=path.name, fault=Said(f"catalogue.{fault}", values))
