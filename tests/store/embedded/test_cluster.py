"""The embedded cluster as commands see it: private, safe, shared, and gone when nobody needs it."""

import os
import stat
import time
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from gis_sites.errors import WrongUse
from gis_sites.settings import Settings
from gis_sites.store import cluster

from .support import HOLD, ask, command, done, line, ordinary, pid, refusal, wait_for


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_command_gets_postgis_and_the_last_one_out_stops_it(private: Settings) -> None:
    with cluster.running(private) as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            version = connection.exec_driver_sql("SELECT postgis_lib_version()").scalar_one()
            assert tuple(map(int, version.split(".")[:2])) >= (3, 3)
            assert connection.exec_driver_sql("SELECT ST_Area('POLYGON((0 0,0 2,2 2,2 0,0 0))')").scalar_one() == 4
        assert cluster.status(private).state == "running"
    assert cluster.status(private).state == "stopped"
    assert not (private.home / "postgres" / "data" / "postmaster.pid").exists()


def test_the_server_is_set_up_as_it_should_be(private: Settings) -> None:
    letters = "FROM unnest('{ź,z,ć,c,a}'::text[]) n"
    expected = {
        "SHOW fsync": "on",
        "SHOW full_page_writes": "on",
        "SHOW synchronous_commit": "on",
        "SHOW data_checksums": "on",
        "SHOW jit": "off",
        "SHOW timezone": "UTC",
        "SHOW server_encoding": "UTF8",
        "SELECT datcollate FROM pg_database WHERE datname = current_database()": "C.UTF-8",
        f"SELECT string_agg(n, '' ORDER BY n) {letters}": "aczćź",
        f"SELECT string_agg(n, '' ORDER BY n COLLATE \"pl-x-icu\") {letters}": "acćzź",
        "SHOW listen_addresses": "",
        "SHOW unix_socket_permissions": "0700",
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user": False,
        "SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user": True,
        "SELECT count(*) FROM pg_extension WHERE extname = 'postgis'": 1,
    }
    with cluster.running(private) as url:
        assert {query: ask(url, query) for query in expected} == expected


def test_nobody_gets_in_without_the_password(private: Settings) -> None:
    with cluster.running(private) as url:
        plain = url.replace("+psycopg", "", 1)
        for role in ("gis_sites", "admin"):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(plain, user=role, password="x", dbname="postgres")


def test_a_new_database_has_postgis_too(private: Settings) -> None:
    with cluster.running(private) as url:
        ask(url, "CREATE DATABASE another")
        other = sa.make_url(url).set(database="another").render_as_string(hide_password=False)
        assert ask(other, "SELECT ST_SRID('SRID=2177;POINT(0 0)'::geometry)") == 2177
        ask(url, "DROP DATABASE another WITH (FORCE)")


def test_what_it_keeps_is_for_its_account_alone_and_never_roots(private: Settings) -> None:
    with cluster.running(private):
        folder = private.home / "postgres"
        server = Path(f"/proc/{pid(private)}").stat().st_uid
        assert server == folder.stat().st_uid != 0
        assert mode(folder) == mode(folder / "data") == mode(folder / "run") == 0o700
        files = [path for path in folder.iterdir() if path.is_file()]
        assert {folder / "pgpass", folder / "postgres.log", folder / "users.lock"} <= set(files)
        assert {mode(path) for path in files} == {0o600}
        assert {path.stat().st_uid for path in files} == {server}


def test_an_ordinary_user_has_one_of_his_own(folder: Path) -> None:
    account = ordinary()
    own = folder / "own"
    own.mkdir()
    os.chown(own, account.pw_uid, account.pw_gid)
    code = """
with cluster.running(settings) as url:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        print(connection.execute("SELECT postgis_lib_version()").fetchone()[0])
    pid = (home / "postgres/data/postmaster.pid").read_text().split()[0]
    print(os.stat(f"/proc/{pid}").st_uid, os.geteuid(), oct(home.stat().st_mode & 0o777))
print(cluster.status(settings).state)
"""
    version, uids, state = done(command(code, own / "home", account)).splitlines()
    assert version.startswith("3.")
    assert uids == f"{account.pw_uid} {account.pw_uid} 0o700"
    assert state == "stopped"


def test_two_commands_at_once_share_it(private: Settings) -> None:
    first, second = (command(HOLD, private.home) for _ in range(2))
    assert line(first) == line(second)
    server = pid(private)
    done(first, "\n")
    assert cluster.status(private).state == "running"
    with cluster.running(private):
        assert pid(private) == server
    assert pid(private) == server, "the second command still uses it"
    done(second, "\n")
    assert cluster.status(private).state == "stopped"


def test_many_commands_come_and_go(private: Settings) -> None:
    code = """
for _ in range(4):
    with cluster.running(settings) as url, psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("SELECT 1")
"""
    for process in [command(code, private.home) for _ in range(4)]:
        done(process)
    assert cluster.status(private).state == "stopped"


def test_it_stays_when_asked_to_until_told_to_go(private: Settings) -> None:
    started = cluster.start(private)
    assert (started.state, started.kept) == ("running", True)
    server = pid(private)
    with cluster.running(private):
        pass
    assert pid(private) == server
    assert cluster.start(private).since == started.since, "starting it twice is no harm"
    stopped = cluster.stop(private)
    assert (stopped.state, stopped.kept) == ("stopped", False)
    assert cluster.stop(private).state == "stopped"


def test_told_to_go_it_waits_for_who_uses_it_unless_forced(private: Settings) -> None:
    cluster.start(private)
    with cluster.running(private) as url:
        status = cluster.stop(private)
        assert (status.state, status.kept) == ("running", False)
        assert ask(url, "SELECT 1") == 1
    assert cluster.status(private).state == "stopped"
    with cluster.running(private):
        assert cluster.stop(private, force=True).state == "stopped"


def test_status_and_url_tell_the_truth(private: Settings, folder: Path) -> None:
    nowhere = Settings(home=folder / "nowhere", database_url=None)
    assert cluster.status(nowhere).state == cluster.stop(nowhere).state == "absent"
    assert not (folder / "nowhere").exists(), "asking makes nothing"
    assert refusal(lambda: cluster.url(nowhere))[0] == "not_running"
    assert refusal(lambda: cluster.url(private))[0] == "not_running"

    before = time.time()
    with cluster.running(private) as url, psycopg.connect(url.replace("+psycopg", "")) as connection:
        assert cluster.url(private) == url
        status = cluster.status(private)
        assert status.since is not None
        assert before - 1 <= status.since.timestamp() <= time.time()
        assert status.version == connection.execute("SELECT split_part(version(), ' ', 2)").fetchone()[0]  # type: ignore[index]
        assert (status.private, status.sessions, status.port) == (True, 1, 5432)
        assert status.host == str(private.home / "postgres" / "run")
        assert status.data == private.home / "postgres" / "data"


def test_a_server_of_your_own_is_told_apart_and_left_alone(private: Settings, folder: Path) -> None:
    with cluster.running(private) as url:
        settings = Settings(home=folder / "home", database_url=url.replace("postgresql+psycopg", "postgres", 1))
        assert cluster.url(settings) == url
        status = cluster.status(settings)
        assert (status.state, status.private, status.port, status.data) == ("running", False, 5432, None)
    gone = Settings(home=folder / "home", database_url="postgresql://nobody@127.0.0.1:1/none")
    assert cluster.status(gone).state == "unreachable"
    for action in (cluster.start, cluster.stop):
        with pytest.raises(WrongUse, match="GIS_SITES_DATABASE_URL"):
            action(settings)
    wrong = Settings(home=folder / "home", database_url="sqlite:///x.db")
    assert "“sqlite”" in refusal(lambda: cluster.url(wrong))[1]
    assert not (folder / "home").exists()


def test_role_database_and_extension_are_made_again_when_lacking(private: Settings) -> None:
    with cluster.running(private) as url:
        ask(sa.make_url(url).set(database="postgres").render_as_string(hide_password=False), "DROP DATABASE gis_sites")
    with cluster.running(private) as url:
        assert ask(url, "SELECT postgis_lib_version()")


def test_settings_of_your_own_count(private: Settings) -> None:
    own = private.home / "postgres" / "data" / "local.conf"
    own.write_text("work_mem = 7MB\n")
    with cluster.running(private) as url:
        assert ask(url, "SHOW work_mem") == "7MB"
        assert ask(url, "SHOW shared_buffers") == "256MB"
    own.write_text("")


def test_a_worker_that_outlives_its_command_does_not_count(private: Settings) -> None:
    code = """
with cluster.running(settings):
    worker = os.fork()
    if worker == 0:
        print(os.getpid(), flush=True)
        os.close(1), os.close(2)
    time.sleep(60)
"""
    parent = command(code, private.home)
    worker = int(line(parent))
    try:
        parent.kill()
        parent.wait()
        assert cluster.stop(private).state == "stopped"
    finally:
        os.kill(worker, 9)
        parent.communicate()
        wait_for(lambda: not Path(f"/proc/{worker}/exe").exists())
