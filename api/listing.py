"""The list: which rows, in which words, and what the map beside it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from api.face import Face
from api.filters import Filters, uses
from api.texts import Speech
from gis_sites.catalogue import Attribute
from gis_sites.columns import Rows
from gis_sites.errors import Gone, RequirementError
from gis_sites.matching.reasons import value_of
from gis_sites.matching.sentences import value_text
from gis_sites.matching.sieve import Sieved, sieve
from gis_sites.store.search import labelled, labels, named
from gis_sites.store.snapshot import Snapshot
from gis_sites.store.states import State
from gis_sites.words import say, sentences

Json = dict[str, Any]
PAGE = 25
PRECINCT = "parcel.precinct"
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


def find(face: Face, state: State, filters: Filters) -> Found:
    """Find the rows that are asked for, in the order of identifiers."""
    views = face.views(state)
    view = next((one for one in views if one.kind == filters.kind), None)
    if view is None:
        return Found(None, np.empty(0, dtype=np.intp), 0)
    rows = named(view, filters.q) if filters.q else np.arange(len(view), dtype=np.intp)
    if filters.precinct:
        rows = np.intersect1d(rows, labelled(view, PRECINCT, filters.precinct), assume_unique=True)
    refusal = None
    sieved = Sieved(rows, np.empty(0, dtype=np.intp))
    if filters.conditions:
        try:
            sieved = sieve(filters.requirement(face.catalogue), view, face.catalogue).within(rows)
        except RequirementError as error:
            refusal = error
    shown = sieved.both() if filters.doubtful else sieved.met
    return Found(view, shown, len(view), len(sieved.unknown), refusal, _heirs(face, filters, len(rows)))


def _heirs(face: Face, filters: Filters, found: int) -> tuple[str, ...]:
    if found or not filters.q or filters.kind != "parcels":
        return ()
    try:
        face.inventory.raise_if_gone(filters.q)
    except Gone as gone:
        return tuple(gone.more["successors"])
    return ()


def listing(face: Face, state: State, filters: Filters, speech: Speech) -> Json:
    """Return all that the list's page says."""
    found = find(face, state, filters)
    count = len(found.rows)
    page = _page_of(found, filters)
    shown = found.rows[(page - 1) * PAGE : page * PAGE]
    columns = _columns(face, filters.kind, found.view)
    return {
        "filters": filters,
        "found": found,
        "count": count,
        "page_now": page,
        "first": (page - 1) * PAGE + 1,
        "pages": max(-(-count // PAGE), 1),
        "pager": pager(page, max(-(-count // PAGE), 1)),
        "columns": [(one.name, own_title(one, speech.lang)) for one in columns],
        "rows": _rows(found.view, shown, columns, filters, speech) if found.view else [],
        "precincts": precincts(face, state),
        "uses": uses(face.catalogue, speech.lang),
        "kinds": [(view.kind, len(view)) for view in face.views(state)],
    }


def _page_of(found: Found, filters: Filters) -> int:
    """Return the page to show: the one asked for, or the one with the row asked for; the last where there are fewer."""
    if filters.at and found.view is not None and (row := found.view.row(filters.at)) is not None:
        place = int(np.searchsorted(found.rows, row))
        if place < len(found.rows) and found.rows[place] == row:
            return place // PAGE + 1
    return max(min(filters.page, -(-len(found.rows) // PAGE)), 1)


def _columns(face: Face, kind: str, view: Snapshot | None) -> list[Attribute]:
    known = [face.catalogue.attributes[name] for name in COLUMNS[kind] if name in face.catalogue.attributes]
    return [one for one in known if view is not None and one.name in view.names]


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
        href = speech.link(f"{path}{identifier}")
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
    own = attribute.title(lang).removeprefix(f"{attribute.layer.title.say(lang)}: ")
    return own[:1].upper() + own[1:]


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
