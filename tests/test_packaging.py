"""The wheel holds all that running needs, and runs in an empty environment."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from gis_sites.settings import Settings

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as `scripts/build` makes it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def test_it_holds_layers_templates_and_web_assets(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    layers = {f"gis_sites/layers/{path.name}" for path in (ROOT / "layers").glob("*.toml")}
    assert len(layers) >= 27
    wanted = {
        *layers,
        "gis_sites/layers/tables/symbol_uses.csv",
        "gis_sites/assets/leaflet/leaflet.js",
        "gis_sites/maps/templates/handout.html",
        "gis_sites/locales/pl/match.toml",
        "gis_sites/demo/requirements/2_logistics.toml",
        "gis_sites/matching/templates/logistics.toml",
        "api/web/templates/docs.html",
        "api/web/static/site.js",
        *(f"api/web/templates/{path.name}" for path in (ROOT / "api/web/templates").iterdir()),
        *(f"api/web/static/{path.name}" for path in (ROOT / "api/web/static").iterdir()),
        "gis_sites/assets/maplibre-gl/maplibre-gl-csp.js",
        "gis_sites/assets/maplibre-gl/maplibre-gl-csp-worker.js",
        "gis_sites/assets/inter/files/inter-latin-wght-normal.woff2",
    }
    assert wanted <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_it_runs_in_an_empty_environment(wheel: Path, tmp_path: Path, settings: Settings) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    # What it depends on is taken from the environment that runs the tests; the project itself is not in these paths.
    packages = next(path for path in map(Path, sys.path) if path.name == "site-packages")
    found = [path for path in packages.iterdir() if "gis_sites" not in path.name and path.suffix != ".pth"]
    for path in found:
        target = site / path.name
        if not target.exists():
            target.symlink_to(path)
    environment = {"PATH": os.environ["PATH"], "GIS_SITES_DATABASE_URL": settings.database_url or ""}
    shown = _run(python, "import sys; from gis_sites.cli import main; sys.argv[1:] = ['layers']; main()", environment)
    assert "Miejscowy plan" in shown
    assert _run(python, "import gis_sites; print(gis_sites.__path__[0])", environment).startswith(str(site))


def _run(python: Path, code: str, environment: dict[str, str]) -> str:
    command = [str(python), "-I", "-c", code]
    done = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
