"""The public face of an inventory: public layers, fields and attributes only, one state at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gis_sites.catalogue import Attribute, Catalogue, attributes_of
from gis_sites.errors import NotFound
from gis_sites.inventory import Inventory
from gis_sites.matching.reasons import value_of
from gis_sites.matching.sentences import cautions
from gis_sites.matching.view import parcels_of
from gis_sites.show import layers_document
from gis_sites.store.snapshot import Snapshot
from gis_sites.store.states import State

Json = dict[str, Any]


@dataclass
class Face:
    """What the routes ask; it holds the snapshots of the current state and of no other."""

    whole: Inventory

    def __post_init__(self) -> None:
        self.catalogue: Catalogue = self.whole.catalogue.public()
        self.inventory = Inventory(self.whole.store, self.catalogue)
        self._held: tuple[int, list[Snapshot]] | None = None

    def state(self) -> State:
        """Return the current state: taken once, at the start of a request.

        Raises:
            NotFound: nothing was published yet.
        """
        return self.inventory.need_state()

    def views(self, state: State) -> list[Snapshot]:
        """Return the snapshots of a state; those of the state before go when their last request ends."""
        held = self._held
        if held is None or held[0] != state.id:
            self._held = held = (state.id, self.inventory.views(state))
        return held[1]

    def layers(self) -> Json:
        """List the public layers with their parts and attributes."""
        state = self.inventory.state
        layers = layers_document(self.catalogue, state)
        for entry in layers:
            entry["attributes"] = [described(one) for one in attributes_of(self.catalogue.layers[entry["layer"]])]
            entry["parts"] = [{k: v for k, v in part.items() if k != "load"} for part in entry["parts"]]
        return {"inventory": heading(state), "layers": layers, "cautions": both_cautions()}

    def site(self, kind: str, identifier: str) -> Json:
        """Say everything public about a parcel or an offer.

        Raises:
            Gone: the parcel has successors.
            NotFound: there never was one.
        """
        state = self.state()
        for view in self.views(state):
            row = view.row(identifier) if view.kind == kind else None
            if row is not None:
                return {"inventory": heading(state), **self._entry(view, row), "cautions": both_cautions()}
        self.inventory.raise_if_gone(identifier)
        raise NotFound("match.not_in_inventory", id=identifier)

    def offers(self, *, first: int, count: int) -> Json:
        """List what is on offer, by identifier."""
        state = self.state()
        found = [view for view in self.views(state) if view.kind == "offers"]
        rows = range(len(found[0])) if found else range(0)
        offers = [self._entry(found[0], row) for row in rows[first : first + count]]
        return {"inventory": heading(state), "total": len(rows), "offers": offers, "cautions": both_cautions()}

    def _entry(self, view: Snapshot, row: int) -> Json:
        values = [
            {
                "attribute": one.name,
                **value_of(view.column(one.name), row, dated=one.kind == "date"),
                "unit": one.unit,
                "source": dict(view.source(one.name)),
            }
            for one in self.catalogue.attributes.values()
        ]
        kind = view.kind.removesuffix("s")
        return {"kind": kind, "id": view.id(row), "parcels": parcels_of(view, row), "attributes": values}

    def shortlist(self, requirement: Mapping[str, Any], *, top: int) -> Json:
        """Match a requirement, which knows no attribute but the public ones.

        Raises:
            RequirementError: it cannot be understood.
        """
        from gis_sites.matching.reading import understand
        from gis_sites.matching.shortlist import match

        return match(understand(requirement), self.views(self.state()), self.catalogue, top=top)


def heading(state: State | None) -> Json:
    """Say which state an answer speaks of."""
    if state is None:
        return {"state": None, "as_of": None}
    return {"state": state.id, "as_of": state.as_of.isoformat()}


def both_cautions() -> dict[str, list[str]]:
    """Return the four cautions in every language."""
    return {lang: list(cautions(lang)) for lang in ("pl", "en")}


def described(attribute: Attribute) -> Json:
    """Say what an attribute is called and what its values can be."""
    found: Json = {
        "attribute": attribute.name,
        "title": {lang: attribute.title(lang) for lang in ("pl", "en")},
        "kind": attribute.kind,
        "unit": attribute.unit,
    }
    return {**found, "codes": list(attribute.codes)} if attribute.codes else found
