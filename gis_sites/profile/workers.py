"""Who does the work: processes of this machine where that pays for starting them, or a cluster of many."""

from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from typing import Any

from gis_sites.apart import end_with_parent
from gis_sites.errors import Refused

WORTH_STARTING = 20_000
"""Parcels below which one process is done before others have started."""
PATIENCE_S = 20
"""How long a cluster is waited for."""


@contextmanager
def workers(count: int, parcels: int) -> Iterator[Executor | None]:
    """Give an executor of `count` processes; None where one process does better."""
    if count < 2 or parcels < WORTH_STARTING:
        yield None
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Workers start afresh: they must not inherit connections to the database.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=end_with_parent) as executor:
        yield executor


@contextmanager
def cluster(scheduler: str) -> Iterator[Executor]:
    """Give an executor that hands work to the Dask cluster of a scheduler (`tcp://host:port`).

    Only versions that count as we do may take part: the result is that of one machine, to the last bit.

    Raises:
        Refused: `distributed` is not installed, nobody answers, the workers count otherwise, or the cluster is lost.
    """
    import warnings

    distributed = _distributed(scheduler)
    # Tasks carry their geometries with them, by design: workers never open the database.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")
        try:
            _knock(scheduler)
            client = distributed.Client(scheduler, timeout=PATIENCE_S, set_as_default=False)
        except (OSError, ValueError):
            raise Refused("profile.no_scheduler", scheduler=scheduler) from None
        with client:
            _check(client, scheduler)
            try:
                yield client.get_executor(pure=False)
            except (CancelledError, distributed.KilledWorker, distributed.comm.CommClosedError):
                raise Refused("profile.cluster_lost", scheduler=scheduler) from None


def _knock(scheduler: str) -> None:
    """Find out that somebody is there: a client that found nobody would try for a minute more when it is let go."""
    import socket
    from urllib.parse import urlsplit

    address = urlsplit(scheduler)
    if address.scheme not in {"tcp", "tls"} or not address.hostname or not address.port:
        raise ValueError(scheduler)
    socket.create_connection((address.hostname, address.port), timeout=PATIENCE_S).close()


def _distributed(scheduler: str) -> Any:  # noqa: ANN401 - a module that is installed only where it is wanted
    import importlib

    try:
        return importlib.import_module("distributed")
    except ModuleNotFoundError:
        raise Refused("profile.no_distributed", scheduler=scheduler) from None


def _check(client: Any, scheduler: str) -> None:  # noqa: ANN401 - of that module
    """Refuse a cluster without workers, or with some whose libraries may count otherwise."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE_S)
    except TimeoutError:
        raise Refused("profile.no_workers", scheduler=scheduler) from None
    mine = arithmetic()
    for worker, theirs in sorted(client.run(arithmetic).items()):
        if theirs != mine:
            raise Refused("profile.other_arithmetic", worker=worker, theirs=theirs, mine=mine)


def arithmetic() -> str:
    """Say what the values of this process hang on besides the data: versions of what measures."""
    import platform

    import numpy
    import pyproj
    import shapely

    from gis_sites.profile.stamp import VERSION

    versions = {"gis-sites": VERSION, "GEOS": shapely.geos_version_string, "shapely": shapely.__version__}
    versions |= {"numpy": numpy.__version__, "PROJ": pyproj.proj_version_str, "on": platform.machine()}
    return ", ".join(f"{name} {version}" for name, version in versions.items())
