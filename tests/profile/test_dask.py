"""The same profile from a Dask cluster: a scheduler and two workers, processes of their own on this machine."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused
from gis_sites.inventory import open_inventory
from gis_sites.profile import build as building
from gis_sites.profile import tasks, workers
from gis_sites.profile.tasks import Columns
from gis_sites.settings import Settings
from tests.profile.test_build import DAY, Held
from tests.profile.test_increment import agrees, city, hold
from tests.profile.test_partition import bits, works

PATIENCE_S = "30"


@dataclass
class Machines:
    """A scheduler, and the process ids of its workers."""

    scheduler: str
    workers: list[int]


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    folder = tmp_path_factory.mktemp("cluster")
    with subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
         "--no-dashboard", "--no-show"],
        stderr=subprocess.PIPE, text=True, cwd=folder,
    ) as scheduler:  # fmt: skip
        assert scheduler.stderr is not None
        address = next(line.split()[-1] for line in scheduler.stderr if "Scheduler at:" in line)
        started = [_worker(address, folder) for _ in range(2)]
        yield Machines(address, [one.pid for one in started])
        for one in [*started, scheduler]:
            one.kill()
            one.wait()


def _worker(scheduler: str, folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler, "--no-nanny", "--nthreads", "1"]
    more = ["--no-dashboard", "--death-timeout", PATIENCE_S, "--memory-limit", "0"]
    # Workers know the library as it lies here, and nothing of the database.
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(
        [*command, *more], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=folder, env=env
    )


@pytest.fixture
def handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tasks, all of them handed out."""
    monkeypatch.setattr(building, "WORTH_WORKERS", 1)
    monkeypatch.setattr(tasks, "LARGEST", 25)
    monkeypatch.setattr(tasks, "SMALLEST", 25)


def all_bits(found: dict[str, Columns]) -> dict[tuple[str, str], Any]:
    return {(name, short): bits(column) for name, columns in found.items() for short, column in columns.items()}


def test_a_cluster_makes_the_same_profile(
    settings: Settings, catalogue: Catalogue, machines: Machines, handed_out: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []
    monkeypatch.setattr(tasks, "mapped", _noting(tasks.mapped, handed))
    with open_inventory(settings) as inventory:
        store = inventory.store
        rng = np.random.default_rng(11)
        held: Held = {name: hold(store, catalogue, name, rows) for name, rows in city(rng).items()}
        state = inventory.profile(DAY, scheduler=machines.scheduler)
        assert sum(handed) >= 4 * (len(held) - 1)  # every layer but the boundary was cut in four
        agrees(store, catalogue, held, (state.profiles, None))


def _noting(mapped: Callable[..., Any], handed: list[int]) -> Callable[..., Any]:
    def noting(todo: Any, executor: Any) -> Any:
        if executor is not None:
            todo = list(todo)
            handed.append(len(todo))
        return mapped(iter(todo), executor)

    return noting


def test_a_worker_killed_midway_changes_nothing_but_time(
    machines: Machines, handed_out: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LARGEST", 5)
    monkeypatch.setattr(tasks, "SMALLEST", 5)
    sites, every, covers = works(6)
    here = tasks.measure_all(sites, every, covers)
    lost: list[int] = []

    with workers.cluster(machines.scheduler) as executor:
        client = executor._client  # type: ignore[attr-defined]
        pids = client.run(os.getpid)

        def kill(place: int, places: int) -> None:
            """Kill a worker that has tasks of its own, once some are done and others are not."""
            busy = {worker: keys for worker, keys in client.processing().items() if keys}
            if not lost and 0 < place < places and busy:
                worker, keys = max(busy.items(), key=lambda one: len(one[1]))
                lost.append(len(keys))
                os.kill(pids[worker], signal.SIGKILL)

        there = tasks.measure_all(sites, every, covers, executor=executor, done=kill)
        left = client.ncores()
    assert lost
    assert lost[0] > 0
    assert set(pids.values()) == set(machines.workers)
    assert len(left) == 1
    assert all_bits(here) == all_bits(there)


def test_workers_that_may_count_otherwise_are_refused(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numpy.__version__", "1.0")
    with pytest.raises(Refused, match=r"numpy 1\.0"), workers.cluster(machines.scheduler):
        pass


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PATIENCE_S", 0.3)
    with pytest.raises(Refused, match=r"tcp://127\.0\.0\.1:9"), workers.cluster("tcp://127.0.0.1:9"):
        pass
    with pytest.raises(Refused, match="nonsense"), workers.cluster("nonsense://x"):
        pass
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Refused, match=r"gis-sites\[cluster\]"), workers.cluster("tcp://127.0.0.1:9"):
        pass
