"""Writing GeoPackages: tables in batches, so that memory does not grow with the city, and the same bytes each time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_sites.demo.warp import CRS

Shapes = npt.NDArray[np.object_]
BATCH = 50_000
WRITTEN = "2026-10-05T08:00:00.000Z"
"""The time GeoPackages say they were changed at: the same bytes add nothing to an inventory."""


@dataclass(frozen=True)
class Sheet:
    """A table to be written: its name, kind of geometry, columns, and how to make the shapes of a slice of its rows."""

    name: str
    kind: str
    columns: Mapping[str, Sequence[Any] | npt.NDArray[Any]]
    shapes: Callable[[slice], Shapes]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def sheet(name: str, kind: str, columns: Mapping[str, Sequence[Any] | npt.NDArray[Any]], shapes: Shapes) -> Sheet:
    """Make a table whose shapes are all there."""
    return Sheet(name, kind, columns, lambda rows: shapes[rows])


def write_sheets(path: Path, sheets: Sequence[Sheet], *, crs: str = CRS) -> None:
    """Write tables into one new GeoPackage; a table of no kind of geometry is written without."""
    path.unlink(missing_ok=True)
    with _at(WRITTEN):
        for one in sheets:
            if one.kind:
                _write(path, one, crs)
            else:
                _write_plain(path, one)


def _write(path: Path, one: Sheet, crs: str) -> None:
    import pyarrow as pa
    import pyogrio

    batches = _batches(one)
    first = next(batches)
    reader = pa.RecordBatchReader.from_batches(first.schema, _again(first, batches))
    pyogrio.write_arrow(
        reader, path, layer=one.name, driver="GPKG", geometry_name="geom", geometry_type=one.kind, crs=crs
    )


def _again(first: Any, rest: Iterator[Any]) -> Iterator[Any]:  # noqa: ANN401 - pyarrow is not typed
    yield first
    yield from rest


def _batches(one: Sheet) -> Iterator[Any]:
    import pyarrow as pa
    import shapely

    types = {name: _type(values) for name, values in one.columns.items()}
    for begin in range(0, max(1, len(one)), BATCH):
        rows = slice(begin, begin + BATCH)
        arrays = [pa.array(values[rows], types[name]) for name, values in one.columns.items()]
        arrays.append(pa.array(shapely.to_wkb(one.shapes(rows)), pa.binary()))
        yield pa.RecordBatch.from_arrays(arrays, names=[*one.columns, "geom"])


def _type(values: Sequence[Any] | npt.NDArray[Any]) -> Any:  # noqa: ANN401 - pyarrow is not typed
    """Return the one type of a column, whatever its first batch holds."""
    import datetime as dt

    import pyarrow as pa

    if isinstance(values, np.ndarray):
        return pa.from_numpy_dtype(values.dtype)
    sample = next((value for value in values if value is not None), "")
    types: dict[type, Any] = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), dt.date: pa.date32()}
    return types.get(type(sample), pa.string())


def _write_plain(path: Path, one: Sheet) -> None:
    import pandas as pd
    import pyogrio

    pyogrio.write_dataframe(pd.DataFrame(dict(one.columns)), path, layer=one.name, driver="GPKG")


@contextmanager
def _at(moment: str) -> Iterator[None]:
    """Let GDAL believe that it is that time."""
    import pyogrio

    name = "OGR_CURRENT_DATE"
    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: moment})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})


def write_note(path: Path, options: Mapping[str, Any]) -> None:
    """Write a mapping note: texts, truth values, lists of texts, and tables of them."""
    plain = {key: value for key, value in options.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in options.items() if isinstance(value, Mapping)}
    lines = [f"{key} = {_toml(value)}" for key, value in plain.items()]
    for key, table in tables.items():
        lines += ["", f"[{key}]", *(f'"{name}" = {_toml(value)}' for name, value in table.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: Any) -> str:  # noqa: ANN401 - a value of TOML
    import datetime as dt
    import json

    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value, ensure_ascii=False)
