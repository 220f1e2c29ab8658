"""A shortlist as a table for the terminal."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gis_sites.catalogue import Catalogue
from gis_sites.matching.phrases import ends_text, mark
from gis_sites.matching.sentences import entry_title, tier_word, title_text, value_text, words_in
from gis_sites.words import number, say

if TYPE_CHECKING:
    from rich.table import Table

AREAS = ("parcel.net_area_m2", "parcel.area_m2", "parcel.measured_area_m2")
WANTS_SHOWN = 3


def table(shortlist: Mapping[str, Any], catalogue: Catalogue, lang: str) -> "Table":
    """Return the candidates as a table: rank, identifier, area where it was asked for, tier, score, reasons."""
    from rich.markup import escape
    from rich.table import Table

    title = shortlist["requirement"].get("title")
    made = Table(title=escape(words_in(title, lang)) if title else None, title_justify="left")
    made.add_column(say("match.column_rank", lang), justify="right")
    made.add_column(say("match.column_id", lang), overflow="fold")
    areas = [_area(one, catalogue, lang) for one in shortlist["candidates"]]
    if any(areas):
        made.add_column(say("match.column_area", lang), justify="right")
    made.add_column(say("match.column_tier", lang))
    made.add_column(say("match.column_score", lang), justify="right")
    made.add_column(say("match.column_reasons", lang), ratio=1)
    for one, area in zip(shortlist["candidates"], areas, strict=True):
        cells = [str(one["rank"]), one["id"], *([area] if any(areas) else [])]
        cells += [tier_word(one["tier"], lang), ends_text(one, lang) or "–", "\n".join(_reasons(one, catalogue, lang))]
        made.add_row(*map(escape, cells))
    return made


def _area(candidate: Mapping[str, Any], catalogue: Catalogue, lang: str) -> str:
    entries = {one["attribute"]: one for one in (*candidate["wants"], *candidate["musts"])}
    found = next((entries[name] for name in AREAS if name in entries), None)
    return value_text(found, catalogue.attributes[found["attribute"]], lang) if found else ""


def _reasons(candidate: Mapping[str, Any], catalogue: Catalogue, lang: str) -> Iterator[str]:
    """Yield what is not known of the musts, then the wants that bring most."""
    unknown = [must["attribute"] for must in candidate["musts"] if must["verdict"] == "unknown"]
    marks = {must["attribute"]: mark(must) for must in candidate["musts"]}
    for name in unknown:
        yield f"{entry_title(name, catalogue, lang)}: {say('match.verdict_unknown', lang)}{marks[name]}"
    wants = [want for want in candidate["wants"] if want["attribute"] not in unknown]
    best = sorted(wants, key=lambda want: -float(want["points"]))
    for want in best[:WANTS_SHOWN]:
        attribute = catalogue.attributes[want["attribute"]]
        value = value_text(want, attribute, lang)
        points, of = (number(want[name], lang, 1) for name in ("points", "of"))
        yield f"{title_text(attribute, lang)}: {value} ({points}/{of}){mark(want)}"
