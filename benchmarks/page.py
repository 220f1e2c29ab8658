"""The page of the benchmarks, written from what was measured: `python -m benchmarks.page docs/benchmarks.md`."""

import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from benchmarks import records
from benchmarks.goals import FROM, GOALS, Goal, goals_of
from benchmarks.parts import PARTS
from benchmarks.records import Records, Section
from benchmarks.scale import EACH
from benchmarks.table import Row, memory, seconds, table, times

HEAD = ("what", "beside", "note", "ours", "theirs", "ours by theirs", "bound", "memory: ours", "theirs", "rounds")
COUNTRY = 38_000_000
"""Cadastral parcels of Poland, as the register of land and buildings counts them."""
CITY = 450_000
"""Parcels of a large county: what is profiled as one inventory."""
CORES = (2, 16, 64, 256)


def write(file: Path, held: Records) -> None:
    """Keep what was measured beside a page, and write the page from it."""
    records.write(beside(file), held)
    file.write_text(text(records.read(beside(file))), encoding="utf-8")


def beside(file: Path) -> Path:
    """Return the file that holds what a page shows."""
    return file.with_suffix(".json")


def text(held: Records) -> str:
    """Write the whole page."""
    lines = ["# Benchmarks", "", _polish(held), "", *INTRODUCTION, "", *_bounds(held)]
    for name in PARTS:
        lines += _part(name, held.get(name, {}))
    lines += [*_country(held), *_grounds(held)]
    return "\n".join(lines).rstrip("\n") + "\n"


INTRODUCTION = """\
`benchmarks/run --docs docs/benchmarks.md` measures and writes this page; with sizes (`benchmarks/run --parcels 450000`)
or parts (`benchmarks/run --only score tiles`) a piece of it, and the rest stays as it is, so each section has its own
day. No figure is typed by hand. The demo city of each size is made and published first; then ours and the tools beside
it take turns in one run, each in a process of its own, another to begin each time, and their answers are compared
before a time counts.

- Times are medians of so many *rounds* (ours / theirs). Another tool takes one round where it takes longer than five
  minutes, and is given up after half an hour: then the note says so and nothing stands under *theirs*.
- *Memory* is the most that the largest process held while it was timed, with what it had loaded before; the database
  server's is in it only where the note says so.
- A *bound* is what this project set itself. It is judged at the size it was set for: kept or MISSED.
- *Under load* means that a tenth of the processors' time or more was used just before or just after, by others or by
  what the database server still had to do: read such a figure as an upper limit, and the ratio, taken in turns under
  the same load, before the time.
""".splitlines()


def _polish(held: Records) -> str:
    """Sum it up in Polish."""
    judged = list(_judged(held))
    if not judged and not held:
        return "Po polsku: niczego jeszcze nie zmierzono; poniżej są granice, które projekt sam sobie postawił."
    sizes = sorted({size for one in held.values() for size in one if size})
    kept, missed = sum(good for *_, good in judged), sum(not good for *_, good in judged)
    busy = sum(not section.quiet for one in held.values() for section in one.values())
    every = sum(map(len, held.values()))
    counted = f"{', '.join(f'{size:_}'.replace('_', ' ') for size in sizes)} działek" if sizes else "bez miasta"
    return (
        f"Po polsku: pomiary na mieście demonstracyjnym ({counted}) obok innych narzędzi, w tym samym przebiegu. "
        f"Granice, które projekt sam sobie postawił: dotrzymane {kept}, niedotrzymane {missed}, "
        f"jeszcze niezmierzone {len(GOALS) - len({goal for goal, *_ in judged})}. "
        f"Pomiary zrobione na obciążonej maszynie: {busy} z {every}; każdy taki jest oznaczony."
    )


def _bounds(held: Records) -> list[str]:
    """Show every bound, kept, missed or not measured."""
    judged, rows = list(_judged(held)), []
    for goal in GOALS:
        what = f"{goal.what} ({goal.kind})" if goal.kind in {"memory", "growth"} else goal.what
        outcomes = [(_size(size), goal.said(found), _verdict(good)) for one, size, found, good in judged if one == goal]
        for size, *outcome in outcomes or [(_size(goal.parcels), "", "not measured")]:
            rows.append((goal.part, what, goal.beside, size, goal.bound, *outcome))
    return ["## Bounds", "", *table(("part", "what", "beside", "parcels", "bound", "measured", ""), rows, words=3)]


def _judged(held: Records) -> Iterator[tuple[Goal, int, float, bool]]:
    """Yield every bound that something was measured for: at which size, what, and whether it is kept."""
    for part, sizes in held.items():
        first = {_named(row): row for row in sizes[FROM].rows} if FROM in sizes else {}
        for size in sorted(sizes):
            for row in sizes[size].rows:
                for goal in goals_of(part, row, size):
                    found = goal.found(row, first.get(_named(row)))
                    if found is not None:
                        yield goal, size, found, found <= goal.most


def _size(parcels: int | None) -> str:
    return f"{parcels:,}" if parcels else ""


def _verdict(good: bool) -> str:
    return "kept" if good else "**MISSED**"


def _part(name: str, sizes: Mapping[int, Section]) -> Iterator[str]:
    """Show a part at every size it was measured at, and how it grows."""
    part = PARTS[name]
    yield from (f"## {name}", "", f"Measured: {part.ours}.")
    if part.beside:
        yield f"Beside: {part.beside}."
    if part.checked:
        yield f"Checked: {part.checked}."
    yield ""
    if not sizes:
        yield from ("Not measured yet.", "")
    for size in sorted(sizes):
        yield from section(name, size, sizes[size])
    yield from _growth(sizes)


def section(name: str, size: int, held: Section) -> Iterator[str]:
    """Show a part at a size."""
    yield from (f"### {name}, {size:,} parcels" if size else f"### {name}, any size", "")
    busy = "" if held.quiet else f" **Under load**: {held.busy:.0%} of the processors' time was used otherwise."
    yield f"{held.date}, code `{held.commit}`, load average {held.load:.1f} at the start.{busy}"
    yield ""
    yield from table(HEAD, (_cells(name, size, row) for row in held.rows), words=3)


def _cells(name: str, size: int, row: Row) -> tuple[str, ...]:
    goals = [goal for goal in goals_of(name, row, size) if goal.kind != "growth"]
    judged = [(goal.bound, found, goal.most) for goal in goals if (found := goal.found(row)) is not None]
    bound = "; ".join(f"{said}: {_verdict(found <= most)}" for said, found, most in judged)
    theirs = "" if row.theirs is None else seconds(row.theirs)
    ratio = "" if row.ratio is None else times(row.ratio)
    rounds = f"{row.runs} / {row.their_runs}" if row.beside else f"{row.runs}"
    held = memory(row.memory), memory(row.their_memory)
    return row.what, row.beside, row.note, seconds(row.ours), theirs, ratio, bound, *held, rounds


def _growth(sizes: Mapping[int, Section]) -> Iterator[str]:
    """Show how times grow from size to size, and from the first to the last."""
    steps = list(pairwise(sorted(sizes)))
    if len(steps) > 1:
        steps.append((min(sizes), max(sizes)))
    rows = []
    for small, large in steps:
        before = {_named(row): row for row in sizes[small].rows}
        for row in sizes[large].rows:
            then = before.get(_named(row))
            if then is not None:
                beside = f"{row.beside} x {row.theirs / then.theirs:.2f}" if row.theirs and then.theirs else ""
                grown = row.ours / then.ours
                rows.append(
                    (row.what, f"{small:,} to {large:,}", f"x {large / small:.2f}", f"x {grown:.2f}",
                     f"{grown * small / large:.2f}", beside)
                )  # fmt: skip
    if rows:
        yield from ("How the time grows (1.00: as the parcels do; less is better):", "")
        yield from table(("what", "from", "parcels", "time", "time by parcels", "beside"), rows)


def _named(row: Row) -> tuple[str, str]:
    return row.what, row.beside


def _country(held: Records) -> Iterator[str]:
    """Reckon what the profile of a whole country takes."""
    sizes = held.get("scale", {})
    yield from ("## A whole country", "")
    if not sizes:
        yield from ("Not measured yet; [how it is reckoned](scale.md).", "")
        return
    size = max(sizes)
    each = next(row.ours for row in sizes[size].rows if row.what == EACH)
    yield f"{seconds(each)} of core time a parcel, measured at {size:,} parcels, times {COUNTRY:,} parcels of Poland,"
    yield f"cut into {-(-COUNTRY // CITY)} inventories of {CITY:,}; [on what this rests](scale.md)."
    yield ""
    yield from table(("cores", "hours"), [(f"{cores}", f"{COUNTRY * each / cores / 3600:,.1f}") for cores in CORES])


def _grounds(held: Records) -> Iterator[str]:
    """Say on what machines and with what versions it was measured, and which sections."""
    yield from ("## Machines and versions", "")
    grounds: dict[tuple[str, str], list[str]] = {}
    for part in PARTS:
        for size, one in sorted(held.get(part, {}).items()):
            grounds.setdefault((one.machine, one.software), []).append(f"{part} {size:,}" if size else part)
    if not grounds:
        yield from ("Nothing was measured yet.", "")
    for (machine, software), where in grounds.items():
        every = "Everything" if len(grounds) == 1 else ", ".join(where)
        yield from (f"{every}: {machine}; {software}.", "")


if __name__ == "__main__":
    write(Path(sys.argv[1]), records.read(beside(Path(sys.argv[1]))))
