"""A run that was broken off in the middle of a block goes on with the partitions that were finished."""

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.columns import Flags, Labels, Range
from gis_sites.inventory import open_inventory
from gis_sites.profile import tasks
from gis_sites.profile.net_reading import NET
from gis_sites.settings import Settings
from gis_sites.store import states
from gis_sites.store.connect import Store
from gis_sites.store.revisions import get
from gis_sites.store.unfinished import FOLDER, Unfinished, named, sweep
from tests.profile.test_build import DAY, put
from tests.profile.test_increment import agrees, grid
from tests.profile.test_partition import bits
from tests.survival import Place, deliver, deliveries, run

PART = 10
"""Sites of a partition here: a block of 30 parcels has three."""


def in_small_parts(settings: Settings, *, path: Path) -> None:
    tasks.SMALLEST = tasks.LARGEST = PART
    deliver(settings, path=path)


@pytest.fixture
def run_tasks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The layer and the sites of every task that was run."""
    monkeypatch.setattr(tasks, "SMALLEST", PART)
    monkeypatch.setattr(tasks, "LARGEST", PART)
    seen: list[tuple[str, int]] = []
    real = tasks.run

    def counting(task: Any) -> Any:
        seen.extend((work.layer.name, len(task.sites)) for work in task.works)
        return real(task)

    monkeypatch.setattr(tasks, "run", counting)
    return seen


def test_a_run_killed_in_the_middle_of_a_block_measures_only_the_partitions_that_are_missing(
    settings: Settings, tmp_path: Path, temporary: Path, run_tasks: list[tuple[str, int]]
) -> None:
    work = functools.partial(in_small_parts, settings, path=deliveries(tmp_path)[0])
    # All of the parcels' own block, and the first of three partitions of the net area.
    ended = run(work, temporary, place=Place("gis_sites.profile.tasks.run", 5, "before"))
    assert ended.code == -9
    assert list((settings.home / FOLDER).glob("*/*/*.npz"))
    with open_inventory(settings) as inventory:
        assert inventory.state is None
        state = inventory.profile(DAY)
        assert run_tasks == [(NET, PART)] * 2 + [("water", PART)] * 3
        assert not list((settings.home / FOLDER).glob("*/*"))
        with inventory.store.begin() as conn:
            held = dict(states.get(conn, state.id, coverages=True).revisions)
        agrees(inventory.store, inventory.catalogue, held, (state.profiles, None))


def test_a_block_that_nobody_asks_for_any_more_leaves_nothing(store: Store) -> None:
    rows = np.arange(4)
    measured = {"pipe": {"flag": Flags(np.array([1, 0], dtype=np.int8))}}
    for stamp in ("asked", "old"):
        Unfinished(store, stamp, rows).keep(np.array([0, 1]), measured)
    Unfinished(replace(store, uuid="of an inventory before"), "asked", rows).keep(np.array([0, 1]), measured)
    sweep(store, {"asked"})
    assert Unfinished(store, "asked", rows).find(np.array([0, 1])) is not None
    assert Unfinished(store, "old", rows).find(np.array([0, 1])) is None
    Unfinished(store, "asked", rows).done()
    assert not list((store.home / FOLDER).glob("*/*"))


def test_what_was_measured_comes_back_to_the_last_bit(store: Store) -> None:
    low = np.array([0.1 + 0.2, np.nan, -0.0, np.inf])
    measured = {
        "pipe": {
            "exact": Range.exact(low),
            "range": Range(low, np.nextafter(low, np.inf)),
            "flag": Flags(np.array([1, 0, -1, 1], dtype=np.int8)),
            "label": Labels(np.array([0, -1, 2, 1], dtype=np.int32), ("", "ż, x", "none")),
            "empty": Labels.unknown(4),
        }
    }
    kept = Unfinished(store, "s", np.array([3, 5, 8, 9, 11]))
    kept.keep(np.arange(4), measured)
    found = kept.find(np.arange(4))
    assert found is not None
    assert {short: bits(one) for short, one in found["pipe"].items()} == {
        short: bits(one) for short, one in measured["pipe"].items()
    }
    # Other rows, another block: not these values.
    assert kept.find(np.arange(5)) is None
    assert Unfinished(store, "s", np.array([3, 5, 8, 10])).find(np.arange(4)) is None
    assert Unfinished(store, "t", np.array([3, 5, 8, 9])).find(np.arange(4)) is None
    assert Unfinished(store, "s", np.array([3, 5, 8, 9])).find(np.arange(4)) is not None


@pytest.mark.parametrize("spoil", [lambda one: one[: len(one) // 2], lambda one: one[:200] + b"\0" * 8 + one[208:]])
def test_a_file_that_was_not_written_whole_is_none(store: Store, spoil: Callable[[bytes], bytes]) -> None:
    kept = Unfinished(store, "s", np.arange(1000))
    kept.keep(np.arange(1000), {"pipe": {"x": Range.exact(np.random.default_rng(1).uniform(size=1000))}})
    (file,) = (store.home / FOLDER / store.uuid / "s").iterdir()
    file.write_bytes(spoil(file.read_bytes()))
    assert kept.find(np.arange(1000)) is None


def test_a_number_that_a_restored_inventory_gives_again_is_another_revision(store: Store, catalogue: Catalogue) -> None:
    made = put(store, catalogue, "parcel", grid(2))
    assert named("stamp", [made]) == named("stamp", [made])
    assert named("other", [made]) != named("stamp", [made])
    with store.begin() as conn:
        conn.execute(sa.text("UPDATE registry.revisions SET at = at + interval '1 ms' WHERE id = :id"), {"id": made.id})
        later = get(conn, made.id)
    assert named("stamp", [later]) != named("stamp", [made])
