"""What was measured on: the machine, how busy it is, the versions, and the code."""

import os
import platform
import re
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
CODE = ("gis_sites", "api", "layers", "benchmarks")
PACKAGES = ("geopandas", "pyogrio", "shapely", "numpy", "pyarrow", "scikit-criteria", "pymcdm", "tipg", "folium",
            "uvicorn")  # fmt: skip
PROGRAMS = (("ogr2ogr", "--version"), ("chromium", "--version"))
GLANCE_S = 2.0


def machine() -> str:
    """Say on what machine; nothing that names this one."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    release = platform.freedesktop_os_release()
    system = (
        f"{release.get('NAME', 'Linux')} {release.get('VERSION_ID', '')}, Linux {platform.release().partition('-')[0]}"
    )
    return f"{os.cpu_count()} cores of {cpu[1] if cpu else platform.machine()}, {memory:.0f} GB, {system}"


def software() -> str:
    """Say with what versions."""
    import shapely

    packages = (f"{name} {version(name)}" for name in PACKAGES)
    geos = f"GEOS {shapely.geos_version_string}"
    programs = (_said(*program) for program in PROGRAMS)
    return ", ".join([f"Python {platform.python_version()}", _postgres(), geos, *programs, *packages])


def commit() -> str:
    """Say which code this is: as git describes it, or the version where there is no git."""
    try:
        named = _said("git", "-C", str(ROOT), "describe", "--always", "--tags")
        same = ["git", "-C", str(ROOT), "--no-optional-locks", "diff", "--quiet", "HEAD", "--", *CODE]
        return named + (" with changes" if subprocess.run(same, check=False).returncode else "")
    except (OSError, subprocess.CalledProcessError):
        return f"version {version('gis-sites')}"


def busy() -> float:
    """Return the share of the processors' time that is used while this process looks on, 0..1."""
    before = _ticks()
    time.sleep(GLANCE_S)
    total, idle = (now - then for now, then in zip(_ticks(), before, strict=True))
    return 1 - idle / total if total else 0.0


def _ticks() -> tuple[int, int]:
    """Return the ticks of all processors since the start, and those without work."""
    every = [int(word) for word in Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]]
    return sum(every), every[3] + every[4]


def _postgres() -> str:
    from gis_sites.settings import Settings
    from gis_sites.store.embedded.postgres import find

    found = find(Settings())
    return f"PostgreSQL {found.version()}, PostGIS {found.postgis()}"


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[0].strip()
