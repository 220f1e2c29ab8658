"""What was measured of blocks that are not finished: a run that was broken off goes on with it.

A file a partition, in a folder a block, named by what the block is made of and by the rows of the partition: all that
values depend on.
"""

import hashlib
import os
import shutil
import zipfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Column, Flags, Labels, Range, Rows
from gis_sites.store.connect import Store
from gis_sites.store.revisions import Revision

FOLDER = "unfinished"
Measured = dict[str, dict[str, Column]]
"""Layer -> attribute -> values."""


class Unfinished:
    """The partitions of one block that were measured; its sites are some rows of a revision."""

    def __init__(self, store: Store, name: str, rows: Rows) -> None:
        self._folder, self._rows = store.home / FOLDER / store.uuid / name, rows

    def find(self, partition: Rows) -> Measured | None:
        """Return what was measured at some of the sites, None if nothing was."""
        try:
            with self._file(partition).open("rb") as source, np.load(source, allow_pickle=False) as held:
                arrays = dict(held)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return None  # none was written, or the machine went down while it was
        return _columns(arrays)

    def keep(self, partition: Rows, columns: Measured) -> None:
        """Keep what was measured at some of the sites."""
        file = self._file(partition)
        file.parent.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(f".{os.getpid()}")
        with beside.open("wb") as sink:
            np.savez(sink, **_arrays(columns))  # type: ignore[arg-type]
        beside.replace(file)

    def done(self) -> None:
        """Take the files away: the block is stored."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _file(self, partition: Rows) -> Path:
        rows = self._rows[partition].astype("<i8")
        return self._folder / f"{hashlib.sha256(rows.tobytes()).hexdigest()}.npz"


def named(stamp: str, revisions: Iterable[Revision]) -> str:
    """Return the name of a block that is made of some revisions (and perhaps not of all)."""
    what = [stamp, *sorted(one.mark for one in revisions)]
    return hashlib.sha256("\n".join(what).encode()).hexdigest()


def sweep(store: Store, names: Collection[str]) -> None:
    """Take away what belongs to no block that is still to be made, of inventories that were in this home before too."""
    for folder in (store.home / FOLDER).glob("*/*"):
        if folder.parent.name != store.uuid or folder.name not in names:
            shutil.rmtree(folder, ignore_errors=True)


def _arrays(measured: Measured) -> dict[str, npt.NDArray[np.generic]]:
    found: dict[str, npt.NDArray[np.generic]] = {}
    columns = {f"{layer}.{short}": one for layer, some in measured.items() for short, one in some.items()}
    for name, column in columns.items():
        if isinstance(column, Range):
            found[f"{name} low"] = column.low
            if column.high is not column.low:
                found[f"{name} high"] = column.high
        elif isinstance(column, Flags):
            found[f"{name} flags"] = column.values
        else:
            found[f"{name} codes"], found[f"{name} words"] = column.codes, np.array(column.words, dtype=np.str_)
    return found


def _columns(arrays: Mapping[str, npt.NDArray[Any]]) -> Measured:
    found: Measured = {}
    for key, values in arrays.items():
        name, _, what = key.partition(" ")
        layer, _, short = name.partition(".")
        columns = found.setdefault(layer, {})
        match what:
            case "low":
                columns[short] = Range(values, arrays.get(f"{name} high", values))
            case "flags":
                columns[short] = Flags(values)
            case "codes":
                columns[short] = Labels(values, tuple(arrays[f"{name} words"].tolist()))
    return found
