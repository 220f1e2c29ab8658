"""What is on the list as a file: the rows found, in their order, no more than one file holds; public columns only."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastapi import Request

from api.counted import Judges
from api.face import Face
from api.filters import Filters, facets_of
from api.listing import COLUMNS, Found, chips, listing
from api.sheets import pdf
from api.shortlist_page import FORMATS
from api.texts import Speech, page
from gis_sites.catalogue import Attribute
from gis_sites.columns import Rows
from gis_sites.errors import NotFound
from gis_sites.matching.limits import SHORTLIST
from gis_sites.matching.reading import understand
from gis_sites.matching.reasons import candidates
from gis_sites.matching.shortlist import heading
from gis_sites.matching.verdicts import Window
from gis_sites.store.snapshot import Snapshot
from gis_sites.store.states import State

Json = dict[str, Any]
MOST = {"csv": 20_000, "geojson": 10_000, "gpkg": 10_000, "xlsx": 5_000, "map": 500, "pdf": 200}
"""Rows that a file of each form holds at most: seconds of work, and what programs open at ease."""
WITH_SHAPES = (".geojson", ".gpkg")


@dataclass(frozen=True)
class Asked:
    """What goes into a file: the rows (of those found, the first) of a view, by which conditions, in which words."""

    filters: Filters
    found: Found
    view: Snapshot
    rows: Rows
    speech: Speech


def file_of(face: Face, found: Found, filters: Filters, form: str, *, speech: Speech) -> bytes:
    """Return the list as a file; it passes through a folder that is gone at once, and is kept nowhere.

    Raises:
        NotFound: nothing can be put into it.
    """
    if found.view is None or found.refusal is not None:
        raise NotFound("page.nothing_to_take")
    asked = Asked(filters, found, found.view, found.rows[: MOST[form]], speech)
    document = _document(face, asked)
    with tempfile.TemporaryDirectory(prefix="gis-sites-") as folder:
        path = Path(folder) / f"list{FORMATS[form][0]}"
        if form == "map":
            face.inventory.map(document, path, lang="pl" if speech.lang == "pl" else "en")
        else:
            _write(face, asked, document, path)
        return path.read_bytes()


def sheet_of(request: Request, face: Face, state: State, filters: Filters, judges: Judges) -> bytes:
    """Return the list on sheets of paper, from its first row on.

    Raises:
        NotFound: there is nothing to put on them.
        Busy: the libraries that set type are not on this machine.
    """
    first = replace(filters, page=1, at="")
    listed = listing(face, state, first, Speech.of(request), judges, most=MOST["pdf"])
    if not listed["rows"]:
        raise NotFound("page.nothing_to_take")
    return pdf(bytes(page(request, "list_sheet.html", listed, state=state).body), request)


def _write(face: Face, asked: Asked, document: Json, path: Path) -> None:
    from gis_sites.maps.export import WRITERS
    from gis_sites.maps.handout import site_shapes
    from gis_sites.maps.listed import listed_table

    tiers = [one["tier"] for one in document["candidates"]]
    attributes = _attributes(face, asked.view, asked.filters)
    told = listed_table(
        asked.view, asked.rows, attributes, tiers=tiers, facts=_facts(face, asked, path.suffix[1:]),
        lang=asked.speech.lang,
    )  # fmt: skip
    sites = document["candidates"] if path.suffix in WITH_SHAPES else []
    shapes = site_shapes(document["candidates"], face.inventory.sites({**document, "candidates": sites}))
    WRITERS[path.suffix](told, shapes, path, asked.speech.lang)


def _facts(face: Face, asked: Asked, form: str) -> list[tuple[str, str]]:
    """Say what the file holds of which list: how it was narrowed, and whether it is all of it."""
    speech, count = asked.speech, len(asked.found.rows)
    facts = [(speech.say("list_title"), speech.say("found_of", count=count, total=asked.found.total))]
    facts += [(speech.say("chosen"), chip["text"]) for chip in chips(face, asked.filters, speech)]
    if count > len(asked.rows):
        facts.append((speech.say("files_limit"), speech.say("file_cut", most=MOST[form], count=count)))
    return facts


def _attributes(face: Face, view: Snapshot, filters: Filters) -> list[Attribute]:
    """Return what is told of a row: the columns of the list, what was chosen by, what it is sorted by."""
    names = dict.fromkeys(COLUMNS[filters.kind])
    for name, choice in filters.chosen:
        names |= dict.fromkeys(_named(facets_of(face.catalogue)[name].table(choice)))
    names |= dict.fromkeys([filters.sort.removeprefix("-")] if filters.sort else [])
    known = face.catalogue.attributes
    return [
        known[name] for name in names if name in known and (name in view.names or name not in COLUMNS[filters.kind])
    ]


def _named(table: Json) -> Iterator[str]:
    yield from table.get("must", ())
    for either in table.get("either", ()):
        for group in either["any"]:
            yield from group


def _document(face: Face, asked: Asked) -> Json:
    """Return the rows as a shortlist without wants, in the order of the list."""
    speech, found = asked.speech, asked.found
    table = {"title": speech.say("list_title"), "scope": [asked.filters.kind], **asked.filters.table(face.catalogue)}
    requirement = understand({"format": 1, **table})
    told = candidates(requirement, Window(asked.view, face.catalogue).at(asked.rows))
    fit = len(found.rows) - (found.doubtful if asked.filters.doubtful else 0)
    return {
        **heading(requirement, [asked.view], face.catalogue, SHORTLIST),
        "counts": {
            "considered": found.total, "eligible": fit, "to_verify": found.doubtful,
            "failed": found.total - fit - found.doubtful, "failed_by": {},
        },
        "notices": [],
        "candidates": [{"rank": rank, **one} for rank, one in enumerate(told, 1)],
    }  # fmt: skip
