"""What is measured on: a demo city of the size asked for, its deliveries and its published inventory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gis_sites.settings import Settings, default_home

DONE = "written"
REGISTER = "*_register.gpkg"


@dataclass(frozen=True)
class Ground:
    """A running private cluster, the city's files, and a folder for what is made on the way."""

    home: Path
    city: Path
    url: str
    parcels: int

    @property
    def settings(self) -> Settings:
        """The settings of the city's inventory."""
        return Settings(home=self.home, database_url=self.url, public_parcels="all")

    @property
    def work(self) -> Path:
        """Return the folder for what is made on the way."""
        folder = _home(self.parcels) / "work"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def register(self) -> Path:
        """The delivery that holds the parcels."""
        return next(self.city.glob(REGISTER))


@contextmanager
def ground(parcels: int, *, published: bool = True) -> Iterator[Ground]:
    """Make the city of that many parcels ready, and its inventory where it is needed; what is there already is used."""
    from gis_sites.store.cluster import running

    for name in [name for name in os.environ if name.startswith("GIS_SITES_")]:
        del os.environ[name]  # what is set for the inventory of this machine is not meant for a benchmark
    home = _home(parcels)
    _write(home / "city", parcels)
    with running(Settings(home=home)) as url:
        here = Ground(home, home / "city", url, parcels)
        if published:
            _publish(here)
        yield here


def _home(parcels: int) -> Path:
    return default_home().with_name(f"gis-sites-bench-{parcels}")


def _write(city: Path, parcels: int) -> None:
    from gis_sites.demo import write_city

    if (city / DONE).exists():
        return
    print(f"Writing a demo city of {parcels:,} parcels", flush=True)
    city.mkdir(parents=True, exist_ok=True)
    city.parent.chmod(0o711)  # the cluster's own account must find its folder in it
    write_city(city, parcels=parcels)
    (city / DONE).touch()


def _publish(here: Ground) -> None:
    """Import and profile the city where that was not done; answering takes as long with an older profile."""
    from gis_sites.intake.note import read_note
    from gis_sites.inventory import open_inventory

    with open_inventory(here.settings) as inventory:
        if inventory.state is None:
            print("Importing and publishing it", flush=True)
            for note in sorted(here.city.glob("*.toml")):
                inventory.import_file(note.with_suffix(".gpkg"), read_note(note), profile=False)
        if inventory.state is None or not inventory.state.profiles:
            inventory.profile()
