"""Commands that are killed at a chosen place, in processes of their own; the product knows nothing of it."""

import functools
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings

MODULES = (
    "gis_sites.intake.load", "gis_sites.intake.plan", "gis_sites.intake.source", "gis_sites.profile.build",
    "gis_sites.profile.workers", "gis_sites.store.pictures", "gis_sites.store.retention", "gis_sites.store.snapshot",
    "gis_sites.store.views", "gis_sites.store.backup",
)  # fmt: skip
for name in MODULES:
    import_module(name)

ASKED: dict[str, Any] = {
    "format": 1,
    "must": {"parcel.area_m2": {"min": 2000}},
    "want": {"water.distance_m": {"at": [0, 400], "worth": [1, 0]}},
}
SERVERS = multiprocessing.get_context("forkserver")
SERVERS.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Place:
    """A moment of a command: before or after the n-th call of a function, or before the n-th SQL statement."""

    function: str
    call: int = 1
    when: Literal["before", "after"] = "before"

    def __str__(self) -> str:
        return f"{self.when} {self.function} {self.call}"

    def arm(self, deed: Callable[[], object]) -> None:
        """Have something done there."""
        count = 0

        def due(when: str) -> None:
            nonlocal count
            count += when == "before"
            if when == self.when and count == self.call:
                deed()

        if self.function == "statement":
            sa.event.listen(sa.Engine, "before_cursor_execute", lambda *_: due("before"))
            return
        module, _, name = self.function.rpartition(".")
        _replace(getattr(import_module(module), name), due)


def _replace(real: Any, due: Callable[[str], None]) -> None:
    """Put a function that tells of its calls in place of another, wherever our modules know it."""

    @functools.wraps(real)
    def told(*words: Any, **named: Any) -> Any:
        due("before")
        result = real(*words, **named)
        due("after")
        return result

    for module in [one for key, one in sys.modules.items() if key.split(".")[0] == "gis_sites"]:
        for key, value in list(vars(module).items()):
            if value is real:
                setattr(module, key, told)


def kill_me() -> None:
    """End this process as the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_server(settings: Settings) -> None:
    """End the private cluster's server the same way."""
    os.kill(int((settings.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


Work = Callable[[Inventory], object]


def _live(settings: Settings, temporary: Path, place: Place | None, work: Work, victim: str) -> None:
    os.setsid()
    tempfile.tempdir = str(temporary)
    if place:
        place.arm(kill_me if victim == "command" else functools.partial(kill_server, settings))
    with open_inventory(settings) as inventory:
        work(inventory)


def run(
    settings: Settings, temporary: Path, work: Work, *, place: Place | None = None, victim: str = "command"
) -> tuple[int | None, int]:
    """Let a process do some work, killed at a place; return how it ended and the number of its session."""
    process = SERVERS.Process(target=_live, args=(settings, temporary, place, work, victim))
    process.start()
    process.join(120)
    assert process.pid is not None
    return process.exitcode, process.pid


def session(number: int) -> list[str]:
    """The processes of a session that still live."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name, _, rest = (entry / "stat").read_text().rpartition(")")
            except OSError:
                continue
            state, _, _, its = rest.split()[:4]
            if int(its) == number and state != "Z":
                found.append(name)
    return found
