"""The rows that a comparison found to differ, read from the tables it left on the connection."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

CHUNK = 5_000
ALL_ROWS = "SELECT * FROM pg_temp.difference ORDER BY old_row, new_row"
SOME_ROWS = """
SELECT * FROM (
    SELECT *, row_number() OVER (PARTITION BY new_class, old_class
                                 ORDER BY moved DESC NULLS LAST, abs(grown) DESC, old_row, new_row) AS place
    FROM pg_temp.difference AS d
    WHERE NOT EXISTS (SELECT FROM pg_temp.descent WHERE new_row = d.new_row)
      AND NOT EXISTS (SELECT FROM pg_temp.descent WHERE old_row = d.old_row)
) AS ranked ORDER BY place, new_class LIMIT :most
"""
SOME_LINKS = "SELECT * FROM pg_temp.descent ORDER BY old_row, new_row, how LIMIT :most"


@dataclass(frozen=True)
class Difference:
    """A row that differs: its class among the new rows, among the old ones, or in both where it stays."""

    new_class: str | None
    old_class: str | None
    part: str
    old_key: str | None
    new_key: str | None
    old_row: int | None
    new_row: int | None
    fields: tuple[str, ...]
    """The stored columns that differ; a column the old revision lacks does not."""
    reshaped: bool
    moved_m: float | None
    """How far a point of one outline lies from the other outline at most (Hausdorff's distance); None: unknown."""
    area_change_m2: float | None
    """Of the drawn area, in the plane of the working CRS."""


@dataclass(frozen=True)
class Link:
    """A row that went, or stayed with less or more, and one that came, or stayed, of its ground."""

    old_row: int
    new_row: int
    old_key: str
    new_key: str
    how: str
    """`split`, `merged` or `renumbered`."""


def differing(conn: sa.Connection, *, most: int | None = None) -> Iterator[Difference]:
    """Yield the rows that differ, a bounded number of them held at a time.

    With `most` only so many, of every class the ones that moved farthest, without those `links` tells of.
    """
    rows = sa.text(ALL_ROWS if most is None else SOME_ROWS)
    streamed = {"stream_results": True, "yield_per": CHUNK}
    for row in conn.execute(rows, {} if most is None else {"most": most}, execution_options=streamed):
        yield Difference(
            row.new_class,
            row.old_class,
            row.part,
            row.old_key,
            row.new_key,
            row.old_row,
            row.new_row,
            tuple(row.fields),
            row.reshaped,
            row.moved,
            row.grown,
        )


def links(conn: sa.Connection, *, most: int) -> list[Link]:
    """Return which row that went became which that came, the first so many."""
    rows = conn.execute(sa.text(SOME_LINKS), {"most": most})
    return [Link(row.old_row, row.new_row, row.old_key, row.new_key, row.how) for row in rows]
