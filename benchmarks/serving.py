"""Servers that are measured from outside, as clients see them: one process each, on a free port of this machine."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import httpx

from benchmarks.ground import Ground
from benchmarks.measure import Measured, peak

START_S = 300
"""The first start at a size may have a snapshot to build."""
AS_LONG = 120.0
SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    address: str
    pid: int
    client: httpx.Client

    def timed(self, method: str, path: str, **more: Any) -> tuple[float, httpx.Response]:  # noqa: ANN401 - as httpx has it
        """Ask, and return how long the whole answer took."""
        before = time.perf_counter()
        answer = self.client.request(method, path, **more)
        took = time.perf_counter() - before
        answer.raise_for_status()
        return took, answer


@contextmanager
def ours(here: Ground, *, workers: int = 1) -> Iterator[Server]:
    """Serve the inventory as `gis-sites serve` does."""
    environment = {
        "GIS_SITES_HOME": str(here.home),
        "GIS_SITES_DATABASE_URL": here.url,
        "GIS_SITES_PUBLIC_PARCELS": "all",
        "GIS_SITES_RATE_PER_MINUTE": "0",
    }
    port = free_port()
    command = [str(SCRIPTS / "gis-sites"), "serve", "--port", str(port), "--workers", str(workers)]
    with served(command, environment, port, ready="/api/v1/layers") as server:
        server.client.get("/?format=points")  # comes when the server has looked through the state, as it does once
        yield server


@contextmanager
def tipg(here: Ground, tables: Sequence[str]) -> Iterator[Server]:
    """Serve tables of the same database with tipg, its usual settings."""
    import sqlalchemy as sa

    url = sa.make_url(here.url)
    # Its settings want a host; a percent-encoded folder is the socket in it.
    host = quote(str(url.query["host"]), safe="")
    where = f"postgresql://{url.username}:{url.password}@{host}:{url.query['port']}/{url.database}"
    schemas = sorted({table.partition(".")[0] for table in tables})
    environment = {
        "DATABASE_URL": where,
        "TIPG_DB_SCHEMAS": json.dumps(schemas),
        "TIPG_DB_TABLES": json.dumps(list(tables)),
    }
    port = free_port()
    command = [str(SCRIPTS / "uvicorn"), "tipg.main:app", "--port", str(port), "--no-access-log"]
    with served(command, environment, port, ready="/collections") as server:
        yield server


@contextmanager
def served(command: Sequence[str], environment: Mapping[str, str], port: int, *, ready: str) -> Iterator[Server]:
    """Run a server until it is no more needed."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=log, stderr=log)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=AS_LONG) as client:
                server = Server(f"http://127.0.0.1:{port}", process.pid, client)
                _wait(server, process, ready, log)
                yield server
        finally:
            process.terminate()
            process.wait()


def _wait(server: Server, process: "subprocess.Popen[bytes]", ready: str, log: IO[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            log.seek(0)
            raise RuntimeError(f"{process.args} ended:\n{log.read().decode()[-2000:]}")
        try:
            if server.client.get(ready).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"{process.args} does not answer")


def free_port() -> int:
    """Return a port nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def measured(server: Server, seconds: Iterable[float]) -> Measured:
    """Make a measurement of what requests took and what the server held at most."""
    return Measured(list(seconds), peak(server.pid))
