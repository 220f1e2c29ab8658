"""A process that answers keeps what it frees: asked for again, it costs no new pages."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from api.counted import Judges
from api.found import Whereabouts
from api.main import create_app
from api.memory import ARENAS, long_lived
from api.ready import look_through
from gis_sites.columns import Labels, Range
from gis_sites.settings import Settings
from gis_sites.store.snapshot import Snapshot, Texts
from tests.api.support import TestClient

PROGRAM = """
import resource
import numpy as np
from api.memory import keep_freed_memory

def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        arrays = [np.ones(100_000) for _ in range(10)]
        del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

assert keep_freed_memory()
pages()
print(pages())
"""


def test_what_is_freed_is_kept_for_the_next_request() -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert int(told) < 200  # given back to the system, it would be 40,000


def test_what_is_there_when_answering_begins_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    with long_lived():
        assert gc.get_freeze_count() > max(before, 10_000)
    assert gc.get_freeze_count() == 0


def test_threads_share_a_few_arenas() -> None:
    """What one keeps, at most, is held so many times, however many threads have answered once."""
    program = """
import sys, threading
from api.memory import keep_freed_memory
assert keep_freed_memory()
gate = threading.Barrier(13)
threads = [threading.Thread(target=lambda: (bytearray(10_000_000), gate.wait())) for _ in range(12)]
for one in threads: one.start()
gate.wait()
import ctypes
ctypes.CDLL(None).malloc_stats()
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert 1 <= told.count("Arena") <= ARENAS


def held(views: list[Snapshot], app_state: object) -> Iterator[tuple[str, np.ndarray]]:
    """Name every array as long as there are parcels that a server holds of a state."""
    whereabouts: Whereabouts = app_state.whereabouts  # type: ignore[attr-defined]
    for view in views:
        for name in view.names:
            column = view.column(name)
            if isinstance(column, Range):
                yield from ((f"{name} low", column.low), (f"{name} high", column.high))
            elif not isinstance(column, Labels):
                yield name, column.values
    yield "points", whereabouts._known["parcels"][1]


def mapping_of(array: np.ndarray) -> str:
    """Return the file in which the values of an array lie, as the system has it mapped; empty: in none."""
    place = array.__array_interface__["data"][0]
    for line in Path("/proc/self/maps").read_text().splitlines():
        about = line.split(maxsplit=5)
        first, last = (int(end, 16) for end in about[0].split("-"))
        if first <= place < last:
            return about[5] if len(about) > 5 else ""
    raise ValueError(f"{place} is mapped nowhere")


def test_what_is_as_long_as_the_parcels_is_shared_by_all_processes(demo_city: Settings) -> None:
    """A page of a mapped file is held once; of what lies elsewhere every server process has a copy."""
    app = create_app(demo_city)
    with TestClient(app):
        face = app.state.face
        assert all(step is None for step in look_through(app, face))
        views, folder = face.views(face.now()), str(demo_city.home / "snapshots")
        arrays = dict(held(views, app.state))
        pairs = face.patient().inventory.together(face.now()).pairs()
        arrays |= {f"pairs {name}": values for name, values in vars(pairs).items()}
        assert len(arrays) > 100
        assert [name for name, values in arrays.items() if not mapping_of(values).startswith(folder)] == []
        judges: Judges = app.state.judges
        parcels = next(view for view in views if view.kind == "parcels")
        # Of every facet each process has one byte a parcel.
        sheets = judges.of(parcels, face.catalogue)._sheets
        assert {sheet.patterns.itemsize for sheet in sheets.values()} == {1}
        # Identifiers are asked for whole by a requirement that names some.
        identifiers = parcels.column("parcel.id")
        assert isinstance(identifiers, Labels)
        assert isinstance(identifiers.words, Texts)
