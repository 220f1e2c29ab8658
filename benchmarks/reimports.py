"""A delivery of parcels anew, over the one before: ours beside a GIS engineer's script of ogr2ogr and SQL."""

import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.database import drop, fresh, parts
from benchmarks.goals import AGAIN
from benchmarks.ground import Ground
from benchmarks.imports import NAMES, TABLE, by_ogr2ogr, columns_loaded, parcels_only
from benchmarks.measure import contest
from benchmarks.table import Row, versus

KEY = "ID_DZIALKI"
ENDED = "KONIEC_WERSJA_OBIEKT"
CHANGED = 100
"""One parcel in so many has another area in the second delivery."""


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Measure, check that ours finds what the script finds, and compare."""
    first, second = _deliveries(here)
    try:
        found = contest(
            {"gis-sites": gis_sites, "ogr2ogr + SQL": script, "ogr2ogr": bare},
            runs=runs,
            url=here.url,
            first=first,
            second=second,
            columns=columns_loaded(here, first),
            home=here.work / "import",
        )
    finally:
        for name in NAMES.values():
            drop(here.url, name)
    ours, theirs = found["gis-sites"], found["ogr2ogr + SQL"]
    if theirs.seconds and ours.answer != theirs.answer:
        raise RuntimeError(f"ours finds {ours.answer}, the script {theirs.answer}")
    note = f"{ours.answer['changed']:,} changed"
    yield versus(AGAIN, ours, "ogr2ogr -makevalid + SQL", theirs, note=note)
    yield versus(AGAIN, ours, "ogr2ogr alone", found["ogr2ogr"])


def _deliveries(here: Ground) -> tuple[Path, Path]:
    """Return two deliveries whose identifiers are unique and all there: the script has no answer to others."""
    first, second = here.work / "first.gpkg", here.work / "second.gpkg"
    if not second.exists():
        query = (
            f"SELECT * FROM {TABLE} WHERE {KEY} NOT IN ('', '-', '---', '0', 'brak') AND geom IS NOT NULL "
            f"AND {ENDED} IS NULL "
            f"GROUP BY {KEY} HAVING count(*) = 1"
        )
        command = ["ogr2ogr", "-f", "GPKG", first, parcels_only(here), "-sql", query, "-nln", TABLE]
        subprocess.run(command, check=True)
        second.write_bytes(first.read_bytes())
        with sqlite3.connect(second) as file:
            file.execute("DROP TRIGGER IF EXISTS trigger_update_feature_count")
            for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                file.execute(f'DROP TRIGGER "{name}"')
            area = next(name for _, name, *_ in file.execute(f"PRAGMA table_info({TABLE})") if "pole" in name.lower())
            file.execute(f'UPDATE {TABLE} SET "{area}" = "{area}" * 1.001 WHERE fid % {CHANGED} = 0')
    return first, second


def gis_sites(url: str, first: Path, second: Path, columns: list[str], home: Path) -> Iterator[Any]:
    """Import with everything it looks at; the findings are in the registry at the end."""
    from gis_sites.intake.note import Note
    from gis_sites.inventory import open_inventory
    from gis_sites.settings import Settings

    while True:
        database = fresh(url, NAMES["gis-sites"])
        with open_inventory(Settings(home=home, database_url=database)) as inventory:
            inventory.import_file(first, Note(publisher="benchmark"), profile=False)
            yield None
            report = inventory.import_file(second, Note(publisher="benchmark"), profile=False)
            new = report.loads[0].changes.new
            yield {"rows": sum(new.values()), "added": new["added"], "changed": new["changed"]}


def script(url: str, first: Path, second: Path, columns: list[str], home: Path) -> Iterator[Any]:
    """Load made valid, index, look at it, compare it with the table before."""
    import psycopg

    same = f"({_row('n', columns)}) IS NOT DISTINCT FROM ({_row('o', columns)}) AND n.geom = o.geom"
    while True:
        to = parts(fresh(url, NAMES["ogr2ogr"]))
        by_ogr2ogr(to, first, "before", columns, "-makevalid", spatial_index="NONE")
        with psycopg.connect(**to, autocommit=True) as conn:
            conn.execute("CREATE UNIQUE INDEX ON before (id_dzialki)")
            conn.execute("CREATE INDEX ON before USING gist (geom)")
            conn.execute("ANALYZE before")
            yield None
            by_ogr2ogr(to, second, "now", columns, "-makevalid", spatial_index="NONE")
            conn.execute("CREATE UNIQUE INDEX ON now (id_dzialki)")
            conn.execute("CREATE INDEX ON now USING gist (geom)")
            conn.execute("ANALYZE now")
            conn.execute("SELECT count(*) FROM now WHERE NOT ST_IsValid(geom)").fetchone()
            rows, added, changed = conn.execute(
                "SELECT count(n.id_dzialki), count(*) FILTER (WHERE o.id_dzialki IS NULL), "
                f"count(*) FILTER (WHERE o.id_dzialki = n.id_dzialki AND NOT ({same})) "
                "FROM now AS n FULL JOIN before AS o USING (id_dzialki)"
            ).fetchone()
            yield {"rows": rows, "added": added, "changed": changed}


def bare(url: str, first: Path, second: Path, columns: list[str], home: Path) -> Iterator[Any]:
    """Load by COPY, with a spatial index and nothing else."""
    while True:
        to = parts(fresh(url, NAMES["geopandas"]))
        yield None
        by_ogr2ogr(to, second, "now", columns)
        yield None


def _row(table: str, columns: list[str]) -> str:
    return ", ".join(f"{table}.{name.lower()}" for name in columns)
