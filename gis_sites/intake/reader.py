"""The child process that opens a foreign file: it may hang, crash or grow, and the inventory will not notice.

    python -I reader.py serve SOCKET

serves requests, each in a forked child: `list FILE` writes one JSON document to standard output, `read FILE TABLE
COLUMN...` an Arrow stream: `__row` (the feature's id), the columns, `__wkb` and `__curved` where the table has
geometry. A fault is one line on standard error and exit code 3.
"""

import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any

MEMORY = 6 << 30
SECONDS = 900
TEMPORARY = 1 << 30
BATCH = 16_384
FAULT = 3
LONGEST_REQUEST = 1 << 17
CURVES = frozenset(range(8, 15))
"""WKB types of curves, which GEOS does not know: circular strings up to curves and surfaces."""


class Without:
    """Hide libraries that pyogrio and pyarrow look for and do without: loading them takes longer than most tables."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Say that there is no such library."""
        if name in {"pandas", "geopandas"}:
            raise ModuleNotFoundError(name)


def limit() -> None:
    """Bound what this process may use: address space, processor time, what it writes to disk."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, TEMPORARY),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    # A GeoPackage may hold views and triggers of its own; none of them may load code or write.
    os.environ["OGR_SQLITE_PRAGMA"] = "trusted_schema=OFF,query_only=ON,cell_size_check=ON"


def list_tables(path: str) -> list[dict[str, Any]]:
    """Return name, geometry, columns, CRS and number of rows of every table."""
    import fiona

    found = []
    for name in fiona.listlayers(path):
        with fiona.open(path, layer=name) as table:
            if table.driver != "GPKG":
                raise ValueError(f"driver {table.driver}")
            geometry = table.schema["geometry"]
            code = table.crs.to_epsg() if table.crs else None
            found.append(
                {
                    "name": name,
                    "geometry": None if geometry == "None" else geometry,
                    "columns": dict(table.schema["properties"]),
                    "rows": len(table),
                    "crs": f"EPSG:{code}" if code else (table.crs.to_wkt() if table.crs else None),
                }
            )
    return found


def batches(path: str, table: str, columns: list[str]) -> Iterator[Any]:
    """Yield the Arrow batches of a table: row ids, columns, geometry as WKB without curves."""
    import pyogrio

    options: dict[str, Any] = {"layer": table, "columns": columns, "return_fids": True, "batch_size": BATCH}
    with pyogrio.open_arrow(path, use_pyarrow=True, **options) as (meta, stream):
        geometry = meta["geometry_name"] or "wkb_geometry"
        for batch in stream:
            yield _straight(_renamed(batch, meta["fid_column"] or "OGC_FID", geometry), path, table)


def _renamed(batch: Any, fid: str, geometry: str) -> Any:  # noqa: ANN401 - pyarrow comes without types
    import pyarrow as pa

    names = [*batch.schema.names]
    names[names.index(fid)] = "__row"
    fields = [batch.schema.field(place) for place in range(len(names))]
    if geometry in names[1:] and pa.types.is_binary(fields[-1].type):
        names[-1] = "__wkb"
    schema = pa.schema([pa.field(name, field.type) for name, field in zip(names, fields, strict=True)])
    return pa.RecordBatch.from_arrays(batch.columns, schema=schema)


def _straight(batch: Any, path: str, table: str) -> Any:  # noqa: ANN401 - pyarrow comes without types
    """Replace curves by lines: the few features that hold them are fetched one by one."""
    import pyarrow as pa

    if "__wkb" not in batch.schema.names:
        return batch
    shapes = batch.column("__wkb").to_pylist()
    curved = [shape is not None and len(shape) > 5 and _kind(shape) in CURVES for shape in shapes]
    if any(curved):
        rows = batch.column("__row").to_pylist()
        shapes = [
            _fetch(path, table, row) if bent else shape for shape, row, bent in zip(shapes, rows, curved, strict=True)
        ]
    kept = [batch.column(place) for place in range(batch.num_columns - 1)]
    arrays = [*kept, pa.array(shapes, pa.binary()) if any(curved) else batch.columns[-1], pa.array(curved, pa.bool_())]
    return pa.RecordBatch.from_arrays(arrays, names=[*batch.schema.names, "__curved"])


def _kind(wkb: bytes) -> int:
    code = int.from_bytes(wkb[1:5], "little" if wkb[0] else "big")
    return (code & 0x0FFFFFFF) % 1000


def _fetch(path: str, table: str, row: int) -> bytes | None:
    import fiona
    import shapely

    with fiona.open(path, layer=table) as features:
        found = features[row]
        if found is None or found.geometry is None:
            return None
        wkb: bytes = shapely.to_wkb(shapely.geometry.shape(found.geometry))
        return wkb


def serve(line: socket.socket) -> None:
    """Fork a child for every request until the line is cut: what is loaded here, no child has to load."""
    import fiona  # noqa: F401 - loaded for the children
    import pyogrio  # noqa: F401 - loaded for the children

    while True:
        said, pipes, _, _ = socket.recv_fds(line, LONGEST_REQUEST, 2)
        if not said:
            return
        pid = os.fork()
        if pid == 0:
            for pipe, place in zip(pipes, (1, 2), strict=True):
                os.dup2(pipe, place)
                os.close(pipe)
            line.close()
            code = work(json.loads(said))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        for pipe in pipes:
            os.close(pipe)
        line.send(struct.pack("!q", pid))
        _kill_if_cut(line, pid)
        line.send(struct.pack("!q", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))


def _kill_if_cut(line: socket.socket, pid: int) -> None:
    """Wait for a child's end; end it when the line is cut, for who asked was killed."""
    ended = os.pidfd_open(pid)
    if line in select.select([line, ended], [], [])[0]:
        os.kill(pid, signal.SIGKILL)
    os.close(ended)


def work(words: list[str]) -> int:
    """Do one of the two things a child is for."""
    try:
        if words[0] == "list":
            sys.stdout.write(json.dumps(list_tables(words[1])))
        else:
            _write(batches(words[1], words[2], words[3:]))
    except (BrokenPipeError, KeyboardInterrupt):
        return FAULT
    except Exception as error:
        sys.stderr.write(" ".join(str(error).split())[:500] or type(error).__name__)
        return FAULT
    return 0


def _write(stream: Iterator[Any]) -> None:
    import pyarrow as pa

    writer = None
    for batch in stream:
        writer = writer or pa.ipc.new_stream(sys.stdout.buffer, batch.schema)
        writer.write_batch(batch)
    if writer:
        writer.close()


if __name__ == "__main__":
    limit()
    sys.meta_path.insert(0, Without)
    with socket.socket(fileno=int(sys.argv[2])) as given:
        serve(given)
