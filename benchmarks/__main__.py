"""`benchmarks/run`: every comparison in one run, as a table and, if asked for, as Markdown."""

import argparse
import importlib
import sys
from pathlib import Path

from benchmarks import table
from benchmarks.ground import ground
from benchmarks.machine import facts

NAMES = {
    "import": "benchmarks.imports",
    "reimport": "benchmarks.reimports",
    "profile": "benchmarks.profiles",
    "increment": "benchmarks.increments",
    "score": "benchmarks.scores",
    "shortlist": "benchmarks.shortlists",
    "footprint": "benchmarks.footprints",
    "assemblies": "benchmarks.assemblies",
    "tiles": "benchmarks.tiles",
    "map": "benchmarks.first_map",
    "snapshot": "benchmarks.snapshots",
    "mutations": "benchmarks.mutations",
}
"""What can be measured, in this order, and the module that does; each has `run(ground, runs)`, which yields rows."""


def main() -> int:
    """Measure what was asked for."""
    asked = _arguments()
    rows: list[table.Row] = []
    names = asked.only or list(NAMES)
    published = not {*names} <= {"import", "reimport", "mutations"}
    with ground(asked.parcels, home=asked.home, city=asked.city, published=published) as here:
        for name in names:
            print(f"{name}:", flush=True)
            module = importlib.import_module(NAMES[name])
            rows.extend(module.run(here, asked.runs))
    title = f"gis-sites beside others: a demo city of {asked.parcels:,} parcels"
    table.show(title, rows)
    if asked.markdown:
        table.write_markdown(asked.markdown, title, rows, facts=facts(asked.runs))
    return 0 if all(row.reached is not False for row in rows) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument("--parcels", type=int, default=20_000, help="how large the demo city is (20000)")
    parser.add_argument("--only", action="append", choices=list(NAMES), help="measure this only; may be repeated")
    parser.add_argument("--runs", type=int, default=3, help="rounds of which the median counts (3)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there as well")
    parser.add_argument("--home", type=Path, help="an inventory of the demo city that is published already")
    parser.add_argument("--city", type=Path, help="the folder of its files (HOME/city)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
