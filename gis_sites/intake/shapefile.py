"""Shapefiles in the child process: whole or refused, their texts read in an encoding that is known."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gis_sites.errors import Refused
from gis_sites.intake import encodings, ogr
from gis_sites.intake.formats import File

LANGUAGES = {31: "cp852", 34: "cp852", 35: "cp852", 64: "cp852", 100: "cp852", 135: "cp852", 200: "cp1250"}
"""The language bytes of a dBASE table that name a code page; 0 and 87 are written by programs that do not know."""
RAW = "ISO-8859-1"
"""What GDAL is told of texts that are not UTF-8: it keeps each byte as a sign, and we read the bytes."""
PIECE = 8 << 20
END_OF_FIELDS = 0x0D


@dataclass(frozen=True)
class Dbase:
    """What stands at the beginning of a dBASE table."""

    rows: int
    head: int
    """Bytes before the first row."""
    width: int
    """Bytes of a row."""
    language: int
    columns: tuple[bytes, ...]
    texts: tuple[slice, ...]
    """Where in a row texts stand."""


def tables(file: File) -> list[dict[str, Any]]:
    """Return the table of a shapefile with the encoding of its texts.

    Raises:
        Refused: a part of it is cut off, its parts do not agree, or columns share a name.
    """
    dbase = _dbase(file)
    _whole(file, dbase)
    says = _cpg(file) or LANGUAGES.get(dbase.language)
    texts = encodings.survey([b" ".join(dbase.columns), *_texts(file, dbase)])
    found = encodings.decide(texts, says, file.encoding, file=file.label)
    ogr.refuse_twins([name.decode(found.name, "replace") for name in dbase.columns], file, file.stem)
    result = ogr.tables(file.with_encoding(_gdals(found.name)))
    for table in result:
        columns = {_read(name, found.name): kind for name, kind in table["columns"].items()}
        table |= {"name": file.stem, "columns": columns, "encoding": found.name, "unclear": found.unclear}
    return result


def batches(file: File, table: str, columns: list[str]) -> Iterator[Any]:
    """Yield the rows of a shapefile, its texts as UTF-8."""
    import pyarrow as pa

    encoding = file.encoding or encodings.UTF8
    raw = [_raw(column, encoding) for column in columns]
    for batch in ogr.batches(file.with_encoding(_gdals(encoding)), table, raw):
        if encoding == encodings.UTF8:
            yield batch
            continue
        names = [_read(name, encoding) for name in batch.schema.names]
        yield pa.RecordBatch.from_arrays([_decoded(column, encoding) for column in batch.columns], names=names)


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
    """Read the beginning of the dBASE table.

    Raises:
        Refused: it is none.
    """
    with _beside(file, ".dbf").open("rb") as table:
        raw = table.read(1 << 16)
    rows, head, width = struct.unpack("<4xIHH", raw[:12].ljust(12, b"\0"))
    if len(raw) < 33 or not width:
        raise Refused("import.shapefile_cut", file=file.label, part=".dbf")
    columns, texts, at = [], [], 1
    for start in range(32, min(head, len(raw)) - 31, 32):
        if raw[start] == END_OF_FIELDS:
            break
        kind, length = raw[start + 11 : start + 12], raw[start + 16]
        if kind == b"C":
            length += raw[start + 17] << 8
            texts.append(slice(at, at + length))
        columns.append(raw[start : start + 11].partition(b"\0")[0])
        at += length
    return Dbase(rows, head, width, raw[29], tuple(columns), tuple(texts))


def _whole(file: File, dbase: Dbase) -> None:
    """Refuse a shapefile that is cut off or of parts that do not agree; GDAL would read on in silence."""
    lengths = {}
    for suffix in (".shp", ".shx"):
        path = _beside(file, suffix)
        with path.open("rb") as part:
            raw = part.read(100)
        lengths[suffix] = int.from_bytes(raw[24:28], "big") * 2
        if len(raw) < 100 or path.stat().st_size < lengths[suffix]:
            raise Refused("import.shapefile_cut", file=file.label, part=suffix)
    if _beside(file, ".dbf").stat().st_size < dbase.head + dbase.rows * dbase.width:
        raise Refused("import.shapefile_cut", file=file.label, part=".dbf")
    shapes = (lengths[".shx"] - 100) // 8
    if shapes != dbase.rows:
        raise Refused("import.shapefile_uneven", file=file.label, shapes=shapes, rows=dbase.rows)


def _texts(file: File, dbase: Dbase) -> Iterator[bytes]:
    """Yield the rows piece by piece, with blanks for all that is no text."""
    other = np.ones(dbase.width, dtype=bool)
    for place in dbase.texts:
        other[place] = False
    at_once = max(PIECE // max(dbase.width, 1), 1)
    with _beside(file, ".dbf").open("rb") as table:
        table.seek(dbase.head)
        for start in range(0, dbase.rows, at_once):
            size = min(at_once, dbase.rows - start) * dbase.width
            rows = np.frombuffer(bytearray(table.read(size)), dtype=np.uint8).reshape(-1, dbase.width)
            rows[:, other] = ord(" ")
            yield rows.tobytes()
