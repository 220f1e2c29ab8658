"""Work done one step ahead: while an item is used, a thread makes the next one."""

from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
_END = object()


def ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """Yield items as they come, each made while the one before is used; what making one raises is raised here.

    It pays where making an item leaves the interpreter to others: reading, GEOS, Arrow.

    >>> list(ahead(n * n for n in range(4)))
    [0, 1, 4, 9]
    """
    source = iter(items)
    with ThreadPoolExecutor(1) as maker:
        made = maker.submit(next, source, _END)
        try:
            while (item := made.result()) is not _END:
                made = maker.submit(next, source, _END)
                yield item  # type: ignore[misc]
        finally:
            if not made.cancel():
                made.exception()
            if isinstance(source, Generator):
                source.close()
