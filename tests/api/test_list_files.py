"""The list taken away: the same rows in their order, public columns, the cautions inside, and no more than is said."""

import io
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pyogrio
import pytest

from api import list_files
from gis_sites.catalogue import load_catalogue
from gis_sites.matching.sentences import cautions
from tests.api.support import TestClient
from tests.api.test_pages import Read

ADDRESS = "/?v=2&parcel.area_m2=500..&flood.share=..0&gas.distance_m=..1000&sort=-parcel.area_m2"
KINDS = {"csv": b"\xef\xbb\xbfid,kind", "xlsx": b"PK", "gpkg": b"SQLite format 3", "geojson": b"{", "map": b"<!DOCTYPE",
         "pdf": b"%PDF-"}  # fmt: skip


@pytest.fixture(scope="module")
def listed(pages: TestClient) -> list[str]:
    """The rows of the list, as the map is told of them."""
    return [one["properties"]["site"] for one in pages.get(f"{ADDRESS}&format=points").json()["features"]]


def taken(pages: TestClient, form: str, address: str = ADDRESS) -> bytes:
    answer = pages.get(f"{address}&format={form}")
    assert answer.status_code == 200, answer.text[:400]
    assert answer.content.startswith(KINDS[form])
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="list.')
    return answer.content


def test_the_page_links_every_file_and_says_how_much_one_holds(pages: TestClient, listed: list[str]) -> None:
    page = Read(pages.get(ADDRESS).text)
    links = {str(one["href"]) for one in page.all("a") if "format=" in str(one.get("href"))}
    assert {link.rpartition("format=")[2] for link in links} == set(KINDS)
    for link in links:
        assert pages.get(link).content.startswith(KINDS[link.rpartition("format=")[2]])
    assert "najwyżej: CSV 20 000, GeoPackage i GeoJSON 10 000, XLSX 5 000, mapa 500, PDF 200." in page.text
    assert page.rows == listed[:25]


def test_a_workbook_holds_the_rows_and_what_they_mean(pages: TestClient, listed: list[str]) -> None:
    book = openpyxl.load_workbook(io.BytesIO(taken(pages, "xlsx", ADDRESS + "&lang=en")))
    rows, about = (list(sheet.values) for sheet in book.worksheets)
    assert [row[0] for row in rows[1:]] == listed
    names = rows[0]
    for name in ("parcel.area_m2.low", "flood.share.high", "gas.distance_m.state", "zoning.main_symbol.value", "tier"):
        assert name in names
    told = {str(cell) for row in about for cell in row}
    assert set(cautions("en")) <= told
    assert any(one.startswith("Gas pipelines: distance to a main: at most ") for one in told), told


def test_geometries_are_those_of_the_rows(pages: TestClient, listed: list[str], tmp_path: Path) -> None:
    file = tmp_path / "list.gpkg"
    file.write_bytes(taken(pages, "gpkg"))
    frame = gpd.read_file(file)
    assert frame["id"].tolist() == listed
    assert frame.geometry.area.gt(400).all()
    facts = pyogrio.read_info(file)["layer_metadata"]
    assert set(cautions("pl")) <= set(facts.values())
    collection = json.loads(taken(pages, "geojson"))
    assert [one["id"] for one in collection["features"]] == listed
    assert {one["geometry"]["type"] for one in collection["features"]} <= {"Polygon", "MultiPolygon"}
    assert set(cautions("pl")) <= {text for _, text in collection["about"]}
    near = frame.to_crs(4326).geometry.iloc[0].centroid
    points = pages.get(f"{ADDRESS}&format=points").json()["features"]
    lon, lat = points[0]["geometry"]["coordinates"]
    assert abs(lon - near.x) + abs(lat - near.y) < 0.01


def test_the_map_names_every_row_and_its_reasons(pages: TestClient, listed: list[str]) -> None:
    html = taken(pages, "map").decode()
    assert all(one in html for one in listed)
    assert all(caution in html for caution in cautions("pl"))


@pytest.mark.parametrize("form", ["csv", "geojson"])
def test_a_file_that_is_cut_says_so(
    pages: TestClient, listed: list[str], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(list_files.MOST, form, 7)
    content = taken(pages, form).decode("utf-8-sig")
    assert listed[6] in content
    assert listed[7] not in content
    if form == "geojson":
        assert f"Plik zawiera pierwsze 7 z {len(listed)} pozycji." in content


def test_only_public_columns_leave_the_house(pages: TestClient) -> None:
    public = load_catalogue().public().attributes
    address = "/?v=2&parcel.owner_class=natural&sort=parcel.owner_class"
    names = taken(pages, "csv", address).decode("utf-8-sig").splitlines()[0].split(",")
    told = {".".join(name.split(".")[:2]) for name in names if "." in name}
    assert told
    assert told <= set(public)


def test_land_on_offer_is_taken_too(pages: TestClient) -> None:
    offers: list[dict[str, Any]] = pages.get("/api/v1/offers").json()["offers"]
    collection = json.loads(taken(pages, "geojson", "/?kind=offers"))
    assert [one["id"] for one in collection["features"]] == [one["id"] for one in offers]
    assert collection["features"][0]["properties"]["parcels"].split() == offers[0]["parcels"]
    points = pages.get("/?kind=offers&format=points").json()
    assert points["found"] == len(offers)


@pytest.mark.parametrize("wrong", ["format=pdf1", "format=csv&area_from=5&area_to=1"])
def test_what_cannot_be_taken_is_refused_in_words(pages: TestClient, wrong: str) -> None:
    answer = pages.get(f"/?{wrong}")
    assert answer.status_code == 404
    assert "nie ma " in answer.text.lower()
