"""Tools in processes of their own that take turns: what they take and hold in one and the same run.

A contestant is a generator function. Before its first and after every second `yield` it makes ready, which nobody
times; from there to the next `yield`, which gives its answer, the clock runs.

The first contestant is ours and takes every turn. Others take one more only after a turn of five minutes or less, and
one that needs more than half an hour is given up, which its row says.
"""

import multiprocessing
import os
import resource
import signal
import statistics
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

Contestant = Callable[..., Iterator[Any]]
KIB = 1024
LONG_S, MOST_S = 300.0, 1800.0
"""After a turn so long another contestant takes no other; after so long it is given up."""


@dataclass
class Measured:
    """What the turns of one contestant took, the most memory it held in one, and its last answer."""

    seconds: list[float] = field(default_factory=list)
    peak: int = 0
    """Bytes of the largest process; those of the database server are not counted."""
    answer: Any = None
    given_up: str = ""
    """Why there is no time."""

    @property
    def median(self) -> float:
        """The median of its turns, in seconds."""
        return statistics.median(self.seconds)

    def percentile(self, percent: int) -> float:
        """Return the time within which so many of a hundred turns end, in seconds."""
        if len(self.seconds) < 2:
            return self.median
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1]


class GivenUp(Exception):
    """A contestant came to no end."""


def contest(contestants: Mapping[str, Contestant], *, runs: int, warm: int = 0, **given: Any) -> dict[str, Measured]:  # noqa: ANN401 - whatever contestants take
    """Let contestants take turns, the first to begin a round another each time; `warm` rounds do not count."""
    measured = {name: Measured() for name in contestants}
    names = list(contestants)
    with ExitStack() as stack:
        booths = {name: stack.enter_context(booth(one, given)) for name, one in contestants.items()}
        for number in range(-warm, runs):
            for name in (*names[number % len(names) :], *names[: number % len(names)]):
                one, ours = measured[name], name == names[0]
                if ours or not (one.given_up or max(one.seconds, default=0.0) > LONG_S):
                    _turn(name, booths[name], one, counts=number >= 0, most=None if ours else MOST_S)
    return measured


def _turn(name: str, turn: "Turn", one: Measured, *, counts: bool, most: float | None) -> None:
    """Let one contestant take a turn; a long one counts even where others only warm up."""
    try:
        seconds, peak, answer = turn(most)
    except GivenUp as why:
        if most is None:
            raise
        one.given_up = f"{name} {why}"
        print(f"    {one.given_up}", flush=True)
        return
    one.peak, one.answer = max(one.peak, peak), answer
    if counts or (most and seconds > LONG_S):
        one.seconds.append(seconds)
    print(f"    {name}: {seconds:.3f} s{'' if counts else ' (warming up)'}", flush=True)


Turn = Callable[[float | None], tuple[float, int, Any]]


@contextmanager
def booth(contestant: Contestant, given: Mapping[str, Any]) -> Iterator[Turn]:
    """Give a contestant a process of its own; the function returned lets it take a turn of so many seconds at most."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_turns, args=(theirs, contestant, dict(given)))
    process.start()
    theirs.close()

    def turn(most: float | None) -> tuple[float, int, Any]:
        ours.send(True)
        if not ours.poll(most):
            end(process.pid)
            raise GivenUp(f"does not end within {most:.0f} s")
        try:
            told: str | tuple[float, int, Any] = ours.recv()
        except EOFError:
            process.join()
            raise GivenUp(f"was ended by the system ({process.exitcode})") from None
        if isinstance(told, str):
            raise RuntimeError(f"{contestant.__module__}.{contestant.__name__} failed:\n{told}")
        return told

    try:
        yield turn
    finally:
        ours.close()
        process.join()


def end(pid: int | None) -> None:
    """End a process of ours and all that descend from it; those that asked a database server are noticed there."""
    for one in family({pid} if pid else set()):
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def family(roots: set[int]) -> set[int]:
    """Return processes with all that descend from them."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has just ended
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _turns(pipe: Connection, contestant: Contestant, given: Mapping[str, Any]) -> None:
    try:
        turns = contestant(**given)
        while pipe.recv():
            next(turns)
            forget_peak()
            before = time.perf_counter()
            answer = next(turns)
            pipe.send((time.perf_counter() - before, peak(), answer))
    except EOFError:
        turns.close()
    except Exception:
        pipe.send(traceback.format_exc())


def forget_peak() -> None:
    """Let the peak of this process begin again from what it holds now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak(pid: int | str = "self") -> int:
    """Return the most memory a process held (with its children that ended, if it is ours), in bytes.

    `ru_maxrss` of a process of its own begins with that of the process it was forked from; the kernel's high-water
    mark does not.
    """
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    mine = int(status.split("VmHWM:")[1].split()[0]) * KIB
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * KIB if pid == "self" else 0
    return max(mine, children)
