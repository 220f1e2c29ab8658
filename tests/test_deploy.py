"""The files of deploy/ are held against the tools that read them, and their steps are taken without containers."""

import configparser
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import typer
import yaml

from gis_sites.catalogue import Catalogue
from gis_sites.cli import app
from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings
from gis_sites.store.connect import open_store
from tests.api.support import COMMAND, environment
from tests.api.test_under_load import IDS, REQUIREMENT, publish, told
from tests.conftest import Databases

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
STATES, ASKERS = 6, 4


def run(*words: str | Path, **more: Any) -> str:
    """Run a program; return all it says."""
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    assert done.returncode == 0, f"{words}: {done.stdout}"
    return done.stdout


# ---- the container -------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, each a word and what follows it."""
    text = re.sub(r"^\s*#.*\n", "", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = [line.strip() for line in re.sub(r"\\\n", " ", text).splitlines() if line.strip()]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def copied() -> list[tuple[list[str], str]]:
    """What is copied from the source, and where to."""
    found = [words.split() for word, words in instructions() if word == "COPY" and "--from=" not in words]
    return [(words[:-1], words[-1]) for words in found]


def test_the_containerfile_is_one() -> None:
    known = {"FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "ENTRYPOINT", "CMD"}
    assert {word for word, _ in instructions()} <= known
    for word, words in instructions():
        if word == "RUN":
            run("sh", "-n", "-c", words)
        if word == "FROM":
            assert "." not in words.split(":")[0], "an image of a named registry"
    users = [words for word, words in instructions() if word == "USER"]
    assert users == ["gis-sites"]


def test_it_installs_the_libraries_that_set_up_installs() -> None:
    setup = (ROOT / "scripts" / "setup").read_text(encoding="utf-8")
    listed = re.search(r"^packages=\((.+?)\)", setup, re.MULTILINE)
    assert listed is not None
    # The server is another container; the environment is made in the first stage.
    libraries = set(listed[1].split()) - {"postgresql", "postgresql-postgis", "python3-venv"}
    last = [words for word, words in instructions() if word == "RUN"][-1]
    assert libraries
    assert libraries <= set(last.split())


def test_only_what_is_copied_is_sent() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sent = {line[1:] for line in lines if line.startswith("!")}
    assert sent == {name.removeprefix("./") for names, _ in copied() for name in names}
    assert "*" in lines


def test_its_build_steps_make_the_whole_tool(tmp_path: Path) -> None:
    for names, target in copied():
        for name in names:
            place = tmp_path / (Path(name).name if target.endswith("/") else target)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, place)
    steps = [words for word, words in instructions() if word == "RUN"]
    assets = next(step for step in steps if "scripts/assets" in step)
    run("sh", "-c", assets, cwd=tmp_path)
    install = next(step for step in steps if step.endswith(" ."))
    assert "--no-deps --no-build-isolation" in install
    wheels = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", "made", "."]
    run(*wheels, cwd=tmp_path)
    (wheel,) = (tmp_path / "made").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    here = {f"layers/{path.name}" for path in (ROOT / "layers").glob("*.toml")}
    assert {f"gis_sites/{name}" for name in here} <= names
    assert {"api/main.py", "gis_sites/assets/leaflet/leaflet.js"} <= names


def test_it_starts_a_command_there_is() -> None:
    words = yaml.safe_load(next(words for word, words in instructions() if word == "CMD"))
    with typer.main.get_command(app).make_context("gis-sites", words, resilient_parsing=False) as context:
        name, command, rest = context.command.resolve_command(context, words)  # type: ignore[attr-defined]
        assert name == "serve"
        made = command.make_context(name, rest, parent=context)
    assert made.params["host"] == "0.0.0.0"
    assert made.params["workers"] > 1


def test_the_compose_file_names_what_there_is() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert set(compose) == {"name", "services", "networks", "volumes", "secrets"}
    services = compose["services"]
    assert set(services) == {"database", "application", "proxy"}
    for service in services.values():
        assert "/" not in service["image"].rpartition("/")[0]
        assert set(service["networks"]) <= set(compose["networks"])
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            made_by_hand = {"./tls", "./inbox"}
            assert source in compose["volumes"] or source in made_by_hand or (DEPLOY / source).is_file(), source
        for other, needed in service.get("depends_on", {}).items():
            assert needed == {"condition": "service_healthy"}
            assert "healthcheck" in services[other]
    settings = {name for name in services["application"]["environment"] if name.startswith("GIS_SITES_")}
    assert settings <= {f"GIS_SITES_{name.upper()}" for name in Settings.model_fields}
    # The database is reached from inside alone; nothing but nginx is reached from outside.
    assert services["database"]["networks"] == ["inside"]
    assert compose["networks"]["inside"] == {"internal": True}
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    # What listens to others may write to its own volumes only, and never become more than it is.
    for name in ("application", "proxy"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
    run("sh", "-n", DEPLOY / "first-run.sh")


# ---- systemd -------------------------------------------------------------------------------------------


def test_the_units_are_sound(tmp_path: Path) -> None:
    for path in UNITS:
        text = path.read_text(encoding="utf-8")
        # No such place on this machine: the command is the one that runs these tests.
        (tmp_path / path.name).write_text(text.replace("/opt/gis-sites/bin/gis-sites", str(COMMAND)), encoding="utf-8")
    assert [path.suffix for path in UNITS].count(".service") == 2
    said = run("systemd-analyze", "verify", "--man=no", *(tmp_path / path.name for path in UNITS))
    assert [line for line in said.splitlines() if "gis-sites" in line] == []


@pytest.mark.parametrize("path", [one for one in UNITS if one.suffix == ".service"], ids=lambda path: path.stem)
def test_a_unit_runs_commands_there_are(path: Path) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(path.read_text(encoding="utf-8"))
    assert {"Unit", "Service"} <= set(unit.sections())
    commands = re.findall(r"^ExecStart=/opt/gis-sites/bin/gis-sites (.+)$", path.read_text(encoding="utf-8"), re.M)
    assert commands
    for words in commands:
        assert "Usage: gis-sites" in run(COMMAND, *words.split(), "--help")


def test_seven_nights_are_kept() -> None:
    unit = (DEPLOY / "gis-sites-nightly.service").read_text(encoding="utf-8")
    (script,) = re.findall(r"^ExecStart=/bin/sh -c '(.+)'$", unit, re.MULTILINE)
    words = run(
        "sh", "-c", script.replace("$$", "$").replace("%%", "%").replace("/opt/gis-sites/bin/gis-sites", "echo")
    )
    assert re.fullmatch(r"db backup /var/lib/(gis-sites/backups)/[1-7]\.backup\n", words)
    assert "StateDirectory=gis-sites gis-sites/backups\n" in unit


# ---- the database --------------------------------------------------------------------------------------


def superuser(server: sa.URL) -> sa.URL:
    """Who may make roles: of the private cluster its administrator, whose password lies beside the socket."""
    passwords = Path(str(server.query.get("host", ""))).parent / "pgpass"
    if not passwords.is_file():
        return server
    known = dict(line.split(":")[3:5] for line in passwords.read_text(encoding="utf-8").splitlines())
    return server.set(username="admin", password=known["admin"])


@pytest.fixture
def roles(databases: Databases) -> Iterator[Callable[[str], sa.URL]]:
    """The roles and the database of roles.sql, under another name; the address of each role."""
    name = f"gis_sites_{os.urandom(4).hex()}"
    admin = superuser(databases.server)
    server = admin.set(drivername="postgresql").render_as_string(hide_password=False)
    text = (DEPLOY / "roles.sql").read_text(encoding="utf-8").replace("gis_sites", name)
    words = ["-q", "-v", "password=made up", "-v", "reader_password=made up too"]
    run("psql", server, *words, input=text)

    def address(role: str) -> sa.URL:
        password = "made up too" if role == "reader" else "made up"
        user = f"{name}_reader" if role == "reader" else name
        return databases.server.set(username=user, password=password, database=name)

    yield address
    for statement in (f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {name}_reader", f"DROP ROLE {name}"):
        with sa.create_engine(admin, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as conn:
            conn.exec_driver_sql(statement)


def test_the_roles_made_by_hand_are_enough(
    roles: Callable[[str], sa.URL], catalogue: Catalogue, tmp_path: Path
) -> None:
    owner = roles("owner").render_as_string(hide_password=False)
    settings = Settings(home=tmp_path / "home", database_url=owner, workers=1)
    for number in (1, 2):
        with open_store(settings, catalogue=catalogue) as store:
            publish(store, catalogue, number)
        with open_inventory(settings) as inventory:
            assert inventory.refresh_views()
            assert inventory.need_state().id == number
        reader = sa.create_engine(roles("reader"), poolclass=sa.NullPool)
        with reader.connect() as conn:
            for schema in ("inventory", "published"):
                assert conn.exec_driver_sql(f"SELECT count(*) FROM {schema}.parcel").scalar_one() == len(IDS)
    for closed in ("registry.states", "registry.shortlists", "store.parcel_r2"):
        with reader.connect() as conn, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            conn.exec_driver_sql(f"SELECT * FROM {closed}")
    with reader.connect() as conn, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        conn.exec_driver_sql("DELETE FROM inventory.parcel")


# ---- nginx ---------------------------------------------------------------------------------------------


def free_port() -> int:
    """A port nobody listens at."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wrapped(folder: Path, application: int, ports: tuple[int, int]) -> Path:
    """Write deploy/nginx.conf for this machine: its own ports and folders, and the http block around it."""
    made = [folder / "site.crt", folder / "site.key"]
    asked = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    run("openssl", "req", *asked, "-out", made[0], "-keyout", made[1])
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    for old, new in (
        ("application:8000", f"127.0.0.1:{application}"),
        ("listen 80 ", f"listen 127.0.0.1:{ports[0]} "),
        ("listen 443 ", f"listen 127.0.0.1:{ports[1]} "),
        ("/etc/nginx/tls", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    # As Debian's nginx.conf has it: what a server of ours does not turn off is written there.
    usual = f"access_log {folder}/usual.log combined;\n"
    user = "user root;\n" if os.geteuid() == 0 else ""
    whole = f"{user}daemon off;\npid {folder}/pid;\nevents {{}}\nhttp {{\n{usual}{temporary}{text}}}\n"
    path = folder / "nginx.conf"
    path.write_text(whole, encoding="utf-8")
    return path


@contextmanager
def running(words: list[str | Path], log: Path, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program until the block ends."""
    with log.open("wb") as sink:
        process = subprocess.Popen(words, stdout=sink, stderr=sink, **more)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def until_it_answers(client: httpx.Client, path: str, log: Path) -> None:
    """Wait until the whole row answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if client.get(path).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def behind(settings: Settings, catalogue: Catalogue, tmp_path: Path) -> Iterator[tuple[httpx.Client, Settings]]:
    """Two workers behind nginx, over a first state."""
    settings = settings.model_copy(update={"keep_states": 3})  # a request in flight may outlive one publication
    with open_store(settings, catalogue=catalogue) as store:
        publish(store, catalogue, 1)
    application, ports = free_port(), (free_port(), free_port())
    config = wrapped(tmp_path, application, ports)
    nginx: list[str | Path] = ["nginx", "-c", config, "-e", tmp_path / "start.log"]
    assert "syntax is ok" in run(*nginx, "-t")
    served: list[str | Path] = [COMMAND, "serve", "--port", str(application), "--workers", "2"]
    more = environment(settings, GIS_SITES_PUBLIC_PARCELS="all", GIS_SITES_RATE_PER_MINUTE="0")
    trusted = ssl.create_default_context(cafile=str(tmp_path / "site.crt"))
    with ExitStack() as opened:
        opened.enter_context(running(served, tmp_path / "serve.log", env=more))
        opened.enter_context(running(nginx, tmp_path / "nginx.log"))
        trusted.check_hostname = False
        client = httpx.Client(base_url=f"https://127.0.0.1:{ports[1]}", verify=trusted, timeout=60)
        opened.enter_context(client)
        until_it_answers(client, "/api/v1/layers", tmp_path / "serve.log")
        yield client, settings


def test_no_error_while_states_are_published(
    behind: tuple[httpx.Client, Settings], catalogue: Catalogue, tmp_path: Path
) -> None:
    client, settings = behind
    over = Event()

    def ask(_: int) -> list[tuple[int, set[float]]]:
        found = []
        while not over.is_set():
            for kind, answer in (
                ("parcel", client.get(f"/api/v1/parcels/{IDS[0]}?note=a-secret")),
                ("shortlist", client.post("/api/v1/shortlists", json=REQUIREMENT)),
                ("layers", client.get("/api/v1/layers")),
            ):
                assert answer.status_code == 200, (kind, answer.status_code, answer.text)
                found.append((answer.status_code, told(kind, answer.json())))
            page = client.get("/")
            assert page.status_code == 200, page.text
        return found

    with ThreadPoolExecutor(ASKERS) as pool:
        asked = [pool.submit(ask, number) for number in range(ASKERS)]
        try:
            with open_store(settings, catalogue=catalogue) as store:
                for number in range(2, STATES + 1):
                    publish(store, catalogue, number)
                    time.sleep(1)
        finally:
            over.set()
        answers = [one for future in asked for one in future.result()]
    assert [one for one in answers if len(one[1]) != 1] == []
    assert len({number for _, numbers in answers for number in numbers}) == STATES
    assert len(answers) >= 10 * STATES
    # What the proxy writes down tells neither who asked nor what for.
    log = (tmp_path / "access.log").read_text(encoding="utf-8")
    assert f"GET /api/v1/parcels/{IDS[0]}" in log
    assert "secret" not in log
    assert "127.0.0.1" not in log


def test_plain_http_is_sent_to_tls_and_addresses_are_written_anew(
    behind: tuple[httpx.Client, Settings], tmp_path: Path
) -> None:
    text = (tmp_path / "nginx.conf").read_text(encoding="utf-8")
    port = re.search(r"listen 127\.0\.0\.1:(\d+) default_server;", text)
    assert port is not None
    answer = httpx.get(f"http://127.0.0.1:{port[1]}/parcels/a?b=c", headers={"host": "example.org"})
    assert (answer.status_code, answer.headers["location"]) == (308, "https://example.org/parcels/a?b=c")
    assert (tmp_path / "usual.log").read_text(encoding="utf-8") == ""
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text
    client, _ = behind
    answer = client.get("/api/v1/layers", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    assert "1." not in answer.headers["server"]
