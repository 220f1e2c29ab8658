"""GeoPackages of our own making, and the short way from one to a report."""

import contextlib
import sqlite3
import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.intake.load import load
from gis_sites.intake.note import Note
from gis_sites.intake.plan import read_source
from gis_sites.intake.report import ImportReport, LoadReport
from gis_sites.store import revisions, states
from gis_sites.store.connect import Store

CRS = "EPSG:2177"
EAST, NORTH = 6_505_000.0, 5_736_000.0
"""A corner in Kalisz, in EPSG:2177."""


def box(x: float, y: float, width: float = 10, height: float = 10) -> shapely.Polygon:
    """Return a rectangle, metres from the corner."""
    return shapely.box(EAST + x, NORTH + y, EAST + x + width, NORTH + y + height)


def line(*points: tuple[float, float]) -> shapely.LineString:
    """Return a line, metres from the corner."""
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in points])


def parcel_id(number: int | str, precinct: str = "0012") -> str:
    """Return an identifier that follows the rule."""
    return f"306101_1.{precinct}.{number}"


def write(
    path: Path,
    table: str,
    columns: Mapping[str, Sequence[Any]],
    geometry: Sequence[Any] | None,
    crs: str | None = CRS,
) -> Path:
    """Add a table to a GeoPackage."""
    frame = pd.DataFrame({name: pd.Series(list(values)) for name, values in columns.items()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # geometries of mixed or broken kinds are the point of these files
        if geometry is None:
            pyogrio.write_dataframe(frame, path, layer=table, driver="GPKG", append=path.exists())
        else:
            whole = geopandas.GeoDataFrame(frame, geometry=np.array(list(geometry), dtype=object), crs=crs)
            pyogrio.write_dataframe(whole, path, layer=table, driver="GPKG", append=path.exists())
    return path


def parcels(path: Path, ids: Sequence[Any], shapes: Sequence[Any], **columns: Sequence[Any]) -> Path:
    """Write a table of parcels."""
    return write(path, "dzialki", {"id_dzialki": ids, **columns}, shapes)


def sql(path: Path, *statements: str) -> None:
    """Change a GeoPackage behind its triggers' back."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            db.execute(statement)
        db.commit()


def take(
    store: Store, catalogue: Catalogue, path: Path, *, publish: bool = True, dry_run: bool = False, **options: Any
) -> ImportReport:
    """Import a file and publish what it made, without a profile."""
    plan = read_source(store, catalogue, path, Note(**options))
    report = load(store, catalogue, plan, dry_run=dry_run)
    if publish and report.status == "ready":
        with store.begin() as conn:
            state = states.current(conn)
            before = {name: one.id for name, one in state.revisions.items()} if state else {}
            whole = {**before, **report.ready}
            states.publish(conn, revisions=whole, profiles={}, as_of=date(2026, 1, 1), stale_after=None, reason="test")
    return report


def counts(report: LoadReport) -> dict[str, int]:
    """Return how often each finding occurred, those about columns left out."""
    return {one["type"]: one["count"] for one in report.findings if not one["type"].startswith("column_")}


def balanced(report: ImportReport) -> bool:
    """Say whether every row is accounted for, and every comparison sums up."""
    return all(
        one.rows.read == one.rows.loaded + one.rows.set_aside + one.rows.rejected
        and one.rows.set_aside == sum(one.set_aside.values())
        and one.rows.loaded == sum(one.changes.new.values()) == sum(one.parts.values())
        and one.rows.repaired <= one.rows.loaded
        and all(count >= 0 for count in (*one.changes.new.values(), *one.changes.old.values()))
        for one in report.loads
    )


def held(store: Store, layer: str) -> revisions.Features:
    """Return the rows of a layer's published revision."""
    with store.begin() as conn:
        state = states.current(conn)
        assert state is not None
        return revisions.read(conn, state.revisions[layer])


def column(store: Store, layer: str, name: str) -> list[Any]:
    """Return one column of a layer's published revision."""
    values: list[Any] = held(store, layer).table[name].to_pylist()
    return values
