"""Killed anywhere, an import leaves the inventory as before or as after, and the next command leaves nothing over."""

import functools
import multiprocessing.forkserver
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings
from tests.conftest import Databases
from tests.survival import Place, answer, deliver, deliveries, gone, left_over, run

STEPS = {
    "open": [("gis_sites.intake.source.open_source", 1, "before"), ("gis_sites.intake.source.open_source", 1, "after")],
    "load": [
        ("gis_sites.store.loads.new_load", 1, "after"),
        ("gis_sites.store.revisions.create", 1, "after"),
        ("gis_sites.store.revisions.append", 1, "after"),
        ("gis_sites.store.revisions.finish", 1, "before"),
        ("gis_sites.store.revisions.finish", 2, "after"),
        ("gis_sites.store.loads.close_load", 1, "after"),
        ("gis_sites.intake.load.load", 1, "after"),
    ],
    "profile": [
        ("gis_sites.profile.build.build", 1, "before"),
        ("gis_sites.store.profiles.write", 1, "after"),
        ("gis_sites.profile.build.build", 1, "after"),
    ],
    "tiles": [
        ("gis_sites.store.pictures.make", 1, "before"),
        ("gis_sites.store.pictures.make", 1, "after"),
        ("gis_sites.store.pictures.prepare", 1, "after"),
    ],
    "publish": [
        ("gis_sites.store.states.publish", 1, "before"),
        ("gis_sites.store.states.publish", 1, "after"),
    ],
    "views": [
        ("gis_sites.store.views.remake", 1, "before"),
        ("gis_sites.store.views._schema", 1, "after"),
        ("gis_sites.store.views.remake", 1, "after"),
    ],
    "prune": [
        ("gis_sites.store.retention._drop_states", 1, "after"),
        ("gis_sites.store.retention._drop", 1, "after"),
        ("gis_sites.store.retention._drop_snapshots", 2, "before"),
    ],
    "snapshot": [
        ("gis_sites.store.snapshot_file._texts", 1, "before"),
        ("gis_sites.store.snapshot_file._aside", 2, "after"),
    ],
}  # fmt: skip
PLACES = [Place(*one) for places in STEPS.values() for one in places]  # type: ignore[arg-type]
STATEMENTS = 6
"""How many more places are spread evenly over everything the command asks of the database."""


@dataclass(frozen=True)
class Town:
    """An inventory with one state, the delivery that brings the next one, and what is answered before and after."""

    settings: Settings
    later: Path
    before: Any
    after: Any
    statements: int


Copies = Callable[[Settings], Settings]


@pytest.fixture(scope="module")
def copy(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Copies:
    """Copy an inventory, home and database."""

    def copied(settings: Settings) -> Settings:
        folder = tmp_path_factory.mktemp("copy")
        if settings.home.exists():
            shutil.copytree(settings.home, folder / "home")
        given = sa.make_url(str(settings.database_url))
        url = databases.fresh(given.database)
        return settings.model_copy(
            update={"home": folder / "home", "database_url": url.render_as_string(hide_password=False)}
        )

    return copied


@pytest.fixture(scope="module")
def town(databases: Databases, copy: Copies, tmp_path_factory: pytest.TempPathFactory) -> Town:
    multiprocessing.forkserver.ensure_running()
    folder = tmp_path_factory.mktemp("town")
    first, later = deliveries(folder)
    address = databases.fresh().render_as_string(hide_password=False)
    settings = Settings(home=folder / "home", database_url=address, workers=1, keep_states=1)
    deliver(settings, path=first)
    with open_inventory(settings) as inventory:
        before = answer(inventory)
    undisturbed = copy(settings)
    statements = counted(functools.partial(deliver, undisturbed, path=later))
    with open_inventory(undisturbed) as inventory:
        after = answer(inventory)
    assert before != after
    return Town(settings, later, before, after, statements)


def counted(work: Callable[[], object]) -> int:
    """How many statements some work sends."""
    asked: list[object] = []

    def note(*words: object) -> None:
        asked.append(words[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    return len(asked)


def killed_and_mended(town: Town, settings: Settings, temporary: Path, place: Place) -> None:
    """Kill an import at a place, look, and import again."""
    ended = run(functools.partial(deliver, settings, path=town.later), temporary, place=place)
    assert ended.code == -9, f"{place} was never reached"
    with open_inventory(settings) as inventory:
        assert answer(inventory) in (town.before, town.after)
    deliver(settings, path=town.later)
    with open_inventory(settings) as inventory:
        assert answer(inventory) == town.after
        assert left_over(inventory) == {}
    assert gone(ended.session)


def test_there_are_twenty_places_and_each_step_has_some() -> None:
    assert len(PLACES) >= 20
    assert all(STEPS.values())


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_an_import_killed_anywhere(place: Place, town: Town, copy: Copies, temporary: Path) -> None:
    killed_and_mended(town, copy(town.settings), temporary, place)


@pytest.mark.parametrize("part", range(STATEMENTS))
def test_an_import_killed_between_any_two_statements(part: int, town: Town, copy: Copies, temporary: Path) -> None:
    call = round(town.statements * (part + 0.5) / STATEMENTS)
    killed_and_mended(town, copy(town.settings), temporary, Place("statement", call))
