"""Tiles over HTTP: what they are sent as, how long they may be kept, and what is refused."""

import gzip
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from api.face import Face
from api.main import create_app
from api.tiles import ABOUT, FOREVER, KIND, Sent, tiles_kept
from gis_sites.catalogue import load_catalogue, own_layers
from gis_sites.inventory import Inventory
from gis_sites.settings import Settings
from gis_sites.store import pictures, states, tiles
from gis_sites.store.connect import open_store
from gis_sites.store.pictures import head
from gis_sites.store.tiles import Place
from tests.api.support import TestClient
from tests.store.support import PARCEL, layer, revision, square, state
from tests.store.tile_support import covering, decoded, drawn


@pytest.fixture(scope="module")
def middle(city: Inventory) -> Place:
    """A tile in the middle of the demo city."""
    drawing = drawn(city.store, city.catalogue, city.need_state(), "parcel")
    with city.store.begin() as conn:
        found = head(conn, drawing)
    assert found is not None
    assert found.box is not None
    west, south, east, north = found.box
    x, y = (west + east) / 2, (south + north) / 2
    return next(covering((x, y, x, y), 15))


def address(place: Place, layer: str = "parcel", state: int = 1) -> str:
    return f"/tiles/{state}/{layer}/{place.z}/{place.x}/{place.y}"


def version(client: TestClient) -> str:
    """What the pages ask for tiles by."""
    data = re.search(r'"version": ?"(\w+)"', client.get("/").text)
    assert data is not None
    return data[1]


def forgets(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server keep no tile."""
    monkeypatch.setattr(cast("FastAPI", client.app).state.tiles, "get", lambda _: None)


def test_a_tile_may_be_kept_for_good(client: TestClient, middle: Place, tmp_path: Path) -> None:
    asked = f"{address(middle)}?v={version(client)}"
    answer = client.get(asked, headers={"accept-encoding": "identity"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == KIND
    assert answer.headers["cache-control"] == FOREVER == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in answer.headers
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    frame = decoded(answer.content, middle, tmp_path)
    assert len(frame) > 20
    assert set(frame.columns) == {"mvt_id", "legend", "id", "geometry"}
    seen = client.get(asked, headers={"if-none-match": answer.headers["etag"]})
    assert (seen.status_code, seen.content) == (304, b"")
    assert seen.headers["cache-control"] == FOREVER
    whole = client.head(asked)
    assert (whole.status_code, whole.content) == (200, b"")
    # An address that does not say what decides its answer may answer otherwise tomorrow.
    for other in (address(middle), f"{address(middle)}?v=0123456789ab"):
        again = client.get(other, headers={"accept-encoding": "identity"})
        assert (again.headers["cache-control"], again.content) == ("no-cache", answer.content)
        seen = client.get(other, headers={"if-none-match": answer.headers["etag"]})
        assert (seen.status_code, seen.headers["cache-control"]) == (304, "no-cache")


def test_what_decides_the_content_besides_the_state_is_in_the_address(city: Inventory, tmp_path: Path) -> None:
    at = city.need_state().at
    settings = city.store.settings

    def of(**more: object) -> str:
        changed = replace(city.store, settings=settings.model_copy(update=more))
        return Face(replace(city, store=changed)).version(at)

    every = [of(public_parcels=one) for one in ("all", "public_owners", "offers")]
    layers = tmp_path / "layers"
    shutil.copytree(own_layers(), layers)
    file = layers / "parcel.toml"
    file.write_text(file.read_text("utf-8") + "\n", "utf-8")
    other = replace(city, catalogue=load_catalogue(layers))
    found = {*every, Face(city).version(at + timedelta(seconds=1)), Face(other).version(at)}
    assert len(found) == 5
    assert of(public_parcels="all") == of(public_parcels="all")


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("br;q=1, GZIP ;q=0.5", True), ("*", True), ("gzip;q=0", False), ("br", False)],
)
def test_a_tile_is_compressed_where_that_is_taken(
    client: TestClient, middle: Place, accepted: str, packed: bool
) -> None:
    plain = client.get(address(middle), headers={"accept-encoding": "identity"}).content
    with client.stream("GET", address(middle), headers={"accept-encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
    assert (answer.headers.get("content-encoding") == "gzip") == packed
    assert (gzip.decompress(raw) if packed else raw) == plain
    assert (len(raw) < len(plain)) == packed
    assert int(answer.headers["content-length"]) == len(raw)


@pytest.mark.parametrize("accepted", ["gzip", "identity"])
def test_a_tile_that_was_asked_for_is_sent_again_without_the_database(
    client: TestClient, middle: Place, monkeypatch: pytest.MonkeyPatch, accepted: str
) -> None:
    asked, headers = f"{address(middle)}?v={version(client)}", {"accept-encoding": accepted}
    first = client.get(asked, headers=headers)

    def never(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("api.tiles.Drawings.of", never)
    again = client.get(asked, headers=headers)
    assert (again.status_code, again.content, dict(again.headers)) == (200, first.content, dict(first.headers))
    assert client.get(asked, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    assert client.head(asked, headers=headers).headers == first.headers
    # What another version, layer or place holds is not told by this one.
    others = (address(middle), f"{address(middle)}?v=0123456789ab", f"{asked}&lang=pl", asked.replace("parcel", "road"))
    for other in others:
        assert client.get(other, headers=headers).status_code == 500


def test_that_one_has_a_tile_already_leaves_it_to_the_others(client: TestClient, middle: Place) -> None:
    asked = f"{address(replace(middle, z=14, x=middle.x // 2, y=middle.y // 2))}?v={version(client)}"
    etag = client.get(address(middle)).headers["etag"]
    assert client.get(asked, headers={"if-none-match": etag}).status_code == 304
    assert client.get(asked).content


def test_of_tiles_so_many_bytes_are_kept() -> None:
    tiles, size = tiles_kept(3 * (10 + ABOUT)), Sent(bytes(10), packed=False, tag="")

    def left() -> str:
        return "".join(name for name in "abcdef" if tiles.get((name, b"")))

    for name in "abc":
        tiles.put((name, b""), size)
    assert tiles.get(("a", b"")) is size
    tiles.put(("d", b""), size)
    assert left() == "acd"
    tiles.put(("e", b""), Sent(bytes(10 + ABOUT), packed=False, tag=""))
    assert left() == "de"
    tiles.put(("f", b""), Sent(bytes(30 + 3 * ABOUT), packed=False, tag=""))
    assert left() == ""


def test_where_there_is_nothing_the_tile_is_empty(client: TestClient) -> None:
    for place, name in ((Place(9, 0, 0), "parcel"), (Place(20, 2**20 - 1, 2**20 - 1), "zoning")):
        answer = client.get(f"{address(place, name)}?v={version(client)}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["cache-control"] == FOREVER


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/tiles/1/water/9/281/169", 404, "no layer “water” to draw"),
        ("/tiles/1/nothing/9/281/169", 404, "no layer “nothing” to draw"),
        ("/tiles/7/parcel/9/281/169", 404, "no state 7"),
        ("/tiles/1/parcel/2/4/0", 404, "no tile 2/4/0"),
        ("/tiles/1/parcel/2/0/4", 404, "no tile 2/0/4"),
        ("/tiles/0/parcel/2/0/0", 422, "state: 0 is too small"),
        ("/tiles/99999999999999999999/parcel/2/0/0", 422, "state: 99999999999999999999 is too large"),
        ("/tiles/1/parcel/21/0/0", 422, "z: 21 is too large; at most 20"),
        ("/tiles/1/parcel/-1/0/0", 422, "z: -1 is too small"),
        ("/tiles/1/parcel/2/-1/0", 422, "x: -1 is too small"),
        ("/tiles/1/parcel/2/0/1.5", 422, "y: “1.5” is not a whole number"),
        ("/tiles/1/parcel/20/0/1048576", 422, "y: “1048576” cannot stand here"),
        (f"/tiles/1/{'p' * 41}/2/0/0", 422, "is too long; at most 40"),
        ("/tiles/1/parcel%00/2/0/0", 404, "to draw"),
        ("/tiles/1/parcel/2/0", 404, "there is nothing at /tiles/1/parcel/2/0;"),
    ],
)
def test_what_is_refused_is_a_problem_that_is_not_kept(client: TestClient, path: str, status: int, said: str) -> None:
    answer = client.get(path, headers={"accept-language": "en"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert said in answer.json()["detail"]


def test_a_tile_that_takes_too_long_may_be_asked_for_again(
    client: TestClient, middle: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgets(client, monkeypatch)
    monkeypatch.setattr(tiles, "PATIENCE_MS", 1)
    monkeypatch.setattr(tiles, "_drawn", lambda _: "(SELECT NULL::geometry FROM pg_sleep(0.01))")
    answer = client.get(address(middle), headers={"accept-language": "en"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["cache-control"] == "no-store"
    assert "takes the database too long" in answer.json()["detail"]


@pytest.fixture
def own(settings: Settings) -> Iterator[tuple[TestClient, Settings]]:
    """An inventory of its own: a state that was dropped, and one that is held."""
    with open_store(settings, catalogue=load_catalogue()) as store:
        held = revision(
            store,
            layer({**PARCEL, "public": "geometry"}),
            [{"key": "a", "id": "a", "geom": square(6_500_000.0, 5_730_000.0)}],
        )
        first = state(store, held)
        state(store, held)
        with store.begin() as conn:
            conn.execute(sa.text("UPDATE registry.states SET dropped_at = now() WHERE id = :id"), {"id": first.id})
    with TestClient(create_app(settings)) as opened:
        yield opened, settings


def test_a_state_that_was_dropped_is_gone(own: tuple[TestClient, Settings]) -> None:
    client, settings = own
    gone, there = (client.get(f"/tiles/{one}/parcel/0/0/0", headers={"accept-language": "en"}) for one in (1, 2))
    assert gone.status_code == 410
    assert "was dropped on" in gone.json()["detail"]
    assert there.status_code == 200
    with open_store(settings) as store, store.begin() as conn:
        conn.execute(sa.text("UPDATE registry.states SET dropped_at = now() WHERE id = 2"))
    assert client.get("/tiles/2/parcel/0/0/0").status_code == 410


def test_a_state_whose_tables_went_while_it_was_asked_for_is_gone(own: tuple[TestClient, Settings]) -> None:
    client, settings = own
    asked = f"?v={version(client)}"
    assert client.get(f"/tiles/2/parcel/0/0/0{asked}").status_code == 200
    with open_store(settings) as store, store.begin() as conn:
        conn.execute(sa.text("UPDATE registry.states SET dropped_at = now() WHERE id = 2"))
        conn.execute(sa.text("DROP TABLE store.parcel_r1 CASCADE"))
    there, gone = (client.get(f"/tiles/2/parcel/{one}{asked}", headers={"accept-language": "en"})
                   for one in ("0/0/0", "20/589824/352256"))  # fmt: skip
    assert there.status_code == 200
    assert gone.status_code == 410
    assert "was dropped on" in gone.json()["detail"]


def test_pictures_that_are_missing_are_not_made_by_asking(
    own: tuple[TestClient, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, settings = own
    forgets(client, monkeypatch)
    assert client.get("/tiles/2/parcel/0/0/0").status_code == 200
    monkeypatch.setattr(tiles, "MOST_LIVE", 0)
    answer = client.get("/tiles/2/parcel/0/0/0", headers={"accept-language": "en"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "is being made" in answer.json()["detail"]
    with open_store(settings, catalogue=load_catalogue()) as store, store.begin() as conn:
        drawing = drawn(store, load_catalogue(), states.get(conn, 2), "parcel", made=False)
        assert head(conn, drawing) is None
        pictures.make(conn, drawing)
    assert client.get("/tiles/2/parcel/0/0/0").status_code == 200
