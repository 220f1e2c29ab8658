"""OGC API Features: GDAL reads every published layer and nothing else; questions are bounded; QGIS gets a project."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import numpy as np
import pyogrio
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from api import ogc_question
from api.main import create_app
from gis_sites.inventory import Inventory
from gis_sites.settings import Settings
from gis_sites.store.published import only_reading
from tests.api.support import Served, TestClient

ITEMS = "/ogc/collections/parcel/items"
QUICK = effort(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
Json = dict[str, Any]


@pytest.fixture(scope="module")
def views(city: Inventory) -> dict[str, int]:
    """The views of schema `published` and how many rows each shows, as another program counts them."""
    assert city.refresh_views()
    with city.store.begin() as conn:
        names = conn.execute(sa.text("SELECT viewname FROM pg_views WHERE schemaname = 'published'")).scalars().all()
        return {one: conn.execute(sa.text(f"SELECT count(*) FROM published.{one}")).scalar_one() for one in names}


@pytest.fixture(scope="module")
def parcels(city: Inventory, views: dict[str, int]) -> list[Json]:
    """Every row of the view `parcel`, its geometry in degrees."""
    assert views["parcel"]
    query = "SELECT *, ST_AsText(ST_Transform(geom, 4326)) AS wkt FROM published.parcel ORDER BY id"
    with city.store.begin() as conn:
        return [dict(row) for row in conn.execute(sa.text(query)).mappings()]


def pages(client: TestClient, address: str) -> Iterator[Json]:
    """Follow `next` from page to page."""
    while address:
        page = client.get(address).json()
        yield page
        address = next((one["href"] for one in page["links"] if one["rel"] == "next"), "")


# ---- GDAL ----------------------------------------------------------------------------------------------------


def test_gdal_reads_every_published_layer_and_no_other(served: Served, views: dict[str, int]) -> None:
    source = f"OAPIF:{served.url}/ogc"
    found = {name for name, _ in pyogrio.list_layers(source)}
    assert found == set(views)
    assert len(found) > 15
    read = {name: len(pyogrio.read_dataframe(source, layer=name)) for name in found}
    assert read == views


def test_gdal_pages_through_a_layer_by_ten(served: Served, parcels: list[Json]) -> None:
    frame = pyogrio.read_dataframe(f"OAPIF:{served.url}/ogc", layer="parcel", PAGE_SIZE=10)
    assert sorted(frame["parcel_id"]) == sorted(one["parcel_id"] for one in parcels)
    assert frame.crs.to_authority(auth_name="EPSG") == ("EPSG", "4326") or "CRS84" in str(frame.crs)
    theirs = dict(zip(frame["parcel_id"], frame.geometry, strict=True))
    for one in parcels[:50]:
        assert shapely.hausdorff_distance(theirs[one["parcel_id"]], shapely.from_wkt(one["wkt"])) < 1e-8


def test_the_system_s_ogr2ogr_copies_a_layer(served: Served, views: dict[str, int], tmp_path: Path) -> None:
    command = shutil.which("ogr2ogr")
    assert command, "gdal-bin is installed by scripts/setup --dev"
    file = tmp_path / "parcels.gpkg"
    own = {"OGR_SQLITE_SYNCHRONOUS": "OFF", "PATH": "/usr/bin:/bin"}
    asked = [command, "-oo", "PAGE_SIZE=10", str(file), f"OAPIF:{served.url}/ogc", "parcel", "zoning"]
    done = subprocess.run(asked, env=own, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert {name: pyogrio.read_info(file, layer=name)["features"] for name, _ in pyogrio.list_layers(file)} == {
        name: views[name] for name in ("parcel", "zoning")
    }


# ---- what is there, and what is not --------------------------------------------------------------------------


def test_pages_of_ten_hold_each_row_once(client: TestClient, parcels: list[Json]) -> None:
    found = list(pages(client, f"{ITEMS}?limit=10"))
    assert {page["numberMatched"] for page in found} == {len(parcels)}
    assert [page["numberReturned"] for page in found] == [10] * (len(parcels) // 10)
    rows = [row for page in found for row in page["features"]]
    assert [row["id"] for row in rows] == [one["id"] for one in parcels]
    assert [row["properties"] for row in rows] == [
        {name: value for name, value in one.items() if name not in {"geom", "wkt"}} for one in parcels
    ]


def test_outer_rings_run_against_the_clock(client: TestClient, views: dict[str, int], city: Inventory) -> None:
    with city.store.begin() as conn:
        stored = sa.text("SELECT count(*) FROM published.parcel WHERE NOT ST_IsPolygonCCW(geom)")
        assert conn.execute(stored).scalar_one() > 10
    for name in views:
        for row in client.get(f"/ogc/collections/{name}/items?limit=9999").json()["features"]:
            shape = shapely.from_geojson(json.dumps(row["geometry"])) if row["geometry"] else None
            for part in shapely.get_parts([shape]):
                if part.geom_type == "Polygon":
                    assert part.exterior.is_ccw, (name, row["id"])
                    assert not any(ring.is_ccw for ring in part.interiors), (name, row["id"])


ELSE = (
    "water", "power", "registry.loads", "loads", "store.parcel_r1", "parcel_r1", "published.parcel",
    "inventory.parcel", "pg_class", 'parcel"', "parcel;", "%00",
)  # fmt: skip


@pytest.mark.parametrize("name", ELSE)
def test_there_is_nothing_else(client: TestClient, views: dict[str, int], name: str) -> None:
    assert name not in views
    for rest in ("", "/items", "/items/1", "/queryables"):
        answer = client.get(f"/ogc/collections/{name}{rest}")
        assert answer.status_code == 404, rest
        assert answer.headers["content-type"] == "application/problem+json"


def test_columns_that_are_not_public_are_not_there(client: TestClient, city: Inventory) -> None:
    for entry in client.get("/ogc/collections").json()["collections"]:
        layer = city.catalogue.layers[entry["id"]]
        hidden = {name for name, spec in layer.fields.items() if not spec.public}
        told = set(client.get(f"/ogc/collections/{entry['id']}/queryables").json()["properties"])
        (row,) = client.get(f"/ogc/collections/{entry['id']}/items?limit=1").json()["features"]
        assert told - {"geom"} == set(row["properties"])
        assert not told & {*hidden, "key", "part", "load", "source_row", "row"}
        assert entry["title"] == layer.title.say("pl")
    assert client.get(f"{ITEMS}?owner_class=natural").status_code == 400
    assert client.get(f"{ITEMS}?sortby=owner_class").status_code == 400
    assert client.get(f"{ITEMS}?properties=owner_class&limit=1").json()["features"][0]["properties"] == {}


def test_nothing_can_be_written(city: Inventory) -> None:
    with only_reading(city.store) as conn, pytest.raises(sa.exc.InternalError, match="read-only"):
        conn.exec_driver_sql("CREATE TABLE public.taken (id int)")


# ---- questions -----------------------------------------------------------------------------------------------

REFUSED = (
    "filter=parcel_id='a'", "filter=pg_sleep(9)", "filter-lang=cql2-text", "simplify=nan", "geom-column=none",
    "bbox-only=true", "crs=EPSG:2177", "f=html", "f=csv", "bbox=1,2,3", "bbox=nan,0,1,1", "bbox=18,1,19,0", "bbox=",
    "bbox=a,b,c,d", "bbox=1e400,0,1,1", "limit=0", "limit=-1", "limit=x", "limit=", "limit=1e3", "offset=-1",
    "offset=x", "offset=99999999999999999999999", "ids=a", "ids=1;2", "ids=99999999999999999999", "sortby=geom",
    "sortby=id;", "parcel_id=%00", "parcel_id='", "parcel_id=%5C", "id=x", "registered_area_ha=much", "id=99999999999",
    "datetime=today", "datetime=2026-02-30", "datetime=2026-01-01/2026-02-01/..", "datetime=2026-01-01T25:00:00Z",
)  # fmt: skip


@pytest.mark.parametrize("question", REFUSED)
def test_a_question_that_cannot_be_answered_is_refused_with_a_sentence(client: TestClient, question: str) -> None:
    answer = client.get(f"{ITEMS}?{question}", headers={"accept-language": "en"})
    # The standard asks for this status of whatever is wrong with a parameter.
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].startswith("gis-sites:")
    assert answer.json()["detail"]


@given(st.text(max_size=30) | st.sampled_from(["' OR true --", "309901_1.0001.10/1", "10/1", "B", "ł%s", "{0}", "$1"]))
@QUICK
def test_a_value_finds_the_rows_that_hold_it_or_is_refused(client: TestClient, parcels: list[Json], value: str) -> None:
    answer = client.get(ITEMS, params={"number": value, "limit": 1000})
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 200:
        wanted = [one["id"] for one in parcels if one["number"] == value]
        assert [row["id"] for row in answer.json()["features"]] == wanted


ENDS = st.tuples(*[st.floats(18.06, 18.11), st.floats(51.74, 51.78)] * 2)


@given(ENDS, st.sampled_from([(), (2,), (3,), (2, 3)]))
@QUICK
def test_a_box_finds_the_rows_in_it(
    client: TestClient, parcels: list[Json], ends: tuple[float, ...], flat: tuple[int, ...]
) -> None:
    ends = tuple(ends[at - 2] if at in flat else end for at, end in enumerate(ends))
    west, east = sorted(ends[::2])
    south, north = sorted(ends[1::2])
    page = client.get(ITEMS, params={"bbox": f"{west},{south},{east},{north}", "limit": 10_000}).json()
    found = {row["id"] for row in page["features"]}
    shapes = {one["id"]: shapely.from_wkt(one["wkt"]) for one in parcels}
    asked = shapely.MultiPoint([(west, south), (east, south), (east, north), (west, north)]).convex_hull
    # Parcels have sides straight in metres: seen in degrees they bend, by less than a centimetre.
    surely = {at for at, shape in shapes.items() if shape.buffer(-1e-7).intersects(asked)}
    perhaps = {at for at, shape in shapes.items() if shape.buffer(1e-7).intersects(asked)}
    missing, besides = surely - found, found - perhaps
    assert not missing
    assert not besides


@pytest.mark.parametrize(("box", "all_of_it"), [("-180,-90,180,90", True), ("-180,-90,0,180,90,1", True),
                                                ("19,51,20,52", False), ("0,0,0,0", False),
                                                ("170,-90,19,90", True), ("17,-90,-170,90", True),
                                                ("170,-90,-170,90", False), ("19,-90,17,90", False)])  # fmt: skip
def test_a_box_may_be_the_whole_earth_or_lie_across_the_180th_meridian(
    client: TestClient, parcels: list[Json], box: str, all_of_it: bool
) -> None:
    answer = client.get(f"{ITEMS}?bbox={box}&datetime=2026-01-01T00:00:00Z")
    assert answer.json()["numberMatched"] == (len(parcels) if all_of_it else 0)


def test_a_box_around_the_earth_leaves_out_what_lies_between_its_ends(client: TestClient, parcels: list[Json]) -> None:
    middle = [shapely.from_wkt(one["wkt"]).centroid.x for one in parcels]
    west, east = (float(one) for one in np.quantile(middle, [0.3, 0.7]))
    parts = [client.get(f"{ITEMS}?bbox={box}&limit=9999").json() for box in
             (f"-180,-90,{west},90", f"{east},-90,180,90", f"{east},-90,{west},90")]  # fmt: skip
    below, above, around = ({row["id"] for row in one["features"]} for one in parts)
    assert below
    assert above
    assert around == below | above != {one["id"] for one in parcels}
    assert parts[2]["numberMatched"] == len(around)


@pytest.mark.parametrize(
    "when", ["2026-01-01", "2026-01-01T00:00:00.5+01:00", "../2026-01-01", "2026-01-01/..", "../.."]
)
def test_a_time_says_nothing_of_rows_that_have_none(client: TestClient, parcels: list[Json], when: str) -> None:
    answer = client.get(ITEMS, params={"datetime": when, "limit": 1})
    assert answer.json()["numberMatched"] == len(parcels)


def test_rows_are_sorted_and_chosen(client: TestClient, parcels: list[Json]) -> None:
    rows = client.get(f"{ITEMS}?sortby=-id&limit=3&properties=number").json()["features"]
    assert [row["id"] for row in rows] == [one["id"] for one in parcels[-3:][::-1]]
    assert [row["properties"] for row in rows] == [{"number": one["number"]} for one in parcels[-3:][::-1]]
    some = client.get(f"{ITEMS}?ids=3,5,99999").json()["features"]
    assert [row["id"] for row in some] == [3, 5]
    assert client.get(f"{ITEMS}/3").json()["properties"] == {
        name: value for name, value in parcels[3].items() if name not in {"geom", "wkt"}
    }
    assert client.get(f"{ITEMS}/99999").status_code == 404
    assert client.get(f"{ITEMS}/x").status_code == 404


def test_nothing_but_json_is_answered(client: TestClient) -> None:
    for address in ("/ogc/", "/ogc/conformance", "/ogc/collections", ITEMS, f"{ITEMS}/1"):
        answer = client.get(address, headers={"accept": "text/html,text/csv;q=0.9"})
        assert answer.status_code == 200
        assert answer.headers["content-type"] in {"application/json", "application/geo+json"}
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not [one for one in client.get("/ogc/conformance").json()["conformsTo"] if "html" in one or "filter" in one]
    assert client.get("/ogc/?x=1").status_code == 400
    assert client.post(ITEMS).status_code == 405


def test_the_description_says_how_many_rows_may_be_asked_for(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = client.get("/ogc/api")
    assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json")
    assert answer.json()["components"]["parameters"]["limit"]["schema"]["maximum"] == 10_000
    # More than that is no error: the standard has it cut down.
    assert client.get(f"{ITEMS}?limit=10001").status_code == 200
    monkeypatch.setattr(ogc_question, "MOST", 7)
    page = client.get(f"{ITEMS}?limit=8").json()
    assert page["numberReturned"] == 7
    assert [one["href"] for one in page["links"] if one["rel"] == "next"] == [
        f"http://testserver{ITEMS}?limit=8&offset=7"
    ]


# ---- behind a proxy ------------------------------------------------------------------------------------------


def links(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        yield from (value for key, value in document.items() if key == "href")
        yield from (one for value in document.values() for one in links(value))
    elif isinstance(document, list):
        yield from (one for value in document for one in links(value))


def test_links_begin_as_the_proxy_is_asked(served: Served) -> None:
    headers = {"host": "tereny.example.org", "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.7"}
    for address in ("/ogc/", "/ogc/collections", f"{ITEMS}?limit=2"):
        found = list(links(httpx.get(served.url + address, headers=headers).json()))
        assert found
        assert [one for one in found if not one.startswith("https://tereny.example.org/")] == []


def test_links_begin_with_the_address_that_is_set(demo_city: Settings) -> None:
    told = demo_city.model_copy(update={"public_url": "https://example.org/tereny/"})
    with TestClient(create_app(told)) as client:
        for address in ("/ogc/", "/ogc/collections", f"{ITEMS}?limit=2"):
            found = list(links(client.get(address).json()))
            assert [one for one in found if not one.startswith("https://example.org/tereny/")] == []
        assert b"url='https://example.org/tereny/ogc/'" in client.get("/ogc/project.qgs").content


# ---- QGIS ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_a_qgis_project_opens_every_layer(
    client: TestClient, city: Inventory, views: dict[str, int], lang: str
) -> None:
    answer = client.get(f"/ogc/project.qgs?lang={lang}")
    assert answer.headers["content-disposition"] == 'attachment; filename="gis-sites.qgs"'
    root = ET.fromstring(answer.content)
    layers = root.findall("projectlayers/maplayer")
    assert {one.findtext("id") for one in layers} == set(views)
    listed = root.findall("layer-tree-group/layer-tree-layer")
    assert [one.get("id") for one in listed] == [one.findtext("id") for one in layers]
    for one in layers:
        layer = city.catalogue.layers[str(one.findtext("id"))]
        source = str(one.findtext("datasource"))
        assert dict(re.findall(r"(\w+)='([^']*)'", source)) == {
            "pageSize": "1000", "pagingEnabled": "true", "restrictToRequestBBOX": "1",
            "typename": layer.name, "url": "http://testserver/ogc/",
        }  # fmt: skip
        assert one.findtext("layername") == layer.title.say(lang)
        assert one.findtext("abstract") == f"{layer.title.say('pl')} / {layer.title.say('en')}"
        assert one.findtext("provider") == "OAPIF"
        assert one.findtext("srs/spatialrefsys/authid") == "EPSG:4326"
    assert root.findtext("projectCrs/spatialrefsys/authid") == city.store.crs
    west, east = (float(str(root.findtext(f"mapcanvas/extent/{one}"))) for one in ("xmin", "xmax"))
    assert 6_400_000 < west < east < 6_600_000


def test_the_project_draws_rows_as_the_legend_says(client: TestClient, city: Inventory) -> None:
    root = ET.fromstring(client.get("/ogc/project.qgs?lang=en").content)
    for one in root.findall("projectlayers/maplayer"):
        layer, renderer = city.catalogue.layers[str(one.findtext("id"))], one.find("renderer-v2")
        if one.get("geometry") in {"No geometry", "Unknown geometry"}:
            assert renderer is None
            continue
        assert renderer is not None
        labels = [entry.get("label") for entry in renderer.findall("categories/category")]
        assert labels[: len(layer.legend)] == ([entry.title.say("en") for entry in layer.legend] if labels else [])
        assert len(renderer.findall("symbols/symbol")) == max(len(labels), 1)
        for symbol in renderer.findall("symbols/symbol"):
            options = {str(held.get("name")): str(held.get("value")) for held in symbol.iter("Option")}
            assert re.fullmatch(r"\d+,\d+,\d+,\d+", options.get("color", options.get("line_color", "")))
    zoning = next(one for one in root.findall("projectlayers/maplayer") if one.findtext("id") == "zoning")
    expression = str(zoning.find("renderer-v2").get("attr"))  # type: ignore[union-attr]
    assert expression.startswith("CASE WHEN coalesce(array_intersect(string_to_array(\"symbol_yes\", ' '), ")
    assert "array('production')), false) THEN 0" in expression
    assert json.dumps(expression)


def test_the_page_of_layers_offers_the_project(client: TestClient) -> None:
    assert 'href="/ogc/project.qgs' in client.get("/layers").text
