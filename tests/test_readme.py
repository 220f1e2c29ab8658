"""Every command the README shows runs, in its order, in one folder, as a newcomer would run it."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from benchmarks import records
from tests.readme_figures import BLOCK, whole

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOT_HERE = ("scripts/test",)
"""It runs this test."""
REJECTED_SOME = 3


def blocks(kind: str) -> list[str]:
    """The fenced blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


COMMANDS = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]


def test_every_line_of_a_console_block_is_a_command() -> None:
    assert all(line.startswith("$ ") for block in blocks("console") for line in block.splitlines())
    assert len(COMMANDS) >= 15


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a newcomer stands, with the requirement of the README written down."""
    made = tmp_path_factory.mktemp("readme")
    requirement = next(block for block in blocks("toml") if block.startswith("format = 1"))
    (made / "plant.toml").write_text(requirement, encoding="utf-8")
    return made


@pytest.fixture
def unused_home() -> Iterator[Path]:
    """A home where nothing is yet; not in pytest's own folder, which root's cluster cannot enter."""
    outer = Path(tempfile.mkdtemp(prefix="gis-sites-"))
    outer.chmod(0o711)
    yield outer / "home"
    shutil.rmtree(outer, ignore_errors=True)


def test_the_commands_run(folder: Path, unused_home: Path) -> None:
    environment = {
        **os.environ,
        "GIS_SITES_HOME": str(unused_home),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
    }
    environment.pop("GIS_SITES_DATABASE_URL", None)
    say = partial(_say, folder=folder, environment=environment)
    for command in COMMANDS:
        if command in NOT_HERE:
            continue
        if command == "gis-sites states":
            _what_stands_in_sentences(folder, say)
        words = shlex.split(command)
        if words[0].startswith("scripts/"):
            # Set-up steps are tested by running the tests at all; the demo has an inventory of its own.
            words = ["gis-sites", "demo", "--parcels", "500", *words[1:]]
            home = {"GIS_SITES_HOME": f"{unused_home}-demo"}
        else:
            home = {}
        done = subprocess.run(
            words, cwd=folder, env={**environment, **home}, capture_output=True, text=True, timeout=300, check=False
        )
        allowed = {0, REJECTED_SOME} if words[1] == "import" else {0}
        assert done.returncode in allowed, f"{command}: {done.stdout[-2000:]} {done.stderr[-4000:]}"
    for name in ("plant.html", "plant.xlsx", "plant.gpkg", "demo/1_metal_works.html"):
        assert (folder / name).stat().st_size > 1000
    environment["GIS_SITES_HOME"] = f"{unused_home}-restored"
    say("gis-sites", "db", "restore", "city.backup")
    assert _serves(folder, environment)


def _what_stands_in_sentences(folder: Path, say: Callable[..., str]) -> None:
    """Run what needs no block of its own, while the state it speaks of is the current one."""
    kept = json.loads(say("gis-sites", "match", "plant.toml", "--save", "--json", "-"))["id"]
    say("gis-sites", "repeat", kept[:12])
    say("gis-sites", "why", kept[:12], "309901_1.0001.100")
    (snippet,) = blocks("python")
    (folder / "plant.html").unlink()
    say(sys.executable, "-c", snippet)


def _say(*words: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout[-2000:]} {done.stderr[-4000:]}"
    return done.stdout


def _serves(folder: Path, environment: dict[str, str]) -> bool:
    """Serve the restored inventory by the command shown, on a free port, and ask it for the list."""
    (command,) = (line for block in blocks("sh") for line in block.splitlines() if line.startswith("gis-sites serve"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [*shlex.split(command, comments=True), "--port", str(port)]
    process = subprocess.Popen(words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            try:
                return httpx.get(f"http://127.0.0.1:{port}/api/v1/layers").status_code == 200
            except httpx.TransportError:
                time.sleep(0.2)
        return False
    finally:
        process.terminate()
        process.wait(30)


def test_its_pictures_are_those_the_script_takes() -> None:
    shown = {Path(name).stem for name in re.findall(r"!\[[^]]*\]\((docs/[^)]+\.png)\)", README)}
    taken = (ROOT / "tests" / "screenshots.py").read_text(encoding="utf-8")
    assert shown
    for name in shown:
        assert re.search(rf"\b{name}(?:\.png)?\"", taken), name
    assert "tests.screenshots" in (ROOT / "scripts" / "screenshots").read_text(encoding="utf-8")


def test_its_numbers_are_those_of_the_code_and_none_is_measured() -> None:
    from api.limits import PAGE, TILE, USUAL_RATE
    from gis_sites.demo import requirements

    said = " ".join(README.split())
    in_words = {3: "three", 10: "ten", 11: "eleven", 100: "a hundred"}
    templates = in_words[len(list((ROOT / "gis_sites" / "matching" / "templates").glob("*.toml")))]
    assert f"{templates} templates, one a sector, are there" in said
    assert f"prints {in_words[len(requirements())]} shortlists and writes {in_words[len(requirements())]} maps" in said
    assert f"{in_words[len(list((ROOT / 'notebooks').glob('*.ipynb')))].capitalize()} [notebooks](notebooks)" in said
    often = f"{USUAL_RATE} shortlists and files a minute"
    told = " ".join((ROOT / "docs" / "administrator.md").read_text(encoding="utf-8").split())
    assert f"{often}, {in_words[PAGE.share]} times as many pages and {in_words[TILE.share]} times as many tiles" in told
    # What was measured is written by the benchmarks' script: nothing of it is typed.
    held = records.read(ROOT / "docs" / "benchmarks.json")
    assert whole(README, held) == README, "run scripts/figures"
    sentences = re.sub(r"^```.*?^```$", "", BLOCK.sub("", README), flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"\b\d[\d.,]* ?(?:ms|s|seconds|MB|GB|x|times)\b", sentences) == []


def test_the_layer_file_is_one(tmp_path: Path) -> None:
    from gis_sites.catalogue import read_layer

    path = tmp_path / "noise.toml"
    path.write_text(next(block for block in blocks("toml") if block.startswith('name = "noise"')), encoding="utf-8")
    assert set(read_layer(path).attributes) == {"loud_share", "distance_m"}


def test_the_files_it_points_to_are_there() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        path, _, part = target.partition("#")
        assert (ROOT / path).exists(), target
        headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE) if part else []
        assert not part or part in {heading.lower().replace(" ", "-") for heading in headings}, target
