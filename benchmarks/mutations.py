"""A thousand damaged files: each is refused in a sentence or lawfully imported, none crashes, hangs or shows a trace.

Small good files of every format are damaged at random, always in the same way: bytes turned over, numbers made as large
as can be, pieces cut off, doubled, wiped out or put in.
"""

import json
import multiprocessing
import resource
import statistics
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.database import drop, fresh
from benchmarks.ground import Ground
from benchmarks.table import Row

if TYPE_CHECKING:
    from gis_sites.settings import Settings

COUNT = 1000
TAKEN = "taken"
EAST, NORTH = 6_505_000.0, 5_736_000.0
"""A corner in Kalisz, in EPSG:2177."""
DATABASE = "mutations"
EXTREMES = (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x00", b"\x00\x00\x00\x80", b"\x7f\xff\xff\xff")
Random = np.random.Generator


@dataclass(frozen=True)
class Outcome:
    """What became of a file: the key of a refusal, or `taken`; a trace of what nobody foresaw."""

    key: str
    sentence: str
    seconds: float
    trace: str = ""


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Import a thousand damaged files and say how long the slowest took."""
    from gis_sites.settings import Settings

    folder = here.work / "mutations"
    folder.mkdir(exist_ok=True)
    settings = Settings(home=folder / "home", database_url=fresh(here.url, DATABASE), workers=1)
    outcomes, peak = try_all(settings, dict(mutants(folder, COUNT)), folder)
    drop(here.url, DATABASE)
    told = Counter(one.key for one in outcomes.values())
    traces = [f"{name}: {one.trace}" for name, one in outcomes.items() if one.trace]
    if traces:
        raise AssertionError("\n".join(traces))
    print("; ".join(f"{key} {count}" for key, count in told.most_common()), flush=True)
    slowest = max(one.seconds for one in outcomes.values())
    note = f"{told[TAKEN]:,} of them lawful; median {statistics.median(one.seconds for one in outcomes.values()):.2f} s"
    yield Row(f"the slowest of {COUNT:,} damaged files", slowest, peak << 20, note=note)


def try_all(settings: "Settings", files: Mapping[str, Path], folder: Path) -> tuple[dict[str, Outcome], int]:
    """Import files in another process, taking each back.

    Returns:
        what became of each, and how many megabytes a process that opened one took at most.
    """
    said = folder / "outcomes.json"
    process = multiprocessing.get_context("spawn").Process(target=_try_all, args=(settings, dict(files), said))
    process.start()
    process.join()
    if process.exitcode:
        raise RuntimeError(f"importing ended the process with {process.exitcode}")
    outcomes, peak = json.loads(said.read_text(encoding="utf-8"))
    return {name: Outcome(**one) for name, one in outcomes.items()}, peak


def _try_all(settings: "Settings", files: Mapping[str, Path], said: Path) -> None:
    from gis_sites.intake import children
    from gis_sites.inventory import open_inventory

    with open_inventory(settings) as inventory:
        found = {name: asdict(_try(inventory.import_file, path)) for name, path in files.items()}
    children._dismiss_all()  # what they used is known when they have ended
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    said.write_text(json.dumps([found, peak]), encoding="utf-8")


def _try(import_file: Callable[..., Any], path: Path) -> Outcome:
    from gis_sites.errors import GisSitesError
    from gis_sites.intake.note import Note

    note = Note(rest="skip", coverage={"": "parcels"}, allow_shrink=True)
    begun = time.monotonic()
    try:
        import_file(path, note, dry_run=True)
        key = sentence = TAKEN
    except GisSitesError as error:
        key, sentence = error.key, error.sentence("pl")
    except BaseException:  # whatever it is: that is what is looked for
        return Outcome("", "", time.monotonic() - begun, traceback.format_exc())
    return Outcome(key, sentence, time.monotonic() - begun)


def mutants(folder: Path, count: int, *, seed: int = 1) -> Iterator[tuple[str, Path]]:
    """Write damaged files, the formats by turns; the same number and seed write the same damage."""
    good = list(originals(folder / "good"))
    for number in range(count):
        random = np.random.default_rng([seed, number])
        path = good[number % len(good)]
        made = folder / f"{number}{path.suffix}"
        if path.suffix == ".zip" and random.random() < 0.7:
            _within(path, made, random)
        else:
            made.write_bytes(damaged(path.read_bytes(), random))
        yield f"{number} {path.name}", made


def _within(path: Path, made: Path, random: Random) -> None:
    """Damage one member of an archive, and pack it well."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = list(members)[int(random.integers(len(members)))]
    members[chosen] = damaged(members[chosen], random)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def damaged(content: bytes, random: Random) -> bytes:
    """Damage some bytes in one of six ways.

    >>> damaged(b"good", np.random.default_rng(1)) == damaged(b"good", np.random.default_rng(1)) != b"good"
    True
    """
    raw = bytearray(content)
    place = int(random.integers(max(len(raw), 1)))
    length = int(min(random.geometric(0.01), len(raw)))
    match int(random.integers(6)):
        case 0:
            for at in random.integers(len(raw), size=int(random.integers(1, 20))).tolist():
                raw[at] ^= int(random.integers(1, 256))
        case 1:
            raw[place : place + 4] = EXTREMES[int(random.integers(len(EXTREMES)))]
        case 2:
            del raw[place:]
        case 3:
            raw[place:place] = raw[place : place + length]
        case 4:
            raw[place : place + length] = bytes(length)
        case _:
            raw[place:place] = random.bytes(max(length, 1))
    return bytes(raw)


def originals(folder: Path) -> Iterator[Path]:
    """Write a small good file of every format, and yield them."""
    folder.mkdir(exist_ok=True, parents=True)
    ids = [f"306101_1.0012.{n}" for n in range(1, 9)]
    _write_parcels(folder, ids)
    _write_offers(folder, ids)
    listed, drawn = ("oferty.csv", "oferty.xlsx"), (".gpkg", ".zip", ".geojson", ".gml")
    names = (*(f"dzialki{suffix}" for suffix in drawn), *listed, "dzialki.fgb")
    yield from (folder / name for name in names)


def _write_parcels(folder: Path, ids: list[str]) -> None:
    import geopandas
    import shapely

    shapes = [shapely.box(EAST + 20 * n, NORTH, EAST + 20 * n + 20, NORTH + 30) for n in range(8)]
    parcels = geopandas.GeoDataFrame({"id_dzialki": ids, "pole": [600.0] * 8}, geometry=shapes, crs=2177)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parcels.to_file(folder / "dzialki.gpkg", layer="dzialki", driver="GPKG")
        parcels.to_file(folder / "dzialki.shp", encoding="utf-8")
        parcels.to_crs(4326).to_file(folder / "dzialki.geojson", driver="GeoJSON")
        parcels.to_file(folder / "dzialki.fgb", driver="FlatGeobuf")
    with zipfile.ZipFile(folder / "dzialki.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            archive.write(folder / f"dzialki{suffix}", f"dzialki{suffix}")
    (folder / "dzialki.gml").write_text(_gml(ids, shapes), encoding="utf-8")


def _write_offers(folder: Path, ids: list[str]) -> None:
    import openpyxl

    offers = [("id_oferty", "dzialki", "cena_m2"), *((f"o{n}", ids[n], f"{100 + n},50") for n in range(8))]
    (folder / "oferty.csv").write_text("\n".join(";".join(row) for row in offers) + "\n", encoding="utf-8")
    book = openpyxl.Workbook()
    book.active.title = "oferty"
    for row in offers:
        book.active.append(row)
    book.save(folder / "oferty.xlsx")


def _gml(ids: list[str], shapes: list[Any]) -> str:
    """Write parcels as the register does."""
    spaces = 'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:egb="ewidencjaGruntowIBudynkow:1.0"'
    members = []
    for number, (name, shape) in enumerate(zip(ids, shapes, strict=True)):
        points = " ".join(f"{x} {y}" for x, y in shape.exterior.coords)
        ring = f"<gml:exterior><gml:LinearRing><gml:posList>{points}</gml:posList></gml:LinearRing></gml:exterior>"
        ground = f'<egb:geometria><gml:Polygon srsName="EPSG:2177">{ring}</gml:Polygon></egb:geometria>'
        one = f'<egb:EGB_DzialkaEwidencyjna gml:id="d{number}"><egb:idDzialki>{name}</egb:idDzialki>{ground}'
        members.append(f"<gml:featureMember>{one}</egb:EGB_DzialkaEwidencyjna></gml:featureMember>")
    inside = "\n".join(members)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<gml:FeatureCollection {spaces}>{inside}</gml:FeatureCollection>'
