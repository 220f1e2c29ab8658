"""Which rows of a table are the layer's: current ones, of its classes, with a key and what is required."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from gis_sites.catalogue import UNKNOWN, Code
from gis_sites.findings import Finding, FindingType
from gis_sites.intake.batch import Batch, Bools, Objects, arrived, cells_of
from gis_sites.intake.cells import words
from gis_sites.intake.loading import NO_PART, Loading
from gis_sites.intake.values import is_placeholder, spell

ARCHIVED = "archived"


def counted(source: Iterable[pa.RecordBatch], load: Loading) -> Iterator[Batch]:
    """Count the rows as they come from the file."""
    for raw in source:
        load.tally.read += raw.num_rows
        yield arrived(raw)


def current(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Set archived versions aside: rows where a field of `rows.current` is filled."""
    columns = [load.fit.columns[name] for name in load.layer.rows.current if name in load.fit.columns]
    for batch in batches:
        ended = np.zeros(len(batch), dtype=bool)
        for column in columns:
            ended |= ~words(cells_of(batch, column), load.encoding).empty
        load.tally.aside(ARCHIVED, int(ended.sum()))
        yield batch.keep(~ended)


def taken(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Set rows of other classes aside by their code; a row that does not tell is taken, with a finding."""
    for incoming in batches:
        batch = incoming
        for name, allowed in load.layer.rows.take.items():
            if name in load.filled:
                batch = _of_class(batch, name, allowed, load)
        for name in load.asked:
            if name in load.filled:
                rows = batch.row[batch.empty[name]].tolist()
                column = load.place(name)
                load.tally.find(*(Finding(FindingType.ROW_DOES_NOT_TELL, row, column=column) for row in rows))
        yield batch


def _of_class(batch: Batch, name: str, allowed: tuple[Code, ...], load: Loading) -> Batch:
    codes = batch.cells[name].to_pylist()
    wanted = {None, *allowed} - {UNKNOWN}
    keep = np.array([code in wanted for code in codes], dtype=bool)
    for code in {code for code in codes if code not in wanted}:
        reason = code if isinstance(code, str) else (name if code else f"not_{name}")
        load.tally.aside(reason, codes.count(code))
    return batch.keep(keep)


def parted(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Say which part each row belongs to."""
    for batch in batches:
        parts = np.full(len(batch), load.fixed_part or NO_PART, dtype=object)
        if load.fixed_part is None:
            said = batch.cells[load.layer.part].to_pylist()
            parts[:] = [NO_PART if part is None else spell(part) for part in said]
        yield replace(batch, part=parts)


def keyed(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Make the key of each row from its key fields; a row without one is rejected."""
    for batch in batches:
        if not load.keyed:
            yield replace(batch, key=np.full(len(batch), None, dtype=object))
            continue
        columns = [batch.cells[name].to_pylist() for name in load.layer.key_fields]
        keys: Objects = np.full(len(batch), None, dtype=object)
        keys[:] = [_key(parts) for parts in zip(*columns, strict=True)]
        missing: Bools = keys == None  # noqa: E711 - elementwise
        for place in np.flatnonzero(missing).tolist():
            said = " | ".join("" if column[place] is None else spell(column[place]) for column in columns)
            row = int(batch.row[place])
            column = load.place(load.layer.key_fields[-1])
            load.tally.find(Finding(FindingType.KEY_MISSING, row, column=column, values={"value": said}))
        yield replace(batch, key=keys, rejected=batch.rejected | missing)


def _key(parts: Iterable[object]) -> str | None:
    texts = ["" if part is None else spell(part) for part in parts]
    if any(is_placeholder(text) for text in texts):
        return None
    return " | ".join(text.replace("|", "||") if len(texts) > 1 else text for text in texts)


def required(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Reject rows where a required field is empty."""
    names = [name for name, spec in load.layer.fields.items() if spec.required and name not in load.layer.key_fields]
    for batch in batches:
        rejected = batch.rejected.copy()
        for name in names:
            empty: Bools = batch.cells[name].is_null().to_numpy(zero_copy_only=False)
            for row in batch.row[empty].tolist():
                load.tally.find(Finding(FindingType.VALUE_MISSING, row, column=load.place(name)))
            rejected |= empty
        yield replace(batch, rejected=rejected)


def sifted(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Drop the rejected rows and count them; what was noticed is written with its place."""
    import shapely

    for batch in batches:
        load.tally.rejected += int(batch.rejected.sum())
        noticed = load.tally.waiting_rows()
        mine = np.isin(batch.row, list(noticed)) & shapely.is_geometry(batch.geometry)
        wkb = shapely.to_wkb(batch.geometry[mine])
        places = dict(zip(batch.row[mine].tolist(), wkb.tolist(), strict=True))
        load.tally.place(places)
        yield batch.keep(~batch.rejected)
