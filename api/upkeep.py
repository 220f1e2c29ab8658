"""What is made of a state for those who ask, kept up by the server itself and not by their requests.

An import may run under another setting than the server, and then leaves the database's views and the pictures of
tiles as that setting has them: the server makes its own as soon as it sees the new state. And it looks through the
state once, so that who asks first waits no longer than those after him.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Thread

from sqlalchemy.exc import SQLAlchemyError

from api.face import Face
from gis_sites.errors import GisSitesError
from gis_sites.inventory import Inventory
from gis_sites.store import states

logger = logging.getLogger("gis_sites.api")
LOOK_S = 5.0
"""How often is looked whether a state was published."""
PATIENCE_S = 5.0
"""How long the end of the server waits for what is being made; it is made anew by the next."""
Published = tuple[int, datetime] | None
Steps = Callable[[], Iterable[None]]
"""Looks through the current state, and pauses so often that the server can end meanwhile."""


@contextmanager
def kept_up(inventory: Inventory, face: Face, look_through: Steps = tuple) -> Iterator[None]:
    """Make what is missing of each state that is published meanwhile; of the first one `serve` has made it."""
    ended = Event()
    first = _newest(inventory)
    thread = Thread(target=_keep_up, args=(inventory, face, ended, first, look_through), name="upkeep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(PATIENCE_S)


def _keep_up(inventory: Inventory, face: Face, ended: Event, done: Published, look_through: Steps) -> None:
    seen: Published = None
    while not ended.is_set():
        try:
            newest = _newest(inventory)
            if newest != seen and all(not ended.is_set() for _ in look_through()):
                seen = newest
            if newest != done and made(inventory, face):
                done = newest
        except (SQLAlchemyError, GisSitesError, OSError, RuntimeError) as error:
            # The class alone: the text may hold values.
            logger.warning("What a new state needs was not made, and will be tried again: %s", type(error).__name__)
        ended.wait(LOOK_S)


def _newest(inventory: Inventory) -> Published:
    with inventory.store.begin() as conn:
        return states.newest(conn)


def made(inventory: Inventory, face: Face) -> bool:
    """Make what is missing of the current state: views, pictures, snapshots; tell whether all of it is there."""
    inventory.refresh_tiles()
    face.settled()
    return inventory.refresh_views()
