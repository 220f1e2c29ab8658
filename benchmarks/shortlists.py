"""A shortlist of fifty with every reason, over HTTP from a real server: what one person waits for, what eight get."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

import httpx

from benchmarks import serving
from benchmarks.ground import Ground
from benchmarks.measure import peak
from benchmarks.table import Row

TOP = 50
REQUESTS = 60
CLIENTS = 8
LASTS_S = 10.0
ADDRESS = f"/api/v1/shortlists?top={TOP}"
BODY = {"content-type": "application/toml"}


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Ask for the shortlists of the demo's investors by turns: one client alone, then eight at once."""
    from gis_sites.demo import requirements

    files = requirements()
    yield from alone(here, {path.stem: path.read_bytes() for path in files}, runs)
    yield crowd(here, files)


def alone(here: Ground, bodies: dict[str, bytes], runs: int) -> Iterator[Row]:
    """Measure one client and one server process."""
    asked = [name for _ in range(max(runs, 1) * REQUESTS // 3) for name in bodies]
    with serving.ours(here) as server:
        took = []
        for at, name in enumerate([*bodies, *bodies, *asked]):
            seconds, answer = server.timed("POST", ADDRESS, content=bodies[name], headers=BODY)
            check(here, name, answer)
            if at >= 2 * len(bodies):
                took.append(seconds)
        held = serving.measured(server, took)
        every = {name: serving.measured(server, took[at :: len(bodies)]) for at, name in enumerate(bodies)}
    for name, one in every.items():
        print(f"    {name}: median {one.median * 1000:.1f} ms, p95 {one.percentile(95) * 1000:.1f} ms", flush=True)
    count = len(took)
    yield Row("one client: median", held.median, held.peak, runs=count)
    yield Row("one client: 95 of 100 answers within", held.percentile(95), held.peak, runs=count)


def crowd(here: Ground, files: list[Path]) -> Row:
    """Measure eight clients in a process of their own, and a server process for each processor."""
    workers = os.cpu_count() or 1
    with serving.ours(here, workers=workers) as server:
        for path in files * 2 * workers:  # each process maps the snapshot with its first answer
            check(here, path.stem, server.client.post(ADDRESS, content=path.read_bytes(), headers=BODY))
        command = [sys.executable, "-m", "benchmarks.shortlists", server.address, *map(str, files)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        held = peak(server.pid)
    answered, failed, lasted = int(told[0]), int(told[1]), float(told[2])
    print(f"    {CLIENTS} clients: {answered / lasted:.1f} answers a second, {failed} errors", flush=True)
    if failed:
        raise RuntimeError(f"{failed} of {answered + failed} requests failed")
    note = f"{answered / lasted:.0f} answers a second from {workers} processes"
    return Row("eight clients: seconds an answer", lasted / answered, held, runs=answered, note=note)


def check(here: Ground, name: str, answer: httpx.Response) -> None:
    """Hold an answer to be a whole shortlist of the whole city."""
    found = answer.json()
    if found["counts"]["considered"] < here.parcels or not all(one["musts"] for one in found["candidates"]):
        raise RuntimeError(f"{name}: the shortlist is not whole")


def press(address: str, bodies: list[bytes]) -> tuple[int, int, float]:
    """Ask from eight threads for ten seconds; return how many were answered, how many failed, and how long it took."""
    counted = [0, 0]
    lock, until, began = threading.Lock(), time.monotonic() + LASTS_S, time.monotonic()

    def client(first: int) -> None:
        # The plainest client there is: it shares the processors with the server.
        asking, at = HTTPConnection(address.removeprefix("http://"), timeout=60), first
        while time.monotonic() < until:
            asking.request("POST", ADDRESS, body=bodies[at % len(bodies)], headers=BODY)
            answer, at = asking.getresponse(), at + 1
            good = answer.status == HTTPStatus.OK and answer.read().endswith(b"}")
            with lock:
                counted[0 if good else 1] += 1
        asking.close()

    threads = [threading.Thread(target=client, args=(first,)) for first in range(CLIENTS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return counted[0], counted[1], time.monotonic() - began


if __name__ == "__main__":
    print(*press(sys.argv[1], [Path(file).read_bytes() for file in sys.argv[2:]]))
