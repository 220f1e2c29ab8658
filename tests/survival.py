"""Commands that are killed at a chosen place, in processes of their own; the product knows nothing of it."""

import functools
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import sqlalchemy as sa
from shapely.geometry import LineString, box

from gis_sites.errors import GisSitesError
from gis_sites.intake.note import Note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from gis_sites.store import views

MODULES = (
    "gis_sites.intake.load", "gis_sites.intake.plan", "gis_sites.intake.source", "gis_sites.profile.build",
    "gis_sites.profile.workers", "gis_sites.store.pictures", "gis_sites.store.retention", "gis_sites.store.snapshot",
    "gis_sites.store.snapshot_file", "gis_sites.store.views", "gis_sites.store.backup",
)  # fmt: skip
for name in MODULES:
    import_module(name)

X, Y, SIDE = 6_505_800.0, 5_736_300.0, 100
ASKED: dict[str, Any] = {
    "format": 1,
    "must": {"parcel.area_m2": {"min": 2000}},
    "want": {"water.distance_m": {"at": [0, 400], "worth": [1, 0]}},
}
SERVERS = multiprocessing.get_context("forkserver")
SERVERS.set_forkserver_preload([__name__])


LEFT = {
    "drafts": "SELECT id FROM registry.revisions WHERE status = 'draft'",
    "revisions": "SELECT id FROM registry.revisions WHERE status = 'ready' AND to_regclass(table_name) IS NULL",
    "profiles": "SELECT id FROM registry.profiles WHERE to_regclass(table_name) IS NULL",
    "loads": "SELECT id FROM registry.loads WHERE status = 'running'",
    "locks": "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
}
"""What the registry and the server would still know of a killed command."""


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


def _parcels(*numbers: str) -> gpd.GeoDataFrame:
    shapes = []
    for number in numbers:
        first, _, half = number.partition("/")
        place = int(first)
        left, width = (place % 6) * SIDE + (SIDE / 2 if half == "2" else 0), SIDE / 2 if half else SIDE
        bottom = place // 6 * SIDE
        shapes.append(box(X + left, Y + bottom, X + left + width, Y + bottom + SIDE))
    return gpd.GeoDataFrame({"id_dzialki": [f"306101_1.0012.{one}" for one in numbers]}, geometry=shapes, crs=2177)


def _written(path: Path, parcels: gpd.GeoDataFrame, main: float) -> Path:
    water = gpd.GeoDataFrame({"id": ["w"]}, geometry=[LineString([(X, Y + main), (X + 600, Y + main)])], crs=2177)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        parcels.to_file(path, layer="dzialki", driver="GPKG")
        water.to_file(path, layer="wodociag", driver="GPKG")
    return path


def deliveries(folder: Path) -> tuple[Path, Path]:
    """Write a delivery and the one after it: a parcel is divided, another vanishes, the main is laid elsewhere."""
    numbers = [str(n) for n in range(30)]
    first = _written(folder / "first.gpkg", _parcels(*numbers), 700)
    return first, _written(folder / "later.gpkg", _parcels(*numbers[2:], "1/1", "1/2"), 250)


def deliver(settings: Settings, *, path: Path) -> None:
    """Import a delivery and answer a question: a command of every step there is."""
    with open_inventory(settings) as inventory:
        inventory.import_file(path, Note(publisher="Geodezja", allow_shrink=True))
        inventory.match(ASKED)


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int | None
    session: int
    told: str
    """The key of the sentence it ended with."""


def _live(work: Callable[[], object], temporary: Path, place: Place | None, deed: Callable[[], object]) -> None:
    os.setsid()
    tempfile.tempdir = str(temporary)
    if place:
        place.arm(deed)
    try:
        work()
    except GisSitesError as error:
        (temporary.parent / "told").write_text(error.key)
        sys.exit(1)


def run(
    work: Callable[[], object],
    temporary: Path,
    *,
    place: Place | None = None,
    deed: Callable[[], object] = kill_me,
) -> Ended:
    """Let a process do some work; at a place in it a deed is done, which kills it unless told otherwise."""
    told = temporary.parent / "told"
    told.unlink(missing_ok=True)
    process = SERVERS.Process(target=_live, args=(work, temporary, place, deed))
    process.start()
    process.join(120)
    assert process.pid is not None
    return Ended(process.exitcode, process.pid, told.read_text() if told.exists() else "")


def answer(inventory: Inventory) -> Any:
    """What tells one state from another: the answer in full, but for the numbers of states."""
    shortlist = inventory.match(ASKED, top=50)
    return shortlist["counts"], shortlist["candidates"], shortlist["inventory"]["revisions"]


def left_over(inventory: Inventory) -> dict[str, Any]:
    """What is there that nothing stands on."""
    store = inventory.store
    current = inventory.need_state()
    wanted = {one.table for one in current.revisions.values()}
    wanted |= {one.table for kinds in current.profiles.values() for one in kinds.values()}
    caches = [f"_{name.removeprefix('store.')}_" for name in wanted]
    with store.begin() as conn:
        names = conn.exec_driver_sql("SELECT 'store.' || tablename FROM pg_tables WHERE schemaname = 'store'").scalars()
        found: dict[str, Any] = {
            "tables": [one for one in names if one not in wanted and not any(name in one for name in caches)]
        }
        found |= {what: list(conn.exec_driver_sql(query).scalars()) for what, query in LEFT.items()}
    begins = f"state-{current.id}-"
    found["snapshots"] = [one.name for one in store.snapshots.iterdir() if not one.name.startswith(begins)]
    found["temporary"] = [one.name for one in Path(tempfile.gettempdir()).iterdir()]
    found["views"] = [] if views.are_of(store, current) else ["stale"]
    return {what: left for what, left in found.items() if left}


def gone(number: int) -> bool:
    """Whether every process of a session ends."""
    deadline = time.monotonic() + 5
    while session(number):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


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
