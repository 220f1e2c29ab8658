"""A shortlist of fifty with every reason, over HTTP from a real server: what a person waits for."""

from collections.abc import Iterator

from benchmarks import serving
from benchmarks.ground import Ground
from benchmarks.table import Row

GOAL_S = 0.1
TOP = 50
REQUESTS = 60
BODY = {"content-type": "application/toml"}


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Ask for the shortlists of the demo's investors by turns; one client, one server process."""
    from gis_sites.demo import requirements

    bodies = {path.stem: path.read_bytes() for path in requirements()}
    asked = [name for _ in range(max(runs, 1) * REQUESTS // 3) for name in bodies]
    with serving.ours(here) as server:
        took = []
        for at, name in enumerate([*bodies, *bodies, *asked]):
            seconds, answer = server.timed("POST", f"/api/v1/shortlists?top={TOP}", content=bodies[name], headers=BODY)
            found = answer.json()
            if found["counts"]["considered"] < here.parcels or not all(one["musts"] for one in found["candidates"]):
                raise RuntimeError(f"{name}: the shortlist is not whole")
            if at >= 2 * len(bodies):
                took.append(seconds)
        held = serving.measured(server, took)
        every = {name: serving.measured(server, took[at :: len(bodies)]) for at, name in enumerate(bodies)}
    for name, one in every.items():
        print(f"    {name}: median {one.median * 1000:.1f} ms, p95 {one.percentile(95) * 1000:.1f} ms", flush=True)
    what = f"POST /api/v1/shortlists?top={TOP}, {len(took)} requests"
    yield Row(f"{what}: median", held.median, held.peak)
    yield Row(f"{what}: p95", held.percentile(95), held.peak, most_seconds=GOAL_S)
