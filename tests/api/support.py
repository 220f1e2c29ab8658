"""How the API is asked: within the process, or served to other programs."""

import os
import socket
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import httpx

from gis_sites.settings import Settings

with warnings.catch_warnings():
    # It would rather have the successor of httpx, which few machines have yet.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

__all__ = ["COMMAND", "PAGE", "Served", "TestClient", "environment", "serve"]

COMMAND = Path(sys.executable).with_name("gis-sites")
PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
"""What a browser asks for."""


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """Return what tells a command where an inventory is."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIS_SITES_")}
    assert settings.database_url is not None
    return own | {"GIS_SITES_HOME": str(settings.home), "GIS_SITES_DATABASE_URL": settings.database_url, **more}


@dataclass(frozen=True)
class Served:
    """A server of its own: where it answers, and what it writes."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def serve(settings: Settings, log: Path, **more: str) -> Served:
    """Run `gis-sites serve` on a free port, and wait until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", str(port)], env=environment(settings, **more), stdout=sink, stderr=sink
        )
    served = Served(port, log, process)
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            httpx.head(f"{served.url}/static/icon.svg")
        except httpx.ConnectError:
            time.sleep(0.1)
        else:
            return served
    process.kill()
    raise AssertionError(log.read_text())
