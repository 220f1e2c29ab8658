"""What the terminal shows of an import: what came in, what became of every row and column, what was noticed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gis_sites.findings import Severity, summary
from gis_sites.show import Json, table
from gis_sites.words import number, say, sentences

if TYPE_CHECKING:
    from rich.table import Table

    from gis_sites.store.loads import Noticed

SHOWN = 20
"""How many findings of one type a table lists before it says how many more there are."""
NOTHING = "–"


def report_tables(report: Any, lang: str) -> Iterator[Any]:  # noqa: ANN401 - an ImportReport, imported when needed
    """Yield an import's report in tables: columns (of a preview), rows by fate, changes, findings, what is left out."""
    document = report.model_dump(mode="json")
    loads = document["loads"] if document["status"] != "nothing_to_do" else []
    if loads and document["reused"]:
        yield _line("show.reused", lang, publisher=loads[0]["publisher"], options=" ".join(document["reused"]))
    for load in loads if document["status"] == "preview" else ():
        yield from _columns(load, lang)
    if loads:
        yield _rows_table(loads, lang, title=document["source"]["name"])
        yield from _aside_table(loads, lang)
        yield _changes_table(loads, lang)
    if document["status"] != "nothing_to_do":
        yield from _noticed_table(document, lang)
    if document["left_out"]:
        yield _line("show.left_out", lang, tables=", ".join(document["left_out"]))
    if document["load"]:
        yield _line("show.load_line", lang, load=document["load"])
    yield _published(document, lang)


def _line(key: str, lang: str, **values: object) -> str:
    from rich.markup import escape

    return escape(say(key, lang, **values))


def _columns(load: Json, lang: str) -> Iterator[Any]:
    """Yield why a table is a layer's, then every column in the file's order: the field it goes to, and why."""
    rows = [
        [None if one["fate"] == "set" else one["column"], _fate(one, lang), say(f"show.why_{one['reason']}", lang)]
        for one in load["columns"]
    ]
    values = {"table": load["table"], "layer": load["layer"], "confidence": number(load["confidence"], lang)}
    yield _line("show.recognised", lang, **values, reasons="; ".join(load["reasons"]))
    yield table(("column", "becomes", "why"), rows, lang)


def _fate(one: Json, lang: str) -> str:
    return say(f"show.fate_{one['fate']}", lang, field=one["field"], value=one["value"] or NOTHING)


def _rows_table(loads: Sequence[Json], lang: str, *, title: str) -> "Table":
    columns = ("table", "layer", "part", "read", "loaded", "repaired", "set_aside", "rejected", "revision")
    rows = [
        [one["table"], one["layer"], one["part"], *(one["rows"][name] for name in columns[3:8]), one["revision"]]
        for one in loads
    ]
    return table(columns, rows, lang, title=title)


def _aside_table(loads: Sequence[Json], lang: str) -> "Iterator[Table]":
    known = sentences(lang)
    rows = [
        [one["table"], one["layer"], known.get(f"show.aside_{reason}", reason), count]
        for one in loads
        for reason, count in one["set_aside"].items()
    ]
    if rows:
        yield table(("table", "layer", "set_aside_as", "rows"), rows, lang)


def _changes_table(loads: Sequence[Json], lang: str) -> "Table":
    rows = [[one["table"], one["layer"], *_changes(one["changes"])] for one in loads]
    return table(("table", "layer", "added", "changed", "unchanged", "removed", "lineage"), rows, lang)


def _changes(changes: Mapping[str, Mapping[str, int]]) -> list[object]:
    new, old = changes["new"], changes["old"]
    lineage = sum(new.get(name, 0) for name in ("renumbered", "split_from", "merged_from"))
    return [new["added"], new["changed"], new["unchanged"], old["removed"], lineage]


def _noticed_table(document: Json, lang: str) -> "Iterator[Table]":
    whole, loads = {"layer": None, "findings": document["findings"]}, document["loads"]
    rows = [
        [
            load["layer"],
            kind["type"],
            say(f"finding_help.{kind['severity']}", lang),
            say(f"finding_help.{kind['whose']}", lang) if "whose" in kind else None,
            kind["count"],
            kind["examples"][0]["sentence"] if kind["examples"] else None,
        ]
        for load, kind in _gravest_first((load, kind) for load in (whole, *loads) for kind in load["findings"])
    ]
    if rows:
        yield table(("layer", "type", "severity", "whose", "count", "example"), rows, lang)


def _gravest_first(found: Iterable[tuple[Json, Json]]) -> list[tuple[Json, Json]]:
    """Order findings by their severity, as `Severity` has them from the end."""
    ranks = [str(severity) for severity in reversed(Severity)]
    return sorted(found, key=lambda pair: ranks.index(pair[1]["severity"]))


def _published(document: Json, lang: str) -> str:
    if document["status"] == "nothing_to_do":
        return say("show.nothing_to_do", lang)
    if not document["loads"]:
        return say("show.nothing_taken", lang)
    if document["state"] is None:
        return say("show.not_published", lang)
    return say("show.published_done", lang, state=document["state"])


def findings_document(findings: Sequence["Noticed"], lang: str) -> Json:
    """List what a load noticed, with the counts by type, what each means and how it is mended."""
    return {
        "summary": summary((one.finding for one in findings), lang),
        "findings": [
            {
                "layer": one.layer,
                "table": one.table,
                "type": one.finding.type.word,
                "severity": str(one.finding.type.severity),
                "row": one.finding.row,
                "key": one.finding.key,
                "column": one.finding.column,
                "sentence": one.finding.sentence(lang),
            }
            for one in findings
        ],
    }


def findings_tables(document: Json, lang: str) -> Iterator[Any]:
    """Yield `findings_document` type by type: what it means, whose job it is, how it is mended, then where it is."""
    for _, kind in _gravest_first(({}, kind) for kind in document["summary"]):
        found = [one for one in document["findings"] if one["type"] == kind["type"]]
        rows = [[one["layer"], one["table"], one["sentence"]] for one in found[:SHOWN]]
        words = {name: say(f"finding_help.{kind[name]}", lang) for name in ("severity", "whose")}
        values = {name: kind[name] for name in ("type", "count", "meaning", "mend")}
        yield _line("show.finding_kind", lang, **values, **words)
        yield table(("layer", "table", "sentence"), rows, lang)
        if len(found) > SHOWN:
            yield _line("show.more_findings", lang, count=len(found) - SHOWN)
