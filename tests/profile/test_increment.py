"""Only what a change can reach is measured again, and the result is that of measuring everything, to the last bit."""

import functools
import multiprocessing.forkserver
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import affinity

from gis_sites.catalogue import Catalogue
from gis_sites.columns import Range
from gis_sites.inventory import open_inventory
from gis_sites.profile import build as building
from gis_sites.profile import narrow
from gis_sites.profile.build import build
from gis_sites.profile.changed import Moment
from gis_sites.profile.jobs import works_of
from gis_sites.profile.net_reading import NET, blocks_of, of_layer
from gis_sites.profile.reading import read_parcels
from gis_sites.profile.tasks import Columns, measure_all
from gis_sites.settings import Settings
from gis_sites.store import profiles, retention, states
from gis_sites.store.connect import Store
from gis_sites.store.pairs import pairs
from gis_sites.store.revisions import Coverage, Revision
from tests.profile.scenes import at, random_lines, random_polygons, random_sites
from tests.profile.test_build import DAY, EVERYWHERE, Held, line, publish_it, put
from tests.profile.test_partition import bits
from tests.survival import Place, deliver, deliveries, run

Row = dict[str, Any]
City = dict[str, list[Row]]
SIDE = 10
BOUNDARY = Coverage("boundary", False, None)


@pytest.fixture(autouse=True)
def narrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small layers too are read only where sites need them."""
    monkeypatch.setattr(narrow, "WORTH_ROWS", 1)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many sites were measured for each layer: what a build really did."""
    seen: Counter[str] = Counter()
    real = building.measured

    def counting(sites: Any, works: Any, *rest: Any, **more: Any) -> dict[str, Columns]:
        seen.update({work.layer.name: len(sites) for work in works})
        return real(sites, works, *rest, **more)

    monkeypatch.setattr(building, "measured", counting)
    return seen


def everything(store: Store, catalogue: Catalogue, held: Held, as_of: date = DAY) -> dict[str, Columns]:
    """Measure every layer at every parcel, from nothing."""
    every = blocks_of(catalogue, as_of)
    layers = {one.name: one for one in every if one.attributes and (of_layer(one) in held or one.list)}
    with store.begin() as conn:
        sites = read_parcels(conn, catalogue, held["parcel"], crs=store.crs)
        works, covers = works_of(conn, catalogue, layers, Moment(held, as_of), parcels=sites)
    return measure_all(sites, works, covers)


def agrees(store: Store, catalogue: Catalogue, held: Held, made: Any, as_of: date = DAY) -> None:
    """Check every value of every block against measuring everything."""
    expected = everything(store, catalogue, held, as_of)
    assert set(made[0]) >= set(held) - {"boundary"}
    with store.begin() as conn:
        for name, kinds in made[0].items():
            found = profiles.read(conn, kinds["parcels"])
            assert found.keys() == expected[name].keys()
            for short, column in found.items():
                assert bits(column) == bits(expected[name][short]), (name, short)


# ---- any change at all ---------------------------------------------------------------------------------


def city(rng: np.random.Generator) -> City:
    """Parcels of every awkward kind, and rows of layers that know every kind of measure."""
    some: Callable[..., Any] = lambda *values: values[int(rng.integers(len(values)))]  # noqa: E731
    size = 50.0 * SIDE
    made: City = {"parcel": [parcel(place, shape) for place, shape in enumerate(random_sites(rng, SIDE))]}
    for one in made["parcel"]:
        one |= {"soil_items": some(None, None, "R/IIIa 0.1; Ls 0.15"), "registered_area_ha": some(None, 0.25)}
    made["gas"] = [
        {"geom": shape, "pressure": some(None, "low", "medium"), "role": some(None, "main", "connection"),
         "diameter_mm": some(None, 80.0, 110.0)}
        for shape in random_lines(rng, 14, size)
    ]  # fmt: skip
    made["road"] = [{"geom": shape, "class": some(None, "local", "main")} for shape in random_lines(rng, 10, size)]
    made["nature"] = [
        {"geom": shape, "form": some(None, "reserve", "natura_birds")} for shape in random_polygons(rng, 10, size)
    ]
    made["soil"] = [
        {"geom": shape, "use": some("R", "Ls"), "class": some(None, "IIIa")} for shape in random_polygons(rng, 10, size)
    ]
    made["sez"] = [zone(rng, some, shape) for shape in random_polygons(rng, 6, size)]
    for name, rows in made.items():
        for place, row in enumerate(rows):
            row["geom"] = many(row["geom"])
            row.setdefault("key", f"{name} {place:03}")
    made["sez"][0] |= {"geom": None, "parcels": f"{made['parcel'][3]['key']} {made['parcel'][40]['key']}"}
    made["offer"] = [{"key": "1", "id": "1", "parcels": made["parcel"][7]["key"], "price_pln_m2": 90.0}]
    made["boundary"] = [{"key": "b", "kind": "municipality", "geom": many(at(shapely.box(-900, -900, 430, 2000)))}]
    return made


def zone(rng: np.random.Generator, some: Callable[..., Any], shape: Any) -> Row:
    until = DAY + timedelta(days=int(rng.integers(1, 40)))
    return {"geom": shape, "zone": some("A", "B", None), "valid_from": some(None, date(2020, 1, 1)), "valid_to": until}


def parcel(place: int, shape: Any) -> Row:
    key = f"306101_1.0001.{place:03}"
    return {"key": key, "id": key, "precinct": "0001", "number": str(place), "land_use": "R", "geom": shape}


def many(shape: Any) -> Any:
    if shape is None or shape.geom_type.startswith("Multi"):
        return shape
    return {"Polygon": shapely.MultiPolygon, "LineString": shapely.MultiLineString}[shape.geom_type]([shape])


def change(rng: np.random.Generator, rows: list[Row], name: str) -> list[Row]:
    """Move, drop, add and rewrite some rows; the others stay as they are."""
    rows = [dict(row) for row in rows]
    for place in rng.choice(len(rows), size=min(2, len(rows)), replace=False).tolist():
        row = rows[place]
        match int(rng.integers(4)):
            case 0 if row.get("geom") is not None:
                row["geom"] = affinity.translate(row["geom"], *rng.uniform(-20, 20, 2).tolist())
            case 1 if len(rows) > 3:
                rows[place] = {}
            case 2 if row.get("geom") is not None:
                copy = affinity.translate(row["geom"], 3.0, 4.0)
                rows.append({**row, "key": f"{name} {rng.integers(10**6)}", "geom": copy})
            case _:
                row |= {"role": "main", "form": "reserve", "zone": "C", "class": None, "land_use": "B"}
    known = {"key", "geom", *(field for row in rows for field in row)}
    return [{field: row.get(field) for field in known} for row in rows if row]


def hold(store: Store, catalogue: Catalogue, name: str, rows: list[Row]) -> Revision:
    fields = {"key", "geom", *catalogue.layer(name).fields}
    cover = EVERYWHERE if name in {"parcel", "boundary", "offer"} else BOUNDARY
    kept = [{field: cell for field, cell in row.items() if field in fields} for row in rows]
    ordered = sorted(kept, key=lambda row: str(row["key"]))
    return put(
        store, catalogue, name, [row | {"id": row["key"]} if name == "parcel" else row for row in ordered], cover
    )


@pytest.mark.parametrize("seed", range(3))
def test_whatever_changes_the_result_is_that_of_measuring_everything(
    store: Store, catalogue: Catalogue, measured: Counter[str], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    now = city(rng)
    held: Held = {name: hold(store, catalogue, name, rows) for name, rows in now.items()}
    made, day = build(store, catalogue, held, as_of=DAY), DAY
    agrees(store, catalogue, held, made)
    most, total = len(now["parcel"]) * len(made[0]), 0
    for _ in range(3):
        publish_it(store, held, made, day)
        touched = rng.choice(sorted(now), size=3, replace=False).tolist()
        for name in touched:
            now[name] = change(rng, now[name], name)
            held[name] = hold(store, catalogue, name, now[name])
        day += timedelta(days=int(rng.integers(0, 12)))
        measured.clear()
        made = build(store, catalogue, held, as_of=day)
        total += measured.total()
        agrees(store, catalogue, held, made, day)
    assert 0 < total < 2 * most  # of 3 rounds: it did not measure everything


# ---- what is measured ----------------------------------------------------------------------------------


def grid(side: int, moved: Mapping[int, float] = MappingProxyType({})) -> list[Row]:
    """Squares of 50 m in rows and columns, some of them cut off at the right."""
    return [
        parcel(place, many(at(shapely.box(x, y, x + 50 - moved.get(place, 0.0), y + 50))))
        for place in range(side * side)
        for x, y in [(50.0 * (place % side), 50.0 * (place // side))]
    ]


def mains(xs: list[float], side: int) -> list[Row]:
    top = 50.0 * side
    return [{"key": f"{x:07.1f}", "role": "main", "geom": line((x, 0.0), (x, top))} for x in xs]


def test_a_layer_delivered_again_touches_its_own_columns_and_what_its_changes_reach(
    store: Store, catalogue: Catalogue, measured: Counter[str]
) -> None:
    held: Held = {"parcel": put(store, catalogue, "parcel", grid(20))}
    held["water"] = put(store, catalogue, "water", mains([25.0, 325.0, 625.0, 925.0], 20))
    held["gas"] = put(store, catalogue, "gas", mains([25.0], 20))
    made = build(store, catalogue, held, as_of=DAY)
    publish_it(store, held, made)
    assert measured == {"parcel": 400, NET: 400, "water": 400, "gas": 400}
    # The main at 625 is laid 30 m aside: only columns nearer to it than to the next ones can be reached.
    held["water"] = put(store, catalogue, "water", mains([25.0, 325.0, 655.0, 925.0], 20))
    measured.clear()
    after = build(store, catalogue, held, as_of=DAY)
    # Of the net area only where a strip along the main was or is.
    assert measured == {"water": measured["water"], NET: 20 * 2}
    assert 20 * 6 <= measured["water"] <= 20 * 9
    assert {name: kinds for name, kinds in after[0].items() if name not in {"water", NET}} == {
        name: kinds for name, kinds in made[0].items() if name not in {"water", NET}
    }
    agrees(store, catalogue, held, after)
    # The same again: nothing is measured at all, though the block is of another revision.
    publish_it(store, held, after)
    held["water"] = put(store, catalogue, "water", mains([25.0, 325.0, 655.0, 925.0], 20))
    measured.clear()
    again = build(store, catalogue, held, as_of=DAY)
    assert not measured
    was, now = after[0]["water"]["parcels"], again[0]["water"]["parcels"]
    assert (now.id != was.id, now.table == was.table) == (True, True)
    agrees(store, catalogue, held, again)


def test_parcels_that_changed_are_measured_and_no_others(
    store: Store, catalogue: Catalogue, measured: Counter[str]
) -> None:
    held: Held = {"parcel": put(store, catalogue, "parcel", grid(20))}
    held["water"] = put(store, catalogue, "water", mains([25.0, 925.0], 20))
    held["offer"] = put(store, catalogue, "offer", [{"key": "1", "id": "1", "parcels": "306101_1.0001.007"}])
    # A zone drawn by itself stays what it is, whatever becomes of the parcels it names; another stands for them.
    whole = {"key": "A", "geom": many(at(shapely.box(0, 0, 1000, 1000))), "parcels": "306101_1.0001.011"}
    held["sez"] = put(store, catalogue, "sez", [whole, {"key": "B", "parcels": "306101_1.0001.012"}])
    publish_it(store, held, build(store, catalogue, held, as_of=DAY))
    rows = grid(20, {11: 5.0, 222: 0.01, 333: 20.0})
    rows[5]["land_use"] = "B"
    held["parcel"] = put(store, catalogue, "parcel", [row for place, row in enumerate(rows) if place != 100])
    measured.clear()
    made = build(store, catalogue, held, as_of=DAY)
    # Three are drawn otherwise, one is used otherwise; nothing became of the offer. Sites that lists are kept of
    # may be used otherwise.
    assert measured == {"parcel": 4, NET: measured[NET], "water": 3, "offer": 3, "sez": 3}
    assert measured[NET] in {3, 4}
    agrees(store, catalogue, held, made)


def test_of_a_zone_that_stands_for_parcels_only_those_that_moved_reach_a_site(
    store: Store, catalogue: Catalogue, measured: Counter[str]
) -> None:
    held: Held = {"parcel": put(store, catalogue, "parcel", grid(20))}
    named = " ".join(f"306101_1.0001.{place:03}" for place in (22, 23, 377))
    held["sez"] = put(store, catalogue, "sez", [{"key": "A", "zone": "A", "parcels": named}])
    publish_it(store, held, build(store, catalogue, held, as_of=DAY))
    held["parcel"] = put(store, catalogue, "parcel", grid(20, {22: 5.0}))
    measured.clear()
    made = build(store, catalogue, held, as_of=DAY)
    # Those about the far corner are as near to the zone as they were: it is another parcel of it that is near.
    assert 20 < measured["sez"] < 200
    agrees(store, catalogue, held, made)


def test_another_coverage_reaches_what_it_speaks_of(store: Store, catalogue: Catalogue, measured: Counter[str]) -> None:
    def town(width: float) -> Revision:
        shape = shapely.MultiPolygon([at(shapely.box(-10, -10, width, 1010))])
        return put(store, catalogue, "boundary", [{"kind": "municipality", "geom": shape}])

    held: Held = {"parcel": put(store, catalogue, "parcel", grid(20)), "boundary": town(500.0)}
    held["flood"] = put(store, catalogue, "flood", [], BOUNDARY)
    publish_it(store, held, build(store, catalogue, held, as_of=DAY))
    held["boundary"] = town(630.0)
    measured.clear()
    made = build(store, catalogue, held, as_of=DAY)
    assert measured["flood"] == 20 * 3
    assert measured.keys() == {"flood", NET}
    agrees(store, catalogue, held, made)


def test_other_codes_of_a_layer_that_rules_look_at_make_the_net_area_anew(
    store: Store, catalogue: Catalogue, measured: Counter[str]
) -> None:
    held: Held = {"parcel": put(store, catalogue, "parcel", grid(5))}
    # Nobody knows the voltage: any code there is may be it.
    wire = {"role": "main", "course": "overhead", "geom": line((125.0, 0.0), (125.0, 250.0))}
    held["power"] = put(store, catalogue, "power", [wire])
    made = build(store, catalogue, held, as_of=DAY)
    publish_it(store, held, made)
    power = catalogue.layer("power")
    voltage = power.fields["voltage"].model_copy(update={"order": ("hv", "ehv")})
    fewer = power.model_copy(update={"fields": {**power.fields, "voltage": voltage}, "attributes": {}})
    other = replace(catalogue, layers={**catalogue.layers, "power": fewer})
    measured.clear()
    after = build(store, other, held, as_of=DAY)
    assert measured == {NET: 25}
    with store.begin() as conn:
        highs = []
        for blocks in (made[0], after[0]):
            column = profiles.read(conn, blocks[NET]["parcels"])["net_area_m2"]
            assert isinstance(column, Range)
            highs.append(column.high)
    # At least 3.5 m on both sides were surely lost, now 20 m: of 42 m, the setbacks of each parcel being lost anyhow.
    lost = (highs[0] - highs[1])[highs[0] > highs[1]]
    assert lost == pytest.approx([42.0 * 2 * (20.0 - 3.5)] * 5)


def test_rows_are_paired_where_all_that_is_asked_is_the_same(store: Store, catalogue: Catalogue) -> None:
    rows = mains([25.0, 50.0, 75.0, 100.0], 2)
    old = put(store, catalogue, "water", rows)
    rows[1]["diameter_mm"], rows[2]["geom"] = 80.0, line((75.0, 1e-9), (75.0, 100.0))
    new = put(store, catalogue, "water", [*mains([10.0], 2), *rows])
    with store.begin() as conn:
        assert pairs(conn, old, new, ["role"]).tolist() == [-1, 0, 1, -1, 3]
        assert pairs(conn, old, new, ["role", "diameter_mm"]).tolist() == [-1, 0, -1, -1, 3]
        assert pairs(conn, old, old, ["role"]).tolist() == [0, 1, 2, 3]


# ---- broken off ----------------------------------------------------------------------------------------


class BrokenOffError(Exception):
    pass


def test_blocks_that_were_finished_before_a_run_was_broken_off_are_not_made_again(
    store: Store, catalogue: Catalogue, measured: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: Held = {"parcel": put(store, catalogue, "parcel", grid(5))}
    for name in ("water", "gas", "sewer"):
        held[name] = put(store, catalogue, name, mains([25.0], 5))
    counting = building.measured

    def breaking(sites: Any, works: Any, *rest: Any, **more: Any) -> dict[str, Columns]:
        if len(measured) == 4:
            raise BrokenOffError
        return counting(sites, works, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(building, "measured", breaking)
        with pytest.raises(BrokenOffError):
            build(store, catalogue, held, as_of=DAY)
    retention.tidy(store)
    first = set(measured)
    measured.clear()
    made = build(store, catalogue, held, as_of=DAY)
    # The third was measured but not yet written, perhaps: it is written while the next one is measured.
    assert set(made[0]) - first <= set(measured)
    assert len(measured) <= 2
    agrees(store, catalogue, held, made)
    publish_it(store, held, made)
    assert retention.sweep(store) == ()


def test_a_killed_run_goes_on_where_it_was(
    settings: Settings, tmp_path: Path, measured: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    multiprocessing.forkserver.ensure_running()  # its socket has no room for a longer path
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    work = functools.partial(deliver, settings, path=deliveries(tmp_path)[0])
    ended = run(work, temporary, place=Place("gis_sites.store.profiles.write", 2, "before"))
    assert ended.code == -9
    with open_inventory(settings) as inventory:
        assert inventory.state is None
        state = inventory.profile(DAY)
        assert measured == {NET: 30, "water": 30}
        assert set(state.profiles) == {"parcel", NET, "water"}
        with inventory.store.begin() as conn:
            held = dict(states.get(conn, state.id, coverages=True).revisions)
        agrees(inventory.store, inventory.catalogue, held, (state.profiles, None))
