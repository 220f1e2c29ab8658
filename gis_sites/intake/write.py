"""One layer of an import: its tables prepared, decided, written as a revision, compared with the one before."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyproj
import sqlalchemy as sa

from gis_sites.catalogue import Layer
from gis_sites.errors import Refused
from gis_sites.findings import Finding
from gis_sites.intake import compare, conform, parcels, rows, shapes
from gis_sites.intake import coverage as coverages
from gis_sites.intake import spool as spools
from gis_sites.intake.batch import Batch, Objects
from gis_sites.intake.loading import ALL, Loading
from gis_sites.intake.note import Note
from gis_sites.intake.plan import TablePlan
from gis_sites.intake.source import Source, read_table
from gis_sites.intake.tally import Tally
from gis_sites.progress import Progress
from gis_sites.store import lineage, revisions
from gis_sites.store import loads as registry
from gis_sites.store.revisions import Part, Revision
from gis_sites.symbols import SymbolTable

SHRUNK = 0.9
"""A part may lose a tenth of its rows; more must be allowed."""
FEW = 10


@dataclass
class Run:
    """What all layers of one import share."""

    source: Source
    note: Note
    folder: Path
    working: pyproj.CRS
    srid: int
    symbols: Mapping[str, SymbolTable]
    progress: Progress
    held: dict[str, Revision]
    """Layer -> its newest revision: published, then those of this import."""
    load: int


@dataclass
class Loaded:
    """One load on its way: how it is read, what waits, what it becomes."""

    plan: TablePlan
    loading: Loading
    spool: spools.Spool
    coverage: coverages.Coverages
    digests: dict[tuple[str, str], bytes] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, list[Objects]] = field(default_factory=dict)
    changes: compare.Changes | None = None


def load_layer(conn: sa.Connection, run: Run, plans: list[TablePlan]) -> tuple[Revision, list[Loaded]]:
    """Load every table that feeds one layer and make its revision.

    Raises:
        Refused: two tables bring the same part, parts do not go together, or too many rows would go.
    """
    layer = plans[0].layer
    base = run.held.get(layer.name)
    loaded = [prepare(conn, run, plan) for plan in plans]
    brought = _brought(loaded)
    _parts_go_together(layer, base, brought)
    before = compare.before(conn, base, layer)
    _keys_once(layer, loaded, {key for part, key in before if part not in brought})
    for one in loaded:
        _count(one)
    _not_shrunk(run.note, layer, base, loaded)
    draft = revisions.create(conn, layer, srid=run.srid)
    for one in loaded:
        _append(conn, run, draft, one)
    revision = revisions.finish(conn, draft, [*_carried(conn, draft, base, brought), *_parts(run, loaded)])
    for one in loaded:
        _compare(conn, run, one, before, (base, revision))
        one.loading.tally.balance()
        one.loading.tally.flush()
    run.held[layer.name] = revision
    return revision, loaded


def prepare(conn: sa.Connection, run: Run, plan: TablePlan) -> Loaded:
    """Read one table and make its rows ready; decide which are kept."""
    loading = _loading(conn, run, plan)
    loading.tally.find(*plan.findings)
    town = coverages.municipality(conn, run.held.get(coverages.BOUNDARY))
    coverage = coverages.decide(loading, run.note.coverage_of(plan.layer.name), town)
    known = parcels.ids(conn, run.held.get("parcel")) if plan.layer.parcels else None
    name = f"{plan.layer.name}-{len(list(run.folder.iterdir()))}.arrow"
    waiting = spools.spool(prepared(_read(run, loading), loading, known), run.folder / name)
    spools.decide(waiting, loading)
    return Loaded(plan, loading, waiting, coverage)


def prepared(source: Iterable[pa.RecordBatch], load: Loading, known: frozenset[str] | None) -> Iterator[Batch]:
    """Name the steps from a table to rows of a layer, in their order."""
    batches = rows.counted(source, load)
    batches = rows.current(batches, load)
    batches = conform.conformed(batches, load)
    batches = rows.taken(batches, load)
    batches = conform.symbols_known(batches, load)
    batches = rows.parted(batches, load)
    batches = rows.keyed(batches, load)
    batches = rows.required(batches, load)
    batches = shapes.shaped(batches, load)
    batches = parcels.areas_compared(batches, load)
    batches = parcels.parcels_found(batches, load, known)
    return rows.sifted(batches, load)


def _read(run: Run, load: Loading) -> Iterator[pa.RecordBatch]:
    """Read the table, and tell how far it is."""
    done, what = 0, f"{load.table.name} → {load.layer.name}"
    for batch in read_table(run.source, load.table.name, load.fit.wanted()):
        done += batch.num_rows
        run.progress(what, done, load.table.rows)
        yield batch


def _loading(conn: sa.Connection, run: Run, plan: TablePlan) -> Loading:
    private = plan.fit.private(plan.layer)

    def write(findings: list[Finding], places: Mapping[int, bytes]) -> None:
        registry.add_findings(
            conn, run.load, findings, layer=plan.layer, table=plan.table.name, private=private, places=places
        )

    return Loading(
        plan.layer,
        plan.table,
        plan.fit,
        Tally(write, private),
        run.working,
        plan.crs,
        plan.part,
        run.note.encoding,
        run.symbols,
    )


def _brought(loaded: list[Loaded]) -> set[str]:
    """Return the parts the tables bring, each once."""
    brought: dict[str, str] = {}
    for one in loaded:
        fixed = one.loading.fixed_part
        said = {one.spool.parts[place] for place in np.flatnonzero(one.spool.keep).tolist()}
        for part in sorted(said if fixed is None else {fixed}):
            if part in brought:
                tables = f"{brought[part]}, {one.plan.table.name}"
                raise Refused("import.same_part", tables=tables, part=part, layer=one.plan.layer.name)
            brought[part] = one.plan.table.name
            one.parts[part] = 0
    return set(brought)


def _parts_go_together(layer: Layer, base: Revision | None, brought: set[str]) -> None:
    """Refuse a named part beside a whole layer, and a whole layer beside named parts."""
    held = {part.name for part in base.parts if part.rows} if base else set()
    if held and brought and (ALL in held) != (ALL in brought):
        key = "import.part_beside_all" if ALL in held else "import.all_beside_parts"
        names = ", ".join(sorted(held if ALL in brought else brought)[:8])
        raise Refused(key, layer=layer.name, parts=names)


def _keys_once(layer: Layer, loaded: list[Loaded], taken: set[str]) -> None:
    """Reject identifiers held by another part or table, where the layer's identifiers stand for themselves."""
    if not any(layer.fields[name].required for name in layer.key_fields):
        return
    for one in loaded:
        spools.reject_keys(one.spool, taken, one.loading)
        taken |= {one.spool.keys[place] for place in np.flatnonzero(one.spool.keep)}


def _count(one: Loaded) -> None:
    held, tally = one.spool, one.loading.tally
    for place in np.flatnonzero(held.keep).tolist():
        one.parts[held.parts[place]] += 1
        one.digests[held.parts[place], held.keys[place]] = held.shapes[place] + held.fields[place]
        tally.loaded += 1
        tally.repaired += held.repaired[place]


def _not_shrunk(note: Note, layer: Layer, base: Revision | None, loaded: list[Loaded]) -> None:
    counts = {part: n for one in loaded for part, n in one.parts.items()}
    for part in base.parts if base and not note.allow_shrink else ():
        now = counts.get(part.name, part.rows)
        if now < SHRUNK * part.rows and part.rows - now >= FEW:
            raise Refused("import.shrinks", layer=layer.name, part=part.name, before=part.rows, now=now)


def _append(conn: sa.Connection, run: Run, draft: revisions.Draft, one: Loaded) -> None:
    held = one.spool
    for table, geometry, places in spools.kept(held):
        columns = {
            "key": pa.array([held.keys[place] for place in places], pa.string()),
            "part": pa.array([held.parts[place] for place in places], pa.string()),
            "load": pa.array([run.load] * len(places), pa.int64()),
            "source_row": pa.array([held.row[place] for place in places], pa.int64()),
            **{name: table[name] for name in table.column_names},
        }
        if one.plan.layer.geometry != "table":
            columns["geom"] = shapes.to_ewkb(geometry, run.srid)
        revisions.append(conn, draft, pa.table(columns))
        if one.coverage.own:
            owners = np.array([held.parts[place] for place in places], dtype=object)
            for part in set(owners.tolist()):
                one.shapes.setdefault(part, []).append(geometry[owners == part])


def _carried(conn: sa.Connection, draft: revisions.Draft, base: Revision | None, brought: set[str]) -> list[Part]:
    if base is None:
        return []
    revisions.carry_over(conn, draft, base, without=sorted(brought))
    return [part for part in base.parts if part.name not in brought]


def _parts(run: Run, loaded: list[Loaded]) -> list[Part]:
    return [
        Part(
            name,
            run.load,
            count,
            one.coverage.of(one.shapes.get(name, []), one.plan.layer.name),
            run.note.dated,
            run.note.publisher,
        )
        for one in loaded
        for name, count in sorted(one.parts.items())
    ]


def _compare(
    conn: sa.Connection,
    run: Run,
    one: Loaded,
    before: Mapping[tuple[str, str], bytes],
    pair: tuple[Revision | None, Revision],
) -> None:
    old = {place: digest for place, digest in before.items() if place[0] in one.parts}
    one.changes, came, went = compare.compare(one.digests, old)
    if one.plan.layer.name == "parcel" and came and went and pair[0] is not None:
        news = compare.shapes_of(conn, pair[1], [key for _, key in came])
        olds = compare.shapes_of(conn, pair[0], [key for _, key in went])
        compare.trace(one.changes, news, olds)
        lineage.record(conn, run.load, one.changes.lineage)
