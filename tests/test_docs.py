"""The documentation builds without a warning, and what it says of commands, settings, files and tables holds."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
import typer

from benchmarks.page import CITY, COUNTRY
from gis_sites.catalogue import Catalogue, read_layer
from gis_sites.cli import app
from gis_sites.demo import write_city
from gis_sites.intake.note import Note, read_note
from gis_sites.inventory import open_inventory
from gis_sites.matching.check import check
from gis_sites.matching.reading import read_requirement
from gis_sites.profile.tasks import AHEAD, LARGEST, MANY
from gis_sites.profile.workers import WORTH_STARTING
from gis_sites.settings import Settings
from tests.catalogue_pages import pages

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in [*PAGES, ROOT / "README.md"]}
BY_HAND = ("planner", "officer", "investor")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(name: str, *kinds: str) -> list[str]:
    """The fenced blocks of a page, of these kinds."""
    return [text for kind, text in FENCE.findall(TEXTS[name]) if kind in kinds]


def spans(name: str) -> list[str]:
    """The code within the sentences of a page."""
    return re.findall(r"`([^`\n]+)`", FENCE.sub("", TEXTS[name]))


def commands() -> Iterator[tuple[str, str]]:
    """Every command line of ours that a page shows, with the page."""
    for name in TEXTS:
        lines = [line for text in blocks(name, "console", "sh") for line in text.replace("\\\n", " ").splitlines()]
        for line in [*lines, *spans(name)]:
            for part in re.split(r"\s+[|>]\s|\s+#\s|[;&]", line):
                found = re.search(r"(?:^|[ /])gis-sites (?!gis-sites)([a-z].*)$", part)
                if found:
                    yield name, re.sub(r"\b(?:NUMBER|NUMER|LOAD)\b", "1", found[1])


COMMANDS = sorted(set(commands()))


def build(docs: Path, site: Path) -> subprocess.CompletedProcess[str]:
    """Build the documentation as the checks do."""
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8") + f"\ndocs_dir: {docs}\n"
    (site.parent / "mkdocs.yml").write_text(config, encoding="utf-8")
    words = [sys.executable, "-m", "mkdocs", "build", "-f", str(site.parent / "mkdocs.yml"), "-d", str(site)]
    return subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})


def test_it_builds_without_a_warning_and_asks_no_other_host(tmp_path: Path) -> None:
    done = build(DOCS, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    made = {path.relative_to(tmp_path / "site").parts[0] for path in (tmp_path / "site").rglob("index.html")}
    assert {path.stem for path in PAGES} - {"index"} <= made
    for path in (tmp_path / "site").rglob("*.html"):
        asked = re.findall(r"""<(?:script|link|img)[^>]+(?:src|href)="?(?:https?:)?//""", path.read_text("utf-8"))
        assert asked == [], path.name


@pytest.mark.parametrize("wrong", ["[a](nowhere.md)", "[a](planner.md#nowhere)", "[a](/abs.md)"])
def test_a_broken_link_is_an_error(wrong: str, tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    with (tmp_path / "docs" / "officer.md").open("a", encoding="utf-8") as page:
        page.write(f"\n{wrong}\n")
    done = build(tmp_path / "docs", tmp_path / "site")
    assert done.returncode != 0
    assert "officer.md" in done.stderr


def test_every_page_is_reached_from_the_first() -> None:
    reached, ahead = set(), {"index.md"}
    while ahead:
        name = ahead.pop()
        reached.add(name)
        ahead |= set(re.findall(r"\]\(([\w.]+\.md)", TEXTS[name])) - reached
    assert reached == {path.name for path in PAGES}


def test_the_pages_of_the_catalogue_are_the_generated_ones(catalogue: Catalogue) -> None:
    for name, text in pages(catalogue).items():
        assert TEXTS[name] == text, "run scripts/catalogue_pages"
    shown = set(re.findall(r"^\| `(\w+\.\w+)`", TEXTS["attributes.md"], re.MULTILINE))
    assert shown == set(catalogue.attributes)
    for one in catalogue.attributes.values():
        row = next(line for line in TEXTS["attributes.md"].splitlines() if line.startswith(f"| `{one.name}`"))
        assert all(f"`{code}`" in row for code in one.codes)


@pytest.mark.parametrize("who", BY_HAND)
def test_both_languages_say_the_same(who: str) -> None:
    shapes = []
    for name in (f"{who}.md", f"{who}.pl.md"):
        headings = [line.split()[0] for line in FENCE.sub("", TEXTS[name]).splitlines() if line.startswith("#")]
        shown = [[line.split()[:3] for line in text.splitlines()] for text in blocks(name, "console")]
        tables = [tomllib.loads(text) for text in blocks(name, "toml")]
        asked = [{place: sorted(one.get(place, ())) for place in ("must", "want", "set")} for one in tables]
        shapes.append((headings, shown, TEXTS[name].count("\n|"), asked))
    assert shapes[0] == shapes[1]


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) >= 40
    assert {words.split()[0] for _, words in COMMANDS} >= {"import", "profile", "match", "why", "serve", "db"}


@pytest.mark.parametrize(("page", "line"), COMMANDS, ids=lambda value: value[:40])
def test_a_command_and_its_options_are_known(page: str, line: str) -> None:
    words = shlex.split(line)
    group = typer.main.get_command(app)
    assert isinstance(group, click.Group | typer.core.TyperGroup)
    context = click.Context(group, info_name="gis-sites")
    while isinstance(group, click.Group | typer.core.TyperGroup) and words:
        command = group.get_command(context, words[0])
        assert command is not None, f"{page}: gis-sites {line}"
        group, words = command, words[1:]
    known = {option for one in group.params for option in one.opts}
    given = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert given <= known, f"{page}: gis-sites {line}"
    # A command that is only named, as in a sentence, stands without its arguments.
    if words:
        group.make_context("gis-sites", list(words), resilient_parsing=False).close()


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in {"layers.md", "attributes.md"}])
def test_every_option_named_is_one_of_ours(name: str) -> None:
    group = typer.main.get_command(app)
    tree = [group, *group.commands.values(), *group.commands["db"].commands.values()]  # type: ignore[attr-defined]
    known = {option for command in tree for one in command.params for option in one.opts}
    named = {word.partition("=")[0] for span in spans(name) if span.startswith("--") for word in span.split()}
    assert {word for word in named if word.startswith("--")} <= known


def test_every_setting_is_told_and_none_that_there_is_not() -> None:
    there = {f"GIS_SITES_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"\bGIS_SITES_[A-Z_]+\b", TEXTS["administrator.md"])) == there
    for name, text in TEXTS.items():
        assert set(re.findall(r"\bGIS_SITES_[A-Z_]+\b", text)) <= there, name


def test_the_reckoning_of_a_country_names_the_numbers_of_the_code_and_none_that_was_measured() -> None:
    said = " ".join(TEXTS["scale.md"].split())
    assert f"{COUNTRY // 10**6} million cadastral parcels" in said
    assert f"partitions of at most {LARGEST:,} parcels" in said
    assert f"{WORTH_STARTING:,} parcels and more" in said
    assert f"{CITY:,} parcels" in said
    assert AHEAD * MANY == 16
    assert "sixteen tasks are on their way at a time, which feeds about sixteen cores" in said
    assert re.findall(r"\b\d[\d.,]* ?(?:ms|s|MB|GB|hours|x)\b", FENCE.sub("", TEXTS["scale.md"])) == []


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_named_is_there(name: str) -> None:
    made_by_hand = ("deploy/gis_sites.env", "deploy/secrets", "deploy/tls", "gis_sites/locales/uk")
    for word in spans(name):
        path = word.split()[0]
        if re.match(r"(?:deploy|scripts|gis_sites|tests|layers|docs|notebooks|api|benchmarks)/[\w./-]*$", path):
            assert (ROOT / path).exists() or path.startswith(made_by_hand), path
    for text in blocks(name, "sh", "console"):
        for path in re.findall(r"(?<![\w/])(?:deploy|scripts)/[\w./-]+", text):
            assert (ROOT / path).exists() or path.startswith(made_by_hand), path


@pytest.mark.parametrize("name", TEXTS)
def test_every_piece_of_toml_is_what_it_seems(name: str, catalogue: Catalogue, tmp_path: Path) -> None:
    for text in blocks(name, "toml"):
        table = tomllib.loads(text)
        if "geometry" in table:
            path = tmp_path / f"{table['name']}.toml"
            path.write_text(text, encoding="utf-8")
            assert read_layer(path).attributes
        elif "format" in table:
            path = tmp_path / "need.toml"
            path.write_text(text, encoding="utf-8")
            check(read_requirement(path), catalogue)
        elif "publisher" in table:
            assert Note.model_validate(table).set
        elif "must" in table or "want" in table or "compare" in table:  # a piece of a requirement
            assert set(table) <= {"must", "want", "compare", "assembly"}


@pytest.mark.parametrize("name", TEXTS)
def test_every_piece_of_shell_is_shell(name: str) -> None:
    for text in blocks(name, "sh"):
        done = subprocess.run(["bash", "-n"], input=text, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_what_is_erased_by_hand_is_gone(settings: Settings, tmp_path: Path) -> None:
    delivery = write_city(tmp_path, parcels=500)[0]
    source = shutil.copy(delivery.path, tmp_path / "jan_przykladowy.gpkg")
    assert delivery.note is not None
    note = read_note(delivery.note).model_copy(update={"publisher": "Jan Przykładowy"})
    with open_inventory(settings) as inventory:
        load = inventory.import_file(source, note, profile=False).load
        assert load is not None
        assert _mentions(inventory.store.engine) != []
        (text,) = blocks("administrator.md", "sql")
        with inventory.store.begin() as conn:
            for statement in filter(None, map(str.strip, text.split(";"))):
                conn.exec_driver_sql(re.sub(r"= 6\b", f"= {load}", statement).replace("%", "%%"))
        assert _mentions(inventory.store.engine) == []
        # What is left still works: the same file comes in anew.
        assert inventory.import_file(source, Note(), profile=False).load != load


def _mentions(engine: sa.Engine) -> list[str]:
    with engine.connect() as conn:
        tables = conn.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'registry'").scalars().all()
        asked = "SELECT count(*) FROM registry.{} AS one WHERE one::text ~* 'jan.przyk'"
        return [name for name in tables if conn.exec_driver_sql(asked.format(name)).scalar_one()]
