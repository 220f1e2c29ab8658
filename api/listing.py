"""The list: which rows, in which words, what could be chosen besides, and what lies on the map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from api.counted import Judges, Offered, counts_without, judged, rows_of, sorted_rows
from api.face import Face
from api.facets import joined, parted
from api.filters import AREA, PRECINCT, USE, Filters, facets_of, uses
from api.texts import Speech
from gis_sites.catalogue import Attribute
from gis_sites.columns import Labels, Rows
from gis_sites.errors import Gone, RequirementError
from gis_sites.matching.reasons import value_of
from gis_sites.matching.sentences import value_text
from gis_sites.store.search import labels
from gis_sites.store.snapshot import Snapshot
from gis_sites.store.states import State
from gis_sites.words import capital, say, sentences

Json = dict[str, Any]
PAGE = 25
TOP_PRECINCTS = 3
IN_FORM = (AREA, PRECINCT, USE)
"""Facets that the form above the list asks for by fields of its own."""
COLUMNS = {
    "parcels": ("parcel.area_m2", "zoning.main_symbol", "parcel.land_use", "flood.share"),
    "offers": ("parcel.area_m2", "offer.status", "offer.kind", "zoning.main_symbol"),
}
"""What the list tells of each row, as far as the catalogue knows it; the rest stands on the row's own page."""


@dataclass(frozen=True)
class Found:
    """The rows the list is made of, and how many more there may be."""

    view: Snapshot | None
    rows: Rows
    total: int
    doubtful: int = 0
    refusal: RequirementError | None = None
    heirs: tuple[str, ...] = ()
    """What a parcel that was asked for has become."""
    without: Mapping[str, int] = field(default_factory=dict)
    """Where nothing was found: how many there were without one of the facets, or (`q`) without the name."""


def find(face: Face, state: State, filters: Filters, judges: Judges) -> Found:
    """Find the rows that are asked for, in the order asked for."""
    view = next((one for one in face.views(state) if one.kind == filters.kind), None)
    if view is None:
        return Found(None, np.empty(0, dtype=np.intp), 0)
    judge = judges.of(view, face.catalogue)
    answer = judged(judge, view, filters)
    rows, doubtful = rows_of(answer, len(view), doubtful=filters.doubtful)
    some = len(rows) if answer.named is None else int(np.count_nonzero(answer.named))
    heirs = _heirs(face, filters, some)
    without = {} if len(rows) else counts_without(answer, len(view), doubtful=filters.doubtful)
    return Found(view, sorted_rows(judge, rows, filters.sort), len(view), doubtful, answer.refusal, heirs, without)


def _heirs(face: Face, filters: Filters, found: int) -> tuple[str, ...]:
    if found or not filters.q or filters.kind != "parcels":
        return ()
    try:
        face.inventory.raise_if_gone(filters.q)
    except Gone as gone:
        return tuple(gone.more["successors"])
    return ()


def listing(
    face: Face, state: State, filters: Filters, speech: Speech, judges: Judges, *, most: int = PAGE
) -> Json:  # fmt: skip
    """Return all that the list's page says, so many rows a page."""
    found = find(face, state, filters, judges)
    count = len(found.rows)
    page = _page_of(found, filters, most)
    shown = found.rows[(page - 1) * most : page * most]
    columns = _columns(face, filters.kind, found.view)
    counts = judges.counts(found.view, face.catalogue, filters) if found.view is not None else {}
    return {
        "filters": filters,
        "found": found,
        "count": count,
        "page_now": page,
        "first": (page - 1) * most + 1,
        "pages": max(-(-count // most), 1),
        "pager": pager(page, max(-(-count // most), 1)),
        "columns": [_heading(one, filters, speech) for one in columns],
        "rows": _rows(found.view, shown, columns, filters, speech) if found.view else [],
        "precinct_options": precinct_options(precincts(face, state), filters),
        "use_options": use_options(face, filters, speech),
        "kinds": [(view.kind, len(view)) for view in face.views(state)],
        "facets": facets_shown(face, filters, counts, speech),
        "chips": chips(face, filters, speech, found.without),
        "hidden": _hidden(filters),
        "summary": summary(found, filters, speech),
    }


# ---- what can be chosen ----------------------------------------------------------------------------------


def facets_shown(face: Face, filters: Filters, counts: Mapping[str, Sequence[Offered]], speech: Speech) -> list[Json]:
    """Return the facets in words: title, and each option with its counts and where it leads."""
    facets = facets_of(face.catalogue)
    return [
        {
            "name": name,
            "title": facets[name].title(speech.lang),
            "more": facets.offered.index(name) >= facets.first,
            "open": any(one.on for one in offered),
            "options": [
                {
                    "text": facets[name].say(one.choice, speech.lang),
                    "tally": one.tally,
                    "on": one.on,
                    "href": speech.link("/", **filters.toggled(name, one.choice).query()),
                }
                for one in offered
            ],
        }
        for name, offered in counts.items()
    ]


def chips(face: Face, filters: Filters, speech: Speech, left: Mapping[str, int] | None = None) -> list[Json]:
    """Return what was chosen, in words, each with the address of the list without it and how many that would hold."""
    left = left or {}
    facets = facets_of(face.catalogue)
    found = [
        {
            "text": f"{facets[name].title(speech.lang)}: {facets[name].say(choice, speech.lang)}",
            "href": speech.link("/", **filters.without(name).query()),
            "left": left.get(name, 0),
        }
        for name, choice in filters.chosen
    ]
    if filters.q:
        href = speech.link("/", **filters.without("q").query())
        found.insert(0, {"text": filters.q, "href": href, "left": left.get("q", 0)})
    return found


def precinct_options(known: Sequence[tuple[str, int]], filters: Filters) -> list[tuple[str, str, int, bool]]:
    """Return what the form offers as a precinct: (value, name, parcels, chosen); several that were chosen are one."""
    now = filters.query().get(PRECINCT, "")
    offered = [(joined([name]), name, count, joined([name]) == now) for name, count in known]
    if now and not any(on for *_, on in offered):
        offered.insert(0, (now, ", ".join(parted(now)), 0, True))
    return offered


def use_options(face: Face, filters: Filters, speech: Speech) -> list[tuple[str, str, bool]]:
    """Return what the form offers as a use: (value, title, chosen); several that were chosen are one."""
    now = filters.choices.get(USE, ())
    offered = [(code, title, (code,) == now) for code, title in uses(face.catalogue, speech.lang)]
    if isinstance(now, tuple) and len(now) > 1:
        offered.insert(0, (joined(now), facets_of(face.catalogue)[USE].say(now, speech.lang), True))
    return offered


def _hidden(filters: Filters) -> list[tuple[str, str]]:
    """Return the fields the form sends along unseen: all of the address that it has no field for.

    Where the map stands is left out: a new search shows what it finds, wherever that lies.
    """
    seen = {"q", "area_from", "area_to", "lang", "doubtful", "view", *IN_FORM}
    return [(name, value) for name, value in filters.query().items() if name not in seen]


def summary(found: Found, filters: Filters, speech: Speech) -> str:
    """Say what lies on the map: how many, in which precincts most of them, and of how many nobody knows."""
    view = found.view
    if view is None or not len(found.rows):
        return speech.say("map_none")
    said = [speech.say("map_found", count=len(found.rows), total=found.total)]
    column = view.column(PRECINCT)
    if isinstance(column, Labels) and column.words and filters.kind == "parcels":
        codes = column.codes[found.rows]
        counts = np.bincount(codes[codes >= 0], minlength=len(column.words))
        best = [at for at in np.argsort(-counts, kind="stable")[:TOP_PRECINCTS] if counts[at]]
        most = ", ".join(f"{column.words[at]} ({speech.count(int(counts[at]))})" for at in best)
        said += [speech.say("map_precincts", count=int(np.count_nonzero(counts)), most=most)] if best else []
    if found.doubtful:
        said.append(speech.say("map_unknown_in" if filters.doubtful else "map_unknown_out", count=found.doubtful))
    return " ".join(said)


# ---- the rows --------------------------------------------------------------------------------------------


def _page_of(found: Found, filters: Filters, most: int) -> int:
    """Return the page to show: the one asked for, or the one with the row asked for; the last where there are fewer."""
    if filters.at and found.view is not None and (row := found.view.row(filters.at)) is not None:
        places = np.flatnonzero(found.rows == row)
        if len(places):
            return int(places[0]) // most + 1
    return max(min(filters.page, -(-len(found.rows) // most)), 1)


def _columns(face: Face, kind: str, view: Snapshot | None) -> list[Attribute]:
    known = [face.catalogue.attributes[name] for name in COLUMNS[kind] if name in face.catalogue.attributes]
    return [one for one in known if view is not None and one.name in view.names]


def _heading(attribute: Attribute, filters: Filters, speech: Speech) -> Json:
    """Return a column's head: its title, how it is sorted, and the address that sorts it the other way."""
    now = {attribute.name: "ascending", f"-{attribute.name}": "descending"}.get(filters.sort, "none")
    following = {"none": f"-{attribute.name}", "descending": attribute.name, "ascending": ""}
    if attribute.kind != "number":
        following = {"none": attribute.name, "ascending": f"-{attribute.name}", "descending": ""}
    return {
        "name": attribute.name,
        "title": own_title(attribute, speech.lang),
        "sorted": now,
        "href": speech.link("/", **filters.query(sort=following[now])),
    }


def _rows(view: Snapshot, rows: Rows, columns: Sequence[Attribute], filters: Filters, speech: Speech) -> list[Json]:
    taken = {one.name: view.column(one.name).take(rows) for one in columns}
    path = "/parcels/" if view.kind == "parcels" else "/offers/"
    listed = []
    for place, row in enumerate(rows):
        cells = []
        for one in columns:
            entry = value_of(taken[one.name], place, dated=one.kind == "date")
            cells.append((value_text(entry, one, speech.lang), entry["state"]))
        identifier = view.id(int(row))
        href = speech.link(f"{path}{identifier}", basket=filters.query().get("basket"))
        listed.append({"id": identifier, "href": href, "cells": cells, "chosen": identifier == filters.at})
    return listed


def precincts(face: Face, state: State) -> list[tuple[str, int]]:
    """Return the precincts and how many parcels each has."""
    view = next((one for one in face.views(state) if one.kind == "parcels"), None)
    return sorted(labels(view, PRECINCT).items()) if view is not None else []


def own_title(attribute: Attribute, lang: str) -> str:
    """Return a short name where we have one, else an attribute's name without its layer's, with a capital."""
    short = f"page.short_{attribute.name.replace('.', '_')}"
    if short in sentences(lang):
        return say(short, lang)
    return capital(attribute.own_title(lang))


def pager(page: int, pages: int) -> list[int | None]:
    """Return the pages to offer, None for a gap.

    >>> pager(7, 20)
    [1, None, 6, 7, 8, None, 20]
    """
    wanted = sorted({1, page - 1, page, page + 1, pages} & set(range(1, pages + 1)))
    found: list[int | None] = []
    for one in wanted:
        if found and one - (found[-1] or 0) > 1:
            found.append(None)
        found.append(one)
    return found
