"""The child process that opens a foreign file: it may hang, crash or grow, and the inventory will not notice.

    python -I reader.py serve SOCKET

serves requests, each in a forked child: `list FILE` writes one JSON document to standard output, `read FILE TABLE
COLUMN...` an Arrow stream: `__row` (the feature's id), the columns, `__wkb` and `__curved` where the table has
geometry, `unpack PATH FOLDER LABEL` the files of an archive and one JSON document about them, `look FILE` what rows
do beside each other, as JSON. A fault is one line on standard error and exit code 3; a refusal is its key and values
as JSON there, and exit code 4.
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
from importlib import import_module
from pathlib import Path
from typing import Any

from gis_sites.errors import GisSitesError, Refused
from gis_sites.intake import archive, limits
from gis_sites.intake.formats import File, unpacked

FAULT = 3
REFUSED = 4
LONGEST_REQUEST = 1 << 17
LONGEST_VALUE = 500
"""Letters of a value in a refusal."""
READERS = {
    "gpkg": "ogr",
    "shp": "shapefile",
    "geojson": "geojson",
    "fgb": "ogr",
    "gml": "gml.read",
    "csv": "delimited",
    "xlsx": "sheets",
}
"""Which module reads a format: it has `tables(file)` and `batches(file, table, columns)`."""


class Without:
    """Hide libraries that pyogrio and pyarrow look for and do without: loading them takes longer than most tables."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Say that there is no such library."""
        if name in {"pandas", "geopandas"}:
            raise ModuleNotFoundError(name)


def limit() -> None:
    """Bound what this process and its children may use; each child is bound closer, by its file."""
    for what, most in (
        (resource.RLIMIT_CPU, limits.MOST_SECONDS + 1),
        (resource.RLIMIT_FSIZE, archive.UNPACKED),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    os.environ.update(limits.ENVIRONMENT)
    # Degrees a chord takes of an arc; with the usual 4 it would lie 6 cm off at a radius of 100 m.
    os.environ["OGR_ARC_STEPSIZE"] = "1"


def list_tables(file: File) -> list[dict[str, Any]]:
    """Return name, geometry, columns, CRS and number of rows of every table."""
    return limits.checked(_reading(file).tables(file), file)


def batches(file: File, table: str, columns: list[str]) -> Iterator[Any]:
    """Yield the Arrow batches of a table: row ids, columns, geometry as WKB without curves."""
    for batch in _reading(file).batches(file, table, columns):
        yield from limits.pieces(batch, file)


def _reading(file: File) -> Any:  # noqa: ANN401 - a module with `tables` and `batches`
    return import_module(f"gis_sites.intake.{READERS[file.kind]}")


def serve(line: socket.socket) -> None:
    """Fork a child for every request until the line is cut: what is loaded here, no child has to load."""
    import fiona  # noqa: F401 - loaded for the children
    import pyarrow.compute  # noqa: F401 - loaded for the children
    import pyogrio  # noqa: F401 - loaded for the children

    import gis_sites.intake.ogr  # noqa: F401 - loaded for the children

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
    if line.fileno() in select.select([line.fileno(), ended], [], [])[0]:
        os.kill(pid, signal.SIGKILL)
    os.close(ended)


def work(words: list[str]) -> int:
    """Do one of the things a child is for."""
    try:
        _do(*words)
    except (BrokenPipeError, KeyboardInterrupt):
        return FAULT
    except GisSitesError as error:
        values = {name: str(value)[:LONGEST_VALUE] for name, value in error.values.items()}
        sys.stderr.write("\n" + json.dumps([error.key, values]))
        return REFUSED
    except Exception as error:
        sys.stderr.write(_complaint(error, words))
        return FAULT
    return 0


def _complaint(error: Exception, words: list[str]) -> str:
    """Return a fault in one line; a file is called as people know it, not by where its copy lies."""
    said = " ".join(str(error).split())
    if words[0] in {"list", "read"}:
        file = unpacked(words[1])
        said = said.replace(file.path, file.label)
    return said[:500] or type(error).__name__


def _do(task: str, *words: str) -> None:
    if task == "unpack":
        limits.bound(Path(words[0]).stat().st_size, written=archive.UNPACKED)
        sys.stdout.write(json.dumps(archive.unpack(*words)))
        return
    if task == "look":
        _look(Path(words[0]))
        return
    file, more = unpacked(words[0]), words[1:]
    limits.bound(limits.size_of(file))
    try:
        if task == "list":
            sys.stdout.write(json.dumps(list_tables(file)))
        else:
            _write(batches(file, more[0], list(more[1:])))
    except MemoryError as error:
        raise Refused("import.reader_memory", file=file.label) from error


def _look(path: Path) -> None:
    """Look at rows beside each other; say how far it is, line by line, and at last what was found."""
    from gis_sites.intake import look
    from gis_sites.intake.around import Around

    coming, how = look.handed_over(path)
    limits.bound(sum(one.stat().st_size for one in (path, *coming.paths)))

    def told(done: int, total: int) -> None:
        sys.stdout.write(f"{done} {total}\n")
        sys.stdout.flush()

    sys.stdout.write(look.look(Around(coming), told, **how).say())


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
