"""The table: what was measured, ours beside theirs, as people read it and as Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Measured

HEAD = ("what", "ours", "beside", "theirs", "ours / theirs", "goal", "memory: ours", "theirs")
LEFT = (0, 2)
"""Columns of words; the others hold numbers."""


@dataclass(frozen=True)
class Row:
    """A comparison, or (without `beside`) a measure of our own; times in seconds, memory in bytes."""

    what: str
    ours: float
    memory: int = 0
    beside: str = ""
    theirs: float | None = None
    their_memory: int = 0
    most_times: float | None = None
    """The goal: how many times theirs ours may be."""
    most_seconds: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours by theirs."""
        return self.ours / self.theirs if self.theirs else None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.most_times is not None and self.ratio is not None:
            return self.ratio <= self.most_times
        return self.ours <= self.most_seconds if self.most_seconds is not None else None


def versus(
    what: str, ours: Measured, beside: str, theirs: Measured, *, most_times: float | None = None, server: bool = False
) -> Row:
    """Compare medians; of a tool whose work is the `server`'s the memory is not known."""
    memory = 0 if server else theirs.peak
    return Row(what, ours.median, ours.peak, beside, theirs.median, memory, most_times)


def cells(row: Row) -> tuple[str, ...]:
    """Write a row out."""
    goal = ""
    if row.most_times is not None:
        goal = f"<= {row.most_times:g}"
    elif row.most_seconds is not None:
        goal = f"<= {seconds(row.most_seconds)}"
    if row.reached is not None:
        goal += " yes" if row.reached else " NO"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}" if row.ratio >= 0.1 else f"{row.ratio:.4f}"
    theirs = "" if row.theirs is None else seconds(row.theirs)
    return (row.what, seconds(row.ours), row.beside, theirs, ratio, goal, memory(row.memory), memory(row.their_memory))


def seconds(value: float) -> str:
    """Write a time as people say it.

    >>> seconds(0.0123), seconds(2.5), seconds(125.0)
    ('12.3 ms', '2.50 s', '125 s')
    """
    if value < 1:
        return f"{value * 1000:.1f} ms"
    return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"


def memory(value: int) -> str:
    """Write an amount of memory; nothing for none."""
    return f"{value / 2**20:,.0f} MB" if value else ""


def show(title: str, rows: Iterable[Row]) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for at, name in enumerate(HEAD):
        table.add_column(name, justify="left" if at in LEFT else "right")
    for row in rows:
        table.add_row(*cells(row))
    console = Console()
    (console if console.is_terminal else Console(width=170)).print(table)


def write_markdown(file: Path, title: str, rows: Sequence[Row], *, facts: Sequence[str]) -> None:
    """Write the table with the machine and the versions it was measured on."""
    lines = [f"# {title}", "", *(f"- {fact}" for fact in facts), ""]
    lines += [
        "| " + " | ".join(HEAD) + " |",
        "|" + "|".join("---" if at in {0, 2} else "--:" for at in range(len(HEAD))) + "|",
    ]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def line(words: Iterable[str]) -> str:
    """Put words into a line of a Markdown table."""
    return f"| {' | '.join(words)} |"
