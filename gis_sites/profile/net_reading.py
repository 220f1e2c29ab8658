"""The net area as a block of its own: what it is made from, and its zones from the store."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.layer import NetStep
from gis_sites.profile.coverage import Cover
from gis_sites.profile.features import Features
from gis_sites.profile.net_zones import Held, around_rows, holding, rule_fields, rule_layers, where_nobody_knows
from gis_sites.profile.packed import Packed, packed
from gis_sites.profile.reading import cover_of, drawn, in_parts
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
        yield net_layer(catalogue, as_of)


def net_layer(catalogue: Catalogue, as_of: date) -> Layer:
    """Return the parcels' layer with nothing but the net area, and the rules that hold on a day.

    Its list and fields are those of the layer of which parcels carry lists of their own, where rules ask for them.
    """
    layer = catalogue.layer(PARCEL)
    apart = {name: spec for name, spec in layer.attributes.items() if spec.measure == MEASURE}
    fresh: dict[str, Any] = {"name": NET, "attributes": apart, "net": holding(layer.net, as_of)}
    for listed in sorted({rule.layer for step in fresh["net"] for rule in step.rules if rule.listed}):
        fresh |= {"list": catalogue.layer(listed).list, "fields": catalogue.layer(listed).fields}
    return layer.model_copy(update=fresh)


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
    which: Callable[[str, Revision], Which] = lambda layer, revision: ALL,
) -> Packed:
    """Read the rows that the rules look at and make their zones, strips undrawn; of a layer only some, where told."""

    def parts() -> Iterator[Features]:
        yield from read_rows(conn, catalogue, steps, revisions, which=which)
        yield from unheld(steps, revisions, boundary)

    return packed(parts())


def read_rows(
    conn: sa.Connection,
    catalogue: Catalogue,
    steps: Sequence[NetStep],
    revisions: Mapping[str, Revision],
    *,
    which: Callable[[str, Revision], Which],
) -> Iterator[Features]:
    """Yield the zones around the rows that the rules look at, layer by layer."""
    for name, revision in _held(steps, revisions).items():
        layer, columns, nowhere = catalogue.layer(name), rule_fields(steps, name), Cover(None, stated=False)
        for part in in_parts(revision, which(name, revision)):
            found = store.read(conn, revision, columns=columns, layer=layer, which=part)
            yield around_rows(steps, Held(layer, found.table, drawn(found.geometry), nowhere))


def unheld(steps: Sequence[NetStep], revisions: Mapping[str, Revision], boundary: Cover | None) -> list[Features]:
    """Make the zones that are around no row of the layers the rules look at; their coverages must have been read."""
    covers = {name: cover_of(revision, boundary) for name, revision in _held(steps, revisions).items()}
    return where_nobody_knows(steps, covers)


def _held(steps: Sequence[NetStep], revisions: Mapping[str, Revision]) -> dict[str, Revision]:
    return {name: revisions[name] for name in rule_layers(steps) if name in revisions}


def zones_around(bounds: tuple[float, float, float, float], steps: Sequence[NetStep], layer: str) -> Which:
    """Return the rows of a layer that can take land inside a box."""
    x0, y0, x1, y1 = bounds
    by = reach_of(steps, layer)
    return Which(bounds=(x0 - by, y0 - by, x1 + by, y1 + by))


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
