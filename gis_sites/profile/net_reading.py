"""The net area as a block of its own: what it is made from, and its zones from the store."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.layer import NetStep
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import Features
from gis_sites.profile.net_zones import Held, holding, rule_fields, rule_layers, zones
from gis_sites.profile.reading import cover_of, drawn
from gis_sites.profile.sites import PARCEL
from gis_sites.store import revisions as store
from gis_sites.store.revisions import ALL, Revision, Which

NET = "parcel_net"
"""The block of the net area: it depends on many layers, the other attributes of a parcel on none."""
MEASURE = "net_area"


def blocks_of(catalogue: Catalogue, as_of: date) -> Iterator[Layer]:
    """Yield the layers as blocks are made of them: the net area of parcels apart from their other attributes."""
    for layer in catalogue:
        apart = {name: spec for name, spec in layer.attributes.items() if spec.measure == MEASURE}
        if layer.name != PARCEL or not apart or not layer.net:
            yield layer
            continue
        rest = {name: spec for name, spec in layer.attributes.items() if name not in apart}
        yield layer.model_copy(update={"attributes": rest, "net": ()})
        yield net_layer(layer, as_of)


def net_layer(layer: Layer, as_of: date) -> Layer:
    """Return the parcels' layer with nothing but the net area, and the rules that hold on a day."""
    apart = {name: spec for name, spec in layer.attributes.items() if spec.measure == MEASURE}
    return layer.model_copy(update={"name": NET, "attributes": apart, "net": holding(layer.net, as_of)})


def of_layer(layer: Layer) -> str:
    """Return the layer whose attributes a block holds."""
    return PARCEL if layer.name == NET else layer.name


def read_zones(
    conn: sa.Connection,
    catalogue: Catalogue,
    steps: Sequence[NetStep],
    revisions: Mapping[str, Revision],
    *,
    boundary: Cover | None,
    bounds: tuple[float, float, float, float] | None = None,
) -> Features:
    """Read the rows that the rules look at and make their zones; within `bounds` only, where given."""
    held = {}
    for name in rule_layers(steps):
        if (revision := revisions.get(name)) is None:
            continue
        layer = catalogue.layer(name)
        which = ALL if bounds is None else Which(bounds=_wider(bounds, steps, name))
        found = store.read(conn, revision, columns=rule_fields(steps, name), layer=layer, which=which)
        held[name] = Held(layer, found.table, drawn(found.geometry), cover_of(revision, boundary))
    return zones(steps, held)


def _wider(
    bounds: tuple[float, float, float, float], steps: Sequence[NetStep], layer: str
) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = bounds
    by = reach_of(steps, layer)
    return x0 - by, y0 - by, x1 + by, y1 + by


def reach_of(steps: Sequence[NetStep], layer: str) -> float:
    """Return how far from a row of a layer land may be lost at most: m."""
    return max((rule.most_m or 0.0 for step in steps for rule in step.rules if rule.layer == layer), default=0.0)


def rules_change(steps: Sequence[NetStep], day: date) -> tuple[date | None, date | None]:
    """Return since when, and until before which day, the same rules hold as on a day."""
    rules = [rule for step in steps for rule in step.rules]
    changes = [rule.since for rule in rules if rule.since]
    changes += [rule.until + timedelta(days=1) for rule in rules if rule.until]
    before, after = [one for one in changes if one <= day], [one for one in changes if one > day]
    return max(before, default=None), min(after, default=None)
