"""Vector tiles and single features over HTTP, beside tipg over the same table; every request goes to both by turns.

Tiles are asked for as the pages ask: for the first time, cold, and then again, warm.
"""

import http.client
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from benchmarks import serving
from benchmarks.database import parts
from benchmarks.ground import Ground
from benchmarks.table import Row, versus

ZOOMS = (12, 14, 16)
PLACES = 12
"""Tiles of each zoom, and parcels asked for, in one run."""
ROUNDS = 5
"""How often each tile is asked for again."""
MOST = 10_000
"""What tipg puts into a tile at most."""
TILE = "/tiles/{state}/{layer}/{z}/{x}/{y}"
TIPG = "/collections/{table}/tiles/WebMercatorQuad/{z}/{x}/{y}?properties=key"


def run(here: Ground, runs: int) -> Iterator[Row]:
    """Measure the tiles of each zoom and the parcels by identifier, check that both show the same, and compare.

    Parcels come first: with them both servers have connected, and looked up what they look up once.
    """
    from gis_sites.inventory import open_inventory
    from gis_sites.store.tiles import Place

    with open_inventory(here.settings) as inventory:
        state = inventory.need_state()
    table = state.revisions["parcel"].table
    places = list(_places(here.url, table, max(runs, 1) * PLACES))
    with serving.ours(here) as server, serving.tipg(here, [table]) as other:
        paths = ("/api/v1/parcels/{id}", f"/collections/{table}/items?key={{id}}")
        yield _compared("one parcel by identifier", server, other, [_both(paths, id=one[0]) for one in places])
        paths = (f"{TILE}?v={_version(server)}", TIPG)
        fixed = {"state": state.id, "layer": "parcel", "table": table}
        for zoom in ZOOMS:
            tiles = dict.fromkeys(Place.at(lon, lat, zoom) for _, lon, lat in places)
            asked = [_both(paths, **fixed, **vars(one)) for one in tiles]
            yield _compared(f"tiles of zoom {zoom}, cold", server, other, asked, zoom=zoom)
            yield _warm(f"tiles of zoom {zoom}, warm", server, other, asked)


def _both(paths: tuple[str, str], **values: object) -> tuple[str, str]:
    first, second = (path.format(**values) for path in paths)
    return first, second


def _compared(
    what: str, server: serving.Server, other: serving.Server, asked: list[tuple[str, str]], *, zoom: int | None = None
) -> Row:
    """Ask both for the same by turns."""
    ours, theirs, shown = [], [], []
    for mine, its in asked:
        took, answer = server.timed("GET", mine)
        their_took, their_answer = other.timed("GET", its)
        if zoom is None and len(their_answer.json()["features"]) != 1:
            raise RuntimeError(f"tipg does not find {its}")
        ours.append(took)
        theirs.append(their_took)
        shown.append((answer.content, their_answer.content))
    note = "" if zoom is None else _same(shown, rows=zoom == ZOOMS[-1])
    return versus(what, serving.measured(server, ours), "tipg", serving.measured(other, theirs), note=note)


def _warm(what: str, server: serving.Server, other: serving.Server, asked: list[tuple[str, str]]) -> Row:
    """Ask both for what they were asked before, on one connection each and with as little of a client as may be."""
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        ours += _again(server, [mine for mine, _ in asked])
        theirs += _again(other, [its for _, its in asked])
    mine, its = serving.measured(server, ours), serving.measured(other, theirs)
    note = f"{1 / mine.median:,.0f} a second (tipg {1 / its.median:,.0f})"
    return versus(what, mine, "tipg", its, note=note)


def _again(server: serving.Server, paths: list[str]) -> Iterator[float]:
    """Ask for tiles one after the other; yield what each took but the first, which connects."""
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc)
    for at, path in enumerate([paths[0], *paths]):
        before = time.perf_counter()
        connection.request("GET", path, headers={"accept-encoding": "gzip"})
        answer = connection.getresponse()
        answer.read()
        took = time.perf_counter() - before
        if answer.status not in {200, 204}:
            raise RuntimeError(f"{server.address}{path} answers {answer.status}")
        if at:
            yield took
    connection.close()


def _version(server: serving.Server) -> str:
    """Return what the pages ask for tiles by."""
    told = re.search(r'"version": ?"(\w+)"', server.client.get("/", headers={"accept": "text/html"}).text)
    if told is None:
        raise RuntimeError("the page does not say what it asks for tiles by")
    return told[1]


def _same(shown: list[tuple[bytes, bytes]], *, rows: bool) -> str:
    """Check that our tiles hold what tipg's do; say how large they are.

    Ours hold the neighbours in their margin too. Where rows would be too many ours are pictures of all of them, and
    tipg stops at so many features: that is said, and wrong only where `rows` are expected.
    """
    counts = [(features(ours), features(theirs)) for ours, theirs in shown]
    pictures = sum(ours < theirs for ours, theirs in counts)
    if rows and pictures:
        raise RuntimeError(f"features of our tiles and of tipg's: {counts}")
    sizes = [sum(len(pair[at]) for pair in shown) // len(shown) for at in (0, 1)]
    cut = sum(theirs == MOST for _, theirs in counts)
    ours = f"{sizes[0] / 1024:,.0f} KiB" + (f", {pictures} of them pictures" if pictures else "")
    theirs = f"{sizes[1] / 1024:,.0f} KiB" + (f", {cut} of them cut off" if cut else "")
    return f"{len(shown)} of {ours} (tipg {theirs})"


def _places(url: str, table: str, count: int) -> Iterator[tuple[str, float, float]]:
    """Yield identifiers and places of parcels here and there, the same ones each time."""
    import psycopg

    middle = "ST_Transform(ST_PointOnSurface(geom), 4326)"
    chosen = f"SELECT key FROM {table} ORDER BY md5(key) LIMIT {count}"
    query = f"SELECT key, ST_X({middle}), ST_Y({middle}) FROM {table} WHERE key IN ({chosen}) ORDER BY md5(key)"
    with psycopg.connect(**parts(url)) as conn:
        yield from conn.execute(query).fetchall()


def features(tile: bytes) -> int:
    """Count the features of a Mapbox vector tile: field 2 of every layer, itself field 3 of the tile."""
    return sum(sum(1 for number, _ in fields(layer) if number == 2) for number, layer in fields(tile) if number == 3)


def fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the number and the content of each field of a protocol buffer."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        if key & 7 == 0:
            value, at = varint(message, at)
            yield key >> 3, value
        else:
            size, at = varint(message, at) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], at)
            yield key >> 3, message[at : at + size]
            at += size


def varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a number of a protocol buffer, and where the next thing begins."""
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
