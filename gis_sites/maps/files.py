"""Files that are whole or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis_sites.errors import WrongUse

SQLITE_TAILS = ("", "-journal", "-wal", "-shm")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; take its place at the end, or leave nothing behind after a fault.

    Raises:
        WrongUse: the folder is not there, or `path` is a folder.
    """
    if not path.parent.is_dir():
        raise WrongUse("map.no_folder", folder=str(path.parent))
    if path.is_dir():
        raise WrongUse("map.is_folder", path=str(path))
    beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield beside
        beside.replace(path)
    finally:
        for tail in SQLITE_TAILS:
            beside.with_name(beside.name + tail).unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a hand-out or any other text as UTF-8."""
    with whole(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="")
