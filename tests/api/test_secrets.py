"""Nothing that is not public leaves the house: every route is walked over a city of secrets, and the log is read."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.routing import Mount

from api.list_files import MOST
from api.main import create_app
from api.need_link import packed
from api.shortlist_page import FORMATS
from gis_sites.catalogue import Layer, load_catalogue
from gis_sites.inventory import open_inventory
from gis_sites.matching.also import ANSWERS
from gis_sites.matching.reading import understand
from gis_sites.settings import Settings
from tests.api.mvt import longitudes
from tests.api.planted import (
    CLOSED,
    DEAD,
    FAR_M,
    HIDDEN,
    KW,
    MARK,
    NEVER_THERE,
    PESEL,
    SHOWN,
    as_form,
    plant,
    requirement,
    secrets,
    texts,
)
from tests.api.support import Served, TestClient, serve
from tests.conftest import Databases
from tests.intake.support import parcel_id

NARROW = ("public_owners", "offers")
ZOOMS = range(0, 19)
SOME_ZOOMS = (0, 6, 11, 14, 18)
LAT, LONS, HIDDEN_LON = 51.758, (18.0727, 18.0740), 18.3624
"""Where the city lies, and its hidden parcels."""
BETWEEN = 18.2
ENLARGED = 32
"""By so many units of a tile what is small may be drawn too large."""
Ask = Callable[[httpx.Client], Iterator[httpx.Response]]
Apps = Mapping[str, TestClient]


@pytest.fixture(scope="module")
def planted(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A city full of secrets, published."""
    address = databases.fresh().render_as_string(hide_password=False)
    return plant(tmp_path_factory.mktemp("planted"), address)


@pytest.fixture(scope="module")
def apps(planted: Settings) -> Iterator[Apps]:
    """The application under each setting, asked within the process."""
    with ExitStack() as stack:
        yield {
            setting: stack.enter_context(
                TestClient(
                    create_app(planted.model_copy(update={"public_parcels": setting})),
                    headers={"accept-language": "en"},
                )
            )
            for setting in ("all", *NARROW)
        }


# ---- how each route is asked -------------------------------------------------------------------------------


def get(*addresses: str) -> Ask:
    def ask(client: httpx.Client) -> Iterator[httpx.Response]:
        for address in addresses:
            yield client.get(address)

    return ask


def wanted(client: httpx.Client) -> list[dict[str, Any]]:
    every = requirement(client.get("/api/v1/layers").json())
    return [
        every,
        {"format": 1, "must": {"parcel.land_use": {"any_of": ["R"]}}, "ask": [{"text": "?", "of": "operator"}]},
        {"format": 1, "must": {"zoning.production_share": {"min": 0.1}, "sez.share": {"min": 0.1}}},
        {"format": 1, "must": {"parcel.owner_clas": {"any_of": ["natural"]}}},
    ]


def shortlists(client: httpx.Client) -> Iterator[httpx.Response]:
    address = f"/api/v1/shortlists?top=500&with={','.join(ANSWERS)}"
    yield from (client.post(address, json=one) for one in wanted(client))


def whys(client: httpx.Client) -> Iterator[httpx.Response]:
    for one in wanted(client):
        yield from (client.post("/api/v1/why", json=one, params={"parcel": site}) for site in (*SITES, "T/1", "T/3"))


def links(client: httpx.Client) -> Iterator[httpx.Response]:
    for one in wanted(client):
        yield client.get("/shortlists/answer", params={"need": packed(understand(one)), "lang": "en"})


def posted(address: str) -> Ask:
    def ask(client: httpx.Client) -> Iterator[httpx.Response]:
        first, *others = wanted(client)
        yield client.post(address, data=as_form(first))
        yield from (client.post(f"{address}?lang=en", data=as_form(one)) for one in others)

    return ask


def asks(client: httpx.Client) -> Iterator[httpx.Response]:
    yield from get("/shortlists", "/shortlists?template=logistics&lang=en")(client)
    yield from posted("/shortlists")(client)


def exports(client: httpx.Client) -> Iterator[httpx.Response]:
    first, *others = (as_form(one) for one in wanted(client))
    for form in (*FORMATS, "pdf"):
        yield client.post(f"/shortlists/{form}", data=first)
    for one in others:
        yield client.post("/shortlists/map?lang=en", data=one)


def tiles(client: httpx.Client, layers: Mapping[str, Layer] = load_catalogue().layers) -> Iterator[httpx.Response]:
    """Ask for every tile over the city of layers that could draw hidden parcels, and for some of all others."""
    for name, layer in layers.items():
        drawn = layer.public == "geometry" and name not in CLOSED
        for zoom in (ZOOMS if name == "parcel" or layer.parcels else SOME_ZOOMS) if drawn else (10,):
            for x, y in covering(zoom):
                yield client.get(f"/tiles/1/{name}/{zoom}/{x}/{y}")
    yield from get("/tiles/1/nothing/9/1/1", "/tiles/2/parcel/9/1/1", "/tiles/1/parcel/9/1/999")(client)


def rows(client: httpx.Client) -> Iterator[httpx.Response]:
    """Ask OGC API Features for every row of every layer there might be, in every way rows may be asked for."""
    for name in load_catalogue().layers:
        address = f"/ogc/collections/{name}/items"
        yield from get(address, f"{address}?limit=1&offset=1&lang=en", f"{address}?limit=10000&sortby=-id")(client)
        yield client.get(f"{address}?bbox={LONS[0] - 1},{LAT - 1},{HIDDEN_LON + 1},{LAT + 1}")
    for column in ("land_register", "number", "parcel_id"):
        yield from get(*(f"/ogc/collections/parcel/items?{column}={one}" for one in (*SITES, "natural")))(client)


def each_layer(rest: str) -> Ask:
    return get(*(f"/ogc/collections/{name}{rest}" for name in load_catalogue().layers))


def covering(zoom: int) -> list[tuple[int, int]]:
    """Return the tiles with the city in them, and those with the hidden parcels: of close ones, where they lie."""
    return sorted({place(lon, LAT, zoom) for lon in (*LONS, HIDDEN_LON)})


def beyond(answer: httpx.Response) -> bool:
    """Tell whether a tile shows what lies where nobody may look; a tile repeats a little of its neighbours."""
    *_, zoom, column, _ = answer.request.url.path.split("/")
    most = BETWEEN + ENLARGED * 360 / 4096 / 2 ** int(zoom)
    return any(lon > most for lon in longitudes(answer.content, int(zoom), int(column)))


def place(lon: float, lat: float, zoom: int) -> tuple[int, int]:
    turned = math.asinh(math.tan(math.radians(lat)))
    return int((lon + 180) / 360 * 2**zoom), int((1 - turned / math.pi) / 2 * 2**zoom)


SITES = [*SHOWN, *map(parcel_id, DEAD), NEVER_THERE]
TILES = "/tiles/{state}/{layer}/{z}/{x}/{y}"
LISTS = ("", "?lang=en", "?kind=offers", "?q=306101", "?q=7", "?precinct=0012", "?precinct=0099", "?at=" + SHOWN[0],
         "?area_from=0,01&use=production&doubtful=1", "?page=2", "?area_from=x",
         "?v=2&parcel.owner_class=natural&sort=parcel.owner_class",
         "?v=2&flood.share=..0&doubtful=1&basket=" + SHOWN[0],
         *(f"?v=2&parcel.area_m2=1..&doubtful=1&format={form}" for form in MOST),
         "?format=points", "?kind=offers&format=points", "?kind=offers&format=gpkg")  # fmt: skip
FORMS = ("", "?format=json", "?format=geojson&lang=en", "?format=pdf")
ASKED: Mapping[str, Ask] = {
    "/openapi.json": get("/openapi.json"),
    "/docs": get("/docs", "/docs?lang=en"),
    "/static/{path}": get("/static/site.js", "/static/none"),
    "/api/v1/layers": get("/api/v1/layers"),
    "/api/v1/parcels/{id:path}": get(*(f"/api/v1/parcels/{one}" for one in SITES)),
    "/api/v1/offers": get("/api/v1/offers", "/api/v1/offers?count=0"),
    "/api/v1/offers/{id:path}": get("/api/v1/offers/T/1", "/api/v1/offers/T/3"),
    "/api/v1/shortlists": shortlists,
    "/api/v1/why": whys,
    "/": get(*(f"/{one}" for one in LISTS)),
    "/layers": get("/layers", "/layers?lang=en"),
    "/compare": get("/compare", f"/compare?basket={','.join(SITES[:4])}", f"/compare?basket={SHOWN[0]},T/1&lang=en"),
    "/parcels/{id:path}": get(*(f"/parcels/{one}{form}" for one in SITES for form in FORMS)),
    "/offers/{id:path}": get(*(f"/offers/{one}{form}" for one in ("T/1", "T/3") for form in FORMS)),
    "/shortlists": asks,
    "/shortlists/answer": links,
    "/shortlists/{form_name}": exports,
    TILES: tiles,
    "/accessibility": get("/accessibility", "/accessibility?lang=en"),
    "/ogc/": get("/ogc/", "/ogc/?lang=en"),
    "/ogc/conformance": get("/ogc/conformance"),
    "/ogc/api": get("/ogc/api"),
    "/ogc/project.qgs": get("/ogc/project.qgs", "/ogc/project.qgs?lang=en"),
    "/ogc/collections": get("/ogc/collections", "/ogc/collections?lang=en"),
    "/ogc/collections/{collectionId}": each_layer(""),
    "/ogc/collections/{collectionId}/queryables": each_layer("/queryables"),
    "/ogc/collections/{collectionId}/items": rows,
    "/ogc/collections/{collectionId}/items/{itemId}": each_layer("/items/1"),
}  # fmt: skip
"""How each route is asked: a route that is not here fails the test."""


def paths(routes: Any) -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount):
            yield "/static/{path}" if route.path.startswith("/static") else f"{route.path}/{{path}}"
        elif (inner := getattr(route, "original_router", None)) is not None:
            yield from paths(inner.routes)
        else:
            yield route.path


def test_every_route_is_walked(planted: Settings) -> None:
    there = set(paths(create_app(planted).routes))
    assert there - set(ASKED) == set()
    assert len(there) > 6


# ---- what they answer ----------------------------------------------------------------------------------------


def walk(client: httpx.Client, routes: set[str], asked: Mapping[str, Ask]) -> Iterator[tuple[str, httpx.Response]]:
    for path, ask in asked.items():
        if path in routes:
            for answer in ask(client):
                yield path, answer


def told(answer: httpx.Response) -> set[str]:
    headers = str(dict(answer.headers))
    return {one for text in (headers, *texts(answer.content)) for one in secrets(text)}


@dataclass(frozen=True)
class Walk:
    """Every answer of a real server under one setting, what it has written meanwhile, and what the views then told."""

    answers: list[tuple[str, httpx.Response]]
    log: str
    views: list[str]


def walk_all(url: str, asked: Mapping[str, Ask], routes: set[str]) -> list[tuple[str, httpx.Response]]:
    with httpx.Client(base_url=url, timeout=30, headers={"user-agent": MARK}) as client:
        answers = list(walk(client, routes, asked))
        client.get(f"/api/v1/parcels/{HIDDEN[0]}?q={MARK}")
    return answers


def stop(served: Served) -> None:
    served.process.terminate()
    served.process.wait(20)


@pytest.fixture(scope="module")
def walks(planted: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Walk]:
    """One server a setting, each walked while the next one starts."""
    sites = {name: load_catalogue().layers[name] for name in ("parcel", "offer")}
    every = {NARROW[0]: ASKED, NARROW[1]: {**ASKED, TILES: partial(tiles, layers=sites)}}
    routes, folder = set(paths(create_app(planted).routes)), tmp_path_factory.mktemp("logs")
    with ExitStack() as servers, ThreadPoolExecutor(len(every)) as pool:
        views, going = {}, {}
        for setting, asked in every.items():
            more = {"GIS_SITES_PUBLIC_PARCELS": setting, "GIS_SITES_LAYERS": str(planted.layers)}
            served = serve(planted, folder / setting, GIS_SITES_RATE_PER_MINUTE="0", **more)
            servers.callback(stop, served)
            views[setting] = published(planted)
            going[setting] = pool.submit(walk_all, served.url, asked, routes)
        answers = {setting: one.result() for setting, one in going.items()}
    return {one: Walk(answers[one], (folder / one).read_text(), views[one]) for one in every}


def published(settings: Settings) -> list[str]:
    """Return every row of the views that other programs read."""
    assert settings.database_url is not None
    engine = sa.create_engine(settings.database_url, poolclass=sa.NullPool)
    with engine.connect() as conn:
        names = conn.execute(sa.text("SELECT viewname FROM pg_views WHERE schemaname = 'published'")).scalars().all()
        assert {"parcel", "offer", "sez"} <= set(names)
        return [
            str(row)
            for name in names
            for row in conn.execute(sa.text(f"SELECT to_jsonb(v)::text FROM published.{name} AS v")).scalars()
        ]


@pytest.fixture(params=NARROW)
def walked(walks: dict[str, Walk], request: pytest.FixtureRequest) -> Walk:
    return walks[request.param]


def test_no_answer_tells_a_secret(walked: Walk) -> None:
    answers = walked.answers
    good = {path for path, answer in answers if answer.status_code == 200}
    assert good == {path for path, _ in answers}
    assert not [(path, answer.status_code) for path, answer in answers if answer.status_code >= 500]
    leaks = {(str(answer.request.url.raw_path), one) for _, answer in answers for one in told(answer)}
    assert leaks == set()
    tiled = [answer for path, answer in answers if path.startswith("/tiles/") and answer.status_code == 200]
    assert [answer.request.url.path for answer in tiled if beyond(answer)] == []


def test_what_other_programs_may_read_is_narrowed_when_the_server_starts(walked: Walk) -> None:
    assert walked.views
    assert {one for row in walked.views for one in secrets(row)} == set()


def test_the_log_tells_no_secret(walked: Walk) -> None:
    log = walked.log
    assert "Uvicorn running" in log
    assert secrets(log) == set()
    assert "Traceback" not in log


def test_the_policy_is_on_every_answer(walked: Walk) -> None:
    answers = walked.answers
    policies = {answer.headers.get("content-security-policy", "") for _, answer in answers}
    assert len(policies) == 1
    (policy,) = policies
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not any("set-cookie" in answer.headers for _, answer in answers)


def test_the_secrets_are_there_and_would_be_found(planted: Settings, apps: Apps) -> None:
    client = apps["all"]
    with open_inventory(planted) as inventory:
        with inventory.store.begin() as conn:
            state = inventory.need_state()
            for layer in inventory.catalogue:
                hidden = [
                    name
                    for name, spec in layer.fields.items()
                    if spec.type == "text" and (not spec.public or layer.public == "none")
                ]
                for name in hidden:
                    table = state.revisions[layer.name].table
                    found = conn.execute(sa.text(f'SELECT count(*) FROM {table} WHERE "{name}" LIKE :mark'),
                                         {"mark": f"%{MARK}%"}).scalar_one()  # fmt: skip
                    assert found, (layer.name, name)
            owners = conn.execute(sa.text("SELECT owner_class FROM inventory.parcel WHERE parcel_id = :id"),
                                  {"id": HIDDEN[0]}).scalar_one()  # fmt: skip
        assert owners == "natural"
        assert set(CLOSED) < set(inventory.catalogue.layers)
        # With all parcels public the hidden ones are seen, by the very eyes that see nothing above.
        seen = client.get(f"/parcels/{HIDDEN[0]}?format=geojson")
        assert {"a mark", "a hidden parcel", "a longitude"} <= told(seen)
        exported = client.post("/shortlists/gpkg", data=as_form(wanted(client)[0]))
        assert {"a hidden parcel", "an easting"} <= told(exported)
        rows_of_all = client.get("/ogc/collections/parcel/items?limit=100")
        assert {"a mark", "a hidden parcel", "a longitude"} <= told(rows_of_all)
        packed = client.post("/shortlists/xlsx", data=as_form(wanted(client)[0]))
        assert "a hidden parcel" in told(packed)
        near, far = (client.get(f"/tiles/1/parcel/{zoom}/{x}/{y}") for zoom in (14,) for x, y in covering(zoom))
        assert [beyond(near), beyond(far)] == [False, True]
        assert "a hidden parcel" in told(far)
    assert secrets(f"x {KW} y") == {"a land register"}
    assert secrets(PESEL) == {"a PESEL"}


@pytest.mark.parametrize("setting", NARROW)
def test_a_hidden_parcel_answers_like_one_that_never_was(apps: Apps, setting: str) -> None:
    client = apps[setting]
    gone = client.get(f"/api/v1/parcels/{parcel_id('901')}")
    assert (gone.status_code, gone.json()["successors"]) == (410, [SHOWN[0]])
    for hidden in (*HIDDEN, parcel_id("902"), parcel_id("903")):
        for address in ("/api/v1/parcels/{}", "/parcels/{}", "/parcels/{}?format=geojson", "/?q={}", "/?at={}",
                        f"/compare?basket={{}},{SHOWN[0]}"):  # fmt: skip
            one, other = (client.get(address.format(name)) for name in (hidden, NEVER_THERE))
            assert one.status_code == other.status_code, (address, hidden)
            assert same(one, hidden) == same(other, NEVER_THERE), (address, hidden)
        one, other = (
            client.post("/api/v1/why", json={"format": 1}, params={"parcel": name}) for name in (hidden, NEVER_THERE)
        )
        assert one.status_code == other.status_code == 404
        assert same(one, hidden) == same(other, NEVER_THERE)
        body = {"format": 1, "must": {"parcel.id": {"any_of": [hidden]}}}
        one, other = (
            client.post("/api/v1/shortlists", json=json.loads(json.dumps(body).replace(hidden, name))).json()
            for name in (hidden, NEVER_THERE)
        )
        assert one["counts"] == other["counts"]
        assert one["counts"]["considered"] == len(SHOWN if setting == "public_owners" else SHOWN[:2])
        assert one["candidates"] == []


def same(answer: httpx.Response, name: str) -> str:
    return answer.text.replace(name, "ID").replace(name.replace("/", "%2F"), "ID")


@pytest.mark.parametrize("setting", NARROW)
def test_counts_speak_of_what_is_shown(apps: Apps, setting: str) -> None:
    client = apps[setting]
    layers = {one["layer"]: one for one in client.get("/api/v1/layers").json()["layers"]}
    assert "0099" not in {part.get("part") for part in layers["parcel"]["parts"]}
    assert layers["parcel"]["rows"] == len(SHOWN if setting == "public_owners" else SHOWN[:2])
    offers = client.get("/api/v1/offers").json()
    assert [one["id"] for one in offers["offers"]] == ["T/1"]
    assert offers["total"] == 1
    everyone = client.get("/api/v1/layers").headers["etag"]
    assert apps["all"].get("/api/v1/layers").headers["etag"] != everyone
    assert apps["all"].get("/api/v1/offers").json()["total"] == 2
    assert FAR_M > 10_000


@pytest.mark.parametrize("setting", [*NARROW, "all"])
def test_the_published_views_follow_the_setting(planted: Settings, setting: str) -> None:
    narrow = planted.model_copy(update={"public_parcels": setting})
    with open_inventory(narrow) as inventory:
        assert inventory.refresh_views()
        with inventory.store.begin() as conn:
            rows = [
                str(row)
                for view in ("parcel", "offer", "sez")
                for row in conn.execute(sa.text(f"SELECT to_jsonb(v)::text FROM published.{view} AS v")).scalars()
            ]
    assert rows
    found = {one for row in rows for one in secrets(row)}
    assert ("a hidden parcel" in found) is (setting == "all")
    assert "a land register" not in found
