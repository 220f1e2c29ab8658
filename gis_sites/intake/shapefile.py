"""Shapefiles in the child process: whole or refused, their texts read in an encoding that is known."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gis_sites.errors import Refused
from gis_sites.intake import dbase, encodings, ogr
from gis_sites.intake.dbase import Dbase, Field
from gis_sites.intake.formats import File

LANGUAGES = {31: "cp852", 34: "cp852", 35: "cp852", 64: "cp852", 100: "cp852", 135: "cp852", 200: "cp1250"}
"""The language bytes of a dBASE table that name a code page; 0 and 87 are written by programs that do not know."""
RAW = "ISO-8859-1"
"""What GDAL is told of texts that are not UTF-8: it keeps each byte as a sign, and we read the bytes."""


def tables(file: File) -> list[dict[str, Any]]:
    """Return the table of a shapefile with the encoding of its texts.

    Raises:
        Refused: a part of it is cut off, its parts do not agree, or columns share a name.
    """
    beside = _dbase(file)
    _whole(file, beside)
    says = _cpg(file) or LANGUAGES.get(beside.language)
    names = [field.name for field in beside.fields]
    texts = encodings.survey([b" ".join(names), *dbase.texts(beside)])
    found = encodings.decide(texts, says, file.encoding, file=file.label)
    ogr.refuse_twins([name.decode(found.name, "replace") for name in names], file, file.stem)
    result = ogr.tables(file.with_encoding(_gdals(found.name)))
    for table in result:
        columns = {_read(name, found.name): kind for name, kind in table["columns"].items()}
        table |= {"name": file.stem, "columns": columns, "encoding": found.name, "unclear": found.unclear}
    return result


def batches(file: File, table: str, columns: list[str]) -> Iterator[Any]:
    """Yield the rows of a shapefile, its texts as UTF-8; cells that are no numbers or days as they are written."""
    encoding = file.encoding or encodings.UTF8
    beside = _dbase(file)
    worded = dbase.misread(beside, [column.encode(encoding) for column in columns])
    asked = [column for column in columns if column.encode(encoding) not in {field.name for field in worded}]
    for batch in ogr.batches(file.with_encoding(_gdals(encoding)), table, [_raw(one, encoding) for one in asked]):
        yield _worded(batch if encoding == encodings.UTF8 else _texts(batch, encoding), beside, worded, encoding)


def _texts(batch: Any, encoding: str) -> Any:  # noqa: ANN401 - pyarrow comes without types
    import pyarrow as pa

    names = [_read(name, encoding) for name in batch.schema.names]
    return pa.RecordBatch.from_arrays([_decoded(column, encoding) for column in batch.columns], names=names)


def _worded(batch: Any, beside: Dbase, fields: list[Field], encoding: str) -> Any:  # noqa: ANN401 - pyarrow comes without types
    import pyarrow as pa

    rows = np.array(batch.column("__row"), dtype=np.int64)
    for field in fields if len(rows) else ():
        cells = pa.array(dbase.cells(beside, field, rows), pa.string())
        batch = batch.append_column(field.name.decode(encoding), cells)
    return batch


def _gdals(encoding: str) -> str:
    return "UTF-8" if encoding == encodings.UTF8 else RAW


def _read(text: str, encoding: str) -> str:
    return text if encoding == encodings.UTF8 else text.encode(RAW).decode(encoding, "replace")


def _raw(text: str, encoding: str) -> str:
    return text if encoding == encodings.UTF8 else text.encode(encoding).decode(RAW)


def _decoded(column: Any, encoding: str) -> Any:  # noqa: ANN401 - pyarrow comes without types
    """Return texts that GDAL kept byte by byte as what they say; each different text is read once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_string(column.type) or pc.all(pc.string_is_ascii(column)).as_py() is not False:
        return column
    different = column.dictionary_encode()
    read = [_read(text, encoding) for text in different.dictionary.to_pylist()]
    return pa.array(read, pa.string()).take(different.indices)


def _beside(file: File, suffix: str) -> Path:
    return Path(file.path).with_suffix(suffix)


def _cpg(file: File) -> str | None:
    path = _beside(file, ".cpg")
    return encodings.declared(path.read_bytes()[:40].decode("ascii", "replace")) if path.exists() else None


def _dbase(file: File) -> Dbase:
    table = dbase.opened(_beside(file, ".dbf"))
    if table is None:
        raise Refused("import.shapefile_cut", file=file.label, part=".dbf")
    return table


def _whole(file: File, beside: Dbase) -> None:
    """Refuse a shapefile that is cut off or of parts that do not agree; GDAL would read on in silence."""
    lengths = {}
    for suffix in (".shp", ".shx"):
        path = _beside(file, suffix)
        with path.open("rb") as part:
            raw = part.read(100)
        lengths[suffix] = int.from_bytes(raw[24:28], "big") * 2
        if len(raw) < 100 or path.stat().st_size < lengths[suffix]:
            raise Refused("import.shapefile_cut", file=file.label, part=suffix)
    if _beside(file, ".dbf").stat().st_size < beside.head + beside.rows * beside.width:
        raise Refused("import.shapefile_cut", file=file.label, part=".dbf")
    shapes = (lengths[".shx"] - 100) // 8
    if shapes != beside.rows:
        raise Refused("import.shapefile_uneven", file=file.label, shapes=shapes, rows=beside.rows)
