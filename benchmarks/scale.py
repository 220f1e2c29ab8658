"""What a profile takes at a size, what a change of one parcel in a hundred takes, and what a country would.

    python -m benchmarks.scale --parcels 1000000 --docs docs/scale.md

The demo city is made and imported in a home of its own; the figures go between the marks of the page.
"""

import argparse
import os
import platform
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.table import line, memory, seconds

COUNTRY = 38_000_000
"""Cadastral parcels of Poland, as the register of land and buildings counts them."""
CITY = 450_000
"""Parcels of a large county: what is profiled as one inventory."""
BEGIN, END = "<!-- figures: benchmarks/scale.py -->\n", "<!-- end of figures -->\n"


@dataclass(frozen=True)
class Figures:
    """What was measured: wall-clock seconds, core seconds, bytes summed over all processes."""

    parcels: int
    cores: int
    profile_s: float
    core_s: float
    peak: int
    changed_s: float
    water_s: float
    snapshot: int
    made_s: float
    mapped_s: float


def main() -> None:
    """Measure, show, and write into the page where one is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--parcels", type=int, default=100_000)
    parser.add_argument("--docs", type=Path, metavar="FILE.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        text = "\n".join([*told(measure(Path(folder), asked.parcels)), "", about(), ""])
    print(text)
    if asked.docs:
        page = asked.docs.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN)
        asked.docs.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def measure(folder: Path, parcels: int) -> Figures:
    """Take a city through import, profile, a change of one parcel and of one main in a hundred, and a snapshot."""
    from gis_sites.demo import write_city
    from gis_sites.intake.note import read_note
    from gis_sites.inventory import open_inventory
    from gis_sites.settings import Settings
    from gis_sites.store.snapshot import open_snapshot

    settings = Settings(home=folder / "home", database_url=None)
    with open_inventory(settings) as inventory:
        for one in write_city(folder / "city", parcels=parcels):
            inventory.import_file(one.path, read_note(one.note) if one.note else None, profile=False)
        began = core_seconds()
        with watched(settings.home) as peak:
            profile_s = timed(inventory.profile)
        core_s = core_seconds() - began
        move(inventory, "parcel", every=100)
        changed_s = timed(inventory.profile)
        move(inventory, "water", every=100)
        water_s = timed(inventory.profile)
        loading = open_snapshot(inventory.store, inventory.need_state(), "parcels").loading
        mapped = open_snapshot(inventory.store, inventory.need_state(), "parcels").loading.mapped_s
    cores = os.cpu_count() or 1
    return Figures(parcels, cores, profile_s, core_s, peak(), changed_s, water_s, loading.bytes, loading.made_s, mapped)


def timed(work: Callable[[], object]) -> float:
    """Return how long some work takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def core_seconds() -> float:
    """Return what this process and its children that ended have used of all cores; the server's share is not in it."""
    return sum(os.times()[:4])


def move(inventory: Any, layer: str, *, every: int) -> None:  # noqa: ANN401 - an Inventory, imported by its maker
    """Make a revision of a layer in which one row in so many lies 13 mm aside; it waits for its publication."""
    import shapely

    from gis_sites.store import revisions, states

    with inventory.store.begin() as conn:
        held = states.basis(conn)[layer]
        found = revisions.read(conn, held)
        shapes = found.geometry.copy()
        shapes[::every] = shapely.transform(shapes[::every], lambda points: points + 0.013)
        draft = revisions.create(conn, inventory.catalogue.layer(layer), srid=inventory.store.srid)
        geometry = revisions.to_ewkb(shapes, inventory.store.srid)
        revisions.append(conn, draft, found.table.append_column("geom", geometry))
        revisions.finish(conn, draft, held.parts)


@contextmanager
def watched(home: Path) -> Iterator[Callable[[], int]]:
    """Watch the memory of this process, of its children and of the database server, shared pages counted once."""
    most, over = [0], threading.Event()

    def watch() -> None:
        server = int((home / "postgres" / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])
        while not over.wait(0.5):
            most[0] = max(most[0], sum(map(pages, family({os.getpid(), server}))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: most[0]
    finally:
        over.set()
        watcher.join()


def family(roots: set[int]) -> set[int]:
    """Return processes with all that descend from them."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has just ended
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def pages(pid: int) -> int:
    """Return the bytes a process holds, of shared pages its part."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return int(rollup.partition("\nPss:")[2].split()[0]) * 1024


def about() -> str:
    """Say on what machine and how busy it was."""
    import shapely

    cores, load = os.cpu_count(), os.getloadavg()[0]
    return f"{cores} x {platform.machine()}, GEOS {shapely.geos_version_string}, load average at the end {load:.1f}."


def told(found: Figures) -> Iterator[str]:
    """Yield the figures and what they come to for a country, as Markdown."""
    each = found.core_s / found.parcels
    yield line(["", "measured"])
    yield line(["---", "---"])
    yield line([f"profile of {found.parcels:,} parcels, {found.cores} cores", seconds(found.profile_s)])
    yield line(["core time of one parcel, all attributes", f"{1000 * each:.2f} ms"])
    yield line(["peak memory, all processes and the database", memory(found.peak)])
    for what, took in (("parcel", found.changed_s), ("water main", found.water_s)):
        yield line([f"profile when one {what} in a hundred moved", f"{seconds(took)}, {took / found.profile_s:.1%}"])
    yield line(
        [
            "snapshot: size, making, mapping",
            f"{memory(found.snapshot)}, {found.made_s:.1f} s, {found.mapped_s * 1000:.1f} ms",
        ]
    )
    for cores in (found.cores, 16, 64, 256):
        hours = COUNTRY * each / cores / 3600
        yield line([f"the country, {COUNTRY:,} parcels, on {cores} cores", f"{hours:,.1f} h"])
    yield line([f"inventories of {CITY:,} parcels it is cut into", f"{-(-COUNTRY // CITY)}"])


if __name__ == "__main__":
    main()
