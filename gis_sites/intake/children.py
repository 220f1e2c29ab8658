"""Child processes that open foreign files: forked from a parent of their own, which loads the libraries once."""

import atexit
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from gis_sites.intake import reader

MOST_SAID = 64 << 20
"""Bytes that are read of what a child says about a file."""
_idle: dict[str, list["Nurse"]] = {}
"""Nurses without a child, by the script they run."""


class Nurse:
    """A process that forks a child a request and tells how it ended; it ends with us, for its line is cut then."""

    def __init__(self, script: str) -> None:
        self.script = script
        self._line, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with far:
            self._process = subprocess.Popen(  # noqa: S603 - our own script
                [sys.executable, "-I", script, "serve", str(far.fileno())],
                pass_fds=(far.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def bear(self, words: list[str], pipes: list[int]) -> int:
        """Ask for a child that writes to two pipes; return its process id.

        Raises:
            OSError: the nurse is dead.
        """
        socket.send_fds(self._line, [json.dumps(words).encode()], pipes)
        pid = self._number()
        if pid < 0:
            raise ConnectionResetError("the process that forks readers has ended")
        return pid

    def ended(self, timeout: float | None = None) -> int:
        """Wait for the child's end; return its exit code, below zero for a signal.

        Raises:
            TimeoutError: it goes on.
        """
        self._line.settimeout(timeout)
        try:
            return self._number()
        finally:
            self._line.settimeout(None)

    def _number(self) -> int:
        said = self._line.recv(8)
        return int(struct.unpack("!q", said)[0]) if said else -signal.SIGKILL

    def dismiss(self) -> None:
        """Let the nurse go."""
        self._line.close()
        self._process.kill()
        self._process.wait()


class Child:
    """A process reading a foreign file: what it writes, what it complains of, how it ends."""

    def __init__(self, nurse: Nurse, pid: int, stdout: IO[bytes], faults: IO[bytes]) -> None:
        self.stdout = stdout
        self._nurse, self._pid, self._faults = nurse, pid, faults
        self._code: int | None = None
        self._born = time.monotonic()

    @property
    def seconds(self) -> int:
        """How long it has been at work."""
        return max(round(time.monotonic() - self._born), 1)

    def read(self, timeout: float) -> bytes:
        """Return all it writes, to the end.

        Raises:
            TimeoutError: it goes on, or says more than anybody wants to know.
        """
        until = time.monotonic() + timeout
        found = bytearray()
        while len(found) < MOST_SAID and select.select([self.stdout], [], [], max(until - time.monotonic(), 0))[0]:
            piece = os.read(self.stdout.fileno(), 1 << 16)
            if not piece:
                return bytes(found)
            found += piece
        raise TimeoutError

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code.

        Raises:
            TimeoutError: it goes on.
        """
        if self._code is None:
            self._code = self._nurse.ended(timeout)
        return self._code

    def kill(self) -> None:
        """End it, if it goes on."""
        if self._code is None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self.wait()

    def complaint(self) -> str:
        """Return the last line it said of a fault, "" when it said none."""
        self._faults.seek(0)
        said = self._faults.read(1 << 14).decode("utf-8", "replace").strip().splitlines()
        return said[-1] if said else ""


@contextmanager
def child(*words: str) -> Iterator[Child]:
    """Have the reader do something in a child process, which is gone at the end."""
    nurse = _nurse(reader.__file__)
    here, there = os.pipe()
    with tempfile.TemporaryFile() as faults, os.fdopen(here, "rb") as stdout:
        try:
            pid = nurse.bear(list(words), [there, faults.fileno()])
        except OSError:
            nurse.dismiss()
            raise
        finally:
            os.close(there)
        born = Child(nurse, pid, stdout, faults)
        try:
            yield born
        finally:
            born.kill()
            _idle.setdefault(nurse.script, []).append(nurse)


def _nurse(script: str) -> Nurse:
    """Return a nurse without a child that lives: one may have been killed while it waited, for memory say."""
    waiting = _idle.setdefault(script, [])
    while waiting:
        nurse = waiting.pop()
        if nurse.lives:
            return nurse
        nurse.dismiss()
    return Nurse(script)


@atexit.register
def _dismiss_all() -> None:
    for waiting in _idle.values():
        while waiting:
            waiting.pop().dismiss()
