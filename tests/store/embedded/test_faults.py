"""The embedded cluster where it cannot be had: a sentence says what to do."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from gis_sites.settings import Settings
from gis_sites.store import cluster
from gis_sites.store.embedded import postgres, server
from gis_sites.store.embedded import private as files

from .support import ask, command, done, ordinary, refusal


def program(path: Path, script: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def fake(folder: Path) -> Path:
    """A PostgreSQL 15 that only says its version, without PostGIS."""
    program(folder / "bin" / "postgres", "echo 'postgres (PostgreSQL) 15.99'")
    program(folder / "bin" / "initdb", "echo 'initdb: error: No space left on device'; exit 1")
    return folder / "bin"


def give_postgis(programs: Path) -> None:
    control = programs.parent / "share" / "extension" / "postgis.control"
    control.parent.mkdir(parents=True)
    control.write_text("default_version = '3.3.2'\n")


def test_a_home_that_cannot_be_entered_is_named(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0o700 if os.geteuid() == 0 else 0)
    try:
        key, sentence = refusal(lambda: cluster.start(Settings(home=closed / "in" / "home", database_url=None)))
    finally:
        closed.chmod(0o700)
    assert key == "cannot_enter"
    assert f"cannot enter {closed} on the way" in sentence
    assert not (closed / "in").exists()


def test_a_home_closed_later_is_named_too(private: Settings) -> None:
    private.home.chmod(0o700 if os.geteuid() == 0 else 0)
    key, sentence = refusal(lambda: cluster.start(private))
    private.home.chmod(0o711)
    assert key == "cannot_enter"
    assert f"cannot enter {private.home} " in sentence


def test_a_home_that_cannot_be_written_is_refused(folder: Path) -> None:
    (folder / "file").write_text("")
    key, sentence = refusal(lambda: cluster.start(Settings(home=folder / "file" / "home", database_url=None)))
    assert key == "home_not_writable"
    assert str(folder / "file") in sentence
    code = """
from gis_sites.errors import DatabaseError
try:
    cluster.start(settings)
except DatabaseError as error:
    print(error.key)
"""
    (folder / "fixed").mkdir(mode=0o555)
    os.chown(folder / "fixed", ordinary().pw_uid, -1)
    assert done(command(code, folder / "fixed" / "home", ordinary())).strip() == "db.home_not_writable"


def test_data_of_somebody_else_is_refused(private: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = (private.home / "postgres").stat().st_uid
    with monkeypatch.context() as someone:
        someone.setattr(os, "geteuid", lambda: owner + 1)
        assert refusal(lambda: cluster.status(private))[0] == "not_yours"
    with monkeypatch.context() as roots:
        roots.setattr(Path, "stat", lambda path, **_: os.stat_result((0o40700, 0, 0, 2, 0, 0, 0, 0, 0, 0)))
        key, sentence = refusal(lambda: cluster.status(private))
        assert key == "owned_by_root"
        assert "chown -R" in sentence


def test_root_without_an_account_to_run_under_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres, "ACCOUNT", "no-such-account")
    key, sentence = refusal(lambda: cluster.start(Settings(home=folder / "home", database_url=None)))
    assert key == "no_account"
    assert "adduser --system --group no-such-account" in sentence


def test_missing_postgresql_is_told(folder: Path) -> None:
    settings = Settings(home=folder / "home", database_url=None, postgres_bin=folder)
    key, sentence = refusal(lambda: cluster.start(settings))
    assert key == "no_postgresql"
    assert str(folder) in sentence


def test_missing_postgis_is_told(folder: Path, fake: Path) -> None:
    settings = Settings(home=folder / "home", database_url=None, postgres_bin=fake)
    key, sentence = refusal(lambda: cluster.start(settings))
    assert key == "no_postgis"
    assert "apt-get install postgresql-15-postgis-3" in sentence
    assert cluster.status(settings).state == "absent"


def test_the_newest_postgresql_with_postgis_is_taken(fake: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    control = "default_version = '3.3.2'\n"
    system, shared = folder / "system", folder / "shared"
    for major in (9, 14, 16, 17):
        shutil.copytree(fake, system / str(major) / "bin")
    for major in (9, 14, 16):
        (shared / str(major) / "extension").mkdir(parents=True)
        (shared / str(major) / "extension" / "postgis.control").write_text(control)
    monkeypatch.setattr(postgres, "SYSTEM", system)
    monkeypatch.setattr(postgres, "SHARED", shared)
    settings = Settings(home=folder / "home", database_url=None, postgres_bin=None)
    assert postgres.find(settings).bin == system / "16" / "bin"
    assert postgres.find(settings, 14).bin == system / "14" / "bin"
    assert refusal(lambda: postgres.find(settings, 17))[0] == "no_postgis"


def test_data_of_another_major_version_are_told(private: Settings) -> None:
    made_by = private.home / "postgres" / "data" / "PG_VERSION"
    right = made_by.read_text()
    made_by.write_text("9\n")
    key, sentence = refusal(lambda: cluster.start(private))
    assert key == "other_version"
    assert "PostgreSQL 9" in sentence
    status = cluster.status(private)
    assert (status.state, status.version) == ("stopped", "9")
    made_by.write_text(right)


@pytest.mark.parametrize("found", ["nonsense", None])
def test_a_folder_without_data_is_told(folder: Path, found: str | None) -> None:
    data = folder / "home" / "postgres" / "data"
    data.mkdir(parents=True)
    if found:
        (data / "PG_VERSION").write_text(found)
    for path in (data, *data.parents[:2]):
        os.chown(path, postgres.account_for(folder / "none").uid, -1)
    key, sentence = refusal(lambda: cluster.start(Settings(home=folder / "home", database_url=None)))
    assert key == "not_data"
    assert str(data) in sentence


def test_an_initdb_that_fails_is_told_with_its_last_words(folder: Path, fake: Path) -> None:
    give_postgis(fake)
    settings = Settings(home=folder / "home", database_url=None, postgres_bin=fake)
    key, sentence = refusal(lambda: cluster.start(settings))
    assert key == "initdb_failed"
    assert "No space left on device" in sentence
    assert cluster.status(settings).state == "absent"


def test_a_full_disk_is_told(folder: Path, fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=3_000_000))
    give_postgis(fake)
    settings = Settings(home=folder / "home", database_url=None, postgres_bin=fake)
    key, sentence = refusal(lambda: cluster.start(settings))
    assert key == "disk_full"
    assert "3 MB are left" in sentence


def test_a_server_that_does_not_start_is_told_with_its_last_words(private: Settings) -> None:
    own = private.home / "postgres" / "data" / "local.conf"
    own.write_text("shared_buffers = 'much'\n")
    key, sentence = refusal(lambda: cluster.start(private))
    assert key == "start_failed"
    assert "shared_buffers" in sentence
    assert cluster.status(private).state == "stopped"
    own.write_text("")
    assert cluster.start(private).state == "running", "once that is mended"


def test_a_server_that_takes_too_long_is_told(private: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as hasty:
        hasty.setattr(server, "START_S", -1)
        key, sentence = refusal(lambda: cluster.start(private))
    assert key == "not_starting"
    assert str(private.home / "postgres" / "postgres.log") in sentence
    assert cluster.start(private).state == "running", "the next one waits for it"


def test_a_server_that_does_not_stop_is_told(private: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.start(private)
    with monkeypatch.context() as hasty:
        hasty.setattr(server, "STOP_S", -1)
        key, sentence = refusal(lambda: cluster.stop(private))
    assert key == "not_stopping"
    assert "gis-sites db stop" in sentence
    with cluster.running(private) as url:
        assert ask(url, "SELECT 1") == 1, "one that is going is waited for, then started anew"


def test_a_command_that_starts_it_for_ever_is_told(private: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOCK_S", 0.05)
    folder = private.home / "postgres"
    with files.locked(folder / "turn.lock", postgres.account_for(folder)):
        key, sentence = refusal(lambda: cluster.start(private))
    assert key == "busy"
    assert str(folder / "turn.lock") in sentence


def test_lost_passwords_are_made_anew(private: Settings) -> None:
    passwords = private.home / "postgres" / "pgpass"
    cluster.start(private)
    passwords.unlink()
    assert refusal(lambda: cluster.url(private))[0] == "no_password"
    assert cluster.stop(private, force=True).state == "stopped"
    with cluster.running(private) as url:
        assert ask(url, "SELECT current_user") == "gis_sites"
        assert ask(url, "SELECT postgis_lib_version()")


def test_a_program_that_cannot_be_run_is_told(folder: Path, fake: Path) -> None:
    (fake / "postgres").chmod(0o644)
    settings = Settings(home=folder / "home", database_url=None, postgres_bin=fake)
    assert refusal(lambda: cluster.start(settings))[0] == "cannot_run"


def test_a_foreign_folder_is_never_used_for_the_socket(private: Settings, folder: Path) -> None:
    account = postgres.account_for(private.home / "postgres")
    open_to_all, link = folder / "open", folder / "link"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    link.symlink_to(private.home / "postgres")
    assert not files.is_private(open_to_all, account)
    assert not files.is_private(link, account)
    assert not files.is_private(folder / "none", account)
    assert files.is_private(private.home / "postgres", account)
