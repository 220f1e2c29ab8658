"""What a file may ask of the process that reads it, and what happens to one that asks for more."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from gis_sites.errors import Refused
from gis_sites.intake import limits
from gis_sites.intake.formats import File
from gis_sites.words import say

FILE = File("x.gpkg", "gpkg", "x.gpkg")
BUSY = "limits.SECONDS = 1\nlimits.bound({size})\nwhile True: pass"
GREEDY = "limits.bound({size})\nbytearray(limits.MEMORY + (50 << 20))"
WORDY = "limits.bound({size}, written=1000)\nwith open({path!r}, 'wb') as file: file.write(bytes(2000))"


def after(code: str, *, size: int = 0, path: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run code in a process of its own."""
    script = "from gis_sites.intake import limits\n" + code.format(size=size, path=str(path))
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)


def test_who_takes_too_long_is_told_so() -> None:
    assert after(BUSY).returncode == -24


def test_who_takes_too_much_memory_is_told_so() -> None:
    assert "MemoryError" in after(GREEDY).stderr
    assert after(GREEDY, size=100 << 20).returncode == 0, "a larger file may take more"


def test_who_writes_too_much_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "written"
    assert "File too large" in after(WORDY, path=path).stderr
    assert path.stat().st_size <= 1000


def test_time_and_memory_grow_with_the_file() -> None:
    assert limits.seconds(0) == limits.SECONDS < 10
    assert limits.seconds(100 << 20) == limits.SECONDS + 400
    assert limits.MEMORY < 500 << 20


def table(name: str = "t", columns: int = 1) -> dict[str, object]:
    return {"name": name, "layer": name, "columns": {f"c{n}": "str" for n in range(columns)}}


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ([table()] * (limits.TABLES + 1), "too_many_tables"),
        ([table(columns=limits.COLUMNS + 1)], "too_many_columns"),
        ([table(columns=900)] * 30, "too_many_columns"),
        ([table("a\x1b[2J")], "name_unfit"),
        ([table("a\ud800")], "name_unfit"),
        ([table("a" * 256)], "name_unfit"),
    ],
)
def test_tables_are_within_bounds(tables: list[dict[str, object]], key: str) -> None:
    with pytest.raises(Refused) as caught:
        limits.checked(tables, FILE)
    assert caught.value.key == f"import.{key}"
    assert "\x1b" not in caught.value.sentence("pl")


def test_names_of_any_language_are_good() -> None:
    tables = [table("działki ewidencyjne\n(łąki) 😀 'x\"")]
    assert limits.checked(tables, FILE) == tables


def test_a_sentence_gives_a_terminal_no_orders() -> None:
    for value in ("\x1b[2J", "\x9b2J", "a\x07b", Path("\x1b[2J"), ValueError("\x1b[2J")):
        said = say("import.no_file", "pl", file=value)
        assert not any(ord(sign) < 32 or 126 < ord(sign) < 160 for sign in said)
    assert say("import.no_file", "pl", file="łąki\n\t😀").endswith("łąki\n\t😀")


def test_a_large_batch_travels_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PIECE", 10_000)
    batch = pa.record_batch({"__row": pa.array(range(100)), "__wkb": pa.array([b"x" * 1000] * 100)})
    pieces = list(limits.pieces(batch, FILE))
    assert max(one.num_rows for one in pieces) < 11
    assert pa.Table.from_batches(pieces) == pa.Table.from_batches([batch])


def test_a_geometry_has_only_so_many_vertices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "VERTICES", 10)
    batch = pa.record_batch({"__row": [1, 2], "__wkb": [None, b"x" * 200]})
    with pytest.raises(Refused, match="12 vertices"):
        list(limits.pieces(batch, FILE))
    empty = batch.slice(0, 1)
    assert list(limits.pieces(empty, FILE)) == [empty]
