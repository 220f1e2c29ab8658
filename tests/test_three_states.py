"""None, range and unknown are never confused: one city from its file to the profile, answers, files, API and pages."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from api.main import create_app
from gis_sites.columns import Column, Flags, Labels, Range
from gis_sites.intake.note import Note
from gis_sites.inventory import Inventory, open_inventory
from gis_sites.settings import Settings
from gis_sites.store import profiles
from tests.api.support import TestClient
from tests.conftest import DEMO_DAY, Databases
from tests.intake.support import box, line, parcel_id, parcels, write

INF = float("inf")
IDS = [parcel_id(number) for number in range(1, 6)]
"""Within a plan; half in each of two; under no plan; where the plans' coverage ends half-way; where nobody knows."""
State = tuple[str, Any, float | None, float | None]
EXPECTED: dict[str, list[State]] = {
    # Upper limits: one, two that differ, no limit set at all, one and nobody knows what beside, nobody knows.
    "zoning.max_height_m": [
        ("exact", 12.0, 12.0, 12.0), ("range", None, 12.0, 20.0), ("none", None, None, None),
        ("unknown", None, None, None), ("unknown", None, None, None),
    ],
    "zoning.production_share": [
        ("exact", 1.0, 1.0, 1.0), ("range", None, 0.5, 1.0), ("exact", 0.0, 0.0, 0.0),
        ("range", None, 0.6, 1.0), ("unknown", None, None, None),
    ],
    "zoning.plan": [
        ("exact", "A", None, None), ("exact", "A", None, None), ("none", None, None, None),
        ("exact", "A", None, None), ("unknown", None, None, None),
    ],
    # 30 m to a main; the mains are known no farther than their coverage; there is no line of high voltage.
    "water.distance_m": [
        ("exact", 30.0, 30.0, 30.0), ("exact", 130.0, 130.0, 130.0), ("range", None, 200.0, 230.0),
        ("range", None, 100.0, 330.0), ("range", None, 0.0, 430.0),
    ],
    "power.hv_distance_m": [("none", None, None, None)] * 5,
    "power.crosses": [
        ("exact", True, None, None), ("exact", False, None, None), ("exact", False, None, None),
        ("exact", False, None, None), ("exact", False, None, None),
    ],
    "gas.distance_m": [("unknown", None, None, None)] * 5,
    "gas.crosses": [("unknown", None, None, None)] * 5,
}  # fmt: skip
"""Attribute -> state, value, low and high of each parcel."""
NUMBERS = [name for name, states in EXPECTED.items() if states[0][2] is not None or "distance" in name]


@pytest.fixture(scope="module")
def city(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inventory]:
    """Five parcels in a row, two plans, a main, a line of power; files say where plans and mains are known."""
    folder = tmp_path_factory.mktemp("states")
    file = folder / "city.gpkg"
    parcels(file, IDS, [box(100 * place, 0, 100, 100) for place in range(5)])
    write(
        file,
        "mpzp",
        {
            "nr_uchwaly": ["A", "A", "B", "A"],
            "ozn": ["1P", "2P", "1XYZ", "3P"],
            "fun_symb": ["P", "P", "XYZ", "P"],
            "wys_max": [12.0, 12.0, 20.0, 15.0],
        },
        [box(0, 0, 100, 100), box(100, 0, 50, 100), box(150, 0, 50, 100), box(300, 0, 60, 100)],
    )
    write(file, "woda", {"gml_id": ["w1"], "funkcja": ["g"]}, [line((-30, 0), (-30, 100))])
    power = {"gml_id": ["e1"], "typprzewodu": ["s"], "funkcja": ["g"], "przebieg": ["n"]}
    write(file, "energia", power, [line((50, -50), (50, 150))])
    plans = write(folder / "plans.gpkg", "zasieg", {"id": [1]}, [box(0, 0, 360, 100)])
    mains = write(folder / "mains.gpkg", "zasieg", {"id": [1]}, [box(-1000, -1000, 1500, 2000)])
    state = {"zoning.status": "in_force", "zoning.regime": "2003", "zoning.in_force_from": DEMO_DAY.replace(year=2010)}
    address = databases.fresh().render_as_string(hide_password=False)
    settings = Settings(home=folder / "home", database_url=address, workers=1, public_parcels="all")
    with open_inventory(settings) as inventory:
        note = Note(
            layer={"mpzp": "zoning", "woda": "water", "energia": "power"},
            set=state,
            coverage={"zoning": str(plans), "water": str(mains), "power": "parcels"},
        )
        report = inventory.import_file(file, note, profile=False)
        loaded = {one.layer: one.rows.loaded for one in report.loads}
        assert loaded == {"parcel": 5, "zoning": 4, "water": 1, "power": 1}
        inventory.profile(DEMO_DAY)
        yield inventory


@pytest.fixture(scope="module")
def face(city: Inventory) -> Iterator[TestClient]:
    with TestClient(create_app(city.store.settings)) as client:
        yield client


def requirement() -> dict[str, Any]:
    """Ask of everything and refuse nothing: a must that only parcel 0 could fail would hide it."""
    wants: dict[str, Any] = {name: {"at": [0, 1000], "worth": [1, 0]} for name in NUMBERS}
    wants["zoning.production_share"] = {"at": [0, 1], "worth": [0, 1]}
    words = {"zoning.plan": {"any_of": ["A"]}, "power.crosses": {"is": False}, "gas.crosses": {"is": False}}
    return {"format": 1, "want": wants | words}


def told(entry: dict[str, Any]) -> State:
    low, high = entry.get("low"), entry.get("high")
    value = entry["value"]
    if isinstance(value, float):
        low, high = value, value
    return entry["state"], value, low, high


def check(found: dict[str, dict[str, State]], *, where: str) -> None:
    """Compare what parcels are told to be with what they are."""
    for name, states in EXPECTED.items():
        for parcel, expected in zip(IDS, states, strict=True):
            state, value, low, high = found[parcel][name]
            assert (state, value) == expected[:2], (where, parcel, name)
            assert (low, high) == pytest.approx(expected[2:]), (where, parcel, name)


def ends(column: Column, row: int, free: float) -> State:
    """Read a value as the profile stores it."""
    if isinstance(column, Range):
        low, high = float(column.low[row]), float(column.high[row])
        if np.isnan(low) or np.isnan(high):
            assert np.isnan(low), "half of an unknown"
            assert np.isnan(high), "half of an unknown"
            return "unknown", None, None, None
        if low == high == free and np.isinf(free):
            return "none", None, None, None
        return ("exact", low, low, high) if low == high else ("range", None, low, high)
    if isinstance(column, Flags):
        value = int(column.values[row])
        return ("unknown", None, None, None) if value < 0 else ("exact", bool(value), None, None)
    assert isinstance(column, Labels)
    word = column.text(row)
    state = "unknown" if word is None else "none" if word == "none" else "exact"
    return state, word if state == "exact" else None, None, None


def test_in_the_profile(city: Inventory) -> None:
    state, catalogue = city.need_state(), city.catalogue
    found: dict[str, dict[str, State]] = {parcel: {} for parcel in IDS}
    with city.store.begin() as conn:
        for name in EXPECTED:
            layer, _, short = name.partition(".")
            if layer == "gas":
                assert layer not in state.profiles  # nobody imported any: nothing is stored that could say 0 or none
                found = {parcel: {**one, name: ("unknown", None, None, None)} for parcel, one in found.items()}
                continue
            column = profiles.read(conn, state.profiles[layer]["parcels"])[short]
            for row, parcel in enumerate(IDS):
                found[parcel][name] = ends(column, row, catalogue.attributes[name].none)
    check(found, where="profile")


def test_in_the_explanation(city: Inventory) -> None:
    explained = {
        parcel: {one["attribute"]: told(one) for one in json.loads(strict(city.explain(parcel)))} for parcel in IDS
    }
    check(explained, where="explain")
    reasons = {one["attribute"]: one["reason"] for one in city.explain(IDS[4])}
    assert reasons["zoning.max_height_m"] == "outside_coverage"
    assert reasons["gas.distance_m"] == "not_loaded"
    assert reasons["power.hv_distance_m"] is None


def strict(document: Any) -> str:
    """Write JSON that holds no NaN and no infinity."""
    return json.dumps(document, allow_nan=False, default=str)


def by_parcel(shortlist: dict[str, Any]) -> dict[str, dict[str, State]]:
    return {
        one["id"]: {want["attribute"]: told(want) for want in (*one["musts"], *one["wants"])}
        for one in shortlist["candidates"]
    }


def test_in_the_shortlist(city: Inventory) -> None:
    shortlist = json.loads(strict(city.match(requirement())))
    check(by_parcel(shortlist), where="shortlist")
    # Unknown is neither the best nor the worst; none is the farthest distance and the freest limit.
    wants = {one["id"]: {want["attribute"]: want["worth"] for want in one["wants"]} for one in shortlist["candidates"]}
    assert wants[IDS[0]]["gas.distance_m"] == [0.0, 1.0]
    assert wants[IDS[0]]["power.hv_distance_m"] == [0.0, 0.0]
    assert wants[IDS[2]]["water.distance_m"] == pytest.approx([0.77, 0.8])


@pytest.mark.parametrize(
    ("must", "verdicts"),
    [
        ({"zoning.max_height_m": {"min": 15}}, ["failed", "unknown", "met", "unknown", "unknown"]),
        ({"zoning.production_share": {"min": 0.5}}, ["met", "met", "failed", "met", "unknown"]),
        ({"zoning.production_share": {"max": 0.9}}, ["failed", "unknown", "met", "unknown", "unknown"]),
        ({"water.distance_m": {"max": 210}}, ["met", "met", "unknown", "unknown", "unknown"]),
        ({"power.hv_distance_m": {"max": 5000}}, ["failed"] * 5),
        ({"power.hv_distance_m": {"min": 5000}}, ["met"] * 5),
        ({"zoning.plan": {"any_of": ["none"]}}, ["failed", "failed", "met", "failed", "unknown"]),
        ({"zoning.plan": {"none_of": ["B"]}}, ["met", "met", "met", "met", "unknown"]),
        ({"gas.crosses": {"is": False}}, ["unknown"] * 5),
    ],
)
def test_in_the_verdicts(city: Inventory, must: dict[str, Any], verdicts: list[str]) -> None:
    shortlist = city.match({"format": 1, "must": must})
    found = {one["id"]: one["musts"][0]["verdict"] for one in shortlist["candidates"]}
    assert [found.get(parcel, "failed") for parcel in IDS] == verdicts
    assert {one["tier"] for one in shortlist["candidates"] if found[one["id"]] == "unknown"} <= {"to_verify"}


@pytest.mark.parametrize("suffix", [".csv", ".gpkg"])
def test_in_the_files(city: Inventory, tmp_path: Path, suffix: str) -> None:
    path = city.export(city.match(requirement()), tmp_path / f"list{suffix}", lang="en")
    if suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows: list[dict[str, Any]] = list(csv.DictReader(file))
        assert not {"nan", "inf", "-inf", "none"} & {
            cell for row in rows for name, cell in row.items() if not name.endswith(".state")
        }
    else:
        rows = gpd.read_file(path).to_dict("records")
    check({row["id"]: {name: cells(row, name) for name in EXPECTED} for row in rows}, where=suffix)


def cells(row: dict[str, Any], name: str) -> State:
    """Read a value back from a row of a table: empty cells are None."""
    kinds = {"power.crosses", "gas.crosses"}
    found = {end: row.get(f"{name}.{end}") for end in ("value", "low", "high")}
    empty = {end: cell in {None, ""} or (isinstance(cell, float) and np.isnan(cell)) for end, cell in found.items()}
    low, high = (None if empty[end] else float(str(found[end])) for end in ("low", "high"))
    value: Any = None if empty["value"] else found["value"]
    if name in NUMBERS:
        value = low if row[f"{name}.state"] == "exact" else None
    elif name in kinds and value is not None:
        value = str(value).lower() in {"true", "1", "1.0"}
    return row[f"{name}.state"], value, low, high


def test_in_the_api(face: TestClient) -> None:
    sites = {parcel: face.get(f"/api/v1/parcels/{parcel}").json() for parcel in IDS}
    found = {parcel: {one["attribute"]: told(one) for one in site["attributes"]} for parcel, site in sites.items()}
    check(found, where="api")
    answer = face.post("/api/v1/shortlists", json=requirement())
    assert answer.status_code == 200
    check(by_parcel(answer.json()), where="api shortlist")


ROW = re.compile(r'<tr class="(\w+)"><th scope="row">([^<]*)</th><td>([^<]*)</td><td class="how">([^<]*)')


@pytest.mark.parametrize("lang", ["pl", "en"])
def test_on_the_page(face: TestClient, city: Inventory, lang: str) -> None:
    """Every state has its class, and words in the value that no other state has."""
    said: dict[str, set[str]] = {"exact": set(), "range": set(), "none": set(), "unknown": set()}
    for place, parcel in enumerate(IDS):
        page = face.get(f"/parcels/{parcel}", params={"lang": lang}).text
        for table in page.split("<caption")[1:]:
            caption = table[table.index(">") + 1 : table.index("<")]
            for name, states in EXPECTED.items():
                attribute = city.catalogue.attributes[name]
                if attribute.layer.title.say(lang) != caption:
                    continue
                own = attribute.title(lang).removeprefix(f"{caption}: ").lower()
                ((state, _, value, how),) = [row for row in ROW.findall(table) if row[1].lower() == own]
                assert state == states[place][0], (parcel, name, value)
                assert how.strip()
                said[state].add(value)
    assert all(said.values()), said
    every = [value for values in said.values() for value in values]
    assert len(every) == len(set(every)), said
