"""Folders for a while: gone when their maker is done, and taken away by the next command when it was killed.

Whoever makes such a folder holds a lock on it, which the kernel gives back however its holder ends.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "gis-sites-scratch-"


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """Give an empty folder (in the system's folder for such, unless told), which is gone at the end."""
    folder, held = _made(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _made(parent: Path | None) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        # Before it is held it may look abandoned, and be taken away.
        with suppress(FileNotFoundError):
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            fcntl.flock(held, fcntl.LOCK_EX)
            if folder.exists():
                return folder, held
            os.close(held)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Let one at a time, of threads and processes, make what all of them keep in a folder: the others find it made."""
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        fcntl.flock(held, fcntl.LOCK_UN)  # for a child, too, that was forked meanwhile
        os.close(held)


def sweep(parent: Path | None = None) -> tuple[str, ...]:
    """Take away our own folders that nobody holds; return their names."""
    found = []
    for folder in sorted(Path(parent or tempfile.gettempdir()).glob(f"{PREFIX}*")):
        with suppress(OSError):
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(held).st_uid == os.geteuid():
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
                    found.append(folder.name)
            finally:
                os.close(held)
    return tuple(found)
