"""Work in a process of its own: done there, told here, ended with us."""

import os
import signal
from pathlib import Path

import pytest

from gis_sites.apart import apart
from gis_sites.errors import WrongUse


def say_who(file: Path) -> None:
    file.write_text(str(os.getpid()))


def refuse(host: str) -> None:
    raise WrongUse("cli.not_public", host=host)


def fall() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_it_is_done_by_another_process_that_is_gone_then(tmp_path: Path) -> None:
    apart(say_who, file := tmp_path / "who")
    other = int(file.read_text())
    assert other != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(other, 0)


def test_what_it_raises_is_raised_here() -> None:
    with pytest.raises(WrongUse, match=r"0\.0\.0\.0") as told:
        apart(refuse, "0.0.0.0")
    assert told.value.sentence("en")


def test_one_that_is_killed_is_not_waited_for() -> None:
    with pytest.raises(RuntimeError, match="fall was ended before it was done"):
        apart(fall)
