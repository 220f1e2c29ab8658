"""The pages where only land of public owners may be shown: the rest is as if it were not there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from api.main import create_app
from gis_sites.columns import Labels
from gis_sites.inventory import Inventory
from gis_sites.settings import Settings
from gis_sites.store.shown import PUBLIC_OWNERS
from tests.api.support import PAGE, TestClient
from tests.api.test_pages import read
from tests.store.tile_support import covering, decoded

NEVER_THERE = "309999_1.0001.7777"
Owners = dict[str, str | None]


@pytest.fixture(scope="module")
def narrow(demo_city: Settings) -> Iterator[TestClient]:
    """The pages over the demo city with the parcels of public owners only."""
    settings = demo_city.model_copy(update={"public_parcels": "public_owners"})
    with TestClient(create_app(settings), headers=PAGE) as opened:
        yield opened


@pytest.fixture(scope="module")
def owners(city: Inventory) -> Owners:
    """Whose each parcel is, as planners know it."""
    view = city.views()[0]
    column = view.column("parcel.owner_class")
    assert isinstance(column, Labels)
    return {view.id(row): column.text(row) for row in range(len(view))}


@pytest.fixture(scope="module")
def shown(owners: Owners) -> list[str]:
    found = [one for one, owner in owners.items() if owner in PUBLIC_OWNERS]
    assert 30 < len(found) < len(owners) - 30
    return found


@pytest.fixture(scope="module")
def hidden(owners: Owners, shown: list[str]) -> list[str]:
    """A parcel of a person, one of a company, and one of which nobody knows whose it is or any other."""
    rest = {owner: one for one, owner in owners.items() if one not in set(shown)}
    assert {"natural", "company"} <= set(rest)
    return list(rest.values())


def data(page: str) -> dict[str, Any]:
    """What the map of a page is told."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    told: dict[str, Any] = json.loads(found[1])
    return told


def without(text: str, identifier: str) -> str:
    return text.replace(identifier, "ID").replace(quote(identifier, safe=""), "ID")


def test_the_list_holds_public_land_and_counts_nothing_else(narrow: TestClient, shown: list[str]) -> None:
    seen: list[str] = []
    for number in range(1, -(-len(shown) // 25) + 1):
        seen += read(narrow, f"/?page={number}&lang=en").rows
    assert seen == shown
    first = read(narrow, "/?lang=en").text
    assert f"of {len(shown)}" in first or f"{len(shown)} parcels" in first


def test_a_private_parcel_is_as_one_that_never_was(narrow: TestClient, hidden: list[str]) -> None:
    body = 'format = 1\n[must]\n"parcel.id" = {{ any_of = ["{}"] }}\n'
    for private in hidden:
        for address in ("/parcels/{}", "/parcels/{}?format=json", "/parcels/{}?format=geojson", "/?q={}", "/?at={}"):
            one, other = (narrow.get(address.format(name)) for name in (private, NEVER_THERE))
            assert one.status_code == other.status_code == (404 if "parcels" in address else 200)
            assert without(one.text, private) == without(other.text, NEVER_THERE), address
        listed = narrow.post("/shortlists", data={"requirement": body.format(private)})
        assert listed.status_code == 200
        assert f"/parcels/{private}" not in listed.text


def test_a_public_parcel_has_its_page(narrow: TestClient, shown: list[str], hidden: list[str]) -> None:
    page = narrow.get(f"/parcels/{shown[0]}").text
    assert [one["properties"]["site"] for one in data(page)["sites"]["features"]] == [shown[0]]
    assert not any(one in page for one in hidden)
    assert "owner_class" not in page


def test_the_map_is_told_of_public_land_alone(
    narrow: TestClient, client: TestClient, shown: list[str], tmp_path: Path
) -> None:
    told, whole = data(narrow.get("/").text), data(client.get("/", headers=PAGE).text)
    assert [one["properties"]["site"] for one in told["sites"]["features"]] == shown[:25]
    assert told["state"] == whole["state"]
    assert told["version"] != whole["version"]
    west, south, east, north = told["extent"]
    assert whole["extent"][0] <= west < east <= whole["extent"][2]
    assert whole["extent"][1] <= south < north <= whole["extent"][3]
    seen: dict[int, set[str]] = {}
    for zoom in (12, 15):
        for place in covering(_web(told["extent"]), zoom):
            address = f"/tiles/{told['state']}/parcel/{zoom}/{place.x}/{place.y}"
            answer = narrow.get(f"{address}?v={told['version']}")
            assert "immutable" in answer.headers["cache-control"]
            # What the wider setting once answered is kept under another address.
            assert "immutable" not in narrow.get(f"{address}?v={whole['version']}").headers["cache-control"]
            found = decoded(answer.content, place, tmp_path).id if answer.content else []
            seen.setdefault(zoom, set()).update(found)
    assert seen == {12: set(shown), 15: set(shown)}


def _web(degrees: list[float]) -> tuple[float, float, float, float]:
    from pyproj import Transformer

    turn = Transformer.from_crs(4326, 3857, always_xy=True)
    return (*turn.transform(*degrees[:2]), *turn.transform(*degrees[2:]))
