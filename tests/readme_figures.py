"""Write the README's figures anew from `docs/benchmarks.json`: `scripts/figures`. No figure is typed by hand."""

import re
from collections.abc import Iterator
from pathlib import Path

from benchmarks import records
from benchmarks.records import Records
from benchmarks.table import Row, seconds

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
BLOCK = re.compile(r"(?<=<!-- figures -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)
SHOWN = (
    ("import", "import a register: recognised, repaired, checked, indexed", "import", ("ogr2ogr",)),
    (
        "profile",
        "four nearest distances and three shares",
        "4 nearest distances and 3 shares",
        ("geopandas", "PostGIS"),
    ),
    ("score", "the best fifty of twelve wants", "twelve wants", ("scikit-criteria", "SQL")),
    ("tiles", "a vector tile of zoom 14, asked again", "tiles of zoom 14, warm", ("tipg",)),
    ("tiles", "one parcel by its identifier", "one parcel by identifier", ("tipg",)),
    ("map", "the first map painted", "first map painted", ("folium page of 20,000",)),
)
"""Part, what people call it, what the benchmarks call it, and beside what: wins and losses alike."""


def whole(readme: str, held: Records) -> str:
    """Return the README with the figures as measured."""
    return BLOCK.sub(lambda _: "\n".join(table(held)) + "\n", readme)


def table(held: Records) -> Iterator[str]:
    """Yield the lines of the table: the largest size each part was measured at."""
    yield from ("| what | parcels | gis-sites | beside |", "| --- | --: | --: | --- |")
    for part, title, what, others in SHOWN:
        parcels, section = max(held[part].items())
        rows = [row for row in section.rows if row.what == what and row.beside in others]
        beside = ", ".join(f"{row.beside} {seconds(row.theirs)}" for row in sorted(rows, key=_named) if row.theirs)
        yield f"| {title} | {parcels:,} | {seconds(rows[0].ours)} | {beside} |"


def _named(row: Row) -> str:
    return row.beside.casefold()


if __name__ == "__main__":
    measured = records.read(ROOT / "docs" / "benchmarks.json")
    README.write_text(whole(README.read_text(encoding="utf-8"), measured), encoding="utf-8")
