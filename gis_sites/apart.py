"""Work done in a process of its own: the memory it takes is given back whole, and not kept by the one that asked."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def apart(work: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401 - whatever the work takes
    """Do some work in a process of its own, which ends with this one at the latest.

    Raises:
        RuntimeError: it was ended before it was done.
        Exception: what the work raised.
    """
    import multiprocessing

    # It starts afresh: it must not inherit connections to the database.
    context = multiprocessing.get_context("spawn")
    told, tell = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(tell, work, arguments), daemon=True)
    process.start()
    tell.close()
    with told:
        try:
            fault: Exception | None = told.recv()
        except EOFError:
            raise RuntimeError(f"{work.__name__} was ended before it was done") from None
        finally:
            process.join()
    if fault is not None:
        raise fault


def _work(tell: "Connection", work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    end_with_parent()
    try:
        work(*arguments)
    except Exception as fault:
        tell.send(fault)
    else:
        tell.send(None)


def end_with_parent() -> None:
    """Watch over the process that started this one: when it is killed, nobody else would end us."""
    import multiprocessing
    from threading import Thread

    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
