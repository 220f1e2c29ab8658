"""Memory that is free again, given back to the system."""

import ctypes
from contextlib import suppress

import pyarrow as pa


def let_go() -> None:
    """Give memory that is free back to the system: reading leaves as much of it as what was read takes."""
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):  # it is glibc's own
        ctypes.CDLL(None).malloc_trim(0)
