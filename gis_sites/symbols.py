"""Which use a plan symbol allows: a dated table, never a guess.

A symbol is looked up as printed, then by its letters joined (`2.MN-3` is MN), then by its parts (`1P/U` is P and U).
Letters on both sides of a stroke are never joined: `U/S` is services and storage, not US, sport.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from gis_sites.errors import CatalogueError

Answer = Literal["yes", "no", "text"]
PRACTICE = "any"
"""The regime of rows that are practice, not law: used where the regime itself has none."""

COLUMNS = ("regime", "symbol", "pl", "en", "yes", "text", "symbol_confidence", "uses_confidence")


_ALTERNATIVES = re.compile(r"[/,;+]")


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

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Every use the table speaks of, in alphabetical order."""
        every = [*self.rows.values(), *self.first.values()]
        return tuple(sorted(frozenset[str]().union(*(uses.yes | uses.text for uses in every))))

    def after(self, own: "SymbolTable") -> "SymbolTable":
        """Return this table with the city's own rows before it."""
        return SymbolTable(self.rows, {**self.first, **own.rows, **own.first})

    def uses(self, printed: str, regime: str | None) -> Uses | None:
        """Return what a printed symbol allows under a legal regime, None when nobody knows.

        Without a regime only what all regimes that know the symbol agree on is decided; the rest is `text`.
        """
        parts = letters(printed)
        # A city may keep symbols that are not letters alone (`IA-1`): the print itself is tried first.
        for form in (printed.strip(), "/".join(parts), "" if _ALTERNATIVES.search(printed) else "".join(parts)):
            if form and (whole := self._of(form, regime)):
                return whole
        found = [self._of(part, regime) for part in parts]
        known = [uses for uses in found if uses is not None]
        if not known or len(known) < len(found):
            return None
        yes = frozenset[str]().union(*(uses.yes for uses in known))
        return Uses(yes, frozenset[str]().union(*(uses.text for uses in known)) - yes)

    def _own(self, symbol: str, regime: str | None) -> Uses | None:
        return self.first.get((regime or PRACTICE, symbol)) or self.first.get((PRACTICE, symbol))

    def _of(self, symbol: str, regime: str | None) -> Uses | None:
        if own := self._own(symbol, regime):
            return own
        if regime is not None:
            return self.rows.get((regime, symbol)) or self.rows.get((PRACTICE, symbol))
        known = [uses for (when, name), uses in self.rows.items() if name == symbol and when != PRACTICE]
        return _agreed(known) if known else self.rows.get((PRACTICE, symbol))


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

    `yes` and `text` list classes of use, parted by spaces; a class in neither is `no`.

    Raises:
        CatalogueError: a column is missing or a (regime, symbol) stands twice.
    """
    rows: dict[tuple[str, str], Uses] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise CatalogueError("catalogue.bad_file", file=path.name, fault=f"no column {sorted(missing)}")
        for line, row in enumerate(reader, start=2):
            key = (row["regime"], row["symbol"])
            if key in rows:
                raise CatalogueError("catalogue.bad_file", file=path.name, fault=f"line {line}: {key} stands twice")
            rows[key] = Uses(frozenset(row["yes"].split()), frozenset(row["text"].split()))
    return SymbolTable(rows, {})
