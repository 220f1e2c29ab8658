"""Other processes, and questions to a cluster."""

import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gis_sites.errors import GisSitesError
from gis_sites.settings import Settings
from gis_sites.words import LANGUAGES

# An interpreter that lives in root's home cannot be run by others, but can give up being root once it has read all.
PRELUDE = """
import os, subprocess, sys, time
from pathlib import Path
import psycopg, psycopg.sql
from gis_sites.settings import Settings
from gis_sites.store import cluster
from gis_sites.words import sentences
sentences("en")
home, uid, gid = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if os.geteuid() != uid:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
settings = Settings(home=home, database_url=None, postgres_bin=None)
"""
HOLD = """
with cluster.running(settings) as url:
    print(url, flush=True)
    sys.stdin.readline()
"""


def ordinary() -> pwd.struct_passwd:
    """An account that is not root: the one we are, or that of nobody."""
    return pwd.getpwuid(os.geteuid()) if os.geteuid() else pwd.getpwnam("nobody")


def command(code: str, home: Path, account: pwd.struct_passwd | None = None) -> "subprocess.Popen[str]":
    """Another process that runs some code with `settings` of a home, as ourselves or as another account."""
    uid, gid = (account.pw_uid, account.pw_gid) if account else (os.geteuid(), os.getegid())
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, str(home), str(uid), str(gid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def done(process: "subprocess.Popen[str]", said: str | None = None) -> str:
    """Let a process come to its end; return what it printed."""
    out, err = process.communicate(said, timeout=30)
    assert process.returncode == 0, err
    return out


def line(process: "subprocess.Popen[str]") -> str:
    """Return the next line a process prints."""
    assert process.stdout is not None
    text = process.stdout.readline().strip()
    assert text, process.communicate()[1]
    return text


def killed(process: "subprocess.Popen[str]") -> None:
    """Kill a process as the kernel does."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


def ask(url: str, query: str) -> Any:
    """Return the one value a query answers."""
    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        cursor = connection.execute(query)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def pid(settings: Settings) -> int:
    """Return the number of the server's process."""
    return int((settings.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def wait_for(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def refusal(action: Callable[[], object]) -> tuple[str, str]:
    """Return the key and the English sentence an action is refused with; it can be said in every language."""
    with pytest.raises(GisSitesError) as caught:
        action()
    assert all(caught.value.sentence(lang) for lang in LANGUAGES)
    return caught.value.key.removeprefix("db."), str(caught.value)
