"""The city's own plan symbols, stated in the note: they go before the national table."""

import hashlib
import json
from collections.abc import Mapping

from gis_sites.catalogue import Catalogue
from gis_sites.errors import WrongUse
from gis_sites.intake.note import Note
from gis_sites.symbols import PRACTICE, SymbolTable, Uses
from gis_sites.vocabulary import nearest

OTHERWISE = "otherwise"


def own_symbols(catalogue: Catalogue, note: Note) -> dict[str, SymbolTable]:
    """Return the catalogue's tables with the note's symbols before them.

    Raises:
        WrongUse: a symbol is given a use no table speaks of.
    """
    return {name: table.after(_stated(table, note)) for name, table in catalogue.tables.items()}


def _stated(table: SymbolTable, note: Note) -> SymbolTable:
    rows = {}
    for symbol, answers in note.symbols.items():
        for use in answers:
            if use != OTHERWISE and use not in table.classes:
                raise WrongUse("import.no_use", symbol=symbol, use=use, hint=nearest(use, table.classes))
        rest = answers.get(OTHERWISE, "text")
        said = {use: answers.get(use, rest) for use in table.classes}
        yes = frozenset(use for use, answer in said.items() if answer == "yes")
        rows[PRACTICE, symbol] = Uses(yes, frozenset(use for use, answer in said.items() if answer == "text"))
    return SymbolTable(rows, {})


def stamp(tables: Mapping[str, SymbolTable]) -> str:
    """Return a hash of everything the tables say."""
    every = [
        [name, kind, *key, sorted(uses.yes), sorted(uses.text)]
        for name, table in tables.items()
        for kind, rows in (("rows", table.rows), ("first", table.first))
        for key, uses in rows.items()
    ]
    names = [[name, word, *sorted(rows)] for name, table in tables.items() for word, rows in table.names.items()]
    return hashlib.sha256(json.dumps([sorted(every), sorted(names)]).encode()).hexdigest()
