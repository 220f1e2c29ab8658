"""What is made of a state for those who ask, kept up by the server itself and not by their requests.

An import may run under another setting than the server, and then leaves the database's views and the pictures of
tiles as that setting has them: the server makes its own as soon as it sees the new state.
"""

import logging
from collections.abc import Iterator
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


@contextmanager
def kept_up(inventory: Inventory, face: Face) -> Iterator[None]:
    """Make what is missing of each state that is published meanwhile; of the first one `serve` has made it."""
    ended = Event()
    first = _newest(inventory)
    thread = Thread(target=_keep_up, args=(inventory, face, ended, first), name="upkeep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(PATIENCE_S)


def _keep_up(inventory: Inventory, face: Face, ended: Event, done: Published) -> None:
    while not ended.wait(LOOK_S):
        try:
            newest = _newest(inventory)
            if newest != done and made(inventory, face):
                done = newest
        except (SQLAlchemyError, GisSitesError, OSError, RuntimeError) as error:
            # The class alone: the text may hold values.
            logger.warning("What a new state needs was not made, and will be tried again: %s", type(error).__name__)


def _newest(inventory: Inventory) -> Published:
    with inventory.store.begin() as conn:
        return states.newest(conn)


def made(inventory: Inventory, face: Face) -> bool:
    """Make what is missing of the current state: views, pictures, snapshots; tell whether all of it is there."""
    inventory.refresh_tiles()
    if face.now() is not None:
        face.views(face.now())
    return inventory.refresh_views()
