"""Where a part speaks: what was stated, else what the layer file says, else all parcels and a finding."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
import shapely
import sqlalchemy as sa

from gis_sites.errors import Refused, WrongUse
from gis_sites.findings import Finding, FindingType
from gis_sites.intake import crs as systems
from gis_sites.intake.batch import Objects
from gis_sites.intake.kinds import of_kind
from gis_sites.intake.loading import Loading
from gis_sites.intake.note import COVERAGES
from gis_sites.intake.source import open_source, read_table
from gis_sites.store import revisions
from gis_sites.store.revisions import Coverage, Revision

BOUNDARY = "boundary"
MUNICIPALITY = "municipality"
PARCEL = "parcel"
NOWHERE = shapely.to_wkb(shapely.MultiPolygon())


@dataclass(frozen=True)
class Coverages:
    """The coverage of a load: the same for all its parts, or each part's own polygons."""

    kind: str
    stated: bool
    wkb: bytes | None
    layer: str

    @property
    def united(self) -> bool:
        """Whether the polygons of each part have to be united; parcels are where they are, and need no union."""
        return self.kind == "own" and self.layer != PARCEL

    def of(self, shapes: list[Objects]) -> Coverage:
        """Return the coverage of one part made of these shapes."""
        if not self.united:
            return Coverage(self.kind, self.stated, self.wkb)
        whole = np.concatenate([*shapes, np.empty(0, dtype=object)])
        return Coverage("own", self.stated, shapely.to_wkb(_united(whole)))


def _united(shapes: Objects) -> shapely.Geometry:
    polygons = of_kind(np.array([shapely.union_all(shapes)], dtype=object), "polygon")[0][0]
    return shapely.MultiPolygon() if polygons is None else polygons


def municipality(conn: sa.Connection, boundary: Revision | None) -> bytes | None:
    """Return the union of the municipal boundary's rows, None where none is loaded."""
    if boundary is None:
        return None
    found = revisions.read(conn, boundary, columns=("kind",))
    mine = np.array([kind == MUNICIPALITY for kind in found.table["kind"].to_pylist()], dtype=bool)
    wkb: bytes | None = shapely.to_wkb(_united(found.geometry[mine])) if mine.any() else None
    return wkb


def decide(load: Loading, stated: str | None, town: bytes | None) -> Coverages:
    """Decide about the coverage of a load.

    Raises:
        Refused: the boundary is stated and none is loaded, or the file holds no polygons.
        WrongUse: own polygons are stated for a layer without.
    """
    polygons = load.layer.geometry == "polygon"
    if stated is None:
        return _usual(load, town, polygons)
    if stated == BOUNDARY and town is None:
        raise Refused("import.no_boundary", layer=load.layer.name)
    if stated == "own" and not polygons:
        raise WrongUse("import.own_not_polygons", layer=load.layer.name)
    fixed: Mapping[str, bytes | None] = {"boundary": town, "parcels": None, "own": None, "none": NOWHERE}
    if stated in COVERAGES:
        return Coverages(stated, True, fixed[stated], load.layer.name)
    return Coverages("file", True, from_file(Path(stated), load.working), load.layer.name)


def _usual(load: Loading, town: bytes | None, polygons: bool) -> Coverages:
    kind: str = load.layer.coverage
    if load.named and polygons and kind == BOUNDARY:
        kind = "own"
    if kind == BOUNDARY and town is None:
        load.tally.find(Finding(FindingType.COVERAGE_ASSUMED))
        return Coverages("parcels", False, None, load.layer.name)
    return Coverages(kind, False, {BOUNDARY: town, "none": NOWHERE}.get(kind), load.layer.name)


def from_file(path: Path, working: pyproj.CRS) -> bytes:
    """Return the union of the polygons of a GeoPackage, in the working CRS.

    Raises:
        Refused: it holds no polygons.
    """
    source = open_source(path)
    found: list[Objects] = []
    for table in source.tables:
        if table.kind not in {"polygon", "any"}:
            continue
        crs, _ = systems.decide(table, None)
        assert crs is not None
        way = systems.move(crs, working)
        for batch in read_table(source, table.name, ()):
            shapes = shapely.from_wkb(batch.column("__wkb").to_numpy(zero_copy_only=False), on_invalid="fix")
            found.append(_moved(shapely.make_valid(of_kind(shapes, "polygon")[0], method="structure"), way))
    wkb: bytes = shapely.to_wkb(_united(np.concatenate([*found, np.empty(0, dtype=object)])))
    if wkb == NOWHERE:
        raise Refused("import.coverage_empty", file=path.name)
    return wkb


def _moved(shapes: Objects, way: Callable[..., object] | None) -> Objects:
    moved: Objects = shapes if way is None else shapely.transform(shapes, way, interleaved=False)
    return moved
