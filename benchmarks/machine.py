"""What it was measured on: the machine and the versions."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("gis-sites", "geopandas", "pyogrio", "shapely", "numpy", "pyarrow", "scikit-criteria", "pymcdm", "tipg",
            "folium", "uvicorn")  # fmt: skip
PROGRAMS = (("ogr2ogr", "--version"), ("chromium", "--version"))


def facts(runs: int) -> list[str]:
    """Say on what machine, with what versions and how often."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return [
        f"{os.cpu_count()} x {cpu[1] if cpu else platform.machine()}, {memory:.0f} GB, {_system()}",
        f"Python {platform.python_version()}; {packages}",
        "; ".join([_postgres(), *(_said(*program) for program in PROGRAMS)]),
        f"medians of {runs} rounds or more in one run, the contestants by turns",
        f"load average at the end: {os.getloadavg()[0]:.1f}",
    ]


def _system() -> str:
    release = platform.freedesktop_os_release()
    return f"{release.get('NAME', 'Linux')} {release.get('VERSION_ID', '')}, Linux {platform.release()}"


def _postgres() -> str:
    from gis_sites.settings import Settings
    from gis_sites.store.embedded.postgres import find

    found = find(Settings())
    return f"PostgreSQL {found.version()}, PostGIS {found.postgis()}"


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().splitlines()[0]
