"""The commands as a person types them: what they print, what they write, how they end."""

import json
import re
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import openpyxl
import pytest
from shapely.geometry import box

from gis_sites import cli
from gis_sites.settings import Settings

X, Y = 6_505_800.0, 5_736_300.0
METAL = Path(__file__).parent.parent / "gis_sites" / "demo" / "requirements" / "2_logistics.toml"


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Command = Callable[..., Done]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Run `gis-sites` with some words against the inventory of some settings, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(settings: Settings, *words: object) -> Done:
        monkeypatch.setenv("GIS_SITES_DATABASE_URL", settings.database_url or "")
        monkeypatch.setenv("GIS_SITES_HOME", str(settings.home))
        monkeypatch.setattr(sys, "argv", ["gis-sites", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Four parcels, one of them without an identifier, and a water main."""
    path = tmp_path / "city.gpkg"
    ids = ["306101_1.0012.1", "306101_1.0012.2", "306101_1.0012.3/4", "---"]
    shapes = [box(X + 100 * n, Y, X + 100 * n + 100, Y + 100) for n in range(4)]
    gpd.GeoDataFrame({"id_dzialki": ids}, geometry=shapes, crs=2177).to_file(path, layer="dzialki", driver="GPKG")
    return path


# ---- in ------------------------------------------------------------------------------------------------


def test_without_a_terminal_and_without_yes_it_is_a_preview(command: Command, settings: Settings, source: Path) -> None:
    done = command(settings, "import", source)
    assert done.code == 1
    assert "--yes" in done.err
    assert command(settings, "states", "--json", "-").out.strip() == "[]"


def test_an_import_with_rejected_rows_is_published_and_ends_with_3(
    command: Command, settings: Settings, source: Path
) -> None:
    done = command(
        settings, "import", source, "--yes", "--json", "-", "--publisher", "Geodezja", "--dated", "2026-01-15"
    )
    assert done.code == 3
    report = json.loads(done.out)
    (load,) = report["loads"]
    assert load["rows"] == {"read": 4, "loaded": 3, "repaired": 0, "set_aside": 0, "rejected": 1}
    assert (load["publisher"], load["dated"], report["state"]) == ("Geodezja", "2026-01-15", 1)
    findings = json.loads(command(settings, "findings", report["load"], "--json", "-").out)
    assert "key_missing" in {one["type"] for one in findings["findings"]}
    again = command(settings, "import", source, "--yes", "--publisher", "Geodezja", "--dated", "2026-01-15")
    assert (again.code, "nie ma nic do zrobienia" in again.out) == (0, True)
    assert len(json.loads(command(settings, "states", "--json", "-").out)) == 1


def test_a_dry_run_tells_and_writes_nothing(command: Command, settings: Settings, source: Path) -> None:
    done = command(settings, "import", source, "--dry-run", "--json", "-")
    assert (done.code, json.loads(done.out)["loads"][0]["rows"]["loaded"]) == (0, 3)
    assert command(settings, "revisions", "--json", "-").out.strip() == "[]"


def test_load_now_and_publish_later(command: Command, settings: Settings, source: Path) -> None:
    done = command(settings, "import", source, "--yes", "--no-profile", "--json", "-")
    assert json.loads(done.out)["state"] is None
    (waiting,) = json.loads(command(settings, "revisions", "--json", "-").out)
    assert (waiting["layer"], waiting["published"]) == ("parcel", False)
    assert "Stan 1" in command(settings, "profile").out
    (published,) = json.loads(command(settings, "revisions", "--json", "-").out)
    assert published["published"] is True


def test_options_say_what_names_do_not(command: Command, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "odd.gpkg"
    shape = [box(X, Y, X + 10, Y + 10)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a file that declares no CRS is the point
        gpd.GeoDataFrame({"co": ["306101_1.0012.1"]}, geometry=shape).to_file(path, layer="abc", driver="GPKG")
    refused = command(settings, "import", path, "--yes")
    assert refused.code == 1
    assert "abc" in refused.err
    assert "--layer" in refused.err
    words = ["--layer", "abc=parcel", "--column", "abc.co=parcel.id", "--crs", "EPSG:2177", "--coverage", "parcels"]
    done = command(settings, "import", path, "--yes", "--json", "-", *words)
    assert (done.code, json.loads(done.out)["loads"][0]["rows"]["loaded"]) == (0, 1)


def test_states_go_back(command: Command, settings: Settings, source: Path, tmp_path: Path) -> None:
    command(settings, "import", source, "--yes")
    water = tmp_path / "water.gpkg"
    line = gpd.GeoSeries([box(X, Y, X + 1, Y + 1).boundary], crs=2177)
    gpd.GeoDataFrame({"id": ["w"]}, geometry=line).to_file(water, layer="wodociag", driver="GPKG")
    assert command(settings, "import", water, "--yes").code == 0
    assert "water" in command(settings, "revisions").out
    assert "Stan 3" in command(settings, "rollback", 1).out
    held = {one["layer"]: one["revision"] for one in json.loads(command(settings, "layers", "--json", "-").out)}
    assert (held["parcel"], held["water"]) == (1, None)


# ---- out -----------------------------------------------------------------------------------------------


def test_a_shortlist_on_the_terminal_in_two_languages(command: Command, demo_city: Settings) -> None:
    polish = command(demo_city, "match", METAL, "--top", "3")
    english = command(demo_city, "match", METAL, "--top", "3", "--lang", "en")
    assert (polish.code, english.code) == (0, 0)
    assert "do sprawdzenia" in polish.out.casefold()
    assert "to verify" in english.out.casefold()


def test_one_document_on_standard_output(command: Command, demo_city: Settings) -> None:
    shortlist = json.loads(command(demo_city, "match", METAL, "--json", "-").out)
    assert shortlist["format"] == "gis-sites/shortlist/1"
    counts = shortlist["counts"]
    assert counts["considered"] == counts["eligible"] + counts["to_verify"] + counts["failed"]


def test_no_candidate_is_an_answer_too(command: Command, demo_city: Settings, tmp_path: Path) -> None:
    wish = tmp_path / "wish.toml"
    wish.write_text('format = 1\n[must]\n"parcel.area_m2" = { min = 1e12 }\n', encoding="utf-8")
    done = command(demo_city, "match", wish, "--json", "-")
    assert (done.code, json.loads(done.out)["candidates"]) == (0, [])


def test_map_and_exports_are_written(command: Command, demo_city: Settings, tmp_path: Path) -> None:
    files = [tmp_path / f"out.{kind}" for kind in ("gpkg", "geojson", "csv", "xlsx")]
    exports = [word for file in files for word in ("--export", file)]
    done = command(demo_city, "match", METAL, "--map", tmp_path / "m.html", *exports, "--json", "-")
    ids = [one["id"] for one in json.loads(done.out)["candidates"]]
    assert ids
    assert gpd.read_file(files[0])["id"].tolist() == ids
    assert gpd.read_file(files[1]).crs.to_epsg() == 4326
    assert len(files[2].read_text(encoding="utf-8-sig").splitlines()) == len(ids) + 1
    assert openpyxl.load_workbook(files[3]).worksheets[0].max_row == len(ids) + 1
    assert ids[0] in (tmp_path / "m.html").read_text(encoding="utf-8")


def test_why_and_repeat(command: Command, demo_city: Settings) -> None:
    shortlist = json.loads(command(demo_city, "match", METAL, "--save", "--json", "-").out)
    first = shortlist["candidates"][0]["id"]
    because = command(demo_city, "why", METAL, first, "--lang", "en")
    assert (because.code, first in because.out) == (0, True)
    within = command(demo_city, "why", shortlist["id"][:12], first, "--json", "-")
    assert json.loads(within.out)["candidate"]["floor"] == shortlist["candidates"][0]["floor"]
    again = command(demo_city, "repeat", shortlist["id"], "--json", "-")
    assert again.code == 0
    assert json.loads(again.out)["candidates"] == shortlist["candidates"]


def test_every_value_can_say_how_it_is_known(command: Command, demo_city: Settings) -> None:
    shortlist = json.loads(command(demo_city, "match", METAL, "--json", "-").out)
    parcel = shortlist["candidates"][0]["id"]
    explained = json.loads(command(demo_city, "profile", "--explain", parcel, "--json", "-").out)
    by_name = {one["attribute"]: one for one in explained}
    assert by_name["parcel.id"]["value"] == parcel
    assert by_name["zoning.plan_share"]["source"]["layer"] == "zoning"
    assert [step["step"] for step in by_name["parcel.net_area_m2"]["steps"]][:2] == ["flood", "water"]
    shown = command(demo_city, "profile", "--explain", parcel, "--lang", "pl").out
    assert parcel in shown
    assert "zostaje" in shown


# ---- faults --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["match"], 2, "--template"),
        (["match", "none.toml"], 2, "none.toml"),
        (["why", "none.toml", "1"], 2, "none.toml"),
        (["import", "none.gpkg", "--yes"], 2, "none.gpkg"),
        (["revisions", "watr"], 2, "water"),
        (["rollback", "999"], 1, "999"),
        (["findings", "999"], 1, "999"),
        (["repeat", "abc"], 1, "abc"),
        (["layers", "--lang", "de"], 2, "de"),
        (["profile", "--explain", "306101_1.0001.1"], 1, "306101_1.0001.1"),
        (["db", "start"], 2, "GIS_SITES_DATABASE_URL"),
        (["serve", "--host", "0.0.0.0"], 2, "GIS_SITES_PUBLIC_PARCELS"),
    ],
)
def test_a_fault_is_a_sentence_that_helps(
    command: Command, demo_city: Settings, words: list[str], code: int, said: str
) -> None:
    done = command(demo_city, *words)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("Błąd: ")
    assert said in done.err
    assert "Traceback" not in done.err


def test_an_empty_inventory_says_what_to_do(command: Command, settings: Settings) -> None:
    assert "gis-sites import" in command(settings, "match", METAL).err
    assert "(nie wczytano)" in command(settings, "layers").out


def test_the_database_is_told_as_it_is(command: Command, demo_city: Settings) -> None:
    assert command(demo_city, "db", "status").out.startswith("Baza danych działa.")
    assert re.match(r"postgresql\+psycopg://", command(demo_city, "db", "url").out)


def test_the_language_asked_for_is_spoken_throughout(command: Command, settings: Settings, source: Path) -> None:
    refused = command(settings, "import", source, "--layer", "dzialki=mpzp", "--lang", "en")
    assert (refused.code, refused.out) == (2, "")
    assert "there is no layer" in refused.err
    preview = command(settings, "import", source, "--dry-run", "--lang=en").out
    assert "name fits dzialki*" in preview
    assert "no identifier" in preview
    assert "wiersz" not in preview


def test_an_import_that_takes_no_table_says_so(command: Command, settings: Settings, source: Path) -> None:
    done = command(settings, "import", source, "--layer", "dzialki=skip", "--yes", "--no-profile")
    assert done.code == 0
    assert "Pominięte tabele: dzialki" in done.out
    assert "Żadnej tabeli nie wczytano" in done.out
    assert "Opublikowano" not in done.out
