"""Tools in processes of their own that take turns: what they take and hold in one and the same run.

A contestant is a generator function. Before its first and after every second `yield` it makes ready, which nobody
times; from there to the next `yield`, which gives its answer, the clock runs.
"""

import multiprocessing
import resource
import statistics
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

Contestant = Callable[..., Iterator[Any]]
KIB = 1024


@dataclass
class Measured:
    """What the turns of one contestant took, the most memory it held in one, and its last answer."""

    seconds: list[float] = field(default_factory=list)
    peak: int = 0
    """Bytes of the largest process; those of the database server are not counted."""
    answer: Any = None

    @property
    def median(self) -> float:
        """The median of its turns, in seconds."""
        return statistics.median(self.seconds)

    def percentile(self, percent: int) -> float:
        """Return the time within which so many of a hundred turns end, in seconds."""
        if len(self.seconds) < 2:
            return self.median
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1]


def contest(contestants: Mapping[str, Contestant], *, runs: int, warm: int = 0, **given: Any) -> dict[str, Measured]:  # noqa: ANN401 - whatever contestants take
    """Let contestants take turns, the first to begin a round another each time; `warm` rounds do not count."""
    measured = {name: Measured() for name in contestants}
    with ExitStack() as stack:
        booths = {name: stack.enter_context(booth(one, given)) for name, one in contestants.items()}
        names = list(contestants)
        for number in range(-warm, runs):
            for name in (*names[number % len(names) :], *names[: number % len(names)]):
                seconds, peak, answer = booths[name]()
                one = measured[name]
                one.peak, one.answer = max(one.peak, peak), answer
                if number >= 0:
                    one.seconds.append(seconds)
                print(f"    {name}: {seconds:.3f} s{'' if number >= 0 else ' (warming up)'}", flush=True)
    return measured


@contextmanager
def booth(contestant: Contestant, given: Mapping[str, Any]) -> Iterator[Callable[[], tuple[float, int, Any]]]:
    """Give a contestant a process of its own; the function returned lets it take one turn."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_turns, args=(theirs, contestant, dict(given)))
    process.start()
    theirs.close()

    def turn() -> tuple[float, int, Any]:
        ours.send(True)
        told = ours.recv()
        if isinstance(told, str):
            raise RuntimeError(f"{contestant.__module__}.{contestant.__name__} failed:\n{told}")
        return told

    try:
        yield turn
    finally:
        ours.close()
        process.join()


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
