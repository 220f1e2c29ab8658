"""`benchmarks/run`: what is asked for, at each size, beside other tools; `--docs` puts it into a page."""

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, page, records
from benchmarks.goals import goals_of
from benchmarks.ground import Ground, ground
from benchmarks.parts import PARTS
from benchmarks.records import Section

SIZES = (100_000, 450_000, 1_000_000)
BARE = {"import", "reimport", "mutations"}
"""Parts that need no published inventory."""


def main() -> int:
    """Measure what was asked for, size after size; whatever is measured is written down at once.

    Returns:
        1 where a part failed or a bound was missed.
    """
    asked = _arguments()
    good = True
    for nth, parcels in enumerate(asked.parcels):
        names = [name for name in asked.only if PARTS[name].sized or nth == 0]
        with ground(parcels, published=not BARE.issuperset(names)) as here:
            for name in names:
                good &= _one(here, name, runs=asked.runs, docs=asked.docs)
    return 0 if good else 1


def _one(here: Ground, name: str, *, runs: int, docs: Path | None) -> bool:
    """Measure a part at a size; tell whether it came to an end and its bounds are kept."""
    print(f"{name}, {here.parcels:,} parcels:", flush=True)
    size = here.parcels if PARTS[name].sized else 0
    try:
        section = measured(here, name, runs)
    except Exception:  # the other parts are measured all the same
        traceback.print_exc()
        return False
    print("\n".join(page.section(name, size, section)), flush=True)
    if docs:
        page.write(docs, records.merged(records.read(page.beside(docs)), name, size, section))
    return all(
        (found := goal.found(row)) is None or found <= goal.most
        for row in section.rows
        for goal in goals_of(name, row, size)
    )


def measured(here: Ground, name: str, runs: int) -> Section:
    """Measure a part, and say when, of what code, on what, and how busy that was."""
    load, busy = os.getloadavg()[0], machine.busy()
    commit, date = machine.commit(), datetime.now(UTC).date().isoformat()
    module = importlib.import_module(f"benchmarks.{PARTS[name].module}")
    rows = tuple(module.run(here, runs))
    busy = max(busy, machine.busy())
    return Section(date, commit, load, busy, machine.machine(), machine.software(), rows)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument(
        "--parcels", type=int, nargs="+", default=SIZES, metavar="N", help=f"how large the city is {_said(SIZES)}"
    )
    parser.add_argument("--only", nargs="+", action="extend", choices=list(PARTS), metavar="PART",
                        help=f"measure this only: {', '.join(PARTS)}")  # fmt: skip
    parser.add_argument("--runs", type=int, default=3, help="rounds of which the median counts (3)")
    parser.add_argument("--docs", type=Path, metavar="FILE.md", help="put what was measured into that page")
    asked = parser.parse_args()
    asked.only = asked.only or list(PARTS)
    return asked


def _said(sizes: Sequence[int]) -> str:
    return f"({', '.join(map(str, sizes))})"


if __name__ == "__main__":
    sys.exit(main())
