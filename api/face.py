"""The public face of an inventory: public layers, fields and attributes only, one state at a time."""

import hashlib
import json
from collections.abc import Collection
from copy import copy
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import Any

import numpy as np

from api.coming import Coming
from gis_sites.catalogue import Attribute, attributes_of
from gis_sites.errors import NotFound, RequirementError
from gis_sites.inventory import Inventory
from gis_sites.kept import Kept
from gis_sites.layer import Layer
from gis_sites.matching.reasons import value_entry
from gis_sites.matching.requirement import Requirement
from gis_sites.matching.sentences import cautions, sentences
from gis_sites.matching.shortlist import match, software
from gis_sites.matching.verdicts import Window
from gis_sites.matching.view import parcels_of
from gis_sites.matching.why import why, why_gone
from gis_sites.profile.features import Features
from gis_sites.profile.told import net_nobody
from gis_sites.show import layers_document
from gis_sites.store import states
from gis_sites.store.connect import Store
from gis_sites.store.features import LAYERS
from gis_sites.store.snapshot import Snapshot
from gis_sites.store.states import State
from gis_sites.words import LANGUAGES

Json = dict[str, Any]
MOST_PARCELS = 4
"""Of so many parcels the public may have sites joined: with each more, there are several times as many."""


class Face:
    """What the routes ask; it holds the snapshots of the newest state and of no other."""

    def __init__(self, whole: Inventory, store: Store | None = None) -> None:
        # Snapshots and what of them is shown are made without haste; the routes' own questions go to `store`.
        self._patient = whole.public()
        self.inventory = self._patient if store is None else replace(self._patient, store=store)
        self.catalogue = self.inventory.catalogue
        # Answers of another inventory, version, setting or layer file may differ under the same number of a state.
        about = [whole.store.uuid, software(), whole.store.settings.public_parcels]
        self._about = json.dumps([*about, [[one.name, one.hash] for one in whole.catalogue]])
        self._held: tuple[int, list[Snapshot]] = (0, [])
        self._nobody: Kept[tuple[int, datetime], list[Features]] = Kept(1)
        self._opening = Lock()
        self._state: State | None = None
        self._coming = Coming()

    def patient(self) -> "Face":
        """Return the same over what it holds now, whose questions to the database may take long."""
        other = copy(self)
        other.inventory = self._patient
        return other

    def now(self) -> State | None:
        """Return the current state, the former one while the snapshots of a large new one are being opened.

        None before the first publication.
        """
        with self.inventory.store.begin() as conn:
            newest = states.newest(conn)
        state = self._state
        # A state is read once: its parts are many. The day tells a state of a restored database from its namesake.
        if newest is None or state is None or (state.id, state.at) != newest:
            came = self.inventory.state
            if came is not None and state is not None and came.id > state.id and not self._ready(came):
                return state
            state = self._state = came
        return state

    def settled(self) -> State | None:
        """Return the current state when its snapshots are open, however long that takes."""
        if (state := self.inventory.state) is not None:
            self.views(state)
        return self.now()

    def _ready(self, state: State) -> bool:
        """Open the snapshots of a new state beside; tell whether that is done."""
        return self._held[0] >= state.id or self._coming.came(state.id, lambda: self.views(state))

    def tag(self, state: State | None) -> str:
        """Return what tells answers from one state from those of another."""
        return f'W/"state-{state.id if state else 0}-{self.version(state.at if state else None)}"'

    def version(self, at: datetime | None) -> str:
        """Return what, besides its number, decides what the public is told of the state published at a time."""
        about = f"{self._about} {at.isoformat() if at else ''}"
        return hashlib.sha256(about.encode()).hexdigest()[:12]

    def views(self, state: State | None) -> list[Snapshot]:
        """Return the snapshots of a state; those of the state before go when their last request ends.

        Raises:
            NotFound: nothing was published yet.
        """
        if state is None:
            raise NotFound("http.no_state")
        number, views = self._held
        if number == state.id:
            return views
        with self._opening:
            number, views = self._held
            if number != state.id:
                views = [view for view in self._patient.views(state) if self._shows(LAYERS[view.kind])]
            if number < state.id:
                self._held = (state.id, views)
            return views

    def _shows(self, name: str) -> bool:
        """Tell whether rows of a layer may be named: it is public, and so are its key and the parcels it names."""
        layer = self.catalogue.layers.get(name)
        return layer is not None and _naming(layer) <= set(layer.fields)

    def net_nobody(self, state: State) -> list[Features]:
        """Return the zones of the net area that are around no row, made once for a state."""
        store = self._patient.store

        def made() -> list[Features]:
            with store.begin() as conn:
                return net_nobody(conn, store.catalogue or self.catalogue, state)

        return self._nobody.of((state.id, state.at), made)

    def layers(self, state: State | None) -> Json:
        """List the public layers with their parts and attributes."""
        layers = layers_document(self.catalogue, state)
        for entry in layers:
            entry["attributes"] = [described(one) for one in attributes_of(self.catalogue.layers[entry["layer"]])]
            entry["parts"] = [{k: v for k, v in part.items() if k != "load"} for part in entry["parts"]]
        return {"inventory": heading(state), "layers": layers, "cautions": every_caution()}

    def site(self, state: State | None, kind: str, identifier: str) -> Json:
        """Say everything public about a parcel or an offer.

        Raises:
            Gone: the parcel has successors.
            NotFound: there never was one.
        """
        for view in self.views(state):
            row = view.row(identifier) if view.kind == kind else None
            if row is not None:
                return {"inventory": heading(state), **self._entry(view, row), "cautions": every_caution()}
        if kind == "parcels" and self._shows("parcel"):
            self.inventory.raise_if_gone(identifier)
        raise NotFound("match.not_in_inventory", id=identifier)

    def offers(self, state: State | None, *, first: int, count: int) -> Json:
        """List what is on offer, by identifier."""
        found = [view for view in self.views(state) if view.kind == "offers"]
        rows = range(len(found[0])) if found else range(0)
        offers = [self._entry(found[0], row) for row in rows[first : first + count]]
        return {"inventory": heading(state), "total": len(rows), "offers": offers, "cautions": every_caution()}

    def shortlist(self, state: State | None, requirement: Requirement, *, top: int, also: Collection[str] = ()) -> Json:
        """Match a requirement, which knows no attribute but the public ones.

        Raises:
            RequirementError: it does not suit the catalogue, or would join more parcels than the public may.
            NotFound: nothing was published yet.
        """
        if requirement.assembly is not None and requirement.assembly.max_parcels > MOST_PARCELS:
            raise RequirementError("http.too_many_parcels", value=requirement.assembly.max_parcels, most=MOST_PARCELS)
        views = self.views(state)
        joining = self._patient.joining(requirement, state)
        return match(requirement, views, self.catalogue, top=top, also=also, joining=joining)

    def why(self, state: State | None, requirement: Requirement, identifier: str) -> Json:
        """Explain a parcel, its successors where it is no more, or land on offer; with sentences in every language.

        Raises:
            RequirementError: the requirement does not suit the public catalogue.
            NotFound: nothing was published yet, or there never was such a parcel that may be known.
        """
        views = self.views(state)
        shown = self._shows("parcel")
        together = self._patient.together(state) if shown and "+" in identifier else None
        try:
            found = why(requirement, views, self.catalogue, identifier, together)
        except NotFound:
            how, heirs = self.inventory.heirs(identifier) if shown else ("", [])
            if not heirs:
                raise
            found = why_gone(requirement, views, self.catalogue, identifier, how=how, successors=heirs)
        return {**found, "sentences": {lang: sentences(found, self.catalogue, lang) for lang in LANGUAGES}}

    def _entry(self, view: Snapshot, row: int) -> Json:
        window = Window(view.one(row), self.catalogue, np.zeros(1, dtype=np.intp))
        values = [
            {
                "attribute": one.name,
                **value_entry(one.name, window),
                "unit": one.unit,
                "source": dict(view.source(one.name)),
            }
            for one in self.catalogue.attributes.values()
        ]
        kind = view.kind.removesuffix("s")
        return {"kind": kind, "id": view.id(row), "parcels": parcels_of(view, row), "attributes": values}


def _naming(layer: Layer) -> set[str]:
    """Return the fields that answers name a layer's rows by."""
    return {*layer.key_fields, *([layer.parcels] if layer.parcels else [])}


def heading(state: State | None) -> Json:
    """Say which state an answer speaks of."""
    if state is None:
        return {"state": None, "as_of": None}
    return {"state": state.id, "as_of": state.as_of.isoformat()}


def every_caution() -> dict[str, list[str]]:
    """Return the four cautions in every language."""
    return {lang: list(cautions(lang)) for lang in LANGUAGES}


def described(attribute: Attribute) -> Json:
    """Say what an attribute is called and what its values can be."""
    found: Json = {
        "attribute": attribute.name,
        "title": {lang: attribute.title(lang) for lang in LANGUAGES},
        "kind": attribute.kind,
        "unit": attribute.unit,
    }
    return {**found, "codes": list(attribute.codes)} if attribute.codes else found
