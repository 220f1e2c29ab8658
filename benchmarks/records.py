"""What was measured, kept: a section for each part and size, replaced when it is measured again, in one JSON file."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.table import Row

BUSY = 0.1
"""From this share of the processors used by others on, a figure was taken under load."""
DIGITS = 6


@dataclass(frozen=True)
class Section:
    """A part measured at a size: when, of which code, on what, how busy that was, and what was found."""

    date: str
    commit: str
    load: float
    """The load average of one minute at the start; what this command did just before is in it."""
    busy: float
    """The share of the processors' time that others used just before or just after, 0..1."""
    machine: str
    software: str
    rows: Sequence[Row]

    @property
    def quiet(self) -> bool:
        """Whether the machine did little else."""
        return self.busy < BUSY


Records = Mapping[str, Mapping[int, Section]]
"""Part -> parcels (0: at any size) -> what was measured."""


def merged(records: Records, part: str, parcels: int, section: Section) -> Records:
    """Replace one section and keep all others."""
    return {**records, part: {**records.get(part, {}), parcels: section}}


def read(file: Path) -> Records:
    """Read what was measured; nothing where there is no such file."""
    held = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {part: {int(size): _section(one) for size, one in sizes.items()} for part, sizes in held.items()}


def write(file: Path, records: Records) -> None:
    """Write what was measured, sorted, numbers to six digits, beside and renamed."""
    held = {part: {f"{size:07}": _plain(section) for size, section in sizes.items()} for part, sizes in records.items()}
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps(held, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(file)


def _section(held: Mapping[str, object]) -> Section:
    rows = tuple(Row(**row) for row in held["rows"])  # type: ignore[attr-defined]
    return Section(**{**held, "rows": rows})  # type: ignore[arg-type]


def _plain(section: Section) -> dict[str, object]:
    rows = [{name: _rounded(value) for name, value in asdict(row).items()} for row in section.rows]
    return {**asdict(section), "load": round(section.load, 2), "busy": round(section.busy, 3), "rows": rows}


def _rounded(value: object) -> object:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
