"""The notebooks run start to end, one after the other, and lie in the repository without what they showed."""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from traitlets.config import Config

import gis_sites

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    """The cells of one kind."""
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Where their inventory lies; not in pytest's own folder, which root's cluster cannot enter."""
    outer = Path(tempfile.mkdtemp(prefix="gis-sites-"))
    outer.chmod(0o711)
    yield outer / "home"
    shutil.rmtree(outer, ignore_errors=True)


@pytest.fixture(scope="module")
def pages(home: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, nbformat.NotebookNode]:
    """Every notebook with what it showed; the later ones read what the first one made."""
    folder = tmp_path_factory.mktemp("notebooks")
    environment = {**os.environ, "GIS_SITES_HOME": str(home), "TMPDIR": str(folder), "IPYTHONDIR": str(folder)}
    environment.pop("GIS_SITES_DATABASE_URL", None)
    found = {}
    for path in NOTEBOOKS:
        found[path.stem] = nbformat.read(path, as_version=4)
        # Over sockets in a folder of their own, not over ports anybody on the machine may knock at.
        ways = Config(KernelManager={"transport": "ipc", "ip": str(home.parent / path.stem[:2])})
        client = NotebookClient(found[path.stem], timeout=120, config=ways, resources={"metadata": {"path": folder}})
        client.execute(env=environment)
    return found


def test_they_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["01_import_a_layer", "02_match_an_investor", "03_read_the_map"]


@EACH
def test_it_runs_start_to_end_and_shows_what_it_says(path: Path, pages: dict[str, nbformat.NotebookNode]) -> None:
    outputs = [output for cell in pages[path.stem].cells for output in cell.get("outputs", ())]
    # A warning would stand on the page a planner shows.
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 2
    assert sum("text/html" in output.get("data", {}) for output in outputs) >= 1


@EACH
def test_outputs_are_stripped(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        assert cell["metadata"] == {}
    assert set(notebook.metadata) == {"kernelspec", "language_info"}


@EACH
def test_it_reads_as_a_page(path: Path) -> None:
    kinds = [cell["cell_type"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert kinds[0] == "markdown"
    assert cells(path, "markdown")[0]["source"][0].startswith("# ")
    assert kinds.count("markdown") >= 0.4 * len(kinds)
    assert max(len(cell["source"]) for cell in cells(path, "code")) <= 36


@EACH
def test_it_asks_nothing_but_the_public_names(path: Path) -> None:
    code = "\n".join("".join(cell["source"]) for cell in cells(path, "code"))
    imported = re.findall(r"^(?:from|import) (gis_sites\S*)(?: import (.+))?$", code, re.MULTILINE)
    assert imported
    assert {module for module, _ in imported} == {"gis_sites"}
    assert {name for _, names in imported for name in names.split(", ")} <= set(gis_sites.__all__)
    asked = set(re.findall(r"\binventory\.(\w+)", code))
    assert asked
    assert asked <= {name for name in dir(gis_sites.Inventory) if not name.startswith("_")}
