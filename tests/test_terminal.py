"""Progress as a person sees it: a real terminal, in both languages."""

import os
import pty
import re
import sys
from pathlib import Path

import pytest

from gis_sites.layer import Title
from gis_sites.terminal import step_text

CHILD = """
import sys, time
from gis_sites.layer import Title
from gis_sites.terminal import progress_bars
with progress_bars(sys.argv[1]) as progress:
    for done in range(5):
        progress("profile", done * 25, 100, layer=Title(pl="Sieć gazowa", en="Gas network"), columns=3 + done,
                 all_columns=9, part=done, parts=4)
        progress("water", done * 1000, 5000)
        time.sleep(0.15)
print("done")
"""


def shown(lang: str) -> str:
    """Run the child in a terminal of its own; return what it drew, without the codes that move the cursor."""
    pid, terminal = pty.fork()
    if not pid:
        os.environ.update(TERM="xterm", COLUMNS="100", PYTHONPATH=str(Path(__file__).parents[1]))
        os.execv(sys.executable, [sys.executable, "-c", CHILD, lang])
    drawn = b""
    try:
        while block := os.read(terminal, 65536):
            drawn += block
    except OSError:
        pass  # the other end is closed
    finally:
        os.close(terminal)
    assert os.waitpid(pid, 0)[1] == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", drawn.decode())


@pytest.mark.parametrize(
    ("lang", "last", "rows"),
    [
        ("pl", "Sieć gazowa: część 4/4, kolumny 7/9", "4 000/5 000"),
        ("en", "Gas network: part 4/4, columns 7/9", "4,000/5,000"),
    ],
)
def test_a_bar_tells_columns_partitions_and_the_time_left(lang: str, last: str, rows: str) -> None:
    lines = [line for line in re.split(r"[\r\n]+", shown(lang).replace("\xa0", " ")) if line.strip()]
    assert any(last in line and "100%" in line for line in lines)
    assert any("50%" in line and re.search(r"\d:\d\d:\d\d", line) for line in lines)
    assert any(line.startswith("water") and rows in line for line in lines)
    # What is printed afterwards stands on a line of its own.
    assert lines[-1].strip() == "done"


def test_nobody_looking_nothing_drawn(capfd: pytest.CaptureFixture[str]) -> None:
    from gis_sites.terminal import progress_bars

    with progress_bars("en") as progress:
        progress("profile", 1, 2, layer=Title(pl="a", en="b"), columns=1, all_columns=2, part=1, parts=2)
    assert capfd.readouterr() == ("", "")


def test_a_step_without_a_sentence_names_itself() -> None:
    assert step_text("water → PostGIS", "pl", {}) == "water → PostGIS"
    assert step_text("tiles", "en", {}) == "Drawing layers for the map"
