"""Two revisions of a layer beside each other, compared in the database: only rows that differ are written down.

`compare` leaves these rows in a table of the connection, `difference`, until the transaction ends. Unchanged rows are
counted and nowhere kept, so a city of parcels that did not change costs one join.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from gis_sites.catalogue import Layer
from gis_sites.findings import mask
from gis_sites.store import descent
from gis_sites.store.copy import quoted_column
from gis_sites.store.loads import MASKED
from gis_sites.store.revisions import Revision
from gis_sites.store.tables import field_columns, quoted

NEW = ("added", "changed", "unchanged", "renumbered", "split_from", "merged_from")
OLD = ("kept", "removed", "renumbered", "split", "merged")
SAME_M = 0.001
"""A shape no point of which moved farther is the same: what exports and reprojections leave in the last digits."""
FINE = 0.25
"""How each edge is divided before the distance of two outlines is taken."""
SMALL, LIGHT = 2_500, 250_000
"""Up to these products of their points two shapes are measured at once, and in the database: it tries every pair."""
FIGURES = {"same": SAME_M, "fine": FINE, "small": SMALL, "light": LIGHT}
PAIRED = "CASE WHEN o.row IS NOT NULL AND n.row IS NOT NULL"

TABLES = """
DROP TABLE IF EXISTS pg_temp.difference, pg_temp.descent;
CREATE TEMP TABLE difference (
    new_class text, old_class text, part text, old_key text, new_key text, old_row int, new_row int,
    fields text[], reshaped boolean, moved double precision, grown double precision
) ON COMMIT DROP
"""
PAIRS = """
INSERT INTO pg_temp.difference
SELECT CASE WHEN o.row IS NULL THEN 'added' WHEN n.row IS NOT NULL THEN 'changed' END,
       CASE WHEN n.row IS NULL THEN 'removed' WHEN o.row IS NOT NULL THEN 'kept' END,
       coalesce(n.part, o.part), o.key, n.key, o.row, n.row, {fields}, {shape}
FROM (SELECT * FROM {old} WHERE part = ANY(:parts)) AS o
FULL JOIN (SELECT * FROM {new} WHERE part = ANY(:parts)) AS n ON {same_row} {measured}
WHERE o.row IS NULL OR n.row IS NULL OR {differs}
"""
MEASURED = """
LEFT JOIN LATERAL (
    SELECT CASE WHEN o.geom IS NULL OR n.geom IS NULL THEN NULL
                WHEN o.geom = n.geom THEN 0
                WHEN {points} > {small} AND {same_on_grid} THEN 0
                WHEN {points} <= {light} THEN ST_HausdorffDistance(o.geom, n.geom, {fine}) ELSE 'NaN' END AS moved,
           ST_Area(n.geom) - ST_Area(o.geom) AS grown
    OFFSET 0  -- a fence: the distance is taken once a row
) AS m ON o.row IS NOT NULL AND n.row IS NOT NULL
"""
SHAPE = """
o.row IS NOT NULL AND n.row IS NOT NULL AND ((o.geom IS NULL) <> (n.geom IS NULL)
    OR coalesce(m.moved > {same} OR abs(m.grown) > {same} * ST_Perimeter(n.geom), false)),
m.moved, m.grown"""
POINTS = "ST_NPoints(o.geom)::bigint * ST_NPoints(n.geom)"
SAME_ON_GRID = "ST_Normalize(ST_SnapToGrid(o.geom, {same})) = ST_Normalize(ST_SnapToGrid(n.geom, {same}))"
SAME_AGAIN = """
WITH alike AS (
    SELECT r.old_row, a.new_row, min(r.old_row) OVER (PARTITION BY a.new_row) AS first
    FROM pg_temp.difference AS a JOIN {new} AS n ON n.row = a.new_row
    JOIN {old} AS o ON o.geom @ ST_Expand(n.geom, {same}) AND n.geom @ ST_Expand(o.geom, {same})
    JOIN pg_temp.difference AS r ON r.old_row = o.row AND r.part = a.part
    WHERE a.old_row IS NULL AND r.new_row IS NULL AND {same_fields} AND CASE WHEN {points} <= {light}
        THEN ST_HausdorffDistance(o.geom, n.geom, {fine}) <= {same}
             AND abs(ST_Area(n.geom) - ST_Area(o.geom)) <= {same} * ST_Perimeter(n.geom)
        ELSE {same_on_grid} END
), olds AS (
    SELECT old_row, first, row_number() OVER (PARTITION BY first ORDER BY old_row) AS place
    FROM (SELECT old_row, min(first) AS first FROM alike GROUP BY old_row) AS one
), news AS (
    SELECT new_row, first, row_number() OVER (PARTITION BY first ORDER BY new_row) AS place
    FROM (SELECT DISTINCT new_row, first FROM alike) AS one
), again AS (SELECT old_row, new_row FROM olds JOIN news USING (first, place))
DELETE FROM pg_temp.difference AS d USING again
WHERE d.old_row IS NULL AND d.new_row = again.new_row OR d.new_row IS NULL AND d.old_row = again.old_row
"""
UNCHANGED = "DELETE FROM pg_temp.difference WHERE new_class = 'changed' AND fields = '{}' AND NOT reshaped"
CLASSES = """
SELECT new_class, old_class, count(*) AS rows, count(*) FILTER (WHERE reshaped) AS reshaped,
       max(moved) FILTER (WHERE reshaped) AS moved,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY moved) FILTER (WHERE reshaped) AS median
FROM pg_temp.difference GROUP BY new_class, old_class
"""
FIELDS = """
SELECT name, count(*) AS rows FROM pg_temp.difference, unnest(fields) AS name
GROUP BY name ORDER BY rows DESC, name
"""
EXAMPLES = """
SELECT side, class, array_agg(key ORDER BY place) AS keys FROM (
    SELECT side, class, key, row_number() OVER (PARTITION BY side, class ORDER BY row) AS place
    FROM pg_temp.difference
    CROSS JOIN LATERAL (VALUES ('new', new_class, new_key, new_row), ('old', old_class, old_key, old_row))
        AS one (side, class, key, row)
    WHERE class IS NOT NULL AND class <> 'kept'
) AS numbered WHERE place <= 5 GROUP BY side, class
"""


@dataclass(frozen=True)
class Comparison:
    """What one load changed in its parts: every new row and every old row in exactly one class."""

    new: dict[str, int]
    """Sums to the rows loaded."""
    old: dict[str, int]
    """Sums to the rows replaced."""
    fields: dict[str, int] = field(default_factory=dict)
    """Stored column -> changed rows in which it differs."""
    reshaped: int = 0
    """Changed rows whose geometry differs."""
    moved_m: float | None = None
    """How far the one of them that moved farthest did, see `differences.Difference`."""
    median_moved_m: float | None = None
    """Half of them moved no farther."""
    examples: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """`new` and `old` -> class -> the first keys, masked where they are not public."""


def compare(
    conn: sa.Connection, layer: Layer, *, base: Revision | None, revision: Revision, parts: Collection[str]
) -> Comparison:
    """Compare the parts a load replaced with what they were in `base`.

    Both tables must be finished. The rows that differ can be had from `differences` until the transaction ends or
    another comparison is made.
    """
    for statement in (*TABLES.split(";"), descent.TABLE):
        conn.execute(sa.text(statement))
    loaded = _rows(revision, parts)
    if base is None:
        return Comparison({**dict.fromkeys(NEW, 0), "added": loaded}, dict.fromkeys(OLD, 0))
    _differences(conn, layer, base, revision, sorted(parts))
    counted = _counted(conn, _rows(base, parts), loaded)
    return replace(counted, examples=_examples(conn, layer))


def _differences(conn: sa.Connection, layer: Layer, base: Revision, revision: Revision, parts: list[str]) -> None:
    terms = _terms(layer, base, revision)
    conn.execute(sa.text(PAIRS.format_map(terms)), {"parts": parts})
    if layer.geometry != "table":
        _measure_heavy(conn, terms)
    conn.execute(sa.text(UNCHANGED))
    conn.execute(sa.text("ANALYZE pg_temp.difference"))
    if layer.name == descent.LAYER:
        descent.trace(conn, terms["old"], terms["new"])
    elif layer.geometry != "table":
        conn.execute(sa.text(SAME_AGAIN.format_map(terms)))


def _terms(layer: Layer, base: Revision, revision: Revision) -> dict[str, Any]:
    """Return what the statements are made of; every name is ours and quoted."""
    known = {column: kind.name for column, kind in field_columns(layer).items()}
    both = [name for name, kind in known.items() if base.types.get(name) == revision.types.get(name) == kind]
    o, n = (", ".join(f"{side}.{quoted_column(name)}" for name in both) for side in "on")
    said = ", ".join(
        f"CASE WHEN o.{quoted_column(name)} IS DISTINCT FROM n.{quoted_column(name)} THEN '{name}' END" for name in both
    )
    # Identifiers that stand for themselves mean the same row in whatever part it comes.
    alone = any(layer.fields[name].required for name in layer.key_fields)
    terms = {
        **FIGURES,
        "old": quoted(base.table),
        "new": quoted(revision.table),
        "same_row": "o.key = n.key" if alone else "o.key = n.key AND o.part = n.part",
        "same_fields": f"ROW({o}) IS NOT DISTINCT FROM ROW({n})" if both else "true",
        "fields": f"{PAIRED} THEN array_remove(ARRAY[{said}]::text[], NULL) ELSE '{{}}' END",
        "points": POINTS,
        "same_on_grid": SAME_ON_GRID.format(same=SAME_M),
    }
    drawn = layer.geometry != "table"
    terms["differs"] = f"NOT ({terms['same_fields']})" + (" OR o.geom IS DISTINCT FROM n.geom" if drawn else "")
    terms["measured"] = MEASURED.format_map(terms) if drawn else ""
    terms["shape"] = SHAPE.format_map(terms) if drawn else "false, NULL, NULL"
    return terms


def _measure_heavy(conn: sa.Connection, terms: Mapping[str, Any]) -> None:
    """Measure shapes of very many points, a pair at a time."""
    heavy = sa.text("SELECT ctid::text AS place, old_row, new_row FROM pg_temp.difference WHERE moved = 'NaN'")
    shapes = sa.text(
        "SELECT ST_AsEWKB(o.geom), ST_AsEWKB(n.geom) FROM {old} AS o, {new} AS n "
        "WHERE o.row = :old AND n.row = :new".format_map(terms)
    )
    found = sa.text("UPDATE pg_temp.difference SET moved = :moved, reshaped = :moved > :same WHERE ctid = :place ::tid")
    for place, old, new in conn.execute(heavy).all():
        pair = conn.execute(shapes, {"old": old, "new": new}).one()
        conn.execute(found, {"moved": _distance(*pair), "same": SAME_M, "place": place})


def _distance(old: bytes, new: bytes) -> float:
    """Return how far a point of one outline lies from the other outline at most."""
    import shapely

    shapes = shapely.from_wkb([bytes(old), bytes(new)])
    lines = [shape.boundary if shape.geom_type in {"Polygon", "MultiPolygon"} else shape for shape in shapes]
    shapely.prepare(lines)
    points = [shapely.points(shapely.get_coordinates(line)) for line in lines]
    return float(max(shapely.distance(lines[0], points[1]).max(), shapely.distance(lines[1], points[0]).max()))


def _rows(revision: Revision, parts: Collection[str]) -> int:
    return sum(part.rows for part in revision.parts if part.name in parts)


def _counted(conn: sa.Connection, before: int, after: int) -> Comparison:
    """Count the classes; what is not written down did not change."""
    new, old = dict.fromkeys(NEW, 0), dict.fromkeys(OLD, 0)
    reshaped: tuple[int, float | None, float | None] = (0, None, None)
    for row in conn.execute(sa.text(CLASSES)):
        if row.new_class:
            new[row.new_class] += row.rows
        if row.old_class:
            old[row.old_class] += row.rows
        if row.reshaped:
            reshaped = row.reshaped, row.moved, row.median
    new["unchanged"] = after - sum(new.values())
    old["kept"] = before - (sum(old.values()) - old["kept"])
    fields = {row.name: row.rows for row in conn.execute(sa.text(FIELDS))}
    return Comparison(new, old, fields, *reshaped)


def _examples(conn: sa.Connection, layer: Layer) -> dict[str, dict[str, list[str]]]:
    private = any(not layer.fields[name].public for name in layer.key_fields)
    found: dict[str, dict[str, list[str]]] = {"new": {}, "old": {}}
    for side, kind, keys in conn.execute(sa.text(EXAMPLES)):
        found[side][kind] = [MASKED] if private else [mask(key) for key in keys]
    return found
