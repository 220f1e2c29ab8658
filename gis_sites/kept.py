"""What was asked for, kept to be told again: as much as fits, the last of it."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Values by key, so many or of so much size; who was not asked for longest goes first. Threads may share it.

    >>> kept: Kept[str, int] = Kept(2)
    >>> [kept.of(key, lambda: number) for number, key in enumerate("abacab")]
    [0, 1, 0, 3, 0, 5]
    """

    def __init__(self, most: int, *, size: Callable[[Value], int] = lambda _: 1) -> None:
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._left, self._size = most, size
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Key) -> Value | None:
        """Return what is kept of a key."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Keep a value instead of what was kept of its key."""
        with self._lock:
            if key in self._values:
                self._left += self._size(self._values.pop(key))
            self._values[key] = value
            self._left -= self._size(value)
            while self._left < 0:
                self._left += self._size(self._values.popitem(last=False)[1])

    def of(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return what is kept of a key, or made now; whoever asks meanwhile makes it too."""
        found = self.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found
