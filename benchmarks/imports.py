"""Import of the parcels' table: ours, with everything it looks at, beside ogr2ogr and geopandas.to_postgis."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.database import drop, fresh, named, parts
from benchmarks.goals import IMPORT
from benchmarks.ground import Ground
from benchmarks.measure import contest
from benchmarks.table import Row, versus

TABLE = "dzialki"
NAMES = {"gis-sites": "bench_gis_sites", "ogr2ogr": "bench_ogr2ogr", "geopandas": "bench_geopandas"}
"""A database for each on the same server; dropped at the end."""


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Measure, check that all hold the same parcels, and compare."""
    file = parcels_only(here)
    try:
        found = contest(
            {"gis-sites": gis_sites, "ogr2ogr": ogr2ogr, "geopandas": geopandas},
            runs=runs,
            url=here.url,
            file=file,
            columns=columns_loaded(here, file),
            home=here.work / "import",
        )
        same_parcels(here.url, found["gis-sites"].answer, [name for name, one in found.items() if one.seconds])
    finally:
        for name in NAMES.values():
            drop(here.url, name)
    for beside, name in (("ogr2ogr", "ogr2ogr"), ("geopandas.to_postgis", "geopandas")):
        yield versus(IMPORT, found["gis-sites"], beside, found[name])


def parcels_only(here: Ground) -> Path:
    """Return a file with nothing but the parcels' table, made of the delivery."""
    file = here.work / "parcels.gpkg"
    if not file.exists():
        subprocess.run(["ogr2ogr", "-f", "GPKG", file, here.register, TABLE], check=True)
    return file


def columns_loaded(here: Ground, file: Path) -> list[str]:
    """Return the columns that our import keeps: the others take no more."""
    from gis_sites.catalogue import load_catalogue
    from gis_sites.intake.note import Note
    from gis_sites.intake.plan import read_source
    from gis_sites.store.connect import open_store

    with open_store(here.settings) as store:
        plan = read_source(store, load_catalogue(), file, Note())
    return sorted(plan.loads[0].fit.columns.values())


def gis_sites(url: str, file: Path, columns: list[str], home: Path) -> Iterator[Any]:
    """Recognise, map, repair, decide, load, compare: a revision with its findings, without the profile."""
    from gis_sites.intake import load, plan  # noqa: F401 - what the first import would import
    from gis_sites.intake.note import Note
    from gis_sites.inventory import open_inventory
    from gis_sites.settings import Settings

    while True:
        database = fresh(url, NAMES["gis-sites"])
        with open_inventory(Settings(home=home, database_url=database)) as inventory:
            yield None
            report = inventory.import_file(file, Note(publisher="benchmark"), profile=False)
            loaded = report.loads[0]
            held = {column.column for column in loaded.columns if column.fate == "loaded"}
            yield {**loaded.rows.model_dump(), "columns": held == set(columns)}


def ogr2ogr(url: str, file: Path, columns: list[str], home: Path) -> Iterator[Any]:
    """Load by COPY in one transaction, with a spatial index."""
    while True:
        to = parts(fresh(url, NAMES["ogr2ogr"]))
        yield None
        by_ogr2ogr(to, file, TABLE, columns)
        yield None


def by_ogr2ogr(
    to: Mapping[str, str], file: Path, table: str, columns: Sequence[str], *more: str, spatial_index: str = "GIST"
) -> None:
    """Have ogr2ogr write the parcels of a file into a table."""
    where = f"PG:host={to['host']} port={to['port']} user={to['user']} dbname={to['dbname']}"
    command = ["ogr2ogr", "-f", "PostgreSQL", where, str(file), TABLE, "-select", ",".join(columns), "-nln", table]
    command += ["-lco", "GEOMETRY_NAME=geom", "-lco", f"SPATIAL_INDEX={spatial_index}", "-nlt", "PROMOTE_TO_MULTI"]
    environment = {**os.environ, "PGPASSWORD": to["password"], "PG_USE_COPY": "YES"}
    subprocess.run([*command, "-gt", "unlimited", *more], check=True, env=environment)


def geopandas(url: str, file: Path, columns: list[str], home: Path) -> Iterator[Any]:
    """Read the file into memory and write it out again, with a spatial index."""
    import geopandas
    import sqlalchemy as sa

    while True:
        engine = sa.create_engine(fresh(url, NAMES["geopandas"]))
        yield None
        frame = geopandas.read_file(file, layer=TABLE, columns=columns)
        frame.rename_geometry("geom").to_postgis(TABLE, engine)
        yield None
        engine.dispose()


def same_parcels(url: str, rows: Mapping[str, int], ended: Sequence[str]) -> None:
    """Check that what ours holds is what the others hold, but for what it says it repaired or left out."""
    mine = _areas(url, NAMES["gis-sites"], "SELECT key, ST_Area(geom) FROM store.parcel_r1")
    if len(mine) != rows["loaded"] or not rows["columns"]:
        raise RuntimeError(f"{len(mine)} parcels are held, {rows}")
    for name, column in {"ogr2ogr": "id_dzialki", "geopandas": '"ID_DZIALKI"'}.items():
        if name not in ended:
            continue
        query = f"SELECT {column}, ST_Area(geom) FROM {TABLE}"
        theirs = _areas(url, NAMES[name], query)
        count = _count(url, NAMES[name])
        lost = [one for one in mine if one not in theirs]
        differing = sum(not np.isclose(area, theirs[one], rtol=1e-6) for one, area in mine.items() if one in theirs)
        if lost or count != rows["read"] or differing > rows["repaired"]:
            raise RuntimeError(f"{name} holds other parcels: {count} of {rows['read']}, {len(lost)} lost, {differing}")


def _areas(url: str, database: str, query: str) -> dict[str, float]:
    import psycopg

    with psycopg.connect(**parts(named(url, database))) as conn:
        return dict(conn.execute(query).fetchall())


def _count(url: str, database: str) -> int:
    import psycopg

    with psycopg.connect(**parts(named(url, database))) as conn:
        return int(conn.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0])
