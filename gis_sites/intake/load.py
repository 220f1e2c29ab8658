"""From a plan to revisions: one transaction for all layers of an import, all of them or none."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pyproj
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.findings import summary
from gis_sites.intake import coverage as coverages
from gis_sites.intake import crs as systems
from gis_sites.intake.note import Note
from gis_sites.intake.plan import ImportPlan, TablePlan
from gis_sites.intake.replaced import replaced
from gis_sites.intake.report import Changed, ImportReport, LoadReport, Rows
from gis_sites.intake.reuse import options
from gis_sites.intake.symbols import own_symbols, stamp
from gis_sites.intake.tally import Tally
from gis_sites.intake.write import Loaded, Run, load_layer
from gis_sites.progress import Progress, silent
from gis_sites.scratch import scratch
from gis_sites.store import loads as registry
from gis_sites.store import saved, states
from gis_sites.store.connect import Store
from gis_sites.store.revisions import Revision

FORMAT = 3
"""Raised when the same input would make another revision than before."""


def load(
    store: Store, catalogue: Catalogue, plan: ImportPlan, *, progress: Progress = silent, dry_run: bool = False
) -> ImportReport:
    """Load a plan: its revisions are ready, not published; a dry run does the same and takes it all back.

    The same bytes, mapping, layer files, CRS and options as what stands already add nothing.

    Raises:
        Refused: something about the data as a whole; the inventory is as before.
    """
    symbols = own_symbols(catalogue, plan.note)
    with _transaction(store, keep=not dry_run) as conn, scratch() as folder:
        held = states.basis(conn)
        fingerprint = _fingerprint(conn, plan, store.crs, stamp(symbols), held)
        same = registry.same(conn, fingerprint, held)
        if same is not None:
            return _nothing_to_do(conn, same, states.current_id(conn))
        opened = _open(conn, plan, fingerprint)
        working = pyproj.CRS.from_user_input(store.crs)
        run = Run(plan.source, plan.note, folder, working, store.srid, symbols, progress, held, opened)
        report = _load_all(conn, run, plan, lang=store.settings.lang, status="preview" if dry_run else "ready")
        registry.close_load(conn, opened, status="ready", report=report.model_dump(mode="json"))
        if plan.note.publisher and plan.saves:
            saved.save_note(conn, plan.note.publisher, plan.saves)
        return report


@contextmanager
def _transaction(store: Store, *, keep: bool) -> Iterator[sa.Connection]:
    with store.engine.connect() as conn, conn.begin() as transaction:
        yield conn
        if not keep:
            transaction.rollback()


def _open(conn: sa.Connection, plan: ImportPlan, fingerprint: str) -> int:
    source = registry.source(conn, sha256=plan.source.sha256, name=plan.source.name, size=plan.source.size)
    return registry.new_load(
        conn,
        source=source,
        fingerprint=fingerprint,
        publisher=plan.note.publisher,
        dated=plan.note.dated,
        note=plan.note.model_dump(mode="json", exclude_defaults=True),
    )


def _load_all(conn: sa.Connection, run: Run, plan: ImportPlan, *, lang: str, status: str) -> ImportReport:
    """Load layer by layer, those that others speak of first."""
    by_layer: dict[str, list[TablePlan]] = defaultdict(list)
    for one in plan.loads:
        by_layer[one.layer.name].append(one)
    reports: list[LoadReport] = []
    ready: dict[str, int] = {}
    for layer, plans in by_layer.items():
        revision, loaded = load_layer(conn, run, plans)
        ready[layer] = revision.id
        reports.extend(_report(one, revision, run.note, lang) for one in loaded)
        registry.add_columns(conn, run.load, (fate for one in loaded for fate in _registered(one)))
    findings = [*plan.findings, *replaced(conn, run, by_layer)]
    registry.add_findings(conn, run.load, findings)
    return ImportReport(
        source=_source(plan),
        load=run.load if status == "ready" else None,
        status=status,
        left_out=list(plan.left_out),
        loads=reports,
        reused=options(plan.reused),
        findings=summary(registry.masked(findings, None), lang),
        ready=ready if status == "ready" else {},
    )


def _source(plan: ImportPlan) -> dict[str, Any]:
    return {"name": plan.source.name, "sha256": plan.source.sha256, "size": plan.source.size}


def _nothing_to_do(conn: sa.Connection, same: int, state: int | None) -> ImportReport:
    """Return the report of the load that stands, as it was then."""
    kept = registry.get(conn, same).report or {}
    return ImportReport.model_validate({**kept, "status": "nothing_to_do", "state": state})


def _report(one: Loaded, revision: Revision, note: Note, lang: str) -> LoadReport:
    tally = one.loading.tally
    masked = partial(registry.masked, layer=one.plan.layer, private=one.plan.fit.private(one.plan.layer))
    assert one.changes is not None
    return LoadReport(
        layer=one.plan.layer.name,
        table=one.plan.table.name,
        part=next(iter(one.parts)) if len(one.parts) == 1 else None,
        parts=dict(sorted(one.parts.items())),
        confidence=one.plan.match.confidence,
        reasons=[reason.say(lang) for reason in one.plan.match.reasons],
        crs=systems.short(one.plan.crs) if one.plan.crs else None,
        rows=_rows(tally),
        set_aside=dict(sorted(tally.set_aside.items())),
        coverage=one.coverage.kind,
        dated=note.dated,
        publisher=note.publisher,
        changes=Changed(**vars(one.changes)),
        columns=list(one.plan.fates),
        findings=tally.summary(masked, lang),
        revision=revision.number,
        base=one.base,
    )


def _rows(tally: Tally) -> Rows:
    counts = {"read": tally.read, "loaded": tally.loaded, "repaired": tally.repaired, "rejected": tally.rejected}
    return Rows(**counts, set_aside=tally.set_aside.total())


def _registered(one: Loaded) -> Iterator[registry.Fate]:
    for fate in one.plan.fates:
        yield registry.Fate(one.plan.table.name, fate.column, fate.fate, one.plan.layer.name, fate.field, fate.reason)


def _fingerprint(conn: sa.Connection, plan: ImportPlan, crs: str, symbols: str, held: dict[str, Revision]) -> str:
    """Return a hash of all that decides what an import makes."""
    loads = [
        [
            one.table.name,
            one.layer.name,
            one.layer.hash,
            sorted(one.fit.columns.items()),
            sorted((name, str(value)) for name, value in one.fit.constants.items()),
            sorted(one.fit.factors.items()),
            one.part,
            systems.short(one.crs) if one.crs else None,
            plan.note.coverage_of(one.layer.name),
        ]
        for one in plan.loads
    ]
    note = plan.note
    said = [FORMAT, plan.source.sha256, crs, symbols, _town(conn, plan, held), loads]
    said += [note.encoding, str(note.dated), note.publisher, list(plan.left_out)]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _town(conn: sa.Connection, plan: ImportPlan, held: dict[str, Revision]) -> str | None:
    """Return the boundary that coverages will be made of, where it is not in the same source."""
    if any(one.layer.name == coverages.BOUNDARY for one in plan.loads):
        return None
    usual = {one.layer.name for one in plan.loads if one.layer.coverage == coverages.BOUNDARY}
    if not any(plan.note.coverage_of(name) in {None, coverages.BOUNDARY} for name in usual):
        return None
    town = coverages.municipality(conn, held.get(coverages.BOUNDARY))
    return hashlib.sha256(town).hexdigest() if town else None
