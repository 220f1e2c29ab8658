"""A GeoPackage that others are writing, and what is looked at before GDAL opens it."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gis_sites.errors import Refused
from gis_sites.intake.formats import File
from gis_sites.intake.geopackage import inspect
from gis_sites.intake.source import open_source
from tests.intake.support import box, parcels

HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("BEGIN EXCLUSIVE")
print(flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A good GeoPackage."""
    return parcels(tmp_path / "dzialki.gpkg", ["306101_1.0012.1"], [box(0, 0)])


def test_a_file_that_another_program_is_writing_is_refused(path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(Refused, match="locked"):
            open_source(path)
        other.communicate("\n")
    assert [one.name for one in open_source(path).tables] == ["dzialki"]


def test_an_index_is_no_made_up_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        (index,) = db.execute("SELECT sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'").fetchone()
    assert "rtree" in index
    inspect(File(str(path), "gpkg", path.name))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW v AS SELECT 1 AS a",
        'CREATE TEMP VIEW t AS SELECT 1; CREATE VIEW "a\'b" AS SELECT 1 AS a',
        "create  virtual  table v using fts5(a)",
    ],
)
def test_what_is_made_up_is_refused(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript(statement)
    with pytest.raises(Refused) as caught:
        inspect(File(str(path), "gpkg", path.name))
    assert caught.value.key == "import.view"
