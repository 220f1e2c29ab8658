"""Files that GDAL reads, in the child process: fiona lists and inspects, every row comes through pyogrio as Arrow."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gis_sites.errors import Refused
from gis_sites.intake import geopackage
from gis_sites.intake.days import day_said
from gis_sites.intake.formats import File

BATCH = 16_384
CURVES = np.arange(8, 15)
"""WKB types of curves, which GEOS does not know: circular strings up to curves and surfaces."""
PATCHES = np.arange(15, 18)
"""WKB types of surfaces in pieces, which it does not know either: polyhedral ones, nets of triangles, triangles."""
COLLECTION = 7
DRIVERS = {"gpkg": "GPKG", "shp": "ESRI Shapefile", "geojson": "GeoJSON", "fgb": "FlatGeobuf"}
FAR = np.datetime64("200000-01-01")
"""In place of a day that cannot be read: farther than any calendar goes, it is noticed as unreadable."""
BEGINNING = frozenset({dt.date(1969, 12, 31), dt.date(1970, 1, 1)})
"""The days on which the moment may lie that is counted from, in the zones of time."""
DOUBTFUL = {"gpkg", "fgb"}
"""Formats that keep days as texts, which may say anything."""
AS_WRITTEN = {"geojson": {"DATE_AS_STRING": "YES"}}
"""Open options that keep texts texts."""


def tables(file: File) -> list[dict[str, Any]]:
    """Return name, geometry, columns, CRS and number of rows of every table."""
    import fiona

    if file.kind == "gpkg":
        geopackage.inspect(file)
    return [_table(file, name) for name in fiona.listlayers(file.path)]


def _table(file: File, name: str) -> dict[str, Any]:
    import fiona

    lists = {"ARRAY_AS_STRING": "YES"} if file.kind == "geojson" else {}  # fiona would leave lists of numbers out
    with fiona.open(file.path, layer=name, **_options(file), **lists) as table:
        if table.driver != DRIVERS[file.kind]:
            raise ValueError(f"driver {table.driver}")
        geometry = table.schema["geometry"]
        code = table.crs.to_epsg() if table.crs else None
        columns = dict(table.schema["properties"])
        refuse_twins(columns, file, name)
        return {
            "name": name,
            "layer": name,
            "geometry": None if geometry == "None" else geometry,
            "columns": columns,
            "rows": len(table),
            "crs": f"EPSG:{code}" if code else (table.crs.to_wkt() if table.crs else None),
        }


def _options(file: File) -> dict[str, Any]:
    return {**AS_WRITTEN.get(file.kind, {}), **({"encoding": file.encoding} if file.encoding else {})}


def refuse_twins(columns: Iterable[str], file: File, table: str) -> None:
    """Refuse columns whose names differ in capitals at most: GDAL takes one for the other.

    Raises:
        Refused: there are such columns.
    """
    seen: dict[str, str] = {}
    for column in columns:
        if column.casefold() in seen:
            twins = f"{seen[column.casefold()]}, {column}"
            raise Refused("import.columns_twice", file=file.label, table=table, columns=twins)
        seen[column.casefold()] = column


def batches(file: File, table: str, columns: list[str]) -> Iterator[Any]:
    """Yield the Arrow batches of a table: row ids, columns, geometry as WKB without curves."""
    import pyogrio

    options: dict[str, Any] = {"layer": table, "columns": columns, "return_fids": True, "batch_size": BATCH}
    with pyogrio.open_arrow(file.path, use_pyarrow=True, **options, **_options(file)) as (meta, stream):
        geometry = meta["geometry_name"] or "wkb_geometry"
        worded = geopackage.worded(file, table, _numbers(stream.schema, columns)) if file.kind == "gpkg" else []
        for batch in stream:
            named = _renamed(batch, meta["fid_column"] or "OGC_FID", geometry)
            if file.kind == "gpkg":
                named = _as_written(named, worded, file, table)
            if file.kind in DOUBTFUL:
                named = _dated(named, file, table)
            yield _straight(named, file, table)


def _numbers(schema: Any, columns: list[str]) -> list[str]:  # noqa: ANN401 - pyarrow comes without types
    """Return the columns whose cells are numbers or truths."""
    import pyarrow.types as kinds

    looked = (kinds.is_integer, kinds.is_floating, kinds.is_boolean)
    return [name for name in columns if any(one(schema.field(name).type) for one in looked)]


def _as_written(batch: Any, worded: list[str], file: File, table: str) -> Any:  # noqa: ANN401 - pyarrow comes without types
    """Give the cells of columns of numbers that hold texts as they are written: of "12,5" GDAL makes 12, of "" 0."""
    import pyarrow as pa

    rows = batch.column("__row").to_pylist() if worded else []
    for name in worded:
        place = batch.schema.get_field_index(name)
        cells = pa.array(geopackage.texts(file, table, name, rows), pa.string())
        batch = batch.set_column(place, name, cells)
    return batch


def _renamed(batch: Any, fid: str, geometry: str) -> Any:  # noqa: ANN401 - pyarrow comes without types
    import pyarrow as pa

    names = [*batch.schema.names]
    names[names.index(fid)] = "__row"
    if geometry in names[1:] and pa.types.is_binary(batch.schema.field(len(names) - 1).type):
        names[-1] = "__wkb"
    return pa.RecordBatch.from_arrays([_plain(column) for column in batch.columns], names=names)


def _dated(batch: Any, file: File, table: str) -> Any:  # noqa: ANN401 - pyarrow comes without types
    """Tell the first of January 1970 from what GDAL takes for it: any text that is no day.

    A blank one is empty; another becomes a day that no calendar has.
    """
    import pyarrow as pa

    columns = list(batch.columns)
    for place, column in enumerate(columns):
        if not (pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)):
            continue
        numbers = column.cast(pa.int64() if pa.types.is_timestamp(column.type) else pa.int32())
        doubtful = np.flatnonzero(numbers.fill_null(1).to_numpy(zero_copy_only=False) == 0)
        if len(doubtful):
            rows, cells = batch.column("__row").take(pa.array(doubtful)).to_pylist(), numbers.to_pylist()
            far = FAR.astype(f"M8[{getattr(column.type, 'unit', 'D')}]").astype(int)
            texts = geopackage.texts if file.kind == "gpkg" else _days
            said = texts(file, table, batch.schema.names[place], rows)
            for at, text in zip(doubtful.tolist(), said, strict=True):
                cells[at] = 0 if day_said(text) in BEGINNING else far if text.strip() else None
            columns[place] = pa.array(cells, numbers.type).cast(column.type)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _days(file: File, table: str, column: str, rows: Iterable[int]) -> Iterator[str]:
    """Yield the days of some rows, one by one: so read, what is no day is told from the first of January 1970."""
    import fiona

    with fiona.open(file.path, layer=table, **_options(file)) as features:
        for row in rows:
            yield str(features[row].properties[column] or "?")


def _plain(column: Any) -> Any:  # noqa: ANN401 - pyarrow comes without types
    """Return a column without GDAL's own types: JSON is a text, a list is written with commas."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_list(column.type):
        return pc.binary_join(column.cast(pa.list_(pa.string())), ", ")
    return column


def _straight(batch: Any, file: File, table: str) -> Any:  # noqa: ANN401 - pyarrow comes without types
    """Replace curves by lines and surfaces in pieces by polygons: the few features of them are fetched one by one."""
    import pyarrow as pa

    if "__wkb" not in batch.schema.names:
        return batch
    shapes = batch.columns[-1]
    kinds = _kinds(shapes)
    curved = np.isin(kinds, CURVES)
    curved[[place for place in np.flatnonzero(kinds == COLLECTION).tolist() if _bent(shapes[place].as_py())]] = True
    strange = curved | np.isin(kinds, PATCHES)
    if strange.any():
        rows, cells = batch.column("__row"), shapes.to_pylist()
        places = np.flatnonzero(strange).tolist()
        for place, shape in zip(places, _fetched(file, table, [rows[one].as_py() for one in places]), strict=True):
            cells[place] = shape
        shapes = pa.array(cells, shapes.type)
    arrays = [*batch.columns[:-1], shapes, pa.array(curved, pa.bool_())]
    return pa.RecordBatch.from_arrays(arrays, names=[*batch.schema.names, "__curved"])


def _bent(collection: bytes) -> bool:
    """Say whether a collection holds curves: GEOS reads them, and fails at whatever is asked about them."""
    import shapely

    try:
        shapely.get_coordinates(shapely.from_wkb(collection, on_invalid="ignore"))
    except (shapely.errors.GEOSException, NotImplementedError):
        return True
    return False


def _kinds(shapes: Any) -> npt.NDArray[np.int64]:  # noqa: ANN401 - pyarrow comes without types
    """Return the WKB type of each geometry without its dimensions, 0 where there is none."""
    wide = np.int64 if str(shapes.type).startswith("large") else np.int32
    offsets = np.frombuffer(shapes.buffers()[1], dtype=wide)[shapes.offset :][: len(shapes) + 1].astype(np.int64)
    raw = np.frombuffer(shapes.buffers()[2] or b"", dtype=np.uint8)
    there = np.diff(offsets) >= 5
    starts = offsets[:-1][there]
    little = raw[starts[:, None] + np.arange(1, 5)].copy().view("<u4")[:, 0]
    codes = np.where(raw[starts] == 1, little, little.byteswap())
    kinds = np.zeros(len(shapes), dtype=np.int64)
    kinds[there] = (codes & 0x0FFFFFFF) % 1000
    return kinds


def _fetched(file: File, table: str, rows: list[int]) -> Iterator[bytes | None]:
    import fiona
    import shapely

    with fiona.open(file.path, layer=table, **_options(file)) as features:
        for row in rows:
            found = features[row]
            there = found is not None and found.geometry is not None
            yield shapely.to_wkb(shapely.geometry.shape(found.geometry)) if there else None
