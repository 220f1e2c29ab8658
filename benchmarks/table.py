"""A row: what was measured, ours beside theirs, and how people read it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.measure import Measured


@dataclass(frozen=True)
class Row:
    """A comparison, or (without `beside`) a measure of our own; times in seconds, memory in bytes."""

    what: str
    """The same words at every size: what changes with it is the `note`."""
    ours: float
    memory: int = 0
    beside: str = ""
    theirs: float | None = None
    """None where there is nothing beside, or where it did not come to an end, as the note says then."""
    their_memory: int = 0
    runs: int = 1
    """How many rounds the median is of."""
    their_runs: int = 0
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours by theirs."""
        return self.ours / self.theirs if self.theirs else None


def versus(what: str, ours: Measured, beside: str, theirs: Measured, *, server: bool = False, note: str = "") -> Row:
    """Compare medians; of a tool whose work is the `server`'s the memory is not known."""
    memory = 0 if server else theirs.peak
    said = "; ".join(filter(None, (note, theirs.given_up)))
    median = theirs.median if theirs.seconds else None
    return Row(what, ours.median, ours.peak, beside, median, memory, len(ours.seconds), len(theirs.seconds), said)


def alone(what: str, ours: Measured, *, note: str = "") -> Row:
    """Tell a median of our own."""
    return Row(what, ours.median, ours.peak, runs=len(ours.seconds), note=note)


def times(ratio: float) -> str:
    """Write what ours takes by what theirs takes.

    >>> times(0.25), times(1.874)
    ('4 x faster', '1.87 x as long')
    """
    many = 1 / ratio if ratio < 1 else ratio
    return f"{many:{'.3g' if many < 100 else ',.0f'}} x {'faster' if ratio < 1 else 'as long'}"


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


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> list[str]:
    r"""Write a table in Markdown; the first columns hold words, the others numbers.

    >>> table(["what", "time"], [["a|b", "1 s"]])
    ['| what | time |', '| --- | --: |', '| a\\|b | 1 s |', '']
    """
    under = ("---" if at < words else "--:" for at in range(len(head)))
    escaped = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    return [*(f"| {' | '.join(row)} |" for row in (head, under, *escaped)), ""]
