"""One layer of an import: its tables prepared, decided, written as a revision, compared with the one before."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyproj
import shapely
import sqlalchemy as sa

from gis_sites.ahead import ahead
from gis_sites.catalogue import Layer
from gis_sites.errors import Refused
from gis_sites.findings import Finding
from gis_sites.intake import axes, conform, neighbours, parcels, rows, shapes, silent
from gis_sites.intake import coverage as coverages
from gis_sites.intake import spool as spools
from gis_sites.intake.around import GEOM
from gis_sites.intake.batch import Batch, Numbers, Objects, arrived
from gis_sites.intake.ground import Ground
from gis_sites.intake.loading import ALL, Loading
from gis_sites.intake.note import Note
from gis_sites.intake.plan import TablePlan
from gis_sites.intake.source import Source, read_table
from gis_sites.intake.tally import Tally
from gis_sites.progress import Progress
from gis_sites.store import comparison, lineage, revisions
from gis_sites.store import loads as registry
from gis_sites.store.revisions import Part, Revision
from gis_sites.symbols import SymbolTable

SHRUNK = 0.9
"""A part may lose a tenth of its rows; more must be allowed."""
MANY = 10_000
"""Polygons of one part that wait to be united."""


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
    parts: dict[str, int] = field(default_factory=dict)
    """Each part it brings, and its rows."""
    owned: dict[str, list[Objects]] = field(default_factory=dict)
    """Part -> its polygons, where they are its coverage."""
    changes: comparison.Comparison | None = None
    base: int | None = None
    """The number of the revision it was compared with."""


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
    stay = [part for part in base.parts if part.name not in brought] if base else []
    silent.parts_told(loaded[0].loading, base, stay)
    _keys_once(layer, loaded, _keys_of(conn, base, stay))
    for one in loaded:
        _count(one)
        silent.rows_told(one.loading, one.parts)
    _not_shrunk(run.note, layer, base, loaded)
    orders = [spools.kept_order(one.spool) for one in loaded]
    names = [part.name for part in stay if part.rows]
    watch = neighbours.Watch(layer, [one.spool for one in loaded], orders, base, names)
    with neighbours.looking(conn.engine, watch, run.folder, progress=run.progress):
        revision = _written(conn, run, loaded, orders, stay)
    neighbours.tell(watch, {part: one.loading.tally for one in loaded for part in one.parts})
    for one in loaded:
        _compare(conn, run, one, (base, revision))
        one.loading.tally.balance()
        one.loading.tally.close()
    run.held[layer.name] = revision
    return revision, loaded


def _written(conn: sa.Connection, run: Run, loaded: list[Loaded], orders: list[Numbers], stay: list[Part]) -> Revision:
    """Write the rows that wait, and those that stay, as a revision."""
    layer = loaded[0].plan.layer
    draft = revisions.create(conn, layer, srid=run.srid)
    # Rows of one table are numbered before they are written; where others join them, the database does it.
    alone = len(loaded) == 1 and not any(part.rows for part in stay)
    for one, order in zip(loaded, orders, strict=True):
        numbers = spools.numbered(one.spool, order) if alone else None
        revisions.append(conn, draft, _tables(run, one, numbers))
    if base := run.held.get(layer.name):
        revisions.carry_over(conn, draft, base, without=sorted(part for one in loaded for part in one.parts))
    return revisions.finish(conn, draft, [*stay, *_parts(run, loaded)], numbered=alone)


def prepare(conn: sa.Connection, run: Run, plan: TablePlan) -> Loaded:
    """Read one table and make its rows ready; decide which are kept."""
    loading = _loading(conn, run, plan)
    loading.tally.find(*plan.findings)
    town = coverages.municipality(conn, run.held.get(coverages.BOUNDARY))
    coverage = coverages.decide(loading, run.note.coverage_of(plan.layer.name), town)
    ground = Ground(conn, run.held.get(plan.layer.name), run.held.get("parcel"), run.held.get("boundary"), town)
    name = f"{plan.layer.name}-{len(list(run.folder.iterdir()))}.arrow"
    with closing(_read(run, loading)) as source:
        waiting = spools.spool(prepared(source, loading, ground), run.folder / name, loading)
    spools.decide(waiting, loading)
    return Loaded(plan, loading, waiting, coverage)


def prepared(source: Iterable[Batch], load: Loading, ground: Ground) -> Iterator[Batch]:
    """Name the steps from a table to rows of a layer, in their order."""
    batches = rows.counted(source, load)
    batches = rows.current(batches, load)
    batches = conform.conformed(batches, load)
    batches = rows.taken(batches, load)
    batches = conform.symbols_known(batches, load)
    batches = parcels.identified(batches, load)
    batches = rows.parted(batches, load)
    batches = rows.keyed(batches, load)
    batches = parcels.of_town(batches, load, ground)
    batches = rows.required(batches, load)
    batches = axes.checked(batches, load, ground)
    batches = shapes.shaped(batches, load)
    batches = parcels.areas_compared(batches, load)
    batches = parcels.parcels_found(batches, load, ground)
    return rows.sifted(batches, load)


def _read(run: Run, load: Loading) -> Generator[Batch, None, None]:
    """Read the table, one batch ahead, and tell how far it is."""
    done, what = 0, f"{load.table.name} → {load.layer.name}"
    for batch in ahead(map(arrived, read_table(run.source, load.table.name, load.fit.wanted()))):
        done += len(batch)
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
        run.srid,
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
        for part in sorted(one.spool.parts if fixed is None else [fixed]):
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


def _keys_of(conn: sa.Connection, base: Revision | None, parts: list[Part]) -> pa.ChunkedArray:
    """Return the keys of the parts that stay."""
    names = [part.name for part in parts if part.rows]
    if base is None or not names:
        return pa.chunked_array([], pa.string())
    return revisions.read(conn, base, columns=(), geometry=False, which=revisions.Which(parts=names)).table["key"]


def _keys_once(layer: Layer, loaded: list[Loaded], taken: pa.ChunkedArray) -> None:
    """Reject identifiers held by another part or table, where the layer's identifiers stand for themselves."""
    if not any(layer.fields[name].required for name in layer.key_fields):
        return
    for one in loaded:
        spools.reject_keys(one.spool, taken, one.loading)
        if len(loaded) > 1:
            mine = one.spool.keys.filter(pa.array(one.spool.keep))
            taken = pa.chunked_array([*taken.chunks, mine], pa.string())


def _count(one: Loaded) -> None:
    held, tally = one.spool, one.loading.tally
    one.parts |= held.parts
    tally.loaded += int(held.keep.sum())
    tally.repaired += int((held.repaired & held.keep).sum())


def _not_shrunk(note: Note, layer: Layer, base: Revision | None, loaded: list[Loaded]) -> None:
    counts = {part: n for one in loaded for part, n in one.parts.items()}
    for part in base.parts if base and not note.allow_shrink else ():
        now = counts.get(part.name, part.rows)
        if now < SHRUNK * part.rows:
            raise Refused("import.shrinks", layer=layer.name, part=part.name, before=part.rows, now=now)


def _tables(run: Run, one: Loaded, order: npt.NDArray[np.int32] | None) -> Iterator[pa.Table]:
    """Yield the kept rows as the revision's table has them, and tell how far it is."""
    held, done = one.spool, 0
    for table, places in spools.kept(held):
        at = pa.array(places)
        columns = {
            **({} if order is None else {"row": pa.array(order[places], pa.int32())}),
            "key": held.keys.take(at),
            "part": held.part.take(at).cast(pa.string()),
            "load": pa.array(np.full(len(places), run.load)),
            "source_row": pa.array(held.row[places]),
            **{name: table[name] for name in table.column_names},
        }
        if one.plan.layer.geometry == "table":
            del columns[GEOM]
        if one.coverage.united:
            _own(one, columns["part"].to_pylist(), spools.geometries(table))
        yield pa.table(columns)
        done += len(places)
        run.progress(f"{one.plan.layer.name} → PostGIS", done, one.loading.tally.loaded)


def _own(one: Loaded, owners: list[str], polygons: Objects) -> None:
    """Keep the polygons of each part for its coverage; many are united at once, so that few are held."""
    parts = np.array(owners, dtype=object)
    for part in set(owners):
        held = one.owned.setdefault(part, [])
        held.append(polygons[parts == part])
        if sum(map(len, held)) > MANY:
            one.owned[part] = [np.array([shapely.union_all(np.concatenate(held))], dtype=object)]


def _parts(run: Run, loaded: list[Loaded]) -> list[Part]:
    return [
        Part(name, run.load, count, one.coverage.of(one.owned.get(name, [])), run.note.dated, run.note.publisher)
        for one in loaded
        for name, count in sorted(one.parts.items())
    ]


def _compare(conn: sa.Connection, run: Run, one: Loaded, pair: tuple[Revision | None, Revision]) -> None:
    base, revision = pair
    one.changes = comparison.compare(conn, one.plan.layer, base=base, revision=revision, parts=one.parts)
    if base is not None:
        one.base = base.number
        if one.plan.layer.name == "parcel":
            lineage.record_descent(conn, run.load)
