"""Tiles that were asked for, kept to be sent again."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

Address = tuple[str, bytes]
"""Path and query."""
KEPT = 64 << 20
"""Bytes of tiles that are kept to be sent again; the one longest not asked for goes first."""
ABOUT = 500
"""Bytes that keeping a tile takes beside its own."""


@dataclass(frozen=True)
class Sent:
    """A tile as it is sent: compressed where that pays."""

    content: bytes
    packed: bool
    tag: str


class Tiles:
    """The tiles asked for last, by addresses whose answer never changes."""

    def __init__(self, most: int = KEPT) -> None:
        self._kept: OrderedDict[Address, Sent] = OrderedDict()
        self._left = most
        self._lock = Lock()

    def get(self, address: Address) -> Sent | None:
        """Return a tile that is kept."""
        with self._lock:
            sent = self._kept.get(address)
            if sent is not None:
                self._kept.move_to_end(address)
        return sent

    def put(self, address: Address, sent: Sent) -> None:
        """Keep a tile, and let those go that were not asked for longest."""
        with self._lock:
            if address in self._kept:
                return
            self._kept[address] = sent
            self._left -= len(sent.content) + ABOUT
            while self._left < 0:
                self._left += len(self._kept.popitem(last=False)[1].content) + ABOUT
