"""Which parcels that went became which that came: told by the ground they share, in the database.

It works on the rows that `comparison` wrote down: it moves them to finer classes and leaves `descent`, a line a link.
"""

import sqlalchemy as sa

LAYER = "parcel"
"""The layer whose rows have descendants."""
ALIKE = 0.9
"""The share from which on one parcel is in the other, is accounted for by others, or is as large as the other."""
QUARTER = 0.25
"""The share of the smaller from which on a parcel is one of several that account for another."""

TABLE = """
CREATE TEMP TABLE descent (
    old_row int, new_row int, old_key text, new_key text, how text, news bigint, olds bigint
) ON COMMIT DROP
"""
OVERLAP = """
CREATE TEMP TABLE overlap (
    old_row int, new_row int, old_key text, new_key text, shared double precision, was double precision,
    now double precision
) ON COMMIT DROP
"""
RENUMBERED = """
INSERT INTO pg_temp.descent
SELECT old_row, new_row, old_key, new_key, 'renumbered', 1, 1 FROM (
    SELECT gone.old_row, come.new_row, gone.old_key, come.new_key,
           count(*) OVER (PARTITION BY gone.old_row) AS news, count(*) OVER (PARTITION BY come.new_row) AS olds
    FROM pg_temp.difference AS gone JOIN {old} AS o ON o.row = gone.old_row
    JOIN {new} AS n ON n.geom = o.geom JOIN pg_temp.difference AS come ON come.new_row = n.row
    WHERE gone.old_class = 'removed' AND come.new_class = 'added'
) AS same WHERE news = 1 AND olds = 1
"""
OVERLAPS = """
INSERT INTO pg_temp.overlap
SELECT gone.old_row, come.new_row, gone.old_key, come.new_key,
       ST_Area(ST_Intersection(o.geom, n.geom)), ST_Area(o.geom), ST_Area(n.geom)
FROM pg_temp.difference AS gone JOIN {old} AS o ON o.row = gone.old_row
JOIN {new} AS n ON n.geom && o.geom JOIN pg_temp.difference AS come ON come.new_row = n.row
WHERE gone.old_class = 'removed' AND come.new_class = 'added'
"""
LINKS = """
INSERT INTO pg_temp.descent
SELECT old_row, new_row, old_key, new_key,
       CASE WHEN news > 1 THEN 'split' WHEN olds > 1 THEN 'merged'
            WHEN least(was, now) >= {alike} * greatest(was, now) THEN 'renumbered'
            WHEN was > now THEN 'split' ELSE 'merged' END, news, olds
FROM (
    SELECT *, count(*) OVER (PARTITION BY old_row) AS news, count(*) OVER (PARTITION BY new_row) AS olds
    FROM (
        SELECT *, sum(shared) OVER (PARTITION BY old_row) >= {alike} * was
               OR sum(shared) OVER (PARTITION BY new_row) >= {alike} * now AS accounted
        FROM pg_temp.overlap
    ) AS summed
    WHERE least(was, now) > 0
      AND shared >= CASE WHEN accounted THEN {quarter} ELSE {alike} END * least(was, now)
) AS linked
"""
TAKEN_UP = """
WITH taken AS (
    SELECT gone.old_row, stay.new_row, gone.old_key, stay.new_key, stay.old_row AS core, stay.old_key AS core_key
    FROM pg_temp.difference AS gone JOIN {old} AS o ON o.row = gone.old_row
    JOIN {new} AS n ON n.geom && o.geom JOIN pg_temp.difference AS stay ON stay.new_row = n.row
    JOIN {old} AS before ON before.row = stay.old_row
    WHERE gone.old_class = 'removed' AND stay.reshaped AND ST_Area(o.geom) > 0
      AND ST_Area(ST_Intersection(o.geom, n.geom)) - ST_Area(ST_Intersection(o.geom, before.geom))
          >= {alike} * ST_Area(o.geom)
)
INSERT INTO pg_temp.descent
SELECT old_row, new_row, old_key, new_key, 'merged', 1, 2 FROM taken
UNION SELECT core, new_row, core_key, new_key, 'merged', 1, 2 FROM taken
"""
CUT_OFF = """
WITH cut AS (
    SELECT stay.old_row, come.new_row, stay.old_key, come.new_key, stay.new_row AS rest, stay.new_key AS rest_key
    FROM pg_temp.difference AS come JOIN {new} AS n ON n.row = come.new_row
    JOIN {old} AS o ON o.geom && n.geom JOIN pg_temp.difference AS stay ON stay.old_row = o.row
    JOIN {new} AS after ON after.row = stay.new_row
    WHERE come.new_class = 'added' AND stay.reshaped AND ST_Area(n.geom) > 0
      AND ST_Area(ST_Intersection(n.geom, o.geom)) - ST_Area(ST_Intersection(n.geom, after.geom))
          >= {alike} * ST_Area(n.geom)
)
INSERT INTO pg_temp.descent
SELECT old_row, new_row, old_key, new_key, 'split', 2, 1 FROM cut
UNION SELECT old_row, rest, old_key, rest_key, 'split', 2, 1 FROM cut
"""
CLASSES = """
UPDATE pg_temp.difference AS d SET new_class = CASE WHEN link.olds > 1 THEN 'merged_from'
    ELSE CASE link.how WHEN 'renumbered' THEN 'renumbered' ELSE link.how || '_from' END END
FROM (SELECT new_row, max(how) AS how, max(olds) AS olds FROM pg_temp.descent GROUP BY new_row) AS link
WHERE d.new_class = 'added' AND d.new_row = link.new_row;
UPDATE pg_temp.difference AS d SET old_class = link.how
FROM (SELECT old_row, max(how) AS how FROM pg_temp.descent GROUP BY old_row) AS link
WHERE d.old_class = 'removed' AND d.old_row = link.old_row
"""


def trace(conn: sa.Connection, old: str, new: str) -> None:
    """Find out what became of the parcels that went, `old` and `new` being the tables they are in.

    One that came with the very outline of one that went is that one. Else two belong together where the smaller lies
    in the other, or where one of them is accounted for by several that each share a good part. A parcel whose number
    stays takes up one that went where it grew over it; one that came was cut off it where it lies in what it lost.
    """
    names = {"old": old, "new": new, "alike": ALIKE, "quarter": QUARTER}
    steps = (RENUMBERED, CLASSES, OVERLAP, OVERLAPS, "ANALYZE pg_temp.overlap", LINKS, CLASSES, TAKEN_UP, CUT_OFF)
    for statement in (*steps, CLASSES, "DROP TABLE pg_temp.overlap"):
        for one in statement.format_map(names).split(";"):
            conn.execute(sa.text(one))
