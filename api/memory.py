"""Memory of a process that answers: what a request frees is kept for the next one."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""Names of three settings of glibc's `mallopt`."""
KEPT = 64 << 20
"""Bytes of freed memory that stay with the process, at most, in each of its arenas."""
OWN = 16 << 20
"""Bytes from which a piece of memory is fetched from the system, and given back, by itself."""
ARENAS = 2
"""Arenas, at most: with one for each thread that answered once, what all of them keep would add up."""


def keep_freed_memory() -> bool:
    """Keep what columns of a request were written in; return whether this system lets us.

    Given back to the system after each request, every page of it would be cleared and mapped anew for the next:
    a sixth of the time of a shortlist of 450,000 parcels.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    wanted = {TRIM_THRESHOLD: KEPT, MMAP_THRESHOLD: OWN, ARENA_MAX: ARENAS}
    return mallopt is not None and all(mallopt(name, value) for name, value in wanted.items())


@contextmanager
def long_lived() -> Iterator[None]:
    """Let the garbage collector pass over all there is now: it stays as long as the process answers.

    A shortlist makes ten thousand objects, enough to have the whole program looked through once more: a tenth of the
    time it takes.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
