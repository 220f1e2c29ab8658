"""Profile of all parcels: nearest distances and shares, beside geopandas and plain PostGIS.

All three read the same tables of the database and end with the same columns in memory. Ours also weighs what each
layer's coverage leaves unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.database import NOTICE, parts
from benchmarks.goals import MEASURED
from benchmarks.ground import Ground
from benchmarks.measure import Contestant, contest
from benchmarks.table import Row, versus

DISTANCES = ("road.distance_m", "water.any_distance_m", "power.any_distance_m", "rail.distance_m")
SHARES = ("building.share", "flood.share", "nature.share")
SCENARIOS = "scenario IS NULL OR scenario IN ('10', '1', 'river_side')"
FILTERS = {"flood": SCENARIOS, "nature": "ST_Dimension(geom) = 2"}
"""The rows of a layer that count for its share, as SQL; all of them unless said."""
NEAR = 1e-6

Columns = dict[str, npt.NDArray[np.float64]]


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Measure distances and shares together, check that all agree, and compare."""
    names = (*DISTANCES, *SHARES)
    every: dict[str, Contestant] = {
        "gis-sites": gis_sites,
        "gis-sites, one process": one_process,
        "geopandas": geopandas,
        "PostGIS": postgis,
    }
    found = contest(every, runs=runs, settings=here.settings, names=names)
    ours, single = found["gis-sites"], found["gis-sites, one process"]
    for other in ("gis-sites, one process", "geopandas", "PostGIS"):
        if found[other].seconds:
            agree(other, ours.answer, found[other].answer)
    yield versus(MEASURED, ours, "geopandas", found["geopandas"])
    yield versus(f"{MEASURED}, one process", single, "geopandas", found["geopandas"])
    yield versus(MEASURED, ours, "PostGIS", found["PostGIS"], server=True)


def gis_sites(settings: Any, names: Sequence[str]) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Measure as a publication does, and by as many processes."""
    from dataclasses import replace

    from gis_sites.ahead import ahead
    from gis_sites.inventory import open_inventory
    from gis_sites.profile.build import measured
    from gis_sites.profile.changed import Moment
    from gis_sites.profile.reading import read_parcels
    from gis_sites.profile.workers import workers
    from gis_sites.store import states

    with open_inventory(settings) as inventory:
        layers = _only(inventory.catalogue.layers, names)
        parcel = inventory.catalogue.layer("parcel").model_copy(update={"attributes": {}})
        catalogue = replace(inventory.catalogue, layers={"parcel": parcel, **layers})
        while True:
            yield None
            with inventory.store.begin() as conn:
                state = states.current(conn, coverages=True)
                sites = read_parcels(conn, catalogue, state.revisions["parcel"], crs=inventory.store.crs)
            now, found = Moment(state.revisions, state.as_of), {}
            blocks = ({name: layer} for name, layer in layers.items())
            read = (_read(inventory.store, catalogue, block, now, sites) for block in blocks)
            with workers(inventory.store.settings.workers, len(sites)) as executor:
                for works, covers in ahead(read):
                    found |= measured(sites, works, covers, executor=executor)
            yield {"area": sites.unpacked().area} | {
                f"{layer}.{short}": column.high if "distance" in short else column.low
                for layer, columns in found.items()
                for short, column in columns.items()
            }


def _only(layers: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the layers of some attributes, with these alone."""
    found = {}
    for name, layer in layers.items():
        wanted = {short: spec for short, spec in layer.attributes.items() if f"{name}.{short}" in names}
        if wanted:
            found[name] = layer.model_copy(update={"attributes": wanted})
    return found


def _read(store: Any, catalogue: Any, block: Any, now: Any, sites: Any) -> Any:  # noqa: ANN401 - imported by the child
    from gis_sites.profile.jobs import works_of

    with store.begin() as conn:
        return works_of(conn, catalogue, block, now, parcels=sites)


def one_process(settings: Any, names: Sequence[str]) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Measure in one process, as geopandas does."""
    yield from gis_sites(settings.model_copy(update={"workers": 1}), names)


def geopandas(settings: Any, names: Sequence[str]) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Measure with `sjoin_nearest`, and with `overlay` of what is dissolved."""
    import geopandas
    import sqlalchemy as sa

    engine = sa.create_engine(settings.database_url)
    tables = tables_of(settings)
    while True:
        yield None
        sites = geopandas.read_postgis(f"SELECT row, geom FROM {tables['parcel']} ORDER BY row", engine)
        area = sites.area.to_numpy()
        found: Columns = {"area": area}
        for name in names:
            layer = name.partition(".")[0]
            query = f"SELECT geom FROM {tables[layer]} WHERE {FILTERS.get(layer, 'true') if name in SHARES else 'true'}"
            others = geopandas.read_postgis(query, engine)
            if name in DISTANCES:
                pairs = sites.sjoin_nearest(others, distance_col="distance")
                found[name] = pairs.groupby("row")["distance"].min().to_numpy()
                continue
            whole = others.dissolve().explode()
            pieces = geopandas.overlay(sites, whole, how="intersection", keep_geom_type=True)
            sums = pieces.area.groupby(pieces["row"]).sum()
            found[name] = sums.reindex(range(len(sites)), fill_value=0.0).to_numpy() / area
        yield found


def postgis(settings: Any, names: Sequence[str]) -> Iterator[Any]:  # noqa: ANN401 - Settings, imported by the child
    """Measure with the index for the nearest, and with `ST_Intersection` of what is united."""
    import psycopg

    tables = tables_of(settings)
    with psycopg.connect(**parts(settings.database_url)) as conn:
        conn.execute(NOTICE)
        while True:
            conn.execute("DROP TABLE IF EXISTS pg_temp.whole")
            conn.commit()
            yield None
            area = _columns(conn, f"SELECT ST_Area(geom) FROM {tables['parcel']} ORDER BY row")
            found: Columns = {"area": area}
            for name in names:
                layer = name.partition(".")[0]
                query = NEAREST if name in DISTANCES else SHARE
                if name in SHARES:
                    conn.execute("DROP TABLE IF EXISTS whole")
                    conn.execute(WHOLE.format(table=tables[layer], where=FILTERS.get(layer, "true")))
                    conn.execute("CREATE INDEX ON whole USING gist (geom)")
                    conn.execute("ANALYZE whole")
                found[name] = _columns(conn, query.format(parcel=tables["parcel"], table=tables[layer]))
            yield found


NEAREST = """
SELECT (SELECT other.geom <-> parcel.geom FROM {table} AS other ORDER BY other.geom <-> parcel.geom LIMIT 1)
  FROM {parcel} AS parcel ORDER BY row
"""
WHOLE = """
CREATE TEMP TABLE whole AS
SELECT ST_Subdivide((ST_Dump(ST_Union(geom))).geom) AS geom FROM {table} WHERE {where}
"""
SHARE = """
SELECT coalesce(sum(ST_Area(ST_Intersection(parcel.geom, whole.geom))), 0) / ST_Area(parcel.geom)
  FROM {parcel} AS parcel LEFT JOIN whole ON ST_Intersects(parcel.geom, whole.geom)
 GROUP BY parcel.row ORDER BY parcel.row
"""


def agree(other: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    """Check that distances and shares are equal to 1e-6; under a square metre ours is a touch."""
    if ours.keys() != theirs.keys():
        raise RuntimeError(f"{other} measured {sorted(theirs)}, we {sorted(ours)}")
    for name, mine in ours.items():
        difference = np.abs(np.nan_to_num(mine) - theirs[name])
        if name in SHARES:
            difference[theirs[name] * ours["area"] < 1.0 + NEAR] = 0.0
        scale = np.maximum(1.0, theirs["area"]) if name == "area" else 1.0
        wrong = np.flatnonzero(difference > NEAR * scale)
        if len(wrong):
            row = int(wrong[0])
            raise RuntimeError(f"{name}: {len(wrong)} differ from {other}: {mine[row]}, {theirs[name][row]} in {row}")


def tables_of(settings: Any) -> dict[str, str]:  # noqa: ANN401 - Settings, imported by the child
    """Return the table of each layer in the current state."""
    from gis_sites.inventory import open_inventory

    with open_inventory(settings) as inventory:
        return {name: revision.table for name, revision in inventory.need_state().revisions.items()}


def _columns(conn: Any, query: str) -> npt.NDArray[np.float64]:  # noqa: ANN401 - a connection of psycopg
    return np.array(conn.execute(query).fetchall(), dtype=np.float64)[:, 0]
