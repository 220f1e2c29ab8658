"""Snapshot of a state: making and mapping it, servers that share it, and how long the former state is answered from.

The publication measured publishes what is published once more, under a new number.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import Any

from benchmarks import serving
from benchmarks.ground import Ground
from benchmarks.measure import contest
from benchmarks.scale import pages
from benchmarks.shortlists import BODY, TOP
from benchmarks.table import Row, alone, memory

SERVERS = (1, 2, 4)
CLIENTS = 2
LATER_S = 3.0
"""How long is asked before a publication, and after the first answer from the new state."""


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Measure all three; the server processes hold what they have after all shortlists of the demo's investors."""
    for what, contestant in {"making it from the database": making, "mapping it": mapping}.items():
        every = contest({"gis-sites": contestant}, runs=runs, warm=1, home=here.work, settings=here.settings)
        found = every["gis-sites"]
        yield alone(what, found, note=f"a file of {memory(found.answer)}")
    # Done by one process, once: while the servers are measured nobody makes it any more.
    found = contest({"gis-sites": besides}, runs=1, settings=here.settings)["gis-sites"]
    yield alone("points and pairs of neighbours, once a state", found, note=f"files of {memory(found.answer)}")
    for count in SERVERS:
        yield _shared(here, count)
    yield from _published(here)


def making(home: Any, settings: Any) -> Iterator[Any]:  # noqa: ANN401 - a Path and Settings, imported by the child
    """Make the file of the parcels from the database, in a home of its own; the answer is its bytes."""
    from gis_sites.inventory import open_inventory
    from gis_sites.store.snapshot import open_snapshot

    with open_inventory(settings.model_copy(update={"home": home})) as inventory:
        state = inventory.need_state()
        while True:
            for file in inventory.store.snapshots.glob("*.arrow"):
                file.unlink()
            yield None
            yield open_snapshot(inventory.store, state, "parcels").loading.bytes


def mapping(home: Any, settings: Any) -> Iterator[Any]:  # noqa: ANN401 - a Path and Settings, imported by the child
    """Map the file that was made and look at every column; the answer is its bytes."""
    from gis_sites.inventory import open_inventory
    from gis_sites.store.snapshot import open_snapshot

    with open_inventory(settings.model_copy(update={"home": home})) as inventory:
        state = inventory.need_state()
        open_snapshot(inventory.store, state, "parcels")
        while True:
            yield None
            snapshot = open_snapshot(inventory.store, state, "parcels")
            for name in snapshot.names:
                snapshot.column(name)
            yield snapshot.loading.bytes


def besides(settings: Any) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Make what servers map besides, anew; the answer is its bytes."""
    from gis_sites.inventory import open_inventory
    from gis_sites.store.points import parcel_points

    with open_inventory(settings) as inventory:
        state, folder = inventory.need_state(), inventory.store.snapshots
        for file in [*folder.glob("state-*-points.arrow"), *folder.glob("state-*-pairs*.arrow")]:
            file.unlink()
        yield None
        points, pairs = parcel_points(inventory.store, state), inventory.together(state).pairs()
        yield points.nbytes + sum(values.nbytes for values in vars(pairs).values())


def _shared(here: Ground, count: int) -> Row:
    """Let servers answer every shortlist, and sum what they hold: of shared pages each its part."""
    from gis_sites.demo import requirements

    bodies = [path.read_bytes() for path in requirements()]
    with ExitStack() as stack:
        servers = [stack.enter_context(serving.ours(here)) for _ in range(count)]
        took = []
        for server in servers:
            for body in bodies:
                server.timed("POST", f"/api/v1/shortlists?top={TOP}", content=body, headers=BODY)
            took.append(server.timed("POST", f"/api/v1/shortlists?top={TOP}", content=bodies[0], headers=BODY)[0])
        held, own = (sum(pages(server.pid, what) for server in servers) for what in ("Pss", "Private_Dirty"))
    note = f"memory of all together, {memory(own // count)} of it each process's own"
    return Row(f"a shortlist from one of {count} server processes", max(took), held, note=note)


@dataclass(frozen=True)
class Answer:
    """When an answer was asked for and there, in seconds of the clock, and the state it speaks of."""

    asked: float
    there: float
    state: int


def _published(here: Ground) -> Iterator[Row]:
    """Ask for a parcel all the while a state is published, and look which state answers."""
    from gis_sites.inventory import open_inventory
    from gis_sites.store.snapshot import open_snapshot

    with open_inventory(here.settings) as inventory, serving.ours(here) as server:
        state = inventory.need_state()
        path = f"/api/v1/parcels/{open_snapshot(inventory.store, state, 'parcels').id(0)}"
        ended = Event()
        with ThreadPoolExecutor(CLIENTS) as clients:
            asking = [clients.submit(_asked, server, path, ended) for _ in range(CLIENTS)]
            try:
                time.sleep(LATER_S)
                number, at = _again(inventory)
                while server.client.get(path).json()["inventory"]["state"] != number:
                    time.sleep(0.05)
                time.sleep(LATER_S)
            finally:
                ended.set()
            answers = [one for some in asking for one in some.result()]
    yield from _told(answers, state.id, at.timestamp())


def _told(answers: Sequence[Answer], former: int, at: float) -> Iterator[Row]:
    old = [one for one in answers if one.state == former]
    new = [one for one in answers if one.state > former]
    if not old or not new:
        raise RuntimeError("The server did not answer both from the former state and from the new one")
    slowest = max(one.there - one.asked for one in answers)
    last = max(0.0, max(one.asked for one in old) - at)
    yield Row("last request answered from the former state, after its successor was published", last)
    yield Row("first answer from the new state, after it was published", min(one.there for one in new) - at)
    yield Row("slowest answer around the publication", slowest, note=f"of {len(answers):,} answers")


def _asked(server: serving.Server, path: str, ended: Event) -> list[Answer]:
    answers = []
    while not ended.is_set():
        asked = time.time()
        state = server.client.get(path).raise_for_status().json()["inventory"]["state"]
        answers.append(Answer(asked, time.time(), state))
    return answers


def _again(inventory: Any) -> tuple[int, datetime]:  # noqa: ANN401 - an Inventory, imported by its maker
    """Publish what is published under a new number."""
    from gis_sites.store import states
    from gis_sites.store.connect import importing

    with importing(inventory.store), inventory.store.begin() as conn:
        now = states.current(conn)
        state = states.publish(
            conn,
            revisions={layer: one.id for layer, one in now.revisions.items()},
            profiles=now.profiles,
            as_of=now.as_of,
            stale_after=now.stale_after,
            reason="benchmark",
            base=now.id,
        )
    return state.id, state.at
