"""A new state that is being opened, beside the requests that are answered from the former one."""

from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock, Thread
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from gis_sites.errors import GisSitesError

PATIENCE_S = 2.0
"""So long those who ask wait for a new state; then they are told of the former one until the new one is open."""


class Coming:
    """At most one state on its way."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._number, self._since, self._done = 0, 0.0, Event()

    def came(self, number: int, opening: Callable[[], object]) -> bool:
        """Begin to open a state, once; wait until `PATIENCE_S` after that, and tell whether it is done."""
        with self._turn:
            if self._number != number:
                self._number, self._since, self._done = number, monotonic(), Event()
                Thread(target=self._open, args=(opening, self._done), name="opening", daemon=True).start()
            since, done = self._since, self._done
        return done.wait(max(0.0, since + PATIENCE_S - monotonic()))

    @staticmethod
    def _open(opening: Callable[[], object], done: Event) -> None:
        try:
            # What fails here fails again, and is answered, in the request that asks next.
            with suppress(SQLAlchemyError, GisSitesError, OSError, RuntimeError):
                opening()
        finally:
            done.set()
