"""The database server killed, the disk full, workers orphaned, two imports at once: told in a sentence, and mended."""

import functools
import multiprocessing.forkserver
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gis_sites.errors import DatabaseError
from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings
from gis_sites.store import cluster
from tests.survival import Place, answer, deliver, deliveries, gone, kill_server, left_over, run

SERVER_KILLED = [
    Place("gis_sites.store.revisions.append", 1, "after"),
    Place("gis_sites.store.profiles.write", 1, "after"),
    Place("gis_sites.store.states.publish", 1, "after"),
    Place("gis_sites.store.views._schema", 1, "after"),
    Place("gis_sites.store.retention._drop_states", 1, "after"),
]
SMALL_MB = 160
LEFT_KB = (0, 200, 300, 450)
"""How much room an import is given."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two deliveries, one after the other."""
    multiprocessing.forkserver.ensure_running()
    return deliveries(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def small() -> Iterator[tuple[Path, bool]]:
    """A folder on a disk of its own that is soon full, where disks may be mounted; else an ordinary one."""
    folder = Path(tempfile.mkdtemp(prefix="gis-sites-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_MB}m,mode=711", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    folder.chmod(0o711)
    yield folder, mounted
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def private(small: tuple[Path, bool], files: tuple[Path, Path]) -> Iterator[Settings]:
    """Settings of a private cluster on the small disk that holds the first delivery and is asked to stay."""
    settings = Settings(home=small[0] / "home", database_url=None, workers=1, keep_states=1)
    cluster.start(settings)
    deliver(settings, path=files[0])
    yield settings
    assert cluster.stop(settings, force=True).state == "stopped"


def answers(settings: Settings, files: tuple[Path, Path]) -> list[object]:
    """What is answered after each of two deliveries; the first is in force at the end."""
    found = []
    for path in reversed(files):
        deliver(settings, path=path)
        with open_inventory(settings) as inventory:
            found.append(told_apart(answer(inventory)))
    return found


def told_apart(found: tuple[object, list[dict[str, object]], object]) -> object:
    """The answer without the numbers of revisions, which rise with every delivery."""
    counts, candidates, _ = found
    return counts, [(one["id"], one["floor"], one["ceiling"]) for one in candidates]


def test_the_server_killed_anywhere(private: Settings, files: tuple[Path, Path], temporary: Path) -> None:
    expected = answers(private, files)
    for place in SERVER_KILLED:
        work = functools.partial(deliver, private, path=files[1])
        ended = run(work, temporary, place=place, deed=functools.partial(kill_server, private))
        assert (ended.code, ended.told) == (1, "store.server_gone"), place
        with open_inventory(private) as inventory:
            assert told_apart(answer(inventory)) in expected
        deliver(private, path=files[1])
        with open_inventory(private) as inventory:
            assert told_apart(answer(inventory)) == expected[0]
            assert left_over(inventory) == {}
        assert gone(ended.session)
        deliver(private, path=files[0])


def test_a_full_disk(private: Settings, small: tuple[Path, bool], files: tuple[Path, Path], temporary: Path) -> None:
    expected = answers(private, files)
    ended = [
        run(functools.partial(crammed, private, files[1], small, left), temporary).told
        for left in (LEFT_KB if small[1] else LEFT_KB[:1])
    ]
    assert ended[0]
    assert set(ended) <= {"", "store.disk_full", "store.database_full", "store.server_gone", "db.disk_full"}
    with open_inventory(private) as inventory:
        assert told_apart(answer(inventory)) in expected
    deliver(private, path=files[0])
    deliver(private, path=files[1])
    with open_inventory(private) as inventory:
        assert told_apart(answer(inventory)) == expected[0]
        assert left_over(inventory) == {}


def crammed(settings: Settings, path: Path, small: tuple[Path, bool], left_kb: int) -> None:
    """Import while the disk is nearly full; where none can be mounted, while no file may grow."""
    folder, mounted = small
    if not mounted:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        deliver(settings, path=path)
        return
    ballast = folder / "ballast"
    try:
        with ballast.open("wb") as file:
            free = shutil.disk_usage(folder).free - left_kb * 1024
            os.posix_fallocate(file.fileno(), 0, max(free, 1))
        deliver(settings, path=path)
    finally:
        ballast.unlink()


def test_a_full_disk_for_what_waits_is_told(
    demo_city: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = demo_city.model_copy(update={"home": tmp_path / "full"})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/somewhere/spool")

    monkeypatch.setattr("gis_sites.store.snapshot_file._aside", full)
    with pytest.raises(DatabaseError, match="/somewhere/spool"), open_inventory(settings) as inventory:
        inventory.match({"format": 1})


def test_workers_end_with_a_killed_command(settings: Settings, files: tuple[Path, Path], temporary: Path) -> None:
    busy = settings.model_copy(update={"workers": 2})
    place = Place("gis_sites.store.profiles.write", 1, "before")
    ended = run(functools.partial(deliver_with_workers, busy, path=files[0]), temporary, place=place)
    assert ended.code == -9
    assert gone(ended.session)


def deliver_with_workers(settings: Settings, *, path: Path) -> None:
    """Import with worker processes, which are not started for so few parcels."""
    from gis_sites.profile import build, workers

    workers.WORTH_STARTING = build.WORTH_WORKERS = 1
    deliver(settings, path=path)


def test_two_imports_at_once_go_one_after_the_other(
    settings: Settings, files: tuple[Path, Path], temporary: Path, tmp_path: Path
) -> None:
    import threading

    stands, goes = tmp_path / "stands", tmp_path / "goes"
    ended: list[object] = []
    place = Place("gis_sites.store.revisions.finish", 1, "before")
    deed = functools.partial(wait, stands, goes)
    first = threading.Thread(
        target=lambda: ended.append(
            run(functools.partial(deliver, settings, path=files[0]), temporary, place=place, deed=deed).code
        )
    )
    first.start()
    while not stands.exists():
        time.sleep(0.02)
    threading.Timer(0.5, goes.touch).start()
    deliver(settings, path=files[1])
    first.join()
    assert ended == [0]
    with open_inventory(settings) as inventory:
        assert [one.reason for one in inventory.states()] == ["import later.gpkg", "import first.gpkg"]


def wait(stands: Path, goes: Path) -> None:
    """Say that we stand here, and wait for leave to go."""
    stands.touch()
    while not goes.exists():
        time.sleep(0.02)


def test_a_second_import_is_refused_while_the_first_goes_on_for_long(
    settings: Settings, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gis_sites.errors import Refused
    from gis_sites.store.connect import importing, open_store

    with open_store(settings) as store, importing(store):
        monkeypatch.setattr("gis_sites.inventory.importing", functools.partial(importing, wait=0.1))
        with pytest.raises(Refused, match="another command"):
            deliver(settings, path=files[0])


def test_no_room_for_rows_that_wait(settings: Settings, files: tuple[Path, Path], temporary: Path) -> None:
    ended = run(functools.partial(confined, settings, path=files[0]), temporary)
    assert (ended.code, ended.told) == (1, "store.disk_full")
    deliver(settings, path=files[0])
    with open_inventory(settings) as inventory:
        assert left_over(inventory) == {}


def confined(settings: Settings, *, path: Path) -> None:
    """Import while no file of ours may grow beyond a kilobyte."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
    deliver(settings, path=path)
