"""What changed between two deliveries: every row in exactly one class, whatever the deliveries look like."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_sites.store import comparison, descent, lineage, revisions
from gis_sites.store.comparison import Comparison, Difference
from gis_sites.store.connect import Store
from gis_sites.store.revisions import Part, Revision
from tests.store.support import DAY, EVERYTHING, OFFER, PARCEL, PIPE, layer, load, square, table

Rows = list[dict[str, Any]]
LEAST = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WIDTHS = (7.3, 11.9, 13.1, 19.7, 23.3, 29.9)
"""Of strips of land: no sum of some is near a quarter or nine tenths of a sum of others."""
EDGES = np.concatenate([[0.0], np.cumsum(WIDTHS)])
LOT = layer({**PARCEL, "fields": {**PARCEL["fields"], "id": {"type": "text", "required": True}}})


def held(conn: Any, store: Store, kind: Any, rows: Rows) -> Revision:
    """Write a revision whose rows say their own part."""
    by = load(conn)
    draft = revisions.create(conn, kind, srid=store.srid)
    revisions.append(conn, draft, table(kind, rows, load=by).set_column(1, "part", pa.array([row["part"] for row in rows], pa.string())))
    parts = [Part(name, by, n, EVERYTHING, DAY, None) for name, n in sorted(Counter(row["part"] for row in rows).items())]
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
        rows = list(comparison.differing(conn))
        links: set[tuple[str, str, str]] = set()
        if base is not None and kind.name == descent.LAYER:
            by = load(conn)
            lineage.record_descent(conn, by)
            links = {(step.old, step.new, step.how) for step in lineage.of_load(conn, by)}
        transaction.rollback()
    return found, rows, links


# --- any two deliveries, beside a plain computation ---


def land(strips: list[int]) -> shapely.MultiPolygon | None:
    boxes = [shapely.box(EDGES[one], 0, EDGES[one + 1], 10) for one in strips]
    return shapely.multipolygons([part for part in shapely.get_parts(shapely.union_all(boxes))]) if boxes else None


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


@st.composite
def delivery(draw: st.DrawFn) -> Rows:
    """Draw parcels: strips of land dealt out to numbers, some to none."""
    owners = draw(st.lists(st.integers(-1, 4), min_size=len(WIDTHS), max_size=len(WIDTHS)))
    numbers = draw(st.permutations([f"k{n}" for n in range(7)]))
    rows = []
    for owner in sorted(set(owners) - {-1}):
        strips = [place for place, one in enumerate(owners) if one == owner]
        shape = redrawn(land(strips), draw(st.integers(0, 3)))
        area, use = draw(st.sampled_from([(None, None), (5.0, "P"), (6.0, "P"), (5.0, None)]))
        part = draw(st.sampled_from(["a", "b"]))
        rows.append({"key": numbers[owner], "id": numbers[owner], "part": part, "geom": shape, "area": area, "use": use})
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
@given(before=delivery(), after=delivery())
def test_any_two_deliveries(store: Store, before: Rows, after: Rows) -> None:
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
