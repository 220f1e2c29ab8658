"""What the child process that opens a foreign file may use, and what a file may ask of it.

A small file gets little: ten seconds and half a gigabyte are plenty for honest ones, and all that a bomb gets.
"""

import os
import re
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from gis_sites.errors import Refused
from gis_sites.intake.formats import File

SECONDS = 8
"""Seconds of processor time for any file."""
BYTES_A_SECOND = 1 << 18
"""How many bytes of a file buy another second."""
MOST_SECONDS = 4 * 3600
MEMORY = 320 << 20
"""Bytes that may be taken beside the libraries, for any file."""
MEMORY_A_BYTE = 3
"""Bytes of memory that a byte of a file buys."""
MOST_MEMORY = 6 << 30
TEMPORARY = 1 << 30
"""Bytes that may be written to disk."""
TABLES = 1000
COLUMNS = 1000
ALL_COLUMNS = 20_000
LONGEST_NAME = 255
VERTICES = 1_000_000
"""Vertices of one geometry."""
VERTEX_BYTES = 16
PIECE = 32 << 20
"""Bytes of a batch that are handed over at a time."""
UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no name needs and a terminal would obey."""

FORBIDDEN = (
    "ADBC,AIVector,AVCBin,AVCE00,AmigoCloud,CAD,CSV,CSW,Carto,DGN,DXF,EDIGEO,EEDA,ESRIJSON,Elasticsearch,GDALG,GML,"
    "GPSBabel,GPX,GTFS,GTI,GeoJSONSeq,GeoRSS,Geoconcept,HTTP,Idrisi,JML,JSONFG,KML,LIBKML,LVBAG,MBTiles,MVT,"
    "MapInfo File,MapML,MiraMonVector,NGW,OAPIF,ODS,OGCAPI,OGR_GMT,OGR_PDS,OGR_VRT,OSM,OpenFileGDB,PCIDSK,PDF,PDS4,"
    "PGDUMP,PLSCENES,PMTiles,S57,SQLite,SVG,SXF,Selafin,TIGER,TopoJSON,UK .NTF,VDV,VFK,VICAR,WAsP,WFS,XLSX"
)
"""Drivers of GDAL that we do not need: some fetch from the network, some open other files that a file names."""
ENVIRONMENT = {
    # A GeoPackage may hold views and triggers of its own; none of them may load code or write.
    "OGR_SQLITE_PRAGMA": "trusted_schema=OFF,query_only=ON,cell_size_check=ON",
    "GDAL_SKIP": FORBIDDEN,
    # A file may name an address (the system of a GeoJSON); nobody is asked.
    "GDAL_HTTP_PROXY": "http://127.0.0.1:1",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_PAM_ENABLED": "NO",
    # Arrow's own pool takes a gigabyte at once, as it were, which would make the bound on memory meaningless.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


def seconds(size: int) -> int:
    """Return how many seconds a file of that many bytes may take."""
    return min(SECONDS + size // BYTES_A_SECOND, MOST_SECONDS)


def bound(size: int, *, written: int = TEMPORARY) -> None:
    """Bound what this process may use, and write to disk, while it reads a file of that many bytes."""
    memory = min(MEMORY + MEMORY_A_BYTE * size, MOST_MEMORY)
    for what, most in ((resource.RLIMIT_DATA, _taken() + memory), (resource.RLIMIT_FSIZE, written)):
        resource.setrlimit(what, (most, most))
    # At the first bound the process is told, and ends as one that took too long; the second would only kill it.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds(size), seconds(size) + 1))


def _taken() -> int:
    """Return the bytes of writable memory this process has."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    return pages * resource.getpagesize()


def size_of(file: File) -> int:
    """Return how much there is to read in a file: of a workbook, which is an archive, what it unpacks to."""
    import zipfile

    if file.kind != "xlsx":
        return os.stat(file.path).st_size  # noqa: PTH116 - the child process knows paths as texts
    try:
        with zipfile.ZipFile(file.path) as archive:
            return min(sum(one.file_size for one in archive.infolist()), TEMPORARY)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return 0


def checked(tables: list[dict[str, Any]], file: File) -> list[dict[str, Any]]:
    """Return the tables of a file, whose number and names are within bounds.

    Raises:
        Refused: there are too many tables or columns, or a name no program should show.
    """
    if len(tables) > TABLES:
        raise Refused("import.too_many_tables", file=file.label, count=len(tables), most=TABLES)
    if sum(len(table["columns"]) for table in tables) > ALL_COLUMNS:
        raise Refused("import.too_many_columns", file=file.label, table="-", count=ALL_COLUMNS, most=ALL_COLUMNS)
    for table in tables:
        columns: Mapping[str, str] = table["columns"]
        if len(columns) > COLUMNS:
            name = shown(table["name"])
            raise Refused("import.too_many_columns", file=file.label, table=name, count=len(columns), most=COLUMNS)
        for one in (table["name"], table["layer"], *columns):
            if len(one) > LONGEST_NAME or UNFIT.search(one):
                refuse_name(one, file)
    return tables


def refuse_name(name: str, file: File) -> NoReturn:
    """Refuse the name of a table or column.

    Raises:
        Refused: always.
    """
    raise Refused("import.name_unfit", file=file.label, name=shown(name), most=LONGEST_NAME)


def shown(name: str) -> str:
    """Return a name as a sentence may show it."""
    return UNFIT.sub("?", name)[:80]


def pieces(batch: Any, file: File) -> Iterator[Any]:  # noqa: ANN401 - pyarrow comes without types
    """Yield a batch in pieces that are no larger than is good for who reads them.

    Raises:
        Refused: a geometry has too many vertices.
    """
    import pyarrow.compute as pc

    if "__wkb" in batch.schema.names:
        most = pc.max(pc.binary_length(batch.column("__wkb"))).as_py() or 0
        if most > VERTICES * VERTEX_BYTES:
            raise Refused("import.too_many_vertices", file=file.label, count=most // VERTEX_BYTES, most=VERTICES)
    rows = max(batch.num_rows * PIECE // max(batch.nbytes, 1), 1)
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)
