"""What changed between two deliveries: every row in exactly one class, whatever the deliveries look like."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused
from gis_sites.intake.compare import changes_of
from gis_sites.intake.load import load as load_plan
from gis_sites.intake.note import Note, read_note
from gis_sites.intake.plan import read_source
from gis_sites.settings import Settings
from gis_sites.store import comparison, descent, differences, lineage, revisions
from gis_sites.store.comparison import Comparison
from gis_sites.store.connect import Store, open_store
from gis_sites.store.differences import Difference
from gis_sites.store.registry import lineage as lineage_table
from gis_sites.store.revisions import Part, Revision
from tests.intake.support import balanced, box, counts, parcel_id, parcels, take
from tests.intake.test_real import NOTES, in_crs
from tests.intake.test_real import found as files
from tests.store.support import DAY, EVERYTHING, OFFER, PARCEL, PIPE, layer, load, square, table

Rows = list[dict[str, Any]]
LEAST = limits(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WIDTHS = (7.3, 11.9, 13.1, 19.7, 23.3, 29.9)
"""Of strips of land: no sum of some is near a quarter or nine tenths of a sum of others."""
EDGES = np.concatenate([[0.0], np.cumsum(WIDTHS)])
LOT = layer({**PARCEL, "fields": {**PARCEL["fields"], "id": {"type": "text", "required": True}}})


def held(conn: Any, store: Store, kind: Any, rows: Rows) -> Revision:
    """Write a revision whose rows say their own part."""
    by = load(conn)
    draft = revisions.create(conn, kind, srid=store.srid)
    revisions.append(
        conn,
        draft,
        table(kind, rows, load=by).set_column(1, "part", pa.array([row["part"] for row in rows], pa.string())),
    )
    parts = [
        Part(name, by, n, EVERYTHING, DAY, None) for name, n in sorted(Counter(row["part"] for row in rows).items())
    ]
    return revisions.finish(conn, draft, parts)


def compared(
    store: Store, kind: Any, before: Rows | None, after: Rows, parts: set[str] | None = None
) -> tuple[Comparison, list[Difference], set[tuple[str, str, str]]]:
    """Write two revisions and compare them; nothing of it stays."""
    with store.engine.connect() as conn, conn.begin() as transaction:
        base = None if before is None else held(conn, store, kind, before)
        revision = held(conn, store, kind, after)
        wanted = {row["part"] for row in [*(before or []), *after]} if parts is None else parts
        found = comparison.compare(conn, kind, base=base, revision=revision, parts=wanted)
        rows = list(differences.differing(conn))
        links: set[tuple[str, str, str]] = set()
        if base is not None and kind.name == descent.LAYER:
            by = load(conn)
            lineage.record_descent(conn, by)
            told = conn.execute(lineage_table.select().where(lineage_table.c.load_id == by))
            links = {(row.old_id, row.new_id, row.how) for row in told}
        transaction.rollback()
    return found, rows, links


# --- any two deliveries, beside a plain computation ---


def land(strips: list[int]) -> shapely.MultiPolygon:
    boxes = [shapely.box(EDGES[one], 0, EDGES[one + 1], 10) for one in strips]
    return shapely.multipolygons(list(shapely.get_parts(shapely.union_all(boxes))))


def redrawn(shape: shapely.MultiPolygon, how: int) -> shapely.MultiPolygon:
    """Draw the same shape otherwise: another first point, backwards, last digits."""
    if how == 1:
        turned = [shapely.Polygon([*one.exterior.coords[1:], one.exterior.coords[1]]) for one in shape.geoms]
        return shapely.MultiPolygon(turned)
    if how == 2:
        return shapely.multipolygons([shapely.Polygon(list(one.exterior.coords)[::-1]) for one in shape.geoms][::-1])
    if how == 3:
        return shapely.transform(shape, lambda points: points + np.sin(points * 1e4) * 1e-7)
    return shape


FIELDS = [(None, None), (5.0, "P"), (6.0, "P"), (5.0, None)]
NUMBERS = st.integers(0, 6)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[Rows, Rows]:
    """Draw parcels twice: strips of land dealt out to numbers, some to none; most stay as they were."""
    owners = draw(st.lists(st.one_of(st.just(-1), NUMBERS), min_size=len(WIDTHS), max_size=len(WIDTHS)))
    dealt = [draw(st.one_of(st.just(owner), st.just(owner), st.just(-1), NUMBERS)) for owner in owners]
    facts = {number: draw(st.sampled_from(FIELDS)) for number in range(7)}
    later = {number: draw(st.one_of(st.just(said), st.sampled_from(FIELDS))) for number, said in facts.items()}
    return rows_of(draw, owners, facts), rows_of(draw, dealt, later)


def rows_of(draw: st.DrawFn, owners: list[int], facts: Mapping[int, tuple[float | None, str | None]]) -> Rows:
    rows = []
    for owner in sorted(set(owners) - {-1}):
        shape = redrawn(land([place for place, one in enumerate(owners) if one == owner]), draw(st.integers(0, 3)))
        said = dict(zip(("area", "use"), facts[owner], strict=True))
        rows.append(row(f"k{owner}", shape, draw(st.sampled_from(["a", "b"])), **said))
    return rows


@dataclass
class Plain:
    """The same classes by the plainest means: loops over dictionaries."""

    new: dict[Any, str]
    old: dict[Any, str]
    fields: Counter[str]
    links: set[tuple[str, str, str]]


def plainly(before: Rows, after: Rows) -> Plain:
    olds, news = ({row["key"]: row for row in rows} for rows in (before, after))
    plain = Plain({}, {}, Counter(), set())
    moved: dict[str, tuple[shapely.Geometry, shapely.Geometry]] = {}
    for key in olds.keys() & news.keys():
        differing = [name for name in ("area", "use") if olds[key][name] != news[key][name]]
        was, now = (shapely.normalize(one[key]["geom"]) for one in (olds, news))
        same = shapely.symmetric_difference(was, now).area < 1e-3
        if not same:
            moved[key] = was, now
        plain.fields.update(differing)
        plain.new[key] = "unchanged" if same and not differing else "changed"
        plain.old[key] = "kept"
    went, came = sorted(olds.keys() - news.keys()), sorted(news.keys() - olds.keys())
    plain.old |= dict.fromkeys(went, "removed")
    plain.new |= dict.fromkeys(came, "added")
    pairs = linked({key: olds[key]["geom"] for key in went}, {key: news[key]["geom"] for key in came})
    fates(pairs, {key: olds[key]["geom"].area for key in went}, {key: news[key]["geom"].area for key in came}, plain)
    for key, (was, now) in moved.items():
        for other in [other for other in went if plain.old[other] == "removed"]:
            if gained(olds[other]["geom"], now, was):
                plain.old[other] = "merged"
                plain.links |= {(other, key, "merged"), (key, key, "merged")}
        for other in [other for other in came if plain.new[other] == "added"]:
            if gained(news[other]["geom"], was, now):
                plain.new[other] = "split_from"
                plain.links |= {(key, other, "split"), (key, key, "split")}
    return plain


def gained(shape: shapely.Geometry, by: shapely.Geometry, but: shapely.Geometry) -> bool:
    return bool(shape.intersection(by).area - shape.intersection(but).area >= 0.9 * shape.area)


def linked(olds: Mapping[str, Any], news: Mapping[str, Any]) -> list[tuple[str, str]]:
    shared = {(o, n): olds[o].intersection(news[n]).area for o in olds for n in news}
    of_old: dict[str, float] = defaultdict(float)
    of_new: dict[str, float] = defaultdict(float)
    for (o, n), area in shared.items():
        of_old[o] += area
        of_new[n] += area
    found = []
    for (o, n), area in shared.items():
        accounted = of_old[o] >= 0.9 * olds[o].area or of_new[n] >= 0.9 * news[n].area
        if area >= (0.25 if accounted else 0.9) * min(olds[o].area, news[n].area):
            found.append((o, n))
    return found


def fates(pairs: list[tuple[str, str]], was: Mapping[str, float], now: Mapping[str, float], plain: Plain) -> None:
    news, olds = Counter(o for o, _ in pairs), Counter(n for _, n in pairs)
    for o, n in pairs:
        alone = "split" if was[o] > now[n] else "merged"
        alone = "renumbered" if min(was[o], now[n]) >= 0.9 * max(was[o], now[n]) else alone
        how = "split" if news[o] > 1 else "merged" if olds[n] > 1 else alone
        plain.old[o] = how
        plain.new[n] = "merged_from" if olds[n] > 1 else {"split": "split_from", "merged": "merged_from"}.get(how, how)
        plain.links.add((o, n, how))


@LEAST
@given(two=deliveries())
def test_any_two_deliveries(store: Store, two: tuple[Rows, Rows]) -> None:
    before, after = two
    found, rows, links = compared(store, LOT, before, after)
    assert sum(found.new.values()) == len(after)
    assert sum(found.old.values()) == len(before)
    plain = plainly(before, after)
    counts = Counter(plain.new.values()), Counter(plain.old.values())
    assert (+Counter(found.new), +Counter(found.old)) == counts
    assert {one.new_key: one.new_class for one in rows if one.new_key} == {
        key: word for key, word in plain.new.items() if word != "unchanged"
    }
    assert {one.old_key: one.old_class for one in rows if one.old_class not in {None, "kept"}} == {
        key: word for key, word in plain.old.items() if word != "kept"
    }
    assert found.fields == plain.fields
    assert whole(links) == whole(plain.links)


def whole(links: set[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Say of a number that stays only that: it may have given and taken at once."""
    return {(old, new, "stays" if old == new else how) for old, new, how in links}


# --- what is the same, and what is not ---


def row(key: str, shape: shapely.Geometry | None, part: str = "all", **fields: Any) -> dict[str, Any]:
    return {"key": key, "id": key, "part": part, "geom": shape, **fields}


BENT = shapely.MultiPolygon([shapely.Polygon([(0, 0), (10, 0), (10, 10), (5, 5), (0, 10)])])
OTHERWISE = shapely.MultiPolygon([shapely.Polygon([(0, 0), (10, 0), (5, 5), (10, 10), (0, 10)])])
"""The same points and the same area, another shape."""


def round_shape(points: int, *, shift: float = 0.0) -> shapely.MultiPolygon:
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    ring = np.column_stack([1e3 * np.cos(angles) + shift, 1e3 * np.sin(angles)])
    return shapely.MultiPolygon([shapely.Polygon(ring)])


@pytest.mark.parametrize(
    ("was", "now", "moved"),
    [
        (square(0), square(0), None),
        (BENT, shapely.reverse(BENT), None),
        (BENT, shapely.transform(BENT, lambda points: points + 4e-4), None),
        (square(0), square(0.25), 0.25),
        (square(0), square(0, side=12.0), 2 * 2**0.5),
        (BENT, OTHERWISE, 12.5**0.5),
        (round_shape(3000), shapely.reverse(round_shape(3000)), None),
        (round_shape(3000), round_shape(3000, shift=3.0), 3.0),
    ],
)  # fmt: skip
def test_a_shape_drawn_otherwise_is_the_same(store: Store, was: Any, now: Any, moved: float | None) -> None:
    found, rows, _ = compared(store, LOT, [row("a", was)], [row("a", now)])
    if moved is None:
        assert (found.new["unchanged"], rows) == (1, [])
        return
    assert (found.new["changed"], found.reshaped, found.old["kept"]) == (1, 1, 1)
    assert found.moved_m == found.median_moved_m == rows[0].moved_m == pytest.approx(moved, rel=0.01)
    assert rows[0].area_change_m2 == pytest.approx(now.area - was.area, abs=1e-6)


def test_a_field_that_differs_is_named_and_one_that_is_new_is_not(store: Store) -> None:
    less = layer({**PARCEL, "fields": {name: spec for name, spec in PARCEL["fields"].items() if name != "measured"}})
    with store.engine.connect() as conn, conn.begin() as transaction:
        base = held(conn, store, less, [row("a", square(0), area=1.0), row("b", square(20), area=2.0)])
        after = [row("a", square(0), area=1.0, measured=DAY), row("b", square(20), measured=DAY)]
        revision = held(conn, store, LOT, after)
        found = comparison.compare(conn, LOT, base=base, revision=revision, parts=["all"])
        rows = list(differences.differing(conn))
        transaction.rollback()
    assert (found.new["unchanged"], found.new["changed"], found.fields) == (1, 1, {"area": 1})
    assert [(one.new_key, one.fields, one.reshaped) for one in rows] == [("b", ("area",), False)]


def test_shapes_that_are_missing_are_compared_too(store: Store) -> None:
    before = [row("a", None), row("b", None), row("c", square(0))]
    after = [row("a", None), row("b", square(0)), row("c", None)]
    found, rows, _ = compared(store, LOT, before, after)
    assert (found.new["unchanged"], found.new["changed"], found.reshaped, found.moved_m) == (1, 2, 2, None)
    assert {one.new_key: one.moved_m for one in rows} == {"b": None, "c": None}


def test_tables_without_geometry(store: Store) -> None:
    offers = [{"key": key, "id": key, "part": "all", "price": price} for key, price in (("a", 1.0), ("b", 2.0))]
    later = [{**offers[0]}, {**offers[1], "price": None}, {"key": "c", "id": "c", "part": "all"}]
    found, _, links = compared(store, layer(OFFER), offers, later)
    assert (found.new["unchanged"], found.new["changed"], found.new["added"]) == (1, 1, 1)
    assert (found.fields, found.reshaped, links) == ({"price": 1}, 0, set())


def test_only_the_parts_replaced_are_compared(store: Store) -> None:
    before = [row("a", square(0), "north"), row("b", square(20), "south"), row("c", square(40), "gone")]
    after = [row("a", square(5), "north"), row("b", square(25), "south")]
    found, rows, _ = compared(store, LOT, before, after, {"south", "gone"})
    assert (found.new["changed"], sum(found.new.values())) == (1, 1)
    assert (found.old["kept"], found.old["removed"]) == (1, 1)
    assert {one.part for one in rows} == {"south", "gone"}


def test_a_parcel_that_is_now_in_another_part_is_the_same(store: Store) -> None:
    found, rows, links = compared(store, LOT, [row("a", square(0), "x")], [row("a", square(0), "y")], {"x", "y"})
    assert (found.new["unchanged"], found.old["kept"], rows, links) == (1, 1, [], set())


def test_a_first_load_adds_everything(store: Store) -> None:
    found, rows, _ = compared(store, LOT, None, [row("a", square(0)), row("b", square(20))])
    assert (found.new["added"], sum(found.new.values()), sum(found.old.values()), rows) == (2, 2, 0, [])


FLOOD = layer({**PIPE, "name": "flood", "key": "content"})


def test_rows_without_keys_are_a_multiset_whatever_their_last_digits(store: Store) -> None:
    def pipe(key: str, x: float, note: str | None = None) -> dict[str, Any]:
        return {"key": key, "id": None, "part": "all", "note": note,
                "geom": shapely.MultiLineString([[(x, 0), (x, 50.0)]])}  # fmt: skip

    before = [pipe("d1", 0), pipe("d1-2", 0), pipe("d2", 10), pipe("d3", 20, "a"), pipe("d4", 30)]
    after = [pipe("e1", 1e-7), pipe("e2", 0), pipe("e3", 0), pipe("d2", 10), pipe("e4", 20, "b"), pipe("e5", 30.5)]
    found, rows, _ = compared(store, FLOOD, before, after)
    # two of the three alike stood there before; one row says another thing, one lies elsewhere
    assert {name: n for name, n in found.new.items() if n} == {"unchanged": 3, "added": 3}
    assert {name: n for name, n in found.old.items() if n} == {"kept": 3, "removed": 2}
    assert sorted(one.new_key for one in rows if one.new_key) == ["e3", "e4", "e5"]


# --- what became of parcels ---


def lot(key: str, *bounds: float) -> dict[str, Any]:
    return row(key, shapely.MultiPolygon([shapely.box(*bounds)]))


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        # one number stays with the larger piece, one is taken up by a neighbour
        ([lot("1", 0, 0, 40, 10)], [lot("1", 0, 0, 30, 10), lot("2", 30, 0, 40, 10)],
         {("1", "1", "split"), ("1", "2", "split")}),
        ([lot("1", 0, 0, 30, 10), lot("2", 30, 0, 40, 10)], [lot("1", 0, 0, 40, 10)],
         {("1", "1", "merged"), ("2", "1", "merged")}),
        # two become two others: neither lies in one, both are accounted for
        ([lot("1", 0, 0, 20, 10), lot("2", 20, 0, 40, 10)], [lot("3", 0, 0, 40, 5), lot("4", 0, 5, 40, 10)],
         {("1", "3", "split"), ("1", "4", "split"), ("2", "3", "split"), ("2", "4", "split")}),
        # a strip along the border is no descent, nor is a neighbour
        ([lot("1", 0, 0, 20, 10)], [lot("2", 0.5, 0, 20.5, 10), lot("3", 20.5, 0, 60, 10)],
         {("1", "2", "renumbered")}),
        ([lot("1", 0, 0, 20, 10)], [lot("2", 15, 0, 60, 10)], set()),
        # an error taken out of the register, over a parcel that did not change
        ([lot("1", 0, 0, 20, 10), lot("2", 0, 0, 5, 10)], [lot("1", 0, 0, 20, 10)], set()),
    ],
)  # fmt: skip
def test_what_became_of_parcels(store: Store, before: Rows, after: Rows, wanted: set[tuple[str, str, str]]) -> None:
    _, _, links = compared(store, LOT, before, after)
    assert links == wanted


# --- parts that shrink or stay away ---


def precincts(path: Path, sizes: Mapping[str, int]) -> Path:
    """Write a row of parcels in each precinct."""
    lots = [(precinct, number) for precinct, n in sizes.items() for number in range(1, n + 1)]
    shapes = [box(12.0 * number, 50.0 * int(precinct)) for precinct, number in lots]
    return parcels(path, [parcel_id(number, precinct) for precinct, number in lots], shapes)


@pytest.mark.parametrize(("now", "allowed"), [(45, True), (44, False), (0, True)])
def test_one_part_of_several_may_not_shrink(
    store: Store, catalogue: Catalogue, tmp_path: Path, now: int, allowed: bool
) -> None:
    take(store, catalogue, precincts(tmp_path / "a.gpkg", {"0001": 50, "0002": 50}))
    # the layer as a whole grows
    fewer = precincts(tmp_path / "b.gpkg", {"0001": now, "0002": 150})
    if not allowed:
        with pytest.raises(Refused, match="part 0001 of layer parcel would shrink from 50 rows to 44"):
            take(store, catalogue, fewer)
    report = take(store, catalogue, fewer, allow_shrink=not allowed)
    assert balanced(report)
    # a part that is not in the file at all stays as it was, and that is said
    told = [one["examples"][0]["sentence"] for one in report.loads[0].findings if one["type"] == "part_stays"]
    assert len(told) == counts(report.loads[0]).get("part_stays", 0) == (now == 0)
    assert all("(0001)" in sentence and "50" in sentence for sentence in told)
    changes = report.loads[0].changes
    assert (changes.old["removed"], sum(changes.old.values())) == ((50 - now, 100) if now else (0, 50))


# --- two years of a real town ---


@pytest.mark.parametrize("path", files("cambridge/cambridge.gpkg"))
def test_cambridge_in_two_years(settings: Settings, catalogue: Catalogue, path: Path) -> None:
    years = {year: f"parcels_fy{year}" for year in (2013, 2014)}
    ids = {year: set(pyogrio.read_dataframe(path, layer=years[year], read_geometry=False)["ML"]) for year in years}
    vanished, appeared = ids[2013] - ids[2014], ids[2014] - ids[2013]
    assert (len(vanished), len(appeared)) == (94, 52)
    said = read_note(NOTES / "cambridge.toml")
    reports = []
    with open_store(in_crs(settings, "EPSG:26986")) as store:
        for year, name in years.items():
            tables = dict.fromkeys([*said.layer, *years.values()], "skip") | {name: "parcel"}
            columns = {f"{name}.ML": "parcel.id", f"{name}.LOT": "parcel.number"}
            note = Note(
                layer=tables, column=columns, part={name: "cambridge"}, crs="EPSG:26986", dated=date(year, 1, 1)
            )
            reports.append(load_plan(store, catalogue, read_source(store, catalogue, path, note)))
        with store.begin() as conn:
            (changes,) = changes_of(conn, catalogue, reports[1].load or 0)
            rows = list(differences.differing(conn))
            heirs = {key: lineage.successors(conn, key) for key in sorted(vanished)}
    assert all(map(balanced, reports))
    new, old = reports[1].loads[0].changes.new, reports[1].loads[0].changes.old
    assert new == changes.counts.new == {
        "added": 5, "changed": 12979, "unchanged": 0, "renumbered": 7, "split_from": 15, "merged_from": 25,
    }  # fmt: skip
    assert old == changes.counts.old == {"kept": 12979, "removed": 4, "renumbered": 7, "split": 10, "merged": 74}
    assert {one.new_key for one in rows if one.old_key is None} == appeared
    # one row of the later year is rejected: its geometry is missing, so its number went too
    assert {one.old_key for one in rows if one.new_key is None} == vanished | {"238-80"}
    # the whole town was drawn anew, a third of a metre away
    assert changes.counts.median_moved_m == pytest.approx(0.353, abs=0.001)
    assert sum(bool(found) for found in heirs.values()) == 90
    assert (heirs["16-31"], heirs["120-98"], heirs["188-106"]) == (
        ["16-32", "16-33"], ["120-92"], ["188-143", "188-144", "188-145"],
    )  # fmt: skip
