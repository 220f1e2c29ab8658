"""Backup and restore: every answer comes back to the last bit, and a bad file changes nothing."""

import functools
import json
import shutil
import stat
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import pytest
import sqlalchemy as sa

from gis_sites import cli
from gis_sites.errors import DatabaseError, GisSitesError, Refused, WrongUse
from gis_sites.inventory import open_inventory
from gis_sites.profile.adjacent import pairs_of
from gis_sites.settings import Settings
from gis_sites.store import cluster, dump
from gis_sites.store.backup import ABOUT, DUMP, About, _beside, backup, restore
from gis_sites.store.connect import open_store
from gis_sites.store.points import parcel_points
from tests.conftest import Databases
from tests.survival import Place, deliver, deliveries, gone, run

ASKED: dict[str, Any] = {
    "format": 1,
    "must": {"parcel.area_m2": {"min": 2000}},
    "want": {
        "water.distance_m": {"at": [0, 400], "worth": [1, 0]},
        "parcel.compactness": {"at": [0, 1], "worth": [0, 1]},
    },
}
CONTENT = """
SELECT md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) FROM {table} AS t
"""


@pytest.fixture
def elsewhere(databases: Databases, tmp_path: Path) -> Callable[[str], Settings]:
    """Settings of an empty inventory in another home."""

    def other(name: str, **changes: Any) -> Settings:
        address = databases.fresh().render_as_string(hide_password=False)
        return Settings(home=tmp_path / name, database_url=address, workers=1, **changes)

    return other


@pytest.fixture(scope="module")
def file(demo_city: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of the demo city."""
    path = tmp_path_factory.mktemp("backup") / "city.backup"
    backup(demo_city, path)
    return path


def contents(settings: Settings) -> dict[str, str]:
    """A digest of every table, those left out that can be made again."""
    with open_store(settings) as store, store.begin() as conn:
        names = sa.text(
            "SELECT schemaname || '.' || quote_ident(tablename) FROM pg_tables WHERE schemaname IN "
            "('registry', 'store') AND tablename !~ '^(tiles|sites)_.*_[0-9a-f]{8}$' ORDER BY 1"
        )
        every = conn.execute(names).scalars().all()
        return {table: conn.exec_driver_sql(CONTENT.format(table=table)).scalar_one() for table in every}


def tables(settings: Settings) -> int:
    """How many tables of ours there are, without making any."""
    engine = sa.create_engine(str(settings.database_url), poolclass=sa.NullPool)
    with engine.connect() as conn:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname IN ('registry', 'store')"
        return int(conn.exec_driver_sql(query).scalar_one())


def refusal(kind: type[GisSitesError], action: Callable[[], object]) -> str:
    """The sentence an action is refused with; Polish has it too."""
    with pytest.raises(kind) as caught:
        action()
    assert caught.value.sentence("pl") != caught.value.sentence("en")
    return str(caught.value)


def test_a_saved_shortlist_is_repeated_to_the_last_bit_elsewhere(
    file: Path, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    first, second = elsewhere("first"), elsewhere("second")
    restore(first, file)
    with open_inventory(first) as inventory:
        kept = inventory.save(inventory.match(ASKED, top=20))
    again = tmp_path / "again.backup"
    made = backup(first, again)
    assert restore(second, again).differing == ()
    with open_inventory(second) as inventory:
        answer, differing = inventory.repeat(kept)
        assert differing == []
        assert answer["candidates"]
        assert answer["inventory"]["state"] == made.about.state
        entry = next(one for one in inventory.states() if one.id == made.about.state)
        assert entry.held
    assert contents(second) == contents(first)


def test_what_is_brought_back_goes_on(file: Path, elsewhere: Callable[[str], Settings], demo_city: Settings) -> None:
    settings = elsewhere("on")
    restore(settings, file)
    assert contents(settings) == contents(demo_city)
    with open_inventory(settings) as inventory:
        before = inventory.need_state()
        assert inventory.refresh_views()
        assert inventory.profile(before.as_of).id == before.id
        later = inventory.profile(before.as_of + timedelta(days=400))
        back = inventory.rollback(before.id)
        assert before.id < later.id < back.id
        assert inventory.match(ASKED, top=1)["inventory"]["state"] == back.id


def test_files_made_before_a_restore_are_not_taken_for_those_of_what_came_after(
    elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    """The numbers of states and revisions begin anew from the backup; a machine that only serves sweeps nothing."""
    first, later = deliveries(tmp_path)
    settings, kept, serving = elsewhere("home"), tmp_path / "kept.backup", {"home": tmp_path / "serving"}
    deliver(settings, path=first)
    backup(settings, kept)
    deliver(settings, path=later)
    before = beside_snapshots(settings.model_copy(update=serving))
    again = elsewhere("home")
    restore(again, kept)
    moved = gpd.read_file(later, layer="dzialki")
    moved.geometry = moved.translate(2.5, 0).scale(0.9, 0.9)
    moved.to_file(tmp_path / "moved.gpkg", layer="dzialki", driver="GPKG")
    deliver(again, path=tmp_path / "moved.gpkg")
    after = beside_snapshots(again.model_copy(update=serving))
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] == after[name]] == ["state"]
    assert beside_snapshots(again) == after


def beside_snapshots(settings: Settings) -> dict[str, object]:
    """What is found out about a state and kept beside its snapshot."""
    with open_inventory(settings) as inventory:
        state = inventory.need_state()
        net = inventory.net_polygons("parcels", ["306101_1.0012.7"])
        pairs = pairs_of(inventory.store, state)
        points = parcel_points(inventory.store, state)
        return {
            "state": (state.id, state.revisions["parcel"].id, state.revisions["parcel"].rows),
            "points": points.tobytes(),
            "pairs": [vars(pairs)[name].tobytes() for name in vars(pairs)],
            "net": net.geometry.to_wkb().tolist(),
        }


def test_the_file_is_private_and_nothing_lies_beside_it(file: Path, demo_city: Settings) -> None:
    before = file.stat().st_ino
    backup(demo_city, file)
    assert file.stat().st_ino != before, "written beside and renamed"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    with zipfile.ZipFile(file) as archive:
        assert {ABOUT, DUMP, "layers/parcel.toml", "layers/tables/symbol_uses.csv"} <= set(archive.namelist())
        about = json.loads(archive.read(ABOUT))
    assert (about["format"], about["crs"]) == ("gis-sites/backup/1", "EPSG:2177")


def test_a_password_is_not_among_the_words(demo_city: Settings) -> None:
    with open_store(demo_city) as store:
        where, environment = dump._address(store.engine)
        assert store.engine.url.password
        assert store.engine.url.password not in where
        assert environment["PGPASSWORD"] == store.engine.url.password


@pytest.mark.parametrize("damage", ["cut", "short", "empty", "flipped", "zip", "gpkg", "text", "deflated"])
def test_a_damaged_or_foreign_file_is_refused(
    damage: str, file: Path, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    settings = elsewhere("refused")
    before, bad = tables(settings), tmp_path / "bad.backup"
    whole = file.read_bytes()
    match damage:
        case "cut":
            bad.write_bytes(whole[: len(whole) // 2])
        case "short":
            bad.write_bytes(whole[:-1])
        case "empty":
            bad.write_bytes(b"")
        case "flipped":
            middle = len(whole) // 2
            bad.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        case "zip":
            with zipfile.ZipFile(bad, "w") as archive:
                archive.writestr("parcels.shp", b"x")
        case "gpkg":
            bad.write_bytes(b"SQLite format 3\0" + bytes(4000))
        case "text":
            bad.write_text("<html>404</html>", encoding="utf-8")
        case _:
            with zipfile.ZipFile(file) as good, zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED) as archive:
                for name in good.namelist():
                    archive.writestr(name, good.read(name))
    sentence = refusal(Refused, lambda: restore(settings, bad))
    assert "bad.backup" in sentence
    assert tables(settings) == before


def test_a_file_that_was_only_cut_inside_brings_back_nothing(
    file: Path, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    bad, settings = rewritten(file, tmp_path, dump=lambda whole: whole[: len(whole) * 2 // 3]), elsewhere("inside")
    assert "pg_restore says" in refusal(DatabaseError, lambda: restore(settings, bad))
    assert tables(settings) == 0
    with open_inventory(settings) as inventory:
        assert inventory.state is None
    restore(settings, file)
    with open_inventory(settings) as inventory:
        assert inventory.state is not None


def rewritten(file: Path, folder: Path, *, dump: Callable[[bytes], bytes] = bytes, **about: Any) -> Path:
    """A backup with another dump, or that says other things of itself."""
    made = folder / "rewritten.backup"
    with zipfile.ZipFile(file) as good, zipfile.ZipFile(made, "w") as archive:
        archive.writestr(ABOUT, json.dumps({**json.loads(good.read(ABOUT)), **about}))
        archive.writestr(DUMP, dump(good.read(DUMP)))
    return made


def test_versions_are_checked(file: Path, elsewhere: Callable[[str], Settings], tmp_path: Path) -> None:
    settings = elsewhere("versions")
    before = tables(settings)
    newer = rewritten(file, tmp_path, registry="9999", software="99.0")
    assert "99.0" in refusal(DatabaseError, lambda: restore(settings, newer))
    server = rewritten(file, tmp_path, postgresql=99)
    assert "PostgreSQL 99" in refusal(DatabaseError, lambda: restore(settings, server))
    program = rewritten(file, tmp_path, pg_dump=99)
    assert "pg_restore of PostgreSQL 99" in refusal(DatabaseError, lambda: restore(settings, program))
    other = rewritten(file, tmp_path, format="gis-sites/backup/2")
    assert "newer version" in refusal(Refused, lambda: restore(settings, other))
    assert tables(settings) == before


def test_an_inventory_of_a_newer_version_is_not_backed_up(
    file: Path, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    settings = elsewhere("newer")
    restore(settings, file)
    with open_store(settings) as store, store.begin() as conn:
        conn.exec_driver_sql("UPDATE registry.alembic_version SET version_num = '9999'")
    path = tmp_path / "newer.backup"
    assert "9999" in refusal(DatabaseError, lambda: backup(settings, path))
    assert not path.exists()


def test_only_an_empty_inventory_takes_a_backup(file: Path, elsewhere: Callable[[str], Settings]) -> None:
    settings = elsewhere("full")
    restore(settings, file)
    before = contents(settings)
    assert "not empty" in refusal(Refused, lambda: restore(settings, file))
    assert contents(settings) == before


def test_an_empty_inventory_is_not_backed_up(elsewhere: Callable[[str], Settings], tmp_path: Path) -> None:
    settings = elsewhere("empty")
    assert str(settings.home) in refusal(Refused, lambda: backup(settings, tmp_path / "empty.backup"))
    assert not any(path.suffix in {".backup", ".new"} for path in tmp_path.iterdir())


def test_wrong_use_is_told(file: Path, elsewhere: Callable[..., Settings], demo_city: Settings, tmp_path: Path) -> None:
    assert "nowhere" in refusal(WrongUse, lambda: restore(elsewhere("a"), tmp_path / "nowhere"))
    assert "No such file" in refusal(WrongUse, lambda: backup(demo_city, tmp_path / "no" / "folder"))
    (tmp_path / "folder").mkdir()
    assert "Is a directory" in refusal(WrongUse, lambda: backup(demo_city, tmp_path / "folder"))
    assert not (tmp_path / ".folder.new").exists()
    other = elsewhere("b", crs="EPSG:2180")
    assert "EPSG:2180" in refusal(WrongUse, lambda: restore(other, file))


def test_layer_files_that_differ_are_named(
    file: Path, elsewhere: Callable[..., Settings], catalogue: object, tmp_path: Path
) -> None:
    folder = tmp_path / "layers"
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.startswith("layers/")]
        archive.extractall(tmp_path, names)
    (folder / "heat.toml").unlink()
    (folder / "water.toml").write_text(
        (folder / "water.toml").read_text(encoding="utf-8") + "\n# ours\n", encoding="utf-8"
    )
    assert restore(elsewhere("c", layers=folder), file).differing == ("layers/heat.toml", "layers/water.toml")


@pytest.fixture
def private() -> Iterator[Settings]:
    """Settings of a private cluster that was never made; not in pytest's own folder, which its account cannot enter."""
    outer = Path(tempfile.mkdtemp(prefix="gis-sites-"))
    outer.chmod(0o711)
    yield Settings(home=outer / "home", database_url=None, workers=1)
    shutil.rmtree(outer)


def test_an_empty_machine_with_a_private_cluster_takes_it(file: Path, private: Settings, demo_city: Settings) -> None:
    restore(private, file)
    assert contents(private) == contents(demo_city)
    path = private.home.parent / "private.backup"
    backup(private, path)
    assert path.stat().st_size > 10_000
    assert cluster.status(private).state == "stopped"


@pytest.mark.parametrize(
    ("function", "when"), [("dump.load", "before"), ("dump._feed", "after"), ("dump.load", "after")]
)
def test_a_restore_killed_anywhere_brings_back_all_or_nothing(
    function: str, when: Literal["before", "after"], file: Path, elsewhere: Callable[[str], Settings], tmp_path: Path
) -> None:
    settings, temporary = elsewhere("killed"), tmp_path / "temporary"
    temporary.mkdir()
    place = Place(f"gis_sites.store.{function}", 1, when)
    ended = run(functools.partial(restore, settings, file), temporary, place=place)
    assert ended.code == -9
    assert gone(ended.session), "the program that reads the dump ends too"
    with open_inventory(settings) as inventory:
        empty = inventory.state is None
    if empty:
        restore(settings, file)
    with open_inventory(settings) as inventory:
        assert inventory.match(ASKED, top=1)["candidates"]


def test_a_backup_killed_half_way_leaves_the_one_before(file: Path, demo_city: Settings, tmp_path: Path) -> None:
    kept, temporary = tmp_path / "kept.backup", tmp_path / "temporary"
    temporary.mkdir()
    shutil.copy(file, kept)
    place = Place("gis_sites.store.dump.dump", 1, "after")
    ended = run(functools.partial(backup, demo_city, kept), temporary, place=place)
    assert ended.code == -9
    assert kept.read_bytes() == file.read_bytes()
    assert (tmp_path / ".kept.backup.new").exists()
    backup(demo_city, kept)
    assert {path.name for path in tmp_path.iterdir()} == {"kept.backup", "temporary"}


def test_two_backups_into_one_file_do_not_mix(file: Path, demo_city: Settings, tmp_path: Path) -> None:
    with _beside(tmp_path / "x.backup") as held:
        held.write(b"half")
        assert "x.backup" in refusal(Refused, lambda: backup(demo_city, tmp_path / "x.backup"))
    assert (tmp_path / "x.backup").read_bytes() == b"half"


def test_the_commands_say_what_they_did(
    file: Path,
    elsewhere: Callable[[str], Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings, path = elsewhere("commands"), tmp_path / "again.backup"

    def command(*words: object) -> tuple[int, str, str]:
        monkeypatch.setenv("GIS_SITES_DATABASE_URL", str(settings.database_url))
        monkeypatch.setenv("GIS_SITES_HOME", str(settings.home))
        monkeypatch.setattr(sys, "argv", ["gis-sites", "db", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(str(ended.value.code)), said.out, said.err

    assert command("restore", file)[:2] == (0, command_said(file))
    code, out, _ = command("backup", path, "--lang", "en")
    assert (code, "backed up" in out, path.exists()) == (0, True, True)
    code, _, err = command("restore", path)
    assert (code, "zasób nie jest pusty" in err) == (1, True)
    code, _, err = command("restore", tmp_path / "nowhere")
    assert (code, "nie ma pliku" in err) == (2, True)


def command_said(file: Path) -> str:
    """What the command says of a backup, in Polish."""
    with zipfile.ZipFile(file) as archive:
        about = About.model_validate_json(archive.read(ABOUT))
    return f"Odtworzono zasób z kopii z {about.at:%Y-%m-%d %H:%M} UTC (stan {about.state}).\n"
