"""The embedded cluster after accidents: what was killed, left behind or taken is mended by the next command."""

import os
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gis_sites.settings import Settings
from gis_sites.store import cluster
from gis_sites.store.embedded import place, postgres, server
from gis_sites.store.embedded import private as files

from .support import HOLD, ask, command, killed, line, pid, refusal, wait_for


def gone(number: int) -> bool:
    return not Path(f"/proc/{number}/exe").exists()


def kill_server(settings: Settings) -> int:
    """Kill the server as the kernel does, and wait until it is dead; return its number."""
    number = pid(settings)
    os.kill(number, signal.SIGKILL)
    wait_for(lambda: gone(number))
    return number


@pytest.fixture
def on_loopback(monkeypatch: pytest.MonkeyPatch, private: Settings) -> Settings:
    """A cluster for which no path of a socket is short enough."""
    monkeypatch.setattr(server, "SOCKET_BYTES", 10)
    return private


def test_a_killed_server_is_started_again_by_the_next_command(private: Settings) -> None:
    cluster.start(private)
    with cluster.running(private) as url:
        ask(url, "CREATE TABLE kept AS SELECT 1 AS n")
    first = kill_server(private)
    with cluster.running(private) as url:
        assert pid(private) != first
        assert ask(url, "SELECT n FROM kept") == 1


def test_children_that_do_not_notice_their_server_was_killed_are_asked_to_go(
    private: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "ORPHANS_S", 0.2)
    cluster.start(private)
    with cluster.running(private) as url:
        busy = psycopg.connect(url.replace("+psycopg", ""))
        child = busy.info.backend_pid
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000000)")
        wait_for(lambda: ask(url, f"SELECT state FROM pg_stat_activity WHERE pid = {child}") == "active")
        kill_server(private)
        assert not gone(child)
        with cluster.running(private) as again:
            assert ask(again, "SELECT 1") == 1
            assert gone(child)
        busy.close()


def test_a_killed_command_leaves_it_running_and_stoppable(private: Settings) -> None:
    holder = command(HOLD, private.home)
    url = line(holder)
    killed(holder)
    assert cluster.status(private).state == "running"
    assert ask(url, "SELECT 1") == 1
    assert cluster.stop(private).state == "stopped"

    holder = command(HOLD, private.home)
    line(holder)
    killed(holder)
    with cluster.running(private):
        pass
    assert cluster.status(private).state == "stopped", "the next one out stops it"


def test_killed_while_it_is_made_nothing_half_made_remains(folder: Path) -> None:
    settings = Settings(home=folder / "home", database_url=None)
    maker = command(HOLD, settings.home)
    wait_for(lambda: any(folder.glob("home/postgres/data.new-*/global/pg_control")))
    killed(maker)
    assert cluster.status(settings).state == "absent"
    with cluster.running(settings) as url:
        assert ask(url, "SELECT postgis_lib_version()")
        assert ask(url, "SHOW data_checksums") == "on"
    assert {path.name for path in (folder / "home" / "postgres").iterdir()} == {
        "data", "pgpass", "postgres.log", "prepared", "run", "server.lock", "turn.lock", "users.lock",
    }  # fmt: skip


@pytest.mark.parametrize(
    "left", ["", "nonsense\n", "{alive}\n", "{alive}\n{data}\n1\n5432\n{data}/../run\n\n1 2\nready\n"]
)
def test_a_stale_pid_file_is_taken_away(private: Settings, left: str) -> None:
    data = private.home / "postgres" / "data"
    (data / "postmaster.pid").write_text(left.format(alive=os.getpid(), data=data))
    assert cluster.status(private).state == "stopped"
    assert cluster.stop(private).state == "stopped", "and this very process, whose number stands in it, still lives"
    with cluster.running(private) as url:
        assert ask(url, "SELECT 1") == 1
        assert pid(private) != os.getpid()


def test_a_stale_pid_file_that_names_another_postgres_is_taken_away(private: Settings, copied: Settings) -> None:
    there, here = private.home / "postgres", copied.home / "postgres"
    with cluster.running(private):
        shutil.copy(there / "data" / "postmaster.pid", here / "data")
        assert cluster.status(copied).state == "stopped"
        with cluster.running(copied) as url:
            assert ask(url, "SHOW cluster_name") == place.Place(copied.home, postgres.account_for(here)).mark
        assert cluster.status(private).state == "running"


def test_stale_files_of_the_socket_are_taken_away(private: Settings) -> None:
    with cluster.running(private):
        kill_server(private)
        wait_for(lambda: not files.is_held(private.home / "postgres" / "server.lock"))
        lock = private.home / "postgres" / "run" / ".s.PGSQL.5432.lock"
        lock.write_text(lock.read_text().replace(str(pid(private)), str(os.getpid()), 1))
        with cluster.running(private) as url:
            assert ask(url, "SELECT 1") == 1


def test_a_long_path_has_its_socket_elsewhere(copied: Settings) -> None:
    with cluster.running(copied) as url:
        host = Path(str(cluster.status(copied).host))
        assert host.parent in server.SHORT
        assert files.is_private(host, postgres.account_for(copied.home / "postgres"))
        assert ask(url, "SELECT 1") == 1
    assert not host.exists()


def test_without_a_socket_it_listens_on_the_loopback_only(on_loopback: Settings) -> None:
    with cluster.running(on_loopback) as url:
        status = cluster.status(on_loopback)
        assert status.host == "127.0.0.1"
        assert f"host=127.0.0.1&port={status.port}" in url
        assert ask(url, "SELECT host(inet_server_addr()) || ' ' || inet_server_port()") == f"127.0.0.1 {status.port}"
        assert ask(url, "SHOW listen_addresses") == "127.0.0.1"


@pytest.fixture
def occupied() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_an_occupied_port_is_passed_over(on_loopback: Settings, occupied: int, monkeypatch: pytest.MonkeyPatch) -> None:
    free, ports = server._free_port, [occupied]
    monkeypatch.setattr(server, "_free_port", lambda: ports.pop() if ports else free())
    with cluster.running(on_loopback) as url:
        assert ask(url, "SELECT 1") == 1
    monkeypatch.setattr(server, "_free_port", lambda: occupied)
    key, sentence = refusal(lambda: cluster.start(on_loopback))
    assert key == "port_occupied"
    assert str(occupied) in sentence
    assert cluster.status(on_loopback).state == "stopped"
