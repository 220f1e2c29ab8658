"""Which blocks of a profile there should be, and what each is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.profile.net_reading import NET, blocks_of, of_layer, rules_change
from gis_sites.profile.reading import KINDS, valid_fields
from gis_sites.profile.selection import interval
from gis_sites.profile.sites import PARCEL, Kind
from gis_sites.profile.stamp import stamp
from gis_sites.store import revisions as store
from gis_sites.store.profiles import Profile
from gis_sites.store.revisions import Revision
from gis_sites.store.states import State


@dataclass(frozen=True)
class Plan:
    """A block there should be."""

    layer: Layer
    kind: Kind
    stamp: str
    next_change: date | None


def planned(
    conn: sa.Connection, catalogue: Catalogue, revisions: Mapping[str, Revision], *, as_of: date, crs: str
) -> list[Plan]:
    """List the blocks there should be: of every layer that is held, or that parcels' own lists speak of."""
    if PARCEL not in revisions:
        return []
    kinds: list[Kind] = [kind for kind, layer in KINDS.items() if layer in revisions]
    plans = []
    for layer in blocks_of(catalogue, as_of):
        held = of_layer(layer) in revisions or _is_listed(conn, layer, revisions[PARCEL])
        if not layer.attributes or not held:
            continue
        since, until = _interval(conn, catalogue, layer, revisions, as_of)
        for kind in kinds:
            key = stamp(layer, kind, revisions, catalogue=catalogue, crs=crs, since=since, until=until)
            plans.append(Plan(layer, kind, key, until))
    return plans


def blocks_before(conn: sa.Connection, catalogue: Catalogue, layer: Layer, *, base: State) -> dict[Kind, Profile]:
    """Return the blocks of a published state that were made by the same arithmetic from the same kind of input."""
    held = base.profiles.get(layer.name, {})
    since, until = _interval(conn, catalogue, layer, base.revisions, base.as_of) if held else (None, None)
    blocks: dict[Kind, Profile] = {}
    for kind in (kind for kind in KINDS if kind in held):
        again = stamp(layer, kind, base.revisions, catalogue=catalogue, crs=base.crs, since=since, until=until)
        if held[kind].stamp == again and held[kind].rows:
            blocks[kind] = held[kind]
    return blocks


def _is_listed(conn: sa.Connection, layer: Layer, parcels: Revision) -> bool:
    """Tell whether some parcel carries its own list of a layer."""
    name = layer.list.of.removeprefix(f"{PARCEL}.") if layer.list else ""
    return store.fills(conn, parcels, name)


def _interval(
    conn: sa.Connection, catalogue: Catalogue, layer: Layer, revisions: Mapping[str, Revision], as_of: date
) -> tuple[date | None, date | None]:
    """Return since when, and until before which day, a block says the same as on a day."""
    if layer.name == NET:
        return None, rules_change(catalogue.layer(PARCEL).net, as_of)[1]
    revision = revisions.get(layer.name)
    if revision is None or layer.rows.valid is None:
        return None, None
    rows = store.read(conn, revision, columns=valid_fields(layer), layer=layer, geometry=False)
    return interval(layer, rows.table, as_of)
