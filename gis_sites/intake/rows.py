"""Which rows of a table are the layer's: current ones, of its classes, with a key and what is required."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gis_sites.catalogue import UNKNOWN, Code
from gis_sites.findings import Finding, FindingType
from gis_sites.intake.batch import Batch, Bools, Objects, cells_of
from gis_sites.intake.cells import words
from gis_sites.intake.loading import NO_PART, Loading
from gis_sites.intake.values import is_placeholder, spell

ARCHIVED = "archived"
SURELY_NAMED = "[1-9]"
"""No placeholder holds such a digit."""


def counted(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Count the rows as they come from the file."""
    for batch in batches:
        load.tally.read += len(batch)
        yield batch


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
        parts: Objects = np.full(len(batch), load.fixed_part or NO_PART, dtype=object)
        if load.fixed_part is None:
            named = batch.cells[load.layer.part].dictionary_encode()
            names = np.array([*map(spell, named.dictionary.to_pylist()), NO_PART], dtype=object)
            parts = names[named.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
        yield replace(batch, part=parts)


def keyed(batches: Iterable[Batch], load: Loading) -> Iterator[Batch]:
    """Make the key of each row from its key fields; a row without one is rejected."""
    for batch in batches:
        if not load.keyed:
            yield replace(batch, key=np.full(len(batch), None, dtype=object))
            continue
        columns = [_spelt(batch.cells[name]) for name in load.layer.key_fields]
        missing = np.logical_or.reduce([~_named(column) for column in columns])
        if len(columns) > 1:
            whole = pc.binary_join_element_wise(*(pc.replace_substring(one, "|", "||") for one in columns), " | ")
        else:
            whole = columns[0]
        _missing(batch, missing, columns, load)
        keys: Objects = whole.to_numpy(zero_copy_only=False).astype(object)
        keys[missing] = None
        yield replace(batch, key=keys, rejected=batch.rejected | missing)


def _spelt(cells: pa.Array) -> pa.Array:
    """Return cells as texts; empty ones as the empty text."""
    if not pa.types.is_string(cells.type):
        cells = pa.array([None if value is None else spell(value) for value in cells.to_pylist()], pa.string())
    return cells.fill_null("")


def _named(texts: pa.Array) -> Bools:
    """Return where a text is an identifier and no placeholder; long ones with letters and digits are."""
    named: Bools = pc.match_substring_regex(texts, SURELY_NAMED).to_numpy(zero_copy_only=False).astype(bool)
    rest = np.flatnonzero(~named)
    for place, text in zip(rest.tolist(), texts.take(pa.array(rest)).to_pylist(), strict=True):
        named[place] = not is_placeholder(text)
    return named


def _missing(batch: Batch, missing: Bools, columns: list[pa.Array], load: Loading) -> None:
    column = load.place(load.layer.key_fields[-1])
    for place in np.flatnonzero(missing).tolist():
        said = " | ".join(str(texts[place]) for texts in columns)
        row = int(batch.row[place])
        load.tally.find(Finding(FindingType.KEY_MISSING, row, column=column, values={"value": said}))


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
