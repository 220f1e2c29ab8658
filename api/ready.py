"""What of a state is looked at as a whole, once, before anybody asks."""

from collections.abc import Iterator

from fastapi import FastAPI

from api.counted import Judges
from api.face import Face
from api.filters import Filters
from api.found import Whereabouts
from api.listing import listing
from api.map_data import Extents
from api.ogc import Shelf
from api.texts import Speech, templates
from gis_sites.memory import let_go
from gis_sites.profile.sites import PARCEL
from gis_sites.words import LANGUAGES


def look_through(app: FastAPI, face: Face) -> Iterator[None]:
    """Make the list of the current state, find where its rows and its layers lie, and who lies beside whom.

    It pauses after each step.
    """
    state = face.settled()
    if state is None:
        return
    views, patient = face.views(state), face.patient()
    judges: Judges = app.state.judges
    whereabouts: Whereabouts = app.state.whereabouts
    extents: Extents = app.state.extents
    shelf: Shelf = app.state.pool
    extents.of(patient, state)
    for view in views:
        yield
        listing(face, state, Filters(kind=view.kind), Speech(LANGUAGES[0], chosen=False), judges)
        yield
        whereabouts.of(patient, state, view)
    yield
    shelf.of(patient, state)
    yield
    if PARCEL in state.revisions:
        patient.inventory.together(state).pairs()
    templates().get_template("list.html")
    let_go()
