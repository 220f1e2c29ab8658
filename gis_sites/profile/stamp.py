"""What a block of the profile was made from, as one hash: two blocks of one stamp say the same."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from gis_sites.catalogue import Catalogue, FieldSpec, Layer
from gis_sites.profile.sites import OFFER, PARCEL, Kind
from gis_sites.store.revisions import Revision

VERSION = 3
"""Of the arithmetic: raised whenever a measure gives another value for the same input."""
BOUNDARY = "boundary"


def stamp(
    layer: Layer,
    kind: Kind,
    revisions: Mapping[str, Revision],
    *,
    catalogue: Catalogue,
    crs: str,
    since: date | None,
    until: date | None,
) -> str:
    """Hash all that a block depends on: what is measured, how, over which sites, from which revisions.

    `since` and `until` are the days between which the same rows count; the day of the state itself is not in it.
    What rules look at in other layers (an empty cell may be any code of its list) counts as well.
    """
    looked_at: dict[str, set[str]] = {}
    for rule in (rule for step in layer.net for rule in step.rules):
        looked_at.setdefault(rule.layer, set()).update(rule.where)
    made = {
        "version": VERSION,
        "crs": crs,
        "kind": kind,
        "layer": definition(layer),
        "revisions": {name: revisions[name].id for name in needed(layer, kind, revisions)},
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
    }
    if kind == "offers" or layer.parcels:
        made["named"] = "heirs"  # rows that name a parcel that is no more stand for its successors
    if looked_at:
        others = {name: catalogue.layer(name).fields for name in looked_at}
        made["looked_at"] = {
            name: {one: _field(others[name][one]) for one in sorted(looked_at[name])} for name in others
        }
    return hashlib.sha256(json.dumps(made, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def needed(layer: Layer, kind: Kind, revisions: Mapping[str, Revision]) -> list[str]:
    """Return the layers whose revisions a block depends on."""
    own = {layer.name, *(rule.layer for step in layer.net for rule in step.rules)}
    names = {PARCEL, *own, *({OFFER} if kind == "offers" else ())}
    if any(part.coverage.kind == BOUNDARY for name in own & set(revisions) for part in revisions[name].parts):
        names.add(BOUNDARY)
    return sorted(names & set(revisions))


def definition(layer: Layer) -> dict[str, Any]:
    """Return what a layer file says that a value depends on: no titles, aliases, scales or colours."""
    spare: dict[str, Any] = {"title": True, "public": True, "scale": True, "grades": {"__all__": {"title"}}}
    return {
        "name": layer.name,
        "overlap": layer.overlap,
        "parcels": layer.parcels,
        "list": layer.list.model_dump() if layer.list else None,
        "valid": layer.rows.valid.model_dump() if layer.rows.valid else None,
        "fields": {name: _field(field) for name, field in layer.fields.items()},
        "net": [rule.model_dump(mode="json") for step in layer.net for rule in step.rules],
        "attributes": {
            name: spec.model_dump(mode="json", exclude=spare) for name, spec in sorted(layer.attributes.items())
        },
    }


def _field(field: FieldSpec) -> list[Any]:
    """Return what the values of a field depend on."""
    return [field.type, list(field.allowed), field.empty, field.unit, field.pattern]
