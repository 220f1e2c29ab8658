"""Contestants of a contest that measures nothing: each runs in a process of its own, so this module imports little."""

import os
import signal
import time
from collections.abc import Iterator


def ours(seconds: float) -> Iterator[object]:
    """A contestant that ends."""
    while True:
        yield None
        yield "ours"


def endless(seconds: float) -> Iterator[object]:
    """A contestant that takes longer than it may."""
    yield None
    time.sleep(seconds)
    yield "theirs"


def lost(seconds: float) -> Iterator[object]:
    """A contestant that the system ends, as it does when there is no more memory."""
    yield None
    os.kill(os.getpid(), signal.SIGKILL)
    yield "theirs"


def slow(seconds: float) -> Iterator[object]:
    """A contestant that takes its time each turn."""
    while True:
        yield None
        time.sleep(seconds)
        yield "done"
