"""Worker processes, where the work pays for starting them."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

WORTH_STARTING = 20_000
"""Parcels below which one process is done before others have started."""


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
    with ProcessPoolExecutor(count, mp_context=context, initializer=_end_with_parent) as executor:
        yield executor


def _end_with_parent() -> None:
    """Watch over the process that started us: when it is killed, nobody else would end us."""
    import multiprocessing
    import os
    from threading import Thread

    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
