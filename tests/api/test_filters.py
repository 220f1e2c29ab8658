"""The one filter: its address says all of it, and list, map, files and counts are the same rows."""

import csv
import html
import io
import math
import re
import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import geopandas as gpd
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from api.face import Face
from api.facets import Days, Facets, Span
from api.filters import KINDS, Filters, facets_of
from gis_sites.catalogue import Attribute, Catalogue, load_catalogue, own_layers
from tests.api.support import TestClient
from tests.api.test_pages import Read

PUBLIC = load_catalogue().public()
FACETS = facets_of(PUBLIC)
LAYERS = [one.name for one in PUBLIC]
SEED, ROUNDS, SHAPED = 20261121, 200, 20
DATED = ("sez.valid_to", "offer.available_from")
TODAY = date(2026, 11, 21)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def known(pages: TestClient) -> list[Json]:
    """What the API says of every parcel, in the order of identifiers."""
    face: Face = pages.app.state.face  # type: ignore[attr-defined]
    ids = face.views(face.now())[0].ids.to_pylist()
    documents = [pages.get(f"/api/v1/parcels/{one}").json() for one in ids]
    return [{"id": one["id"], "values": {v["attribute"]: v for v in one["attributes"]}} for one in documents]


# ---- state -> address -> state ---------------------------------------------------------------------------

ends = st.floats(-1e9, 1e9).map(lambda end: round(end, 6) + 0.0) | st.sampled_from([math.inf])
days = st.dates() | st.none()
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
sites = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z"), exclude_characters=","), min_size=1, max_size=40)


def listed(names: list[str]) -> st.SearchStrategy[str]:
    """Some of the names, as the address lists them."""
    return st.lists(st.sampled_from(names), min_size=1, max_size=12, unique=True).map(",".join)


@st.composite
def choices(draw: st.DrawFn, name: str) -> tuple[str, Any]:
    facet = FACETS[name]
    if facet.attribute is not None and facet.attribute.kind == "date":
        return name, Days.between(*draw(st.tuples(days, days).filter(any)))
    if facet.attribute is not None and facet.attribute.kind == "number":
        low, high = draw(ends), draw(ends)
        return name, Span(-math.inf if low == math.inf else low, high if low != math.inf or high != math.inf else 1.0)
    free = facet.attribute is not None and facet.attribute.kind == "text"
    offered = words if free else st.sampled_from([one[0] for one in facet.options(TODAY) if isinstance(one, tuple)])
    return name, tuple(sorted(draw(st.sets(offered, min_size=1, max_size=5))))


@st.composite
def filters(draw: st.DrawFn) -> Filters:
    named = draw(st.sets(st.sampled_from(sorted(FACETS.every)), max_size=5))
    zoom, lat, lon = draw(st.integers(0, 2000)), draw(st.integers(-9_000_000, 9_000_000)), draw(st.integers(0, 10**7))
    return Filters(
        kind=draw(st.sampled_from(KINDS)),
        q=" ".join(draw(words).split()),
        chosen=tuple(draw(choices(name)) for name in sorted(named)),
        doubtful=draw(st.booleans()),
        sort=draw(st.sampled_from(["", "parcel.area_m2", "-water.distance_m", "zoning.plan_status"])),
        page=draw(st.integers(1, 999_999)),
        at=draw(sites | st.just("")),
        view=draw(st.sampled_from(["", f"{zoom / 100}/{lat / 1e5:.5f}/{lon / 1e5:.5f}"])),
        layers=draw(st.just("") | st.just("-") | listed(LAYERS)),
        without_classes=draw(st.just("") | listed([f"{one}.{step}" for one in LAYERS for step in range(12)])),
        basket=tuple(draw(st.lists(sites, max_size=4, unique=True))),
        lang=draw(st.sampled_from(["", "pl", "en"])),
    )


def understood(address: str) -> Filters:
    return Filters.of(QueryParams(urlsplit(address).query), PUBLIC)


@given(filters())
def test_the_address_is_the_whole_state(state: Filters) -> None:
    assert understood(state.address()) == state


def test_an_empty_state_is_the_plain_address() -> None:
    assert Filters().address() == "/"
    assert Filters(lang="en").address() == "/?lang=en"
    assert understood("/") == Filters()


OLD = {
    "/?q=12%2F3&precinct=0012": {"q": "12/3", "chosen": (("parcel.precinct", ("0012",)),)},
    "/?area_from=0%2C5&area_to=2.5&use=production&doubtful=1": {
        "chosen": (("parcel.area_m2", Span(5000.0, 25000.0)), ("use", ("production",))), "doubtful": True},
    "/?area_to=1&kind=offers&page=3&at=T%2F1&lang=en": {
        "chosen": (("parcel.area_m2", Span(high=10000.0)),), "kind": "offers", "page": 3, "at": "T/1", "lang": "en"},
    "/?q=&precinct=&area_from=&area_to=&use=": {},
}  # fmt: skip


@pytest.mark.parametrize("address", OLD)
def test_links_of_the_earlier_form_keep_working(address: str) -> None:
    assert "v=" not in address
    state = understood(address)
    assert state == Filters(**OLD[address])  # type: ignore[arg-type]
    assert understood(state.address()) == state
    assert not OLD[address] or "v=2" in state.address()


def test_what_makes_no_sense_is_told_and_left_out() -> None:
    address = "/?water.distance_m=near&flood.share=..&zoning.plan_status=x&sort=a.b&view=1/2&area_from=dużo"
    state = understood(f"{address}&sez.valid_to=2027-02-30..&offer.available_from=..5")
    assert set(state.odd) == {"near", "..", "x", "dużo", "2027-02-30..", "..5"}
    assert state == Filters(odd=state.odd)
    assert understood("/?parcel.owner_class=natural") == Filters()


def test_several_of_a_form_are_one_choice() -> None:
    state = understood("/?zoning.plan_status=partly&zoning.plan_status=in_force,partly")
    assert state.choices == {"zoning.plan_status": ("in_force", "partly")}
    once = state.toggled("zoning.plan_status", ("partly",))
    assert once.choices == {"zoning.plan_status": ("in_force",)}
    assert once.toggled("zoning.plan_status", ("in_force",)).chosen == ()


# ---- list = map = file = recount -------------------------------------------------------------------------


def recount(filters: Filters, known: list[Json]) -> tuple[list[str], list[str]]:
    """Judge parcel by parcel what the API says of it: who fits, and of whom nobody knows."""
    met, unknown = [], []
    for one in known:
        verdicts = [judged(name, choice, one["values"]) for name, choice in filters.chosen]
        if all(verdicts):
            met.append(one["id"])
        elif False not in verdicts:
            unknown.append(one["id"])
    return met, unknown


def judged(name: str, choice: Any, values: Mapping[str, Json]) -> bool | None:
    if name == "use":
        return either(whole([share(f"zoning.{use}_share", 0.9, values)]) or general(use, values) for use in choice)
    attribute, entry = PUBLIC.attributes[name], values[name]
    if entry["state"] == "unknown":
        return None
    if isinstance(choice, Span):
        return within(attribute, choice, entry)
    value = "none" if entry["state"] == "none" else entry["value"]
    return ("yes" if value else "no") in choice if attribute.kind == "flag" else value in choice


def general(use: str, values: Mapping[str, Json]) -> bool | None:
    own = share(f"zoning.{use}_share", 0.9, values)
    if f"general_plan.{use}_share" not in values:
        return own
    none = within(PUBLIC.attributes["zoning.plan_share"], Span(high=0.0), values["zoning.plan_share"])
    return either([own, whole([none, share(f"general_plan.{use}_share", 0.9, values)])])


def share(name: str, least: float, values: Mapping[str, Json]) -> bool | None:
    return within(PUBLIC.attributes[name], Span(low=least), values[name])


def whole(verdicts: Any) -> bool | None:
    every = list(verdicts)
    return False if False in every else None if None in every else True


def either(verdicts: Any) -> bool | None:
    every = list(verdicts)
    return True if True in every else None if None in every else False


def within(attribute: Attribute, span: Span, entry: Json) -> bool | None:
    if entry["state"] == "unknown":
        return None
    if entry["state"] == "none":  # not there: farther than any distance, and its lack no small value either
        return span.high == math.inf and (attribute.none == math.inf or span.low == -math.inf)
    low, high = entry.get("low", entry["value"]), entry.get("high", entry["value"])
    if attribute.kind == "date":
        low, high = (one and date.fromisoformat(one).toordinal() for one in (low, high))
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    least = True if low >= span.low else False if high < span.low else None
    most = True if high <= span.high else False if low > span.high else None
    return whole([least, most])


def chances(known: list[Json]) -> Iterator[Filters]:
    """Yield what is offered of days, then filters at random: options, ranges between values and codes that occur."""
    dice = Random(SEED)
    names = sorted(FACETS.every)
    dated = [Filters().plus(name, one) for name in DATED for one in FACETS[name].options(TODAY)]
    yield from dated
    for _ in range(ROUNDS - len(dated)):
        state = Filters(doubtful=dice.random() < 0.4, sort=dice.choice(["", "-parcel.area_m2", "water.distance_m"]))
        for name in dice.sample([*names, *FACETS.offered * 3], dice.choice([1, 1, 2, 2, 3, 4])):
            if choice := chance(name, known, dice):
                state = state.plus(name, choice)
        yield state


def chance(name: str, known: list[Json], dice: Random) -> Any:
    offered = FACETS[name].options(TODAY)
    if offered and dice.random() < 0.6:
        return dice.choice(offered)
    if name == "use":
        return tuple(sorted(dice.sample(list(FACETS[name].any), 2)))
    values = [one["values"][name]["value"] for one in dice.sample(known, 12)]
    values = sorted({value for value in values if value is not None and not isinstance(value, bool)})
    attribute = FACETS[name].attribute
    if attribute is not None and attribute.kind == "date":
        values = [date.fromisoformat(one) for one in values]
    if not values or attribute is None or attribute.kind == "flag":
        return dice.choice(offered) if offered else None
    if attribute.kind == "date":
        return Days.between(*dice.choice([(None, values[-1]), (values[0], None), (values[0], values[-1])]))
    if attribute.kind == "number":
        least, most = sorted(dice.choices(values, k=2))
        return dice.choice([Span(low=least), Span(high=most), Span(least, most)])
    return tuple(values[:3])


def test_list_map_file_and_recount_are_the_same_rows(pages: TestClient, known: list[Json], tmp_path: Path) -> None:
    found, doubtful = 0, 0
    names: set[str] = set()
    told: set[str] = set()
    for at, state in enumerate(chances(known)):
        met, unknown = recount(state, known)
        wanted = set(met) | (set(unknown) if state.doubtful else set())
        address = state.address() if "?" in state.address() else "/?v=2"
        taken = pages.get(f"{address}&format=csv").content.decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(taken)))
        listed = [row["id"] for row in rows]
        assert len(listed) == len(set(listed))
        assert set(listed) == wanted, state.address()
        assert {row["id"] for row in rows if row["tier"] == "to_verify"} == wanted & set(unknown)
        points = pages.get(f"{address}&format=points").json()
        assert (points["found"], points["inside"], points["exact"]) == (len(wanted), len(wanted), True)
        assert [one["properties"]["site"] for one in points["features"]] == listed
        page = read_list(pages, state.address())
        assert rows_of(page) == listed[:25]
        assert counted(page) == len(wanted)
        if at % SHAPED == 0 and met:
            same_files(pages, address, listed, tmp_path)
        found, doubtful, names = found + bool(met), doubtful + bool(unknown), names | set(state.choices)
        told |= set(state.choices) if 0 < len(met) < len(known) else set()
    assert found > ROUNDS / 4
    assert doubtful > ROUNDS / 20
    assert set(FACETS.offered) - names == set()
    assert set(DATED) <= told


def same_files(pages: TestClient, address: str, listed: list[str], folder: Path) -> None:
    """Hold the files with geometry and the workbook to the rows of the list."""
    collection = pages.get(f"{address}&format=geojson").json()
    assert [one["id"] for one in collection["features"]] == listed
    file = folder / "list.gpkg"
    file.write_bytes(pages.get(f"{address}&format=gpkg").content)
    assert gpd.read_file(file)["id"].tolist() == listed
    book = openpyxl.load_workbook(io.BytesIO(pages.get(f"{address}&format=xlsx").content))
    assert [row[0] for row in book.worksheets[0].values][1:] == listed


def read_list(pages: TestClient, address: str) -> str:
    answer = pages.get(address)
    assert answer.status_code == 200, answer.text[:300]
    return answer.text


def rows_of(page: str) -> list[str]:
    """Return the sites of the rows; hundreds of lists are read, and `Read` takes as long as the server does."""
    return [html.unescape(site) for site in re.findall(r'<tr\b[^>]*\bdata-site="([^"]*)"', page)]


def counted(page: str) -> int:
    text = html.unescape(re.sub(r"<(script|style|title)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL))
    found = re.search(r"(?:Znaleziono|Razem): ([\d ]+)", " ".join(text.split()))
    assert found is not None
    return int(found[1].replace(" ", ""))


# ---- three counts before it is chosen --------------------------------------------------------------------

THREE = re.compile(r"pasuje: ✓ ([\d ]+?) , nie pasuje: ✕ ([\d ]+?) , brak danych: \? ([\d ]+)")


def options(page: str) -> list[tuple[str, list[int], bool]]:
    """Read the options of the page: where each leads, its three counts, whether it is chosen."""
    found = []
    for link, inside in re.findall(r'<li><a href="([^"]+)" rel="nofollow"([^§]*?)</a></li>', page):
        if 'class="three"' in inside:
            text = re.sub(r"<[^>]+>", " ", inside.partition(">")[2]).replace("\xa0", " ").replace("&nbsp;", " ")
            three = THREE.search(" ".join(text.split()))
            assert three is not None, text
            counts = [int(one.replace(" ", "")) for one in three.groups()]
            found.append((link.replace("&amp;", "&"), counts, "aria-current" in inside.partition(">")[0]))
    return found


@pytest.mark.parametrize("doubtful", ["", "&doubtful=1"])
@pytest.mark.parametrize(
    "address", ["/?kind=parcels", "/?flood.share=..0&parcel.area_m2=500..", "/?q=1&use=production"]
)
def test_a_count_is_what_choosing_gives(pages: TestClient, known: list[Json], address: str, doubtful: str) -> None:
    offered = options(read_list(pages, address + doubtful))
    assert len(offered) > 60
    base = understood(address + doubtful)
    seen = set()
    for link, (met, failed, unknown), on in offered:
        after = understood(link)
        (name,) = {name for name, _ in set(base.chosen) ^ set(after.chosen)}
        seen.add(name)
        others = base.without(name)
        fit, maybe = recount(others, known)
        rows = [*fit, *maybe] if doubtful else fit
        rows = [one for one in rows if not base.q or one.endswith(f".{base.q}")] if base.q else rows
        assert met + failed + unknown == len(rows), link
        if not on and name not in base.choices:
            left = counted(read_list(pages, link)) if len(seen) % 4 == 0 else None
            assert left in {None, met + unknown if doubtful else met}, link
    assert len(seen) > 15


def test_the_switch_for_the_unknown_is_seen_and_keeps_the_rest(pages: TestClient) -> None:
    page = Read(read_list(pages, "/?flood.share=..0&sort=-parcel.area_m2&doubtful=1"))
    (switch,) = page.all("input", name="doubtful")
    assert (switch["type"], "checked" in switch) == ("checkbox", True)
    hidden = {str(one["name"]): one["value"] for one in page.all("input", type="hidden")}
    assert hidden == {"v": "2", "flood.share": "..0", "sort": "-parcel.area_m2"}
    assert "Pokaż też te, dla których brak danych" in page.text


def test_every_chosen_condition_can_be_taken_off(pages: TestClient) -> None:
    page = read_list(pages, "/?flood.share=..0&water.distance_m=..500&zoning.plan_status=in_force,partly&q=1")
    (chips,) = re.findall(r'<ul class="chips".*?</ul>', page, re.DOTALL)
    left = [
        dict(parse_qsl(link.replace("&amp;", "&").partition("?")[2])) for link in re.findall(r'href="([^"]+)"', chips)
    ]
    assert [len(one) for one in left] == [4, 4, 4, 4]
    assert set.intersection(*map(set, left)) == {"v"}


def test_a_new_layer_is_a_facet_without_a_line_of_code(tmp_path: Path) -> None:
    folder = tmp_path / "layers"
    shutil.copytree(own_layers(), folder)
    text = (folder / "landslide.toml").read_text(encoding="utf-8")
    (folder / "orchard.toml").write_text(text.replace('name = "landslide"', 'name = "orchard"', 1), encoding="utf-8")
    more: Catalogue = load_catalogue(folder).public()
    added = set(Facets(more).offered) - set(FACETS.offered)
    assert {name.partition(".")[0] for name in added} == {"orchard"}
    assert {one.layer.name for one in PUBLIC.attributes.values()} - {"offer", "boundary"} <= {
        name.partition(".")[0] for name in (*FACETS.offered, "use")
    }
