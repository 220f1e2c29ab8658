"""Memory: what is free again is given back, and what holds no cycles is not searched for them."""

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress


def let_go() -> None:
    """Give memory that is free back to the system: reading leaves as much of it as what was read takes."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):  # it is glibc's own
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector from walking all there is again and again while much is made that is in no cycle."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
