"""GML whose coordinates follow the name of their system, and GML whose coordinates do not."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused
from gis_sites.store.connect import Store
from tests.intake.support import counts, parcel_id, take
from tests.intake.test_crs import at_home, boundary, city, turned

COLLECTION = """<?xml version="1.0" encoding="UTF-8"?>
<wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"
  xmlns:ms="http://mapserver.gis.umn.edu/mapserver">{members}</wfs:FeatureCollection>"""
MEMBER = """<wfs:member><ms:dzialki gml:id="dzialki.{n}"><ms:geom><gml:Polygon gml:id="g{n}" srsName="{srs}">
<gml:exterior><gml:LinearRing><gml:posList>{points}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></ms:geom>
<ms:ID_DZIALKI>{key}</ms:ID_DZIALKI></ms:dzialki></wfs:member>"""


def gml(path: Path, shapes: Sequence[shapely.Polygon], srs: str, *, north_first: bool) -> Path:
    members = []
    for n, shape in enumerate(shapes, 1):
        pairs = [(y, x) if north_first else (x, y) for x, y in shape.exterior.coords]
        points = " ".join(f"{first:.2f} {second:.2f}" for first, second in pairs)
        members.append(MEMBER.format(n=n, srs=srs, points=points, key=parcel_id(n)))
    path.write_text(COLLECTION.format(members="\n".join(members)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("form", "north_first"),
    [
        ("urn:ogc:def:crs:EPSG::{}", True),
        ("http://www.opengis.net/def/crs/EPSG/0/{}", True),
        ("http://www.opengis.net/gml/srs/epsg.xml#{}", False),
        ("EPSG:{}", False),
    ],
)
def test_the_form_of_a_name_says_the_axes_and_the_inventory_whether_the_file_keeps_to_it(
    store: Store,
    catalogue: Catalogue,
    tmp_path: Path,
    form: str,
    north_first: bool,
) -> None:
    take(store, catalogue, boundary(tmp_path / "b.gpkg"))
    shapes = city(30)
    turned_round = gml(tmp_path / "w.gml", turned(shapes, 2180), form.format(2180), north_first=not north_first)
    with pytest.raises(Refused, match=r'--crs "dzialki=EPSG:2180 swapped"'):
        take(store, catalogue, turned_round)
    as_said = gml(tmp_path / "r.gml", turned(shapes, 2177), form.format(2177), north_first=north_first)
    report = take(store, catalogue, as_said)
    assert report.loads[0].crs == "EPSG:2177"
    assert not counts(report.loads[0])
    assert at_home(store, "parcel", shapes)
    take(store, catalogue, turned_round, crs="EPSG:2180 swapped")
    assert at_home(store, "parcel", shapes)
