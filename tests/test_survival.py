"""Killed anywhere, an import leaves the inventory as before or as after, and the next command leaves nothing over."""

import functools
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import sqlalchemy as sa
from shapely.geometry import LineString, box

from gis_sites.intake.note import Note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from gis_sites.store import views
from tests.conftest import Databases
from tests.survival import ASKED, Place, run, session

X, Y, SIDE = 6_505_800.0, 5_736_300.0, 100
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
        ("gis_sites.store.snapshot._texts", 1, "before"),
        ("gis_sites.store.snapshot._aside", 2, "after"),
    ],
}  # fmt: skip
PLACES = [Place(*one) for places in STEPS.values() for one in places]  # type: ignore[arg-type]
STATEMENTS = 6
"""How many more places are spread evenly over everything the command asks of the database."""


def _parcels(*numbers: str) -> gpd.GeoDataFrame:
    shapes = []
    for number in numbers:
        first, _, half = number.partition("/")
        place = int(first)
        left, width = (place % 6) * SIDE + (SIDE / 2 if half == "2" else 0), SIDE / 2 if half else SIDE
        bottom = place // 6 * SIDE
        shapes.append(box(X + left, Y + bottom, X + left + width, Y + bottom + SIDE))
    return gpd.GeoDataFrame({"id_dzialki": [f"306101_1.0012.{one}" for one in numbers]}, geometry=shapes, crs=2177)


def _deliver(path: Path, parcels: gpd.GeoDataFrame, main: float) -> Path:
    water = gpd.GeoDataFrame({"id": ["w"]}, geometry=[LineString([(X, Y + main), (X + 600, Y + main)])], crs=2177)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        parcels.to_file(path, layer="dzialki", driver="GPKG")
        water.to_file(path, layer="wodociag", driver="GPKG")
    return path


def deliver(inventory: Inventory, *, path: Path) -> None:
    """Import a delivery and answer a question: all that the steps are."""
    inventory.import_file(path, Note(publisher="Geodezja", allow_shrink=True))
    inventory.match(ASKED)


def answer(inventory: Inventory) -> Any:
    """What tells one state from another: the answer in full, but for the numbers of states."""
    shortlist = inventory.match(ASKED, top=50)
    return shortlist["counts"], shortlist["candidates"], shortlist["inventory"]["revisions"]


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
    folder = tmp_path_factory.mktemp("town")
    numbers = [str(n) for n in range(30)]
    first = _deliver(folder / "first.gpkg", _parcels(*numbers), 700)
    later = _deliver(folder / "later.gpkg", _parcels(*numbers[2:], "1/1", "1/2"), 250)
    address = databases.fresh().render_as_string(hide_password=False)
    settings = Settings(home=folder / "home", database_url=address, workers=1, keep_states=1)
    with open_inventory(settings) as inventory:
        deliver(inventory, path=first)
        before = answer(inventory)
    undisturbed = copy(settings)
    with open_inventory(undisturbed) as inventory:
        asked: list[str] = []
        sa.event.listen(inventory.store.engine, "before_cursor_execute", lambda *words: asked.append(words[2]))
        deliver(inventory, path=later)
        after = answer(inventory)
    assert before != after
    return Town(settings, later, before, after, len(asked))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this process and of those that are killed."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def left_over(inventory: Inventory) -> dict[str, Any]:
    """What is there that nothing stands on."""
    store = inventory.store
    current = inventory.need_state()
    wanted = {one.table for one in current.revisions.values()}
    wanted |= {one.table for kinds in current.profiles.values() for one in kinds.values()}
    queries = {
        "drafts": "SELECT id FROM registry.revisions WHERE status = 'draft'",
        "revisions without a table": "SELECT id FROM registry.revisions WHERE status = 'ready' AND to_regclass(table_name) IS NULL",
        "profiles without a table": "SELECT id FROM registry.profiles WHERE to_regclass(table_name) IS NULL",
        "loads": "SELECT id FROM registry.loads WHERE status = 'running'",
        "parts": "SELECT id FROM registry.parts WHERE load_id NOT IN (SELECT id FROM registry.loads)",
        "locks": "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    }  # fmt: skip
    with store.begin() as conn:
        names = conn.exec_driver_sql("SELECT 'store.' || tablename FROM pg_tables WHERE schemaname = 'store'").scalars()
        caches = tuple(name.removeprefix("store.") for name in wanted)
        found: dict[str, Any] = {
            "tables": [one for one in names if one not in wanted and not any(f"_{name}_" in one for name in caches)]
        }
        found |= {what: list(conn.exec_driver_sql(query).scalars()) for what, query in queries.items()}
    found["snapshots"] = [
        one.name for one in store.snapshots.iterdir() if not one.name.startswith(f"state-{current.id}-")
    ]
    found["temporary"] = [one.name for one in Path(tempfile.gettempdir()).iterdir()]
    found["views"] = [] if views.are_of(store, current) else ["stale"]
    return {what: left for what, left in found.items() if left}


def gone(number: int) -> bool:
    """Whether every process of a session ends."""
    deadline = time.monotonic() + 5
    while session(number):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def killed_and_mended(town: Town, settings: Settings, temporary: Path, place: Place) -> None:
    """Kill an import at a place, look, and import again."""
    code, number = run(settings, temporary, functools.partial(deliver, path=town.later), place=place)
    assert code == -9, f"{place} was never reached"
    with open_inventory(settings) as inventory:
        assert answer(inventory) in (town.before, town.after)
    with open_inventory(settings) as inventory:
        deliver(inventory, path=town.later)
        assert answer(inventory) == town.after
        assert left_over(inventory) == {}
    assert gone(number)


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
