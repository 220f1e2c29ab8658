"""A private cluster for the tests: made once, stopped before each; who needs a second one copies it."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gis_sites.settings import Settings
from gis_sites.store import cluster


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder; not pytest's own, because root's cluster runs as another account, which cannot enter it."""
    path = Path(tempfile.mkdtemp(prefix="gis-sites-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def made() -> Iterator[Path]:
    """A home whose cluster has been made."""
    path = Path(tempfile.mkdtemp(prefix="gis-sites-", dir="/tmp"))
    path.chmod(0o755)
    with cluster.running(Settings(home=path / "home", database_url=None, postgres_bin=None)):
        pass
    yield path / "home"
    shutil.rmtree(path)


@pytest.fixture
def private(made: Path) -> Iterator[Settings]:
    """Settings of a private cluster that is made already and stopped; a test leaves it fit for the next."""
    settings = Settings(home=made, database_url=None, postgres_bin=None)
    yield settings
    assert cluster.stop(settings, force=True).state == "stopped"


@pytest.fixture
def copied(private: Settings, folder: Path) -> Iterator[Settings]:
    """Settings of a second cluster, in a path too long for a socket."""
    home = folder / ("d" * 100) / "home"
    home.parent.mkdir(mode=0o755)
    subprocess.run(["cp", "-a", "--reflink=auto", str(private.home), str(home)], check=True)
    settings = Settings(home=home, database_url=None, postgres_bin=None)
    yield settings
    assert cluster.stop(settings, force=True).state == "stopped"
